"""How often an automation runs in a month: what the client expects, what its schedule makes, or an assumption."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field

from compilers.spec import Schedule, Spec
from manageai_assets.build.operations import Basis, Workload, basis_of, is_clock, operation_of, rounded, workload


class Runs(BaseModel):
    """How often the automation runs in a month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_month: Decimal
    polls_per_month: Decimal = Field(description="checks of a polling trigger, found something or not; else 0")
    interval_minutes: int | None = Field(description="least minutes between two runs; none for an instant trigger")
    basis: tuple[Basis, ...]


def runs_per_month(spec: Spec) -> Runs:
    """Runs a month: what the client expects, else what the schedule makes, else what the workload assumes."""
    assumed = workload()
    known = operation_of(spec.trigger)
    instant = known.instant if known else spec.schedule is None
    timed = is_clock(known)
    scheduled = _scheduled_runs(spec.schedule, assumed)
    basis: list[Basis] = []
    if timed and scheduled is not None:
        runs = scheduled
        basis.append(basis_of("runs a month", runs, "the schedule"))
    elif spec.volume_per_month is not None:
        runs = Fraction(spec.volume_per_month)
        basis.append(basis_of("runs a month", runs, "the client's own number"))
    elif instant is False and scheduled is not None:
        runs = scheduled
        basis.append(basis_of("runs a month", runs, "the schedule, with something found every time"))
    else:
        runs = Fraction(assumed.runs_per_month.value)
        basis.append(basis_of("runs a month", runs, f"assumed: {assumed.runs_per_month.why}"))
    interval, polls = None, Fraction(0)
    if not instant:
        interval = _interval(spec.schedule, assumed)
        if not timed:
            day = Fraction(24 * 60) / max(interval, 1)
            polls = scheduled if scheduled is not None else day * Fraction(assumed.days_per_month.value)
            basis.append(basis_of("checks for new data a month", polls, f"one every {interval} minutes"))
    return Runs(per_month=rounded(runs), polls_per_month=rounded(polls), interval_minutes=interval, basis=tuple(basis))


def _scheduled_runs(schedule: Schedule | None, assumed: Workload) -> Fraction | None:
    days = Fraction(assumed.days_per_month.value)
    if schedule is None:
        return None
    match schedule.kind:
        case "every":
            return days * 24 * 60 / (schedule.minutes or 15)
        case "daily":
            return days
        case "weekly":
            return days / 7 * max(len(set(schedule.weekdays)), 1)
        case "monthly":
            return Fraction(max(len(set(schedule.month_days)), 1))
        case "once":
            return Fraction(1)
        case _:
            return None


def _interval(schedule: Schedule | None, assumed: Workload) -> int:
    if schedule is not None and schedule.kind == "every" and schedule.minutes:
        return schedule.minutes
    if schedule is not None and schedule.kind in ("daily", "weekly", "monthly", "once"):
        return 24 * 60
    return int(assumed.polling_minutes.value)
