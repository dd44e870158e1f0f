"""What a tick tells at once: the window that ended last, once for each state of its executions, and never too early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from manageai_assets.monitoring.alerts.at_once import tell_at_once
from manageai_assets.monitoring.judging import judge_windows, judged_already
from manageai_assets.monitoring.models import WINDOW, Execution, ScenarioKey
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor, beat, explain, record
from manageai_assets.settings import Settings, read_settings
from tests.fakes.slack import FakeSlack, Fault, fake_slack
from tests.manageai_assets.monitoring.courses import BROKEN, REFUSED
from tests.manageai_assets.monitoring.judged import Estate

NOTHING = ""
TOLD = "judged: 1 incidents opened, 0 resolved, 1 alerts sent"
QUIET = "judged: 0 incidents opened, 0 resolved, 0 alerts sent"
DOWN_ON_SLACK = ":red_circle: Nothing succeeds: Orders 1"


@dataclass
class Story:
    """A scenario on Make, read and judged up to `estate.at`; what a tick tells goes to `slack`."""

    estate: Estate
    key: ScenarioKey
    slack: FakeSlack
    settings: Settings

    def read(self, moment: datetime, ended: datetime | None = None) -> None:
        """A tick that began to read Make then, and ended then."""
        read = [Cursor(one, polled_at=moment) for one in (WHOLE_PLATFORM, self.key.external_id)]
        record(self.estate.engine, "make", [], read)
        beat(self.estate.engine, "make_poller", ended or moment)

    def fails(self, times: int) -> None:
        """Failures in the window that comes next."""
        for number in range(times):
            self.estate.ran(self.key, self.estate.at + timedelta(minutes=1, seconds=number), BROKEN)

    def tell(self, at: datetime) -> str:
        """What the end of a tick at that moment tells."""
        return tell_at_once(self.estate.engine, self.settings, lambda: at)


@pytest.fixture
def story(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A scenario that ran well, whose window before the next one was judged by a run."""
    with fake_slack() as slack:
        settings = {"MAKE_API_KEY": "k", "MAKE_TEAM_ID": "4", "MAKE_ZONE": "eu1"}
        for name, value in {**settings, "SLACK_WEBHOOK_URL": slack.address.get_secret_value()}.items():
            monkeypatch.setenv(name, value)
        estate = Estate(engine)
        key = estate.scenario()
        estate.window("..", key)
        yield Story(estate, key, slack, read_settings(tmp_path / "none.env"))


def test_a_window_is_judged_and_told_once_it_was_read(story: Story) -> None:
    story.fails(5)
    at = story.estate.at + WINDOW
    story.read(at)
    assert story.tell(at) == TOLD
    assert story.slack.texts == [DOWN_ON_SLACK]
    assert story.tell(at + timedelta(seconds=5)) == NOTHING
    story.estate.ran(story.key, at - timedelta(seconds=3))  # late: it makes the window another one
    assert story.tell(at + timedelta(seconds=10)) == QUIET
    assert story.estate.events() == [("consecutive_failures", ["opened"])]


@pytest.mark.parametrize(
    ("read", "ended"), [(-1, 0), (0, -1)], ids=["read before the window's end", "the tick isn't over"]
)
def test_a_window_waits_until_its_platform_was_read(story: Story, read: int, ended: int) -> None:
    story.fails(5)
    at = story.estate.at + WINDOW
    story.read(at + timedelta(seconds=read), at + timedelta(seconds=ended))
    assert story.tell(at) == NOTHING
    assert story.slack.texts == []


def test_it_waits_for_every_watched_platform(story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("N8N_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("N8N_API_KEY", "k")
    both = replace(story, settings=read_settings(tmp_path / "none.env"))
    story.fails(5)
    at = story.estate.at + WINDOW
    both.read(at)
    assert both.tell(at) == NOTHING
    record(story.estate.engine, "n8n", [], [Cursor(WHOLE_PLATFORM, polled_at=at)])
    beat(story.estate.engine, "n8n_poller", at)
    assert both.tell(at) == TOLD


def test_windows_are_never_passed_over(story: Story) -> None:
    story.fails(5)
    at = story.estate.at + 2 * WINDOW
    story.read(at)
    assert story.tell(at) == NOTHING, "the window before wasn't judged: a run takes both, in their order"
    judge_windows(story.estate.engine, [story.estate.at], at, story.estate.addressees)
    assert story.tell(at).startswith("judged: 0 incidents opened")
    assert story.estate.events() == [("consecutive_failures", ["opened"])]


def test_a_failure_whose_cause_isnt_known_yet_is_waited_for(story: Story) -> None:
    at = story.estate.at + WINDOW
    failed = [
        Execution(story.key, f"failed-{minute}", ended - timedelta(seconds=2), "error", ended, 2000, 4)
        for minute in (3, 2)
        if (ended := at - timedelta(minutes=minute))
    ]
    record(story.estate.engine, "make", failed, now=at)
    story.read(at)
    assert story.tell(at) == QUIET
    explain(story.estate.engine, {("make", one.execution_id): REFUSED for one in failed})
    assert story.tell(at + timedelta(seconds=5)) == TOLD
    assert story.slack.texts == [":large_orange_circle: Account refused: Orders 1"]


def test_what_slack_doesnt_take_waits_for_the_sensor_of_alerts(story: Story) -> None:
    story.slack.faults.append(Fault(503))
    story.fails(5)
    at = story.estate.at + WINDOW
    story.read(at)
    assert story.tell(at) == "judged: 1 incidents opened, 0 resolved, 0 alerts sent"
    assert story.tell(at + timedelta(seconds=5)) == NOTHING


def test_a_fault_ends_no_tick_and_the_run_makes_it_good(story: Story) -> None:
    story.fails(5)
    at = story.estate.at + WINDOW
    story.read(at)
    with story.estate.engine.begin() as connection:
        connection.execute(text("alter table manageai.alerts rename to elsewhere"))
    assert story.tell(at) == "not judged: ProgrammingError"
    with story.estate.engine.begin() as connection:
        connection.execute(text("alter table manageai.elsewhere rename to alerts"))
    assert judged_already(story.estate.engine, [story.estate.at]) == frozenset()
    assert judge_windows(story.estate.engine, [story.estate.at], at, story.estate.addressees)[0].opened == 1
    assert judged_already(story.estate.engine, [story.estate.at]) == {story.estate.at}
