"""An estate of full size for benches: 3,000 scenarios on Make, 2,000 on n8n, 100,000 executions a day.

Execution number `n` begins `n` times 0.864 seconds after `BEGIN` (before it, where `n` is negative), on the scenarios
in turn; one in 25 fails by chance. The past is loaded straight into the table; what is to come happens on both fakes,
in a process of its own, whose clock passes only when it is told.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import text

from tests.fakes.make import KEY, World, fake_make
from tests.fakes.make.records import Outcome
from tests.fakes.n8n import fake_n8n
from tests.manageai_assets.monitoring.watching import BEGIN, REFUSED
from tests.resources.make_fixtures import plain_blueprint

if TYPE_CHECKING:
    from ctypes import c_double

    from sqlalchemy import Engine

DAY = 86_400.0
FORGOTTEN_AFTER = timedelta(hours=3)
"""What n8n's fake remembers, which goes through all of it for each call."""
STRIDE = 7919
"""A prime, so that neighbours in time are no neighbours by number."""
FAILING_ONE_IN = 25
TAKES_SECONDS = 1.2


@dataclass(frozen=True)
class Estate:
    """How large it is."""

    on_make: int = 3_000
    on_n8n: int = 2_000
    a_day: int = 100_000

    @property
    def scenarios(self) -> int:
        """On both platforms."""
        return self.on_make + self.on_n8n

    def scaled(self, share: float) -> Estate:
        """The same in small."""
        return Estate(int(self.on_make * share), int(self.on_n8n * share), int(self.a_day * share))

    def between(self, since: timedelta, until: timedelta) -> range:
        """The numbers of the executions that begin from then up to before then, after `BEGIN`."""
        first, last = (-int(-(moment.total_seconds() * self.a_day) // DAY) for moment in (since, until))
        return range(first, last)

    def second(self, number: int) -> float:
        """When an execution begins, after `BEGIN`."""
        return number * DAY / self.a_day

    def owner(self, number: int) -> int:
        """Whose execution it is, from 0; those on Make come first."""
        return number * STRIDE % self.scenarios


def fails(number: int) -> bool:
    """Whether an execution fails: by chance, and the same each time."""
    return int(hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:7], 16) % FAILING_ONE_IN == 0


def make_id(place: int) -> str:
    """The id of a scenario on Make's fake, which counts from 1001."""
    return str(1001 + place)


def n8n_id(place: int) -> str:
    """The id of a workflow."""
    return f"wf{place}"


def fill(engine: Engine, estate: Estate, days: int, until: timedelta = timedelta(0)) -> None:
    """Loads the executions of these days up to a moment after `BEGIN`, with their scenarios and the causes of failures.

    The same formula as above, in SQL: 28 days are 2,800,000 rows."""
    numbers = estate.between(until - timedelta(days=days), until)
    sizes = {"make": estate.on_make, "scenarios": estate.scenarios}
    with engine.begin() as connection:
        connection.execute(
            text("""
                insert into manageai.scenarios (platform, external_id, name, active)
                select case when n < :make then 'make' else 'n8n' end,
                       case when n < :make then cast(1001 + n as text) else 'wf' || (n - :make) end, 'Scenario ' || n,
                       true
                from generate_series(0, :scenarios - 1) as n order by n
            """),
            sizes,
        )
        connection.execute(
            text("""
                insert into manageai.executions
                    (platform, execution_id, scenario_id, started_at, finished_at, duration_ms, outcome, operations,
                     error_type, error_message, error_step, error_connection)
                select owner.platform, 'past' || n, owner.id, at, at + interval '1.2 seconds', 1200,
                       case when failed then 'error' else 'success' end, 3,
                       case when failed then :type end, case when failed then :message end,
                       case when failed then :step end, case when failed then '' end
                from generate_series(cast(:first as bigint), cast(:last as bigint)) as n
                cross join lateral (
                    select cast(:begin as timestamptz) + n * :apart * interval '1 second' as at,
                           ('x' || substr(md5(cast(n as text)), 1, 7))::bit(28)::int % :one_in = 0 as failed
                ) as told
                join manageai.scenarios as owner on owner.id = (select min(id) from manageai.scenarios)
                     + ((n * :stride) % :scenarios + :scenarios) % :scenarios
            """),
            {
                **sizes, "first": numbers.start, "last": numbers.stop - 1, "begin": BEGIN, "apart": DAY / estate.a_day,
                "one_in": FAILING_ONE_IN, "stride": STRIDE, "type": "DataError", "message": "The record is locked.",
                "step": "Update",
            },
        )  # fmt: skip
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))


