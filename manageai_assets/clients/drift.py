"""What runs in a scenario, compared with what was delivered: two specs as graphs, without the names that people and
platforms give.

Ids, positions, labels, notes, samples and the choice of an account change nothing of what a scenario does, so they
don't count. Steps are paired by what they do and where they stand, so that a blueprint whose modules were numbered anew
is the same. Of what differs the step and the field are told, never the values: somebody may have put a key there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from compilers.diff import ItemChange, PartDiff, diff_specs
from compilers.documents import Object, items, members
from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import rename_steps
from compilers.graph import SpecGraph
from compilers.make.known import ACCOUNTS
from compilers.spec import AnyStep, NativeStep, OperationStep, Spec
from manageai_assets.clients.models import DriftChange, DriftHow

SILENT = ("id", "label", "sample", "note", "residue", "connection", "outputs", "description")
"""Fields of a step that don't change what it does."""
SILENT_KEYS = frozenset(("webhookId", "cachedResultName", "cachedResultUrl", *ACCOUNTS))
"""Keys anywhere in a module or node that have no effect: accounts, hooks, names of choices."""
SILENT_PARTS = frozenset(("id", "name", "position", "metadata", "credentials", "notes", "notesInFlow"))
"""Parts of a module or node that don't."""
FILL_IN = "(fill in:"
"""Stands where a person had to fill in what nobody else could know; doing so is no change."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ANY_STEP = "_"


def drift(delivered: Spec, running: Spec) -> tuple[DriftChange, ...]:
    """What differs, in the order of the delivered steps; empty when both do the same. Both must have been read from
    documents of the same platform."""
    pairs = paired(delivered, running)
    names = _names(delivered, running, pairs)
    found = diff_specs(_plain(delivered, {}), _plain(running, names))
    titles = {names[step.id]: step.title for step in running.nodes} | {one.id: one.title for one in delivered.nodes}
    changes = [DriftChange(step="", field=one.path, how="changed") for one in found.scenario]
    changes += _of_steps(found.steps, titles)
    told = {change.step for change in changes if change.step}
    changes += [one for one in _of_residues(delivered, running, pairs) if one.step not in told]
    changes += _of_edges(found.edges, titles, {one.id for one in (*found.steps.added, *found.steps.removed)})
    return tuple(dict.fromkeys(changes))


def paired(delivered: Spec, running: Spec) -> dict[str, str]:
    """The running step for each delivered one that is still there, by id.

    First those with the same name that do the same, then those that do the same, then those with the same name and
    operation, and last those that stand behind the same step."""
    pairs: dict[str, str] = {delivered.trigger.id: running.trigger.id}
    olds, news = SpecGraph(delivered).topological(), SpecGraph(running).topological()
    rules: Sequence[Callable[[AnyStep], str]] = (
        lambda step: f"{step.id} {_content(step)}",
        _content,
        lambda step: f"{step.id} {_operation(step)}",
    )
    for rule in rules:
        _pair(pairs, olds, news, rule)
    _pair_below(pairs, delivered, running, olds)
    _pair(pairs, olds, news, _operation)
    return pairs


def _pair(
    pairs: dict[str, str], olds: Sequence[AnyStep], news: Sequence[AnyStep], rule: Callable[[AnyStep], str]
) -> None:
    """Pairs what isn't paired yet and is alike by this rule, in order."""
    taken = set(pairs.values())
    free: dict[str, list[str]] = {}
    for step in news:
        if step.id not in taken:
            free.setdefault(rule(step), []).append(step.id)
    for step in olds:
        if step.id not in pairs and (found := free.get(rule(step))):
            pairs[step.id] = found.pop(0)


def _pair_below(pairs: dict[str, str], delivered: Spec, running: Spec, olds: Sequence[AnyStep]) -> None:
    """Pairs steps of the same operation behind steps that are paired, from the trigger on."""
    before, after = SpecGraph(delivered), SpecGraph(running)
    for step in olds:
        if step.id in pairs:
            below = [one for one in before.children(step.id) if one.id not in pairs]
            _pair(pairs, below, after.children(pairs[step.id]), _operation)


