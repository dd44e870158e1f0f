"""Clients of an agency, put together as tests need them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert, select, update

from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions
from manageai_assets.clients.calendar import Day, day_of
from manageai_assets.clients.facts import BuildFacts, StepFact
from manageai_assets.clients.models import ClientSnapshot, Totals, Trouble, Work
from manageai_assets.clients.snapshots import Context, Made, make_client_snapshots, snapshot_of
from manageai_assets.monitoring.models import Execution, Platform, Scenario, ScenarioKey
from manageai_assets.monitoring.recording import record
from manageai_assets.monitoring.registry import register
from manageai_assets.store.client_tables import ClientSnapshotRow
from manageai_assets.store.monitoring_tables import ScenarioRow
from resources.artifacts import BuildKey

HOUR = Decimal(95)
BERLIN = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")
CLIENT = "Fern & Oak"


def scenario(name: str = "orders", platform: Platform = "make", customer: str = CLIENT, **changes: object) -> Scenario:
    """A deployed, active scenario whose id and build have its name."""
    plain: dict[str, object] = {
        "slug": name, "version": 1, "customer": customer, "managed": True, "contact": "ops@fern.test",
    }  # fmt: skip
    return Scenario(ScenarioKey(platform, name), name, **{**plain, **changes})  # type: ignore[arg-type]


def work(
    given: Scenario, born: dt.date, days: Mapping[dt.date, Totals] | None = None, troubles: Sequence[Trouble] = ()
) -> Work:
    """A scenario with what it did."""
    return Work(given, born, days or {}, tuple(troubles))


def every_day(first: dt.date, last: dt.date, totals: Totals) -> dict[dt.date, Totals]:
    """The same on each day, both included."""
    return {first + dt.timedelta(place): totals for place in range((last - first).days + 1)}


def facts(**changes: object) -> BuildFacts:
    """Those of a build that has nothing wrong with it."""
    plain: dict[str, object] = {
        "steps": 3, "apps": ("hubspot", "slack"), "accounts": (), "handled": 1, "unhandled": (), "unsupported": (),
        "personal": (), "tested": True, "trigger": StepFact(id="lead", title="New lead", app="hubspot"),
        "interval_minutes": None, "webhook": "", "operations_a_run": Decimal(3), "loops": (), "lookups": (),
        "fragments": (),
    }  # fmt: skip
    return BuildFacts.model_validate({**plain, **changes})


def context(known: Mapping[str, BuildFacts] | None = None, apps: Mapping[str, frozenset[str]] | None = None) -> Context:
    """Facts by the slug of version 1, and the apps of other clients."""
    by_build = {BuildKey(slug, 1): one for slug, one in (known or {}).items()}
    return Context(prices(), assumptions(), HOUR, by_build, apps or {})


def snapshot(
    works: Sequence[Work], date: dt.date, known: Mapping[str, BuildFacts] | None = None, zone: ZoneInfo = UTC
) -> ClientSnapshot:
    """The client's snapshot, which there must be."""
    made = snapshot_of(CLIENT, works, day_of(date, zone), context(known))
    assert made is not None
    return made


def utc_day(date: dt.date) -> Day:
    """The day in UTC."""
    return day_of(date, UTC)


def deploy(engine: Engine, given: Scenario, since: dt.datetime, gone: dt.datetime | None = None) -> None:
    """Registers it as it was at that time."""
    register(engine, given, since)
    is_it = (ScenarioRow.platform == given.key.platform) & (ScenarioRow.external_id == given.key.external_id)
    with engine.begin() as connection:
        connection.execute(update(ScenarioRow).where(is_it).values(created_at=since, gone_at=gone))


def ran(engine: Engine, given: Scenario, ends: Sequence[dt.datetime], *, operations: int = 3, failed: int = 0) -> None:
    """Stores executions that ended then, the first few of them with an error."""
    record(
        engine,
        given.key.platform,
        [
            Execution(
                given.key, f"{given.key.external_id}-{end.isoformat()}", end - dt.timedelta(seconds=1),
                "error" if place < failed else "success", end, 1000, operations,
            )
            for place, end in enumerate(ends)
        ],
    )  # fmt: skip


def make(engine: Engine, *dates: dt.date, zone: ZoneInfo = UTC) -> list[Made]:
    """Makes the snapshots of these days."""
    return make_client_snapshots(engine, dates, zone, prices(), assumptions(), HOUR)


def rows(engine: Engine) -> list[dict[str, object]]:
    """The stored snapshots as plain rows, by client and day."""
    table = ClientSnapshotRow.__table__
    with engine.connect() as connection:
        found = connection.execute(select(table).order_by(table.c.customer_name, table.c.snapshot_date))
        return [dict(row._mapping) for row in found]


def add_rows(engine: Engine, table: type, values: list[dict[str, object]]) -> None:
    """Puts rows into a table."""
    with engine.begin() as connection:
        connection.execute(insert(table), values)
