"""Values of expressions in Python, and Make's coercions between them (facts 3.2 to 3.5).

A value is None, a bool, an int or float, a text, an aware datetime, a list, a dict or bytes. The JavaScript helpers in
`n8n_helpers.js` define the same coercions; the table of cases in the tests holds both to the same results.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context as DecimalContext
from decimal import Decimal
from typing import Any, TypeGuard, Union

from compilers.errors import ExpressionError, shorten

Number = Union[int, float]
Value = Union[None, bool, int, float, Decimal, str, datetime, bytes, list["Value"], dict[str, "Value"]]

# Make calculates with Decimal.js, whose default precision is 20 significant digits (facts 3.2)
_DECIMAL = DecimalContext(prec=20, traps=[])
_EXACT = 2**53
_NUMERIC = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z")
_PREFIXED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\Z")
_ISO_DATE_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)\Z")
# what JavaScript's trim() takes off, which is not quite what Python's str.strip() does
WHITE_SPACE = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def is_number(value: Value) -> TypeGuard[Union[int, float, Decimal]]:
    """Whether it is a number; booleans aren't."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def plain_number(value: int | float | Decimal) -> Number:
    """The number as JavaScript would hold it: whole ones as int while they are exact, others as float."""
    if isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return value
    try:
        result = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return int(result) if abs(result) <= _EXACT and result.is_integer() else result


