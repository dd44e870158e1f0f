"""Binding: how an operation's neutral inputs become a platform's parameters, said as data.

A binding is JSON; these forms in it are replaced, everything else is taken as it stands:

* `"$name"`: the input; the key is left out when the input is not given. `"$$name"`: the text `$name`.
* `{"$text": "/${id}"}`: text with inputs woven in.
* `{"$each": "headers", "$as": X}`: a list with `X` for each entry, where `$key` and `$value` (of a map) or `$item`
  and `$item.x` (of a list) stand for it. Standing in a list, it gives its entries to that list. With
  `"$headers": "columns"` the keys are column headers, and `$column` (from 0) and `$letter` (from A) their places there.
* `{"$entries": "values", "$as": X}`: a map with the same keys instead; `"$and": {"id": Y}` puts further keys before
  them, and `"$key": "value.id"` takes the key from the entry where it has one; `"$key": "COL$${letter}"` weaves it.
* `{"$columns": "values", "$headers": "headers"}`: a map from column index to value, for values by header; without
  `$headers`, the values stand in the order of the columns.
* `{"$list": "to"}`: the input as a list; what is no list is a list of one. `{"$join": "to", "$with": ", "}`: its items
  as one text.
* `{"$map": "method", "$cases": {"GET": "get"}, "$else": X}`: the case for a fixed input; `$else` when there is none.
* `{"$if": "name", "$then": X, "$else": Y}`: `X` when the input is given (and not `false`), else `Y` or nothing.
* `{"$string": "body"}`: the input as a text, also where it is a number or isn't there when the step runs.
* `{"$json": "body"}`: the input as JSON text, correctly quoted whatever the values are.
* `{"$js": "return ${text}.length"}`: JavaScript source with inputs as JavaScript values (n8n Code nodes).

Inputs hold the spec's templates; a `ValueWriter` puts them in the platform's notation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from pydantic import JsonValue

from compilers.errors import CompileError, RegistryError, shorten

_SPOT = re.compile(r"\$\{([a-z_][a-z0-9_.]*)\}")
_ONE_SPOT = re.compile(r"([^$]*)\$\{([a-z_][a-z0-9_]*)\}\Z")
_FORMS = ("$text", "$each", "$entries", "$columns", "$list", "$join", "$map", "$if", "$json", "$string", "$js")
_DETAILS = ("$headers", "$key", "$with", "$and")
_LOCAL = frozenset({"key", "value", "item", "index", "column", "letter"})


class ValueWriter(Protocol):
    """Writes values of the spec in one platform's notation."""

    def value(self, value: JsonValue) -> JsonValue:
        """A value whose strings are templates."""

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        """Text made of fixed pieces and of values, each value in a tuple of one."""

    def as_text(self, value: JsonValue) -> JsonValue:
        """The value as a text, whatever it is."""

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
        used = template.startswith("$") and not template.startswith("$$")
        return frozenset([template[1:].split(".")[0]]) if used else frozenset()
    if isinstance(template, list):
        return frozenset().union(*(inputs_of(item) for item in template))
    if not isinstance(template, dict):
        return frozenset()
    form = _form_of(template)
    if form is None:
        return frozenset().union(*(inputs_of(item) for item in template.values()))
    if form in ("$text", "$js"):
        return frozenset(spot.split(".")[0] for spot in _SPOT.findall(str(template[form])))
    names = {str(template[form]).split(".")[0], *([str(template["$headers"])] if "$headers" in template else [])}
    if form == "$map":
        cases = template.get("$cases")
        parts = [*(cases.values() if isinstance(cases, dict) else []), template.get("$else")]
    else:
        parts = [item for key, item in template.items() if key != form and key not in _DETAILS]
    inside = frozenset().union(*(inputs_of(item) for item in parts))
    if form in ("$each", "$entries"):
        inside -= _LOCAL
    return frozenset(names) | inside | inputs_of(template.get("$and"))


