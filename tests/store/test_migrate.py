"""Migrations: up, down, from several places at once, and in step with the tables in the code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, inspect, text

from manageai_assets.store.migrate import differences, migrate, revisions, unmigrate
from manageai_assets.store.tables import SCHEMA
from resources.database import engine_for


def test_every_migration_goes_up_and_down(empty_engine: Engine) -> None:
    tables: list[set[str]] = [set()]
    for revision in revisions():
        migrate(empty_engine, revision)
        tables.append(set(inspect(empty_engine).get_table_names(schema=SCHEMA)) - {"migrations"})
    for before in reversed(tables[:-1]):
        unmigrate(empty_engine, "-1")
        assert set(inspect(empty_engine).get_table_names(schema=SCHEMA)) - {"migrations"} == before
    migrate(empty_engine)
    assert {"builds", "submissions"} <= set(inspect(empty_engine).get_table_names(schema=SCHEMA))


def test_the_migrated_database_is_what_the_code_says(empty_engine: Engine) -> None:
    migrate(empty_engine)
    assert differences(empty_engine) == []


def test_several_processes_may_migrate_at_once(empty_engine: Engine) -> None:
    engines = [engine_for(empty_engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(migrate, engines))
    for engine in engines:
        engine.dispose()
    assert differences(empty_engine) == []


def test_a_migration_that_fails_leaves_nothing_behind(empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:
        connection.execute(text(f"create schema {SCHEMA}"))
        connection.execute(text(f"create table {SCHEMA}.submissions (id int)"))
    with pytest.raises(Exception, match="already exists"):
        migrate(empty_engine)
    assert inspect(empty_engine).get_table_names(schema=SCHEMA) == ["submissions"]
