"""Values of the spec as the input values of a step of Zapier."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import with_texts
from compilers.errors import CompileError, Finding, UserError
from compilers.export import Translation
from compilers.expressions.parser import parse
from compilers.registry import bind
from compilers.zapier.code import Calculator
from compilers.zapier.tokens import TokenWriter


class ZapierValues:
    """Writes the values of one step (a `ValueWriter`); what it can't write is left out and goes into `findings`. The
    Code step of `code` works out what no token is."""

    def __init__(self, step: str, writer: TokenWriter, findings: list[Finding], code: Calculator) -> None:
        self._step, self._writer, self._findings, self._code = step, writer, findings, code
        self.translations: list[Translation] = []

    def bound(self, binding: JsonValue, inputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The input values that a registry's binding gives."""
        return bind(binding, inputs, self)

    def value(self, value: JsonValue) -> JsonValue:
        """The value with every template in it in Zapier's tokens."""
        return with_texts(value, self._template)

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """Fixed pieces and values as one text."""
        return "".join(part if isinstance(part, str) else self.as_text(part[0]) for part in parts)

    def as_text(self, value: JsonValue) -> str:
        """The value as a text; a list or an object as JSON."""
        if isinstance(value, str):
            return self._template(value)
        return "" if value is None else self.json_text(value)

    def json_text(self, value: JsonValue) -> str:
        """A value as JSON text: Zapier quotes no mapped ones, so those are put there by a Code step."""
        text = json.dumps(value, ensure_ascii=False)
        return "{{" + self._code.json(value) + "}}" if "{{" in text else text

    def javascript(self, value: JsonValue) -> str:
        """Fields of Zapier take no JavaScript. Raises `CompileError`."""
        raise CompileError("a field of Zapier takes no JavaScript", hint="calculate it in a Code step before")

    def _template(self, text: str) -> str:
        if "{{" not in text:
            return text
        try:
            written = self._writer.template(parse(text))
            self.translations.append(Translation(where=f"steps.{self._step}", source=text, written=written))
            return written
        except UserError as error:
            where = f"steps.{self._step}"
            self.translations.append(Translation(where=where, source=text, why=error.what))
            self._findings.append(
                Finding(rule="zapier.emit", severity="error", where=where, what=error.what, hint=error.hint)
            )
            return ""
