"""Days of a time zone, which last 23, 24 or 25 hours, as spans of time."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Day:
    """A day from its first moment to before its end, both in UTC; `month_start` is the first moment of its month."""

    date: dt.date
    start: dt.datetime
    end: dt.datetime
    month_start: dt.datetime

    @property
    def last_month(self) -> tuple[dt.date, int]:
        """The last day of the month before, and how many days that month has."""
        last = self.date.replace(day=1) - dt.timedelta(1)
        return last, last.day

    @property
    def days_left(self) -> int:
        """Days of its month that follow."""
        return calendar.monthrange(self.date.year, self.date.month)[1] - self.date.day


def day_of(date: dt.date, zone: ZoneInfo) -> Day:
    """The day with this date in a time zone."""
    month = _midnight(date.replace(day=1), zone)
    return Day(date, _midnight(date, zone), _midnight(date + dt.timedelta(1), zone), month)


def days_between(first: dt.date, last: dt.date, zone: ZoneInfo) -> list[Day]:
    """All days from the first to the last, both included."""
    return [day_of(first + dt.timedelta(place), zone) for place in range((last - first).days + 1)]


def _midnight(date: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime(date.year, date.month, date.day, tzinfo=zone).astimezone(dt.UTC)
