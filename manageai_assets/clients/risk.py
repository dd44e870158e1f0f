"""The risk score of a client on a day: 0 to 100, the sum of its parts. Each risk names scenario, step and remedy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from typing import TypeVar

from manageai_assets.clients.calendar import Day
from manageai_assets.clients.facts import BuildFacts, StepFact
from manageai_assets.clients.models import Expiring, Risk, RiskPart, Trouble, Unused, Work
from manageai_assets.monitoring.models import IncidentKind, Platform, ScenarioKey, Severity

CENT = Decimal("0.01")
Account = TypeVar("Account", Unused, Expiring)


@dataclass(frozen=True, slots=True)
class Weight:
    """What a part adds at most, which is when all of the client's scenarios have it, and why so much."""

    most: Decimal
    why: str


WEIGHTS: Mapping[RiskPart, Weight] = {
    "open_incidents": Weight(Decimal(30), "something fails now: what may go wrong counts less than what does"),
    "plan_limit": Weight(
        Decimal(10), "a plan that is used up stops all of a platform, but a bigger one is a click away"
    ),
    "rising_errors": Weight(Decimal(15), "the next incident, seen early"),
    "error_handling": Weight(Decimal(20), "the commonest cause of lost records: one refused call ends the run"),
    "single_point": Weight(Decimal(10), "one account that is locked stops them all, but is mended in one place"),
    "credential_expiry": Weight(
        Decimal(15), "on a known day it stops every scenario that uses the account, but signing in again takes minutes"
    ),
    "untested": Weight(Decimal(10), "nobody knows what a change breaks; nothing is broken yet"),
    "unsupported": Weight(Decimal(10), "a module that the registry doesn't know can't be checked or migrated"),
    "personal_data": Weight(Decimal(10), "a legal risk that depends on the client's contracts"),
    "unowned": Weight(Decimal(5), "an alert that reaches nobody makes each incident longer"),
    "changed": Weight(Decimal(10), "what was tested and agreed isn't what runs; somebody may have had a good reason"),
    "unused_access": Weight(Decimal(5), "access that nothing needs can be stolen, but no run depends on it"),
    "unmanaged": Weight(Decimal(10), "what runs there is known from its runs alone"),
}
INCIDENT_POINTS: Mapping[Severity, Decimal] = {
    "critical": Decimal(15),
    "high": Decimal(8),
    "medium": Decimal(3),
    "low": Decimal(1),
}
"""Of one open incident: two critical ones are the part's most."""
FAILURES: frozenset[IncidentKind] = frozenset(
    ("consecutive_failures", "credential_failure", "error_spike", "rate_limit")
)
"""Incidents of executions that fail: rising errors of the same scenario are the same trouble."""
RECENT_DAYS, BEFORE_DAYS = 7, 28
LEAST_EXECUTIONS = 20
"""Fewer executions in a week say nothing of a rate."""
RISEN_TO = Decimal("0.02")
RISEN_BY = 2
SURE = 3.0
"""Standard deviations: with 12,000 scenarios a day, two would be a false alarm for some 270 of them."""
EXPIRY_AHEAD = timedelta(14)
"""So long before an account's access ends it is told: two weeks, in which somebody who may sign in comes by."""
UNUSED_POINTS = Decimal(1)
"""Of one account: five are the part's most."""
MANY = 3
"""Scenarios that hang on one account before it is a single point of failure."""
NAMED = 3
"""Steps that a risk names."""


def risks_of(
    works: Sequence[Work],
    day: Day,
    facts: Mapping[ScenarioKey, BuildFacts],
    plans: Mapping[Platform, Sequence[Trouble]],
    unused: Sequence[Unused] = (),
    expiring: Sequence[Expiring] = (),
) -> tuple[Risk, ...]:
    """The risks of a client's scenarios that are there at the day's end, the heaviest first. `plans` are the incidents
    of plans that run out too early, which the agency's clients share; `unused` the accounts that no active scenario
    uses, `expiring` those whose access ends at a moment that is known, whosever they are."""
    there = [work for work in works if work.is_there(day.date, day.end)]
    active = [work for work in there if work.is_active(day.end)]
    found = [
        *_incidents(there, day),
        *_plans(active, day, plans),
        *_of_each(active, day, facts),
        *_single_point(active, facts),
        *_unused(there, day, unused),
        *_expiring(active, day, expiring),
    ]
    return tuple(sorted(found, key=lambda one: (-one.points, one.part, one.scenario, one.step)))


