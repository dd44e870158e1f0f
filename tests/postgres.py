"""Fixtures: a PostgreSQL server of the tests' own, and in it a database for each test, with all tables."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, create_engine, text

from manageai_assets.settings import PROJECT_ROOT
from manageai_assets.store.migrate import migrate
from resources.database import engine_for, start_embedded, with_driver

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True)
class Server:
    """The tests' server; `url_of` names a database in it."""

    uri: str
    numbers: Iterator[int]

    def url_of(self, database: str) -> str:
        """URL of a database of this server."""
        return with_driver(self.uri.replace("/postgres?", f"/{database}?"))

    def forget_the_disk(self) -> None:
        """Lets the operating system write when it likes: nobody reads these databases after a power cut, and hundreds
        of them take more than a minute to be written when the server stops."""
        engine = create_engine(self.url_of("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"alter system set {setting} = off"))
            connection.execute(text("select pg_reload_conf()"))
        engine.dispose()

    def create(self, template: str = "template1") -> str:
        """URL of a new database like `template`."""
        name = f"test_{next(self.numbers)}"
        engine = create_engine(self.url_of("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"create database {name} template {template}"))
        engine.dispose()
        return self.url_of(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server in a temporary folder that its own user can enter (pytest's can't be); it stops with the tests."""
    with tempfile.TemporaryDirectory(prefix="manageai-tests-", ignore_cleanup_errors=True) as folder:
        server = start_embedded(Path(folder) / "postgres")
        made = Server(server.get_uri(), itertools.count(1))
        made.forget_the_disk()
        yield made
        server.cleanup()


@pytest.fixture
def empty_engine(postgres: Server) -> Iterator[Engine]:
    """An engine on an empty database."""
    engine = engine_for(postgres.create())
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database with all tables, to copy."""
    url = postgres.create()
    engine = engine_for(url)
    migrate(engine)
    engine.dispose()
    with pytest.MonkeyPatch.context() as patch, dagster_instance(url, tmp_path_factory.mktemp("template"), patch):
        pass
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def database(postgres: Server, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of a database with all tables; the process's settings point to it and to a folder of the test's own."""
    url = postgres.create(template)
    for name in ("INBOX_DIR", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("ARTIFACTS_URI", str(tmp_path / "artifacts"))
    return url


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine on `database`."""
    engine = engine_for(database)
    yield engine
    engine.dispose()


@pytest.fixture
def instance(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """A Dagster instance as the project's `dagster.yaml` has it, on `database`."""
    with dagster_instance(database, tmp_path / "dagster_home", monkeypatch) as made:
        yield made


def dagster_instance(url: str, home: Path, patch: pytest.MonkeyPatch) -> DagsterInstance:
    """An instance with its home in `home`; the environment says so too, for child processes."""
    from dagster import DagsterInstance

    home.mkdir(exist_ok=True)
    shutil.copy(PROJECT_ROOT / "dagster.yaml", home)
    patch.setenv("DATABASE_URL", url)
    patch.setenv("DAGSTER_HOME", str(home))
    return DagsterInstance.from_config(str(home))
