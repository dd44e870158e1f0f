"""Workflows become specs and come back as they were."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from compilers.errors import UserError
from compilers.make.emit import emit as emit_make
from compilers.migrate import migrate
from compilers.n8n.emit import emit
from compilers.n8n.parse import Parsed, WorkflowError, parse
from compilers.rules import validate_export
from compilers.spec import (
    AppStep,
    IfElseStep,
    NativeStep,
    SetVariablesStep,
    StepBase,
    StopStep,
    TriggerStep,
    dump_spec,
    parse_spec,
)
from tests.compilers.flows import FLOWS, Flow

EXAMPLE = Path(__file__).parents[3] / "examples" / "blueprints" / "order-alerts.json"
Json = dict[str, JsonValue]


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, Json]:
    """Every real workflow, by file name."""
    files = sorted((shared / "blueprints" / "n8n").glob("*.json"))
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def node(name: str, kind: str, version: float = 1, **more: Any) -> Json:
    """One node; what isn't given of it is what n8n needs."""
    kind = kind if "." in kind else f"n8n-nodes-base.{kind}"
    return {
        "id": f"id-{name}", "name": name, "type": kind, "typeVersion": version, "position": [0, 0],
        "parameters": {}, **more,
    }  # fmt: skip


def wires(*pairs: str) -> Json:
    """Connections written as `A > B`, `A:1 > B` from the second output, `A > B:1` into the second input."""
    found: dict[str, Any] = {}
    for pair in pairs:
        (source, output), (target, index) = (part.strip().partition(":")[::2] for part in pair.split(">"))
        outputs = found.setdefault(source, {"main": []})["main"]
        while len(outputs) <= int(output or 0):
            outputs.append([])
        outputs[int(output or 0)].append({"node": target, "type": "main", "index": int(index or 0)})
    return found


def workflow(*nodes: Json, connections: Json, **more: JsonValue) -> Json:
    """A document around nodes."""
    return {"name": "Sample", "nodes": [*nodes], "connections": connections, "settings": {}, **more}


def back(document: JsonValue) -> Json:
    """The document, parsed, saved and loaded, and written again."""
    return emit(parse_spec(json.loads(dump_spec(parse(document).spec)))).document


def step(parsed: Parsed, identifier: str) -> StepBase:
    """The step of that id."""
    return next(one for one in parsed.spec.nodes if one.id == identifier)


HOOK = node("Hook", "webhook", 2, parameters={"httpMethod": "POST", "path": "x", "options": {}}, webhookId="w")


# -- round trips ---------------------------------------------------------------------------------------------------


def test_every_real_workflow_comes_back_byte_for_byte(real: dict[str, Json]) -> None:
    assert len(real) == 120
    assert [name for name, document in real.items() if json.dumps(back(document)) != json.dumps(document)] == []


def test_every_node_is_a_step_or_kept_beside(real: dict[str, Json]) -> None:
    for name, document in real.items():
        parsed = parse(document)
        beside = parsed.spec.residue["n8n"]["beside"]
        assert isinstance(beside, list)
        assert isinstance(document["nodes"], list)
        assert len(parsed.nodes) + len(beside) == len(document["nodes"]), name


def test_most_expressions_are_read(real: dict[str, Json]) -> None:
    parsed = [parse(document) for document in real.values()]
    read = sum(one.read for one in parsed)
    verbatim = sum(len(pieces) for one in parsed for pieces in one.verbatim.values())
    assert read / (read + verbatim) > 0.8


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_what_the_compiler_writes_comes_back_byte_for_byte(flow: Flow) -> None:
    document = emit(flow.spec).document
    assert json.dumps(back(document)) == json.dumps(document)


def test_a_migrated_blueprint_comes_back_byte_for_byte() -> None:
    document = migrate(json.loads(EXAMPLE.read_text(encoding="utf-8"))).export.document
    assert json.dumps(back(document)) == json.dumps(document)


