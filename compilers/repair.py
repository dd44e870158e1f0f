"""Self-repair: mends in a spec document what can be mended without guessing what was meant.

    >>> document, repairs = repair({"trigger": {"app": "webhook", "operation": "receive"}, "steps": []})
    >>> document["trigger"]["id"], [finding.rule for finding in repairs][:2]
    ('webhook', ['repair.kind', 'repair.id'])

Ids, labels, placeholders for connections, the edges of a linear flow, the order of routes, settings that follow from
others: each repair is reported as an `info` finding that says what was done. What a step does, what it maps and where
bundles go is never touched. Repairing twice gives the same as repairing once.

The document may be any JSON; parts with a shape that nothing can be made of are left for the schema to judge.
"""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from pydantic import JsonValue

from compilers.errors import ExpressionError, Finding, shorten
from compilers.expressions import parse, rename_steps
from compilers.expressions.spec_writer import write_template
from compilers.operators import OPERATORS
from compilers.registry import Operation, registry

Object = dict[str, JsonValue]
Fix = tuple[str, str]
"""Where something was mended, and what was done."""

MAX_NAME = 120
"""Longest scenario name that Make takes."""
MAX_LABEL = 128
"""Longest node name that n8n takes."""
EVERY_MINUTES = 15
"""How often a trigger polls where nothing is said: the shortest interval that every plan of Make allows."""
FORKS = {"router": "route", "if_else": "branch"}
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def repair(spec_document: JsonValue) -> tuple[JsonValue, tuple[Finding, ...]]:
    """The document with its mechanical flaws mended, and what was done, one finding each. The input isn't changed."""
    if not isinstance(spec_document, dict):
        return spec_document, ()
    try:
        document = copy.deepcopy(spec_document)
    except RecursionError:
        return spec_document, ()
    findings = [
        Finding(rule=f"repair.{name}", severity="info", where=shorten(where), what=shorten(what))
        for name, mend in REPAIRS.items()
        for where, what in mend(document)
    ]
    return document, tuple(findings)


# -- looking at the document ---------------------------------------------------------------------------------------


def _objects(value: JsonValue) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _steps(document: Object) -> Iterator[tuple[str, Object]]:
    """The trigger and the steps, each with its place."""
    if isinstance(document.get("trigger"), dict):
        yield "trigger", _object(document["trigger"])
    steps = document.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            identifier = step.get("id")
            yield f"steps.{identifier if isinstance(identifier, str) and identifier else index}", step


def _object(value: JsonValue) -> Object:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _operation(step: Object) -> Operation | None:
    return registry().find(_text(step.get("app")), _text(step.get("operation")))


def _readable(identifier: str) -> str:
    return identifier.replace("_", " ").replace("-", " ").strip().capitalize()


def _word(text: str, separator: str, limit: int) -> str:
    """The text in small plain letters and digits, words held together by the separator."""
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", separator, plain).strip(separator)[:limit].strip(separator)


class _Unused:
    """Gives out names that aren't taken, with a number behind them where they are."""

    def __init__(self, taken: Iterable[str], form: str, limit: int) -> None:
        self.taken, self.form, self.limit = set(taken), form, limit
        self._numbers: Counter[str] = Counter()

    def name(self, wanted: str) -> str:
        """The wanted name, or the nearest one that is free; it counts as taken from now on."""
        free = wanted
        while free.casefold() in self.taken:
            self._numbers[wanted] += 1
            number = self.form.format(self._numbers[wanted] + 1)
            free = wanted[: self.limit - len(number)] + number
        self.taken.add(free.casefold())
        return free


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


# -- repairs, in the order they are made ---------------------------------------------------------------------------


def _kinds(document: Object) -> Iterator[Fix]:
    """A step that names an app and an operation is a trigger or an app step."""
    for where, step in _steps(document):
        if not step.get("kind") and step.get("app") and step.get("operation"):
            step["kind"] = "trigger" if where == "trigger" else "app"
            yield where, f"is of kind `{step['kind']}`, as it names an app and an operation"


def _ids(document: Object) -> Iterator[Fix]:
    """Every step has an id of its own, made of its label or of what it does; references to a renamed one follow."""
    given = {_text(step.get("id")) for _, step in _steps(document)}
    unused = _Unused(filter(_ID.fullmatch, given), "_{}", 40)
    seen: set[str] = set()
    renamed: dict[str, str] = {}
    for where, step in _steps(document):
        old = _text(step.get("id"))
        if _ID.fullmatch(old) and old not in seen:
            seen.add(old)
            continue
        word = _word(old or _text(step.get("label")) or _text(step.get("app")) or _text(step.get("kind")), "_", 40)
        step["id"] = new = unused.name(word if word[:1].isalpha() else f"step_{word}".strip("_")[:40])
        seen.add(new)
        if old and not _ID.fullmatch(old):
            renamed.setdefault(old, new)
        yield where, f"has the id `{new}`" + (f" instead of `{shorten(old, 60)}`" if old else "")
    if renamed:
        _rename(document, renamed)


