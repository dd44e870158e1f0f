"""An app that doesn't take the scenario's account any more."""

from __future__ import annotations

from manageai_assets.monitoring.detection.consecutive_failures import AT_LEAST as CRITICAL_FROM
from manageai_assets.monitoring.detection.failures import failed_for
from manageai_assets.monitoring.detection.findings import account_of, on_runs, said, times
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding, Severity

IN_A_ROW = 2
"""Single refusals come and go while an app changes its servers; the second one in a row doesn't."""
SELDOM = 0.25
"""Runs an hour below which one refusal is enough: with six runs a day the second may be a night away."""


def credential_failure(watched: Watched) -> Finding | None:
    """The last runs failed because an account is refused (401, 403), with no success since. Names the connection."""
    row = watched.failures_in_a_row
    refused = failed_for(row, "credentials")
    if not refused or row[-1] != refused[-1]:
        return None
    seldom = watched.profile is not None and watched.profile.runs_an_hour < SELDOM
    if len(refused) < IN_A_ROW and not (seldom or not watched.scenario.active):
        return None
    error = refused[-1].error
    account = account_of(error)
    named = f"the connection of `{account}`" if error and not error.connection else f"the connection `{account}`"
    severity: Severity = "critical" if len(row) >= CRITICAL_FROM else "high"
    since = "; no run has succeeded since" if len(refused) > 1 else ""
    what = f"{named if account else 'a connection'} is refused ({times(len(refused), 'run', 'runs')}{since}): "
    return on_runs(watched, "credential_failure", severity, what + said(error), refused, detail=account)
