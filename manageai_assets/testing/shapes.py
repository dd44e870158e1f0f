"""What shape the data of a spec have: which paths its expressions read from each step, and what they take them for.

A webhook's payload or an app's answer is known only by what later steps use of it. Every reference adds its path to the
shape of its step; an iteration's references add to the elements of the array that it runs over. Operators and functions
around a reference tell the type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.tree import Binary, Call, Field, Node, Path, Reference, Template, children
from compilers.expressions.tree import Literal as LiteralNode
from compilers.graph import SpecGraph
from compilers.operators import OPERATORS
from compilers.paths import asks_for_error
from compilers.registry import registry
from compilers.spec import IterateStep, OperationStep, strings_in, templates_of
from manageai_assets.testing.readings import readings

Kind = Literal["text", "number", "boolean", "date", "array", "object", "file", "any"]

_OF_OPERANDS: Mapping[str, Kind] = MappingProxyType({
    "text": "text", "number": "number", "date": "date", "time": "date", "array": "array", "length": "array",
    "boolean": "boolean",
})  # fmt: skip
_OF_FIRST_ARGUMENTS: Mapping[str, Kind] = MappingProxyType({
    **dict.fromkeys(("formatDate", "addDays", "addHours", "addMinutes", "addMonths", "addSeconds", "addYears",
                     "setDate", "setHour", "setMinute", "setMonth", "setSecond", "setYear", "dateDifference"), "date"),
    **dict.fromkeys(("round", "ceil", "floor", "abs", "formatNumber", "sum", "average"), "number"),
    **dict.fromkeys(("map", "join", "first", "last", "sort", "reverse", "deduplicate", "distinct", "merge", "slice",
                     "shuffle", "flatten"), "array"),
})  # fmt: skip
"""The input with the text, of operations that parse JSON."""
_LEAST_CERTAIN: tuple[Kind, ...] = ("any", "text")
_MOST_DEEP = 12


@dataclass(slots=True)
class Shape:
    """One value: its fields, its elements where it is an array, and its kind as far as that is known. Of a text that is
    parsed as JSON, `holds` is what stands in it; `parts` are texts that it must have somewhere."""

    kind: Kind = "any"
    fields: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    holds: Shape | None = None
    parts: list[str] = field(default_factory=list)

    def at(self, path: Path) -> Shape:
        """The shape at a path below, made where it isn't there."""
        found = self
        for segment in path[:_MOST_DEEP]:
            if isinstance(segment, Field) and not (found.items and segment.name.isdigit()):
                found = found.fields.setdefault(segment.name, Shape())
            else:
                found = found.elements()
        return found

    def elements(self) -> Shape:
        """The shape of the elements."""
        self.items = self.items or Shape()
        return self.items

    def take(self, kind: Kind) -> None:
        """Learns the kind, where nothing surer is known."""
        if self.kind in _LEAST_CERTAIN:
            self.kind = kind


def shapes_of(graph: SpecGraph) -> Mapping[str, Shape]:
    """The shape of what each step gives, by id."""
    shapes: dict[str, Shape] = {}
    for step in graph.topological():
        shapes[step.id] = _elements_of(step, shapes) if isinstance(step, IterateStep) else Shape("object")
        if isinstance(step, OperationStep):
            _declared(step, shapes[step.id])
        for output in step.outputs:
            shapes[step.id].at(tuple(Field(name) for name in output.path.split("."))).take(output.type)
    for value, kind in _values(graph):
        for place, text in strings_in(value):
            if "{{" in text:
                with suppress(ExpressionError):
                    _learn(parse(text), "any" if place else kind, shapes)
    for reading in readings(graph):
        source = shapes[reading.source.step].at(reading.source.path)
        if reading.looks_for:
            source.parts.append(reading.looks_for)
        else:
            source.holds = shapes[reading.step]
    return shapes


def _elements_of(step: IterateStep, shapes: Mapping[str, Shape]) -> Shape:
    """The shape of an iteration's bundles: that of the elements of its array, where a reference says which."""
    if isinstance(step.array, str):
        with suppress(ExpressionError):
            whole = parse(step.array).whole
            if isinstance(whole, Reference) and whole.step in shapes:
                source = shapes[whole.step].at(whole.path)
                source.take("array")
                return source.elements()
    return Shape("object")


def _declared(step: OperationStep, shape: Shape) -> None:
    operation = registry().find(step.app, step.operation)
    for name, output in (operation.outputs if operation else {}).items():
        shape.at((Field(name),)).take(output.type)


def _values(graph: SpecGraph) -> Iterator[tuple[JsonValue, Kind]]:
    """Every value that may hold expressions, with what it is taken for."""
    for step in graph:
        operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        for name, value in templates_of(step):
            known = operation.inputs.get(name.removeprefix("inputs.")) if operation else None
            kind = known.type if known else "any"
            yield value, "any" if kind == "files" or kind == "addresses" else kind
    for edge in graph.spec.edges:
        for group in edge.filter.any_of if edge.filter else ():
            for row in group:
                kind = _OF_OPERANDS.get(OPERATORS[row.operator].operand, "any") if row.operator in OPERATORS else "any"
                yield row.left, kind
                yield row.right, "any" if kind == "array" else kind


def _learn(template: Template, kind: Kind, shapes: Mapping[str, Shape]) -> None:
    whole = template.whole
    if whole is not None:
        _learn_node(whole, kind, shapes)
        return
    for part in template.parts:
        if not isinstance(part, str):
            _learn_node(part, "text", shapes)


def _learn_node(node: Node, kind: Kind, shapes: Mapping[str, Shape]) -> None:
    match node:
        case Reference(step=step, path=path):
            if step in shapes and path and not asks_for_error(path):
                shapes[step].at(path).take(kind)
        case Call(name=name, args=args):
            for index, argument in enumerate(args):
                of_argument = _OF_FIRST_ARGUMENTS.get(name, "any") if index == 0 else "any"
                _learn_node(argument, of_argument, shapes)
            if name == "map" and len(args) > 1:
                _learn_map(args[0], args[1], shapes)
        case Binary(op=op):
            of_operands: Kind = "number" if op in ("-", "*", "/", "%", "++") else "any"
            for child in children(node):
                _learn_node(child, of_operands, shapes)
        case _:
            for child in children(node):
                _learn_node(child, "any", shapes)


def _learn_map(array: Node, key: Node, shapes: Mapping[str, Shape]) -> None:
    """`map(array; "key")` reads a field of the elements."""
    name = key.value if isinstance(key, LiteralNode) and isinstance(key.value, str) else ""
    if name and isinstance(array, Reference) and array.step in shapes and array.path:
        shapes[array.step].at(array.path).elements().at(tuple(Field(part) for part in name.split(".")))
