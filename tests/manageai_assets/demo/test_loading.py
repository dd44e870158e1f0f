"""The demo in a database: what is planted is found, loading again adds only what ran since, real data are let be."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import Engine, func, select, text

from compilers.errors import UserError
from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions
from manageai_assets.clients.reading import snapshots_on
from manageai_assets.clients.snapshots import make_client_snapshots
from manageai_assets.demo.loading import executions_of, grow, load, loaded_demo, standing
from manageai_assets.demo.measuring import is_found, recall
from manageai_assets.documents.brand import our_brand
from manageai_assets.intake.reading import parse_intake
from manageai_assets.monitoring.alerts.channels import addressees
from manageai_assets.monitoring.incident_store import events_of, incidents
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import WINDOW, Scenario, ScenarioKey
from manageai_assets.monitoring.registry import register
from manageai_assets.monitoring.snapshots import make_snapshots
from manageai_assets.settings import Settings
from manageai_assets.store.monitoring_tables import ExecutionRow
from manageai_assets.submissions import submit
from tests.manageai_assets.demo.test_agency import TODAY, small

GIVEN = small()
END = GIVEN.day(TODAY).end


def executions(engine: Engine) -> tuple[int, dt.datetime]:
    """How many are stored, and when the last one ended."""
    with engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(ExecutionRow)) or 0
        last = connection.scalar(select(func.max(ExecutionRow.finished_at)))
    assert last is not None
    return count, last


def test_what_is_planted_is_found(engine: Engine) -> None:
    done = load(engine, GIVEN, END)
    assert (done.scenarios, done.days > 1000, done.executions > 10_000, done.incidents > 3) == (60, True, True, True)
    newest = END - WINDOW
    make_snapshots(engine, [newest], END)
    judge_windows(engine, [newest], END, addressees(Settings()))
    make_client_snapshots(engine, [TODAY], GIVEN.zone, prices(), assumptions(), our_brand().price.hour)
    found = {one.customer_name: one for one in snapshots_on(engine, TODAY)}
    assert set(found) == {client.name for client in GIVEN.clients}
    missed = [plant for plant in GIVEN.plants if not is_found(plant, found[plant.client])]
    kinds = recall(GIVEN.plants, found)
    assert 10 * len(missed) <= len(GIVEN.plants), missed
    assert sum(planted for _, planted in kinds.values()) == len(GIVEN.plants)
    ended = [one for one in incidents(engine, resolved=True) if one.resolution]
    assert ended
    assert all([event.kind for event in events_of(engine, one.id)][-1] == "resolved" for one in ended)


def test_loaded_again_it_adds_what_ran_since(engine: Engine) -> None:
    noon = END - dt.timedelta(hours=12)
    load(engine, GIVEN, noon, raw_days=3)
    before, last = executions(engine)
    assert last < noon
    assert standing(engine) == "demo"
    added = grow(engine, GIVEN, END).executions
    assert (added > 0, executions(engine)[0]) == (True, before + added)
    assert grow(engine, GIVEN, END).executions == 0
    known = loaded_demo(engine)
    assert known is not None
    assert (known.seed, known.today, known.loaded_to) == (1, TODAY, END)


def test_what_is_loaded_at_once_and_what_grows_is_the_same(engine: Engine) -> None:
    load(engine, GIVEN, END - dt.timedelta(hours=30), raw_days=2)
    grow(engine, GIVEN, END - dt.timedelta(hours=7))
    grow(engine, GIVEN, END)
    first = GIVEN.day(TODAY - dt.timedelta(1)).start
    with engine.connect() as connection:
        query = text("select execution_id from manageai.executions where finished_at >= :first order by 1")
        stored = [row.execution_id for row in connection.execute(query, {"first": first})]
    dates = [TODAY - dt.timedelta(ago) for ago in (0, 1, 2)]
    whole = [run for one in GIVEN.scenarios for date in dates for run in executions_of(GIVEN, one, date)]
    assert stored == sorted(run.execution_id for run in whole if run.finished and first <= run.finished < END)


def test_an_empty_database_is_empty_and_a_real_one_is_let_be(engine: Engine) -> None:
    assert standing(engine) == "empty"
    register(engine, Scenario(ScenarioKey("make", "4711"), "Real work"), END)
    with pytest.raises(UserError, match="holds 1 scenarios and 0 intakes"):
        standing(engine)


def test_somebodys_intakes_are_let_be_and_the_examples_are_nobodys(engine: Engine) -> None:
    wanted = {"customer": "Somebody", "request": "do it", "slug": "do-it"}
    submit(engine, parse_intake(json.dumps(wanted)), "examples", "a.yaml")
    assert standing(engine) == "empty"
    submit(engine, parse_intake(json.dumps({**wanted, "slug": "do-that"})), "inbox", "b.yaml")
    with pytest.raises(UserError, match="holds 0 scenarios and 1 intakes"):
        standing(engine)


def test_nothing_grows_where_nothing_was_loaded(engine: Engine) -> None:
    with pytest.raises(UserError, match="no demo"):
        grow(engine, GIVEN, END)
