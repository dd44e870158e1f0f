"""Reports and exports: what blocks, what is refused, what isn't wanted, and what a person must connect."""

from __future__ import annotations

import pytest

from compilers.errors import Finding
from compilers.rules import catalogue
from compilers.spec import NativeStep, Spec
from manageai_assets.build.exports import (
    EXPORTS,
    GUIDES,
    ExportValidationReport,
    PlatformExport,
    export_validation_report,
    platform_report,
    report_of,
    validation_report,
)
from manageai_assets.stages import NotWanted, Outcome, Stage, Value, Waiting, run_stages
from tests.manageai_assets.build import specs

STAGES: tuple[Stage, ...] = (validation_report, *EXPORTS.values(), *GUIDES.values(), export_validation_report)


def run(spec: Spec) -> dict[str, Outcome]:
    """These stages over a spec."""
    return run_stages(STAGES, {"canonical_spec": spec}, lambda: 0.0)


def reported(outcomes: dict[str, Outcome]) -> ExportValidationReport:
    value: Value | None = outcomes["export_validation_report"].value
    assert isinstance(value, ExportValidationReport)
    return value


@pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.slug)
def test_valid_specs_are_compiled_for_both_platforms(spec: Spec) -> None:
    outcomes = run(spec)
    assert not outcomes["validation_report"].blocked
    assert isinstance(outcomes["make_export"].value, PlatformExport)
    assert isinstance(outcomes["n8n_export"].value, PlatformExport)
    report = reported(outcomes)
    assert [item.platform for item in report.wanted] == ["make", "n8n"]
    for item in report.wanted:
        assert item.report is not None
        assert item.report.rules_run == sum(rule.id.startswith(f"{item.platform}.") for rule in catalogue())
        assert {connection.label for connection in item.connections} == {"Slack workspace", "Google Sheets"}
        assert set(item.places) <= {step.id for step in spec.nodes}


def test_an_invalid_spec_blocks_the_exports_and_says_why() -> None:
    spec = specs.linear()
    broken = spec.model_copy(update={"edges": spec.edges[:1]})
    outcomes = run(broken)
    assert outcomes["validation_report"].blocked
    assert outcomes["make_export"].missing == ("validation_report",)
    report = reported(outcomes)
    assert [item.status for item in report.wanted] == ["refused", "refused"]
    assert all(reason.severity == "error" for item in report.wanted for reason in item.reasons)
    assert [check.passed for check in outcomes["export_validation_report"].checks] == [False, False, True]


def test_a_platform_that_is_not_wanted_is_no_failure() -> None:
    spec = specs.linear().model_copy(update={"targets": ("n8n",)})
    outcomes = run(spec)
    refusal = outcomes["make_export"].refusal
    assert isinstance(refusal, NotWanted)
    assert isinstance(refusal, Waiting)
    assert outcomes["make_export"].waiting
    assert str(refusal) == "targets: Make is not wanted: the intake asks for n8n"
    report = reported(outcomes)
    assert report.platform("make").status == "not wanted"
    (reason,) = report.platform("make").reasons
    assert (reason.rule, reason.severity) == ("make.not-wanted", "info")
    assert reason.what == "the intake asks for n8n, not for Make"
    assert reason.hint == "add `make` to `targets`: it can be built there"
    assert [item.platform for item in report.wanted] == ["n8n"]
    assert outcomes["export_validation_report"].checks[0].passed


def test_a_platform_that_is_not_wanted_tells_its_obstacles() -> None:
    report = reported(run(specs.loop()))
    reason, *obstacles = report.platform("zapier").reasons
    assert reason.what == "the intake asks for Make and n8n, not for Zapier"
    assert obstacles
    assert {one.severity for one in obstacles} == {"info"}
    assert all(one.where.startswith("steps.") and one.hint for one in obstacles)
    assert report.findings == tuple(found for found in report.findings if not found.rule.startswith("zapier."))


def test_the_build_sheet_is_written_for_every_spec() -> None:
    for spec in (specs.linear(), specs.loop()):
        assert str(run(spec)["zapier_build_sheet"].value).startswith("# ")


def test_a_platform_that_cannot_express_a_spec_refuses_it() -> None:
    spec = specs.loop().model_copy(update={"targets": ("make", "zapier")})
    report = reported(run(spec))
    assert report.platform("make").status == "ready"
    assert report.platform("zapier").status == "refused"
    assert report.platform("zapier").reasons


def test_an_export_that_was_not_made_says_so() -> None:
    item = platform_report(specs.linear(), "make", None)
    assert item.status == "refused"
    assert [reason.rule for reason in item.reasons] == ["make.missing"]


def test_errors_in_an_export_are_a_failed_check() -> None:
    outcomes = run(specs.linear())
    export = outcomes["make_export"].value
    assert isinstance(export, PlatformExport)
    document = {key: value for key, value in export.root.items() if key != "flow"}
    item = platform_report(specs.linear(), "make", document)
    assert item.status == "has errors"
    assert item.report is not None
    assert item.report.errors


def test_a_native_step_of_another_platform_is_told_of() -> None:
    spec = specs.linear()
    native = NativeStep(id="log", label="Old ledger", platform="make", module="ledger:Post")
    foreign = spec.model_copy(update={"steps": (*spec.steps[:2], native)})
    item = reported(run(foreign)).platform("n8n")
    assert any("log" in finding.where for finding in (*item.notes, *item.reasons))


def test_findings_are_sorted_by_severity_and_counted() -> None:
    found = [
        Finding(rule="spec.a", severity="info", where="x", what="a"),
        Finding(rule="spec.b", severity="error", where="x", what="b"),
        Finding(rule="spec.c", severity="warning", where="x", what="c"),
        Finding(rule="spec.d", severity="error", where="x", what="d"),
    ]
    report = report_of(found, "spec")
    assert [finding.rule for finding in report.findings] == ["spec.b", "spec.d", "spec.c", "spec.a"]
    assert (report.errors, report.warnings, report.infos, report.passed) == (2, 1, 1, False)


@pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.slug)
def test_artifacts_read_back_as_they_were_written(spec: Spec) -> None:
    outcomes = run(spec)
    for item in STAGES:
        value = outcomes[item.name].value
        if value is None and isinstance(outcomes[item.name].refusal, NotWanted):
            continue
        assert value is not None
        assert item.encode(item.decode(item.encode(value))) == item.encode(value)
        assert item.preview is not None
        assert item.preview(value).numbers
