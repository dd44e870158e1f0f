"""What snapshots are made from, out of the tables: scenarios with their days and incidents, and the facts of builds."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from compilers.errors import UserError
from compilers.spec import parse_spec
from manageai_assets.clients.calendar import Day
from manageai_assets.clients.facts import BuildFacts, facts_of
from manageai_assets.clients.models import Drift, DriftChange, Totals, Trouble, Work
from manageai_assets.monitoring.models import IncidentKind, Platform, Severity
from manageai_assets.monitoring.registry import scenario_of
from manageai_assets.store.client_tables import BuildFactsRow, ScenarioDayRow, ScenarioDriftRow
from manageai_assets.store.monitoring_tables import IncidentRow, ScenarioRow
from manageai_assets.store.tables import SCHEMA, Build
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from pydantic import JsonValue
    from sqlalchemy import Connection, Row, Select

    from resources.artifacts import ArtifactStore

LOG = logging.getLogger(__name__)

_ADD_UP = text(f"""
insert into {SCHEMA}.scenario_days as kept (scenario_id, day, executions, errors, operations, duration_ms)
select one.scenario_id, told.day, count(*), count(*) filter (where one.outcome = 'error'), sum(one.operations),
       sum(coalesce(one.duration_ms, 0))
from unnest(cast(:days as date[]), cast(:starts as timestamptz[]), cast(:ends as timestamptz[])) as told(day, begins, ends)
join {SCHEMA}.executions as one on one.finished_at >= told.begins and one.finished_at < told.ends
group by one.scenario_id, told.day
on conflict (scenario_id, day) do update
set executions = excluded.executions, errors = excluded.errors, operations = excluded.operations,
    duration_ms = excluded.duration_ms
