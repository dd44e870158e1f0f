"""A small client in the tables, from which reports are made as in production."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy import Engine, text

from manageai_assets.clients.reports.making import Workshop
from manageai_assets.clients.reports.months import Month
from manageai_assets.documents.brand import Brand, Reports, our_brand
from manageai_assets.store.monitoring_tables import IncidentRow
from tests.manageai_assets.clients.estates import CLIENT, add_rows, deploy, ran, scenario

MARCH = Month(2026, 3)
SINCE = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 4, 1, 6, tzinfo=dt.UTC)
OTHER = "Quay 9 [red] | <b>"


def noon(day: int, hour: int = 12) -> dt.datetime:
    """A moment of March."""
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


def agency(engine: Engine) -> None:
    """Two clients: `orders` runs 31 times in March, each with 3 operations, and fails twice; `mails` runs 10 times."""
    deploy(engine, scenario(), SINCE)
    deploy(engine, scenario("mails", "n8n", OTHER, contact=""), SINCE)
    ran(engine, scenario(), [noon(day) for day in range(1, 32)], failed=2)
    ran(engine, scenario("mails", "n8n", OTHER), [noon(day) for day in range(1, 11)], operations=1)


def incident(engine: Engine, name: str, opened: dt.datetime, resolved: dt.datetime | None, **changes: object) -> None:
    """An incident of the scenario with this id."""
    with engine.connect() as connection:
        query = text("select id from manageai.scenarios where external_id = :name")
        owner = connection.execute(query, {"name": name}).scalar_one()
    plain: dict[str, object] = {
        "fingerprint": f"{name}-{opened}", "kind": "silence", "severity": "high", "platform": "make", "what": "quiet",
        "status": "resolved" if resolved else "open", "scenario_id": owner, "evidence": {}, "since": opened,
        "opened_at": opened, "last_seen_at": opened, "resolved_at": resolved, "acknowledged_at": None,
    }  # fmt: skip
    add_rows(engine, IncidentRow, [{**plain, **changes}])


def brand(delivery: str = "draft") -> Brand:
    """The project's own, whose reports are delivered like this."""
    ours = our_brand()
    agency = ours.agency.model_copy(update={"timezone": "UTC"})
    return ours.model_copy(update={"agency": agency, "reports": Reports.model_validate({"delivery": delivery})})


def shop(folder: Path, delivery: str = "draft", *, mailed: bool = False) -> Workshop:
    """What reports are made with, in a folder of the test's own."""
    return Workshop(brand(delivery), b"", str(folder), mailed)


__all__ = ["CLIENT", "MARCH", "NOW", "OTHER", "agency", "brand", "incident", "noon", "shop"]