@pytest.mark.parametrize("wrap", [lambda one: {"data": one}, lambda one: [one], lambda one: {"data": [one]}])
def test_wrappings_of_exports_and_answers_are_taken_off(wrap: Any) -> None:
    document = workflow(HOOK, node("End", "noOp"), connections=wires("Hook > End"))
    assert back(wrap(document)) == document


# -- what becomes of nodes -----------------------------------------------------------------------------------------


def test_nodes_become_steps_in_the_spec_s_words() -> None:
    fields = [{"id": "1", "name": "total", "value": "={{ $json.body.n }}", "type": "number"}]
    parsed = parse(
        workflow(
            HOOK,
            node("Set total", "set", 3.4, parameters={"assignments": {"assignments": fields}, "options": {}}),
            node("Odd one", "n8n-nodes-acme.thing", 2, parameters={"mode": "a", "text": "={{ $json.total }} of it"}),
            connections=wires("Hook > Set total", "Set total > Odd one"),
        )
    )
    trigger, total, odd = parsed.spec.trigger, step(parsed, "set_total"), step(parsed, "odd_one")
    assert isinstance(trigger, TriggerStep)
    assert (trigger.app, trigger.operation, trigger.inputs) == ("webhook", "receive", {"path": "x", "method": "POST"})
    assert isinstance(total, SetVariablesStep)
    assert total.variables[0].value == "{{ hook.body.n }}"
    assert isinstance(odd, NativeStep)
    assert (odd.parameters, odd.mapper) == ({"mode": "a"}, {"text": "{{ set_total.total }} of it"})


def test_an_operation_is_told_by_its_fixed_parameters() -> None:
    channel: Json = {"__rl": True, "mode": "name", "value": "sales"}
    parameters: Json = {
        "select": "channel",
        "channelId": channel,
        "text": "=Hi {{ $json.body.name }}",
        "otherOptions": {},
    }
    slack = node("Tell", "slack", 2.2, parameters=parameters, credentials={"slackApi": {"id": "7", "name": "Ours"}})
    parsed = parse(workflow(HOOK, slack, connections=wires("Hook > Tell")))
    tell = step(parsed, "tell")
    assert isinstance(tell, AppStep)
    assert (tell.operation, tell.inputs) == ("send_message", {"channel": "sales", "text": "Hi {{ hook.body.name }}"})
    assert [connection.label for connection in parsed.spec.connections] == ["Ours"]
    slack["parameters"] = {**parameters, "resource": "channel"}
    assert isinstance(step(parse(workflow(HOOK, slack, connections=wires("Hook > Tell"))), "tell"), NativeStep)


def test_an_if_is_an_if_else_and_items_pass_through_it() -> None:
    condition = {
        "id": "c",
        "leftValue": "={{ $json.body.n }}",
        "rightValue": 5,
        "operator": {"type": "number", "operation": "gt"},
    }
    conditions = {"options": {"caseSensitive": True}, "combinator": "and", "conditions": [condition]}
    parsed = parse(
        workflow(
            HOOK,
            node("Big?", "if", 2.2, parameters={"conditions": conditions, "options": {}}),
            node("Note", "n8n-nodes-acme.thing", parameters={"text": "={{ $json.body.name }}"}),
            connections=wires("Hook > Big?", "Big? > Note"),
        )
    )
    assert isinstance(step(parsed, "big"), IfElseStep)
    yes, no = (edge for edge in parsed.spec.edges if edge.source == "big")
    assert yes.filter
    assert yes.filter.any_of[0][0].operator == "number:greater"
    assert (yes.target, no.fallback, isinstance(step(parsed, no.target), StopStep)) == ("note", True, True)
    note = step(parsed, "note")
    assert isinstance(note, NativeStep)
    assert note.mapper == {"text": "{{ hook.body.name }}"}


