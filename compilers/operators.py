"""The operators of conditions: a row for each, with its meaning in Python and JavaScript and its names on Make and n8n.

Operands are taken as the operator's type, as Make does (facts 1.8, 3.5): `number:greater` compares `"10"` and `9` as
numbers. A missing text is the empty text and a missing array an empty one. A comparison with something that isn't
there or can't be taken so doesn't hold; an operator with `not` is always the exact opposite of the one without.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from pydantic import JsonValue

from compilers.errors import ExpressionError, shorten
from compilers.expressions.context import Context
from compilers.expressions.dates import in_zone
from compilers.expressions.evaluator import evaluate
from compilers.expressions.functions_date import as_date
from compilers.expressions.javascript import js_json
from compilers.expressions.n8n_writer import JsWriter, KindOf, ResolveJs, finished, joined, unknown_kind
from compilers.expressions.parser import parse
from compilers.expressions.regex import javascript_regex
from compilers.expressions.values import (
    Number,
    Scope,
    Value,
    boolean,
    is_number,
    loose_equal,
    milliseconds,
    number,
    text,
)
from compilers.spec import Condition, Filter

Operand = Literal["any", "text", "number", "date", "time", "array", "length", "boolean"]
"""What an operator takes its operands for; `length` is an array on the left, and a number on the right."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `python` and `js` see operands that have been taken as `operand` already; `{l}` and `{r}` are they.

    `n8n_type` and `n8n_operation` are n8n's own names for what is nearest; empty where n8n has nothing like it.
    """

    name: str
    operand: Operand
    make: str
    n8n_type: str
    n8n_operation: str
    python: Callable[[Any, Any, bool], bool]
    js: str
    negated: bool = False

    @property
    def takes_right(self) -> bool:
        """Whether it compares with something; `exists` doesn't."""
        return self.operand != "any"

    @property
    def can_ignore_case(self) -> bool:
        """Whether Make has it with `:ci` as well."""
        return self.operand in ("text", "array")


def _matches(value: str, pattern: str, ignore_case: bool) -> bool:
    return javascript_regex(pattern, "i" if ignore_case else "").search(value) is not None


def _has(values: list[Value], wanted: Value, ignore_case: bool) -> bool:
    if ignore_case:
        return any(text(value).lower() == text(wanted).lower() for value in values)
    return any(loose_equal(value, wanted) for value in values)


# name, operand, n8n's type and operation, n8n's operation of the opposite, Make's name, Python, JavaScript
_AND_OPPOSITES: tuple[tuple[str, Operand, str, str, str, str, Callable[[Any, Any, bool], bool], str], ...] = (
    ("exists", "any", "string", "notEmpty", "empty", "exist", lambda a, b, ci: a is not None and a != "",
        "!_isEmpty({l})"),
    ("text:equals", "text", "string", "equals", "notEquals", "text:equal", lambda a, b, ci: a == b, "{l} === {r}"),
    ("text:contains", "text", "string", "contains", "notContains", "text:contain", lambda a, b, ci: b in a,
        "{l}.includes({r})"),
    ("text:starts_with", "text", "string", "startsWith", "notStartsWith", "text:startwith",
     lambda a, b, ci: a.startswith(b), "{l}.startsWith({r})"),
    ("text:ends_with", "text", "string", "endsWith", "notEndsWith", "text:endwith", lambda a, b, ci: a.endswith(b),
        "{l}.endsWith({r})"),
    ("text:matches", "text", "string", "regex", "notRegex", "text:pattern", _matches, "new RegExp({r}, {c}).test({l})"),
    ("number:equals", "number", "number", "equals", "notEquals", "number:equal", lambda a, b, ci: a == b,
        "{l} === {r}"),
    ("date:equals", "date", "dateTime", "equals", "notEquals", "date:equal", lambda a, b, ci: a == b, "{l} === {r}"),
    ("time:equals", "time", "", "", "", "time:equal", lambda a, b, ci: a == b, "{l} === {r}"),
    ("array:contains", "array", "array", "contains", "notContains", "array:contain", _has, "_has({l}, {r}, {c})"),
    ("array:length_equals", "length", "array", "lengthEquals", "lengthNotEquals", "array:equal", lambda a, b,
        ci: a == b, "{l} === {r}"),
    ("boolean:equals", "boolean", "boolean", "equals", "notEquals", "boolean:equal",
     lambda a, b, ci: a is not None and a is b, "(a => a !== null && a === {r})({l})"),
)  # fmt: skip
# neutral name, Make's, n8n's for numbers, dates and lengths, Python, JavaScript
_ORDERED: tuple[tuple[str, str, str, str, str, Callable[[Any, Any, bool], bool], str], ...] = (
    ("greater", "greater", "gt", "after", "lengthGt", lambda a, b, ci: a > b, ">"),
    ("less", "less", "lt", "before", "lengthLt", lambda a, b, ci: a < b, "<"),
    ("at_least", "greaterorequal", "gte", "afterOrEquals", "lengthGte", lambda a, b, ci: a >= b, ">="),
    ("at_most", "lessorequal", "lte", "beforeOrEquals", "lengthLte", lambda a, b, ci: a <= b, "<="),
)  # fmt: skip


