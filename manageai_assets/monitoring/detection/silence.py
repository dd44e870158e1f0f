"""A scenario that should have run and didn't: its trigger is dead.

A declared cadence holds day and night until two weeks of runs have shown that there are hours without any.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from manageai_assets.monitoring.detection.findings import on_scenario
from manageai_assets.monitoring.detection.rhythm import (
    LULL_AT_LEAST,
    MISSED_AT_LEAST,
    MISSED_FACTOR,
    Rhythm,
    lateness_allowed,
)
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding, Severity

NIGHTS_COUNT_ABOVE = 7200
"""Seconds: what runs at least every two hours was seen in each hour of its days, so that hours in which it never ran
are its nights. What runs more seldom says nothing by not running in an hour."""


LONGEST_RUN = timedelta(hours=24)
"""What seems to run for longer has ended without a word."""
EXPECTED_AT_LEAST = 1.0
"""Of what runs by a clock, one run must have been expected by its weekly course too: the last run of a day is now and
then a moment later, in an hour that is followed by another gap."""


def silence(watched: Watched) -> Finding | None:
    """No run since longer than the declared cadence, or than its own rhythm, allows."""
    scenario, now = watched.scenario, watched.known_to
    still_on = any(run.outcome == "running" and run.started > now - LONGEST_RUN for run in watched.runs)
    if not scenario.active or still_on:
        return None
    started = max((run.started for run in watched.runs), default=None)
    last = started or (scenario.active_changed_at if scenario.cadence_seconds else None)
    if last is None or last >= now:
        return None
    rhythm = watched.profile.rhythm if watched.profile else None
    late = _by_declaration(watched, rhythm, last) if scenario.cadence_seconds else _by_rhythm(rhythm, last, now)
    if late is None:
        return None
    ago = _for_long(now - last)
    what = f"no run for {ago}; {late}" if started else f"it has never run, {ago} after it was switched on; {late}"
    severity: Severity = "high" if scenario.managed or scenario.cadence_seconds else "medium"
    return on_scenario(watched, "silence", severity, what, last, {"last_run": started.isoformat() if started else None})


def _by_declaration(watched: Watched, rhythm: Rhythm | None, last: datetime) -> str | None:
    cadence = float(watched.scenario.cadence_seconds or 0)
    now = watched.known_to
    waited = (now - last).total_seconds()
    if rhythm is not None and cadence <= NIGHTS_COUNT_ABOVE:
        waited = rhythm.awake(last, now)
    elif rhythm is not None:
        # a declaration says at most; some days have a rhythm of their own
        cadence = rhythm.due_within(last) or cadence
    if waited <= cadence + lateness_allowed(cadence):
        return None
    declared = timedelta(seconds=watched.scenario.cadence_seconds or 0)
    return f"it was declared to run every {_for_long(declared)}"


def _by_rhythm(rhythm: Rhythm | None, last: datetime, now: datetime) -> str | None:
    if rhythm is None:
        return None
    waited = (now - last).total_seconds()
    due = rhythm.due_within(last)
    if due is not None:
        if waited <= due + lateness_allowed(due) or rhythm.missed(last, now) < EXPECTED_AT_LEAST:
            return None
        return f"at this time of the week it runs again within {_for_long(timedelta(seconds=due))}"
    missed = rhythm.quiet * rhythm.missed(last, now)
    if waited < LULL_AT_LEAST or missed < max(MISSED_AT_LEAST, MISSED_FACTOR * rhythm.lull):
        return None
    return f"about {missed:.0f} were to be expected since, even on a quiet day"


def _for_long(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes / 60:.0f} hours" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"
