"""`make bench`: what watching an estate of full size costs. Nothing here is a test; times are this machine's.

Both pollers, the snapshots and the judging go through an estate of 3,000 scenarios on Make and 2,000 on n8n with
100,000 executions a day. Time is simulated: the platforms' clock, ours, and that of the limit of 240 calls a minute are
one, which passes only by what is told it: 15 seconds from tick to tick, and what a call takes. What is measured is
real: the work of this process in seconds of its processors and by the clock, its memory, and the database. The
platforms' fakes have a process of their own.

`--hours 168` is a week; `--scale 0.1` an estate of a tenth. `--past` is how many days of executions are there
before: 28 are what is learnt from.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from manageai_assets import console
from manageai_assets.monitoring.alerts.wanted import Addressees
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.make_polling import QUICK, MakePoller
from manageai_assets.monitoring.models import WINDOW
from manageai_assets.monitoring.n8n_polling import QUICK as QUICK_N8N
from manageai_assets.monitoring.n8n_polling import N8nPoller
from manageai_assets.monitoring.polling import TICK_SECONDS, CallBudget
from manageai_assets.monitoring.reports import PollReport
from manageai_assets.monitoring.retention import prune
from manageai_assets.monitoring.snapshots import add_windows, due_windows, make_snapshots
from resources.make_api import MakeApi
from resources.n8n_api import N8nApi
from sensors.make_poller import TICK_EVERY_SECONDS
from tests.fakes.make.world import TEAM
from tests.manageai_assets.monitoring.watching import BEGIN
from tools.bench_database import database
from tools.full_estate import (
    Cost,
    Estate,
    Platforms,
    fill,
    measured,
    memory_of,
    platforms,
    postmaster,
    processor_seconds,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

CALLS_A_MINUTE = 240
CALL_TAKES = 0.025
"""Simulated seconds: 200 ms, 8 calls at a time."""
HELD_EVERY = timedelta(hours=3)

_UNASKED = text("""
    select count(*) from manageai.scenarios as one
    left join manageai.poll_cursors as cursor
      on cursor.platform = one.platform
     and cursor.external_id = case when one.platform = 'n8n' then '' else one.external_id end
    where one.active and one.gone_at is null and (cursor.polled_at is null or cursor.polled_at < :since)
