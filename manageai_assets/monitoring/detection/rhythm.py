"""When a scenario usually runs: learnt from its starts, with its nights and weekends.

Some run by a clock: the same hour of the week is followed by the same gap. Others run when something happens: then
only the number of runs that should have come since the last one tells. A week has 168 hours, Monday 00:00 UTC first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

from manageai_assets.monitoring.detection.statistics import median

HOURS_OF_WEEK = 168
SECONDS_OF_WEEK = HOURS_OF_WEEK * 3600
LEARN_FOR_AT_LEAST = timedelta(days=14)
"""Each hour of the week must have been seen twice."""
RUNS_AT_LEAST = 12
"""With fewer runs a rhythm is a guess."""

REGULAR_SHARE = 0.9
"""Share of gaps that must be as usual in a scenario that runs by a clock; the rest are outages and runs by hand.
Of gaps that come by chance about one in six is within the tolerance."""
REGULAR_WITHIN, REGULAR_AT_LEAST, REGULAR_AT_MOST = 0.25, 60.0, 3600.0
"""A gap is as usual within a quarter of the usual one, but never less than a minute or more than an hour: queues
delay starts."""

LATE_SHARE, LATE_AT_LEAST, LATE_AT_MOST = 0.5, 900.0, 7200.0
"""A run is missing when it is late by half its usual gap, at least one poll and at most two hours."""
MISSED_AT_LEAST = 12.0
"""Runs by chance: no run where 12 were expected happens once in 160,000 gaps. 5,000 scenarios have about 100,000 gaps a
day, and one false alarm a day is what people bear."""
MISSED_FACTOR = 1.5
"""... and the longest lull so far, but one, must be surpassed by half: events come in bursts."""
LULL_AT_LEAST = 3600.0
"""Seconds without a run that are never worth a word where runs come by chance."""


RUNS_OF_A_DAY = 5.0
"""Days with fewer expected runs tell nothing about how quiet days can be."""
QUIET_AT_LEAST = 0.25
"""A fortnight in which most days were broken must not excuse any silence."""


@dataclass(frozen=True)
class Rhythm:
    """`expected`: runs in each hour of the week. `gaps`: by the hour of the week of a run, the usual seconds to the
    next one; empty when it doesn't run by a clock. `lull`: expected runs that the longest usual pause missed.
    `quiet`: the share of its usual runs that the quietest day but one had."""

    expected: tuple[float, ...]
    gaps: Mapping[int, float]
    lull: float
    quiet: float

    @property
    def regular(self) -> bool:
        """Whether it runs by a clock."""
        return bool(self.gaps)

    def due_within(self, last: datetime) -> float | None:
        """Seconds after its last run in which a scenario that runs by a clock runs again; None for the others. After a
        run at an hour that it usually doesn't run at, the longest usual gap."""
        if not self.gaps:
            return None
        return self.gaps.get(hour_of_week(last), max(self.gaps.values()))

    def missed(self, last: datetime, now: datetime) -> float:
        """Runs that were to be expected between two moments."""
        return _between(tuple(accumulate(self.expected)), last, now)

    def awake(self, last: datetime, now: datetime) -> float:
        """Seconds between two moments, without the hours of the week in which it never ran. Hours in which it ran less
        than in the middle one of the others count in part: its day begins or ends in them."""
        usual = median([rate for rate in self.expected if rate > 0])
        return 3600 * _between(tuple(accumulate(min(1.0, rate / usual) for rate in self.expected)), last, now)


def lateness_allowed(gap: float) -> float:
    """Seconds by which a run may be late when the usual gap is `gap` seconds."""
    return min(max(LATE_SHARE * gap, LATE_AT_LEAST), LATE_AT_MOST)