def _opposite(name: str) -> str:
    kind, _, verb = name.rpartition(":")
    verb = f"length_not_{verb.removeprefix('length_')}" if verb.startswith("length_") else f"not_{verb}"
    return f"{kind}:{verb}" if kind else verb


def _rows() -> tuple[Operator, ...]:
    rows: list[Operator] = []
    for name, operand, n8n_type, operation, opposite, make, python, js in _AND_OPPOSITES:
        kind, _, verb = make.rpartition(":")
        rows.append(Operator(name, operand, make, n8n_type, operation, python, js))
        make_opposite = f"{kind}:not{verb}" if kind else f"not{verb}"
        rows.append(Operator(_opposite(name), operand, make_opposite, n8n_type, opposite, python, js, negated=True))
    for name, make, of_numbers, of_dates, of_lengths, python, js in _ORDERED:
        written = f"{{l}} {js} {{r}}"
        rows += [
            Operator(f"number:{name}", "number", f"number:{make}", "number", of_numbers, python, written),
            Operator(f"date:{name}", "date", f"date:{make}", "dateTime", of_dates, python, written),
            Operator(f"time:{name}", "time", f"time:{make}", "", "", python, written),
            Operator(f"array:length_{name}", "length", f"array:{make}", "array", of_lengths, python, written),
        ]
    return tuple(rows)


OPERATORS: Mapping[str, Operator] = MappingProxyType({row.name: row for row in _rows()})
"""Every operator by its neutral name. With their `:ci` forms they are Make's 52 (`make_filter_operators.json`)."""
_FROM_MAKE: Mapping[str, str] = MappingProxyType({row.make: row.name for row in OPERATORS.values()})


def operator(name: str) -> Operator:
    """The row of an operator. Raises `ExpressionError` for a name that isn't one."""
    found = OPERATORS.get(name)
    if found is None:
        known = from_make(name)
        hint = f"write `{known[0]}`" if known else "one of: " + ", ".join(OPERATORS)
        raise ExpressionError(f"`{shorten(name, 60)}` isn't a condition's operator", hint=hint)
    return found


def make_operator(name: str, ignore_case: bool = False) -> str:
    """Make's spelling of an operator. Raises `ExpressionError` where Make has no form of it that ignores case."""
    row = operator(name)
    if ignore_case and not row.can_ignore_case:
        raise ExpressionError(f"`{name}` can't ignore case", hint="only comparisons of texts and of elements can")
    return f"{row.make}:ci" if ignore_case else row.make


def from_make(spelling: str) -> tuple[str, bool] | None:
    """Neutral name and whether case is ignored, for Make's spelling; None for one that Make doesn't know."""
    plain = spelling.removesuffix(":ci")
    name = _FROM_MAKE.get(plain)
    if name is None or (plain != spelling and not OPERATORS[name].can_ignore_case):
        return None
    return name, plain != spelling


# -- in Python -----------------------------------------------------------------------------------------------------


def test(condition: Condition, left: Value, right: Value, context: Context) -> bool:
    """Whether a condition holds for its operands' values. Raises `ExpressionError` for a pattern that isn't one."""
    row = operator(condition.operator)
    one = _taken(row, left, context, condition.ignore_case)
    other = _taken(row, right, context, condition.ignore_case, right=True)
    return row.python(one, other, condition.ignore_case) is not row.negated


