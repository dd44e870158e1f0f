"""From failing executions to Slack: snapshots and incidents in one run, and the sensor that sends what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dagster import AssetKey, DagsterInstance, DefaultSensorStatus, SkipReason, build_sensor_context
from sqlalchemy import Engine

from manageai_assets.definitions import everything
from manageai_assets.monitoring.alerts.outbox import waiting
from manageai_assets.monitoring.incident_store import incidents
from manageai_assets.monitoring.models import WINDOW, Execution, ExecutionError, Scenario, ScenarioKey, window_of
from manageai_assets.monitoring.recording import record
from manageai_assets.monitoring.registry import register
from manageai_assets.partitions import window_key
from manageai_assets.settings import read_settings
from sensors.alerts import alerts_sensor
from tests.fakes.slack import FakeSlack, Fault, fake_slack

REFUSED = ExecutionError("AccountValidationError", "[401] Invalid token", "Send a message", None, "Slack of Acme")


def failing(engine: Engine) -> datetime:
    """Stores a scenario whose account is refused; gives the start of the window in which it failed."""
    window = window_of(datetime.now(UTC)) - WINDOW
    key = ScenarioKey("make", "4711")
    register(engine, Scenario(key, "Orders", "orders", 1, "Acme", managed=True), window)
    runs = [
        Execution(
            key, f"run-{number}", ended - timedelta(seconds=2), "error" if number >= 8 else "success", ended, 2000, 3,
            error=REFUSED if number >= 8 else None,
        )
        for number in range(10)
        if (ended := window + timedelta(minutes=number - 3))
    ]  # fmt: skip
    record(engine, "make", runs)
    return window


def materialise(instance: DagsterInstance, window: datetime) -> bool:
    """Runs the job `watch` for a window, in this process."""
    job = everything(read_settings()).resolve_job_def("watch")
    return job.execute_in_process(partition_key=window_key(window), instance=instance).success


def told(result: object) -> str:
    """What the sensor says."""
    assert isinstance(result, SkipReason)
    return result.skip_message or ""


def tick(instance: DagsterInstance, at: datetime) -> str:
    """One look at the outbox."""
    with build_sensor_context(instance=instance) as context:
        return told(alerts_sensor(read_settings(), lambda: at)(context))


def use(slack: FakeSlack, patch: pytest.MonkeyPatch) -> None:
    """The settings name this Slack."""
    patch.setenv("SLACK_WEBHOOK_URL", slack.address.get_secret_value())


def test_a_failing_scenario_is_on_slack_after_one_run(
    instance: DagsterInstance, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_slack() as slack:
        use(slack, monkeypatch)
        window = failing(engine)
        assert materialise(instance, window)
        assert materialise(instance, window)
        assert "0 sent" in tick(instance, datetime.now(UTC))
    assert slack.texts == [":large_orange_circle: Account refused: Orders"]
    assert "Slack of Acme" in str(slack.posted)
    assert [one.kind for one in incidents(engine)] == ["credential_failure"]
    event = instance.get_latest_materialization_event(AssetKey("incidents"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["still_open"].value == 1


def test_what_slack_doesnt_take_now_the_sensor_sends_later(
    instance: DagsterInstance, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_slack(Fault(503)) as slack:
        use(slack, monkeypatch)
        assert materialise(instance, failing(engine))
        assert slack.texts == []
        assert waiting(engine) == 1
        assert tick(instance, datetime.now(UTC) + timedelta(hours=1)) == "1 sent, 0 put off, 0 given up; 0 wait"
    assert len(slack.texts) == 1


def test_without_a_channel_the_sensor_says_what_to_set(instance: DagsterInstance) -> None:
    assert tick(instance, datetime.now(UTC)) == (
        "no alerts are sent: set SLACK_WEBHOOK_URL, or ALERT_EMAIL and SMTP_HOST"
    )  # fmt: skip
    assert alerts_sensor(read_settings()).default_status == DefaultSensorStatus.STOPPED


def test_a_wrong_address_is_said_without_the_address(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "hooks.example.com/secret")
    said = tick(instance, datetime.now(UTC))
    assert "SLACK_WEBHOOK_URL is no address of a webhook" in said
    assert "secret" not in said
    assert alerts_sensor(read_settings()).default_status == DefaultSensorStatus.RUNNING
