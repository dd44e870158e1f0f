"""Snapshots: how each scenario did in the hour up to a window's end, from stored executions only.

The same rule stands twice: `snapshots_of` in Python, for histories that are in no database, and `make_snapshots` as one
query for all scenarios of many windows. A test holds one against the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.monitoring.models import (
    LOOK_BACK,
    WINDOW,
    Execution,
    ExecutionError,
    Platform,
    ScenarioKey,
    Snapshot,
)
from manageai_assets.store.monitoring_tables import ExecutionRow, MonitorWindow, ScenarioRow, SnapshotRow
from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

WINDOWS_AT_ONCE = 96
"""A day's windows are made by one query, and are one transaction."""

_MAKE = text(f"""
insert into {SCHEMA}.execution_snapshots
    (window_start, scenario_id, executions, errors, warnings, success_rate, p50_ms, p95_ms, operations, items,
     last_finished_at, last_error_at, last_error_id)
select told.window_start, one.scenario_id, count(*), count(*) filter (where one.outcome = 'error'),
       count(*) filter (where one.outcome = 'warning'),
       1 - count(*) filter (where one.outcome = 'error') / count(*)::real,
       percentile_disc(0.5) within group (order by coalesce(one.duration_ms, 0)),
       percentile_disc(0.95) within group (order by coalesce(one.duration_ms, 0)),
       sum(one.operations), sum(one.items), max(one.finished_at),
       max(one.finished_at) filter (where one.outcome = 'error'),
       (max(array[to_char(one.finished_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), one.execution_id] collate "C")
           filter (where one.outcome = 'error'))[2]
from unnest(cast(:starts as timestamptz[])) as told(window_start)
join {SCHEMA}.executions as one
  on one.finished_at >= told.window_start + cast(:window as interval) - cast(:look_back as interval)
 and one.finished_at < told.window_start + cast(:window as interval)
group by told.window_start, one.scenario_id
order by told.window_start, one.scenario_id
""")


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """What the snapshots of one window add up to."""

    window_start: datetime
    scenarios: int = 0
    executions: int = 0
    errors: int = 0
    operations: int = 0


def snapshots_of(executions: Iterable[Execution], window_start: datetime) -> list[Snapshot]:
    """The snapshots of a window, by scenario, from all executions or more."""
    end = window_start + WINDOW
    by_scenario: dict[ScenarioKey, list[Execution]] = {}
    for one in executions:
        if one.finished is not None and end - LOOK_BACK <= one.finished < end:
            by_scenario.setdefault(one.scenario, []).append(one)
    return [_snapshot(key, window_start, by_scenario[key]) for key in sorted(by_scenario)]


def make_snapshots(engine: Engine, starts: Sequence[datetime], now: datetime) -> list[WindowTotals]:
    """Makes the snapshots of these windows anew, and gives what each adds up to, in order.

    A window that is touched meanwhile waits for the end of this and stays due."""
    made: list[WindowTotals] = []
    ordered = sorted(set(starts))
    for place in range(0, len(ordered), WINDOWS_AT_ONCE):
        with engine.begin() as connection:
            made += _make(connection, ordered[place : place + WINDOWS_AT_ONCE], now)
    return made


def due_windows(engine: Engine, now: datetime) -> list[tuple[datetime, int]]:
    """Windows that have ended and whose snapshots are missing or out of date, oldest first, each with the number that
    says how often it has been touched."""
    row = MonitorWindow
    query = (
        select(row.window_start, row.touched)
        .where(row.touched > row.covered, row.window_start <= now - WINDOW)
        .order_by(row.window_start)
    )
    with engine.connect() as connection:
        return [(one.window_start, one.touched) for one in connection.execute(query)]


def add_windows(engine: Engine, starts: Iterable[datetime]) -> None:
    """Sees to it that these windows are made, even where nothing ran in them."""
    values = [{"window_start": start} for start in sorted(set(starts))]
    if values:
        with engine.begin() as connection:
            connection.execute(insert(MonitorWindow).values(values).on_conflict_do_nothing())


