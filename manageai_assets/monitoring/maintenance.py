"""Planned work: times in which no alerts are sent about a platform, a scenario or a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, insert, select, update

from compilers.errors import UserError
from manageai_assets.monitoring.models import Platform, ScenarioKey
from manageai_assets.store.monitoring_tables import MaintenanceWindow, ScenarioRow

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Scope:
    """What is worked on: all that fits what is set."""

    platform: str | None = None
    scenario: ScenarioKey | None = None
    customer: str | None = None

    def __str__(self) -> str:
        parts = (self.platform, str(self.scenario) if self.scenario else None, self.customer)
        return ", ".join(part for part in parts if part) or "everything"


@dataclass(frozen=True, slots=True)
class Work:
    """One time of planned work."""

    id: int
    scope: Scope
    starts_at: datetime
    ends_at: datetime
    made_by: str
    reason: str


def plan(engine: Engine, scope: Scope, starts_at: datetime, ends_at: datetime, by: str, reason: str) -> int:
    """Writes planned work down and gives its number. Raises `UserError` for a time that is none, or an unknown
    scenario."""
    if ends_at <= starts_at:
        raise UserError("the work ends before it begins", where="maintenance", hint="such as --for 4h")
    with engine.begin() as connection:
        scenario = None
        if scope.scenario is not None:
            query = select(ScenarioRow.id).where(
                ScenarioRow.platform == scope.scenario.platform, ScenarioRow.external_id == scope.scenario.external_id
            )
            scenario = connection.execute(query).scalar_one_or_none()
            if scenario is None:
                hint = "`manageai scenarios` lists those that are known"
                raise UserError("there is no such scenario", where=str(scope.scenario), hint=hint)
        values = {
            "platform": scope.platform, "scenario_id": scenario, "customer": scope.customer,
            "starts_at": starts_at, "ends_at": ends_at, "made_by": by, "reason": reason,
        }  # fmt: skip
        statement = insert(MaintenanceWindow).values(**values).returning(MaintenanceWindow.id)
        return connection.execute(statement).scalar_one()


def end(engine: Engine, number: int, now: datetime) -> None:
    """Ends planned work now; what has not begun never does. Raises `UserError` when there is none that isn't over."""
    is_it = (MaintenanceWindow.id == number) & (MaintenanceWindow.ends_at > now)
    with engine.begin() as connection:
        begun = is_it & (MaintenanceWindow.starts_at < now)
        ended = connection.execute(update(MaintenanceWindow).where(begun).values(ends_at=now)).rowcount
        dropped = connection.execute(delete(MaintenanceWindow).where(is_it)).rowcount
    if not ended + dropped:
        hint = "`manageai incidents maintenance` lists what is planned"
        raise UserError("there is no such work", where=f"maintenance {number}", hint=hint)


def upcoming(engine: Engine, now: datetime) -> list[Work]:
    """The work that isn't over, by its beginning."""
    work, owner = MaintenanceWindow.__table__, ScenarioRow.__table__
    query = (
        select(work, owner.c.platform.label("of_platform"), owner.c.external_id)
        .select_from(work.outerjoin(owner, owner.c.id == work.c.scenario_id))
        .where(work.c.ends_at > now)
        .order_by(work.c.starts_at, work.c.id)
    )
    with engine.connect() as connection:
        return [
            Work(
                row.id,
                Scope(
                    row.platform,
                    ScenarioKey(cast("Platform", row.of_platform), row.external_id) if row.external_id else None,
                    row.customer,
                ),
                row.starts_at,
                row.ends_at,
                row.made_by,
                row.reason,
            )
            for row in connection.execute(query)
        ]
