"""Where a value comes from: conditions over computed values, said over what a trigger or an app gave.

To take a bundle down a route, its data must be chosen where they enter. A variable is replaced by what it was set to, a
field of a loop's bundle by that of the array's first element, a merge's field by that of the branch on the way.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import (
    MAX_DEPTH,
    Field,
    First,
    Index,
    Member,
    Node,
    Path,
    Reference,
    Template,
    height,
    transform,
)
from compilers.graph import SpecGraph
from compilers.spec import Filter, GetVariablesStep, IterateStep, MergeStep, SetVariablesStep

_ROUNDS = 12
"""Computed values that stand behind each other, at most."""


class Origins:
    """The origins of one spec's values."""

    def __init__(self, graph: SpecGraph) -> None:
        self._graph = graph
        self._setters: dict[str, list[JsonValue]] = {}
        for step in graph:
            if isinstance(step, SetVariablesStep):
                for variable in step.variables:
                    self._setters.setdefault(variable.name, []).append(variable.value)

    def filter(self, condition: Filter | None, passed: Collection[str]) -> Filter | None:
        """The filter over what was given. `passed` are the steps on the way, by which a merge's branch is chosen."""
        if condition is None:
            return None
        groups = tuple(
            tuple(
                row.model_copy(update={"left": self.value(row.left, passed), "right": self.value(row.right, passed)})
                for row in group
            )
            for group in condition.any_of
        )
        return condition.model_copy(update={"any_of": groups})

    def value(self, value: JsonValue, passed: Collection[str]) -> JsonValue:
        """A template over what was given; one that can't be followed so far stays as it is."""
        if not isinstance(value, str) or "{{" not in value:
            return value
        with suppress(ExpressionError):
            template = parse(value)
            for _ in range(_ROUNDS):
                followed = transform(template, lambda node: self._followed(node, passed))
                if followed == template or any(height(node) > MAX_DEPTH for node in followed.nodes):
                    break
                template = followed
            return write_template(template)
        return value

    def _followed(self, node: Node, passed: Collection[str]) -> Node:
        if not isinstance(node, Reference) or node.step not in self._graph or not node.path:
            return node
        step, first = self._graph.step(node.step), node.path[0]
        if not isinstance(first, Field):
            return node
        match step:
            case SetVariablesStep():
                found = next((one.value for one in step.variables if one.name == first.name), None)
            case GetVariablesStep():
                values = self._setters.get(first.name, [])
                found = values[0] if len(values) == 1 else None
            case MergeStep():
                field = next((one for one in step.fields if one.name == first.name), None)
                ends = field.values if field else {}
                found = next((value for end, value in ends.items() if end in passed), None)
            case IterateStep():
                return self._element(step, node)
            case _:
                return node
        return _with_path(found, node.path[1:]) or node

    def _element(self, step: IterateStep, node: Reference) -> Node:
        """A field of a loop's bundle as that of the array's first element."""
        whole = parse(step.array).whole if isinstance(step.array, str) else None
        name = node.path[0].name if isinstance(node.path[0], Field) else ""
        if not isinstance(whole, Reference) or name in ("_index", "_total"):
            return node
        rest = node.path[1:] if name == "value" else node.path
        return replace(whole, path=(*whole.path, Index(1), *rest))


def _with_path(value: JsonValue, path: Path) -> Node | None:
    """The expression of a value, with a path below it."""
    whole = parse(value).whole if isinstance(value, str) and "{{" in value else None
    if whole is None:
        return None
    if not path:
        return whole
    if isinstance(whole, Reference):
        return replace(whole, path=(*whole.path, *path))
    return Member(whole, path)


def plain_path(path: Path) -> tuple[str | int, ...] | None:
    """A path as keys and positions from 0; None for one that is computed."""
    found: list[str | int] = []
    for segment in path:
        match segment:
            case Field(name=name):
                found.append(name)
            case Index(n=n) if n > 0:
                found.append(n - 1)
            case First():
                found.append(0)
            case _:
                return None
    return tuple(found)


def as_template(node: Node) -> str:
    """An expression as a template of its own."""
    return write_template(Template((node,)))
