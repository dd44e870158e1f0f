"""When the access of accounts ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SCHEMA = "manageai"


def upgrade() -> None:
    """Adds the column; the next comparison fills it."""
    expires = sa.Column(
        "expires_at", sa.DateTime(timezone=True), comment="when its access ends; null: never, or not told"
    )
    op.add_column("platform_connections", expires, schema=SCHEMA)


def downgrade() -> None:
    """Takes it away."""
    op.drop_column("platform_connections", "expires_at", schema=SCHEMA)
