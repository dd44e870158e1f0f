"""What the example intakes become on Zapier, held against what its limits say of each by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from compilers.errors import CompileError
from compilers.exports import emit, guide
from compilers.rules import validate_export
from compilers.spec import Spec
from manageai_assets.build.delivery import DeliveryPack
from manageai_assets.build.exports import ExportValidationReport
from manageai_assets.intake.reading import read_intake
from manageai_assets.pipeline import build

INTAKES = Path(__file__).parents[3] / "examples" / "intakes"


def spec_of(name: str) -> Spec:
    made = build(read_intake(INTAKES / f"{name}.yaml"))["canonical_spec"].value
    assert isinstance(made, Spec)
    return made


@pytest.mark.parametrize(
    ("name", "manual"), [("harborview-dental-triage", ()), ("maple-street-trial-leads", ("google_sheets",))]
)
def test_lines_and_routes_that_end_are_zaps(name: str, manual: tuple[str, ...]) -> None:
    """One sorts messages by exclusive routes, the other is a line whose sheet doesn't name its columns."""
    export = emit(spec_of(name), "zapier")
    assert not [one for one in validate_export("zapier", export.document) if one.severity == "error"]
    assert export.manual == manual


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # an aggregate over the ordered items, whose list the message to the warehouse counts
        ("bergwerk-outdoor-bestellungen", {"steps.packliste": "collects the runs", "steps.lager": "may get a list"}),
        # two calls whose failures are passed over, and one with a route for its failure
        (
            "ledgerline-invoice-intake",
            {
                "steps.rate": "no error handling",
                "steps.erp": "no error route",
                "steps.track": "no error handling",
            },
        ),
        # weekdays at half past seven, an aggregate over a search, dates in an e-mail, failures passed over
        (
            "rosewood-lease-renewals",
            {
                "steps.morning": "schedule can't be set",
                "steps.lease": "no error handling",
                "steps.reminder": "no error handling",
                "steps.mark": "no error handling",
                "steps.list": "collects the runs",
                "steps.report": "no error handling",
            },
        ),
    ],
)
def test_what_zapier_cannot_do_is_said_step_by_step(name: str, expected: dict[str, str]) -> None:
    spec = spec_of(name)
    with pytest.raises(CompileError) as refused:
        emit(spec, "zapier")
    told: dict[str, list[str]] = {}
    for one in refused.value.findings:
        told.setdefault(one.where, []).append(one.what)
        assert one.hint, one
    assert {*told} == {*expected}
    for where, what in expected.items():
        assert any(what in one for one in told[where]), where
    assert "What Zapier can't do" in guide(spec, "zapier")
    emit(spec, "make")
    emit(spec, "n8n")


def test_an_intake_that_waits_for_answers_has_no_spec() -> None:
    assert build(read_intake(INTAKES / "quickbite-catering-idea.yaml"))["canonical_spec"].value is None


def test_a_build_that_asks_for_zapier_has_its_files_and_documents() -> None:
    intake = read_intake(INTAKES / "harborview-dental-triage.yaml")
    made = build(intake.model_copy(update={"targets": ("make", "n8n", "zapier")}))
    report = made["export_validation_report"].value
    assert isinstance(report, ExportValidationReport)
    assert [(one.platform, one.status) for one in report.platforms] == [
        ("make", "ready"),
        ("n8n", "ready"),
        ("zapier", "ready"),
    ]
    pack = made["delivery_pack"].value
    assert isinstance(pack, DeliveryPack)
    assert {"zapier_export.json", "zapier_build_sheet.md"} <= {one.name for one in pack.artifacts}
    assert "### Build or import in Zapier" in str(made["build_blueprint"].value)
    for name in ("technical_spec", "implementation_checklist", "customer_delivery_summary"):
        assert "Zapier" in str(made[name].value), name


def test_a_platform_that_refuses_leaves_the_others_standing() -> None:
    intake = read_intake(INTAKES / "ledgerline-invoice-intake.yaml")
    made = build(intake.model_copy(update={"targets": ("make", "n8n", "zapier")}))
    report = made["export_validation_report"].value
    assert isinstance(report, ExportValidationReport)
    assert [one.status for one in report.platforms] == ["ready", "ready", "refused"]
    assert "What Zapier can't do" in str(made["zapier_build_sheet"].value)
