"""Snapshots: one query for many windows gives what the plain rule gives, again and again, and late data are noticed."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from manageai_assets.monitoring.last_day import last_day, picture_of, worst
from manageai_assets.monitoring.models import (
    LOOK_BACK,
    WINDOW,
    Execution,
    ExecutionError,
    Platform,
    ScenarioKey,
    window_of,
    windows_told_by,
)
from manageai_assets.monitoring.recording import record
from manageai_assets.monitoring.snapshots import (
    add_windows,
    due_windows,
    make_snapshots,
    snapshots_of,
    stored_snapshots,
)
from tests.manageai_assets.monitoring.watching import BEGIN

KEYS = [ScenarioKey("make", "1"), ScenarioKey("make", "2"), ScenarioKey("n8n", "1")]
MOMENTS = st.datetimes(datetime(2026, 1, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def execution(
    key: ScenarioKey, number: int, ended: datetime, *, failed: bool = False, milliseconds: int = 1000
) -> Execution:
    """One that ended then."""
    return Execution(
        key, f"{key.platform}-{number}", ended - timedelta(milliseconds=milliseconds),
        "error" if failed else "success", ended, milliseconds, 2,
        error=ExecutionError("DataError", f"no {number}", "Step", 400) if failed else None,
    )  # fmt: skip


def some_history(seed: int, count: int) -> list[Execution]:
    """Executions over three hours, failed and not, some still on, some that end on a window's very edge."""
    dice = random.Random(seed)
    history = []
    for number in range(count):
        ended = BEGIN + timedelta(seconds=dice.choice([dice.randrange(3 * 3600), 900 * dice.randrange(12)]))
        one = execution(dice.choice(KEYS), number, ended, failed=dice.random() < 0.3, milliseconds=dice.randrange(5000))
        history.append(one)
    return history


def store(engine: Engine, history: list[Execution]) -> None:
    """Stores a history."""
    platforms: tuple[Platform, ...] = ("make", "n8n")
    for platform in platforms:
        record(engine, platform, [one for one in history if one.scenario.platform == platform])


@pytest.mark.parametrize("seed", range(3))
def test_the_query_gives_what_the_rule_gives(engine: Engine, seed: int) -> None:
    history = some_history(seed, 400)
    store(engine, history)
    starts = [BEGIN + WINDOW * place for place in range(-2, 18)]
    make_snapshots(engine, starts, BEGIN)
    expected = [one for start in starts for one in snapshots_of(history, start)]
    assert stored_snapshots(engine, starts[0], starts[-1] + WINDOW) == expected
    assert len(expected) > 30


def test_making_windows_again_changes_nothing(engine: Engine) -> None:
    store(engine, some_history(7, 200))
    starts = [BEGIN + WINDOW * place for place in range(16)]
    totals = make_snapshots(engine, starts, BEGIN)
    first = stored_snapshots(engine, BEGIN, BEGIN + 20 * WINDOW)
    for start in reversed(starts):
        make_snapshots(engine, [start], BEGIN)
    assert stored_snapshots(engine, BEGIN, BEGIN + 20 * WINDOW) == first
    assert make_snapshots(engine, starts, BEGIN) == totals


@given(MOMENTS)
def test_an_execution_counts_in_the_windows_that_look_back_on_it(moment: datetime) -> None:
    starts = windows_told_by(moment)
    around = [window_of(moment) + WINDOW * place for place in range(-3, 8)]
    looking = [start for start in around if start + WINDOW - LOOK_BACK <= moment < start + WINDOW]
    assert list(starts) == looking
    one = execution(KEYS[0], 1, moment)
    assert [start for start in around if snapshots_of([one], start)] == looking


def test_late_executions_make_their_windows_due_again(engine: Engine) -> None:
    store(engine, [execution(KEYS[0], 1, BEGIN)])
    now = BEGIN + timedelta(hours=3)
    assert [start for start, _ in due_windows(engine, now)] == list(windows_told_by(BEGIN))
    make_snapshots(engine, [start for start, _ in due_windows(engine, now)], now)
    assert due_windows(engine, now) == []
    late = execution(KEYS[1], 2, BEGIN - WINDOW)
    store(engine, [late])
    due = [start for start, _ in due_windows(engine, now)]
    assert due == list(windows_told_by(late.finished or BEGIN))
    store(engine, [late])
    assert [start for start, _ in due_windows(engine, now)] == due
    make_snapshots(engine, due, now)
    assert len(stored_snapshots(engine, BEGIN, BEGIN + WINDOW)) == 2


def test_a_window_is_due_when_it_has_ended(engine: Engine) -> None:
    add_windows(engine, [BEGIN])
    assert due_windows(engine, BEGIN + WINDOW - timedelta(seconds=1)) == []
    assert due_windows(engine, BEGIN + WINDOW) == [(BEGIN, 1)]


def test_an_execution_that_is_stored_meanwhile_keeps_its_window_due(engine: Engine) -> None:
    now = BEGIN + timedelta(hours=3)
    store(engine, [execution(KEYS[0], 1, BEGIN)])
    started, done = threading.Event(), threading.Event()

    def make_meanwhile() -> None:
        started.set()
        make_snapshots(engine, [BEGIN], now)
        done.set()

    with engine.begin() as connection:
        connection.execute(
            text("update manageai.monitor_windows set touched = touched + 1 where window_start = :start"),
            {"start": BEGIN},
        )
        maker = threading.Thread(target=make_meanwhile)
        maker.start()
        started.wait()
        assert not done.wait(0.3), "it waits until what is being stored is there"
        connection.execute(
            text("""
                insert into manageai.executions (platform, execution_id, scenario_id, started_at, finished_at, outcome)
                select 'make', 'late', id, :at, :at, 'success' from manageai.scenarios
            """),
            {"at": BEGIN},
        )
    maker.join()
    (found,) = stored_snapshots(engine, BEGIN, BEGIN + WINDOW)
    assert found.executions == 2
    assert BEGIN not in [start for start, _ in due_windows(engine, now)]


def test_the_last_day_in_a_picture_and_a_table(engine: Engine) -> None:
    history = [execution(KEYS[0], number, BEGIN + timedelta(minutes=number), failed=number < 2) for number in range(5)]
    store(engine, [*history, execution(KEYS[2], 9, BEGIN - timedelta(hours=20))])
    make_snapshots(engine, [BEGIN], BEGIN)
    bars = last_day(engine, BEGIN)
    assert (len(bars), sum(bar.executions for bar in bars), sum(bar.errors for bar in bars)) == (96, 6, 2)
    assert bars[-1].window_start == BEGIN
    assert (bars[-1].executions, bars[-1].errors) == (5, 2)
    assert picture_of(bars).count("<rect") == 3
    (row,) = worst(engine, BEGIN)
    assert (row.scenario, row.executions, row.errors, row.last_error) == ("make:1", 5, 2, "no 1")
