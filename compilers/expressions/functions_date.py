"""Functions on dates. Null gives null; anything that isn't a date is an error, as in a date field of Make."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from compilers.errors import ExpressionError, shorten
from compilers.expressions.context import Context
from compilers.expressions.date_reading import detect_date, read_date
from compilers.expressions.dates import (
    DEFAULT_FORMAT,
    MONTHS,
    WEEKDAYS,
    add_days,
    add_months,
    add_time,
    at_wall_time,
    format_date,
    from_milliseconds,
    in_zone,
    name_index,
    zone_of,
)
from compilers.expressions.functions import Function, row
from compilers.expressions.functions_math import not_a_number
from compilers.expressions.values import Number, Value, calculate, milliseconds, number, text


def not_a_date(value: Value) -> ExpressionError:
    """The refusal of a value that should be a date."""
    what = f"'{shorten(text(value), 60)}' is not a valid date"
    return ExpressionError(what, hint="read it with parseDate and its format")


def as_date(context: Context, value: Value) -> datetime | None:
    """The value for an argument that must be a date. Raises `ExpressionError`."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    found = detect_date(value, context.zone) if isinstance(value, str) else None
    if found is None:
        raise not_a_date(value)
    return found


def amount(value: Value) -> Number:
    """The value for an argument that must be a number. Raises `ExpressionError`."""
    found = number(value)
    if value is None or value == "" or not math.isfinite(found):
        raise not_a_number(value)
    return found


def _nearest(value: Number) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def format_as(context: Context, value: Value = None, pattern: Value = None, zone: Value = None) -> str | None:
    moment = as_date(context, value)
    return None if moment is None else format_date(moment, text(pattern) or DEFAULT_FORMAT, context.zone_or(zone))


def parse(context: Context, value: Value = None, pattern: Value = None, zone: Value = None) -> datetime | None:
    if value is None or value == "" or isinstance(value, datetime):
        return value if isinstance(value, datetime) else None
    where = (zone_of(zone) if isinstance(zone, str) and zone else None) or context.zone
    if pattern is None or pattern == "":
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        found = from_milliseconds(number(value)) if numeric else detect_date(text(value), where)
    else:
        found = read_date(text(value), text(pattern), where, context.now())
    if found is None:
        raise not_a_date(value)
    return found


Shift = Callable[[Context, datetime, Value], datetime]


def _shifted(shift: Shift) -> Callable[..., datetime | None]:
    def function(context: Context, value: Value = None, by: Value = None) -> datetime | None:
        moment = as_date(context, value)
        if moment is None:
            return None
        try:
            return shift(context, moment, by)
        except (OverflowError, ValueError):
            raise ExpressionError("the date lies outside the calendar", hint="use years between 1 and 9999") from None

    return function


def _add_time(unit: int) -> Shift:
    return lambda _, moment, by: add_time(moment, calculate("*", amount(by), unit))


def _set_time(unit: str) -> Shift:
    def shift(context: Context, moment: datetime, by: Value) -> datetime:
        wall = in_zone(moment, context.zone).replace(tzinfo=None)
        missing = timedelta(**{f"{unit}s": math.trunc(amount(by)) - getattr(wall, unit)})
        return at_wall_time(wall + missing, context.zone)

    return shift


def _named(value: Value, names: tuple[str, ...]) -> int:
    """A number from 1, or an English name's."""
    index = name_index(value, names) if isinstance(value, str) else None
    return math.trunc(amount(value)) if index is None else index + 1


def _set_date(context: Context, moment: datetime, by: Value) -> datetime:
    return add_days(moment, math.trunc(amount(by)) - in_zone(moment, context.zone).day, context.zone)


def _set_day(context: Context, moment: datetime, by: Value) -> datetime:
    today = in_zone(moment, context.zone).isoweekday() % 7
    return add_days(moment, _named(by, WEEKDAYS) - 1 - today, context.zone)


def _set_month(context: Context, moment: datetime, by: Value) -> datetime:
    return add_months(moment, _named(by, MONTHS) - in_zone(moment, context.zone).month, context.zone)


