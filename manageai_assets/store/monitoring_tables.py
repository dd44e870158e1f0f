"""The tables of monitoring. What is hot: executions (100,000 a day) and snapshots (up to 5,000 a window)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from manageai_assets.store.tables import Base

PLATFORM = "platform in ('make', 'n8n')"
OUTCOME = "outcome in ('running', 'success', 'warning', 'error')"
SEVERITY = "severity in ('low', 'medium', 'high', 'critical')"


class ScenarioRow(Base):
    """A scenario in production; see `monitoring.models.Scenario`."""

    __tablename__ = "scenarios"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        CheckConstraint(PLATFORM, name="platform"),
        CheckConstraint("managed = (slug is not null and version is not null)", name="managed"),
        CheckConstraint("cadence_seconds > 0", name="cadence_seconds"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, comment="of this project's own")
    platform: Mapped[str] = mapped_column(Text, comment="make or n8n")
    external_id: Mapped[str] = mapped_column(Text, comment="the scenario's id at Make, the workflow's in n8n")
    name: Mapped[str] = mapped_column(Text, comment="as the platform lists it")
    slug: Mapped[str | None] = mapped_column(Text, index=True, comment="of the build it was deployed from; null: none")
    version: Mapped[int | None] = mapped_column(comment="of the build it was deployed from; null: none")
    customer: Mapped[str] = mapped_column(Text, server_default="", comment="the client; empty: not known")
    cadence_seconds: Mapped[int | None] = mapped_column(comment="seconds between two runs; null: not declared")
    contact: Mapped[str] = mapped_column(Text, server_default="")
    paused: Mapped[bool] = mapped_column(server_default="false", comment="not watched for now")
    managed: Mapped[bool] = mapped_column(server_default="false", comment="deployed from a build")
    active: Mapped[bool] = mapped_column(server_default="true", comment="as last seen on the platform")
    invalid: Mapped[bool] = mapped_column(server_default="false", comment="the platform refuses to run it")
    active_changed_at: Mapped[datetime | None] = mapped_column(comment="when it was seen switched on or off last")
    incomplete: Mapped[int] = mapped_column(server_default="0", comment="executions that wait on Make")
    seen_at: Mapped[datetime | None] = mapped_column(comment="when the platform listed it last")
    gone_at: Mapped[datetime | None] = mapped_column(comment="when the platform listed it no more; null: it is there")
    deployed_at: Mapped[datetime | None] = mapped_column(comment="when a build was put there last")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="when it was known first")
    judged_to: Mapped[datetime | None] = mapped_column(comment="start of the newest window that it was judged in")


class PollCursor(Base):
    """How far a scenario, or a platform as a whole (`external_id` empty), has been read."""

    __tablename__ = "poll_cursors"
    __table_args__ = (CheckConstraint(PLATFORM, name="platform"),)

    platform: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    read_to: Mapped[datetime | None] = mapped_column(comment="all that started before has been stored, ended")
    polled_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0", comment="in a row")
    failing_since: Mapped[datetime | None]
    last_failure: Mapped[str] = mapped_column(Text, server_default="")
    backoff_until: Mapped[datetime | None]


class ExecutionRow(Base):
    """One execution, once."""

    __tablename__ = "executions"
    __table_args__ = (
        Index("ix_executions_finished_at", "finished_at", postgresql_where=text("finished_at is not null")),
        Index("ix_executions_scenario_id", "scenario_id", "started_at"),
        Index("ix_executions_running", "platform", "started_at", postgresql_where=text("outcome = 'running'")),
        Index(
            "ix_executions_unexplained", "platform", "finished_at",
            postgresql_where=text("outcome = 'error' and error_type is null"),
        ),
        CheckConstraint(PLATFORM, name="platform"),
        CheckConstraint(OUTCOME, name="outcome"),
        CheckConstraint("(outcome = 'running') = (finished_at is null)", name="finished_at"),
    )  # fmt: skip

    platform: Mapped[str] = mapped_column(Text, primary_key=True)
    execution_id: Mapped[str] = mapped_column(Text, primary_key=True)
    scenario_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("scenarios.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(Text)
    operations: Mapped[int] = mapped_column(server_default="0")
    items: Mapped[int | None]
    error_type: Mapped[str | None] = mapped_column(Text, comment="null: not asked for; empty: the platform can't say")
    error_message: Mapped[str | None] = mapped_column(Text)
    error_step: Mapped[str | None] = mapped_column(Text)
    error_status: Mapped[int | None] = mapped_column(SmallInteger)
    error_connection: Mapped[str | None] = mapped_column(Text)
    stored_at: Mapped[datetime | None] = mapped_column(comment="when it was read as it is now")


class MonitorWindow(Base):
    """A window and the state of what is made from it. A window is due while `touched > covered`: both count, since
    clocks of several processes can't be compared."""

    __tablename__ = "monitor_windows"
    __table_args__ = (
        Index("ix_monitor_windows_due", "window_start", postgresql_where=text("touched > covered")),
        Index("ix_monitor_windows_unjudged", "window_start", postgresql_where=text("covered > judged")),
    )

    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    touched: Mapped[int] = mapped_column(server_default="1", comment="times that executions of it were stored")
    covered: Mapped[int] = mapped_column(server_default="0", comment="`touched` when its snapshots were made last")
    judged: Mapped[int] = mapped_column(server_default="0", comment="`touched` when its incidents were judged last")
    covered_at: Mapped[datetime | None]


