"""Months of the agency's time zone, named `2026-10`."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import NamedTuple
from zoneinfo import ZoneInfo

from compilers.errors import UserError, shorten
from manageai_assets.clients.calendar import day_of

_NAME = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """A calendar month; months compare and sort by time."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, self.number, 1)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return dt.date(self.year, self.number, self.days)

    @property
    def days(self) -> int:
        """How many days it has."""
        return calendar.monthrange(self.year, self.number)[1]

    def plus(self, count: int) -> Month:
        """The month so many months later."""
        years, place = divmod(self.number - 1 + count, 12)
        return Month(self.year + years, place + 1)

    def start(self, zone: ZoneInfo) -> dt.datetime:
        """Its first moment in a time zone, in UTC."""
        return day_of(self.first, zone).start

    def end(self, zone: ZoneInfo) -> dt.datetime:
        """The moment at which it is over, in UTC."""
        return day_of(self.last, zone).end


def month_of(date: dt.date) -> Month:
    """The month that a date lies in."""
    return Month(date.year, date.month)


def parse_month(text: str) -> Month:
    """The month of that name. Raises `UserError`."""
    found = _NAME.fullmatch(text)
    if found is None or not 2000 <= int(found[1]) < 9000:
        raise UserError(f"`{shorten(text, 40)}` is no month", hint="write it as 2026-10")
    return Month(int(found[1]), int(found[2]))
