"""`make bench`: how long Dagster's own backfill takes over a month of windows. Nothing here is a test.

A daemon with its code server runs the backfill of `execution_snapshots` and `incidents` as the user interface asks for
it, on the executions of an estate of full size: 30 days are 2,880 windows and 3,000,000 executions.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from manageai_assets import console
from manageai_assets.monitoring.models import WINDOW, window_of
from manageai_assets.partitions import window_key
from manageai_assets.settings import PROJECT_ROOT, read_settings
from tests.dagster.running import backfill_status, daemon, launch_backfill
from tests.manageai_assets.monitoring.watching import BEGIN
from tools.bench_database import database
from tools.full_estate import Estate, fill, postmaster, processor_seconds

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from sqlalchemy import Engine

ASSETS = ("execution_snapshots", "incidents")
WINDOWS_A_DAY = 96
LOOKED_EVERY = 0.5
NO_PLATFORMS = ("MAKE_API_KEY", "N8N_API_URL", "SLACK_WEBHOOK_URL", "ALERT_EMAIL", "INBOX_DIR")
"""Unset, so that nothing else runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints a table; 1 when the backfill failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_backfill", description="Measures a backfill.")
    parser.add_argument("--days", type=int, default=30, help="days of the backfill (default: 30)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the estate (default: 1)")
    options = parser.parse_args(arguments)
    estate = Estate().scaled(options.scale)
    newest = window_of(datetime.now(UTC))
    keys = [window_key(newest - WINDOW * number) for number in range(options.days * WINDOWS_A_DAY, 0, -1)]
    with database() as engine, tempfile.TemporaryDirectory(prefix="manageai-bench-") as folder:
        fill(engine, estate, options.days, newest - BEGIN)
        done, row = _backfilled(engine, Path(folder), keys)
        made, judged = _made(engine)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    title = (
        f"backfill of {len(keys):,} windows, {estate.scenarios:,} scenarios, {options.days * estate.a_day:,} executions"
    )
    columns = (
        "seconds on the wall",
        "processors: Dagster",
        "PostgreSQL",
        "runs",
        "snapshots",
        "windows judged",
        "load",
    )
    console.show_table(columns, [(*row, f"{made:,}", f"{judged:,}", load)], title=title)
    return int(not done or made == 0)


def _backfilled(engine: Engine, folder: Path, keys: Sequence[str]) -> tuple[bool, tuple[str, str, str, str]]:
    """Whether it was completed; seconds by the clock and of the processors, and the number of runs."""
    from dagster import DagsterRunStatus, RunsFilter
    from dagster._core.execution.backfill import BulkActionStatus

    from manageai_assets.definitions import everything

    running = (BulkActionStatus.REQUESTED,)
    with _instance(engine, folder) as instance, daemon("manageai_assets.definitions", folder) as child:
        server = postmaster(engine)
        before, begun = processor_seconds(server), time.perf_counter()
        backfill = launch_backfill(instance, everything(read_settings()), ASSETS, keys)
        while backfill_status(instance, backfill) in running:
            child.check()
            time.sleep(LOOKED_EVERY)
        seconds = time.perf_counter() - begun
        runs = instance.get_runs(RunsFilter(tags={"dagster/backfill": backfill}))
        done = bool(runs) and all(run.status == DagsterRunStatus.SUCCESS for run in runs)
        ours, theirs = processor_seconds(child.process.pid), processor_seconds(server) - before
    return done, (f"{seconds:.0f}", f"{ours:.0f} s", f"{theirs:.0f} s", str(len(runs)))


@contextmanager
def _instance(engine: Engine, folder: Path) -> Iterator[DagsterInstance]:
    """An instance as the project has it, on this database; the environment says so too, for child processes."""
    from dagster import DagsterInstance

    home = folder / "dagster_home"
    home.mkdir()
    shutil.copy(PROJECT_ROOT / "dagster.yaml", home)
    os.environ |= {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "DAGSTER_HOME": str(home),
        "ARTIFACTS_URI": str(folder / "artifacts"),
        **dict.fromkeys(NO_PLATFORMS, ""),
    }
    with DagsterInstance.from_config(str(home)) as instance:
        yield instance


def _made(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        made = connection.scalar(text("select count(*) from manageai.execution_snapshots"))
        judged = connection.scalar(text("select count(*) from manageai.monitor_windows where judged > 0"))
    return int(made or 0), int(judged or 0)


if __name__ == "__main__":
    raise SystemExit(main())
