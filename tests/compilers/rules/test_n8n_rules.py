"""n8n rules: each one is seen to fire, alone, on a workflow that is broken in just its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from compilers.rules.n8n_export import BOOK, validate_n8n
from tests.compilers.rules.n8n_documents import Document, assignments, condition, node, parameters, to, valid

Break = Callable[[Document], object]


def put(name: str, **values: Any) -> Break:
    """Changes keys of a node."""
    return lambda document: node(document, name).update(values)


def give(name: str, **values: Any) -> Break:
    """Changes parameters of a node."""
    return lambda document: parameters(document, name).update(values)


def without(name: str, key: str) -> Break:
    """Takes a key from a node."""
    return lambda document: node(document, name).pop(key)


def untold(name: str, key: str) -> Break:
    """Takes a parameter from a node."""
    return lambda document: parameters(document, name).pop(key)


def root(**values: Any) -> Break:
    """Changes keys of the document."""
    return lambda document: document.update(values)


def setting(**values: Any) -> Break:
    """Changes settings."""
    return lambda document: document["settings"].update(values)


def wire(source: str, *outputs: list[Document]) -> Break:
    """Changes where the outputs of a node lead."""
    return lambda document: document["connections"].update({source: {"main": list(outputs)}})


def both(*changes: Break) -> Break:
    """One change after the other."""

    def apply(document: Document) -> None:
        for change in changes:
            change(document)

    return apply


def email(value: Any) -> Break:
    """Changes what the first Set field is set to."""
    return give("Score", assignments=assignments(("email", value, "string")), includeOtherFields=True)


def hot(left: Any, kind: str, operation: str, right: Any = "") -> Break:
    """Changes the condition of the IF."""
    return give("Hot?", conditions=condition(left, kind, operation, right))


def cron(text: Any) -> Break:
    """Changes the cron expression."""
    return give("Daily", rule={"interval": [{"field": "cronExpression", "expression": text}]})


def add(name: str, kind: str, version: float = 1, **more: Any) -> Break:
    """Adds a node that nothing leads to."""
    row = {"id": name, "name": name, "type": kind, "typeVersion": version, "position": [5000, 5000], "parameters": {}}
    return lambda document: document["nodes"].append({**row, **more})


def only(*nodes: Document) -> Break:
    """Leaves nothing but these nodes."""
    return root(nodes=list(nodes), connections={}, pinData={})


def plain(name: str, kind: str, **more: Any) -> Document:
    """A node of one's own."""
    return {
        "id": name,
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": 1,
        "position": [0, 0],
        "parameters": {},
        **more,
    }


def drop_settings(document: Document) -> None:
    """Takes the settings away."""
    del document["settings"]


def second_webhook(document: Document) -> None:
    """Adds a Webhook on the same path."""
    copied = {**node(document, "Webhook"), "name": "Again", "id": "again", "position": [5000, 0]}
    document["nodes"].append(copied)
    document["connections"]["Again"] = {"main": [to("Score")]}


def rename_source(document: Document) -> None:
    """Keys a node's connections by its id."""
    links = document["connections"]
    links[node(document, "Each")["id"]] = links["Each"]


def sub_output(document: Document) -> None:
    """Connects a node as if it were a tool."""
    document["connections"]["Failed"] = {"ai_tool": [[{"node": "Answer", "type": "ai_tool", "index": 0}]]}


def no_rules(document: Document) -> None:
    """Leaves a Switch without rules, only its fallback."""
    parameters(document, "Kind")["rules"] = {"values": []}
    document["connections"]["Kind"] = {"main": [to("Call")]}


def endless(document: Document) -> None:
    """Leads two nodes to each other, without a way out."""
    document["nodes"] += [plain("A", "noOp", position=[5000, 0]), plain("B", "noOp", position=[5000, 300])]
    document["connections"] |= {"Failed": {"main": [to("A")]}, "A": {"main": [to("B")]}, "B": {"main": [to("A")]}}


KEY = "sk-" + "a1B2" * 8

