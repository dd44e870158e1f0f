"""Up to which window each scenario has been judged, and when an execution was stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "manageai"


def upgrade() -> None:
    """Adds the columns; so far all scenarios were judged together."""
    judged_to = sa.Column(
        "judged_to", sa.DateTime(timezone=True), comment="start of the newest window that it was judged in"
    )
    op.add_column("scenarios", judged_to, schema=SCHEMA)
    stored_at = sa.Column("stored_at", sa.DateTime(timezone=True), comment="when it was read as it is now")
    op.add_column("executions", stored_at, schema=SCHEMA)
    _say_of_judged("touched", before="covered")
    op.execute(f"""
        update {SCHEMA}.scenarios
        set judged_to = (select max(window_start) from {SCHEMA}.monitor_windows where judged > 0)
    """)


def downgrade() -> None:
    """Takes them away."""
    _say_of_judged("covered", before="touched")
    op.drop_column("executions", "stored_at", schema=SCHEMA)
    op.drop_column("scenarios", "judged_to", schema=SCHEMA)


def _say_of_judged(count: str, before: str) -> None:
    says = "`{}` when its incidents were judged last"
    op.alter_column(
        "monitor_windows", "judged", comment=says.format(count), existing_comment=says.format(before), schema=SCHEMA
    )
