"""What the documents reckon from the build: running cost, time saved, what is accepted, what is uncertain."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from compilers.errors import Finding
from compilers.registry import registry
from compilers.spec import OperationStep
from manageai_assets.build.cost import CENT, Money, PlatformCost
from manageai_assets.build.operations import Basis
from manageai_assets.documents import facts as f
from manageai_assets.documents import words
from manageai_assets.testing.models import CaseGroup, CaseResult

if TYPE_CHECKING:
    from manageai_assets.documents.finding import Material

SHOWN_RISKS = 12
"""Risks that are worth a client's time; the technical documents have all findings."""
ENOUGH_CRITERIA = 40


def running_of(given: Material) -> tuple[f.Running, ...]:
    """What the platforms charge, those that are delivered first."""
    wanted = {report.platform for report in given.exports.wanted if report.report is not None}

    def is_wanted(cost: PlatformCost) -> bool:
        return cost.platform.split("_")[0] in wanted

    rows = sorted(given.cost.platforms, key=lambda cost: not is_wanted(cost))
    return tuple(_running(cost, is_wanted(cost), given) for cost in rows)


def _running(cost: PlatformCost, wanted: bool, given: Material) -> f.Running:
    say = given.say
    unit = say(f"facts.unit.{cost.unit}")
    above = say("facts.above.ask", platform=cost.name)
    if cost.recommended is not None:
        above = say("facts.above.fits", n=say.number(cost.priced_for), unit=unit, platform=cost.name)
    return f.Running(
        platform=cost.name,
        wanted=wanted,
        unit=unit,
        per_run=cost.per_run,
        per_month=cost.per_month,
        priced_for=cost.priced_for,
        plan=cost.recommended,
        monthly=cost.monthly,
        yearly=cost.yearly,
        above=above,
        source=cost.source,
    )


def volume_of(given: Material) -> f.Volume:
    """The volume that the prices reckon with, and where it comes from."""
    say, runs = given.say, given.cost.runs
    headroom = next(row.value for row in given.cost.basis if row.what == "headroom of the plans")
    return f.Volume(
        runs=runs.per_month,
        basis=say(f"facts.volume.{_origin(given)}"),
        headroom_percent=headroom * 100,
        assumed=tuple(_assumed(row, given) for row in given.cost.operations.basis),
    )


_ASSUMED = (
    ("elements that ", "elements"),
    ("elements of a list", "list"),
    ("results of one search", "results"),
    ("groups of", "groups"),
    ("repeats that", "repeats"),
    ("bundles that pass", "filters"),
    ("calls that fail", "failures"),
)
"""How the estimate begins to name what it assumes, and the message that says the same."""


def _assumed(row: Basis, given: Material) -> str:
    say = given.say
    source = say(f"facts.assumed.{'ours' if row.source.startswith('assumed') else 'sample'}")
    key = next((name for start, name in _ASSUMED if row.what.startswith(start)), "other")
    named = row.what.split("`")
    step = given.graph.get(named[1]) if len(named) == 3 else None
    values = {"what": row.what, "value": say.number(row.value), "source": source, "step": step.title if step else ""}
    return say(f"facts.assumed.{key}", **values)


def _origin(given: Material) -> str:
    source = next((row.source for row in given.cost.runs.basis if row.what == "runs a month"), "")
    return "assumed" if source.startswith("assumed") else "schedule" if source.startswith("the schedule") else "given"


def savings_of(given: Material) -> f.Savings:
    """Minutes by hand for each call of an app, as often as a run makes it, over a month's runs."""
    price, rule, say = given.brand.price, given.brand.savings, given.say
    minutes = Decimal(0)
    times = {row.step: row.times for row in given.cost.operations.steps}
    errors = given.graph.error_steps
    for step in given.spec.steps:
        if isinstance(step, OperationStep) and step.id not in errors and not step.disabled:
            operation = registry().find(step.app, step.operation)
            kind = operation.kind if operation else "action"
            each = {"search": rule.minutes.search, "transform": rule.minutes.transform}.get(kind, rule.minutes.action)
            minutes += times.get(step.id, Decimal(0)) * each
    hours = (minutes * given.cost.runs.per_month / 60).quantize(Decimal("0.1"), ROUND_HALF_UP)
    hour = Money(amount=rule.hour, currency=price.currency)
    named = {name: say.number(value) for name, value in rule.minutes}
    return f.Savings(
        minutes_per_run=minutes.quantize(Decimal("0.1"), ROUND_HALF_UP),
        hours_per_month=hours,
        hour=hour,
        value_per_month=Money(amount=(hours * rule.hour).quantize(CENT), currency=price.currency),
        basis=say("facts.savings.basis", hour=say.money(rule.hour, price.currency), **named),
    )


# -- acceptance ---------------------------------------------------------------------------------------------------


def criteria_of(given: Material) -> tuple[f.Criterion, ...]:
    """What must be shown at the acceptance: what the test cases show, said once for each route and each app."""
    found = [
        f.Criterion(
            number=number,
            text=text,
            proof=given.say.count("facts.criterion.proof_cases", len(results)),
            cases=len(results),
            passed=sum(result.passed for result in results),
        )
        for number, (text, results) in enumerate(_criteria(given), 1)
    ]
    return tuple(found[:ENOUGH_CRITERIA])


