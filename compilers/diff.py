"""What changed between two versions of a scenario, as a function of the two specs."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from compilers.errors import shorten
from compilers.spec import Edge, Spec

SHOWN_VALUE = 100
APART = frozenset({"slug", "version", "spec_version", "trigger", "steps", "edges", "connections", "residue"})
"""Parts of a spec that are compared on their own, or are no part of what it says."""


class DiffModel(BaseModel):
    """Base of the parts of a diff."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldChange(DiffModel):
    """One value that differs: its path, and what it was and is; null where it isn't set."""

    path: str
    old: JsonValue = None
    new: JsonValue = None


class ItemChange(DiffModel):
    """One step, edge or connection that differs."""

    id: str
    title: str = ""
    changes: tuple[FieldChange, ...] = ()


class PartDiff(DiffModel):
    """What happened to all steps, edges or connections."""

    added: tuple[ItemChange, ...] = ()
    removed: tuple[ItemChange, ...] = ()
    changed: tuple[ItemChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.added or self.removed or self.changed)


class SpecDiff(DiffModel):
    """The differences between two specs, in the order of the specs."""

    old: str
    new: str
    scenario: tuple[FieldChange, ...] = ()
    steps: PartDiff = PartDiff()
    edges: PartDiff = PartDiff()
    connections: PartDiff = PartDiff()

    @property
    def parts(self) -> tuple[tuple[str, PartDiff], ...]:
        """The parts with their names."""
        return (("Steps", self.steps), ("Edges", self.edges), ("Connections", self.connections))

    @property
    def is_empty(self) -> bool:
        """Whether the two specs say the same."""
        return not self.scenario and all(part.is_empty for _, part in self.parts)

    def text(self) -> str:
        """The diff in plain lines: `+` added, `-` removed, `~` changed."""
        return _written(self, heading=str, value=_shown, name=lambda text: shorten(text, SHOWN_VALUE))

    def markdown(self) -> str:
        """The diff as Markdown; what the specs say is escaped."""
        return _written(self, heading=lambda text: f"**{text}**\n", value=_code, name=_escaped, bullet="- ")


def diff_specs(old: Spec, new: Spec) -> SpecDiff:
    """What changed from the old spec to the new one. Steps are the same when their ids are."""
    before, after = _dump(old), _dump(new)
    names = dict.fromkeys([*before, *after])
    scenario = (
        change for name in names if name not in APART for change in _changes(before.get(name), after.get(name), name)
    )
    return SpecDiff(
        old=f"{old.slug} v{old.version}",
        new=f"{new.slug} v{new.version}",
        scenario=tuple(scenario),
        steps=_part(_steps(old), _steps(new)),
        edges=_part(_edges(old), _edges(new)),
        connections=_part(_connections(old), _connections(new)),
    )


# -- comparing -----------------------------------------------------------------------------------------------------

Items = Mapping[str, tuple[str, dict[str, JsonValue]]]
"""Title and fields of each item, by its id."""


def _dump(model: BaseModel) -> dict[str, JsonValue]:
    dumped: dict[str, JsonValue] = model.model_dump(mode="json")
    return dumped


def _steps(spec: Spec) -> Items:
    return {step.id: (step.title, _without(_dump(step), "id", "residue")) for step in spec.nodes}


def _connections(spec: Spec) -> Items:
    return {item.id: (item.label or item.id, _without(_dump(item), "id")) for item in spec.connections}


def _edges(spec: Spec) -> Items:
    """The edges by their ends; `place` is an edge's position among those that leave the same step."""
    places: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    found: dict[str, tuple[str, dict[str, JsonValue]]] = {}
    siblings = Counter(edge.source for edge in spec.edges)
    for edge in spec.edges:
        name = f"{edge.source} -> {edge.target}" + ("" if edge.kind != "error" else " (error)")
        places[edge.source] += 1
        ends[name] += 1
        identifier = name if ends[name] == 1 else f"{name} #{ends[name]}"
        fields = _without(_dump(edge), "source", "target")
        if siblings[edge.source] > 1:
            fields["place"] = places[edge.source]
        found[identifier] = (_title(edge), fields)
    return found


def _title(edge: Edge) -> str:
    return edge.label or (edge.filter.label if edge.filter else "") or ("fallback" if edge.fallback else "")


def _without(fields: dict[str, JsonValue], *names: str) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if name not in names}


def _part(old: Items, new: Items) -> PartDiff:
    both = (
        ItemChange(id=identifier, title=title, changes=tuple(_changes(old[identifier][1], fields)))
        for identifier, (title, fields) in new.items()
        if identifier in old
    )
    return PartDiff(
        added=tuple(ItemChange(id=name, title=title) for name, (title, _) in new.items() if name not in old),
        removed=tuple(ItemChange(id=name, title=title) for name, (title, _) in old.items() if name not in new),
        changed=tuple(item for item in both if item.changes),
    )


def _changes(old: JsonValue, new: JsonValue, path: str = "") -> Iterator[FieldChange]:
    """Every place where the two values differ, in the order of their keys, the old ones first."""
    stack: list[tuple[str, JsonValue, JsonValue]] = [(path, old, new)]
    while stack:
        place, before, after = stack.pop()
        inner: list[tuple[str, JsonValue, JsonValue]] | None = None
        if isinstance(before, dict) and isinstance(after, dict):
            names = dict.fromkeys([*before, *after])
            inner = [(f"{place}.{n}" if place else n, before.get(n), after.get(n)) for n in names]
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            inner = [(f"{place}[{index}]", *pair) for index, pair in enumerate(zip(before, after, strict=True))]
        if inner is not None:
            stack.extend(reversed(inner))
        elif type(before) is not type(after) or before != after:
            yield FieldChange(path=place, old=before, new=after)


# -- writing -------------------------------------------------------------------------------------------------------


def _shown(value: JsonValue) -> str:
    return "nothing" if value is None else shorten(json.dumps(value, ensure_ascii=False), SHOWN_VALUE)


def _escaped(text: str) -> str:
    """Text in the middle of a line of Markdown, as it stands."""
    return html.escape(re.sub(r"([\\`*_\[\]|~$])", r"\\\1", shorten(text, SHOWN_VALUE)), quote=False)


def _code(value: JsonValue) -> str:
    return _escaped(_shown(value))


def _written(
    diff: SpecDiff,
    *,
    heading: Callable[[str], str],
    value: Callable[[JsonValue], str],
    name: Callable[[str], str],
    bullet: str = "",
) -> str:
    if diff.is_empty:
        return f"{name(diff.old)} and {name(diff.new)} say the same.\n"
    lines = [heading(f"{name(diff.old)} to {name(diff.new)}")]
    if diff.scenario:
        lines += ["", heading("Scenario")]
        lines += [f"{bullet}~ {line}" for line in _values(diff.scenario, value, name)]
    for title, part in diff.parts:
        if part.is_empty:
            continue
        lines += ["", heading(title)]
        for sign, items in (("+", part.added), ("-", part.removed), ("~", part.changed)):
            sign = f"\\{sign}" if bullet and sign != "~" else sign
            for item in items:
                label = f" ({name(item.title)})" if item.title and item.title != item.id else ""
                lines.append(f"{bullet}{sign} {name(item.id)}{label}")
                lines += [f"    {bullet}{line}" for line in _values(item.changes, value, name)]
    return "\n".join(lines) + "\n"


def _values(
    changes: Iterable[FieldChange], value: Callable[[JsonValue], str], name: Callable[[str], str]
) -> Iterator[str]:
    for change in changes:
        yield f"{name(change.path)}: {value(change.old)} to {value(change.new)}"
