"""Faults while windows are judged and alerts are sent: what stands at the end is what stands without them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, event, text

from manageai_assets.monitoring.alerts.outbox import LEASE, deliver, waiting
from manageai_assets.monitoring.alerts.slack import SlackWebhook
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import ScenarioKey
from resources.database import engine_for
from tests.fakes.slack import FakeSlack, Fault, fake_slack
from tests.manageai_assets.monitoring.courses import REFUSED
from tests.manageai_assets.monitoring.judged import Estate
from tests.postgres import Server

COURSES = (
    (".. ", "..", ".."), ("..", "..", "FFFF"), ("FF", "..", "FF"), ("FFF", "..", ".."), ("", "FFFFFF", ".."),
    ("..", "FF", ""), ("..", "..", "FFFFF"), ("..", "..", ".."), ("..", "..", ".."), ("", "..", ".."),
)  # fmt: skip
KILLS, KILLS_A_WINDOW = 50, 7
STATEMENTS = 32
"""Judging a window and sending take about so many."""


class Killed(BaseException):
    """The process has ended here."""


def was_killed(engine: Engine, statement: int, doing: Callable[[], None]) -> bool:
    """Ends the process that does this before its statement with this number; false when it had done before."""
    left = [statement]

    def before(*_arguments: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    event.listen(engine, "before_cursor_execute", before)
    try:
        doing()
    except Killed:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", before)
    return False


def live(estate: Estate, slack: FakeSlack, kills: random.Random | None) -> int:
    """Lets the estate run through the courses, its processes killed at random; gives how often they were."""
    keys = [estate.scenario(number) for number in range(3)]
    killed = 0
    for courses in COURSES:
        fill(estate, keys, courses)
        for _ in range(KILLS_A_WINDOW if kills else 0):
            assert kills is not None
            killed += was_killed(estate.engine, kills.randrange(STATEMENTS), lambda: work(estate, slack))
        work(estate, slack)
    estate.at += 2 * LEASE
    send(estate, slack)
    return killed


def fill(estate: Estate, keys: list[ScenarioKey], courses: tuple[str, ...]) -> None:
    """The runs of the next window."""
    for key, course in zip(keys, courses, strict=True):
        estate.window_of(key, course.strip(), REFUSED)
    estate.at += timedelta(minutes=15)


def work(estate: Estate, slack: FakeSlack) -> None:
    """Judges the newest window, and sends."""
    judge_windows(estate.engine, [estate.at - timedelta(minutes=15)], estate.at, estate.addressees)
    send(estate, slack)


def send(estate: Estate, slack: FakeSlack) -> None:
    """Sends what waits, with time enough for every lease and pause to end."""
    deliver(estate.engine, {"slack": SlackWebhook(slack.address)}, lambda: estate.at)


def story(engine: Engine) -> list[tuple[object, ...]]:
    """Incidents with their events, without their numbers, which gaps make differ."""
    query = text("""
        select one.fingerprint, one.severity, one.status, one.count, one.since, one.opened_at, one.resolved_at,
               array(select happened.kind || ' ' || happened.at from manageai.incident_events as happened
                      where happened.incident_id = one.id order by happened.at, happened.kind) as events
        from manageai.incidents as one order by one.opened_at, one.fingerprint
    """)
    with engine.connect() as connection:
        return [tuple(map(str, row)) for row in connection.execute(query)]


def said(messages: list[dict[str, JsonValue]]) -> Counter[str]:
    """What was posted, without the numbers of incidents."""
    return Counter(str(one["text"]) for one in messages)


@pytest.fixture
def undisturbed(postgres: Server, template: str) -> Iterator[Engine]:
    """Another database, in which nothing goes wrong."""
    engine = engine_for(postgres.create(template))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_kills_at_random_points_change_nothing(engine: Engine, undisturbed: Engine, seed: int) -> None:
    with fake_slack() as calm, fake_slack() as stormy:
        live(Estate(undisturbed), calm, None)
        assert live(Estate(engine), stormy, random.Random(seed)) >= KILLS
    assert story(engine) == story(undisturbed)
    assert len(story(engine)) > 2
    assert waiting(engine) == waiting(undisturbed) == 0
    assert set(said(stormy.posted)) == set(said(calm.posted))
    assert not said(calm.posted) - said(stormy.posted)


def test_a_slack_that_fails_half_of_the_time_gets_everything(engine: Engine, undisturbed: Engine) -> None:
    dice = random.Random(7)
    faults = [Fault(dice.choice([500, 503, None]), taken=dice.random() < 0.3) for _ in range(20)]
    with fake_slack() as calm, fake_slack(*faults) as stormy:
        live(Estate(undisturbed), calm, None)
        estate = Estate(engine)
        live(estate, stormy, None)
        for _ in range(20):
            estate.at += timedelta(hours=1)
            send(estate, stormy)
    assert waiting(engine) == 0
    assert set(said(stormy.posted)) == set(said(calm.posted))
    assert not said(calm.posted) - said(stormy.posted)
