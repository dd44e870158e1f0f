"""Comments on the columns of `client_reports`, which analysts read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SCHEMA = "manageai"
COMMENTS: tuple[tuple[str, sa.Text | sa.Integer | sa.DateTime, str], ...] = (
    ("customer_name", sa.Text(), "the client"),
    ("revision", sa.Integer(), "1 is the first; late data makes a new one"),
    ("made_at", sa.DateTime(timezone=True), "when this revision was made"),
)


def upgrade() -> None:
    """Adds the comments."""
    for name, kind, comment in COMMENTS:
        op.alter_column("client_reports", name, existing_type=kind, comment=comment, schema=SCHEMA)


def downgrade() -> None:
    """Takes them away."""
    for name, kind, comment in COMMENTS:
        op.alter_column(
            "client_reports", name, existing_type=kind, comment=None, existing_comment=comment, schema=SCHEMA
        )