def _criteria(given: Material) -> Iterator[tuple[str, list[CaseResult]]]:
    say = given.say
    routes = _cases(given, "routes")
    named = dict(_routes(given))
    usual = [one for one in routes if _route_of(one, named) is None]
    if usual:
        yield say("facts.criterion.usual"), usual
    for key, name in named.items():
        if mine := [one for one in routes if _route_of(one, named) == key]:
            yield say("facts.criterion.route", route=name), mine
    if edges := _cases(given, "edges"):
        yield say("facts.criterion.empty"), edges
    yield from _failures(given)
    for result in _cases(given, "business"):
        yield say("facts.criterion.business", title=result.case.title), [result]


def _cases(given: Material, group: CaseGroup) -> list[CaseResult]:
    return [one for one in given.tests.results if one.case.group == group] if given.tests else []


def _routes(given: Material) -> Iterator[tuple[str, str]]:
    """The routes and branches, by the step that each leads to, and what they are called."""
    for edge in given.spec.edges:
        if edge.kind in ("route", "branch") and not edge.disabled:
            source = given.graph.step(edge.source)
            name = words.way(edge, given.say) or given.graph.step(edge.target).title
            yield edge.target, f"{source.title}: {name}"


def _route_of(result: CaseResult, named: dict[str, str]) -> str | None:
    """The last route that the case must take; a case of the routes that must take none shows usual data."""
    return next((step for step in reversed(result.case.must_reach) if step in named), None)


def _failures(given: Material) -> Iterator[tuple[str, list[CaseResult]]]:
    """For each app's step that can fail, the cases in which it does."""
    results = _cases(given, "errors")
    for step in given.spec.nodes:
        mine = [one for one in results if _fails(one, step.id)]
        if not mine or not isinstance(step, OperationStep):
            continue
        told = words.on_failure(step, given.graph, given.say) or given.say("facts.error.rollback")
        app = words.kind(step, given.say)
        yield given.say("facts.criterion.failure", app=app, step=step.title, strategy=told), mine


def _fails(result: CaseResult, step: str) -> bool:
    """Whether it is this step whose failure the case is about: the last one that fails, behind what it handles."""
    failing = [one.step for one in result.steps if one.expected is not None and one.expected.errors]
    return bool(failing) and failing[-1] == step


# -- what is uncertain --------------------------------------------------------------------------------------------


def risks_of(given: Material) -> tuple[f.Risk, ...]:
    """What is uncertain, the worst first."""
    order = ("high", "medium", "low")
    return tuple(sorted(_risks(given), key=lambda risk: order.index(risk.severity)))[:SHOWN_RISKS]


def _risks(given: Material) -> Iterator[f.Risk]:
    say, confidence = given.say, given.confidence

    def risk(severity: str, key: str, what: str = "", **values: object) -> f.Risk:
        told = what or say(f"facts.risk.{key}.what", **values)
        why, handling = say(f"facts.risk.{key}.why", **values), say(f"facts.risk.{key}.handling", **values)
        return f.Risk.model_validate({"severity": severity, "what": told, "why": why, "handling": handling})

    if given.tests is None or not given.tests.results:
        yield risk("high", "untested")
    elif confidence.flagged:
        passed, cases = sum(one.passed for one in given.tests.results), len(given.tests.results)
        yield risk("high", "tests", passed=passed, cases=cases)
    for finding in _findings(given):
        severe = finding.severity == "error"
        yield risk("high" if severe else "medium", "error" if severe else "finding", _placed(finding, given))
    for report in given.exports.wanted:
        if report.report is None:
            reason = report.reasons[0].what.rstrip(".") if report.reasons else report.status
            yield risk("high", "platform", platform=report.title, reason=reason)
    if given.timeline.deadline is not None and given.timeline.fit == "missed":
        days = say.number(given.timeline.working_days)
        yield risk("high", "deadline", deadline=say.date(given.timeline.deadline), days=days)
    for assumption in given.spec.assumptions:
        yield risk(assumption.severity, "assumption", assumption.text)
    for question in given.assessment.questions:
        yield risk("medium", "question", question.what)
    if given.assessment.retries:
        yield risk("medium", "retries_more", say.count("facts.risk.retries", len(given.assessment.retries)))
    if _origin(given) == "assumed":
        yield risk("medium", "volume", runs=say.about(given.cost.runs.per_month))
    yield risk("low", "vendor")


def _findings(given: Material) -> tuple[Finding, ...]:
    """What the checks found, each sentence once; notes of platforms are for the team."""
    read = (finding for finding in given.assessment.findings if finding.rule.startswith("intake."))
    found = (*read, *given.checked.findings, *given.exports.findings)
    serious = {(finding.where, finding.what): finding for finding in found if finding.severity in ("error", "warning")}
    return tuple(serious.values())


def _placed(finding: Finding, given: Material) -> str:
    """What was found, behind the title of the step where it was found."""
    parts = finding.where.split(".")
    step = given.graph.get(parts[1]) if parts[0] == "steps" and len(parts) > 1 else None
    return f"{step.title}: {finding.what}" if step is not None else finding.what


def settle_of(given: Material) -> tuple[str, ...]:
    """What must be settled before a draft can be signed."""
    say = given.say
    open_points: list[str] = []
    if given.tests is not None and given.confidence.flagged:
        passed, cases = sum(one.passed for one in given.tests.results), len(given.tests.results)
        open_points.append(say("facts.settle.tests", passed=passed, cases=cases))
    for finding in _findings(given):
        key = "mend" if finding.severity == "error" else "look"
        open_points.append(say(f"facts.settle.{key}", what=_placed(finding, given)))
    open_points += [say("facts.settle.answer", what=question.what) for question in given.assessment.questions]
    open_points += [say("facts.settle.confirm", what=assumption.text) for assumption in given.spec.assumptions]
    return tuple(dict.fromkeys(open_points))
