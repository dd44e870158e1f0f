"""Critical incidents that nobody has taken: who is told again, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from manageai_assets.monitoring.models import Incident

AFTER: tuple[timedelta, ...] = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
"""Time from the first alert to each escalation: half an hour is a lunch, two hours a meeting, eight a night."""


def level_due(incident: Incident, alerted_at: datetime, now: datetime) -> int:
    """The number of the escalation that is due, from 1; 0 while none is. Only what is critical, open and
    found at this moment escalates: acknowledging, silencing or resolving it ends that."""
    if incident.severity != "critical" or incident.status != "open" or incident.last_seen_at < now:
        return 0
    return sum(now - alerted_at >= after for after in AFTER)
