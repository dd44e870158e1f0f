"""An app or a plan that wants fewer calls."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from manageai_assets.monitoring.detection.consecutive_failures import AT_LEAST as CRITICAL_FROM
from manageai_assets.monitoring.detection.error_spike import beyond_chance
from manageai_assets.monitoring.detection.failures import failed_for
from manageai_assets.monitoring.detection.findings import account_of, on_runs, said, times
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding, Platform, Severity

AT_LEAST = 3
"""Refusals in the last hour, or in a row: one or two are what a retry is for."""

SETTINGS: Mapping[Platform, str] = MappingProxyType({
    "make": "the scenario's `Maximum number of runs to start per minute` and its schedule",
    "n8n": "the node's `Retry On Fail` and `Batching`, and the workflow's schedule",
})  # fmt: skip
"""Where each platform says how fast a scenario calls."""


def rate_limit(watched: Watched) -> Finding | None:
    """Runs fail because there are too many calls (429). Says whether the plan or which setting decides."""
    row = watched.failures_in_a_row
    in_row = failed_for(row, "rate_limit", "plan_limit")
    blocked = len(in_row) >= AT_LEAST and row[-1] == in_row[-1]
    hour = failed_for(watched.last_hour, "rate_limit", "plan_limit")
    failures = sum(run.outcome == "error" for run in watched.last_hour)
    many = len(hour) >= max(AT_LEAST, failures / 2) and beyond_chance(failures, len(watched.last_hour), watched)
    if not blocked and not many:
        return None
    refused = in_row if blocked else hour
    of_plan = bool(failed_for(refused[-1:], "plan_limit"))
    platform = watched.scenario.key.platform
    limit = (
        "the plan's operations are used up"
        if of_plan
        else f"`{account_of(refused[-1].error) or 'an app'}` is called too often"
    )
    decides = "the plan of the organisation" if of_plan else SETTINGS[platform]
    what = f"{limit} ({times(len(refused), 'run', 'runs')}): {said(refused[-1].error)}; what decides: {decides}"
    severity: Severity = "critical" if blocked and len(row) >= CRITICAL_FROM else "high" if blocked else "medium"
    evidence = {"limit": "plan" if of_plan else "app", "setting": decides}
    return on_runs(
        watched, "rate_limit", severity, what, refused, detail=account_of(refused[-1].error), evidence={**evidence}
    )