def _rename(document: Object, names: Mapping[str, str]) -> None:
    """Lets edges, aggregates, merges and expressions refer to steps by their new ids."""
    for edge in _objects(document.get("edges")):
        for end in ("source", "target"):
            edge[end] = names.get(_text(edge.get(end)), edge.get(end))
        edge["filter"] = _renamed(edge.get("filter"), names)
    for _, step in _steps(document):
        if "source" in step:
            step["source"] = names.get(_text(step["source"]), step["source"])
        for field in _objects(step.get("fields")):
            field["values"] = {names.get(key, key): value for key, value in _object(field.get("values")).items()}
        for key, value in step.items():
            if key not in ("id", "kind", "label", "note", "sample", "residue", "outputs", "source", "parameters"):
                step[key] = _renamed(value, names)


def _renamed(value: JsonValue, names: Mapping[str, str]) -> JsonValue:
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    try:
        template = parse(value)
    except ExpressionError:
        return value
    changed = rename_steps(template, names)
    return value if changed == template else write_template(changed)


def _names(document: Object) -> Iterator[Fix]:
    """Names and labels are on one line, without spaces around them, and no longer than platforms take."""
    places: list[tuple[str, Object, str, int]] = [("name", document, "name", MAX_NAME)]
    places.append(("customer.name", _object(document.get("customer")), "name", 200))
    places += [(f"{where}.label", step, "label", MAX_LABEL) for where, step in _steps(document)]
    for where, holder, key, limit in places:
        old = holder.get(key)
        if isinstance(old, str) and old:
            new = _one_line(old)
            new = new if len(new) <= limit else new[: limit - 1].rstrip() + "…"
            if new != old:
                holder[key] = new
                yield where, f"is `{shorten(new, 60)}`, trimmed"


def _identity(document: Object) -> Iterator[Fix]:
    """The spec has a slug, made of its name."""
    name, slug = _text(document.get("name")), _text(document.get("slug"))
    if not _SLUG.fullmatch(slug):
        made = _word(slug or name, "-", 63)
        if made:
            document["slug"] = made
            yield "slug", f"is `{made}`, made of the name"


def _labels(document: Object) -> Iterator[Fix]:
    """Every step has a label of its own."""
    unused = _Unused((_text(step.get("label")).casefold() for _, step in _steps(document)), " ({})", MAX_LABEL)
    seen: set[str] = set()
    for where, step in _steps(document):
        label = _text(step.get("label"))
        if label and label.casefold() not in seen:
            seen.add(label.casefold())
        elif label or _text(step.get("id")):
            step["label"] = new = unused.name(label or _readable(_text(step.get("id"))))
            seen.add(new.casefold())
            yield f"{where}.label", f"is `{shorten(new, 60)}`"


def _edges(document: Object) -> Iterator[Fix]:
    """Steps that nothing connects and that never fork run one after another, in the order they stand."""
    steps = [step for where, step in _steps(document) if where != "trigger"]
    linear = all(step.get("kind") not in (*FORKS, "merge", "directive") for step in steps)
    if document.get("edges") or not steps or not linear or not isinstance(document.get("trigger"), dict):
        return
    chain = [_text(step.get("id")) for _, step in _steps(document)]
    document["edges"] = [{"source": chain[i], "target": chain[i + 1]} for i in range(len(chain) - 1)]
    yield "edges", f"connect the {len(steps)} steps in the order they stand"


def _edge_kinds(document: Object) -> Iterator[Fix]:
    """The edges that leave a router are routes, and those that leave an if_else are branches."""
    kinds = {_text(step.get("id")): FORKS.get(_text(step.get("kind"))) for _, step in _steps(document)}
    for index, edge in enumerate(_objects(document.get("edges"))):
        kind = kinds.get(_text(edge.get("source")))
        if kind and edge.get("kind", "next") in ("next", *FORKS.values()) and edge.get("kind") != kind:
            edge["kind"] = kind
            yield f"edges[{index}]", f"is a `{kind}` edge, as of what it leaves"


def _same_edges(document: Object) -> Iterator[Fix]:
    """No edge is there twice."""
    edges = document.get("edges")
    if not isinstance(edges, list):
        return
    kept: dict[str, JsonValue] = {}
    for index, edge in enumerate(edges):
        same = json.dumps(edge, sort_keys=True)
        if same in kept:
            yield f"edges[{index}]", "was there twice"
        kept.setdefault(same, edge)
    document["edges"] = list(kept.values())


