"""Silences and planned work: whom no alert is sent about for now. Their incidents open all the same, and alert when the
time is over and they are still there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from manageai_assets.monitoring.models import Incident, Scenario
from manageai_assets.store.monitoring_tables import MaintenanceWindow, ScenarioRow, Silence

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Mute:
    """What is set must fit; what is None fits everything."""

    fingerprint: str | None = None
    kind: str | None = None
    platform: str | None = None
    scenario: tuple[str, str] | None = None
    customer: str | None = None

    def fits(self, incident: Incident, scenario: Scenario | None) -> bool:
        """Whether it is about this incident."""
        told = (
            (self.fingerprint, incident.fingerprint),
            (self.kind, incident.kind),
            (self.platform, incident.platform),
            (self.scenario, tuple(incident.scenario) if incident.scenario else None),
            (self.customer, scenario.customer if scenario else None),
        )
        return all(wanted is None or wanted == there for wanted, there in told)


def mutes_at(connection: Connection, at: datetime) -> Sequence[Mute]:
    """The silences and the planned work of a moment."""
    silence, work, owner = Silence.__table__, MaintenanceWindow.__table__, ScenarioRow.__table__
    silences = (
        select(silence.c.fingerprint, silence.c.kind, silence.c.customer, owner.c.platform, owner.c.external_id)
        .select_from(silence.outerjoin(owner, owner.c.id == silence.c.scenario_id))
        .where(silence.c.starts_at <= at, silence.c.ends_at > at)
    )
    works = (
        select(
            work.c.platform.label("of_platform"), work.c.customer, owner.c.platform, owner.c.external_id
        )
        .select_from(work.outerjoin(owner, owner.c.id == work.c.scenario_id))
        .where(work.c.starts_at <= at, work.c.ends_at > at)
    )  # fmt: skip
    return [
        *(
            Mute(row.fingerprint, row.kind, None, _scenario(row.platform, row.external_id), row.customer)
            for row in connection.execute(silences)
        ),
        *(
            Mute(None, None, row.of_platform, _scenario(row.platform, row.external_id), row.customer)
            for row in connection.execute(works)
        ),
    ]


def _scenario(platform: str | None, external_id: str | None) -> tuple[str, str] | None:
    return (platform, external_id) if platform and external_id else None
