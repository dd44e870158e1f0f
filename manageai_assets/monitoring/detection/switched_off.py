"""A scenario that doesn't run any more because it is off."""

from __future__ import annotations

from manageai_assets.monitoring.detection.findings import on_runs, on_scenario, said, times
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding


def switched_off(watched: Watched) -> Finding | None:
    """It is off and the agency hasn't paused it. Off after failed runs: the platform did it (Make does after the first
    error of an instant trigger and after `maxErrors` others). Off after a success: a person did, which is worth a line
    in the digest for scenarios that we delivered."""
    scenario = watched.scenario
    if scenario.active:
        return None
    failed = watched.failures_in_a_row
    if failed:
        what = f"the platform switched it off after {times(len(failed), 'failed run', 'failed runs')}: "
        return on_runs(watched, "switched_off", "critical", what + said(failed[-1].error), failed)
    since = scenario.active_changed_at or (watched.ended[-1].finished if watched.ended else None)
    if since is None:
        return None
    if scenario.invalid:
        what = "the platform switched it off because it can't run as it is"
        return on_scenario(watched, "switched_off", "critical", what, since)
    if not scenario.managed:
        return None
    return on_scenario(
        watched, "switched_off", "medium", "it is off; no failure went before, so a person did it", since
    )
