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
from datetime import UTC, datetime

from manageai_assets import console
from manageai_assets.clients.reports.making import Workshop, make_report, prepare
from manageai_assets.clients.reports.months import Month
from manageai_assets.documents.brand import our_brand, our_logo
from tools.bench_clients import EACH, database, fill

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
LARGE = 60
"""Scenarios of a large client."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_reports", description="Measures monthly reports.")
    parser.add_argument("--clients", type=int, default=50, help="clients (default: 50)")
    parser.add_argument("--runs", type=int, default=12, help="executions of a scenario and day (default: 12)")
    options = parser.parse_args(arguments)
    rows = [
        _measured(options.clients, EACH, options.runs),
        _measured(max(options.clients // 5, 1), LARGE, options.runs),
    ]
    columns = ("what", "snapshots of all", "first report", "median", "slowest", "median of this process alone")
    console.show_table(columns, rows, title="seconds")
    return 0


def _measured(clients: int, each: int, runs: int) -> tuple[str, ...]:
    with database() as engine, tempfile.TemporaryDirectory(prefix="manageai-bench-") as folder:
        executions = fill(engine, clients * each, OCTOBER.plus(-5).first, runs, each)
        shop = Workshop(our_brand(), our_logo(), folder, mailed=False)
        begun = time.perf_counter()
        found = prepare(engine, OCTOBER, shop, NOW)
        prepared = time.perf_counter() - begun
        taken: list[float] = []
        worked: list[float] = []
        for client in found:
            begun, working = time.perf_counter(), time.process_time()
            make_report(engine, client, OCTOBER, shop, NOW)
            taken.append(time.perf_counter() - begun)
            worked.append(time.process_time() - working)
    what = f"{len(found)} clients of {each} scenarios, {executions:,} executions"
    found_times = (prepared, taken[0], statistics.median(taken), max(taken[1:] or taken), statistics.median(worked))
    return (what, *(f"{one:.2f}" for one in found_times))


if __name__ == "__main__":
    raise SystemExit(main())