# -- both platforms ------------------------------------------------------------------------------------------------


@dataclass
class Platforms:
    """Both fakes in their process. Its clock is this one's: seconds since 1970, that pass when it is told."""

    make_address: str
    n8n_address: str
    n8n_key: SecretStr
    process: int
    _moment: c_double
    _pipe: Pipe

    make_key = SecretStr(KEY)

    def clock(self) -> float:
        """The simulated moment."""
        return self._moment.value

    def pass_to(self, moment: float) -> None:
        """Lets time pass up to a moment, unless it is later already."""
        self._moment.value = max(self._moment.value, moment)

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self._moment.value += seconds

    def happen(self, since: timedelta, until: timedelta) -> None:
        """Lets the executions of a time happen."""
        self._pipe.send((since, until))
        self._pipe.recv()

    def memory(self) -> int:
        """Of the fakes' process, in MB."""
        return memory_of(self.process)


@contextmanager
def platforms(estate: Estate) -> Iterator[Platforms]:
    """Both platforms, on a Teams plan, with active scenarios and no history."""
    context = multiprocessing.get_context("spawn")
    moment = context.Value("d", BEGIN.timestamp(), lock=False)
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(estate, moment, theirs), daemon=True)
    process.start()
    make_address, n8n_address, n8n_key = ours.recv()
    try:
        yield Platforms(make_address, n8n_address, SecretStr(n8n_key), process.pid or 0, moment, ours)
    finally:
        process.kill()
        process.join()


def _serve(estate: Estate, moment: c_double, pipe: Pipe) -> None:
    world = World(plan="Teams", clock=lambda: moment.value)
    with fake_make(world) as make, fake_n8n() as n8n:
        for place in range(estate.on_make):
            made = world.add_scenario(plain_blueprint(name=f"Scenario {place}"), active=True)
            assert str(made.id) == make_id(place)
        for place in range(estate.on_n8n):
            n8n.workflows[n8n_id(place)] = {
                "id": n8n_id(place), "name": f"Flow {place}", "active": True, "nodes": [], "connections": {},
                "settings": {},
            }  # fmt: skip
        pipe.send((make.address, n8n.address, n8n.key.get_secret_value()))
        while True:
            since, until = pipe.recv()
            make.calls.clear()
            n8n.calls.clear()
            kept = estate.a_day * estate.on_n8n / estate.scenarios * (FORGOTTEN_AFTER / timedelta(days=1))
            del n8n.executions[int(kept) :]
            for number in estate.between(since, until):
                place, began = estate.owner(number), BEGIN + timedelta(seconds=estate.second(number))
                if place < estate.on_make:
                    outcome = Outcome(
                        "error" if fails(number) else "success", 3, TAKES_SECONDS,
                        error=REFUSED if fails(number) else None,
                    )  # fmt: skip
                    world.add_run(int(make_id(place)), began.timestamp(), outcome)
                else:
                    n8n.ran(
                        n8n_id(place - estate.on_make), "error" if fails(number) else "success", started=began,
                        seconds=TAKES_SECONDS,
                        error={"name": "NodeOperationError", "message": "no"} if fails(number) else None,
                    )  # fmt: skip
            pipe.send(None)


# -- what it costs -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Seconds that something took: of this process' own work, and by the clock on the wall."""

    own: float
    wall: float


@contextmanager
def measured(into: list[Cost]) -> Iterator[None]:
    """Adds what the block costs."""
    own, wall = time.process_time(), time.perf_counter()
    yield
    into.append(Cost(time.process_time() - own, time.perf_counter() - wall))


def memory_of(process: int) -> int:
    """The memory that a process has now, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 // 2**20


def processor_seconds(process: int) -> float:
    """What a process and all that it has started have taken of the processors."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parts = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(parts[1])
            ticks[int(stat.parent.name)] = sum(map(int, parts[11:15]))  # its own, and those of its ended children
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return sum(ticks.get(one, 0) for one in found) / os.sysconf("SC_CLK_TCK")


def postmaster(engine: Engine) -> int:
    """The process that all of the server's are children of."""
    with engine.connect() as connection:
        backend = connection.scalar(text("select pg_backend_pid()"))
    return int(Path(f"/proc/{backend}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
