"""Runs migrations on the connection that `manageai_assets.store.migrate` passes in."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from manageai_assets.store.metadata import METADATA
from manageai_assets.store.migrate import VERSION_TABLE
from manageai_assets.store.tables import SCHEMA


def run() -> None:
    """Applies the migrations, each in the caller's transaction; the version is kept in the project's own schema."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_schemas=True,
        version_table=VERSION_TABLE,
        version_table_schema=SCHEMA,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
