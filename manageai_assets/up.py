"""`make up`: everything that runs, started in order, the examples built, and all of it stopped again at the end.

The database first, then the user interface and the daemon as child processes; the examples go the way that every
intake goes. Whatever is wrong is said in words, with the last lines of the log that knows more; nothing waits for ever.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from compilers.errors import UserError, shorten
from manageai_assets.processes import Child, last_lines, start, stopping
from manageai_assets.settings import PROJECT_ROOT, Settings, read_settings
from resources.artifacts import ArtifactStore, BuildKey, parse_key
from resources.database import database_url, reachable

if TYPE_CHECKING:
    from types import FrameType

    from sqlalchemy import Engine

    from manageai_assets.demo.showing import Demo
    from manageai_assets.store.builds import BuildRow

HOST = "127.0.0.1"
EXAMPLES = PROJECT_ROOT / "examples" / "intakes"
FREE_BYTES_NEEDED = 300_000_000
START_SECONDS = 120
STALL_SECONDS = 180
"""Builds that make no progress at all for so long have stopped."""

LARGEST_CONCURRENCY = 8
TABLE_WIDTH = 220
"""Columns of the table where the output is no terminal."""

NARROW = 34
STYLES = {"built": "", "waiting": "yellow", "failed": "red", "submitted": "dim"}
EVENT_BATCH = 50
"""Events of a run that are written together; half the time of a backfill goes without it."""


@dataclass(frozen=True)
class Platform:
    """What is running: where things are, and the children to keep an eye on."""

    settings: Settings
    engine: Engine
    children: Sequence[Child]

    @property
    def ui(self) -> str:
        """URL of the user interface."""
        return f"http://{HOST}:{self.settings.port}"

    def check(self) -> None:
        """Raises `UserError` when a child has ended."""
        for child in self.children:
            child.check()

    def asset_url(self, row: BuildRow) -> str:
        """The page of this build's package in the user interface, or, when it has none, of its assessment."""
        asset = "delivery_pack" if row.status == "built" else "assessment"
        return f"{self.ui}/assets/{asset}?view=partitions&partition={row.key.slug}%40v{row.key.version}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until Ctrl-C, or with `--once` until the examples are built. Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="make up ARGS=...", description="Starts the platform and builds the examples."
    )
    parser.add_argument(
        "--once", action="store_true", help="stop after the table; exit code 0 when all builds succeeded"
    )
    parser.add_argument(
        "--demo", action="store_true", help="show a made-up agency at work: 50 clients, a year of 600 scenarios"
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return _run(read_settings(), once=options.once, demo=options.demo)
    except UserError as error:
        print(f"make up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped")
        return 130 if options.once else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(settings: Settings, *, once: bool, demo: bool) -> int:
    check_port(settings.port)
    check_space([settings.data_dir, *([] if "://" in settings.artifacts_uri else [Path(settings.artifacts_uri)])])
    with alone(settings.data_dir):
        return _run_alone(settings, once=once, demo=demo)


def _run_alone(settings: Settings, *, once: bool, demo: bool) -> int:
    from manageai_assets.demo import showing
    from manageai_assets.store.migrate import migrate

    configured = settings.database_url.get_secret_value() if settings.database_url else None
    _say("database", "your own" if configured else "embedded PostgreSQL")
    url = database_url(configured, settings.data_dir)
    children: list[Child] = []
    with reachable(url) as engine, stopping(children):
        migrate(engine)
        if demo:
            showing.check(engine, settings)
        environment = _environment(settings, url)
        _prepare_dagster(settings, environment, children)
        for name, module in (("webserver", "dagster_webserver"), ("daemon", "dagster._daemon")):
            children.append(_start_dagster(name, module, settings, environment))
        platform = Platform(settings, engine, tuple(children))
        keys, unreadable = submit_examples(engine, EXAMPLES)
        shown = _load_demo(platform) if demo else None
        _wait_for_ui(platform)
        _say("user interface", platform.ui)
        runs = shown.launch(platform.ui) if shown else []
        rows = _wait_for_builds(platform, keys)
        _show(platform, rows)
        if shown:
            _say("demo", "its days and windows are being made")
            showing.wait_for(runs if once else runs[: showing.SEEN_FIRST], platform.ui, platform.check)
            report = shown.report(platform.ui)
            showing.wait_for([report] if report else [], platform.ui, platform.check)
            showing.say_what_to_see(shown, platform.ui, settings)
        if once:
            return 1 if unreadable or any(row.status == "failed" for row in rows) else 0
        print("Ctrl-C stops everything.")
        while True:
            platform.check()
            if shown:
                _grow(shown, platform)
            time.sleep(1)


def _load_demo(platform: Platform) -> Demo:
    from manageai_assets.demo.showing import load_demo

    demo, done = load_demo(platform.engine, datetime.now(UTC))
    _say("demo", f"{done.scenarios} scenarios, {done.executions:,} executions added")
    return demo


def _grow(demo: Demo, platform: Platform) -> None:
    """Lets the demo go on. A user interface that is busy just then is asked again with the next window."""
    try:
        demo.grow(platform.ui, datetime.now(UTC))
    except UserError as error:
        _say("demo", f"its newest window waits: {error.what}")


# -- before anything starts --------------------------------------------------------------------------------------


def check_port(port: int) -> None:
    """Raises `UserError` when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(
                f"port {port} of {HOST} can't be used: {error.strerror}",
                where="user interface",
                hint=f"stop what uses it (another `make up`?), or choose another: make up PORT={port + 1}",
            ) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the data folder: two daemons over one database would do everything twice. Raises `UserError` when another
    process holds it; a process that was killed holds nothing."""
    import fcntl

    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                "another `make up` is running here", where=str(folder), hint="stop it first, or set another DATA_DIR"
            ) from None
        yield


