"""The outbox: alerts arrive, whatever goes wrong on the way, and each of them once where that can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine, text

from manageai_assets.monitoring.alerts.notice import Notice
from manageai_assets.monitoring.alerts.outbox import (
    ATTEMPTS_AT_MOST,
    LEASE,
    LONGEST_PAUSE,
    Delivered,
    deliver,
    pause_after,
    waiting,
)
from manageai_assets.monitoring.alerts.sending import NotNowError, NotWantedError, Sender
from manageai_assets.monitoring.alerts.slack import SlackWebhook
from tests.fakes.slack import Fault, fake_slack
from tests.manageai_assets.monitoring.judged import Estate


@dataclass
class Recorder:
    """A channel that does as it is told, and then takes everything."""

    faults: list[Exception] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def send(self, _notice: Notice, key: str) -> None:
        """Takes a notice."""
        self.meanwhile()
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(key)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """A database in whose outbox is an alert on an incident."""
    estate = Estate(engine)
    key = estate.scenario()
    estate.window("..", key)
    estate.window("FFFFF", key)
    assert waiting(engine) == 1
    return engine


LATER = datetime(2026, 4, 1, tzinfo=UTC)


def at(moment: datetime = LATER) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: moment


def status(engine: Engine) -> tuple[str, int, str]:
    """Status, attempts and last failure of the alert."""
    with engine.connect() as connection:
        row = connection.execute(text("select status, attempts, last_failure from manageai.alerts")).one()
    return row.status, row.attempts, row.last_failure


def test_an_alert_is_sent_once(filled: Engine) -> None:
    channel = Recorder()
    assert deliver(filled, {"slack": channel}, at()) == Delivered(sent=1)
    assert deliver(filled, {"slack": channel}, at(LATER + timedelta(days=1))) == Delivered()
    assert channel.taken == ["incident:1:0:critical:slack"]
    assert status(filled) == ("sent", 1, "")


def test_an_alert_is_tried_again_with_growing_pauses(filled: Engine) -> None:
    channel = Recorder([NotNowError("busy") for _ in range(9)])
    moment, tries = LATER, []
    while not channel.taken:
        found = deliver(filled, {"slack": channel}, at(moment))
        if found != Delivered():
            tries.append(moment)
        moment += timedelta(seconds=5)
    gaps = [other - one for one, other in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (timedelta(seconds=15), LONGEST_PAUSE)
    assert status(filled) == ("sent", 10, "")


def test_a_receiver_is_waited_for_as_long_as_it_asks(filled: Engine) -> None:
    channel = Recorder([NotNowError("slow down", 600)])
    deliver(filled, {"slack": channel}, at())
    assert deliver(filled, {"slack": channel}, at(LATER + timedelta(seconds=599))) == Delivered()
    assert deliver(filled, {"slack": channel}, at(LATER + timedelta(seconds=600))) == Delivered(sent=1)


def test_what_the_receiver_never_takes_is_given_up_and_says_why(filled: Engine) -> None:
    assert deliver(filled, {"slack": Recorder([NotWantedError("no_service")])}, at()) == Delivered(failed=1)
    assert status(filled) == ("failed", 1, "no_service")


def test_an_endless_outage_of_the_receiver_ends_in_giving_up(filled: Engine) -> None:
    channel = Recorder([NotNowError("down") for _ in range(1000)])
    moment = LATER
    for _ in range(ATTEMPTS_AT_MOST):
        deliver(filled, {"slack": channel}, at(moment))
        moment += LONGEST_PAUSE
    assert status(filled)[0] == "failed"
    assert moment - LATER > timedelta(hours=24)


def test_a_crash_while_sending_loses_nothing(filled: Engine) -> None:
    crashing = Recorder([KeyboardInterrupt()])  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        deliver(filled, {"slack": crashing}, at())
    channel = Recorder()
    assert deliver(filled, {"slack": channel}, at(LATER + LEASE / 2)) == Delivered()
    assert deliver(filled, {"slack": channel}, at(LATER + LEASE)) == Delivered(sent=1)


def test_two_processes_dont_send_the_same(filled: Engine) -> None:
    other = Recorder()
    channel = Recorder()

    def by_another() -> None:
        assert deliver(filled, {"slack": other}, at()) == Delivered()

    channel.meanwhile = by_another
    assert deliver(filled, {"slack": channel}, at()) == Delivered(sent=1)
    assert other.taken == []


def test_alerts_of_a_channel_that_isnt_set_up_wait(filled: Engine) -> None:
    senders_of: dict[str, Sender] = {"email": Recorder()}
    assert deliver(filled, senders_of, at()) == Delivered()
    assert waiting(filled) == 1


def test_slack_that_is_down_for_a_while_gets_the_alert(filled: Engine) -> None:
    with fake_slack(Fault(None), Fault(500), Fault(429, "rate_limited", "60")) as slack:
        moment = LATER
        for _ in range(20):
            deliver(filled, {"slack": SlackWebhook(slack.address)}, at(moment))
            moment += timedelta(seconds=30)
    assert slack.texts == [":red_circle: Nothing succeeds: Orders 1"]


def test_an_answer_that_is_lost_doubles_the_alert_rather_than_losing_it(filled: Engine) -> None:
    with fake_slack(Fault(None, taken=True)) as slack:
        for minutes in range(3):
            deliver(filled, {"slack": SlackWebhook(slack.address)}, at(LATER + timedelta(minutes=minutes)))
    assert len(slack.posted) == 2


def test_pauses_never_overflow() -> None:
    assert pause_after(10_000) == LONGEST_PAUSE
