"""The whole way from an intake to its delivery package, in one process."""

from __future__ import annotations

import hashlib
import json

import pytest
from markdown_it import MarkdownIt
from pydantic import JsonValue

from compilers.spec import Spec
from manageai_assets.build.confidence import Confidence
from manageai_assets.build.delivery import CONTENTS, DeliveryPack
from manageai_assets.build.exports import ExportValidationReport
from manageai_assets.intake.models import Intake
from manageai_assets.intake.reading import intake_of
from manageai_assets.pipeline import BUILD_STAGES, STAGES, build
from manageai_assets.stages import Outcome

HOSTILE = "<script>alert(1)</script> | # [x](javascript:1) `a` ![i](http://evil.example/p.png)"


def submitted(**changes: JsonValue) -> Intake:
    """An intake with structured steps."""
    document: dict[str, JsonValue] = {
        "customer": "Nordlicht Example GmbH",
        "contact": {"name": "Jana Petersen", "email": "jana@nordlicht.example"},
        "title": "Web leads to sales",
        "request": "When somebody fills in our form, tell sales in Slack and log it to a sheet.",
        "objective": "Nobody waits longer than an hour for an answer.",
        "targets": ["make", "n8n", "zapier"],
        "received": "2026-10-05",
        "deadline": "2026-11-02",
        "volume_per_month": 600,
        "systems": ["Google Sheets", {"name": "Make", "plan": "Free"}],
        "trigger": {
            "app": "webhook",
            "id": "lead",
            "label": "Website form",
            "sample": {"body": {"email": "ada@example.com", "budget": 5000}},
        },
        "steps": [
            {
                "app": "slack",
                "operation": "send_message",
                "label": "Tell sales",
                "inputs": {"channel": "sales", "text": "New lead: {{ lead.body.email }}"},
                "on_error": "retry",
            },
            {
                "app": "google_sheets",
                "operation": "add_row",
                "label": "Log the lead",
                "when": "lead.body.budget > 1000",
                "inputs": {
                    "spreadsheet": "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
                    "sheet": "Log",
                    "headers": ["E-mail"],
                    "values": {"E-mail": "{{ lead.body.email }}"},
                },
            },
        ],
        **changes,
    }
    return intake_of(document, where="test")


def artifacts(outcomes: dict[str, Outcome]) -> dict[str, bytes]:
    """The artifacts that a build made, by name."""
    made = ((item, outcomes[item.name].value) for item in STAGES)
    return {item.artifact: item.encode(value) for item, value in made if value is not None}


def test_every_artifact_is_made() -> None:
    outcomes = build(submitted())
    assert {name: str(outcome.refusal) for name, outcome in outcomes.items() if outcome.value is None} == {}
    assert set(artifacts(outcomes)) == {
        "intake.json",
        "assessment.json",
        "canonical_spec.json",
        "validation_report.json",
        "make_export.json",
        "n8n_export.json",
        "zapier_export.json",
        "zapier_build_sheet.md",
        "export_validation_report.json",
        "test_suite.json",
        "test_report.json",
        "test_report.md",
        "test_report.html",
        "confidence.json",
        "timeline.json",
        "cost_estimate.json",
        "build_blueprint.md",
        "customer_delivery_summary.md",
        "delivery_pack.json",
        "build_log.md",
        "flow.svg",
        "sow_facts.json",
        "sow.docx",
        "executive_summary.pdf",
        "technical_spec.md",
        "implementation_checklist.md",
        "sow_package.zip",
    }


def test_each_stage_stands_behind_what_it_needs() -> None:
    known = {"submitted"}
    for item in STAGES:
        assert set(item.needs) <= known, item.name
        known.add(item.name)
    assert {item.name for item in CONTENTS} == {item.name for item in STAGES} - {"delivery_pack"}
    assert len({item.artifact for item in STAGES}) == len(STAGES) == len(BUILD_STAGES) + 1


def test_the_same_intake_gives_the_same_bytes() -> None:
    assert artifacts(build(submitted())) == artifacts(build(submitted()))


