"""A suite on an engine: each case's expectation, the run, the comparison, and the report of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from compilers.errors import UserError
from compilers.expressions.context import Context
from compilers.spec import Spec
from manageai_assets.testing.compare import compare
from manageai_assets.testing.dialects import AS_SPECIFIED, Dialect, n8n_dialect
from manageai_assets.testing.engine import Engine, UnplayableError
from manageai_assets.testing.models import Case, CaseResult, EngineName, TestReport, TestSuite
from manageai_assets.testing.reference import Reference
from manageai_assets.testing.report import make_report
from manageai_assets.testing.simulator import context_of

Heard = Callable[[int, CaseResult], None]
"""Hears of each case as it ends, with its number from 1."""


@dataclass(frozen=True)
class LeftOut:
    """A case that an engine can't play, or of which it can't be known what the engine does, and why."""

    case: Case
    why: str


def run_suite(spec: Spec, suite: TestSuite, engine: Engine, heard: Heard = lambda number, result: None) -> TestReport:
    """The report of a suite on an engine. A case that the engine can't run has failed, with the reason."""
    results: list[CaseResult] = []
    notes: list[str] = []
    started = time.perf_counter()
    for number, outcome in enumerate(outcomes(spec, suite.cases, engine), start=1):
        if isinstance(outcome, LeftOut):
            notes.append(f"`{outcome.case.title}` was left out: {outcome.why}")
        else:
            results.append(outcome)
            heard(number, outcome)
    took = (time.perf_counter() - started) * 1000 if _is_live(engine) else 0.0
    report = make_report(spec, engine.name, engine.subject, results, tuple(notes))
    return report.model_copy(update={"milliseconds": took})


def outcomes(spec: Spec, cases: Iterable[Case], engine: Engine) -> Iterator[CaseResult | LeftOut]:
    """What becomes of each case on an engine, which is opened for them and closed behind the last one."""
    live = _is_live(engine)
    reference = Reference(spec, dialect_of(engine.name, spec))
    with engine:
        for case in cases:
            context = context_of(spec, case.name, datetime.now(UTC) if live else None)
            if live and (why := reference.unforeseen(case, context)):
                yield LeftOut(case, why)
                continue
            try:
                yield run_case(spec, case, engine, reference, context)
            except UnplayableError as reason:
                yield LeftOut(case, str(reason))


def _is_live(engine: Engine) -> bool:
    return engine.name != "simulate"


def run_case(spec: Spec, case: Case, engine: Engine, reference: Reference, context: Context) -> CaseResult:
    """One case on an engine, compared. Raises `UnplayableError` for one that it can't play."""
    expectation = reference.expect(case, context, engine.view)
    try:
        actual = engine.run(case, expectation.trace, context)
    except UnplayableError:
        raise
    except UserError as problem:
        return CaseResult(case=case, passed=False, expected=expectation.seen, problem=str(problem))
    return compare(spec, reference.adjusted(case), expectation.seen, actual, expectation.volatile, engine.sees)


def dialect_of(name: EngineName, spec: Spec) -> Dialect:
    """The known differences of an engine."""
    return n8n_dialect(spec) if name == "n8n" else AS_SPECIFIED
