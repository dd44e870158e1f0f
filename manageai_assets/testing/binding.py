"""Values of a spec made ready to run: parsed once, evaluated for every bundle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from pydantic import JsonValue

from compilers.expressions.context import Context
from compilers.expressions.evaluator import evaluate
from compilers.expressions.parser import parse
from compilers.expressions.values import Scope, Value, iso_text, plain_number
from compilers.operators import test
from compilers.spec import Filter

Bound = Callable[[Scope, Context], Value]
Passes = Callable[[Scope, Context], bool]


def bound(value: JsonValue) -> Bound:
    """A function that gives the value for a bundle: templates evaluated, inside lists and objects too."""
    if isinstance(value, str):
        template = parse(value)
        if all(isinstance(part, str) for part in template.parts):
            text = "".join(str(part) for part in template.parts)
            return lambda scope, context: text
        return lambda scope, context: evaluate(template, scope, context)
    if isinstance(value, list):
        parts = [bound(item) for item in value]
        return lambda scope, context: [part(scope, context) for part in parts]
    if isinstance(value, dict):
        fields = bound_fields(value)
        return lambda scope, context: {name: field(scope, context) for name, field in fields.items()}
    constant: Value = value
    return lambda scope, context: constant


def bound_fields(values: Mapping[str, JsonValue]) -> dict[str, Bound]:
    """The functions of several values by name."""
    return {name: bound(value) for name, value in values.items()}


def bound_filter(condition: Filter | None) -> Passes | None:
    """A function that says whether a bundle passes; None where everything does. It raises
    `ExpressionError` for a condition that can't be judged, such as one with a broken pattern."""
    if condition is None or not condition.any_of:
        return None
    groups = [[(row, bound(row.left), bound(row.right)) for row in group] for group in condition.any_of]

    def passes(scope: Scope, context: Context) -> bool:
        return any(
            all(test(row, left(scope, context), right(scope, context), context) for row, left, right in group)
            for group in groups
        )

    return passes


def plain(value: Value) -> JsonValue:
    """The value as JSON holds it: dates as ISO 8601 in UTC, bytes as text, decimals as numbers, and nothing for what is
    no number."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return iso_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, Decimal):
        value = plain_number(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def says_nothing(value: Value) -> bool:
    """Whether an input holds nothing that an app would be told."""
    if isinstance(value, list):
        return all(item is None for item in value)
    return value is None or value == "" or value == {}
