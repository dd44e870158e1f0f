"""Dates read from text: in a moment format, or in one of the forms that Make recognises by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType

from compilers.expressions.dates import (
    MONTHS,
    WEEKDAYS,
    at_wall_time,
    from_milliseconds,
    in_zone,
    name_index,
    pieces,
)

_TIME = (
    r"(?:(?:T|\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?)?(?:\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?\s*\Z"
)
_DETECTED = tuple(
    re.compile(pattern + _TIME, re.ASCII)
    for pattern in (
        r"\s*(?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?",
        r"\s*(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"\s*(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})",
        r"\s*(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    )
)


def detect_date(text: str, zone: tzinfo) -> datetime | None:
    """The date in a text of one of Make's known forms (facts 3.5), or None. Without an offset, it is in `zone`."""
    if len(text) > 80:
        return None
    for pattern in _DETECTED:
        match = pattern.match(text)
        if match:
            found = match.groupdict()
            hour = int(found["hour"] or 0)
            if found["half"]:
                hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
            fields = _Fields(
                year=int(found["year"]), month=int(found["month"]), day=int(found["day"] or 1), hour=hour,
                minute=int(found["minute"] or 0), second=int(found["second"] or 0),
                millisecond=int((found["fraction"] or "").ljust(3, "0")[:3]), offset=_minutes(found["offset"]),
            )  # fmt: skip
            return fields.moment(zone)
    return None


def _minutes(offset: str | None) -> int | None:
    if offset is None:
        return None
    if offset[0] not in "+-":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return -minutes if offset[0] == "-" else minutes


@dataclass(slots=True)
class _Fields:
    """What was read of a date; None where the text doesn't say."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    millisecond: int | None = None
    offset: int | None = None
    half: str | None = None
    day_of_year: int | None = None
    week: int | None = None
    week_year: int | None = None
    weekday: int | None = None
    stamp: float | None = None

    def moment(self, zone: tzinfo) -> datetime | None:
        """The moment, or None where there is no such date."""
        if self.hour == 24 and not (self.minute or self.second or self.millisecond):
            self.hour, following = 0, 1
        else:
            following = 0
        try:
            wall = datetime(
                self.year or 1, self.month or 1, self.day or 1, self.hour or 0, self.minute or 0, self.second or 0,
                (self.millisecond or 0) * 1000,
            ) + timedelta(days=following)  # fmt: skip
            if self.offset is None:
                return at_wall_time(wall, zone)
            return wall.replace(tzinfo=timezone(timedelta(minutes=self.offset))).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


_TWO = r"\d\d?"
_SIGNED = r"[+-]?\d+(?:\.\d{1,3})?"
_OFFSET = r"Z|[+-]\d\d:?\d\d"
_READ: Mapping[str, str] = MappingProxyType({
    "YYYY": r"\d{1,4}", "YY": r"\d\d", "Y": r"[+-]?\d+", "GGGG": r"\d{1,4}", "GG": r"\d\d", "Q": r"\d",
    "MMMM": r"[A-Za-z]+", "MMM": r"[A-Za-z]+", "MM": _TWO, "M": _TWO, "DD": _TWO, "D": _TWO,
    "Do": r"\d\d?(?:st|nd|rd|th)?",
    "DDDD": r"\d{3}", "DDD": r"\d{1,3}", "dddd": r"[A-Za-z]+", "ddd": r"[A-Za-z]+", "dd": r"[A-Za-z]+", "E": r"\d",
    "WW": _TWO, "W": _TWO, "HH": _TWO, "H": _TWO, "hh": _TWO, "h": _TWO, "kk": _TWO, "k": _TWO,
    "A": r"[AaPp]\.?[Mm]?\.?", "a": r"[AaPp]\.?[Mm]?\.?", "mm": _TWO, "m": _TWO, "ss": _TWO, "s": _TWO,
    **{"S" * n: r"\d{1,9}" if n > 3 else rf"\d{{1,{n}}}" for n in range(1, 10)},
    "Z": _OFFSET, "ZZ": _OFFSET, "X": _SIGNED, "x": r"[+-]?\d+",
})  # fmt: skip
_READ_PATTERNS = MappingProxyType({token: re.compile(pattern, re.ASCII) for token, pattern in _READ.items()})


def read_date(text: str, format_text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The date in a text of a moment format, or None. Forgiving as moment: text between the tokens is skipped.

    Parts of the calendar before the first one that is given come from `now`, those behind it are the first.
    """
    fields, rest, read = _Fields(), text, False
    for piece, is_token in pieces(format_text):
        if not is_token:
            found_at = rest.find(piece)
            rest = rest[found_at + len(piece) :] if found_at >= 0 else rest
            continue
        pattern = _READ_PATTERNS.get(piece)
        match = pattern.search(rest) if pattern else None
        if match is None:
            continue
        rest, read = rest[match.end() :], True
        if not _take(fields, piece, match.group()):
            return None
    if not read:
        return None
    if fields.stamp is not None:
        return from_milliseconds(fields.stamp)
    return _complete(fields, zone, now)