def _operation(step: AnyStep) -> str:
    if isinstance(step, OperationStep):
        return f"{step.kind} {step.app} {step.operation}"
    return f"{step.kind} {step.module}" if isinstance(step, NativeStep) else step.kind


def _content(step: AnyStep) -> str:
    """What a step does, whatever the steps are called that it refers to."""
    return json.dumps(_fields(step, lambda _name: ANY_STEP), sort_keys=True)


def _fields(step: AnyStep, name: Callable[[str], str], raw: _Raw | None = None) -> Object:
    fields: Object = {key: value for key, value in step.model_dump(mode="json").items() if key not in SILENT}
    if isinstance(fields.get("source"), str):
        fields["source"] = name(str(fields["source"]))
    for merged in map(members, items(fields.get("fields"))):
        if isinstance(merged.get("values"), dict):
            merged["values"] = {name(key): value for key, value in members(merged["values"]).items()}
    if isinstance(step, NativeStep):
        own = {part: _audible(fields[part]) for part in ("parameters", "mapper") if part in fields}
        fields |= {part: raw.spelled(value) if raw else value for part, value in own.items()}
    return members(_renamed(fields, name))


def _audible(value: JsonValue) -> JsonValue:
    """A platform's own parameters without what has no effect. n8n gives conditions and assignments ids of their own."""
    if isinstance(value, dict):
        return {
            key: _audible(one)
            for key, one in value.items()
            if key not in SILENT_KEYS and not (key == "id" and isinstance(one, str) and UUID.fullmatch(one))
        }
    return [_audible(one) for one in value] if isinstance(value, list) else value


def _renamed(value: JsonValue, name: Callable[[str], str]) -> JsonValue:
    """A value whose expressions name other steps, in one spelling."""
    if isinstance(value, dict):
        return {key: _renamed(one, name) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, name) for one in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    try:
        tree = parse(value)
    except ExpressionError:
        return value
    return write_template(rename_steps(tree, _Naming(name)))


class _Naming(dict[str, str]):
    """A function as the mapping that `rename_steps` takes; it knows every name."""

    def __init__(self, name: Callable[[str], str]) -> None:
        super().__init__()
        self._name = name

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> str:
        return self._name(key)


# -- both specs with the same names --------------------------------------------------------------------------------


def _names(delivered: Spec, running: Spec, pairs: Mapping[str, str]) -> dict[str, str]:
    """What each running step is called: as the delivered one, or by a name that no delivered one has."""
    names = {new: old for old, new in pairs.items()}
    taken = {step.id for step in delivered.nodes}
    for step in running.nodes:
        if step.id not in names:
            name, number = step.id, 1
            while name in taken:
                number += 1
                name = f"{step.id[:34]}_new{number}"
            names[step.id] = name
            taken.add(name)
    return names


def _plain(spec: Spec, names: Mapping[str, str]) -> Spec:
    """The spec with its steps called so, and without what doesn't count."""

    raw = _Raw(spec, names)

    def name(old: str) -> str:
        return names.get(old, old)

    def step(one: AnyStep) -> Object:
        return {"id": name(one.id), **_fields(one, name, raw)}

    edges: list[JsonValue] = []
    for edge in spec.edges:
        fields: Object = edge.model_dump(mode="json", exclude={"label"})
        if edge.filter:
            fields["filter"] = {"any_of": members(fields["filter"])["any_of"]} if edge.filter.any_of else None
        fields |= {"source": name(edge.source), "target": name(edge.target)}
        edges.append(_renamed(fields, name))
    return Spec.model_validate(
        {
            "slug": "compared", "name": "compared", "customer": {"name": "compared"}, "trigger": step(spec.trigger),
            "steps": [step(one) for one in spec.steps], "edges": edges,
            "schedule": spec.schedule, "settings": spec.settings,
        }
    )  # fmt: skip


# -- what differs --------------------------------------------------------------------------------------------------


def _of_steps(part: PartDiff, titles: Mapping[str, str]) -> Iterator[DriftChange]:
    for item in part.removed:
        yield DriftChange(step=titles[item.id], field="", how="removed")
    for item in part.added:
        yield DriftChange(step=titles[item.id], field="", how="added")
    for item in part.changed:
        for change in item.changes:
            if not _had_to_be_filled_in(change.old):
                yield DriftChange(
                    step=titles[item.id], field=change.path, how=_how(change.path, change.old, change.new)
                )


