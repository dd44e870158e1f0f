"""Binding: how an operation's neutral inputs become a platform's parameters, said as data.

A binding is JSON; these forms in it are replaced, everything else is taken as it stands:

* `"$name"`: the input; the key is left out when the input is not given. `"$$name"`: the text `$name`.
* `{"$text": "/${id}"}`: text with inputs woven in.
* `{"$each": "headers", "$as": X}`: a list with `X` for each entry, where `$key` and `$value` (of a map) or `$item` and
  `$item.x` (of a list) stand for it. `{"$entries": "values", "$as": X}`: a map with the same keys instead.
* `{"$columns": "values", "$headers": "headers"}`: a map from column index to value, for values by header.
* `{"$map": "method", "$cases": {"GET": "get"}, "$else": X}`: the case for a fixed input; `$else` when there is none.
* `{"$if": "name", "$then": X, "$else": Y}`: `X` when the input is given (and not `false`), else `Y` or nothing.
* `{"$json": "body"}`: the input as JSON text, correctly quoted whatever the values are.
* `{"$js": "return ${text}.length"}`: JavaScript source with inputs as JavaScript values (n8n Code nodes).

Inputs hold the spec's templates; a `ValueWriter` puts them in the platform's notation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from compilers.errors import CompileError, RegistryError

_SPOT = re.compile(r"\$\{([a-z_][a-z0-9_.]*)\}")
_FORMS = ("$text", "$each", "$entries", "$columns", "$map", "$if", "$json", "$js")


class ValueWriter(Protocol):
    """Writes values of the spec in one platform's notation."""

    def value(self, value: JsonValue) -> JsonValue:
        """A value whose strings are templates."""

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """Text made of fixed pieces and of values, each value in a tuple of one."""

    def json_text(self, value: JsonValue) -> JsonValue:
        """The value as JSON text."""

    def javascript(self, value: JsonValue) -> str:
        """The value as a JavaScript expression."""


class _Missing:
    """The input was not given: the key that would hold it is left out."""


_MISSING = _Missing()


def bind(template: JsonValue, inputs: Mapping[str, JsonValue], writer: ValueWriter) -> dict[str, JsonValue]:
    """The parameters that `template` gives for `inputs`. Raises `RegistryError` for a template that is wrong and
    `CompileError` for an input that can't be used that way."""
    bound = _bind(template, inputs, writer)
    if not isinstance(bound, dict):
        raise RegistryError("the binding of an operation must give an object")
    return bound


def inputs_of(template: JsonValue) -> frozenset[str]:
    """The names of the inputs that a binding uses."""
    if isinstance(template, str):
        return (
            frozenset([template[1:].split(".")[0]])
            if template.startswith("$") and not template.startswith("$$")
            else frozenset()
        )
    if isinstance(template, list):
        return frozenset().union(*(inputs_of(item) for item in template))
    if not isinstance(template, dict):
        return frozenset()
    form = next((name for name in _FORMS if name in template), None)
    names: frozenset[str] = frozenset()
    if form in ("$text", "$js"):
        names = frozenset(spot.split(".")[0] for spot in _SPOT.findall(str(template[form])))
    elif form:
        names = frozenset([str(template[form]), *([str(template["$headers"])] if "$headers" in template else [])])
    rest = frozenset().union(*(inputs_of(item) for key, item in template.items() if key not in (*_FORMS, "$headers")))
    local = {"key", "value", "item", "index"} if form in ("$each", "$entries") else set()
    return names | (rest - local)


def _look_up(name: str, inputs: Mapping[str, JsonValue]) -> JsonValue | _Missing:
    head, *rest = name.split(".")
    value: JsonValue | _Missing = inputs.get(head, _MISSING)
    for part in rest:
        value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
    return _MISSING if value is None else value


