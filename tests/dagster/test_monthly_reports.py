"""Monthly reports through Dagster: many clients in one run, of which one fails; what the schedule asks, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from dagster import (
    DagsterInstance,
    DefaultScheduleStatus,
    PartitionKeyRange,
    RunRequest,
    ScheduleDefinition,
    build_schedule_context,
)
from dagster._utils.schedules import schedule_execution_time_iterator
from sqlalchemy import Engine, text

from manageai_assets.clients.reports.making import client_slug
from manageai_assets.definitions import everything
from manageai_assets.partitions import CLIENTS, REPORTS, client_key, report_key, report_parts
from manageai_assets.settings import PROJECT_ROOT, read_settings
from sensors.builds import RANGE_END, RANGE_START
from sensors.report_schedules import monthly_reports_schedule
from tests.manageai_assets.clients.reports.stored_client import CLIENT, OTHER, agency

FIRST_OF_APRIL = datetime(2026, 4, 1, 6, tzinfo=UTC)


def requests(
    schedule: ScheduleDefinition, instance: DagsterInstance, at: datetime = FIRST_OF_APRIL
) -> list[RunRequest]:
    """The runs that the schedule asks for then."""
    found = schedule(build_schedule_context(instance=instance, scheduled_execution_time=at))
    assert isinstance(found, Iterator)
    return [one for one in found if isinstance(one, RunRequest)]


def test_one_client_that_fails_leaves_the_others_alone(
    instance: DagsterInstance, engine: Engine, tmp_path: Path
) -> None:
    agency(engine)
    obstacle = tmp_path / "artifacts" / "reports" / f"{client_slug(CLIENT)}-2026-03"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("a file where a folder must be", encoding="utf-8")
    settings = read_settings(tmp_path / "none.env")
    (asked,) = requests(monthly_reports_schedule(settings), instance)
    job = everything(settings).resolve_job_def("monthly_reports")
    result = job.execute_in_process(instance=instance, tags=asked.tags, raise_on_error=False)
    assert not result.success
    (made,) = result.asset_materializations_for_node("monthly_report")
    assert made.partition == report_key(OTHER, "2026-03")
    assert made.metadata["runs"].value == 10
    assert "data:image/svg+xml" in str(made.metadata["pictures"].value)
    assert Path(str(made.metadata["pdf"].value)).read_bytes().startswith(b"%PDF")
    (checked,) = result.get_asset_check_evaluations()
    assert (checked.check_name, checked.passed) == ("agrees_with_snapshots", True)
    told = next(event for event in result.all_events if event.is_step_failure)
    assert CLIENT in str(told.step_failure_data.user_failure_data.description)  # type: ignore[union-attr]

    obstacle.unlink()
    again = job.execute_in_process(instance=instance, partition_key=report_key(CLIENT, "2026-03"))
    assert again.success
    with engine.connect() as connection:
        stored = connection.execute(text("select customer_name, revision from manageai.client_reports order by 1"))
        assert [tuple(row) for row in stored] == [(CLIENT, 1), (OTHER, 1)]


def test_a_month_that_is_not_over_is_refused_and_says_why(
    instance: DagsterInstance, engine: Engine, tmp_path: Path
) -> None:
    agency(engine)
    instance.add_dynamic_partitions(str(CLIENTS.name), [CLIENT])
    job = everything(read_settings(tmp_path / "none.env")).resolve_job_def("monthly_reports")
    key = report_key(CLIENT, f"{datetime.now(UTC):%Y-%m}")
    result = job.execute_in_process(instance=instance, partition_key=key, raise_on_error=False)
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    assert "isn't over yet" in str(failure.user_failure_data.metadata["failed"].value)  # type: ignore[union-attr]


def test_the_snapshots_make_the_clients_known(instance: DagsterInstance, engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    job = everything(read_settings(tmp_path / "none.env")).resolve_job_def("client_days")
    assert job.execute_in_process(instance=instance, partition_key="2026-03-10").success
    assert set(instance.get_dynamic_partitions(str(CLIENTS.name))) == {CLIENT, client_key(OTHER)}


def test_the_schedule_asks_for_the_month_before_in_runs_of_fifty(
    instance: DagsterInstance, engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""
                insert into manageai.scenarios (platform, external_id, name, customer)
                select 'make', n::text, 'Scenario ' || n, 'Client ' || n from generate_series(1, 120) as n
            """)
        )
    asked = requests(monthly_reports_schedule(read_settings(tmp_path / "none.env")), instance)
    assert len({one.run_key for one in asked}) == 3
    keys = [
        str(key)
        for one in asked
        for key in REPORTS.get_partition_keys_in_range(
            PartitionKeyRange(one.tags[RANGE_START], one.tags[RANGE_END]), dynamic_partitions_store=instance
        )
    ]
    assert len(keys) == len(set(keys)) == 120
    assert {report_parts(key)[1] for key in keys} == {"2026-03"}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Europe/London"])
def test_it_is_due_at_six_of_the_agencys_clock_for_its_month_before(
    instance: DagsterInstance, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    document = yaml.safe_load((PROJECT_ROOT / "brand.yaml").read_text(encoding="utf-8"))
    document["agency"]["timezone"] = zone
    (tmp_path / "brand.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.setenv("BRAND_FILE", str(tmp_path / "brand.yaml"))
    agency(engine)
    schedule = monthly_reports_schedule(read_settings(tmp_path / "none.env"))
    after = datetime(2026, 3, 20, tzinfo=UTC).timestamp()
    due = next(schedule_execution_time_iterator(after, schedule.cron_schedule, schedule.execution_timezone))
    assert due.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") == "2026-04-01 06:00"
    (asked,) = requests(schedule, instance, due.astimezone(UTC))
    assert asked.tags[RANGE_START].endswith("|2026-03")


def test_in_tokyo_the_month_is_over_before_it_is_in_utc(instance: DagsterInstance, engine: Engine) -> None:
    """At six in Tokyo on the 1st of April it is 21:00 UTC on the 31st of March: the partition must be there."""
    agency(engine)
    instance.add_dynamic_partitions(str(CLIENTS.name), [CLIENT])
    evening = datetime(2026, 3, 31, 21, tzinfo=UTC)
    keys = REPORTS.get_partition_keys(current_time=evening, dynamic_partitions_store=instance)
    assert str(report_key(CLIENT, "2026-03")) in {str(key) for key in keys}


def test_a_brand_that_is_wrong_stops_only_the_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAND_FILE", str(tmp_path / "none.yaml"))
    schedule = monthly_reports_schedule(read_settings(tmp_path / "none.env"))
    assert schedule.default_status is DefaultScheduleStatus.STOPPED
    assert everything(read_settings(tmp_path / "none.env")).get_repository_def().has_schedule_def("monthly_reports")


@pytest.mark.parametrize("name", ["Fern & Oak", "Quill, Ink [red]", "a|b", "...", "x" * 400, "新規 ~1", "\u202eאבג"])
def test_every_name_has_a_key_that_dagster_takes(name: str) -> None:
    key = client_key(name)
    assert not set(key) & set("|,[]")
    assert report_parts(str(report_key(name, "2026-03"))) == (key, "2026-03")
    assert client_key(name + "\0") != key
