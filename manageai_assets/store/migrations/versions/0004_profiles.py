"""What is usual for each scenario."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "manageai"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "scenario_profiles",
        sa.Column("scenario_id", sa.BigInteger, nullable=False),
        sa.Column("learnt_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("profile", JSON, nullable=True),
        sa.PrimaryKeyConstraint("scenario_id", name="pk_scenario_profiles"),
        sa.ForeignKeyConstraint(
            ["scenario_id"],
            [f"{SCHEMA}.scenarios.id"],
            name="fk_scenario_profiles_scenario_id",
            ondelete="CASCADE",
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_scenario_profiles_learnt_to", "scenario_profiles", ["learnt_to"], schema=SCHEMA)


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("scenario_profiles", schema=SCHEMA)