BROKEN: list[tuple[str, Break]] = [
    ("root.nodes", root(nodes={}, connections={}, pinData={})),
    (
        "root.connections",
        root(
            connections=[],
            nodes=[plain("Daily", "scheduleTrigger", typeVersion=1.2, parameters={"rule": {"interval": [{}]}})],
            pinData={},
        ),
    ),
    ("root.empty", root(nodes=[plain("Note", "stickyNote")], connections={}, pinData={})),
    ("root.name-missing", root(name=None)),
    ("root.name", root(name="x" * 129)),
    ("root.keys", root(flow=[])),
    ("settings.object", root(settings=[])),
    ("settings.there", drop_settings),
    ("settings.keys", setting(colour="red")),
    ("settings.values", setting(saveDataSuccessExecution="some")),
    ("settings.execution-order", setting(executionOrder="v0")),
    ("settings.timezone", setting(timezone="Nope/City")),
    ("settings.error-workflow", setting(errorWorkflow="Errors of all clients")),
    ("settings.error-workflow-there", setting(errorWorkflow="nope")),
    ("pin-data.nodes", root(pinData={"Ghost": [{"json": {}}]})),
    ("pin-data.items", root(pinData={"Webhook": {"json": {}}})),
    ("node.object", lambda document: document["nodes"].append("Set")),
    ("node.name", add("  ", "n8n-nodes-base.stickyNote")),
    ("node.name-length", add("n" * 129, "n8n-nodes-base.stickyNote")),
    ("node.unique-name", lambda d: d["nodes"].append(plain("Failed", "noOp", position=[5000, 0]))),
    ("node.unique-id", lambda document: put("Each", id=node(document, "List")["id"])(document)),
    ("node.id", without("Each", "id")),
    ("node.position", put("Each", position=["a", 1])),
    ("node.overlap", lambda document: put("Each", position=node(document, "List")["position"])(document)),
    ("node.parameters", put("Failed", parameters=[])),
    ("node.keys", put("Each", colour="red")),
    ("node.flags", put("Each", executeOnce="yes")),
    ("node.on-error", put("Each", onError="foo")),
    ("node.retry", put("Call", maxTries=99)),
    ("node.disabled", put("Each", disabled=True)),
    ("type.missing", put("Failed", type=None)),
    ("type.prefix", put("Failed", type="noOp")),
    ("type.known", put("Failed", type="n8n-nodes-base.nopeNode")),
    ("type.community", put("Failed", type="n8n-nodes-foo.bar")),
    ("type.version", without("Failed", "typeVersion")),
    ("type.version-available", put("Failed", typeVersion=99)),
    ("type.hidden", put("Failed", type="n8n-nodes-base.moveBinaryData")),
    ("credential.shape", put("Failed", credentials=["slackApi"])),
    ("credential.type", put("Failed", credentials={"nopeApi": {"name": "Nope"}})),
    ("credential.taken", put("Failed", credentials={"slackApi": {"name": "Slack"}})),
    ("credential.required", without("Notify", "credentials")),
    ("credential.empty", put("Notify", credentials={"slackApi": {}})),
    ("credential.inside", put("Notify", credentials={"slackApi": {"name": "Slack", "accessToken": "made-up"}})),
    ("credential.secret-text", give("Notify", text=f"the key is {KEY}")),
    (
        "credential.secret-field",
        email("x")
        if False
        else give("Score", assignments=assignments(("api_key", "made-up-value", "string")), includeOtherFields=True),
    ),
    ("parameter.known", give("Notify", colour="red")),
    ("parameter.version", give("Score", fields={"values": []})),
    ("parameter.used", give("Notify", returnAll=True)),
    ("parameter.required", untold("Call", "url")),
    ("parameter.option", give("Call", method="post")),
    ("parameter.kind", give("Call", options=[])),
    ("parameter.locator", give("Notify", channelId={"__rl": True, "mode": "nope", "value": "x"})),
    ("parameter.range", give("Loop", batchSize=0)),
    ("parameter.json", give("Call", jsonBody='{ "a": }')),
    ("condition.there", give("Hot?", conditions={**condition(1, "number", "gte", 1), "conditions": []})),
    ("condition.rules", no_rules),
    ("condition.operator", hot("={{ $json.score }}", "number", "atLeast", 50)),
    (
        "condition.combinator",
        give("Hot?", conditions={**condition("={{ 1 }}", "number", "gte", 1), "combinator": "xor"}),
    ),
    ("condition.options", give("Hot?", conditions={**condition("={{ 1 }}", "number", "gte", 1), "options": {}})),
    ("condition.values", hot("", "number", "gte", 50)),
    ("condition.types", hot("={{ $json.score }}", "number", "gte", "many")),
    ("set.fields", give("Score", assignments={"assignments": []})),
    ("set.field", give("Score", assignments=assignments(("", "x", "string")))),
    ("set.value", give("Score", assignments=assignments(("score", "abc", "number")))),
    ("expression.prefix", email("{{ $json.body.email }}")),
    ("expression.plain-braces", email("Hello {{ lead.name }}")),
    ("expression.make-syntax", email("={{ 1.body.email }}")),
    ("expression.closed", email("={{ $json.body.email")),
    ("expression.empty", email("=a {{ }}")),
    ("expression.early-close", email("={{ ({a: {b: 1}}).a.b }}")),
    ("expression.syntax", email("={{ $json.body. }}")),
    ("expression.one", email("={{ 1; 2 }}")),
    ("expression.node-exists", email("={{ $('Ghost').item.json.x }}")),
    ("expression.node-before", email("={{ $('Answer').item.json.x }}")),
    ("expression.forbidden", email("={{ $json.body.constructor }}")),
    ("expression.environment", email("={{ $env.HOME }}")),
    ("expression.name", email("={{ process.version }}")),
    ("expression.method", email("={{ $json.body.email.shout() }}")),
    ("expression.uncalled", email("={{ $json.body.email.toUpperCase }}")),
    ("expression.date-format", email("={{ $now.toFormat('DD.MM.YYYY') }}")),
    ("expression.webhook-field", email("={{ $json.email }}")),
    ("connection.shape", lambda document: document["connections"].update({"Failed": []})),
    ("connection.source", rename_source),
    ("connection.target", wire("Failed", to("Ghost"))),
    ("connection.kind", sub_output),
    ("connection.output", wire("Webhook", to("Score"), [], to("Score"))),
    ("connection.input", wire("Webhook", to("Score", index=7))),
    ("connection.twice", wire("Webhook", to("Score", "Score"))),
    ("connection.merge-inputs", give("Join", numberInputs=3)),
    ("connection.error-output", wire("Notify", to("Join", "Failed"), [])),
    ("connection.error-output-unused", without("Notify", "onError")),
    ("connection.loop", wire("Loop", to("Pause"), to("Report"))),
    ("connection.self", wire("Failed", to("Failed"))),
    ("connection.endless", endless),
    ("connection.unreached", add("Alone", "n8n-nodes-base.noOp")),
    ("trigger.there", only(plain("A", "noOp"))),
    ("trigger.enabled", only(plain("Go", "manualTrigger", disabled=True))),
    ("trigger.by-itself", only(plain("Go", "manualTrigger"))),
    ("webhook.path", give("Webhook", path="")),
    ("webhook.unique", second_webhook),
    ("webhook.id", without("Webhook", "webhookId")),
    ("webhook.answered", put("Answer", type="n8n-nodes-base.noOp", typeVersion=1, parameters={})),
    ("webhook.answer-used", give("Webhook", responseMode="onReceived")),
    ("schedule.rule", give("Daily", rule={})),
    ("schedule.cron", cron("99 8 * * *")),
    ("code.text", give("List", jsCode=" // nothing")),
    ("code.brackets", give("List", jsCode="return [{ json: {} }")),
    ("code.return", give("List", jsCode="const items = 1;")),
    ("code.items", give("Each", jsCode="return [{ json: $json }];")),
    ("code.language", both(untold("List", "jsCode"), give("List", language="pythonNative", pythonCode="return []"))),
    ("wait.amount", give("Pause", amount=0)),
    ("workflow.called", give("Report", workflowId={"__rl": True, "mode": "id", "value": "abc"})),
]


def test_the_valid_workflow_has_no_findings() -> None:
    assert validate_n8n(valid()) == ()


@pytest.mark.parametrize(("rule", "break_it"), BROKEN, ids=[rule for rule, _ in BROKEN])
def test_a_rule_fires_alone(rule: str, break_it: Break) -> None:
    document = valid()
    break_it(document)
    findings = validate_n8n(document)
    assert {finding.rule for finding in findings} == {f"n8n.{rule}"}, "\n".join(map(str, findings))
    assert all(finding.where and finding.what and finding.hint for finding in findings)


def test_a_document_that_is_no_workflow() -> None:
    assert [finding.rule for finding in validate_n8n([valid()])] == ["n8n.root.object"]


def test_every_rule_has_a_row() -> None:
    assert {f"n8n.{rule}" for rule, _ in BROKEN} | {"n8n.root.object"} == {rule.id for rule in BOOK.rules}
