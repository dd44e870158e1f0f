"""A valid n8n workflow with one node of each kind that rules look at, to be broken by tests."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Document = dict[str, Any]


def node(document: Document, name: str) -> Document:
    """The node of that name."""
    found: Document = next(one for one in document["nodes"] if one["name"] == name)
    return found


def parameters(document: Document, name: str) -> Document:
    """The parameters of the node of that name."""
    found: Document = node(document, name)["parameters"]
    return found


def to(*targets: str, index: int = 0) -> list[Document]:
    """What one output leads to."""
    return [{"node": target, "type": "main", "index": index} for target in targets]


def condition(left: Any, kind: str, operation: str, right: Any = "") -> Document:
    """The conditions of an IF or a Switch rule: one comparison, with strict types."""
    return {
        "options": {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 2},
        "combinator": "and",
        "conditions": [
            {"id": "c1", "leftValue": left, "rightValue": right, "operator": {"type": kind, "operation": operation}}
        ],
    }


def assignments(*rows: tuple[str, Any, str]) -> Document:
    """The fields of a Set node."""
    return {
        "assignments": [{"id": f"a-{name}", "name": name, "value": value, "type": kind} for name, value, kind in rows]
    }


_NODES: list[tuple[str, str, float, Document, Document]] = [
    (
        "Webhook",
        "webhook",
        2.1,
        {"httpMethod": "POST", "path": "lead", "responseMode": "responseNode", "options": {}},
        {"webhookId": "0f0c7e3a-0000-4000-8000-000000000001"},
    ),
    (
        "Score",
        "set",
        3.4,
        {
            "mode": "manual",
            "assignments": assignments(
                ("email", "={{ $json.body.email.toLowerCase() }}", "string"),
                ("score", "={{ $json.body.employees > 50 ? 80 : 20 }}", "number"),
                ("source", "web form", "string"),
            ),
            "includeOtherFields": False,
            "options": {},
        },
        {},
    ),
    ("Hot?", "if", 2.2, {"conditions": condition("={{ $json.score }}", "number", "gte", 50), "options": {}}, {}),
    (
        "Notify",
        "slack",
        2.3,
        {
            "authentication": "accessToken",
            "resource": "message",
            "operation": "post",
            "select": "channel",
            "channelId": {"__rl": True, "mode": "name", "value": "sales"},
            "messageType": "text",
            "text": "=New lead {{ $('Webhook').item.json.body.name }}: {{ $('Score').item.json.score }}",
            "otherOptions": {"includeLinkToWorkflow": False},
        },
        {"onError": "continueErrorOutput", "credentials": {"slackApi": {"name": "Slack workspace"}}},
    ),
    ("Failed", "noOp", 1, {}, {}),
    (
        "Kind",
        "switch",
        3.2,
        {
            "mode": "rules",
            "rules": {
                "values": [
                    {"conditions": condition("={{ $json.source }}", "string", "equals", "web form")},
                    {"conditions": condition("={{ $json.email }}", "string", "endsWith", ".example")},
                ]
            },
            "options": {"fallbackOutput": "extra"},
        },
        {},
    ),
    (
        "Call",
        "httpRequest",
        4.2,
        {
            "method": "POST",
            "url": "https://api.example.com/leads",
            "authentication": "genericCredentialType",
            "genericAuthType": "httpHeaderAuth",
            "sendBody": True,
            "specifyBody": "json",
            "jsonBody": '={{ JSON.stringify({ at: $now.toFormat("yyyy-MM-dd"), who: { mail: $json.email } }) }}',
            "options": {},
        },
        {
            "retryOnFail": True,
            "maxTries": 3,
            "waitBetweenTries": 1000,
            "credentials": {"httpHeaderAuth": {"name": "API key"}},
        },
    ),
    ("Join", "merge", 3.2, {"mode": "append", "numberInputs": 2}, {}),
    ("Answer", "respondToWebhook", 1.5, {"respondWith": "text", "responseBody": "ok", "options": {}}, {}),
    (
        "Daily",
        "scheduleTrigger",
        1.2,
        {"rule": {"interval": [{"field": "cronExpression", "expression": "0 8 * * 1-5"}]}},
        {},
    ),
    ("List", "code", 2, {"mode": "runOnceForAllItems", "jsCode": "return [{ json: { id: 1 } }];"}, {}),
    ("Loop", "splitInBatches", 3, {"batchSize": 10, "options": {}}, {}),
    ("Pause", "wait", 1.1, {"resume": "timeInterval", "amount": 5, "unit": "seconds"}, {}),
    ("Each", "code", 2, {"mode": "runOnceForEachItem", "jsCode": "return { json: $json };"}, {}),
    (
        "Report",
        "executeWorkflow",
        1.3,
        {
            "source": "database",
            "workflowId": {"__rl": True, "mode": "id", "value": "={{ $json.workflow }}"},
            "workflowInputs": {"mappingMode": "defineBelow", "value": {}, "schema": []},
            "options": {},
        },
        {},
    ),
]

_DOCUMENT: Document = {
    "name": "Leads of Harbor Bakery",
    "nodes": [
        {
            "id": f"00000000-0000-4000-8000-{index:012}",
            "name": name,
            "type": f"n8n-nodes-base.{kind}",
            "typeVersion": version,
            "position": [240 * (index % 8), 240 * (index // 8)],
            "parameters": given,
            **more,
        }
        for index, (name, kind, version, given, more) in enumerate(_NODES)
    ],
    "connections": {
        "Webhook": {"main": [to("Score")]},
        "Score": {"main": [to("Hot?")]},
        "Hot?": {"main": [to("Notify"), to("Kind")]},
        "Notify": {"main": [to("Join"), to("Failed")]},
        "Kind": {"main": [to("Call"), to("Call"), to("Call")]},
        "Call": {"main": [to("Join", index=1)]},
        "Join": {"main": [to("Answer")]},
        "Daily": {"main": [to("List")]},
        "List": {"main": [to("Loop")]},
        "Loop": {"main": [to("Report"), to("Pause")]},
        "Pause": {"main": [to("Each")]},
        "Each": {"main": [to("Loop")]},
    },
    "settings": {"executionOrder": "v1", "timezone": "Europe/Berlin", "saveDataSuccessExecution": "all"},
    "pinData": {"Webhook": [{"json": {"body": {"email": "ada@example.com", "name": "Ada", "employees": 60}}}]},
}


def valid() -> Document:
    """A new copy of the valid workflow."""
    return deepcopy(_DOCUMENT)
