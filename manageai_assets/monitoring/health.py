"""Whether the watching itself is well: windows are made in time, scenarios are covered, pollers are alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from manageai_assets.monitoring.models import WINDOW, Platform
from manageai_assets.monitoring.polling import uncovered
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor, cursors_of
from manageai_assets.monitoring.registry import scenarios
from manageai_assets.store.monitoring_tables import Heartbeat, MonitorWindow, PollCursor

if TYPE_CHECKING:
    from sqlalchemy import Engine

LATE_AFTER = timedelta(minutes=10)
"""A window that ended so long ago and isn't made is late: making one takes seconds."""
SILENT_AFTER = timedelta(minutes=5)
"""A poller ticks every few seconds; one that says nothing for so long is dead or stuck."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Health:
    """One thing that must hold for the watching to be worth something, and whether it does."""

    passed: bool
    summary: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[str] = ()


def all_read(engine: Engine, platforms: Sequence[Platform], since: datetime) -> bool:
    """Whether each platform's poller has begun a reading since that moment, and has ended that tick."""
    return all(_read(engine, platform, since) for platform in platforms)


def _read(engine: Engine, platform: Platform, since: datetime) -> bool:
    whole = (PollCursor.platform == platform) & (PollCursor.external_id == WHOLE_PLATFORM)
    with engine.connect() as connection:
        polled = connection.scalar(select(PollCursor.polled_at).where(whole))
        beat = connection.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == f"{platform}_poller"))
    return polled is not None and beat is not None and since <= polled <= beat


def windows_fresh(engine: Engine, now: datetime) -> Health:
    """Whether every window that has ended was made in time, the newest one included."""
    row = MonitorWindow
    late = select(func.count(), func.min(row.window_start)).where(
        row.touched > row.covered, row.window_start + WINDOW < now - LATE_AFTER
    )
    with engine.connect() as connection:
        count, oldest = connection.execute(late).one()
        newest = connection.scalar(select(func.max(row.window_start)).where(row.covered > 0))
    behind = int((now - newest - WINDOW).total_seconds()) if newest else 0
    numbers = {"late_windows": count, "seconds_behind": behind}
    if newest is None:
        return Health(False, "no window has been made yet", numbers)
    if count:
        return Health(False, f"late windows: {count}, the oldest began at {oldest:%Y-%m-%d %H:%M} UTC", numbers)
    fresh = now - newest - WINDOW <= WINDOW + LATE_AFTER
    return Health(fresh, f"the newest window ended {behind // 60} minutes ago", numbers)


def scenarios_covered(engine: Engine, now: datetime, platforms: Sequence[Platform]) -> Health:
    """Whether each active scenario has been asked in the last whole window."""
    missed: list[str] = []
    count = 0
    for platform in platforms:
        known = list(scenarios(engine, platform).values())
        cursors = cursors_of(engine, platform)
        if platform == "n8n":  # all its workflows are read at once
            whole = cursors.get(WHOLE_PLATFORM, Cursor(WHOLE_PLATFORM))
            cursors = {one.key.external_id: whole for one in known}
        count += len(known)
        missed += [str(one.key) for one in uncovered(known, cursors, now)]
        missed += [
            str(one.key)
            for one in known
            if one.active and not one.paused and cursors.get(one.key.external_id, Cursor("")).polled_at is None
        ]
    covered = count - len(missed)
    numbers = {"scenarios": count, "covered": covered}
    return Health(not missed, f"{covered} of {count} scenarios are covered", numbers, tuple(missed[:SHOWN]))


def pollers_alive(engine: Engine, now: datetime, platforms: Sequence[Platform]) -> Health:
    """Whether each poller has ticked lately and can read its platform."""
    with engine.connect() as connection:
        beats = {row.name: row.beat_at for row in connection.execute(select(Heartbeat.__table__))}
    wrong: list[str] = []
    numbers: dict[str, int] = {}
    for platform in platforms:
        beat = beats.get(f"{platform}_poller")
        numbers[f"{platform}_seconds"] = int((now - beat).total_seconds()) if beat else -1
        if beat is None or now - beat > SILENT_AFTER:
            wrong.append(f"the poller of {platform} is silent")
            continue
        own = cursors_of(engine, platform).get(WHOLE_PLATFORM)
        if own is not None and own.failures:
            wrong.append(f"{platform} can't be read: {own.last_failure}")
    return Health(not wrong, "; ".join(wrong) or "all pollers are alive", numbers)
