"""What is worth doing for a client, ranked, each with its arithmetic and where its numbers are from.

Money is saved only when the bill falls: fewer operations on the same plan are no money, and are said as operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations

from manageai_assets.build.cost import CENT, PlatformKey, Prices
from manageai_assets.build.flow_words import app_name
from manageai_assets.clients.assumptions import Assumptions
from manageai_assets.clients.bills import Bill, bill_for
from manageai_assets.clients.calendar import Day
from manageai_assets.clients.facts import BuildFacts, LoopFact
from manageai_assets.clients.models import Opportunity, OpportunityKind, Totals, Work
from manageai_assets.clients.usage import KNOWN_DAYS, usage_of
from manageai_assets.monitoring.models import Platform, ScenarioKey

LEAST_OPERATIONS = 500
"""Fewer operations a month are worth nobody's hour: half the smallest plan of Make."""
MEASURED = f"operations and executions of the last {KNOWN_DAYS} days, table scenario_days"
OF_SPEC = "the scenario's spec, table build_facts"
OF_LOOP = f"{OF_SPEC}; how often its loops run is measured by nobody: samples say it, or data/workload.yaml assumes it"
SIMILAR_APPS = 2
SIMILAR_CLIENTS = 2
"""Clients that share so many apps, and so many of them, before what they have says something of another."""
NAMED = 3
"""Scenarios that a title names."""
NEXT_AT_MOST = 2
"""Apps that a client is told of: more would be a catalogue, and one alone hides the next best."""
POINTS_WITHOUT_MONEY = 5
"""What a kind of opportunity that saves no money adds to the score, however often it is there."""
LEAST_FAILURES = 5
"""Failed executions in four weeks before handling errors is worth an hour: about one a week."""


@dataclass(frozen=True, slots=True)
class Estate:
    """What opportunities are looked for in: a client's scenarios on a day, and what is known around them.

    `elsewhere` are the apps of the agency's other clients."""

    works: Sequence[Work]
    day: Day
    facts: Mapping[ScenarioKey, BuildFacts]
    prices: Prices
    assumed: Assumptions
    elsewhere: Mapping[str, frozenset[str]]

    @property
    def active(self) -> list[Work]:
        """The scenarios that will run on: there and switched on at the day's end."""
        day = self.day
        return [work for work in self.works if work.is_there(day.date, day.end) and work.is_active(day.end)]

    @property
    def month_days(self) -> int:
        """Days of the month."""
        return self.day.date.day + self.day.days_left

    def operations(self, platform: Platform) -> int:
        """Operations of a whole month on a platform, if all goes on as it does."""
        going_on = [work for work in self.active if work.scenario.key.platform == platform]
        return sum(self.a_month(work.over(self.day.date, KNOWN_DAYS).operations, work) for work in going_on)

    @property
    def currency(self) -> str:
        """The currency that savings are told in: that of Make's prices."""
        return self.prices.platforms["make"].currency

    def bill(self) -> Decimal:
        """What a month costs on both platforms together, in the currency of Make; what needs a quote left out."""
        make = bill_for(self.prices, "make", self.operations("make")).amount or Decimal(0)
        n8n = bill_for(self.prices, "n8n_cloud", self.operations("n8n")).amount or Decimal(0)
        return make + n8n * self.assumed.usd_per_eur.value

    def a_month(self, of_days: Decimal | int, work: Work) -> int:
        """What a number over a scenario's known days comes to in a month of this length."""
        a_month = Decimal(of_days) * self.month_days / self.known_days(work)
        return int(a_month.to_integral_value(ROUND_HALF_UP))

    def known_days(self, work: Work) -> int:
        """Days that tell what is usual for a scenario: four weeks, or as many as there are."""
        return min(KNOWN_DAYS, (self.day.date - work.born).days + 1)


