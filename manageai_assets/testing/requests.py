"""What an app is told by a call: the inputs of a step in one form, however a platform writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from compilers.expressions.values import Value, text
from compilers.registry import registry
from compilers.spec import OperationStep
from manageai_assets.testing.binding import plain, says_nothing

STEERING = frozenset({"always"})
"""Inputs that steer the flow behind a step and that no app hears of."""


def told(
    step: OperationStep, values: Mapping[str, Value], as_text: Callable[[Value], str] = text
) -> dict[str, JsonValue]:
    """The inputs that say something. A list of one stands as its element where the input takes both. `as_text` writes
    what has no text of its own."""
    operation = registry().find(step.app, step.operation)
    fields = operation.inputs if operation else {}
    found: dict[str, JsonValue] = {}
    for name, value in values.items():
        if name in STEERING or says_nothing(value):
            continue
        kind = fields[name].type if name in fields else "any"
        one = isinstance(value, list) and len(value) == 1 and not isinstance(value[0], (list, dict))
        found[name] = plain(value[0] if one and kind != "array" and isinstance(value, list) else value)
    return found | _as_texts(step, values, found, as_text)


def _as_texts(
    step: OperationStep,
    values: Mapping[str, Value],
    found: Mapping[str, JsonValue],
    as_text: Callable[[Value], str],
) -> dict[str, JsonValue]:
    """The parts of an HTTP request that are texts, whatever was put there: its query, its headers, and a raw body."""
    if (step.app, step.operation) != ("http", "request"):
        return {}
    whole = ["body"] if values.get("body_type") == "raw" and isinstance(values.get("body"), (list, dict)) else []
    texts: dict[str, JsonValue] = {name: as_text(values[name]) for name in whole if name in found}
    for name in ("query", "headers", *(["body"] if values.get("body_type") == "form" else [])):
        parts = values.get(name)
        if isinstance(parts, dict) and any(map(_is_other, parts.values())):
            texts[name] = {key: plain(as_text(one) if _is_other(one) else one) for key, one in parts.items()}
    return texts


def _is_other(value: Value) -> bool:
    """Whether the value has another form as a text than in JSON."""
    return isinstance(value, (list, dict)) or (isinstance(value, float) and not math.isfinite(value))
