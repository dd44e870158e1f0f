"""When a node uses a parameter: n8n's display conditions, and the ports that depend on parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.n8n.descriptors import TOOL, Condition, NodeClass, Parameter

Values = Mapping[str, JsonValue]
ROUNDS = 12
"""Rounds of filling defaults after which n8n's deepest chain of conditions has settled."""


@dataclass(frozen=True)
class Context:
    """The node whose parameters are looked at: its type and version, and all its parameters with defaults."""

    type: str
    version: float
    root: Values


def is_shown(condition: Condition | None, values: Values, context: Context) -> bool:
    """Whether the condition holds among `values`, the parameters at the same level.

    Where an expression decides, the answer is known at run time only, and is taken for yes.
    """
    if condition is None:
        return True
    for name, wanted in condition.get("show", {}).items():
        actual = _actual(name, values, context)
        if actual is None or any(map(is_expression, actual)):
            return True
        if not _matches(wanted, actual):
            return False
    for name, unwanted in condition.get("hide", {}).items():
        actual = _actual(name, values, context)
        if actual and _matches(unwanted, actual):
            return False
    return True


def is_in_version(condition: Condition | None, node: NodeTag) -> bool:
    """Whether the condition can hold in the node's version, whatever the parameters are."""
    wanted = (condition or {}).get("show", {}).get("@version")
    return wanted is None or _matches(wanted, [node.version])


def with_defaults(parameters: Sequence[Parameter], given: Values, context: Context | None, node: NodeTag) -> Values:
    """`given` and the defaults of the other parameters in use, as far as other parameters depend on them.

    Without a context the parameters are those of the node itself.
    """
    settled: Values = dict(given)
    for _ in range(ROUNDS):
        here = context or Context(node.type, node.version, settled)
        filled = dict(given)
        for one in parameters:
            if one.default is not None and one.name not in filled and is_shown(one.condition, settled, here):
                filled[one.name] = one.default
        if filled == settled:
            break
        settled = filled
    return settled


@dataclass(frozen=True)
class NodeTag:
    """Type and version of a node."""

    type: str
    version: float


def is_expression(value: JsonValue) -> bool:
    """Whether n8n computes the value when it runs."""
    return isinstance(value, str) and value.startswith("=")


def _actual(name: str, values: Values, context: Context) -> list[JsonValue] | None:
    """What a condition's name stands for; None for a name that says nothing of the parameters."""
    if name == "@version":
        return [context.version]
    if name == "@tool":
        return [context.type.endswith(TOOL)]
    if name.startswith("@"):
        return None
    value = _reach(context.root, name[1:]) if name.startswith("/") else _reach(values, name)
    if isinstance(value, dict) and value.get("__rl"):
        value = value.get("value")
    return value if isinstance(value, list) else [value]


def _reach(value: JsonValue | Values, path: str) -> JsonValue:
    for key in filter(None, re.split(r"[.\[\]]", path)):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value if not isinstance(value, Mapping) else dict(value)


def _same(one: JsonValue, other: JsonValue) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _number(test: Callable[[float, float], bool]) -> Callable[[JsonValue, JsonValue], bool]:
    def both(value: JsonValue, target: JsonValue) -> bool:
        return isinstance(value, int | float) and isinstance(target, int | float) and test(value, target)

    return both


def _text(test: Callable[[str, str], bool]) -> Callable[[JsonValue, JsonValue], bool]:
    def both(value: JsonValue, target: JsonValue) -> bool:
        return isinstance(value, str) and isinstance(target, str) and test(value, target)

    return both


def _between(value: JsonValue, target: JsonValue) -> bool:
    if not isinstance(target, dict):
        return False
    return TESTS["gte"](value, target.get("from")) and TESTS["lte"](value, target.get("to"))


TESTS: Mapping[str, Callable[[JsonValue, JsonValue], bool]] = {
    "eq": _same,
    "not": lambda value, target: not _same(value, target),
    "gte": _number(lambda value, target: value >= target),
    "lte": _number(lambda value, target: value <= target),
    "gt": _number(lambda value, target: value > target),
    "lt": _number(lambda value, target: value < target),
    "between": _between,
    "startsWith": _text(lambda value, target: value.startswith(target)),
    "endsWith": _text(lambda value, target: value.endswith(target)),
    "includes": _text(lambda value, target: target in value),
    "regex": _text(lambda value, target: re.search(target, value) is not None),
    "exists": lambda value, _: value is not None and value != "",
}
"""The comparisons that display conditions use, by n8n's names."""


def _matches(wanted: Iterable[JsonValue], actual: Sequence[JsonValue]) -> bool:
    return any(_matches_one(one, actual) for one in wanted)


def _matches_one(wanted: JsonValue, actual: Sequence[JsonValue]) -> bool:
    compare = wanted.get("_cnd") if isinstance(wanted, dict) and len(wanted) == 1 else None
    if not isinstance(compare, dict):
        return any(_same(wanted, value) for value in actual)
    [(test, target)] = compare.items()
    if not actual:
        return test == "not"
    return test in TESTS and all(TESTS[test](value, target) for value in actual)


def main_outputs(node: NodeClass, version: float, parameters: Values) -> int | None:
    """How many main outputs a node has with these parameters, without its error output; None when unknown."""
    if node.outputs is not None:
        return node.outputs.get("main", 0)
    count = _OUTPUTS.get(node.type)
    return count(version, parameters) if count else None


def main_inputs(node: NodeClass, parameters: Values) -> int | None:
    """How many main inputs a node has with these parameters; None when unknown."""
    if node.inputs is not None:
        return node.inputs.get("main", 0)
    return _whole(parameters.get("numberInputs"), 2) if node.type == "n8n-nodes-base.merge" else None


def _whole(value: JsonValue, default: int) -> int | None:
    """A count among the parameters; None when an expression gives it."""
    if value is None or value == 0:
        return default
    return int(value) if isinstance(value, int | float) and abs(value) < 1000 else None


def _switch_outputs(version: float, parameters: Values) -> int | None:
    if parameters.get("mode") == "expression":
        return _whole(parameters.get("numberOutputs" if version >= 3 else "outputsAmount"), 4)
    group = parameters.get("rules")
    rules = group.get("values" if version >= 3 else "rules") if isinstance(group, dict) else None
    options = parameters.get("options")
    extra = isinstance(options, dict) and options.get("fallbackOutput") == "extra"
    return len(rules) + extra if isinstance(rules, list) else None


def _webhook_outputs(_version: float, parameters: Values) -> int | None:
    method = parameters.get("httpMethod")
    if isinstance(method, list):
        return len(method)
    return 2 if method is None and parameters.get("multipleMethods") is True else 1


def _respond_outputs(version: float, parameters: Values) -> int | None:
    return 2 if version == 1.3 or (version >= 1.4 and parameters.get("enableResponseOutput") is True) else 1


_OUTPUTS: Mapping[str, Callable[[float, Values], int | None]] = {
    "n8n-nodes-base.switch": _switch_outputs,
    "n8n-nodes-base.webhook": _webhook_outputs,
    "n8n-nodes-base.respondToWebhook": _respond_outputs,
}
"""Nodes whose outputs depend on their parameters (n8n has an expression there)."""