class SnapshotRow(Base):
    """How a scenario did in a window; see `monitoring.models.Snapshot`."""

    __tablename__ = "execution_snapshots"
    __table_args__ = (Index("ix_execution_snapshots_scenario_id", "scenario_id", "window_start"),)

    window_start: Mapped[datetime] = mapped_column(primary_key=True, comment="windows last 15 minutes")
    scenario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("scenarios.id", ondelete="CASCADE"), primary_key=True, comment="`id` of the scenario"
    )
    executions: Mapped[int] = mapped_column(comment="that ended in the hour up to the window's end")
    errors: Mapped[int] = mapped_column(comment="of these, ended with an error")
    warnings: Mapped[int] = mapped_column(comment="of these, ended with a warning")
    success_rate: Mapped[float] = mapped_column(REAL, comment="0 to 1")
    p50_ms: Mapped[int] = mapped_column(BigInteger, comment="milliseconds that half of them took at most")
    p95_ms: Mapped[int] = mapped_column(BigInteger, comment="milliseconds that 95 % of them took at most")
    operations: Mapped[int] = mapped_column(
        BigInteger, comment="as the platform bills: Make operations, n8n executions"
    )
    items: Mapped[int | None] = mapped_column(BigInteger, comment="records that went through; null: not told")
    last_finished_at: Mapped[datetime] = mapped_column(comment="end of the newest")
    last_error_at: Mapped[datetime | None] = mapped_column(comment="end of the newest error")
    last_error_id: Mapped[str | None] = mapped_column(Text, comment="execution_id of the newest error")


class PlanUsage(Base):
    """What a platform's plan gives, as last seen."""

    __tablename__ = "plan_usage"
    __table_args__ = (CheckConstraint(PLATFORM, name="platform"),)

    platform: Mapped[str] = mapped_column(Text, primary_key=True)
    operations_limit: Mapped[int | None] = mapped_column(BigInteger)
    operations_used: Mapped[int | None] = mapped_column(BigInteger)
    resets_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]


class IncidentRow(Base):
    """An incident; at most one that isn't resolved for a fingerprint."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("uq_incidents_open", "fingerprint", unique=True, postgresql_where=text("status <> 'resolved'")),
        Index("ix_incidents_fingerprint", "fingerprint", "resolved_at"),
        Index("ix_incidents_opened_at", "opened_at"),
        CheckConstraint(PLATFORM, name="platform"),
        CheckConstraint(SEVERITY, name="severity"),
        CheckConstraint("status in ('open', 'acknowledged', 'silenced', 'resolved')", name="status"),
        CheckConstraint("(status = 'resolved') = (resolved_at is not null)", name="resolved_at"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(), primary_key=True, comment="as `manageai incidents` shows it"
    )
    fingerprint: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, comment="the rule that found it, such as error_spike")
    severity: Mapped[str] = mapped_column(Text, comment="low, medium, high or critical")
    status: Mapped[str] = mapped_column(Text, server_default="open", comment="open, acknowledged, silenced or resolved")
    platform: Mapped[str] = mapped_column(Text, comment="make or n8n")
    scenario_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("scenarios.id", ondelete="CASCADE"),
        index=True,
        comment="`id` of the scenario; null: the whole platform",
    )
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("incidents.id", ondelete="SET NULL"),
        index=True,
        comment="`id` of the incident that it is a part of",
    )
    what: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]]
    since: Mapped[datetime] = mapped_column(comment="when the trouble began")
    opened_at: Mapped[datetime] = mapped_column(comment="when it was found")
    last_seen_at: Mapped[datetime] = mapped_column(comment="when it was found last")
    last_window: Mapped[datetime | None] = mapped_column(comment="newest window that was judged with it")
    count: Mapped[int] = mapped_column(server_default="1", comment="windows in which it was found")
    healthy_since: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None] = mapped_column(comment="when somebody took it on")
    acknowledged_by: Mapped[str] = mapped_column(Text, server_default="")
    assigned_to: Mapped[str] = mapped_column(Text, server_default="")
    silenced_until: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None] = mapped_column(comment="when it was over; null: it isn't")
    resolution: Mapped[str] = mapped_column(Text, server_default="")


class IncidentEventRow(Base):
    """A transition of an incident. Judging a window twice writes none twice."""

    __tablename__ = "incident_events"
    __table_args__ = (
        Index("ix_incident_events_incident_id", "incident_id", "at"),
        Index(
            "uq_incident_events_judged", "incident_id", "kind", "window_start", unique=True,
            postgresql_where=text("window_start is not null"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text, server_default="")
    note: Mapped[str] = mapped_column(Text, server_default="")
    window_start: Mapped[datetime | None]


class Silence(Base):
    """No alerts for what fits all that is set here, for a while."""

    __tablename__ = "silences"
    __table_args__ = (Index("ix_silences_ends_at", "ends_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fingerprint: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(Text)
    scenario_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("scenarios.id", ondelete="CASCADE"))
    customer: Mapped[str | None] = mapped_column(Text)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default="")


class MaintenanceWindow(Base):
    """Planned work: what fits all that is set here raises no alerts meanwhile."""

    __tablename__ = "maintenance_windows"
    __table_args__ = (
        Index("ix_maintenance_windows_ends_at", "ends_at"),
        CheckConstraint("ends_at > starts_at", name="ends_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    platform: Mapped[str | None] = mapped_column(Text)
    scenario_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("scenarios.id", ondelete="CASCADE"))
    customer: Mapped[str | None] = mapped_column(Text)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default="")


class Alert(Base):
    """The outbox: written with the event that it tells of, sent afterwards, at least once."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        Index("ix_alerts_pending", "next_try_at", postgresql_where=text("status = 'pending'")),
        CheckConstraint("status in ('pending', 'sent', 'failed', 'dropped')", name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(Text)
    incident_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("incidents.id", ondelete="SET NULL"), index=True
    )
    channel: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_failure: Mapped[str] = mapped_column(Text, server_default="")
    next_try_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Heartbeat(Base):
    """That a part of this platform is alive; a watchman outside reads it."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    beat_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, server_default="")
