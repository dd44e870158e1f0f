"""Judging a window: what is wrong at its end, what becomes of the incidents, and which alerts that asks for, all in one
transaction.

Windows are judged in their order. The newest one may be judged again when late executions have touched it: it opens
what is new, and counts nothing twice. Older ones change nothing any more, since what came after them is known. A crash
leaves a window unjudged, or judged whole.

Who has read a platform judges the newest window at once (`judge_newest`), so that nobody waits for a run to start; what
it can't judge, the runs do (`judge_windows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.monitoring.alerts.wanted import Addressees, want_alerts
from manageai_assets.monitoring.detection import FAILING, Judged, judge
from manageai_assets.monitoring.estate import estate, learn_profiles, plan_days
from manageai_assets.monitoring.incident_store import (
    last_windows,
    open_new,
    resolved_lately,
    save,
    times_reopened,
    unresolved,
)
from manageai_assets.monitoring.incidents import Change, Sight, not_seen, seen_again, told_more
from manageai_assets.monitoring.models import (
    LOOK_BACK,
    PLATFORMS,
    WINDOW,
    Finding,
    Incident,
    IncidentKind,
    Platform,
    window_of,
)
from manageai_assets.monitoring.polling import platform_trouble
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, cursors_of, plans
from manageai_assets.store.monitoring_tables import ExecutionRow, MonitorWindow

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

JUDGING_LOCK = 4_707_003
"""Key of the advisory lock that lets one process judge at a time."""
FIRST_JUDGED = timedelta(hours=2)
"""A new installation judges no window that is older: nobody wants alerts on last month."""
MEASURED: frozenset[IncidentKind] = frozenset({"slow_down", "data_anomaly", "silence", *FAILING})
"""Kinds that need fresh executions to be over."""


@dataclass(frozen=True)
class JudgedWindow:
    """What judging a window came to. `changed` is false when it had been judged, or when it is too old to count."""

    window_start: datetime
    changed: bool
    findings: int = 0
    opened: int = 0
    reopened: int = 0
    resolved: int = 0
    open: int = 0
    alerts: int = 0


def judge_windows(
    engine: Engine, starts: Sequence[datetime], now: datetime, addressees: Addressees
) -> list[JudgedWindow]:
    """Judges these windows in order, each in a transaction of its own. Their executions must be stored."""
    ordered = sorted(set(starts))
    with engine.begin() as connection:
        newest = _newest(connection)
        old = [start for start in ordered if newest is not None and start < newest]
        _mark(connection, dict.fromkeys(old, 1))
    passed = [JudgedWindow(start, changed=False) for start in old]
    return passed + [_judge_window(engine, start, now, addressees) for start in ordered[len(old) :]]


def judge_newest(engine: Engine, now: datetime, addressees: Addressees) -> JudgedWindow | None:
    """Judges the window that ended last. None when nothing has touched it since it was judged, when one before it
    wasn't judged yet, or when a failure's cause isn't known yet, which would make it another trouble."""
    window = window_of(now) - WINDOW
    with engine.begin() as connection:
        newest = _newest(connection)
        if newest is None or newest < window - WINDOW or _is_judged(connection, window):
            return None
        if _unexplained(connection, window + WINDOW):
            return None
    return _judge_window(engine, window, now, addressees)


def judged_already(engine: Engine, starts: Sequence[datetime]) -> frozenset[datetime]:
    """Those of these windows that nothing has touched since they were judged."""
    with engine.connect() as connection:
        return frozenset(start for start in starts if _is_judged(connection, start))


def _newest(connection: Connection) -> datetime | None:
    """The start of the newest window that was judged."""
    return connection.scalar(select(func.max(MonitorWindow.window_start)).where(MonitorWindow.judged > 0))


def _is_judged(connection: Connection, window: datetime) -> bool:
    """Whether it was judged since it was touched last."""
    row = MonitorWindow
    query = select(row.judged >= row.touched).where(row.window_start == window, row.judged > 0)
    return bool(connection.scalar(query))


def _touched(connection: Connection, window: datetime) -> int:
    """How often it has been touched; asked before its executions are read, so that what comes meanwhile counts as
    coming later. What nobody has touched has the number that rows begin with."""
    return connection.scalar(select(MonitorWindow.touched).where(MonitorWindow.window_start == window)) or 1


