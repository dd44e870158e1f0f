"""The pollers and windows under a real daemon that is killed, and whose connections to the database are cut, at random
points: in the end executions and snapshots are those of a run that nothing has disturbed."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance
from sqlalchemy import Engine, text

from manageai_assets.monitoring.models import WINDOW, Execution, ExecutionError, ScenarioKey, window_of
from manageai_assets.monitoring.snapshots import due_windows, snapshots_of, stored_snapshots
from manageai_assets.processes import Child
from tests.dagster.running import daemon, wait_until
from tests.fakes.n8n import FakeN8n, fake_n8n

pytestmark = pytest.mark.slow

ROUNDS = 8
RUNS_A_ROUND = 25
LONGEST_WAIT = 12.0
"""Seconds: a daemon needs about half of that to be up and ticking."""
ERROR = ExecutionError("NodeOperationError", "no", "Stop")


def runs_of(fake: FakeN8n, begin: datetime, place: int, dice: random.Random) -> list[Execution]:
    """Executions of one round, later than those of the round before."""
    made = []
    for number in range(RUNS_A_ROUND):
        started = begin + timedelta(minutes=20 * place, seconds=40 * number)
        failed, milliseconds = dice.random() < 0.3, dice.randrange(20_000)
        outcome = "error" if failed else "success"
        flow = f"wf{dice.randrange(3)}"
        identifier = fake.ran(flow, outcome, started=started, seconds=milliseconds / 1000)
        fake.errors[identifier] = {"name": ERROR.type, "message": ERROR.message, "node": {"name": ERROR.step}}
        ended = started + timedelta(milliseconds=milliseconds)
        key = ScenarioKey("n8n", flow)
        made.append(
            Execution(key, identifier, started, "error" if failed else "success", ended, milliseconds, 1,
                      error=ERROR if failed else None)
        )  # fmt: skip
    return made


def next_window(engine: Engine) -> None:
    """Makes the poller's turn come, as if a quarter of an hour had passed."""
    with engine.begin() as connection:
        connection.execute(
            text("update manageai.poll_cursors set polled_at = polled_at - interval '1 hour', backoff_until = null")
        )


def cut_connections(engine: Engine) -> None:
    """Ends all other sessions of the database, as a restart of the server does."""
    with engine.connect() as connection:
        connection.execute(
            text("""
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
            """)
        )


def disturb(engine: Engine, child: Child, dice: random.Random) -> bool:
    """Waits a while, then kills the daemon with all its children, or cuts its connections. Whether it was killed."""
    time.sleep(dice.uniform(0, LONGEST_WAIT))
    if dice.random() < 0.3:
        cut_connections(engine)
        return False
    os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()
    return True


def test_nothing_is_lost_and_nothing_doubled(
    engine: Engine, instance: DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(20_260_921)
    begin = window_of(datetime.now(UTC)) - timedelta(hours=ROUNDS // 3 + 4)
    truth: list[Execution] = []
    with fake_n8n() as fake:
        for number in range(3):
            fake.workflows[f"wf{number}"] = {"id": f"wf{number}", "name": f"Flow {number}", "active": True, "nodes": []}
        monkeypatch.setenv("N8N_API_URL", fake.address)
        monkeypatch.setenv("N8N_API_KEY", fake.key.get_secret_value())
        with ExitStack() as stack:
            child: Child | None = None
            for place in range(ROUNDS):
                truth += runs_of(fake, begin, place, dice)
                next_window(engine)
                child = child or stack.enter_context(daemon("manageai_assets.definitions", tmp_path))
                if disturb(engine, child, dice):
                    stack.pop_all()
                    child = None
            next_window(engine)
            child = child or stack.enter_context(daemon("manageai_assets.definitions", tmp_path))

            def done() -> bool:
                with engine.connect() as connection:
                    stored = connection.scalar(
                        text("select count(*) from manageai.executions where outcome = 'success' or error_type > ''")
                    )
                return stored == len(truth) and not due_windows(engine, datetime.now(UTC))

            wait_until(done, child, 240)
    starts = [begin + WINDOW * place for place in range(4 * (ROUNDS // 3 + 4))]
    told = [one for start in starts for one in snapshots_of(truth, start)]
    assert stored_snapshots(engine, starts[0], starts[-1] + WINDOW) == told
    assert len(told) > 20
