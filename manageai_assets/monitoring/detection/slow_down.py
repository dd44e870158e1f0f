"""A scenario that takes much longer than it used to, for the same work."""

from __future__ import annotations

import math
from datetime import timedelta

from manageai_assets.monitoring.detection.findings import on_runs
from manageai_assets.monitoring.detection.profile import Usual, pace_of
from manageai_assets.monitoring.detection.statistics import median
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding

RUNS_AT_LEAST, RUNS_AT_MOST = 5, 20
"""The newest runs that are judged together: few enough to be soon, many enough not to be one slow answer."""
WITHIN = timedelta(hours=24)
FACTOR = 2.0
"""Half as fast as usual is what people notice."""
PACE_FACTOR = 1.5
"""More data take longer, and are no slow-down: each operation must be slower too."""
SECONDS_MORE = 2.0
"""Nobody waits for less."""
SIGMAS = 5.0
"""Standard errors of the middle run's duration beyond its usual: durations of a day hang together, so that the
textbook's three would be reported every week."""
HIGH_FROM = 5.0
"""Five times as slow runs into the platforms' time limits."""
ERROR_OF_MEDIAN = 1.2533
"""The standard error of a median is this times that of a mean."""


def slow_down(watched: Watched) -> Finding | None:
    """The middle one of the last runs took at least twice as long as usual, beyond its usual spread."""
    profile = watched.profile
    runs = watched.newest_good(RUNS_AT_MOST, WITHIN)
    if profile is None or profile.duration is None or profile.pace is None or len(runs) < RUNS_AT_LEAST:
        return None
    now = median([math.log(max(1, run.duration_ms or 0)) for run in runs])
    pace = median([math.log(pace_of(run)) for run in runs])
    usual_ms, now_ms = math.exp(profile.duration.middle), math.exp(now)
    if now_ms < FACTOR * usual_ms or now_ms - usual_ms < 1000 * SECONDS_MORE:
        return None
    if pace - profile.pace.middle < math.log(PACE_FACTOR) or _sigmas(now, profile.duration, len(runs)) < SIGMAS:
        return None
    slow = [run for run in runs if (run.duration_ms or 0) >= FACTOR * usual_ms]
    factor = now_ms / usual_ms
    what = f"runs take {now_ms / 1000:.1f} s, {factor:.1f} times as long as usual ({usual_ms / 1000:.1f} s)"
    evidence = {"usual_ms": round(usual_ms), "now_ms": round(now_ms), "runs": len(runs)}
    return on_runs(watched, "slow_down", "high" if factor >= HIGH_FROM else "medium", what, slow, evidence={**evidence})


def _sigmas(now: float, usual: Usual, runs: int) -> float:
    return (now - usual.middle) / (ERROR_OF_MEDIAN * usual.spread / math.sqrt(runs))
