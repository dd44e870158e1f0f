"""Reading: how a platform's own fields become an operation's neutral inputs again, said as data.

It is the way back from what `binding` writes. Without more words, an input is read from where the module's binding
puts it: `"$name"`, `{"$text": "/${name}"}`, `{"$list": "name"}` and `{"$map": "name", "$cases": ...}` are turned
round. Where that isn't enough, the module's `reads` says for an input where it stands, as one of these or a list of
them, of which the first that is there is taken:

* `field`: a field of the mapper or of the parameters; `field.sub.0` goes further in. `*`: the whole mapper.
* `{from: field, when: {bodyType: raw}}`: only when other fields have these values (a list: one of them; `true`: given,
  `false`: not given). `__feeds__` is true of a module whose bundles some aggregator collects.
* `trim: "/"`: what follows the last such character, as in a path of ids. `cases: {get: GET}`: fixed values by name.
* `as: pairs`: a list of `{name, value}` or `{key, value}` becomes a map. `as: list`: one value becomes a list of one.
  `as: items` with `item: text`: that field of each element. `as: text`: a list becomes one text, its elements apart by
  commas.
* `as: columns`: a map by column index becomes one by the headers that the module's own description shows.
  `as: headers`: those headers. `as: letters`: a condition's column letters become headers. None of these is there
  without headers.
* `as: typed`: its fixed texts become the numbers and truth values that the module's own description declares.
* `as: rest`: the fields of the mapper that nothing else reads, as a map.
* `prefix: "COL$"`: the fields whose names begin so, as a map by the rest of their names; with `as: places`, the rest
  is a column's letter and becomes its place, from 0. `starts: ":"`: only a text that begins so.
* `value: x`: fixed, with `when`. `unless: other`: not where the input `other` was read already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from compilers.registry.binding import as_plain_inputs

How = Literal["value", "pairs", "list", "items", "text", "columns", "headers", "letters", "rest", "typed", "places"]


class Read(BaseModel):
    """Where one input stands among a module's fields; see the module's docstring."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: str = Field(default="", alias="from")
    when: dict[str, JsonValue] = Field(default_factory=dict)
    prefix: str = ""
    starts: str = ""
    trim: str = ""
    cases: dict[str, JsonValue] = Field(default_factory=dict)
    how: How = Field(default="value", alias="as")
    item: str = ""
    value: JsonValue = None
    unless: str = Field(default="", description="an input that makes this one needless when it is given")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: object) -> object:
        return {"from": given} if isinstance(given, str) else given


class Module:
    """One module of an export as a reader sees it: fields by name, the mapper's before the parameters'."""

    def __init__(
        self,
        mapper: Mapping[str, JsonValue],
        parameters: Mapping[str, JsonValue],
        headers: Sequence[str] | None = None,
        rest: Mapping[str, JsonValue] | None = None,
        described: Sequence[JsonValue] = (),
        feeds: bool = False,
    ) -> None:
        self.mapper, self.parameters, self.headers, self.rest = mapper, parameters, headers, rest
        self.described, self.feeds = described, feeds

    def look_up(self, path: str) -> JsonValue:
        """What stands at a path; None for nothing. `*` is all of the mapper."""
        if path == "*":
            return dict(self.mapper) or None
        if path == "__feeds__":
            return self.feeds
        if path in self.mapper or path in self.parameters:
            return self.mapper.get(path, self.parameters.get(path))
        head, *rest = path.split(".")
        value: JsonValue = self.mapper.get(head, self.parameters.get(head))
        for part in rest:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        return value

    def prefixed(self, head: str) -> JsonValue:
        """The fields whose names begin with `head`, by the rest of their names; None when there are none."""
        return {name.removeprefix(head): value for name, value in self.fields() if name.startswith(head)} or None

    def fields(self) -> Iterator[tuple[str, JsonValue]]:
        """Every field that says something."""
        for part in (self.parameters, self.mapper):
            yield from ((name, value) for name, value in part.items() if says_something(value))


def says_something(value: JsonValue) -> bool:
    """Whether a field was filled in at all."""
    if isinstance(value, dict):
        return any(map(says_something, value.values()))
    if isinstance(value, list):
        return any(map(says_something, value))
    return value is not None and value != "" and value is not False


def holds(conditions: Mapping[str, JsonValue], module: Module) -> bool:
    """Whether the module's fields have the wanted values."""
    return all(_is(module.look_up(name), wanted) for name, wanted in conditions.items())


def _is(value: JsonValue, wanted: JsonValue) -> bool:
    if isinstance(wanted, list):
        return any(_is(value, one) for one in wanted)
    if isinstance(wanted, bool):
        given = value not in (None, "", [], {}, "false") and value is not False
        return given is wanted
    return value == wanted or (value is not None and str(value) == str(wanted))


def read_one(ways: Sequence[Read], module: Module) -> JsonValue:
    """The value of an input by the first of the ways that gives one; None when none does."""
    for way in ways:
        if not holds(way.when, module):
            continue
        if way.prefix:
            value = _shaped(module.prefixed(way.prefix), way, module)
        elif way.source or way.how == "rest":
            value = _shaped(module.look_up(way.source), way, module)
        else:
            value = way.value
        if value is not None and value != "":
            return value
    return None