def test_errors_retries_and_what_is_switched_off() -> None:
    parsed = parse(
        workflow(
            HOOK,
            node("Risky", "n8n-nodes-acme.thing", onError="continueErrorOutput"),
            node("Mend", "n8n-nodes-acme.thing", retryOnFail=True, maxTries=4),
            node("Off", "n8n-nodes-acme.thing", disabled=True),
            connections=wires("Hook > Risky", "Risky > Off", "Risky:1 > Mend"),
        )
    )
    assert [(edge.target, edge.kind) for edge in parsed.spec.edges if edge.source == "risky"] == [
        ("mend", "error"),
        ("off", "next"),
    ]
    mend = step(parsed, "mend")
    assert mend.on_error
    assert (mend.on_error.strategy, mend.on_error.attempts) == ("retry", 3)
    assert step(parsed, "off").disabled


def test_loops_triggers_and_servants_are_carried_and_said() -> None:
    document = workflow(
        HOOK,
        node("By hand", "manualTrigger"),
        node("Loop", "splitInBatches", 3),
        node("Work", "n8n-nodes-acme.thing"),
        node("Model", "@n8n/n8n-nodes-langchain.lmChatOpenAi"),
        node("Agent", "@n8n/n8n-nodes-langchain.agent"),
        node("Note", "stickyNote"),
        connections={
            **wires("Hook > Loop", "By hand > Loop", "Loop > Agent", "Loop:1 > Work", "Work > Loop"),
            "Model": {"ai_languageModel": [[{"node": "Agent", "type": "ai_languageModel", "index": 0}]]},
        },
    )
    parsed = parse(document)
    root = parsed.spec.residue["n8n"]
    assert root["serves"] == {"Model": "agent"}
    assert root["loops"] == [{"source": "Work", "output": 0, "target": "Loop", "index": 0}]
    told = " ".join(finding.what for finding in parsed.findings)
    assert all(words in told for words in ("further trigger", "leads back", "serves `Agent`", "1 notes"))
    assert back(document) == document


def test_two_ways_into_one_node_leave_its_item_word_for_word() -> None:
    document = workflow(
        HOOK,
        node("A", "n8n-nodes-acme.thing"),
        node("B", "n8n-nodes-acme.thing"),
        node(
            "Join",
            "merge",
            3,
            parameters={"note": "={{ $json.x }} {{ $('Hook').item.json.body.y }} {{ $('A').item.json.z }}"},
        ),
        connections=wires("Hook > A", "Hook > B", "A > Join", "B > Join:1"),
    )
    parsed = parse(document)
    join = step(parsed, "join")
    assert isinstance(join, NativeStep)
    assert join.mapper["note"] == (
        '{{ verbatim("$json.x"; "n8n") }} {{ hook.body.y }} {{ verbatim("$(\'A\').item.json.z"; "n8n") }}'
    )
    assert back(document) == document


# -- edits ---------------------------------------------------------------------------------------------------------


def test_an_edited_value_is_written_anew_and_the_rest_stays() -> None:
    parameters = {"text": "={{ $json.body.name }}", "other": "={{ $json.body.a }}"}
    thing = node("Thing", "n8n-nodes-acme.thing", parameters=parameters, alwaysOutputData=True)
    parsed = parse(workflow(HOOK, thing, connections=wires("Hook > Thing")))
    edited = step(parsed, "thing").model_copy(
        update={"mapper": {"text": "Dear {{ hook.body.name }}", "other": "{{ hook.body.a }}"}}
    )
    written = emit(parsed.spec.model_copy(update={"steps": (edited,)})).document
    assert isinstance(written["nodes"], list)
    made = next(one for one in written["nodes"] if isinstance(one, dict) and one["name"] == "Thing")
    assert made["parameters"] == {
        "text": "=Dear {{ $('Hook').first().json.body?.name }}".replace("'", '"'),
        "other": "={{ $json.body.a }}",
    }
    assert made["alwaysOutputData"] is True


