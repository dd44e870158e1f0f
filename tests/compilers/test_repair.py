from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compilers.errors import SpecError
from compilers.repair import repair
from compilers.rules import validate_spec
from compilers.spec import parse_spec
from tests.compilers.rules.valid_spec import Document, edge, step, valid_spec

LINEAR: Document = {
    "name": " Order  intake ",
    "customer": {"name": "Acme Example\n"},
    "trigger": {"app": "webhook", "operation": "receive"},
    "steps": [
        {"app": "slack", "operation": "send_message", "inputs": {"channel": "sales", "text": "{{ webhook.body }}"}},
        {"app": "slack", "operation": "send_message", "inputs": {"channel": "support", "text": "Hi"},
         "on_error": {"strategy": "retry"}},
    ],
}  # fmt: skip


def rules(document: Any) -> list[str]:
    return [finding.rule.removeprefix("repair.") for finding in repair(document)[1]]


def test_a_sketch_becomes_a_spec_without_errors() -> None:
    before = copy.deepcopy(LINEAR)
    document, repairs = repair(LINEAR)
    assert before == LINEAR
    spec = parse_spec(document)
    assert [item.id for item in spec.nodes] == ["webhook", "slack", "slack_2"]
    assert [(e.source, e.target) for e in spec.edges] == [("webhook", "slack"), ("slack", "slack_2")]
    assert [(c.id, c.label) for c in spec.connections] == [("slack", "Slack workspace")]
    assert spec.slug == "order-intake"
    assert {finding.severity for finding in repairs} == {"info"}
    assert {finding.rule for finding in validate_spec(spec) if finding.severity != "info"} == set()


def test_a_valid_spec_is_left_alone() -> None:
    assert repair(valid_spec()) == (valid_spec(), ())


def renamed(document: Document) -> None:
    step(document, "notify")["id"] = "Notify"
    step(document, "answer")["body"] = "{{ Notify.ts }} of {{ order.body.id }}"
    for one in document["edges"]:
        one.update({end: "Notify" for end in ("source", "target") if one[end] == "notify"})


def fallback_first(document: Document) -> None:
    document["edges"].sort(key=lambda one: one.get("fallback", False), reverse=True)


def no_kinds(document: Document) -> None:
    for one in document["edges"]:
        if one.get("kind") in ("route", "branch"):
            del one["kind"]


@pytest.mark.parametrize(
    ("break_it", "names"),
    [
        (lambda d: d["steps"][0].pop("kind"), {"kind"}),
        (renamed, {"id"}),
        (lambda d: d.update(name="Order\tintake "), {"name"}),
        (lambda d: d.update(name="x" * 150), {"name"}),
        (lambda d: d.update(slug="Order Intake!"), {"slug"}),
        (lambda d: step(d, "pause").pop("label"), {"label"}),
        (lambda d: step(d, "pause").update(label="log it"), {"label"}),
        (no_kinds, {"edge-kind"}),
        (lambda d: d["edges"].append(dict(edge(d, "notify", "answer"))), {"same-edge"}),
        (fallback_first, {"fallback-last"}),
        (lambda d: edge(d, "lines", "basket")["filter"]["any_of"][0][0].update(operator="exist"), {"operator"}),
        (lambda d: step(d, "notify").pop("connection"), {"connection"}),
        (lambda d: d["connections"].pop(0), {"connection"}),
        (lambda d: step(d, "fetch").update(connection="sales_slack"), {"connection-not-needed"}),
        (lambda d: d.pop("settings"), {"keep-incomplete"}),
        (lambda d: d.update(targets=["make", "n8n", "make"]), {"targets"}),
    ],
)
def test_each_flaw_is_mended_and_reported(break_it: Callable[[Document], None], names: set[str]) -> None:
    document = valid_spec()
    break_it(document)
    mended, repairs = repair(document)
    assert {finding.rule.removeprefix("repair.") for finding in repairs} == names
    assert validate_spec(parse_spec(mended)) == ()


def test_what_refers_to_a_renamed_step_follows() -> None:
    document = valid_spec()
    renamed(document)
    mended, _ = repair(document)
    assert isinstance(mended, dict)
    assert step(mended, "answer")["body"] == "{{ notify.ts }} of {{ order.body.id }}"
    assert edge(mended, "notify", "answer")


def test_a_polling_trigger_gets_a_schedule() -> None:
    document = {**LINEAR, "trigger": {"app": "schedule", "operation": "tick"}}
    mended, repairs = repair(document)
    assert isinstance(mended, dict)
    assert mended["schedule"] == {"kind": "every", "minutes": 15}
    assert "repair.schedule" in {finding.rule for finding in repairs}


def test_meaning_is_never_guessed() -> None:
    document = valid_spec()
    document["connections"].append({"id": "other", "app": "slack", "label": "Other workspace"})
    step(document, "notify").pop("connection")
    assert repair(document)[0] == document  # two accounts would do
    document = valid_spec()
    document["edges"] = []
    assert repair(document)[0] == document  # the steps fork, and nobody knows where to


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=8) | st.just("{{ Notify.x }}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "kind", "label", "app", "operation", "steps", "edges", "trigger", "connections", "source", "fields",
         "filter", "any_of", "operator", "settings", "schedule", "targets", "name", "connection", "on_error", "values"]
    ), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(JSON | st.builds(lambda steps, edges: {**LINEAR, "steps": steps, "edges": edges}, st.lists(JSON), JSON))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_json_is_survived_and_mended_once(document: Any) -> None:
    before = copy.deepcopy(document)
    mended, _ = repair(document)
    assert document == before
    assert repair(mended) == (mended, ())
    with contextlib.suppress(SpecError):
        validate_spec(parse_spec(mended))


@pytest.mark.parametrize("document", [None, [], "spec", 7, {}])
def test_what_is_no_spec_stays_as_it_is(document: Any) -> None:
    assert repair(document) == (document, ())


def test_depth_is_no_matter() -> None:
    value: Any = "x"
    for _ in range(5_000):
        value = [value]
    document = {**LINEAR, "steps": [{"id": "a", "inputs": value}]}
    assert repair(document)[0] is document
