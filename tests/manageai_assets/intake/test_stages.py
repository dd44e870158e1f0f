"""The examples, through the stages from intake to canonical spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.exports import emit
from compilers.rules import validate_spec
from compilers.spec import AggregateStep, IterateStep, RouterStep, Spec
from manageai_assets.intake.assessment import Assessment
from manageai_assets.intake.models import Intake
from manageai_assets.intake.reading import parse_intake, read_intake
from manageai_assets.intake.stages import assessment, assessment_markdown, canonical_spec
from manageai_assets.stages import Outcome, run_stages
from tests.fakes.claude import KEY, Reply, answer, failure, fake_claude

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "intakes").glob("*.yaml"))
READY = [file for file in EXAMPLES if file.stem != "quickbite-catering-idea"]


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")


def outcomes_of(file: Path) -> dict[str, Outcome]:
    return run_stages((assessment, canonical_spec), {"intake": read_intake(file)}, lambda: 0.0)


def spec_of(name: str) -> Spec:
    value = outcomes_of(next(file for file in EXAMPLES if file.stem.startswith(name)))["canonical_spec"].value
    assert isinstance(value, Spec)
    return value


def test_there_are_six_examples() -> None:
    assert len(EXAMPLES) == 6


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_an_example_builds_without_errors_for_each_platform(file: Path) -> None:
    spec = outcomes_of(file)["canonical_spec"].value
    assert isinstance(spec, Spec)
    assert not [finding for finding in validate_spec(spec) if finding.severity != "info"]
    for platform in spec.targets:
        assert not [finding for finding in emit(spec, platform).findings if finding.severity == "error"]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_same_intake_gives_the_same_bytes(file: Path) -> None:
    first, second = outcomes_of(file), outcomes_of(file)
    for item in (assessment, canonical_spec):
        one, other = first[item.name].value, second[item.name].value
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert item.encode(one) == item.encode(other)
            assert item.decode(item.encode(one)) == one


def test_examples_show_what_they_are_for() -> None:
    assert any(isinstance(step, RouterStep) for step in spec_of("harborview").steps)
    assert {IterateStep, AggregateStep} <= {type(step) for step in spec_of("bergwerk").steps}
    assert any(edge.kind == "error" for edge in spec_of("ledgerline").edges)
    schedule = spec_of("rosewood").schedule
    assert schedule is not None
    assert schedule.kind == "weekly"
    assert len(spec_of("maple").steps) == 3


def test_an_intake_that_is_not_ready_waits_with_its_questions() -> None:
    outcomes = outcomes_of(next(file for file in EXAMPLES if file not in READY))
    result, refusal = outcomes["assessment"].value, outcomes["canonical_spec"].refusal
    assert isinstance(result, Assessment)
    assert not result.ready
    assert outcomes["canonical_spec"].waiting
    assert refusal is not None
    assert [finding.what for finding in refusal.findings] == [question.what for question in result.blocking]
    assert not next(check for check in outcomes["assessment"].checks if check.name == "ready").passed


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_previews_show_the_numbers(file: Path) -> None:
    for item in (assessment, canonical_spec):
        value = outcomes_of(file)[item.name].value
        if value is not None and item.preview is not None:
            preview = item.preview(value)
            assert preview.markdown
            assert preview.numbers


def test_client_text_is_no_markup_in_the_preview() -> None:
    intake = parse_intake("customer: A\nrequest: 'When a form comes in, <script>x</script> **b** [l](javascript:x)'\n")
    result = run_stages((assessment,), {"intake": intake}, lambda: 0.0)["assessment"].value
    assert isinstance(result, Assessment)
    text = assessment_markdown(result)
    assert "<script>" not in text
    assert "[l](" not in text


PLAN: JsonValue = {
    "trigger": {"app": "webhook", "operation": "receive", "id": "form", "label": "Form"},
    "steps": [
        {
            "app": "slack", "operation": "send_message", "id": "tell", "label": "Tell sales",
            "inputs": {"channel": "sales", "text": "{{ form.body.email }}"},
        }
    ],
}  # fmt: skip
WRONG: JsonValue = json.loads(json.dumps(PLAN).replace("form.body", "nobody.body"))


@pytest.mark.parametrize(
    ("replies", "made_by", "rounds", "noted"),
    [
        ((answer({"plan": PLAN}),), "claude", 1, ""),
        ((answer({"plan": WRONG}), answer({"plan": PLAN})), "claude", 2, ""),
        ((answer({"plan": WRONG}),), "claude", 3, ""),
        ((failure(401),), "rules", 1, "could not read the request"),
    ],
)
def test_the_environment_s_key_and_address_lead_to_claude(
    replies: tuple[Reply, ...], made_by: str, rounds: int, noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_claude(*replies) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        free = Intake.model_validate({"customer": "Acme", "request": "Do what we spoke of when a form comes in."})
        value = run_stages((assessment,), {"intake": free}, lambda: 0.0)["assessment"].value
    assert isinstance(value, Assessment)
    assert (value.made_by, len(value.rounds)) == (made_by, rounds)
    assert noted in value.note
    assert (value.usage.requests if value.usage else 0) == (rounds if made_by == "claude" else 0)
    assert KEY not in value.model_dump_json()
