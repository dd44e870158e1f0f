"""What a call's node is switched to, held against what the request says under the same name.

Beside the client's values a node has switches that the registry fixes, or that hang on a choice: `typecast`,
`disable_notification`, `includeLinkToWorkflow`. APIs know them by the name that n8n gives them, so that a request which
says otherwise comes from a node that is set otherwise. A switch that the request doesn't name can't be told, and
settings that are texts or numbers are often written in the API's own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from compilers.registry import bind, inputs_of, registry
from manageai_assets.testing.models import Request
from manageai_assets.testing.plain_writer import PLAIN
from manageai_assets.testing.sandbox.records import Sent

_BY_ADDRESS = "n8n-nodes-base.httpRequest"
"""Its parameters are HTTP's, and not the app's."""
_LOCATOR = "__rl"
_SAID: Mapping[JsonValue, bool] = {True: True, False: False, "true": True, "false": False}


def other_switches(request: Request, sent: Sent) -> Iterator[tuple[str, bool, bool]]:
    """The switches that the request says otherwise: the name there, what the call's node has, and what was sent."""
    operation = registry().find(request.app, request.operation)
    inputs = operation.with_defaults(request.inputs) if operation else {}
    node = operation.n8n_node(inputs) if operation else None
    if operation is None or node is None or node.node == _BY_ADDRESS:
        return
    fixed = frozenset(name for name, field in operation.inputs.items() if not field.template)
    wanted = _once(_leaves(node.parameters, fixed, inputs))
    named = [*sent.query.items(), *(sent.body.items() if isinstance(sent.body, dict) else ())]
    for key, (name, found) in _once(named).items():
        if key in wanted and found != wanted[key][1]:
            yield name, wanted[key][1], found


def _leaves(
    template: Mapping[str, JsonValue], fixed: frozenset[str], inputs: Mapping[str, JsonValue]
) -> Iterator[tuple[str, JsonValue]]:
    """The names and values of the parameters that hang on nothing but fixed inputs."""
    if _LOCATOR in template:
        return
    for name, item in template.items():
        if isinstance(item, dict) and not any(key.startswith("$") for key in item):
            yield from _leaves(item, fixed, inputs)
        elif inputs_of(item) <= fixed:
            yield from bind({name: item}, inputs, PLAIN).items()


def _once(pairs: Iterable[tuple[str, JsonValue]]) -> dict[str, tuple[str, bool]]:
    """The switches by their names without the style of writing; a name that stands there several times means several
    things."""
    known = [(name.replace("_", "").replace("-", "").lower(), name, value) for name, value in pairs]
    counts = Counter(key for key, _, _ in known)
    return {
        key: (name, _SAID[value])
        for key, name, value in known
        if counts[key] == 1 and isinstance(value, (bool, str)) and value in _SAID
    }
