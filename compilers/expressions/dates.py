"""Dates: moment.js's format tokens, which Make uses, in Python and as Luxon's; reading, shifting and setting.

Dates are aware datetimes with milliseconds. Whatever looks at a wall clock or calendar does so in a zone that is given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from compilers.expressions.values import EPOCH, milliseconds

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
DEFAULT_FORMAT = "YYYY-MM-DDTHH:mm:ss.SSSZ"
"""What `formatDate` uses without a format (facts 3.4)."""


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo | None:
    """The zone with a name of the tz database, or None if there is none."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*", name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _offset(moment: datetime, colon: str) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


def _sunday_based(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _local_week(moment: datetime) -> tuple[int, int]:
    """Year and number of the week in English calendars: weeks start on Sunday, and week 1 holds January 1st."""
    saturday = moment.replace(tzinfo=None) + timedelta(days=6 - _sunday_based(moment))
    first = datetime(saturday.year, 1, 1)
    return saturday.year, ((saturday - first).days) // 7 + 1


def _fraction(digits: int) -> Callable[[datetime], str]:
    return lambda moment: f"{moment.microsecond // 1000:03d}".ljust(digits, "0")[:digits]


@dataclass(frozen=True, slots=True)
class Token:
    """A moment token: how Python writes it, and the Luxon token that writes the same, if there is one."""

    render: Callable[[datetime], str]
    luxon: str | None = None


TOKENS: Mapping[str, Token] = MappingProxyType({
    "YYYY": Token(lambda d: f"{d.year:04d}", "yyyy"),
    "YY": Token(lambda d: f"{d.year % 100:02d}", "yy"),
    "Y": Token(lambda d: str(d.year), "y"),
    "Q": Token(lambda d: str((d.month + 2) // 3), "q"),
    "Qo": Token(lambda d: _ordinal((d.month + 2) // 3)),
    "MMMM": Token(lambda d: MONTHS[d.month - 1], "MMMM"),
    "MMM": Token(lambda d: MONTHS[d.month - 1][:3], "MMM"),
    "MM": Token(lambda d: f"{d.month:02d}", "MM"),
    "M": Token(lambda d: str(d.month), "M"),
    "Mo": Token(lambda d: _ordinal(d.month)),
    "DD": Token(lambda d: f"{d.day:02d}", "dd"),
    "D": Token(lambda d: str(d.day), "d"),
    "Do": Token(lambda d: _ordinal(d.day)),
    "DDDD": Token(lambda d: f"{d.timetuple().tm_yday:03d}", "ooo"),
    "DDD": Token(lambda d: str(d.timetuple().tm_yday), "o"),
    "DDDo": Token(lambda d: _ordinal(d.timetuple().tm_yday)),
    "dddd": Token(lambda d: WEEKDAYS[_sunday_based(d)], "EEEE"),
    "ddd": Token(lambda d: WEEKDAYS[_sunday_based(d)][:3], "EEE"),
    "dd": Token(lambda d: WEEKDAYS[_sunday_based(d)][:2]),
    "d": Token(lambda d: str(_sunday_based(d))),
    "do": Token(lambda d: _ordinal(_sunday_based(d))),
    "E": Token(lambda d: str(d.isoweekday()), "E"),
    "w": Token(lambda d: str(_local_week(d)[1])),
    "ww": Token(lambda d: f"{_local_week(d)[1]:02d}"),
    "wo": Token(lambda d: _ordinal(_local_week(d)[1])),
    "gggg": Token(lambda d: f"{_local_week(d)[0]:04d}"),
    "gg": Token(lambda d: f"{_local_week(d)[0] % 100:02d}"),
    "W": Token(lambda d: str(d.isocalendar().week), "W"),
    "WW": Token(lambda d: f"{d.isocalendar().week:02d}", "WW"),
    "Wo": Token(lambda d: _ordinal(d.isocalendar().week)),
    "GGGG": Token(lambda d: f"{d.isocalendar().year:04d}", "kkkk"),
    "GG": Token(lambda d: f"{d.isocalendar().year % 100:02d}", "kk"),
    "HH": Token(lambda d: f"{d.hour:02d}", "HH"),
    "H": Token(lambda d: str(d.hour), "H"),
    "hh": Token(lambda d: f"{(d.hour + 11) % 12 + 1:02d}", "hh"),
    "h": Token(lambda d: str((d.hour + 11) % 12 + 1), "h"),
    "kk": Token(lambda d: f"{d.hour or 24:02d}"),
    "k": Token(lambda d: str(d.hour or 24)),
    "A": Token(lambda d: "AM" if d.hour < 12 else "PM", "a"),
    "a": Token(lambda d: "am" if d.hour < 12 else "pm"),
    "mm": Token(lambda d: f"{d.minute:02d}", "mm"),
    "m": Token(lambda d: str(d.minute), "m"),
    "ss": Token(lambda d: f"{d.second:02d}", "ss"),
    "s": Token(lambda d: str(d.second), "s"),
    "S": Token(_fraction(1), "uuu"),
    "SS": Token(_fraction(2), "uu"),
    "SSS": Token(_fraction(3), "SSS"),
    **{"S" * n: Token(_fraction(n)) for n in range(4, 10)},
    "Z": Token(lambda d: _offset(d, ":"), "ZZ"),
    "ZZ": Token(lambda d: _offset(d, ""), "ZZZ"),
    "X": Token(lambda d: str(milliseconds(d) // 1000), "X"),
    "x": Token(lambda d: str(milliseconds(d)), "x"),
})  # fmt: skip
"""moment's tokens (source: date_tokens in the facts' function table)."""

TOKEN_PATTERN = "|".join(sorted(TOKENS, key=lambda token: (-len(token), token)))
_PIECE = re.compile(rf"\[([^\[\]]*)\]|\\(.)|({TOKEN_PATTERN})|(.)", re.DOTALL)


@lru_cache(maxsize=2048)
def pieces(format_text: str) -> tuple[tuple[str, bool], ...]:
    """A moment format as pieces: (token, True), or (literal text, False); neighbouring literals are one."""
    found: list[tuple[str, bool]] = []
    for match in _PIECE.finditer(format_text):
        bracketed, escaped, token, other = match.groups()
        if token:
            found.append((token, True))
            continue
        literal = next(text for text in (bracketed, escaped, other) if text is not None)
        if found and not found[-1][1]:
            literal = found.pop()[0] + literal
        found.append((literal, False))
    return tuple(found)


def format_date(moment: datetime, format_text: str, zone: tzinfo) -> str:
    """The date as text in a moment format, on the clock of `zone`."""
    local = in_zone(moment, zone)
    return "".join(TOKENS[piece].render(local) if is_token else piece for piece, is_token in pieces(format_text))


def luxon_format(format_text: str) -> str | None:
    """The Luxon format that writes the same as a moment format, or None where Luxon has no such token."""
    written: list[str] = []
    for piece, is_token in pieces(format_text):
        if is_token:
            luxon = TOKENS[piece].luxon
            if luxon is None:
                return None
            if written and written[-1][-1:] == luxon[0]:
                return None  # two tokens of one letter would run into each other
            written.append(luxon)
        elif "'" in piece:
            return None
        else:
            written.append(f"'{piece}'" if re.search(r"[A-Za-z]", piece) else piece)
    return "".join(written)


_LUXON_PIECE = re.compile(r"'([^']*)'|([A-Za-z])\2*|([^A-Za-z'\[\]\\]+)")
_ALONE: Mapping[str, str] = MappingProxyType({
    "cccc": "dddd", "ccc": "ddd", "c": "E", "L": "M", "LL": "MM", "LLL": "MMM", "LLLL": "MMMM",
})  # fmt: skip
"""Luxon's tokens for months and weekdays that stand alone, which in English are the others."""
_FROM_LUXON = {**{token.luxon: name for name, token in TOKENS.items() if token.luxon}, **_ALONE}


def moment_format(luxon: str) -> str | None:
    """The moment format that writes the same as a Luxon format, or None where moment has no such token."""
    written: list[str] = []
    position = 0
    while position < len(luxon):
        match = _LUXON_PIECE.match(luxon, position)
        if match is None:
            return None
        position = match.end()
        quoted, letter, plain = match.groups()
        if letter:
            token = _FROM_LUXON.get(match[0])
            if token is None:
                return None
            written.append(token)
        else:
            text = plain if quoted is None else quoted
            if "[" in text or "]" in text:
                return None
            written.append(f"[{text}]" if re.search(r"[A-Za-z]", text) else text)
    moment = "".join(written)
    return moment if luxon_format(moment) is not None else None


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The same moment on the clock of `zone`; at the ends of the calendar, on UTC's."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)


def at_wall_time(wall: datetime, zone: tzinfo) -> datetime:
    """The moment when clocks in `zone` show `wall`; an hour that a clock change skips counts on behind it."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def from_milliseconds(count: float) -> datetime | None:
    """The moment this many milliseconds after 1970 (UTC), or None outside the years 1 to 9999."""
    if not math.isfinite(count):
        return None
    try:
        return EPOCH + timedelta(milliseconds=math.trunc(count))
    except OverflowError:
        return None


# -- shifting and setting ------------------------------------------------------------------------------------------


def add_time(moment: datetime, milliseconds_: float) -> datetime:
    """The moment so much later. Raises `OverflowError` outside the calendar."""
    # in UTC: Python adds to what a local clock shows, clock changes or not
    return moment.astimezone(UTC) + timedelta(milliseconds=math.trunc(milliseconds_))


def add_days(moment: datetime, days: int, zone: tzinfo) -> datetime:
    """The same time of day so many days later in `zone`."""
    return at_wall_time(in_zone(moment, zone).replace(tzinfo=None) + timedelta(days=days), zone)


def add_months(moment: datetime, months: int, zone: tzinfo) -> datetime:
    """The same day and time so many months later in `zone`; a day that the month lacks becomes its last."""
    wall = in_zone(moment, zone).replace(tzinfo=None)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, days_in(year, month + 1))
    return at_wall_time(wall.replace(year=year, month=month + 1, day=day), zone)


def days_in(year: int, month: int) -> int:
    """Days of a month."""
    following = datetime(year, month, 28) + timedelta(days=4)
    return (following - timedelta(days=following.day)).day


def name_index(name: str, names: tuple[str, ...]) -> int | None:
    """Position of an English name, whole or its first three letters, in any case; None if it isn't one."""
    lowered = name.strip().lower()
    return next((i for i, full in enumerate(names) if lowered in (full.lower(), full[:3].lower())), None)
