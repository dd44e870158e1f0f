"""Realistic inputs for every operation of the registry, and a plain writer of n8n's notation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from compilers.registry import App, InputField, Operation, registry

BY_TYPE: Mapping[str, JsonValue] = {
    "text": "some text",
    "number": 7,
    "boolean": True,
    "date": "2026-11-23T09:00:00Z",
    "array": ["one", "two"],
    "object": {"name": "Ada", "size": "{{ lead.body.size }}"},
    "file": "{{ report.data }}",
    "any": "{{ lead.body }}",
}
_EXPRESSION = re.compile(r"\{\{\s*([a-z_][\w.]*)\s*\}\}")


class PlainN8n:
    """Writes templates whose expressions are plain references, as n8n expressions on the item itself."""

    def value(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.text([(value,)]) if "{{" in value or value.startswith("=") else value
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return value

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        if all(isinstance(part, str) or "{{" not in str(part[0]) for part in parts):
            return "".join(part if isinstance(part, str) else str(part[0]) for part in parts)
        source = " + ".join(json.dumps(part) if isinstance(part, str) else self.javascript(part[0]) for part in parts)
        return f"={{{{ {source} }}}}"

    def as_text(self, value: JsonValue) -> JsonValue:
        return self.text([(value,)])

    def json_text(self, value: JsonValue) -> JsonValue:
        return f"={{{{ JSON.stringify({self.javascript(value)}) }}}}"

    def javascript(self, value: JsonValue) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{json.dumps(key)}: {self.javascript(item)}" for key, item in value.items()) + " }"
        if isinstance(value, list):
            return "[" + ", ".join(self.javascript(item) for item in value) + "]"
        if not isinstance(value, str):
            return json.dumps(value)
        pieces = _EXPRESSION.split(value)
        sources = [f"$json.{piece}" if index % 2 else json.dumps(piece) for index, piece in enumerate(pieces)]
        return " + ".join(source for source in sources if source != '""') or '""'


def operations() -> Iterator[tuple[str, App, Operation]]:
    """Every operation, with its name as `app.operation`."""
    for app in registry().apps.values():
        for name, operation in app.operations.items():
            yield f"{app.app}.{name}", app, operation


def sample(field: InputField) -> JsonValue:
    """A realistic value of an input: its example, its default, an option, or one of its type."""
    for known in (field.example, field.default, field.options[0] if field.options else None):
        if known is not None:
            return known
    return BY_TYPE[field.type]


def literal(field: InputField, value: JsonValue) -> JsonValue:
    """The same value without expressions."""
    if field.type == "number" and isinstance(value, str):
        return 7
    return _without_expressions(value)


def _without_expressions(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _EXPRESSION.sub("7", value)
    if isinstance(value, list):
        return [_without_expressions(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_expressions(item) for key, item in value.items()}
    return value


def input_sets(operation: Operation) -> dict[str, dict[str, JsonValue]]:
    """Sets of inputs by a word: `all` of them, only the `required` ones, and all of them `fixed`. Defaults are in."""
    fields = operation.inputs
    defaults = {name: field.default for name, field in fields.items() if field.default is not None}
    everything = {name: sample(field) for name, field in fields.items()}
    required = {**defaults, **{name: value for name, value in everything.items() if fields[name].required}}
    sets = {"all": everything, "required": required}
    sets["fixed"] = {name: literal(fields[name], value) for name, value in everything.items()}
    for name, field in fields.items():
        others: list[JsonValue] = [typed(field, option) for option in field.options]
        others += [True, False] if field.type == "boolean" else []
        sets |= {f"{name}={other}": {**everything, name: other} for other in others}
    return sets


def typed(field: InputField, option: str) -> JsonValue:
    """An option as a value of its field's type."""
    return int(option) if field.type == "number" else option
