"""IF, Filter and Switch nodes as ways with conditions, in every version whose conditions the spec has words for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.expressions.n8n_parser import is_readable
from compilers.n8n.source import Source
from compilers.operators import OPERATORS

Kind = Literal["if_else", "first", "all", "filter"]


@dataclass(frozen=True)
class Row:
    """One condition, its operands as n8n has them."""

    left: JsonValue
    operator: str
    right: JsonValue
    ignore_case: bool = False


@dataclass(frozen=True)
class Way:
    """One output: when items leave by it. No groups: always."""

    output: int
    groups: tuple[tuple[Row, ...], ...] = ()
    fallback: bool = False
    label: str = ""


@dataclass(frozen=True)
class Branching:
    """A node that sends items along its outputs."""

    kind: Kind
    ways: tuple[Way, ...]


def _operators() -> Mapping[tuple[str, str], tuple[str, JsonValue]]:
    """The spec's operator, and its right side where that is fixed, for n8n's type and operation."""
    found: dict[tuple[str, str], tuple[str, JsonValue]] = {}
    for row in OPERATORS.values():
        if row.n8n_type:
            found.setdefault((row.n8n_type, row.n8n_operation), (row.name, None))
    for kind in ("string", "number", "boolean", "dateTime", "object", "array"):
        found[kind, "exists"] = found[kind, "notEmpty"] = ("exists", None)
        found[kind, "notExists"] = found[kind, "empty"] = ("not_exists", None)
    found["boolean", "true"], found["boolean", "false"] = ("boolean:equals", True), ("boolean:equals", False)
    found["array", "empty"], found["array", "notEmpty"] = ("array:length_equals", 0), ("array:length_greater", 0)
    return MappingProxyType(found)


_OPERATORS = _operators()
_OLD: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType({
    **{("string", name): ("string", name) for name in ("contains", "notContains", "startsWith", "notStartsWith",
        "endsWith", "notEndsWith", "regex", "notRegex")},
    **{(kind, "equal"): (kind, "equals") for kind in ("string", "number", "boolean")},
    **{(kind, "notEqual"): (kind, "notEquals") for kind in ("string", "number", "boolean")},
    **{(kind, "isEmpty"): (kind, "notExists") for kind in ("string", "number")},
    **{(kind, "isNotEmpty"): (kind, "exists") for kind in ("string", "number")},
    ("number", "smaller"): ("number", "lt"), ("number", "smallerEqual"): ("number", "lte"),
    ("number", "larger"): ("number", "gt"), ("number", "largerEqual"): ("number", "gte"),
    ("dateTime", "after"): ("dateTime", "after"), ("dateTime", "before"): ("dateTime", "before"),
})  # fmt: skip
"""What the first versions of the nodes called today's operations."""
_USUAL = {"string": "equal", "number": "smaller", "boolean": "equal", "dateTime": "after"}


def branching(source: Source) -> Branching | None:
    """How a node sends items on; None for one that doesn't choose, or whose conditions the spec has no words for."""
    if not source.type.startswith("n8n-nodes-base.") or not is_readable(source.parameters):
        return None
    parameters = source.parameters
    match source.kind:
        case "if":
            groups = _groups(source, parameters)
            if groups is None:
                return None
            return Branching("if_else", (Way(0, groups), Way(1, fallback=True)))
        case "filter":
            groups = _groups(source, parameters)
            return None if groups is None else Branching("filter", (Way(0, groups),))
        case "switch":
            return _switch(parameters) if source.version >= 3 else _old_switch(source)
    return None


def _groups(source: Source, parameters: Object) -> tuple[tuple[Row, ...], ...] | None:
    if source.version < 2:
        return _old_groups(parameters)
    ignore = members(parameters.get("options")).get("ignoreCase") is True
    return _filter_groups(members(parameters.get("conditions")), ignore)


