"""Compares what runs with what was delivered, and stores it: `scenario_drift` and `platform_connections`.

It says how things are now, so it can't be made for days that are past. Doing it twice on a day comes to the same."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import JsonValue
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from compilers.documents import Object, members
from compilers.errors import UserError
from compilers.make.parse import parse as parse_make
from compilers.n8n.parse import parse as parse_n8n
from compilers.spec import Spec, parse_spec
from manageai_assets.clients.drift import drift
from manageai_assets.clients.models import DriftChange, Expiring, Unused
from manageai_assets.clients.read_back import Found, ReadBack
from manageai_assets.monitoring import registry
from manageai_assets.monitoring.models import Platform, Scenario
from manageai_assets.monitoring.schedules import scheduling_of
from manageai_assets.store.client_tables import ConnectionRow, ScenarioDriftRow
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from resources.artifacts import ArtifactStore


@dataclass(frozen=True, slots=True)
class Compared:
    """How a scenario stands: `changes` None when it couldn't be compared, and `reason` says why."""

    scenario: Scenario
    changes: tuple[DriftChange, ...] | None
    reason: str = ""

    @property
    def outcome(self) -> str:
        """As the table has it."""
        return "unread" if self.changes is None else "changed" if self.changes else "same"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A platform's deployed scenarios, compared, and its accounts that no active scenario uses."""

    platform: Platform
    compared: tuple[Compared, ...]
    unused: tuple[str, ...] = field(default=())

    @property
    def counts(self) -> Mapping[str, int]:
        """Scenarios by outcome."""
        return Counter(one.outcome for one in self.compared)


def compare(engine: Engine, store: ArtifactStore, back: ReadBack, day: dt.date) -> Comparison:
    """Compares all scenarios of a platform that were deployed from builds, and stores what there is to know."""
    deployed = {identifier: one for identifier, one in registry.scenarios(engine, back.platform).items() if one.managed}
    compared = {
        identifier: _compared(store, one, found)
        for identifier, one in deployed.items()
        if (found := back.scenarios.get(one.key.external_id)) is not None
    }
    with engine.begin() as connection:
        for identifier, one in compared.items():
            _keep(connection, identifier, one, day)
        if back.accounts is not None:
            _keep_accounts(connection, back, day)
    unused = tuple(one.name for one in back.accounts or () if not one.used)
    return Comparison(back.platform, tuple(compared.values()), unused)


def _compared(store: ArtifactStore, scenario: Scenario, found: Found) -> Compared:
    if found.document is None:
        return Compared(scenario, None, found.failure)
    try:
        delivered = _delivered(store, scenario)
        return Compared(scenario, drift(delivered, _spec(scenario.key.platform, found.document)))
    except UserError as error:
        return Compared(scenario, None, error.what)


def _delivered(store: ArtifactStore, scenario: Scenario) -> Spec:
    """The export that was delivered, read as the running one is; its schedule isn't part of Make's document."""
    platform, key = scenario.key.platform, BuildKey(scenario.slug or "", scenario.version or 0)
    document, spec = store.read(key, f"{platform}_export.json"), store.read(key, "canonical_spec.json")
    if document is None or spec is None:
        raise UserError("the build's artifacts aren't there", where=str(key))
    found = members(_decoded(document))
    if platform == "make":
        canonical = parse_spec(_decoded(spec), where=str(key))
        when = scheduling_of(canonical.schedule, by_hook=False)
        found = {**found, "scheduling": when.model_dump(mode="json", by_alias=True, exclude_none=True)}
    return _spec(platform, found)


def _spec(platform: Platform, document: Object) -> Spec:
    return parse_make(document).spec if platform == "make" else parse_n8n(document).spec


def _decoded(data: bytes) -> JsonValue:
    try:
        decoded: JsonValue = json.loads(data)
    except (ValueError, RecursionError):
        raise UserError("an artifact of the build can't be read") from None
    return decoded


def _keep(connection: Connection, identifier: int, one: Compared, day: dt.date) -> None:
    """Stores how a scenario stands on a day: as long as it stands so, in one row."""
    row = ScenarioDriftRow
    values: dict[str, object] = {
        "slug": one.scenario.slug, "version": one.scenario.version, "outcome": one.outcome, "reason": one.reason,
        "changes": [change.model_dump(mode="json") for change in one.changes or ()],
    }  # fmt: skip
    query = select(row.__table__).where(row.scenario_id == identifier).order_by(row.first_day.desc()).limit(1)
    newest = connection.execute(query).one_or_none()
    if newest is not None and newest.first_day > day:
        return  # somebody's clock is wrong: what is known of later days stands
    is_it = (row.scenario_id == identifier) & (row.first_day == (newest.first_day if newest else day))
    if newest is not None and all(getattr(newest, name) == value for name, value in values.items()):
        connection.execute(update(row).where(is_it).values(last_day=max(day, newest.last_day)))
    else:
        made = insert(row).values(scenario_id=identifier, first_day=day, last_day=day, **values)
        keys = ["scenario_id", "first_day"]
        connection.execute(made.on_conflict_do_update(index_elements=keys, set_={"last_day": day, **values}))


def _keep_accounts(connection: Connection, back: ReadBack, day: dt.date) -> None:
    """Stores a platform's accounts in place of those that were known; since when one is unused stays."""
    row, accounts = ConnectionRow, back.accounts or ()
    own = row.platform == back.platform
    connection.execute(delete(row).where(own, row.external_id.not_in([one.external_id for one in accounts])))
    query = select(row.external_id, row.unused_since).where(own)
    since = {found.external_id: found.unused_since for found in connection.execute(query)}
    for one in accounts:
        values: dict[str, object] = {
            "name": one.name.replace("\0", ""), "kind": one.kind, "scenarios": list(one.scenarios), "used": one.used,
            "unused_since": None if one.used else since.get(one.external_id) or day, "seen_on": day,
            "expires_at": one.expires,
        }  # fmt: skip
        made = insert(row).values(platform=back.platform, external_id=one.external_id, **values)
        connection.execute(made.on_conflict_do_update(index_elements=["platform", "external_id"], set_=values))


def unused_accounts(connection: Connection) -> list[Unused]:
    """The accounts that no active scenario uses, as last read."""
    row = ConnectionRow
    query = select(row.__table__).where(row.used.is_(False)).order_by(row.platform, row.name, row.external_id)
    return [
        Unused(one.platform, one.name, one.kind, tuple(one.scenarios), one.unused_since)
        for one in connection.execute(query)
    ]


def expiring_accounts(connection: Connection) -> list[Expiring]:
    """The accounts whose access ends at a moment that is known, as last read."""
    row = ConnectionRow
    query = select(row.__table__).where(row.expires_at.is_not(None)).order_by(row.expires_at, row.platform, row.name)
    return [
        Expiring(one.platform, one.name, one.kind, tuple(one.scenarios), one.expires_at)
        for one in connection.execute(query)
    ]
