"""Rules for Make exports: the document, its settings, and the picture that the editor draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.make_subject import BOOK, MakeSubject, is_int, items, members

MAX_NAME = 120
MANY_MODULES = 150
"""Modules of one scenario above which Make advises to split it."""
ROOT_KEYS = frozenset({"name", "description", "flow", "metadata", "io", "scheduling", "interface"})


def _is_bool(value: JsonValue) -> bool:
    return isinstance(value, bool)


def _is_count(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


SETTINGS: Mapping[str, Callable[[JsonValue], bool]] = {
    "roundtrips": _is_count, "maxErrors": _is_count, "autoCommit": _is_bool, "autoCommitTriggerLast": _is_bool,
    "sequential": _is_bool, "confidential": _is_bool, "dataloss": _is_bool, "dlq": _is_bool,
    "freshVariables": _is_bool, "shatter": _is_bool, "slots": lambda value: value is None or _is_count(value),
}  # fmt: skip
"""The scenario settings of real exports, each with what it may be."""


@BOOK.rule("root.object", "error", area="root", hint="export the blueprint from Make's editor again")
def root_object(subject: MakeSubject) -> Iterator[Place]:
    """A blueprint is a JSON object."""
    if not isinstance(subject.document, dict):
        yield "document", f"is no object but {shorten(str(subject.document), 60)}"


@BOOK.rule("root.keys", "info", area="root", hint="leave out what Make doesn't know")
def root_keys(subject: MakeSubject) -> Iterator[Place]:
    """A blueprint has no keys that Make doesn't know."""
    for key in subject.root:
        if key not in ROOT_KEYS:
            yield shorten(key, 60), "is no part of a blueprint"


@BOOK.rule("root.name", "error", area="root", hint="give the scenario a name of 1 to 120 characters")
def root_name(subject: MakeSubject) -> Iterator[Place]:
    """A scenario has a name of 1 to 120 characters."""
    name = subject.root.get("name")
    if subject.root and (not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME):
        yield "name", f"`{shorten(str(name), 60)}` is no name of 1 to {MAX_NAME} characters"


@BOOK.rule("root.flow", "error", area="root", hint="put at least one module into `flow`")
def root_flow(subject: MakeSubject) -> Iterator[Place]:
    """A scenario has a flow with modules in it."""
    if subject.root and not items(subject.root.get("flow")):
        yield "flow", "there are no modules"


@BOOK.rule("root.metadata", "error", area="root", hint='write at least `"metadata": {"version": 1}`')
def root_metadata(subject: MakeSubject) -> Iterator[Place]:
    """A blueprint's metadata says the version of its format."""
    if subject.root and not is_int(subject.metadata.get("version")):
        yield "metadata.version", "is no whole number"


@BOOK.rule("root.instant", "error", area="root", hint="write `true` when an event starts the scenario")
def root_instant(subject: MakeSubject) -> Iterator[Place]:
    """Whether a scenario is instant is said by true or false."""
    if not isinstance(subject.metadata.get("instant", False), bool):
        yield "metadata.instant", "is neither true nor false"


@BOOK.rule("root.webhook-instant", "warning", area="root", hint="set `metadata.instant` to true")
def root_webhook_instant(subject: MakeSubject) -> Iterator[Place]:
    """A scenario that a webhook starts is marked as instant."""
    first = subject.first
    webhook = first is not None and first.name in ("gateway:CustomWebHook", "gateway:CustomMailHook")
    if webhook and subject.metadata.get("instant", True) is False:
        yield "metadata.instant", "is false, yet a webhook starts the scenario"


@BOOK.rule("root.settings", "error", area="root", hint="write the setting as Make's editor does")
def root_settings(subject: MakeSubject) -> Iterator[Place]:
    """The scenario's settings have their types."""
    settings = subject.metadata.get("scenario")
    if settings is not None and not isinstance(settings, dict):
        yield "metadata.scenario", "is no object"
    for name, value in subject.settings.items():
        if name in SETTINGS and not SETTINGS[name](value):
            yield f"metadata.scenario.{name}", f"can't be `{shorten(str(value), 60)}`"


@BOOK.rule("root.known-settings", "info", area="root", hint="leave out what Make doesn't know")
def root_known_settings(subject: MakeSubject) -> Iterator[Place]:
    """The scenario has no settings that Make doesn't know."""
    for name in subject.settings:
        if name not in SETTINGS:
            yield f"metadata.scenario.{shorten(name, 60)}", "is no setting of a scenario"


@BOOK.rule("root.size", "warning", area="root", hint="split it into scenarios that call each other")
def root_size(subject: MakeSubject) -> Iterator[Place]:
    """A scenario has no more modules than Make's editor stands."""
    if len(subject.modules) > MANY_MODULES:
        yield "flow", f"{len(subject.modules)} modules are more than the {MANY_MODULES} that Make advises at most"


@BOOK.rule("root.orphans", "warning", area="root", hint="connect them to the flow, or remove them")
def root_orphans(subject: MakeSubject) -> Iterator[Place]:
    """No modules lie beside the flow, where they never run."""
    orphans = members(subject.metadata.get("designer")).get("orphans")
    if orphans is not None and not isinstance(orphans, list):
        yield "metadata.designer.orphans", "is no list"
    lost = sum(not module.flow.live for module in subject.modules)
    if lost:
        yield "metadata.designer.orphans", f"{lost} modules aren't connected to the flow, and never run"


@BOOK.rule("root.notes", "warning", area="root", hint="name modules of the scenario in `moduleIds`")
def root_notes(subject: MakeSubject) -> Iterator[Place]:
    """Notes are pinned to modules that are there."""
    for index, note in enumerate(items(subject.metadata.get("notes"))):
        for number in items(members(note).get("moduleIds")):
            if is_int(number) and number not in subject.ids:
                yield f"metadata.notes[{index}]", f"is pinned to module {number}, which isn't there"


def _position(data: dict[str, JsonValue]) -> tuple[float, float] | None:
    designer = members(members(data.get("metadata")).get("designer"))
    x, y = designer.get("x"), designer.get("y")
    for value in (x, y):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
    return (float(str(x)), float(str(y)))


@BOOK.rule("designer.position", "warning", area="designer", hint="write numbers in `metadata.designer.x` and `y`")
def designer_position(subject: MakeSubject) -> Iterator[Place]:
    """Every module has its place in the editor's picture."""
    for module in subject.modules:
        if isinstance(module.data.get("metadata", {}), dict) and _position(module.data) is None:
            yield f"{module.where}.metadata.designer", "has no x and y"


@BOOK.rule("designer.overlap", "warning", area="designer", hint="move one of the two")
def designer_overlap(subject: MakeSubject) -> Iterator[Place]:
    """No two modules lie on top of each other in the editor's picture."""
    first: dict[tuple[float, float], str] = {}
    for module in subject.modules:
        position = _position(module.data) if module.flow.kind != "tool" else None
        if position is not None and first.setdefault(position, module.where) != module.where:
            yield f"{module.where}.metadata.designer", f"lies on top of {first[position]}"


@BOOK.rule("designer.messages", "warning", area="designer", hint="open the module in Make's editor and mend it")
def designer_messages(subject: MakeSubject) -> Iterator[Place]:
    """Make's editor has noted no error at a module."""
    for module in subject.modules:
        designer = members(members(module.data.get("metadata")).get("designer"))
        for message in items(designer.get("messages")):
            if members(message).get("severity") == "error":
                yield f"{module.where}.metadata.designer", shorten(str(members(message).get("message")), 120)
