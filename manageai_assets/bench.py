"""`make bench`: what builds cost, as medians and ratios. Nothing here is a test; times are this machine's.

* *Plain functions*: all stages of one intake, without Dagster, database or disk.
* *One intake through Dagster*: the same stages as assets in one process on PostgreSQL; what Dagster adds.
* *Backfill*: many intakes in one run; seconds an intake, and whether memory grows with their number.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from manageai_assets import console
from manageai_assets.intake.models import Intake
from manageai_assets.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from dagster import DagsterInstance, JobDefinition
    from sqlalchemy import Engine

EXAMPLES = PROJECT_ROOT / "examples" / "intakes"
RUN_AGAIN = 3
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints tables."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measures what builds cost.")
    parser.add_argument("--plain", type=int, default=100, help="intakes for the plain functions (default: 100)")
    parser.add_argument("--backfill", type=int, default=200, help="intakes in the backfill (default: 200)")
    options = parser.parse_args(arguments)
    _show_imports()
    plain = _show_plain(options.plain)
    with _server() as server:
        _show_dagster(server, options.backfill, plain)
    return 0


# -- imports ---------------------------------------------------------------------------------------------------


def _show_imports() -> None:
    """How long a new process takes to have the command line, and the code location, which every run loads."""
    programs = {
        "python alone": "pass",
        "command line": "import manageai_assets.cli",
        "code location": "from manageai_assets.definitions import defs; import manageai_assets.intake.assets, "
        "manageai_assets.build.assets, sensors",
    }
    rows = [(name, f"{_median_seconds(code):.2f} s") for name, code in programs.items()]
    console.show_table(("new process with", "median of 3"), rows, title="Start")


def _median_seconds(code: str) -> float:
    times = []
    for _ in range(RUN_AGAIN):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT_ROOT)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


# -- plain functions -------------------------------------------------------------------------------------------


def _show_plain(number: int) -> float:
    """Milliseconds that the plain functions take for an intake (median)."""
    from manageai_assets.documents.stages import DOCUMENT_NAMES
    from manageai_assets.pipeline import STAGES, build

    intakes = generated_intakes(number)
    for intake in intakes[:5]:
        build(intake)
    totals: list[float] = []
    by_stage: dict[str, list[float]] = {stage.name: [] for stage in STAGES}
    with console.progress(number, "plain functions") as step:
        for intake in intakes:
            started = time.perf_counter()
            outcomes = build(intake)
            totals.append((time.perf_counter() - started) * 1000)
            for name, outcome in outcomes.items():
                by_stage[name].append(outcome.seconds * 1000)
            step(intake.key)
    rows = [(name, _ms(statistics.median(times)), _ms(_p95(times))) for name, times in by_stage.items()]
    packages = [sum(times) for times in zip(*(by_stage[name] for name in DOCUMENT_NAMES), strict=True)]
    rows.append(("the SOW package", _ms(statistics.median(packages)), _ms(_p95(packages))))
    rows.append(("all", _ms(statistics.median(totals)), _ms(_p95(totals))))
    console.show_table(("stage", "median ms", "p95 ms"), rows, title=f"Plain functions, {number} intakes")
    return statistics.median(totals)


def generated_intakes(number: int) -> list[Intake]:
    """Intakes like those examples that are ready, each under a slug of its own."""
    from manageai_assets.intake.reading import read_intake
    from manageai_assets.pipeline import build

    found = [read_intake(path) for path in sorted(EXAMPLES.glob("*.yaml"))]
    examples = [intake for intake in found if build(intake)["delivery_pack"].value is not None]
    return [
        examples[index % len(examples)].model_copy(update={"slug": f"bench-{index:05}", "title": f"Bench {index}"})
        for index in range(number)
    ]


# -- Dagster ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Server:
    instance: DagsterInstance
    engine: Engine
    build: JobDefinition


@contextmanager
def _server() -> Iterator[_Server]:
    """Dagster on an embedded PostgreSQL of the bench's own."""
    with tempfile.TemporaryDirectory(prefix="manageai-bench-", ignore_cleanup_errors=True) as folder:
        from resources.database import engine_for, start_embedded, with_driver

        embedded = start_embedded(Path(folder) / "postgres")
        url = with_driver(embedded.get_uri())
        home = Path(folder) / "dagster_home"
        home.mkdir()
        (home / "dagster.yaml").write_bytes((PROJECT_ROOT / "dagster.yaml").read_bytes())
        os.environ |= {
            "DATABASE_URL": url,
            "DAGSTER_HOME": str(home),
            "ARTIFACTS_URI": str(Path(folder) / "artifacts"),
            "DAGSTER_EVENT_BATCH_SIZE": "50",
        }
        from dagster import DagsterInstance

        from manageai_assets.build import assets as build
        from manageai_assets.definitions import BUILD_JOB, assemble
        from manageai_assets.documents import assets as documents
        from manageai_assets.intake import assets as intake
        from manageai_assets.pipeline import STAGES
        from manageai_assets.store.migrate import migrate
        from manageai_assets.testing import assets as testing

        engine = engine_for(url)
        migrate(engine)
        job = assemble([*intake.ASSETS, *build.ASSETS, *testing.ASSETS, *documents.ASSETS], STAGES).resolve_job_def(
            BUILD_JOB
        )
        with DagsterInstance.from_config(str(home)) as instance:
            yield _Server(instance, engine, job)
        engine.dispose()
        embedded.cleanup()


