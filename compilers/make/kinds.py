"""What kind of value an expression gives, as far as the spec tells before it runs.

A step's declared outputs say it, what the step does with the values that it is given, the registry, and its sample. Of
an iteration over a list in a sample, the sample is the list's first element.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.catalogue import CATALOGUE
from compilers.expressions.parser import parse
from compilers.expressions.tree import (
    Binary,
    Call,
    Field,
    First,
    Index,
    Keyword,
    Node,
    Path,
    Reference,
    Segment,
    Unary,
)
from compilers.expressions.tree import (
    Literal as LiteralNode,
)
from compilers.paths import output_of, system_field
from compilers.spec import (
    AggregateStep,
    AnyStep,
    GetVariablesStep,
    IterateStep,
    MergeStep,
    RepeatStep,
    SetVariablesStep,
)

Kind = Literal["text", "number", "calculated", "boolean", "date", "array", "object", "file", "any"]
"""`calculated` is a number that comes of a calculation, which gives NaN for operands that are none. A `number` is what
others call so, and may be a text after all."""

_KEYWORDS: Mapping[str, Kind] = MappingProxyType({"true": "boolean", "false": "boolean", "emptyarray": "array"})
_AGGREGATED: Mapping[str, Kind] = MappingProxyType({"array": "array", "text": "text", "result": "calculated"})
_SYSTEM: Mapping[str, Kind] = MappingProxyType({"_index": "number", "_total": "number"})
_RETURNED: Mapping[str, Kind] = MappingProxyType({
    "text": "text", "number": "calculated", "boolean": "boolean", "date": "date", "array": "array",
    "object": "object", "buffer": "file",
})  # fmt: skip
"""What functions give, in these words."""
_FIRST_RESULT: Mapping[str, int] = MappingProxyType({"if": 1, "ifempty": 0})
"""Functions that give one of their arguments: that one or a later one."""


class Kinds:
    """The kinds of what one spec's steps give. `steps` are in the order of the flow."""

    def __init__(self, steps: Iterable[AnyStep]) -> None:
        self._steps: dict[str, AnyStep] = {}
        self._samples: dict[str, JsonValue] = {}
        self._given: dict[str, Mapping[str, Kind]] = {}
        ordered = tuple(steps)
        self._setters: dict[str, list[str]] = {}
        for step in ordered:
            for variable in step.variables if isinstance(step, SetVariablesStep) else ():
                self._setters.setdefault(variable.name, []).append(step.id)
        for step in ordered:
            self._steps[step.id] = step
            self._samples[step.id] = self._element(step) if step.sample is None else step.sample
            self._given[step.id] = self._gives(step)

    def of(self, node: Node) -> Kind:
        """The kind of an expression's value; `any` when it isn't known."""
        match node:
            case LiteralNode(value=value):
                return "text" if isinstance(value, str) else "number"
            case Keyword(name=name):
                return _KEYWORDS.get(name, "text")
            case Unary():
                return "boolean"
            case Binary(op="+"):
                return "any"
            case Binary(op=op):
                return "calculated" if op in ("*", "/", "%", "-", "++") else "boolean"
            case Call(name=name, args=args):
                return self._of_call(name, args)
            case Reference():
                return self._of_reference(node)
            case _:
                return "any"

    def _of_call(self, name: str, args: tuple[Node, ...]) -> Kind:
        row = CATALOGUE.get(name)
        usual: Kind = _RETURNED.get(row.returns, "any") if row else "any"
        results = map(self.of, args[_FIRST_RESULT[name] :] if name in _FIRST_RESULT else ())
        return next((kind for kind in results if kind in ("array", "object")), usual)

    def _of_reference(self, reference: Reference) -> Kind:
        step, path = self._steps.get(reference.step), reference.path
        if step is None or not path:
            return "any"
        dotted = ".".join(segment.name for segment in path if isinstance(segment, Field))
        declared = next((output.type for output in step.outputs if output.path == dotted), None)
        if declared is not None:
            return declared
        head = path[0]
        if len(path) == 1 and isinstance(head, Field) and head.name in self._given[step.id]:
            return self._given[step.id][head.name]
        if isinstance(step, AggregateStep) and head == Field("array") and len(path) == 2:
            return "object" if isinstance(path[1], (Index, First)) else "any"
        output = output_of(step, path)
        if output is not None and output.type != "any" and len(path) == 1:
            return output.type
        return _SYSTEM.get(system_field(step, path) or "") or _kind_of(_at(self._samples[step.id], path))

    # -- what steps give ---------------------------------------------------------------------------------------

    def _gives(self, step: AnyStep) -> Mapping[str, Kind]:
        match step:
            case SetVariablesStep():
                return {variable.name: self._of_value(variable.value) for variable in step.variables}
            case GetVariablesStep():
                return {name: self._of_variable(name) for name in step.names}
            case MergeStep():
                return {field.name: _common(map(self._of_value, field.values.values())) for field in step.fields}
            case AggregateStep():
                return _AGGREGATED
            case RepeatStep():
                return {"i": "calculated"}
            case _:
                return {}

    def _of_value(self, value: JsonValue) -> Kind:
        """The kind of what a step is given: a template, or a value with templates in it."""
        if not isinstance(value, str):
            return _kind_of(value)
        try:
            whole = parse(value).whole
        except ExpressionError:
            return "any"
        return "text" if whole is None else self.of(whole)

    def _of_variable(self, name: str) -> Kind:
        """What all steps that set the variable agree on; some may come later in the flow."""
        setters = self._setters.get(name, ())
        return _common(self._given[one][name] if one in self._given else "any" for one in setters)

    def _element(self, step: AnyStep) -> JsonValue:
        """The first bundle of an iteration, where a sample tells it."""
        if not isinstance(step, IterateStep):
            return None
        array = step.array
        if isinstance(array, str):
            try:
                whole = parse(array).whole
            except ExpressionError:
                return None
            array = _at(self._samples.get(whole.step), whole.path) if isinstance(whole, Reference) else None
        first = array[0] if isinstance(array, list) and array else None
        return first if isinstance(first, dict) else {"value": first}


def _common(kinds: Iterable[Kind]) -> Kind:
    """The kind that all of them have; numbers are of one kind however they came about."""
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    return "number" if found == {"number", "calculated"} else "any"


def _kind_of(value: JsonValue) -> Kind:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "any"


def _at(value: JsonValue, path: Path) -> JsonValue:
    """What a sample holds at the path; None where that can't be told."""
    for segment in path:
        value = _part(value, segment)
    return value


def _part(value: JsonValue, segment: Segment) -> JsonValue:
    match segment:
        case Field(name=name) if isinstance(value, dict):
            return value.get(name)
        case Index(n=n) if isinstance(value, list):
            return value[n - 1] if 0 < n <= len(value) else None
        case First() if isinstance(value, list):
            return value[0] if value else None
        case _:
            return None
