"""A client's snapshot of a day, from what is stored: `snapshot_of` is the rule, `make_client_snapshots` applies it to
all clients of many days. Making a day again gives the same, or what has become known since."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select

from manageai_assets.build.cost import Prices
from manageai_assets.clients import opportunities, risk
from manageai_assets.clients.assumptions import Assumptions
from manageai_assets.clients.bills import bill_for
from manageai_assets.clients.calendar import Day, day_of, days_between
from manageai_assets.clients.comparing import expiring_accounts, unused_accounts
from manageai_assets.clients.facts import BuildFacts
from manageai_assets.clients.models import ClientSnapshot, Details, Expiring, ScenarioLine, Trouble, Unused, Usage, Work
from manageai_assets.clients.stored import add_up_days, facts_by_build, plan_troubles, works_of
from manageai_assets.clients.usage import KNOWN_DAYS, usage_of
from manageai_assets.monitoring.models import Platform, ScenarioKey
from manageai_assets.store.client_tables import ClientSnapshotRow
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Engine

LOOK_BACK = dt.timedelta(risk.RECENT_DAYS + risk.BEFORE_DAYS)
"""What a day's snapshot looks back on: the days that a rising share of errors is told by, and the month before."""
DAYS_AT_ONCE = 31
"""Days that are made in one transaction, so that a year of many scenarios needs little memory."""
HEALTHY_ERRORS = Decimal("0.05")
"""Share of a week's executions that may fail in a healthy scenario; the error rules call at less in one hour."""
SERIOUS = ("high", "critical")
LOCK = 4_707_002
"""Key of the advisory lock that lets one process make client snapshots at a time."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a snapshot is made with, besides the client's scenarios."""

    prices: Prices
    assumed: Assumptions
    price_of_hour: Decimal
    facts: Mapping[BuildKey, BuildFacts]
    apps: Mapping[str, frozenset[str]]
    """Apps of every client, by its name."""
    plans: Mapping[Platform, Sequence[Trouble]] = field(default_factory=dict)
    """Incidents of plans that run out too early."""
    unused: Sequence[Unused] = ()
    expiring: Sequence[Expiring] = ()
    """Accounts that no active scenario uses."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the snapshots of a day add up to."""

    day: dt.date
    clients: int
    scenarios: int
    healthy: int
    operations: int
    highest_risk: int


def snapshot_of(customer: str, works: Sequence[Work], day: Day, context: Context) -> ClientSnapshot | None:
    """The snapshot of a client; None on days of months in which it had no scenario."""
    counted = [work for work in works if _counts(work, day)]
    if not counted:
        return None
    there = [work for work in counted if work.is_there(day.date, day.end)]
    facts = {work.scenario.key: known for work in counted if (known := _facts(work, context)) is not None}
    make, n8n = (_usage(counted, platform, day) for platform in ("make", "n8n"))
    bills = {
        "make": bill_for(context.prices, "make", make.projected),
        "cloud": bill_for(context.prices, "n8n_cloud", n8n.projected),
        "own": bill_for(context.prices, "n8n_self_hosted", n8n.projected),
    }
    elsewhere = {name: apps for name, apps in context.apps.items() if name != customer}
    estate = opportunities.Estate(counted, day, facts, context.prices, context.assumed, elsewhere)
    chances = opportunities.opportunities_of(estate, context.price_of_hour)
    risks = risk.risks_of(counted, day, facts, context.plans, context.unused, context.expiring)
    lines = tuple(_line(work, day) for work in there)
    today = [work.on(day.date) for work in counted]
    return ClientSnapshot(
        customer_name=customer,
        snapshot_date=day.date,
        scenarios_total=len(there),
        scenarios_active=sum(line.active for line in lines),
        scenarios_healthy=sum(line.healthy for line in lines),
        executions=sum(one.executions for one in today),
        errors=sum(one.errors for one in today),
        make=make,
        n8n=n8n,
        make_cost=bills["make"].amount,
        n8n_cloud_cost=bills["cloud"].amount,
        n8n_self_hosted_cost=bills["own"].amount,
        make_currency=bills["make"].currency,
        n8n_currency=bills["cloud"].currency,
        risk_score=risk.score_of(risks),
        opportunity_score=opportunities.score_of(chances, estate.bill()),
        risks=risks,
        opportunities=chances,
        details=Details(
            scenarios=lines,
            platforms=dict(sorted(Counter(work.scenario.key.platform for work in there).items())),
            apps=_apps(there, facts),
        ),
    )


