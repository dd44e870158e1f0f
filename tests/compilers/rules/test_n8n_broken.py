"""What n8n accepts and gets wrong, or rejects only when the workflow is published or run: our rules say it before.

The cases are kinds of broken workflow whose fate was measured on an n8n 2.41 server.
"""

from __future__ import annotations

from typing import Any

import pytest

from compilers.rules.n8n_export import validate_n8n
from tests.compilers.rules.n8n_documents import Document, assignments, condition, to

SEVERE = ("error", "warning")


def part(name: str, kind: str, version: float | None, given: Document, **more: Any) -> Document:
    """One node."""
    row = {"id": name, "name": name, "type": kind if "." in kind or kind == "set" else f"n8n-nodes-base.{kind}"}
    versioned = {} if version is None else {"typeVersion": version}
    return {**row, **versioned, "position": [ord(name[0]) * 300, 0], "parameters": given, **more}


def workflow(middle: Document, hook: Document | None = None, **more: Any) -> Document:
    """Webhook -> Mid -> End, with the given middle."""
    given = {"httpMethod": "POST", "path": "case", "responseMode": "lastNode", **(hook or {})}
    return {
        "name": "case",
        "nodes": [
            part("Webhook", "webhook", 2.1, given, webhookId="w"),
            middle,
            part("End", "noOp", 1, {}),
        ],
        "connections": {"Webhook": {"main": [to("Mid")]}, "Mid": {"main": [to("End")]}},
        "settings": {"executionOrder": "v1"},
        **more,
    }


def fields(value: Any, kind: str = "string") -> Document:
    """Parameters of a Set node with one field."""
    return {"assignments": assignments(("a", value, kind)), "options": {}}


def a_set(given: Document | None = None, version: float | None = 3.4, **more: Any) -> Document:
    """A Set node in the middle."""
    return part("Mid", "n8n-nodes-base.set", version, fields("1") if given is None else given, **more)


def mid(kind: str, version: float, given: Document, **more: Any) -> Document:
    """Some node in the middle."""
    return part("Mid", kind, version, given, **more)


def linked(connections: Document, **more: Any) -> Document:
    """The workflow with a good middle and other connections."""
    return {**workflow(a_set(), **more), "connections": connections}


def code(text: str, **given: Any) -> Document:
    """A Code node in the middle."""
    return workflow(mid("code", 2, {"jsCode": text, **given}))


GOOD = {"Webhook": {"main": [to("Mid")]}, "Mid": {"main": [to("End")]}}
SLACK = {
    "resource": "message",
    "operation": "post",
    "select": "channel",
    "text": "x",
    "channelId": {"__rl": True, "mode": "name", "value": "a"},
}
CHECKED = {"options": {"typeValidation": "strict", "caseSensitive": True}, "combinator": "and"}


def as_is(**changes: Any) -> Document:
    """The good workflow with changed root keys."""
    return {**workflow(a_set()), **changes}


