"""A database for benches: a server of its own, which goes when the bench ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from manageai_assets.store.migrate import migrate
from resources.database import engine_for, start_embedded, with_driver

if TYPE_CHECKING:
    from sqlalchemy import Engine


@contextmanager
def database() -> Iterator[Engine]:
    """An engine on a server of its own, with all tables."""
    with tempfile.TemporaryDirectory(prefix="manageai-bench-", ignore_cleanup_errors=True) as folder:
        server = start_embedded(Path(folder) / "postgres")
        engine = engine_for(with_driver(server.get_uri()))
        migrate(engine)
        try:
            yield engine
        finally:
            engine.dispose()
            server.cleanup()
