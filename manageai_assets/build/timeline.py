"""The timeline: hours by phase, and a calendar of milestones in working days.

Hours come from what is in the spec (steps, routes, loops, accounts to connect) and from the rates in
`data/rates.yaml`; every term of every phase is in the result. Days are Monday to Friday, counted from the working day
after the intake came in; an intake without a date has relative days only. Public holidays are not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compilers.exports import platforms
from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import OperationStep, Spec
from manageai_assets.build.flow_words import plural
from manageai_assets.data import DataModel, read_data
from manageai_assets.intake.models import Intake
from manageai_assets.stages import Check, Preview, Table, stage

Fit = Literal["no deadline", "comfortable", "tight", "missed", "not dated"]
TIGHT_DAYS = 2
"""A deadline with fewer working days than this to spare is tight."""


class PhaseRate(DataModel):
    """One phase in `data/rates.yaml`."""

    name: str
    what: str
    base: Decimal
    each: dict[str, Decimal] = Field(default_factory=dict)
    per_platform: bool = False
    waits_for_client: bool = False


class GradeRate(DataModel):
    """One grade of complexity: up to so many points, and the buffer it needs."""

    name: str
    up_to: Decimal | None
    buffer: Decimal


class ComplexityRate(DataModel):
    """Points for each thing counted, and the grades."""

    points: dict[str, Decimal]
    grades: tuple[GradeRate, ...]


class Rates(DataModel):
    """`data/rates.yaml`."""

    hours_per_day: Decimal = Field(gt=0)
    round_to: Decimal = Field(gt=0)
    counts: dict[str, str]
    phases: tuple[PhaseRate, ...]
    client_wait_days: int = Field(ge=0)
    client_wait_note: str
    complexity: ComplexityRate


class Result(BaseModel):
    """Base of the results: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(Result):
    """One thing that is counted, what each one weighs, and what that makes."""

    what: str
    count: Decimal
    each: Decimal
    total: Decimal


class Complexity(Result):
    """How complex the automation is: points, the grade they give, and the buffer that it needs."""

    points: Decimal
    grade: str
    buffer: Decimal = Field(description="share of the hours")
    terms: tuple[Term, ...]


class Phase(Result):
    """One phase of the delivery; days are working days from 1."""

    name: str
    what: str
    hours: Decimal
    first_day: int
    last_day: int
    times: int = Field(description="how often it is done: once, or for each platform")
    terms: tuple[Term, ...] = Field(description="hours of doing it once, before rounding")


class Milestone(Result):
    """What is reached at the end of a working day."""

    name: str
    day: int
    on: date | None = None


class Timeline(Result):
    """Hours, days and dates of one delivery."""

    hours: Decimal
    working_days: int
    complexity: Complexity
    platforms: tuple[str, ...]
    phases: tuple[Phase, ...]
    milestones: tuple[Milestone, ...]
    received: date | None
    deadline: date | None
    latest_start: date | None = Field(description="last day on which work can start and still meet the deadline")
    spare_days: int | None = Field(description="working days between handover and deadline; negative: too late by")
    fit: Fit
    note: str


def _preview(value: Timeline) -> Preview:
    phases = tuple(
        (
            phase.name,
            float(phase.hours),
            _days(phase),
            f"{phase.times} times" if phase.times > 1 else "once",
            phase.what,
        )
        for phase in value.phases
    )
    milestones = tuple((item.name, item.day, item.on.isoformat() if item.on else None) for item in value.milestones)
    terms = tuple(
        (phase.name, term.what, float(term.count), float(term.each), float(term.total))
        for phase in value.phases
        for term in phase.terms
    )
    return Preview(
        numbers={
            "hours": float(value.hours),
            "working_days": value.working_days,
            "complexity": f"{value.complexity.grade} ({value.complexity.points} points)",
            "deadline": value.fit,
        },
        markdown=value.note,
        tables={
            "milestones": Table(("milestone", "working day", "date"), milestones),
            "phases": Table(("phase", "hours", "days", "done", "what"), phases),
            "terms": Table(("phase", "what", "count", "hours each", "hours"), terms),
        },
    )


def _days(phase: Phase) -> str:
    return str(phase.first_day) if phase.first_day == phase.last_day else f"{phase.first_day} to {phase.last_day}"


def _checks(value: Timeline) -> tuple[Check, ...]:
    return (Check("deadline_is_met", value.fit != "missed", value.note),)