def _filter_groups(given: Object, ignore_case: bool) -> tuple[tuple[Row, ...], ...] | None:
    """The groups of a `filter` parameter; None where an operation has no equal."""
    ignore_case = ignore_case or members(given.get("options")).get("caseSensitive") is False
    rows: list[Row] = []
    for item in map(members, items(given.get("conditions"))):
        operation = members(item.get("operator"))
        known = _OPERATORS.get((str(operation.get("type")), str(operation.get("operation"))))
        if known is None:
            return None
        name, fixed = known
        takes_right = fixed is None and OPERATORS[name].takes_right
        right = item.get("rightValue") if takes_right else fixed
        rows.append(_row(item.get("leftValue"), name, right, ignore_case))
    return _combined(rows, given.get("combinator") == "or")


def _row(left: JsonValue, name: str, right: JsonValue, ignore_case: bool = False) -> Row:
    return Row(left, name, right, ignore_case and OPERATORS[name].can_ignore_case)


def _combined(rows: list[Row], any_: bool) -> tuple[tuple[Row, ...], ...]:
    if any_:
        return tuple((row,) for row in rows)
    return (tuple(rows),) if rows else ()


def _old_groups(parameters: Object) -> tuple[tuple[Row, ...], ...] | None:
    rows: list[Row] = []
    for kind, listed in members(parameters.get("conditions")).items():
        for item in map(members, items(listed)):
            row = _old_row(kind, item.get("value1", ""), item.get("operation"), item.get("value2", ""))
            if row is None:
                return None
            rows.append(row)
    any_ = parameters.get("combineOperation") == "any" or parameters.get("combineConditions") == "OR"
    return _combined(rows, any_)


def _old_row(kind: str, left: JsonValue, operation: JsonValue, right: JsonValue) -> Row | None:
    today = _OLD.get((kind, str(operation or _USUAL.get(kind))))
    if today is None:
        return None
    name, _ = _OPERATORS[today]
    if name == "boolean:equals" and right == "":
        right = False
    return _row(left, name, right if OPERATORS[name].takes_right else None)


def _switch(parameters: Object) -> Branching | None:
    if parameters.get("mode", "rules") != "rules":
        return None
    options = members(parameters.get("options"))
    ways: list[Way] = []
    for index, rule in enumerate(map(members, items(members(parameters.get("rules")).get("values")))):
        groups = _filter_groups(members(rule.get("conditions")), options.get("ignoreCase") is True)
        if groups is None:
            return None
        label = rule.get("outputKey") if rule.get("renameOutput") is True else ""
        ways.append(Way(index, groups, label=label[:200] if isinstance(label, str) else ""))
    match options.get("fallbackOutput", "none"):
        case "extra":
            label = options.get("renameFallbackOutput")
            ways.append(Way(len(ways), fallback=True, label=label[:200] if isinstance(label, str) else ""))
        case "none":
            pass
        case _:
            return None
    return Branching("all" if options.get("allMatchingOutputs") is True else "first", tuple(ways)) if ways else None


def _old_switch(source: Source) -> Branching | None:
    """A Switch of version 1 or 2 whose rules have an output each."""
    parameters = source.parameters
    kind = str(parameters.get("dataType", "number"))
    if parameters.get("mode", "rules") != "rules" or kind not in _USUAL:
        return None
    ways = list(_old_ways(source, kind))
    fallback = parameters.get("fallbackOutput", -1)
    if isinstance(fallback, int) and not isinstance(fallback, bool) and fallback >= 0:
        ways.append(Way(fallback, fallback=True))
    outputs = [way.output for way in ways]
    readable = all(way.output >= 0 for way in ways) and len(set(outputs)) == len(outputs)
    return Branching("first", tuple(ways)) if ways and readable else None


def _old_ways(source: Source, kind: str) -> Iterator[Way]:
    parameters = source.parameters
    for index, rule in enumerate(map(members, items(members(parameters.get("rules")).get("rules")))):
        operation = rule.get("operation") or ("smaller" if kind == "number" else "equal")
        row = _old_row(kind, parameters.get("value1", ""), operation, rule.get("value2", ""))
        output = rule.get("output", 0) if source.version < 2 else index
        known = row is not None and isinstance(output, int) and not isinstance(output, bool)
        yield Way(int(output) if known and isinstance(output, int) else -1, ((row,),) if row else ())