def score_of(risks: Sequence[Risk]) -> int:
    """0 to 100: the points of each part, at most its weight, together."""
    parts: dict[RiskPart, Decimal] = defaultdict(Decimal)
    for risk in risks:
        parts[risk.part] += risk.points
    total = sum((min(points, WEIGHTS[part].most) for part, points in parts.items()), Decimal(0))
    return min(100, int(total.to_integral_value(ROUND_HALF_UP)))


def _incidents(works: Sequence[Work], day: Day) -> Iterator[Risk]:
    for work in works:
        for trouble in work.troubles:
            if trouble.is_open(day.end):
                yield Risk(
                    part="open_incidents", points=INCIDENT_POINTS[trouble.severity], scenario=work.scenario.name,
                    what=f"{trouble.kind.replace('_', ' ')}: {trouble.what}",
                    remedy="`manageai incidents` shows it with the suggested repair",
                )  # fmt: skip


def _plans(works: Sequence[Work], day: Day, plans: Mapping[Platform, Sequence[Trouble]]) -> Iterator[Risk]:
    for platform, troubles in sorted(plans.items()):
        names = sorted(work.scenario.name for work in works if work.scenario.key.platform == platform)
        still = [trouble for trouble in troubles if trouble.is_open(day.end)]
        if names and still:
            share = WEIGHTS["plan_limit"].most * len(names) / len(works)
            yield Risk(
                part="plan_limit", points=share.quantize(CENT), scenario=", ".join(names), what=still[0].what,
                remedy="take the next plan before it is used up, or see what takes so much: `manageai opportunities`",
            )  # fmt: skip


def _of_each(works: Sequence[Work], day: Day, facts: Mapping[ScenarioKey, BuildFacts]) -> Iterator[Risk]:
    """What each scenario adds: its share of the part's weight."""

    def risk(part: RiskPart, step: str, what: str, remedy: str) -> Risk:
        points = (WEIGHTS[part].most / len(works)).quantize(CENT)
        return Risk(part=part, points=points, scenario=work.scenario.name, step=step, what=what, remedy=remedy)

    for work in works:
        if not _fails_now(work, day) and (risen := _risen(work, day)) is not None:
            remedy = "look at its last errors with `manageai incidents`, and at what changed in these days"
            yield risk("rising_errors", "", risen, remedy)
        if not work.scenario.contact:
            yield risk("unowned", "", "nobody is named to be told", "deploy it from an intake that names a contact")
        if changes := work.changes(day.date):
            told = "; ".join(map(str, changes[:NAMED])) + _more(changes)
            what = f"it isn't what was delivered as {work.scenario.slug}@v{work.scenario.version}: {told}"
            remedy = "take the change into a new version, or deploy the build again"
            yield risk("changed", ", ".join(dict.fromkeys(one.step for one in changes if one.step)), what, remedy)
        known = facts.get(work.scenario.key)
        if known is None:
            yield risk("unmanaged", "", "it comes from no build", "migrate it, so that its spec is known and tested")
            continue
        if known.unhandled and not known.handled:
            what = f"{len(known.unhandled)} steps change something outside, and none handles an error"
            remedy = "give them an error route, or let them try again"
            yield risk("error_handling", _titles(known.unhandled), what, remedy)
        if known.tested is not True:
            what = "its tests fail" if known.tested is False else "it has no test report"
            yield risk("untested", "", what, f"run `manageai test {work.scenario.slug}@v{work.scenario.version}`")
        if known.unsupported:
            what = f"steps that the registry doesn't know: {', '.join(one.detail for one in known.unsupported[:NAMED])}"
            yield risk("unsupported", _titles(known.unsupported), what, "describe the module in the registry")
        if known.personal:
            goes = "; ".join(f"{one.detail} to {one.app}" for one in known.personal[:NAMED])
            remedy = "see that a processing agreement covers it, or leave these fields out"
            yield risk("personal_data", _titles(known.personal), f"personal data go to others: {goes}", remedy)


