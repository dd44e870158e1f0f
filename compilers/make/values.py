"""Values of the spec in Make's notation."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import with_texts
from compilers.errors import CompileError, ExpressionError, Finding, UserError
from compilers.export import Translation
from compilers.expressions.make_writer import write_expression, write_template
from compilers.expressions.parser import parse
from compilers.expressions.tree import Field, Node, Reference, Template
from compilers.make.json_helpers import JsonHelpers
from compilers.make.kinds import Kinds
from compilers.paths import platform_path, system_field
from compilers.spec import AnyStep, Filter

_SYSTEM_FIELDS = {"_index": "__IMTINDEX__", "_total": "__IMTLENGTH__", "key": "__IMTKEY__"}


_BARE = r"^(true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)$"
"""What stands in JSON without quotes."""


class MakeValues:
    """Writes the values of one step; what it can't write is collected in `findings` with its place. `by_hand`, the rest
    of the value is written all the same. Lists and objects in JSON text need `helpers`, which a place without a module
    before it, such as a filter, doesn't have."""

    def __init__(
        self,
        step: AnyStep,
        steps: Mapping[str, AnyStep],
        ids: Mapping[str, int],
        kinds: Kinds,
        helpers: JsonHelpers | None = None,
        by_hand: bool = False,
    ) -> None:
        self._step, self._steps, self._ids, self._by_hand = step, steps, ids, by_hand
        self._kinds, self._helpers = kinds, helpers
        self._where = f"steps.{step.id}"
        self.findings: list[Finding] = []
        self.translations: list[Translation] = []

    def at(self, field: str) -> MakeValues:
        """The same writer, naming `field` of the step in what it finds from now on."""
        self._where = f"steps.{self._step.id}.{field}"
        return self

    # -- the ValueWriter protocol ------------------------------------------------------------------------------

    def value(self, value: JsonValue) -> JsonValue:
        """The value with every template in it in Make's notation."""
        return with_texts(value, self._template)

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """Fixed pieces and values as one text."""
        return "".join(part if isinstance(part, str) else self.as_text(part[0]) for part in parts)

    def json_text(self, value: JsonValue) -> JsonValue:
        """The value as JSON text. Make has no function that quotes: texts get their quotes, backslashes and line
        breaks escaped by `replace`, numbers and truth values stand as they are, and lists and objects are written by a
        module before."""
        if isinstance(value, str) and (template := self._parse(value)) is not None and not template.is_literal:
            whole = template.whole
            return self._json_of_parts(template) if whole is None else self._json_of(whole, value)
        if isinstance(value, dict):
            return "{" + ",".join(f"{_quoted(key)}:{self.json_text(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(str(self.json_text(item)) for item in value) + "]"
        return json.dumps(value, ensure_ascii=False)

    def javascript(self, value: JsonValue) -> str:
        """Make modules take no JavaScript."""
        raise CompileError("Make takes no JavaScript", where=self._where)

    # -- filters -----------------------------------------------------------------------------------------------

    def conditions(self, condition: Filter) -> list[JsonValue]:
        """A filter's groups in Make's shape; an operator that Make lacks is found and left out."""
        from compilers.operators import make_operator

        groups: list[JsonValue] = []
        for group in condition.any_of:
            rows: list[JsonValue] = []
            for row in group:
                try:
                    spelling = make_operator(row.operator, row.ignore_case)
                except UserError as error:
                    self._found(str(error))
                    continue
                written: dict[str, JsonValue] = {"a": self.value(row.left), "o": spelling}
                if row.operator not in ("exists", "not_exists"):
                    written["b"] = self.as_text(row.right) if not isinstance(row.right, str) else self.value(row.right)
                rows.append(written)
            groups.append(rows)
        return groups

    # -- expressions -------------------------------------------------------------------------------------------

    def _parse(self, text: str) -> Template | None:
        try:
            return parse(text)
        except ExpressionError as error:
            self._found(str(error))
            return None

    def _template(self, text: str) -> str:
        template = self._parse(text)
        if template is None:
            return text
        if self._by_hand:
            return self._what_can_be_written(text, template)
        try:
            return write_template(template, self._resolve)
        except UserError as error:
            self._found(f"`{text[:120]}`: {error.what}", error.hint)
            return text

    def _what_can_be_written(self, text: str, template: Template) -> str:
        """The template without the expressions that Make can't be given."""
        before = len(self.findings)
        written: list[str] = []
        for part in template.parts:
            try:
                written.append(write_template(Template((part,)), self._resolve))
            except UserError as error:
                self._found(error.what, error.hint)
        if not template.is_literal:
            why = next((one.what for one in self.findings[before:]), "")
            shown = None if why else "".join(written)
            self.translations.append(Translation(where=self._where, source=text, written=shown, why=why))
        return "".join(written)

    def as_text(self, value: JsonValue) -> str:
        """The value as a text."""
        if isinstance(value, str):
            return self._template(value)
        if isinstance(value, (dict, list)):
            return str(self.json_text(value))
        return "" if value is None else json.dumps(value)

    def _resolve(self, reference: Reference) -> Reference | str:
        number = self._ids.get(reference.step)
        step = self._steps.get(reference.step)
        if step is None:
            raise CompileError(f"there is no step `{reference.step}`", hint="refer to a step of this spec")
        if number is None:
            raise CompileError(
                f"Make has no module for `{reference.step}`, so it gives nothing to refer to",
                hint="refer to a step that gives something",
            )
        name = system_field(step, reference.path)
        if name:
            return Reference(str(number), (Field(_SYSTEM_FIELDS[name]), *reference.path[1:]))
        return Reference(str(number), platform_path(step, reference, "make"))

    def _json_of(self, node: Node, template: str) -> str:
        kind = self._kinds.of(node)
        if kind in ("array", "object") and self._helpers is not None:
            return self._helpers.json_of(node, template, self)
        written = self._expression(node)
        if kind == "calculated":
            return f'{{{{if({_is_bare(written)}; {_or_null(written)}; "null")}}}}'
        if kind in ("number", "boolean"):
            return self._bare_or_quoted(written) if isinstance(node, Reference) else f"{{{{{_or_null(written)}}}}}"
        if kind in ("array", "object") and "make" not in self._step.residue:
            self._found(
                f"`{written}` is an {kind}, which Make can't write inside JSON text here",
                "write its fields out one by one, or make the JSON with the `json` app's `create` before",
            )
        return f'"{self._escaped(written)}"'

    def _json_of_parts(self, template: Template) -> str:
        pieces = (
            json.dumps(part, ensure_ascii=False)[1:-1]
            if isinstance(part, str)
            else self._escaped(self._expression(part))
            for part in template.parts
        )
        return '"' + "".join(pieces) + '"'

    def _expression(self, node: Node) -> str:
        try:
            return write_expression(node, self._resolve)
        except UserError as error:
            self._found(error.what, error.hint)
            return '""'

    def _bare_or_quoted(self, written: str) -> str:
        """A value that should be a number or a truth value, and is quoted when it is another text after all."""
        quoted = f'"""" + {_escaping(written)} + """"'
        return f"{{{{if({_is_bare(written)}; {_or_null(written)}; {quoted})}}}}"

    @staticmethod
    def _escaped(written: str) -> str:
        return f"{{{{{_escaping(written)}}}}}"

    def _found(self, what: str, hint: str = "") -> None:
        self.findings.append(Finding(rule="make.emit", severity="error", where=self._where, what=what, hint=hint))


def _is_bare(written: str) -> str:
    """The question whether a value stands in JSON without quotes, or is nothing."""
    return f'replace(toString({written}); "/{_BARE}/"; "") = ""'


def _or_null(written: str) -> str:
    return f'ifempty({written}; "null")'


def _escaping(written: str) -> str:
    quotes = f'replace(replace({written}; "\\"; "\\\\"); """"; "\\""")'
    return f'replace(replace({quotes}; newline; "\\n"); carriagereturn; "")'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
