"""n8n rules: conditions of IF, Filter and Switch, and the fields of Set."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from compilers.n8n.display import is_expression
from compilers.rules.engine import Place
from compilers.rules.n8n_subject import BOOK, N8nSubject, Node, as_list, as_object
from compilers.rules.n8n_values import kind_of, shown

EMPTINESS = frozenset({"exists", "notExists", "empty", "notEmpty"})
COMPARISONS = frozenset({"equals", "notEquals"})
OPERATIONS: Mapping[str, frozenset[str]] = {
    "any": frozenset({"exists", "notExists"}),
    "string": EMPTINESS
    | COMPARISONS
    | {"contains", "notContains", "startsWith", "notStartsWith", "endsWith", "notEndsWith", "regex", "notRegex"},
    "number": EMPTINESS | COMPARISONS | {"gt", "lt", "gte", "lte"},
    "dateTime": EMPTINESS | COMPARISONS | {"after", "before", "afterOrEquals", "beforeOrEquals"},
    "boolean": EMPTINESS | COMPARISONS | {"true", "false"},
    "array": EMPTINESS
    | {"contains", "notContains"}
    | {f"length{name}" for name in ("Equals", "NotEquals", "Gt", "Lt", "Gte", "Lte")},
    "object": EMPTINESS,
}
"""Operations of n8n's conditions by the type of the left value."""
ONE_SIDED = EMPTINESS | {"true", "false"}
"""Operations that look at the left value only."""
FIELD_TYPES = ("string", "number", "boolean", "array", "object", "binary")
FIRST_FILTER = {"if": 2.0, "filter": 2.0, "switch": 3.0}
"""From these versions on the conditions are in the form that the rules here check."""


class Filter(NamedTuple):
    """The conditions of one node or of one rule of a Switch."""

    node: Node
    path: str
    value: JsonValue

    @property
    def where(self) -> str:
        """Its place in the workflow."""
        return self.node.at(f"parameters.{self.path}")

    def conditions(self) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
        """Each condition with its place."""
        for index, condition in enumerate(as_list(as_object(self.value).get("conditions"))):
            yield f"{self.where}.conditions[{index}]", as_object(condition)


def _filters(subject: N8nSubject) -> Iterator[Filter]:
    for node in subject.nodes:
        if not node.of(*FIRST_FILTER) or (node.version or 0) < FIRST_FILTER[node.short_type]:
            continue
        if node.short_type != "switch":
            yield Filter(node, "conditions", node.parameters.get("conditions"))
        elif node.parameters.get("mode") != "expression":
            for index, rule in enumerate(as_list(as_object(node.parameters.get("rules")).get("values"))):
                yield Filter(node, f"rules.values[{index}].conditions", as_object(rule).get("conditions"))


@BOOK.rule("condition.there", "error", area="condition", hint="give at least one condition")
def condition_there(subject: N8nSubject) -> Iterator[Place]:
    """IF, Filter and the rules of a Switch have conditions; without one n8n takes them for true."""
    for one in _filters(subject):
        if is_expression(one.value):
            continue
        value = as_object(one.value)
        if not isinstance(value.get("conditions"), list):
            yield one.where, "has no list of conditions: always true"
        elif not value["conditions"]:
            yield one.where, "has no condition: always true"


@BOOK.rule("condition.rules", "error", area="condition", hint="give the Switch a rule for each output")
def condition_rules(subject: N8nSubject) -> Iterator[Place]:
    """A Switch has rules, under the name that its version uses."""
    for node in subject.nodes:
        if not node.of("switch") or node.parameters.get("mode") == "expression" or not node.version:
            continue
        key = "values" if node.version >= FIRST_FILTER["switch"] else "rules"
        rules = node.parameters.get("rules")
        if not is_expression(rules) and not as_list(as_object(rules).get(key)):
            yield node.at(f"parameters.rules.{key}"), "has no rule: nothing is told apart"


@BOOK.rule("condition.operator", "error", area="condition", hint="use an operator that n8n has for this type")
def condition_operator(subject: N8nSubject) -> Iterator[Place]:
    """Operators exist for the type that they name; n8n takes an unknown one for false."""
    for one in _filters(subject):
        for where, condition in one.conditions():
            operator = as_object(condition.get("operator"))
            kind, operation = operator.get("type"), operator.get("operation")
            if not isinstance(kind, str) or not isinstance(operation, str):
                yield f"{where}.operator", "needs a `type` and an `operation`"
            elif operation not in OPERATIONS.get(kind, ()):
                yield f"{where}.operator", f"n8n has no operation {shown(operation)} for {shown(kind)}: never true"


@BOOK.rule("condition.combinator", "error", area="condition", hint="set `combinator` to `and` or `or`")
def condition_combinator(subject: N8nSubject) -> Iterator[Place]:
    """Several conditions are combined by `and` or `or`."""
    for one in _filters(subject):
        value = as_object(one.value)
        given = value.get("combinator", "and" if len(as_list(value.get("conditions"))) < 2 else None)
        if isinstance(value.get("conditions"), list) and given not in ("and", "or") and not is_expression(given):
            yield f"{one.where}.combinator", f"is {shown(given)}, and must be `and` or `or`"


