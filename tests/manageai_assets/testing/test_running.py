"""Suites on the simulator: right exports pass, wrong ones don't, and what can't be known beforehand isn't compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from compilers.exports import emit
from compilers.expressions.context import Context
from compilers.spec import Spec
from manageai_assets.build.confidence import score
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.dialects import AS_SPECIFIED, n8n_dialect
from manageai_assets.testing.engine import UnplayableError
from manageai_assets.testing.models import Answer, Case, Request, TestReport, Trace
from manageai_assets.testing.reference import Reference
from manageai_assets.testing.running import run_suite
from manageai_assets.testing.sandbox.records import Call
from manageai_assets.testing.sightings import answered_by_chance
from manageai_assets.testing.simulated_engine import BlueprintEngine, SpecEngine
from manageai_assets.testing.simulator import context_of
from manageai_assets.testing.stored import LONGEST_TEXT, stored
from tests.manageai_assets.build.specs import loop
from tests.manageai_assets.testing.examples import all_specs, example_specs
from tests.manageai_assets.testing.test_cases import notice, spec_of

SPECS = pytest.mark.parametrize("spec", all_specs(), ids=lambda spec: spec.slug)


def on_make(spec: Spec, changed: str = "", to: str = "") -> TestReport:
    """The report of a spec's blueprint, in which a text was changed."""
    export = emit(spec, "make")
    text = json.dumps(export.document)
    assert changed in text
    document: JsonValue = json.loads(text.replace(changed, to) if changed else text)
    return run_suite(spec, suite_of(spec), BlueprintEngine(spec, document, export.places))


@SPECS
def test_a_right_blueprint_passes(spec: Spec) -> None:
    report = on_make(spec)
    failed = [
        (result.case.name, result.problem, result.differences[:2]) for result in report.results if not result.passed
    ]
    assert not failed
    assert report.passed
    assert report.coverage.steps_missed == report.coverage.routes_missed == report.coverage.handlers_missed == ()


def test_a_wrong_channel_is_found() -> None:
    spec = next(one for one in example_specs() if one.slug.startswith("harborview"))
    report = on_make(spec, '"on-call"', '"general"')
    failed = [result for result in report.results if not result.passed]
    assert failed
    found = failed[0].differences[0]
    assert (found.step, found.what) == ("alert", "requests[0].inputs.channel")
    assert (found.expected, found.actual) == ("on-call", "general")


def test_a_swapped_operator_is_found() -> None:
    spec = next(one for one in example_specs() if one.slug.startswith("harborview"))
    report = on_make(spec, "text:contain", "text:notcontain")
    assert not report.passed
    assert any(difference.what == "reached" for result in report.results for difference in result.differences)


def test_a_case_that_an_engine_cannot_play_is_left_out_and_said() -> None:
    class Deaf(SpecEngine):
        def run(self, case: Case, expected: Trace, context: Context) -> Trace:
            if case.group == "errors":
                raise UnplayableError("its apps are real")
            return super().run(case, expected, context)

    spec = spec_of([notice("tell")], [{"source": "lead", "target": "tell"}])
    report = run_suite(spec, suite_of(spec), Deaf(spec))
    assert report.passed
    assert not [result for result in report.results if result.case.group == "errors"]
    assert any("its apps are real" in note for note in report.notes)


# -- what can't be known beforehand ----------------------------------------------------------------------------------


def test_what_hangs_on_the_clock_or_chance_is_volatile_and_nothing_else() -> None:
    text = "{{ lead.body.name }} at {{ now }}, {{ uuid }}"
    spec = spec_of([notice("tell", text)], [{"source": "lead", "target": "tell"}], {"name": "Ada"})
    case = suite_of(spec).cases[0]
    found = Reference(spec).expect(case, context_of(spec, case.name))
    assert found.volatile == {"steps.tell.requests[0].inputs.text": ("Ada at ", "")}


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("An {{ first(toArray(lead.body)) }} here", ("An ", " here")),
        ("A {{ lead.body.name % 0 }} z", ("A ", "")),
    ],
)
def test_what_n8n_has_its_own_text_for_is_volatile_there(text: str, ends: tuple[str, str]) -> None:
    spec = spec_of([notice("tell", text)], [{"source": "lead", "target": "tell"}], {"name": "Ada"})
    case = suite_of(spec).cases[0]
    context = context_of(spec, case.name)
    assert Reference(spec).expect(case, context).volatile == {}
    found = Reference(spec, n8n_dialect(spec)).expect(case, context)
    assert found.volatile == {"steps.tell.requests[0].inputs.text": ends}


