"""Incidents in their tables: reading them, and writing what the state machine decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from compilers.errors import UserError
from manageai_assets.monitoring.incidents import REOPENS_WITHIN, Change, opened, silence_until
from manageai_assets.monitoring.models import (
    WINDOW,
    Finding,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentKind,
    IncidentStatus,
    Platform,
    ScenarioKey,
    Severity,
)
from manageai_assets.store.monitoring_tables import IncidentEventRow, IncidentRow, ScenarioRow, Silence

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row, Select


def unresolved(connection: Connection) -> dict[str, Incident]:
    """All incidents that aren't resolved, by fingerprint."""
    return {one.fingerprint: one for one in _read(connection, _query().where(IncidentRow.status != "resolved"))}


def resolved_lately(connection: Connection, fingerprints: Iterable[str], window: datetime) -> dict[str, Incident]:
    """The newest incident of each fingerprint that was resolved so recently that the window can open it again."""
    wanted = sorted(set(fingerprints))
    query = (
        _query()
        .where(IncidentRow.fingerprint == func.any(wanted), IncidentRow.status == "resolved")
        .where(IncidentRow.resolved_at >= window + WINDOW - REOPENS_WITHIN)
        .order_by(IncidentRow.resolved_at)
    )
    return {one.fingerprint: one for one in _read(connection, query)} if wanted else {}


def seen_since(connection: Connection, since: datetime) -> list[Incident]:
    """The incidents that aren't resolved, or were resolved since then, by id."""
    still = or_(IncidentRow.status != "resolved", IncidentRow.resolved_at >= since)
    return _read(connection, _query().where(still).order_by(IncidentRow.id))


def times_reopened(connection: Connection, incidents: Iterable[int]) -> dict[int, int]:
    """How often each of these incidents came back."""
    query = (
        select(IncidentEventRow.incident_id, func.count().label("times"))
        .where(IncidentEventRow.incident_id == func.any(sorted(incidents)), IncidentEventRow.kind == "reopened")
        .group_by(IncidentEventRow.incident_id)
    )
    return {row.incident_id: int(row.times) for row in connection.execute(query)}


def last_windows(connection: Connection) -> dict[int, datetime | None]:
    """The newest window that was judged with each incident that isn't resolved."""
    query = select(IncidentRow.id, IncidentRow.last_window).where(IncidentRow.status != "resolved")
    return {row.id: row.last_window for row in connection.execute(query)}


def open_new(connection: Connection, finding: Finding, window: datetime) -> Change:
    """Writes a new incident and its first event."""
    change = opened(finding, window, 0)
    values = _values(change.incident, _row_ids(connection, [change.incident]))
    statement = insert(IncidentRow).values(**values, last_window=window).returning(IncidentRow.id)
    identifier = connection.execute(statement).scalar_one()
    events = tuple(replace(event, incident_id=identifier) for event in change.events)
    add_events(connection, events)
    return Change(replace(change.incident, id=identifier), events)


def save(connection: Connection, changes: Sequence[Change], window: datetime | None = None) -> None:
    """Writes incidents after a step, and its events; `window` when it was a window that was judged."""
    ids = _row_ids(connection, [change.incident for change in changes])
    judged = {} if window is None else {"last_window": window}
    for change in changes:
        values = {**_values(change.incident, ids), **judged}
        connection.execute(update(IncidentRow).where(IncidentRow.id == change.incident.id).values(values))
    add_events(connection, [event for change in changes for event in change.events])


def add_events(connection: Connection, events: Iterable[IncidentEvent]) -> None:
    """Writes events; one of a window that is there already stays as it is."""
    rows = [
        {
            "incident_id": one.incident_id, "at": one.at, "kind": one.kind, "actor": one.actor, "note": one.note,
            "window_start": one.window_start,
        }
        for one in events
    ]  # fmt: skip
    if rows:
        connection.execute(insert(IncidentEventRow).on_conflict_do_nothing(), rows)


def act(engine: Engine, identifier: int, how: Callable[[Incident], Change]) -> Incident:
    """What a person does to an incident, in one transaction; gives it as it is then. Raises `UserError` when there is
    none, or when it can't be done."""
    with engine.begin() as connection:
        return _acted(connection, identifier, how)


def silence(engine: Engine, identifier: int, until: datetime, by: str, at: datetime, reason: str) -> Incident:
    """Silences an incident, and its fingerprint too, so that it stays quiet when it is over and comes back meanwhile.
    Raises `UserError` when there is none, or when it can't be done."""
    with engine.begin() as connection:
        done = _acted(connection, identifier, lambda one: silence_until(one, until, by, at, reason))
        values = {"fingerprint": done.fingerprint, "starts_at": at, "ends_at": until, "made_by": by, "reason": reason}
        connection.execute(insert(Silence).values(**values))
    return done


