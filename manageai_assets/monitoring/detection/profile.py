"""What is usual for a scenario, learnt from its last weeks: how often it fails, how long it takes, how much it handles.

One bad day must not become usual, so that everything here is a median or a quantile.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue, TypeAdapter

from manageai_assets.monitoring.detection.rhythm import Rhythm, learn_rhythm
from manageai_assets.monitoring.detection.statistics import median, quantile, spread
from manageai_assets.monitoring.models import Execution

LEARN_FROM = timedelta(days=28)
"""Four of each day of the week."""
RUNS_AT_LEAST = 20
"""Fewer runs that succeeded say nothing of what is usual."""
FAILING_DAYS_LEFT_OUT = 0.1
"""The worst tenth of days doesn't count for the usual share of failures: those had incidents."""
SPREAD_AT_LEAST = 0.1
"""Durations that differ less than a tenth are the same: the platforms' own load moves them by more."""
LOW = 0.05

DayPart = Literal["weekday night", "weekday morning", "weekday afternoon", "weekday evening",
                  "weekend night", "weekend morning", "weekend afternoon", "weekend evening"]  # fmt: skip


@dataclass(frozen=True)
class Usual:
    """A quantity's usual course on a logarithmic scale: its middle, and how far it strays."""

    middle: float
    spread: float


@dataclass(frozen=True)
class Volume:
    """How much a scenario handles: items of a run by the part of the day, how small a share of that is still usual, and
    the items of whole days."""

    items: bool
    """Whether the platform says items; else operations stand for them."""
    by_part: Mapping[str, float]
    overall: float
    low_share: float
    """One run in twenty handles less than this share of what is usual then."""
    days: Mapping[str, float]
    """The usual items of a day, by `weekday` and `weekend`."""
    day_spread: float
    """How far whole days stray from the usual, on a logarithmic scale."""


@dataclass(frozen=True)
class Profile:
    """What is usual for a scenario up to `learnt_to`. `failures` is the usual share of runs that fail; `duration` (of
    the logarithm of milliseconds) and `pace` (the same for each operation), `volume` and `rhythm` are None where too
    little is known."""

    learnt_to: datetime
    runs: int
    failures: float
    healthy_days: float
    """The share of successful runs on the day in the middle."""
    runs_an_hour: float
    duration: Usual | None
    pace: Usual | None
    volume: Volume | None
    rhythm: Rhythm | None

    def to_json(self) -> dict[str, JsonValue]:
        """As a document that `profile_from_json` reads."""
        document: dict[str, JsonValue] = _ADAPTER.dump_python(self, mode="json")
        return document


def profile_from_json(document: Mapping[str, JsonValue]) -> Profile:
    """A profile as `Profile.to_json` wrote it. Raises pydantic's `ValidationError` for anything else."""
    return _ADAPTER.validate_python(document)


def learn(runs: Sequence[Execution], until: datetime) -> Profile | None:
    """The profile of runs (oldest first) that started in the `LEARN_FROM` before `until`; None where none has ended."""
    since = until - LEARN_FROM
    ended = [run for run in runs if run.finished is not None and since <= run.started < until]
    if not ended:
        return None
    watched_since = max(since, ended[0].started)
    good = [run for run in ended if run.outcome == "success"]
    enough = len(good) >= RUNS_AT_LEAST
    shares = _daily_failures(ended)
    return Profile(
        learnt_to=until,
        runs=len(ended),
        failures=_usual_failures(shares),
        healthy_days=1 - median([failed / count for failed, count in shares]),
        runs_an_hour=len(ended) / max(1.0, (until - watched_since) / timedelta(hours=1)),
        duration=_usual([math.log(max(1, run.duration_ms or 0)) for run in good]) if enough else None,
        pace=_usual([math.log(pace_of(run)) for run in good]) if enough else None,
        volume=_volume(good) if enough else None,
        rhythm=learn_rhythm([run.started for run in ended], watched_since, until),
    )


def pace_of(run: Execution) -> float:
    """Milliseconds for each operation of a run."""
    return max(1.0, (run.duration_ms or 0) / max(1, run.operations))


def handled(run: Execution, *, items: bool) -> int:
    """What a run handled: its items, or the operations beyond the trigger's own."""
    return (run.items or 0) if items else max(0, run.operations - 1)


def part_of(moment: datetime) -> DayPart:
    """The part of the day, of weekdays or the weekend, in UTC."""
    if moment.weekday() < 5:
        weekday: tuple[DayPart, ...] = ("weekday night", "weekday morning", "weekday afternoon", "weekday evening")
        return weekday[moment.hour // 6]
    weekend: tuple[DayPart, ...] = ("weekend night", "weekend morning", "weekend afternoon", "weekend evening")
    return weekend[moment.hour // 6]


def kind_of_day(moment: datetime) -> str:
    """`weekday` or `weekend`."""
    return "weekday" if moment.weekday() < 5 else "weekend"


def _usual(values: Sequence[float]) -> Usual:
    return Usual(median(values), max(SPREAD_AT_LEAST, spread(values)))


def _daily_failures(ended: Sequence[Execution]) -> list[tuple[int, int]]:
    """Failed runs and runs of each day."""
    days: dict[int, list[bool]] = defaultdict(list)
    for run in ended:
        days[run.started.toordinal()].append(run.outcome == "error")
    return [(sum(failed), len(failed)) for failed in days.values()]


def _usual_failures(shares: Sequence[tuple[int, int]]) -> float:
    ranked = sorted(shares, key=lambda day: day[0] / day[1])
    kept = ranked[: max(1, len(ranked) - int(FAILING_DAYS_LEFT_OUT * len(ranked)))]
    return sum(failed for failed, _ in kept) / sum(count for _, count in kept)


def _volume(good: Sequence[Execution]) -> Volume:
    items = any(run.items is not None for run in good)
    amounts = [(run.started, handled(run, items=items)) for run in good]
    overall = median([amount for _, amount in amounts])
    parts: dict[str, list[int]] = defaultdict(list)
    sums: dict[int, tuple[datetime, int]] = {}
    for started, amount in amounts:
        parts[part_of(started)].append(amount)
        day = started.toordinal()
        sums[day] = (started, sums[day][1] + amount if day in sums else amount)
    by_part: dict[str, float] = {
        part: median(seen) for part, seen in parts.items() if len(seen) >= RUNS_AT_LEAST and median(seen) > 0
    }
    shares = [amount / usual for started, amount in amounts if (usual := by_part.get(part_of(started), overall))]
    whole = list(sums.values())[1:-1]  # the first and the last day were not seen whole
    days = {kind: median(seen) for kind in ("weekday", "weekend") if (seen := _of_kind(whole, kind))}
    strayed = [
        math.log(max(1.0, amount) / usual) for day, amount in whole if (usual := days.get(kind_of_day(day), 0.0)) > 0
    ]
    return Volume(
        items=items,
        by_part=by_part,
        overall=overall,
        low_share=quantile(shares, LOW) if shares else 0.0,
        days=days,
        day_spread=max(SPREAD_AT_LEAST, spread(strayed)) if strayed else 1.0,
    )


def _of_kind(days: Sequence[tuple[datetime, int]], kind: str) -> list[float]:
    return [amount for day, amount in days if kind_of_day(day) == kind]


_ADAPTER = TypeAdapter(Profile)
