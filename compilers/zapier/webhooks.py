"""Webhooks by Zapier: the trigger *Catch Hook* and requests to web addresses.

A caught hook and the answer of a request stand flat in a step's output: the spec calls their fields `body`, and a
hook's parameters stand under `querystring`. Exports show *GET* whole. Of *POST* they show all but how a body is sent,
and of *Custom Request*, which the other methods and free bodies need, only that there is one: their fields are written
by the names that their forms have, and the export says so (`UNSEEN`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.errors import CompileError
from compilers.expressions.tree import Field, Path
from compilers.spec import AnyStep, OperationStep

APP, VERSION = "WebHookCLIAPI", "1.1.1"
API = f"{APP}@{VERSION}"
CATCH = "hook_v2"
HOOK, REQUEST = ("webhook", "receive"), ("http", "request")
_SHAPE: Mapping[str, JsonValue] = {"as_json": "no", "json_key": "json", "unflatten": "yes"}
_READ = frozenset({"url", "headers", "data", "method", "payload_type", *_SHAPE})
UNSEEN = "no export has shown yet how a body is sent"


def is_hook(step: AnyStep) -> bool:
    """Whether a step is the webhook that starts a Zap."""
    return isinstance(step, OperationStep) and (step.app, step.operation) == HOOK


def is_request(step: AnyStep) -> bool:
    """Whether a step calls a web address."""
    return isinstance(step, OperationStep) and (step.app, step.operation) == REQUEST


def path_on_zapier(step: AnyStep, path: Path) -> Path:
    """Where a path into what a hook or a request gives leads on Zapier. Raises `CompileError` for what isn't there."""
    first = path[0] if path else None
    name = first.name if isinstance(first, Field) else ""
    if name == "body" and len(path) > 1:
        return path[1:]
    if name == "query" and is_hook(step):
        return (Field("querystring"), *path[1:])
    said = f"`{name}`" if name and name != "body" else "all that came"
    raise CompileError(f"Webhooks by Zapier doesn't give {said} of `{step.id}`", hint="refer to a field of its `body`")


def path_of_hook(path: Path) -> Path:
    """The neutral path of one of Zapier's into a caught hook."""
    return (Field("query"), *path[1:]) if path[:1] == (Field("querystring"),) else (Field("body"), *path)


def path_of_answer(path: Path) -> Path:
    """The neutral path of one of Zapier's into the answer of a request."""
    return (Field("body"), *path)


def write(inputs: Mapping[str, JsonValue]) -> tuple[str, Object, bool]:
    """The action and the values of a request, with the spec's templates in them, and whether its data are still to be
    written as JSON text. Raises `CompileError` for what Zapier's requests can't do."""
    method = str(inputs.get("method") or "GET").upper()
    body, kind = inputs.get("body"), str(inputs.get("body_type") or "json")
    query, headers = members(inputs.get("query")), members(inputs.get("headers"))
    if inputs.get("timeout") not in (None, "", 30, "30"):
        raise CompileError("Zapier ends a request after 30 seconds", hint="leave `timeout` out")
    common: Object = {"url": inputs.get("url"), "headers": {**headers}}
    if method == "GET" and body in (None, ""):
        return "get", {**common, **_SHAPE, "data": {**query}}, False
    if query:
        raise CompileError(
            "Zapier sends parameters of the address only with GET", hint="write them into `url`, encoded as needed"
        )
    if method == "POST" and kind in ("json", "form") and _is_flat(body):
        return "post", {**common, **_SHAPE, "payload_type": kind, "data": {**members(body)}}, False
    made: JsonValue = "" if kind == "none" or body in (None, "") else body
    as_json = made != "" and kind == "json"
    if as_json:
        headers = {"Content-Type": "application/json", **headers}
    elif made != "" and kind == "raw":
        headers = {"Content-Type": inputs.get("content_type") or "text/plain", **headers}
    elif made != "":
        raise CompileError(f"Zapier sends forms only with POST, not with {method}", hint="send the body as JSON")
    return "custom_request", {"method": method, "url": common["url"], "data": made, "headers": {**headers}}, as_json


def _is_flat(body: JsonValue) -> bool:
    plain = isinstance(body, dict) and all(not isinstance(value, (dict, list)) for value in body.values())
    return plain and bool(body) and isinstance(body, dict) and not any("__" in name or not name for name in body)


def read(action: str, params: Mapping[str, JsonValue], json_of: Callable[[str], JsonValue]) -> Object | None:
    """The inputs of a request; None for one that says more than is known. `json_of` gives the value whose JSON text a
    token stands for, and None for any other text."""
    if any(name not in _READ or (name in _SHAPE and value != _SHAPE[name]) for name, value in params.items()):
        return None
    inputs: Object = {"url": params.get("url")}
    headers, data = members(params.get("headers")), params.get("data")
    if action == "get" and (data is None or isinstance(data, dict)) and "method" not in params:
        inputs |= {"method": "GET", **({"query": data} if data else {})}
    elif action == "post" and isinstance(data, dict) and params.get("payload_type") in ("json", "form"):
        inputs |= {"method": "POST", "body_type": params.get("payload_type"), "body": data}
    elif action == "custom_request" and isinstance(params.get("method"), str) and isinstance(data, str):
        inputs["method"] = params["method"]
        kind = headers.get("Content-Type")
        made = (json_of(data) if "{{" in data else _fixed(data)) if kind == "application/json" else None
        if made is not None:
            inputs |= {"body_type": "json", "body": made}
        elif data or kind:
            inputs |= {"body_type": "raw", "body": data, "content_type": kind or "text/plain"}
        headers = {name: value for name, value in headers.items() if name != "Content-Type"}
    else:
        return None
    return inputs | ({"headers": headers} if headers else {})


def _fixed(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return None
    return value
