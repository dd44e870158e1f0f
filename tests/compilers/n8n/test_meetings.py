"""Where ways meet, and what n8n's nodes do with several bundles: seen on a real server, held here as structure."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pydantic import JsonValue, TypeAdapter

from compilers.n8n.emit import emit
from compilers.rules import validate_export
from compilers.spec import Spec, parse_spec
from tests.compilers.make.test_emit import WEBHOOK, Json, spec
from tests.compilers.n8n.test_emit import nodes

Wire = dict[str, str | int]
WIRES = TypeAdapter(dict[str, dict[str, list[list[Wire]]]])
ITEM: Json = {"kind": "iterate", "id": "item", "array": "{{ call.body.items }}"}
ALL: Json = {"kind": "aggregate", "id": "all", "source": "item", "fields": {"n": "{{ item.n }}"}}
RESUME: Json = {"strategy": "resume", "substitute": {"body": {"score": 0}}}
RETRY: Json = {"strategy": "retry", "attempts": 3}
AIRTABLE: Json = {"base": "app1", "table": "tbl1"}


def fetch(**more: JsonValue) -> Json:
    """A call of a web address."""
    return {
        "kind": "app",
        "id": "fetch",
        "app": "http",
        "operation": "request",
        "inputs": {"url": "https://api.example.com"},
        **more,
    }


def line(*steps: Json, **more: JsonValue) -> Spec:
    """A webhook and the steps after it, one behind the other."""
    ids = ["call", *(str(step["id"]) for step in steps)]
    edges: list[JsonValue] = [{"source": a, "target": b} for a, b in pairwise(ids)]
    return spec(WEBHOOK, [*steps], edges, **more)


def branched(*, collected: bool) -> Spec:
    """An if-else with a merge, in a loop that an aggregate closes or without both."""
    steps: list[JsonValue] = [
        {"kind": "if_else", "id": "choose"},
        {"kind": "set_variables", "id": "big", "variables": [{"name": "size", "value": "big"}]},
        {"kind": "merge", "id": "both", "fields": [{"name": "size", "values": {"big": "big", "choose": "small"}}]},
    ]
    rule: JsonValue = {"any_of": [[{"left": "{{ call.body.n }}", "operator": "number:greater", "right": 2}]]}
    edges: list[JsonValue] = [
        {"source": "item" if collected else "call", "target": "choose"},
        {"source": "choose", "target": "big", "kind": "branch", "filter": rule},
        {"source": "choose", "target": "both", "kind": "branch", "fallback": True},
        {"source": "big", "target": "both"},
    ]
    if collected:
        steps = [ITEM, *steps, ALL]
        edges = [{"source": "call", "target": "item"}, *edges, {"source": "both", "target": "all"}]
    return spec(WEBHOOK, steps, edges)


def inputs_of(found: Spec, name: str) -> list[tuple[str, int]]:
    """The nodes that lead into a node, each with the input it takes."""
    connections: dict[str, dict[str, list[list[Wire]]]] = WIRES.validate_python(emit(found).document["connections"])
    return sorted(
        (source, int(wire["index"]))
        for source, outputs in connections.items()
        for wires in outputs["main"]
        for wire in wires
        if wire["node"] == name
    )


def test_a_substitute_before_an_aggregate_waits_for_what_went_well() -> None:
    found = line(ITEM, fetch(on_error=RESUME), ALL)
    joint = nodes(found)["Fetch: result"]
    assert joint["type"] == "n8n-nodes-base.merge"
    assert joint["parameters"] == {"mode": "append", "numberInputs": 2}
    assert inputs_of(found, "Fetch: result") == [("Fetch", 0), ("Fetch: substitute", 1)]


def test_a_substitute_elsewhere_goes_on_at_once() -> None:
    for found in (line(fetch(on_error=RESUME)), line(ITEM, fetch(on_error=RESUME))):
        assert nodes(found)["Fetch: result"]["type"] == "n8n-nodes-base.noOp"


def test_branches_before_an_aggregate_wait_for_each_other() -> None:
    found = branched(collected=True)
    assert nodes(found)["Both"]["type"] == "n8n-nodes-base.merge"
    assert [index for _, index in inputs_of(found, "Both")] == [1, 0]
    assert nodes(branched(collected=False))["Both"]["type"] == "n8n-nodes-base.noOp"


def test_a_loop_runs_empty_when_the_groups_of_what_it_gave_are_collected() -> None:
    groups: Json = {**ALL, "id": "groups", "mode": "sum", "value": "{{ item.n }}", "group_by": "{{ item.kind }}"}
    groups.pop("fields")
    whole: Json = {"kind": "aggregate", "id": "whole", "source": "groups", "mode": "count", "value": "{{ groups.key }}"}
    wait: Json = {"kind": "sleep", "id": "wait", "seconds": 1}
    assert nodes(line(ITEM, wait, groups, whole))["Item"].get("alwaysOutputData") is True
    assert "alwaysOutputData" not in nodes(line(ITEM, wait, groups))["Item"]
    assert "alwaysOutputData" not in nodes(line(ITEM, wait, groups, {**whole, "stop_if_empty": True}))["Item"]


def test_bundles_go_one_by_one_where_branches_join_before_something_is_changed() -> None:
    looped = branched(collected=True)
    send: Json = {
        "kind": "app",
        "id": "send",
        "app": "http",
        "operation": "request",
        "inputs": {"url": "https://api.example.com", "method": "POST", "body": {"size": "{{ both.size }}"}},
    }
    inside = looped.model_dump(mode="json")
    inside["steps"].append(send)
    inside["edges"][-1]["source"] = "send"
    inside["edges"].append({"source": "both", "target": "send"})
    assert "One by one: Item" in nodes(parse_spec(inside))
    assert "One by one: Item" not in nodes(looped)


@pytest.mark.parametrize("found", [line(ITEM, fetch(on_error=RESUME), ALL), branched(collected=True)])
def test_an_aggregate_restores_the_order_of_what_met_before_it(found: Spec) -> None:
    parameters = nodes(found)["All"]["parameters"]
    assert isinstance(parameters, dict)
    assert '$("Item").itemMatching(index).json._index' in str(parameters["jsCode"])
    assert [f for f in validate_export("n8n", emit(found).document) if f.severity == "error"] == []


def test_what_changes_something_is_repeated_for_the_bundle_that_failed_alone() -> None:
    create: Json = {
        "kind": "app",
        "id": "book",
        "app": "airtable",
        "operation": "create_record",
        "connection": "base",
        "inputs": {**AIRTABLE, "fields": {"Name": "x"}},
        "on_error": RETRY,
    }
    accounts: list[JsonValue] = [{"id": "base", "app": "airtable"}]
    in_a_loop = line(ITEM, create, connections=accounts)
    assert nodes(in_a_loop)["Book"]["retryOnFail"] is True
    assert inputs_of(in_a_loop, "Book") == [("One by one: Item", 0)]
    assert nodes(line(create, connections=accounts))["Book"]["retryOnFail"] is True


def test_what_only_reads_is_repeated_in_loops_too() -> None:
    get: Json = {**fetch(on_error=RETRY), "operation": "get_file"}
    assert nodes(line(ITEM, get))["Fetch"]["retryOnFail"] is True


@pytest.mark.parametrize("strategy", ["ignore", "resume", "commit"])
def test_the_empty_item_of_a_failed_look_up_is_stopped(strategy: str) -> None:
    recall: Json = {
        "kind": "app",
        "id": "recall",
        "app": "data_store",
        "operation": "get",
        "inputs": {"store": "seen", "key": "k"},
    }
    plain = line(recall)
    handled = line({**recall, "on_error": {"strategy": strategy}})
    assert "Recall: went well" not in nodes(plain)
    assert inputs_of(handled, "Recall: went well") == [("Recall", 0)]
    assert [f for f in validate_export("n8n", emit(handled).document) if f.severity == "error"] == []


def test_a_look_up_that_may_find_nothing_sees_one_bundle_at_a_time() -> None:
    recall: Json = {
        "kind": "app",
        "id": "recall",
        "app": "data_store",
        "operation": "get",
        "inputs": {"store": "seen", "key": "{{ item.n }}"},
    }
    assert inputs_of(line(ITEM, recall), "Recall") == [("One by one: Item", 0)]
    assert emit(line(ITEM, recall)).findings == ()
