"""The spec checked, compiled for each platform that the client wants, and what the platforms' rules say of that.

A spec with errors is not compiled. A platform that the client doesn't want is left out; one that can't express the
spec refuses it and leaves the others standing. There is one export stage for each platform that `compilers.exports`
finds: nothing here names one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel

from compilers.errors import CompileError, Finding
from compilers.export import NeededConnection, NeededWebhook, by_account
from compilers.exports import describe, emit, guide, guided, platforms
from compilers.rules import catalogue, families, validate_export, validate_spec
from compilers.spec import PlatformName, Spec
from manageai_assets.build.flow_words import plural
from manageai_assets.stages import Check, NotWanted, Preview, Stage, Table, stage

Status = Literal["ready", "has errors", "refused", "not wanted"]
SHOWN = 200


class Result(BaseModel):
    """Base of the reports: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ValidationReport(Result):
    """What the rules found in a document."""

    passed: bool = Field(description="no finding is an error")
    rules_run: int
    errors: int
    warnings: int
    infos: int
    findings: tuple[Finding, ...] = Field(description="errors first, then warnings, then the rest")

    @property
    def counted(self) -> str:
        """The counts in words."""
        found = (plural(self.errors, "error"), plural(self.warnings, "warning"), plural(self.infos, "note"))
        return f"{plural(self.rules_run, 'rule')}: {', '.join(found)}"


class PlatformExport(RootModel[dict[str, JsonValue]]):
    """A document as its platform imports it, such as a Make blueprint or an n8n workflow."""


class PlatformReport(Result):
    """What became of the spec on one platform."""

    platform: PlatformName
    status: Status
    report: ValidationReport | None = Field(default=None, description="what the platform's rules found in the export")
    reasons: tuple[Finding, ...] = Field(default=(), description="why there is no export")
    notes: tuple[Finding, ...] = Field(default=(), description="what compiling wants a person to know")
    connections: tuple[NeededConnection, ...] = Field(default=(), description="accounts to connect after the import")
    webhooks: tuple[NeededWebhook, ...] = ()
    places: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="step id to module ids or node names")

    @property
    def title(self) -> str:
        """The platform's name for people."""
        return describe(self.platform).title


class ExportValidationReport(Result):
    """What became of the spec on every platform that it can be compiled for."""

    platforms: tuple[PlatformReport, ...]

    def platform(self, name: str) -> PlatformReport:
        """The report of one platform. Raises `StopIteration` for one that isn't there."""
        return next(report for report in self.platforms if report.platform == name)

    @property
    def wanted(self) -> tuple[PlatformReport, ...]:
        """The platforms that the client wants."""
        return tuple(report for report in self.platforms if report.status != "not wanted")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found on the wanted platforms: reasons, notes and the rules' findings."""
        return tuple(
            finding
            for report in self.wanted
            for finding in (*report.reasons, *report.notes, *(report.report.findings if report.report else ()))
        )


def report_of(findings: Iterable[Finding], family: str) -> ValidationReport:
    """Findings of the rules of one family (`spec`, or a platform), sorted and counted."""
    order = ("error", "warning", "info")
    ordered = sorted(findings, key=lambda finding: order.index(finding.severity))
    errors, warnings, infos = (sum(finding.severity == severity for finding in ordered) for severity in order)
    return ValidationReport(
        passed=not errors,
        rules_run=sum(rule.id.startswith(f"{family}.") for rule in catalogue()),
        errors=errors,
        warnings=warnings,
        infos=infos,
        findings=tuple(ordered),
    )


def findings_table(findings: Sequence[Finding]) -> Table:
    """Findings as rows for people."""
    rows = tuple((item.severity, item.where, item.what, item.hint, item.rule) for item in findings[:SHOWN])
    return Table(("severity", "where", "what", "to do", "rule"), rows)


# -- the spec -----------------------------------------------------------------------------------------------------


