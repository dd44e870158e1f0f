"""Health trends: what share of a scenario's executions failed over 30, 60 and 90 days, and on which days that changed.

The change points are those of optimal partitioning (Jackson et al. 2005, the search that PELT by Killick et al. 2012
prunes; 90 days need no pruning) with the binomial likelihood of each day's failures among its executions, so that a
day with two runs weighs as little as it is. Libraries such as `ruptures` take one number a day and weigh all alike.

* A segment costs minus twice its log-likelihood at its own rate, divided by the dispersion.
* Failures of a day come together, more than chance has it: the dispersion is how much more neighbouring days differ
  than binomial ones would, by their median, which a few jumps don't move. It is 1 at least.
* A change must be worth `PENALTY`, last `LEAST_DAYS`, and move the rate by `LEAST_SHIFT`, also without the worst day of
  the worse level: what one day alone carries is an incident.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import log, sqrt

from pydantic import Field

from manageai_assets.clients.models import Result, Totals, Work

SPANS = (30, 60, 90)
LEAST_DAYS = 4
"""Days that a level lasts: shorter ones are incidents, of which monitoring tells."""
PENALTY = 18.0
"""What a change must take off the cost. `tests/manageai_assets/clients/test_trends.py` measures what it does: less than
one false alarm in 100 stable series of 90 days."""
LEAST_SHIFT = 0.01
"""Share of executions: smaller changes of busy scenarios are sure, and matter to nobody."""
LEAST_EXECUTIONS = 20
"""On both sides of a change."""
NORMAL_MEDIAN = 0.6745
"""Median of the size of a standard normal number."""


class Share(Result):
    """Failures of some days."""

    days: int = Field(description="number of days")
    executions: int = Field(description="that ended on these days")
    errors: int = Field(description="of these, failed")

    @property
    def rate(self) -> float:
        """0 to 1; 0 without executions."""
        return self.errors / self.executions if self.executions else 0.0

    def __str__(self) -> str:
        return f"{self.errors:,} of {self.executions:,} ({self.rate:.1%})" if self.executions else "no runs"


class Shift(Result):
    """A day from which on another share of executions failed, with the levels before it and after it."""

    day: dt.date = Field(description="first day of the new level")
    before: Share = Field(description="the level up to it")
    after: Share = Field(description="the level from it on")

    def __str__(self) -> str:
        way = "more" if self.after.rate > self.before.rate else "fewer"
        return f"{way} failures since {self.day}: {self.before.rate:.1%} before, {self.after.rate:.1%} after"


class Trend(Result):
    """How a scenario's failures went."""

    scenario: str = Field(description="its name")
    spans: tuple[Share, ...] = Field(description="the last 30, 60 and 90 days")
    shifts: tuple[Shift, ...] = Field(description="when it changed, oldest first")


def trend_of(work: Work, last: dt.date) -> Trend:
    """The trend of a scenario up to a day."""
    days = [work.on(last - dt.timedelta(ago)) for ago in reversed(range(SPANS[-1]))]
    born = max(0, SPANS[-1] - 1 - (last - work.born).days)
    first = last - dt.timedelta(SPANS[-1] - 1 - born)
    return Trend(
        scenario=work.scenario.name,
        spans=tuple(_share(days[-span:]) for span in SPANS),
        shifts=tuple(_shifts(days[born:], first)),
    )


def change_points(days: Sequence[Totals]) -> list[int]:
    """The places in `days` at which another level begins, in order; none when all days are alike."""
    cost = _Cost(days)
    best, last = [-PENALTY], [0]
    for end in range(1, len(days) + 1):
        starts = [0] if end < 2 * LEAST_DAYS else [0, *range(LEAST_DAYS, end - LEAST_DAYS + 1)]
        value, start = min((best[start] + cost.of(start, end) + PENALTY, start) for start in starts)
        best.append(value)
        last.append(start)
    found: list[int] = []
    place = len(days)
    while (place := last[place]) > 0:
        found.append(place)
    return found[::-1]


def _shifts(days: Sequence[Totals], first: dt.date) -> Iterator[Shift]:
    """The changes that matter; levels between which nothing that matters happened are one level."""
    kept: list[int] = []
    edges = [0, *change_points(days), len(days)]
    for place, end in pairwise(edges[1:]):
        if _lasts(days[kept[-1] if kept else 0 : place], days[place:end]):
            kept.append(place)
    for start, place, end in zip([0, *kept], kept, [*kept[1:], len(days)], strict=False):
        yield Shift(day=first + dt.timedelta(place), before=_share(days[start:place]), after=_share(days[place:end]))


def _lasts(before: Sequence[Totals], after: Sequence[Totals]) -> bool:
    """Whether the two are levels that differ by what matters, also without the worst day of the worse one."""
    level, other = _share(before), _share(after)
    if min(level.executions, other.executions) < LEAST_EXECUTIONS:
        return False
    low, high = (before, after) if other.rate > level.rate else (after, before)
    return _without_worst(high).rate - _share(low).rate >= LEAST_SHIFT


def _without_worst(days: Sequence[Totals]) -> Share:
    """The days without the one that has most failures."""
    worst = max(range(len(days)), key=lambda place: days[place].errors)
    return _share([*days[:worst], *days[worst + 1 :]])


def _share(days: Sequence[Totals]) -> Share:
    return Share(days=len(days), executions=sum(one.executions for one in days), errors=sum(one.errors for one in days))


class _Cost:
    """Of any segment of days, from running sums."""

    def __init__(self, days: Sequence[Totals]) -> None:
        self._runs = [0, *accumulate(one.executions for one in days)]
        self._errors = [0, *accumulate(one.errors for one in days)]
        self._dispersion = _dispersion(days)

    def of(self, start: int, end: int) -> float:
        """Minus twice the log-likelihood of the days from `start` to before `end` at their own rate."""
        runs, errors = self._runs[end] - self._runs[start], self._errors[end] - self._errors[start]
        if not 0 < errors < runs:
            return 0.0
        rate = errors / runs
        return -2 * (errors * log(rate) + (runs - errors) * log(1 - rate)) / self._dispersion


def _dispersion(days: Sequence[Totals]) -> float:
    ran = [one for one in days if one.executions]
    sizes = []
    for one, other in pairwise(ran):
        runs, errors = one.executions + other.executions, one.errors + other.errors
        if 0 < errors < runs:
            pooled = errors / runs
            noise = sqrt(pooled * (1 - pooled) * (1 / one.executions + 1 / other.executions))
            sizes.append(abs(one.errors / one.executions - other.errors / other.executions) / noise)
    return max(1.0, (statistics.median(sizes) / NORMAL_MEDIAN) ** 2) if sizes else 1.0
