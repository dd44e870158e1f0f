"""Workflows whose apps are replaced by stand-ins: nothing in them reaches out, and they give what the cases say."""

from __future__ import annotations

import json
import subprocess
from copy import deepcopy

import pytest
from pydantic import JsonValue

from compilers.documents import items, members
from compilers.errors import UserError
from compilers.export import Export
from compilers.exports import emit
from compilers.registry import registry
from compilers.spec import Spec, parse_spec
from manageai_assets.settings import Settings
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.models import Answer, Case, Failure
from manageai_assets.testing.n8n_session import external_n8n
from manageai_assets.testing.stand_ins import CODE, STAYS_INSIDE, hook_of, standing_in
from resources.node import node_program
from tests.compilers.registry.samples import input_sets
from tests.compilers.registry.test_compiles import spec_of
from tests.manageai_assets.testing.examples import example_specs

Json = dict[str, JsonValue]
CALLED: Case = Case(name="one", group="routes", title="One", bundles=({"body": {"text": "Hello"}},))
AGAIN: Json = {"strategy": "retry", "attempts": 2, "interval_minutes": 1}


def telling(on_error: Json | None = None, trigger: Json | None = None, **step: JsonValue) -> Spec:
    """A trigger, and one message."""
    starts: Json = {"app": "webhook", "operation": "receive", "inputs": {"path": "orders"}, **(trigger or {})}
    inputs: Json = {"channel": "sales", "text": "Hello"}
    act: Json = {
        "kind": "app", "id": "tell", "label": "Tell", "app": "slack", "operation": "send_message",
        "connection": "slack", "inputs": inputs, "on_error": on_error, **step,
    }  # fmt: skip
    document: Json = {
        "slug": "telling", "name": "Telling", "customer": {"name": "Example GmbH"},
        "trigger": {"kind": "trigger", "id": "call", "label": "Call", **starts}, "steps": [act],
        "edges": [{"source": "call", "target": "tell"}],
        "connections": [{"id": "slack", "app": "slack"}, {"id": "sheets", "app": "google_sheets"}],
    }  # fmt: skip
    return parse_spec(document)


WATCHING: Json = {
    "app": "google_sheets", "operation": "watch_rows", "connection": "sheets",
    "inputs": {"spreadsheet": "1A2b3C4d5E6f7G8h9I0jKlMnOpQrStUvWxYz", "sheet": "Orders", "headers": ["Name"]},
}  # fmt: skip


def nodes(document: Json) -> dict[str, Json]:
    """A workflow's nodes by name."""
    return {str(members(node)["name"]): members(node) for node in items(document["nodes"])}


def stood_in(spec: Spec, case: Case = CALLED) -> Json:
    """The document of a case."""
    return standing_in(emit(spec, "n8n"), spec, case, "made-up-path")


@pytest.mark.parametrize("spec", example_specs(), ids=lambda spec: spec.slug)
def test_nothing_in_it_reaches_out(spec: Spec) -> None:
    export = emit(spec, "n8n")
    for case in suite_of(spec).cases[::5]:
        document = standing_in(export, spec, case, "made-up-path")
        assert {str(node["type"]) for node in nodes(document).values()} <= STAYS_INSIDE
        assert "credentials" not in json.dumps(document["nodes"])
        assert set(nodes(document)) >= set(nodes(export.document))
        assert members(hook_of(document))["path"] == "made-up-path"


def test_every_app_can_be_stood_in_for() -> None:
    operations = [(app, name) for app in registry().apps.values() for name, one in app.operations.items() if one.n8n]
    for app, name in operations[::10]:
        operation = app.operations[name]
        spec = spec_of(f"{app.app}.{name}", app, operation, next(iter(input_sets(operation).values())))
        standing_in(emit(spec, "n8n"), spec, CALLED, "made-up-path", tables=True)


def test_a_step_keeps_name_id_place_and_error_handling_and_retries_by_itself() -> None:
    spec = telling({"strategy": "ignore"})
    before, after = nodes(emit(spec, "n8n").document)["Tell"], nodes(stood_in(spec))["Tell"]
    assert after["type"] == CODE
    same = ("name", "id", "position", "onError")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert "retryOnFail" not in nodes(stood_in(telling(AGAIN)))["Tell"]


def test_a_trigger_that_is_no_webhook_is_one_with_the_bundles_behind_it() -> None:
    spec = telling(trigger=WATCHING)
    case = CALLED.model_copy(update={"bundles": ({"row": {"Name": "Ada"}}, {"row": {"Name": "Ben"}})})
    document = stood_in(spec, case)
    export = emit(spec, "n8n")
    assert nodes(document)[export.mains["call"]]["type"] == CODE
    assert [item["json"]["Name"] for item in ran(document, export.mains["call"])["output"]] == ["Ada", "Ben"]
    assert members(hook_of(document))["path"] == "made-up-path"


