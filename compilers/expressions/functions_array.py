"""Functions on arrays and collections. Null counts as an empty array; anything else but an array is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cmp_to_key

from compilers.expressions.context import Context
from compilers.expressions.functions import Function, row
from compilers.expressions.functions_text import whole
from compilers.expressions.values import (
    Number,
    Value,
    array,
    by_path,
    is_number,
    json_text,
    loose_equal,
    milliseconds,
    plain_number,
    text,
)


def add(value: Value = None, *values: Value) -> list[Value]:
    return [*array(value, "add"), *values]


def remove(value: Value = None, *values: Value) -> list[Value]:
    return [item for item in array(value, "remove") if not any(loose_equal(item, other) for other in values)]


def map_(value: Value = None, key: Value = None, filter_key: Value = None, filter_values: Value = None) -> list[Value]:
    items, path = array(value, "map"), text(key)
    if filter_key is not None and filter_key != "":
        wanted = {found.strip() for found in text(filter_values).split(",")}
        items = [item for item in items if text(by_path(item, text(filter_key))) in wanted]
    return [by_path(item, path) for item in items]


_ORDER = re.compile(r"(asc|desc)( ci)?\Z")


def sort(value: Value = None, order: Value = None, key: Value = None) -> list[Value]:
    known = _ORDER.match(text(order))
    path = text(key if key is not None else None if known else order)

    def key_of(item: Value) -> Number | str:
        found = by_path(item, path) if path else item
        if is_number(found):
            return plain_number(found)
        if isinstance(found, datetime):
            return milliseconds(found)
        return text(found).lower() if known and known.group(2) else text(found)

    keyed: list[tuple[Number | str, Value]] = [(key_of(item), item) for item in array(value, "sort")]
    sign = -1 if known and known.group(1) == "desc" else 1

    def order_of(one: tuple[Number | str, Value], other: tuple[Number | str, Value]) -> int:
        return sign * _compared(one[0], other[0])

    return [item for _, item in sorted(keyed, key=cmp_to_key(order_of))]


def _compared(left: Number | str, right: Number | str) -> int:
    if isinstance(left, str) or isinstance(right, str):
        one, other = _units(left), _units(right)
        return (one > other) - (one < other)
    return (left > right) - (left < right)


def _units(value: Number | str) -> bytes:
    return text(value).encode("utf-16-be", "surrogatepass")


def shuffle(context: Context, value: Value = None) -> list[Value]:
    keyed = [(context.random(), item) for item in array(value, "shuffle")]
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def slice_(value: Value = None, start: Value = None, end: Value = None) -> list[Value]:
    return array(value, "slice")[whole(start) : None if end is None else whole(end)]


def flatten(value: Value = None, depth: Value = None) -> list[Value]:
    return _flat(array(value, "flatten"), 1 if depth is None else whole(depth))


def _flat(items: list[Value], depth: int) -> list[Value]:
    while depth > 0 and any(isinstance(item, list) for item in items):
        depth -= 1
        items = [inner for item in items for inner in (item if isinstance(item, list) else [item])]
    return items


def distinct(value: Value = None, key: Value = None) -> list[Value]:
    seen: set[str] = set()
    kept: list[Value] = []
    for item in array(value, "distinct"):
        found = by_path(item, text(key)) if key is not None and key != "" else item
        shown = json_text(found) if isinstance(found, (list, dict, bytes)) else text(found)
        if shown not in seen:
            seen.add(shown)
            kept.append(item)
    return kept


def keys(value: Value = None) -> list[Value]:
    if isinstance(value, dict):
        return list(value)
    return [str(index) for index in range(len(value))] if isinstance(value, (list, bytes)) else []


def to_collection(value: Value = None, key: Value = None, field: Value = None) -> dict[str, Value]:
    return {text(by_path(item, text(key))): by_path(item, text(field)) for item in array(value, "toCollection")}


def to_array(value: Value = None) -> list[Value]:
    if isinstance(value, list):
        return [{"key": index, "value": item} for index, item in enumerate(value)]
    return [{"key": key, "value": item} for key, item in value.items()] if isinstance(value, dict) else []


def _one(position: int, name: str) -> Callable[[Value], Value]:
    def element(value: Value = None) -> Value:
        items = array(value, name)
        return items[position] if items else None

    return element


FUNCTIONS: tuple[Function, ...] = (
    row("add", "array", "array: array, value: any, values...: any", "array", "with these elements at its end", add,
        "_append"),
    row("remove", "array", "array: array, value: any, values...: any", "array", "without these elements", remove,
        "_remove"),
    row("map", "array", "array: array, key: text, filterKey?: text, filterValues?: text", "array",
        "what lies at a dotted path in each element, or in those whose `filterKey` is one of some values (`a,b`)",
        map_, "_map"),
    row("sort", "array", "array: array, order?: text, key?: text", "array",
        "in order: asc, desc, asc ci or desc ci; by a dotted path in each element", sort, "_sort"),
    row("reverse", "array", "array: array", "array", "last element first",
        lambda value=None: array(value, "reverse")[::-1], "_reverse"),
    row("shuffle", "array", "array: array", "array", "in random order", shuffle, "_shuffle", in_context=True),
    row("slice", "array", "array: array, start: number, end?: number", "array",
        "elements from `start` up to but without `end`, counted from 0", slice_, "_slice"),
    row("merge", "array", "array: array, arrays...: any", "array",
        "all arrays in a row; other values are left out",
        lambda *values: [item for value in values if isinstance(value, list) for item in value], "_merge"),
    row("flatten", "array", "array: array, depth?: number", "array", "arrays inside it opened, one level unless said",
        flatten, "_flatten"),
    row("distinct", "array", "array: array, key?: text", "array",
        "the first of equal elements, or of those equal at a path",
        distinct, "_distinct"),
    row("deduplicate", "array", "array: array", "array", "the first of equal elements",
        lambda value=None: distinct(value), "_distinct({0})"),
    row("keys", "array", "value: object|array", "array", "names of the fields", keys, "_keys"),
    row("toCollection", "array", "array: array, key: text, value: text", "object",
        "collection of the elements' values under their keys", to_collection, "_toCollection"),
    row("toArray", "array", "collection: object", "array", "[{key, value}] for each field", to_array, "_toArray"),
    row("first", "array", "array: array", "any", "first element", _one(0, "first"), "_first"),
    row("last", "array", "array: array", "any", "last element", _one(-1, "last"), "_last"),
)  # fmt: skip
