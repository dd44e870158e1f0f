"""JSON read and written, with JavaScript's numbers and layout."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import NoReturn

from compilers.expressions import Context, Value
from compilers.expressions.values import number_to_text, plain_number, text
from manageai_assets.testing.transform_base import Bundle, Inputs, State, StepFailure, Transform

_EXACT_DIGITS = 15
_INDENTS: Mapping[str, str] = MappingProxyType({"tab": "\t", "2": "  ", "4": "    "})


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _whole(digits: str) -> Value:
    return int(digits) if len(digits) <= _EXACT_DIGITS else plain_number(float(digits))


_READER = json.JSONDecoder(
    parse_float=lambda digits: plain_number(float(digits)), parse_int=_whole, parse_constant=_refuse_constant
)


def _read(value: Value) -> Value:
    """What a JSON text holds; what is an object or a list already, or isn't there, is taken as it is."""
    if value is None or isinstance(value, (dict, list)):
        return value
    try:
        found: Value = _READER.decode(text(value))
    except (ValueError, RecursionError) as error:
        raise StepFailure("DataError", f"the text is no valid JSON: {error}") from None
    return found


def parse(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    found = _read(inputs.get("text"))
    if not isinstance(found, (dict, list)):
        raise StepFailure("DataError", "the JSON text holds no object")
    return _elements(found)


def parse_all(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    return _elements(_read(inputs.get("text")))


def _elements(found: Value) -> list[Bundle]:
    """One bundle for each element: its fields, or what is no object as `value`."""
    return [
        element if isinstance(element, dict) else {"value": element}
        for element in (found if isinstance(found, list) else [found])
        if element is not None
    ]


def create(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    indent = _INDENTS.get(text(inputs.get("space")), "")
    try:
        return [{"json": written(inputs.get("value"), indent)}]
    except RecursionError:
        raise StepFailure("DataError", "the value is nested too deep for JSON") from None


def written(value: Value, indent: str = "", inner: str = "\n") -> str:
    """The value as `JSON.stringify` writes it; `inner` begins a line at the level of the value."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, (int, float, Decimal)):
        return number_to_text(value) if math.isfinite(plain_number(value)) else "null"
    if isinstance(value, dict):
        colon = ": " if indent else ":"
        lines = [
            f"{encode_basestring(key)}{colon}{written(item, indent, inner + indent)}" for key, item in _in_order(value)
        ]
        return _block("{", lines, "}", indent, inner)
    if isinstance(value, list):
        return _block("[", [written(item, indent, inner + indent) for item in value], "]", indent, inner)
    return encode_basestring(text(value))


def _in_order(value: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """The entries as JavaScript keeps them: names that are whole numbers come first, by size."""
    numbered = [(name, item) for name, item in value.items() if name.isdecimal() and name.isascii() and _plain(name)]
    if not numbered:
        return list(value.items())
    names = {name for name, _ in numbered}
    return sorted(numbered, key=lambda entry: int(entry[0])) + [
        entry for entry in value.items() if entry[0] not in names
    ]


def _plain(digits: str) -> bool:
    return len(digits) < 10 and (digits == "0" or digits[0] != "0")


def _block(begin: str, lines: list[str], end: str, indent: str, inner: str) -> str:
    if not lines or not indent:
        return f"{begin}{','.join(lines)}{end}"
    return f"{begin}{inner}{indent}{f',{inner}{indent}'.join(lines)}{inner}{end}"


TRANSFORMS: dict[tuple[str, str], Transform] = {
    ("json", "parse"): parse,
    ("json", "parse_all"): parse_all,
    ("json", "create"): create,
    ("json", "create_from_fields"): create,
}
