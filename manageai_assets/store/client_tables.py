"""The tables of client intelligence, which analysts read too: their columns keep their names and types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Integer, Numeric, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from manageai_assets.store.monitoring_tables import PLATFORM, ScenarioRow
from manageai_assets.store.tables import Base

MONEY = Numeric(12, 2)


class ScenarioDayRow(Base):
    """What a scenario did on a day of the agency's time zone. Executions are deleted some day; this stays. A scenario
    without an ended execution has no row for the day."""

    __tablename__ = "scenario_days"

    scenario_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(ScenarioRow.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="`id` of the scenario",
    )
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True, index=True, comment="in the agency's time zone")
    executions: Mapped[int] = mapped_column(Integer, comment="that ended on the day")
    errors: Mapped[int] = mapped_column(Integer, comment="executions that ended with an error")
    operations: Mapped[int] = mapped_column(
        BigInteger, comment="as the platform bills: Make operations, n8n executions"
    )
    duration_ms: Mapped[int] = mapped_column(BigInteger, comment="milliseconds, sum over the executions")


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

    customer_name: Mapped[str] = mapped_column(Text, primary_key=True, comment="the client")
    snapshot_date: Mapped[dt.date] = mapped_column(
        Date, primary_key=True, index=True, comment="in the agency's time zone"
    )
    scenarios_total: Mapped[int] = mapped_column(Integer, comment="on a platform at the day's end")
    scenarios_active: Mapped[int] = mapped_column(Integer, comment="of these, switched on")
    scenarios_healthy: Mapped[int] = mapped_column(Integer, comment="of these, without trouble")
    executions: Mapped[int] = mapped_column(BigInteger, comment="that ended on the day")
    errors: Mapped[int] = mapped_column(BigInteger, comment="executions that ended with an error")
    make_operations_day: Mapped[int] = mapped_column(BigInteger, comment="Make operations of the day")
    make_operations_month: Mapped[int] = mapped_column(BigInteger, comment="from the 1st to this day, measured")
    make_operations_projected: Mapped[int] = mapped_column(BigInteger, comment="whole month, expected")
    make_operations_low: Mapped[int | None] = mapped_column(BigInteger, comment="80 % band; null: under a week known")
    make_operations_high: Mapped[int | None] = mapped_column(BigInteger, comment="80 % band; null: under a week known")
    n8n_executions_day: Mapped[int] = mapped_column(BigInteger, comment="n8n executions of the day")
    n8n_executions_month: Mapped[int] = mapped_column(BigInteger, comment="from the 1st to this day, measured")
    n8n_executions_projected: Mapped[int] = mapped_column(BigInteger, comment="whole month, expected")
    n8n_executions_low: Mapped[int | None] = mapped_column(BigInteger, comment="80 % band; null: under a week known")
    n8n_executions_high: Mapped[int | None] = mapped_column(BigInteger, comment="80 % band; null: under a week known")
    make_cost: Mapped[Decimal | None] = mapped_column(MONEY, comment="list price of the month; null: a quote is needed")
    n8n_cloud_cost: Mapped[Decimal | None] = mapped_column(MONEY, comment="what runs on n8n, hosted by n8n")
    n8n_self_hosted_cost: Mapped[Decimal | None] = mapped_column(MONEY, comment="what runs on n8n, on an own server")
    make_currency: Mapped[str] = mapped_column(Text, comment="of `make_cost`, such as USD")
    n8n_currency: Mapped[str] = mapped_column(Text, comment="of both n8n costs, such as EUR")
    risk_score: Mapped[int] = mapped_column(SmallInteger, comment="0: none known, to 100")
    opportunity_score: Mapped[int] = mapped_column(SmallInteger, comment="0: none known, to 100")
    risks: Mapped[list[Any]] = mapped_column(JSONB, comment="the parts of the risk score, the heaviest first")
    opportunities: Mapped[list[Any]] = mapped_column(JSONB, comment="ranked, the best first")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="scenarios, platforms and apps of the client")


class ScenarioDriftRow(Base):
    """What runs in a scenario, compared with the build that was delivered there: how it stood from the first day to the
    last. A new row begins when it stands otherwise."""

    __tablename__ = "scenario_drift"
    __table_args__ = (CheckConstraint("outcome in ('same', 'changed', 'unread')", name="outcome"),)

    scenario_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(ScenarioRow.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="`id` of the scenario",
    )
    first_day: Mapped[dt.date] = mapped_column(Date, primary_key=True, comment="in the agency's time zone")
    last_day: Mapped[dt.date] = mapped_column(Date, index=True, comment="when it was found so last")
    slug: Mapped[str] = mapped_column(Text, comment="of the build that it was compared with")
    version: Mapped[int] = mapped_column(Integer, comment="of the build that it was compared with")
    outcome: Mapped[str] = mapped_column(Text, comment="same, changed, or unread: they couldn't be compared")
    reason: Mapped[str] = mapped_column(Text, server_default="", comment="why they couldn't be compared")
    changes: Mapped[list[Any]] = mapped_column(JSONB, comment="what differs: steps and fields, never their values")


class ConnectionRow(Base):
    """An account that a platform holds for scenarios, as last read; on n8n those that some workflow names."""

    __tablename__ = "platform_connections"
    __table_args__ = (CheckConstraint(PLATFORM, name="platform"),)

    platform: Mapped[str] = mapped_column(Text, primary_key=True, comment="make or n8n")
    external_id: Mapped[str] = mapped_column(Text, primary_key=True, comment="its id on the platform")
    name: Mapped[str] = mapped_column(Text, comment="as people have named it there")
    kind: Mapped[str] = mapped_column(Text, comment="the platform's type of account, such as slack3")
    scenarios: Mapped[list[Any]] = mapped_column(JSONB, comment="`external_id` of all scenarios that name it")
    used: Mapped[bool] = mapped_column(comment="whether an active scenario names it")
    unused_since: Mapped[dt.date | None] = mapped_column(
        Date, comment="first day it was found unused; null: it is used"
    )
    seen_on: Mapped[dt.date] = mapped_column(Date, comment="when it was read last, in the agency's time zone")
    expires_at: Mapped[dt.datetime | None] = mapped_column(comment="when its access ends; null: never, or not told")
