"""Builds and submissions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "manageai"


def upgrade() -> None:
    """Adds both tables."""
    now, moment = sa.func.now(), sa.DateTime(timezone=True)
    empty = sa.text("'[]'")
    op.create_table(
        "builds",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of what the intake says"),
        sa.Column("intake", JSON, nullable=False, comment="the intake as JSON, its fields in their order"),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False, comment="what the automation is called"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column(
            "reasons", JSONB, nullable=False, server_default=empty, comment="failed: why; waiting: the questions"
        ),
        sa.Column("confidence", sa.Float, comment="0 to 1"),
        sa.Column("grade", sa.Text),
        sa.Column("made_by", sa.Text, comment="rules, or the model that read the request"),
        sa.Column("platforms", JSONB, nullable=False, server_default=empty, comment="platforms with an export"),
        sa.Column("artifacts", sa.Text, comment="where the files are"),
        sa.Column("run_id", sa.Text, comment="the run that touched it last"),
        sa.Column("submitted_at", moment, nullable=False, server_default=now),
        sa.Column("updated_at", moment, nullable=False, server_default=now),
        sa.Column("finished_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_builds"),
        sa.UniqueConstraint("slug", "version", name="uq_builds_slug"),
        sa.UniqueConstraint("slug", "digest", name="uq_builds_slug_digest"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("status in ('submitted', 'built', 'waiting', 'failed')", name="status"),
        schema=SCHEMA,
    )
    op.create_index("ix_builds_status", "builds", ["status"], schema=SCHEMA)
    op.create_table(
        "submissions",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("build_id", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False, comment="launchpad, inbox or examples"),
        sa.Column("file", sa.Text, comment="name of the file, if it came as one"),
        sa.Column(
            "wants_build", sa.Boolean, nullable=False, comment="false: that content has been built or is being built"
        ),
        sa.Column("received_at", moment, nullable=False, server_default=now),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.ForeignKeyConstraint(
            ["build_id"], [f"{SCHEMA}.builds.id"], name="fk_submissions_build_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_submissions_build_id", "submissions", ["build_id"], schema=SCHEMA)


def downgrade() -> None:
    """Takes both away."""
    op.drop_table("submissions", schema=SCHEMA)
    op.drop_table("builds", schema=SCHEMA)
