"""Scenarios whose runs are written as a line: `.` succeeded, `F` failed, `W` ended with a warning, ` ` didn't run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from manageai_assets.monitoring.detection.profile import learn
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Execution, ExecutionError, Outcome, Platform, Scenario, ScenarioKey

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
"""A Tuesday."""
OUTCOMES: dict[str, Outcome] = {".": "success", "F": "error", "W": "warning"}
BROKEN = ExecutionError("RuntimeError", "Function 'toNumber' not found!", "Set fields")
REFUSED = ExecutionError("NodeApiError", "Authorization failed", "Add a row", 401, "Sheets of Acme")
FORBIDDEN = ExecutionError("RuntimeError", "[403] Forbidden", "Create a deal")
LIMITED = ExecutionError("RateLimitError", "429: too many requests", "Search rows")
USED_UP = ExecutionError("OperationsLimitExceededError", "Operations limit exceeded", "")
DOWN = ExecutionError("ConnectionError", "503 Service Unavailable", "Add a row")


def scenario(
    number: int = 1, platform: Platform = "make", *, cadence_seconds: int | None = None, managed: bool = True
) -> Scenario:
    """A scenario that has been on for long."""
    key = ScenarioKey(platform, str(number))
    return Scenario(
        key, f"Orders {number}", f"orders-{number}" if managed else None, 1 if managed else None, "Acme",
        cadence_seconds=cadence_seconds, managed=managed, active_changed_at=NOW - timedelta(days=60),
    )  # fmt: skip


def runs(
    course: str,
    *,
    of: Scenario | None = None,
    minutes: float = 15,
    until: datetime = NOW,
    error: ExecutionError = BROKEN,
    seconds: float = 2.0,
    items: int | None = None,
    operations: int = 4,
) -> list[Execution]:
    """The runs of a line, so many minutes apart; the last one ended a moment before `until`."""
    key = (of or scenario()).key
    found = []
    for place, mark in enumerate(course):
        if mark == " ":
            continue
        ended = until - timedelta(minutes=minutes) * (len(course) - 1 - place) - timedelta(seconds=1)
        started = ended - timedelta(seconds=seconds)
        failed = mark == "F"
        found.append(
            Execution(
                key, f"{key.external_id}-{started:%d%H%M%S%f}", started, OUTCOMES[mark], ended, round(seconds * 1000),
                operations, items, error if failed else None,
            )
        )  # fmt: skip
    return found


def usual(
    course: str = ".", *, of: Scenario | None = None, minutes: float = 15, until: datetime, seconds: float = 2.0,
    items: int | None = None, operations: int = 4,
) -> list[Execution]:  # fmt: skip
    """Four weeks of a line, over and over, up to `until`."""
    count = int(timedelta(days=28) / timedelta(minutes=minutes))
    line = (course * (count // len(course) + 1))[-count:]
    return runs(
        line, of=of, minutes=minutes, until=until, seconds=seconds, items=items, operations=operations
    )  # fmt: skip


def watched(
    history: Sequence[Execution], *, of: Scenario | None = None, at: datetime = NOW, learnt_to: datetime | None = None
) -> Watched:
    """A scenario with these runs, of which what is usual was learnt up to then; None: nothing was learnt."""
    ordered = sorted(history, key=lambda run: run.started)
    profile = learn([run for run in ordered if run.started < learnt_to], learnt_to) if learnt_to else None
    return Watched(of or scenario(), [run for run in ordered if run.started <= at], profile, at)


def known(course: str, *, minutes: float = 15, of: Scenario | None = None, before: str = ".",
          error: ExecutionError = BROKEN) -> Watched:  # fmt: skip
    """A scenario that ran like `before` for four weeks, and then like `course` up to now."""
    since = NOW - timedelta(minutes=minutes) * len(course)
    history = usual(before, of=of, minutes=minutes, until=since)
    return watched(
        [*history, *runs(course, of=of, minutes=minutes, error=error)], of=of, learnt_to=since
    )  # fmt: skip


def switched_off(one: Watched, since: datetime = NOW) -> Watched:
    """The same scenario, off."""
    return replace(one, scenario=replace(one.scenario, active=False, active_changed_at=since))