def test_what_belongs_to_the_server_is_left_out() -> None:
    spec = telling()
    export = emit(spec, "n8n")
    document = deepcopy(export.document)
    document["settings"] = {"errorWorkflow": "w7", "timezone": "Europe/Berlin", "saveDataSuccessExecution": "none"}
    hook = members(nodes(document)["Call"]["parameters"])
    hook |= {"authentication": "headerAuth", "options": {"ipWhitelist": "203.0.113.7", "rawBody": False}}
    made = standing_in(export.model_copy(update={"document": document}), spec, CALLED, "made-up-path")
    assert made["settings"] == {
        "timezone": "Europe/Berlin", "saveDataSuccessExecution": "all", "saveDataErrorExecution": "all",
    }  # fmt: skip
    parameters = members(nodes(made)["Call"]["parameters"])
    assert "authentication" not in parameters
    assert parameters["options"] == {"rawBody": False}


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("n8n-nodes-base.httpRequest", {"url": "https://tracker.example"}),
        ("n8n-nodes-base.executeCommand", {"command": "ls"}),
        ("n8n-nodes-base.code", {"jsCode": "return this.helpers.httpRequest('https://tracker.example')"}),
        ("n8n-nodes-base.code", {"language": "python", "pythonCode": "return []"}),
        ("n8n-nodes-base.dataTable", {}),
    ],
)
def test_what_would_reach_out_is_refused_by_name(kind: str, parameters: Json) -> None:
    spec = telling()
    with pytest.raises(UserError) as raised:
        standing_in(with_node(emit(spec, "n8n"), kind, parameters), spec, CALLED, "made-up-path")
    assert raised.value.where == "node Foreign"


def test_data_tables_stay_on_a_server_of_ones_own() -> None:
    spec = telling()
    changed = with_node(emit(spec, "n8n"), "n8n-nodes-base.dataTable", {})
    document = standing_in(changed, spec, CALLED, "made-up-path", tables=True)
    assert nodes(document)["Foreign"]["type"] == "n8n-nodes-base.dataTable"


def with_node(export: Export, kind: str, parameters: Json) -> Export:
    """The export with one more node."""
    foreign: Json = {"name": "Foreign", "type": kind, "typeVersion": 1, "position": [0, 0], "parameters": parameters}
    more: JsonValue = [*items(export.document["nodes"]), foreign]
    return export.model_copy(update={"document": {**export.document, "nodes": more}})


# -- what the code gives -------------------------------------------------------------------------------------------

_RUNNER = """const {code, inputs} = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const store = {};
const run = new Function("$input", "$execution", "$getWorkflowStaticData", code);
const results = inputs.map((count) => {
  const all = () => Array.from({length: count}, () => ({json: {}}));
  try { return {output: run({all}, {id: "7"}, () => store)}; } catch (error) { return {error: error.message}; }
});
console.log(JSON.stringify(results));
"""


def runs(document: Json, node: str, *counts: int) -> list[dict[str, list[dict[str, Json]]]]:
    """What a node's code gives in the runs of one execution, to which so many items come."""
    code = members(nodes(document)[node]["parameters"])["jsCode"]
    given = json.dumps({"code": code, "inputs": counts})
    command = [str(node_program()), "-e", _RUNNER]
    done = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", check=True, timeout=60)
    found: list[dict[str, list[dict[str, Json]]]] = json.loads(done.stdout)
    return found


def ran(document: Json, node: str) -> dict[str, list[dict[str, Json]]]:
    """What a node's code gives for one item."""
    return runs(document, node, 1)[0]


def answering(*answers: Answer) -> Case:
    """The case in which Slack answers so."""
    return CALLED.model_copy(update={"answers": {"tell": answers}})


GOOD = [Answer(bundles=({"ts": f"1.{number}"},)) for number in range(4)]
BAD = Answer(failure=Failure(name="429", message="Too many requests"))


def stamps(run: dict[str, list[dict[str, Json]]]) -> list[tuple[JsonValue, JsonValue]]:
    """The time stamps of a run's items, and the items that they belong to."""
    return [(item["json"].get("message_timestamp"), item["pairedItem"]["item"]) for item in run["output"]]


def test_answers_come_call_by_call_and_the_last_one_stays() -> None:
    document = stood_in(telling(), answering(GOOD[0], GOOD[1], GOOD[2]))
    first, second = runs(document, "Tell", 2, 2)
    assert stamps(first) == [("1.0", 0), ("1.1", 1)]
    assert stamps(second) == [("1.2", 0), ("1.2", 1)]


def test_an_answer_may_hold_several_bundles_or_none_and_any_text() -> None:
    odd = {"ts": "`${1}` {{ $json }} </script> \u2028 __proto__"}
    several = Answer(bundles=(odd, {"ts": "2"}))
    (run,) = runs(stood_in(telling(), answering(Answer(), several)), "Tell", 2)
    assert stamps(run) == [(odd["ts"], 1), ("2", 1)]


def test_a_failure_is_an_error() -> None:
    assert str(ran(stood_in(telling(), answering(BAD)), "Tell")["error"]) == "Too many requests"


def test_a_failure_leaves_by_the_error_output_and_the_others_go_on() -> None:
    document = stood_in(telling({"strategy": "ignore"}), answering(GOOD[0], BAD, GOOD[1]))
    (run,) = runs(document, "Tell", 3)
    assert [item["json"].get("error") for item in run["output"]] == [
        None, {"message": "Too many requests", "name": "RateLimitError", "httpCode": "429"}, None,
    ]  # fmt: skip


def test_a_retry_is_the_next_call() -> None:
    assert stamps(ran(stood_in(telling(AGAIN), answering(BAD, BAD, GOOD[0])), "Tell")) == [("1.0", 0)]
    assert "error" in ran(stood_in(telling(AGAIN), answering(BAD, BAD, BAD, GOOD[0])), "Tell")


# -- somebody else's server ----------------------------------------------------------------------------------------


def test_an_address_without_a_key_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("N8N_API_KEY", raising=False)
    monkeypatch.setenv("N8N_API_URL", "https://n8n.example")
    with pytest.raises(UserError, match="no key") as raised:
        external_n8n(Settings())
    assert raised.value.where == "N8N_API_KEY"
