"""Up to when what ran is known, scenario by scenario: a window is judged for those of which its end is.

A platform that gave no answer, a poller that was down, a log that couldn't be read, a failure whose cause hasn't been
asked for: the scenario waits, and is judged window by window when it is known what happened. The others don't wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import func, or_, select, update

from manageai_assets.monitoring.models import WINDOW, Platform, ScenarioKey
from manageai_assets.monitoring.recording import WHOLE_PLATFORM
from manageai_assets.store.monitoring_tables import ExecutionRow, MonitorWindow, PollCursor, ScenarioRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIRST_JUDGED = timedelta(hours=2)
"""A scenario that is new is judged in no window that is older: nobody wants alerts on last month."""
JUDGED_WITHIN = timedelta(days=2)
"""What becomes known later than that is judged no more: a day's outage, and a morning to see to it."""
CAUSES_WITHIN = timedelta(minutes=30)
"""So long after a failure was stored its cause is waited for: a failure without a cause is worth an alert too."""
NEVER, ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """A scenario, the newest window that it was judged in, and up to when it is known what ran."""

    row: int
    key: ScenarioKey
    judged_to: datetime | None
    known_to: datetime

    def knows(self, window: datetime) -> bool:
        """Whether all is known of the window that starts then."""
        return window + WINDOW <= self.known_to

    def waits_for(self, window: datetime, now: datetime) -> bool:
        """Whether it is to be judged in that window, and can be. One that is new waits for none of the past."""
        waits = self.judged_to is not None and self.judged_to < window
        return waits and window >= now - JUDGED_WITHIN and self.knows(window)

    def is_judged_in(self, window: datetime, now: datetime) -> bool:
        """Whether it is judged in that window when that is made: for the first time, or again as its newest."""
        if self.judged_to is None:
            return window >= now - FIRST_JUDGED and self.knows(window)
        return self.waits_for(window, now) or (self.judged_to == window and self.knows(window))


def known(connection: Connection, now: datetime) -> Sequence[Known]:
    """All watched scenarios, with what is known of them."""
    owner = ScenarioRow
    polled = {
        (row.platform, row.external_id): row.polled_at
        for row in connection.execute(select(PollCursor.platform, PollCursor.external_id, PollCursor.polled_at))
    }
    unexplained = _unexplained(connection, now)
    query = select(
        owner.id, owner.platform, owner.external_id, owner.active, owner.active_changed_at, owner.judged_to
    ).where(owner.gone_at.is_(None), ~owner.paused)
    found: list[Known] = []
    for row in connection.execute(query):
        key = ScenarioKey(cast("Platform", row.platform), row.external_id)
        read_to = _read_to(key, polled, off_since=None if row.active else row.active_changed_at or NEVER)
        known_to = min(read_to, unexplained.get(row.id, ALWAYS))
        found.append(Known(row.id, key, row.judged_to, known_to))
    return found


def waiting(connection: Connection, until: datetime, now: datetime) -> list[datetime]:
    """The starts of the windows up to `until` in which some scenario is to be judged that couldn't be before."""
    scenarios = known(connection, now)
    oldest = min((one.judged_to for one in scenarios if one.judged_to is not None), default=until)
    query = (
        select(MonitorWindow.window_start)
        .where(MonitorWindow.window_start > max(oldest, now - JUDGED_WITHIN), MonitorWindow.window_start <= until)
        .order_by(MonitorWindow.window_start)
    )
    starts = connection.scalars(query).all()
    return [start for start in starts if any(one.waits_for(start, now) for one in scenarios)]


def mark_judged(connection: Connection, window: datetime, rows: Sequence[int]) -> None:
    """These scenarios have been judged up to that window; so have those that nobody wants judged."""
    nobodys = or_(ScenarioRow.paused, ScenarioRow.gone_at.is_not(None))
    before = or_(ScenarioRow.judged_to.is_(None), ScenarioRow.judged_to < window)
    chosen = or_(ScenarioRow.id == func.any(list(rows)), nobodys)
    connection.execute(update(ScenarioRow).where(before, chosen).values(judged_to=window))


def _read_to(
    key: ScenarioKey, polled: Mapping[tuple[str, str], datetime | None], *, off_since: datetime | None
) -> datetime:
    """Up to when a scenario has been read. What nobody reads waits for nobody; on n8n all are read at once; on Make one
    that is off isn't asked again, once it was after it was switched off."""
    whole = (key.platform, WHOLE_PLATFORM)
    if whole not in polled:
        return ALWAYS
    platform = polled[whole] or NEVER
    if key.platform == "n8n":
        return platform
    own = polled.get((key.platform, key.external_id)) or NEVER
    return platform if off_since is not None and own > NEVER and own >= off_since else min(platform, own)


def _unexplained(connection: Connection, now: datetime) -> Mapping[int, datetime]:
    """By scenario, the end of its first failure whose cause is still waited for."""
    query = (
        select(ExecutionRow.scenario_id, func.min(ExecutionRow.finished_at).label("first"))
        .where(ExecutionRow.outcome == "error", ExecutionRow.error_type.is_(None))
        .where(ExecutionRow.stored_at > now - CAUSES_WITHIN)
        .group_by(ExecutionRow.scenario_id)
    )
    return {row.scenario_id: row.first for row in connection.execute(query)}
