"""Change points of failure rates: planted ones are found, stable series have none."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from manageai_assets.clients.models import Totals
from manageai_assets.clients.trends import Share, Trend, change_points, trend_of
from tests.manageai_assets.clients.estates import every_day, scenario, work

LAST = date(2026, 3, 31)
FIRST = LAST - timedelta(89)


def drawn(seed: int, runs: int, rates: list[float], clumped: float = 0.0) -> list[Totals]:
    """A series with these rates; `clumped` above 0: days differ by more than chance (beta-binomial of that size)."""
    rng, days = random.Random(seed), []
    for rate in rates:
        chance = rng.betavariate(rate * clumped, (1 - rate) * clumped) if clumped else rate
        count = max(0, round(rng.gauss(runs, runs**0.5)))
        days.append(Totals(count, sum(rng.random() < chance for _ in range(count)), count, 0))
    return days


def trend(days: list[Totals], born: date = FIRST) -> Trend:
    """The trend of a scenario with these days, the last of them LAST."""
    by_date = {LAST - timedelta(len(days) - 1 - place): one for place, one in enumerate(days)}
    return trend_of(work(scenario(), born, by_date), LAST)


@pytest.mark.parametrize(
    ("days", "shifts"),
    [
        # 100 runs a day: the likelihoods are so far apart that the day is exact
        ([(100, 1)] * 60 + [(100, 10)] * 30, [60]),
        ([(100, 10)] * 45 + [(100, 0)] * 45, [45]),
        ([(100, 0)] * 30 + [(100, 20)] * 30 + [(100, 2)] * 30, [30, 60]),
        ([(100, 2)] * 90, []),
        ([(0, 0)] * 90, []),
        ([(100, 0)] * 90, []),
        ([(100, 100)] * 90, []),
        # one bad day, or three, are an incident
        ([(100, 1)] * 50 + [(100, 60)] + [(100, 1)] * 39, []),
        # sure, but too small to matter: 0.1 % to 0.6 %
        ([(10_000, 10)] * 45 + [(10_000, 60)] * 45, []),
        # two runs a day: 0 of 120 against 6 of 60
        ([(2, 0)] * 60 + [(2, 0), (2, 1), (2, 0), (2, 0), (2, 0)] * 6, []),
        # weekends without runs don't hide it
        (([(50, 0)] * 5 + [(0, 0)] * 2) * 9 + ([(50, 10)] * 5 + [(0, 0)] * 2) * 3 + [(50, 10)] * 6, [61]),
    ],
)  # fmt: skip
def test_planted_changes(days: list[tuple[int, int]], shifts: list[int]) -> None:
    found = trend([Totals(runs, errors, runs, 0) for runs, errors in days])
    places = [(one.day - FIRST).days for one in found.shifts]
    assert len(places) == len(shifts), found.shifts
    for place, expected in zip(places, shifts, strict=True):
        assert abs(place - expected) <= 2, found.shifts


def test_what_is_told() -> None:
    found = trend([Totals(100, 1, 100, 0)] * 60 + [Totals(100, 10, 100, 0)] * 30)
    assert found.spans == (
        Share(days=30, executions=3000, errors=300),
        Share(days=60, executions=6000, errors=330),
        Share(days=90, executions=9000, errors=360),
    )
    (shift,) = found.shifts
    assert shift.day == date(2026, 3, 2)
    assert str(shift) == "more failures since 2026-03-02: 1.0% before, 10.0% after"
    assert str(found.spans[0]) == "300 of 3,000 (10.0%)"


def test_a_scenario_that_is_new() -> None:
    """The days before it was there are no level of their own."""
    born = LAST - timedelta(9)
    found = trend_of(work(scenario(), born, every_day(born, LAST, Totals(50, 5, 50, 0))), LAST)
    assert found.shifts == ()
    assert [span.executions for span in found.spans] == [500, 500, 500]
    empty = trend_of(work(scenario(), LAST), LAST)
    assert (empty.shifts, str(empty.spans[0])) == ((), "no runs")


STABLE = [
    (5, 0.02, 0), (20, 0.02, 0), (100, 0.01, 0), (100, 0.05, 0), (24, 0.3, 0), (100, 0.05, 60), (300, 0.01, 40),
]  # fmt: skip
"""Runs a day, their rate, and how much days differ beyond chance."""


def test_stable_series_have_none() -> None:
    """In 280 series of 90 days at most 2 false alarms: less than one in 100."""
    false = [
        (kind, seed)
        for kind in STABLE
        for seed in range(40)
        if trend(drawn(seed, kind[0], [kind[1]] * 90, kind[2])).shifts
    ]
    assert len(false) <= 2, false


@pytest.mark.parametrize(("runs", "before", "after"), [(20, 0.02, 0.2), (100, 0.01, 0.06), (10, 0.0, 0.3)])
def test_changes_in_noise_are_found(runs: int, before: float, after: float) -> None:
    """In at least 18 of 20 series, within 3 days."""
    hits = 0
    for seed in range(20):
        shifts = trend(drawn(seed, runs, [before] * 60 + [after] * 30)).shifts
        hits += any(abs((one.day - FIRST).days - 60) <= 3 for one in shifts)
    assert hits >= 18


def test_places_are_in_order() -> None:
    days = [Totals(100, errors, 100, 0) for errors in [0] * 20 + [30] * 20 + [0] * 20 + [50] * 30]
    assert change_points(days) == [20, 40, 60]
