"""Dagster's storage for runs, events, schedules and sensors: the same PostgreSQL as the project's own tables.

Beyond Dagster's own class it starts the embedded server where `DATABASE_URL` isn't set, so that every `dagster`
command works in a fresh clone; it takes a plain `postgresql://` URL, which SQLAlchemy would give to a driver that isn't
here; and it keeps a connection open in every process, as Dagster does in the webserver alone. A run writes hundreds of
events, and a connection for each of them costs more than the event.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dagster_postgres import DagsterPostgresStorage

from resources.dagster_internals import ConfigurableClassData, UserConfigSchema
from resources.database import database_url

STATEMENT_TIMEOUT_MS = 120_000
RECYCLE_SECONDS = 3600
LARGEST_OVERFLOW = 20

TOP = Path(__file__).resolve().parents[1]


class ProjectStorage(DagsterPostgresStorage):
    """PostgreSQL from `DATABASE_URL`, or the embedded one in `DATA_DIR` (`data` at the top of the project)."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Nothing to configure: the environment says where the database is."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]
    ) -> ProjectStorage:
        """The storage for this process."""
        url = database_url(os.environ.get("DATABASE_URL"), TOP / (os.environ.get("DATA_DIR") or "data"))
        storage = cls(postgres_url=url, inst_data=inst_data)
        for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            part.optimize_for_webserver(
                STATEMENT_TIMEOUT_MS, pool_recycle=RECYCLE_SECONDS, max_overflow=LARGEST_OVERFLOW
            )
        return storage