def _take(fields: _Fields, token: str, found: str) -> bool:
    """Stores what a token read; False if it can't be."""
    match token[0]:
        case "Y":
            fields.year = _century(found) if token == "YY" or (token == "YYYY" and len(found) == 2) else int(found[:9])
        case "G":
            fields.week_year = _century(found) if token == "GG" else int(found)
        case "Q":
            fields.month = (int(found) - 1) * 3 + 1
        case "M" if len(token) > 2:
            index = name_index(found, MONTHS)
            fields.month = None if index is None else index + 1
            return index is not None
        case "M":
            fields.month = int(found)
        case "D" if token.startswith("DDD"):
            fields.day_of_year = int(found)
        case "D":
            fields.day = int(re.sub(r"\D", "", found))
        case "d":
            return any(name.lower().startswith(found.lower()) for name in WEEKDAYS)
        case "E":
            fields.weekday = int(found)
        case "W":
            fields.week = int(found)
        case "H" | "h" | "k":
            fields.hour = int(found)
        case "A" | "a":
            fields.half = found[0].lower()
        case "m":
            fields.minute = int(found)
        case "s":
            fields.second = int(found)
        case "S":
            fields.millisecond = int(found.ljust(3, "0")[:3])
        case "Z":
            fields.offset = _minutes(found)
        case "X":
            fields.stamp = float(found) * 1000
        case "x":
            fields.stamp = float(found)
    return True


def _century(digits: str) -> int:
    """A year of two digits: 69 to 99 are 19xx, as moment has it."""
    year = int(digits)
    return year + (1900 if year > 68 else 2000)


def _complete(fields: _Fields, zone: tzinfo, now: datetime) -> datetime | None:
    """Fills in what wasn't read."""
    today = in_zone(now, zone)
    if fields.half and fields.hour is not None:
        fields.hour = fields.hour % 12 + (12 if fields.half == "p" else 0)
    try:
        if fields.week is not None or fields.week_year is not None:
            week_year = fields.week_year or today.isocalendar().year
            day = datetime.fromisocalendar(week_year, fields.week or 1, fields.weekday or 1)
            fields.year, fields.month, fields.day = day.year, day.month, day.day
        elif fields.day_of_year is not None:
            year = fields.year if fields.year is not None else today.year
            day = datetime(year, 1, 1) + timedelta(days=fields.day_of_year - 1)
            if day.year != year:
                return None
            fields.year, fields.month, fields.day = day.year, day.month, day.day
    except (ValueError, OverflowError):
        return None
    if fields.year is None:
        fields.year = today.year
        if fields.month is None:
            fields.month = today.month
            fields.day = today.day if fields.day is None else fields.day
    for name in ("year", "month", "day"):
        if getattr(fields, name) == 0:
            return None
    return fields.moment(zone)
