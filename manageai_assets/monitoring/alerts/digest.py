"""The daily digest: what was found since the last one and is below `high`, and what is still open above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from manageai_assets.monitoring.alerts.notice import Notice, line_of, listed
from manageai_assets.monitoring.models import SEVERITIES, Incident, Scenario, ScenarioKey

AT = time(6, 0, tzinfo=UTC)
"""Before the working day in Europe."""


def digest_due(at: datetime) -> datetime | None:
    """The moment of the digest that the window ending at `at` is the first to see; None when it is none."""
    moment_of = datetime.combine(at.date(), AT)
    return moment_of if moment_of <= at < moment_of + timedelta(hours=1) else None


def digest(
    incidents: Sequence[Incident], scenarios: Mapping[ScenarioKey, Scenario], since: datetime, at: datetime
) -> Notice | None:
    """The digest of incidents that are open or were resolved since; None when there is nothing to say."""
    fresh = [one for one in incidents if one.severity in ("low", "medium") and one.last_seen_at >= since]
    waiting = [one for one in incidents if one.severity in ("high", "critical") and one.status != "resolved"]
    if not fresh and not waiting:
        return None
    ranked = sorted([*waiting, *fresh], key=lambda one: (-SEVERITIES.index(one.severity), one.opened_at))
    return Notice(
        occasion="digest",
        severity="low",
        title=f"Automations, {at:%Y-%m-%d}: {len(fresh)} to look at, {len(waiting)} urgent ones open",
        what=listed([line_of(one, scenarios.get(one.scenario) if one.scenario else None) for one in ranked]),
        footer="manageai incidents lists them",
    )
