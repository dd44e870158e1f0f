"""What becomes of an incident: a pure state machine over windows and over what people do.

A window finds it again, explains it by another one, proves it over, or says nothing. It is over by itself when it
hasn't been found for a while, longer the more often it came back: what flaps is one incident, not twenty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from compilers.errors import UserError
from manageai_assets.monitoring.models import (
    SEVERITIES,
    WINDOW,
    Finding,
    Incident,
    IncidentEvent,
    IncidentEventKind,
    IncidentStatus,
    Severity,
)

HEALTHY_FOR = 2 * WINDOW
"""An incident is over when it wasn't found in this time: one good run proves little."""
HEALTHY_AT_MOST = timedelta(hours=8)
"""... which doubles each time that it comes back, up to a working day."""
REOPENS_WITHIN = timedelta(hours=24)
"""What comes back within a day is the same trouble; later it is a new one."""

Sight = Literal["found", "explained", "unproven", "healthy"]
"""What a window says of an incident: it is found; another incident explains it; there is no sign of it, but no proof
that it is over either; it isn't there."""


@dataclass(frozen=True, slots=True)
class Change:
    """An incident after a step, and the events that tell of it; no events: nothing worth telling has changed."""

    incident: Incident
    events: tuple[IncidentEvent, ...] = ()


# -- what windows do -------------------------------------------------------------------------------------------------


def opened(finding: Finding, window: datetime, identifier: int) -> Change:
    """A new incident for a finding of the window that starts then."""
    at = window + WINDOW
    incident = Incident(
        id=identifier,
        fingerprint=finding.fingerprint,
        kind=finding.kind,
        severity=finding.severity,
        status="open",
        platform=finding.platform,
        scenario=finding.scenario,
        what=finding.what,
        since=finding.since,
        opened_at=at,
        last_seen_at=at,
        evidence=finding.evidence,
    )
    return Change(incident, (_judged(incident, "opened", window, finding.what),))


def seen_again(incident: Incident, finding: Finding, window: datetime) -> Change:
    """The incident in a window that finds it: it counts, its severity only grows, and it opens again if it was over.
    It recurs when it had not been found in the window before."""
    at = window + WINDOW
    severity = worse(incident.severity, finding.severity) if incident.status != "resolved" else finding.severity
    events: list[IncidentEvent] = []
    now = replace(
        incident,
        severity=severity,
        what=finding.what,
        evidence=finding.evidence,
        last_seen_at=at,
        healthy_since=None,
        parent_id=None,
        count=incident.count + 1,
    )
    if incident.status == "resolved":
        now = replace(
            now, status="open", resolved_at=None, resolution="", acknowledged_at=None, acknowledged_by="",
            silenced_until=None,
        )  # fmt: skip
        events.append(_judged(now, "reopened", window, finding.what))
    elif incident.healthy_since is not None:
        events.append(_judged(now, "recurred", window, finding.what))
    if incident.status != "resolved" and severity != incident.severity:
        if incident.status == "acknowledged":  # what was taken note of was less than this
            now = replace(now, status="open", acknowledged_at=None, acknowledged_by="")
        events.append(_judged(now, "severity_changed", window, f"{incident.severity} to {severity}"))
    return _with_silence_over(Change(now, tuple(events)), window)


def told_more(incident: Incident, finding: Finding, window: datetime) -> Change:
    """The incident when a window that it was found in is judged again: it may be clearer or worse, but counts once."""
    severity = worse(incident.severity, finding.severity)
    events = [_judged(incident, "severity_changed", window, f"{incident.severity} to {severity}")]
    now = replace(incident, what=finding.what, evidence=finding.evidence, severity=severity)
    return Change(now, tuple(events) if severity != incident.severity else ())


def not_seen(incident: Incident, sight: Sight, window: datetime, returns: int, explained_by: int | None) -> Change:
    """The incident in a window that doesn't find it. `returns` is how often it came back so far."""
    if incident.status == "resolved":
        return Change(incident)
    at = window + WINDOW
    if sight == "explained":
        resolution = f"is part of incident {explained_by}" if explained_by else "is part of a wider one"
        over = replace(incident, parent_id=explained_by)
        return _resolved(over, at, resolution, _judged(incident, "resolved", window, resolution))
    if sight == "unproven":
        return _with_silence_over(Change(replace(incident, healthy_since=None)), window)
    since = incident.healthy_since or window
    if at - since < healthy_for(returns):
        return _with_silence_over(Change(replace(incident, healthy_since=since)), window)
    resolution = "is over by itself"
    return _resolved(incident, at, resolution, _judged(incident, "resolved", window, resolution))