def opportunities_of(estate: Estate, price_of_hour: Decimal) -> tuple[Opportunity, ...]:
    """The client's opportunities, the best first: see `rank`."""
    active = estate.active
    known = [(work, estate.facts[work.scenario.key]) for work in active if work.scenario.key in estate.facts]
    found = [
        *_move(estate, known, price_of_hour),
        *(one for work, facts in known for one in _in_one(estate, work, facts)),
        *_merge(estate, known),
        *_next(estate, known),
        *_plans(estate),
    ]
    return tuple(sorted(_told_apart(found), key=lambda one: rank(one, price_of_hour)))


def _told_apart(found: Sequence[Opportunity]) -> Iterator[Opportunity]:
    """Says of what saves operations on Make, and of the move away from there that saves them too, that it is one or
    the other."""
    moved = {name for one in found if one.kind == "move_to_n8n" for name in one.scenarios}
    line = "the move to n8n saves this too: it is one or the other"
    for one in found:
        twice = one.kind != "move_to_n8n" and one.operations and moved & {*one.scenarios}
        yield one.model_copy(update={"arithmetic": (*one.arithmetic, line)}) if twice else one


def rank(one: Opportunity, price_of_hour: Decimal) -> tuple[bool, Decimal, int, int, Decimal, str]:
    """The key by which opportunities are sorted, the best first: money by what a year saves less the work, then what
    isn't money by the operations that it saves and the failures that it is about, then by the work."""
    worth = (one.saving or Decimal(0)) * 12 - one.hours * price_of_hour if one.saving else Decimal(0)
    return (one.saving is None, -worth, -one.operations, -one.failures, one.hours, one.title)


def score_of(found: Sequence[Opportunity], bill: Decimal) -> int:
    """0 to 100: what share of the monthly bill could be saved, in percent, and a little for what isn't money. Ways that
    exclude each other are added up; more than the whole bill is still 100. `bill` is that of the plans that are needed;
    what is paid for bigger ones than that belongs to what is paid now."""
    saved = sum((one.saving or Decimal(0) for one in found), Decimal(0))
    beyond = sum((one.saving or Decimal(0) for one in found if one.kind == "plan_change"), Decimal(0))
    share = 100 * saved / (bill + beyond) if bill + beyond else Decimal(0)
    others = POINTS_WITHOUT_MONEY * len({one.kind for one in found if not one.saving})
    return min(100, int((share + others).to_integral_value(ROUND_HALF_UP)))


@dataclass(frozen=True, slots=True)
class _Moved:
    """A scenario that could be moved from Make to n8n, and what it takes on each in a month. A check that finds nothing
    is an operation there, and no execution here."""

    name: str
    steps: int
    operations: int
    executions: int


def _move(estate: Estate, known: Sequence[tuple[Work, BuildFacts]], price_of_hour: Decimal) -> Iterator[Opportunity]:
    """Those scenarios moved to n8n that are worth it: the ones with the most operations for an execution first, and as
    many as save the most in a year, less the work; none where a year doesn't pay for the work. Plans are paid for as a
    whole, so all are looked at together."""
    moved = [
        _moved(estate, work, facts)
        for work, facts in known
        if work.scenario.key.platform == "make" and not facts.unsupported
    ]
    moved.sort(key=lambda one: (-Decimal(one.operations) / max(one.executions, 1), one.name))
    found = [one for count in range(len(moved)) if (one := _moving(estate, moved[: count + 1])) is not None]
    best = min(found, key=lambda one: rank(one, price_of_hour), default=None)
    if best is not None and best.saving and 12 * best.saving > best.hours * price_of_hour:
        yield best


def _moved(estate: Estate, work: Work, facts: BuildFacts) -> _Moved:
    past = work.over(estate.day.date, KNOWN_DAYS)
    busy = int(_busy(past, facts).to_integral_value(ROUND_HALF_UP))
    return _Moved(work.scenario.name, facts.steps, estate.a_month(past.operations, work), estate.a_month(busy, work))