CASES: list[tuple[str, Document, str]] = [
    ("unknown-type", workflow(mid("nopeNode", 1, {})), "type.known"),
    ("unprefixed-type", workflow(mid("set", 3.4, {})), "type.prefix"),
    ("unknown-package", workflow(mid("n8n-nodes-foo.bar", 1, {})), "type.community"),
    ("version-99", workflow(a_set(version=99)), "type.version-available"),
    ("version-3.45", workflow(a_set(version=3.45)), "type.version-available"),
    ("version-0", workflow(a_set(version=0)), "type.version"),
    ("version-missing", workflow(a_set(version=None)), "type.version"),
    ("dup-names", as_is(nodes=[*workflow(a_set())["nodes"], a_set()]), "node.unique-name"),
    ("dup-ids", workflow(a_set(id="End")), "node.unique-id"),
    ("conn-missing-target", linked({**GOOD, "Mid": {"main": [to("Ghost")]}}), "connection.target"),
    ("conn-missing-source", linked({**GOOD, "Ghost": {"main": [to("End")]}}), "connection.source"),
    ("conn-output-3-of-set", linked({**GOOD, "Mid": {"main": [[], [], [], to("End")]}}), "connection.output"),
    ("conn-input-7-of-noop", linked({**GOOD, "Mid": {"main": [to("End", index=7)]}}), "connection.input"),
    (
        "conn-type-ai_tool",
        linked({**GOOD, "End": {"ai_tool": [[{"node": "Mid", "type": "ai_tool", "index": 0}]]}}),
        "connection.kind",
    ),
    ("no-webhook-path", workflow(a_set(), {"path": ""}), "webhook.path"),
    ("http-no-url", workflow(mid("httpRequest", 4.2, {})), "parameter.required"),
    ("if-no-conditions", workflow(mid("if", 2.2, {})), "condition.there"),
    ("switch-no-rules", workflow(mid("switch", 3.2, {})), "condition.rules"),
    ("set-empty", workflow(a_set({})), "set.fields"),
    ("option-set-mode-foo", workflow(a_set({"mode": "foo"})), "parameter.option"),
    (
        "option-http-method",
        workflow(mid("httpRequest", 4.2, {"url": "https://example.com", "method": "FOO"})),
        "parameter.option",
    ),
    ("option-webhook-method", workflow(a_set(), {"httpMethod": "post"}), "parameter.option"),
    ("option-webhook-mode", workflow(a_set(), {"responseMode": "foo"}), "parameter.option"),
    ("option-datetime-op", workflow(mid("dateTime", 2, {"operation": "foo"})), "parameter.option"),
    ("resource-unknown", workflow(mid("googleSheets", 4.5, {"resource": "foo"})), "parameter.option"),
    ("operation-unknown", workflow(mid("slack", 2.3, {**SLACK, "operation": "foo"})), "parameter.option"),
    ("unknown-param", workflow(a_set({**fields("1"), "nope": 1})), "parameter.known"),
    ("param-wrong-kind", workflow(a_set({"assignments": "x"})), "set.fields"),
    ("set-raw-bad-json", workflow(a_set({"mode": "raw", "jsonOutput": '{ "a": }'})), "parameter.json"),
    ("expr-syntax", workflow(a_set(fields("={{ $json.body.x + }}"))), "expression.syntax"),
    ("expr-syntax2", workflow(a_set(fields("={{ const x = 1 }}"))), "expression.one"),
    ("expr-unclosed", workflow(a_set(fields("={{ $json.body"))), "expression.closed"),
    ("expr-no-equals", workflow(a_set(fields("{{ $json.body.x }}"))), "expression.prefix"),
    ("expr-unknown-node", workflow(a_set(fields("={{ $('Ghost').item.json.x }}"))), "expression.node-exists"),
    ("expr-unknown-node-old", workflow(a_set(fields('={{ $node["Ghost"].json.x }}'))), "expression.node-exists"),
    ("expr-later-node", workflow(a_set(fields("={{ $('End').item.json.x }}"))), "expression.node-before"),
    ("expr-undefined-field", workflow(a_set(fields("={{ $json.nope }}"))), "expression.webhook-field"),
    ("expr-deep-undefined", workflow(a_set(fields("={{ $json.a.b.c }}"))), "expression.webhook-field"),
    ("expr-unknown-func", workflow(a_set(fields("={{ foo($json.body.x) }}"))), "expression.name"),
    ("expr-unknown-ext", workflow(a_set(fields("={{ $json.body.x.nope() }}"))), "expression.method"),
    ("expr-env", workflow(a_set(fields("={{ $env.HOME }}"))), "expression.environment"),
    ("expr-process", workflow(a_set(fields("={{ process.env.HOME }}"))), "expression.name"),
    ("set-number-from-text", workflow(a_set(fields("abc", "number"))), "set.value"),
    ("code-syntax", code("return [{ json: {"), "code.brackets"),
    ("code-no-return", code("const a = 1;"), "code.return"),
    ("code-bad-return", code("return 5;"), "code.items"),
    ("code-each-item-array", code("return [{ json: {} }];", mode="runOnceForEachItem"), "code.items"),
    ("code-python", workflow(mid("code", 2, {"language": "python", "pythonCode": "return []"})), "code.language"),
    (
        "code-pythonNative",
        workflow(mid("code", 2, {"language": "pythonNative", "pythonCode": "return []"})),
        "code.language",
    ),
    ("cred-missing", workflow(mid("slack", 2.3, SLACK)), "credential.required"),
    (
        "cred-wrong-type",
        workflow(mid("slack", 2.3, SLACK, credentials={"gmailOAuth2": {"id": "1"}})),
        "credential.taken",
    ),
    ("respond-without-mode", workflow(mid("respondToWebhook", 1.5, {})), "webhook.answer-used"),
    ("mode-without-respond", workflow(a_set(), {"responseMode": "responseNode"}), "webhook.answered"),
    (
        "if-v1-shape-in-v2",
        workflow(mid("if", 2.2, {"conditions": {"string": [{"value1": "a", "value2": "b"}]}})),
        "condition.there",
    ),
    (
        "if-type-mismatch-strict",
        workflow(mid("if", 2.2, {"conditions": condition(5, "string", "equals", "5")})),
        "condition.types",
    ),
    (
        "if-bad-operator",
        workflow(mid("if", 2.2, {"conditions": condition("={{ 1 }}", "string", "nope", "5")})),
        "condition.operator",
    ),
    (
        "if-no-options",
        workflow(mid("if", 2.2, {"conditions": {**condition("={{ 1 }}", "number", "gt", 5), "options": None}})),
        "condition.options",
    ),
    ("onError-foo", workflow(a_set(onError="foo")), "node.on-error"),
    ("timezone-bad", as_is(settings={"executionOrder": "v1", "timezone": "Nope/City"}), "settings.timezone"),
    (
        "disabled-trigger",
        as_is(nodes=[{**one, "disabled": one["name"] == "Webhook"} for one in workflow(a_set())["nodes"]]),
        "trigger.enabled",
    ),
    ("no-trigger", as_is(nodes=workflow(a_set())["nodes"][1:], connections={"Mid": GOOD["Mid"]}), "trigger.there"),
    ("manual-only", as_is(nodes=[part("T", "manualTrigger", 1, {})], connections={}), "trigger.by-itself"),
    (
        "cron-bad",
        as_is(
            nodes=[
                part(
                    "T",
                    "scheduleTrigger",
                    1.2,
                    {"rule": {"interval": [{"field": "cronExpression", "expression": "nope"}]}},
                )
            ],
            connections={},
        ),
        "schedule.cron",
    ),
    ("schedule-no-rule", as_is(nodes=[part("T", "scheduleTrigger", 1.2, {})], connections={}), "schedule.rule"),
    ("orphan-node", as_is(nodes=[*workflow(a_set())["nodes"], part("Alone", "noOp", 1, {})]), "connection.unreached"),
    ("self-loop", linked({**GOOD, "Mid": {"main": [to("End", "Mid")]}}), "connection.self"),
    (
        "merge-third-input",
        linked(
            {"Webhook": {"main": [[*to("J"), *to("J", index=1), *to("J", index=2)]]}},
            nodes=[*workflow(a_set())["nodes"], part("J", "merge", 3.2, {"mode": "append"})],
        ),
        "connection.input",
    ),
    ("error-output-not-wired", workflow(a_set(onError="continueErrorOutput")), "connection.error-output"),
    (
        "loop-outputs-swapped",
        {
            **workflow(mid("splitInBatches", 3, {})),
            "connections": {**GOOD, "Mid": {"main": [to("End")]}, "End": {"main": [to("Mid")]}},
        },
        "connection.loop",
    ),
    (
        "set-v1-parameters-in-3.4",
        workflow(a_set({"values": {"string": [{"name": "a", "value": "1"}]}})),
        "parameter.known",
    ),
    ("set-3.2-parameters-in-3.4", workflow(a_set({"fields": {"values": []}})), "parameter.version"),
    ("switch-v2-rules-in-3", workflow(mid("switch", 3.2, {"rules": {"rules": [{"value2": 1}]}})), "condition.rules"),
    (
        "filter-no-conditions",
        workflow(mid("filter", 2.2, {"conditions": {**CHECKED, "conditions": []}})),
        "condition.there",
    ),
    ("space-before-equals", workflow(a_set(fields(" ={{ $json.body.x }}"))), "expression.prefix"),
    ("braces-inside", workflow(a_set(fields("={{ JSON.stringify({a:{b:$json.body.x}}) }}"))), "expression.early-close"),
    ("make-left-over", workflow(a_set(fields("={{ substring(1.name; 0; 3) }}"))), "expression.make-syntax"),
    ("tries-99", workflow(a_set(retryOnFail=True, maxTries=99)), "node.retry"),
]
TOLD: list[tuple[str, Document, str]] = [
    ("disabled-mid", workflow(a_set(disabled=True)), "node.disabled"),
    (
        "errorWorkflow-missing",
        as_is(settings={"executionOrder": "v1", "errorWorkflow": "nope"}),
        "settings.error-workflow-there",
    ),
    (
        "subworkflow-missing",
        workflow(mid("executeWorkflow", 1.1, {"workflowId": {"__rl": True, "mode": "id", "value": "nope"}})),
        "workflow.called",
    ),
]
"""Whether these are wrong depends on what else is in that n8n, or on what was meant: they are told, not blamed."""


@pytest.mark.parametrize(("document", "rule"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_n8n_gets_wrong_is_found(document: Document, rule: str) -> None:
    found = {finding.rule for finding in validate_n8n(document) if finding.severity in SEVERE}
    assert f"n8n.{rule}" in found


@pytest.mark.parametrize(("document", "rule"), [case[1:] for case in TOLD], ids=[case[0] for case in TOLD])
def test_what_depends_on_the_n8n_is_told(document: Document, rule: str) -> None:
    assert f"n8n.{rule}" in {finding.rule for finding in validate_n8n(document)}


def test_the_good_workflow_of_the_cases_is_good() -> None:
    assert validate_n8n(workflow(a_set())) == ()
