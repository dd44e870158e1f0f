"""The documents of a build: the blueprint for the team, the summary for the client, and the log.

Each is a template of the folder `templates` over values that are computed here; nothing is computed in a template.
The same build always gives the same bytes, so that none of them holds the time at which it was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue

from compilers.errors import Finding
from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.rules import validate_spec
from compilers.spec import AnyStep, NativeStep, OperationStep, Spec, templates_of
from manageai_assets.build import flow_words
from manageai_assets.build.confidence import Confidence
from manageai_assets.build.cost import CostEstimate
from manageai_assets.build.exports import (
    EXPORT_NAMES,
    EXPORTS,
    ExportValidationReport,
    PlatformExport,
    ValidationReport,
    report_of,
)
from manageai_assets.build.markdown import render
from manageai_assets.build.outline import Item, outline
from manageai_assets.build.timeline import Timeline
from manageai_assets.intake.assessment import Assessment
from manageai_assets.intake.models import Intake
from manageai_assets.stages import Preview, Value, stage
from manageai_assets.testing.models import TestReport
from manageai_assets.testing.report import headline


@dataclass(frozen=True)
class Account:
    """An account that somebody must connect."""

    label: str
    app: str
    account: str
    grants: str
    minutes: int


@dataclass(frozen=True)
class Line:
    """One line of the flow in words. `does`: what the step does, where its kind doesn't say it already."""

    level: int
    step: AnyStep | None
    lead: str
    does: str


@dataclass(frozen=True)
class Row:
    """One step in the blueprint's table: when it runs, how often in a run, and what it is given."""

    number: int
    step: AnyStep
    when: str
    times: Decimal
    values: tuple[tuple[str, JsonValue], ...]


def accounts(spec: Spec) -> tuple[Account, ...]:
    """The accounts that the spec's steps use, each once, with the access that the client must give."""
    used = {step.connection for step in spec.nodes if isinstance(step, OperationStep)}
    found = []
    for connection in spec.connections:
        if connection.id not in used:
            continue
        app = registry().apps.get(connection.app)
        known = app.connection if app else None
        name = flow_words.app_name(connection.app)
        found.append(
            Account(
                label=connection.label or (known.label if known else name),
                app=name,
                account=connection.account,
                grants=known.grants if known else "",
                minutes=known.setup_minutes if known else 0,
            )
        )
    return tuple(found)


def webhook_titles(spec: Spec, report: ExportValidationReport) -> tuple[str, ...]:
    """What the client's systems must send to an address that exists only after the import."""
    steps = dict.fromkeys(webhook.step for platform in report.platforms for webhook in platform.webhooks)
    graph = SpecGraph(spec)
    return tuple(step.title for identifier in steps if (step := graph.get(identifier)) is not None)


def _shared(spec: Spec, picture: bool) -> dict[str, object]:
    """What every document has."""
    graph = SpecGraph(spec)
    protected = [step for step in graph.topological() if step.on_error or graph.handler(step.id)]
    return {
        "spec": spec,
        "graph": graph,
        "words": flow_words,
        "runs_in_words": flow_words.starts(spec),
        "accounts": accounts(spec),
        "protected": protected,
        "confirm": [assumption for assumption in spec.assumptions if assumption.severity != "low"],
        "picture": picture,
    }


def _line(item: Item) -> Line:
    does = ""
    if item.step is not None:
        does = flow_words.action(item.step)
        does = "" if does == flow_words.kind_name(item.step) else does[:1].lower() + does[1:]
    return Line(item.level, item.step, item.lead, does)


