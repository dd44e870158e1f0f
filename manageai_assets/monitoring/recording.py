"""Storing what was read: executions, how far each reading has come, and which windows that touches, in one
transaction, so that no cursor is ever ahead of what is stored.

Windows and scenarios are always locked in their order, so that several pollers and the snapshots never wait for each
other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from compilers.secrets import without_secrets
from manageai_assets.monitoring.models import (
    WINDOW,
    Execution,
    ExecutionError,
    Plan,
    Platform,
    ScenarioKey,
    window_of,
    windows_told_by,
)
from manageai_assets.monitoring.registry import ids_of
from manageai_assets.store.monitoring_tables import (
    ExecutionRow,
    Heartbeat,
    MonitorWindow,
    PlanUsage,
    PollCursor,
    ScenarioRow,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

WHOLE_PLATFORM = ""
"""Stands for the external id in the cursor of a platform as a whole."""
LONGEST_TEXT = 4000
"""Characters of an error's message that are kept."""
EXPLAINED_FOR = timedelta(days=2)
"""Failures that are older are not asked about any more: a platform may have been away for a day."""

STOPPED_BY_HAND = frozenset({"ManualExecutionCancelledError"})
"""What n8n calls it; its lists don't tell it from what ran into a time limit."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reading has come; see the table `poll_cursors`."""

    external_id: str
    read_to: datetime | None = None
    polled_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    last_failure: str = ""
    backoff_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was new in a reading: executions, those of them that ended with an error, and the windows to make again."""

    executions: int = 0
    errors: int = 0
    windows: tuple[datetime, ...] = ()


def record(
    engine: Engine,
    platform: Platform,
    executions: Iterable[Execution],
    cursors: Sequence[Cursor] = (),
    now: datetime | None = None,
) -> Recorded:
    """Stores executions once each; one that was running and has ended is completed. Moves the cursors. `now` says when
    that is, where it matters how long the cause of a failure may be waited for.

    A window that was made before its scenarios had been read to its end is due again, so that they are judged in it."""
    merged = once_each(executions)
    with engine.begin() as connection:
        new = _store(connection, platform, merged, now) if merged else Recorded()
        ended = _ended(connection, platform, cursors)
        made = _locked(connection, ended | set(new.windows))
        touch(connection, {*new.windows, *(ended & made)})
        _move(connection, platform, cursors)
    return new


def once_each(executions: Iterable[Execution]) -> list[Execution]:
    """Each execution once, by start; of two readings of the same, the one that has ended counts."""
    found: dict[tuple[Platform, str], Execution] = {}
    for one in executions:
        key = (one.scenario.platform, one.execution_id)
        known = found.get(key)
        if known is None or known.outcome == "running":
            found[key] = one
    return sorted(found.values(), key=lambda one: (one.started, one.execution_id))


def cursors_of(engine: Engine, platform: Platform) -> dict[str, Cursor]:
    """All cursors of a platform by external id; `WHOLE_PLATFORM` is its own."""
    query = select(PollCursor.__table__).where(PollCursor.platform == platform)
    with engine.connect() as connection:
        return {
            row.external_id: Cursor(
                row.external_id, row.read_to, row.polled_at, row.failures, row.failing_since, row.last_failure,
                row.backoff_until,
            )
            for row in connection.execute(query).all()
        }  # fmt: skip


def running(engine: Engine, platform: Platform) -> dict[str, tuple[ScenarioKey, datetime]]:
    """Executions that had not ended when they were read last: scenario and start, by execution id."""
    query = (
        select(ExecutionRow.execution_id, ScenarioRow.external_id, ExecutionRow.started_at)
        .join(ScenarioRow, ScenarioRow.id == ExecutionRow.scenario_id)
        .where(ExecutionRow.platform == platform, ExecutionRow.outcome == "running")
    )
    with engine.connect() as connection:
        return {
            row.execution_id: (ScenarioKey(platform, row.external_id), row.started_at)
            for row in connection.execute(query)
        }


def unexplained(engine: Engine, platform: Platform, now: datetime, limit: int) -> list[Execution]:
    """Failures whose cause nobody has asked for yet: first the newest of each scenario, at most `limit`."""
    if limit <= 0:
        return []
    row = ExecutionRow
    order = func.row_number().over(partition_by=row.scenario_id, order_by=row.finished_at.desc())
    query = (
        select(ScenarioRow.external_id, row.execution_id, row.started_at, row.finished_at)
        .join(ScenarioRow, ScenarioRow.id == row.scenario_id)
        .where(row.platform == platform, row.outcome == "error", row.error_type.is_(None))
        .where(row.finished_at > now - EXPLAINED_FOR)
        .order_by(order, row.finished_at.desc())
        .limit(limit)
    )
    with engine.connect() as connection:
        return [
            Execution(
                ScenarioKey(platform, one.external_id), one.execution_id, one.started_at, "error", one.finished_at
            )
            for one in connection.execute(query)
        ]


def explain(engine: Engine, explained: Mapping[tuple[Platform, str], ExecutionError]) -> None:
    """Stores why executions failed; their windows are judged again. One that a person has stopped didn't fail."""
    if not explained:
        return
    with engine.begin() as connection:
        windows: set[datetime] = set()
        for (platform, identifier), error in sorted(explained.items()):
            is_it = and_(ExecutionRow.platform == platform, ExecutionRow.execution_id == identifier)
            stopped = {"outcome": "warning"} if error.type in STOPPED_BY_HAND else {}
            statement = update(ExecutionRow).where(is_it).values({**_error_values(error), **stopped})
            finished = connection.execute(statement.returning(ExecutionRow.finished_at)).scalar_one_or_none()
            windows |= set(windows_told_by(finished)) if finished else set()
        touch(connection, windows)


