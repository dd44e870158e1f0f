"""What monthly reports are made from, read out of the tables for one client."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from manageai_assets.build.cost import Prices, prices
from manageai_assets.clients.assumptions import Assumptions, assumptions
from manageai_assets.clients.calendar import day_of
from manageai_assets.clients.facts import BuildFacts
from manageai_assets.clients.models import ClientSnapshot, Work
from manageai_assets.clients.reading import snapshot_of_client
from manageai_assets.clients.reports.months import Month
from manageai_assets.clients.stored import facts_by_build, works_of
from manageai_assets.documents.brand import Brand
from manageai_assets.monitoring.models import IncidentKind, Platform, Severity
from manageai_assets.store.client_tables import ClientSnapshotRow
from manageai_assets.store.monitoring_tables import IncidentRow, ScenarioRow
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Connection

TREND = 6
"""Months that a report looks back on, its own included."""
UNSEEN: tuple[IncidentKind, ...] = ("poll_failure", "operations_burn")
"""Kinds that are the agency's own, and no trouble of a client's scenario."""


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident with the client's scenarios that it is about."""

    kind: IncidentKind
    severity: Severity
    platform: Platform
    scenarios: tuple[str, ...]
    opened_at: dt.datetime
    answered_at: dt.datetime | None
    resolved_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a report's facts are found in."""

    client: str
    month: Month
    zone: ZoneInfo
    brand: Brand
    works: Sequence[Work]
    """The client's scenarios with their days, from the first month of the trend on."""
    snapshot: ClientSnapshot
    """Of the month's last day."""
    before: ClientSnapshot | None
    """Of the last day of the month before."""
    incidents: Sequence[StoredIncident] = ()
    facts: Mapping[BuildKey, BuildFacts] = field(default_factory=dict)
    prices: Prices = field(default_factory=prices)
    assumed: Assumptions = field(default_factory=assumptions)

    @property
    def work_hour(self) -> Decimal:
        """Price of an hour of the agency's work."""
        return self.brand.price.hour


def clients_of(connection: Connection, month: Month) -> tuple[str, ...]:
    """The clients that there is something to report on for a month, by name: those with a snapshot of its last day."""
    row = ClientSnapshotRow
    query = select(row.customer_name).where(row.snapshot_date == month.last).order_by(row.customer_name)
    return tuple(connection.scalars(query))


def all_clients(connection: Connection) -> tuple[str, ...]:
    """Every client that has or had a scenario in production, by name."""
    query = select(ScenarioRow.customer).where(ScenarioRow.customer != "").distinct()
    return tuple(sorted(connection.scalars(query)))


def contacts_of(connection: Connection, client: str) -> tuple[str, ...]:
    """The e-mail addresses that a client's scenarios name, those of the most scenarios first."""
    row, count = ScenarioRow, func.count()
    query = select(row.contact).where(row.customer == client, row.contact.contains("@"), row.gone_at.is_(None))
    return tuple(connection.scalars(query.group_by(row.contact).order_by(count.desc(), row.contact)))


def material_of(connection: Connection, client: str, month: Month, brand: Brand) -> Material | None:
    """What a client's report is made from; None where there is nothing to report on."""
    zone = ZoneInfo(brand.agency.timezone)
    snapshot = snapshot_of_client(connection, client, month.last)
    if snapshot is None:
        return None
    first, last = month.plus(1 - TREND).first, day_of(month.last, zone)
    works = works_of(connection, first, last, zone, client).get(client, [])
    builds = {BuildKey(one.scenario.slug, one.scenario.version or 0) for one in works if one.scenario.slug}
    return Material(
        client=client,
        month=month,
        zone=zone,
        brand=brand,
        works=works,
        snapshot=snapshot,
        before=snapshot_of_client(connection, client, month.plus(-1).last),
        incidents=_incidents(connection, client, month, zone),
        facts=facts_by_build(connection, builds),
    )


def _incidents(connection: Connection, client: str, month: Month, zone: ZoneInfo) -> list[StoredIncident]:
    """The incidents of a client's scenarios that were open for some of the month; parts of a wider one are one."""
    row, start, end = IncidentRow, month.start(zone), month.end(zone)
    own = (
        select(row.__table__, ScenarioRow.name)
        .join(ScenarioRow, ScenarioRow.id == row.scenario_id)
        .where(ScenarioRow.customer == client, row.opened_at < end, row.kind.not_in(UNSEEN))
        .order_by(row.opened_at, row.id)
    )
    found = connection.execute(own.where(or_(row.resolved_at.is_(None), row.resolved_at >= start))).all()
    wanted = {one.parent_id for one in found} - {None}
    wider = {one.id: one for one in connection.execute(select(row.__table__).where(row.id.in_(wanted)))}
    groups: dict[int, list[tuple[str, dt.datetime]]] = defaultdict(list)
    heads = dict(wider)
    for one in found:
        head = one.parent_id if one.parent_id in wider else one.id
        heads.setdefault(head, one)
        groups[head].append((one.name, one.opened_at))
    made = [
        StoredIncident(
            kind=cast("IncidentKind", heads[head].kind),
            severity=cast("Severity", heads[head].severity),
            platform=cast("Platform", heads[head].platform),
            scenarios=tuple(sorted({name for name, _ in members})),
            opened_at=min(opened for _, opened in members),
            answered_at=heads[head].acknowledged_at,
            resolved_at=heads[head].resolved_at,
        )
        for head, members in groups.items()
    ]
    return sorted(made, key=lambda one: (one.opened_at, one.kind, one.scenarios))