def check_space(folders: Sequence[Path], needed: int = FREE_BYTES_NEEDED) -> None:
    """Raises `UserError` when a folder can't be made or written, or its disk has less than `needed` bytes."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            hint = "set DATA_DIR, ARTIFACTS_URI and INBOX_DIR to folders that can be made and written"
            raise UserError(f"can't be used: {error.strerror}", where=str(folder), hint=hint) from None
        if not os.access(folder, os.W_OK):
            raise UserError("can't be written", where=str(folder), hint="check its permissions")
        if free < needed:
            raise UserError(
                f"the disk has {free // 1_000_000} MB left, {needed // 1_000_000} MB are needed",
                where=str(folder),
                hint="make room, or set DATA_DIR and ARTIFACTS_URI to a larger disk",
            )


def _environment(settings: Settings, url: str) -> dict[str, str]:
    """What the children see: absolute places, the database that was found, and this virtual environment first."""
    given = {
        "DATABASE_URL": url,
        "ARTIFACTS_URI": settings.artifacts_uri,
        "DATA_DIR": str(settings.data_dir),
        "DAGSTER_HOME": str(settings.data_dir / "dagster_home"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    return {"DAGSTER_EVENT_BATCH_SIZE": str(EVENT_BATCH), **os.environ, **given}


def _prepare_dagster(settings: Settings, environment: Mapping[str, str], children: list[Child]) -> None:
    """Dagster's home and its tables, before two programs want to make them at once; a stamp says it has been done."""
    from importlib.metadata import version

    home = settings.data_dir / "dagster_home"
    home.mkdir(parents=True, exist_ok=True)
    _write_instance(PROJECT_ROOT / "dagster.yaml", home / "dagster.yaml")
    stamp = home / ".prepared"
    done = hashlib.sha256(f"{version('dagster')} {environment['DATABASE_URL']}".encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == done:
        return
    command = [sys.executable, "-m", "dagster", "instance", "migrate"]
    log = settings.data_dir / "logs" / "prepare.log"
    child = start("preparing Dagster's tables", command, environment, PROJECT_ROOT, log)
    children.append(child)
    _wait(lambda: child.process.poll() is not None, START_SECONDS, "Dagster's tables are not ready", log)
    if child.process.returncode:
        child.check()
    children.remove(child)
    stamp.write_text(done, encoding="utf-8")


def _write_instance(source: Path, target: Path) -> None:
    """Dagster's configuration, with as many runs at once as there are cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    runs = min(max(cores, 1), LARGEST_CONCURRENCY)
    text = source.read_text(encoding="utf-8")
    target.write_text(re.sub(r"(?m)^( *max_concurrent_runs:) \d+", rf"\1 {runs}", text), encoding="utf-8")


def _start_dagster(name: str, module: str, settings: Settings, environment: Mapping[str, str]) -> Child:
    where = ["-h", HOST, "-p", str(settings.port)] if name == "webserver" else ["run"]
    command = [sys.executable, "-m", module, *where, "-w", str(PROJECT_ROOT / "workspace.yaml")]
    return start(name, command, environment, PROJECT_ROOT, settings.data_dir / "logs" / f"{name}.log")


# -- intakes and their builds ------------------------------------------------------------------------------------


def submit_examples(engine: Engine, folder: Path) -> tuple[list[BuildKey], int]:
    """Submits every intake file of a folder, by name: the builds they belong to, and how many can't be read (each is
    said in words)."""
    from manageai_assets.intake.reading import read_intake
    from manageai_assets.submissions import submit

    files = sorted(path for path in folder.glob("[!.]*") if path.suffix in (".yaml", ".yml", ".json"))
    keys, unreadable = [], 0
    for path in files:
        try:
            keys.append(parse_key(submit(engine, read_intake(path), "examples", path.name).partition_key))
        except UserError as error:
            unreadable += 1
            print(f"{path.name} is left out: {error}", file=sys.stderr)
    return list(dict.fromkeys(keys)), unreadable


def _wait(ready: Callable[[], bool], seconds: float, late: str, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise UserError(f"{late} after {seconds:.0f} s{last_lines(log)}", where=str(log))
        time.sleep(0.2)


def _wait_for_ui(platform: Platform) -> None:
    """Until the user interface answers and has loaded the code location. Raises `UserError` with why not."""
    from manageai_assets.location import location_error

    def ready() -> bool:
        platform.check()
        state = location_error(platform.ui)
        if state:
            raise UserError(f"the code location can't be loaded: {state}", where="manageai_assets/definitions.py")
        return state is not None

    log = platform.children[0].log
    _wait(ready, START_SECONDS, "the user interface is not ready", log)


def _wait_for_builds(platform: Platform, keys: Sequence[BuildKey]) -> list[BuildRow]:
    """Until no build is in the queue or at work any more, with a progress display."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from manageai_assets.console import console
    from manageai_assets.store.builds import builds_of

    total, store = len(_stages()), ArtifactStore(platform.settings.artifacts_uri)
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[state]}", markup=False), TimeElapsedColumn(),
    )  # fmt: skip
    last, changed = "", time.monotonic()
    with Progress(*columns, console=console(), transient=True) as progress:
        tasks = {key: progress.add_task(str(key), total=total, state="queued") for key in keys}
        while True:
            platform.check()
            rows = builds_of(platform.engine, keys)
            made = {key: len(store.names(key)) for key in tasks}
            for row in rows:
                state = row.status if row.status != "submitted" else "building" if made[row.key] else "queued"
                done = total if row.status == "built" else made[row.key]
                progress.update(tasks[row.key], completed=done, state=state)
            if all(row.status != "submitted" for row in rows):
                return rows
            now = f"{rows}{made}"
            last, changed = (now, time.monotonic()) if now != last else (last, changed)
            if time.monotonic() - changed > STALL_SECONDS:
                log = platform.children[1].log
                raise UserError(f"no build has moved for {STALL_SECONDS} s{last_lines(log)}", where=str(log))
            time.sleep(0.5)


