"""Writes an operation's parameters for values that are known, as a call has them."""

from __future__ import annotations

import json

from pydantic import JsonValue

from compilers.expressions.values import text


class PlainWriter:
    """Writes values that hold no expressions any more."""

    def value(self, value: JsonValue) -> JsonValue:
        """The value."""
        return value

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """The text that the parts make."""
        return "".join(part if isinstance(part, str) else _text(part[0]) for part in parts)

    def as_text(self, value: JsonValue) -> JsonValue:
        """The value as a text."""
        return _text(value)

    def json_text(self, value: JsonValue) -> JsonValue:
        """The value as JSON text."""
        return json.dumps(value, ensure_ascii=False)

    def javascript(self, value: JsonValue) -> str:
        """The value as JavaScript, which JSON is."""
        return json.dumps(value, ensure_ascii=False)


PLAIN = PlainWriter()


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else text(value)  # type: ignore[arg-type]  # a JSON value is a value
