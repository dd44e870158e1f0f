"""With a real daemon: what was submitted is built, backfills of many, and runs whose process is killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.execution.backfill import BulkActionStatus
from sqlalchemy import Engine

from manageai_assets.intake.reading import parse_intake
from manageai_assets.processes import Child
from manageai_assets.store.builds import BuildRow, builds_of
from manageai_assets.submissions import submit
from resources.artifacts import BuildKey, parse_key
from tests.dagster import small_location
from tests.dagster.running import backfill_status, daemon, launch_backfill, wait_until
from tests.dagster.small import STAGES

pytestmark = pytest.mark.slow

MODULE = "tests.dagster.small_location"


def ask(engine: Engine, slug: str, notes: str) -> BuildKey:
    """Submits an intake."""
    text = json.dumps({"customer": "Acme", "request": "do it", "slug": slug, "notes": notes})
    return parse_key(submit(engine, parse_intake(text), "examples").partition_key)


def rows(engine: Engine, keys: list[BuildKey]) -> list[BuildRow]:
    """What became of them."""
    return builds_of(engine, keys)


def test_what_is_submitted_is_built(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    keys = [ask(engine, f"c{n}", notes) for n, notes in enumerate(["fine", "no make", "waiting", "fine"])]
    with daemon(MODULE, tmp_path) as child:
        seconds = wait_until(lambda: all(row.status != "submitted" for row in rows(engine, keys)), child, 120)
    print(f"4 builds in {seconds:.1f} s")
    assert [row.status for row in rows(engine, keys)] == ["built", "failed", "waiting", "built"]


@pytest.mark.parametrize("count", [50])
def test_a_backfill_of_many(engine: Engine, instance: DagsterInstance, tmp_path: Path, count: int) -> None:
    keys = [ask(engine, f"c{n:03}", "no make" if n == 7 else "fine") for n in range(count)]
    instance.add_dynamic_partitions("intakes", list(map(str, keys)))
    names = [item.name for item in STAGES]
    backfill = launch_backfill(instance, small_location.defs, names, list(map(str, keys)))
    with daemon(MODULE, tmp_path) as child:
        wait_until(lambda: bool(instance.get_run_ids()), child, 60)
        seconds = wait_until(lambda: all(row.status != "submitted" for row in rows(engine, keys)), child, 300)
        print(f"{count} builds in {seconds:.1f} s, {seconds / count:.2f} s each")
        wait_until(lambda: backfill_status(instance, backfill) != BulkActionStatus.REQUESTED, child, 60)
    assert [row.status for row in rows(engine, keys)].count("built") == count - 1
    assert backfill_status(instance, backfill) == BulkActionStatus.COMPLETED_FAILED


def run_process(child: Child) -> psutil.Process | None:
    """The process that executes a run: the code server's child."""
    for process in psutil.Process(child.process.pid).children(recursive=True):
        if "multiprocessing" in " ".join(process.cmdline()) and "resource_tracker" not in " ".join(process.cmdline()):
            return process
    return None
