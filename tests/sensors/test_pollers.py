"""The sensors over the pollers: on by themselves where the settings are there, and clear about it where they aren't."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorDefinition, SensorResult, SkipReason, build_sensor_context
from pydantic import SecretStr
from sqlalchemy import Engine, text

from manageai_assets.monitoring.alerts.notice import Places
from manageai_assets.monitoring.alerts.wanted import Addressees
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import WINDOW, window_of
from manageai_assets.monitoring.polling import CallBudget
from manageai_assets.settings import Settings, read_settings
from resources.make_api import MakeApi
from resources.n8n_api import N8nApi
from sensors.make_poller import make_poller
from sensors.n8n_poller import n8n_poller
from sensors.windows import windows_sensor
from tests.fakes.make import World, fake_make
from tests.fakes.make.world import TEAM
from tests.fakes.n8n import fake_n8n
from tests.fakes.slack import fake_slack
from tests.resources.make_fixtures import plain_blueprint

MAKE = {"MAKE_API_KEY": "k", "MAKE_TEAM_ID": str(TEAM), "MAKE_ZONE": "eu1"}
N8N = {"N8N_API_URL": "http://127.0.0.1:1", "N8N_API_KEY": "k"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a project that watches both platforms."""
    for name, value in {**MAKE, **N8N}.items():
        monkeypatch.setenv(name, value)
    return read_settings(tmp_path / "none.env")


def told(sensor: SensorDefinition, instance: DagsterInstance, cursor: str | None = None) -> tuple[str, str]:
    """What one tick says, and its cursor."""
    with build_sensor_context(instance=instance, cursor=cursor) as context:
        result = sensor(context)
    if isinstance(result, SkipReason):
        return str(result.skip_message), ""
    assert isinstance(result, SensorResult)
    assert isinstance(result.skip_reason, SkipReason)
    return str(result.skip_reason.skip_message), str(result.cursor)


def test_the_pollers_run_by_themselves_where_the_settings_are_there(settings: Settings, tmp_path: Path) -> None:
    sensors = [make_poller(settings), n8n_poller(settings), windows_sensor(settings)]
    assert {one.default_status.value for one in sensors} == {"RUNNING"}


@pytest.mark.parametrize("lacking", [*MAKE, *N8N])
def test_a_setting_that_isnt_there_switches_one_poller_off_and_is_named(
    settings: Settings, instance: DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    monkeypatch.setenv(lacking, "")
    sparse = read_settings(tmp_path / "none.env")
    poller = make_poller(sparse) if lacking in MAKE else n8n_poller(sparse)
    assert poller.default_status.value == "STOPPED"
    assert f"isn't watched: {lacking} not set" in told(poller, instance)[0]


def test_a_tick_of_make_keeps_its_calls_in_the_cursor(
    settings: Settings, instance: DagsterInstance, engine: Engine
) -> None:
    with fake_make(World(plan="Teams")) as fake:
        fake.world.add_scenario(plain_blueprint(), active=True)

        def connect(_settings: Settings, budget: CallBudget) -> MakeApi:
            return MakeApi(SecretStr(fake.key), address=fake.address, pace=budget.take)

        poller = make_poller(settings, connect)
        said, cursor = told(poller, instance)
        assert said.startswith("1 of 1 due scenarios read, 0 new executions")
        state = json.loads(cursor)
        assert state.pop("per_minute") == 240
        assert sum(state.values()) == len(fake.calls) == 4
        again = json.loads(told(poller, instance, cursor)[1])
        assert again == json.loads(cursor)
    with engine.connect() as connection:
        assert connection.scalar(text("select name from manageai.heartbeats")) == "make_poller"


def test_a_tick_of_n8n_says_what_it_read(settings: Settings, instance: DagsterInstance, engine: Engine) -> None:
    with fake_n8n() as fake:
        poller = n8n_poller(settings, lambda _settings: N8nApi(fake.address, fake.key))
        assert "0 new executions" in told(poller, instance)[0]
        fake.fail(401, times=9)
        with engine.begin() as connection:
            connection.execute(text("update manageai.poll_cursors set polled_at = polled_at - interval '1 hour'"))
        assert told(poller, instance)[0].startswith("n8n answered 401")


def test_the_tick_that_reads_failures_tells_them(
    settings: Settings, instance: DagsterInstance, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = window_of(datetime.now(UTC))
    judge_windows(engine, [ended - 2 * WINDOW, ended - WINDOW], ended, Addressees((), Places()))
    with fake_n8n() as fake, fake_slack() as slack:
        for name in MAKE:
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.address.get_secret_value())
        fake.workflows["orders"] = {"id": "orders", "name": "Orders", "active": True, "nodes": []}
        for second in range(5):
            started = ended - timedelta(minutes=5, seconds=second)
            fake.ran("orders", "error", started=started, seconds=1, error={"name": "Error", "message": "no"})
        poller = n8n_poller(settings, lambda _settings: N8nApi(fake.address, fake.key))
        said, _ = told(poller, instance)
        assert said.endswith("5 failed, 5 explained; 1 scenarios are new, 0 are gone; judged: 1 incidents opened, "
                             "0 resolved, 1 alerts sent")  # fmt: skip
        assert "judged" not in told(poller, instance)[0]
    assert slack.texts == [":red_circle: Nothing succeeds: Orders"]
