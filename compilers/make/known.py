"""What the registry knows of one module of a blueprint: which operation it is, where its outputs stand, and which of
its fields the operation doesn't read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.documents import items, members
from compilers.expressions.tree import Field, Index, Path
from compilers.make.headers import headers_of
from compilers.make.read_values import system_path
from compilers.make.source import Source
from compilers.registry import (
    App,
    Columns,
    MakeModule,
    Module,
    Operation,
    fields_of,
    read_one,
    registry,
    says_something,
)
from compilers.spec import OutputField

MOST_OUTPUTS = 200
_TYPES = {
    "text": "text", "number": "number", "integer": "number", "uinteger": "number", "boolean": "boolean", "date": "date",
    "time": "text", "array": "array", "collection": "object", "buffer": "file", "email": "text", "url": "text",
    "filename": "text",
}  # fmt: skip
_STARTS = re.compile(r":(?:.*?)(?:watch|trigger|^new|polling|listen|received|pressed|report$)", re.IGNORECASE)


@dataclass
class Known:
    """What the registry says of a module; `sure` where it lists that very name and version."""

    source: Source
    app: App | None = None
    name: str = ""
    operation: Operation | None = None
    form: MakeModule | None = None
    headers: tuple[str, ...] | None = None
    feeds: bool = False
    sure: bool = True

    @property
    def removes(self) -> bool:
        """Whether the operation takes something away for good."""
        return self.operation is not None and self.operation.removes


def look_up(source: Source, feeds: bool = False) -> Known:
    """What the registry knows of a module; `feeds`: whether an aggregator collects its bundles.

    A version that the registry doesn't list, or a name spelled a little otherwise, is the same operation only where
    that reads all its fields and finds there what it can't do without. What removes something is always asked for the
    first of these: the field that isn't read may be the one that says how much."""
    headers = headers_of(source.data)
    module = Module(source.mapper, source.parameters, headers, feeds=feeds)
    for app, name, form in registry().for_make(module, source.name):
        sure = form.module == source.name and form.takes(source.version)
        known = Known(source, app, name, app.operations[name], form, headers, feeds, sure)
        if (sure and not (known.removes and unread(known))) or _says_it_all(known, module):
            return known
    return Known(source, headers=headers, feeds=feeds)


def _says_it_all(known: Known, module: Module) -> bool:
    form, operation = known.form, known.operation
    if form is None or operation is None or unread(known):
        return False
    needed = (name for name, field in operation.inputs.items() if field.required and name in form.ways)
    whole = Module(module.mapper, module.parameters, module.headers, rest_of(known, form, module.mapper))
    return all(read_one(form.ways[name], whole) is not None for name in needed)


def starts(known: Known) -> bool:
    """Whether a module starts its scenario: by what the registry says of it, or else by its name."""
    if known.operation:
        return known.operation.kind == "trigger"
    return _STARTS.search(known.source.name) is not None or "__IMTHOOK__" in known.source.parameters


def path_reader(known: Known) -> Callable[[Path], Path]:
    """How a path of Make's into what the module gives is said neutrally."""
    outputs = known.operation.outputs if known.operation else {}
    placed: list[tuple[Path, str]] = []
    whole: str | None = None
    columns: str | None = None
    for name, output in outputs.items():
        if isinstance(output.make, Columns):
            ways = known.form.ways.get(output.make.columns, ()) if known.form else ()
            columns = columns or (name if any(way.how == "headers" for way in ways) else None)
        elif output.make == "":
            whole = whole or name
        elif output.make is not False:
            place = name if output.make is None else output.make
            placed.append((tuple(Index(int(p) + 1) if p.isdigit() else Field(p) for p in place.split(".")), name))
    placed.sort(key=lambda row: -len(row[0]))

    def read(path: Path) -> Path:
        system = system_path(path)
        if system is not None:
            return system
        for place, name in placed:
            if len(path) >= len(place) and all(map(_alike, path, place)):
                return (Field(name), *path[len(place) :])
        head = path[0] if path else None
        if columns and isinstance(head, Field) and head.name.isdigit() and known.headers is not None:
            column = int(head.name)
            if column < len(known.headers):
                return (Field(columns), Field(known.headers[column]), *path[1:])
        if whole and isinstance(head, Field) and head.name != "error":
            return (Field(whole), *path)
        return path

    return read


def _alike(given: object, wanted: object) -> bool:
    return given == wanted or (isinstance(wanted, Index) and wanted.n == 1 and type(given).__name__ == "First")


def declared_outputs(known: Known) -> tuple[OutputField, ...]:
    """The fields that the module's own description says it gives, under their neutral names."""
    read = path_reader(known)
    found: dict[str, OutputField] = {}
    interface = members(known.source.data.get("metadata")).get("interface")
    todo: list[tuple[Path, JsonValue]] = [((), entry) for entry in items(interface)]
    while todo and len(found) < MOST_OUTPUTS:
        above, entry = todo.pop(0)
        name = members(entry).get("name")
        if not isinstance(name, str) or not name:
            continue
        path = (*above, Field(name))
        dotted = ".".join(part.name for part in read(path) if isinstance(part, Field))
        kind = _TYPES.get(str(members(entry).get("type")), "any")
        label = members(entry).get("label")
        if dotted and len(dotted) <= 400:
            shown = label[:200] if isinstance(label, str) else ""
            found.setdefault(dotted, OutputField.model_validate({"path": dotted, "type": kind, "label": shown}))
        if kind == "object" and len(path) < 3:
            todo.extend((path, inner) for inner in items(members(entry).get("spec")))
    return tuple(found.values())


def _named(form: MakeModule) -> set[str]:
    """The fields that the form reads, asks something of, or knows to say nothing."""
    asked = {name for ways in form.ways.values() for way in ways for name in way.when}
    return fields_of(form.ways) | asked | {*form.ignores, *form.when}


def rest_of(known: Known, form: MakeModule, mapper: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The fields of the mapper that no input reads by name and that say something."""
    named = _named(form) | {name for name, value in (form.mapper or {}).items() if value == mapper.get(name)}
    return {name: value for name, value in mapper.items() if name not in named and says_something(value)}


def unread(known: Known) -> dict[str, JsonValue]:
    """The fields of a module that say something and that its operation doesn't read: what a migration leaves behind."""
    form, operation = known.form, known.operation
    if form is None or operation is None or known.app is None:
        return {}
    account = known.app.connection.make.parameter if known.app.connection and known.app.connection.make else ""
    passed = {*_named(form), *ACCOUNTS, account, form.hook or ""}
    if "*" in passed or any(way.how == "rest" for ways in form.ways.values() for way in ways):
        passed |= known.source.mapper.keys()
    fixed_values = {**form.parameters, **(form.mapper or {})}
    return {
        name: value
        for name, value in Module(known.source.mapper, known.source.parameters).fields()
        if name not in passed and fixed_values.get(name) != value
    }


def unknown_output(known: Known, path: Path) -> bool:
    """Whether a neutral path leads into a field that the registry doesn't list for the operation."""
    operation = known.operation
    if operation is None or operation.open_outputs or not path or not isinstance(path[0], Field):
        return False
    return path[0].name not in operation.outputs and path[0].name not in ("_index", "_total", "key", "error")


ACCOUNTS = ("__IMTCONN__", "account", "makeConnectionId", "accountImap", "__IMTHOOK__", "hook")
"""Parameters in which Make keeps accounts and webhooks, which are chosen anew on every platform."""
