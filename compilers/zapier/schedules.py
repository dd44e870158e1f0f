"""Zapier's schedule triggers and the spec's schedules. Hours are spelled as `8am`, days by their English names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.spec import Schedule

API, CLI = "ScheduleAPI", "ScheduleCLIAPI"
WEEKLY, DAILY = "every_week", "everyDay"
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_HOUR = re.compile(r"(1[0-2]|[1-9])(am|pm)")


def read_schedule(action: str, params: Mapping[str, JsonValue]) -> Schedule | None:
    """The schedule of a trigger; None for one that says more than exports have shown."""
    found = _HOUR.fullmatch(str(params.get("hod")))
    if found is None:
        return None
    at = time(int(found[1]) % 12 + (12 if found[2] == "pm" else 0))
    if action == WEEKLY and params.get("dow") in _DAYS:
        return Schedule(kind="weekly", at=at, weekdays=(_DAYS.index(str(params["dow"])),))
    return Schedule(kind="daily", at=at) if action == DAILY else None


def write_schedule(schedule: Schedule | None) -> tuple[str, dict[str, JsonValue]]:
    """The action and its values. Raises `CompileError` for a schedule that Zapier's triggers haven't been seen with."""
    whole = schedule is not None and schedule.at is not None and not (schedule.at.minute or schedule.at.second)
    if schedule is not None and schedule.at is not None and whole:
        hour = f"{schedule.at.hour % 12 or 12}{'pm' if schedule.at.hour >= 12 else 'am'}"
        if schedule.kind == "daily":
            return DAILY, {"hod": hour}
        if schedule.kind == "weekly" and len(schedule.weekdays) == 1:
            return WEEKLY, {"dow": _DAYS[schedule.weekdays[0]], "hod": hour}
    raise CompileError(
        "Zapier's schedule can't be set to these times from a file",
        hint="daily or on one day of the week, at a full hour; else set it by hand in Zapier's editor",
    )
