"""The made-up agency: the same for the same seed, as large as asked for, and true to what it says of itself."""

from __future__ import annotations

import datetime as dt
import pickle
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from compilers.graph import SpecGraph
from manageai_assets.demo.agency import agency
from manageai_assets.demo.course import Course, Episode, runs, totals
from manageai_assets.demo.models import Agency
from manageai_assets.demo.planting import without_handling
from manageai_assets.demo.sources import BLUEPRINTS, sources
from manageai_assets.monitoring.models import ExecutionError, ScenarioKey

TODAY = dt.date(2026, 10, 31)
KEY = ScenarioKey("make", "demo-1")
EXAMPLES = Path("/nowhere")
"""No blueprints: the project's own examples are the sources."""


def made(seed: int) -> Agency:
    """An agency of eight clients, of the examples alone."""
    return agency(seed, 8, 60, 3, today=TODAY, given=sources(EXAMPLES))


@cache
def small() -> Agency:
    """The one that most tests look at."""
    return made(1)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    one, again, other = small(), made(1), made(2)
    assert pickle.dumps(one) == pickle.dumps(again)
    assert [client.name for client in one.clients] != [client.name for client in other.clients]


def test_it_is_as_large_as_asked_for_and_nobody_is_there_twice() -> None:
    given = small()
    assert (len(given.clients), len(given.scenarios)) == (8, 60)
    assert len({client.name for client in given.clients}) == 8
    names = [(one.client.name, one.name) for one in given.scenarios]
    assert len(set(names)) == 60
    assert all(client.address.endswith(".example.com") for client in given.clients)
    assert {one.client.name for one in given.scenarios} == {client.name for client in given.clients}


def test_every_plant_lies_in_scenarios_that_are_there() -> None:
    given = small()
    names = {(one.client.name, one.name) for one in given.scenarios}
    assert {plant.of for plant in given.plants} == {"opportunity", "risk"}
    assert all((plant.client, name) in names for plant in given.plants for name in plant.scenarios)


def test_its_specs_have_one_start_and_no_way_into_nowhere() -> None:
    for one in small().scenarios:
        graph = SpecGraph(one.spec)
        assert graph.cycle() is None
        assert all(edge.source in graph and edge.target in graph for edge in one.spec.edges)


def test_a_spec_without_handling_has_none() -> None:
    (handled, *_) = [one.spec for one in sources(EXAMPLES) if any(edge.kind == "error" for edge in one.spec.edges)]
    bare = without_handling(handled)
    assert all(step.on_error is None for step in bare.nodes)
    assert {edge.kind for edge in bare.edges}.isdisjoint({"error"})


@pytest.mark.skipif(not BLUEPRINTS.is_dir(), reason="no folder of blueprints beside the project")
def test_real_blueprints_leave_their_authors_words_behind() -> None:
    found = sources()
    assert len(found) > 100
    assert all(not step.note for one in found for step in one.spec.nodes)
    assert {(connection.label, connection.account) for one in found for connection in one.spec.connections} == {
        ("", "")
    }


# -- how scenarios run -----------------------------------------------------------------------------------------------


def did(course: Course, *episodes: Episode, date: dt.date = TODAY) -> tuple[int, int, int]:
    """Executions, errors and operations of a day, run by run."""
    found = list(runs(KEY, course, episodes, small().day(date), "1", 1))
    assert all(one.started <= other.started for one, other in pairwise(found))
    return len(found), sum(one.outcome == "error" for one in found), sum(one.operations for one in found)


def test_checks_come_by_the_clock_and_empty_ones_take_one_operation() -> None:
    executions, errors, operations = did(Course("checks", a_day=0.0, operations=10, seconds=1, minutes=15, failures=0))
    assert (executions, errors, operations) == (96, 0, 96)


def test_a_day_in_an_outage_fails_from_then_on() -> None:
    """Of 24 hourly runs those from 11 o'clock on fail; winter time began five days before."""
    eleven = dt.datetime(2026, 10, 30, 11, tzinfo=dt.UTC)
    down = Episode("consecutive_failures", eleven, None, 1.0, ExecutionError("DataError", "no"))
    course = Course("checks", a_day=0.0, operations=10, seconds=1, minutes=60, failures=0)
    executions, errors, _ = did(course, down, date=dt.date(2026, 10, 30))
    assert (executions, errors) == (24, 13)


def test_days_added_up_and_runs_one_by_one_are_alike() -> None:
    """Over four weeks both say the same within a tenth, though chance is another one."""
    course = Course("work", a_day=40, operations=6, seconds=2, weekend=0.5, failures=0.0, until=TODAY)
    days = [small().day(TODAY - dt.timedelta(ago)) for ago in range(28)]
    added = [totals(KEY, course, (), day, "1") for day in days]
    single = [did(course, date=day.date) for day in days]
    for place in (0, 2):
        one, other = sum(each[place] for each in added), sum(each[place] for each in single)
        assert one == pytest.approx(other, rel=0.1)


def test_work_grows_has_seasons_and_rests() -> None:
    course = Course("work", a_day=100, operations=6, seconds=2, weekend=0.5, growth=1.0, until=dt.date(2026, 12, 16))
    assert course.work(dt.date(2026, 12, 16)) == 100
    assert course.work(dt.date(2025, 12, 16)) == pytest.approx(50)
    assert course.work(dt.date(2026, 12, 12)) == pytest.approx(50, rel=0.01)
    assert course.work(dt.date(2026, 12, 25)) == pytest.approx(30, rel=0.02)
