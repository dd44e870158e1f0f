"""How a report's facts are found: `report_of` is a function of what is stored, and of nothing else."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from manageai_assets.build.cost import CENT
from manageai_assets.clients.bills import bill_for
from manageai_assets.clients.calendar import day_of
from manageai_assets.clients.models import RiskPart, Totals, Work
from manageai_assets.clients.reports.models import (
    Assumption,
    DayLine,
    Figures,
    IncidentFacts,
    IncidentTotals,
    MonthLine,
    MonthlyReport,
    Outlook,
    RiskFacts,
    ScenarioFacts,
    State,
    Weight,
)
from manageai_assets.clients.reports.months import Month, month_of
from manageai_assets.clients.reports.recommending import recommendations_of
from manageai_assets.clients.reports.stored import TREND, Material, StoredIncident
from manageai_assets.clients.risk import RECENT_DAYS, WEIGHTS
from manageai_assets.clients.snapshots import SERIOUS
from manageai_assets.clients.usage import ahead
from manageai_assets.monitoring.models import PLATFORMS, IncidentKind, Platform
from resources.artifacts import BuildKey

HEAVY, NOTABLE = Decimal(10), Decimal(4)
"""Points of the risk score from which a kind of risk has high weight, and medium: two parts of most weight are high
together, and what concerns a few of many scenarios is low."""
TENTH = Decimal("0.1")
OF_ALL: tuple[RiskPart, ...] = ("single_point", "plan_limit")
BAD: tuple[State, ...] = ("incident", "failures", "off", "healthy", "gone")
"""The order in which scenarios are told: those with trouble first."""


def report_of(given: Material) -> MonthlyReport:
    """The facts of a client's month."""
    month, snapshot, brand = given.month, given.snapshot, given.brand
    own = [work for work in given.works if _was_there(work, month, given)]
    months = tuple(_trend(given))
    this = months[-1]
    scenarios = _scenarios(given, own, this, months[-2] if len(months) > 1 else None)
    incidents = tuple(_incident(one, given) for one in given.incidents)
    born = min((work.born for work in given.works), default=month.first)
    before = Figures(**months[-2].model_dump(exclude={"month"})) if len(months) > 1 else None
    return MonthlyReport(
        client=given.client,
        month=month.first,
        zone=given.zone.key,
        joined=born if born > month.first else None,
        currency=brand.price.currency,
        make_currency=snapshot.make_currency,
        n8n_currency=snapshot.n8n_currency,
        prices_as_of=given.prices.as_of,
        totals=Figures(**this.model_dump(exclude={"month"})),
        before=before,
        n8n_own_cost=bill_for(given.prices, "n8n_self_hosted", this.n8n_executions).amount,
        hours_value=(this.hours * brand.savings.hour).quantize(CENT, ROUND_HALF_UP),
        hour=brand.savings.hour,
        work_hour=given.work_hour,
        scenarios_there=snapshot.scenarios_total,
        scenarios_healthy=snapshot.scenarios_healthy,
        days=tuple(_day(own, month.first + dt.timedelta(place)) for place in range(month.days)),
        months=months,
        scenarios=scenarios,
        incident_totals=_incident_totals(incidents, given),
        incidents=incidents,
        risk_score=snapshot.risk_score,
        risk_score_before=given.before.risk_score if given.before else None,
        risks=tuple(_risks(given)),
        recommendations=recommendations_of(given),
        outlook=tuple(_outlook(given)),
        assumptions=tuple(_assumptions(given)),
    )


def _was_there(work: Work, month: Month, given: Material) -> bool:
    gone = work.scenario.gone_at
    return work.born <= month.last and (gone is None or gone >= month.start(given.zone))


# -- months and days ----------------------------------------------------------------------------------------------


def _trend(given: Material) -> Iterator[MonthLine]:
    """The months from the client's first one on, as far as the trend goes."""
    born = min((work.born for work in given.works), default=given.month.first)
    first = max(month_of(born), given.month.plus(1 - TREND))
    month = min(first, given.month)
    while month <= given.month:
        yield _month(given, month)
        month = month.plus(1)