def make_client_snapshots(
    engine: Engine, dates: Sequence[dt.date], zone: ZoneInfo, prices: Prices, assumed: Assumptions, hour: Decimal
) -> list[Made]:
    """Makes the snapshots of all clients on these days anew, in place of those that were there; what each day adds up
    to, in order. `hour` is the price of an hour of delivery work, in the currency of Make's prices."""
    made: list[Made] = []
    ordered = sorted(set(dates))
    for place in range(0, len(ordered), DAYS_AT_ONCE):
        chosen = ordered[place : place + DAYS_AT_ONCE]
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            last = day_of(chosen[-1], zone)
            month, _ = day_of(chosen[0], zone).last_month
            first = min(chosen[0] - LOOK_BACK, month.replace(day=1))
            add_up_days(connection, days_between(first, chosen[-1], zone))
            by_client = works_of(connection, first, last, zone)
            facts = facts_by_build(connection)
            apps, plans = _apps_of_clients(by_client, facts), plan_troubles(connection, last)
            unused, expiring = unused_accounts(connection), expiring_accounts(connection)
            context = Context(prices, assumed, hour, facts, apps, plans, unused, expiring)
            connection.execute(delete(ClientSnapshotRow).where(ClientSnapshotRow.snapshot_date.in_(chosen)))
            for date in chosen:
                day = day_of(date, zone)
                found = [snapshot_of(customer, works, day, context) for customer, works in by_client.items()]
                snapshots = [one for one in found if one is not None]
                if snapshots:
                    connection.execute(insert(ClientSnapshotRow), [_values(one) for one in snapshots])
                made.append(_adds_up(date, snapshots))
    return made


def _counts(work: Work, day: Day) -> bool:
    """Whether it belongs in the day's month: it was known by the day, and not gone before the month began."""
    gone = work.scenario.gone_at
    return work.born <= day.date and (gone is None or gone >= day.month_start)


def _facts(work: Work, context: Context) -> BuildFacts | None:
    slug, version = work.scenario.slug, work.scenario.version
    return None if slug is None or version is None else context.facts.get(BuildKey(slug, version))


def _usage(works: Sequence[Work], platform: Platform, day: Day) -> Usage:
    return usage_of([work for work in works if work.scenario.key.platform == platform], day)


def _line(work: Work, day: Day) -> ScenarioLine:
    scenario, past = work.scenario, work.over(day.date, KNOWN_DAYS)
    active, trouble = work.is_active(day.end), _trouble(work, day)
    return ScenarioLine(
        scenario=str(scenario.key),
        name=scenario.name,
        platform=scenario.key.platform,
        build=f"{scenario.slug}@v{scenario.version}" if scenario.managed else "",
        active=active,
        healthy=active and not trouble,
        trouble=trouble,
        executions_28=past.executions,
        errors_28=past.errors,
        operations_28=past.operations,
    )


def _trouble(work: Work, day: Day) -> str:
    """Why a scenario isn't healthy at the day's end; empty when it is."""
    if not work.is_active(day.end):
        return "switched off"
    serious = [one for one in work.troubles if one.severity in SERIOUS and one.is_open(day.end)]
    if serious:
        return serious[0].what
    week = work.over(day.date, risk.RECENT_DAYS)
    if week.errors > HEALTHY_ERRORS * week.executions:
        return f"{week.errors} of {week.executions} executions failed in {risk.RECENT_DAYS} days"
    return ""


def _apps(works: Sequence[Work], facts: Mapping[ScenarioKey, BuildFacts]) -> dict[str, int]:
    counts = Counter(app for work in works if work.scenario.key in facts for app in facts[work.scenario.key].apps)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _apps_of_clients(
    by_client: Mapping[str, Sequence[Work]], facts: Mapping[BuildKey, BuildFacts]
) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for customer, works in by_client.items():
        keys = [BuildKey(one.scenario.slug, one.scenario.version or 0) for one in works if one.scenario.slug]
        found[customer] = frozenset(app for key in keys if key in facts for app in facts[key].apps)
    return found


def _adds_up(date: dt.date, snapshots: Sequence[ClientSnapshot]) -> Made:
    return Made(
        date,
        len(snapshots),
        sum(one.scenarios_total for one in snapshots),
        sum(one.scenarios_healthy for one in snapshots),
        sum(one.make.day + one.n8n.day for one in snapshots),
        max((one.risk_score for one in snapshots), default=0),
    )


def _values(one: ClientSnapshot) -> dict[str, object]:
    plain = {name: getattr(one, name) for name in ClientSnapshot.model_fields if name in ClientSnapshotRow.__table__.c}
    usages = {
        f"{unit}_{name}": getattr(usage, name)
        for unit, usage in (("make_operations", one.make), ("n8n_executions", one.n8n))
        for name in Usage.model_fields
    }
    listed = {
        "risks": [each.model_dump(mode="json") for each in one.risks],
        "opportunities": [each.model_dump(mode="json") for each in one.opportunities],
        "details": one.details.model_dump(mode="json"),
    }
    return {**plain, **usages, **listed}
