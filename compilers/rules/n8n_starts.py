"""n8n rules: how a workflow starts and answers - triggers, webhooks, schedules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from compilers.n8n.display import is_expression
from compilers.rules.engine import Place
from compilers.rules.n8n_scan import words
from compilers.rules.n8n_subject import BOOK, N8nSubject, Node, as_list, as_object
from compilers.rules.n8n_values import shown

BY_HAND = ("manualTrigger",)
PATH = re.compile(r"[A-Za-z0-9_~.\-/:%]+")
"""Characters that a webhook's path can have; `:` begins a parameter."""
NAMED_RESPONSE = "responseNode"
CRON_LIMITS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Limits of the fields of a cron expression: second, minute, hour, day, month, weekday."""
CRON_NAMES = words("jan feb mar apr may jun jul aug sep oct nov dec sun mon tue wed thu fri sat")
CRON_PART = re.compile(r"(?P<from>\*|\d{1,4}|[a-z]{3})(?:-(?P<to>\d{1,4}|[a-z]{3}))?(?:/(?P<step>\d{1,4}))?")


@BOOK.rule("trigger.there", "error", area="trigger", hint="add a trigger, such as a Webhook or a Schedule Trigger")
def trigger_there(subject: N8nSubject) -> Iterator[Place]:
    """A workflow has a trigger."""
    known = all(subject.catalogue.versions(node.type) for node in subject.nodes)
    if subject.nodes and known and not subject.starts:
        yield "nodes", "no node can start the workflow"


@BOOK.rule("trigger.enabled", "error", area="trigger", hint="enable the trigger")
def trigger_enabled(subject: N8nSubject) -> Iterator[Place]:
    """A trigger is enabled."""
    if subject.starts and all(node.disabled for node in subject.starts):
        yield subject.starts[0].place, "is disabled, and no other node can start the workflow"


@BOOK.rule("trigger.by-itself", "warning", area="trigger", hint="add a Webhook, a Schedule Trigger or an app's trigger")
def trigger_by_itself(subject: N8nSubject) -> Iterator[Place]:
    """A workflow can start by itself: n8n doesn't publish one that only a person can start."""
    enabled = [node for node in subject.starts if not node.disabled]
    if enabled and all(node.of(*BY_HAND) for node in enabled):
        yield enabled[0].place, "only a person can start this workflow"


@BOOK.rule("webhook.path", "error", area="webhook", hint="give the Webhook a path of letters, digits, `-` and `/`")
def webhook_path(subject: N8nSubject) -> Iterator[Place]:
    """A Webhook has a path; without one n8n listens on its internal id."""
    for node in subject.nodes:
        if not node.of("webhook"):
            continue
        path = node.parameters.get("path")
        if not isinstance(path, str) or not path.strip("/ "):
            yield node.at("parameters.path"), "is empty: nobody would know the address"
        elif not is_expression(path) and not PATH.fullmatch(path):
            yield node.at("parameters.path"), f"{shown(path)} has characters that an address can't have"


@BOOK.rule("webhook.unique", "error", area="webhook", hint="give each a path of its own")
def webhook_unique(subject: N8nSubject) -> Iterator[Place]:
    """No two Webhooks listen for the same method on the same path: n8n doesn't publish that."""
    first: dict[tuple[str, str], str] = {}
    for node in subject.nodes:
        path = node.parameters.get("path")
        if not node.of("webhook") or not isinstance(path, str) or not path or node.disabled:
            continue
        given = node.parameters.get("httpMethod", "GET")
        for method in as_list(given) if isinstance(given, list) else [given]:
            key = (str(method)[:40], path.strip("/"))
            if key in first:
                yield node.at("parameters.path"), f"{key[0]} {shown(path)} is taken by {first[key]}"
            first.setdefault(key, node.place)


@BOOK.rule("webhook.id", "warning", area="webhook", hint="give the node a `webhookId`, so that its address stays")
def webhook_id(subject: N8nSubject) -> Iterator[Place]:
    """A Webhook has a `webhookId`; n8n makes up a missing one at each import."""
    for node in subject.nodes:
        if node.of("webhook") and not isinstance(node.raw.get("webhookId"), str):
            yield node.at("webhookId"), "is missing"


