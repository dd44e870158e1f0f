"""`make bench`: the real blueprints beside the project, migrated, as one table: what is kept, and what it takes.

Needs `../shared`. Nothing here is a test; times are this machine's.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compilers.errors import UserError
from compilers.make.emit import emit as emit_make
from compilers.make.parse import parse, unwrap
from compilers.migrate import Migration
from compilers.residue import changes
from manageai_assets import console
from manageai_assets.migration.migrating import files_of, migrated
from resources.n8n_oracle import Issue, Oracle, install
from tests.compilers.workflows import below, left_over, nodes_of, wires_of

BLUEPRINTS = Path(__file__).parents[2] / "shared" / "blueprints" / "make"


@dataclass(frozen=True)
class Moved:
    """One blueprint: whether it comes back as it was, its migration, and how long that took."""

    name: str
    comes_back: bool
    migration: Migration
    milliseconds: float


def main() -> int:
    """Prints the tables."""
    files = sorted(BLUEPRINTS.glob("*.json"))
    if not files:
        print(f"no real blueprints in {BLUEPRINTS}: nothing to measure")
        return 0
    moved, refused = _migrate_all(files)
    issues = Oracle(install()).check_workflows([one.migration.export.document for one in moved])
    rows = [*_kept(moved, len(files), refused), *_expressions(moved), *_by_n8n(moved, issues), *_times(moved)]
    console.show_table(("what", "measured"), rows, title=f"Migrations, {len(files)} real blueprints")
    by_hand = Counter(
        module.module for one in moved for module in one.migration.report.modules if module.grade == "manual"
    )
    console.show_table(("left to a person", "uses"), by_hand.most_common(15))
    return 0


def _migrate_all(files: Sequence[Path]) -> tuple[list[Moved], int]:
    moved: list[Moved] = []
    refused = 0
    with console.progress(len(files), "migrating") as step:
        for file in files:
            document = json.loads(file.read_text(encoding="utf-8"))
            started = time.perf_counter()
            try:
                migration = migrated(document)
                files_of(migration, file.stem)
            except UserError:
                refused += 1
                continue
            took = (time.perf_counter() - started) * 1000
            back = emit_make(parse(document).spec).document
            moved.append(Moved(file.name, not changes(unwrap(document), back), migration, took))
            step(file.name)
    return moved, refused


def _kept(moved: Sequence[Moved], files: int, refused: int) -> list[tuple[str, str]]:
    grades: Counter[str] = Counter()
    for one in moved:
        grades.update(one.migration.report.grades)
    complete = sum(one.migration.report.is_complete for one in moved)
    routes, lost_routes, edges, lost_edges = _branches(moved)
    dangling = sum(
        not {source, target} <= nodes_of(one.migration.export.document).keys()
        for one in moved
        for source, _, target, _ in wires_of(one.migration.export.document)
    )
    return [
        ("converted", f"{len(moved)} of {files}, {refused} refused"),
        ("come back to Make as they were", f"{sum(one.comes_back for one in moved)}"),
        *((f"modules {grade}", _share(grades[grade], grades.total())) for grade in ("native", "equivalent", "manual")),
        ("blueprints without a manual module", _share(complete, len(moved))),
        ("branches kept", f"{routes - lost_routes} of {routes}"),
        ("connections between modules kept", f"{edges - lost_edges} of {edges}"),
        ("dangling connections", str(dangling)),
        ("parameters with Make's notation", str(sum(len(left_over(one.migration.export.document)) for one in moved))),
    ]


def _branches(moved: Sequence[Moved]) -> tuple[int, int, int, int]:
    routes = lost_routes = edges = lost_edges = 0
    for one in moved:
        reached, places = below(one.migration.export.document), one.migration.export.places
        for edge in one.migration.spec.edges:
            if edge.disabled or not places.get(edge.source):
                continue
            lost = not any(set(places[edge.target]) & reached[node] for node in places[edge.source])
            edges, lost_edges = edges + 1, lost_edges + lost
            if edge.kind in ("route", "branch"):
                routes, lost_routes = routes + 1, lost_routes + lost
    return routes, lost_routes, edges, lost_edges


def _expressions(moved: Sequence[Moved]) -> list[tuple[str, str]]:
    reports = [one.migration.report.expressions for one in moved]
    translated, total = sum(one.translated for one in reports), sum(one.total for one in reports)
    nothing = sum(bool(row.why) for one in reports for row in one.changed)
    return [
        ("expressions translated", _share(translated, total)),
        ("of those with a reference to nothing, on Make either", str(nothing)),
    ]


def _by_n8n(moved: Sequence[Moved], issues: Sequence[Sequence[Issue]]) -> list[tuple[str, str]]:
    wrong = accounts = 0
    for one, found in zip(moved, issues, strict=True):
        by_hand = {node for step in one.migration.export.manual for node in one.migration.export.places[step]}
        for issue in found:
            if issue.layer == "credentials":
                accounts += 1
            elif issue.severity == "error" and issue.node not in by_hand:
                wrong += 1
    return [("errors by n8n's own code", str(wrong)), ("credentials to connect", str(accounts))]


def _times(moved: Sequence[Moved]) -> list[tuple[str, str]]:
    times = [one.milliseconds for one in moved]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        ("a blueprint, with its files (median)", f"{statistics.median(times):.1f} ms"),
        ("a blueprint, with its files (p95)", f"{statistics.quantiles(times, n=20)[-1]:.1f} ms"),
        ("all of them", f"{sum(times) / 1000:.1f} s"),
        ("memory at most", f"{memory:.0f} MB"),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {100 * part / max(1, whole):.2f} %"


if __name__ == "__main__":
    sys.exit(main())