def _stages() -> list[str]:
    from manageai_assets.pipeline import STAGES

    return [item.name for item in STAGES]


def _say(what: str, said: str) -> None:
    print(f"{what + ':':<16} {said}", flush=True)


def _show(platform: Platform, rows: Sequence[BuildRow]) -> None:
    """The table of builds, and below it what those need that are not complete."""
    from rich.table import Table
    from rich.text import Text

    from manageai_assets.console import console

    table = Table(show_lines=True)
    for column in ("intake", "build", "confidence", "platforms", "tests", "files, and its page in the user interface"):
        table.add_column(column, overflow="fold", max_width=NARROW if column == "intake" else None)
    for row in rows:
        places = f"{_shown_path(row.artifacts or '')}\n{platform.asset_url(row)}"
        confidence = f"{row.confidence:.2f} {row.grade}" if row.confidence is not None else ""
        cells = (row.key.slug, f"v{row.key.version} {row.status}", confidence, ", ".join(row.platforms))
        table.add_row(*map(Text, (*cells, _checks(platform, row), places)), style=STYLES[row.status])
    out = console()
    if not out.is_terminal:
        out.width = TABLE_WIDTH
    out.print(table)
    for row in rows:
        if row.reasons:
            print(f"\n{row.key} {'waits for answers' if row.status == 'waiting' else 'failed'}:")
        for line in (line for reason in row.reasons for line in reason.splitlines()):
            print(f"    {shorten(line, 400)}")


def _checks(platform: Platform, row: BuildRow) -> str:
    """How many of the checks of a build's artifacts passed."""
    from manageai_assets.pipeline import STAGES
    from manageai_assets.workbench import Workbench

    bench = Workbench(ArtifactStore(platform.settings.artifacts_uri), {item.name: item for item in STAGES})
    results = [
        check.passed
        for item in STAGES
        if item.checks and (data := bench.store.read(row.key, item.artifact)) is not None
        for check in item.checks(item.decode(data))
    ]
    return f"{sum(results)} of {len(results)}"


def _shown_path(path: str) -> str:
    """Relative to where one is, when that is shorter."""
    return os.path.relpath(path) if path.startswith(f"{Path.cwd()}/") else path


if __name__ == "__main__":
    sys.exit(main())
