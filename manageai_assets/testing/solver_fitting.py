"""What a place takes: a proposed value in the type that the place has now, and a likely one where any value will do."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from compilers.expressions.context import Context
from compilers.expressions.values import Value, is_number, jsonable, number, text

PRESENT = "sample"
"""Stands for any value at all; a place takes one that suits its name."""

_BY_NAME: tuple[tuple[re.Pattern[str], Value], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), value)
    for pattern, value in (
        (r"e-?mail|\bto\b|\bfrom\b", "ann@client.example"),
        (r"phone|mobile|\btel", "+420 555 010 123"),
        (r"url|link|website", "https://www.client.example/page"),
        (r"name|customer|contact", "Ann Example"),
        (r"count|total|amount|price|quantity|number|size|score", 1),
        (r"\bid\b|_id|Id$", "1001"),
    )
)
_DATE_NAME = re.compile(r"date|time\b|created|updated|\bat$|_at$|deadline", re.IGNORECASE)


def suited(value: Value, current: Value, name: str, context: Context) -> Iterator[Value]:
    """The value as a place of that name takes it, in JSON's types: as the type it has now first, then as it is."""
    if value == PRESENT:
        yield jsonable(_by_name(name, current, context))
    if isinstance(value, float) and not math.isfinite(value):
        return
    value = jsonable(value)
    typed = _typed(value, current)
    yield typed
    if typed is not value:
        yield value


def _by_name(name: str, current: Value, context: Context) -> Value:
    if current not in (None, ""):
        return current
    if _DATE_NAME.search(name):
        return context.now()
    return next((value for pattern, value in _BY_NAME if pattern.search(name)), PRESENT)


def _typed(value: Value, current: Value) -> Value:
    if isinstance(current, str) and is_number(value):
        return text(value)
    if isinstance(current, str) and isinstance(value, bool):
        return text(value)
    if is_number(current) and isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value):
        return number(value)
    if isinstance(current, bool) and value in ("true", "false"):
        return value == "true"
    return value
