"""The parts of documents that can be wrong, and faults of their structure: lost branches, swapped outputs, handlers.

A *part* is a node or a module, with the step that it stands for. Nothing is changed that can't change what happens:
nodes that no wire reaches, wires to nodes that do nothing and lead nowhere, filters that never let anything pass (they
only keep n8n's items related), and Make's guard against the empty bundle of a search, which stands beside the client's
own filter.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.export import Export
from manageai_assets.testing.making import replaced, without
from tests.live.fault_edits import GONE

Path = tuple[str | int, ...]
Structural = tuple[str, str, str, Object]
"""Operator, step, what is wrong, and the document with it."""


@dataclass(frozen=True)
class Part:
    """A node or a module: where it stands in the document, what it is, and the step that it belongs to."""

    at: Path
    content: Object
    name: str
    kind: str
    step: str

    def values(self) -> Iterator[tuple[Path, JsonValue]]:
        """Every value in it that matters, with its path in the part."""
        for root in ("parameters", "mapper", "filter", "outputs"):
            yield from _values(self.content.get(root), (root,))
        for number, branch in enumerate(map(members, items(self.content.get("branches")))):
            yield from _values(branch.get("conditions"), ("branches", number, "conditions"))


def _values(value: JsonValue, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    yield path, value
    if isinstance(value, dict) and "__IMTLENGTH__" not in str(value.get("a")):
        for name, item in value.items():
            if name not in ("schema", "matchingColumns"):
                yield from _values(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, (*path, index))


def changed(document: Object, path: Path, value: JsonValue) -> Object:
    """A copy of the document with another value at a path, or with none."""
    return members(without(document, path) if value == GONE else replaced(document, path, value))


# -- n8n -----------------------------------------------------------------------------------------------------------


def n8n_parts(export: Export) -> Iterator[Part]:
    """The nodes that do something: that a wire reaches or leaves, and that aren't switched off."""
    step_of = {name: step for step, names in export.places.items() for name in names}
    wires = list(_wires(export.document))
    wired = {wire.source for wire in wires} | {wire.target for wire in wires}
    for index, node in enumerate(map(members, items(export.document.get("nodes")))):
        name = str(node.get("name"))
        if name in wired and node.get("disabled") is not True and not _never_passes(node):
            owner = step_of.get(name) or step_of.get(name.rpartition(": ")[0]) or step_of.get(name.partition(": ")[2])
            yield Part(("nodes", index), node, name, str(node.get("type")), owner or "")


def _never_passes(node: Object) -> bool:
    conditions = items(members(members(node.get("parameters")).get("conditions")).get("conditions"))
    return any(members(one).get("leftValue") == "={{ false }}" for one in conditions)


@dataclass(frozen=True)
class _Wire:
    source: str
    output: int
    position: int
    target: str

    @property
    def path(self) -> Path:
        return ("connections", self.source, "main", self.output, self.position)


def _wires(document: Object) -> Iterator[_Wire]:
    for source, ports in members(document.get("connections")).items():
        for output, targets in enumerate(items(members(ports).get("main"))):
            for position, target in enumerate(items(targets)):
                yield _Wire(source, output, position, str(members(target).get("node")))


def n8n_structure(export: Export) -> Iterator[Structural]:
    """Faults of a workflow's wires and of its nodes' settings."""
    parts = {part.name: part for part in n8n_parts(export)}
    document = export.document
    leaving = {wire.source for wire in _wires(document)}
    idle = {name for name, part in parts.items() if part.kind.endswith(".noOp") and name not in leaving}
    for wire in _wires(document):
        source, target = parts.get(wire.source), parts.get(wire.target)
        if source is None or target is None or wire.target in idle:
            continue
        what = f"`{wire.source}` no longer leads to `{wire.target}`"
        step = target.step or source.step
        yield _cut_name(source, wire, document), step, what, changed(document, wire.path, GONE)
    for part in parts.values():
        yield from _swapped_outputs(part, document, idle)
        yield from _lost_settings(part, document)


def _cut_name(source: Part, wire: _Wire, document: Object) -> str:
    outputs = items(members(members(document.get("connections")).get(wire.source)).get("main"))
    if source.content.get("onError") == "continueErrorOutput" and wire.output == 1:
        return "error output cut"
    if source.kind.endswith((".switch", ".if")) and wire.output == len(outputs) - 1:
        return "fallback lost"
    return "connection lost"


def _swapped_outputs(part: Part, document: Object, idle: set[str]) -> Iterator[Structural]:
    place: Path = ("connections", part.name, "main")
    outputs = items(members(members(document.get("connections")).get(part.name)).get("main"))
    targets = [{str(members(wire).get("node")) for wire in items(output)} - idle for output in outputs[:2]]
    if len(targets) > 1 and targets[0] != targets[1]:
        made = changed(document, place, [outputs[1], outputs[0], *outputs[2:]])
        yield "outputs swapped", part.step, f"the first two outputs of `{part.name}` are swapped", made


