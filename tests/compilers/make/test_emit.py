"""What the Make compiler gives: structure, references, connections, and refusals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.make.emit import emit
from compilers.rules import validate_export
from compilers.spec import Spec, parse_spec
from tests.compilers.flows import FLOWS, HANDLER, IF_MERGE, LOOP, RESUME, ROUTER_ALL, ROUTER_FIRST, Flow

Json = dict[str, JsonValue]


def modules(flow: JsonValue) -> Iterator[Json]:
    """Every module of a flow, in document order, handlers included."""
    assert isinstance(flow, list)
    for module in flow:
        assert isinstance(module, dict)
        yield module
        for key in ("routes", "branches"):
            below = module.get(key, [])
            assert isinstance(below, list)
            for route in below:
                assert isinstance(route, dict)
                yield from modules(route["flow"])
        yield from modules(module.get("onerror", []))


def made(flow: Flow) -> list[Json]:
    return list(modules(emit(flow.spec).document["flow"]))


def named(found: list[Json], name: str) -> Json:
    return next(module for module in found if module["module"] == name)


def spec(trigger: Json, steps: list[JsonValue], edges: list[JsonValue], **more: JsonValue) -> Spec:
    """A spec around the given graph."""
    return parse_spec(
        {
            "slug": "s",
            "name": "S",
            "customer": {"name": "C"},
            "trigger": trigger,
            "steps": steps,
            "edges": edges,
            **more,
        }
    )


WEBHOOK: Json = {"kind": "trigger", "id": "call", "app": "webhook", "operation": "receive"}
TICK: Json = {"kind": "trigger", "id": "tick", "app": "schedule", "operation": "tick"}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_construct_gives_a_blueprint_that_the_rules_accept(flow: Flow) -> None:
    findings = validate_export("make", emit(flow.spec).document)
    assert [str(finding) for finding in findings if finding.severity == "error"] == []


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_ids_are_unique_and_positions_do_not_overlap(flow: Flow) -> None:
    found = made(flow)
    ids = [module["id"] for module in found]
    assert len(set(map(str, ids))) == len(ids)
    places = set()
    for module in found:
        metadata = module["metadata"]
        assert isinstance(metadata, dict)
        designer = metadata["designer"]
        assert isinstance(designer, dict)
        places.add((designer["x"], designer["y"]))
    assert len(places) == len(found)


def test_the_fallback_route_is_the_routers_else_and_filters_stand_on_the_first_module_of_a_route() -> None:
    router = named(made(ROUTER_ALL), "builtin:BasicRouter")
    assert router["parameters"] == {"else": 2}
    assert router["mapper"] is None
    routes = router["routes"]
    assert isinstance(routes, list)
    first = routes[0]
    assert isinstance(first, dict)
    assert isinstance(first["flow"], list)
    entered = first["flow"][0]
    assert isinstance(entered, dict)
    assert entered["filter"] == {"name": "", "conditions": [[{"a": "{{1.x}}", "o": "number:greater", "b": "0"}]]}


def test_a_router_that_takes_the_first_match_is_an_if_else() -> None:
    chosen = named(made(ROUTER_FIRST), "builtin:BasicIfElse")
    branches = chosen["branches"]
    assert isinstance(branches, list)
    assert [branch["type"] for branch in branches if isinstance(branch, dict)] == ["condition", "condition", "else"]
    assert not any("filter" in module for module in made(ROUTER_FIRST))


def test_a_merge_has_one_mapping_for_each_branch_that_joins() -> None:
    found = made(IF_MERGE)
    setters = [module["id"] for module in found if module["module"] == "util:SetVariables"]
    merge = named(found, "builtin:BasicMerge")
    assert merge["outputs"] == [{"name": "rate", "mappings": [f"{{{{{number}.rate}}}}" for number in setters]}]
    assert merge["filters"] == [None, None]


def test_an_aggregate_names_its_source_by_id() -> None:
    found = made(LOOP)
    source = named(found, "builtin:BasicFeeder")["id"]
    aggregate = named(found, "builtin:BasicAggregator")
    assert aggregate["parameters"] == {"feeder": source}
    assert aggregate["mapper"] == {
        "label": f"{{{{{source}.__IMTINDEX__}}}}/{{{{{source}.__IMTLENGTH__}}}} {{{{{source}.sku}}}}",
        "sum": f"{{{{{source}.qty * {source}.price}}}}",
    }


@pytest.mark.parametrize(
    ("flow", "directives"),
    [(HANDLER, ["gateway:WebhookRespond", "builtin:Ignore"]), (RESUME, ["builtin:Resume"])],
    ids=["handler", "resume"],
)
def test_error_handling_is_the_onerror_flow_of_the_module(flow: Flow, directives: list[str]) -> None:
    handler = named(made(flow), "json:ParseJSON")["onerror"]
    assert [module["module"] for module in modules(handler)] == directives


def test_retrying_keeps_incomplete_executions() -> None:
    call: Json = {
        "id": "send",
        "kind": "app",
        "app": "http",
        "operation": "request",
        "inputs": {"url": "https://x.example"},
    }
    retry: Json = {"strategy": "retry", "attempts": 4, "interval_minutes": 30}
    document = emit(spec(WEBHOOK, [{**call, "on_error": retry}], [{"source": "call", "target": "send"}])).document
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    assert isinstance(metadata["scenario"], dict)
    assert metadata["scenario"]["dlq"] is True
    directive = named(list(modules(document["flow"])), "builtin:Break")
    assert directive["mapper"] == {"retry": True, "count": "4", "interval": "30"}


def test_a_schedule_needs_no_module_unless_the_first_step_has_a_filter() -> None:
    step: Json = {"id": "wait", "kind": "sleep", "seconds": 2}
    edge: Json = {"source": "tick", "target": "wait"}
    plain = list(modules(emit(spec(TICK, [step], [edge])).document["flow"]))
    assert [module["module"] for module in plain] == ["util:FunctionSleep"]
    condition: Json = {"any_of": [[{"left": "{{ now }}", "operator": "exists"}]]}
    filtered = list(modules(emit(spec(TICK, [step], [{**edge, "filter": condition}])).document["flow"]))
    assert [module["module"] for module in filtered] == ["util:BasicTrigger", "util:FunctionSleep"]


def test_accounts_are_listed_once_with_all_their_modules_and_left_open_in_the_blueprint() -> None:
    post: Json = {"kind": "app", "app": "slack", "operation": "send_message", "connection": "team_slack"}
    steps: list[JsonValue] = [
        {**post, "id": "one", "inputs": {"channel": "a", "text": "x"}},
        {**post, "id": "two", "inputs": {"channel": "b", "text": "y"}},
    ]
    edges: list[JsonValue] = [{"source": "call", "target": "one"}, {"source": "one", "target": "two"}]
    accounts: list[JsonValue] = [{"id": "team_slack", "app": "slack", "label": "Sales Slack"}]
    export = emit(spec(WEBHOOK, steps, edges, connections=accounts))
    assert [(one.label, one.places) for one in export.connections] == [("Sales Slack", ("module 2", "module 3"))]
    message = named(list(modules(export.document["flow"])), "slack:CreateMessage")
    assert isinstance(message["parameters"], dict)
    assert "__IMTCONN__" not in message["parameters"]


def test_steps_that_nothing_leads_to_are_kept_as_orphans_with_a_warning() -> None:
    export = emit(spec(WEBHOOK, [{"id": "lost", "kind": "sleep", "seconds": 2}], []))
    metadata = export.document["metadata"]
    assert isinstance(metadata, dict)
    assert isinstance(metadata["designer"], dict)
    orphans = metadata["designer"]["orphans"]
    assert isinstance(orphans, list)
    assert [module["module"] for orphan in orphans for module in modules(orphan)] == ["util:FunctionSleep"]
    assert [finding.where for finding in export.findings] == ["steps.lost"]


def test_what_another_platform_knows_alone_becomes_a_marked_slot_with_a_warning() -> None:
    native: Json = {"id": "own", "kind": "native", "platform": "n8n", "module": "n8n-nodes-base.crypto", "version": 1}
    export = emit(spec(WEBHOOK, [native], [{"source": "call", "target": "own"}]))
    assert "placeholder:Placeholder" in [module["module"] for module in modules(export.document["flow"])]
    assert [finding.severity for finding in export.findings] == ["warning"]


def test_every_obstacle_is_reported_at_once_with_its_place() -> None:
    steps: list[JsonValue] = [
        {"id": "end", "kind": "stop", "outcome": "error", "message": "no"},
        {"id": "vars", "kind": "set_variables", "variables": [{"name": "x", "value": "{{ nobody.y }}"}]},
    ]
    edges: list[JsonValue] = [{"source": "call", "target": "vars"}, {"source": "vars", "target": "end"}]
    with pytest.raises(CompileError) as caught:
        emit(spec(WEBHOOK, steps, edges))
    assert {finding.where for finding in caught.value.findings} == {"steps.end", "steps.vars.variables.x"}


def test_a_cycle_is_refused() -> None:
    steps: list[JsonValue] = [{"id": "a", "kind": "sleep", "seconds": 1}, {"id": "b", "kind": "sleep", "seconds": 1}]
    edges: list[JsonValue] = [
        {"source": "call", "target": "a"}, {"source": "a", "target": "b"}, {"source": "b", "target": "a"},
    ]  # fmt: skip
    with pytest.raises(CompileError, match="cycle"):
        emit(spec(WEBHOOK, steps, edges))


def test_a_handler_stands_below_the_flow_that_it_guards() -> None:
    rows: dict[object, object] = {}
    for module in made(HANDLER):
        metadata = module["metadata"]
        assert isinstance(metadata, dict)
        assert isinstance(metadata["designer"], dict)
        rows[module["id"]] = metadata["designer"]["y"]
    assert [rows[number] for number in (1, 2, 3)] == [0, 0, 0]
    assert all(isinstance(row, int) and row > 0 for number, row in rows.items() if number not in (1, 2, 3))
