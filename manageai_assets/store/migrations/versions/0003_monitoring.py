"""Scenarios in production, their executions and snapshots, incidents and alerts."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "manageai"
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "scenarios",
    "poll_cursors",
    "plan_usage",
    "executions",
    "monitor_windows",
    "execution_snapshots",
    "incidents",
    "incident_events",
    "silences",
    "maintenance_windows",
    "alerts",
    "heartbeats",
)


def upgrade() -> None:
    """Adds the tables."""
    _scenarios()
    _executions()
    _incidents()
    _alerts()


def downgrade() -> None:
    """Takes them away."""
    for name in reversed(TABLES):
        op.drop_table(name, schema=SCHEMA)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, server_default="", nullable=False)


def _at(name: str) -> sa.Column[datetime]:
    return sa.Column(name, MOMENT, nullable=False)


def _index(name: str, table: str, columns: list[str], *, where: str = "", unique: bool = False) -> None:
    chosen = sa.text(where) if where else None
    op.create_index(name, table, columns, schema=SCHEMA, unique=unique, postgresql_where=chosen)


def _platforms() -> sa.CheckConstraint:
    return sa.CheckConstraint("platform in ('make', 'n8n')", name="platform")


def _points(name: str, column: str, table: str, on_delete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{SCHEMA}.{table}.id"], name=name, ondelete=on_delete)


def _scenarios() -> None:
    op.create_table(
        "scenarios",
        _id(),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text),
        sa.Column("version", sa.Integer),
        _words("customer"),
        sa.Column("cadence_seconds", sa.Integer),
        _words("contact"),
        sa.Column("paused", sa.Boolean, server_default="false", nullable=False),
        sa.Column("managed", sa.Boolean, server_default="false", nullable=False),
        sa.Column("active", sa.Boolean, server_default="true", nullable=False, comment="as last seen on the platform"),
        sa.Column("invalid", sa.Boolean, server_default="false", nullable=False),
        sa.Column("active_changed_at", MOMENT),
        sa.Column("incomplete", sa.Integer, server_default="0", nullable=False, comment="executions that wait on Make"),
        sa.Column("seen_at", MOMENT, comment="when the platform listed it last"),
        sa.Column("gone_at", MOMENT),
        sa.Column("deployed_at", MOMENT),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        _platforms(),
        sa.CheckConstraint("cadence_seconds > 0", name="cadence_seconds"),
        sa.CheckConstraint("managed = (slug is not null and version is not null)", name="managed"),
        sa.PrimaryKeyConstraint("id", name="pk_scenarios"),
        sa.UniqueConstraint("platform", "external_id", name="uq_scenarios_platform"),
        schema=SCHEMA,
    )
    _index("ix_scenarios_slug", "scenarios", ["slug"])
    op.create_table(
        "poll_cursors",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("read_to", MOMENT, comment="all that started before has been stored, ended"),
        sa.Column("polled_at", MOMENT),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False, comment="in a row"),
        sa.Column("failing_since", MOMENT),
        _words("last_failure"),
        sa.Column("backoff_until", MOMENT),
        _platforms(),
        sa.PrimaryKeyConstraint("platform", "external_id", name="pk_poll_cursors"),
        schema=SCHEMA,
    )
    op.create_table(
        "plan_usage",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("operations_limit", sa.BigInteger),
        sa.Column("operations_used", sa.BigInteger),
        sa.Column("resets_at", MOMENT),
        _at("seen_at"),
        _platforms(),
        sa.PrimaryKeyConstraint("platform", name="pk_plan_usage"),
        schema=SCHEMA,
    )


def _executions() -> None:
    op.create_table(
        "executions",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("scenario_id", sa.BigInteger, nullable=False),
        _at("started_at"),
        sa.Column("finished_at", MOMENT),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("operations", sa.Integer, server_default="0", nullable=False),
        sa.Column("items", sa.Integer),
        sa.Column("error_type", sa.Text, comment="null: not asked for; empty: the platform can't say"),
        sa.Column("error_message", sa.Text),
        sa.Column("error_step", sa.Text),
        sa.Column("error_status", sa.SmallInteger),
        sa.Column("error_connection", sa.Text),
        sa.CheckConstraint("(outcome = 'running') = (finished_at is null)", name="finished_at"),
        sa.CheckConstraint("outcome in ('running', 'success', 'warning', 'error')", name="outcome"),
        _platforms(),
        _points("fk_executions_scenario_id", "scenario_id", "scenarios", "CASCADE"),
        sa.PrimaryKeyConstraint("platform", "execution_id", name="pk_executions"),
        schema=SCHEMA,
    )
    _index("ix_executions_finished_at", "executions", ["finished_at"], where="finished_at is not null")
    _index("ix_executions_running", "executions", ["platform", "started_at"], where="outcome = 'running'")
    _index("ix_executions_scenario_id", "executions", ["scenario_id", "started_at"])
    _index(
        "ix_executions_unexplained",
        "executions",
        ["platform", "finished_at"],
        where="outcome = 'error' and error_type is null",
    )
    op.create_table(
        "monitor_windows",
        _at("window_start"),
        sa.Column(
            "touched", sa.Integer, server_default="1", nullable=False, comment="times that executions of it were stored"
        ),
        sa.Column(
            "covered",
            sa.Integer,
            server_default="0",
            nullable=False,
            comment="`touched` when its snapshots were made last",
        ),
        sa.Column(
            "judged",
            sa.Integer,
            server_default="0",
            nullable=False,
            comment="`covered` when its incidents were judged last",
        ),
        sa.Column("covered_at", MOMENT),
        sa.PrimaryKeyConstraint("window_start", name="pk_monitor_windows"),
        schema=SCHEMA,
    )
    _index("ix_monitor_windows_due", "monitor_windows", ["window_start"], where="touched > covered")
    _index("ix_monitor_windows_unjudged", "monitor_windows", ["window_start"], where="covered > judged")
    op.create_table(
        "execution_snapshots",
        _at("window_start"),
        sa.Column("scenario_id", sa.BigInteger, nullable=False),
        sa.Column("executions", sa.Integer, nullable=False),
        sa.Column("errors", sa.Integer, nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
        sa.Column("success_rate", sa.REAL, nullable=False, comment="0 to 1"),
        sa.Column("p50_ms", sa.BigInteger, nullable=False),
        sa.Column("p95_ms", sa.BigInteger, nullable=False),
        sa.Column("operations", sa.BigInteger, nullable=False),
        sa.Column("items", sa.BigInteger),
        _at("last_finished_at"),
        sa.Column("last_error_at", MOMENT),
        sa.Column("last_error_id", sa.Text, comment="execution_id of the newest error"),
        _points("fk_execution_snapshots_scenario_id", "scenario_id", "scenarios", "CASCADE"),
        sa.PrimaryKeyConstraint("window_start", "scenario_id", name="pk_execution_snapshots"),
        schema=SCHEMA,
    )
    _index("ix_execution_snapshots_scenario_id", "execution_snapshots", ["scenario_id", "window_start"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        _id(),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("status", sa.Text, server_default="open", nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("scenario_id", sa.BigInteger),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        _at("since"),
        _at("opened_at"),
        _at("last_seen_at"),
        sa.Column("last_window", MOMENT, comment="newest window that was judged with it"),
        sa.Column("count", sa.Integer, server_default="1", nullable=False),
        sa.Column("healthy_since", MOMENT),
        sa.Column("acknowledged_at", MOMENT),
        _words("acknowledged_by"),
        _words("assigned_to"),
        sa.Column("silenced_until", MOMENT),
        sa.Column("resolved_at", MOMENT),
        _words("resolution"),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at is not null)", name="resolved_at"),
        _platforms(),
        sa.CheckConstraint("severity in ('low', 'medium', 'high', 'critical')", name="severity"),
        sa.CheckConstraint("status in ('open', 'acknowledged', 'silenced', 'resolved')", name="status"),
        _points("fk_incidents_parent_id", "parent_id", "incidents", "SET NULL"),
        _points("fk_incidents_scenario_id", "scenario_id", "scenarios", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        schema=SCHEMA,
    )
    _index("ix_incidents_fingerprint", "incidents", ["fingerprint", "resolved_at"])
    _index("ix_incidents_opened_at", "incidents", ["opened_at"])
    _index("ix_incidents_parent_id", "incidents", ["parent_id"])
    _index("ix_incidents_scenario_id", "incidents", ["scenario_id"])
    _index("uq_incidents_open", "incidents", ["fingerprint"], where="status <> 'resolved'", unique=True)
    op.create_table(
        "incident_events",
        _id(),
        sa.Column("incident_id", sa.BigInteger, nullable=False),
        _at("at"),
        sa.Column("kind", sa.Text, nullable=False),
        _words("actor"),
        _words("note"),
        sa.Column("window_start", MOMENT),
        _points("fk_incident_events_incident_id", "incident_id", "incidents", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_incident_events"),
        schema=SCHEMA,
    )
    _index("ix_incident_events_incident_id", "incident_events", ["incident_id", "at"])
    _index(
        "uq_incident_events_judged",
        "incident_events",
        ["incident_id", "kind", "window_start"],
        where="window_start is not null",
        unique=True,
    )
    op.create_table(
        "silences",
        _id(),
        sa.Column("fingerprint", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("scenario_id", sa.BigInteger),
        sa.Column("customer", sa.Text),
        _at("starts_at"),
        _at("ends_at"),
        sa.Column("made_by", sa.Text, nullable=False),
        _words("reason"),
        _points("fk_silences_scenario_id", "scenario_id", "scenarios", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
        schema=SCHEMA,
    )
    _index("ix_silences_ends_at", "silences", ["ends_at"])
    op.create_table(
        "maintenance_windows",
        _id(),
        sa.Column("platform", sa.Text),
        sa.Column("scenario_id", sa.BigInteger),
        sa.Column("customer", sa.Text),
        _at("starts_at"),
        _at("ends_at"),
        sa.Column("made_by", sa.Text, nullable=False),
        _words("reason"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_at"),
        _points("fk_maintenance_windows_scenario_id", "scenario_id", "scenarios", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance_windows"),
        schema=SCHEMA,
    )
    _index("ix_maintenance_windows_ends_at", "maintenance_windows", ["ends_at"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        _id(),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("incident_id", sa.BigInteger),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("status", sa.Text, server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        _words("last_failure"),
        _at("next_try_at"),
        _at("created_at"),
        sa.Column("sent_at", MOMENT),
        sa.CheckConstraint("status in ('pending', 'sent', 'failed', 'dropped')", name="status"),
        _points("fk_alerts_incident_id", "incident_id", "incidents", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("idempotency_key", name="uq_alerts_idempotency_key"),
        schema=SCHEMA,
    )
    _index("ix_alerts_incident_id", "alerts", ["incident_id"])
    _index("ix_alerts_pending", "alerts", ["next_try_at"])
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text, nullable=False),
        _at("beat_at"),
        _words("note"),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeats"),
        schema=SCHEMA,
    )
