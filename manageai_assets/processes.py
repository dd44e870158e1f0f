"""Child processes that never outlive their parent, however it ends, and that say what went wrong with them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from compilers.errors import UserError, shorten

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that the kernel sends to a process when its parent dies."""

STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Child:
    """A running program, the leader of a process group of its own, and the file with what it prints."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises `UserError` with the end of its log when it has ended."""
        code = self.process.poll()
        if code is not None:
            raise UserError(
                f"{self.name} ended with code {code}{last_lines(self.log)}", where=str(self.log), hint="see the log"
            )


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log as an indented block, or nothing when it is empty."""
    try:
        lines = log.read_bytes()[-20_000:].decode("utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return "".join(f"\n    | {shorten(line)}" for line in ["its log ends:", *lines]) if lines else ""


def start(name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> Child:
    """Starts a program in a process group of its own; its output goes to `log`. Call it from the main thread: the
    child ends when the thread that started it does."""
    log.parent.mkdir(parents=True, exist_ok=True)
    die_with_parent = _die_with_parent(os.getpid()) if sys.platform == "linux" else None
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    return Child(name, process, log)


def _die_with_parent(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_the_kernel() -> None:
        # What the parent ignores or blocks its children would too, and then nothing but SIGKILL ended them.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


@contextmanager
def stopping(children: list[Child]) -> Iterator[None]:
    """Stops all children at the end, whatever happens: asked first, then killed, with everything they have started."""
    try:
        yield
    finally:
        stop(children)


def stop(children: Sequence[Child], seconds: float = STOP_SECONDS) -> None:
    """Ends the children and their process groups: within `seconds` politely, then not."""
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, deadline - time.monotonic()))
    while any(_group_lives(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in children:
        _signal_group(child, signal.SIGKILL)
        child.process.wait()


def _signal_group(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)


def _group_lives(child: Child) -> bool:
    try:
        os.killpg(child.process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