def test_what_hangs_on_chance_is_volatile_however_few_ways_there_are() -> None:
    text = "Drawn {{ floor(random * 2) }}"
    spec = spec_of([notice("tell", text)], [{"source": "lead", "target": "tell"}])
    case = suite_of(spec).cases[0]
    for seed in range(20):
        context = Context.fixed(datetime(2026, 3, 1, tzinfo=UTC), seed=seed)
        found = Reference(spec).expect(case, context)
        assert found.volatile == {"steps.tell.requests[0].inputs.text": ("Drawn ", "")}
        assert SpecEngine(spec).run(case, found.trace, context) == found.trace


def test_calls_that_are_alike_and_made_at_once_are_answered_by_chance() -> None:
    one, other = (Answer(bundles=({"n": n},)) for n in (1, 2))
    asked = Request(step="tell", app="slack", operation="send_message", inputs={"text": "a"})
    calls = [Call(request=asked, answer=one), Call(request=asked, answer=other)]
    assert answered_by_chance(calls, frozenset({"tell"})) == "tell"
    assert answered_by_chance(calls, frozenset()) is None
    assert answered_by_chance([calls[0], calls[0]], frozenset({"tell"})) is None


def test_a_way_that_hangs_on_the_minute_is_known() -> None:
    near: JsonValue = {"any_of": [[{"left": "{{ lead.body.due }}", "operator": "date:less", "right": "{{ now }}"}]]}
    spec = spec_of([notice("tell")], [{"source": "lead", "target": "tell", "filter": near}], {"due": ""})
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for due, hangs in (("2026-03-01T12:05:00Z", True), ("2026-03-02T12:05:00Z", False), ("2026-03-01T11:00Z", False)):
        case = suite_of(spec).cases[0].model_copy(update={"bundles": ({"body": {"due": due}},)})
        assert bool(Reference(spec).unforeseen(case, context_of(spec, "x", moment))) is hangs


def test_on_n8n_a_sheets_rows_are_all_asked_for_when_the_first_fails() -> None:
    spec = loop()
    failing = next(case for case in suite_of(spec).cases if case.name == "row-fails-500")
    context = context_of(spec, failing.name)
    asked = [
        len(Reference(spec, dialect).expect(failing, context).trace.requests)
        for dialect in (AS_SPECIFIED, n8n_dialect(spec))
    ]
    assert asked == [1, 3]


def test_what_an_engine_makes_of_what_cannot_be_calculated_is_left_out_there() -> None:
    text = 'Due {{ formatDate(lead.body.due; "YYYY") }}'
    spec = spec_of([notice("tell", text)], [{"source": "lead", "target": "tell"}], {"due": "2026-03-01T12:00:00Z"})
    right = suite_of(spec).cases[0]
    wrong = right.model_copy(update={"bundles": ({"body": {"due": 12345}},)})
    for case, on_n8n in ((right, False), (wrong, True)):
        context = context_of(spec, case.name)
        assert ("can't be calculated" in Reference(spec, n8n_dialect(spec)).unforeseen(case, context)) is on_n8n
        assert Reference(spec).unforeseen(case, context) == ""


# -- what is made of it ----------------------------------------------------------------------------------------------


def test_passed_tests_give_confidence_back_and_failed_ones_flag() -> None:
    spec = example_specs()[0]
    passed = on_make(spec)
    failed = passed.model_copy(update={"passed": False})
    assert score().hundredths == score(tests=passed).hundredths == 100
    warned = tuple("abc")
    assert score(warned).hundredths == 94
    assert score(warned, tests=passed).hundredths == 99
    assert score(warned, tests=passed).gained == 0.05
    assert score(warned, tests=failed).hundredths == 94
    assert score(tests=failed).flagged
    assert "FLAGGED" in score(tests=failed).summary


def test_a_stored_report_is_small_and_says_what_was_cut() -> None:
    spec = next(one for one in example_specs() if one.slug.startswith("harborview"))
    report = on_make(spec)
    small = stored(report)
    assert len(small.model_dump_json()) < len(report.model_dump_json()) / 2
    assert [result.passed for result in small.results] == [result.passed for result in report.results]
    assert f"… ({10_000 - LONGEST_TEXT:,} more characters)" in small.model_dump_json()
    assert TestReport.model_validate_json(small.model_dump_json()) == small