def _webhooks(subject: N8nSubject) -> Iterator[tuple[Node, frozenset[str]]]:
    """The enabled Webhooks, with the nodes that come after."""
    for node in subject.nodes:
        if node.of("webhook") and not node.disabled:
            yield node, subject.reachable([node.name])


@BOOK.rule(
    "webhook.answered", "error", area="webhook", hint="add a Respond to Webhook node, or choose another responseMode"
)
def webhook_answered(subject: N8nSubject) -> Iterator[Place]:
    """A Webhook that leaves the answer to a Respond to Webhook node has one after it."""
    for node, after in _webhooks(subject):
        answers = any(subject.by_name[name].of("respondToWebhook") for name in after if name in subject.by_name)
        if node.parameters.get("responseMode") == NAMED_RESPONSE and not answers:
            yield node.at("parameters.responseMode"), "no Respond to Webhook node comes after it"


@BOOK.rule("webhook.answer-used", "error", area="webhook", hint="set the Webhook's `responseMode` to `responseNode`")
def webhook_answer_used(subject: N8nSubject) -> Iterator[Place]:
    """A Respond to Webhook node comes after a Webhook that waits for it; else n8n fails the run."""
    for node, after in _webhooks(subject):
        mode = node.parameters.get("responseMode", "onReceived")
        if mode in (NAMED_RESPONSE, "streaming") or is_expression(mode):
            continue
        for name in sorted(after):
            answer = subject.by_name.get(name)
            if answer and answer.of("respondToWebhook") and not answer.disabled:
                yield answer.place, f"{node.name!r} doesn't wait for it: its responseMode is {shown(mode)}"


@BOOK.rule("schedule.rule", "error", area="schedule", hint="give `rule.interval` a list with an interval")
def schedule_rule(subject: N8nSubject) -> Iterator[Place]:
    """A Schedule Trigger says when it runs; without a rule n8n runs it daily."""
    for node in subject.nodes:
        if node.of("scheduleTrigger") and not as_list(as_object(node.parameters.get("rule")).get("interval")):
            yield node.at("parameters.rule.interval"), "is empty: n8n would run it once a day"


def _intervals(subject: N8nSubject) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    for node in subject.nodes:
        if node.of("scheduleTrigger"):
            for index, row in enumerate(as_list(as_object(node.parameters.get("rule")).get("interval"))):
                yield node.at(f"parameters.rule.interval[{index}]"), as_object(row)


@BOOK.rule("schedule.cron", "error", area="schedule", hint="write 5 or 6 fields: minute hour day month weekday")
def schedule_cron(subject: N8nSubject) -> Iterator[Place]:
    """A cron expression can be read; n8n doesn't publish a workflow with another one."""
    for where, row in _intervals(subject):
        text = row.get("expression")
        if (
            row.get("field") == "cronExpression"
            and not is_expression(text)
            and not (isinstance(text, str) and is_cron(text))
        ):
            yield f"{where}.expression", f"{shown(text)} is not a cron expression"


def is_cron(text: str) -> bool:
    """Whether the text is a cron expression of 5 fields, or of 6 with seconds first."""
    fields = text.lower().split()
    if len(fields) not in (5, 6):
        return False
    limits = CRON_LIMITS[-len(fields) :]
    return all(_is_cron_field(field, *limit) for field, limit in zip(fields, limits, strict=True))


def _is_cron_field(field: str, low: int, high: int) -> bool:
    for part in field.split(","):
        match = CRON_PART.fullmatch("*" + part[1:] if part.startswith("?") else part)
        if match is None:
            return False
        for value in (match["from"], match["to"]):
            if value is None or value == "*":
                continue
            if not (low <= int(value) <= high if value.isdigit() else value in CRON_NAMES):
                return False
        if match["step"] is not None and int(match["step"]) == 0:
            return False
    return True
