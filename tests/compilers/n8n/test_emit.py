"""What the n8n compiler gives: held against our rules, and its structure where meaning hangs on it."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.n8n.emit import emit
from compilers.rules import validate_export
from compilers.spec import Spec
from tests.compilers.flows import FLOWS, HANDLER, ROUTER_ALL, ROUTER_FIRST, Flow
from tests.compilers.make.test_emit import TICK, WEBHOOK, Json, spec


def nodes(found: Spec) -> dict[str, Json]:
    """The nodes of a spec's workflow by name."""
    listed = emit(found).document["nodes"]
    assert isinstance(listed, list)
    return {str(node["name"]): node for node in listed if isinstance(node, dict)}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_construct_gives_a_workflow_that_the_rules_accept(flow: Flow) -> None:
    findings = validate_export("n8n", emit(flow.spec).document)
    assert [str(finding) for finding in findings if finding.severity == "error"] == []


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_node_ids_and_positions_are_unique(flow: Flow) -> None:
    found = nodes(flow.spec)
    assert len({str(node["id"]) for node in found.values()}) == len(found)
    assert len({str(node["position"]) for node in found.values()}) == len(found)


def test_ids_do_not_change_when_a_step_is_added() -> None:
    before = nodes(ROUTER_FIRST.spec)
    document = ROUTER_FIRST.spec.model_dump(mode="json")
    document["steps"].insert(0, {"id": "pause", "kind": "sleep", "seconds": 1, "label": "Pause"})
    document["edges"][0] = {"source": "call", "target": "pause"}
    document["edges"].append({"source": "pause", "target": "routes"})
    after = nodes(Spec.model_validate(document))
    assert set(after) - set(before) == {"Pause"}
    assert all(after[name]["id"] == node["id"] for name, node in before.items())


def test_a_router_that_runs_every_match_is_no_switch() -> None:
    types = [node["type"] for node in nodes(ROUTER_ALL.spec).values()]
    assert "n8n-nodes-base.switch" not in types
    assert types.count("n8n-nodes-base.filter") == 3


def test_a_router_that_runs_the_first_match_is_a_switch_with_a_fallback_output() -> None:
    switch = nodes(ROUTER_FIRST.spec)["Routes"]
    assert switch["type"] == "n8n-nodes-base.switch"
    assert isinstance(switch["parameters"], dict)
    assert switch["parameters"]["options"] == {
        "fallbackOutput": "extra",
        "renameFallbackOutput": "Otherwise",
    }


def test_a_handled_step_has_its_error_output_wired() -> None:
    document = emit(HANDLER.spec).document
    assert nodes(HANDLER.spec)["Parse"]["onError"] == "continueErrorOutput"
    assert isinstance(document["connections"], dict)
    wires = document["connections"]["Parse"]
    assert isinstance(wires, dict)
    assert isinstance(wires["main"], list)
    assert len(wires["main"]) == 2


def test_a_webhook_answers_at_once_unless_the_flow_answers() -> None:
    quiet = nodes(
        spec(WEBHOOK, [{"id": "wait", "kind": "sleep", "seconds": 2}], [{"source": "call", "target": "wait"}])
    )
    for found, mode in ((quiet, "onReceived"), (nodes(HANDLER.spec), "responseNode")):
        parameters = found["Call"]["parameters"]
        assert isinstance(parameters, dict)
        assert parameters["responseMode"] == mode


@pytest.mark.parametrize(
    ("schedule", "rule"),
    [
        ({"kind": "every", "minutes": 15}, {"field": "minutes", "minutesInterval": 15}),
        ({"kind": "every", "minutes": 120}, {"field": "hours", "hoursInterval": 2}),
        (
            {"kind": "daily", "at": "07:30"},
            {"field": "days", "daysInterval": 1, "triggerAtHour": 7, "triggerAtMinute": 30},
        ),
        (
            {"kind": "weekly", "at": "09:00", "weekdays": [1, 3]},
            {"field": "weeks", "weeksInterval": 1, "triggerAtDay": [1, 3], "triggerAtHour": 9, "triggerAtMinute": 0},
        ),
        (
            {"kind": "monthly", "at": "06:00", "month_days": [1]},
            {
                "field": "months",
                "monthsInterval": 1,
                "triggerAtDayOfMonth": 1,
                "triggerAtHour": 6,
                "triggerAtMinute": 0,
            },
        ),
    ],
)
def test_schedules(schedule: Json, rule: Json) -> None:
    found = nodes(
        spec(TICK, [{"id": "w", "kind": "sleep", "seconds": 2}], [{"source": "tick", "target": "w"}], schedule=schedule)
    )
    assert found["Tick"]["parameters"] == {"rule": {"interval": [rule]}}


def test_an_interval_that_n8n_cannot_keep_is_refused() -> None:
    steps: list[JsonValue] = [{"id": "w", "kind": "sleep", "seconds": 2}]
    with pytest.raises(CompileError, match=r"every 95 minutes"):
        emit(spec(TICK, steps, [{"source": "tick", "target": "w"}], schedule={"kind": "every", "minutes": 95}))


def test_client_text_in_names_and_values_never_becomes_an_expression() -> None:
    hostile = "=1+1 {{ $env.HOME }} ${x} `x` 'q' \"d\" }}"
    steps: list[JsonValue] = [
        {"id": "say", "kind": "app", "app": "slack", "operation": "send_message", "label": hostile,
         "inputs": {"channel": "c", "text": '{{ "' + hostile.replace('"', '""') + '" }}'}},
        {"id": "echo", "kind": "set_variables", "variables": [{"name": "x", "value": "{{ say.ts }}"}]},
    ]  # fmt: skip
    edges: list[JsonValue] = [{"source": "call", "target": "say"}, {"source": "say", "target": "echo"}]
    found = nodes(spec(WEBHOOK, steps, edges))
    name = next(name for name in found if name.startswith("=1+1"))
    assert "{{" not in name
    parameters = found[name]["parameters"]
    assert isinstance(parameters, dict)
    assert "$env" not in str(parameters["text"]) or not str(parameters["text"]).startswith("={{ $env")
    findings = validate_export("n8n", emit(spec(WEBHOOK, steps, edges)).document)
    assert [str(finding) for finding in findings if finding.severity == "error"] == []


def test_a_text_as_a_json_body_is_a_json_text_whether_or_not_it_refers_to_anything() -> None:
    for body, written in (
        ('say "hi"', '={{ JSON.stringify("say \\"hi\\"") }}'),
        ("{{ call.body.x }}", '={{ JSON.stringify($("Call").first().json.body?.x ?? null) }}'),
    ):
        inputs: Json = {"url": "https://x.example", "method": "POST", "body": body}
        step: Json = {"id": "send", "kind": "app", "app": "http", "operation": "request", "inputs": inputs}
        parameters = nodes(spec(WEBHOOK, [step], [{"source": "call", "target": "send"}]))["Send"]["parameters"]
        assert isinstance(parameters, dict)
        assert parameters["jsonBody"] == written
