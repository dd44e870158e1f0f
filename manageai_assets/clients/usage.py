"""What a client's scenarios take on a platform in a month: measured so far, and expected for the whole of it."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from manageai_assets.clients.calendar import Day
from manageai_assets.clients.models import Usage, Work

KNOWN_DAYS = 28
"""Days that tell what is usual: four whole weeks, since weekends differ."""
LEAST_DAYS = 7
"""Fewer tell nothing of how days differ: there is no band then."""
BAND = Decimal("1.2816")
"""Standard deviations to both sides of the mean that hold 80 % of a normal distribution."""


class Ahead(NamedTuple):
    """What is expected of some days to come, with the band that holds four cases in five; None: too little is known."""

    expected: int
    low: int | None
    high: int | None


def usage_of(works: Sequence[Work], day: Day) -> Usage:
    """What these scenarios take in the day's month. The rest of the month is expected to go on as each scenario that is
    still there and switched on did on its known days, 28 at most; the others count with what they did."""
    month = sum(work.over(day.date, day.date.day).operations for work in works)
    going_on = [work for work in works if work.is_there(day.date, day.end) and work.is_active(day.end)]
    rest = ahead(going_on, day.date, day.days_left)
    today = sum(work.on(day.date).operations for work in works)
    low, high = (None if bound is None else month + bound for bound in (rest.low, rest.high))
    return Usage(day=today, month=month, projected=month + rest.expected, low=low, high=high)


def ahead(works: Sequence[Work], date: dt.date, days: int) -> Ahead:
    """What these scenarios take in so many days after a date, if each goes on as it did on its known days."""
    a_day = sum((_usual(work, date) for work in works), Fraction(0))
    expected = _whole(a_day * days, ROUND_HALF_UP)
    known = max((_known_days(work, date) for work in works), default=0)
    if known < LEAST_DAYS:
        return Ahead(expected, None, None)
    dates = [date - dt.timedelta(ago) for ago in range(known)]
    sums = [sum(work.on(one).operations for work in works) for one in dates]
    half = BAND * _root(statistics.variance(map(Fraction, sums)) * days)
    low = max(0, int((expected - half).to_integral_value(ROUND_FLOOR)))
    return Ahead(expected, low, int((expected + half).to_integral_value(ROUND_CEILING)))


def _usual(work: Work, date: dt.date) -> Fraction:
    known = _known_days(work, date)
    return Fraction(work.over(date, known).operations, known)


def _known_days(work: Work, date: dt.date) -> int:
    return min(KNOWN_DAYS, (date - work.born).days + 1)


def _root(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()


def _whole(value: Fraction, rounding: str) -> int:
    return int((Decimal(value.numerator) / Decimal(value.denominator)).to_integral_value(rounding))
