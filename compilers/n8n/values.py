"""Values of the spec in n8n's notation: `={{ }}` expressions in JavaScript that refer to nodes by name.

A reference to a step that runs once in an execution reads its first item (`.first()`), which never depends on how
nodes in between pair their items. A step that may give several items is read through the item at hand (`.item`, or
`.itemMatching(index)` in a Code node that sees all items at once).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import JsonValue

from compilers.errors import CompileError, ExpressionError, Finding, UserError
from compilers.expressions.functions import Kind
from compilers.expressions.javascript import js_string, spaced
from compilers.expressions.n8n_writer import js_value, n8n_value, write_js, write_template
from compilers.expressions.parser import parse
from compilers.expressions.tree import Field, Node, Part, Path, Reference, Template
from compilers.graph import SpecGraph, gives_several
from compilers.operators import filter_js
from compilers.paths import asks_for_error, is_file, is_object, output_of, platform_path, system_field
from compilers.registry import registry
from compilers.spec import AnyStep, Filter, IterateStep, OperationStep, RepeatStep

Written = TypeVar("Written")
_BINARY = Field("$binary")
"""Begins the place of an output that n8n keeps in an item's binary data, such as `$binary.data.fileName`."""


def expression(javascript: str) -> str:
    """A parameter whose value is that of the JavaScript."""
    return f"={{{{ {spaced(javascript)} }}}}"


