"""`make bench`: what client snapshots cost. Nothing here is a test; times are this machine's.

* *Backfill*: 50 clients with 12 scenarios each, a year of days, from stored executions. It must be under 5 minutes.
* *One day*: 1,000 clients with 12,000 scenarios, one day, with no day added up before. It must be under a minute.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import text

from manageai_assets import console
from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions
from manageai_assets.clients.facts import facts_of
from manageai_assets.clients.snapshots import LOOK_BACK, make_client_snapshots
from manageai_assets.store.migrate import migrate
from resources.database import engine_for, start_embedded, with_driver
from tests.manageai_assets.build.specs import all_specs

if TYPE_CHECKING:
    from sqlalchemy import Engine

LAST = date(2026, 10, 31)
EACH = 12
"""Scenarios of a client."""

_SCENARIOS = text("""
insert into manageai.scenarios (platform, external_id, name, slug, version, customer, contact, managed, created_at)
select case when n % 3 = 0 then 'n8n' else 'make' end, n::text, 'Scenario ' || n, 'scenario-' || n, 1,
       'Client ' || n / :each, case when n % 10 = 0 then '' else 'ops@example.com' end, true, :born
from generate_series(0, :count - 1) as n
""")
_EXECUTIONS = text("""
insert into manageai.executions
    (platform, execution_id, scenario_id, started_at, finished_at, duration_ms, outcome, operations)
select owner.platform, owner.id || '-' || at, owner.id, at, at + interval '2 seconds', 2000,
       case when hashtext(owner.id || '-' || at) % 50 = 0 then 'error' else 'success' end,
       case when owner.platform = 'n8n' then 1 else 1 + owner.id % 9 end
from manageai.scenarios as owner
cross join generate_series(cast(:first as timestamptz), cast(:last as timestamptz), cast(:every as interval)) as at
""")
_FACTS = text("""
insert into manageai.build_facts (slug, version, built_at, facts)
select slug, 1, now(), (cast(:facts as jsonb)) -> cast(id % :kinds as int) from manageai.scenarios
""")
_INCIDENTS = text("""
insert into manageai.incidents
    (fingerprint, kind, severity, status, platform, scenario_id, what, evidence, since, opened_at, last_seen_at,
     resolved_at)
select n::text, 'error_spike', 'high', 'resolved', owner.platform, owner.id, 'many executions fail', '{}',
       :first + n * interval '9 hours', :first + n * interval '9 hours', :first + n * interval '10 hours',
       :first + n * interval '10 hours'
from generate_series(0, 2000) as n join manageai.scenarios as owner on owner.external_id = (n % :count)::text
""")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_clients", description="Measures client snapshots.")
    parser.add_argument("--days", type=int, default=365, help="days of the backfill (default: 365)")
    parser.add_argument("--runs", type=int, default=12, help="executions of a scenario and day (default: 12)")
    parser.add_argument("--clients", type=int, default=1000, help="clients of the one day (default: 1000)")
    options = parser.parse_args(arguments)
    year = [LAST - timedelta(ago) for ago in range(options.days)]
    rows = [
        ("backfill", *_measured(50, year, options.runs)),
        ("one day", *_measured(options.clients, [LAST], options.runs)),
    ]
    console.show_table(("what", "how much", "seconds", "memory MB"), rows)
    return 0


def _measured(clients: int, dates: Sequence[date], runs: int) -> tuple[str, str, int]:
    with database() as engine:
        executions = fill(engine, clients * EACH, min(dates) - LOOK_BACK, runs)
        begun = time.perf_counter()
        made = make_client_snapshots(engine, dates, ZoneInfo("Europe/Berlin"), prices(), assumptions(), Decimal(95))
        seconds = time.perf_counter() - begun
    count = sum(one.clients for one in made)
    words = f"{count:,} snapshots of {clients * EACH:,} scenarios, {executions:,} executions"
    return words, f"{seconds:.1f}", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def fill(engine: Engine, scenarios: int, first: date, runs: int, each: int = EACH) -> int:
    """Fills a database with clients of `each` scenarios, up to `LAST`; gives how many executions that is."""
    facts = [facts_of(spec, tested=number > 0).model_dump(mode="json") for number, spec in enumerate(all_specs())]
    with engine.begin() as connection:
        connection.execute(_SCENARIOS, {"each": each, "count": scenarios, "born": first})
        span = {"first": first, "last": LAST + timedelta(1), "every": timedelta(days=1) / runs}
        count = connection.execute(_EXECUTIONS, span).rowcount
        connection.execute(_FACTS, {"facts": json.dumps(facts), "kinds": len(facts)})
        connection.execute(_INCIDENTS, {"first": first, "count": scenarios})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    return count


@contextmanager
def database() -> Iterator[Engine]:
    """A server of its own, with all tables."""
    with tempfile.TemporaryDirectory(prefix="manageai-bench-", ignore_cleanup_errors=True) as folder:
        server = start_embedded(Path(folder) / "postgres")
        engine = engine_for(with_driver(server.get_uri()))
        migrate(engine)
        try:
            yield engine
        finally:
            engine.dispose()
            server.cleanup()


if __name__ == "__main__":
    raise SystemExit(main())
