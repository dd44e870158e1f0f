"""A real daemon with its code server and its runs, killed at random points of reading, judging and sending: the story
ends as where nothing was killed. `STORY_KILLS=50` kills so often; it takes about ten minutes."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from dagster import DagsterInstance
from sqlalchemy import Engine, text

from manageai_assets.monitoring.models import WINDOW
from manageai_assets.processes import Child
from tests.dagster.running import daemon, wait_until
from tests.dagster.stage import RECEIVER, TICKS
from tests.dagster.story import BEGIN, CALM, COURSES, WINDOWS, Ending, Platforms, ending, runs
from tests.fakes.make import World, fake_make
from tests.fakes.n8n import fake_n8n
from tests.fakes.slack import FakeSlack, fake_slack
from tests.fakes.smtp import FakeSmtp, fake_smtp

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("STORY_KILLS", "6"))
ALL_WINDOWS = WINDOWS + CALM
LONGEST_LIFE = 60.0
"""Seconds that are waited for what a kill is to interrupt, at most."""
SHORT_LIFE = 15.0
"""Seconds of a life that ends at any time: a daemon needs about half of that to be up and ticking."""
LAST = BEGIN + WINDOW * (ALL_WINDOWS - 1)
END = LAST + timedelta(seconds=TICKS[-1])
SCENARIOS = 2 * len(COURSES)
SIGNS: Mapping[str, str] = {
    "judging": "select coalesce(sum(judged), 0) from manageai.monitor_windows",
    "snapshots": "select coalesce(sum(covered), 0) from manageai.monitor_windows",
    "outbox": "select coalesce(sum(attempts), 0) from manageai.alerts",
    "storing": "select count(*) from manageai.executions",
}
"""What tells that something has just been done."""


@dataclass
class Killing:
    """The story around a daemon that is killed."""

    engine: Engine
    platforms: Platforms
    slack: FakeSlack
    smtp: FakeSmtp
    clock: Path
    dice: random.Random
    now: datetime = BEGIN

    def pass_to(self, moment: datetime) -> None:
        """Time passes, here and on the platforms."""
        self.now = moment
        for platform in ("make", "n8n"):
            self.platforms.play(platform, moment)
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(moment.isoformat())
        fresh.replace(self.clock)

    def signs(self) -> Counter[str]:
        """How much of everything has been done so far."""
        done = Counter(
            {
                "Make is read": len(self.platforms.make.calls),
                "n8n is read": len(self.platforms.n8n.calls),
                "Slack is told": len(self.slack.posted),
                "e-mail is sent": len(self.smtp.messages),
            }
        )
        with self.engine.connect() as connection:
            done.update({name: int(connection.scalar(text(query)) or 0) for name, query in SIGNS.items()})
        return done

    def life(self) -> set[str]:
        """Waits until something is done that was chosen by chance, and a moment more; what was done in the time."""
        before, chosen = self.signs(), self.dice.choice([*self.signs(), "anything"])
        ends = time.monotonic() + (self.dice.uniform(0, SHORT_LIFE) if chosen == "anything" else LONGEST_LIFE)
        while time.monotonic() < ends and not self.signs()[chosen] > before[chosen]:
            time.sleep(0.02)
        time.sleep(self.dice.uniform(0, 0.3))
        return set(self.signs() - before)

    def has_begun(self) -> bool:
        """Whether all scenarios are known and have been judged once."""
        with self.engine.connect() as connection:
            judged = connection.scalar(text("select count(*) from manageai.scenarios where judged_to is not null"))
        return int(judged or 0) == SCENARIOS

    def is_over(self) -> bool:
        """Whether all that is left of the story has been seen to. Time goes on, but not to the next window."""
        self.now = min(self.now + timedelta(seconds=10), LAST + WINDOW - timedelta(seconds=1))
        self.pass_to(self.now)
        with self.engine.connect() as connection:
            left = connection.scalar(
                text("""
                    select (select count(*) from manageai.monitor_windows
                             where touched > covered and window_start < :last)
                         + (select count(*) from manageai.scenarios where judged_to is distinct from :newest)
                         + (select count(*) from manageai.alerts where status = 'pending')
                         + (select case when count(*) = :scenarios then 0 else 1 end from manageai.scenarios)
                """),
                {"newest": LAST - WINDOW, "last": LAST, "scenarios": SCENARIOS},
            )
        return int(left or 0) == 0


def kill(child: Child) -> None:
    """Ends the daemon, its code server and all their runs at once, without a word."""
    daemon_process = psutil.Process(child.process.pid)
    for one in (daemon_process, *daemon_process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            one.kill()
    child.process.wait()


@pytest.fixture
def story(
    engine: Engine, instance: DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Killing]:
    """The story, and settings of what is to watch it."""
    with (
        fake_slack() as slack, fake_smtp() as smtp, fake_n8n() as n8n,
        fake_make(World(clock=BEGIN.timestamp)) as make,
    ):  # fmt: skip
        found = Killing(
            engine, Platforms(make, n8n, runs(ALL_WINDOWS - 1)), slack, smtp, tmp_path / "clock", random.Random(7)
        )
        make.world.clock = lambda: found.now.timestamp()
        settings = tmp_path / "dagster_home" / "dagster.yaml"
        settings.write_text(settings.read_text().replace("start_timeout_seconds: 180", "start_timeout_seconds: 30"))
        for name, value in {
            "STORY_CLOCK": str(found.clock), "STORY_MAKE": make.address, "MAKE_API_KEY": make.key,
            "N8N_API_URL": n8n.address, "N8N_API_KEY": n8n.key.get_secret_value(),
            "SLACK_WEBHOOK_URL": slack.address.get_secret_value(), "ALERT_EMAIL": RECEIVER,
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp.port),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield found


def test_kills_at_random_points(undisturbed: Callable[[int], Ending], story: Killing, tmp_path: Path) -> None:
    wanted = undisturbed(ALL_WINDOWS)
    story.pass_to(BEGIN + timedelta(seconds=TICKS[0]))
    with daemon("tests.dagster.story_location", tmp_path) as child:
        wait_until(story.has_begun, child, 120)
    begun, seen = time.monotonic(), Counter[str]()
    for place in range(KILLS):
        story.pass_to(BEGIN + (END - BEGIN) * (place + 1) / KILLS)
        with ExitStack() as stack:
            child = stack.enter_context(daemon("tests.dagster.story_location", tmp_path))
            seen.update(story.life())
            kill(child)
    with daemon("tests.dagster.story_location", tmp_path) as child:
        wait_until(story.is_over, child, 600)
    found = ending(story.engine, story.slack, story.smtp)
    print(
        f"\n{KILLS} kills in {time.monotonic() - begun:.0f} s; lives that did something: {dict(seen)}; "
        f"{wanted.told_again(found)} alerts told again"
    )
    assert wanted.unlike(found) == []
