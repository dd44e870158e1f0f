"""The registry of scenarios in production: those that were deployed from builds, and those that platforms list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import Row, and_, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import Insert, insert

from compilers.errors import UserError
from manageai_assets.monitoring.models import Platform, Scenario, ScenarioKey
from manageai_assets.store.monitoring_tables import ScenarioRow

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A scenario as its platform lists it."""

    external_id: str
    name: str
    active: bool
    invalid: bool = False
    incomplete: int = 0


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a platform's list changed in the registry: how many are new to it, how many it doesn't have any more."""

    listed: int
    new: int
    gone: int


def discover(engine: Engine, platform: Platform, listed: Iterable[Listed], now: datetime) -> Discovery:
    """Takes a platform's whole list: adds what is new as unmanaged, notes each one's state, and what is gone."""
    rows = {one.external_id: one for one in listed}
    values = [
        {
            "platform": platform, "external_id": one.external_id, "name": _plain(one.name), "active": one.active,
            "invalid": one.invalid, "incomplete": one.incomplete, "seen_at": now, "gone_at": None,
        }
        for one in sorted(rows.values(), key=lambda one: one.external_id)
    ]  # fmt: skip
    own = ScenarioRow.platform == platform
    with engine.begin() as connection:
        before = connection.scalar(select(func.count()).select_from(ScenarioRow).where(own)) or 0
        if values:
            connection.execute(_noted(now), values)
        after = connection.scalar(select(func.count()).select_from(ScenarioRow).where(own)) or 0
        missing = and_(
            own, ScenarioRow.gone_at.is_(None), or_(ScenarioRow.seen_at.is_(None), ScenarioRow.seen_at < now)
        )
        lost = update(ScenarioRow).where(missing).values(gone_at=now)
        gone = connection.execute(lost).rowcount
    return Discovery(len(rows), after - before, gone)


def register(engine: Engine, scenario: Scenario, now: datetime) -> int:
    """Takes in a scenario that was deployed, and gives its row's id. What is known of it stays: that it is active,
    whether it is paused, and a cadence or contact that this one doesn't say."""
    made = insert(ScenarioRow).values(
        platform=scenario.key.platform, external_id=scenario.key.external_id, name=_plain(scenario.name),
        slug=scenario.slug, version=scenario.version, customer=scenario.customer, contact=scenario.contact,
        cadence_seconds=scenario.cadence_seconds, managed=scenario.managed, active=scenario.active, deployed_at=now,
        seen_at=now,
    )  # fmt: skip
    new = made.excluded
    kept = {
        "cadence_seconds": func.coalesce(new.cadence_seconds, ScenarioRow.cadence_seconds),
        "contact": func.coalesce(func.nullif(new.contact, ""), ScenarioRow.contact),
        "active": or_(ScenarioRow.active, new.active),
    }
    plain = {name: new[name] for name in ("name", "slug", "version", "customer", "managed", "deployed_at")}
    made = made.on_conflict_do_update(
        index_elements=["platform", "external_id"], set_={**plain, **kept, "seen_at": now, "gone_at": None}
    )
    with engine.begin() as connection:
        return connection.execute(made.returning(ScenarioRow.id)).scalar_one()


def scenarios(engine: Engine, platform: Platform | None = None, *, gone: bool = False) -> dict[int, Scenario]:
    """The registry by row id: of one platform or of both, managed ones first; with those that are `gone` or without."""
    query = select(ScenarioRow.__table__).order_by(
        ScenarioRow.managed.desc(), ScenarioRow.customer, ScenarioRow.slug, ScenarioRow.platform, ScenarioRow.id
    )
    if platform is not None:
        query = query.where(ScenarioRow.platform == platform)
    if not gone:
        query = query.where(ScenarioRow.gone_at.is_(None))
    with engine.connect() as connection:
        return {row.id: scenario_of(row) for row in connection.execute(query).all()}


def deployed(engine: Engine, slug: str, platform: Platform) -> Scenario | None:
    """What a slug is on a platform, the newest deployment; None when it isn't there, or not any more."""
    query = (
        select(ScenarioRow.__table__)
        .where(ScenarioRow.slug == slug, ScenarioRow.platform == platform, ScenarioRow.gone_at.is_(None))
        .order_by(ScenarioRow.deployed_at.desc().nulls_last())
        .limit(1)
    )
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else scenario_of(row)


def change(
    engine: Engine,
    key: ScenarioKey,
    *,
    paused: bool | None = None,
    cadence_seconds: int | None = None,
    contact: str | None = None,
    customer: str | None = None,
) -> None:
    """Changes what people decide about a scenario; None leaves it. Raises `UserError` when it isn't known."""
    wanted = {"paused": paused, "cadence_seconds": cadence_seconds, "contact": contact, "customer": customer}
    values: dict[str, object] = {name: value for name, value in wanted.items() if value is not None}
    is_it = and_(ScenarioRow.platform == key.platform, ScenarioRow.external_id == key.external_id)
    with engine.begin() as connection:
        found = connection.execute(select(ScenarioRow.id).where(is_it).with_for_update()).one_or_none()
        if found is None:
            hint = "`manageai scenarios` lists those that are known"
            raise UserError("there is no such scenario", where=str(key), hint=hint)
        if values:
            connection.execute(update(ScenarioRow).where(is_it).values(values))


def ids_of(connection: Connection, platform: Platform, external_ids: Iterable[str]) -> dict[str, int]:
    """Row ids by external id. Those that no list has shown yet are added as unmanaged, under their id for a name."""
    wanted = sorted(set(external_ids))
    known = _ids(connection, platform, wanted)
    new = [{"platform": platform, "external_id": one, "name": one} for one in wanted if one not in known]
    if new:
        connection.execute(insert(ScenarioRow).on_conflict_do_nothing(), new)
        known |= _ids(connection, platform, [one["external_id"] for one in new])
    return known


def scenario_of(row: Row[tuple[object, ...]]) -> Scenario:
    """A row of the table `scenarios` as a scenario."""
    return Scenario(
        ScenarioKey(cast("Platform", row.platform), row.external_id), row.name, row.slug, row.version, row.customer,
        row.cadence_seconds, row.contact, row.paused, row.managed, row.active, row.invalid, row.active_changed_at,
        row.gone_at, row.incomplete,
    )  # fmt: skip


def _noted(now: datetime) -> Insert:
    statement = insert(ScenarioRow)
    new = statement.excluded
    flipped = ScenarioRow.active.is_distinct_from(new.active)
    seen = {name: new[name] for name in ("name", "active", "invalid", "incomplete", "seen_at", "gone_at")}
    changed = case((flipped, now), else_=ScenarioRow.active_changed_at)
    return statement.on_conflict_do_update(
        index_elements=["platform", "external_id"], set_={**seen, "active_changed_at": changed}
    )


def _ids(connection: Connection, platform: Platform, external_ids: list[str]) -> dict[str, int]:
    found = and_(ScenarioRow.platform == platform, ScenarioRow.external_id == func.any(external_ids))
    query = select(ScenarioRow.external_id, ScenarioRow.id).where(found)
    return {row.external_id: row.id for row in connection.execute(query)}


def _plain(name: str) -> str:
    """A name that a table can hold."""
    return name.replace("\0", "\N{REPLACEMENT CHARACTER}")[:LONGEST_NAME]