def _report_preview(report: ValidationReport) -> Preview:
    return Preview(
        numbers={
            "passed": report.passed,
            "rules": report.rules_run,
            "errors": report.errors,
            "warnings": report.warnings,
            "infos": report.infos,
        },
        tables={"findings": findings_table(report.findings)} if report.findings else {},
    )


def _report_check(name: str, report: ValidationReport, blocking: bool = False) -> Check:
    return Check(name, report.passed, report.counted, blocking, tuple(str(finding) for finding in report.findings))


@stage(
    artifact="validation_report.json",
    group="validation",
    preview=_report_preview,
    checks=lambda report: (_report_check("spec_is_valid", report, blocking=True),),
    check_names=("spec_is_valid",),
    blocking_checks=("spec_is_valid",),
)
def validation_report(canonical_spec: Spec) -> ValidationReport:
    """What the rules for specs find. A spec with errors is compiled for no platform."""
    return report_of(validate_spec(canonical_spec), "spec")


# -- the exports --------------------------------------------------------------------------------------------------


def _preview(platform: PlatformName, export: PlatformExport) -> Preview:
    facts = describe(platform)
    rows = tuple(facts.rows(export.root))
    return Preview(
        numbers={facts.parts: len(rows), "name": str(export.root.get("name", ""))},
        tables={facts.parts: Table(facts.columns, rows[:SHOWN])} if rows else {},
    )


def _export_stage(platform: PlatformName) -> Stage:
    """The stage `<platform>_export`."""
    facts = describe(platform)

    @stage(
        name=f"{platform}_export",
        artifact=f"{platform}_export.json",
        group="exports",
        summary=facts.about or f"The document that {facts.title} imports.",
        preview=partial(_preview, platform),
    )
    def export(canonical_spec: Spec, validation_report: ValidationReport) -> PlatformExport:
        if platform not in canonical_spec.targets:
            wanted = ", ".join(describe(name).title for name in canonical_spec.targets) or "no platform"
            raise NotWanted(f"{facts.title} is not wanted: the intake asks for {wanted}", where="targets")
        return PlatformExport(emit(canonical_spec, platform).document)

    return export


EXPORTS: Mapping[PlatformName, Stage] = MappingProxyType({name: _export_stage(name) for name in platforms()})
"""The stage that compiles for each platform."""


def _guide_stage(platform: PlatformName) -> Stage:
    """The stage `<platform>_build_sheet`."""
    facts = describe(platform)

    @stage(
        name=f"{platform}_build_sheet",
        artifact=f"{platform}_build_sheet.md",
        group="exports",
        preview=lambda sheet: Preview(numbers={"words": len(sheet.split())}, markdown=sheet),
        summary=f"How a person builds it in {facts.title}'s editor, step by step, also where no file can say it all.",
    )
    def sheet(canonical_spec: Spec, validation_report: ValidationReport) -> str:
        return guide(canonical_spec, platform)

    return sheet


GUIDES: Mapping[PlatformName, Stage] = MappingProxyType({name: _guide_stage(name) for name in guided()})
"""The stage that writes how to build by hand, for each platform that has that."""

EXPORT_NAMES = tuple(item.name for item in EXPORTS.values())
GUIDE_NAMES = tuple(item.name for item in GUIDES.values())


# -- the exports checked ------------------------------------------------------------------------------------------


def _exports_preview(report: ExportValidationReport) -> Preview:
    rows = tuple(
        (
            item.title,
            item.status,
            item.report.errors if item.report else None,
            item.report.warnings if item.report else None,
            len(item.connections),
            len(item.webhooks),
            "; ".join(reason.what for reason in item.reasons[:5]),
        )
        for item in report.platforms
    )
    columns = ("platform", "status", "errors", "warnings", "accounts to connect", "webhooks", "why not")
    tables = {"platforms": Table(columns, rows)}
    if report.findings:
        tables["findings"] = findings_table(report.findings)
    return Preview(numbers={item.title: item.status for item in report.platforms}, tables=tables)


