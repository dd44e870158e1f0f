"""A plan whose operations will be used up before it is renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from manageai_assets.monitoring.detection.findings import on_platform
from manageai_assets.monitoring.detection.statistics import median
from manageai_assets.monitoring.models import Finding, Plan, Severity

PERIOD = timedelta(days=30)
"""Plans are renewed monthly."""
DAYS_AT_LEAST = 3
"""Days of use that a forecast needs."""
SPARE = timedelta(days=1)
"""A plan that lasts to within a day of its renewal will do."""
HIGH_WITHIN, MEDIUM_WITHIN = 3.0, 7.0
"""Days left: three are a weekend and a working day, a week is time to talk to the client."""


def operations_burn(plan: Plan, days: Sequence[int], at: datetime) -> Finding | None:
    """When the plan runs out before it resets. `days` are the operations of the last whole days, oldest first, as far
    as they are known; without them the use so far tells the rate."""
    limit, used = plan.operations_limit, plan.operations_used
    if limit is None or used is None or limit <= 0:
        return None
    reset = plan.resets_at
    started = reset - PERIOD if reset else None
    if used >= limit:
        what = f"the plan's {limit:,} operations are used up; scenarios stop until {_date(reset)}"
        return _finding(plan, "critical", what, plan.seen_at, 0.0, 0.0)
    rate = _rate(used, days, started, plan.seen_at)
    if rate is None or rate <= 0:
        return None
    left = (limit - used) / rate
    empty = plan.seen_at + timedelta(days=left)
    if reset is None or empty >= reset - SPARE or reset <= at:
        return None
    remaining = (empty - at) / timedelta(days=1)
    severity: Severity = "high" if remaining <= HIGH_WITHIN else "medium" if remaining <= MEDIUM_WITHIN else "low"
    what = (
        f"the plan's operations run out in {max(0.0, remaining):.0f} days, on {empty:%Y-%m-%d}, before they are "
        f"renewed on {_date(reset)}: {used:,} of {limit:,} are used, {rate:,.0f} more a day"
    )
    return _finding(plan, severity, what, at, remaining, rate)


def _rate(used: int, days: Sequence[int], started: datetime | None, seen: datetime) -> float | None:
    """Operations a day to go on: those of whole weeks where they are known, since weekends differ."""
    if len(days) >= 7:
        return sum(days[-7:]) / 7
    elapsed = (seen - started) / timedelta(days=1) if started else 0.0
    if elapsed >= DAYS_AT_LEAST:
        return used / elapsed
    return median(days) if len(days) >= DAYS_AT_LEAST else None


def _finding(plan: Plan, severity: Severity, what: str, since: datetime, days_left: float, rate: float) -> Finding:
    evidence = {
        "limit": plan.operations_limit,
        "used": plan.operations_used,
        "a_day": round(rate),
        "days_left": round(days_left, 1),
        "resets_at": plan.resets_at.isoformat() if plan.resets_at else None,
    }
    return on_platform(plan.platform, "operations_burn", severity, what, since, evidence={**evidence})


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "the plan is renewed"
