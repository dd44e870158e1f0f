"""Revisions of reports: the same facts are the same revision; other facts are the next one, which says what changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from manageai_assets.clients.reports.changes import changes_of
from manageai_assets.clients.reports.models import Change, MonthlyReport
from manageai_assets.store.report_tables import ClientReportRow

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Revision:
    """A stored revision, from 1. `new`: it was made just now."""

    number: int
    made_at: dt.datetime
    changes: tuple[Change, ...]
    before_made_at: dt.datetime | None
    new: bool


def keep(connection: Connection, report: MonthlyReport, now: dt.datetime) -> Revision:
    """The revision that says these facts: the newest one, if it says them already, or else the next. Two processes
    that make the same report at once wait for each other."""
    name = f"report:{report.client}:{report.month}"
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    known = _stored(connection, report)
    facts, digest = report.model_dump(mode="json"), digest_of(report)
    if known and known[0].digest == digest:
        earlier = known[1].made_at if len(known) > 1 else None
        changes = tuple(map(Change.model_validate, known[0].changes))
        return Revision(known[0].revision, known[0].made_at, changes, earlier, new=False)
    changes = changes_of(known[0].facts, report) if known else ()
    made = Revision(known[0].revision + 1 if known else 1, now, changes, known[0].made_at if known else None, new=True)
    connection.execute(
        insert(ClientReportRow).values(
            customer_name=report.client,
            month=report.month,
            revision=made.number,
            made_at=now,
            digest=digest,
            facts=facts,
            changes=[one.model_dump(mode="json") for one in changes],
        )
    )
    return made


def digest_of(report: MonthlyReport) -> str:
    """SHA-256 (hex) of everything that the report says."""
    text = json.dumps(report.model_dump(mode="json"), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _stored(connection: Connection, report: MonthlyReport) -> Sequence[ClientReportRow]:
    """The two newest revisions, the newest first."""
    row = ClientReportRow
    query = select(row.__table__).where(row.customer_name == report.client, row.month == report.month)
    rows = connection.execute(query.order_by(row.revision.desc()).limit(2))
    return [ClientReportRow(**one._mapping) for one in rows]
