"""Blueprints become specs and come back as they were."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from compilers.errors import UserError
from compilers.make.emit import emit
from compilers.make.parse import Parsed, parse, unwrap
from compilers.residue import apply, changes, same
from compilers.spec import AppStep, NativeStep, Spec, StepBase
from tests.live.scenarios import (
    SCENARIOS,
    Json,
    Scenario,
    collect_text,
    directive,
    hook,
    module,
    router,
    set_variable,
    tell,
    when,
)

EXAMPLE = Path(__file__).parents[3] / "examples" / "blueprints" / "order-alerts.json"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)


def blueprint(*flow: JsonValue, **more: JsonValue) -> Json:
    """A document around a flow."""
    return {"name": "Sample", "flow": [*flow], "metadata": {"version": 1}, **more}


def step(parsed: Parsed, identifier: str) -> StepBase:
    """The step of that id."""
    return next(one for one in parsed.spec.nodes if one.id == identifier)


def back(document: JsonValue) -> Json:
    """The document, parsed and written again."""
    return emit(parse(document).spec).document


def differences(document: JsonValue) -> list[JsonValue]:
    """What is not as it was after a round trip."""
    return changes(unwrap(document), back(document))


# -- round trips ---------------------------------------------------------------------------------------------------


def test_every_real_blueprint_comes_back_as_it_was(shared: Path) -> None:
    files = sorted((shared / "blueprints" / "make").glob("*.json"))
    assert len(files) == 265
    wrong = {}
    for file in files:
        found = differences(json.loads(file.read_text(encoding="utf-8")))
        if found:
            wrong[file.name] = found[:3]
    assert wrong == {}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_construct_comes_back_as_it_was(scenario: Scenario) -> None:
    assert differences(scenario.blueprint) == []


def test_the_spec_survives_being_stored() -> None:
    spec = parse(json.loads(EXAMPLE.read_text())).spec
    again = Spec.model_validate_json(spec.model_dump_json())
    assert again == spec
    assert changes(json.loads(EXAMPLE.read_text()), emit(again).document) == []


ODD: dict[str, list[JsonValue]] = {
    "empty": [],
    "route without modules": [hook(), router(2, [], [tell(3, "x")], otherwise=0)],
    "disabled route": [hook(), {**router(2, [tell(3, "x")]), "routes": [{"flow": [tell(3, "x")], "disabled": True}]}],
    "router first": [router(1, [tell(2, "x", when=when("{{1}}", "exist"))])],
    "filter on the first module": [tell(1, "x", when=when("{{now}}", "exist"))],
    "placeholder": [hook(), {"id": 2, "module": "placeholder:Placeholder", "metadata": {"designer": {"x": 3, "y": 4}}}],
    "handler without a directive": [hook(), tell(2, "x", onerror=[tell(3, "failed")])],
    "directive behind a filter": [
        hook(),
        tell(2, "x", onerror=[{**directive(3, "Ignore"), "filter": {"conditions": when("{{1.a}}", "exist")}}]),
    ],
    "routes in a handler": [
        hook(),
        tell(2, "x", onerror=[router(3, [directive(4, "Ignore")], [tell(5, "y"), directive(6, "Rollback")])]),
    ],
    "handler of a handler": [
        hook(),
        tell(2, "x", onerror=[tell(3, "y", onerror=[directive(4, "Ignore")]), directive(5, "Commit")]),
    ],
    "unknown module": [hook(), module(2, "some-app:doThing", {"a": "{{1.b}}", "c": {"d": ["{{1.e}}"]}}, 7)],
    "custom app": [hook(), module(2, "app#shop-1:getOrder", None)],
    "broken expression": [hook(), set_variable(2, "x", "{{ifempty(1.a; }} and {{1.b.}}")],
    "unknown words": [hook(), set_variable(2, "x", "{{fullName}} {{1.a | b c}}")],
    "unknown operator": [hook(), tell(2, "x", when=when("{{1.a}}", "text:startswith", "b"))],
    "missing module": [hook(), tell(2, "{{99.a}}")],
    "aggregator without a source": [hook(), collect_text(3, 77, "{{1.a}}")],
    "sub-scenario": [
        hook(),
        module(
            2, "scenario-service:CallSubscenario", {"data": {"a": "{{1.b}}"}}, 2,
            parameters={"scenario": "SCN_12", "shouldWaitForExecutionEnd": True},
        ),
    ],
    "more than modules should have": [hook(), {**tell(2, "x"), "listener": True, "flags": {"odd": 1}}],
    "floats and large numbers": [hook(), module(2, "util:FunctionSleep", {"duration": 1.0, "other": 2**60})],
}  # fmt: skip


@pytest.mark.parametrize("flow", ODD.values(), ids=ODD)
def test_odd_blueprints_come_back_as_they_were(flow: list[JsonValue]) -> None:
    assert differences(blueprint(*flow)) == []


def test_wrappings_are_taken_off() -> None:
    inner = blueprint(hook(), tell(2, "x"))
    wrappings: list[JsonValue] = [{"blueprint": inner}, {"response": {"blueprint": inner}}, {"response": inner}]
    for wrapped in wrappings:
        assert back(wrapped) == back(inner)


def test_orphans_and_notes_are_kept() -> None:
    metadata: Json = {
        "version": 1,
        "designer": {"orphans": [[tell(8, "never"), tell(9, "neither")]]},
        "notes": [{"moduleIds": [2], "content": "<p>Ask <b>Ada</b> &amp; Bob</p>"}],
    }
    document = blueprint(hook(), tell(2, "x"), metadata=metadata)
    assert differences(document) == []
    parsed = parse(document)
    assert "Ask Ada & Bob" in {one.note for one in parsed.spec.nodes}
    targets = {edge.target for edge in parsed.spec.edges}
    lonely = [one.id for one in parsed.spec.steps if one.id not in targets]
    assert [parsed.modules[name].data["id"] for name in lonely] == [8]


# -- what a step becomes -------------------------------------------------------------------------------------------


def test_what_the_registry_knows_is_said_in_its_terms() -> None:
    parsed = parse(json.loads(EXAMPLE.read_text()))
    told, row = step(parsed, "tell_sales"), step(parsed, "small_orders")
    assert isinstance(told, AppStep)
    assert isinstance(row, AppStep)
    assert (told.app, told.operation) == ("slack", "send_message")
    assert told.inputs["channel"] == "big-orders"
    assert (row.app, row.operation) == ("google_sheets", "append_row")
    assert row.inputs["values"] == {
        "Order": "{{ new_order.fields.order_id }}",
        "E-mail": "{{ lower(new_order.fields.customer.email) }}",
        "Total": "{{ new_order.fields.total }}",
        "Date": '{{ formatDate(now; "YYYY-MM-DD") }}',
    }
    assert told.on_error is not None
    assert told.on_error.strategy == "ignore"
    assert {connection.label for connection in parsed.spec.connections} == {
        "Kettle & Crumb Slack", "Kettle & Crumb Google",
    }  # fmt: skip


def test_what_it_does_not_know_is_carried_whole() -> None:
    parsed = parse(blueprint(hook(), module(2, "some-app:doThing", {"a": "{{1.b}}"}, 7, parameters={"key": "{{x}}"})))
    native = parsed.spec.steps[0]
    assert isinstance(native, NativeStep)
    assert (native.module, native.version, native.parameters) == ("some-app:doThing", 7, {"key": "{{x}}"})
    assert str(native.mapper["a"]).startswith("{{ gateway") or "{{" in str(native.mapper["a"])


@pytest.mark.parametrize(
    ("name", "version", "more", "known"),
    [
        ("slack:CreateMessage", 4, {}, True),
        ("slack:CreateMessage", 4, {"brand_new": "x"}, True),
        ("slack:CreateMessage", 97, {}, True),
        ("slack:CreateMessage", 97, {"brand_new": "x"}, False),
        ("slack:createAMessage", 97, {}, True),
        ("slack:CreateMessage", 97, {"channel": None}, False),
        ("slack:CreateMessageForNobody", 4, {}, False),
    ],
)
def test_another_version_is_the_same_only_where_all_of_it_is_read(
    name: str, version: int, more: Json, known: bool
) -> None:
    mapper: Json = {"channelWType": "manualy", "channel": "team", "text": "New: {{1.name}}", **more}
    document = blueprint(hook(), module(2, name, mapper, version))
    message = parse(document).spec.steps[0]
    assert isinstance(message, AppStep if known else NativeStep)
    assert back(document) == document


@pytest.mark.parametrize(("more", "known"), [({}, True), ({"onlyOlderThan": "2020-01-01"}, False)])
def test_what_removes_something_is_known_only_where_all_of_it_is_read(more: Json, known: bool) -> None:
    removes = module(2, "datastore:DeleteRecord", {"key": "{{1.key}}", **more}, parameters={"datastore": 7})
    assert isinstance(parse(blueprint(hook(), removes)).spec.steps[0], AppStep if known else NativeStep)


def test_an_edited_step_is_written_as_it_is_now_and_the_rest_as_it_was() -> None:
    document = json.loads(EXAMPLE.read_text())
    spec = parse(document).spec
    told = next(one for one in spec.steps if one.id == "tell_sales")
    assert isinstance(told, AppStep)
    edited = told.model_copy(update={"inputs": {**told.inputs, "text": "Changed {{ new_order.fields.total }}"}})
    steps = tuple(edited if one.id == "tell_sales" else one for one in spec.steps)
    written = emit(spec.model_copy(update={"steps": steps})).document
    wanted = copy.deepcopy(document)
    mapper = wanted["flow"][3]["routes"][0]["flow"][0]["mapper"]
    found = [change for change in changes(wanted, written) if isinstance(change, dict)]
    assert [change["at"][-1] for change in found if isinstance(change["at"], list)] == ["text"]
    assert found[0]["was"] == mapper["text"]
    assert str(found[0]["is"]).startswith("Changed {{1.")


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"flow": 1}, {"flow": [1]}, {"flow": [{"id": 1}]}, {"nodes": []}, {"flow": [{"module": 3}]}],
)
def test_what_is_no_blueprint_is_refused_with_its_place(document: JsonValue) -> None:
    with pytest.raises(UserError):
        parse(document)


def test_flows_that_are_nested_too_deep_are_refused() -> None:
    flow: list[JsonValue] = [tell(1, "x")]
    for number in range(2, 90):
        flow = [router(number, flow)]
    with pytest.raises(UserError, match="nested deeper"):
        parse(blueprint(*flow))


def test_numbers_that_stand_twice_are_told_apart() -> None:
    document = blueprint(hook(), set_variable(2, "a", "1"), set_variable(2, "b", "{{2.a}}"))
    parsed = parse(document)
    assert len({one.id for one in parsed.spec.nodes}) == 3
    assert any("taken by another" in finding.what for finding in parsed.findings)


# -- residues ------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text(max_size=2), JSON, max_size=4), st.dictionaries(st.text(max_size=2), JSON, max_size=4))
def test_changes_make_one_of_the_other(was: dict[str, JsonValue], now: dict[str, JsonValue]) -> None:
    target = copy.deepcopy(was)
    apply(target, changes(was, now))
    assert same(target, now)


@given(st.dictionaries(st.text(max_size=2), JSON, max_size=4))
def test_a_change_is_not_made_where_something_else_stands(was: dict[str, JsonValue]) -> None:
    target: dict[str, JsonValue] = {**was, "key": "edited"}
    before = copy.deepcopy(target)
    apply(target, [{"at": ["key"], "was": "written", "is": "original"}, {"at": ["gone", 3], "is": 1}])
    assert target == before
