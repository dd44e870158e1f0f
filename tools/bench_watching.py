"""`make bench`: what watching costs. Nothing here is a test; times are this machine's.

* *Backfill*: the snapshots of many days of a large estate, made from stored executions.
* *Make*: one window of 3,000 scenarios at 240 calls a minute, in simulated time; what the poller itself takes.
* *n8n*: one window of 2,000 workflows.
* *A week*: a small estate through all windows of seven days, in simulated time; whether memory grows.
"""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from manageai_assets import console
from manageai_assets.monitoring.models import WINDOW
from manageai_assets.monitoring.snapshots import due_windows, make_snapshots
from manageai_assets.store.migrate import migrate
from resources.database import engine_for, start_embedded, with_driver
from sensors.make_poller import TICK_EVERY_SECONDS
from tests.manageai_assets.monitoring.watching import BEGIN, WatchedMake, watched_make, watched_n8n

if TYPE_CHECKING:
    from sqlalchemy import Engine

SCENARIOS, EXECUTIONS_A_DAY = 5_000, 100_000
ON_MAKE, ON_N8N = 3_000, 2_000
WINDOWS_A_CHUNK = 672


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_watching", description="Measures what watching costs.")
    parser.add_argument("--days", type=int, default=30, help="days of the backfill (default: 30)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the scenarios to poll (default: 1)")
    parser.add_argument("--week", type=int, default=20, help="scenarios on each platform in the week (default: 20)")
    options = parser.parse_args(arguments)
    rows = [*_week(options.week), *_polls(options.scale), ("backfill", *_backfill(options.days))]
    console.show_table(("what", "how much", "seconds", "memory MB"), rows)
    return 0


def _backfill(days: int) -> tuple[str, str, int]:
    with _database() as engine:
        _fill(engine, days)
        starts = [BEGIN - WINDOW * place for place in range(days * 96)]
        begun = time.perf_counter()
        count = 0
        for place in range(0, len(starts), WINDOWS_A_CHUNK):
            made = make_snapshots(engine, starts[place : place + WINDOWS_A_CHUNK], BEGIN)
            count += sum(one.scenarios for one in made)
        seconds = time.perf_counter() - begun
    return f"{len(starts)} windows, {count:,} snapshots", f"{seconds:.1f}", _memory()