def _show_dagster(server: _Server, number: int, plain_ms: float) -> None:
    from manageai_assets.partitions import BUILDS_PER_RUN

    keys = _submitted(server, number + RUN_AGAIN)
    single = [_run(server, [key]) for key in keys[:RUN_AGAIN]]
    rest = keys[RUN_AGAIN:]
    batches = [rest[start : start + BUILDS_PER_RUN] for start in range(0, number, BUILDS_PER_RUN)]
    memory, seconds = [_resident_mb()], []
    with console.progress(len(batches), "backfill") as step:
        for batch in batches:
            seconds.append(_run(server, batch))
            memory.append(_resident_mb())
            step(batch[-1])
    each = sum(seconds) / number
    one = statistics.median(single)
    rows = [
        ("one intake, one run (median of 3)", f"{one:.2f} s", f"{one * 1000 / plain_ms:.0f} x plain"),
        (
            f"backfill of {number} in {len(batches)} runs, an intake",
            f"{each:.3f} s",
            f"{each * 1000 / plain_ms:.1f} x plain",
        ),
        ("of that in the plain functions", f"{plain_ms / 1000:.3f} s", f"{plain_ms / each / 10:.0f} %"),
        ("memory before, and after each run", " ".join(f"{size:.0f}" for size in memory) + " MB", ""),
    ]
    console.show_table(("through Dagster, in one process", "", ""), rows, title="Dagster on PostgreSQL")


def _submitted(server: _Server, number: int) -> list[str]:
    from manageai_assets.partitions import INTAKES
    from manageai_assets.submissions import submit

    keys = [submit(server.engine, intake, "examples").partition_key for intake in generated_intakes(number)]
    server.instance.add_dynamic_partitions(str(INTAKES.name), keys)
    return keys


def _run(server: _Server, keys: Sequence[str]) -> float:
    """Seconds of one run over neighbouring partitions."""
    from sensors.builds import RANGE_END, RANGE_START

    tags = {RANGE_START: keys[0], RANGE_END: keys[-1]} if len(keys) > 1 else {"dagster/partition": keys[0]}
    started = time.perf_counter()
    server.build.execute_in_process(instance=server.instance, tags=tags, run_config=QUIET)
    return time.perf_counter() - started


def _resident_mb() -> float:
    """Memory of this process now, in megabytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.2f}"


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    sys.exit(main())
