"""Children: they say what went wrong, they stop with everything they started, and they never outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from compilers.errors import UserError
from manageai_assets.processes import Child, start, stop
from manageai_assets.settings import PROJECT_ROOT


def python(tmp_path: Path, code: str) -> Child:
    """A child that runs this code."""
    return start("child", [sys.executable, "-c", code], os.environ, tmp_path, tmp_path / "child.log")


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_for(true: object, seconds: float = 15) -> None:
    """Until `true()` holds."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_crash_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    child = python(tmp_path, "print('fine so far'); raise SystemExit('no more money')")
    child.process.wait()
    with pytest.raises(UserError, match=r"child ended with code 1(?s:.*)no more money"):
        child.check()


def test_a_running_child_is_fine(tmp_path: Path) -> None:
    child = python(tmp_path, "import time; time.sleep(60)")
    child.check()
    stop([child])
    assert not lives(child.process.pid)


def test_a_stubborn_child_is_killed_with_its_children(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(inner.pid, flush=True); time.sleep(60)"
    )
    child = python(tmp_path, code)
    wait_for(lambda: child.log.read_text().strip())
    inner = int(child.log.read_text())
    stop([child], seconds=0.5)
    wait_for(lambda: not lives(child.process.pid) and not lives(inner))


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time; from pathlib import Path; from manageai_assets.processes import start;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM});"
        f"folder = Path({str(tmp_path)!r});"
        "sleeper = [sys.executable, '-c', 'import time; time.sleep(60)'];"
        "child = start('inner', sleeper, os.environ, folder, folder / 'inner.log');"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    inner = int(parent.stdout.readline())
    assert lives(inner)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not lives(inner))
    parent.stdout.close()