def incident(engine: Engine, identifier: int) -> Incident:
    """One incident. Raises `UserError` when there is none."""
    with engine.connect() as connection:
        found = _read(connection, _query().where(IncidentRow.id == identifier))
    if not found:
        raise _unknown(identifier)
    return found[0]


def incidents(engine: Engine, *, resolved: bool = False, limit: int = 500) -> list[Incident]:
    """The incidents that aren't resolved, or all of them, the newest first."""
    query = _query().order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc()).limit(limit)
    if not resolved:
        query = query.where(IncidentRow.status != "resolved")
    with engine.connect() as connection:
        return _read(connection, query)


def events_of(engine: Engine, identifier: int) -> list[IncidentEvent]:
    """The events of an incident, oldest first."""
    query = (
        select(IncidentEventRow.__table__)
        .where(IncidentEventRow.incident_id == identifier)
        .order_by(IncidentEventRow.at, IncidentEventRow.id)
    )
    with engine.connect() as connection:
        return [
            IncidentEvent(
                row.incident_id, row.at, cast("IncidentEventKind", row.kind), row.actor, row.note, row.window_start
            )
            for row in connection.execute(query)
        ]


def came_of(engine: Engine, starts: Sequence[datetime]) -> dict[datetime, Counter[IncidentEventKind]]:
    """What became of incidents in each of these windows: how many opened, recurred, were resolved."""
    row = IncidentEventRow
    query = (
        select(row.window_start, row.kind, func.count().label("times"))
        .where(row.window_start.in_(starts))
        .group_by(row.window_start, row.kind)
    )
    found: dict[datetime, Counter[IncidentEventKind]] = {start: Counter() for start in starts}
    with engine.connect() as connection:
        for window, kind, times in connection.execute(query):
            if window is not None:
                found[window][cast("IncidentEventKind", kind)] = times
    return found


def _acted(connection: Connection, identifier: int, how: Callable[[Incident], Change]) -> Incident:
    found = _read(connection, _query().where(IncidentRow.id == identifier).with_for_update(of=IncidentRow))
    if not found:
        raise _unknown(identifier)
    change = how(found[0])
    save(connection, [change])
    return change.incident


def _query() -> Select[tuple[object, ...]]:
    owner = ScenarioRow.__table__
    return (
        select(IncidentRow.__table__, owner.c.platform.label("of_platform"), owner.c.external_id)
        .select_from(IncidentRow.__table__.outerjoin(owner, owner.c.id == IncidentRow.scenario_id))
        .order_by(None)
    )  # fmt: skip


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> list[Incident]:
    return [_incident(row) for row in connection.execute(query)]


def _incident(row: Row[tuple[object, ...]]) -> Incident:
    scenario = ScenarioKey(cast("Platform", row.of_platform), row.external_id) if row.external_id else None
    return Incident(
        id=row.id,
        fingerprint=row.fingerprint,
        kind=cast("IncidentKind", row.kind),
        severity=cast("Severity", row.severity),
        status=cast("IncidentStatus", row.status),
        platform=cast("Platform", row.platform),
        scenario=scenario,
        what=row.what,
        since=row.since,
        opened_at=row.opened_at,
        last_seen_at=row.last_seen_at,
        count=row._mapping["count"],
        evidence=row.evidence,
        parent_id=row.parent_id,
        healthy_since=row.healthy_since,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        assigned_to=row.assigned_to,
        silenced_until=row.silenced_until,
        resolved_at=row.resolved_at,
        resolution=row.resolution,
    )


_COLUMNS = (
    "fingerprint", "kind", "severity", "status", "platform", "what", "since", "opened_at", "last_seen_at", "count",
    "parent_id", "healthy_since", "acknowledged_at", "acknowledged_by", "assigned_to", "silenced_until",
    "resolved_at", "resolution",
)  # fmt: skip


def _values(one: Incident, ids: dict[ScenarioKey, int]) -> dict[str, object]:
    values = {name: getattr(one, name) for name in _COLUMNS}
    owner = ids.get(one.scenario) if one.scenario else None
    return {**values, "evidence": dict(one.evidence), "scenario_id": owner}


def _row_ids(connection: Connection, incidents: Iterable[Incident]) -> dict[ScenarioKey, int]:
    keys = {one.scenario for one in incidents if one.scenario is not None}
    externals = sorted({key.external_id for key in keys})
    query = select(ScenarioRow.id, ScenarioRow.platform, ScenarioRow.external_id).where(
        ScenarioRow.external_id == func.any(externals)
    )
    found = connection.execute(query).all() if externals else []
    return {ScenarioKey(cast("Platform", row.platform), row.external_id): row.id for row in found}


def _unknown(identifier: int) -> UserError:
    return UserError(
        "there is no such incident", where=f"incident {identifier}", hint="`manageai incidents` lists them"
    )