def summary(
    spec: Spec,
    checked: ValidationReport,
    report: ExportValidationReport,
    timeline: Timeline,
    cost: CostEstimate,
    questions: Sequence[str] = (),
    picture: bool = False,
) -> str:
    """The client's summary, as Markdown."""
    return render(
        "customer_delivery_summary.md.j2",
        **_shared(spec, picture),
        outline=[_line(item) for item in outline(SpecGraph(spec))],
        webhooks=webhook_titles(spec, report),
        checked=checked,
        reports=report.wanted,
        timeline=timeline,
        cost=cost,
        gaps=[note for platform in cost.platforms for note in platform.notes if note.startswith("Zapier has no way")],
        questions=questions,
    )


def blueprint(
    spec: Spec,
    report: ExportValidationReport,
    confidence: Confidence,
    timeline: Timeline,
    cost: CostEstimate,
    picture: bool = False,
) -> str:
    """The team's blueprint, as Markdown."""
    graph = SpecGraph(spec)
    times = {row.step: row.times for row in cost.operations.steps}
    return render(
        "build_blueprint.md.j2",
        **_shared(spec, picture),
        steps=[_row(index, step, graph, times) for index, step in enumerate(graph.topological(), 1)],
        reports=report.wanted,
        confidence=confidence,
        timeline=timeline,
        cost=cost,
        samples=[step for step in graph.topological() if step.sample is not None],
        routes=sum(edge.kind in ("route", "branch") for edge in spec.edges),
    )


def _row(number: int, step: AnyStep, graph: SpecGraph, times: Mapping[str, Decimal]) -> Row:
    ways = []
    for edge in graph.incoming(step.id):
        words = flow_words.edge_words(edge)
        before = "if it fails, after" if edge.kind == "error" else "after"
        ways.append(f"{before} {edge.source}" + (f": {words}" if words else ""))
    values: list[tuple[str, JsonValue]] = list(step.parameters.items()) if isinstance(step, NativeStep) else []
    values += [(name, value) for name, value in templates_of(step) if value not in (None, "")]
    return Row(number, step, "; or ".join(ways) or "at the start", times.get(step.id, Decimal(0)), tuple(values))


def log(
    spec: Spec,
    made_by: str,
    stages: Sequence[tuple[str, str, str]],
    repairs: Sequence[str],
    found: Sequence[tuple[str, Sequence[Finding]]],
    confidence: Confidence | None,
) -> str:
    """The log, as Markdown. `stages`: artifact, outcome, what is to say; `found`: title and findings."""
    return render(
        "build_log.md.j2",
        spec=spec,
        made_by=made_by,
        stages=[{"artifact": artifact, "outcome": outcome, "what": what} for artifact, outcome, what in stages],
        repairs=repairs,
        found=found,
        confidence=confidence,
    )


# -- stages -------------------------------------------------------------------------------------------------------


def _preview(document: str) -> Preview:
    return Preview(numbers={"words": len(document.split())}, markdown=document)


@stage(artifact="build_blueprint.md", group="documents", preview=_preview)
def build_blueprint(
    canonical_spec: Spec,
    export_validation_report: ExportValidationReport,
    confidence: Confidence,
    timeline: Timeline,
    cost_estimate: CostEstimate,
    flow_picture: str | None,
) -> str:
    """What a delivery engineer needs to bring the automation to life: steps, accounts, import, test data."""
    return blueprint(
        canonical_spec, export_validation_report, confidence, timeline, cost_estimate, flow_picture is not None
    )


@stage(artifact="customer_delivery_summary.md", group="documents", preview=_preview)
def customer_delivery_summary(
    canonical_spec: Spec,
    assessment: Assessment,
    validation_report: ValidationReport,
    export_validation_report: ExportValidationReport,
    timeline: Timeline,
    cost_estimate: CostEstimate,
    flow_picture: str | None,
) -> str:
    """What the client reads: what they get, what we need from them, when, and what it costs."""
    return summary(
        canonical_spec,
        validation_report,
        export_validation_report,
        timeline,
        cost_estimate,
        questions_of(assessment),
        flow_picture is not None,
    )


