"""What the rules look at, from the tables: every watched scenario at a moment, with its runs and what is usual."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.monitoring.detection.profile import LEARN_FROM, Profile, learn, profile_from_json
from manageai_assets.monitoring.detection.watched import RUNS_AT_LEAST, RUNS_FOR, Watched
from manageai_assets.monitoring.models import (
    Execution,
    ExecutionError,
    Outcome,
    Plan,
    Scenario,
    ScenarioKey,
    window_of,
)
from manageai_assets.monitoring.recording import WHOLE_PLATFORM
from manageai_assets.monitoring.registry import scenario_of
from manageai_assets.store.monitoring_tables import ExecutionRow, PollCursor, ScenarioRow
from manageai_assets.store.profile_tables import ProfileRow
from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

_log = logging.getLogger(__name__)

LEARN_AGAIN_AFTER = timedelta(days=1)
LEARNT_AT_ONCE = 200
"""Scenarios whose usual course is learnt with one window: 5,000 take 25 windows at first, and then 52 a window."""
PLAN_DAYS = 7
"""Whole days whose operations tell the rate at which a plan is used: a week, since weekends differ."""
MESSAGE = 2000

_COLUMNS = (
    "scenario_id, execution_id, started_at, finished_at, duration_ms, outcome, operations, items, error_type, "
    f"left(error_message, {MESSAGE}) as error_message, error_step, error_status, error_connection"
)
_RUNS = text(f"""
select one.* from {SCHEMA}.scenarios as owner cross join lateral (
    (select {_COLUMNS} from {SCHEMA}.executions
      where scenario_id = owner.id and started_at <= :at and started_at > cast(:at as timestamptz) - :span)
    union
    (select {_COLUMNS} from {SCHEMA}.executions
      where scenario_id = owner.id and started_at <= :at order by started_at desc limit :newest)
) as one
where owner.gone_at is null and not owner.paused
order by one.scenario_id, one.started_at, one.execution_id
""")


def estate(connection: Connection, at: datetime) -> list[Watched]:
    """Every scenario that is watched, as it was known at that moment."""
    owners = {
        row.id: _as_it_was(scenario_of(row), at)
        for row in connection.execute(select(ScenarioRow.__table__).where(ScenarioRow.gone_at.is_(None)))
        if not row.paused
    }
    runs = _runs(connection, owners, at)
    profiles = _profiles(connection)
    read_to = _read_to(connection)
    return [
        Watched(
            scenario=scenario,
            runs=runs.get(identifier, ()),
            profile=profiles.get(identifier),
            at=at,
            read_to=read_to.get(scenario.key) or read_to.get(ScenarioKey(scenario.key.platform, WHOLE_PLATFORM)),
        )
        for identifier, scenario in owners.items()
    ]


def learn_profiles(connection: Connection, at: datetime, rows: Sequence[int]) -> int:
    """Learns what is usual for those of these scenarios of which it isn't known, or was learnt a day ago; gives how
    many. Those that were learnt longest ago come first."""
    query = (
        select(ScenarioRow.id, ScenarioRow.platform, ScenarioRow.external_id)
        .outerjoin(ProfileRow, ProfileRow.scenario_id == ScenarioRow.id)
        .where(ScenarioRow.gone_at.is_(None), ScenarioRow.id == func.any(list(rows)))
        .where(func.coalesce(ProfileRow.learnt_to, at - LEARN_AGAIN_AFTER) <= at - LEARN_AGAIN_AFTER)
        .order_by(ProfileRow.learnt_to.nulls_first(), ScenarioRow.id)
        .limit(LEARNT_AT_ONCE)
    )
    keys = {row.id: ScenarioKey(row.platform, row.external_id) for row in connection.execute(query)}
    history: dict[int, list[Execution]] = defaultdict(list)
    past = (
        select(ExecutionRow.__table__)
        .where(ExecutionRow.scenario_id == func.any(list(keys)))
        .where(ExecutionRow.started_at >= at - LEARN_FROM, ExecutionRow.finished_at <= at)
        .order_by(ExecutionRow.started_at, ExecutionRow.execution_id)
    )
    for row in connection.execute(past) if keys else ():
        history[row.scenario_id].append(_execution(row, keys[row.scenario_id], at))
    for identifier in keys:
        found = learn(history[identifier], at)
        values = {"learnt_to": at, "profile": found.to_json() if found else None}
        statement = insert(ProfileRow).values(scenario_id=identifier, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["scenario_id"], set_=values))
    return len(keys)


def plan_days(connection: Connection, plan: Plan, at: datetime) -> Sequence[int]:
    """The operations of a platform's executions on the last whole days, oldest first; empty when they aren't all
    known."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    query = text(f"""
        select floor(extract(epoch from (cast(:midnight as timestamptz) - finished_at)) / 86400) as ago,
               sum(operations) as operations
        from {SCHEMA}.executions
        where platform = :platform and finished_at >= cast(:midnight as timestamptz) - make_interval(days => :days)
          and finished_at < :midnight
        group by 1
    """)
    told = {"midnight": midnight, "platform": plan.platform, "days": PLAN_DAYS}
    found = {int(row.ago): int(row.operations) for row in connection.execute(query, told)}
    return [found.get(ago, 0) for ago in reversed(range(PLAN_DAYS))] if PLAN_DAYS - 1 in found else ()


def _runs(connection: Connection, owners: Mapping[int, Scenario], at: datetime) -> Mapping[int, Sequence[Execution]]:
    runs: dict[int, list[Execution]] = defaultdict(list)
    for row in connection.execute(_RUNS, {"at": at, "span": RUNS_FOR, "newest": RUNS_AT_LEAST}):
        if row.scenario_id in owners:
            runs[row.scenario_id].append(_execution(row, owners[row.scenario_id].key, at))
    return runs


def _as_it_was(scenario: Scenario, at: datetime) -> Scenario:
    """A scenario as it was at a moment: one that was seen switched on or off in a later window hadn't been."""
    changed = scenario.active_changed_at
    if changed is None or window_of(changed) <= at:
        return scenario
    return replace(scenario, active=not scenario.active, active_changed_at=None)


