"""Values of the spec in n8n's notation: `={{ }}` expressions in JavaScript that refer to nodes by name.

A reference to a step that runs once in an execution reads its first item (`.first()`), which never depends on how
nodes in between pair their items. A step that may give several items is read through the item at hand (`.item`, or
`.itemMatching(index)` in a Code node that sees all items at once).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

from compilers.errors import CompileError, ExpressionError, Finding, UserError, shorten
from compilers.export import Translation
from compilers.expressions.functions import Kind
from compilers.expressions.javascript import js_string, spaced
from compilers.expressions.n8n_writer import js_value, n8n_value, write_js, write_template, write_text
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template as write_spec
from compilers.expressions.tree import (
    VERBATIM,
    Field,
    Keyword,
    Node,
    Part,
    Path,
    Reference,
    Template,
    Unknown,
    Variable,
    transform,
)
from compilers.graph import SpecGraph, gives_several
from compilers.n8n.order import starts_with_several
from compilers.operators import filter_js
from compilers.paths import asks_for_error, is_file, is_object, output_of, platform_path, system_field
from compilers.spec import AnyStep, Filter, IterateStep, OperationStep, RepeatStep

Written = TypeVar("Written")
_NOTHING_THERE = "n8n.emit.reference"
"""The rule of a finding that a reference leads nowhere: what it gives is the same as on Make."""
_GONE = re.compile(r"\d+[.\[]")
"""How a reference to a module begins, in Make's notation."""
_NAME = re.compile(r"[^\W\d]\w*(\.\w+)*")
"""A plain name, such as an `{{accountId}}` that somebody put where the value was: it refers to no module, and gives
nothing, as a reference to a missing module does."""
_INPUT = "var.input"
"""Begins what a scenario was called with."""
_BINARY = Field("$binary")
"""Begins the place of an output that n8n keeps in an item's binary data, such as `$binary.data.fileName`."""


def expression(javascript: str) -> str:
    """A parameter whose value is that of the JavaScript."""
    return f"={{{{ {spaced(javascript)} }}}}"


@dataclass(frozen=True)
class Binary:
    """JavaScript of an item's binary data; `is_file` when it can be nothing else."""

    javascript: str
    is_file: bool


