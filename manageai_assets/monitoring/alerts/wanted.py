"""Which alerts a window asks for, written into the outbox with the incidents, in one transaction.

An alert's key says what it tells: this incident, this time that it is open, this severity, this channel. A key is
written once, so that judging a window again, or the next one, asks for nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.monitoring.alerts.digest import digest, digest_due
from manageai_assets.monitoring.alerts.escalation import level_due
from manageai_assets.monitoring.alerts.muting import mutes_at
from manageai_assets.monitoring.alerts.notice import Notice, Occasion, Places, notice_of
from manageai_assets.monitoring.incident_store import add_events, seen_since, times_reopened
from manageai_assets.monitoring.models import Incident, IncidentEvent, Scenario, ScenarioKey
from manageai_assets.store.monitoring_tables import Alert

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = ("high", "critical")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Addressees:
    """The channels that alerts go to, by their names in the outbox (`slack`, `email`), and where pages are."""

    channels: tuple[str, ...] = ()
    places: Places = field(default_factory=Places)


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: str
    incident: int | None
    notice: Notice


def want_alerts(
    connection: Connection, at: datetime, addressees: Addressees, scenarios: Mapping[ScenarioKey, Scenario]
) -> int:
    """Writes the alerts that the window which ends at `at` asks for; gives how many are new."""
    known = seen_since(connection, at - DAY)
    returns = times_reopened(connection, [one.id for one in known])
    mutes = mutes_at(connection, at)
    alerted = _alerted(connection, [one.id for one in known])
    wanted: list[_Wanted] = []
    for incident in known:
        scenario = scenarios.get(incident.scenario) if incident.scenario else None
        if not any(mute.fits(incident, scenario) for mute in mutes):
            wanted += _of(incident, scenario, returns.get(incident.id, 0), alerted, at, addressees.places)
    moment = digest_due(at)
    told = digest(known, scenarios, at - DAY, at) if moment else None
    if told:
        wanted.append(_Wanted(f"digest:{at:%Y-%m-%d}", None, told))
    return sum(_write(connection, one, channel, at) for one in wanted for channel in addressees.channels)


def _of(
    incident: Incident,
    scenario: Scenario | None,
    returns: int,
    alerted: Mapping[str, datetime],
    at: datetime,
    places: Places,
) -> Iterator[_Wanted]:
    """The alerts on one incident."""
    mark = f"incident:{incident.id}:{returns}"
    before = {key: when for key, when in alerted.items() if key.startswith(f"{mark}:")}
    if incident.status == "resolved":
        if before and incident.parent_id is None:
            yield _Wanted(f"{mark}:resolved", incident.id, notice_of(incident, scenario, "resolved", places))
        return
    if incident.status != "open" or incident.severity not in AT_ONCE:
        return
    occasion: Occasion = "worse" if before else "reopened" if returns else "opened"
    key = f"{mark}:{incident.severity}"
    if not any(one.startswith(f"{key}:") for one in before):
        yield _Wanted(key, incident.id, notice_of(incident, scenario, occasion, places))
    told_at = min((when for one, when in before.items() if one.startswith(f"{key}:")), default=at)
    level = level_due(incident, told_at, at)
    if level:
        notice = notice_of(incident, scenario, "escalated", places)
        to = (scenario.contact,) if scenario and "@" in scenario.contact else ()
        yield _Wanted(f"{mark}:escalated:{level}", incident.id, notice.model_copy(update={"to": to}))


def _write(connection: Connection, wanted: _Wanted, channel: str, at: datetime) -> int:
    statement = (
        insert(Alert)
        .values(
            idempotency_key=f"{wanted.key}:{channel}",
            incident_id=wanted.incident,
            channel=channel,
            payload=wanted.notice.model_dump(mode="json"),
            next_try_at=at,
            created_at=at,
        )
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(Alert.id)
    )
    written = connection.execute(statement).scalar_one_or_none() is not None
    if written and wanted.notice.occasion == "escalated" and wanted.incident is not None:
        note = f"told again by {channel}"
        add_events(connection, [IncidentEvent(wanted.incident, at, "escalated", note=note)])
    return int(written)


def _alerted(connection: Connection, incidents: list[int]) -> Mapping[str, datetime]:
    """The alerts on these incidents so far: when each key was written."""
    query = select(Alert.idempotency_key, Alert.created_at).where(Alert.incident_id == func.any(incidents))
    return {row.idempotency_key: row.created_at for row in connection.execute(query)}