def _execution(row: Row[tuple[object, ...]], key: ScenarioKey, at: datetime) -> Execution:
    """An execution as it was at a moment: one that ended later was running."""
    if row.finished_at is None or row.finished_at > at:
        return Execution(key, row.execution_id, row.started_at, "running")
    failed = row.outcome == "error"
    error = ExecutionError(
        row.error_type or "", row.error_message or "", row.error_step or "", row.error_status,
        row.error_connection or "",
    ) if failed else None  # fmt: skip
    return Execution(
        key, row.execution_id, row.started_at, cast("Outcome", row.outcome), row.finished_at, row.duration_ms,
        row.operations, row.items, error,
    )  # fmt: skip


def _profiles(connection: Connection) -> Mapping[int, Profile]:
    query = select(ProfileRow.scenario_id, ProfileRow.profile).where(ProfileRow.profile.is_not(None))
    found: dict[int, Profile] = {}
    for row in connection.execute(query):
        try:
            found[row.scenario_id] = profile_from_json(row.profile)
        except ValidationError:  # an earlier version of this project wrote it; it is learnt anew within a day
            _log.warning("profile not readable scenario=%s", row.scenario_id)
    return found


def _read_to(connection: Connection) -> Mapping[ScenarioKey, datetime]:
    """Up to when each scenario, or a platform as a whole, has been read."""
    query = select(PollCursor.platform, PollCursor.external_id, PollCursor.polled_at)
    return {
        ScenarioKey(row.platform, row.external_id): row.polled_at
        for row in connection.execute(query)
        if row.polled_at is not None
    }
