"""What the pollers share: calls within the limit, whose turn it is, and how long to keep away after failures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manageai_assets.monitoring.models import Scenario, ScenarioKey
from manageai_assets.monitoring.polling import (
    LONGEST_PAUSE,
    OUTAGE_AFTER,
    QUIET_RECHECK,
    SHARE,
    CallBudget,
    CallsSpentError,
    failed,
    platform_trouble,
    recovered,
    turn,
)
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor
from tests.manageai_assets.monitoring.watching import BEGIN, Clock

MINUTE = timedelta(minutes=1)


@given(st.integers(1, 240), st.lists(st.tuples(st.floats(0, 40), st.integers(0, 300)), max_size=12))
def test_in_no_minute_are_there_more_calls_than_allowed(per_minute: int, ticks: list[tuple[float, int]]) -> None:
    clock, calls, taken = Clock(), list[float](), dict[int, int]()
    for pause, wanted in ticks:
        clock.sleep(pause)
        budget = CallBudget(
            per_minute, taken=taken, deadline=clock.seconds() + 25, clock=clock.seconds, sleep=clock.sleep
        )
        with suppress(CallsSpentError):
            for _ in range(wanted):
                budget.take()
                calls.append(clock.seconds())
                clock.sleep(0.01)
        taken = budget.taken
    allowed = max(1, int(per_minute * SHARE))
    assert all(calls[place + allowed] - calls[place] >= 60 for place in range(len(calls) - allowed))


def test_a_stopped_budget_gives_nothing() -> None:
    clock = Clock()
    budget = CallBudget(60, taken={}, deadline=clock.seconds() + 9, clock=clock.seconds, sleep=clock.sleep)
    budget.take()
    budget.stop()
    assert budget.left == 0
    with pytest.raises(CallsSpentError):
        budget.take()


def scenario(identifier: str, **changes: bool | datetime) -> Scenario:
    """A scenario that runs."""
    return replace(Scenario(ScenarioKey("make", identifier), identifier), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "cursor", "is_due"),
    [
        (scenario("1"), None, True),
        (scenario("1"), Cursor("1", polled_at=BEGIN - MINUTE), True),
        (scenario("1"), Cursor("1", polled_at=BEGIN), False),
        (scenario("1"), Cursor("1", polled_at=BEGIN - MINUTE, backoff_until=BEGIN + 3 * MINUTE), False),
        (scenario("1"), Cursor("1", polled_at=BEGIN - MINUTE, backoff_until=BEGIN + 2 * MINUTE), True),
        (scenario("1", paused=True), None, False),
        (scenario("1", active=False), None, True),
        (scenario("1", active=False), Cursor("1", polled_at=BEGIN - MINUTE), False),
        (scenario("1", active=False), Cursor("1", polled_at=BEGIN - QUIET_RECHECK), True),
        (scenario("1", active=False, active_changed_at=BEGIN), Cursor("1", polled_at=BEGIN - MINUTE), True),
    ],
)
def test_whose_turn_it_is(one: Scenario, cursor: Cursor | None, is_due: bool) -> None:
    cursors = {"1": cursor} if cursor else {}
    assert turn([one], cursors, BEGIN + 2 * MINUTE).due == (("1",) if is_due else ())


def test_the_longest_unasked_come_first() -> None:
    cursors = {str(place): Cursor(str(place), polled_at=BEGIN - place * MINUTE) for place in (3, 1, 2)}
    scenarios = [scenario(identifier) for identifier in ("1", "2", "3", "new")]
    assert turn(scenarios, cursors, BEGIN).due == ("new", "3", "2", "1")


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_pauses_grow_up_to_the_longest_and_a_reading_that_comes_through_ends_them(outcomes: list[bool]) -> None:
    cursor, now, pause = Cursor("1", read_to=BEGIN), BEGIN, timedelta(0)
    for good in outcomes:
        now += MINUTE
        before, cursor = cursor, recovered(cursor, now, None) if good else failed(cursor, "no", now)
        assert cursor.read_to == BEGIN
        if good:
            assert (cursor.failures, cursor.backoff_until, cursor.failing_since) == (0, None, None)
            pause = timedelta(0)
        else:
            assert cursor.backoff_until is not None
            assert pause <= cursor.backoff_until - now <= LONGEST_PAUSE
            assert cursor.failing_since == (before.failing_since or now)
            pause = cursor.backoff_until - now


def test_a_short_trouble_wakes_nobody() -> None:
    cursor = failed(Cursor(WHOLE_PLATFORM), "Make can't be reached", BEGIN)
    assert platform_trouble("make", cursor, BEGIN + OUTAGE_AFTER - MINUTE) is None
    found = platform_trouble("make", cursor, BEGIN + OUTAGE_AFTER)
    assert found is not None
    assert (found.since, found.fingerprint) == (BEGIN, "poll_failure:make")
    assert "Make can't be reached" in found.what