def _moving(estate: Estate, moved: Sequence[_Moved]) -> Opportunity | None:
    """What moving exactly these comes to; None where a plan needs a quote."""
    executions, operations = sum(one.executions for one in moved), sum(one.operations for one in moved)
    on_make, on_n8n = estate.operations("make"), estate.operations("n8n")
    now, left = (bill_for(estate.prices, "make", units) for units in (on_make, on_make - operations))
    before, after = (bill_for(estate.prices, "n8n_cloud", units) for units in (on_n8n, on_n8n + executions))
    if now.amount is None or left.amount is None or before.amount is None or after.amount is None:
        return None
    assumed, steps = estate.assumed, sum(one.steps for one in moved)
    rate, hours_each, hours_step = assumed.usd_per_eur, assumed.move_hours_per_scenario, assumed.move_hours_per_step
    saving = (now.amount - left.amount - (after.amount - before.amount) * rate.value).quantize(CENT, ROUND_HALF_UP)
    hours = hours_each.value * len(moved) + hours_step.value * steps
    return Opportunity(
        kind="move_to_n8n",
        title=f"Move from Make to n8n Cloud: {_named(moved)}",
        scenarios=tuple(sorted(one.name for one in moved)),
        saving=saving,
        currency=now.currency,
        operations=operations,
        hours=hours,
        arithmetic=(
            f"Make now: {now}",
            f"Make then, with {operations:,} operations less: {left}",
            f"n8n Cloud now: {before}",
            f"n8n Cloud then, with {executions:,} executions more (checks that find nothing are none): {after}",
            f"{now.amount:,.2f} - {left.amount:,.2f} - ({after.amount:,.2f} - {before.amount:,.2f}) x {rate.value} "
            f"= {saving:,.2f} {now.currency} a month",
            f"work: {len(moved)} x {hours_each.value} h + {steps} steps x {hours_step.value} h = {hours} h",
        ),
        sources=(MEASURED, now.source, after.source, f"USD per EUR: {rate.why}", f"hours: {hours_each.why}"),
    )


def _named(moved: Sequence[_Moved]) -> str:
    """The scenarios by their names, or how many they are besides the first ones."""
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    return ", ".join(one.name for one in moved[:NAMED]) + more


def _busy(past: Totals, facts: BuildFacts) -> Decimal:
    """How many of these runs found something to do: an empty check of a polling trigger takes one operation."""
    if not facts.interval_minutes or facts.operations_a_run <= 1:
        return Decimal(past.executions)
    busy = (past.operations - past.executions) / (facts.operations_a_run - 1)
    return min(Decimal(past.executions), max(Decimal(0), busy))


def _amount(bill: Bill) -> Decimal:
    return bill.amount or Decimal(0)


PLANS: Mapping[Platform, tuple[PlatformKey, str]] = {"make": ("make", "Make"), "n8n": ("n8n_cloud", "n8n Cloud")}


def _plans(estate: Estate) -> Iterator[Opportunity]:
    """Another plan than the last month needed: a bigger one where even the lower end of what is expected needs it, a
    smaller one where even the upper end fits. Last month must be known from its first day on; that it had more days or
    fewer is no reason."""
    last, days = estate.day.last_month
    for platform, (key, name) in PLANS.items():
        works = [work for work in estate.works if work.scenario.key.platform == platform]
        usage = usage_of(works, estate.day)
        if usage.low is None or usage.high is None or not any(work.born <= last.replace(day=1) for work in works):
            continue
        units = sum(work.over(last, days).operations for work in works)
        alike = int((Decimal(units) * estate.month_days / days).to_integral_value(ROUND_HALF_UP))
        low, then, high = (bill_for(estate.prices, key, count) for count in (usage.low, usage.projected, usage.high))
        most, least = (bill_for(estate.prices, key, pick(units, alike)) for pick in (max, min))
        if not units or any(bill.amount is None for bill in (low, then, high, most, least)):
            continue
        told = (
            f"{last:%Y-%m}: {units:,} in {days} days, as many as {alike:,} in {estate.month_days}",
            f"{estate.day.date:%Y-%m}, as expected: {then}",
            f"at least: {low}; at most: {high}",
        )
        names = tuple(sorted(work.scenario.name for work in works))
        if _amount(low) > _amount(most):
            yield _plan_change(estate, name, "bigger", names, (most, then), told, None)
        elif _amount(high) < _amount(least):
            yield _plan_change(estate, name, "smaller", names, (least, then), told, high)


