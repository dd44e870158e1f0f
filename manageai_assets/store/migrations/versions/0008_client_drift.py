"""What runs compared with what was delivered, the accounts that platforms hold, and what columns mean."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = "manageai"
COMMENTS = {
    "builds": {
        "id": "of this project's own",
        "slug": "short name of the scenario, the same for all its versions",
        "version": "from 1",
        "customer": "the client",
        "status": "submitted, built, waiting or failed",
        "grade": "the confidence in words",
        "submitted_at": "when it came in",
        "finished_at": "when it was built last",
    },
    "client_snapshots": {
        "customer_name": "the client",
        "make_operations_day": "Make operations of the day",
        "make_operations_high": "80 % band; null: under a week known",
        "n8n_executions_day": "n8n executions of the day",
        "n8n_executions_high": "80 % band; null: under a week known",
        "make_currency": "of `make_cost`, such as USD",
        "n8n_currency": "of both n8n costs, such as EUR",
    },
    "execution_snapshots": {
        "window_start": "windows last 15 minutes",
        "scenario_id": "`id` of the scenario",
        "executions": "that ended in the hour up to the window's end",
        "errors": "of these, ended with an error",
        "warnings": "of these, ended with a warning",
        "p50_ms": "milliseconds that half of them took at most",
        "p95_ms": "milliseconds that 95 % of them took at most",
        "operations": "as the platform bills: Make operations, n8n executions",
        "items": "records that went through; null: not told",
        "last_finished_at": "end of the newest",
        "last_error_at": "end of the newest error",
    },
    "incidents": {
        "id": "as `manageai incidents` shows it",
        "kind": "the rule that found it, such as error_spike",
        "severity": "low, medium, high or critical",
        "status": "open, acknowledged, silenced or resolved",
        "platform": "make or n8n",
        "scenario_id": "`id` of the scenario; null: the whole platform",
        "parent_id": "`id` of the incident that it is a part of",
        "since": "when the trouble began",
        "opened_at": "when it was found",
        "last_seen_at": "when it was found last",
        "count": "windows in which it was found",
        "acknowledged_at": "when somebody took it on",
        "resolved_at": "when it was over; null: it isn't",
    },
    "scenario_days": {
        "scenario_id": "`id` of the scenario",
        "day": "in the agency's time zone",
        "duration_ms": "milliseconds, sum over the executions",
    },
    "scenarios": {
        "id": "of this project's own",
        "platform": "make or n8n",
        "external_id": "the scenario's id at Make, the workflow's in n8n",
        "name": "as the platform lists it",
        "slug": "of the build it was deployed from; null: none",
        "version": "of the build it was deployed from; null: none",
        "customer": "the client; empty: not known",
        "cadence_seconds": "seconds between two runs; null: not declared",
        "paused": "not watched for now",
        "managed": "deployed from a build",
        "invalid": "the platform refuses to run it",
        "active_changed_at": "when it was seen switched on or off last",
        "gone_at": "when the platform listed it no more; null: it is there",
        "deployed_at": "when a build was put there last",
        "created_at": "when it was known first",
    },
}
FORMER = {
    ("scenario_days", "duration_ms"): "sum over the executions",
}
"""What was said of these columns before."""


def upgrade() -> None:
    """Adds the tables, and says of each column that analysts read what it is."""
    _scenario_drift()
    _platform_connections()
    for table, columns in COMMENTS.items():
        for column, comment in columns.items():
            _comment(table, column, comment)


def downgrade() -> None:
    """Takes both away."""
    for table, columns in COMMENTS.items():
        for column in columns:
            _comment(table, column, FORMER.get((table, column)))
    op.drop_table("platform_connections", schema=SCHEMA)
    op.drop_table("scenario_drift", schema=SCHEMA)


def _comment(table: str, column: str, comment: str | None) -> None:
    words = "null" if comment is None else "'" + comment.replace("'", "''") + "'"
    op.execute(sa.text(f"comment on column {SCHEMA}.{table}.{column} is {words}".replace(":", "\\:")))


def _scenario_drift() -> None:
    op.create_table(
        "scenario_drift",
        sa.Column("scenario_id", sa.BigInteger, nullable=False, comment="`id` of the scenario"),
        sa.Column("first_day", sa.Date, nullable=False, comment="in the agency's time zone"),
        sa.Column("last_day", sa.Date, nullable=False, comment="when it was found so last"),
        sa.Column("slug", sa.Text, nullable=False, comment="of the build that it was compared with"),
        sa.Column("version", sa.Integer, nullable=False, comment="of the build that it was compared with"),
        sa.Column("outcome", sa.Text, nullable=False, comment="same, changed, or unread: they couldn't be compared"),
        sa.Column("reason", sa.Text, nullable=False, server_default="", comment="why they couldn't be compared"),
        sa.Column("changes", JSONB, nullable=False, comment="what differs: steps and fields, never their values"),
        sa.PrimaryKeyConstraint("scenario_id", "first_day", name="pk_scenario_drift"),
        sa.ForeignKeyConstraint(
            ["scenario_id"], [f"{SCHEMA}.scenarios.id"], name="fk_scenario_drift_scenario_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("outcome in ('same', 'changed', 'unread')", name="ck_scenario_drift_outcome"),
        schema=SCHEMA,
    )
    op.create_index("ix_scenario_drift_last_day", "scenario_drift", ["last_day"], schema=SCHEMA)


def _platform_connections() -> None:
    unused, seen = "first day it was found unused; null: it is used", "when it was read last, in the agency's time zone"
    op.create_table(
        "platform_connections",
        sa.Column("platform", sa.Text, nullable=False, comment="make or n8n"),
        sa.Column("external_id", sa.Text, nullable=False, comment="its id on the platform"),
        sa.Column("name", sa.Text, nullable=False, comment="as people have named it there"),
        sa.Column("kind", sa.Text, nullable=False, comment="the platform's type of account, such as slack3"),
        sa.Column("scenarios", JSONB, nullable=False, comment="`external_id` of all scenarios that name it"),
        sa.Column("used", sa.Boolean, nullable=False, comment="whether an active scenario names it"),
        sa.Column("unused_since", sa.Date, nullable=True, comment=unused),
        sa.Column("seen_on", sa.Date, nullable=False, comment=seen),
        sa.PrimaryKeyConstraint("platform", "external_id", name="pk_platform_connections"),
        sa.CheckConstraint("platform in ('make', 'n8n')", name="ck_platform_connections_platform"),
        schema=SCHEMA,
    )
