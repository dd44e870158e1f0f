"""The spec checked, compiled for each platform that the client wants, and what the platforms' rules say of that.

A spec with errors is not compiled. A platform that the client doesn't want is left out; one that can't express the
spec refuses it and leaves the others standing. Adding a platform is one more export class and stage here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel

from compilers.errors import CompileError, Finding
from compilers.export import NeededConnection, NeededWebhook, by_account
from compilers.exports import emit
from compilers.rules import catalogue, validate_export, validate_spec
from compilers.spec import PlatformName, Spec
from manageai_assets.build.flow_words import plural
from manageai_assets.stages import Check, NotWanted, Preview, Table, stage

Status = Literal["ready", "has errors", "refused", "not wanted"]
TITLES: Mapping[PlatformName, str] = {"make": "Make", "n8n": "n8n", "zapier": "Zapier"}
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


class MakeExport(RootModel[dict[str, JsonValue]]):
    """A Make blueprint, as Make's editor imports it."""


class N8nExport(RootModel[dict[str, JsonValue]]):
    """An n8n workflow, as n8n imports it."""


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
        return TITLES[self.platform]


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


def _make_preview(export: MakeExport) -> Preview:
    modules = list(_modules(export.root))
    return Preview(
        numbers={"modules": len(modules), "name": str(export.root.get("name", ""))},
        tables={"modules": Table(("id", "module", "version"), tuple(modules[:SHOWN]))},
    )


def _modules(value: JsonValue) -> Iterable[tuple[str, str, str]]:
    """Every module of a blueprint, wherever it stands, in document order."""
    todo: list[JsonValue] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("module"), str) and "id" in item:
                yield str(item["id"]), str(item["module"]), str(item.get("version", ""))
            todo.extend(item[key] for key in reversed(list(item)) if key in ("flow", "routes", "branches", "onerror"))
        elif isinstance(item, list):
            todo.extend(reversed(item))


def _n8n_preview(export: N8nExport) -> Preview:
    nodes = export.root.get("nodes")
    rows = tuple(
        (str(node.get("name", "")), str(node.get("type", "")), str(node.get("typeVersion", "")))
        for node in (nodes if isinstance(nodes, list) else [])
        if isinstance(node, dict)
    )
    return Preview(
        numbers={"nodes": len(rows), "name": str(export.root.get("name", ""))},
        tables={"nodes": Table(("name", "type", "version"), rows[:SHOWN])},
    )


def _compiled(spec: Spec, platform: PlatformName) -> dict[str, JsonValue]:
    if platform not in spec.targets:
        wanted = ", ".join(TITLES[name] for name in spec.targets) or "no platform"
        raise NotWanted(f"{TITLES[platform]} is not wanted: the intake asks for {wanted}", where="targets")
    return emit(spec, platform).document


@stage(artifact="make_export.json", group="exports", preview=_make_preview)
def make_export(canonical_spec: Spec, validation_report: ValidationReport) -> MakeExport:
    """The blueprint that Make's editor imports (scenario editor, menu, *Import Blueprint*)."""
    return MakeExport(_compiled(canonical_spec, "make"))


@stage(artifact="n8n_export.json", group="exports", preview=_n8n_preview)
def n8n_export(canonical_spec: Spec, validation_report: ValidationReport) -> N8nExport:
    """The workflow that n8n imports (workflow editor, menu, *Import from File*)."""
    return N8nExport(_compiled(canonical_spec, "n8n"))


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


_CHECKS = ("make_export_is_valid", "n8n_export_is_valid")


def _export_checks(report: ExportValidationReport) -> tuple[Check, ...]:
    return tuple(_export_check(item) for item in report.platforms if f"{item.platform}_export_is_valid" in _CHECKS)


def _export_check(item: PlatformReport) -> Check:
    name = f"{item.platform}_export_is_valid"
    if item.report is None:
        summary = f"{item.title}: {item.status}"
        return Check(name, item.status == "not wanted", summary, findings=tuple(str(reason) for reason in item.reasons))
    return _report_check(name, item.report)


@stage(
    artifact="export_validation_report.json",
    group="validation",
    preview=_exports_preview,
    checks=_export_checks,
    check_names=_CHECKS,
)
def export_validation_report(
    canonical_spec: Spec, make_export: MakeExport | None, n8n_export: N8nExport | None
) -> ExportValidationReport:
    """What the platforms' rules find in the exports, what a person must connect, and why an export is missing."""
    documents: dict[PlatformName, dict[str, JsonValue] | None] = {
        "make": make_export.root if make_export else None,
        "n8n": n8n_export.root if n8n_export else None,
    }
    others = tuple(name for name in canonical_spec.targets if name not in documents)
    return ExportValidationReport(
        platforms=tuple(platform_report(canonical_spec, name, documents.get(name)) for name in (*documents, *others))
    )


def platform_report(spec: Spec, platform: PlatformName, document: dict[str, JsonValue] | None) -> PlatformReport:
    """What became of the spec on one platform, given the export if there is one."""
    if platform not in spec.targets:
        return PlatformReport(platform=platform, status="not wanted")
    if document is None:
        return PlatformReport(platform=platform, status="refused", reasons=_reasons(spec, platform))
    compiled = emit(spec, platform)
    report = report_of(validate_export(platform, document), platform)
    return PlatformReport(
        platform=platform,
        status="ready" if report.passed else "has errors",
        report=report,
        notes=compiled.findings,
        connections=by_account(compiled.connections),
        webhooks=compiled.webhooks,
        places=compiled.places,
    )


def _reasons(spec: Spec, platform: PlatformName) -> tuple[Finding, ...]:
    """Why a wanted platform has no export: the spec has errors, or the platform can't express it."""
    errors = tuple(finding for finding in validate_spec(spec) if finding.severity == "error")
    if errors:
        return errors
    try:
        emit(spec, platform)
    except CompileError as refusal:
        whole = Finding(
            rule=f"{platform}.compile", severity="error", where=refusal.where or platform, what=refusal.what
        )
        return refusal.findings or (whole.model_copy(update={"hint": refusal.hint}),)
    return (
        Finding(
            rule=f"{platform}.missing",
            severity="error",
            where=platform,
            what="the export was not made in this build",
            hint=f"materialise `{platform}_export` again",
        ),
    )