def _fallbacks(document: Object) -> Iterator[Fix]:
    """A fallback stands behind the other routes of its router."""
    edges = document.get("edges")
    if not isinstance(edges, list):
        return
    places: dict[str, list[int]] = {}
    for index, edge in enumerate(edges):
        if isinstance(edge, dict) and edge.get("kind") in FORKS.values():
            places.setdefault(_text(edge.get("source")), []).append(index)
    for source, indexes in places.items():
        ways = [edges[index] for index in indexes]
        ordered = sorted(ways, key=lambda way: _object(way).get("fallback") is True)
        if ordered != ways:
            for index, way in zip(indexes, ordered, strict=True):
                edges[index] = way
            yield f"steps.{source}", "has its fallback behind the other ways"


def _operators(document: Object) -> Iterator[Fix]:
    """Operators in Make's spelling are written in the spec's own."""
    neutral = {row.make: name for name, row in OPERATORS.items()}
    for index, edge in enumerate(_objects(document.get("edges"))):
        groups = _object(edge.get("filter")).get("any_of")
        for group in groups if isinstance(groups, list) else ():
            for condition in _objects(group):
                old = _text(condition.get("operator"))
                new = neutral.get(old.removesuffix(":ci"))
                if new and old not in OPERATORS:
                    condition["operator"] = new
                    if old.endswith(":ci"):
                        condition["ignore_case"] = True
                    yield f"edges[{index}].filter", f"`{shorten(old, 60)}` is written `{new}`"


def _connections(document: Object) -> Iterator[Fix]:
    """Every step of an app that needs an account has a connection: the only one of the app, or a placeholder."""
    given = document.get("connections")
    if given is not None and not isinstance(given, list):
        return
    connections: list[JsonValue] = given or []
    taken = {_text(connection.get("id")) for connection in _objects(connections)}
    unused = _Unused(taken, "_{}", 40)
    for where, step in _steps(document):
        operation, name = _operation(step), _text(step.get("app"))
        account = registry().apps[name].connection if operation and operation.connection else None
        wanted = _text(step.get("connection"))
        if account is None or (wanted and wanted in taken):
            continue
        own = [_text(c.get("id")) for c in _objects(connections) if c.get("app") == name]
        if not wanted and len(own) > 1:
            continue
        if wanted or not own:
            new = wanted if _ID.fullmatch(wanted) else unused.name(name[:40])
            connections.append({"id": new, "app": name, "label": account.label})
            taken.add(new)
            yield f"connections.{new}", f"is a placeholder for the {account.label} that has to be connected"
        step["connection"] = new if wanted or not own else own[0]
        yield f"{where}.connection", f"is `{_text(step['connection'])}`"
    if connections:
        document["connections"] = connections


def _needless_connections(document: Object) -> Iterator[Fix]:
    """A step that works without an account names no connection."""
    for where, step in _steps(document):
        operation = _operation(step)
        if operation is None or not step.get("connection"):
            continue
        if not operation.connection or registry().apps[_text(step.get("app"))].connection is None:
            del step["connection"]
            yield f"{where}.connection", "was removed, as no account is needed"


def _kept_bundles(document: Object) -> Iterator[Fix]:
    """Where a step is tried again later, failed bundles are kept until then."""
    strategies = [_object(step.get(key)) for _, step in _steps(document) for key in ("on_error", "directive")]
    settings = document.get("settings", {})
    if not isinstance(settings, dict) or settings.get("keep_incomplete") is True:
        return
    if any(item.get("strategy") == "retry" for item in strategies):
        document["settings"] = {**settings, "keep_incomplete": True}
        yield "settings.keep_incomplete", "is on, as a step is tried again later"


def _schedule(document: Object) -> Iterator[Fix]:
    """A trigger that isn't instant runs every 15 minutes where nothing else is said."""
    operation = _operation(_object(document.get("trigger")))
    polls = operation is not None and operation.kind == "trigger" and not operation.instant
    schedule = document.get("schedule")
    if polls and schedule is None:
        document["schedule"] = {"kind": "every", "minutes": EVERY_MINUTES}
        yield "schedule", f"is every {EVERY_MINUTES} minutes, as none was given"
    elif isinstance(schedule, dict) and schedule.get("kind") == "every" and schedule.get("minutes") is None:
        schedule["minutes"] = EVERY_MINUTES
        yield "schedule.minutes", f"is {EVERY_MINUTES}, as none was given"


def _targets(document: Object) -> Iterator[Fix]:
    """Each platform is named once."""
    targets = document.get("targets")
    if isinstance(targets, list):
        once = [target for index, target in enumerate(targets) if target not in targets[:index]]
        if once != targets:
            document["targets"] = once
            yield "targets", "name each platform once"


REPAIRS: Mapping[str, Callable[[Object], Iterator[Fix]]] = {
    "kind": _kinds, "id": _ids, "name": _names, "slug": _identity, "label": _labels, "edges": _edges,
    "edge-kind": _edge_kinds, "same-edge": _same_edges, "fallback-last": _fallbacks, "operator": _operators,
    "connection": _connections, "connection-not-needed": _needless_connections, "keep-incomplete": _kept_bundles,
    "schedule": _schedule, "targets": _targets,
}  # fmt: skip
"""Every repair by its name, in the order they are made."""
