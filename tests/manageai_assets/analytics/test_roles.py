"""Roles of analysts, with real logins: they read the documented tables, and that is all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from compilers.errors import UserError
from manageai_assets import analytics
from manageai_assets.analytics.roles import make_role, remove_role
from manageai_assets.analytics.tables import TABLES
from manageai_assets.cli import EXIT_DONE, EXIT_WRONG, main
from resources.database import engine_for
from tests.manageai_assets.clients.estates import CLIENT, deploy, make, ran, scenario

NAME = "ana"
DENIED = ("42501", "25006")
"""PostgreSQL's codes for a right that is missing, and for writing in a read-only transaction."""


@pytest.fixture
def analyst(engine: Engine) -> Iterator[Engine]:
    """Logged in as an analyst, in a database with one client."""
    deploy(engine, scenario(), datetime(2026, 3, 1, tzinfo=UTC))
    ran(engine, scenario(), [datetime(2026, 3, 1, 12, tzinfo=UTC)])
    make(engine, date(2026, 3, 1))
    password = make_role(engine, NAME)
    assert password
    login = engine_for(engine.url.set(username=NAME, password=password).render_as_string(hide_password=False))
    yield login
    login.dispose()
    remove_role(engine, NAME)


def refused(login: Engine, statement: str) -> str:
    """PostgreSQL's code of the error that a statement ends with."""
    with pytest.raises(DBAPIError) as found, login.begin() as connection:
        connection.execute(text(statement))
    return str(getattr(found.value.orig, "pgcode", ""))


def test_an_analyst_reads_every_documented_column(analyst: Engine) -> None:
    with analyst.connect() as connection:
        who = connection.execute(text("select current_user, session_user")).one()
    assert tuple(who) == (NAME, NAME)
    frame = analytics.load("client_snapshots", days=None, engine=analyst)
    assert list(frame["customer_name"]) == [CLIENT]
    for table in TABLES:
        analytics.load(table.name, engine=analyst)
    with analyst.connect() as connection:
        assert connection.scalar(text("select count(*) from manageai.client_snapshots")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "insert into manageai.scenario_days select * from manageai.scenario_days",
        "update manageai.client_snapshots set risk_score = 0",
        "delete from manageai.client_snapshots",
        "truncate manageai.client_snapshots",
        "drop table manageai.client_snapshots",
        "create table manageai.mine (id int)",
        "create role other",
        "set role postgres",
    ],
)
def test_an_analyst_changes_nothing_even_in_a_transaction_that_writes(analyst: Engine, statement: str) -> None:
    assert refused(analyst, statement) in DENIED
    assert refused(analyst, f"set default_transaction_read_only = off; commit; begin; {statement}") in DENIED


@pytest.mark.parametrize(
    "what",
    [
        "* from manageai.executions",
        "* from manageai.alerts",
        "* from manageai.build_facts",
        "* from manageai.submissions",
        "contact from manageai.scenarios",
        "* from manageai.scenarios",
        "evidence from manageai.incidents",
        "intake from manageai.builds",
        "* from public.event_logs",
        "* from pg_authid",
    ],
)
def test_an_analyst_reads_nothing_else(analyst: Engine, what: str) -> None:
    assert refused(analyst, f"select {what}") == "42501"


def test_making_it_again_keeps_the_password_and_takes_other_rights_away(engine: Engine, analyst: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"grant select on manageai.alerts to {NAME}"))
        connection.execute(text(f"revoke select on manageai.scenario_days from {NAME}"))
    assert make_role(engine, NAME) is None
    assert refused(analyst, "select * from manageai.alerts") == "42501"
    assert analytics.load("scenario_days", days=None, engine=analyst)["executions"].tolist() == [1]


def test_a_role_without_the_right_is_told_what_to_do(engine: Engine, analyst: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"revoke select on manageai.scenario_days from {NAME}"))
    with pytest.raises(UserError, match="manageai data role"):
        analytics.load("scenario_days", engine=analyst)


def test_roles_that_others_made_are_left_alone(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("postgres", "Robert'); drop table", "", "a" * 64):
        for change in (make_role, remove_role):
            with pytest.raises(UserError):
                change(engine, name)
    assert main(["data", "role", "nobody_has_it", "--remove"]) == EXIT_WRONG
    assert "no such role" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_the_command_shows_the_address_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "role", "ben", "--json"]) == EXIT_DONE
    address = json.loads(capsys.readouterr().out)["database_url"]
    with engine_for(address).connect() as connection:
        assert connection.scalar(text("select current_user")) == "ben"
    assert main(["data", "role", "ben"]) == EXIT_DONE
    assert "its password is what it was" in capsys.readouterr().out
    assert main(["data", "role", "ben", "--remove"]) == EXIT_DONE
