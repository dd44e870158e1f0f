"""The stages of documents: the facts, the documents that the client signs and the team follows, and the package."""

from __future__ import annotations

from collections.abc import Mapping

from compilers.spec import Spec
from manageai_assets.build.confidence import Confidence
from manageai_assets.build.cost import CostEstimate
from manageai_assets.build.exports import (
    EXPORT_NAMES,
    EXPORTS,
    ExportValidationReport,
    PlatformExport,
    ValidationReport,
)
from manageai_assets.build.markdown import escaped
from manageai_assets.build.timeline import Timeline
from manageai_assets.documents.archive import zipped
from manageai_assets.documents.brand import our_brand, our_logo
from manageai_assets.documents.checklist import implementation_checklist as checklist_of
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.finding import Material, facts_of
from manageai_assets.documents.pictures.flow import flow
from manageai_assets.documents.pictures.gantt import gantt
from manageai_assets.documents.sow import statement_of_work
from manageai_assets.documents.summary import executive_summary as summary_of
from manageai_assets.documents.technical_spec import technical_spec as specification_of
from manageai_assets.intake.assessment import Assessment
from manageai_assets.intake.models import Intake
from manageai_assets.stages import SHOWN_CHARACTERS, Check, Preview, Table, Value, stage
from manageai_assets.testing.models import TestReport


def _facts_preview(facts: Facts) -> Preview:
    net, texts = facts.setup.net, facts.texts
    rows = tuple((risk.severity, risk.what, risk.why, risk.handling) for risk in facts.risks)
    return Preview(
        numbers={
            "client": facts.client.name,
            "draft": facts.draft,
            "set-up": str(net),
            "handover": facts.plan.handover.isoformat() if facts.plan.handover else None,
            "hours saved a month": float(facts.savings.hours_per_month),
            "texts by": texts.made_by,
        },
        markdown="\n\n".join(
            escaped(text) for text in (texts.background, texts.objective, texts.problem, texts.change)
        ),
        tables={"risks": Table(("weight", "what", "why", "how it is handled"), rows)},
    )


def _facts_checks(facts: Facts) -> tuple[Check, ...]:
    told = f"confidence {facts.score}: {'a DRAFT' if facts.draft else 'fit to be signed'}"
    return (Check("fit_to_be_signed", not facts.draft, told, findings=facts.settle),)


@stage(
    artifact="sow_facts.json",
    group="documents",
    preview=_facts_preview,
    checks=_facts_checks,
    check_names=("fit_to_be_signed",),
)
def sow_facts(
    intake: Intake,
    assessment: Assessment,
    canonical_spec: Spec,
    validation_report: ValidationReport,
    export_validation_report: ExportValidationReport,
    test_report: TestReport | None,
    confidence: Confidence,
    timeline: Timeline,
    cost_estimate: CostEstimate,
) -> Facts:
    """Everything that the client's documents say, computed once, in the language of `brand.yaml`.

    Where `ANTHROPIC_API_KEY` is set, Claude writes the running text; a figure, name or promise that isn't in the facts
    sends it back, and the text of the rules stands.
    """
    from manageai_assets.documents.claude_texts import written
    from manageai_assets.settings import read_settings

    facts = facts_of(
        Material(
            brand=our_brand(),
            intake=intake,
            assessment=assessment,
            spec=canonical_spec,
            checked=validation_report,
            exports=export_validation_report,
            tests=test_report,
            confidence=confidence,
            timeline=timeline,
            cost=cost_estimate,
        )
    )
    return written(facts, read_settings())


def _document_preview(document: bytes) -> Preview:
    return Preview(numbers={"bytes": len(document)})


@stage(artifact="sow.docx", group="documents", preview=_document_preview)
def sow(sow_facts: Facts, canonical_spec: Spec) -> bytes:
    """The statement of work that the client signs, for Word, from `templates/sow.docx`."""
    return statement_of_work(sow_facts, flow(canonical_spec, sow_facts), gantt(sow_facts), our_logo())


@stage(artifact="executive_summary.pdf", group="documents", preview=_document_preview)
def executive_summary(sow_facts: Facts, canonical_spec: Spec) -> bytes:
    """One page for someone who reads only that: what is wrong, what changes, what it saves and costs, and when."""
    return summary_of(sow_facts, canonical_spec, our_logo())


def _text_preview(text: str) -> Preview:
    return Preview(numbers={"words": len(text.split())}, markdown=text[:SHOWN_CHARACTERS])


@stage(artifact="technical_spec.md", group="documents", preview=_text_preview)
def technical_spec(
    sow_facts: Facts,
    canonical_spec: Spec,
    export_validation_report: ExportValidationReport,
    test_report: TestReport | None,
) -> str:
    """For delivery: every step with its fields and expressions, connections, error handling, limits, test evidence."""
    return specification_of(sow_facts, canonical_spec, export_validation_report, test_report)


@stage(artifact="implementation_checklist.md", group="documents", preview=_text_preview)
def implementation_checklist(
    sow_facts: Facts,
    canonical_spec: Spec,
    export_validation_report: ExportValidationReport,
    test_report: TestReport | None,
) -> str:
    """What is connected, imported, tested and, if need be, rolled back: in order, to tick off."""
    return checklist_of(sow_facts, canonical_spec, export_validation_report, test_report)


DOCUMENTS = (sow, executive_summary, technical_spec, implementation_checklist)
"""The stages whose documents the package holds."""


@stage(artifact="sow_package.zip", group="documents", preview=_document_preview, gathers={"exports": EXPORT_NAMES})
def sow_package(
    sow: bytes,
    executive_summary: bytes,
    technical_spec: str,
    implementation_checklist: str,
    flow_picture: str | None,
    exports: Mapping[str, PlatformExport],
) -> bytes:
    """Everything that goes to the client in one file: the documents, the flow as a picture, and the exports."""
    values: tuple[Value, ...] = (sow, executive_summary, technical_spec, implementation_checklist)
    files = {item.artifact: item.encode(value) for item, value in zip(DOCUMENTS, values, strict=True)}
    if flow_picture is not None:
        files["flow.svg"] = flow_picture.encode("utf-8")
    for item in EXPORTS.values():
        if item.name in exports:
            files[item.artifact] = item.encode(exports[item.name])
    return zipped(files)


STAGES = (sow_facts, *DOCUMENTS, sow_package)
DOCUMENT_NAMES = tuple(item.name for item in STAGES)