def _polls(scale: float) -> Iterator[tuple[str, str, str, int]]:
    with _database() as engine, watched_make(engine, "Teams") as make:
        make.per_minute = 240
        ids = [make.scenario(f"Scenario {number}") for number in range(int(ON_MAKE * scale))]
        share = EXECUTIONS_A_DAY * ON_MAKE // SCENARIOS // 96
        for window in range(2):
            for number in range(int(share * scale)):
                make.ran(ids[number * 7 % len(ids)], 15 * window + number % 15, failed=number % 20 == 0)
        yield _window("Make, first window", make)
        make.clock.moment = max(make.clock.moment, BEGIN + WINDOW)
        yield _window("Make, next window", make)
    with _database() as engine, watched_n8n(engine) as n8n:
        flows = [n8n.workflow(f"Flow {number}") for number in range(int(ON_N8N * scale))]
        share = int(EXECUTIONS_A_DAY * ON_N8N * scale // SCENARIOS // 96)
        for number in range(share):
            n8n.ran(flows[number * 7 % len(flows)], number * 15 / share, "error" if number % 20 == 0 else "success")
        begun = time.perf_counter()
        report = n8n.tick_at(15)
        yield "n8n, one window", str(report), f"{time.perf_counter() - begun:.1f}", _memory()


def _week(scenarios: int) -> Iterator[tuple[str, str, str, int]]:
    """Memory after each of seven days; what the fakes remember is taken away each day."""
    with _database() as engine, watched_make(engine) as make, watched_n8n(engine) as n8n:
        ids = [make.scenario(f"Scenario {number}") for number in range(scenarios)]
        flows = [n8n.workflow(f"Flow {number}") for number in range(scenarios)]
        begun = time.perf_counter()
        held: list[int] = []
        for day in range(7):
            for window in range(day * 96, day * 96 + 96):
                for number in range(scenarios):
                    if (window + number) % 5 == 0:
                        make.ran(ids[number], 15 * window + 7, failed=number % 20 == 0)
                        n8n.ran(flows[number], 15 * window + 7, "error" if number % 20 == 0 else "success")
                make.tick_at(15 * window + 15)
                n8n.tick_at(15 * window + 15)
                now = BEGIN + WINDOW * (window + 1)
                make_snapshots(engine, [start for start, _ in due_windows(engine, now)], now)
            make.fake.calls.clear()
            n8n.fake.calls.clear()
            n8n.fake.executions.clear()
            for one in ids:
                make.fake.world.history.forget(one)
            gc.collect()
            held.append(_memory_now())
        told = f"{7 * 96} windows of {2 * scenarios} scenarios; MB after each day: {', '.join(map(str, held))}"
    yield "a week", told, f"{time.perf_counter() - begun:.0f}", _memory()


def _window(name: str, make: WatchedMake) -> tuple[str, str, str, int]:
    """Ticks until each scenario has had its turn: simulated minutes, and the longest tick's own seconds."""
    began, took, read, late = make.clock.moment, [0.0], 0, 0
    while True:
        begun = time.perf_counter()
        report = make.tick()
        took.append(time.perf_counter() - begun)
        read += report.read
        late += len(report.missed)
        if report.trouble or report.read == report.due:
            break
        make.clock.sleep(TICK_EVERY_SECONDS)
    minutes = (make.clock.moment - began).total_seconds() / 60
    told = f"{read} of {ON_MAKE} read in {minutes:.1f} simulated minutes, {len(took) - 1} ticks, {late} missed"
    return name, f"{told} {report.trouble}".strip(), f"{sum(took):.1f}, longest tick {max(took):.1f}", _memory()


def _fill(engine: Engine, days: int) -> None:
    """An estate whose executions are spread over the days, busy and rare scenarios alike."""
    with engine.begin() as connection:
        connection.execute(
            text("""
                insert into manageai.scenarios (platform, external_id, name)
                select case when n <= :make then 'make' else 'n8n' end, n::text, 'Scenario ' || n
                from generate_series(1, :scenarios) as n
            """),
            {"make": ON_MAKE, "scenarios": SCENARIOS},
        )
        connection.execute(
            text("""
                insert into manageai.executions
                    (platform, execution_id, scenario_id, started_at, finished_at, duration_ms, outcome, operations)
                select owner.platform, md5(n::text), owner.id, cast(:until as timestamptz) - at,
                       cast(:until as timestamptz) - at + interval '1.2 seconds', 1200 + n % 977,
                       case when n % 25 = 0 then 'error' else 'success' end, 1 + n % 9
                from generate_series(cast(1 as bigint), :count) as n
                cross join lateral (select n * (:span / :count) * interval '1 second' as at) as moment
                join manageai.scenarios as owner on owner.id = 1 + (n * 7919) % :scenarios
            """),
            {
                "until": BEGIN, "count": EXECUTIONS_A_DAY * days, "span": 86_400.0 * days, "scenarios": SCENARIOS,
            },
        )  # fmt: skip
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))


@contextmanager
def _database() -> Iterator[Engine]:
    """A server of its own with all tables."""
    with tempfile.TemporaryDirectory(prefix="manageai-bench-", ignore_cleanup_errors=True) as folder:
        server = start_embedded(Path(folder) / "postgres")
        engine = engine_for(with_driver(server.get_uri()))
        migrate(engine)
        try:
            yield engine
        finally:
            engine.dispose()
            server.cleanup()


def _memory_now() -> int:
    """The memory that this process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


def _memory() -> int:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    raise SystemExit(main())
