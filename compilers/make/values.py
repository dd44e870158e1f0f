"""Values of the spec in Make's notation."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.errors import CompileError, ExpressionError, Finding, UserError
from compilers.export import Translation
from compilers.expressions.catalogue import CATALOGUE
from compilers.expressions.make_writer import write_expression, write_template
from compilers.expressions.parser import parse
from compilers.expressions.tree import Binary, Call, Field, Keyword, Literal, Node, Path, Reference, Template
from compilers.paths import output_of, platform_path, system_field
from compilers.spec import AnyStep, Filter, OutputField

_SYSTEM_FIELDS = {"_index": "__IMTINDEX__", "_total": "__IMTLENGTH__", "key": "__IMTKEY__"}


class MakeValues:
    """Writes the values of one step; what it can't write is collected in `findings` with its place. `by_hand`, the rest
    of the value is written all the same."""

    def __init__(
        self, step: AnyStep, steps: Mapping[str, AnyStep], ids: Mapping[str, int], by_hand: bool = False
    ) -> None:
        self._step, self._steps, self._ids, self._by_hand = step, steps, ids, by_hand
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
        if isinstance(value, str):
            return self._template(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return value

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """Fixed pieces and values as one text."""
        return "".join(part if isinstance(part, str) else self._as_text(part[0]) for part in parts)

    def json_text(self, value: JsonValue) -> JsonValue:
        """The value as JSON text. Make has no function that quotes: texts get their quotes, backslashes and line
        breaks escaped by `replace`, numbers and truth values stand as they are."""
        if isinstance(value, str) and (template := self._parse(value)) is not None and not template.is_literal:
            return self._json_of(template)
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
                    written["b"] = self._as_text(row.right) if not isinstance(row.right, str) else self.value(row.right)
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

    def _as_text(self, value: JsonValue) -> str:
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

    def _json_of(self, template: Template) -> str:
        whole = template.whole
        if whole is not None:
            kind = self._kind(whole)
            written = self._expression(whole)
            if kind in ("number", "boolean"):
                return f'{{{{ifempty({written}; "null")}}}}'
            if kind in ("array", "object"):
                self._found(
                    f"`{written}` is an {kind}, which Make can't write inside JSON text",
                    "write its fields out one by one, or make the JSON with the `json` app's `create` before",
                )
            return '"' + self._escaped(written) + '"'
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

    @staticmethod
    def _escaped(written: str) -> str:
        quotes = f'replace(replace({written}; "\\"; "\\\\"); """"; "\\""")'
        return f'{{{{replace(replace({quotes}; newline; "\\n"); carriagereturn; "")}}}}'

    def _kind(self, node: Node) -> str:
        """The type of an expression's value, as far as it is known before it runs; `any` when it isn't."""
        match node:
            case Literal(value=value):
                return "text" if isinstance(value, str) else "number"
            case Keyword(name=name):
                return {"true": "boolean", "false": "boolean", "emptyarray": "array"}.get(name, "text")
            case Binary(op=op):
                return "number" if op in "*/%-++" and op != "+" else "boolean" if op != "+" else "any"
            case Call(name=name):
                row = CATALOGUE.get(name)
                return row.returns if row else "any"
            case Reference():
                step = self._steps.get(node.step)
                return _declared_type(step, node.path) if step else "any"
            case _:
                return "any"

    def _found(self, what: str, hint: str = "") -> None:
        self.findings.append(Finding(rule="make.emit", severity="error", where=self._where, what=what, hint=hint))


def _declared_type(step: AnyStep, path: Path) -> str:
    dotted = ".".join(segment.name for segment in path if isinstance(segment, Field))
    declared: tuple[OutputField, ...] = tuple(output for output in step.outputs if output.path == dotted)
    if declared:
        return declared[0].type
    output = output_of(step, path)
    return output.type if output and len(path) == 1 else "any"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
