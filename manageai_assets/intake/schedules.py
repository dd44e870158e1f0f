"""When something runs, from plain words or a plan to the spec's schedule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time
from functools import cache

from compilers.spec import Schedule
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.plan import SchedulePlan
from manageai_assets.intake.vocabulary import ScheduleWords, vocabulary

WORKDAYS = (1, 2, 3, 4, 5)
MAX_TEXT = 2000

_CLOCK = re.compile(
    r"(?:\b(?:at|um|gegen|by)\s+)(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|uhr|o'clock)?\b|\b(\d{1,2}):(\d{2})\b"
)
_MONTH_DAY = re.compile(
    r"\b(?:on the|am|the)\s+(?:(\d{1,2})(?:st|nd|rd|th|\.)|(first|ersten))(?:\s+(?:day\s+)?of(?=\s+(?:each|every)))?"
)


def read_schedule(text: str) -> SchedulePlan | None:
    """The schedule that a text such as `every weekday at 7:30` says, or None when it says none."""
    lowered = " ".join(text[:MAX_TEXT].lower().split())
    words = vocabulary().schedule
    found = _rhythm(lowered, words)
    if found is None:
        return None
    every, minutes, days = found
    at = _clock(lowered) or _part_of_day(lowered, words)
    if every == "month" and (day := _MONTH_DAY.search(lowered)) and 1 <= int(day.group(1) or 1) <= 31:
        days = (int(day.group(1) or 1),)
    timed = at if every in ("day", "weekday", "week", "month") else None
    return SchedulePlan.model_validate({"every": every, "minutes": minutes, "at": timed, "on": days})


def schedule_span(text: str) -> tuple[int, int] | None:
    """Where in the text the words for the schedule begin and end, or None."""
    words = vocabulary().schedule
    spans = [match.span() for pattern in _patterns(words) if (match := pattern.search(text.lower()))]
    spans += [match.span() for pattern in (_CLOCK, _MONTH_DAY) if spans and (match := pattern.search(text.lower()))]
    if not spans:
        return None
    start, end = min(start for start, _ in spans), max(end for _, end in spans)
    part = re.match(rf"\s+({_alternatives(words.parts_of_day)})s?\b", text[end:].lower())
    return start, end + (part.end() if part else 0)


def schedule_of(plan: SchedulePlan, ledger: Ledger, where: str) -> Schedule:
    """The spec's schedule. What the plan leaves open is defaulted, and noted as an assumption."""
    if plan.every == "minutes":
        return Schedule(kind="every", minutes=plan.minutes)
    if plan.every == "hour":
        return Schedule(kind="every", minutes=60)
    at = plan.at
    if at is None:
        at = vocabulary().schedule.default_time
        ledger.assume("low", f"It runs at {at:%H:%M} local time; the request names no time.", where)
    if plan.every == "day":
        return Schedule(kind="daily", at=at)
    if plan.every == "weekday":
        return Schedule(kind="weekly", at=at, weekdays=plan.on or WORKDAYS)
    if plan.every == "week":
        if not plan.on:
            ledger.assume("low", "It runs on Mondays; the request names no day of the week.", where)
        return Schedule(kind="weekly", at=at, weekdays=plan.on or (1,))
    if not plan.on:
        ledger.assume("low", "It runs on the first day of the month; the request names no day.", where)
    return Schedule(kind="monthly", at=at, month_days=plan.on or (1,))


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


@cache
def _every_pattern() -> re.Pattern[str]:
    words = vocabulary().schedule
    things = (*words.units, *words.weekdays, *words.parts_of_day)
    return re.compile(rf"\b(?:{_alternatives(words.every)})\s+(?:(\d{{1,4}})\s+)?({_alternatives(things)})\b")


@cache
def _adverb_pattern() -> re.Pattern[str]:
    words = vocabulary().schedule
    return re.compile(rf"\b({_alternatives(words.adverbs)})\b")


@cache
def _plural_pattern() -> re.Pattern[str]:
    words = vocabulary().schedule
    return re.compile(rf"\b(?:on\s+)?({_alternatives(words.weekdays)})s\b")


def _patterns(words: ScheduleWords) -> tuple[re.Pattern[str], ...]:
    return _every_pattern(), _adverb_pattern(), _plural_pattern()


def _rhythm(text: str, words: ScheduleWords) -> tuple[str, int | None, tuple[int, ...]] | None:
    """How often, minutes between two runs, and on which days."""
    match = _every_pattern().search(text)
    if match:
        count, thing = int(match.group(1) or 1), match.group(2)
        if thing in words.weekdays:
            return "week", None, _named_days(text, words)
        if thing in words.parts_of_day:
            return "day", None, ()
        unit = words.units[thing]
        if unit in ("minutes", "hours"):
            minutes = count * (60 if unit == "hours" else 1)
            return ("minutes", minutes, ()) if 1 <= minutes <= 44_640 else None
        return (unit, None, _named_days(text, words) if unit == "week" else ()) if count == 1 else None
    if plural := _plural_pattern().search(text):
        return "week", None, (words.weekdays[plural.group(1)],)
    if adverb := _adverb_pattern().search(text):
        unit_name = words.adverbs[adverb.group(1)]
        return unit_name, None, _named_days(text, words) if unit_name == "week" else ()
    return None


def _named_days(text: str, words: ScheduleWords) -> tuple[int, ...]:
    named = re.findall(rf"\b({_alternatives(words.weekdays)})s?\b", text)
    return tuple(sorted({words.weekdays[name] for name in named}))


def _clock(text: str) -> time | None:
    match = _CLOCK.search(text)
    if match is None:
        return None
    hour, minute = int(match.group(1) or match.group(4)), int(match.group(2) or match.group(5) or 0)
    if match.group(3) == "pm" and hour < 12:
        hour += 12
    if match.group(3) == "am" and hour == 12:
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _part_of_day(text: str, words: ScheduleWords) -> time | None:
    match = re.search(rf"\b({_alternatives(words.parts_of_day)})s?\b", text)
    return words.parts_of_day[match.group(1)] if match else None