where excluded.executions >= kept.executions
""")  # noqa: E501


def add_up_days(connection: Connection, days: Sequence[Day]) -> int:
    """Adds up the stored executions of these days by scenario; gives how many rows that made or renewed.

    Executions are only ever added, until they are deleted for their age. So of two sums of the same day the one over
    more executions is right, and a day whose executions are gone keeps what it was."""
    told = {
        "days": [day.date for day in days],
        "starts": [day.start for day in days],
        "ends": [day.end for day in days],
    }
    return connection.execute(_ADD_UP, told).rowcount


def works_of(
    connection: Connection, first: dt.date, last: Day, zone: ZoneInfo, customer: str | None = None
) -> dict[str, list[Work]]:
    """The scenarios of each client (or of one) that were known by the last day and not gone before the first, with what
    they did from the first day to the last. Those of no client are left out."""
    own = ScenarioRow.customer != "" if customer is None else ScenarioRow.customer == customer
    owned = select(ScenarioRow.id).where(own)
    days: dict[int, dict[dt.date, Totals]] = defaultdict(dict)
    row = ScenarioDayRow
    did = select(row.scenario_id, row.day, row.executions, row.errors, row.operations, row.duration_ms)
    if customer is not None:
        did = did.where(row.scenario_id.in_(owned))
    for one in connection.execute(did.where(row.day.between(first, last.date))):
        days[one.scenario_id][one.day] = Totals(one.executions, one.errors, one.operations, one.duration_ms)
    troubles = _troubles(connection, last, owned)
    first_run = select(row.day).where(row.scenario_id == ScenarioRow.id).order_by(row.day).limit(1).scalar_subquery()
    owners = (
        select(ScenarioRow.__table__, first_run.label("first_run"))
        .where(own)
        .order_by(ScenarioRow.customer, ScenarioRow.platform, ScenarioRow.external_id)
    )
    drifts = _drifts(connection, owned)
    found: dict[str, list[Work]] = defaultdict(list)
    for owner in connection.execute(owners):
        moments = [moment for moment in (owner.created_at, owner.deployed_at) if moment is not None]
        known = [moment.astimezone(zone).date() for moment in moments]
        born = min([*known, owner.first_run] if owner.first_run else known)
        gone = owner.gone_at.astimezone(zone).date() if owner.gone_at else None
        if born <= last.date and (gone is None or gone >= first or owner.id in days):
            ran, wrong, differs = days.get(owner.id, {}), troubles.get(owner.id, ()), drifts.get(owner.id, ())
            found[owner.customer].append(Work(scenario_of(owner), born, ran, tuple(wrong), tuple(differs)))
    return found


def facts_by_build(connection: Connection, only: Collection[BuildKey] | None = None) -> dict[BuildKey, BuildFacts]:
    """The facts of all builds that have been read, or of those of them that are asked for."""
    query = select(BuildFactsRow.slug, BuildFactsRow.version, BuildFactsRow.facts)
    if only is not None:
        query = query.where(tuple_(BuildFactsRow.slug, BuildFactsRow.version).in_([(k.slug, k.version) for k in only]))
    return {BuildKey(row.slug, row.version): BuildFacts.model_validate(row.facts) for row in connection.execute(query)}


def read_new_facts(connection: Connection, store: ArtifactStore) -> int:
    """Reads the facts of builds that run in production and haven't been read since they were built; gives how many.

    A build whose artifacts are missing or broken is passed over with a warning: its neighbours are read."""
    row = BuildFactsRow
    query = (
        select(Build.slug, Build.version, Build.finished_at)
        .join(ScenarioRow, (ScenarioRow.slug == Build.slug) & (ScenarioRow.version == Build.version))
        .outerjoin(row, (row.slug == Build.slug) & (row.version == Build.version))
        .where(Build.finished_at.is_not(None))
        .where(or_(row.built_at.is_(None), row.built_at != Build.finished_at))
        .distinct()
    )
    count = 0
    for one in connection.execute(query).all():
        try:
            facts = _read(store, BuildKey(one.slug, one.version))
        except UserError as error:
            LOG.warning("facts of a build can't be read build=%s@v%s why=%s", one.slug, one.version, error.what)
            continue
        if facts is not None:
            keep_facts(connection, BuildKey(one.slug, one.version), facts, one.finished_at)
            count += 1
    return count


def keep_facts(connection: Connection, key: BuildKey, facts: BuildFacts, built_at: dt.datetime) -> None:
    """Stores the facts of a build in place of what was known."""
    values = {"built_at": built_at, "facts": facts.model_dump(mode="json")}
    made = insert(BuildFactsRow).values(slug=key.slug, version=key.version, **values)
    connection.execute(made.on_conflict_do_update(index_elements=["slug", "version"], set_=values))


def _read(store: ArtifactStore, key: BuildKey) -> BuildFacts | None:
    spec, report = store.read(key, "canonical_spec.json"), store.read(key, "test_report.json")
    if spec is None:
        return None
    tested = _decoded(report, key) if report is not None else None
    passed = tested.get("passed") if isinstance(tested, dict) else None
    return facts_of(parse_spec(_decoded(spec, key), where=str(key)), tested=bool(passed) if tested else None)


def _decoded(data: bytes, key: BuildKey) -> JsonValue:
    try:
        decoded: JsonValue = json.loads(data)
    except (ValueError, RecursionError):
        hint = "materialise the build again"
        raise UserError("an artifact of this build can't be read", where=str(key), hint=hint) from None
    return decoded


def plan_troubles(connection: Connection, last: Day) -> dict[Platform, list[Trouble]]:
    """The incidents of plans that ran out too early, by platform, opened by the last day."""
    row = IncidentRow
    query = _INCIDENTS.where(row.scenario_id.is_(None), row.kind == "operations_burn", row.opened_at < last.end)
    found: dict[Platform, list[Trouble]] = defaultdict(list)
    for one in connection.execute(query):
        found[cast("Platform", one.platform)].append(_trouble(one))
    return found


def _troubles(connection: Connection, last: Day, owned: Select[int]) -> Mapping[int, list[Trouble]]:
    row = IncidentRow
    query = _INCIDENTS.where(row.scenario_id.in_(owned), row.opened_at < last.end)
    found: dict[int, list[Trouble]] = defaultdict(list)
    for one in connection.execute(query):
        found[one.scenario_id].append(_trouble(one))
    return found


def _drifts(connection: Connection, owned: Select[int]) -> Mapping[int, list[Drift]]:
    """How scenarios stood, wherever they could be compared, in the order of days."""
    row = ScenarioDriftRow
    query = (
        select(row.__table__)
        .where(row.outcome != "unread", row.scenario_id.in_(owned))
        .order_by(row.scenario_id, row.first_day)
    )
    found: dict[int, list[Drift]] = defaultdict(list)
    for one in connection.execute(query):
        changes = tuple(DriftChange.model_validate(change) for change in one.changes)
        found[one.scenario_id].append(Drift(one.first_day, one.slug, one.version, changes))
    return found


_INCIDENTS = select(IncidentRow.__table__).order_by(IncidentRow.opened_at, IncidentRow.id)


def _trouble(row: Row[tuple[object, ...]]) -> Trouble:
    kind, severity = cast("IncidentKind", row.kind), cast("Severity", row.severity)
    return Trouble(kind, severity, row.what, row.opened_at, row.resolved_at)