def _plan_change(
    estate: Estate,
    platform: str,
    size: str,
    scenarios: tuple[str, ...],
    bills: tuple[Bill, Bill],
    told: tuple[str, ...],
    at_most: Bill | None,
) -> Opportunity:
    """The change from one bill to another. `at_most` is the most that a smaller plan costs; None: a bigger one."""
    assumed, (before, then) = estate.assumed, bills
    sums, sources = [told[0], f"then: {before}", *told[1:]], [MEASURED, before.source]
    saving = None
    if at_most is not None:
        saving = _amount(before) - _amount(at_most)
        left = f"{_amount(before):,.2f} - {_amount(at_most):,.2f}"
        sums.append(f"{left} = {saving:,.2f} {before.currency} a month at least")
        if before.currency != estate.currency:
            paid, rate = saving, assumed.usd_per_eur
            saving = (paid * rate.value).quantize(CENT, ROUND_HALF_UP)
            sums.append(f"{paid:,.2f} x {rate.value} = {saving:,.2f} {estate.currency}")
            sources.append(f"USD per EUR: {rate.why}")
    return Opportunity(
        kind="plan_change",
        title=f"Take a {size} plan on {platform}: {then.plan} for {_amount(then):,.2f} {then.currency} a month, not "
        f"{_amount(before):,.2f}",
        scenarios=scenarios,
        app=platform,
        saving=saving,
        currency=estate.currency if saving is not None else "",
        hours=assumed.plan_hours.value,
        arithmetic=tuple(sums),
        sources=(*sources, f"hours: {assumed.plan_hours.why}"),
    )


def _in_one(estate: Estate, work: Work, facts: BuildFacts) -> Iterator[Opportunity]:
    """What can be done within one scenario."""
    past, known = work.over(estate.day.date, KNOWN_DAYS), estate.known_days(work)
    on_make = work.scenario.key.platform == "make"
    if on_make and facts.interval_minutes and facts.webhook and facts.operations_a_run > 1:
        busy = _busy(past, facts)
        idle = max(0, past.executions - int(busy.to_integral_value(ROUND_HALF_UP)))
        sums = (
            f"{past.executions:,} runs in {known} days took {past.operations:,} operations; one that finds "
            f"something takes {facts.operations_a_run}, an empty check 1",
            f"({past.operations:,} - {past.executions:,}) / ({facts.operations_a_run} - 1) = {busy:,.0f} runs found "
            f"something, {idle:,} were empty",
        )
        title = f"Start {work.scenario.name} at once instead of asking again and again: by {facts.webhook}"
        yield from _fewer(estate, work, "webhook_for_polling", title, facts.trigger.title, idle, sums)
    for loop in facts.loops if on_make and facts.operations_a_run else ():
        kind, words = _loop_kind(loop, facts)
        if kind is not None:
            share = (loop.times - loop.starts) / loop.times
            saved = share * loop.operations * past.operations / facts.operations_a_run
            each = f"once for each of the {loop.starts} times that the loop starts" if loop.starts != 1 else "once"
            sums = (
                f"{loop.title} takes {loop.operations} of the {facts.operations_a_run} operations of a run, "
                f"{loop.times} times; {each} is enough",
                f"{past.operations:,} operations in {known} days x {loop.operations} / {facts.operations_a_run} x "
                f"({loop.times} - {loop.starts}) / {loop.times} = {saved:,.0f}",
            )
            yield from _fewer(
                estate, work, kind, f"{words} in {work.scenario.name}", loop.title, saved, sums, source=OF_LOOP
            )
    if past.errors >= LEAST_FAILURES and facts.unhandled and not facts.handled:
        yield Opportunity(
            kind="error_handling", title=f"Handle errors in {work.scenario.name}", scenarios=(work.scenario.name,),
            step=facts.unhandled[0].title, saving=None, failures=estate.a_month(past.errors, work),
            hours=estate.assumed.mend_hours.value,
            arithmetic=(
                f"{past.errors:,} of {past.executions:,} executions failed in {known} days, and no step handles "
                "an error: each of these ended where it failed",
            ),
            sources=(MEASURED, OF_SPEC),
        )  # fmt: skip


