"""More failures in the last hour than a healthy scenario has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from manageai_assets.monitoring.detection.consecutive_failures import AT_LEAST as IN_A_ROW
from manageai_assets.monitoring.detection.credential_failure import IN_A_ROW as REFUSED_IN_A_ROW
from manageai_assets.monitoring.detection.failures import failed_for
from manageai_assets.monitoring.detection.findings import on_runs, said, times
from manageai_assets.monitoring.detection.statistics import chance_of_at_least
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Execution, Finding, Severity

MORE_THAN = 3
"""Failures in the last hour that are no spike yet."""
HEALTHY = 0.9
"""A scenario is healthy when this share of its runs succeeds: below it, failing is what it does."""
RUNS_TO_BE_KNOWN = 5
"""Runs before the first failure that show whether a new scenario is healthy."""
BY_CHANCE = 1e-5
"""Where some runs always fail, a spike is what its usual share of failures gives less than once in a hundred thousand
hours: 500 runs an hour of which 1 in 100 fails aren't reported for 9 failures."""
MEDIUM_BELOW = 0.1
"""When less than a tenth of the runs fail, most of the work is done: it can wait for the digest."""


def error_spike(watched: Watched) -> Finding | None:
    """More than 3 failures in the last hour, more than chance gives, on a scenario that was healthy before."""
    runs = watched.last_hour
    told = {run.execution_id for streak in watched.streaks if _is_told(watched, streak) for run in streak}
    failed = [run for run in runs if run.outcome == "error" and run.execution_id not in told]
    if len(failed) <= MORE_THAN or not _was_healthy(watched, failed[0]):
        return None
    if not beyond_chance(len(failed), len(runs), watched):
        return None
    severity: Severity = "high" if len(failed) >= MEDIUM_BELOW * len(runs) else "medium"
    what = f"{len(failed)} of {times(len(runs), 'run', 'runs')} failed in the last hour: {said(failed[-1].error)}"
    return on_runs(watched, "error_spike", severity, what, failed, evidence={"runs": len(runs)})


def beyond_chance(failures: int, runs: int, watched: Watched) -> bool:
    """Whether so many of the last hour's runs fail by more than the scenario's usual share of failures."""
    usual = watched.profile.failures if watched.profile else 0.0
    return chance_of_at_least(failures, usual * runs) < BY_CHANCE


def _is_told(watched: Watched, streak: Sequence[Execution]) -> bool:
    """Whether failures in a row were reported as something else while they lasted: when a run succeeds at last, that is
    no spike."""
    if streak == watched.failures_in_a_row:
        return False
    return len(streak) >= IN_A_ROW or len(failed_for(streak, "credentials")) >= REFUSED_IN_A_ROW


def _was_healthy(watched: Watched, first: Execution) -> bool:
    if watched.profile is not None and watched.profile.runs >= RUNS_TO_BE_KNOWN:
        return watched.profile.healthy_days >= HEALTHY
    before = tuple(takewhile(lambda run: run != first, watched.ended))
    good = sum(run.outcome != "error" for run in before)
    return len(before) >= RUNS_TO_BE_KNOWN and good >= HEALTHY * len(before)
