"""What a month takes: by hand, over months of every length, with scenarios that come and go."""

from __future__ import annotations

import datetime as dt
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manageai_assets.clients.calendar import day_of, days_between
from manageai_assets.clients.models import Totals, Usage
from manageai_assets.clients.usage import usage_of
from tests.manageai_assets.clients.estates import BERLIN, every_day, scenario, utc_day, work

TEN = Totals(5, 0, 10)


@pytest.mark.parametrize(
    ("month", "days"),
    [((2026, 2), 28), ((2028, 2), 29), ((2026, 4), 30), ((2026, 12), 31)],
)
def test_a_month_of_any_length_is_projected_to_its_end(month: tuple[int, int], days: int) -> None:
    first, today = date(*month, 1) - dt.timedelta(60), date(*month, 10)
    found = usage_of([work(scenario(), first, every_day(first, today, TEN))], utc_day(today))
    assert found == Usage(day=10, month=100, projected=10 * days, low=10 * days, high=10 * days)


def test_the_last_day_leaves_nothing_to_project() -> None:
    first, today = date(2026, 3, 25), date(2026, 4, 30)
    days = {first + dt.timedelta(n): Totals(1, 0, n * n % 17) for n in range(37)}
    found = usage_of([work(scenario(), first, days)], utc_day(today))
    assert found.month == found.projected == found.low == found.high == sum(n * n % 17 for n in range(7, 37))


def test_the_band_by_hand() -> None:
    """8 known days of 0 and 20 in turns: mean 10, variance 8 x 100 / 7; 23 days left of March:
    80 + 230 = 310, half of the band 1.2816 x sqrt(800 / 7 x 23) = 65.71."""
    days = {date(2026, 3, n): Totals(1, 0, 20 * (n % 2)) for n in range(1, 9)}
    del days[date(2026, 3, 2)]
    found = usage_of([work(scenario(), date(2026, 3, 1), days)], utc_day(date(2026, 3, 8)))
    assert found == Usage(day=0, month=80, projected=310, low=244, high=376)


def test_under_a_week_there_is_no_band() -> None:
    found = usage_of(
        [work(scenario(), date(2026, 3, 5), every_day(date(2026, 3, 5), date(2026, 3, 10), TEN))],
        utc_day(date(2026, 3, 10)),
    )
    assert found == Usage(day=10, month=60, projected=60 + 21 * 10, low=None, high=None)


def test_what_went_counts_with_what_it_did_and_what_came_by_its_own_days() -> None:
    """Gone on the 6th after 5 days of 10; come on the 9th with 2 days of 10; the 10th of a month of 30 days."""
    gone = scenario("gone", gone_at=dt.datetime(2026, 4, 6, 9, tzinfo=dt.UTC))
    works = [
        work(gone, date(2026, 1, 1), every_day(date(2026, 1, 1), date(2026, 4, 5), TEN)),
        work(scenario("new"), date(2026, 4, 9), every_day(date(2026, 4, 9), date(2026, 4, 10), TEN)),
    ]
    assert usage_of(works, utc_day(date(2026, 4, 10))) == Usage(day=10, month=70, projected=70 + 20 * 10)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=70), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_a_projection_is_never_less_than_what_was_measured(operations: list[int], today: date) -> None:
    first = today - dt.timedelta(len(operations) - 1)
    days = {first + dt.timedelta(n): Totals(1, 0, count) for n, count in enumerate(operations)}
    found = usage_of([work(scenario(), first, days)], utc_day(today))
    assert found.month == sum(count for day, count in zip(sorted(days), operations, strict=True) if day.day <= today.day
                              and (day.year, day.month) == (today.year, today.month))  # fmt: skip
    assert found.month <= found.projected
    if found.low is not None and found.high is not None:
        assert found.month <= found.low <= found.projected <= found.high


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_of_a_clock_that_is_put_forward_or_back(day: date, hours: int) -> None:
    found = day_of(day, BERLIN)
    assert found.end - found.start == dt.timedelta(hours=hours)


def test_days_lie_against_each_other_over_a_year() -> None:
    days = days_between(date(2026, 1, 1), date(2026, 12, 31), BERLIN)
    assert all(before.end == after.start for before, after in pairwise(days))
    assert (len(days), days[-1].end - days[0].start) == (365, dt.timedelta(365))
    assert {day.month_start for day in days if day.date.month == 5} == {dt.datetime(2026, 4, 30, 22, tzinfo=dt.UTC)}


def test_what_was_switched_off_is_expected_to_take_no_more() -> None:
    """10 days of 100 operations, then switched off: 1,000 in all, where going on would come to 3,000."""
    last = dt.date(2026, 4, 10)
    days = every_day(dt.date(2026, 4, 1), last, Totals(10, 0, 100))
    off = scenario(active=False, active_changed_at=dt.datetime(2026, 4, 10, 20, tzinfo=dt.UTC))
    born = dt.date(2026, 4, 1)
    assert usage_of([work(scenario(), born, days)], utc_day(last)).projected == 3000
    assert usage_of([work(off, born, days)], utc_day(last)).projected == 1000
