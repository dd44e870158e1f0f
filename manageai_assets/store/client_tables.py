"""The tables of client intelligence, which analysts read too: their columns keep their names and types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Integer, Numeric, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from manageai_assets.store.monitoring_tables import ScenarioRow
from manageai_assets.store.tables import Base

MONEY = Numeric(12, 2)


class ScenarioDayRow(Base):
    """What a scenario did on a day of the agency's time zone. Executions are deleted some day; this stays. A scenario
    without an ended execution has no row for the day."""

    __tablename__ = "scenario_days"

    scenario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(ScenarioRow.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True, index=True)
    executions: Mapped[int] = mapped_column(Integer, comment="that ended on the day")
    errors: Mapped[int] = mapped_column(Integer, comment="executions that ended with an error")
    operations: Mapped[int] = mapped_column(
        BigInteger, comment="as the platform bills: Make operations, n8n executions"
    )
    duration_ms: Mapped[int] = mapped_column(BigInteger, comment="sum over the executions")


class BuildFactsRow(Base):
    """What risks and opportunities ask of a build's spec; see `clients.facts.BuildFacts`. Read once from its
    artifacts."""

    __tablename__ = "build_facts"

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    built_at: Mapped[dt.datetime] = mapped_column(comment="`finished_at` of the build that it was read from")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ClientSnapshotRow(Base):
    """A client on a day, at its end; see `clients.models.ClientSnapshot`."""

    __tablename__ = "client_snapshots"
    __table_args__ = (
        CheckConstraint("risk_score between 0 and 100", name="risk_score"),
        CheckConstraint("opportunity_score between 0 and 100", name="opportunity_score"),
        CheckConstraint("scenarios_healthy <= scenarios_total", name="scenarios_healthy"),
    )

    customer_name: Mapped[str] = mapped_column(Text, primary_key=True)
    snapshot_date: Mapped[dt.date] = mapped_column(
        Date, primary_key=True, index=True, comment="in the agency's time zone"
    )
    scenarios_total: Mapped[int] = mapped_column(Integer, comment="on a platform at the day's end")
    scenarios_active: Mapped[int] = mapped_column(Integer, comment="of these, switched on")
    scenarios_healthy: Mapped[int] = mapped_column(Integer, comment="of these, without trouble")
    executions: Mapped[int] = mapped_column(BigInteger, comment="that ended on the day")
    errors: Mapped[int] = mapped_column(BigInteger, comment="executions that ended with an error")
    make_operations_day: Mapped[int] = mapped_column(BigInteger)
    make_operations_month: Mapped[int] = mapped_column(BigInteger, comment="from the 1st to this day, measured")
    make_operations_projected: Mapped[int] = mapped_column(BigInteger, comment="whole month, expected")
    make_operations_low: Mapped[int | None] = mapped_column(BigInteger, comment="80 % band; null: under a week known")
    make_operations_high: Mapped[int | None] = mapped_column(BigInteger)
    n8n_executions_day: Mapped[int] = mapped_column(BigInteger)
    n8n_executions_month: Mapped[int] = mapped_column(BigInteger, comment="from the 1st to this day, measured")
    n8n_executions_projected: Mapped[int] = mapped_column(BigInteger, comment="whole month, expected")
    n8n_executions_low: Mapped[int | None] = mapped_column(BigInteger, comment="80 % band; null: under a week known")
    n8n_executions_high: Mapped[int | None] = mapped_column(BigInteger)
    make_cost: Mapped[Decimal | None] = mapped_column(MONEY, comment="list price of the month; null: a quote is needed")
    n8n_cloud_cost: Mapped[Decimal | None] = mapped_column(MONEY, comment="what runs on n8n, hosted by n8n")
    n8n_self_hosted_cost: Mapped[Decimal | None] = mapped_column(MONEY, comment="what runs on n8n, on an own server")
    make_currency: Mapped[str] = mapped_column(Text)
    n8n_currency: Mapped[str] = mapped_column(Text)
    risk_score: Mapped[int] = mapped_column(SmallInteger, comment="0: none known, to 100")
    opportunity_score: Mapped[int] = mapped_column(SmallInteger, comment="0: none known, to 100")
    risks: Mapped[list[Any]] = mapped_column(JSONB, comment="the parts of the risk score, the heaviest first")
    opportunities: Mapped[list[Any]] = mapped_column(JSONB, comment="ranked, the best first")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="scenarios, platforms and apps of the client")