def _of_edges(part: PartDiff, titles: Mapping[str, str], gone: set[str]) -> Iterator[DriftChange]:
    """Changed filters and ways; those of steps that were added or removed are told with these."""

    def ends(item: ItemChange) -> tuple[str, str]:
        source, _, rest = item.id.partition(" -> ")
        return source, re.split(r" \(error\)| #", rest)[0]

    for how, listed in (("removed", part.removed), ("added", part.added)):
        for item in listed:
            source, target = ends(item)
            if not gone & {source, target}:
                yield DriftChange(step=titles[target], field=f"way from {titles[source]}", how=how)
    for item in part.changed:
        source, target = ends(item)
        for change in item.changes:
            if change.path != "place" or not gone:
                field = change.path.replace("any_of", "conditions")
                yield DriftChange(
                    step=titles[target],
                    field=f"way from {titles[source]}: {field}",
                    how=_how(change.path, change.old, change.new),
                )


def _had_to_be_filled_in(old: JsonValue) -> bool:
    return isinstance(old, str) and FILL_IN in old


def _how(path: str, old: JsonValue, new: JsonValue) -> DriftHow:
    """What happened to a field. A dump leaves out plain values, such as that a step isn't disabled."""
    if not path.startswith(("inputs.", "parameters.", "mapper.", "on_error", "filter")):
        return "changed"
    return "added" if old is None else "removed" if new is None else "changed"


def _of_residues(delivered: Spec, running: Spec, pairs: Mapping[str, str]) -> Iterator[DriftChange]:
    """What a module or node holds beyond the neutral form, where that differs."""
    others = {step.id: step for step in running.nodes}
    same = {step.id: step.id for step in delivered.nodes}
    backwards = {new: old for old, new in pairs.items()}
    before, after = _Raw(delivered, same), _Raw(running, backwards)
    for step in delivered.nodes:
        if step.id not in pairs:
            continue
        old, new = before.of(step), after.of(others[pairs[step.id]])
        for path in [*old, *(path for path in new if path not in old)]:
            if old.get(path) != new.get(path) and not _had_to_be_filled_in(old.get(path)):
                yield DriftChange(step=step.title, field=path, how=_how(path, old.get(path), new.get(path)))


class _Raw:
    """What the steps of a spec hold beyond the neutral form, in one spelling of the names of steps."""

    def __init__(self, spec: Spec, names: Mapping[str, str]) -> None:
        self._words: dict[str, str] = {}
        for step in spec.nodes:
            make, n8n = members(step.residue.get("make")), members(members(step.residue.get("n8n")).get("node"))
            name = names.get(step.id, step.id)
            if isinstance(make.get("id"), int):
                self._words[str(make["id"])] = name
            if isinstance(n8n.get("name"), str):
                self._words[str(n8n["name"])] = name

    def of(self, step: AnyStep) -> dict[str, JsonValue]:
        """The values by their path."""
        found: dict[str, JsonValue] = {}
        for platform in step.residue:
            kept = members(step.residue[platform])
            changes = [*items(kept.get("changes")), *items(members(kept.get("directive")).get("changes"))]
            for change in map(members, changes):
                at = [str(part) for part in items(change.get("at"))] or ["module"]
                if at[0] not in SILENT_PARTS and not SILENT_KEYS & set(at):
                    found[".".join(at)] = self.spelled(_audible(change["is"])) if "is" in change else "(nothing)"
        return found

    def spelled(self, value: JsonValue) -> JsonValue:
        """The value with steps called by their ids: by number before a dot, and by name in quotes."""
        if isinstance(value, dict):
            return {key: self.spelled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.spelled(one) for one in value]
        if not isinstance(value, str):
            return value
        text = re.sub(r"(?<![\w.])(\d+)(?=\.)", lambda found: self._words.get(found[1], found[1]), value)
        return re.sub(r"(\\*['\"])(.*?)\1", lambda found: f'"{self._words.get(found[2], found[2])}"', text)
