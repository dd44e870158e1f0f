"""The texts of the documents of a build."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "manageai"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "sow_documents",
        sa.Column("build_id", sa.BigInteger, nullable=False),
        sa.Column("generated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("statement_of_work", sa.Text, nullable=False),
        sa.Column("executive_summary", sa.Text, nullable=False),
        sa.Column("technical_spec", sa.Text, nullable=False),
        sa.Column("implementation_checklist", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("build_id", name="pk_sow_documents"),
        sa.ForeignKeyConstraint(
            ["build_id"], [f"{SCHEMA}.builds.id"], name="fk_sow_documents_build_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("sow_documents", schema=SCHEMA)
