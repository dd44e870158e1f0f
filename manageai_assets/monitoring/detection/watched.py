"""What the rules look at: one scenario at a moment, with its runs so far and what is usual for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby

from manageai_assets.monitoring.detection.profile import Profile
from manageai_assets.monitoring.models import LOOK_BACK, WINDOW, Execution, Scenario

RUNS_FOR = timedelta(hours=24)
RUNS_AT_LEAST = 30
"""What rules need of a scenario's runs: all of the last `RUNS_FOR`, and in any case the newest `RUNS_AT_LEAST`."""


@dataclass(frozen=True)
class Watched:
    """A scenario at the moment `at`. `runs` are oldest first, none of them from after `at`; `profile` is None while too
    little is known of it; its platform was read to `read_to` (None: to `at`)."""

    scenario: Scenario
    runs: Sequence[Execution]
    profile: Profile | None
    at: datetime
    read_to: datetime | None = None

    @property
    def known_to(self) -> datetime:
        """Up to when it is known whether the scenario ran."""
        return self.at if self.read_to is None else min(self.at, self.read_to)

    @property
    def unproven(self) -> bool:
        """Whether nothing shows that it works: its last run failed, there is none, or it wasn't read lately."""
        return bool(self.failures_in_a_row) or not self.ended or self.unread

    @property
    def unread(self) -> bool:
        """Whether it wasn't read lately."""
        return self.known_to < self.at - 2 * WINDOW

    @cached_property
    def ended(self) -> tuple[Execution, ...]:
        """The runs that have ended, in the order of their ends."""
        return tuple(sorted((run for run in self.runs if run.finished is not None), key=_end))

    @cached_property
    def last_hour(self) -> tuple[Execution, ...]:
        """The runs that ended in the last hour."""
        return self.ended_in(LOOK_BACK)

    @cached_property
    def streaks(self) -> tuple[tuple[Execution, ...], ...]:
        """The failed runs, those in a row together."""
        rows = (tuple(row) for is_failed, row in groupby(self.ended, _has_failed) if is_failed)
        return tuple(rows)

    @cached_property
    def failures_in_a_row(self) -> tuple[Execution, ...]:
        """The failed runs since the last one that didn't fail."""
        return self.streaks[-1] if self.streaks and _has_failed(self.ended[-1]) else ()

    def ended_in(self, span: timedelta) -> tuple[Execution, ...]:
        """The runs that ended in this long up to now."""
        return tuple(run for run in self.ended if _end(run) > self.at - span)

    def newest_good(self, most: int, span: timedelta) -> tuple[Execution, ...]:
        """The newest runs that succeeded, at most `most` of those that ended in this long."""
        return tuple(run for run in self.ended_in(span) if run.outcome == "success")[-most:]


def _has_failed(run: Execution) -> bool:
    return run.outcome == "error"


def _end(run: Execution) -> datetime:
    return run.finished or run.started