class N8nValues:
    """Writes the values of one step; what can't be written is collected in `findings` with its place.

    `results` maps each step to the node that holds what it gave, `failing` to the node that holds its error for a
    handler. With `item` set, references are for a Code node over all items, that variable being the item's index.
    """

    def __init__(
        self, step: AnyStep, graph: SpecGraph, results: Mapping[str, str], failing: Mapping[str, str], item: str = ""
    ) -> None:
        self._step, self._graph, self._results, self._failing, self._item = step, graph, results, failing, item
        self._where = f"steps.{step.id}"
        self.findings: list[Finding] = []

    def at(self, field: str) -> N8nValues:
        """The same writer, naming `field` of the step in what it finds from now on."""
        self._where = f"steps.{self._step.id}.{field}"
        return self

    # -- the ValueWriter protocol ------------------------------------------------------------------------------

    def value(self, value: JsonValue) -> JsonValue:
        """The value as a node's parameter."""
        nothing: JsonValue = ""
        return self._written(lambda: n8n_value(value, self._resolve, self._kind_of), nothing)

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """Fixed pieces and values as one text parameter."""
        written: list[Part] = []
        for part in parts:
            if isinstance(part, str):
                written.append(part)
            elif isinstance(part[0], str):
                written.extend(self._parse(part[0]).parts)
            elif part[0] is not None:
                written.append(json.dumps(part[0]))
        return self._written(lambda: write_template(_joined(written), self._resolve, self._kind_of), "")

    def json_text(self, value: JsonValue) -> JsonValue:
        """The value as JSON text: n8n quotes it when it runs."""
        return expression(f"JSON.stringify({self.javascript(value)})")

    def javascript(self, value: JsonValue) -> str:
        """The value as a JavaScript expression, fit for Code nodes and for `={{ }}`."""
        return self._written(lambda: js_value(value, self._resolve, self._kind_of), "null")

    def as_text(self, value: JsonValue) -> JsonValue:
        """The value as a text parameter; a missing value is the empty text."""
        if not isinstance(value, str):
            return "" if value is None else self.json_text(value) if isinstance(value, list) else json.dumps(value)
        whole = self._parse(value).whole
        return self.value(value) if whole is None else expression(f'String({self._javascript_of(whole)} ?? "")')

    def present(self, value: JsonValue) -> JsonValue:
        """The value as it is; a missing one is the empty text."""
        whole = self._parse(value).whole if isinstance(value, str) else None
        return self.value(value) if whole is None else expression(f'{self._javascript_of(whole)} ?? ""')

    def as_number(self, value: JsonValue, otherwise: str) -> JsonValue:
        """The value as a number parameter; `otherwise` (JavaScript) where it isn't one."""
        if not isinstance(value, str) or self._parse(value).whole is None:
            return value
        is_number = 'typeof value !== "object" && parseFloat(value) == value'
        return expression(f"((value) => {is_number} ? Number(value) : {otherwise})({self.javascript(value)})")

    def _javascript_of(self, node: Node) -> str:
        return self._written(lambda: write_js(node, self._resolve, self._kind_of), "null")

    def filter_javascript(self, condition: Filter) -> str:
        """A whole filter as one JavaScript boolean."""
        return self._written(lambda: filter_js(condition, self._resolve, self._kind_of), "false")

    def _written(self, write: Callable[[], Written], otherwise: Written) -> Written:
        """What `write` gives, or `otherwise` when it can't be written, which is noted."""
        try:
            return write()
        except UserError as error:
            self._found(error)
            return otherwise

    # -- references --------------------------------------------------------------------------------------------

    def _resolve(self, reference: Reference) -> tuple[str, Path]:
        step = self._graph.get(reference.step)
        if step is None:
            raise CompileError(f"there is no step `{reference.step}`", hint="refer to a step of this spec")
        if asks_for_error(reference.path) and step.id in (self._step.id, *self._graph.failed(self._step.id)):
            return f"$({js_string(self._failing[step.id])}).{self._access(step)}.json", reference.path
        name = system_field(step, reference.path)
        if name and not isinstance(step, (IterateStep, RepeatStep)) and name != "key":
            raise CompileError(
                f"n8n doesn't number what `{step.id}` gives, so `{name}` is not known there",
                hint="aggregate the results and iterate over them when you need their position",
            )
        node = self._results.get(step.id)
        if node is None:
            raise CompileError(f"`{step.id}` has not run where `{self._step.id}` refers to it")
        path = reference.path if name else platform_path(step, reference, "n8n")
        place = f"$({js_string(node)}).{self._access(step)}"
        if path and path[0] == _BINARY:
            return f"{place}.binary", path[1:]
        return f"{place}.json", path

    def binary(self, value: JsonValue) -> str | None:
        """JavaScript of the binary data that a value stands for; None when it is no file of a step."""
        whole = self._parse(value).whole if isinstance(value, str) else None
        step = self._graph.get(whole.step) if isinstance(whole, Reference) else None
        if step is None or not isinstance(whole, Reference) or not is_file(step, whole.path):
            return None
        node = self._results.get(step.id)
        if node is None:
            return None
        output = output_of(step, whole.path)
        name = output.n8n if output and isinstance(output.n8n, str) else "data"
        return f"$({js_string(node)}).{self._access(step)}.binary?.[{js_string(name)}]"

    def _kind_of(self, reference: Reference) -> Kind:
        """`any` for what is known to be an object, which text shows as JSON; the rest n8n puts into text as it is."""
        step = self._graph.get(reference.step)
        if step is None or not reference.path:
            return "any"
        return "any" if is_object(step, reference.path) else "array"

    def _access(self, step: AnyStep) -> str:
        if self._runs_once(step):
            return "first()"
        return f"itemMatching({self._item})" if self._item else "item"

    def _runs_once(self, step: AnyStep) -> bool:
        trigger = self._graph.trigger
        operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, OperationStep) else None
        single_start = operation is not None and (
            operation.instant or operation.n8n is None or not operation.n8n.polling
        )
        return single_start and not self._graph.multiplying(step.id) and not gives_several(step)

    def _parse(self, text: str) -> Template:
        try:
            return parse(text)
        except ExpressionError as error:
            self._found(error)
            return Template((text,)) if text else Template(())

    def _found(self, error: UserError) -> None:
        self.findings.append(
            Finding(rule="n8n.emit", severity="error", where=self._where, what=error.what, hint=error.hint)
        )


def _joined(parts: Sequence[Part]) -> Template:
    """The parts as a template: neighbouring texts made one, and none empty."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        elif part != "":
            joined.append(part)
    return Template(tuple(joined))