def iso_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-03-09T08:30:00.000Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc.year:04d}-{utc:%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    delta = moment - EPOCH
    return (delta.days * 86_400_000) + delta.seconds * 1000 + delta.microseconds // 1000


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(value: Value) -> str:
    """The value as text: null is empty, dates are ISO 8601 in UTC, arrays comma-joined, collections JSON.

    Make's library gives the word `{object}` for a collection, and Make's own advice is to rely on JSON (facts 3.4);
    JSON is what a person can use.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return number_to_text(value)
    if isinstance(value, datetime):
        return iso_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return ",".join([text(item) for item in value])
    return json_text(value)


def number_to_text(value: int | float | Decimal) -> str:
    """Digits as JavaScript writes them: `3`, `0.1`, `1e+21`, `NaN`."""
    number = plain_number(value)
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    if not isinstance(exponent, int):  # only NaN and infinity have other exponents
        return str(number)
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + exponent
    if -6 < point <= 0:
        body = "0." + "0" * -point + shown
    elif 0 < point <= 21:
        body = shown.ljust(point, "0") if len(shown) <= point else f"{shown[:point]}.{shown[point:]}"
    else:
        mantissa = shown[0] + (f".{shown[1:]}" if len(shown) > 1 else "")
        body = f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return "-" + body if sign else body


def json_text(value: Value) -> str:
    """Compact JSON, dates as ISO 8601."""
    return json.dumps(jsonable(value), ensure_ascii=False, separators=(",", ":"))


def jsonable(value: Value) -> Any:
    """The value in JSON's types: dates and bytes as text, NaN and infinity as null, as JavaScript does."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, (int, float, Decimal)):
        number = plain_number(value)
        return number if math.isfinite(number) else None
    return text(value)


def number(value: Value) -> Number:
    """The value as a number, as JavaScript's `Number()`: null is 0, a date its milliseconds, other text is NaN.

    A text with a full ISO date and time counts as that date: it is what other platforms give where Make gives a date.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float, Decimal)):
        return plain_number(value)
    if value is None:
        return 0
    if isinstance(value, datetime):
        return milliseconds(value)
    if isinstance(value, str):
        stripped = value.strip(WHITE_SPACE)
        if not stripped:
            return 0
        if stripped.isascii() and _NUMERIC.match(stripped):
            return plain_number(Decimal(stripped))
        if _PREFIXED.match(stripped):
            return plain_number(int(stripped, 0))
        if stripped in ("Infinity", "+Infinity"):
            return math.inf
        if stripped == "-Infinity":
            return -math.inf
        moment = iso_moment(stripped)
        return math.nan if moment is None else milliseconds(moment)
    return math.nan


def iso_moment(value: str) -> datetime | None:
    """The date in a full ISO 8601 text with its offset, or None."""
    match = _ISO_DATE_TIME.match(value)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        return datetime.fromisoformat(
            f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{(fraction or '').ljust(6, '0')[:3]}000"
            + ("+00:00" if offset == "Z" else offset)
        )
    except ValueError:
        return None


def truthy(value: Value) -> bool:
    """JavaScript's truth: null, false, 0, NaN and empty text are false; arrays and collections are true."""
    if isinstance(value, (list, dict, bytes, datetime)):
        return True
    if isinstance(value, float):
        return bool(value) and not math.isnan(value)
    return bool(value)


def boolean(value: Value) -> bool | None:
    """The value for a field of type boolean (facts 3.5): any number is true, text is false if empty or `false`."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value not in ("", "false")
    return True


def loose_equal(left: Value, right: Value) -> bool:
    """`left = right`: JavaScript's `==`, besides that dates compare by their moment and arrays by their content."""
    if left is None or right is None:
        return left is right
    if isinstance(left, datetime) or isinstance(right, datetime):
        return _same_moment(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    compound_left, compound_right = isinstance(left, (list, dict, bytes)), isinstance(right, (list, dict, bytes))
    if compound_left and compound_right:
        return json_text(left) == json_text(right)
    if compound_left:
        left = text(left)
    if compound_right:
        right = text(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return number(left) == number(right)


def _same_moment(left: Value, right: Value) -> bool:
    if isinstance(left, datetime) and isinstance(right, datetime):
        return milliseconds(left) == milliseconds(right)
    a, b = number(left), number(right)
    return a == b or text(left) == text(right)


def compare(left: Value, right: Value, test: Callable[[Any, Any], bool]) -> bool:
    """`<`, `<=`, `>`, `>=`: texts by their UTF-16 units, everything else as numbers; false when one isn't a number."""
    if isinstance(left, str) and isinstance(right, str):
        return test(left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass"))
    a, b = number(left), number(right)
    return test(a, b)


def add(left: Value, right: Value) -> Value:
    """`left + right`: numbers are added, one null gives the other, anything else is joined as text."""
    if left is None:
        return right
    if right is None:
        return left
    if isinstance(left, (int, float, Decimal)) and isinstance(right, (int, float, Decimal)):
        return calculate("+", left, right)
    return text(left) + text(right)


def calculate(op: str, left: Value, right: Value) -> Number:
    """Decimal arithmetic on two values taken as numbers, `op` being one of `+ - * / %`."""
    a, b = number(left), number(right)
    if isinstance(a, int) and isinstance(b, int) and op in "+-*":
        return plain_number(a + b if op == "+" else a - b if op == "-" else a * b)
    if not (math.isfinite(a) and math.isfinite(b)):
        return _unbounded(op, a, b)
    x, y = _decimal(a), _decimal(b)
    if op == "+":
        return plain_number(_DECIMAL.add(x, y))
    if op == "-":
        return plain_number(_DECIMAL.subtract(x, y))
    if op == "*":
        return plain_number(_DECIMAL.multiply(x, y))
    if not y:
        return math.nan if op == "%" or not x else math.copysign(math.inf, a)
    if op == "/":
        return plain_number(_DECIMAL.divide(x, y))
    return plain_number(_WIDE.remainder(x, y))


_WIDE = DecimalContext(prec=700, traps=[])


def _decimal(value: Number) -> Decimal:
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def _unbounded(op: str, a: Number, b: Number) -> Number:
    """Arithmetic with infinity or NaN in it, by IEEE 754's rules."""
    a, b = float(a), float(b)
    try:
        if op == "+":
            return a + b
        if op == "-":
            return a - b
        if op == "*":
            return a * b
        if op == "/":
            return plain_number(a / b) if b else (math.nan if math.isnan(a) else math.copysign(math.inf, a))
        return plain_number(math.fmod(a, b))
    except (ValueError, OverflowError):
        return math.nan


def array(value: Value, function: str) -> list[Value]:
    """The value for an argument that must be an array; null counts as an empty one. Raises `ExpressionError`."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    shown = "{object}" if isinstance(value, dict) else text(value)
    raise ExpressionError(f"'{shorten(shown, 60)}' is not a valid array", hint=f"{function}() needs an array")


def field(value: Value, name: str) -> Value:
    """`value.name`: a collection's field, or by a name of digits an array's element counted from 0; else null."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, (list, str)) and name.isdigit() and name.isascii() and (name == "0" or name[0] != "0"):
        return element(value, int(name)) if len(name) < 10 else None
    return None


def element(value: Value, position: int) -> Value:
    """The element of an array (or character of a text, or field of a collection) at a position counted from 0."""
    if position < 0:
        return None
    if isinstance(value, dict):
        return value.get(str(position))
    if isinstance(value, (list, str)):
        return value[position] if position < len(value) else None
    return None


def by_path(value: Value, path: str) -> Value:
    """`get()`'s dotted path: array positions count from 1, as `items.1.name` or `items[1].name`."""
    for name in _STEPS.findall(path):
        if isinstance(value, list):
            value = element(value, int(name) - 1) if name.isascii() and name.isdigit() and len(name) < 10 else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


_STEPS = re.compile(r"[^.\[\]`]+")


Scope = Mapping[str, Value]
"""What each step gave: its id, and its output bundle."""