@stage(artifact="timeline.json", group="estimates", preview=_preview, checks=_checks, check_names=("deadline_is_met",))
def timeline(canonical_spec: Spec, intake: Intake) -> Timeline:
    """Hours by phase and a calendar of milestones, from what is in the spec and the rates in `data/rates.yaml`."""
    wanted = tuple(name for name in canonical_spec.targets if name in platforms())
    return plan(canonical_spec, intake.received or canonical_spec.created, intake.deadline, wanted)


def rates() -> Rates:
    """The rates in `data/rates.yaml`."""
    data: Rates = read_data(Rates, "rates")
    return data


def counts(spec: Spec) -> Mapping[str, Decimal]:
    """What is in the spec, by the names of `counts` in `data/rates.yaml`."""
    steps = [step for step in spec.steps if not step.disabled]
    kinds = [step.kind for step in steps]
    used = {step.connection for step in spec.nodes if isinstance(step, OperationStep)}
    apps = [registry().apps.get(connection.app) for connection in spec.connections if connection.id in used]
    known = [app.connection for app in apps if app and app.connection]
    graph = SpecGraph(spec)
    handled = {edge.source for edge in spec.edges if edge.kind == "error"}
    handled |= {step.id for step in spec.nodes if step.on_error is not None}
    number = {
        "app_steps": sum(1 for step in steps if isinstance(step, OperationStep)) + kinds.count("native"),
        "logic_steps": sum(
            1 for kind in kinds if kind in ("sleep", "set_variables", "get_variables", "respond", "stop", "directive")
        )
        + kinds.count("sub_scenario"),
        "routers": kinds.count("router") + kinds.count("if_else"),
        "routes": sum(1 for edge in spec.edges if edge.kind in ("route", "branch")),
        "loops": sum(1 for kind in kinds if kind in ("iterate", "repeat", "aggregate")),
        "error_routes": sum(1 for identifier in handled if identifier in graph),
        "filters": sum(1 for edge in spec.edges if edge.kind == "next" and edge.filter is not None),
        "apps": len(known),
        "open_assumptions": sum(1 for assumption in spec.assumptions if assumption.severity != "low"),
        "native_steps": kinds.count("native"),
    }
    minutes = sum(connection.setup_minutes for connection in known)
    return {name: Decimal(value) for name, value in number.items()} | {"connection_hours": Decimal(minutes) / 60}


def plan(spec: Spec, received: date | None, deadline: date | None, targets: tuple[str, ...]) -> Timeline:
    """The timeline of delivering the spec for these targets, for an intake of that date."""
    rate, number = rates(), counts(spec)
    grade = _complexity(rate, number)
    phases: list[Phase] = []
    position = Decimal(0)
    wait = Decimal(rate.client_wait_days)
    work = [_phase_hours(rate, phase, number, len(targets)) for phase in rate.phases]
    buffer = _round_up(sum((hours for hours, _ in work), Decimal(0)) * grade.buffer, rate.round_to)
    for phase, (hours, terms) in zip(rate.phases, work, strict=True):
        if phase is rate.phases[-1]:
            position = _append(phases, position, rate, "Buffer", f"{grade.buffer:.0%} for a {grade.grade} flow", buffer)
        if phase.waits_for_client and hours:
            position = max(position, wait)
        times = max(len(targets), 1) if phase.per_platform else 1
        position = _append(phases, position, rate, phase.name, phase.what, hours, times, terms)
    days = max(int(position.to_integral_value(ROUND_CEILING)), 1)
    start = working_day_after(received, 1) if received else None
    return Timeline(
        hours=sum((phase.hours for phase in phases), Decimal(0)),
        working_days=days,
        complexity=grade,
        platforms=targets,
        phases=tuple(phases),
        milestones=_milestones(phases, start, rate, bool(number["apps"])),
        received=received,
        deadline=deadline,
        **_deadline(start, deadline, days),
    )


def working_day_after(day: date, count: int) -> date | None:
    """The `count`-th working day (Monday to Friday) after `day`, or None beyond the end of the calendar."""
    weekday = day.weekday()
    base = day - timedelta(days=weekday - 4) if weekday > 4 else day
    weeks, rest = divmod(base.weekday() + count, 5)
    try:
        return base + timedelta(days=weeks * 7 + rest - base.weekday())
    except OverflowError:
        return None


def working_days_between(first: date, last: date) -> int:
    """Working days after `first` up to and including `last`; negative when `last` comes before."""
    if last < first:
        return -working_days_between(last, first)
    whole, rest = divmod((last - first).days, 7)
    return whole * 5 + sum(1 for offset in range(1, rest + 1) if (first.weekday() + offset) % 7 < 5)