def touch(connection: Connection, windows: Iterable[datetime]) -> None:
    """Says that these windows must be made again."""
    values = [{"window_start": start} for start in sorted(set(windows))]
    if values:
        statement = insert(MonitorWindow).values(values)
        again = {"touched": MonitorWindow.touched + 1}
        connection.execute(statement.on_conflict_do_update(index_elements=["window_start"], set_=again))


def keep_plan(engine: Engine, plan: Plan) -> None:
    """Stores what a platform's plan gives, in place of what was known."""
    values = {
        "operations_limit": plan.operations_limit, "operations_used": plan.operations_used,
        "resets_at": plan.resets_at, "seen_at": plan.seen_at,
    }  # fmt: skip
    statement = insert(PlanUsage).values(platform=plan.platform, **values)
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["platform"], set_=values))


def plans(engine: Engine) -> dict[Platform, Plan]:
    """What is known of the platforms' plans."""
    with engine.connect() as connection:
        found = connection.execute(select(PlanUsage.__table__)).all()
    return {
        cast("Platform", row.platform): Plan(
            cast("Platform", row.platform), row.operations_limit, row.operations_used, row.resets_at, row.seen_at
        )
        for row in found
    }


def beat(engine: Engine, name: str, now: datetime, note: str = "") -> None:
    """Says that a part of this platform was alive at that moment."""
    values = {"beat_at": now, "note": note}
    statement = insert(Heartbeat).values(name=name, **values)
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _ended(connection: Connection, platform: Platform, cursors: Sequence[Cursor]) -> set[datetime]:
    """The windows whose ends these readings are the first to go past."""
    moved = {one.external_id: one.polled_at for one in cursors if one.polled_at is not None}
    if not moved:
        return set()
    query = select(PollCursor.external_id, PollCursor.polled_at).where(
        PollCursor.platform == platform, PollCursor.external_id == func.any(list(moved))
    )
    before = {row.external_id: row.polled_at for row in connection.execute(query)}
    return {
        window_of(at) - WINDOW
        for identifier, at in moved.items()
        if (was := before.get(identifier)) is None or was < window_of(at)
    }


def _locked(connection: Connection, windows: set[datetime]) -> set[datetime]:
    """Keeps these windows from being made meanwhile; gives those that have been made already."""
    query = (
        select(MonitorWindow.window_start, MonitorWindow.covered)
        .where(MonitorWindow.window_start.in_(windows))
        .order_by(MonitorWindow.window_start)
        .with_for_update()
    )
    return {row.window_start for row in connection.execute(query) if row.covered} if windows else set()


def _store(
    connection: Connection, platform: Platform, executions: Sequence[Execution], now: datetime | None
) -> Recorded:
    ids = ids_of(connection, platform, (one.scenario.external_id for one in executions))
    statement = insert(ExecutionRow)
    late = {
        name: statement.excluded[name]
        for name in ("finished_at", "duration_ms", "outcome", "operations", "items", "stored_at", *_ERROR_COLUMNS)
    }
    ended = and_(ExecutionRow.outcome == "running", statement.excluded.outcome != "running")
    stored = statement.on_conflict_do_update(
        index_elements=["platform", "execution_id"], set_=late, where=ended
    ).returning(ExecutionRow.finished_at, ExecutionRow.outcome)
    values = [{**_values(one, ids[one.scenario.external_id]), "stored_at": now} for one in executions]
    changed = connection.execute(stored, values).all()
    windows = {start for row in changed if row.finished_at for start in windows_told_by(row.finished_at)}
    errors = sum(row.outcome == "error" for row in changed)
    return Recorded(len(changed), errors, tuple(sorted(windows)))


_ERROR_COLUMNS = ("error_type", "error_message", "error_step", "error_status", "error_connection")


def _values(one: Execution, scenario: int) -> dict[str, object]:
    error = _error_values(one.error) if one.error else dict.fromkeys(_ERROR_COLUMNS)
    return {
        "platform": one.scenario.platform, "execution_id": one.execution_id, "scenario_id": scenario,
        "started_at": one.started, "finished_at": one.finished, "duration_ms": one.duration_ms,
        "outcome": one.outcome, "operations": one.operations, "items": one.items, **error,
    }  # fmt: skip


def _error_values(error: ExecutionError) -> dict[str, str | int | None]:
    return {
        "error_type": _kept(error.type),
        "error_message": without_secrets(_kept(error.message)),
        "error_step": _kept(error.step),
        "error_status": error.status,
        "error_connection": _kept(error.connection),
    }


def _kept(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:LONGEST_TEXT]


def _move(connection: Connection, platform: Platform, cursors: Sequence[Cursor]) -> None:
    if not cursors:
        return
    statement = insert(PollCursor)
    names = ("read_to", "polled_at", "failures", "failing_since", "last_failure", "backoff_until")
    moved = statement.on_conflict_do_update(
        index_elements=["platform", "external_id"], set_={name: statement.excluded[name] for name in names}
    )
    values = [
        {"platform": platform, "external_id": one.external_id, **{name: getattr(one, name) for name in names}}
        for one in sorted(cursors, key=lambda one: one.external_id)
    ]
    connection.execute(moved, values)
