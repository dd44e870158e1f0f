"""A Make team and an n8n server that are watched, in a time that passes only when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Engine, text

from manageai_assets.monitoring.make_polling import QUICK, MakePoller
from manageai_assets.monitoring.n8n_polling import QUICK as QUICK_N8N
from manageai_assets.monitoring.n8n_polling import N8nPoller
from manageai_assets.monitoring.polling import TICK_SECONDS, CallBudget
from manageai_assets.monitoring.reports import PollReport
from resources.make_api import MakeApi
from resources.n8n_api import N8nApi
from tests.fakes.make import FakeMake, World, fake_make
from tests.fakes.make.records import ErrorOfRun, Outcome
from tests.fakes.make.world import TEAM
from tests.fakes.n8n import FakeN8n, fake_n8n
from tests.resources.make_fixtures import plain_blueprint

BEGIN = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
"""A window's start, on a Monday."""
REFUSED = ErrorOfRun("AccountValidationError", "[401] Invalid token", "Send a message", "slack")


@dataclass
class Clock:
    """Time that passes by sleeping, or when a test sets it."""

    moment: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        """Since 1970."""
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.moment += timedelta(seconds=seconds)


@dataclass
class WatchedMake:
    """A fake team with a poller whose budget lasts over its ticks."""

    engine: Engine
    fake: FakeMake
    clock: Clock
    per_minute: int = 1000
    workers: int = 1
    taken: dict[int, int] = field(default_factory=dict)
    pace: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        key = SecretStr(self.fake.key)
        self.api = MakeApi(
            key,
            address=self.fake.address,
            timeout=2.0,
            retries=QUICK,
            sleep=lambda _: None,
            pace=lambda: self.pace(),
        )

    def scenario(self, name: str = "Orders", *, active: bool = True) -> int:
        """A new scenario of the team."""
        return self.fake.world.add_scenario(plain_blueprint(name=name), active=active).id

    def ran(
        self, scenario: int, minutes: float, *, failed: bool = False, seconds: float = 1.0, operations: int = 3
    ) -> str:
        """A run that began so many minutes after `BEGIN`; gives its id."""
        status = "error" if failed else "success"
        outcome = Outcome(status, operations, seconds, error=REFUSED if failed else None)  # type: ignore[arg-type]
        started = BEGIN + timedelta(minutes=minutes)
        return self.fake.world.add_run(scenario, started.timestamp(), outcome).id

    def tick(self, pace: Callable[[], None] | None = None) -> PollReport:
        """One tick of the poller, now; another `pace` may break it off."""
        budget = CallBudget(
            self.per_minute,
            taken=self.taken,
            deadline=self.clock.seconds() + TICK_SECONDS,
            clock=self.clock.seconds,
            sleep=self.clock.sleep,
        )
        self.pace = pace or budget.take
        report = MakePoller(self.engine, self.api, TEAM, budget, self.clock, self.workers).poll()
        self.taken = budget.taken
        return report

    def tick_at(self, minutes: float) -> PollReport:
        """One tick, so many minutes after `BEGIN`."""
        self.clock.moment = BEGIN + timedelta(minutes=minutes)
        return self.tick()


@contextmanager
def watched_make(engine: Engine, plan: str = "Enterprise") -> Iterator[WatchedMake]:
    """A watched team on a plan."""
    clock = Clock()
    with fake_make(World(plan=plan, clock=clock.seconds)) as fake:
        watched = WatchedMake(engine, fake, clock)
        yield watched
        watched.api.close()


@dataclass
class WatchedN8n:
    """A fake n8n with a poller."""

    engine: Engine
    fake: FakeN8n
    clock: Clock

    def __post_init__(self) -> None:
        self.api = N8nApi(self.fake.address, self.fake.key, timeout=2.0, retries=QUICK_N8N, sleep=lambda _: None)

    def workflow(self, name: str = "Orders", *, active: bool = True) -> str:
        """A new workflow."""
        identifier = f"wf{len(self.fake.workflows) + 1}"
        self.fake.workflows[identifier] = {
            "id": identifier, "name": name, "active": active, "nodes": [], "connections": {}, "settings": {},
        }  # fmt: skip
        return identifier

    def ran(self, workflow: str, minutes: float, status: str = "success", seconds: float = 1.0) -> str:
        """A run that began so many minutes after `BEGIN`; gives its id."""
        return self.fake.ran(workflow, status, started=BEGIN + timedelta(minutes=minutes), seconds=seconds)

    def tick_at(self, minutes: float) -> PollReport:
        """One tick of the poller, so many minutes after `BEGIN`."""
        self.clock.moment = BEGIN + timedelta(minutes=minutes)
        deadline = self.clock() + timedelta(seconds=TICK_SECONDS)
        return N8nPoller(self.engine, self.api, self.clock, deadline).poll()


@contextmanager
def watched_n8n(engine: Engine) -> Iterator[WatchedN8n]:
    """A watched server."""
    with fake_n8n() as fake:
        watched = WatchedN8n(engine, fake, Clock())
        yield watched
        watched.api.close()


def stored(engine: Engine) -> list[tuple[str, str]]:
    """Ids and outcomes of the stored executions, by start."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("select execution_id, outcome from manageai.executions order by started_at, execution_id")
        )
        return [(row.execution_id, row.outcome) for row in rows]


def touched(engine: Engine) -> list[int]:
    """Minutes after `BEGIN` of the windows that are due, in order."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("select window_start from manageai.monitor_windows where touched > covered order by 1")
        )
        return [round((row.window_start - BEGIN).total_seconds() / 60) for row in rows]
