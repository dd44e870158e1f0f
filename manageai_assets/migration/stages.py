"""The way of a blueprint: read, said in neutral terms, written for n8n, and reported on."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue, RootModel

from compilers.make import modules_of
from compilers.make.parse import parse
from compilers.migrate import MigrationReport
from compilers.spec import Spec
from manageai_assets.build.exports import PlatformExport
from manageai_assets.migration.migrating import migrated, page
from manageai_assets.stages import SHOWN_CHARACTERS, Check, Preview, Stage, Table, stage
from manageai_assets.testing.pilot import PilotReport, headline, on_session, pilot, to_markdown

GROUP = "migrations"
SHOWN = 200
UNLIKE = ("differs", "failed")
"""Outcomes of a pilot's case that speak against a cut-over."""


class Blueprint(RootModel[dict[str, JsonValue]]):
    """A Make blueprint as it was exported."""


def _blueprint_preview(value: Blueprint) -> Preview:
    rows = modules_of(value.root)
    return Preview(
        numbers={"scenario": str(value.root.get("name", "")), "modules": len(rows)},
        tables={"modules": Table(("id", "module", "version"), rows[:SHOWN])},
    )


@stage(artifact="source_blueprint.json", group=GROUP, preview=_blueprint_preview)
def source_blueprint(submitted_blueprint: Blueprint) -> Blueprint:
    """The Make blueprint that is to be migrated, as it was handed in."""
    parse(submitted_blueprint.root)
    return submitted_blueprint


def _spec_preview(value: Spec) -> Preview:
    rows = tuple((step.id, step.title, step.kind) for step in value.nodes)
    return Preview(
        numbers={"steps": len(value.nodes), "connections": len(value.connections)},
        tables={"steps": Table(("id", "title", "kind"), rows[:SHOWN])},
    )


@stage(artifact="migrated_spec.json", group=GROUP, preview=_spec_preview)
def migrated_spec(source_blueprint: Blueprint) -> Spec:
    """The scenario in neutral terms: what the registry knows by its names, the rest carried whole."""
    return parse(source_blueprint.root).spec


def _workflow_preview(value: PlatformExport) -> Preview:
    nodes = value.root.get("nodes")
    rows = [
        (str(node.get("name", "")), str(node.get("type", "")), bool(node.get("disabled")))
        for node in (nodes if isinstance(nodes, list) else [])
        if isinstance(node, dict)
    ]
    return Preview(
        numbers={"nodes": len(rows)}, tables={"nodes": Table(("node", "type", "disabled"), tuple(rows[:SHOWN]))}
    )


@stage(artifact="workflow.n8n.json", group=GROUP, preview=_workflow_preview)
def n8n_migration(source_blueprint: Blueprint, migrated_spec: Spec) -> PlatformExport:
    """The workflow that n8n imports. What n8n can't be given is a disabled node that holds the original module."""
    return PlatformExport(migrated(source_blueprint.root, slug=migrated_spec.slug).export.document)


def _report_preview(value: MigrationReport) -> Preview:
    rows = tuple(
        (str(module.id), module.module, module.grade, ", ".join(module.nodes), "; ".join(module.notes))
        for module in value.modules
    )
    return Preview(
        numbers={
            **{str(grade): count for grade, count in value.grades.items()},
            "expressions": value.expressions.total,
            "expressions_translated": value.expressions.translated,
            "saving": value.saving.saved if value.saving else "",
        },
        markdown=page(value),
        tables={"modules": Table(("id", "module", "grade", "nodes", "to know"), rows[:SHOWN])},
    )


def _report_checks(value: MigrationReport) -> Sequence[Check]:
    by_hand = [f"{module.id} {module.module}" for module in value.modules if module.grade == "manual"]
    lost = [f"{one.where}: {one.original}" for one in value.expressions.untranslated]
    losing = [f"{name}: {', '.join(fields)}" for name, fields in value.not_carried_over.items()]
    return (
        Check(
            "every_module_has_nodes", not by_hand, f"{len(by_hand)} modules are left to a person", findings=(*by_hand,)
        ),
        Check("every_expression_is_translated", not lost, f"{len(lost)} expressions are left empty", findings=(*lost,)),
        Check("every_field_is_carried_over", not losing, f"{len(losing)} modules lose fields", findings=(*losing,)),
    )


def _check(name: str, found: Sequence[str], what: str) -> Check:
    return Check(name, not found, f"{len(found)} {what}", findings=(*found,))


@stage(
    artifact="migration_report.json",
    group=GROUP,
    preview=_report_preview,
    checks=_report_checks,
    check_names=("every_module_has_nodes", "every_expression_is_translated", "every_field_is_carried_over"),
)
def migration_report(source_blueprint: Blueprint, n8n_migration: PlatformExport) -> MigrationReport:
    """What became of every module and every expression, what to connect, what behaves otherwise, how to cut over."""
    return migrated(source_blueprint.root).report


def _pilot_preview(report: PilotReport) -> Preview:
    modules = tuple((one.title, one.grade, one.cases, one.agreeing, one.differing, one.note) for one in report.modules)
    return Preview(
        numbers={
            "verdict": report.verdict,
            "cases": len(report.cases),
            **{f"cases that {outcome}": count for outcome, count in report.counts.items()},
        },
        markdown=to_markdown(report)[:SHOWN_CHARACTERS],
        tables={"modules": Table(("module", "grade", "cases", "agree", "differ", "note"), modules[:SHOWN])},
    )


def _pilot_checks(report: PilotReport) -> Sequence[Check]:
    unlike = [f"{case.title}: {case.why or case.outcome}" for case in report.cases if case.outcome in UNLIKE]
    ready = report.verdict != "not yet"
    return (
        _check("both_sides_agree", unlike, "cases differ"),
        Check("ready_to_cut_over", ready, headline(report), findings=() if ready else report.reasons),
    )


@stage(
    artifact="pilot_report.json",
    group=GROUP,
    preview=_pilot_preview,
    checks=_pilot_checks,
    check_names=("both_sides_agree", "ready_to_cut_over"),
)
def pilot_report(source_blueprint: Blueprint, migrated_spec: Spec) -> PilotReport:
    """The scenario's test cases on both sides, module by module, and whether to cut over.

    Where `TEST_ENGINE` is `n8n` the workflow runs on a real server; else the report says how to have it run.
    """
    from manageai_assets.settings import read_settings
    from manageai_assets.testing.n8n_session import n8n_session

    settings = read_settings()
    if settings.test_engine != "n8n":
        return pilot(source_blueprint.root, None, slug=migrated_spec.slug)
    with n8n_session(settings) as session:
        return pilot(source_blueprint.root, on_session(session), slug=migrated_spec.slug)


STAGES: tuple[Stage, ...] = (source_blueprint, migrated_spec, n8n_migration, migration_report, pilot_report)