def _month(given: Material, month: Month) -> MonthLine:
    did = {work.scenario.key: (work, work.over(month.last, month.days)) for work in given.works}
    operations: dict[Platform, int] = dict.fromkeys(PLATFORMS, 0)
    for work, totals in did.values():
        operations[work.scenario.key.platform] += totals.operations
    steps = sum(_hand_steps(work, totals, given) for work, totals in did.values())
    minutes = steps * given.assumed.hand_minutes_per_step.value
    return MonthLine(
        month=month.first,
        runs=sum(totals.executions for _, totals in did.values()),
        failed=sum(totals.errors for _, totals in did.values()),
        make_operations=operations["make"],
        n8n_executions=operations["n8n"],
        make_cost=bill_for(given.prices, "make", operations["make"]).amount,
        n8n_cost=bill_for(given.prices, "n8n_cloud", operations["n8n"]).amount,
        hand_steps=steps,
        hours=(minutes / 60).quantize(TENTH, ROUND_HALF_UP),
    )


def _hand_steps(work: Work, did: Totals, given: Material) -> int:
    """Steps that went through, without the one that starts each run.

    On Make they are measured: each operation beyond a run's first is a step, and an empty check has none; of runs that
    failed, nothing is counted. n8n counts runs only: the spec says how many steps one has."""
    good = did.executions - did.errors
    if not good:
        return 0
    if work.scenario.key.platform == "make":
        steps = Fraction(max(0, did.operations - did.executions) * good, did.executions)
        return int((Decimal(steps.numerator) / steps.denominator).to_integral_value(ROUND_HALF_UP))
    slug, version = work.scenario.slug, work.scenario.version
    known = given.facts.get(BuildKey(slug, version)) if slug and version else None
    each = max(Decimal(0), known.operations_a_run - 1) if known else given.assumed.hand_steps_per_run.value
    return int((good * each).to_integral_value(ROUND_HALF_UP))


def _day(works: Sequence[Work], date: dt.date) -> DayLine:
    did = [work.on(date) for work in works]
    return DayLine(
        runs=sum(one.executions for one in did),
        failed=sum(one.errors for one in did),
        operations=sum(one.operations for one in did),
    )


# -- scenarios ----------------------------------------------------------------------------------------------------


def _scenarios(
    given: Material, works: Sequence[Work], this: MonthLine, before: MonthLine | None
) -> tuple[ScenarioFacts, ...]:
    month = given.month
    shares, shares_before = _shares(given, month, this), _shares(given, month.plus(-1), before)
    found = [_scenario(given, work, shares, shares_before) for work in works]
    return tuple(sorted(found, key=lambda one: (BAD.index(one.state), -one.operations, one.name, one.key)))


def _scenario(
    given: Material, work: Work, shares: Mapping[str, Decimal | None], before: Mapping[str, Decimal | None]
) -> ScenarioFacts:
    month, key = given.month, str(work.scenario.key)
    did, earlier = work.over(month.last, month.days), work.over(month.first - dt.timedelta(1), month.plus(-1).days)
    state, trouble, week = _state(given, work)
    gone = work.scenario.gone_at
    return ScenarioFacts(
        key=key,
        name=work.scenario.name or work.scenario.key.external_id,
        platform=work.scenario.key.platform,
        state=state,
        trouble=trouble,
        recent_runs=week.executions,
        recent_failed=week.errors,
        since=work.born if work.born > month.first else None,
        gone=gone.astimezone(given.zone).date() if state == "gone" and gone else None,
        runs=did.executions,
        failed=did.errors,
        operations=did.operations,
        operations_before=earlier.operations if work.born < month.first else None,
        cost=shares.get(key),
        cost_before=before.get(key) if work.born < month.first else None,
        days=tuple(_day([work], month.first + dt.timedelta(place)) for place in range(month.days)),
    )


def _state(given: Material, work: Work) -> tuple[State, IncidentKind | None, Totals]:
    """How a scenario was at the month's end, with what its snapshot's trouble is made of."""
    end, none = given.month.end(given.zone), Totals()
    line = next((one for one in given.snapshot.details.scenarios if one.scenario == str(work.scenario.key)), None)
    if line is None or not work.is_there(given.month.last, end):
        return "gone", None, none
    if not line.active:
        return "off", None, none
    if line.healthy:
        return "healthy", None, none
    serious = [one for one in work.troubles if one.severity in SERIOUS and one.is_open(end)]
    if serious:
        return "incident", serious[0].kind, none
    return "failures", None, work.over(given.month.last, RECENT_DAYS)