def _complexity(rate: Rates, number: Mapping[str, Decimal]) -> Complexity:
    terms = tuple(
        Term(what=rate.counts[name], count=number[name], each=each, total=number[name] * each)
        for name, each in rate.complexity.points.items()
        if number[name]
    )
    points = sum((term.total for term in terms), Decimal(0))
    grades = rate.complexity.grades
    grade = next((grade for grade in grades if grade.up_to is None or points <= grade.up_to), grades[-1])
    return Complexity(points=points, grade=grade.name, buffer=grade.buffer, terms=terms)


def _phase_hours(
    rate: Rates, phase: PhaseRate, number: Mapping[str, Decimal], platforms: int
) -> tuple[Decimal, tuple[Term, ...]]:
    terms = tuple(
        Term(what=rate.counts[name], count=number[name].quantize(Decimal("0.01")), each=each, total=number[name] * each)
        for name, each in phase.each.items()
        if number[name]
    )
    base = (Term(what="in any case", count=Decimal(1), each=phase.base, total=phase.base),) if phase.base else ()
    once = sum((term.total for term in (*base, *terms)), Decimal(0))
    shown = tuple(
        term.model_copy(update={"total": term.total.quantize(Decimal("0.01"), ROUND_HALF_UP)})
        for term in (*base, *terms)
    )
    return _round_up(once * (max(platforms, 1) if phase.per_platform else 1), rate.round_to), shown


def _round_up(hours: Decimal, step: Decimal) -> Decimal:
    return (hours / step).to_integral_value(ROUND_CEILING) * step


def _append(
    phases: list[Phase],
    position: Decimal,
    rate: Rates,
    name: str,
    what: str,
    hours: Decimal,
    times: int = 1,
    terms: tuple[Term, ...] = (),
) -> Decimal:
    end = position + hours / rate.hours_per_day
    last = max(int(end.to_integral_value(ROUND_CEILING)), 1)
    phases.append(
        Phase(
            name=name,
            what=what,
            hours=hours,
            first_day=min(int(position) + 1, last),
            last_day=last,
            times=times,
            terms=terms,
        )
    )
    return end


def _milestones(phases: list[Phase], start: date | None, rate: Rates, accounts: bool) -> tuple[Milestone, ...]:
    names = {
        "Discovery": "Specification confirmed",
        "Build": "Automation built",
        "Connections": "Accounts connected",
        "Testing": "Tests passed",
        "Documentation": "Documents ready",
        "Deployment": "Live",
        "Handover": "Handed over",
    }
    reached = [("Kick-off", 1)]
    if accounts:
        reached.append(("Access granted by the client", max(rate.client_wait_days, 1)))
    reached.extend((names[phase.name], phase.last_day) for phase in phases if phase.name in names and phase.hours)
    reached.sort(key=lambda item: item[1])
    return tuple(
        Milestone(name=name, day=day, on=working_day_after(start, day - 1) if start else None) for name, day in reached
    )


def _deadline(start: date | None, deadline: date | None, days: int) -> dict[str, object]:
    end = working_day_after(start, days - 1) if start else None
    if deadline is None:
        return {"latest_start": None, "spare_days": None, "fit": "no deadline", "note": "The client named no deadline."}
    latest = _working_day_before(deadline, days - 1)
    latest_text = f"Work must start on {latest} at the latest." if latest else ""
    if end is None:
        return {
            "latest_start": latest,
            "spare_days": None,
            "fit": "not dated",
            "note": f"The intake has no date. {latest_text}".strip(),
        }
    spare = working_days_between(end, deadline)
    fit: Fit = "missed" if end > deadline else "tight" if spare < TIGHT_DAYS else "comfortable"
    late, spared = plural(max(-spare, 1), "working day"), plural(spare, "working day")
    met = f"Handover on {end} meets the deadline {deadline} with {spared} to spare."
    note = {
        "missed": f"Handover on {end} misses the deadline {deadline} by {late}. {latest_text}",
        "tight": met,
        "comfortable": met,
    }[fit]
    return {"latest_start": latest, "spare_days": spare, "fit": fit, "note": note.strip()}


def _working_day_before(day: date, count: int) -> date | None:
    """The working day from which `count` further ones lead to `day` (or to the last working day before it)."""
    weekday = day.weekday()
    try:
        base = day - timedelta(days=weekday - 4) if weekday > 4 else day
        weeks, rest = divmod(4 - base.weekday() + count, 5)
        return base - timedelta(days=weeks * 7 + rest - (4 - base.weekday()))
    except OverflowError:
        return None
