"""Queries on builds: what they were made from, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import and_, or_, select, update

from manageai_assets.store.tables import Build, BuildStatus
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from pydantic import JsonValue
    from sqlalchemy import ColumnElement, Engine


@dataclass(frozen=True)
class BuildRow:
    """A build as the tables of people show it."""

    key: BuildKey
    customer: str
    name: str
    status: BuildStatus
    reasons: tuple[str, ...] = ()
    confidence: float | None = None
    grade: str | None = None
    made_by: str | None = None
    platforms: tuple[str, ...] = ()
    artifacts: str | None = None
    run_id: str | None = None


@dataclass(frozen=True)
class BuildResult:
    """What a run found out about a build. `status` is None when it ran only some of the stages."""

    key: BuildKey
    status: BuildStatus | None
    reasons: tuple[str, ...] = ()
    confidence: float | None = None
    grade: str | None = None
    made_by: str | None = None
    platforms: tuple[str, ...] = ()
    artifacts: str | None = None


def intake_document(engine: Engine, key: BuildKey) -> JsonValue:
    """The intake that a build is made from, as JSON; None when nothing was submitted under this key."""
    with engine.connect() as connection:
        found = connection.execute(select(Build.intake).where(_is(key))).scalar_one_or_none()
    return cast("JsonValue", found)


def builds_of(engine: Engine, keys: Iterable[BuildKey]) -> list[BuildRow]:
    """The builds with these keys, by slug and version; unknown keys are left out."""
    wanted = [_is(key) for key in keys]
    if not wanted:
        return []
    query = select(Build.__table__).where(or_(*wanted)).order_by(Build.slug, Build.version)
    with engine.connect() as connection:
        return [
            BuildRow(
                BuildKey(row.slug, row.version), row.customer, row.name, row.status, tuple(row.reasons),
                row.confidence, row.grade, row.made_by, tuple(row.platforms), row.artifacts, row.run_id,
            )
            for row in connection.execute(query)
        ]  # fmt: skip


def mark_crashed(engine: Engine, keys: Sequence[BuildKey], run_id: str, reason: str, created: datetime) -> int:
    """A run ended without saying what became of its builds: those that nobody has finished, or asked for again since
    the run was `created`, have failed. How many."""
    if not keys:
        return 0
    unfinished = and_(or_(*map(_is, keys)), Build.status == "submitted", Build.updated_at <= created)
    values = {"status": "failed", "reasons": [reason], "run_id": run_id, "finished_at": _now(), "updated_at": _now()}
    with engine.begin() as connection:
        return connection.execute(update(Build).where(unfinished).values(values)).rowcount


def record(engine: Engine, results: Iterable[BuildResult], run_id: str) -> None:
    """Writes what a run found out, in one transaction. What a partial run doesn't know stays as it was."""
    with engine.begin() as connection:
        for result in results:
            values: dict[str, object] = {"run_id": run_id, "updated_at": _now(), "artifacts": result.artifacts}
            if result.status is not None:
                values |= {"status": result.status, "reasons": list(result.reasons), "finished_at": _now()}
            if result.confidence is not None:
                values |= {"confidence": result.confidence, "grade": result.grade}
            if result.made_by is not None:
                values["made_by"] = result.made_by
            if result.platforms:
                values["platforms"] = list(result.platforms)
            connection.execute(update(Build).where(_is(result.key)).values(values))


def _is(key: BuildKey) -> ColumnElement[bool]:
    return and_(Build.slug == key.slug, Build.version == key.version)


def _now() -> datetime:
    return datetime.now(UTC)
