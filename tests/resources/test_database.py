"""The database: which URLs are taken, and what is said when it doesn't answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from compilers.errors import UserError
from resources.database import database_url, reachable, start_embedded, with_driver
from tests.postgres import Server


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:5432/n", "postgresql+psycopg2://u:p@h:5432/n"),
        ("postgres://u@h/n", "postgresql+psycopg2://u@h/n"),
        ("postgresql+psycopg://u@h/n?sslmode=require", "postgresql+psycopg2://u@h/n?sslmode=require"),
        ("postgresql+psycopg2://@/n?host=/tmp/x", "postgresql+psycopg2://@/n?host=/tmp/x"),
    ],
)
def test_the_driver_is_named(url: str, expected: str) -> None:
    assert with_driver(url) == expected
    assert database_url(url, Path("unused")) == expected


@pytest.mark.parametrize("url", ["mysql://h/n", "h:5432/n", "postgresql", "sqlite:///x.db"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UserError, match="not a PostgreSQL URL"):
        with_driver(url)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(UserError) as caught, reachable("postgresql://anna:hunter2@127.0.0.1:1/shop"):
        pass
    assert "127.0.0.1:1" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="can't start"):
        start_embedded(tmp_path / "file" / "postgres")


def test_the_embedded_server_answers(postgres: Server) -> None:
    with reachable(postgres.uri) as engine, engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1
