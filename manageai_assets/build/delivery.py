"""The delivery pack: what was made, where each platform stands, and what is to be done next, in one file for machines.

Digests are of the artifacts' bytes as the stages encode them, so that a pack can be checked against its folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from compilers.spec import PlatformName, Spec, json_schema
from manageai_assets.build import confidence as confidence_stage
from manageai_assets.build import cost as cost_stage
from manageai_assets.build import documents
from manageai_assets.build import exports as export_stages
from manageai_assets.build import flow_picture as picture_stage
from manageai_assets.build import timeline as timeline_stage
from manageai_assets.build.confidence import Confidence, Grade
from manageai_assets.build.cost import CostEstimate, Money
from manageai_assets.build.documents import accounts, made_by, questions_of, webhook_titles
from manageai_assets.build.exports import (
    EXPORT_NAMES,
    EXPORTS,
    GUIDE_NAMES,
    GUIDES,
    ExportValidationReport,
    PlatformExport,
    Status,
    ValidationReport,
)
from manageai_assets.build.flow_words import plural
from manageai_assets.build.markdown import said
from manageai_assets.build.timeline import Fit, Timeline
from manageai_assets.documents.stages import DOCUMENT_NAMES
from manageai_assets.documents.stages import STAGES as DOCUMENTS
from manageai_assets.intake import stages as intake_stages
from manageai_assets.intake import submitted
from manageai_assets.intake.assessment import Assessment
from manageai_assets.intake.models import Intake
from manageai_assets.stages import Preview, Stage, Table, Value, stage
from manageai_assets.testing import stages as test_stages
from manageai_assets.testing.models import TestReport, TestSuite

CONTENTS: tuple[Stage, ...] = (
    submitted.intake,
    intake_stages.assessment,
    intake_stages.canonical_spec,
    export_stages.validation_report,
    *EXPORTS.values(),
    *GUIDES.values(),
    export_stages.export_validation_report,
    test_stages.test_suite,
    test_stages.test_report,
    test_stages.test_summary,
    test_stages.test_page,
    picture_stage.flow_picture,
    confidence_stage.confidence,
    timeline_stage.timeline,
    cost_stage.cost_estimate,
    documents.build_blueprint,
    documents.customer_delivery_summary,
    documents.build_log,
    *DOCUMENTS,
)
"""The stages whose artifacts a pack lists, in the order of the build."""


class Part(BaseModel):
    """Base of the pack's parts: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(Part):
    """One file of the build."""

    name: str
    what: str
    bytes: int
    sha256: str


class Account(Part):
    """An account to connect on a platform."""

    label: str
    app: str
    type: str
    places: tuple[str, ...]


class Webhook(Part):
    """A webhook whose address exists only after the import."""

    step: str
    place: str
    what: str


class Platform(Part):
    """Where one platform stands."""

    platform: PlatformName
    status: Status
    artifact: str | None
    errors: int
    warnings: int
    reasons: tuple[str, ...]
    connect: tuple[Account, ...]
    webhooks: tuple[Webhook, ...]


class Estimates(Part):
    """The estimates in short."""

    hours: str
    working_days: int
    handover: date | None
    deadline: date | None
    deadline_fit: Fit
    setup: Money
    runs_per_month: str
    make_credits_per_run: str
    make_plan: str | None
    make_monthly: Money | None
    prices_as_of: date


class DeliveryPack(Part):
    """The manifest of one build."""

    slug: str
    version: int
    name: str
    customer: str
    created: date | None
    made_by: str
    score: float = Field(description="confidence")
    grade: Grade
    tests: str = Field(description="what the tests came to; empty when none ran")
    flagged: bool = Field(description="tests failed: not fit to go out")
    platforms: tuple[Platform, ...]
    estimates: Estimates
    open_questions: tuple[str, ...]
    next_actions: tuple[str, ...]
    spec_version: str
    spec_schema_sha256: str = Field(description="of the JSON Schema of canonical_spec.json")
    artifacts: tuple[Artifact, ...]


