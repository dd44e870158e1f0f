"""A workflow's settings, and when its trigger starts it, in the spec's words."""

from __future__ import annotations

from datetime import time
from zoneinfo import available_timezones

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.n8n.source import Source
from compilers.spec import Schedule, Settings


def read_settings(document: Object) -> Settings:
    """The settings that the spec has words for."""
    zone = members(document.get("settings")).get("timezone")
    return Settings(timezone=zone) if isinstance(zone, str) and zone in available_timezones() else Settings()


def read_schedule(source: Source) -> Schedule | None:
    """The schedule of a Schedule Trigger; None where the spec can't say it."""
    listed = items(members(source.parameters.get("rule")).get("interval"))
    if len(listed) != 1 or source.type != "n8n-nodes-base.scheduleTrigger":
        return None
    given = members(listed[0])
    match given.get("field", "days"):
        case "minutes":
            return _every(given.get("minutesInterval", 5))
        case "hours" if not given.get("triggerAtMinute"):
            return _every(_times(given.get("hoursInterval", 1), 60))
        case "days" if given.get("daysInterval", 1) == 1:
            at = _clock(given.get("triggerAtHour", 0), given.get("triggerAtMinute", 0))
            return Schedule(kind="daily", at=at) if at else None
        case "weeks" if given.get("weeksInterval", 1) == 1:
            at = _clock(given.get("triggerAtHour", 0), given.get("triggerAtMinute", 0))
            days = [day for day in items(given.get("triggerAtDay", [0])) if _whole(day, 0, 6) is not None]
            return Schedule.model_validate({"kind": "weekly", "at": at, "weekdays": days}) if at and days else None
        case "months" if given.get("monthsInterval", 1) == 1:
            at = _clock(given.get("triggerAtHour", 0), given.get("triggerAtMinute", 0))
            day = _whole(given.get("triggerAtDayOfMonth", 1), 1, 31)
            return Schedule(kind="monthly", at=at, month_days=(day,)) if at and day else None
    return None


def read_polling(source: Source) -> Schedule | None:
    """How often a polling trigger looks; None where the spec can't say it."""
    listed = items(members(source.parameters.get("pollTimes")).get("item"))
    given = members(listed[0]) if len(listed) == 1 else {}
    match given.get("mode"):
        case "everyMinute":
            return _every(1)
        case "everyHour" if not given.get("minute"):
            return _every(60)
        case "everyX":
            return _every(_times(given.get("value"), 60 if given.get("unit", "hours") == "hours" else 1))
        case "everyDay":
            at = _clock(given.get("hour", 14), given.get("minute", 0))
            return Schedule(kind="daily", at=at) if at else None
    return None


def _every(minutes: JsonValue) -> Schedule | None:
    number = _whole(minutes, 1, 44_640)
    return Schedule(kind="every", minutes=number) if number else None


def _times(value: JsonValue, factor: int) -> JsonValue:
    number = _whole(value, 1, 44_640)
    return number * factor if number else None


def _clock(hour: JsonValue, minute: JsonValue) -> time | None:
    hours, minutes = _whole(hour, 0, 23), _whole(minute, 0, 59)
    return time(hours, minutes) if hours is not None and minutes is not None else None


def _whole(value: JsonValue, least: int, most: int) -> int | None:
    usable = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    return int(value) if usable and isinstance(value, int) else None
