"""When an n8n workflow starts: schedules as the rules of a Schedule Trigger, and as poll times."""

from __future__ import annotations

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.spec import Schedule

DEFAULT_MINUTES = 15
"""How often a scenario runs when nothing else was said: Make's own default."""


def schedule_rule(schedule: Schedule | None) -> JsonValue:
    """The `rule` parameter of a Schedule Trigger. Raises `CompileError` for what it can't say."""
    if schedule is None:
        return {"interval": [_every(DEFAULT_MINUTES)]}
    hour, minute = (schedule.at.hour, schedule.at.minute) if schedule.at else (0, 0)
    time: dict[str, JsonValue] = {"triggerAtHour": hour, "triggerAtMinute": minute}
    match schedule.kind:
        case "every" | "immediately":
            return {"interval": [_every(schedule.minutes or DEFAULT_MINUTES)]}
        case "daily":
            return {"interval": [{"field": "days", "daysInterval": 1, **time}]}
        case "weekly":
            weekdays: list[JsonValue] = list(schedule.weekdays or (1,))
            return {"interval": [{"field": "weeks", "weeksInterval": 1, "triggerAtDay": weekdays, **time}]}
        case "monthly":
            days = schedule.month_days or (1,)
            return {
                "interval": [
                    {"field": "months", "monthsInterval": 1, "triggerAtDayOfMonth": day, **time} for day in days
                ]
            }
        case "once" if schedule.date:
            date = schedule.date
            expression = f"{date.minute} {date.hour} {date.day} {date.month} *"
            return {"interval": [{"field": "cronExpression", "expression": expression}]}
        case _:
            raise CompileError(
                f"n8n has no schedule for `{schedule.kind}`", hint="start it by a webhook, or give it a schedule"
            )


def poll_times(schedule: Schedule | None) -> JsonValue:
    """The `pollTimes` parameter of a polling trigger."""
    if schedule and schedule.kind in ("daily", "weekly", "monthly") and schedule.at:
        time: dict[str, JsonValue] = {"hour": schedule.at.hour, "minute": schedule.at.minute}
        match schedule.kind:
            case "daily":
                return {"item": [{"mode": "everyDay", **time}]}
            case "weekly":
                return {
                    "item": [{"mode": "everyWeek", "weekday": str(day), **time} for day in schedule.weekdays or (1,)]
                }
            case _:
                return {
                    "item": [{"mode": "everyMonth", "dayOfMonth": day, **time} for day in schedule.month_days or (1,)]
                }
    minutes = schedule.minutes if schedule and schedule.minutes else DEFAULT_MINUTES
    if minutes % 60 == 0:
        return {"item": [{"mode": "everyX", "value": minutes // 60, "unit": "hours"}]}
    return {"item": [{"mode": "everyX", "value": minutes, "unit": "minutes"}]}


def _every(minutes: int) -> JsonValue:
    if minutes % 1440 == 0:
        return {"field": "days", "daysInterval": minutes // 1440}
    if minutes % 60 == 0:
        return {"field": "hours", "hoursInterval": minutes // 60}
    if minutes < 60:
        return {"field": "minutes", "minutesInterval": minutes}
    raise CompileError(f"n8n can't run every {minutes} minutes", hint="take a number below 60, or whole hours or days")