def _bind(template: JsonValue, inputs: Mapping[str, JsonValue], writer: ValueWriter) -> JsonValue | _Missing:
    if isinstance(template, str):
        if template.startswith("$$"):
            return template[1:]
        if not template.startswith("$"):
            return template
        value = _look_up(template[1:], inputs)
        return value if isinstance(value, _Missing) else writer.value(value)
    if isinstance(template, list):
        items = [_bind(item, inputs, writer) for item in template]
        return [item for item in items if not isinstance(item, _Missing)]
    if not isinstance(template, dict):
        return template
    form = next((name for name in _FORMS if name in template), None)
    if form:
        return _bind_form(form, template, inputs, writer)
    bound = {key: _bind(item, inputs, writer) for key, item in template.items()}
    return {key: item for key, item in bound.items() if not isinstance(item, _Missing)}


def _bind_form(
    form: str, template: dict[str, JsonValue], inputs: Mapping[str, JsonValue], writer: ValueWriter
) -> JsonValue | _Missing:
    name = str(template[form])
    if form in ("$text", "$js"):
        return _weave(form, name, inputs, writer)
    value = _look_up(name, inputs)
    if form == "$if":
        chosen = "$else" if isinstance(value, _Missing) or value is False else "$then"
        return _bind(template[chosen], inputs, writer) if chosen in template else _MISSING
    if form == "$map":
        cases = template.get("$cases")
        if not isinstance(cases, dict):
            raise RegistryError(f"`$map` of `{name}` needs `$cases`")
        if not isinstance(value, _Missing) and str(value) in cases:
            return _bind(cases[str(value)], inputs, writer)
        return _bind(template["$else"], inputs, writer) if "$else" in template else _MISSING
    if isinstance(value, _Missing):
        return _MISSING
    if form == "$json":
        return writer.json_text(value)
    if form == "$columns":
        return _by_column(name, value, _look_up(str(template.get("$headers")), inputs), writer)
    entries = _entries(name, value)
    local = [{**inputs, "index": index, **entry} for index, entry in enumerate(entries)]
    bound = [_bind(template.get("$as", "$item"), scope, writer) for scope in local]
    if form == "$each":
        return [item for item in bound if not isinstance(item, _Missing)]
    return {
        str(entry["key"]): item for entry, item in zip(entries, bound, strict=True) if not isinstance(item, _Missing)
    }


def _entries(name: str, value: JsonValue) -> list[dict[str, JsonValue]]:
    if isinstance(value, dict):
        return [{"key": key, "value": item, "item": item} for key, item in value.items()]
    if isinstance(value, list):
        return [{"key": str(index), "value": item, "item": item} for index, item in enumerate(value)]
    raise CompileError(f"input `{name}` must be a list or a map", hint="write its entries out one by one")


def _by_column(name: str, value: JsonValue, headers: JsonValue | _Missing, writer: ValueWriter) -> JsonValue:
    if not isinstance(value, dict):
        raise CompileError(f"input `{name}` must be a map from column header to value")
    if not isinstance(headers, list):
        headers = list(value)
    columns: dict[str, JsonValue] = {}
    for header, item in value.items():
        if header not in headers:
            raise CompileError(f"`{name}` sets the column `{header}`, which the sheet's headers don't list")
        columns[str(headers.index(header))] = writer.value(item)
    return columns


def _weave(form: str, text: str, inputs: Mapping[str, JsonValue], writer: ValueWriter) -> JsonValue | _Missing:
    pieces = _SPOT.split(text)
    values = [_look_up(name, inputs) for name in pieces[1::2]]
    if form == "$js":
        spots = ["null" if isinstance(value, _Missing) else writer.javascript(value) for value in values]
        return "".join(piece + spot for piece, spot in zip(pieces[::2], [*spots, ""], strict=True))
    parts: list[str | tuple[JsonValue]] = []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            parts.append(piece)
            continue
        value = values[index // 2]
        if isinstance(value, _Missing):
            return _MISSING
        parts.append((value,))
    return writer.text(parts)
