"""Which alerts a window asks for, written into the outbox with the incidents, in one transaction.

An alert's key says what it tells: this incident, this time that it is open, this severity, this channel. A key is
written once, so that judging a window again, or the next one, asks for nothing twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.monitoring.alerts.digest import digest, digest_due
from manageai_assets.monitoring.alerts.escalation import level_due
from manageai_assets.monitoring.alerts.muting import mutes_at
from manageai_assets.monitoring.alerts.notice import Notice, Occasion, Places, line_of, listed, notice_of
from manageai_assets.monitoring.incident_store import add_events, seen_since, times_reopened
from manageai_assets.monitoring.models import SEVERITIES, Incident, IncidentEvent, Scenario, ScenarioKey
from manageai_assets.store.monitoring_tables import Alert

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = ("high", "critical")
DAY = timedelta(days=1)
TOGETHER_FROM = 10
"""So many alerts of one window are one message that lists them: nobody reads the tenth of a row."""


@dataclass(frozen=True, slots=True)
class Addressees:
    """The channels that alerts go to, by their names in the outbox (`slack`, `email`), and where pages are."""

    channels: tuple[str, ...] = ()
    places: Places = field(default_factory=Places)


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: str
    incident: Incident | None
    notice: Notice


def want_alerts(
    connection: Connection,
    at: datetime,
    addressees: Addressees,
    scenarios: Mapping[ScenarioKey, Scenario],
    concerned: Callable[[Incident], bool],
    *,
    digests: bool,
) -> int:
    """Writes the alerts that the window which ends at `at` asks for; gives how many are new. Incidents that it isn't
    `concerned` with are in another window: nothing is told of them but in the digest."""
    known = seen_since(connection, at - DAY)
    returns = times_reopened(connection, [one.id for one in known])
    mutes = mutes_at(connection, at)
    alerted = _alerted(connection, [one.id for one in known])
    wanted: list[_Wanted] = []
    for incident in filter(concerned, known):
        scenario = scenarios.get(incident.scenario) if incident.scenario else None
        if not any(mute.fits(incident, scenario) for mute in mutes):
            before = alerted.get(incident.id, {})
            wanted += _of(incident, scenario, returns.get(incident.id, 0), before, at, addressees.places)
    if digests and digest_due(at) and (told := digest(known, scenarios, at - DAY, at)):
        wanted.append(_Wanted(f"digest:{at:%Y-%m-%d}", None, told))
    return sum(_for_channel(connection, wanted, channel, scenarios, at) for channel in addressees.channels)


def _of(
    incident: Incident,
    scenario: Scenario | None,
    returns: int,
    alerted: Mapping[str, datetime],
    at: datetime,
    places: Places,
) -> Iterator[_Wanted]:
    """The alerts on one incident, of which these keys were written when."""
    mark = f"incident:{incident.id}:{returns}"
    before = {key: when for key, when in alerted.items() if key.startswith(f"{mark}:")}
    if incident.status == "resolved":
        if before and incident.parent_id is None:
            yield _Wanted(f"{mark}:resolved", incident, notice_of(incident, scenario, "resolved", places))
        return
    if incident.status != "open" or incident.severity not in AT_ONCE:
        return
    occasion: Occasion = "worse" if before else "reopened" if returns else "opened"
    key = f"{mark}:{incident.severity}"
    told = [when for one, when in before.items() if one.startswith(f"{key}:")]
    yield _Wanted(key, incident, notice_of(incident, scenario, occasion, places))
    level = level_due(incident, min(told, default=at), at)
    if level:
        notice = notice_of(incident, scenario, "escalated", places)
        to = (scenario.contact,) if scenario and "@" in scenario.contact else ()
        yield _Wanted(f"{mark}:escalated:{level}", incident, notice.model_copy(update={"to": to}))


def _for_channel(
    connection: Connection,
    wanted: Sequence[_Wanted],
    channel: str,
    scenarios: Mapping[ScenarioKey, Scenario],
    at: datetime,
) -> int:
    """Writes one channel's alerts; gives how many messages that is. Very many at once are told together, in one."""
    new = [(number, one) for one in wanted if (number := _write(connection, one, channel, at)) is not None]
    for _, one in new:
        if one.notice.occasion == "escalated" and one.incident is not None:
            note = f"told again by {channel}"
            add_events(connection, [IncidentEvent(one.incident.id, at, "escalated", note=note)])
    messages = len(new)
    for over in (False, True):
        alike = [(number, one) for number, one in new if one.incident and (one.notice.occasion == "resolved") is over]
        if len(alike) >= TOGETHER_FROM:
            first = min(number for number, _ in alike)
            notice = _together([one for _, one in alike], scenarios)
            _write(connection, _Wanted(f"together:{first}", None, notice), channel, at)
            told = {"status": "dropped", "last_failure": f"told together, with {first}"}
            connection.execute(update(Alert).where(Alert.id.in_([number for number, _ in alike])).values(told))
            messages -= len(alike) - 1
    return messages


def _together(wanted: Sequence[_Wanted], scenarios: Mapping[ScenarioKey, Scenario]) -> Notice:
    found = [one.incident for one in wanted if one.incident is not None]
    ranked = sorted(found, key=lambda one: (-SEVERITIES.index(one.severity), one.id))
    occasions = [one.notice.occasion for one in wanted]
    occasion: Occasion = "escalated" if "escalated" in occasions else occasions[0]
    title = f"{len(found)} incidents are over" if occasion == "resolved" else f"{len(found)} incidents at once"
    return Notice(
        occasion=occasion,
        severity=ranked[0].severity,
        title=title,
        what=listed([line_of(one, scenarios.get(one.scenario) if one.scenario else None) for one in ranked]),
        footer="manageai incidents lists them",
    )


def _write(connection: Connection, wanted: _Wanted, channel: str, at: datetime) -> int | None:
    """Writes an alert and gives its number; None when its key is there already."""
    statement = (
        insert(Alert)
        .values(
            idempotency_key=f"{wanted.key}:{channel}",
            incident_id=wanted.incident.id if wanted.incident else None,
            channel=channel,
            payload=wanted.notice.model_dump(mode="json"),
            next_try_at=at,
            created_at=at,
        )
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(Alert.id)
    )
    return connection.execute(statement).scalar_one_or_none()


def _alerted(connection: Connection, incidents: list[int]) -> Mapping[int, Mapping[str, datetime]]:
    """The alerts on these incidents so far: when each key was written, by incident."""
    query = select(Alert.incident_id, Alert.idempotency_key, Alert.created_at)
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for row in connection.execute(query.where(Alert.incident_id == func.any(incidents))):
        found[row.incident_id][row.idempotency_key] = row.created_at
    return found
