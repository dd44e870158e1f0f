"""A pilot holds the migrated workflow against what its blueprint says, module by module, and comes to a verdict."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import UserError
from compilers.export import Export
from compilers.expressions.context import Context
from compilers.make.parse import parse
from compilers.spec import AppStep, Spec
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.compare import Sight
from manageai_assets.testing.engine import Engine, UnplayableError
from manageai_assets.testing.models import Case, Trace
from manageai_assets.testing.pilot import EngineOf, PilotModule, PilotReport, headline, pilot, to_markdown
from manageai_assets.testing.running import run_suite
from manageai_assets.testing.simulated_engine import SpecEngine

EXAMPLE = Path(__file__).parents[3] / "examples" / "blueprints" / "order-alerts.json"
REFUSING = re.compile(r"\{\{format(?:Number|Date)\(([\w.]+);[^}]*\}\}")
HOSTILE = "<script>alert(1)</script> | **b** `x"


def blueprint() -> Object:
    """The example without functions that refuse some values, such as a date that is none: those would need care."""
    text = EXAMPLE.read_text(encoding="utf-8")
    return members(json.loads(REFUSING.sub(r"{{\1}}", text)))


def true(spec: Spec, export: Export) -> AbstractContextManager[Engine]:
    """A side that does what the blueprint says."""
    return nullcontext(SpecEngine(spec, "n8n workflow"))


def faulty(change: Callable[[Spec], Spec]) -> EngineOf:
    """A side that runs another spec."""
    return lambda spec, export: nullcontext(SpecEngine(change(spec), "n8n workflow"))


def with_channel(channel: str) -> EngineOf:
    return faulty(lambda spec: with_inputs(spec, "tell_sales", channel=channel))


def with_inputs(spec: Spec, name: str, **inputs: JsonValue) -> Spec:
    steps = tuple(
        step.model_copy(update={"inputs": {**step.inputs, **inputs}})
        if isinstance(step, AppStep) and step.id == name
        else step
        for step in spec.steps
    )
    return spec.model_copy(update={"steps": steps})


class Refusing(SpecEngine):
    """An engine that refuses the cases of one group."""

    def __init__(self, spec: Spec, group: str, refusal: UserError) -> None:
        super().__init__(spec)
        self._group, self._refusal = group, refusal

    def run(self, case: Case, expected: Trace, context: Context) -> Trace:
        if case.group == self._group:
            raise self._refusal
        return super().run(case, expected, context)


class Blind(SpecEngine):
    """An engine that shows no requests."""

    sees = Sight(requests=False)


def module(report: PilotReport, step: str) -> PilotModule:
    return next(one for one in report.modules if one.step == step)


def with_unknown(document: Object, place: int, name: str) -> Object:
    """The blueprint with a module that nobody knows in the place of another."""
    made = copy.deepcopy(document)
    old = members(items(made["flow"])[place])
    new: Object = {
        "id": old["id"],
        "module": name,
        "version": 1,
        "parameters": {},
        "mapper": {"words": "{{1.order_id}}"},
    }
    made["flow"] = [new if index == place else one for index, one in enumerate(items(made["flow"]))]
    return made


def test_sides_that_agree_are_ready() -> None:
    report = pilot(blueprint(), true, customer="Kettle & Crumb")
    assert report.verdict == "ready"
    assert report.counts == {"agrees": len(report.cases), "differs": 0, "failed": 0, "left out": 0}
    assert headline(report) == f"Ready: all {len(report.cases)} cases agree, and nothing is left to a person"
    assert [one.id for one in report.modules] == [1, 2, 3, 4, 5, 7]
    sales = module(report, "tell_sales")
    assert sales.cases == sales.agreeing > 5
    assert sales.make_requests == sales.n8n_requests == sales.cases
    steps = " ".join(report.next_steps)
    assert "in the same minute" in steps
    assert "new address of `New order`" in steps
    assert "To go back" in steps


def test_a_module_that_differs_is_named_with_its_first_difference() -> None:
    report = pilot(blueprint(), with_channel("elsewhere"))
    assert report.verdict == "not yet"
    sales, small = module(report, "tell_sales"), module(report, "small_orders")
    assert sales.differing == report.counts["differs"] > 0
    assert sales.agreeing == 0
    assert sales.first is not None
    assert (sales.first.what, sales.first.actual) == ("requests[0].inputs.channel", "elsewhere")
    assert (small.differing, small.first) == (0, None)
    assert report.reasons[0].endswith("look at `Tell sales`")
    assert report.next_steps[0].startswith("Leave the scenario on in Make")
    assert not any("same minute" in step for step in report.next_steps)


def test_a_route_that_is_lost_shows_in_both_modules() -> None:
    def lost(spec: Spec) -> Spec:
        edges = [edge.model_copy(update={"disabled": edge.target == "tell_sales"}) for edge in spec.edges]
        return spec.model_copy(update={"edges": tuple(edges)})

    report = pilot(blueprint(), faulty(lost))
    sales, small = module(report, "tell_sales"), module(report, "small_orders")
    assert (sales.cases, sales.agreeing) == (0, 0)
    assert sales.differing > 0
    assert sales.make_requests > 0
    assert sales.n8n_requests == 0
    assert small.n8n_requests is not None
    assert small.n8n_requests > small.make_requests


def test_a_module_for_a_person_is_switched_off_on_both_sides_and_wants_care() -> None:
    document = with_unknown(blueprint(), 2, "acme:guess")
    report = pilot(document, true)
    assert report.verdict == "ready with care"
    (manual,) = report.manual
    assert manual.id == 3
    assert (manual.cases, manual.make_requests) == (0, 0)
    assert "switched off" in manual.note
    assert "built by hand" in report.reasons[0]
    assert any("Build by hand on n8n" in step for step in report.next_steps)
    assert module(report, "tell_sales").cases > 0


def test_a_trigger_for_a_person_is_not_yet_and_starts_no_engine() -> None:
    def never(spec: Spec, export: Export) -> AbstractContextManager[Engine]:
        raise AssertionError("no engine can run it")

    report = pilot(with_unknown(blueprint(), 0, "acme:watch"), never)
    assert report.verdict == "not yet"
    assert report.counts["left out"] == len(report.cases) > 0
    assert "which starts the scenario" in report.reasons[0]


def test_cases_that_an_engine_cannot_play_want_care() -> None:
    refusal = UnplayableError("the apps are real")
    report = pilot(blueprint(), lambda spec, export: nullcontext(Refusing(spec, "errors", refusal)))
    assert report.verdict == "ready with care"
    left = [case for case in report.cases if case.outcome == "left out"]
    assert {case.group for case in left} == {"errors"}
    assert left[0].why == "n8n: the apps are real"


@pytest.mark.parametrize("group", ["routes", "edges", "errors"])
def test_cases_that_fail_to_run_are_not_yet(group: str) -> None:
    refusal = UserError("the server is gone")
    report = pilot(blueprint(), lambda spec, export: nullcontext(Refusing(spec, group, refusal)))
    assert report.verdict == "not yet"
    assert report.counts["failed"] == sum(case.group == group for case in report.cases)
    assert "the server is gone" in report.reasons[0]


def test_requests_that_are_not_seen_want_care() -> None:
    report = pilot(blueprint(), lambda spec, export: nullcontext(Blind(spec)))
    assert report.verdict == "ready with care"
    assert "shows no requests" in report.reasons[0]
    assert module(report, "tell_sales").n8n_requests is None


def test_a_known_difference_that_wants_a_decision_wants_care() -> None:
    document = blueprint()
    document["metadata"] = {**members(document.get("metadata")), "scenario": {"sequential": True}}
    report = pilot(document, true)
    assert report.verdict == "ready with care"
    assert any("one run at a time" in reason for reason in report.reasons)


def test_make_itself_can_be_one_of_the_sides() -> None:
    report = pilot(blueprint(), true, on_make=with_channel("elsewhere"))
    assert report.verdict == "not yet"
    differing = [case for case in report.cases if case.outcome == "differs"]
    assert {one.side for case in differing for one in case.differences} == {"Make"}
    assert pilot(blueprint(), true, on_make=true).verdict == "ready"


def test_every_case_is_heard_of() -> None:
    heard: list[tuple[int, int, str]] = []
    report = pilot(blueprint(), true, heard=lambda number, total, title: heard.append((number, total, title)))
    total = len(report.cases)
    assert heard == [(number, total, case.title) for number, case in enumerate(report.cases, start=1)]


@pytest.mark.parametrize("document", [{}, [], None, {"nodes": [], "connections": {}}])
def test_what_is_no_blueprint_is_refused(document: JsonValue) -> None:
    with pytest.raises(UserError):
        pilot(document, true)


def test_the_page_says_what_to_do_and_shows_client_text_as_text() -> None:
    document = blueprint()
    document["name"] = HOSTILE
    page = to_markdown(pilot(document, with_channel(HOSTILE), customer=HOSTILE))
    assert "**Not yet.**" in page
    assert "## What differs" in page
    assert "requests[0].inputs.channel" in page
    outside = "".join(page.split("```")[::2])
    assert "<script>" not in outside
    assert "**b**" not in outside.replace("\\*", "")


def test_a_page_without_differences_has_no_such_part() -> None:
    page = to_markdown(pilot(blueprint(), true))
    assert "**Ready.**" in page
    assert "## What differs" not in page
    assert "Cases that do not agree" not in page


def real(folder: Path) -> list[Path]:
    return sorted((folder / "blueprints" / "make").glob("*.json"))


def proves(file: Path) -> tuple[bool, str]:
    """Whether a real blueprint's cases can be made and its spec does what they say of it; where not, in which."""
    spec = parse(json.loads(file.read_text(encoding="utf-8"))).spec
    report = run_suite(spec, suite_of(spec), SpecEngine(spec))
    wrong = [result.case.name for result in report.results if not result.passed]
    return report.passed, f"{file.name}: {', '.join(wrong[:3])}"


def test_cases_of_real_blueprints_say_what_their_specs_do(shared: Path) -> None:
    files = [file for file in real(shared)[::12] if file.stat().st_size < 60_000]
    assert len(files) > 10
    assert [where for passed, where in map(proves, files) if not passed] == []


@pytest.mark.slow
def test_every_real_blueprint_can_be_piloted(shared: Path) -> None:
    for file in real(shared):
        report = pilot(json.loads(file.read_text(encoding="utf-8")), true)
        assert report.counts["differs"] + report.counts["failed"] == 0, file.name
        assert to_markdown(report)
