"""What the pollers share, as plain rules: whose turn it is, how many calls are left, how long to keep away after a
failure, and what a platform that can't be read amounts to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from manageai_assets.monitoring.models import WINDOW, Finding, Platform, Scenario, window_of
from manageai_assets.monitoring.recording import Cursor

TICK_SECONDS = 25.0
"""A tick begins no call after that long; Dagster ends sensors that take more than a minute."""
CALL_SECONDS = 10.0
"""A call that takes longer has failed: with its one repetition, a tick ends well before Dagster's minute."""
MINUTE = 60.0
SHARE = 0.95
"""Of the calls that a plan allows; the rest is left to people, deployments and the clocks' differences."""
QUIET_RECHECK = timedelta(hours=6)
"""A scenario that is switched off is asked nevertheless that often: a person may run it by hand."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
"""After the first failure in a row, doubled for each further one, and at most."""
TOLERATED_FAILURES = 5
"""So many scenarios of one tick that can't be read are the platform's trouble, not theirs."""
OUTAGE_AFTER = timedelta(minutes=5)
"""A platform that can't be read for less is not worth waking anybody: nothing is lost."""


class CallsSpentError(Exception):
    """There is no call left in this tick; what wasn't asked stays due."""


class CallBudget:
    """A bucket of tokens, one for each call, that come back a minute after they were taken: in no 60 seconds are there
    more calls than allowed, wherever the platform's own minute begins.

    `taken` are the calls of the last minute before, by second; `deadline` ends all waiting. Both in `clock`'s seconds.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        taken: Mapping[int, int],
        deadline: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.allowed = max(1, int(per_minute * SHARE))
        self._taken, self._deadline, self._clock, self._sleep = Counter(taken), deadline, clock, sleep
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def left(self) -> int:
        """Calls that can be made at once."""
        with self._lock:
            return 0 if self._stopped.is_set() else max(0, self.allowed - self._recent())

    @property
    def taken(self) -> dict[int, int]:
        """The calls of the last minute, by second."""
        with self._lock:
            self._recent()
            return {second: count for second, count in sorted(self._taken.items()) if count}

    def stop(self) -> None:
        """Lets nobody call any more."""
        self._stopped.set()

    def take(self) -> None:
        """Takes a token, waiting for one if need be. Raises `CallsSpentError` where none comes before the deadline."""
        while True:
            with self._lock:
                now = self._clock()
                if self._stopped.is_set() or now >= self._deadline:
                    raise CallsSpentError
                if self._recent() < self.allowed:
                    self._taken[int(now)] += 1
                    return
                wait = min(self._taken) + 1 + MINUTE - now
                if now + wait >= self._deadline:
                    raise CallsSpentError
            self._sleep(wait)

    def _recent(self) -> int:
        """Calls of the last minute. A second's calls may have come at its very end."""
        now = self._clock()
        for second in [one for one in self._taken if one + 1 + MINUTE <= now]:
            del self._taken[second]
        return self._taken.total()


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is asked in this tick, the longest unasked first, and how many are left out for a reason."""

    due: tuple[str, ...]
    covered: int
    waiting: int
    """Failed a while ago and are left alone for now."""


def turn(scenarios: Collection[Scenario], cursors: Mapping[str, Cursor], now: datetime) -> Turn:
    """Whose turn it is: each scenario once in each window, those unasked for the longest first.

    One that its platform doesn't let run can't have run, and counts as covered; it is asked every `QUIET_RECHECK`, and
    once more after it was switched off."""
    begun = window_of(now)
    due: list[tuple[datetime, str]] = []
    waiting = 0
    for one in scenarios:
        identifier = one.key.external_id
        cursor = cursors.get(identifier, Cursor(identifier))
        if one.paused or _covered(one, cursor, begun, now):
            continue
        if cursor.backoff_until is not None and cursor.backoff_until > now:
            waiting += 1
        else:
            due.append((cursor.polled_at or datetime.min.replace(tzinfo=UTC), identifier))
    return Turn(tuple(identifier for _, identifier in sorted(due)), len(scenarios) - len(due) - waiting, waiting)


def _covered(scenario: Scenario, cursor: Cursor, begun: datetime, now: datetime) -> bool:
    asked = cursor.polled_at
    if asked is None:
        return False
    if asked >= begun:
        return True
    switched = scenario.active_changed_at
    return not scenario.active and now - asked < QUIET_RECHECK and (switched is None or switched <= asked)


def uncovered(scenarios: Collection[Scenario], cursors: Mapping[str, Cursor], now: datetime) -> list[Scenario]:
    """Active scenarios that nobody has asked since before the last whole window began: those that it missed."""
    before = window_of(now) - WINDOW
    return [
        one
        for one in scenarios
        if one.active
        and not one.paused
        and (asked := cursors.get(one.key.external_id, Cursor("")).polled_at) is not None
        and asked < before
    ]


def failed(cursor: Cursor, reason: str, now: datetime, at_least: timedelta = timedelta(0)) -> Cursor:
    """The cursor after one more failure; it stays where it was, and leaves the platform alone for a while."""
    pause = min(FIRST_PAUSE * 2 ** min(cursor.failures, 10), LONGEST_PAUSE)
    return replace(
        cursor,
        failures=cursor.failures + 1,
        failing_since=cursor.failing_since or now,
        last_failure=reason,
        backoff_until=now + max(pause, at_least),
    )


def recovered(cursor: Cursor, now: datetime, read_to: datetime | None) -> Cursor:
    """The cursor after a reading that came through; it never goes back."""
    furthest = max((moment for moment in (cursor.read_to, read_to) if moment is not None), default=None)
    return Cursor(cursor.external_id, furthest, now)


def platform_trouble(platform: Platform, cursor: Cursor | None, now: datetime) -> Finding | None:
    """What it amounts to that a platform as a whole can't be read: one finding, however many scenarios it has."""
    if cursor is None or cursor.failing_since is None or now - cursor.failing_since < OUTAGE_AFTER:
        return None
    minutes = int((now - cursor.failing_since).total_seconds() // MINUTE)
    return Finding(
        kind="poll_failure",
        severity="high",
        fingerprint=f"poll_failure:{platform}",
        platform=platform,
        scenario=None,
        since=cursor.failing_since,
        what=f"{platform} can't be read for {minutes} minutes: {cursor.last_failure}",
        evidence={"failures": cursor.failures, "last_failure": cursor.last_failure},
    )
