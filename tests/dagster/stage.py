"""A stage for the story: everything that watches, in one process and in a time that passes only when it is told to, and
what disturbs it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from dagster import DagsterInstance, RunRequest, SensorResult, build_sensor_context
from pydantic import SecretStr
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from manageai_assets.monitoring.alerts.email import Mailbox
from manageai_assets.monitoring.alerts.notice import Notice, Places
from manageai_assets.monitoring.alerts.outbox import deliver
from manageai_assets.monitoring.alerts.sending import Sender
from manageai_assets.monitoring.alerts.slack import SlackWebhook
from manageai_assets.monitoring.alerts.wanted import Addressees
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.make_polling import QUICK, MakePoller
from manageai_assets.monitoring.models import WINDOW
from manageai_assets.monitoring.n8n_polling import QUICK as QUICK_N8N
from manageai_assets.monitoring.n8n_polling import N8nPoller
from manageai_assets.monitoring.polling import TICK_SECONDS, CallBudget
from manageai_assets.monitoring.recording import beat
from manageai_assets.monitoring.snapshots import make_snapshots
from manageai_assets.partitions import window_start
from manageai_assets.settings import read_settings
from resources.make_api import MakeApi
from resources.n8n_api import N8nApi
from sensors.builds import RANGE_END, RANGE_START
from sensors.windows import windows_sensor
from tests.dagster.story import BEGIN, CALM, WINDOWS, Ending, Platforms, ending, runs
from tests.fakes.make import World, fake_make
from tests.fakes.make.world import TEAM
from tests.fakes.n8n import fake_n8n
from tests.fakes.replies import Hook, Reply, unchanged
from tests.fakes.slack import FakeSlack, fake_slack
from tests.fakes.smtp import FakeSmtp, fake_smtp

TICKS = (4.0, 40.0, 330.0, 700.0)
"""Seconds of each window at which everything has its turn."""
PLACES = Places("eu1", TEAM, "http://127.0.0.1:1")
RECEIVER = "ops@agency.example"


class Killed(BaseException):
    """The process has ended here."""


@dataclass
class Stage:
    """Everything that watches. `skew` is by how much the platforms' clocks are ahead of ours."""

    engine: Engine
    platforms: Platforms
    slack: FakeSlack
    smtp: FakeSmtp
    instance: DagsterInstance
    now: datetime = BEGIN
    skew: timedelta = timedelta(0)
    blow_before: int | None = None
    """Strikes before the statement with this number; statements are counted down."""
    blow: Callable[[], None] | None = None
    """What strikes; None: the process that executes the statement ends."""
    kill_at_sending: str = ""
    """Ends the next process that sends an alert, `before` or `after` it."""
    off: bool = False
    """Nothing of ours runs."""
    kills: int = 0
    cuts: int = 0
    """Processes that lost the database."""
    _pace: Callable[[], None] = lambda: None
    _cursor: str | None = None
    _taken: dict[int, int] = field(default_factory=dict)
    _keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        make, n8n = self.platforms.make, self.platforms.n8n
        self.make = MakeApi(
            SecretStr(make.key), address=make.address, timeout=1.0, retries=QUICK, sleep=lambda _: None,
            now=self.seconds, pace=lambda: self._pace(),
        )  # fmt: skip
        self.n8n = N8nApi(
            n8n.address, n8n.key, timeout=1.0, retries=QUICK_N8N, sleep=lambda _: None, now=self.seconds
        )  # fmt: skip

    def clock(self) -> datetime:
        """Our time."""
        return self.now

    def seconds(self) -> float:
        """Our time, since 1970."""
        return self.now.timestamp()

    def answers(self, *, make: Hook = unchanged, n8n: Hook = unchanged) -> None:
        """What happens to the platforms' answers from now on. They are dated by the platforms' clocks."""
        self.platforms.make.hook, self.platforms.n8n.hook = self._dated(make), self._dated(n8n)

    def _dated(self, hook: Hook) -> Hook:
        def dated(method: str, path: str, reply: Reply) -> Reply | None:
            date = format_datetime(self.now + self.skew, usegmt=True)
            return hook(method, path, replace(reply, headers={**reply.headers, "date": date}))

        return dated

    def pass_to(self, moment: datetime) -> None:
        """Time passes; on the platforms, what happens happens."""
        self.now = moment
        self.platforms.play("make", moment + self.skew)
        self.platforms.play("n8n", moment + self.skew)

    def let_be(self) -> None:
        """Ends all that disturbs."""
        self.answers()
        self.slack.hook = unchanged
        self.smtp.taken = lambda: True
        self.slack.faults.clear()
        self.smtp.refusals.clear()
        self.skew, self.off, self.blow_before, self.kill_at_sending = timedelta(0), False, None, ""

    def turn(self) -> None:
        """Each of the processes has its turn, unless it ends before."""
        if self.off:
            return
        for work in (self.read_make, self.read_n8n, self.see_to_windows, self.send):
            try:
                work()
            except Killed:
                self.kills += 1
                self.blow_before, self.kill_at_sending = None, ""
            except DBAPIError:
                self.cuts += 1

    def read_make(self) -> None:
        """A tick of Make's poller."""
        budget = CallBudget(
            900, taken=self._taken, deadline=self.seconds() + TICK_SECONDS, clock=self.seconds, sleep=lambda _: None
        )
        self._pace = budget.take
        report = MakePoller(self.engine, self.make, TEAM, budget, self.clock, workers=2).poll()
        self._taken = budget.taken
        beat(self.engine, "make_poller", self.now, str(report))

    def read_n8n(self) -> None:
        """A tick of n8n's poller."""
        deadline = self.now + timedelta(seconds=TICK_SECONDS)
        report = N8nPoller(self.engine, self.n8n, self.clock, deadline).poll()
        beat(self.engine, "n8n_poller", self.now, str(report))

    def see_to_windows(self) -> None:
        """A tick of the sensor over the windows, and the runs that it asks for."""
        with build_sensor_context(instance=self.instance, cursor=self._cursor) as context:
            found = windows_sensor(read_settings(), self.clock)(context)
        assert isinstance(found, SensorResult)
        self._cursor = found.cursor
        for request in found.run_requests or ():
            if request.run_key not in self._keys:
                self._run(request)
                self._keys.add(str(request.run_key))

    def _run(self, request: RunRequest) -> None:
        first = window_start(request.partition_key or request.tags[RANGE_START])
        last = window_start(request.partition_key or request.tags[RANGE_END])
        starts = [first + WINDOW * place for place in range((last - first) // WINDOW + 1)]
        make_snapshots(self.engine, starts, self.now)
        judge_windows(self.engine, starts, self.now, Addressees(("slack", "email"), PLACES))
        self.send()

    def send(self) -> None:
        """A tick of the sensor over the outbox."""
        mailbox = Mailbox("127.0.0.1", self.smtp.port, RECEIVER, (RECEIVER,), timeout=1.0)
        channels: dict[str, Sender] = {
            "slack": _Mortal(SlackWebhook(self.slack.address, timeout=1.0), self),
            "email": _Mortal(mailbox, self),
        }
        deliver(self.engine, channels, self.clock)

    def statement(self) -> None:
        """A statement is about to be executed."""
        if self.blow_before is None:
            return
        self.blow_before -= 1
        if self.blow_before < 0:
            self.blow_before = None
            if self.blow is None:
                raise Killed
            self.blow()


@dataclass(frozen=True)
class _Mortal:
    """A sender whose process may end before or after it has sent."""

    sender: Sender
    stage: Stage

    def send(self, notice: Notice, key: str) -> None:
        """Sends, if it lives."""
        if self.stage.kill_at_sending == "before":
            raise Killed
        self.sender.send(notice, key)
        if self.stage.kill_at_sending == "after":
            raise Killed


Trouble = Callable[[Stage, random.Random], None]
"""Disturbs the stage, or lets it be, before a turn."""


@contextmanager
def stage(engine: Engine, windows: int) -> Iterator[Stage]:
    """A stage on an empty database, which the settings name."""
    world = World(clock=BEGIN.timestamp)
    with ExitStack() as stack:
        slack, smtp = stack.enter_context(fake_slack()), stack.enter_context(fake_smtp())
        make, n8n = stack.enter_context(fake_make(world)), stack.enter_context(fake_n8n())
        instance = stack.enter_context(DagsterInstance.ephemeral())
        platforms = Platforms(make, n8n, runs(windows - 1))
        made = Stage(engine, platforms, slack, smtp, instance)
        stack.callback(made.make.close)
        stack.callback(made.n8n.close)
        world.clock = lambda: (made.now + made.skew).timestamp()

        def before(connection: object, _cursor: object, *_rest: object) -> None:
            if getattr(connection, "dialect").name == "postgresql":  # noqa: B009 - of any engine
                made.statement()

        event.listen(Engine, "before_cursor_execute", before)
        stack.callback(event.remove, Engine, "before_cursor_execute", before)
        made.let_be()
        yield made


def play(
    on: Stage, trouble: Trouble | None = None, dice: random.Random | None = None, windows: int = WINDOWS + CALM
) -> Ending:
    """Plays so many windows of the story; in the last of them nothing disturbs."""
    chance = dice or random.Random(0)
    for window in range(windows):
        for seconds in TICKS:
            if trouble is not None and window < windows - CALM:
                trouble(on, chance)
            elif trouble is not None:
                on.let_be()
            on.pass_to(BEGIN + WINDOW * window + timedelta(seconds=seconds))
            on.turn()
    return ending(on.engine, on.slack, on.smtp)
