"""The implementation checklist, as Markdown: what is done to bring the automation to life, in order, to tick off.

The template `templates/implementation_checklist.md.j2` lays it out. Every point names the account, file, module or
node that it is about. Client text stands literally, values as code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import OperationStep, Spec
from manageai_assets.build.exports import EXPORTS, ExportValidationReport, PlatformReport
from manageai_assets.build.flow_words import app_name
from manageai_assets.build.markdown import render
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.documents.technical_spec import notes_of
from manageai_assets.testing.models import TestReport

ERRORS_SHOWN = 30


@dataclass(frozen=True)
class Written:
    """A step that leaves something behind in an app, which a test run must take away again."""

    number: int
    title: str
    app: str
    account: str


@dataclass(frozen=True)
class Handled:
    """A step whose failure is to be forced once, and what must happen then."""

    number: int
    title: str
    then: str


def implementation_checklist(
    facts: Facts, spec: Spec, exports: ExportValidationReport, tests: TestReport | None = None
) -> str:
    """The checklist. Raises `UserError` for a template that is wrong."""
    say, graph = messages(facts.brand.language), SpecGraph(spec)
    return render(
        "implementation_checklist.md.j2",
        say=say,
        facts=facts,
        spec=spec,
        graph=graph,
        reports=[report for report in exports.wanted if report.report is not None],
        refused=[report for report in exports.wanted if report.report is None],
        files={name: export.artifact for name, export in EXPORTS.items()},
        ways={report.platform: _steps(report, say) for report in exports.wanted},
        notes={report.platform: notes_of(report.notes) for report in exports.wanted},
        app_name=app_name,
        written=list(_written(facts, graph)),
        handled=list(_handled(facts))[:ERRORS_SHOWN],
        routes=[criterion for criterion in facts.criteria if criterion.cases],
        failing=[result.case for result in tests.results if not result.passed][:ERRORS_SHOWN] if tests else [],
        previous=facts.version - 1,
    )


def _steps(report: PlatformReport, say: Messages) -> dict[str, str]:
    """How a platform is told to import, switch on, switch off and go back."""
    keys = ("import", "connect", "webhook", "zone", "schedule", "run", "switch_on", "watch", "switch_off", "back")
    known = report.platform if say.has(f"checklist.{report.platform}.import") else "other"
    return {key: say(f"checklist.{known}.{key}", platform=report.title) for key in keys}


def _written(facts: Facts, graph: SpecGraph) -> Iterator[Written]:
    accounts = {connection.id: connection for connection in graph.spec.connections}
    for line in facts.lines:
        step = graph.get(line.step) if line.step else None
        if not isinstance(step, OperationStep) or step is graph.trigger or step.disabled:
            continue
        operation = registry().find(step.app, step.operation)
        if operation is None or (operation.kind == "action" and operation.side_effect):
            account = accounts.get(step.connection or "")
            whose = (account.account or account.label) if account else ""
            yield Written(line.number, line.title, line.app, whose)


def _handled(facts: Facts) -> Iterator[Handled]:
    return (Handled(line.number, line.title, line.on_error) for line in facts.lines if line.on_error)