@BOOK.rule(
    "condition.options", "warning", area="condition", hint="give caseSensitive, leftValue, typeValidation and version"
)
def condition_options(subject: N8nSubject) -> Iterator[Place]:
    """Conditions say how they compare: `options` with `caseSensitive` and `typeValidation`."""
    for one in _filters(subject):
        value = as_object(one.value)
        options = as_object(value.get("options"))
        if isinstance(value.get("conditions"), list) and options.get("typeValidation") not in ("strict", "loose"):
            yield f"{one.where}.options", "don't say whether types are compared strictly or loosely"


@BOOK.rule("condition.values", "error", area="condition", hint="give the value that is compared with")
def condition_values(subject: N8nSubject) -> Iterator[Place]:
    """A condition has a left value, and a right one where its operator compares two."""
    for one in _filters(subject):
        for where, condition in one.conditions():
            operation = as_object(condition.get("operator")).get("operation")
            if condition.get("leftValue") in (None, ""):
                yield f"{where}.leftValue", "is empty: there is nothing to look at"
            elif isinstance(operation, str) and operation not in ONE_SIDED and "rightValue" not in condition:
                yield f"{where}.rightValue", "is missing"


@BOOK.rule(
    "condition.types", "error", area="condition", hint="write a value of the operator's type, or compare loosely"
)
def condition_types(subject: N8nSubject) -> Iterator[Place]:
    """With strict types, fixed values are of the operator's type; else the node fails when it runs."""
    for one in _filters(subject):
        if as_object(as_object(one.value).get("options")).get("typeValidation") != "strict":
            continue
        for where, condition in one.conditions():
            operator = as_object(condition.get("operator"))
            operation = operator.get("operation")
            if isinstance(operation, str) and operation in ONE_SIDED:
                continue
            right = operator.get("rightType", "any" if operator.get("type") == "array" else operator.get("type"))
            for key, kind in (("leftValue", operator.get("type")), ("rightValue", right)):
                value = condition.get(key)
                fits = _FITS.get(kind) if isinstance(kind, str) else None
                if fits and value not in (None, "") and not is_expression(value) and not fits(value):
                    yield f"{where}.{key}", f"{shown(value)} is {kind_of(value)}, and is compared as {shown(kind)}"


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: Mapping[str, Callable[[JsonValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _assignments(node: Node) -> list[JsonValue] | None:
    """The fields of a Set node from version 3.3 on; None for another node or mode."""
    if not node.of("set") or (node.version or 0) < 3.3 or node.parameters.get("mode", "manual") != "manual":
        return None
    given = node.parameters.get("assignments")
    return None if is_expression(given) else as_list(as_object(given).get("assignments"))


@BOOK.rule(
    "set.fields", "warning", area="set", hint="name the fields, or set `includeOtherFields` to keep those there are"
)
def set_fields(subject: N8nSubject) -> Iterator[Place]:
    """A Set node has fields; without any, and without the other fields, it hands on empty items."""
    for node in subject.nodes:
        rows = _assignments(node)
        if rows is not None and not rows and node.parameters.get("includeOtherFields") is not True:
            yield node.at("parameters.assignments"), "sets no field and keeps none: its items are empty"


@BOOK.rule("set.field", "error", area="set", hint="give each field a name and one of n8n's types")
def set_field(subject: N8nSubject) -> Iterator[Place]:
    """The fields of a Set node have a name and a type."""
    for node in subject.nodes:
        for index, row in enumerate(_assignments(node) or ()):
            field = as_object(row)
            if not field.get("name") or field.get("type") not in FIELD_TYPES:
                where = node.at(f"parameters.assignments.assignments[{index}]")
                yield where, f"needs a name, and a type of {', '.join(FIELD_TYPES)}"


@BOOK.rule("set.value", "error", area="set", hint="write a value of the field's type")
def set_value(subject: N8nSubject) -> Iterator[Place]:
    """A fixed value of a Set field can be read as the field's type; else the node fails when it runs."""
    for node in subject.nodes:
        if as_object(node.parameters.get("options")).get("ignoreConversionErrors") is True:
            continue
        for index, row in enumerate(_assignments(node) or ()):
            field = as_object(row)
            kind, value = field.get("type"), field.get("value")
            converts = _CONVERTS.get(kind) if isinstance(kind, str) else None
            if converts and value is not None and not is_expression(value) and not converts(value):
                where = node.at(f"parameters.assignments.assignments[{index}].value")
                yield where, f"{shown(value)} can't be read as {kind}"


def _reads_number(value: JsonValue) -> bool:
    try:
        return isinstance(value, bool | int | float) or float(str(value).strip() or "0") is not None
    except ValueError:
        return False


def _reads_boolean(value: JsonValue) -> bool:
    return isinstance(value, bool) or str(value).strip().lower() in ("true", "false", "0", "1")


def _reads_json(kind: type) -> Callable[[JsonValue], bool]:
    def reads(value: JsonValue) -> bool:
        if not isinstance(value, str):
            return isinstance(value, kind)
        try:
            return isinstance(json.loads(value), kind)
        except (ValueError, RecursionError):
            return False

    return reads


_CONVERTS: Mapping[str, Callable[[JsonValue], bool]] = {
    "number": _reads_number,
    "boolean": _reads_boolean,
    "array": _reads_json(list),
    "object": _reads_json(dict),
}