def as_plain_inputs(template: JsonValue, place: str = "") -> Iterator[tuple[str, str, dict[str, JsonValue]]]:
    """The inputs that a binding puts at a place of their own: name, place, and how `reading` gets them back."""
    if isinstance(template, str):
        if template.startswith("$") and not template.startswith("$$") and "." not in template:
            yield template[1:], place, {}
        return
    if isinstance(template, list):
        for index, item in enumerate(template):
            yield from as_plain_inputs(item, f"{place}.{index}")
        return
    if not isinstance(template, dict):
        return
    form = _form_of(template)
    if form is None:
        for key, item in template.items():
            yield from as_plain_inputs(item, f"{place}.{key}" if place else key)
    elif form == "$text":
        spot = _ONE_SPOT.fullmatch(str(template[form]))
        if spot:
            yield spot[2], place, {"trim": spot[1][-1]} if spot[1] else {}
    elif form == "$string":
        yield str(template[form]), place, {}
    elif form == "$list":
        yield str(template[form]), place, {"as": "list"}
    elif form == "$map" and isinstance(cases := template.get("$cases"), dict):
        fixed = {str(item): key for key, item in cases.items() if isinstance(item, (str, int)) and item != ""}
        if fixed and not any(str(item).startswith("$") for item in fixed):
            yield str(template[form]), place, {"cases": {**fixed}}
    elif form == "$if":
        yield from as_plain_inputs(template.get("$then"), place)


def _form_of(template: Mapping[str, JsonValue]) -> str | None:
    return next((name for name in _FORMS if name in template), None)


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
        return _bind_list(template, inputs, writer)
    if not isinstance(template, dict):
        return template
    form = _form_of(template)
    if form:
        return _bind_form(form, template, inputs, writer)
    bound = {key: _bind(item, inputs, writer) for key, item in template.items()}
    return {key: item for key, item in bound.items() if not isinstance(item, _Missing)}


def _bind_list(template: list[JsonValue], inputs: Mapping[str, JsonValue], writer: ValueWriter) -> list[JsonValue]:
    items: list[JsonValue] = []
    for part in template:
        item = _bind(part, inputs, writer)
        if isinstance(item, _Missing):
            continue
        spread = isinstance(part, dict) and "$each" in part
        items.extend(item if spread and isinstance(item, list) else [item])
    return items


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
        return _bind_case(name, value, template, inputs, writer)
    if isinstance(value, _Missing):
        return _MISSING
    if form == "$json":
        return writer.json_text(value)
    if form == "$string":
        return writer.as_text(value)
    if form == "$list":
        return [writer.value(item) for item in (value if isinstance(value, list) else [value])]
    if form == "$join":
        return _join(value, str(template.get("$with", ", ")), writer)
    headers = _headers(template, inputs)
    if form == "$columns":
        return _by_column(name, value, headers, writer)
    return _bind_entries(form, _entries(name, value, headers), template, inputs, writer)


def _bind_case(
    name: str,
    value: JsonValue | _Missing,
    template: dict[str, JsonValue],
    inputs: Mapping[str, JsonValue],
    writer: ValueWriter,
) -> JsonValue | _Missing:
    cases = template.get("$cases")
    if not isinstance(cases, dict):
        raise RegistryError(f"`$map` of `{name}` needs `$cases`")
    key = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, _Missing) and key in cases:
        return _bind(cases[key], inputs, writer)
    return _bind(template["$else"], inputs, writer) if "$else" in template else _MISSING


def _bind_entries(
    form: str,
    entries: list[dict[str, JsonValue]],
    template: dict[str, JsonValue],
    inputs: Mapping[str, JsonValue],
    writer: ValueWriter,
) -> JsonValue:
    listed: list[JsonValue] = []
    mapped: dict[str, JsonValue] = {}
    for index, entry in enumerate(entries):
        scope = {**inputs, **entry, "index": index, "key": _plain(str(entry["key"]))}
        item = _bind(template.get("$as", "$item"), scope, writer)
        if isinstance(item, _Missing):
            continue
        listed.append(item)
        mapped[_key_of(str(template.get("$key", "key")), entry)] = item
    if form == "$each":
        return listed
    beside = _bind(template.get("$and", {}), inputs, writer)
    return {**(beside if isinstance(beside, dict) else {}), **mapped}


