"""Monthly reports: each revision with its facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "manageai"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "client_reports",
        sa.Column("customer_name", sa.Text, nullable=False),
        sa.Column("month", sa.Date, nullable=False, comment="its first day"),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of the facts: the same digest, the same report"),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("changes", JSONB, nullable=False, comment="what differs from the revision before; [] in the first"),
        sa.PrimaryKeyConstraint("customer_name", "month", "revision", name="pk_client_reports"),
        sa.CheckConstraint("revision >= 1", name="ck_client_reports_revision"),
        sa.CheckConstraint("extract(day from month) = 1", name="ck_client_reports_month"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("client_reports", schema=SCHEMA)
