"""`make bench`: what client snapshots cost, and what they find. Nothing here is a test; times are this machine's.

All is measured on made-up agencies (`manageai_assets.demo`), whose scenarios are specs of real blueprints:

* *Backfill*: 50 clients with 600 scenarios, a year of days. It must be under 5 minutes.
* *One day*: 1,000 clients with 12,000 scenarios, one day, with no day of the weeks before added up. Under a minute.
* *Recall*: how many of the planted opportunities and risks the snapshots of the last day name, by kind, at least 0.9;
  and what stands first over all clients, to be read by people.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from manageai_assets import console
from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions, hour_of_work
from manageai_assets.clients.reading import snapshots_on
from manageai_assets.clients.snapshots import LOOK_BACK, Made, make_client_snapshots
from manageai_assets.demo.agency import agency
from manageai_assets.demo.loading import RAW_DAYS, load
from manageai_assets.demo.measuring import best, is_found, recall, worst
from manageai_assets.demo.models import Agency
from manageai_assets.documents.brand import our_brand
from manageai_assets.monitoring.alerts.channels import addressees
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import WINDOW
from manageai_assets.monitoring.readiness import FIRST_JUDGED
from manageai_assets.monitoring.snapshots import make_snapshots
from manageai_assets.settings import Settings
from tools.bench_database import database

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.clients.models import ClientSnapshot

EACH = 12
"""Scenarios of a client."""
LEAST_RECALL = 0.9
SLOW = 0.3
"""Share of a usual agency's work that a large one does: 12,000 scenarios then run about 100,000 times a day."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What was measured: in how many seconds how much was made, with how much memory."""

    what: str
    much: str
    seconds: float
    megabytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints tables; the exit code is 1 when too few plants are found."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_clients", description="Measures client snapshots.")
    parser.add_argument("--days", type=int, default=365, help="days of the backfill (default: 365)")
    parser.add_argument("--clients", type=int, default=1000, help="clients of the one day (default: 1000); 0: not")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3], help="agencies of the recall")
    options = parser.parse_args(arguments)
    if options.days:
        small = agency(1)
        year = [small.today - timedelta(ago) for ago in range(options.days)]
        _show([_measured("backfill", small, year, RAW_DAYS)])
    if options.clients:
        large = agency(1, options.clients, options.clients * EACH, pace=SLOW)
        _show([_measured("one day", large, [large.today], LOOK_BACK.days + 1)])
    shares = [_recall(seed) for seed in options.seeds]
    return 1 if any(share < LEAST_RECALL for share in shares) else 0


def _show(costs: Sequence[Cost]) -> None:
    rows = [(one.what, one.much, f"{one.seconds:.1f}", one.megabytes) for one in costs]
    console.show_table(("what", "how much", "seconds", "memory MB"), rows)


def _measured(what: str, given: Agency, dates: Sequence[date], raw_days: int) -> Cost:
    with database() as engine:
        loaded = load(engine, given, given.day(given.today).end, raw_days=raw_days)
        begun = time.perf_counter()
        made = _snapshots(engine, given, dates)
        seconds = time.perf_counter() - begun
    much = (
        f"{sum(one.clients for one in made):,} snapshots of {loaded.scenarios:,} scenarios, {loaded.executions:,} "
        f"executions, {loaded.days:,} days added up before"
    )
    return Cost(what, much, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _snapshots(engine: Engine, given: Agency, dates: Sequence[date]) -> list[Made]:
    return make_client_snapshots(engine, dates, given.zone, prices(), assumptions(), _hour())


def _hour() -> Decimal:
    price = our_brand().price
    return hour_of_work(price.hour, price.currency, assumptions())


def _recall(seed: int) -> float:
    """Prints what is found in an agency; gives the share of the plants."""
    given = agency(seed, months=2)
    end = given.day(given.today).end
    with database() as engine:
        load(engine, given, end)
        starts = [end - FIRST_JUDGED + place * WINDOW for place in range(FIRST_JUDGED // WINDOW)]
        make_snapshots(engine, starts, end)
        judge_windows(engine, starts, end, addressees(Settings()))
        _snapshots(engine, given, [given.today])
        found = snapshots_on(engine, given.today)
    _show_recall(seed, given, found)
    _show_first(seed, found)
    kinds = recall(given.plants, {one.customer_name: one for one in found})
    return sum(hit for hit, _ in kinds.values()) / sum(planted for _, planted in kinds.values())


def _show_recall(seed: int, given: Agency, found: Sequence[ClientSnapshot]) -> None:
    listed: Counter[tuple[str, str]] = Counter(("risk", one.part) for snapshot in found for one in snapshot.risks)
    listed.update(("opportunity", one.kind) for snapshot in found for one in snapshot.opportunities)
    kinds = recall(given.plants, {one.customer_name: one for one in found})
    rows = [(*kind, planted, hit, f"{hit / planted:.2f}", listed[kind]) for kind, (hit, planted) in kinds.items()]
    columns = ("", "kind", "planted", "found", "recall", "listed in all")
    console.show_table(columns, rows, title=f"What is planted in agency {seed}")
    by_client = {one.customer_name: one for one in found}
    for plant in given.plants:
        if plant.client not in by_client or not is_found(plant, by_client[plant.client]):
            print(f"missed: {plant.finding} of {plant.client}: {', '.join(plant.scenarios)} {plant.about}")


def _show_first(seed: int, found: Sequence[ClientSnapshot]) -> None:
    chances = [
        (place, name, one.title, f"{one.saving or one.operations} {one.currency or 'operations'}", f"{one.hours} h",
         "\n".join(one.arithmetic), "\n".join(one.sources))
        for place, (name, one) in enumerate(best(found, _hour()), start=1)
    ]  # fmt: skip
    columns = ("", "client", "what", "saves a month", "work", "how that comes about", "from")
    console.show_table(columns, chances, title=f"The first opportunities of agency {seed}")
    dangers = [
        (place, name, one.part, str(one.points), one.scenario, one.step, one.what, one.remedy)
        for place, (name, one) in enumerate(worst(found), start=1)
    ]
    columns_of_risks = ("", "client", "risk", "points", "scenario", "step", "what", "to do")
    console.show_table(columns_of_risks, dangers, title=f"The first risks of agency {seed}")


if __name__ == "__main__":
    raise SystemExit(main())
