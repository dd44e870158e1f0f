"""Schedules in production: as Make takes them, and how often they make one expect a run."""

from __future__ import annotations

from compilers.spec import Schedule
from resources.make_models import Scheduling

DAY_SECONDS = 86_400
UNSCHEDULED_SECONDS = 900
"""Make's own default for a scenario that looks for something new (facts 1.10)."""


def cadence_of(schedule: Schedule | None) -> int | None:
    """Seconds from one run to the next, at most, that a schedule makes one expect; None where it says nothing."""
    if schedule is None:
        return None
    match schedule.kind:
        case "every":
            return (schedule.minutes or 15) * 60
        case "daily":
            return DAY_SECONDS
        case "weekly":
            days = sorted(set(schedule.weekdays)) or [0]
            return max(later - day for day, later in zip(days, [*days[1:], days[0] + 7], strict=True)) * DAY_SECONDS
        case "monthly":
            days = sorted(set(schedule.month_days)) or [1]
            return max(later - day for day, later in zip(days, [*days[1:], days[0] + 31], strict=True)) * DAY_SECONDS
        case _:
            return None


def scheduling_of(schedule: Schedule | None, *, by_hook: bool) -> Scheduling:
    """A schedule as Make takes it."""
    if schedule is None or schedule.kind == "immediately" or by_hook:
        return Scheduling(type="immediately") if by_hook else _every(UNSCHEDULED_SECONDS)
    at = f"{schedule.at:%H:%M}" if schedule.at else "00:00"
    match schedule.kind:
        case "every":
            return _every((schedule.minutes or 15) * 60)
        case "daily":
            return Scheduling(type="daily", time=at)
        case "weekly":
            return Scheduling(type="weekly", time=at, days=schedule.weekdays or (1,))
        case "monthly":
            return Scheduling(type="monthly", time=at, days=schedule.month_days or (1,))
        case "once":
            return Scheduling(type="once", date=schedule.date.isoformat() if schedule.date else None)
        case _:
            return Scheduling(type="on-demand")


def _every(seconds: int) -> Scheduling:
    return Scheduling(type="indefinitely", interval=seconds)
