"""What an aggregate makes of the rows that it collected."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from compilers.expressions.values import Number, Value, is_number, number, plain_number, text
from compilers.spec import AggregateMode
from manageai_assets.testing.binding import plain


def combined(mode: AggregateMode, rows: Sequence[Value], separator: str) -> dict[str, Value]:
    """`array`, `text` or `result`. Numbers are taken as JavaScript takes them; what isn't one is left out of all modes
    but `count`."""
    match mode:
        case "array":
            return {"array": list(rows)}
        case "text":
            return {"text": separator.join(text(row) for row in rows)}
        case "count":
            return {"result": len(rows)}
    numbers = [found for found in map(_number, rows) if not math.isnan(found)]
    match mode:
        case "sum":
            return {"result": plain_number(sum(numbers))}
        case "avg":
            return {"result": plain_number(sum(numbers) / len(numbers)) if numbers else None}
        case "min":
            return {"result": min(numbers) if numbers else None}
        case _:
            return {"result": max(numbers) if numbers else None}


def _number(value: Value) -> Number:
    """As `Number(value)` in JavaScript: nothing and the empty text are 0."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return 0
    return number(value) if is_number(value) or isinstance(value, (str, bool)) else math.nan


def key_of(value: Value) -> str:
    """Something by which equal keys of groups are told from others."""
    return json.dumps(plain(value), sort_keys=True)