def _shares(given: Material, month: Month, line: MonthLine | None) -> dict[str, Decimal | None]:
    """Each scenario's share of its platform's bill, by operations. The shares add up to the bill, to the cent: what is
    left of rounding down goes to those that lost the most by it."""
    found: dict[str, Decimal | None] = {}
    if line is None:
        return found
    bills = {"make": line.make_cost, "n8n": line.n8n_cost}
    for platform, bill in bills.items():
        did = {
            str(work.scenario.key): work.over(month.last, month.days).operations
            for work in given.works
            if work.scenario.key.platform == platform
        }
        total = sum(did.values())
        if bill is None or not total:
            found |= dict.fromkeys(did, None if bill is None else Decimal("0.00"))
            continue
        exact = {key: bill * operations / total for key, operations in did.items()}
        shares = {key: amount.quantize(CENT, ROUND_DOWN) for key, amount in exact.items()}
        left = int((bill - sum(shares.values(), Decimal(0))) / CENT)
        for key in sorted(exact, key=lambda one: (shares[one] - exact[one], one))[:left]:
            shares[key] += CENT
        found |= shares
    return found


# -- incidents and risks ------------------------------------------------------------------------------------------


def _incident(one: StoredIncident, given: Material) -> IncidentFacts:
    end = given.month.end(given.zone)
    resolved = one.resolved_at if one.resolved_at is not None and one.resolved_at < end else None
    answered = one.answered_at if one.answered_at is not None and one.answered_at < end else None
    return IncidentFacts(
        kind=one.kind,
        severity=one.severity,
        platform=one.platform,
        scenarios=one.scenarios,
        opened_at=one.opened_at,
        resolved_at=resolved,
        answered_after=_minutes(answered - one.opened_at) if answered else None,
        open_for=_minutes((resolved or end) - one.opened_at),
    )


def _minutes(span: dt.timedelta) -> int:
    return max(0, round(span.total_seconds() / 60))


def _incident_totals(incidents: Sequence[IncidentFacts], given: Material) -> IncidentTotals:
    start = given.month.start(given.zone)
    resolved = [one.open_for for one in incidents if one.resolved_at is not None]
    answered = [one.answered_after for one in incidents if one.answered_after is not None]
    return IncidentTotals(
        opened=sum(one.opened_at >= start for one in incidents),
        brought_along=sum(one.opened_at < start for one in incidents),
        resolved=len(resolved),
        still_open=len(incidents) - len(resolved),
        median_minutes=round(statistics.median(resolved)) if resolved else None,
        longest_minutes=max(resolved) if resolved else None,
        answered_median=round(statistics.median(answered)) if answered else None,
    )


def _risks(given: Material) -> Iterator[RiskFacts]:
    """The risks by kind, the heaviest first. Those that concern the whole estate name no scenario."""
    names: dict[RiskPart, set[str]] = defaultdict(set)
    points: dict[RiskPart, Decimal] = defaultdict(Decimal)
    for risk in given.snapshot.risks:
        names[risk.part] |= set() if risk.part in OF_ALL else {risk.scenario}
        points[risk.part] += risk.points
    parts = [part for part in WEIGHTS if part in names]
    for part in sorted(parts, key=lambda one: -min(points[one], WEIGHTS[one].most)):
        added = min(points[part], WEIGHTS[part].most)
        weight: Weight = "high" if added >= HEAVY else "medium" if added >= NOTABLE else "low"
        yield RiskFacts(part=part, weight=weight, points=added, scenarios=tuple(sorted(names[part])))


# -- what comes ---------------------------------------------------------------------------------------------------


def _outlook(given: Material) -> Iterator[Outlook]:
    """What each platform that is used will take, if what is switched on goes on as it did."""
    last, coming = day_of(given.month.last, given.zone), given.month.plus(1)
    there = [work for work in given.works if work.is_there(last.date, last.end) and work.is_active(last.end)]
    for platform in PLATFORMS:
        works = [work for work in there if work.scenario.key.platform == platform]
        if works:
            rest = ahead(works, last.date, coming.days)
            bill = bill_for(given.prices, "make" if platform == "make" else "n8n_cloud", rest.expected)
            yield Outlook(platform=platform, expected=rest.expected, low=rest.low, high=rest.high, cost=bill.amount)


def _assumptions(given: Material) -> Iterator[Assumption]:
    assumed = given.assumed
    for name in ("hand_minutes_per_step", "hand_steps_per_run", "failure_minutes", "caught_share", "usd_per_eur"):
        one = getattr(assumed, name)
        yield Assumption(name=name, value=one.value, why=one.why)