def learn_rhythm(starts: Sequence[datetime], since: datetime, until: datetime) -> Rhythm | None:
    """The rhythm of runs that started then (ascending), watched from `since` to `until`; None when that is too little
    to go by."""
    if until - since < LEARN_FOR_AT_LEAST or len(starts) < RUNS_AT_LEAST:
        return None
    expected = _expected(starts, (until - since) / timedelta(weeks=1))
    cumulated = tuple(accumulate(expected))
    lulls = sorted(_between(cumulated, one, other) for one, other in pairwise(starts))
    return Rhythm(expected, _usual_gaps(starts), lulls[-2], _quiet(starts, cumulated))


def hour_of_week(moment: datetime) -> int:
    """0 for Monday 00:00 to 01:00 UTC."""
    return moment.weekday() * 24 + moment.hour


def _expected(starts: Sequence[datetime], weeks: float) -> tuple[float, ...]:
    """Runs in each hour of the week: half what that hour had, half what the hour has on all days of its kind. One hour
    alone was seen too few times."""
    counts = [0.0] * HOURS_OF_WEEK
    for start in starts:
        counts[hour_of_week(start)] += 1 / weeks
    kinds = (range(5), range(5, 6), range(6, 7))
    means = {
        day * 24 + hour: sum(counts[one * 24 + hour] for one in days) / len(days)
        for days in kinds
        for day in days
        for hour in range(24)
    }
    return tuple((counts[hour] + means[hour]) / 2 for hour in range(HOURS_OF_WEEK))


def _quiet(starts: Sequence[datetime], cumulated: Sequence[float]) -> float:
    """One quiet day may be a holiday or an outage."""
    counts = Counter(start.toordinal() for start in starts)
    shares: list[float] = []
    for day in range(starts[0].toordinal() + 1, starts[-1].toordinal()):
        midnight = datetime.fromordinal(day).replace(tzinfo=UTC)
        usual = _between(cumulated, midnight, midnight + timedelta(days=1))
        if usual >= RUNS_OF_A_DAY:
            shares.append(counts[day] / usual)
    ranked = sorted(shares)
    return min(1.0, max(QUIET_AT_LEAST, ranked[1])) if len(ranked) > 1 else 1.0


def _usual_gaps(starts: Sequence[datetime]) -> dict[int, float]:
    by_hour: dict[int, list[float]] = defaultdict(list)
    for one, other in pairwise(starts):
        by_hour[hour_of_week(one)].append((other - one).total_seconds())
    seen_twice = {hour: gaps for hour, gaps in by_hour.items() if len(gaps) > 1}
    usual = {hour: median(gaps) for hour, gaps in seen_twice.items()}
    judged = [_as_usual(gap, usual[hour]) for hour, gaps in seen_twice.items() for gap in gaps]
    if len(judged) < RUNS_AT_LEAST or sum(judged) < REGULAR_SHARE * len(judged):
        return {}
    # the last run before a night is followed by a longer gap than those before it in the same hour; the longest of all
    # may be an old outage
    return {hour: sorted(gaps)[-2] if _mixed(gaps) else usual[hour] for hour, gaps in seen_twice.items()}


def _as_usual(gap: float, usual: float) -> bool:
    return abs(gap - usual) <= min(max(REGULAR_WITHIN * usual, REGULAR_AT_LEAST), REGULAR_AT_MOST)


def _mixed(gaps: Sequence[float]) -> bool:
    usual = median(gaps)
    return sum(_as_usual(gap, usual) for gap in gaps) < REGULAR_SHARE * len(gaps)


def _between(cumulated: Sequence[float], one: datetime, other: datetime) -> float:
    """The integral over a weekly course given by its hourly sums so far."""
    weeks, _ = divmod((other - one).total_seconds(), SECONDS_OF_WEEK)
    start, end = _up_to(cumulated, one), _up_to(cumulated, other)
    return weeks * cumulated[-1] + (end - start if end >= start else end - start + cumulated[-1])


def _up_to(cumulated: Sequence[float], moment: datetime) -> float:
    hour = hour_of_week(moment)
    before = cumulated[hour - 1] if hour else 0.0
    return before + (cumulated[hour] - before) * (moment.minute * 60 + moment.second) / 3600
