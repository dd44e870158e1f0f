"""What the rules for specs look at: the spec, its graph, its operations, and every expression in it, parsed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from compilers.errors import ExpressionError, shorten
from compilers.expressions import Field, Reference, Template, parse, references
from compilers.graph import SpecGraph
from compilers.registry import Operation, Registry, registry
from compilers.rules.engine import RuleBook
from compilers.spec import (
    AggregateStep,
    AnyStep,
    AppStep,
    Edge,
    GetVariablesStep,
    MergeStep,
    RepeatStep,
    SetVariablesStep,
    Spec,
    TriggerStep,
    strings_in,
    templates_of,
)


@dataclass(frozen=True)
class Use:
    """One text of the spec that may hold expressions: of a step, or of the filter of an edge.

    `path` is the place within the step (`inputs.text`); `edge` is set for filters, whose `step` is the edge's source.
    """

    where: str
    step: AnyStep
    path: str
    text: str
    template: Template | None
    error: ExpressionError | None = None
    edge: Edge | None = None


@dataclass(frozen=True)
class SpecSubject:
    """One spec, as its rules see it."""

    spec: Spec

    @cached_property
    def graph(self) -> SpecGraph:
        """The graph of the spec."""
        return SpecGraph(self.spec)

    @cached_property
    def sound(self) -> bool:
        """Whether the edges make a graph that one can reason about: no cycle."""
        return self.graph.cycle() is None

    @property
    def registry(self) -> Registry:
        """The registry of apps."""
        return registry()

    def place(self, step: AnyStep | str) -> str:
        """Where a step stands in the spec: `trigger`, or `steps.<id>`."""
        identifier = step if isinstance(step, str) else step.id
        return "trigger" if identifier == self.spec.trigger.id else f"steps.{identifier}"

    @cached_property
    def edges(self) -> tuple[tuple[str, Edge], ...]:
        """The edges with their places, those from or to missing steps left out."""
        missing = {index for index, _ in self.graph.dangling}
        return tuple((f"edges[{index}]", edge) for index, edge in enumerate(self.spec.edges) if index not in missing)

    @cached_property
    def operations(self) -> tuple[tuple[str, TriggerStep | AppStep, Operation], ...]:
        """The steps whose operation is known, with their places."""
        found = []
        for step in self.spec.nodes:
            if isinstance(step, TriggerStep | AppStep):
                operation = self.registry.find(step.app, step.operation)
                if operation:
                    found.append((self.place(step), step, operation))
        return tuple(found)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every text that may hold expressions, in the order of the spec: steps first, then the edges' filters."""
        return (*self._step_uses(), *self._edge_uses())

    def _step_uses(self) -> Iterator[Use]:
        for step in self.spec.nodes:
            for path, value in templates_of(step):
                for inner, text in strings_in(value, path):
                    yield self._use(f"{self.place(step)}.{inner}", step, inner, text)

    def _edge_uses(self) -> Iterator[Use]:
        for where, edge in self.edges:
            for path, value in operands_of(edge):
                for inner, text in strings_in(value, path):
                    yield self._use(f"{where}.{inner}", self.graph.step(edge.source), inner, text, edge)

    @staticmethod
    def _use(where: str, step: AnyStep, path: str, text: str, edge: Edge | None = None) -> Use:
        where = shorten(where)
        if "{{" not in text:
            return Use(where, step, path, text, Template((text,) if text else ()), edge=edge)
        try:
            return Use(where, step, path, text, parse(text), edge=edge)
        except ExpressionError as error:
            return Use(where, step, path, text, None, error, edge)

    @cached_property
    def references(self) -> tuple[tuple[Use, Reference], ...]:
        """Every reference to a step, with the text it stands in."""
        return tuple((use, found) for use in self.uses if use.template for found in references(use.template))

    def outputs(self, step: AnyStep) -> frozenset[str] | None:
        """The first path segments that the step is known to give, or None when it may give others too."""
        declared = {field.path.split(".")[0].split("[")[0] for field in step.outputs}
        known: set[str] = set()
        match step:
            case TriggerStep() | AppStep():
                operation = self.registry.find(step.app, step.operation)
                if operation is None or operation.open_outputs or not operation.outputs:
                    return None
                known = {path.split(".")[0].split("[")[0] for path in operation.outputs}
            case RepeatStep():
                known = {"i"}
            case AggregateStep():
                result = {"array": "array", "text": "text"}.get(step.mode, "result")
                known = {result, "key"} if step.group_by is not None else {result}
            case SetVariablesStep():
                known = {variable.name for variable in step.variables}
            case GetVariablesStep():
                known = set(step.names)
            case MergeStep():
                known = {field.name for field in step.fields}
            case _:
                return None
        return frozenset(known | declared)


def operands_of(edge: Edge) -> Iterator[tuple[str, JsonValue]]:
    """The operands of an edge's filter, each with its path within the edge."""
    for row, group in enumerate(edge.filter.any_of if edge.filter else ()):
        for column, condition in enumerate(group):
            yield f"filter.any_of[{row}][{column}].left", condition.left
            yield f"filter.any_of[{row}][{column}].right", condition.right


def first_field(reference: Reference) -> str | None:
    """The field that a reference begins with; None for the whole bundle or an element of it."""
    return reference.path[0].name if reference.path and isinstance(reference.path[0], Field) else None


def is_template(value: JsonValue) -> bool:
    """Whether any text inside the value holds an expression."""
    return any("{{" in text for _, text in strings_in(value))


def is_blank(value: JsonValue) -> bool:
    """Whether a value counts as not given: null, or text without a character to see."""
    return value is None or (isinstance(value, str) and not value.strip())


BOOK: RuleBook[SpecSubject] = RuleBook("spec")