""")


@dataclass
class Told:
    """What was measured."""

    make: list[Cost] = field(default_factory=list)
    n8n: list[Cost] = field(default_factory=list)
    idle: list[Cost] = field(default_factory=list)
    snapshots: list[Cost] = field(default_factory=list)
    judging: list[Cost] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    uncovered: int = 0
    troubles: list[str] = field(default_factory=list)
    opened: int = 0
    held: list[str] = field(default_factory=list)


@dataclass
class Watching:
    """Both platforms, their pollers, and a database."""

    engine: Engine
    estate: Estate
    world: Platforms
    told: Told = field(default_factory=Told)
    taken: dict[int, int] = field(default_factory=dict)
    happened: timedelta = timedelta(0)
    _calls: int = 0

    def __post_init__(self) -> None:
        self.budget = self._budget()
        self.make = MakeApi(
            self.world.make_key, address=self.world.make_address, retries=QUICK, sleep=self.world.sleep, pace=self._pace
        )
        self.n8n = N8nApi(self.world.n8n_address, self.world.n8n_key, retries=QUICK_N8N, sleep=self.world.sleep)

    def now(self) -> datetime:
        """The simulated moment."""
        return datetime.fromtimestamp(self.world.clock(), UTC)

    def window(self, start: timedelta) -> None:
        """One window: ticks until everything is read, then what is known of the windows that have ended."""
        begin, begun_calls = BEGIN + start, self._calls
        done, moment = False, start
        while moment < start + WINDOW and not done:
            self.world.pass_to((BEGIN + moment).timestamp())
            self.world.happen(self.happened, moment)
            self.happened = moment
            if moment == start:
                self._note(self._tick_n8n(self.told.n8n))
                self._know(begin)
            report = self._note(self._tick_make())
            done = report.due == report.read and not report.trouble and not report.spent
            moment = max(moment + timedelta(seconds=TICK_EVERY_SECONDS), self.now() - BEGIN)
        self.told.minutes.append((self.now() - begin) / timedelta(minutes=1))
        with measured(self.told.idle):
            self._tick_n8n([])
            self._poll_make()
        self.told.calls.append(self._calls - begun_calls)
        with self.engine.connect() as connection:
            self.told.uncovered += connection.scalar(_UNASKED, {"since": begin}) or 0

    def _know(self, now: datetime) -> None:
        """The snapshots and the findings of the windows that have ended, and of those that late executions touched."""
        add_windows(self.engine, [now - WINDOW])
        due = [one for one, _ in due_windows(self.engine, now)]
        with measured(self.told.snapshots):
            make_snapshots(self.engine, due, now)
        with measured(self.told.judging):
            judged = judge_windows(self.engine, due, now, Addressees())
        self.told.opened += sum(one.opened for one in judged)

    def hold(self, at: timedelta) -> None:
        """Notes memory and the database's size."""
        gc.collect()
        with self.engine.connect() as connection:
            size = connection.scalar(text("select pg_database_size(current_database())")) or 0
        days = at / timedelta(days=1)
        self.told.held.append(f"{days:g} d: {memory_of(os.getpid())} MB, database {size // 2**20} MB")
        print(f"{self.told.held[-1]}, {self.told.uncovered} left out", file=sys.stderr, flush=True)

    def _tick_make(self) -> PollReport:
        with measured(self.told.make):
            return self._poll_make()

    def _poll_make(self) -> PollReport:
        self.budget = self._budget()
        report = MakePoller(self.engine, self.make, TEAM, self.budget, self.now, workers=1).poll()
        self.taken = self.budget.taken
        return report

    def _tick_n8n(self, into: list[Cost]) -> PollReport:
        with measured(into):
            return N8nPoller(self.engine, self.n8n, self.now, self.now() + timedelta(seconds=TICK_SECONDS)).poll()

    def _budget(self) -> CallBudget:
        deadline = self.world.clock() + TICK_SECONDS
        return CallBudget(
            CALLS_A_MINUTE, taken=self.taken, deadline=deadline, clock=self.world.clock, sleep=self.world.sleep
        )

    def _pace(self) -> None:
        self.budget.take()
        self._calls += 1
        self.world.sleep(CALL_TAKES)

    def _note(self, report: PollReport) -> PollReport:
        if report.trouble or report.missed:
            self.told.troubles.append(f"{self.now():%d %H:%M:%S} {report}")
        return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints a table; 1 when a scenario was left out."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_watching", description="Measures what watching costs.")
    parser.add_argument("--hours", type=float, default=1.0, help="simulated (default: 1)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the estate (default: 1)")
    parser.add_argument("--past", type=int, default=7, help="days that are there before (default: 7)")
    parser.add_argument("--minutes", type=float, default=600, help="by the clock, after which it ends early")
    options = parser.parse_args(arguments)
    estate, ends = Estate().scaled(options.scale), time.monotonic() + 60 * options.minutes
    with database() as engine, platforms(estate) as world:
        fill(engine, estate, options.past)
        watching, start = Watching(engine, estate, world), timedelta(0)
        server = postmaster(engine)
        before = processor_seconds(server)
        while start < timedelta(hours=options.hours) and time.monotonic() < ends:
            if start % HELD_EVERY == timedelta(0):
                watching.hold(start)
            if start and start % timedelta(days=1) == timedelta(0):
                prune(engine, watching.now())
            watching.window(start)
            start += WINDOW
        watching.hold(start)
        fakes, stored = world.memory(), (processor_seconds(server) - before) / max(1, start // WINDOW)
    _show(watching.told, estate, start, fakes, stored)
    return int(watching.told.uncovered > 0)


def _show(told: Told, estate: Estate, length: timedelta, fakes: int, stored: float) -> None:
    rows = [
        ("a tick of Make", *_spread(told.make)),
        ("a tick of n8n, with a window to read", *_spread(told.n8n)),
        ("a tick of both, with nothing to read", *_spread(told.idle)),
        ("snapshots of the windows that are due", *_spread(told.snapshots)),
        ("judging a window", *_spread(told.judging)),
    ]
    title = f"{length / WINDOW:g} windows, {estate.scenarios:,} scenarios, {estate.a_day:,} executions a day"
    columns = ("what", "how often", "own work: median, p95, max (s)", "on the wall: median, p95, max (s)")
    console.show_table(columns, rows, title=title)
    more = [
        ("calls of Make in a window", f"{min(told.calls)} to {max(told.calls)}"),
        ("minutes until all are read", f"{min(told.minutes):.1f} to {max(told.minutes):.1f}"),
        ("scenarios a window left out, all together", str(told.uncovered)),
        ("incidents opened", str(told.opened)),
        ("memory of this process, database", "; ".join(told.held)),
        ("PostgreSQL's own work for a window", f"{stored:.1f} s"),
        ("memory of the fakes, which have their own process", f"{fakes} MB"),
        ("what the pollers complained of", "; ".join(told.troubles[:5]) or "nothing"),
        ("the machine's load", ", ".join(f"{one:.1f}" for one in os.getloadavg())),
    ]
    console.show_table(("what", "how much"), more)


def _spread(costs: Sequence[Cost]) -> tuple[str, str, str]:
    def three(values: Iterator[float]) -> str:
        ordered = sorted(values)
        return ", ".join(f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.2f}" for share in (0.5, 0.95, 1))

    return str(len(costs)), three(one.own for one in costs), three(one.wall for one in costs)


if __name__ == "__main__":
    raise SystemExit(main())