def test_an_edited_request_is_written_as_a_whole_and_keeps_what_it_gives() -> None:
    parameters = {"method": "POST", "url": "https://a.example", "sendBody": True, "specifyBody": "json",
                  "jsonBody": "={\"n\": \"{{ $json.body.name }}\"}", "options": {}}  # fmt: skip
    call = node("Call", "httpRequest", 4.2, parameters=parameters)
    after = node("After", "n8n-nodes-acme.thing", parameters={"id": "={{ $json.id }}"})
    document = workflow(HOOK, call, after, connections=wires("Hook > Call", "Call > After"))
    parsed = parse(document)
    request, thing = step(parsed, "call"), step(parsed, "after")
    assert isinstance(request, AppStep)
    assert (request.app, request.inputs["body"]) == ("http", '{"n": "{{ hook.body.name }}"}')
    assert isinstance(thing, NativeStep)
    assert thing.mapper == {"id": "{{ call.body.id }}"}
    edited = request.model_copy(update={"inputs": {**request.inputs, "body": "new"}})
    thing = thing.model_copy(update={"mapper": {"id": "{{ call.body.other }}"}})
    written = emit(parsed.spec.model_copy(update={"steps": (edited, thing)})).document
    assert isinstance(written["nodes"], list)
    _, made, last = (one["parameters"] for one in written["nodes"] if isinstance(one, dict))
    assert isinstance(made, dict)
    assert (made["contentType"], made["body"], "jsonBody" in made) == ("raw", "new", False)
    assert made["options"] == {"timeout": 30000, "response": {"response": {}}}
    assert last == {"id": '={{ $("Call").first().json.other }}'}
    assert back(document) == document


def test_a_set_node_that_passes_other_fields_on_does_so_when_edited() -> None:
    assigned: list[JsonValue] = [{"id": "1", "name": "=b", "value": "x", "type": "string"}]
    parameters: Json = {"assignments": {"assignments": assigned}, "includeOtherFields": True, "options": {}}
    after = node("After", "n8n-nodes-acme.thing", parameters={"t": "={{ $json.b }} {{ $json.body.c }}"})
    document = workflow(
        HOOK, node("Add", "set", 3.4, parameters=parameters), after, connections=wires("Hook > Add", "Add > After")
    )
    parsed = parse(document)
    add, thing = step(parsed, "add"), step(parsed, "after")
    assert isinstance(add, SetVariablesStep)
    assert isinstance(thing, NativeStep)
    assert thing.mapper == {"t": "{{ add.b }} {{ hook.body.c }}"}
    edited = add.model_copy(update={"variables": (add.variables[0].model_copy(update={"value": "y"}),)})
    written = emit(parsed.spec.model_copy(update={"steps": (edited, thing)})).document
    assert isinstance(written["nodes"], list)
    made = next(one["parameters"] for one in written["nodes"] if isinstance(one, dict) and one["name"] == "Add")
    assert isinstance(made, dict)
    assert (made["mode"], made["includeOtherFields"], "assignments" in made) == ("raw", True, False)
    assert back(document) == document


def test_a_renamed_and_a_removed_step_leave_a_sound_workflow() -> None:
    things = [node(name, "n8n-nodes-acme.thing") for name in ("A", "B")]
    parsed = parse(workflow(HOOK, *things, connections=wires("Hook > A", "Hook > B")))
    steps = tuple(
        one.model_copy(update={"label": "New name"}) if one.id == "a" else one
        for one in parsed.spec.steps
        if one.id != "b"
    )
    edges = tuple(edge for edge in parsed.spec.edges if edge.target != "b")
    written = emit(parsed.spec.model_copy(update={"steps": steps, "edges": edges})).document
    assert isinstance(written["nodes"], list)
    assert [one["name"] for one in written["nodes"] if isinstance(one, dict)] == ["Hook", "New name"]
    assert written["connections"] == wires("Hook > New name")


# -- to Make -------------------------------------------------------------------------------------------------------


def test_every_real_workflow_migrates_to_make_within_its_rules(real: dict[str, Json]) -> None:
    for name, document in real.items():
        moved = migrate(document, "make")
        errors = [finding for finding in validate_export("make", moved.export.document) if finding.severity == "error"]
        assert errors == [], name
        assert not re.search(r"\{\{[^}]*\$(json|\()", json.dumps(moved.export.document["flow"])), name
        assert isinstance(document["nodes"], list)
        notes = sum(isinstance(one, dict) and str(one["type"]).endswith("stickyNote") for one in document["nodes"])
        assert len(moved.report.modules) == len(document["nodes"]) - notes, name