def _loop_kind(loop: LoopFact, facts: BuildFacts) -> tuple[OpportunityKind | None, str]:
    if any(one.id == loop.id for one in facts.lookups):
        return "cache_lookup", f"Look up {loop.title} once before {loop.loop}"
    return ("batch_loop", f"{loop.batch} at once") if loop.batch else (None, "")


def _fewer(
    estate: Estate,
    work: Work,
    kind: OpportunityKind,
    title: str,
    step: str,
    saved: Decimal | int,
    sums: tuple[str, ...],
    *,
    also: tuple[str, ...] = (),
    source: str = OF_SPEC,
) -> Iterator[Opportunity]:
    """An opportunity that saves so many operations over the scenario's known days, if they are worth it."""
    a_month = min(estate.a_month(saved, work), estate.operations("make"))
    if a_month < LEAST_OPERATIONS:
        return
    now = bill_for(estate.prices, "make", estate.operations("make"))
    after = bill_for(estate.prices, "make", estate.operations("make") - a_month)
    saving = None if now.amount is None or after.amount is None else now.amount - after.amount
    hours = (estate.assumed.merge_hours if kind == "merge_scenarios" else estate.assumed.mend_hours).value
    yield Opportunity(
        kind=kind, title=title, scenarios=(work.scenario.name, *also), step=step, saving=saving or None,
        currency=now.currency if saving else "", operations=a_month, hours=hours,
        arithmetic=(
            *sums,
            f"in a month of {estate.month_days} days: {a_month:,} operations",
            f"Make now: {now}",
            f"Make then: {after}",
        ),
        sources=(MEASURED, source, now.source),
    )  # fmt: skip


def _merge(estate: Estate, known: Sequence[tuple[Work, BuildFacts]]) -> Iterator[Opportunity]:
    """Scenarios that poll for the same: one of the two checks is enough."""
    polling = [
        (work, facts)
        for work, facts in known
        if work.scenario.key.platform == "make" and facts.interval_minutes and facts.trigger.detail
    ]
    for (one, first), (other, second) in combinations(polling, 2):
        if first.trigger.detail == second.trigger.detail and first.interval_minutes == second.interval_minutes:
            fewer = min((one, other), key=lambda work: work.over(estate.day.date, KNOWN_DAYS).executions)
            checks = fewer.over(estate.day.date, KNOWN_DAYS).executions
            names = f"{one.scenario.name} and {other.scenario.name}"
            sums = (f"both check {first.trigger.title} every {first.interval_minutes} minutes; {checks:,} checks in "
                    f"{estate.known_days(fewer)} days are done twice, 1 operation each",)  # fmt: skip
            kept = other if fewer is one else one
            yield from _fewer(
                estate, fewer, "merge_scenarios", f"Merge {names}", first.trigger.title, checks, sums,
                also=(kept.scenario.name,),
            )  # fmt: skip


def _next(estate: Estate, known: Sequence[tuple[Work, BuildFacts]]) -> Iterator[Opportunity]:
    """The apps that most of the clients with similar apps use, and this one doesn't; those that the most use."""
    own = {app for _, facts in known for app in facts.apps}
    alike = {name: apps for name, apps in estate.elsewhere.items() if len(apps & own) >= SIMILAR_APPS}
    counts = Counter(app for apps in alike.values() for app in apps - own)
    for app, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:NEXT_AT_MOST]:
        if count >= SIMILAR_CLIENTS and 2 * count > len(alike):
            yield Opportunity(
                kind="next_automation", title=f"An automation with {app_name(app)}", scenarios=(), app=app, saving=None,
                hours=estate.assumed.next_hours.value,
                arithmetic=(
                    f"{count} of the {len(alike)} clients that share at least {SIMILAR_APPS} apps with this one use "
                    f"{app_name(app)}; this one doesn't",
                ),
                sources=("apps in the specs of all clients, table build_facts",),
            )  # fmt: skip
