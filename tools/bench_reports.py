"""`make bench`: what monthly reports cost. Nothing here is a test; times are this machine's.

A report is its facts, its revision, and both documents; it must be under 3 seconds. What is done once for all clients
of a month, the snapshots, is told apart.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence

from manageai_assets import console
from manageai_assets.clients.reports.making import Workshop, make_report, prepare
from manageai_assets.clients.reports.months import month_of
from manageai_assets.demo.agency import agency
from manageai_assets.demo.loading import load
from manageai_assets.documents.brand import our_brand, our_logo
from tools.bench_clients import EACH
from tools.bench_database import database

MONTHS = 6
"""Months of runs, so that the trends of a report have something to show."""
LARGE = 60
"""Scenarios of a large client."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_reports", description="Measures monthly reports.")
    parser.add_argument("--clients", type=int, default=50, help="clients (default: 50)")
    options = parser.parse_args(arguments)
    rows = [
        _measured(options.clients, EACH),
        _measured(max(options.clients // 5, 1), LARGE),
    ]
    columns = ("what", "snapshots of all", "first report", "median", "slowest", "median of this process alone")
    console.show_table(columns, rows, title="seconds")
    return 0


def _measured(clients: int, each: int) -> tuple[str, ...]:
    with database() as engine, tempfile.TemporaryDirectory(prefix="manageai-bench-") as folder:
        given = agency(1, clients, clients * each, MONTHS)
        month, now = month_of(given.today), given.day(given.today).end
        load(engine, given, now)
        shop = Workshop(our_brand(), our_logo(), folder, mailed=False)
        begun = time.perf_counter()
        found = prepare(engine, month, shop, now)
        prepared = time.perf_counter() - begun
        taken: list[float] = []
        worked: list[float] = []
        for client in found:
            begun, working = time.perf_counter(), time.process_time()
            make_report(engine, client, month, shop, now)
            taken.append(time.perf_counter() - begun)
            worked.append(time.process_time() - working)
    what = f"{len(found)} clients of {each} scenarios in {MONTHS} months"
    found_times = (prepared, taken[0], statistics.median(taken), max(taken[1:] or taken), statistics.median(worked))
    return (what, *(f"{one:.2f}" for one in found_times))


if __name__ == "__main__":
    raise SystemExit(main())