def _taken(row: Operator, value: Value, context: Context, ignore_case: bool, right: bool = False) -> Any:
    """The value as the operator takes it; NaN for a number or date that isn't there."""
    match row.operand:
        case "text":
            # a pattern keeps its letters, as \\D and \\d differ; its flag does the folding
            return text(value).lower() if ignore_case and not row.name.endswith("matches") else text(value)
        case "number":
            return _as_number(value)
        case "date":
            return _as_date(value, context)
        case "time":
            return _as_time(value, context)
        case "array":
            return value if right else _as_array(value)
        case "length":
            return _as_number(value) if right else len(_as_array(value))
        case "boolean":
            return boolean(value)
        case "any":
            return value


def _as_number(value: Value) -> Number:
    usable = is_number(value) or (isinstance(value, str) and value.strip())
    return number(value) if usable else math.nan


def _as_date(value: Value, context: Context) -> Number:
    try:
        moment = as_date(context, value)
    except ExpressionError:
        return math.nan
    return math.nan if moment is None else milliseconds(moment)


_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*\Z", re.ASCII)


def _as_time(value: Value, context: Context) -> Number:
    """Seconds since midnight of `h:m:s` or of a date; numbers are compared as they are."""
    match = _CLOCK.match(text(value))
    if match:
        hour, minute, second = (int(part or 0) for part in match.groups())
        return hour * 3600 + minute * 60 + second
    try:
        moment = as_date(context, value)
    except ExpressionError:
        moment = None
    if not isinstance(moment, datetime):
        return _as_number(value)
    local = in_zone(moment, context.zone)
    return local.hour * 3600 + local.minute * 60 + local.second + local.microsecond // 1000 / 1000


def _as_array(value: Value) -> list[Value]:
    return [] if value is None else value if isinstance(value, list) else [value]


def passes(condition: Filter | None, scope: Scope, context: Context) -> bool:
    """Whether a bundle passes a filter; no filter, or one without groups, lets everything pass."""
    if condition is None or not condition.any_of:
        return True
    return any(
        all(
            test(row, _operand(row.left, scope, context), _operand(row.right, scope, context), context) for row in group
        )
        for group in condition.any_of
    )


def _operand(value: JsonValue, scope: Scope, context: Context) -> Value:
    if isinstance(value, str):
        return evaluate(parse(value), scope, context)
    result: Value = value  # type: ignore[assignment]  # a JSON value is a value; `list` isn't covariant
    return result


# -- in JavaScript -------------------------------------------------------------------------------------------------


def filter_js(condition: Filter | None, resolve: ResolveJs, kind_of: KindOf = unknown_kind) -> str:
    """A whole filter as one JavaScript boolean that stands as an operand anywhere. Raises `ExpressionError`."""
    if condition is None or not condition.any_of:
        return "true"
    writer = JsWriter(resolve, kind_of)
    groups = [" && ".join(_condition_js(row, writer) for row in group) or "true" for group in condition.any_of]
    if len(groups) == 1:
        return finished(f"({groups[0]})")
    return finished(f"({' || '.join(f'({group})' for group in groups)})")


def _condition_js(condition: Condition, writer: JsWriter) -> str:
    row = operator(condition.operator)
    matches = row.name.endswith("matches")
    folded = condition.ignore_case and row.operand == "text" and not matches
    left = _operand_js(condition.left, row.operand, writer, folded)
    right = _operand_js(condition.right, "any" if row.operand == "array" else row.operand, writer, folded, right=True)
    case = ('"i"' if condition.ignore_case else '""') if matches else str(condition.ignore_case).lower()
    written = row.js.replace("{l}", "\0l").replace("{r}", "\0r").replace("{c}", case)
    pieces = re.split("\0([lr])", written)
    filled = "".join({"l": left, "r": right}[piece] if at % 2 else piece for at, piece in enumerate(pieces))
    return f"!({filled})" if row.negated else filled


def _operand_js(value: JsonValue, operand: Operand, writer: JsWriter, folded: bool, right: bool = False) -> str:
    """One operand, taken as the operator takes it."""
    node = parse(value).whole if isinstance(value, str) else None
    if node is not None:
        written, as_text = writer.js(node), writer.text(node)
    elif isinstance(value, str):
        written = as_text = joined(parse(value), writer)
    else:
        written = js_json(value)
        as_text = '""' if value is None else f"_text({written})"
    match operand:
        case "text":
            return f"{as_text}.toLowerCase()" if folded else as_text
        case "number":
            return f"_asNumber({written})"
        case "date":
            return f"_asDate({written})"
        case "time":
            return f"_asTime({written})"
        case "length":
            return f"_asNumber({written})" if right else f"_asArray({written}).length"
        case "boolean":
            return f"_boolean({written})"
        case _:
            return written
