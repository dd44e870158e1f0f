"""Stored snapshots, read back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from manageai_assets.clients.fragments import Shared, shared
from manageai_assets.clients.models import ClientSnapshot, Usage
from manageai_assets.clients.stored import facts_by_build
from manageai_assets.store.client_tables import ClientSnapshotRow
from manageai_assets.store.monitoring_tables import ScenarioRow
from resources.artifacts import parse_key

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row


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
    with engine.connect() as connection:
        facts = facts_by_build(connection)
    builds = {line.name: parse_key(line.build) for line in snapshot.details.scenarios if line.build}
    return shared({name: facts[key].fragments for name, key in builds.items() if key in facts})


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
