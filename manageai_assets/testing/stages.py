"""The stages of tests: the cases of a spec, what became of them, and the pages that people read."""

from __future__ import annotations

from collections.abc import Mapping

from compilers.errors import UserError
from compilers.spec import Spec
from manageai_assets.build.exports import EXPORT_NAMES, EXPORTS, PlatformExport
from manageai_assets.build.flow_words import plural
from manageai_assets.build.markdown import escaped
from manageai_assets.stages import SHOWN_CHARACTERS, Cell, Check, Preview, Table, stage
from manageai_assets.testing.choosing import engine_for
from manageai_assets.testing.models import CaseGroup, CaseResult, EngineName, TestReport, TestSuite
from manageai_assets.testing.report import GROUPS, headline, to_html, to_markdown
from manageai_assets.testing.running import run_suite
from manageai_assets.testing.stored import stored
from manageai_assets.testing.suites import suite_for

SHOWN = 200
CHECKS: Mapping[CaseGroup, str] = {
    "routes": "routes_pass", "edges": "edge_cases_pass", "errors": "failures_pass", "business": "business_cases_pass",
}  # fmt: skip
"""The asset check of each group of cases."""
COVERED = "everything_is_covered"


def _suite_preview(suite: TestSuite) -> Preview:
    rows = tuple((case.group, case.title, case.why, case.must_end or "") for case in suite.cases[:SHOWN])
    counts: dict[str, Cell] = {group: sum(case.group == group for case in suite.cases) for group in GROUPS}
    return Preview(
        numbers={"cases": len(suite.cases), **counts, "not_covered": len(suite.not_covered)},
        markdown="\n".join(f"- {escaped(line)}" for line in (*suite.not_covered, *suite.notes)),
        tables={"cases": Table(("group", "case", "why", "must end"), rows)},
    )


@stage(artifact="test_suite.json", group="tests", preview=_suite_preview)
def test_suite(canonical_spec: Spec) -> TestSuite:
    """Test cases of the automation: every route, data at the edges, every failure of every app.

    Cases come from the spec; where `ANTHROPIC_API_KEY` is set, Claude adds realistic ones.
    """
    from manageai_assets.settings import read_settings

    return suite_for(canonical_spec, read_settings())


def _report_preview(report: TestReport) -> Preview:
    rows = tuple(
        (
            result.case.group,
            result.case.title,
            "passed" if result.passed else "FAILED",
            len(result.steps),
            result.problem or "; ".join(f"{one.step or 'run'}: {one.what}" for one in result.differences[:3]),
        )
        for result in sorted(report.results, key=lambda result: result.passed)[:SHOWN]
    )
    covered = report.coverage
    return Preview(
        numbers={
            "passed": report.passed,
            "engine": report.engine,
            "subject": report.subject,
            "cases": len(report.results),
            "failed": sum(not result.passed for result in report.results),
            "steps": _of(covered.steps, covered.steps_missed),
            "routes": _of(covered.routes, covered.routes_missed),
            "filters": _of(covered.filters, covered.filters_missed),
            "error_handlers": _of(covered.handlers, covered.handlers_missed),
        },
        markdown=f"**{escaped(headline(report))}**",
        tables={"cases": Table(("group", "case", "result", "modules", "differences"), rows)},
    )


def _of(reached: tuple[str, ...], missed: tuple[str, ...]) -> str:
    return f"{len(reached)} of {len(reached) + len(missed)}"


def _report_checks(report: TestReport) -> tuple[Check, ...]:
    covered = report.coverage
    missed = (*covered.steps_missed, *covered.routes_missed, *covered.handlers_missed)
    return (
        *(_group_check(group, report) for group in CHECKS),
        Check(
            COVERED,
            not missed,
            "every step, route and error handler ran" if not missed else "not all ran",
            False,
            missed,
        ),
    )


def _group_check(group: CaseGroup, report: TestReport) -> Check:
    results = [result for result in report.results if result.case.group == group]
    failed = [result for result in results if not result.passed]
    summary = f"{len(results) - len(failed)} of {plural(len(results), 'case')} passed" if results else "no such cases"
    return Check(CHECKS[group], not failed, summary, findings=tuple(map(_finding, failed)))


def _finding(result: CaseResult) -> str:
    first = result.differences[0] if result.differences else None
    why = result.problem or (f"{first.step or 'run'}: {first.what}" if first else "")
    return f"{result.case.title}: {why}"


@stage(
    artifact="test_report.json",
    group="tests",
    preview=_report_preview,
    checks=_report_checks,
    check_names=(*CHECKS.values(), COVERED),
    gathers={"exports": EXPORT_NAMES},
)
def test_report(canonical_spec: Spec, test_suite: TestSuite, exports: Mapping[str, PlatformExport]) -> TestReport:
    """What became of the cases, module by module, on the engine that `TEST_ENGINE` names.

    `simulate`, the default, runs the Make export as it is read back, `n8n` the n8n export on a real server, and `make`
    the Make export in a team at Make.
    """
    from manageai_assets.settings import read_settings

    settings = read_settings()
    documents = {name: exports[item.name].root for name, item in EXPORTS.items() if item.name in exports}
    if not documents:
        raise UserError("nothing was compiled, so there is nothing to test", where="exports")
    name: EngineName = settings.test_engine
    suite = test_suite if name == "simulate" else suite_for(canonical_spec, settings, live=True)
    with engine_for(name, canonical_spec, documents, settings) as engine:
        return stored(run_suite(canonical_spec, suite, engine))


def _text_preview(text: str) -> Preview:
    return Preview(numbers={"characters": len(text)}, markdown=text[:SHOWN_CHARACTERS])


def _page_preview(text: str) -> Preview:
    return Preview(numbers={"characters": len(text)})


@stage(artifact="test_report.md", group="tests", preview=_text_preview)
def test_summary(test_report: TestReport) -> str:
    """The tests for people, as text: what passed, what failed and why, what was covered."""
    return to_markdown(test_report)


@stage(artifact="test_report.html", group="tests", preview=_page_preview)
def test_page(test_report: TestReport) -> str:
    """The tests as one page for the browser, with expected and actual side by side."""
    return to_html(test_report)