def _key_of(key: str, entry: Mapping[str, JsonValue]) -> str:
    """The key that an entry gets: woven of the entry, taken from it, or the one that it has."""
    if _SPOT.search(key):
        return _SPOT.sub(lambda spot: str(entry.get(spot[1], "")), key)
    own = _look_up(key, entry)
    return str(entry["key"] if isinstance(own, _Missing) else own)


def _plain(text: str) -> str:
    """A template that gives just this text, whatever is in it."""
    return text.replace("{{", '{{ "{{" }}')


def _entries(name: str, value: JsonValue, headers: list[JsonValue] | None) -> list[dict[str, JsonValue]]:
    entries: list[dict[str, JsonValue]]
    if isinstance(value, dict):
        entries = [{"key": key, "value": item, "item": item} for key, item in value.items()]
    elif isinstance(value, list):
        entries = [{"key": str(index), "value": item, "item": item} for index, item in enumerate(value)]
    else:
        raise CompileError(f"input `{name}` must be a list or a map", hint="write its entries out one by one")
    if headers is None:
        return [_with_letter(entry) for entry in entries]
    columns = [_column(name, str(entry["key"]), headers) for entry in entries]
    return [
        {**entry, "column": str(column), "letter": _letter(column)}
        for entry, column in zip(entries, columns, strict=True)
    ]


def _with_letter(entry: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """An entry whose key is a place, from 0, with the letter of the column there."""
    key = str(entry["key"])
    return {**entry, "letter": _letter(int(key))} if key.isascii() and key.isdigit() else entry


def _headers(template: dict[str, JsonValue], inputs: Mapping[str, JsonValue]) -> list[JsonValue] | None:
    """The column headers that a form refers to; None when it refers to none."""
    if "$headers" not in template:
        return None
    headers = _look_up(str(template["$headers"]), inputs)
    if isinstance(headers, list):
        return headers
    raise CompileError(
        f"input `{template['$headers']}` is needed to know the columns",
        hint="list the sheet's column headers there, in order",
    )


def _column(name: str, header: str, headers: list[JsonValue]) -> int:
    if header not in headers:
        raise CompileError(
            f"`{name}` uses the column `{shorten(header)}`, which the sheet's headers don't list",
            hint="list all headers of the sheet, in order",
        )
    return headers.index(header)


def _letter(column: int) -> str:
    """A spreadsheet's name for a column counted from 0: A, B ... Z, AA."""
    letters = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        letters = chr(ord("A") + rest) + letters
        column -= 1
    return letters


def _by_column(name: str, value: JsonValue, headers: list[JsonValue] | None, writer: ValueWriter) -> JsonValue:
    if not isinstance(value, dict):
        raise CompileError(f"input `{name}` must be a map from column header to value")
    known: list[JsonValue] = headers if headers is not None else [*value]
    return {str(_column(name, header, known)): writer.value(item) for header, item in value.items()}


def _join(value: JsonValue, separator: str, writer: ValueWriter) -> JsonValue:
    if not isinstance(value, list):
        return writer.value(value)
    parts: list[str | tuple[JsonValue]] = []
    for item in value:
        parts.extend([separator, (item,)] if parts else [(item,)])
    return writer.text(parts)


def _operand(javascript: str) -> str:
    """The expression so that it can stand beside any operator: `??` mixes with none."""
    return f"({javascript})" if "??" in javascript else javascript


def _weave(form: str, text: str, inputs: Mapping[str, JsonValue], writer: ValueWriter) -> JsonValue | _Missing:
    pieces = _SPOT.split(text)
    values = [_look_up(name, inputs) for name in pieces[1::2]]
    if form == "$js":
        spots = ["null" if isinstance(value, _Missing) else _operand(writer.javascript(value)) for value in values]
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
