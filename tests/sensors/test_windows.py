"""The sensor over the windows: each is made once it has ended, again when executions come late, never twice at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus, RunRequest, SensorResult, build_sensor_context
from sqlalchemy import Engine, text

from manageai_assets.definitions import everything
from manageai_assets.monitoring.models import WINDOW, Execution, ScenarioKey
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor, beat, record
from manageai_assets.monitoring.snapshots import due_windows
from manageai_assets.partitions import window_key
from manageai_assets.settings import Settings, read_settings
from sensors.builds import RANGE_END, RANGE_START
from sensors.windows import OURS, SETTLE, ended_since, groups, run_request, windows_sensor

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
NOW = NOON + timedelta(minutes=7)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a project that watches n8n."""
    monkeypatch.setenv("N8N_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("N8N_API_KEY", "k")
    return read_settings(tmp_path / "none.env")


def tick(settings: Settings, instance: DagsterInstance, cursor: str | None = None, now: datetime = NOW) -> SensorResult:
    """One look at the windows."""
    with build_sensor_context(instance=instance, cursor=cursor) as context:
        result = windows_sensor(settings, lambda: now)(context)
    assert isinstance(result, SensorResult)
    return result


def run(settings: Settings, instance: DagsterInstance, request: RunRequest) -> bool:
    """Runs what was asked for, in this process."""
    job = everything(settings).resolve_job_def("watch")
    tags = {**request.tags, **OURS}
    return job.execute_in_process(partition_key=request.partition_key, tags=tags, instance=instance).success


@pytest.mark.parametrize(
    ("last", "settled", "expected"),
    [
        (NOON - WINDOW, NOON, []),
        (NOON - WINDOW, NOON + WINDOW - timedelta(seconds=1), []),
        (NOON - WINDOW, NOON + WINDOW, [NOON]),
        (NOON - WINDOW, NOON + 3 * WINDOW, [NOON, NOON + WINDOW, NOON + 2 * WINDOW]),
        (None, NOON, [NOON - WINDOW * place for place in range(5, 0, -1)]),
    ],
)
def test_windows_that_have_ended(last: datetime | None, settled: datetime, expected: list[datetime]) -> None:
    assert ended_since(last, settled) == expected


@pytest.mark.parametrize(
    ("places", "largest", "expected"),
    [
        ([], 9, []),
        ([2, 0, 1], 9, [[0, 1, 2]]),
        ([0, 1, 3], 9, [[0, 1], [3]]),
        ([0, 1, 2, 3, 4], 2, [[0, 1], [2, 3], [4]]),
    ],
)
def test_windows_without_a_gap_share_a_run(places: list[int], largest: int, expected: list[list[int]]) -> None:
    found = groups([(NOON + WINDOW * place, 1) for place in places], largest)
    assert [[(start - NOON) // WINDOW for start, _ in group] for group in found] == expected


def test_the_run_key_tells_states_of_windows_apart() -> None:
    one, two = (NOON, 1), (NOON + WINDOW, 1)
    requests = [run_request([one, two], 0), run_request([one, (two[0], 2)], 0), run_request([one, two], 1)]
    assert len({request.run_key for request in requests}) == 3
    assert requests[0].tags == {RANGE_START: "2026-09-21-12:00", RANGE_END: "2026-09-21-12:15"}
    assert run_request([one], 0).partition_key == "2026-09-21-12:00"


def test_windows_are_made_and_made_again_when_executions_come_late(
    settings: Settings, instance: DagsterInstance, engine: Engine
) -> None:
    first = tick(settings, instance)
    (request,) = first.run_requests or ()
    assert run(settings, instance, request)
    assert due_windows(engine, NOW) == []
    assert not tick(settings, instance, first.cursor).run_requests
    ended = NOON - 3 * WINDOW
    record(engine, "n8n", [Execution(ScenarioKey("n8n", "1"), "9", ended, "success", ended, 0)])
    again = tick(settings, instance, first.cursor)
    (request,) = again.run_requests or ()
    assert run(settings, instance, request)
    event = instance.get_latest_materialization_event(AssetKey("execution_snapshots"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["executions_last_hour"].value == 1
    assert "svg" in str(metadata["last_day"].value)
    with engine.connect() as connection:
        made = connection.scalars(text("select window_start from manageai.execution_snapshots order by 1")).all()
    assert [window_key(start) for start in made] == [window_key(ended + WINDOW * place) for place in range(3)]


@pytest.mark.parametrize(
    ("status", "asked"), [(DagsterRunStatus.STARTED, False), (DagsterRunStatus.SUCCESS, True)]
)  # fmt: skip
def test_what_is_due_waits_for_a_run_that_is_at_work(
    settings: Settings, instance: DagsterInstance, database: str, status: DagsterRunStatus, asked: bool
) -> None:
    job = everything(settings).resolve_job_def("watch")
    instance.create_run_for_job(job, status=status, tags=OURS)
    assert bool(tick(settings, instance).run_requests) is asked


def test_the_next_window_is_asked_for_as_time_passes(settings: Settings, instance: DagsterInstance) -> None:
    long_ago = NOON - timedelta(days=1)
    result = tick(settings, instance, long_ago.isoformat())
    (request,) = result.run_requests or ()
    assert request.tags[RANGE_START] == window_key(long_ago + WINDOW)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("polled", "tick_ended", "now", "asked"),
    [
        (NOON + SECOND, NOON + 2 * SECOND, NOON + 3 * SECOND, True),
        (NOON + SECOND, NOON - WINDOW, NOON + 3 * SECOND, False),  # the tick is still looking for causes
        (NOON - SECOND, NOON + SECOND, NOON + 3 * SECOND, False),  # it began before the window's end
        (NOON - WINDOW, NOON - WINDOW, NOON + 3 * SECOND, False),
        (NOON - WINDOW, NOON - WINDOW, NOON + SETTLE, True),  # n8n can't be read: its windows are made all the same
    ],
)
def test_a_window_waits_for_the_platforms_but_not_for_long(
    settings: Settings,
    instance: DagsterInstance,
    engine: Engine,
    polled: datetime,
    tick_ended: datetime,
    now: datetime,
    asked: bool,
) -> None:
    record(engine, "n8n", [], [Cursor(WHOLE_PLATFORM, polled_at=polled)])
    beat(engine, "n8n_poller", tick_ended)
    before_last = (NOON - 2 * WINDOW).isoformat()
    assert bool(tick(settings, instance, before_last, now).run_requests) is asked
