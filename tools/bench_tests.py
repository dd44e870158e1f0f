"""What tests cost on the simulator: runs a second of scenarios of ten steps, and whole suites of the examples.

`python -m tools.bench_tests` prints medians and the slowest; the times are this machine's, on one core.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from pydantic import JsonValue

from compilers.exports import emit
from compilers.spec import Spec, parse_spec
from manageai_assets import console
from manageai_assets.intake.reading import read_intake
from manageai_assets.pipeline import build
from manageai_assets.settings import PROJECT_ROOT
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.models import Case
from manageai_assets.testing.report import to_html
from manageai_assets.testing.running import run_suite
from manageai_assets.testing.simulated_engine import BlueprintEngine
from manageai_assets.testing.simulator import Simulator

SECONDS = 1.0
"""How long each throughput is measured, three times."""
TIMES = 3


def main() -> int:
    """Measures, and prints tables."""
    rows = []
    for name, spec in (("a chain", chain()), ("routes, a loop, an aggregate", branched())):
        rates = [_rate(Simulator(spec), suite_of(spec).cases[0]) for _ in range(TIMES)]
        rows.append((name, len(spec.nodes), f"{statistics.median(rates):,.0f}"))
    console.show_table(("scenario", "steps", "runs a second (median of 3)"), rows, title="Simulator")
    console.show_table(
        ("build", "cases", "cases made ms", "run ms", "ms a case", "page ms"),
        [_suite_row(spec) for spec in _examples()],
        title="Suites on the simulator, over the Make export",
    )
    return 0


def _rate(simulator: Simulator, case: Case) -> float:
    """Runs a second."""
    simulator.run(case)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        simulator.run(case)
        count += 1
    return count / (time.perf_counter() - started)


def _suite_row(spec: Spec) -> tuple[str, int, str, str, str, str]:
    export = emit(spec, "make")
    engine = BlueprintEngine(spec, export.document, export.places)
    suite = suite_of(spec)
    made = statistics.median(_ms(lambda: suite_of(spec)) for _ in range(TIMES))
    report = run_suite(spec, suite, engine)
    ran = statistics.median(_ms(lambda: run_suite(spec, suite, engine)) for _ in range(TIMES))
    page = statistics.median(_ms(lambda: to_html(report)) for _ in range(TIMES))
    count = len(suite.cases)
    return spec.slug, count, f"{made:.0f}", f"{ran:.0f}", f"{ran / count:.1f}", f"{page:.0f}"


def _ms(once: Callable[[], object]) -> float:
    started = time.perf_counter()
    once()
    return (time.perf_counter() - started) * 1000


def _examples() -> list[Spec]:
    folder: Path = PROJECT_ROOT / "examples" / "intakes"
    values = (build(read_intake(file))["canonical_spec"].value for file in sorted(folder.glob("*.yaml")))
    return [value for value in values if isinstance(value, Spec)]


# -- scenarios of ten steps ----------------------------------------------------------------------------------------


def chain() -> Spec:
    """A webhook and nine messages, each with what came before."""
    steps: list[JsonValue] = [
        {
            "id": f"tell_{number}",
            "kind": "app",
            "app": "slack",
            "operation": "send_message",
            "inputs": {"channel": "sales", "text": "{{ upper(lead.body.name) }} orders {{ lead.body.count * 2 }}"},
        }
        for number in range(1, 10)
    ]
    names = ["lead", *(f"tell_{number}" for number in range(1, 10))]
    edges: list[JsonValue] = [{"source": one, "target": other} for one, other in pairwise(names)]
    return _spec("bench-chain", steps, edges)


def branched() -> Spec:
    """A webhook, a variable, a router with a loop that is collected on one route and messages on both."""
    message: JsonValue = {"channel": "sales", "text": "{{ lead.body.name }}"}
    steps: list[JsonValue] = [
        {"id": "sum", "kind": "set_variables", "variables": [{"name": "total", "value": "{{ lead.body.count * 3 }}"}]},
        {"id": "which", "kind": "router"},
        {"id": "line", "kind": "iterate", "array": "{{ lead.body.lines }}"},
        {"id": "log", "kind": "app", "app": "slack", "operation": "send_message", "inputs": message},
        {"id": "rows", "kind": "aggregate", "source": "line", "mode": "text", "value": "{{ line.sku }}"},
        {"id": "tell", "kind": "app", "app": "slack", "operation": "send_message", "inputs": message},
        {"id": "small", "kind": "app", "app": "slack", "operation": "send_message", "inputs": message},
        {"id": "read", "kind": "get_variables", "names": ["total"]},
        {"id": "answer", "kind": "respond", "body": {"total": "{{ read.total }}"}},
    ]
    many: JsonValue = {"any_of": [[{"left": "{{ sum.total }}", "operator": "number:greater", "right": 5}]]}
    edges: list[JsonValue] = [
        {"source": "lead", "target": "sum"},
        {"source": "sum", "target": "which"},
        {"source": "which", "target": "line", "kind": "route", "filter": many},
        {"source": "line", "target": "log"},
        {"source": "log", "target": "rows"},
        {"source": "rows", "target": "tell"},
        {"source": "which", "target": "small", "kind": "route"},
        {"source": "small", "target": "read"},
        {"source": "read", "target": "answer"},
    ]
    return _spec("bench-branched", steps, edges)


def _spec(slug: str, steps: list[JsonValue], edges: list[JsonValue]) -> Spec:
    sample: JsonValue = {"body": {"name": "Ada", "count": 3, "lines": [{"sku": "A"}, {"sku": "B"}, {"sku": "C"}]}}
    return parse_spec(
        {
            "slug": slug,
            "name": slug,
            "customer": {"name": "Example GmbH"},
            "trigger": {"kind": "trigger", "id": "lead", "app": "webhook", "operation": "receive", "sample": sample},
            "steps": steps,
            "edges": edges,
        }
    )


if __name__ == "__main__":
    raise SystemExit(main())
