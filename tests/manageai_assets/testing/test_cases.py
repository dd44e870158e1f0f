"""Suites reach everything, say what must happen by the graph alone, and are the same every time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from compilers.spec import Spec, parse_spec
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.coverage import coverage
from manageai_assets.testing.failures import FAILURES
from manageai_assets.testing.making import is_called
from manageai_assets.testing.models import Case, TestSuite
from manageai_assets.testing.simulator import Simulator
from tests.manageai_assets.testing.examples import all_specs

SPECS = pytest.mark.parametrize("spec", all_specs(), ids=lambda spec: spec.slug)


@SPECS
def test_everything_is_reached(spec: Spec) -> None:
    suite = suite_of(spec)
    simulator = Simulator(spec)
    found = coverage(spec, [simulator.run(case) for case in suite.cases])
    assert (found.steps_missed, found.routes_missed, found.filters_missed, found.handlers_missed) == ((), (), (), ())
    assert suite.not_covered == ()


@SPECS
def test_what_the_graph_says_must_happen_happens(spec: Spec) -> None:
    simulator = Simulator(spec)
    for case in suite_of(spec).cases:
        trace = simulator.run(case)
        ran = {name for name, step in trace.steps.items() if step.bundles_in or step.bundles_out}
        assert set(case.must_reach) <= ran, case.name
        assert not set(case.must_not_reach) & ran, case.name
        assert case.must_end in (None, trace.status), case.name


@SPECS
def test_the_same_spec_gives_the_same_suite(spec: Spec) -> None:
    first, second = suite_of(spec), suite_of(spec)
    assert first == second
    assert len({case.name for case in first.cases}) == len(first.cases)
    assert TestSuite.model_validate_json(first.model_dump_json()) == first


@SPECS
def test_every_app_fails_in_every_way(spec: Spec) -> None:
    simulator = Simulator(spec)
    cases = [case for case in suite_of(spec).cases if case.group == "errors"]
    handled = simulator.plan.graph.error_steps
    for step in spec.steps:
        if not is_called(step) or step.id in handled:
            continue
        tried = {
            answer.failure.name
            for case in cases
            for answer in case.answers.get(step.id, ())
            if answer.failure is not None and case.must_reach[:1] == (step.id,)
        }
        assert tried == set(FAILURES), step.id


# -- what is chosen ------------------------------------------------------------------------------------------------


def spec_of(steps: list[JsonValue], edges: list[JsonValue], sample: JsonValue = None) -> Spec:
    """A spec that starts at a webhook."""
    trigger: JsonValue = {
        "kind": "trigger", "id": "lead", "app": "webhook", "operation": "receive", "sample": {"body": sample or {}},
    }  # fmt: skip
    return parse_spec(
        {
            "slug": "chosen", "name": "Chosen", "customer": {"name": "Example GmbH"},
            "trigger": trigger, "steps": steps, "edges": edges,
        }
    )  # fmt: skip


def notice(identifier: str, text: str = "{{ lead.body.name }}") -> JsonValue:
    return {
        "id": identifier, "kind": "app", "app": "slack", "operation": "send_message",
        "inputs": {"channel": "sales", "text": text},
    }  # fmt: skip


def when(left: str, operator: str, right: JsonValue) -> JsonValue:
    return {"any_of": [[{"left": left, "operator": operator, "right": right}]]}


def case_of(suite: TestSuite, name: str) -> Case:
    return next(case for case in suite.cases if case.name == name)


def test_a_route_behind_computed_values_is_found() -> None:
    spec = spec_of(
        [
            {"id": "sum", "kind": "set_variables",
             "variables": [{"name": "total", "value": "{{ lead.body.price * lead.body.count }}"}]},
            {"id": "line", "kind": "iterate", "array": "{{ lead.body.lines }}"},
            {"id": "which", "kind": "router", "mode": "first"},
            notice("big"), notice("odd"), notice("rest"),
        ],
        [
            {"source": "lead", "target": "sum"},
            {"source": "sum", "target": "line"},
            {"source": "line", "target": "which"},
            {"source": "which", "target": "big", "kind": "route",
             "filter": when("{{ sum.total }}", "number:greater", 900)},
            {"source": "which", "target": "odd", "kind": "route",
             "filter": when("{{ line.sku }}", "text:starts_with", "X-")},
            {"source": "which", "target": "rest", "kind": "route", "fallback": True},
        ],
        {"price": 10, "count": 2, "lines": [{"sku": "A-1"}], "name": "Ada"},
    )  # fmt: skip
    suite = suite_of(spec)
    big, odd = case_of(suite, "route-which-to-big"), case_of(suite, "route-which-to-odd")
    body = big.bundles[0]["body"]
    assert isinstance(body, dict)
    price, count = body["price"], body["count"]
    assert isinstance(price, (int, float))
    assert isinstance(count, (int, float))
    assert price * count > 900
    trace = Simulator(spec).run(odd)
    assert trace.requests[0].step == "odd"


def test_filters_inside_an_error_handler_are_passed_and_stopped() -> None:
    spec = spec_of(
        [
            {"id": "read", "kind": "app", "app": "json", "operation": "parse",
             "inputs": {"text": "{{ lead.body.text }}"}},
            {"id": "short", "kind": "router", "mode": "first"},
            notice("tell"), notice("refuse"),
        ],
        [
            {"source": "lead", "target": "read"},
            {"source": "read", "target": "short", "kind": "error"},
            {"source": "short", "target": "tell", "kind": "route",
             "filter": when("{{ length(lead.body.text) }}", "number:less", 4)},
            {"source": "short", "target": "refuse", "kind": "route", "fallback": True},
        ],
        {"text": '{"name": "Ada"}', "name": "Ada"},
    )  # fmt: skip
    suite = suite_of(spec)
    assert suite.not_covered == ()
    simulator = Simulator(spec)
    told = simulator.run(case_of(suite, "route-short-to-tell"))
    assert [request.step for request in told.requests] == ["tell"]
    assert {"short>tell"} <= set(told.taken)
    lengths = {
        len(str(body["text"]))
        for case in suite.cases
        if case.name.startswith("boundary") and isinstance(body := case.bundles[0]["body"], dict)
        and "read>short" in simulator.run(case).taken
    }  # fmt: skip
    assert lengths == {3, 4, 5}


def test_of_very_many_steps_each_fails_in_some_ways_and_every_way_is_tried() -> None:
    names = [f"tell{number}" for number in range(120)]
    edges: list[JsonValue] = [
        {"source": source, "target": target} for source, target in zip(["lead", *names], names, strict=False)
    ]
    suite = suite_of(spec_of([notice(name) for name in names], edges, {"name": "Ada"}))
    failed = [case for case in suite.cases if case.group == "errors"]
    answers = [answer for case in failed for given in case.answers.values() for answer in given]
    assert {answer.failure.name for answer in answers if answer.failure} == set(FAILURES)
    assert 50 < len(failed) < 120
    assert any("120 steps call apps; 60 of them were failed" in missed for missed in suite.not_covered)


def test_dates_are_chosen_around_the_moment_of_the_run() -> None:
    spec = spec_of(
        [notice("due")],
        [
            {"source": "lead", "target": "due",
             "filter": when("{{ lead.body.due }}", "date:less", "{{ addDays(now; 60) }}")}
        ],
        {"due": "2020-01-01T00:00:00.000Z", "name": "Ada"},
    )  # fmt: skip
    moment = datetime(2031, 5, 1, 8, tzinfo=UTC)
    stopped = next(case for case in suite_of(spec, moment=moment).cases if case.name.startswith("stopped"))
    body = stopped.bundles[0]["body"]
    assert isinstance(body, dict)
    assert str(body["due"]) > "2031-06"


def test_edges_of_the_data() -> None:
    spec = spec_of(
        [notice("tell", "{{ lead.body.name }} orders {{ lead.body.count }}")],
        [{"source": "lead", "target": "tell", "filter": when("{{ lead.body.count }}", "number:greater", 3)}],
        {"name": "Ada", "count": 5, "lines": [1]},
    )
    suite = suite_of(spec)
    names = {case.name for case in suite.cases if case.group == "edges"}
    assert {"empty-payload", "unicode", "long-text", "missing-body-name", "wrong-type-body-count", "missing-body-count",
            "empty-body-lines", "long-body-lines"} <= names  # fmt: skip
    counts = [case.bundles[0]["body"] for case in suite.cases if case.name.startswith("boundary")]
    assert {body["count"] for body in counts if isinstance(body, dict)} == {2, 3, 4}


def test_the_edges_of_a_route_are_its_fallbacks_too() -> None:
    spec = spec_of(
        [{"id": "which", "kind": "router", "mode": "all"}, notice("big"), notice("german"), notice("rest")],
        [
            {"source": "lead", "target": "which"},
            {"source": "which", "target": "big", "kind": "route",
             "filter": when("{{ lead.body.total }}", "number:greater", 100)},
            {"source": "which", "target": "german", "kind": "route",
             "filter": when("{{ lead.body.country }}", "text:equals", "DE")},
            {"source": "which", "target": "rest", "kind": "route", "fallback": True},
        ],
        {"total": 500, "country": "DE", "name": "Ada"},
    )  # fmt: skip
    simulator = Simulator(spec)
    edges = {
        body["total"]: [request.step for request in simulator.run(case).requests]
        for case in suite_of(spec).cases
        if case.name.startswith("boundary-big") and isinstance(body := case.bundles[0]["body"], dict)
    }
    assert edges == {99: ["rest"], 100: ["rest"], 101: ["big"]}


def test_what_cannot_be_reached_is_said() -> None:
    spec = spec_of(
        [{"id": "which", "kind": "router", "mode": "first"}, notice("never"), notice("rest")],
        [
            {"source": "lead", "target": "which"},
            {"source": "which", "target": "never", "kind": "route", "label": "Never",
             "filter": when("{{ 1 + 1 }}", "number:equals", 3)},
            {"source": "which", "target": "rest", "kind": "route", "fallback": True},
        ],
    )  # fmt: skip
    suite = suite_of(spec)
    assert any("Never" in missed for missed in suite.not_covered)
    assert any("its errors were not tried" in missed for missed in suite.not_covered)


def test_a_retry_that_works_the_second_time_is_a_case() -> None:
    step = notice("tell")
    assert isinstance(step, dict)
    spec = spec_of([{**step, "on_error": {"strategy": "retry", "attempts": 2}}], [{"source": "lead", "target": "tell"}])
    suite = suite_of(spec)
    simulator = Simulator(spec)
    recovers, fails = case_of(suite, "tell-recovers"), case_of(suite, "tell-fails-500")
    assert simulator.run(recovers).status == "success"
    assert len(simulator.run(recovers).requests) == 2
    assert fails.must_end == "warning"
    assert len(simulator.run(fails).requests) == 3
