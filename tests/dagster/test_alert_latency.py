"""How soon a failure that a poll has read is told on Slack, with real processes: a daemon, its code server, PostgreSQL
and the runs."""

from __future__ import annotations

import time
from collections.abc import Callable
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
from tests.fakes.n8n import FakeN8n, fake_n8n
from tests.fakes.slack import fake_slack

pytestmark = pytest.mark.slow

FAILURES = 6
AT_MOST_SECONDS = 45.0
"""Several times what was measured, for machines that do much else."""


def moment_of(true: Callable[[], bool], child: Child) -> float:
    """When it first held, in `time.monotonic`'s seconds; looks twenty times a second."""
    begun = time.monotonic()
    while not true():
        child.check()
        assert time.monotonic() - begun < 120
        time.sleep(0.05)
    return time.monotonic()


def run_well(fake: FakeN8n, ended: datetime) -> None:
    """Two hours of a workflow that never fails, up to the last window but one."""
    for number in range(2, 14):
        fake.ran("orders", "success", started=ended - WINDOW - timedelta(minutes=10 * number), seconds=1)


def fail(fake: FakeN8n, ended: datetime) -> None:
    """Failures in the last window, with what n8n says of them."""
    for number in range(FAILURES):
        identifier = fake.ran("orders", "error", started=ended - timedelta(minutes=10, seconds=-number), seconds=1)
        fake.errors[identifier] = {"name": "NodeOperationError", "message": "no", "node": {"name": "Stop"}}


def test_a_failure_that_was_read_is_told_soon(
    engine: Engine, instance: DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failures_read() -> bool:
        with engine.connect() as connection:
            count = connection.scalar(text("select count(*) from manageai.executions where outcome = 'error'"))
        return count == FAILURES

    def judged() -> bool:
        with engine.connect() as connection:
            count = connection.scalar(text("select count(*) from manageai.monitor_windows where judged > 0"))
        return bool(count) and not due_windows(engine, datetime.now(UTC))

    with fake_n8n() as fake, fake_slack() as slack:
        fake.workflows["orders"] = {"id": "orders", "name": "Orders", "active": True, "nodes": []}
        monkeypatch.setenv("N8N_API_URL", fake.address)
        monkeypatch.setenv("N8N_API_KEY", fake.key.get_secret_value())
        monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.address.get_secret_value())
        run_well(fake, window_of(datetime.now(UTC)))
        with daemon("manageai_assets.definitions", tmp_path) as child:
            wait_until(judged, child, 120)
            fail(fake, window_of(datetime.now(UTC)))
            next_window(engine)
            read = moment_of(failures_read, child)
            told = moment_of(lambda: bool(slack.posted), child)
    print(f"\nfrom the poll that read the failures to Slack: {told - read:.1f} s")
    assert "Orders" in slack.texts[0]
    assert told - read < AT_MOST_SECONDS
