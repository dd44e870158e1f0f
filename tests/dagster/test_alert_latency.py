"""How soon a failure is told on Slack once its scenario's turn has come to be read, with real processes: a daemon, its
code server, PostgreSQL. What is promised is a quarter of an hour, which is the time between two turns, and 10 seconds.

Of these Dagster takes up to 5, since that is how often it looks at sensors. That the rest is short on a machine of any
speed is held by what lies between: no other tick and no start of a process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance
from sqlalchemy import Engine, text

from manageai_assets.monitoring.models import WINDOW, window_of
from manageai_assets.monitoring.snapshots import due_windows
from manageai_assets.processes import Child
from tests.dagster.running import daemon, wait_until
from tests.dagster.test_watching_killed import next_window
from tests.dagster.watching_location import ADDRESS
from tests.fakes.make import FakeMake, World, fake_make
from tests.fakes.make.records import ErrorOfRun, Outcome
from tests.fakes.make.world import TEAM
from tests.fakes.n8n import FakeN8n, Object, fake_n8n
from tests.fakes.slack import fake_slack
from tests.resources.make_fixtures import plain_blueprint

pytestmark = pytest.mark.slow

FAILURES = 6
PROMISED_SECONDS = 10.0


@dataclass(frozen=True)
class OnN8n:
    """A workflow on the fake of n8n."""

    fake: FakeN8n

    def ran(self, started: datetime, *, failed: bool) -> None:
        """A run, with what n8n says of a failure."""
        error: Object = {"name": "NodeOperationError", "message": "no", "node": {"name": "Stop"}}
        status = "error" if failed else "success"
        self.fake.ran("orders", status, started=started, seconds=1, error=error if failed else None)


@dataclass(frozen=True)
class OnMake:
    """A scenario on the fake of Make."""

    fake: FakeMake
    scenario: int

    def ran(self, started: datetime, *, failed: bool) -> None:
        """A run, with what Make says of a failure."""
        error = ErrorOfRun("RuntimeError", "no", "Stop", "builtin")
        outcome = Outcome("error", 2, 1.0, error=error) if failed else Outcome("success", 2, 1.0)
        self.fake.world.add_run(self.scenario, started.timestamp(), outcome)


@contextmanager
def on_n8n(patch: pytest.MonkeyPatch) -> Iterator[OnN8n]:
    """A watched n8n."""
    with fake_n8n() as fake:
        fake.workflows["orders"] = {"id": "orders", "name": "Orders", "active": True, "nodes": []}
        patch.setenv("N8N_API_URL", fake.address)
        patch.setenv("N8N_API_KEY", fake.key.get_secret_value())
        yield OnN8n(fake)


@contextmanager
def on_make(patch: pytest.MonkeyPatch) -> Iterator[OnMake]:
    """A watched team on Make, whose plan has the fewest calls a minute."""
    with fake_make(World(plan="Core")) as fake:
        for name, value in {ADDRESS: fake.address, "MAKE_API_KEY": fake.key, "MAKE_ZONE": "eu1"}.items():
            patch.setenv(name, value)
        patch.setenv("MAKE_TEAM_ID", str(TEAM))
        yield OnMake(fake, fake.world.add_scenario(plain_blueprint(name="Orders"), active=True).id)


def moment_of(true: Callable[[], bool], child: Child) -> float:
    """When it first held, in `time.monotonic`'s seconds; looks twenty times a second."""
    begun = time.monotonic()
    while not true():
        child.check()
        assert time.monotonic() - begun < 120
        time.sleep(0.05)
    return time.monotonic()


def ticks_of(instance: DagsterInstance, sensor: str) -> list[str]:
    """What the ticks of a sensor said."""
    state = next(one for one in instance.all_instigator_state() if one.name == sensor)
    return [str(tick.skip_reason) for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)]


def told_by_its_tick(instance: DagsterInstance, sensor: str) -> bool:
    """Whether the tick that read the failures is the one that sent the alert."""
    mine = [said for said in ticks_of(instance, sensor) if f"{FAILURES} failed, {FAILURES} explained" in said]
    return bool(mine) and mine[0].endswith("judged: 1 incidents opened, 0 resolved, 1 alerts sent")


@pytest.mark.parametrize(("platform", "watched"), [("n8n", on_n8n), ("make", on_make)])
def test_a_failure_is_told_by_the_tick_that_reads_it(
    engine: Engine,
    instance: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    watched: Callable[[pytest.MonkeyPatch], AbstractContextManager[OnN8n | OnMake]],
) -> None:
    def failures_read() -> bool:
        with engine.connect() as connection:
            count = connection.scalar(text("select count(*) from manageai.executions where outcome = 'error'"))
        return bool(count == FAILURES)

    def judged() -> bool:
        with engine.connect() as connection:
            count = connection.scalar(text("select count(*) from manageai.monitor_windows where judged > 0"))
        return bool(count) and not due_windows(engine, datetime.now(UTC))

    with watched(monkeypatch) as place, fake_slack() as slack:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.address.get_secret_value())
        ended = window_of(datetime.now(UTC))
        for number in range(2, 14):
            place.ran(ended - WINDOW - timedelta(minutes=10 * number), failed=False)
        with daemon("tests.dagster.watching_location", tmp_path) as child:
            wait_until(judged, child, 120)
            for number in range(FAILURES):
                place.ran(window_of(datetime.now(UTC)) - timedelta(minutes=10, seconds=-number), failed=True)
            next_window(engine)
            due = time.monotonic()
            read = moment_of(failures_read, child)
            told = moment_of(lambda: bool(slack.posted), child)
            wait_until(lambda: told_by_its_tick(instance, f"{platform}_poller"), child, 30)
    load = os.getloadavg()[0]
    print(f"\n{platform}: due to Slack {told - due:.1f} s, read to Slack {told - read:.1f} s, load {load:.1f}")
    assert slack.texts == [":red_circle: Nothing succeeds: Orders"]
    assert told - due < PROMISED_SECONDS, f"with a load of {load:.1f}"
