"""Filters of the spec as n8n's condition parameters.

n8n's own conditions are used where they mean the same as the spec's: one group, or an OR of single conditions, with
texts compared as texts. Anything else becomes one condition on a JavaScript expression that follows the spec to the
letter, since n8n has no nesting of AND in OR and takes a missing value for `false` in every comparison.
"""

from __future__ import annotations

import uuid

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.n8n.values import N8nValues, expression
from compilers.operators import operator
from compilers.spec import Condition, Filter

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://n8n.io/condition")
_NATIVE_TYPES = ("text", "boolean")
"""Operand types whose comparison is the same on both sides once missing values are texts; n8n's numbers and dates
treat a missing value differently from Make's."""


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
    return known.operand in _NATIVE_TYPES and known.n8n_type == "string"


def _native(row: Condition, values: N8nValues, key: str) -> JsonValue:
    known = operator(row.operator)
    return {
        "id": str(uuid.uuid5(_NAMESPACE, key)),
        "leftValue": values.as_text(row.left),
        "rightValue": values.as_text(row.right),
        "operator": {"type": known.n8n_type, "operation": known.n8n_operation},
    }


def _wrap(written: list[JsonValue], combinator: str, *, case_sensitive: bool) -> JsonValue:
    return {
        "options": {"caseSensitive": case_sensitive, "leftValue": "", "typeValidation": "loose", "version": 3},
        "combinator": combinator,
        "conditions": written,
    }
