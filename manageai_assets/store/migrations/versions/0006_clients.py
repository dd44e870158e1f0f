"""Client intelligence: what scenarios did day by day, facts of builds, and a snapshot of each client and day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = "manageai"
TABLES = ("client_snapshots", "build_facts", "scenario_days")


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "scenario_days",
        sa.Column("scenario_id", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        _whole("executions", "that ended on the day", sa.Integer),
        _whole("errors", "executions that ended with an error", sa.Integer),
        _whole("operations", "as the platform bills: Make operations, n8n executions"),
        _whole("duration_ms", "sum over the executions"),
        sa.PrimaryKeyConstraint("scenario_id", "day", name="pk_scenario_days"),
        sa.ForeignKeyConstraint(
            ["scenario_id"], [f"{SCHEMA}.scenarios.id"], name="fk_scenario_days_scenario_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_scenario_days_day", "scenario_days", ["day"], schema=SCHEMA)
    op.create_table(
        "build_facts",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "built_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="`finished_at` of the build that it was read from",
        ),
        sa.Column("facts", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("slug", "version", name="pk_build_facts"),
        schema=SCHEMA,
    )
    _client_snapshots()


def downgrade() -> None:
    """Takes them away."""
    for table in TABLES:
        op.drop_table(table, schema=SCHEMA)


def _client_snapshots() -> None:
    month, expected = "from the 1st to this day, measured", "whole month, expected"
    band = "80 % band; null: under a week known"
    op.create_table(
        "client_snapshots",
        sa.Column("customer_name", sa.Text, nullable=False),
        sa.Column("snapshot_date", sa.Date, nullable=False, comment="in the agency's time zone"),
        _whole("scenarios_total", "on a platform at the day's end", sa.Integer),
        _whole("scenarios_active", "of these, switched on", sa.Integer),
        _whole("scenarios_healthy", "of these, without trouble", sa.Integer),
        _whole("executions", "that ended on the day"),
        _whole("errors", "executions that ended with an error"),
        *(
            column
            for unit in ("make_operations", "n8n_executions")
            for column in (
                _whole(f"{unit}_day", None),
                _whole(f"{unit}_month", month),
                _whole(f"{unit}_projected", expected),
                sa.Column(f"{unit}_low", sa.BigInteger, nullable=True, comment=band),
                sa.Column(f"{unit}_high", sa.BigInteger, nullable=True),
            )
        ),
        _money("make_cost", "list price of the month; null: a quote is needed"),
        _money("n8n_cloud_cost", "what runs on n8n, hosted by n8n"),
        _money("n8n_self_hosted_cost", "what runs on n8n, on an own server"),
        sa.Column("make_currency", sa.Text, nullable=False),
        sa.Column("n8n_currency", sa.Text, nullable=False),
        _whole("risk_score", "0: none known, to 100", sa.SmallInteger),
        _whole("opportunity_score", "0: none known, to 100", sa.SmallInteger),
        sa.Column("risks", JSONB, nullable=False, comment="the parts of the risk score, the heaviest first"),
        sa.Column("opportunities", JSONB, nullable=False, comment="ranked, the best first"),
        sa.Column("details", JSONB, nullable=False, comment="scenarios, platforms and apps of the client"),
        sa.PrimaryKeyConstraint("customer_name", "snapshot_date", name="pk_client_snapshots"),
        sa.CheckConstraint("risk_score between 0 and 100", name="ck_client_snapshots_risk_score"),
        sa.CheckConstraint("opportunity_score between 0 and 100", name="ck_client_snapshots_opportunity_score"),
        sa.CheckConstraint("scenarios_healthy <= scenarios_total", name="ck_client_snapshots_scenarios_healthy"),
        schema=SCHEMA,
    )
    op.create_index("ix_client_snapshots_snapshot_date", "client_snapshots", ["snapshot_date"], schema=SCHEMA)


def _whole(name: str, comment: str | None, kind: type[sa.Integer] = sa.BigInteger) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _money(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(12, 2), nullable=True, comment=comment)