def _set_year(context: Context, moment: datetime, by: Value) -> datetime:
    return add_months(moment, 12 * (math.trunc(amount(by)) - in_zone(moment, context.zone).year), context.zone)


_UNITS = {
    "milliseconds": 1, "s": 1000, "seconds": 1000, "m": 60_000, "minutes": 60_000, "H": 3_600_000, "hours": 3_600_000,
    "D": 86_400_000, "days": 86_400_000, "weeks": 604_800_000,
}  # fmt: skip
_RESTS = {"RH": (3_600_000, 24), "Rm": (60_000, 60), "Rs": (1000, 60)}


def difference(context: Context, end: Value = None, start: Value = None, unit: Value = None) -> int | None:
    later, earlier = as_date(context, end), as_date(context, start)
    if later is None or earlier is None:
        return None
    passed, name = milliseconds(later) - milliseconds(earlier), text(unit) or "milliseconds"
    if passed < 0:
        raise ExpressionError("the start is after the end", hint="dateDiff takes the later date first")
    if name in _RESTS:
        size, most = _RESTS[name]
        return passed // size % most
    if name not in _UNITS:
        units = ", ".join([*_UNITS, *_RESTS])
        raise ExpressionError(f"'{shorten(name, 40)}' is not a unit of dateDiff", hint=f"use one of {units}")
    return passed // _UNITS[name]


def _date(name: str, argument: str, summary: str, shift: Shift, js: str) -> Function:
    return row(name, "date", f"date: date, {argument}", "date", summary, _shifted(shift), js, in_context=True)


FUNCTIONS: tuple[Function, ...] = (
    row("parseDate", "date", "text: text|number, format?: text, timezone?: text", "date",
        "the date that a text holds, in a format of moment's tokens or a well-known one", parse, "_parseDate",
        in_context=True),
    row("formatDate", "date", "date: date, format?: text, timezone?: text", "any",
        "a date as text, in moment's tokens, in the scenario's time zone unless one is given", format_as, "",
        in_context=True),
    row("dateDiff", "date", "end: date, start: date, unit?: text", "any",
        "time from start to end in D, H, m, s, or what is left over in RH, Rm, Rs", difference, "_dateDiff",
        in_context=True),
    _date("addSeconds", "number: number", "so many seconds later", _add_time(1000), "_addTime({0}, {1}, 1000)"),
    _date("addMinutes", "number: number", "so many minutes later", _add_time(60_000), "_addTime({0}, {1}, 60000)"),
    _date("addHours", "number: number", "so many hours later", _add_time(3_600_000), "_addTime({0}, {1}, 3600000)"),
    _date("addDays", "number: number", "same time of day, so many days later",
          lambda context, moment, by: add_days(moment, _nearest(amount(by)), context.zone), "_addDays({0}, {1})"),
    _date("addMonths", "number: number", "so many months later, at most the month's last day",
          lambda context, moment, by: add_months(moment, _nearest(amount(by)), context.zone), "_addMonths({0}, {1})"),
    _date("addYears", "number: number", "so many years later",
          lambda context, moment, by: add_months(moment, _nearest(calculate("*", amount(by), 12)), context.zone),
          "_addMonths({0}, {1}, 12)"),
    _date("setSecond", "number: number", "with this second; 60 and more roll over", _set_time("second"),
        '_setTime({0}, "second", {1})'),
    _date("setMinute", "number: number", "with this minute; 60 and more roll over", _set_time("minute"),
        '_setTime({0}, "minute", {1})'),
    _date("setHour", "number: number", "with this hour; 24 and more roll over", _set_time("hour"),
        '_setTime({0}, "hour", {1})'),
    _date("setDate", "number: number", "with this day of the month; others roll over", _set_date, "_setDate({0}, {1})"),
    _date("setDay", "day: any", "on this day of its week: 1 is Sunday, or an English name", _set_day,
        "_setDay({0}, {1})"),
    _date("setMonth", "month: any", "in this month: 1 to 12, or an English name", _set_month, "_setMonth({0}, {1})"),
    _date("setYear", "number: number", "in this year", _set_year, "_setYear({0}, {1})"),
)  # fmt: skip