def _shaped(value: JsonValue, way: Read, module: Module) -> JsonValue:
    if way.how == "headers":
        return None if module.headers is None else list(module.headers)
    if way.how == "rest":
        return dict(module.rest or {}) or None
    if value is None:
        return None
    if way.starts and not str(value).startswith(way.starts):
        return None
    if way.cases:
        known = str(value).lower() if isinstance(value, bool) else str(value)
        return way.cases.get(known)
    if way.trim and isinstance(value, str) and "{{" not in value:
        value = value.rstrip(way.trim).rpartition(way.trim)[2]
    match way.how:
        case "typed":
            return typed(value, {"spec": [*module.described]} if way.source == "*" else _described(module, way.source))
        case "pairs":
            return _pairs(value)
        case "list":
            return value if isinstance(value, list) else [value]
        case "items":
            parts = value if isinstance(value, list) else [value]
            return [part.get(way.item) if isinstance(part, dict) else part for part in parts]
        case "text":
            return ", ".join(map(str, value)) if isinstance(value, list) else value
        case "columns":
            return _by_header(value, module.headers)
        case "places":
            return _placed(value)
        case "letters":
            return _lettered(value, module.headers)
        case _:
            return value


def _described(module: Module, path: str) -> JsonValue:
    """What the module's description says of a field."""
    found: JsonValue = {"spec": [*module.described]}
    for name in path.split("."):
        entries = found.get("spec") if isinstance(found, dict) else None
        listed = entries if isinstance(entries, list) else []
        found = next((one for one in listed if isinstance(one, dict) and one.get("name") == name), None)
    return found


def typed(value: JsonValue, described: JsonValue) -> JsonValue:
    """A value with its fixed texts as the numbers and truth values that its description declares."""
    about = described if isinstance(described, dict) else {}
    spec = about.get("spec")
    if isinstance(value, dict) and isinstance(spec, list):
        fields = {one.get("name"): one for one in spec if isinstance(one, dict)}
        return {name: typed(item, fields.get(name)) for name, item in value.items()}
    if isinstance(value, list):
        inner: JsonValue = spec if isinstance(spec, dict) else {"spec": spec} if isinstance(spec, list) else None
        return [typed(item, inner) for item in value]
    kind = {"integer": "number", "uinteger": "number"}.get(str(about.get("type")), str(about.get("type")))
    return as_type(kind, value)


_DIGITS = re.compile(r"-?(?:\d{1,15}(?:\.\d{1,10})?|\.\d{1,10})\Z")


def as_type(kind: str, value: JsonValue) -> JsonValue:
    """A fixed text as the type that its field has; what doesn't fit stays as it is."""
    if kind == "number" and isinstance(value, str) and _DIGITS.match(value.strip()):
        text = value.strip()
        return float(text) if "." in text else int(text)
    if kind == "boolean" and isinstance(value, str) and value.strip("{} ").lower() in ("true", "false"):
        return value.strip("{} ").lower() == "true"
    if kind == "text" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def _pairs(value: JsonValue) -> JsonValue:
    """A map, where every entry has a name of its own; else the list as it is."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    found: dict[str, JsonValue] = {}
    for entry in value:
        if not isinstance(entry, dict):
            return value
        name = entry.get("name", entry.get("key"))
        if name is None and not says_something(entry):
            continue
        if not isinstance(name, str) or name in found:
            return value
        found[name] = entry.get("value")
    return found or None


def _by_header(value: JsonValue, headers: Sequence[str] | None) -> JsonValue:
    if headers is None or not isinstance(value, dict):
        return None
    found: dict[str, JsonValue] = {}
    for name, item in value.items():
        if not name.isdigit() or int(name) >= len(headers):
            return None
        if item is not None and item != "":
            found[headers[int(name)]] = item
    return found


def _lettered(value: JsonValue, headers: Sequence[str] | None) -> JsonValue:
    """A filter's groups with headers in place of column letters."""
    if headers is None or not isinstance(value, list):
        return None
    groups: list[JsonValue] = []
    for group in value:
        rows: list[JsonValue] = []
        for row in group if isinstance(group, list) else []:
            if not isinstance(row, dict) or not (row.get("a") or row.get("o")):
                continue
            column = _column(row.get("a"))
            if column is None or column >= len(headers):
                return None
            rows.append({**row, "a": headers[column]})
        if rows:
            groups.append(rows)
    return groups or None


def _placed(value: JsonValue) -> JsonValue:
    """A map by the places of columns instead of their letters; None where a key is no column's letter."""
    if not isinstance(value, dict):
        return None
    places = {_column(letters): item for letters, item in value.items()}
    return None if None in places else {str(place): item for place, item in places.items()}


def _column(letters: JsonValue) -> int | None:
    """The place, from 0, of a column that a spreadsheet calls A, B ... Z, AA."""
    if not isinstance(letters, str) or not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        return None
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def fields_of(ways: Mapping[str, Sequence[Read]]) -> set[str]:
    """The top-level fields in which the inputs of an operation stand."""
    return {way.source.split(".")[0] for one in ways.values() for way in one if way.source}


def turned_round(binding: Mapping[str, JsonValue] | None) -> dict[str, tuple[Read, ...]]:
    """How to read each input that a binding puts at a place of its own."""
    found: dict[str, tuple[Read, ...]] = {}
    for name, place, details in as_plain_inputs(dict(binding or {})):
        way = Read.model_validate({"from": place, **details})
        found[name] = (*found.get(name, ()), way)
    return found