def healthy_for(returns: int) -> timedelta:
    """How long an incident that came back so often must be gone to be over."""
    return min(HEALTHY_FOR * (1 << min(returns, 10)), HEALTHY_AT_MOST)


def reopens(incident: Incident, window: datetime) -> bool:
    """Whether a new finding of a window is this incident, which is over, again."""
    return incident.resolved_at is not None and window + WINDOW - incident.resolved_at <= REOPENS_WITHIN


def worse(one: Severity, other: Severity) -> Severity:
    """The worse of two severities."""
    return max(one, other, key=SEVERITIES.index)


# -- what people do --------------------------------------------------------------------------------------------------


def acknowledge(incident: Incident, by: str, at: datetime) -> Change:
    """Somebody looks after it: no escalation. Raises `UserError` when it is resolved."""
    _must_be_open(incident, "acknowledged")
    now = replace(incident, status="acknowledged", acknowledged_at=at, acknowledged_by=by, silenced_until=None)
    return Change(now, (IncidentEvent(incident.id, at, "acknowledged", by),))


def silence_until(incident: Incident, until: datetime, by: str, at: datetime, reason: str = "") -> Change:
    """No word about it until then. Raises `UserError` when it is resolved or the time has passed."""
    _must_be_open(incident, "silenced")
    if until <= at:
        raise UserError("a silence ends in the future", where=f"incident {incident.id}", hint="such as --for 4h")
    told = f"until {until:%Y-%m-%d %H:%M} UTC" + (f": {reason}" if reason else "")
    now = replace(incident, status="silenced", silenced_until=until)
    return Change(now, (IncidentEvent(incident.id, at, "silenced", by, told),))


def assign(incident: Incident, to: str, by: str, at: datetime) -> Change:
    """Says whose it is; an empty name takes it back."""
    if to == incident.assigned_to:
        return Change(incident)
    return Change(replace(incident, assigned_to=to), (IncidentEvent(incident.id, at, "assigned", by, to),))


def annotate(incident: Incident, note: str, by: str, at: datetime) -> Change:
    """Adds a note."""
    return Change(incident, (IncidentEvent(incident.id, at, "noted", by, note),))


def resolve(incident: Incident, reason: str, by: str, at: datetime) -> Change:
    """Somebody has mended it. Raises `UserError` when it is resolved already, or without a reason."""
    _must_be_open(incident, "resolved")
    if not reason.strip():
        raise UserError("say what was done", where=f"incident {incident.id}", hint="such as --reason 'new key'")
    return _resolved(incident, at, reason, IncidentEvent(incident.id, at, "resolved", by, reason))


# -- parts -----------------------------------------------------------------------------------------------------------


def _must_be_open(incident: Incident, done: str) -> None:
    if incident.status == "resolved":
        hint = "it opens again by itself if it comes back within a day"
        raise UserError(f"is resolved, so it can't be {done}", where=f"incident {incident.id}", hint=hint)


def _resolved(incident: Incident, at: datetime, resolution: str, event: IncidentEvent) -> Change:
    now = replace(
        incident, status="resolved", resolved_at=at, resolution=resolution, silenced_until=None, healthy_since=None
    )
    return Change(now, (event,))


def _with_silence_over(change: Change, window: datetime) -> Change:
    until = change.incident.silenced_until
    if change.incident.status != "silenced" or until is None or until > window + WINDOW:
        return change
    back: IncidentStatus = "acknowledged" if change.incident.acknowledged_at else "open"
    now = replace(change.incident, status=back, silenced_until=None)
    return Change(now, (*change.events, _judged(now, "unsilenced", window)))


def _judged(incident: Incident, kind: IncidentEventKind, window: datetime, note: str = "") -> IncidentEvent:
    return IncidentEvent(incident.id, window + WINDOW, kind, note=note, window_start=window)


def returns_of(events: Sequence[IncidentEvent]) -> int:
    """How often an incident with these events came back."""
    return sum(event.kind == "reopened" for event in events)
