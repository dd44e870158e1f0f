"""A scenario's settings and schedule in neutral words."""

from __future__ import annotations

from datetime import datetime, time

from pydantic import JsonValue, ValidationError

from compilers.documents import Object, items, members
from compilers.spec import Schedule, Settings


def read_settings(document: Object, timezone: str) -> Settings:
    """How a run behaves, by `metadata.scenario`; what isn't said, or makes no sense, is Make's default."""
    given = members(members(document.get("metadata")).get("scenario"))
    return Settings(
        timezone=timezone,
        sequential=given.get("sequential") is True,
        keep_incomplete=given.get("dlq") is True,
        max_cycles=_whole(given.get("roundtrips"), 1),
        max_errors=_whole(given.get("maxErrors"), 3),
        auto_commit=given.get("autoCommit") is not False,
        confidential=given.get("confidential") is True,
    )


def _whole(value: JsonValue, otherwise: int) -> int:
    known = isinstance(value, int) and not isinstance(value, bool)
    return max(0, min(100, value)) if known and isinstance(value, int) else otherwise


def read_schedule(given: JsonValue) -> Schedule | None:
    """The schedule that some blueprints hold beside the flow; None when there is none that can be read."""
    scheduling = members(given)
    kind, at = scheduling.get("type"), _time(scheduling.get("time"))
    days = [day for day in items(scheduling.get("days")) if isinstance(day, int)]
    fields: dict[str, object]
    match kind:
        case "indefinitely":
            interval = scheduling.get("interval")
            seconds = interval if isinstance(interval, (int, float)) else 900
            fields = {"kind": "every", "minutes": max(1, round(seconds / 60))}
        case "daily":
            fields = {"kind": "daily", "at": at or time(0)}
        case "weekly":
            fields = {"kind": "weekly", "at": at or time(0), "weekdays": tuple(days) or (1,)}
        case "monthly":
            fields = {"kind": "monthly", "at": at or time(0), "month_days": tuple(days) or (1,)}
        case "once":
            fields = {"kind": "once", "date": _moment(scheduling.get("date"))}
        case "immediately":
            fields = {"kind": "immediately"}
        case "on-demand":
            fields = {"kind": "on_demand"}
        case _:
            return None
    try:
        return Schedule.model_validate(fields)
    except ValidationError:
        return None


def _time(value: JsonValue) -> time | None:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(value: JsonValue) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