def stored_snapshots(engine: Engine, since: datetime, until: datetime) -> list[Snapshot]:
    """The stored snapshots of windows that start from `since` up to before `until`, by window and scenario, with the
    error of the newest failure."""
    snap, run, owner = SnapshotRow.__table__, ExecutionRow.__table__, ScenarioRow.__table__
    newest = (run.c.platform == owner.c.platform) & (run.c.execution_id == snap.c.last_error_id)
    query = (
        select(
            owner.c.platform, owner.c.external_id, snap, run.c.error_type, run.c.error_message, run.c.error_step,
            run.c.error_status, run.c.error_connection,
        )
        .join(owner, owner.c.id == snap.c.scenario_id)
        .outerjoin(run, newest)
        .where(snap.c.window_start >= since, snap.c.window_start < until)
        .order_by(snap.c.window_start, owner.c.platform, owner.c.external_id)
    )  # fmt: skip
    with engine.connect() as connection:
        return [
            Snapshot(
                ScenarioKey(cast("Platform", row.platform), row.external_id), row.window_start, row.executions,
                row.errors, row.warnings, row.p50_ms, row.p95_ms, row.operations, row.items, row.last_finished_at,
                None if row.error_type is None else ExecutionError(
                    row.error_type, row.error_message or "", row.error_step or "", row.error_status,
                    row.error_connection or "",
                ),
                row.last_error_at,
            )
            for row in connection.execute(query)
        ]  # fmt: skip


def _make(connection: Connection, starts: Sequence[datetime], now: datetime) -> list[WindowTotals]:
    rows = [{"window_start": start} for start in starts]
    connection.execute(insert(MonitorWindow).values(rows).on_conflict_do_nothing())
    chosen = MonitorWindow.window_start.in_(starts)
    connection.execute(
        select(MonitorWindow.touched).where(chosen).order_by(MonitorWindow.window_start).with_for_update()
    )
    connection.execute(delete(SnapshotRow).where(SnapshotRow.window_start.in_(starts)))
    connection.execute(_MAKE, {"starts": list(starts), "window": WINDOW, "look_back": LOOK_BACK})
    covered = update(MonitorWindow).where(chosen).values(covered=MonitorWindow.touched, covered_at=now)
    connection.execute(covered)
    return totals(connection, starts)


def totals(connection: Connection, starts: Sequence[datetime]) -> list[WindowTotals]:
    """What the stored snapshots of these windows add up to, in their order."""
    query = text(f"""
        select window_start, count(*) as scenarios, sum(executions) as executions, sum(errors) as errors,
               sum(operations) as operations
        from {SCHEMA}.execution_snapshots where window_start = any(:starts) group by window_start
    """)
    found = {
        row.window_start: WindowTotals(
            row.window_start, int(row.scenarios), int(row.executions), int(row.errors), int(row.operations)
        )
        for row in connection.execute(query, {"starts": list(starts)})
    }
    return [found.get(start, WindowTotals(start)) for start in starts]


def _snapshot(key: ScenarioKey, window_start: datetime, executions: Sequence[Execution]) -> Snapshot:
    durations = sorted(one.duration_ms or 0 for one in executions)
    failed = [one for one in executions if one.outcome == "error"]
    newest = max(failed, key=lambda one: (one.finished or one.started, one.execution_id), default=None)
    items = [one.items for one in executions if one.items is not None]
    return Snapshot(
        key,
        window_start,
        len(executions),
        len(failed),
        sum(one.outcome == "warning" for one in executions),
        _percentile(durations, 0.5),
        _percentile(durations, 0.95),
        sum(one.operations for one in executions),
        sum(items) if items else None,
        max(one.finished for one in executions if one.finished is not None),
        newest.error if newest else None,
        newest.finished if newest else None,
    )


def _percentile(ordered: Sequence[int], fraction: float) -> int:
    """The first value that so many don't exceed, as PostgreSQL's `percentile_disc` takes it."""
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]
