"""Filters of the spec as n8n's condition parameters.

n8n's own conditions are used where they mean the same as the spec's: one group, or an OR of single conditions, over
texts, over numbers that are compared with a fixed one, and over what exists. Anything else becomes one condition on a
JavaScript expression that follows the spec to the letter: n8n has no nesting of AND in OR, takes a missing value for
`false` in every comparison, and fails on a text that is no number. One difference stays: where a number is compared
with a fixed one, the text of a date is no number here, and milliseconds in the spec.
"""

from __future__ import annotations

import uuid

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.n8n.values import N8nValues, expression
from compilers.operators import operator
from compilers.spec import Condition, Filter

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://n8n.io/condition")
_BESIDE_ALL_NUMBERS = {"greater": "-Infinity", "at_least": "-Infinity"}
"""What stands for a value that is no number: such that the comparison is as false as in the spec."""
_EXISTENCE = {"exists": "notEmpty", "not_exists": "empty"}


def conditions(condition: Filter, values: N8nValues, key: str) -> JsonValue:
    """The `conditions` parameter of IF, Filter and Switch nodes."""
    groups = condition.any_of
    rows = [row for group in groups for row in group]
    cases = {row.ignore_case for row in rows}
    flat = len(groups) == 1 or all(len(group) == 1 for group in groups)
    if flat and rows and len(cases) == 1 and all(_is_native(row) for row in rows):
        combinator = "and" if len(groups) == 1 else "or"
        written = [_native(row, values, f"{key}/{index}") for index, row in enumerate(rows)]
        return _wrap(written, combinator, case_sensitive=not cases.pop())
    return expression_condition(values.filter_javascript(condition), key)


def expression_condition(javascript: str, key: str) -> JsonValue:
    """One condition: the expression is true."""
    written: dict[str, JsonValue] = {
        "id": str(uuid.uuid5(_NAMESPACE, key)),
        "leftValue": expression(javascript),
        "rightValue": "",
        "operator": {"type": "boolean", "operation": "true", "singleValue": True},
    }
    return _wrap([written], "and", case_sensitive=True)


def _is_native(row: Condition) -> bool:
    try:
        known = operator(row.operator)
    except UserError:
        return False
    if row.ignore_case and row.operator.endswith("matches"):
        return False  # n8n makes the value small and leaves the pattern as it is
    if row.operator in _EXISTENCE or (known.operand == "text" and known.n8n_type == "string"):
        return True
    return known.operand == "number" and isinstance(row.right, (int, float)) and not isinstance(row.right, bool)


def _native(row: Condition, values: N8nValues, key: str) -> JsonValue:
    known = operator(row.operator)
    comparison: dict[str, JsonValue] = {"type": known.n8n_type, "operation": known.n8n_operation}
    left, right = values.as_text(row.left), values.as_text(row.right)
    if row.operator in _EXISTENCE:
        comparison = {"type": "string", "operation": _EXISTENCE[row.operator], "singleValue": True}
        left, right = values.present(row.left), ""
    elif known.operand == "number":
        beside = _BESIDE_ALL_NUMBERS.get(row.operator.partition(":")[2], "Infinity")
        left, right = values.as_number(row.left, beside), row.right
    return {
        "id": str(uuid.uuid5(_NAMESPACE, key)),
        "leftValue": left,
        "rightValue": right,
        "operator": comparison,
    }


def _wrap(written: list[JsonValue], combinator: str, *, case_sensitive: bool) -> JsonValue:
    return {
        "options": {"caseSensitive": case_sensitive, "leftValue": "", "typeValidation": "loose", "version": 3},
        "combinator": combinator,
        "conditions": written,
    }
