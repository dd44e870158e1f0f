"""Migrated blueprints do on a real n8n what Make is documented to do."""

from __future__ import annotations

import json
import time

import pytest
from pydantic import JsonValue

from compilers.make.parse import parse
from compilers.n8n.emit import emit
from resources.n8n_server import N8nServer
from tests.live.conftest import Service
from tests.live.scenarios import CALLED, CALLER, SCENARIOS, SERVICE, STORE, Case, Scenario

pytestmark = pytest.mark.live


def migrated(scenario: Scenario, address: str) -> dict[str, JsonValue]:
    """The scenario's workflow, which calls the recording service."""
    text = json.dumps(scenario.blueprint).replace(SERVICE, address)
    return emit(parse(json.loads(text)).spec, by_hand=True).document


def made_of(flow: list[JsonValue], address: str) -> dict[str, JsonValue]:
    """The workflow of a flow without cases."""
    return migrated(Scenario("called", "", flow, ()), address)


def path_of(document: dict[str, JsonValue]) -> str:
    """The path of the workflow's webhook."""
    nodes = document["nodes"]
    assert isinstance(nodes, list)
    for node in nodes:
        assert isinstance(node, dict)
        parameters = node["parameters"]
        if node["type"] == "n8n-nodes-base.webhook" and isinstance(parameters, dict):
            return str(parameters["path"])
    raise AssertionError("no webhook")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_make_does(scenario: Scenario, n8n: N8nServer, service: Service) -> None:
    document = migrated(scenario, service.address)
    n8n.empty_data_table(f"data-store-{STORE}", {"key": "string", "data": "string"})
    workflow = n8n.create(document)
    try:
        n8n.activate(workflow)
        for case in scenario.cases:
            check(case, workflow, path_of(document), n8n, service)
    finally:
        n8n.delete(workflow)


def test_a_scenario_calls_another(n8n: N8nServer, service: Service) -> None:
    called = n8n.create(made_of(CALLED, service.address))
    text = json.dumps(CALLER).replace("SCN_1", called)
    document = made_of(json.loads(text), service.address)
    caller = n8n.create(document)
    try:
        n8n.activate(called)
        n8n.activate(caller)
        case = Case({"names": ["Ana", "Ben"]}, "Hello Ana,Hello Ben", seen=("called with Ana", "called with Ben"))
        check(case, caller, path_of(document), n8n, service)
    finally:
        n8n.delete(caller)
        n8n.delete(called)


def check(case: Case, workflow: str, path: str, n8n: N8nServer, service: Service) -> None:
    """One call, held against what must come of it."""
    service.forget()
    before = n8n.executions(workflow)
    answer = n8n.call(path, case.payload)
    deadline = time.monotonic() + 30
    while n8n.executions(workflow) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    if case.answer is not None:
        assert (answer.status, answer.body) == (case.status, case.answer)
    if case.seen is not None:
        assert tuple(service.seen) == case.seen
