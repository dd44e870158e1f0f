"""What a call's node is set to, held against what the request says under the same name.

Beside the client's values a node has settings that the registry fixes, or that hang on a choice: `typecast`,
`disable_notification`, `includeLinkToWorkflow`. Most APIs know them by the name that n8n gives them, so that a request
which says otherwise comes from a node that is set otherwise. A setting that the request doesn't name can't be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from compilers.registry import N8nNode, Operation, bind, inputs_of, registry
from manageai_assets.testing.models import Request
from manageai_assets.testing.plain_writer import PLAIN
from manageai_assets.testing.sandbox.records import Sent

_BY_ADDRESS = "n8n-nodes-base.httpRequest"
"""Its parameters are HTTP's, and not the app's."""
_WHICH = frozenset(("resource", "operation", "authentication", "nodecredentialtype"))
"""Parameters that choose what the node does."""
_LOCATOR = "__rl"


def other_settings(request: Request, sent: Sent) -> Iterator[tuple[str, JsonValue, JsonValue]]:
    """The settings that the request says otherwise: the name there, what the call's node has, and what was sent."""
    operation = registry().find(request.app, request.operation)
    node = operation.n8n_node(operation.with_defaults(request.inputs)) if operation else None
    if operation is None or node is None or node.node == _BY_ADDRESS:
        return
    wanted = _once(_settings(operation, node, operation.with_defaults(request.inputs)))
    named = [*sent.query.items(), *(sent.body.items() if isinstance(sent.body, dict) else ())]
    for key, (name, value) in _once(named).items():
        if key in wanted and _is_one(value) and _said(value) != _said(wanted[key][1]):
            yield name, wanted[key][1], value


def _settings(operation: Operation, node: N8nNode, inputs: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """The names and values of the node's parameters that hang on nothing but fixed inputs."""
    fixed = frozenset(name for name, field in operation.inputs.items() if not field.template)
    numbers = operation.kind != "search"  # many nodes ask for all, or page by page, and cut what came
    for name, value in _leaves(node.parameters, fixed, inputs):
        counts = isinstance(value, (int, float)) and not isinstance(value, bool)
        if _is_one(value) and not str(value).startswith("=") and (numbers or not counts):
            yield name, value


def _leaves(
    template: Mapping[str, JsonValue], fixed: frozenset[str], inputs: Mapping[str, JsonValue]
) -> Iterator[tuple[str, JsonValue]]:
    if _LOCATOR in template:
        return
    for name, item in template.items():
        if isinstance(item, dict) and not any(key.startswith("$") for key in item):
            yield from _leaves(item, fixed, inputs)
        elif inputs_of(item) <= fixed:
            yield from bind({name: item}, inputs, PLAIN).items()


def _once(pairs: Iterator[tuple[str, JsonValue]] | list[tuple[str, JsonValue]]) -> dict[str, tuple[str, JsonValue]]:
    """By the name without its style of writing; names that stand there several times mean several things."""
    known = [(_key(name), name, value) for name, value in pairs]
    counts = Counter(key for key, _, _ in known)
    return {key: (name, value) for key, name, value in known if counts[key] == 1 and key not in _WHICH}


def _key(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _is_one(value: JsonValue) -> bool:
    return value is not None and not isinstance(value, (dict, list))


def _said(value: JsonValue) -> str:
    """The value as an API may write it: in any case, and numbers and booleans as texts."""
    return str(PLAIN.as_text(value)).lower()
