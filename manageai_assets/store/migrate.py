"""Brings the database's schema to where this version of the project needs it, safely from several processes at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "migrations"
MIGRATION_LOCK = 4_707_001
"""Key of the advisory lock that lets one process migrate at a time; any number that nothing else uses."""


def migrate(engine: Engine, to: str = "head") -> None:
    """Applies what is missing up to the revision `to`, in one transaction: all of it or nothing."""
    from alembic import command

    with engine.begin() as connection:
        command.upgrade(_locked(connection), to)


def unmigrate(engine: Engine, to: str = "base") -> None:
    """Takes the migrations back down to the revision `to`, in one transaction."""
    from alembic import command

    with engine.begin() as connection:
        command.downgrade(_locked(connection), to)


def differences(engine: Engine) -> list[object]:
    """What the migrated database lacks or has beyond the tables in the code; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from manageai_assets.store.metadata import METADATA

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return name == SCHEMA if kind == "schema" else name != VERSION_TABLE

    with engine.connect() as connection:
        options = {
            "include_schemas": True,
            "include_name": ours,
            "version_table": VERSION_TABLE,
            "version_table_schema": SCHEMA,
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, METADATA))


def revisions() -> list[str]:
    """All revisions, oldest first."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def _locked(connection: Connection) -> Config:
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text(f"create schema if not exists {SCHEMA}"))
    config = _config()
    config.attributes["connection"] = connection
    return config


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