def _lost_settings(part: Part, document: Object) -> Iterator[Structural]:
    node = part.content
    if "onError" in node:
        made = changed(document, (*part.at, "onError"), GONE)
        yield "error handler lost", part.step, f"`{part.name}` stops the run when it fails", made
        made = changed(document, (*part.at, "onError"), "continueRegularOutput")
        yield "error handler lost", part.step, f"`{part.name}` goes on when it has failed", made
    if node.get("retryOnFail") is True:
        made = changed(document, (*part.at, "retryOnFail"), GONE)
        yield "retry lost", part.step, f"`{part.name}` isn't tried again", made
    tries = node.get("maxTries")
    if isinstance(tries, int) and tries > 2:
        made = changed(document, (*part.at, "maxTries"), tries - 1)
        yield "one try fewer", part.step, f"`{part.name}` is tried {tries - 1} times, not {tries}", made
    if node.get("alwaysOutputData") is True:
        made = changed(document, (*part.at, "alwaysOutputData"), GONE)
        yield "empty list lost", part.step, f"`{part.name}` ends the run when there is nothing", made


# -- Make ----------------------------------------------------------------------------------------------------------


def make_parts(export: Export) -> Iterator[Part]:
    """All modules, those of routes, branches and handlers too."""
    step_of = {place: step for step, places in export.places.items() for place in places}
    yield from _modules(items(export.document.get("flow")), ("flow",), step_of, "")


def _modules(flow: list[JsonValue], at: Path, step_of: dict[str, str], above: str) -> Iterator[Part]:
    for index, module in enumerate(map(members, flow)):
        here: Path = (*at, index)
        step = step_of.get(f"module {module.get('id')}", above)
        yield Part(here, module, f"module {module.get('id')}", str(module.get("module")), step)
        for key in ("routes", "branches"):
            for number, route in enumerate(map(members, items(module.get(key)))):
                yield from _modules(items(route.get("flow")), (*here, key, number, "flow"), step_of, step)
        yield from _modules(items(module.get("onerror")), (*here, "onerror"), step_of, step)


def make_structure(export: Export) -> Iterator[Structural]:
    """Faults of a blueprint's flow, routes, filters and handlers."""
    for part in make_parts(export):
        for operator, what, path, value in (*_cuts(part), *_routes(part), *_filters(part), *_handlers(part)):
            yield operator, part.step, f"{part.name}: {what}", changed(export.document, (*part.at, *path), value)
    yield from _ends(export)


Change = tuple[str, str, Path, JsonValue]


def _cuts(part: Part) -> Iterator[Change]:
    for key in ("routes", "branches"):
        routes = items(part.content.get(key))
        for number, route in enumerate(map(members, routes)):
            operator = "fallback lost" if number == len(routes) - 1 else "connection lost"
            if items(route.get("flow")) and not route.get("merge"):
                yield operator, f"{key[:-1]} {number + 1} is lost", (key, number, "flow"), []


def _routes(part: Part) -> Iterator[Change]:
    for key in ("routes", "branches"):
        routes = list(map(members, items(part.content.get(key))))
        if len(routes) < 2 or any(route.get("merge") for route in routes):
            continue
        flows = [deepcopy(items(route.get("flow"))) for route in routes[:2]]
        filters = [members(flow[0]).get("filter") if flow else None for flow in flows]
        if not all(flows) or (key == "routes" and not all(filters)):
            continue
        swapped = [
            {**routes[0], "flow": _filtered(flows[1], filters[0])},
            {**routes[1], "flow": _filtered(flows[0], filters[1])},
        ]
        value: list[JsonValue] = [*swapped, *routes[2:]]
        yield "outputs swapped", "its first two ways are swapped", (key,), value


def _filtered(flow: list[JsonValue], condition: JsonValue) -> list[JsonValue]:
    """The flow behind another filter."""
    first = {name: value for name, value in members(flow[0]).items() if name != "filter"}
    return [{**first, "filter": condition} if condition is not None else first, *flow[1:]]


def _filters(part: Part) -> Iterator[Change]:
    places: list[Path] = [("filter", "conditions")]
    places += [("branches", number, "conditions") for number in range(len(items(part.content.get("branches"))))]
    for place in places:
        found: JsonValue = part.content
        for key in place:
            found = found[key] if isinstance(found, list) and isinstance(key, int) else members(found).get(str(key))
        groups = [items(group) for group in items(found)]
        rows = [row for group in groups for row in group]
        if len(rows) > 1:
            mixed: JsonValue = [[row] for row in rows] if any(len(group) > 1 for group in groups) else [rows]
            yield "AND and OR swapped", "AND in place of OR, or the other way", place, mixed
        if groups and place[0] == "filter":
            yield "filter lost", "its filter is lost", ("filter",), GONE


def _handlers(part: Part) -> Iterator[Change]:
    handler = items(part.content.get("onerror"))
    if not handler:
        return
    kinds = [str(members(one).get("module")) for one in handler]
    yield "error handler lost", "its handler is lost", ("onerror",), GONE
    if kinds[-1] == "builtin:Break":
        yield "retry lost", "it isn't tried again", ("onerror", len(handler) - 1), {
            **members(handler[-1]), "module": "builtin:Ignore", "mapper": {}
        }  # fmt: skip
    if len(handler) > 1:
        yield "error output cut", "the first module of its handler is lost", ("onerror", 0), GONE


def _ends(export: Export) -> Iterator[Structural]:
    """The flow ends behind a module."""
    for part in make_parts(export):
        index = part.at[-1]
        if part.at[-2] == "flow" and isinstance(index, int) and index > 0:
            flow: JsonValue = export.document
            for key in part.at[:-1]:
                flow = flow[key] if isinstance(flow, list) and isinstance(key, int) else members(flow).get(str(key))
            what = f"what begins with {part.name} is lost"
            yield "connection lost", part.step, what, changed(export.document, part.at[:-1], items(flow)[:index])