class N8nValues:
    """Writes the values of one step; what can't be written is collected in `findings` with its place.

    `results` maps each step to the node that holds what it gave, `failing` to the node that holds its error for a
    handler. With `item` set, references are for a Code node over all items, that variable being the item's index. With
    `by_hand`, a reference that leads nowhere gives nothing, as on Make, and so does a piece without a known meaning.
    Values stand behind the step `behind`, where that is another one.
    """

    def __init__(
        self,
        step: AnyStep,
        graph: SpecGraph,
        results: Mapping[str, str],
        failing: Mapping[str, str],
        item: str = "",
        by_hand: bool = False,
        behind: str = "",
    ) -> None:
        self._step, self._graph, self._results, self._failing, self._item = step, graph, results, failing, item
        self._by_hand, self._behind = by_hand, behind
        self._where = f"steps.{step.id}"
        self.findings: list[Finding] = []
        self.translations: list[Translation] = []

    def at(self, field: str) -> N8nValues:
        """The same writer, naming `field` of the step in what it finds from now on."""
        self._where = f"steps.{self._step.id}.{field}"
        return self

    # -- the ValueWriter protocol ------------------------------------------------------------------------------

    def value(self, value: JsonValue) -> JsonValue:
        """The value as a node's parameter."""
        nothing: JsonValue = ""
        return self._written(lambda: n8n_value(self._known(value), self._resolve, self._kind_of), nothing, value)

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
        return self._written(lambda: js_value(self._known(value), self._resolve, self._kind_of), "null", value)

    def as_text(self, value: JsonValue) -> JsonValue:
        """The value as a text parameter; a missing value is the empty text."""
        if not isinstance(value, str):
            return "" if value is None else self.json_text(value) if isinstance(value, list) else json.dumps(value)
        whole = self._parse(value).whole
        if whole is None:
            return self.value(value)
        return expression(self._written(lambda: write_text(whole, self._resolve, self._kind_of), '""'))

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
        return self._written(lambda: filter_js(self._filter(condition), self._resolve, self._kind_of), "false")

    def _written(self, write: Callable[[], Written], otherwise: Written, source: JsonValue = None) -> Written:
        """What `write` gives, or `otherwise` when it can't be written, which is noted. `source` is what it writes."""
        before = len(self.findings)
        try:
            written = write()
        except UserError as error:
            self._found(error)
            written = otherwise
        if isinstance(source, str) and "{{" in source:
            found = self.findings[before:]
            why = next((one.what for one in found if one.rule != _NOTHING_THERE), "")
            gone = next((one.what for one in found if one.rule == _NOTHING_THERE), "")
            shown = written if isinstance(written, str) else json.dumps(written)
            self.translations.append(
                Translation(where=self._where, source=source, written=None if why else shown, why=why, gone=gone)
            )
        return written

    # -- references --------------------------------------------------------------------------------------------

    def _resolve(self, reference: Reference) -> tuple[str, Path]:
        try:
            return self._place(reference)
        except CompileError as error:
            if not self._by_hand:
                raise
            self._found(error, _NOTHING_THERE)
            return "null", ()

    def _place(self, reference: Reference) -> tuple[str, Path]:
        step = self._graph.get(reference.step)
        if step is None:
            raise CompileError(f"there is no step `{reference.step}`", hint="refer to a step of this spec")
        failed = self._graph.failed(self._behind or self._step.id)
        if asks_for_error(reference.path) and step.id in (self._step.id, *failed):
            return f"$({js_string(self._failing[step.id])}).{self._access(step)}.json", reference.path
        node = self._results.get(step.id)
        if node is None or not self._sees(step) or step.id in failed:
            raise CompileError(f"`{step.id}` has given nothing where `{self._step.id}` refers to it")
        name = system_field(step, reference.path)
        if name and not isinstance(step, (IterateStep, RepeatStep)) and name != "key":
            return self._position(step, node, name), ()
        path = reference.path if name else platform_path(step, reference, "n8n")
        if path and path[0] == Field(str(step.residue.get("n8n", {}).get("bare", ""))):
            path = path[1:]
        place = f"$({js_string(node)}).{self._access(step)}"
        if path and path[0] == _BINARY:
            return f"{place}.binary", path[1:]
        return f"{place}.json", path

    def _sees(self, step: AnyStep) -> bool:
        if self._behind:
            return self._graph.sees_behind(self._behind, step.id)
        return step.id == self._step.id or self._graph.sees(self._step.id, step.id)

    def _position(self, step: AnyStep, node: str, name: str) -> str:
        """How many bundles the step gave, or which of them this one is. A step that went on with nothing gave none."""
        all_ = f"$({js_string(node)}).all().filter((one) => Object.keys(one.json).length)"
        if name == "_total":
            return f"{all_}.length"
        return f"({all_}.findIndex((one) => one.json === $({js_string(node)}).item.json) + 1)"

    def binary(self, value: JsonValue) -> Binary | None:
        """The binary data that a value may stand for; None when it is neither a file of a step nor its answer."""
        whole = self._parse(value).whole if isinstance(value, str) else None
        step = self._graph.get(whole.step) if isinstance(whole, Reference) else None
        if step is None or not isinstance(whole, Reference) or not is_file(step, whole.path):
            return None
        node, output = self._results.get(step.id), output_of(step, whole.path)
        if node is None or output is None or not self._sees(step):
            return None
        certain = output.type == "file"
        name = output.n8n if certain and isinstance(output.n8n, str) else "data"
        return Binary(f"$({js_string(node)}).{self._access(step)}.binary?.[{js_string(name)}]", certain)

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
        single_start = isinstance(self._graph.trigger, OperationStep) and not starts_with_several(self._graph.trigger)
        return single_start and not self._graph.multiplying(step.id) and not gives_several(step)

    def _parse(self, text: str) -> Template:
        try:
            template = parse(text)
            if _INPUT in text:
                template = transform(template, self._from_the_trigger)
            return transform(template, self._without) if self._by_hand and VERBATIM in text else template
        except ExpressionError as error:
            self._found(error)
            return Template((text,)) if text else Template(())

    def _known(self, value: JsonValue) -> JsonValue:
        """The value with what a scenario was called with said as what its trigger gives and, by hand, with nothing in
        place of pieces of Make's that have no known meaning."""
        if isinstance(value, str):
            return write_spec(self._parse(value)) if VERBATIM in value or _INPUT in value else value
        if isinstance(value, list):
            return [self._known(item) for item in value]
        return {key: self._known(item) for key, item in value.items()} if isinstance(value, dict) else value

    def _filter(self, condition: Filter) -> Filter:
        groups = tuple(
            tuple(
                row.model_copy(update={"left": self._known(row.left), "right": self._known(row.right)}) for row in group
            )
            for group in condition.any_of
        )
        return condition.model_copy(update={"any_of": groups})

    def _from_the_trigger(self, node: Node) -> Node:
        if isinstance(node, Variable) and node.name == "var" and node.path[:1] == (Field("input"),):
            return Reference(self._graph.trigger.id, node.path[1:])
        return node

    def _without(self, node: Node) -> Node:
        if not isinstance(node, Unknown) or node.platform == "n8n":
            return node
        if node.platform == "zapier":
            what, rule = f"`{shorten(node.text, 120)}` is a value that only Zapier knows", "n8n.emit.expression"
        elif _GONE.match(node.text):
            what, rule = f"`{shorten(node.text, 120)}` refers to a module that isn't there", _NOTHING_THERE
        elif _NAME.fullmatch(node.text.strip()):
            what, rule = f"`{shorten(node.text, 120)}` is the name of nothing in this scenario", _NOTHING_THERE
        else:
            what, rule = f"`{shorten(node.text, 120)}` has no known meaning, on Make either", "n8n.emit.expression"
        self._found(CompileError(what, hint="nothing stands in its place, as on Make; say what is meant"), rule)
        return Keyword("null")

    def _found(self, error: UserError, rule: str = "n8n.emit.expression") -> None:
        self.findings.append(Finding(rule=rule, severity="error", where=self._where, what=error.what, hint=error.hint))


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
