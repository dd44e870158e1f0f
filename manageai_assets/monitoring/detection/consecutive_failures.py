"""A scenario in which nothing succeeds any more."""

from __future__ import annotations

from datetime import timedelta

from manageai_assets.monitoring.detection.findings import on_runs, said
from manageai_assets.monitoring.detection.watched import RUNS_AT_LEAST, Watched
from manageai_assets.monitoring.models import Finding

AT_LEAST = 5
"""Failed runs in a row. Where one run in ten fails, five in a row come once in a hundred thousand."""
NEWEST_WITHIN = timedelta(hours=12)
"""What hasn't run for longer may have been mended since; an incident that is open stays so without it. It is half of
the day for which an outage is known, so that failures are forgotten before the outage that explains them."""


def consecutive_failures(watched: Watched) -> Finding | None:
    """5 or more runs failed since the last one that didn't: critical."""
    failed = watched.failures_in_a_row
    if len(failed) < AT_LEAST or (failed[-1].finished or failed[-1].started) <= watched.at - NEWEST_WITHIN:
        return None
    more = " or more" if len(failed) == len(watched.ended) and len(failed) >= RUNS_AT_LEAST else ""
    what = f"{len(failed)}{more} runs in a row failed and none succeeded: {said(failed[-1].error)}"
    return on_runs(watched, "consecutive_failures", "critical", what, failed)
