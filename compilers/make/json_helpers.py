"""Modules that write a list or an object as JSON, before the module whose JSON text holds it.

JSON text is composed of fixed pieces and values, and Make has no function that writes a list as JSON. The registry's
`json.create` does; what it gives then stands in the text as it is. Each module has helpers of its own, one for each
expression, so that nothing is calculated on ways where nobody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.expressions.tree import Field, Node, Reference, references
from compilers.naming import as_id
from compilers.registry import ValueWriter, bind, registry
from compilers.spec import AggregateStep, AnyStep

_SAY_LITTLE = ("array", "value", "data", "body", "result", "json", "output")
"""Outputs whose names many steps share: the step's own title says more."""


@dataclass(frozen=True)
class JsonHelper:
    """One such module, with the name that the editor shows."""

    number: int
    name: str
    module: dict[str, JsonValue]


class JsonHelpers:
    """The helpers of one module, in the order in which it asks for them. `new_id` numbers them."""

    def __init__(self, steps: Mapping[str, AnyStep], new_id: Callable[[], int]) -> None:
        self._steps, self._new_id = steps, new_id
        self._made: dict[Node, JsonHelper] = {}

    @property
    def made(self) -> tuple[JsonHelper, ...]:
        """All of them."""
        return tuple(self._made.values())

    def json_of(self, node: Node, template: str, values: ValueWriter) -> str:
        """What stands for the expression's value in JSON text. `template` is the expression in the spec's notation."""
        if node not in self._made:
            self._made[node] = self._helper(node, template, values)
        written = f"{self._made[node].number}.json"
        return f"{{{{{written}}}}}" if self._is_there(node) else f'{{{{ifempty({written}; "null")}}}}'

    def _helper(self, node: Node, template: str, values: ValueWriter) -> JsonHelper:
        make = registry().operation("json", "create").make
        if make is None or make.module is None:
            raise CompileError("Make has no module that writes JSON", hint="add it to the registry's `json.create`")
        inputs: dict[str, JsonValue] = {"value": template}
        number = self._new_id()
        module: dict[str, JsonValue] = {
            "id": number,
            "module": make.module,
            "version": make.version,
            "parameters": bind(make.parameters, inputs, values),
            "mapper": bind(make.mapper or {}, inputs, values),
        }
        return JsonHelper(number, f"{self._what(node)} as JSON", module)

    def _is_there(self, node: Node) -> bool:
        """Whether the value is never missing. What the helper gives for nothing isn't known for sure."""
        return isinstance(node, Reference) and isinstance(self._steps.get(node.step), AggregateStep)

    def _what(self, node: Node) -> str:
        """What is written, in words: a field's name, or the title of the step that gives it."""
        found = next(iter(references(node)), None)
        if found is None:
            return "Value"
        names = [segment.name for segment in found.path if isinstance(segment, Field)]
        step = self._steps.get(found.step)
        if step is not None and (not names or names[-1] in _SAY_LITTLE):
            return step.title
        name = names[-1] if names else found.step
        return (as_id(name) or name).replace("_", " ").capitalize()