def _export_checks(report: ExportValidationReport) -> tuple[Check, ...]:
    return tuple(_export_check(item) for item in report.platforms if item.platform in EXPORTS)


def _check_name(export: Stage) -> str:
    return f"{export.name}_is_valid"


def _export_check(item: PlatformReport) -> Check:
    name = _check_name(EXPORTS[item.platform])
    if item.report is None:
        summary = f"{item.title}: {item.status}"
        return Check(name, item.status == "not wanted", summary, findings=tuple(str(reason) for reason in item.reasons))
    return _report_check(name, item.report)


@stage(
    artifact="export_validation_report.json",
    group="exports",
    preview=_exports_preview,
    checks=_export_checks,
    check_names=tuple(map(_check_name, EXPORTS.values())),
    gathers={"exports": EXPORT_NAMES},
)
def export_validation_report(canonical_spec: Spec, exports: Mapping[str, PlatformExport]) -> ExportValidationReport:
    """What the platforms' rules find in the exports, what a person must connect, and why an export is missing."""
    documents = {name: exports[item.name].root for name, item in EXPORTS.items() if item.name in exports}
    names = dict.fromkeys((*EXPORTS, *canonical_spec.targets))
    return ExportValidationReport(
        platforms=tuple(platform_report(canonical_spec, name, documents.get(name)) for name in names)
    )


def platform_report(spec: Spec, platform: PlatformName, document: dict[str, JsonValue] | None) -> PlatformReport:
    """What became of the spec on one platform, given the export if there is one."""
    if platform not in spec.targets:
        return PlatformReport(platform=platform, status="not wanted", reasons=_unasked(spec, platform))
    if document is None:
        return PlatformReport(platform=platform, status="refused", reasons=_reasons(spec, platform))
    compiled = emit(spec, platform)
    findings = validate_export(platform, document) if platform in families() else ()
    report = report_of(findings, platform)
    return PlatformReport(
        platform=platform,
        status="ready" if report.passed else "has errors",
        report=report,
        notes=compiled.findings,
        connections=by_account(compiled.connections),
        webhooks=compiled.webhooks,
        places=compiled.places,
    )


def _unasked(spec: Spec, platform: PlatformName) -> tuple[Finding, ...]:
    """That nobody asks for the platform, and what they would get who did: the export, or what stands against it."""
    title = describe(platform).title
    wanted = " and ".join(describe(name).title for name in spec.targets) or "no platform"
    obstacles: tuple[Finding, ...] = ()
    try:
        manual = len(emit(spec, platform).manual)
        by_hand = f", {manual} of its steps by hand" if manual else ""
        hint = f"add `{platform}` to `targets`: it can be built there{by_hand}"
    except CompileError as refusal:
        obstacles = refusal.findings or (_whole(refusal, platform),)
        hint = "what stands against building it there is told with this"
    asked = Finding(
        rule=f"{platform}.not-wanted",
        severity="info",
        where="targets",
        what=f"the intake asks for {wanted}, not for {title}",
        hint=hint,
    )
    return (asked, *(one.model_copy(update={"severity": "info"}) for one in obstacles))


def _whole(refusal: CompileError, platform: PlatformName) -> Finding:
    """A refusal without findings as one."""
    where = refusal.where or platform
    return Finding(rule=f"{platform}.compile", severity="error", where=where, what=refusal.what, hint=refusal.hint)


def _reasons(spec: Spec, platform: PlatformName) -> tuple[Finding, ...]:
    """Why a wanted platform has no export: the spec has errors, or the platform can't express it."""
    errors = tuple(finding for finding in validate_spec(spec) if finding.severity == "error")
    if errors:
        return errors
    try:
        emit(spec, platform)
    except CompileError as refusal:
        return refusal.findings or (_whole(refusal, platform),)
    return (
        Finding(
            rule=f"{platform}.missing",
            severity="error",
            where=platform,
            what="the export was not made in this build",
            hint=f"materialise `{platform}_export` again",
        ),
    )
