"""A scenario that runs and succeeds, but hardly handles anything any more."""

from __future__ import annotations

import math
from datetime import timedelta

from manageai_assets.monitoring.detection.findings import on_runs
from manageai_assets.monitoring.detection.profile import Profile, Volume, handled, kind_of_day, part_of
from manageai_assets.monitoring.detection.statistics import median
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Execution, Finding

RUNS_AT_LEAST = 5
"""Runs in a row that must handle too little."""
WITHIN = timedelta(hours=24)
COLLAPSE = 0.2
"""A fifth of the usual is a collapse; half of it is a slow week."""
ITEMS_AT_LEAST = 5.0
"""Where a run usually handles fewer items than this, none is nothing to speak of."""
SIGMAS = 4.0
"""... and a day's amount must be beyond what days usually stray: all runs of a quiet day are small."""
DAY_AT_LEAST = 20.0
"""Items of a usual day below which a day without any can be chance."""
RUNS_OF_DAY = 0.6
"""Share of a day's usual runs that there must have been: fewer runs are another matter."""


def data_anomaly(watched: Watched) -> Finding | None:
    """Item counts collapse: in the last runs, each far below what is usual at its time of the week, or over a day of
    runs that handle few items each."""
    profile = watched.profile
    if profile is None or profile.volume is None:
        return None
    return _of_runs(watched, profile.volume) or _of_day(watched, profile, profile.volume)


def _of_runs(watched: Watched, volume: Volume) -> Finding | None:
    runs = watched.newest_good(RUNS_AT_LEAST, WITHIN)
    usual = [volume.by_part.get(part_of(run.started), volume.overall) for run in runs]
    if len(runs) < RUNS_AT_LEAST or min(usual) < ITEMS_AT_LEAST:
        return None
    shares = [handled(run, items=volume.items) / of for run, of in zip(runs, usual, strict=True)]
    if max(shares) >= volume.low_share or median(shares) > _collapsed(volume):
        return None
    now = median([handled(run, items=volume.items) for run in runs])
    return _finding(watched, volume, runs, f"a run handles {now:.0f} {_what(volume)}; usual are {median(usual):.0f}")


def _of_day(watched: Watched, profile: Profile, volume: Volume) -> Finding | None:
    usual = volume.days.get(kind_of_day(watched.at), 0.0)
    runs = watched.newest_good(len(watched.ended), WITHIN)
    whole = kind_of_day(watched.at - WITHIN) == kind_of_day(watched.at)
    if usual < DAY_AT_LEAST or not whole or len(runs) < max(RUNS_AT_LEAST, RUNS_OF_DAY * 24 * profile.runs_an_hour):
        return None
    now = sum(handled(run, items=volume.items) for run in runs)
    if now / usual > _collapsed(volume):
        return None
    return _finding(watched, volume, runs, f"{now} {_what(volume)} in a day; usual are {usual:.0f}")


def _collapsed(volume: Volume) -> float:
    """The share of the usual amount from which on it is a collapse."""
    return min(COLLAPSE, math.exp(-SIGMAS * volume.day_spread))


def _finding(watched: Watched, volume: Volume, runs: tuple[Execution, ...], what: str) -> Finding:
    return on_runs(
        watched, "data_anomaly", "medium", what, runs, evidence={"measured": _what(volume), "runs": len(runs)}
    )


def _what(volume: Volume) -> str:
    return "items" if volume.items else "operations beyond the trigger"