def artifact_of(item: Stage, value: Value) -> Artifact:
    """A stage's artifact with its size and digest."""
    data = item.encode(value)
    return Artifact(
        name=item.artifact,
        what=item.summary.split("\n")[0],
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def pack(
    spec: Spec,
    report: ExportValidationReport,
    confidence: Confidence,
    timeline: Timeline,
    cost: CostEstimate,
    made_by: str,
    questions: tuple[str, ...],
    artifacts: tuple[Artifact, ...],
) -> DeliveryPack:
    """The delivery pack of a build."""
    make = cost.platform("make")
    last = timeline.milestones[-1]
    return DeliveryPack(
        slug=spec.slug,
        version=spec.version,
        name=spec.name,
        customer=spec.customer.name,
        created=spec.created,
        made_by=made_by,
        score=confidence.score,
        grade=confidence.grade,
        tests=confidence.tests,
        flagged=confidence.flagged,
        platforms=tuple(_platform(report, item.platform, artifacts) for item in report.platforms),
        estimates=Estimates(
            hours=str(timeline.hours),
            working_days=timeline.working_days,
            handover=last.on,
            deadline=timeline.deadline,
            deadline_fit=timeline.fit,
            setup=cost.setup.total,
            runs_per_month=str(cost.runs.per_month),
            make_credits_per_run=str(cost.operations.credits),
            make_plan=make.recommended,
            make_monthly=make.monthly,
            prices_as_of=cost.prices_as_of,
        ),
        open_questions=questions,
        next_actions=next_actions(spec, report, timeline, cost, questions, confidence),
        spec_version=spec.spec_version,
        spec_schema_sha256=schema_digest(),
        artifacts=artifacts,
    )


def _platform(report: ExportValidationReport, name: PlatformName, artifacts: tuple[Artifact, ...]) -> Platform:
    item = report.platform(name)
    file = EXPORTS[name].artifact if name in EXPORTS else None
    return Platform(
        platform=name,
        status=item.status,
        artifact=next((artifact.name for artifact in artifacts if artifact.name == file), None),
        errors=item.report.errors if item.report else len(item.reasons),
        warnings=item.report.warnings if item.report else 0,
        reasons=tuple(str(reason) for reason in item.reasons),
        connect=tuple(
            Account(label=one.label, app=one.app, type=one.platform_type, places=one.places) for one in item.connections
        ),
        webhooks=tuple(Webhook(step=one.step, place=one.place, what=one.what) for one in item.webhooks),
    )


def next_actions(
    spec: Spec,
    report: ExportValidationReport,
    timeline: Timeline,
    cost: CostEstimate,
    questions: tuple[str, ...],
    confidence: Confidence,
) -> tuple[str, ...]:
    """What a person does next, in order."""
    actions: list[str] = []
    if confidence.flagged:
        actions.append(f"Look at the test report before anything goes out: {confidence.tests}.")
    for item in report.wanted:
        if item.status == "refused":
            actions.append(f"Decide what to do about {item.title}: {'; '.join(r.what for r in item.reasons[:3])}.")
        elif item.status == "has errors" and item.report is not None:
            actions.append(
                f"Mend {plural(item.report.errors, 'error')} of the {item.title} export before it is imported."
            )
    if questions:
        actions.append(f"Get answers to {plural(len(questions), 'open question')}.")
    unsure = [assumption for assumption in spec.assumptions if assumption.severity != "low"]
    if unsure:
        actions.append(f"Have the client confirm {plural(len(unsure), 'assumption')}.")
    actions += [f"Get access: {account.label} ({account.app})." for account in accounts(spec)]
    for item in report.wanted:
        if item.report is not None:
            actions.append(f"Import {EXPORTS[item.platform].artifact} into {item.title} and connect its accounts.")
    actions += [f"Hand out the webhook address of {title}." for title in webhook_titles(spec, report)]
    if timeline.fit == "missed":
        actions.append(f"Talk about the deadline: {timeline.note}")
    if cost.platform("make").recommended is None and "make" in spec.targets:
        actions.append("Ask Make for a quote: no listed plan holds the volume.")
    return (*actions, "Run the test data, then switch the automation on and watch its first runs.")


@cache
def schema_digest() -> str:
    """SHA-256 (hex) of the JSON Schema of the spec, as compact JSON with sorted keys."""
    text = json.dumps(json_schema(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# -- the stage ----------------------------------------------------------------------------------------------------


def _preview(value: DeliveryPack) -> Preview:
    platforms = tuple(
        (item.platform, item.status, item.errors, item.warnings, len(item.connect), "; ".join(item.reasons[:3]))
        for item in value.platforms
    )
    files = tuple((item.name, item.what, item.bytes, item.sha256[:12]) for item in value.artifacts)
    actions = "\n".join(f"1. {said(action)}" for action in value.next_actions)
    return Preview(
        numbers={
            "customer": value.customer,
            "confidence": f"{value.score:.2f} ({value.grade})",
            "tests": value.tests or "none ran",
            **{item.platform: item.status for item in value.platforms},
            "working_days": value.estimates.working_days,
            "setup": str(value.estimates.setup),
            "files": len(value.artifacts),
        },
        markdown=f"### Next\n\n{actions}",
        tables={
            "platforms": Table(("platform", "status", "errors", "warnings", "accounts", "why not"), platforms),
            "files": Table(("file", "what", "bytes", "sha256"), files),
        },
    )


@stage(
    artifact="delivery_pack.json",
    group="delivery",
    preview=_preview,
    gathers={"exports": EXPORT_NAMES, "build_sheets": GUIDE_NAMES, "client_documents": DOCUMENT_NAMES},
)
def delivery_pack(
    intake: Intake,
    assessment: Assessment,
    canonical_spec: Spec,
    validation_report: ValidationReport,
    exports: Mapping[str, PlatformExport],
    build_sheets: Mapping[str, str],
    export_validation_report: ExportValidationReport,
    test_suite: TestSuite | None,
    test_report: TestReport | None,
    test_summary: str | None,
    test_page: str | None,
    flow_picture: str,
    confidence: Confidence,
    timeline: Timeline,
    cost_estimate: CostEstimate,
    build_blueprint: str,
    customer_delivery_summary: str,
    build_log: str,
    client_documents: Mapping[str, Value],
) -> DeliveryPack:
    """Everything that was made for this version, with digests; where each platform stands; and what is next."""
    values: tuple[Value | None, ...] = (
        intake,
        assessment,
        canonical_spec,
        validation_report,
        *map(exports.get, EXPORT_NAMES),
        *(build_sheets.get(item.name) if name in canonical_spec.targets else None for name, item in GUIDES.items()),
        export_validation_report,
        test_suite,
        test_report,
        test_summary,
        test_page,
        flow_picture,
        confidence,
        timeline,
        cost_estimate,
        build_blueprint,
        customer_delivery_summary,
        build_log,
        *map(client_documents.get, DOCUMENT_NAMES),
    )
    return pack(
        canonical_spec,
        export_validation_report,
        confidence,
        timeline,
        cost_estimate,
        made_by(assessment),
        questions_of(assessment),
        tuple(artifact_of(item, value) for item, value in zip(CONTENTS, values, strict=True) if value is not None),
    )
