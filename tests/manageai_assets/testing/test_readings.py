"""Steps that take texts apart: made-up data hold what they look for, and routes behind them are found."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from pydantic import JsonValue

from compilers.documents import members
from compilers.graph import SpecGraph
from compilers.spec import AppStep, Condition, Customer, Edge, Filter, RouterStep, Spec, Step, TriggerStep
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.coverage import coverage
from manageai_assets.testing.making import CaseMaker
from manageai_assets.testing.readings import readings
from manageai_assets.testing.simulator import Simulator
from tests.manageai_assets.build.specs import slack

TRIGGER = TriggerStep(id="mail", app="webhook", operation="receive")


def line(*steps: Step, tail: tuple[Edge, ...] = ()) -> Spec:
    """A spec whose steps follow one another, and edges behind them."""
    names = [TRIGGER.id, *(step.id for step in steps)]
    routed = {edge.target for edge in tail}
    edges = [Edge(source=one, target=next_) for one, next_ in pairwise(names) if next_ not in routed]
    return Spec(
        slug="texts", name="Texts", customer=Customer(name="Alder Example Ltd"), trigger=TRIGGER, steps=steps,
        edges=(*edges, *tail),
    )  # fmt: skip


def app(name: str, called: str, /, **inputs: JsonValue) -> AppStep:
    of_app, operation = called.split("/")
    return AppStep(id=name, app=of_app, operation=operation, inputs=inputs)


def unreached(spec: Spec) -> tuple[str, ...]:
    """What no case of the spec reaches."""
    simulator = Simulator(spec)
    found = coverage(spec, [simulator.run(case) for case in suite_of(spec).cases])
    return (*found.steps_missed, *found.routes_missed)


def routed(left: str) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
    """A router that asks whether a value is `Hot`, and else does something other."""
    hot = Filter(any_of=((Condition(left=left, operator="text:equals", right="Hot"),),))
    steps = (RouterStep(id="route"), slack("hot", "Tell sales", "now"), slack("rest", "Tell somebody", "later"))
    return steps, (
        Edge(source="route", target="hot", kind="route", filter=hot),
        Edge(source="route", target="rest", kind="route", fallback=True),
    )


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ((), "{{ ask.text }}"),
        (
            (app("clean", "text/replace", text="{{ ask.text }}", pattern="```(json)?", replacement=""),),
            "{{ clean.text }}",
        ),
        (
            (app("clean", "text/match", text="{{ ask.text }}", pattern=r"\{.*\}", only_matches=True),),
            "{{ clean.match }}",
        ),
    ],
)
def test_routes_behind_the_json_of_an_answer_are_taken(before: tuple[Step, ...], text: str) -> None:
    steps, edges = routed("{{ read.rating }}")
    ask = app("ask", "openai/chat", model="gpt", prompt="Rate {{ mail.body.words }}")
    read = app("read", "json/parse", text=text)
    spec = line(ask, *before, read, *steps, tail=edges)
    assert unreached(spec) == ()
    hot = next(case for case in suite_of(spec).cases if "hot" in case.must_reach)
    assert json.loads(str(hot.answers["ask"][0].bundles[0]["text"]))["rating"] == "Hot"


def test_functions_around_a_text_are_looked_through() -> None:
    spec = line(app("read", "json/parse", text='{{ trim(replace(mail.body.data; "a"; "b")) }}'))
    (found,) = readings(SpecGraph(spec))
    assert (found.step, found.source.step, found.looks_for) == ("read", "mail", "")
    assert members(CaseMaker(spec).payload["body"]) == {"data": "{}"}


@pytest.mark.parametrize(
    ("what", "inputs"),
    [
        ("text/match", {"pattern": r"Order (?<order>\d{4})", "only_matches": True}),
        ("text/match_all", {"pattern": r"[A-Z]{2}-\d+"}),
        ("text/elements", {"what": "emails"}),
        ("text/elements", {"what": "urls"}),
    ],
)
def test_what_a_step_looks_for_is_in_the_text(what: str, inputs: dict[str, JsonValue]) -> None:
    spec = line(app("find", what, text="{{ mail.body.words }}", **inputs), slack("tell", "Tell", "{{ find.match }}"))
    assert unreached(spec) == ()


def test_several_patterns_find_their_text_in_the_same_mail() -> None:
    first = app("first", "text/match", text="{{ mail.body.words }}", pattern=r"Order \d+", only_matches=True)
    second = app("second", "text/match", text="{{ mail.body.words }}", pattern=r"Total: \d+", only_matches=True)
    assert unreached(line(first, second, slack("tell", "Tell", "found"))) == ()


def test_a_broken_pattern_is_looked_for_in_vain() -> None:
    spec = line(app("find", "text/match", text="{{ mail.body.words }}", pattern="(", only_matches=True))
    assert readings(SpecGraph(spec)) == ()


def test_a_needed_input_that_is_left_open_is_no_fault_of_the_data() -> None:
    left_open = slack("tell", "Tell", "{{ mail.body.words }}", channel="")
    spec = line(left_open, slack("next", "Next", "done"))
    assert unreached(spec) == ()
    emptied = next(case for case in suite_of(spec).cases if case.name == "empty-payload")
    error = Simulator(spec).run(emptied).error
    assert error is not None
    assert error.step == "tell"


def test_a_failure_inside_a_handler_decides_how_the_run_ends() -> None:
    alert = slack("alert", "Tell IT", "{{ mail.body.nothing }}").model_copy(
        update={"inputs": {"channel": "it", "text": '{{ parseNumber("x") }}'}}
    )
    tell = slack("tell", "Tell", "{{ mail.body.words }}")
    spec = line(tell, alert, tail=(Edge(source="tell", target="alert", kind="error"),))
    failing = [case for case in suite_of(spec).cases if case.name.startswith("tell-fails")]
    assert failing
    assert {case.must_end for case in failing} == {None}