def test_everything_reads_back_and_can_be_previewed() -> None:
    outcomes = build(submitted())
    for item in STAGES:
        value = outcomes[item.name].value
        assert value is not None
        assert item.encode(item.decode(item.encode(value))) == item.encode(value), item.name
        assert item.preview is not None, item.name
        assert item.preview(value).numbers, item.name
        checks = tuple(item.checks(value)) if item.checks else ()
        assert tuple(check.name for check in checks) == item.check_names


def test_the_pack_lists_every_file_with_its_digest() -> None:
    outcomes = build(submitted())
    files = artifacts(outcomes)
    pack = DeliveryPack.model_validate_json(files.pop("delivery_pack.json"))
    assert {item.name: (item.bytes, item.sha256) for item in pack.artifacts} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    }
    assert pack.customer == "Nordlicht Example GmbH"
    assert [item.platform for item in pack.platforms] == ["make", "n8n", "zapier"]
    assert {account.label for account in pack.platforms[0].connect}
    assert pack.platforms[0].webhooks
    assert any(action.startswith("Import make_export.json into Make") for action in pack.next_actions)


def test_one_unwanted_platform_leaves_the_rest_standing() -> None:
    outcomes = build(submitted(targets=["make"]))
    assert outcomes["n8n_export"].waiting
    assert outcomes["delivery_pack"].value is not None
    pack = outcomes["delivery_pack"].value
    assert isinstance(pack, DeliveryPack)
    assert {item.platform: item.status for item in pack.platforms}["n8n"] == "not wanted"
    assert "n8n_export.json" not in {item.name for item in pack.artifacts}
    summary = outcomes["customer_delivery_summary"].value
    assert isinstance(summary, str)
    assert "**n8n:**" not in summary


def test_an_intake_that_is_not_ready_ends_with_its_questions() -> None:
    outcomes = build(intake_of({"customer": "Example", "request": "Do something nice."}, where="test"))
    assert outcomes["assessment"].value is not None
    assert outcomes["canonical_spec"].waiting
    assert outcomes["delivery_pack"].value is None
    assert not any(outcome.refusal and not outcome.waiting for outcome in outcomes.values())


def test_a_spec_with_errors_stops_at_its_report_and_is_logged() -> None:
    inputs: JsonValue = {"channel": "x", "text": "{{ nobody.here }}"}
    steps: JsonValue = [{"app": "slack", "operation": "send_message", "label": "Tell", "inputs": inputs}]
    outcomes = build(submitted(steps=steps))
    if outcomes["canonical_spec"].value is None:
        pytest.skip("the intake asks about it before")
    assert outcomes["validation_report"].blocked
    assert outcomes["customer_delivery_summary"].value is None
    assert outcomes["delivery_pack"].value is None
    log = outcomes["build_log"].value
    assert isinstance(log, str)
    assert "nobody" in log


def test_confidence_counts_what_the_reports_say() -> None:
    outcomes = build(submitted())
    confidence, report = outcomes["confidence"].value, outcomes["export_validation_report"].value
    spec = outcomes["canonical_spec"].value
    assert isinstance(confidence, Confidence)
    assert isinstance(report, ExportValidationReport)
    assert isinstance(spec, Spec)
    counted = {factor.name: factor.count for factor in confidence.factors}
    assert counted["assumptions"] == len(spec.assumptions)
    assert counted["errors"] >= sum(item.report.errors for item in report.wanted if item.report)


def test_hostile_client_text_never_becomes_markup() -> None:
    outcomes = build(
        submitted(customer=HOSTILE[:100], title=HOSTILE[:100], request=HOSTILE + "\n# x\n" + HOSTILE, objective=HOSTILE)
    )
    for name in ("build_blueprint", "customer_delivery_summary", "build_log"):
        document = outcomes[name].value
        assert isinstance(document, str)
        page = MarkdownIt("commonmark", {"html": True}).enable("table").render(document)
        assert "<script" not in page
        assert "javascript:" not in "".join(part for part in page.split('href="')[1:])
        assert page.count("<img") == (0 if name == "build_log" else 1)
        assert page.count("<h1>") == 1
    picture = outcomes["flow_picture"].value
    assert isinstance(picture, str)
    assert "<script" not in picture


def test_exports_are_the_documents_that_the_platforms_import() -> None:
    files = artifacts(build(submitted()))
    assert "flow" in json.loads(files["make_export.json"])
    assert "nodes" in json.loads(files["n8n_export.json"])
