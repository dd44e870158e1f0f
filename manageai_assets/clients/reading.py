"""Stored snapshots, read back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from manageai_assets.clients.calendar import day_of
from manageai_assets.clients.fragments import Shared, shared
from manageai_assets.clients.models import ClientSnapshot, DriftChange, Usage
from manageai_assets.clients.stored import facts_by_build, works_of
from manageai_assets.clients.trends import SPANS, Trend, trend_of
from manageai_assets.store.client_tables import ClientSnapshotRow, ScenarioDriftRow
from manageai_assets.store.monitoring_tables import ScenarioRow
from resources.artifacts import parse_key

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row


@dataclass(frozen=True, slots=True)
class Difference:
    """A scenario that isn't what was delivered since a day, or, with a `reason`, that couldn't be compared."""

    scenario: str
    since: dt.date
    reason: str
    changes: tuple[DriftChange, ...]


def snapshots_on(engine: Engine, day: dt.date) -> list[ClientSnapshot]:
    """The snapshots of a day, by client."""
    row = ClientSnapshotRow
    query = select(row.__table__).where(row.snapshot_date == day).order_by(row.customer_name)
    with engine.connect() as connection:
        return [_snapshot(one) for one in connection.execute(query)]


def snapshot_of_client(connection: Connection, customer: str, day: dt.date) -> ClientSnapshot | None:
    """A client's snapshot of a day; None when it has none."""
    row = ClientSnapshotRow
    query = select(row.__table__).where(row.customer_name == customer, row.snapshot_date == day)
    found = connection.execute(query).one_or_none()
    return None if found is None else _snapshot(found)


def history_of(engine: Engine, customer: str, since: dt.date) -> list[ClientSnapshot]:
    """A client's snapshots from a day on, oldest first."""
    row = ClientSnapshotRow
    query = select(row.__table__).where(row.customer_name == customer, row.snapshot_date >= since)
    with engine.connect() as connection:
        return [_snapshot(one) for one in connection.execute(query.order_by(row.snapshot_date))]


def newest_day(engine: Engine) -> dt.date | None:
    """The newest day that has snapshots; None when there are none."""
    with engine.connect() as connection:
        return connection.scalar(select(func.max(ClientSnapshotRow.snapshot_date)))


def shared_of(engine: Engine, snapshot: ClientSnapshot) -> list[Shared]:
    """The sub-flows that several scenarios of a client share, as far as their specs are known."""
    builds = {line.name: parse_key(line.build) for line in snapshot.details.scenarios if line.build}
    with engine.connect() as connection:
        facts = facts_by_build(connection, builds.values())
    return shared({name: facts[key].fragments for name, key in builds.items() if key in facts})


def differences_of(engine: Engine, snapshot: ClientSnapshot) -> list[Difference]:
    """How a client's deployed scenarios stand now, where they aren't what was delivered or couldn't be compared."""
    names = {(line.platform, line.scenario.partition(":")[2]): line.name for line in snapshot.details.scenarios}
    row = ScenarioDriftRow
    query = (
        select(row.__table__, ScenarioRow.platform, ScenarioRow.external_id)
        .ext(distinct_on(row.scenario_id))
        .join(ScenarioRow, (ScenarioRow.id == row.scenario_id) & (ScenarioRow.slug == row.slug))
        .where(ScenarioRow.customer == snapshot.customer_name, ScenarioRow.version == row.version)
        .order_by(row.scenario_id, row.first_day.desc())
    )
    with engine.connect() as connection:
        found = [
            Difference(
                names.get((one.platform, one.external_id), one.external_id), one.first_day, one.reason,
                tuple(DriftChange.model_validate(change) for change in one.changes),
            )
            for one in connection.execute(query)
            if one.outcome != "same"
        ]  # fmt: skip
    return sorted(found, key=lambda one: one.scenario)


def trends_of(engine: Engine, snapshot: ClientSnapshot) -> list[Trend]:
    """How the failures of a client's scenarios went, up to the snapshot's day."""
    last = snapshot.snapshot_date
    day = day_of(last, ZoneInfo("UTC"))
    with engine.connect() as connection:
        first, zone = last - dt.timedelta(SPANS[-1] - 1), ZoneInfo("UTC")
        works = works_of(connection, first, day, zone, snapshot.customer_name)
    return [trend_of(work, last) for work in works.get(snapshot.customer_name, ()) if work.is_there(last, day.end)]


def without_client(engine: Engine) -> int:
    """Scenarios in production of which nobody has said whose they are."""
    query = select(func.count()).select_from(ScenarioRow).where(ScenarioRow.customer == "")
    with engine.connect() as connection:
        return connection.scalar(query.where(ScenarioRow.gone_at.is_(None))) or 0


def _snapshot(row: Row[tuple[object, ...]]) -> ClientSnapshot:
    values = dict(row._mapping)
    usages = {
        name: {field: values.pop(f"{unit}_{field}") for field in Usage.model_fields}
        for name, unit in (("make", "make_operations"), ("n8n", "n8n_executions"))
    }
    return ClientSnapshot.model_validate({**values, **usages})
