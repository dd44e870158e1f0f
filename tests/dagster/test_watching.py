"""The jobs of monitoring through Dagster: the checks on the watching itself, what schedules ask for, and pruning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, SkipReason, build_schedule_context
from sqlalchemy import Engine, text

from manageai_assets.definitions import everything
from manageai_assets.monitoring.health import Health, pollers_alive, scenarios_covered, windows_fresh
from manageai_assets.monitoring.models import WINDOW, Execution, ScenarioKey, window_of
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor, beat, record
from manageai_assets.monitoring.registry import Listed, change, discover
from manageai_assets.monitoring.retention import EXECUTIONS_KEPT, SNAPSHOTS_KEPT, prune
from manageai_assets.monitoring.snapshots import add_windows, make_snapshots
from manageai_assets.settings import Settings, read_settings
from sensors.watch_schedules import windows_left

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
NOW = NOON + timedelta(minutes=12)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a project that watches n8n."""
    monkeypatch.setenv("N8N_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("N8N_API_KEY", "k")
    return read_settings(tmp_path / "none.env")


def words(health: Health) -> tuple[bool, str]:
    """Whether it passed, and why."""
    return health.passed, health.summary


def test_windows_are_fresh_or_late(engine: Engine) -> None:
    assert words(windows_fresh(engine, NOW)) == (False, "no window has been made yet")
    add_windows(engine, [NOON - 2 * WINDOW, NOON - WINDOW])
    make_snapshots(engine, [NOON - WINDOW], NOW)
    assert words(windows_fresh(engine, NOW)) == (False, "late windows: 1, the oldest began at 2026-09-21 11:30 UTC")
    make_snapshots(engine, [NOON - 2 * WINDOW], NOW)
    assert words(windows_fresh(engine, NOW)) == (True, "the newest window ended 12 minutes ago")
    assert not windows_fresh(engine, NOON + timedelta(hours=1)).passed


def test_scenarios_are_covered_or_not(engine: Engine) -> None:
    listed = [Listed("1", "A", True), Listed("2", "B", True), Listed("3", "C", False), Listed("4", "D", True)]
    discover(engine, "make", listed, NOW)
    change(engine, ScenarioKey("make", "4"), paused=True)
    record(engine, "make", [], [Cursor("1", polled_at=NOON), Cursor("2", polled_at=NOON - 2 * WINDOW)])
    found = scenarios_covered(engine, NOW, ["make", "n8n"])
    assert (found.passed, found.summary, found.examples) == (False, "3 of 4 scenarios are covered", ("make:2",))
    record(engine, "make", [], [Cursor("2", polled_at=NOON)])
    assert scenarios_covered(engine, NOW, ["make"]).passed
    discover(engine, "n8n", [Listed("a", "A", True)], NOW)
    assert scenarios_covered(engine, NOW, ["n8n"]).examples == ("n8n:a",)
    record(engine, "n8n", [], [Cursor(WHOLE_PLATFORM, polled_at=NOON)])
    assert scenarios_covered(engine, NOW, ["n8n"]).passed


def test_pollers_are_alive_or_not(engine: Engine) -> None:
    assert words(pollers_alive(engine, NOW, ["make"])) == (False, "the poller of make is silent")
    beat(engine, "make_poller", NOW - timedelta(minutes=1))
    assert words(pollers_alive(engine, NOW, ["make"])) == (True, "all pollers are alive")
    record(engine, "make", [], [Cursor(WHOLE_PLATFORM, failures=2, last_failure="Make refused the key")])
    assert words(pollers_alive(engine, NOW, ["make"])) == (False, "make can't be read: Make refused the key")
    assert not pollers_alive(engine, NOW + timedelta(minutes=9), ["make"]).passed


def test_the_checks_are_evaluated_in_a_job(settings: Settings, instance: DagsterInstance, engine: Engine) -> None:
    now = datetime.now(UTC)
    beat(engine, "n8n_poller", now)
    make_snapshots(engine, [window_of(now) - WINDOW], now)
    result = everything(settings).resolve_job_def("watch_health").execute_in_process(instance=instance)
    found = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    assert found == {"windows_fresh": True, "scenarios_covered": True, "pollers_alive": True}


def test_windows_that_no_sensor_saw_to_are_asked_for(
    settings: Settings, instance: DagsterInstance, engine: Engine
) -> None:
    left = windows_left(settings)
    context = build_schedule_context(instance=instance, scheduled_execution_time=NOW)
    assert isinstance(left(context), SkipReason)
    add_windows(engine, [NOON - 3 * WINDOW, NOON - 2 * WINDOW, NOON])
    asked, again = left(context), left(context)
    assert isinstance(asked, list)
    assert [one.tags["dagster/asset_partition_range_end"] for one in asked] == ["2026-09-21-11:30"]
    assert asked == again, "asking twice for one moment is asking once"


def test_what_is_old_is_deleted_and_the_rest_stays(engine: Engine) -> None:
    key = ScenarioKey("make", "1")
    ages = [EXECUTIONS_KEPT + timedelta(days=1), SNAPSHOTS_KEPT + timedelta(days=1), timedelta(days=1)]
    for place, age in enumerate(ages):
        ended = NOW - age
        record(engine, "make", [Execution(key, str(place), ended, "success", ended, 0)])
        make_snapshots(engine, [window_of(ended)], NOW)
    record(engine, "make", [Execution(key, "on", NOW - 2 * EXECUTIONS_KEPT, "running")])
    prune(engine, NOW)
    with engine.connect() as connection:
        left = connection.scalars(text("select execution_id from manageai.executions order by 1")).all()
        snapshots = connection.scalar(text("select count(*) from manageai.execution_snapshots"))
    assert (left, snapshots) == (["1", "2", "on"], 1)
    assert set(prune(engine, NOW).values()) == {0}


def test_pruning_is_a_job(settings: Settings, instance: DagsterInstance, engine: Engine) -> None:
    assert everything(settings).resolve_job_def("prune_monitoring").execute_in_process(instance=instance).success
