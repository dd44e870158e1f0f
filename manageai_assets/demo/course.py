"""How a scenario runs over a year: by a clock or as work comes in, with seasons, weekends, holidays, growth, usual
failures, and times in which something is wrong. The same seed gives the same runs; nothing here knows a rule."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from manageai_assets.clients.calendar import Day
from manageai_assets.clients.models import Totals
from manageai_assets.monitoring.models import Execution, ExecutionError, IncidentKind, Outcome, ScenarioKey

HOLIDAYS = frozenset(
    {(1, 1), (1, 2), (5, 1), (12, 24), (12, 25), (12, 26), (12, 27), (12, 28), (12, 29), (12, 30), (12, 31)}
)
ON_HOLIDAYS = 0.3
"""Share of an ordinary day's work."""
MOST_RUNS = 400
"""Of a day: an agency's scenarios run some tens of times."""
USUAL = (
    ExecutionError("ConnectionError", "503 Service Unavailable", "Send a message"),
    ExecutionError("DataError", "Missing value of required parameter 'email'.", "Create a record"),
    ExecutionError("ModuleTimeoutError", "The operation timed out.", "Find records"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which a share of the runs fails. `end` None: it still lasts."""

    kind: IncidentKind
    start: dt.datetime
    end: dt.datetime | None
    share: float
    error: ExecutionError
    mended: str = ""
    """What was done about it; empty: it passed by itself."""

    def lasts(self, moment: dt.datetime) -> bool:
        """Whether it is on then."""
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class Course:
    """How a scenario runs. `a_day` are runs that do something, on an average working day at the end of the year."""

    clock: Literal["checks", "work", "daily"]
    a_day: float
    operations: float
    seconds: float
    minutes: int = 15
    """Between two checks."""
    opens: int = 8
    weekend: float = 0.2
    months: tuple[float, ...] = (1.0,) * 12
    growth: float = 0.0
    """Share by which it grows in a year."""
    failures: float = 0.005
    risen: tuple[dt.date, float] | None = None
    """Since when another share of runs fails."""
    until: dt.date = dt.date.max
    """The day that `a_day` is about."""

    def work(self, day: dt.date) -> float:
        """Runs that do something, to be expected on a day."""
        years = (self.until - day).days / 365
        usual = self.a_day * self.months[day.month - 1] / math.pow(1 + self.growth, years)
        usual *= self.weekend if day.weekday() >= 5 else 1.0
        return min(MOST_RUNS, usual * (ON_HOLIDAYS if (day.month, day.day) in HOLIDAYS else 1.0))

    def fails(self, day: dt.date) -> float:
        """Share of runs that fail on an ordinary day."""
        return self.risen[1] if self.risen is not None and day >= self.risen[0] else self.failures


def totals(key: ScenarioKey, course: Course, episodes: Sequence[Episode], day: Day, seed: str) -> Totals:
    """What a scenario did on a day, without each of its runs."""
    chance = Random(f"{seed}:{key}:{day.date}")
    busy, runs = _counts(key, course, day, chance)
    if not runs:
        return Totals()
    bad = max((_overlap(one, day) * one.share for one in episodes), default=0.0)
    errors = min(runs, _about(runs * max(course.fails(day.date), bad), chance))
    bundles = busy * course.operations * math.exp(chance.gauss(0, 0.1))
    operations = runs if key.platform == "n8n" else max(runs, round(runs - busy + bundles * (1 - errors / runs / 2)))
    return Totals(runs, errors, operations, round(runs * course.seconds * 1000 * math.exp(chance.gauss(0, 0.1))))


def runs(
    key: ScenarioKey, course: Course, episodes: Sequence[Episode], day: Day, seed: str, number: int
) -> Iterator[Execution]:
    """The runs of a day in the order of their starts. `number` is the scenario's: ids of runs are made from it."""
    chance = Random(f"{seed}:{key}:{day.date}:runs")
    busy, count = _counts(key, course, day, chance)
    found = set(chance.sample(range(count), min(busy, count)))
    near = [one for one in episodes if one.start < day.end and (one.end is None or one.end > day.start)]
    usual = course.fails(day.date)
    for place, start in enumerate(_starts(course, day, count, chance)):
        on = next((one for one in near if one.lasts(start)), None)
        failed = chance.random() < (on.share if on else usual)
        error = (on.error if on else chance.choice(USUAL)) if failed else None
        milliseconds = round(course.seconds * 1000 * math.exp(chance.gauss(0, 0.3)))
        yield Execution(
            key,
            f"{number:05d}{day.date:%y%m%d}{place:04d}",
            start,
            outcome_of(failed),
            start + dt.timedelta(milliseconds=milliseconds),
            milliseconds,
            _operations(key, course, place in found, failed, chance),
            error=error,
        )


def outcome_of(failed: bool) -> Outcome:
    """How a run ended."""
    return "error" if failed else "success"


def _operations(key: ScenarioKey, course: Course, found: bool, failed: bool, chance: Random) -> int:
    if key.platform == "n8n" or not found:
        return 1
    whole = max(1, round(course.operations * math.exp(chance.gauss(0, 0.2))))
    return max(1, round(whole * chance.random())) if failed else whole


def _counts(key: ScenarioKey, course: Course, day: Day, chance: Random) -> tuple[int, int]:
    """Runs of a day that do something, and all runs. n8n keeps no execution of a check that finds nothing."""
    if course.clock == "daily":
        due = course.weekend >= 1 or day.date.weekday() < 5
        return (1, 1) if due else (0, 0)
    busy = _about(course.work(day.date), chance)
    if course.clock == "work" or key.platform == "n8n":
        return busy, busy
    checks = int((day.end - day.start) / dt.timedelta(minutes=course.minutes))
    return min(busy, checks), checks


def _starts(course: Course, day: Day, count: int, chance: Random) -> list[dt.datetime]:
    if course.clock == "daily":
        return [day.start + dt.timedelta(hours=course.opens, seconds=chance.expovariate(1 / 30))] * count
    if course.clock == "checks" and count == int((day.end - day.start) / dt.timedelta(minutes=course.minutes)):
        step = dt.timedelta(minutes=course.minutes)
        first = day.start + dt.timedelta(seconds=(course.opens * 37) % 60)
        return [first + place * step + dt.timedelta(seconds=chance.random() * 5) for place in range(count)]
    hours = (chance.triangular(course.opens - 2, min(23.9, course.opens + 12), course.opens + 3) for _ in range(count))
    return sorted(day.start + dt.timedelta(hours=max(0.0, hour)) for hour in hours)


def _overlap(one: Episode, day: Day) -> float:
    """Share of a day that an episode lasts."""
    end = day.end if one.end is None else min(one.end, day.end)
    return max(0.0, (end - max(one.start, day.start)) / (day.end - day.start))


def _about(mean: float, chance: Random) -> int:
    """A number that has this mean, as chance has it."""
    if mean > 30:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        count, product = count + 1, product * chance.random()
    return count