def _unexplained(connection: Connection, at: datetime) -> bool:
    """Whether the cause of a failure in the hour before is still to be asked for."""
    row = ExecutionRow
    query = select(row.execution_id).where(
        row.outcome == "error", row.error_type.is_(None), row.finished_at >= at - LOOK_BACK, row.finished_at < at
    )
    return connection.scalar(query.limit(1)) is not None


def _judge_window(engine: Engine, window: datetime, now: datetime, addressees: Addressees) -> JudgedWindow:
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": JUDGING_LOCK})
        newest, touched = _newest(connection), _touched(connection, window)
        if newest is None and window < now - FIRST_JUDGED:
            return JudgedWindow(window, changed=False)
        if newest is not None and window < newest:
            _mark(connection, {window: touched})
            return JudgedWindow(window, changed=False)
        at = window + WINDOW
        trouble = [found for platform in PLATFORMS if (found := _unread(engine, platform, at)) is not None]
        learn_profiles(connection, at)
        watched = estate(connection, at)
        burning = [(plan, plan_days(connection, plan, at)) for plan in plans(engine).values()]
        judged = judge(watched, burning, at)
        judged = replace(judged, findings=(*judged.findings, *trouble))
        unread = frozenset(finding.platform for finding in trouble)
        changes, opened = _apply(connection, judged, window, unread, again=window == newest)
        alerts = want_alerts(connection, at, addressees, {one.scenario.key: one.scenario for one in watched})
        _mark(connection, {window: touched})
        kinds = [event.kind for change in changes for event in change.events]
        return JudgedWindow(
            window, True, len(judged.findings), opened, kinds.count("reopened"), kinds.count("resolved"),
            len(unresolved(connection)), alerts,
        )  # fmt: skip


def _unread(engine: Engine, platform: Platform, at: datetime) -> Finding | None:
    return platform_trouble(platform, cursors_of(engine, platform).get(WHOLE_PLATFORM), at)


def _apply(
    connection: Connection, judged: Judged, window: datetime, unread: frozenset[Platform], *, again: bool
) -> tuple[list[Change], int]:
    """Takes the incidents through the window; gives their changes, and how many are new."""
    known = unresolved(connection)
    seen_in = last_windows(connection)
    found = {one.fingerprint: one for one in judged.findings}
    lately = resolved_lately(connection, {*found, *judged.covered.values()} - set(known), window)
    ids = {fingerprint: one.id for fingerprint, one in {**lately, **known}.items()}
    changes: list[Change] = []
    opened = 0
    for fingerprint, finding in found.items():
        incident = known.get(fingerprint) or lately.get(fingerprint)
        if incident is None:
            ids[fingerprint] = open_new(connection, finding, window).incident.id
            opened += 1
        elif incident.status != "resolved" and seen_in.get(incident.id) == window:
            changes.append(told_more(incident, finding, window))
        else:
            changes.append(seen_again(incident, finding, window))
    returns = times_reopened(connection, [one.id for one in known.values()])
    for fingerprint, incident in known.items():
        if fingerprint in found:
            continue
        sight = _sight(incident, judged, unread)
        if again and seen_in.get(incident.id) == window and sight != "explained":
            continue
        explained_by = ids.get(judged.covered.get(fingerprint, ""))
        changes.append(not_seen(incident, sight, window, returns.get(incident.id, 0), explained_by))
    save(connection, changes, window)
    return changes, opened


def _sight(incident: Incident, judged: Judged, unread: frozenset[Platform]) -> Sight:
    if incident.fingerprint in judged.covered:
        return "explained"
    if incident.platform in unread and incident.kind != "poll_failure":
        return "unproven"
    unproven = judged.unproven if incident.kind in FAILING else judged.unread
    if incident.kind in MEASURED and incident.scenario in unproven:
        return "unproven"
    return "healthy"


def _mark(connection: Connection, windows: Mapping[datetime, int]) -> None:
    """The windows have been judged as they were when they had been touched so often."""
    if not windows:
        return
    statement = insert(MonitorWindow).values(
        [{"window_start": start, "judged": touched} for start, touched in windows.items()]
    )
    done = {"judged": func.greatest(MonitorWindow.judged, statement.excluded.judged)}
    connection.execute(statement.on_conflict_do_update(index_elements=["window_start"], set_=done))
