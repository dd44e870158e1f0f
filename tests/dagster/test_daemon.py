"""With a real daemon: what was submitted is built, backfills of many, and runs whose process is killed."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.execution.backfill import BulkActionStatus
from sqlalchemy import Engine, text

from manageai_assets.definitions import defs as whole
from manageai_assets.intake.reading import parse_intake
from manageai_assets.pipeline import STAGES as PIPELINE
from manageai_assets.processes import Child
from manageai_assets.store.builds import BuildRow, builds_of
from manageai_assets.submissions import submit
from resources.artifacts import BuildKey, parse_key
from tests.dagster import small_location
from tests.dagster.generated import generated_intake
from tests.dagster.running import backfill_status, daemon, launch_backfill, wait_until
from tests.dagster.small import STAGES

pytestmark = pytest.mark.slow

MODULE = "tests.dagster.small_location"
SLOW_STEP = "flow_picture"
BACKFILL = 200
LARGEST_MB = 700  # a run holds the packages of fifty builds at once


def ask(engine: Engine, slug: str, notes: str) -> BuildKey:
    """Submits an intake."""
    written = json.dumps({"customer": "Acme", "request": "do it", "slug": slug, "notes": notes})
    return parse_key(submit(engine, parse_intake(written), "examples").partition_key)


def rows(engine: Engine, keys: list[BuildKey]) -> list[BuildRow]:
    """What became of them."""
    return builds_of(engine, keys)


def test_what_is_submitted_is_built(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    keys = [ask(engine, f"c{n}", notes) for n, notes in enumerate(["fine", "no make", "waiting", "fine"])]
    with daemon(MODULE, tmp_path) as child:
        seconds = wait_until(lambda: all(row.status != "submitted" for row in rows(engine, keys)), child, 120)
    print(f"4 builds in {seconds:.1f} s")
    assert [row.status for row in rows(engine, keys)] == ["built", "failed", "waiting", "built"]


def test_a_bad_build_in_a_backfill_fails_alone(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    keys = [ask(engine, f"c{n}", notes) for n, notes in enumerate(["fine", "no make", "fine"])]
    instance.add_dynamic_partitions("intakes", list(map(str, keys)))
    backfill = launch_backfill(instance, small_location.defs, [item.name for item in STAGES], list(map(str, keys)))
    with daemon(MODULE, tmp_path) as child:
        wait_until(lambda: backfill_status(instance, backfill) != BulkActionStatus.REQUESTED, child, 180)
    assert backfill_status(instance, backfill) == BulkActionStatus.COMPLETED_FAILED
    assert [row.status for row in rows(engine, keys)] == ["built", "failed", "built"]
    assert instance.get_materialized_partitions(AssetKey("make_export")) == {str(keys[0]), str(keys[2])}
    assert instance.get_materialized_partitions(AssetKey("delivery_pack")) == set(map(str, keys))


def test_a_backfill_of_200(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    intakes = [generated_intake(n) for n in range(BACKFILL)]
    keys = [parse_key(submit(engine, intake, "examples").partition_key) for intake in intakes]
    instance.add_dynamic_partitions("intakes", list(map(str, keys)))
    with engine.begin() as connection:
        connection.execute(text("update manageai.submissions set wants_build = false"))
    defs = whole()
    backfill = launch_backfill(instance, defs, [item.name for item in PIPELINE], list(map(str, keys)))
    memory: list[int] = []

    def finished() -> bool:
        memory.append(largest_process(child))
        return all(row.status != "submitted" for row in rows(engine, keys))

    with daemon("manageai_assets.definitions", tmp_path) as child:
        wait_until(lambda: bool(instance.get_run_ids()), child, 90)
        seconds = wait_until(finished, child, 400)
        wait_until(lambda: backfill_status(instance, backfill) != BulkActionStatus.REQUESTED, child, 120)
    print(f"{BACKFILL} builds in {seconds:.1f} s, {seconds / BACKFILL:.2f} s each; largest process {max(memory)} MB")
    assert {row.status for row in rows(engine, keys)} == {"built"}
    assert backfill_status(instance, backfill) == BulkActionStatus.COMPLETED_SUCCESS
    assert max(memory) < LARGEST_MB


def largest_process(child: Child) -> int:
    """Memory of the largest process of the daemon's, in MB."""
    sizes = []
    for process in psutil.Process(child.process.pid).children(recursive=True):
        with suppress(psutil.Error):
            sizes.append(process.memory_info().rss // 1_000_000)
    return max(sizes, default=0)


def process_at_work(instance: DagsterInstance) -> int | None:
    """The process of a run that is in the middle of its steps."""
    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])):
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
        if any(event.event_type == DagsterEventType.STEP_START and event.step_key == SLOW_STEP for event in events):
            started = next(event for event in events if "Executing steps in process" in (event.message or ""))
            return int(re.findall(r"pid: (\d+)", started.message or "")[0])
    return None


def kill(pid: int) -> None:
    """Ends a process as a power cut would."""
    os.kill(pid, signal.SIGKILL)


def test_a_killed_run_is_finished_by_itself(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    key = ask(engine, "c", "slow")
    with daemon(MODULE, tmp_path) as child:
        wait_until(lambda: process_at_work(instance) is not None, child, 60)
        kill(process_at_work(instance) or 0)
        seconds = wait_until(lambda: rows(engine, [key])[0].status == "built", child, 120)
        print(f"finished {seconds:.1f} s after the kill")
    assert_whole(tmp_path, key)
    statuses = sorted(run.status.value for run in instance.get_runs())
    assert statuses == ["FAILURE", "SUCCESS"]


def test_everything_killed_is_finished_after_the_next_start(
    engine: Engine, instance: DagsterInstance, tmp_path: Path
) -> None:
    key = ask(engine, "c", "slow")
    with daemon(MODULE, tmp_path) as child:
        wait_until(lambda: process_at_work(instance) is not None, child, 60)
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
    assert rows(engine, [key])[0].status == "submitted"
    with daemon(MODULE, tmp_path) as child:
        seconds = wait_until(lambda: rows(engine, [key])[0].status == "built", child, 120)
        print(f"finished {seconds:.1f} s after the next start")
    assert_whole(tmp_path, key)


def assert_whole(tmp_path: Path, key: BuildKey) -> None:
    """Every artifact is there, whole, and nothing else."""
    folder = tmp_path / "artifacts" / key.folder
    assert {path.name for path in folder.iterdir()} == {item.artifact for item in STAGES}
    for item in STAGES:
        data = (folder / item.artifact).read_bytes()
        assert item.encode(item.decode(data)) == data
