"""Every operation of the registry goes through the emitters, and n8n's own code takes what comes out."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import JsonValue, TypeAdapter

from compilers.make.emit import emit as emit_make
from compilers.n8n.emit import emit as emit_n8n
from compilers.registry import App, Operation
from compilers.spec import AppStep, Connection, Customer, Edge, Schedule, Spec, TriggerStep
from resources.n8n_oracle import Oracle
from tests.compilers.registry.samples import input_sets, operations

OPERATIONS = {name: (app, operation) for name, app, operation in operations()}
INPUTS = TypeAdapter(dict[str, JsonValue])


def from_the_trigger(inputs: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The same inputs, all of their expressions referring to the trigger."""
    return INPUTS.validate_json(re.sub(r"\{\{ [a-z_]+\.(?:body\.)?", "{{ lead.body.", json.dumps(inputs)))


def spec_of(name: str, app: App, operation: Operation, inputs: dict[str, JsonValue]) -> Spec:
    """A spec that starts with an operation, or calls it behind a webhook."""
    account = "account" if app.connection and operation.connection else None
    connections = (Connection(id=account, app=app.app, label="Team account"),) if account else ()
    call: dict[str, JsonValue] = {
        "app": app.app,
        "operation": name.split(".")[1],
        "inputs": from_the_trigger(inputs),
        "connection": account,
    }
    other: dict[str, JsonValue] = {"app": "webhook", "operation": "receive"}
    if operation.kind == "trigger":
        other = {"app": "tools", "operation": "compose", "inputs": {"value": "x"}}
    instant = operation.instant or operation.kind != "trigger"
    first, second = (call, other) if operation.kind == "trigger" else (other, call)
    return Spec(
        slug="sample",
        name="Sample",
        customer=Customer(name="Example Ltd"),
        trigger=TriggerStep.model_validate({"id": "lead", **first}),
        steps=(AppStep.model_validate({"id": "step", **second}),),
        edges=(Edge(source="lead", target="step"),),
        connections=connections,
        schedule=None if instant else Schedule(kind="every", minutes=15),
    )


@pytest.mark.parametrize("name", [name for name, (_, operation) in OPERATIONS.items() if operation.make])
def test_make(name: str) -> None:
    app, operation = OPERATIONS[name]
    for inputs in input_sets(operation).values():
        assert emit_make(spec_of(name, app, operation, inputs)).findings == ()


@pytest.mark.slow
def test_n8n(n8n_oracle: Oracle) -> None:
    exports = {
        f"{name} {which}": emit_n8n(spec_of(name, app, operation, inputs))
        for name, (app, operation) in OPERATIONS.items()
        if operation.n8n
        for which, inputs in input_sets(operation).items()
    }
    assert {name: export.findings for name, export in exports.items() if export.findings} == {}
    issues = n8n_oracle.check_workflows([export.document for export in exports.values()])
    wrong = [
        f"{name}: {issue.node} {issue.where}: {issue.message}"
        for name, found in zip(exports, issues, strict=True)
        for issue in found
        if issue.layer != "credentials"
    ]
    assert wrong == []