@stage(artifact="build_log.md", group="documents", preview=_preview, gathers={"exports": EXPORT_NAMES})
def build_log(
    intake: Intake,
    assessment: Assessment,
    canonical_spec: Spec,
    validation_report: ValidationReport | None,
    exports: Mapping[str, PlatformExport],
    export_validation_report: ExportValidationReport | None,
    test_report: TestReport | None,
    flow_picture: str | None,
    confidence: Confidence | None,
    timeline: Timeline | None,
    cost_estimate: CostEstimate | None,
    build_blueprint: str | None,
    customer_delivery_summary: str | None,
) -> str:
    """What was made and from what, what was found and mended on the way, and who read the request."""
    report = export_validation_report
    checked = validation_report or report_of(validate_spec(canonical_spec), "spec")
    stages = (
        _made("intake.json", intake, f"{len(intake.steps)} steps described, {len(intake.request.split())} words"),
        _made("assessment.json", assessment, "ready" if assessment.ready else "not ready"),
        _made("canonical_spec.json", canonical_spec, f"{len(canonical_spec.nodes)} steps"),
        _made("validation_report.json", checked, checked.counted),
        *(_made(item.artifact, exports.get(item.name), _status(report, name)) for name, item in EXPORTS.items()),
        _made("export_validation_report.json", report, ""),
        _made("test_report.json", test_report, headline(test_report) if test_report else ""),
        _made("flow.svg", flow_picture, ""),
        _made("confidence.json", confidence, confidence.summary if confidence else ""),
        _made("timeline.json", timeline, f"{timeline.hours} hours, {timeline.working_days} days" if timeline else ""),
        _made("cost_estimate.json", cost_estimate, f"set-up {cost_estimate.setup.total}" if cost_estimate else ""),
        _made("build_blueprint.md", build_blueprint, ""),
        _made("customer_delivery_summary.md", customer_delivery_summary, ""),
    )
    read = [finding for finding in assessment.findings if finding.rule.startswith("intake.")]
    found: list[tuple[str, Sequence[Finding]]] = [("Reading the request", read), ("The spec", checked.findings)]
    for item in report.wanted if report else ():
        reasons = [reason for reason in item.reasons if reason not in checked.findings]
        found.append((item.title, (*reasons, *item.notes, *(item.report.findings if item.report else ()))))
    return log(canonical_spec, made_by(assessment), stages, repairs_of(assessment), found, confidence)


def questions_of(assessment: Assessment) -> tuple[str, ...]:
    """The questions for the client, in words."""
    return tuple(question.what for question in assessment.questions)


def repairs_of(assessment: Assessment) -> tuple[str, ...]:
    """The rounds that it took, and what was mended mechanically."""
    rounds = [
        f"Round {one.number} by {one.by}: confidence {one.confidence:.2f}"
        + (", which stands" if one.kept else "")
        + (f"; {one.note}" if one.note else "")
        for one in assessment.rounds
        if one.number > 0
    ]
    return (*rounds, *assessment.repairs)


def made_by(assessment: Assessment) -> str:
    """Who read the request, and what that took."""
    if assessment.made_by == "rules":
        who = "The request was read by the deterministic rules."
    else:
        who = f"The request was read by Claude ({assessment.model or 'model not recorded'})."
    usage = assessment.usage
    took = ""
    if usage is not None:
        cost = "unknown" if usage.cost is None else f"{usage.cost} {usage.currency}"
        took = (
            f" It took {usage.requests} requests, {usage.input_tokens} input and {usage.output_tokens} output tokens;"
            f" cost: {cost}."
        )
    return f"{who}{took} {assessment.note}".strip()


def _made(artifact: str, value: Value | None, what: str) -> tuple[str, str, str]:
    return artifact, "made" if value is not None else "not made", what


def _status(report: ExportValidationReport | None, platform: str) -> str:
    if report is None:
        return ""
    item = report.platform(platform)
    return f"{item.status}; {item.report.counted}" if item.report else item.status