def test_branches_that_meet_are_merged_and_other_joins_are_said() -> None:
    branch = node("Which", "if", 2.2, parameters={"conditions": {"conditions": []}})
    things = [node(name, "n8n-nodes-acme.thing") for name in ("A", "B", "C")]
    meeting = workflow(
        HOOK, branch, *things, connections=wires("Hook > Which", "Which > A", "Which:1 > B", "A > C", "B > C")
    )
    flow = emit_make(parse(meeting).spec, by_hand=True).document["flow"]
    assert isinstance(flow, list)
    assert [one["module"] for one in flow if isinstance(one, dict)] == [
        "gateway:CustomWebHook", "builtin:BasicIfElse", "builtin:BasicMerge", "placeholder:Placeholder",
    ]  # fmt: skip
    apart = workflow(HOOK, *things, connections=wires("Hook > A", "Hook > B", "A > C", "B > C"))
    export = emit_make(parse(apart).spec, by_hand=True)
    assert any("can't join" in finding.what for finding in export.findings)
    assert "go on with" in json.dumps(export.document)


def test_manual_modules_hold_the_original_in_a_note() -> None:
    thing = node("Thing", "n8n-nodes-acme.thing", parameters={"text": "<b>"})
    moved = migrate(workflow(HOOK, thing, connections=wires("Hook > Thing")), "make")
    metadata = moved.export.document["metadata"]
    assert isinstance(metadata, dict)
    assert isinstance(metadata["notes"], list)
    (note,) = metadata["notes"]
    assert isinstance(note, dict)
    assert note["moduleIds"] == [2]
    assert "n8n-nodes-acme.thing" in str(note["content"])
    assert "&lt;b&gt;" in str(note["content"])
    assert moved.report.grades == {"native": 1, "equivalent": 0, "manual": 1}


# -- hostile documents ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (None, "no list of `nodes`"),
        ([], "no list of `nodes`"),
        ({"nodes": {}}, "no list of `nodes`"),
        ({"nodes": [1]}, "is no node"),
        ({"nodes": [{"name": "A"}]}, "no `type`"),
        ({"nodes": [{"type": "x"}]}, "no `name`"),
        ({"nodes": [{"name": "A", "type": "x"}, {"name": "A", "type": "y"}]}, "taken by another node"),
    ],
)
def test_what_is_no_workflow_is_refused_with_its_place(document: JsonValue, what: str) -> None:
    with pytest.raises(WorkflowError, match=what):
        parse(document)


def test_deep_documents_are_refused() -> None:
    deep: JsonValue = "x"
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(WorkflowError, match="nested deeper"):
        parse({"nodes": [{"name": "A", "type": "x", "parameters": {"p": deep}}]})


def test_an_empty_workflow_and_one_without_connections_are_specs() -> None:
    assert parse({"nodes": []}).spec.steps == ()
    assert back({"nodes": [node("A", "set")]}) == {"nodes": [node("A", "set")]}


JUNK: tuple[JsonValue, ...] = (
    None, True, -1, 1e300, "", "x" * 5000, "={{", "={{ $json", "={{ $json.a }}", "\ud800", [], {}, [[]], {"a": None},
)  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in the document with each of its keys."""
    todo = [value]
    while todo:
        item = todo.pop()
        for key in list(item) if isinstance(item, dict) else range(len(item)):
            yield item, key
            if isinstance(item[key], (dict, list)):
                todo.append(item[key])


def test_hostile_changes_give_a_spec_or_a_workflow_error(real: dict[str, Json]) -> None:
    chosen = random.Random(7)
    names = sorted(real)
    for _ in range(300):
        document = copy.deepcopy(real[chosen.choice(names)])
        for _ in range(chosen.randint(1, 4)):
            holder, key = chosen.choice(list(places(document)))
            holder[key] = copy.deepcopy(chosen.choice(JUNK))
        try:
            spec = parse(document).spec
        except WorkflowError:
            continue
        assert emit(spec).document == document
        with suppress(UserError):
            emit_make(spec, by_hand=True)