def _single_point(works: Sequence[Work], facts: Mapping[ScenarioKey, BuildFacts]) -> Iterator[Risk]:
    by_account: dict[str, list[str]] = defaultdict(list)
    for work in works:
        for account in facts[work.scenario.key].accounts if work.scenario.key in facts else ():
            by_account[account].append(work.scenario.name)
    for account, names in sorted(by_account.items()):
        if len(names) >= MANY and 2 * len(names) > len(works):
            points = (WEIGHTS["single_point"].most * len(names) / len(works)).quantize(CENT)
            yield Risk(
                part="single_point", points=points, scenario=", ".join(sorted(names)), step=account,
                what=f"{len(names)} of {len(works)} scenarios hang on one account",
                remedy="use an account of the company, not of a person, and watch when it ends",
            )  # fmt: skip


def _unused(works: Sequence[Work], day: Day, unused: Sequence[Unused]) -> Iterator[Risk]:
    """Accounts that only switched off scenarios of this client name."""
    for account, names in _with_users(works, unused):
        if account.since <= day.date:
            yield Risk(
                part="unused_access", points=UNUSED_POINTS, scenario=", ".join(names),
                step=f"{account.name} ({account.kind})",
                what=f"no active scenario uses this account since {account.since}",
                remedy="take its access away at the app, then remove it from the platform",
            )  # fmt: skip


def _expiring(works: Sequence[Work], day: Day, expiring: Sequence[Expiring]) -> Iterator[Risk]:
    """Accounts of active scenarios whose access has ended, or ends within two weeks."""
    for account, names in _with_users(works, expiring):
        if account.expires <= day.end + EXPIRY_AHEAD:
            share = WEIGHTS["credential_expiry"].most * len(names) / len(works)
            when = account.expires.astimezone(UTC).date()
            ends = "has ended" if account.expires <= day.end else "ends"
            yield Risk(
                part="credential_expiry", points=share.quantize(CENT), scenario=", ".join(names),
                step=f"{account.name} ({account.kind})", what=f"the account's access {ends} on {when}",
                remedy="sign in again on the platform's page of connections, with an account that may do so",
            )  # fmt: skip


def _with_users(works: Sequence[Work], accounts: Sequence[Account]) -> Iterator[tuple[Account, list[str]]]:
    """The accounts that some of these scenarios name, with the names of those."""
    own = {(work.scenario.key.platform, work.scenario.key.external_id): work.scenario.name for work in works}
    for account in accounts:
        names = sorted(filter(None, (own.get((account.platform, one)) for one in account.scenarios)))
        if names:
            yield account, names


def _fails_now(work: Work, day: Day) -> bool:
    """Whether an open incident tells of its failures already, so that they don't count twice."""
    return any(one.kind in FAILURES and one.is_open(day.end) for one in work.troubles)


def _risen(work: Work, day: Day) -> str | None:
    """How its share of errors rose, if it did by more than chance does."""
    recent = work.over(day.date, RECENT_DAYS)
    before = work.over(day.date - timedelta(RECENT_DAYS), BEFORE_DAYS)
    if recent.executions < LEAST_EXECUTIONS or before.executions < LEAST_EXECUTIONS:
        return None
    now, then = Decimal(recent.errors) / recent.executions, Decimal(before.errors) / before.executions
    if now < RISEN_TO or now < RISEN_BY * then:
        return None
    pooled = (recent.errors + before.errors) / (recent.executions + before.executions)
    noise = sqrt(pooled * (1 - pooled) * (1 / recent.executions + 1 / before.executions))
    if noise and float(now - then) < SURE * noise:
        return None
    return (
        f"{recent.errors} of {recent.executions} executions failed in the last {RECENT_DAYS} days ({now:.1%}), "
        f"{before.errors} of {before.executions} in the {BEFORE_DAYS} days before ({then:.1%})"
    )


def _titles(steps: Sequence[StepFact]) -> str:
    return ", ".join(step.title for step in steps[:NAMED]) + _more(steps)


def _more(listed: Sequence[object]) -> str:
    return f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
