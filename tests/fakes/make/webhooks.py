"""Calls of a hook's public address (facts 2.10)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from pydantic import JsonValue

from tests.fakes.make.records import Answer, Hook, Object, Run
from tests.fakes.make.world import World

ACCEPTED = Answer(200, "Accepted")
NO_LISTENER = Answer(410, "There is no scenario listening for this webhook.")
LONGEST_WAIT = 180.0
MOST_CALLS, WINDOW = 300, 10.0


def receive(
    world: World, udid: str, method: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> tuple[Answer, float]:
    """What the caller is answered, and after how many seconds."""
    hook = world.by_udid.get(udid)
    if hook is None:
        return Answer(410, "Webhook not found"), 0.0
    if hook.api_key and headers.get("x-make-apikey") != hook.api_key:
        return Answer(401, "Unauthorized"), 0.0
    now = world.clock()
    hook.calls = [moment for moment in hook.calls if moment > now - WINDOW] + [now]
    if len(hook.calls) > MOST_CALLS:
        return Answer(429, "Too many requests"), 0.0
    if hook.learning:
        hook.learning = False
        return ACCEPTED, 0.0
    scenario = world.scenarios.get(hook.scenario or 0)
    if scenario is None or not scenario.active or not hook.enabled:
        return NO_LISTENER, 0.0
    if hook.queued >= hook.queue_limit:
        return Answer(400, "Queue is full"), 0.0
    if scenario.scheduling.get("type") != "immediately":
        hook.queued += scenario.scheduling.get("type") != "on-demand"
        return ACCEPTED, 0.0
    bundle = _bundle(hook, method, query, headers, body)
    run = world.run(scenario, bundle, manual=False)
    return _answered(run) if scenario.answers else (ACCEPTED, 0.0)


def _answered(run: Run) -> tuple[Answer, float]:
    outcome = run.outcome
    if outcome.seconds > LONGEST_WAIT:
        return ACCEPTED, LONGEST_WAIT
    if outcome.answer is not None:
        shared = {"Access-Control-Allow-Origin": "*", **outcome.answer.headers}
        return Answer(outcome.answer.status, outcome.answer.body, shared), outcome.seconds
    if outcome.status == "error":
        return Answer(500, "Scenario failed to complete."), outcome.seconds
    return ACCEPTED, outcome.seconds


def _bundle(
    hook: Hook, method: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> Object:
    text = body.decode("utf-8", "replace")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    bundle: Object = {}
    if hook.data.get("stringify") and kind == "application/json":
        bundle = {"value": text}
    elif kind == "application/json":
        bundle = _flat(text)
    elif kind == "application/x-www-form-urlencoded":
        bundle = dict[str, JsonValue](parse_qsl(text, keep_blank_values=True))
    elif text:
        bundle = {"value": text}
    bundle |= dict(query)
    if hook.data.get("headers"):
        bundle["__IMTHEADERS__"] = [{"name": name, "value": value} for name, value in headers.items()]
    if hook.data.get("method"):
        bundle["__IMTMETHOD__"] = method
    return bundle


def _flat(text: str) -> Object:
    try:
        read = json.loads(text)
    except ValueError:
        return {"value": text}
    return read if isinstance(read, dict) else {"value": read}
