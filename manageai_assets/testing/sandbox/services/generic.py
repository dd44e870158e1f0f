"""Apps without a table of their own: the answer holds each output where n8n's node has it."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import yaml
from pydantic import JsonValue

from compilers.registry import N8nNode, N8nPart, registry
from manageai_assets.testing.models import Request, TestModel
from manageai_assets.testing.sandbox.services.base import Asked, at, bytes_of, put, serves
from manageai_assets.testing.sandbox.services.raw import reply
from manageai_assets.testing.sandbox.wire import Incoming, Json, Reply

_ADDRESS = re.compile(r"https://([a-z0-9.-]+\.[a-z]{2,})(?=[/'\"?]|$)")
_PLACE = r"\$json((?:\??\.[A-Za-z_]\w*|(?:\?\.)?\[0\])+)(?![\w(])"
_NAMED = re.compile(r"(\w+): \(?" + _PLACE)
_SPREAD = re.compile(r"\.\.\.\(?" + _PLACE)
_WHOLE = re.compile(r"^\(?" + _PLACE)
_PART = re.compile(r"[A-Za-z_]\w*|0(?=\])")
_MOST = 0.5
_RESPONSE = "options.response.response"


class KnownApps(TestModel):
    """What `known_apps.yaml` says, by the app's name."""

    hosts: dict[str, tuple[str, ...]]
    lists: dict[str, str]


@cache
def known_apps() -> KnownApps:
    """What is known of apps beyond the registry."""
    text = resources.files("manageai_assets.testing.sandbox.services").joinpath("known_apps.yaml").read_text("utf-8")
    return KnownApps.model_validate(yaml.safe_load(text))


@cache
def hosts_of(app: str) -> frozenset[str]:
    """All hosts that are known for an app: those listed, and those that its operations name in the registry."""
    known = registry().apps.get(app)
    texts = (
        [str(node.parameters.get("url")) for one in known.operations.values() for node in one.n8n_nodes]
        if known
        else []
    )
    return frozenset(known_apps().hosts.get(app, ())) | {host for text in texts for host in _ADDRESS.findall(text)}


def is_for(app: str, incoming: Incoming) -> bool:
    """Whether a request is for a known host of an app, or for the one that its made-up credential names."""
    return serves(hosts_of(app), incoming) or incoming.host == f"{app.replace('_', '-')}.sandbox.example"


def fits(request: Request, incoming: Incoming, held: float) -> bool:
    """Whether a request can be what an operation does, and not one on the way: of the right method; and a change is no
    GET, unless that holds most of the call's values (`held`: their share)."""
    operation, node = registry().find(request.app, request.operation), _node(request)
    method = node.parameters.get("method") if node and node.node.endswith(".httpRequest") else None
    if isinstance(method, str) and method.isalpha():
        return method == incoming.method
    if incoming.method != "GET" or operation is None or not operation.side_effect:
        return True
    return held >= _MOST


def helps(request: Request) -> bool:
    """Whether further nodes of the operation ask the app something too."""
    node = _node(request)
    parts: tuple[N8nPart, ...] = (*node.before, *node.after) if node else ()
    return any(part.credential or part.node.endswith(".httpRequest") for part in parts)


def _node(request: Request) -> N8nNode | None:
    """The n8n node that stands for a call."""
    operation = registry().find(request.app, request.operation)
    return operation.n8n_node(operation.with_defaults(request.inputs)) if operation else None


def answer(request: Request, asked: Asked) -> Reply:
    """The answer to a call of such an app."""
    operation, node = registry().find(request.app, request.operation), _node(request)
    if node is not None and at(node.parameters, _RESPONSE + ".fullResponse") is True:
        return reply(asked.bundle)
    if node is not None and at(node.parameters, _RESPONSE + ".responseFormat") == "file":
        return Reply(200, bytes_of(next(iter(asked.bundle.values()), None)))
    items: list[JsonValue] = [dict(item) for item in asked.items]
    place = _list_place(request.app, node) if node else ""
    if place:
        wrapped: Json = {}
        put(wrapped, place, items)
        return Reply(200, wrapped)
    many = operation is not None and operation.kind == "search"
    if many or len(items) > 1:
        return Reply(200, items)
    return Reply(200, _wrapped(node, asked.item) if node else asked.item)


def _wrapped(node: N8nNode, item: Json) -> Json:
    """The item, and besides it the fields in which apps put such an item: those that the node's result is taken from,
    and for a node of the app's own the name of the resource."""
    wrapped = dict(item)
    for name, place in _NAMED.findall(node.result):
        _lay(wrapped, place, item, item.get(name))
    for place in (*_SPREAD.findall(node.result), *_WHOLE.findall(node.result)):
        _lay(wrapped, place, item, dict(item))
    resource = node.parameters.get("resource")
    if isinstance(resource, str) and not node.node.endswith(".httpRequest"):
        for field in (resource, resource.capitalize(), "data"):
            wrapped.setdefault(field, dict(item))
        wrapped.setdefault(f"{resource.capitalize()}s", [dict(item)])
    return wrapped


def _lay(target: Json, place: str, item: Json, value: JsonValue) -> None:
    """Puts a value at a place of JavaScript, such as `.data?.[0]`, unless the item has something there."""
    steps = _PART.findall(place)
    if value is not None and steps and steps[0] not in item:
        put(target, ".".join(steps), value)


def _list_place(app: str, node: N8nNode) -> str:
    """Where the list stands that becomes items: what a node behind splits, or what the app's own node looks for."""
    for part in node.after:
        if part.node.endswith(".splitOut"):
            return str(part.parameters.get("fieldToSplitOut") or "")
    place = known_apps().lists.get(app, "")
    operation = str(node.parameters.get("operation"))
    if node.node.endswith(".httpRequest") or not operation.lower().startswith(("getall", "search", "list")):
        return ""
    resource = str(node.parameters.get("resource") or "")
    return place.replace("resource", resource).replace("Resource", resource.capitalize())
