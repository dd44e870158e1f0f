"""Random specs on the simulator and on a real n8n: what differs, in classes, and the smallest spec that still shows it.

Left out are cases whose way hangs on the minute in which they run, cases in which an expression can't be calculated:
n8n goes on with nothing there or fails, by the place (`compilers.n8n.differences`); and cases in which calls that n8n
makes at the same moment are alike but for their answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from compilers.errors import UserError
from compilers.exports import emit
from compilers.spec import parse_spec
from manageai_assets.testing.dialects import n8n_dialect
from manageai_assets.testing.engine import UnplayableError
from manageai_assets.testing.models import Case, CaseResult
from manageai_assets.testing.n8n_engine import N8nEngine
from manageai_assets.testing.n8n_session import N8nSession
from manageai_assets.testing.reference import Reference
from manageai_assets.testing.running import run_case
from manageai_assets.testing.simulator import context_of
from tests.live.random_specs import Sample
from tests.live.shrinking import shrunk

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))
"""Samples that showed a fault before it was mended, made as small as could be."""
_POSITION = re.compile(r"\[\d+\]")
_FIELD = re.compile(r"\.f\d+")


@dataclass(frozen=True)
class Outcome:
    """What became of a sample: its cases that were compared, how many were not, and why n8n would not run it."""

    sample: Sample
    results: tuple[CaseResult, ...] = ()
    left_out: int = 0
    refused: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its differences, without what changes from spec to spec: `app outputs.value`, `status`."""
        refused = (f"refused: {self.refused[:80]}",) if self.refused else ()
        return tuple(dict.fromkeys((*refused, *(kind for result in self.results for kind in self._kinds(result)))))

    def _kinds(self, result: CaseResult) -> Iterator[str]:
        kinds = {step.id: step.kind for step in self.sample.spec.nodes}
        if result.problem:
            yield f"problem: {result.problem[:60]}"
        for one in result.differences:
            what = _FIELD.sub(".f", _POSITION.sub("", one.what))
            yield f"{kinds.get(one.step, one.step)} {what}".strip()

    def lines(self) -> Iterator[str]:
        """The differences, for people."""
        if self.refused:
            yield f"{self.sample.name}: {self.refused}"
        for result in self.results:
            if result.problem:
                yield f"{self.sample.name} {result.case.name}: {result.problem}"
            for one in result.differences:
                seen = f"{str(one.expected)[:300]} | {str(one.actual)[:300]}"
                yield f"{self.sample.name} {result.case.name}: {one.step} {one.what}: {seen}"


def read(file: Path) -> Sample:
    """A sample that was kept."""
    document = json.loads(file.read_text(encoding="utf-8"))
    cases = tuple(Case.model_validate(case) for case in document["cases"])
    return Sample(file.stem, parse_spec(document["spec"]), cases)


def compared(session: N8nSession, sample: Sample) -> Outcome:
    """A sample's cases on both."""
    spec = sample.spec
    reference = Reference(spec, n8n_dialect(spec))
    results: list[CaseResult] = []
    try:
        with N8nEngine(session.server, session.sandbox, spec, emit(spec, "n8n")) as engine:
            for case in sample.cases:
                context = context_of(spec, case.name, datetime.now(UTC))
                if not reference.unforeseen(case, context):
                    with suppress(UnplayableError):
                        results.append(run_case(spec, case, engine, reference, context))
    except UserError as problem:
        return Outcome(sample, tuple(results), refused=str(problem))
    return Outcome(sample, tuple(results), len(sample.cases) - len(results))


def smallest(session: N8nSession, outcome: Outcome) -> Outcome:
    """The outcome of the smallest sample that still shows the first difference of this one."""
    kind = outcome.kinds[0]
    return compared(session, shrunk(outcome.sample, lambda sample: kind in compared(session, sample).kinds))
