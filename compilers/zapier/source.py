"""The Zaps of an export as the parser meets them: steps checked for their shape, and put into their tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import Finding, UserError, shorten
from compilers.zapier.redact import redacted

FILTER, PATHS = "FilterAPI", "BranchingAPI"
MOST_STEPS = 2000
"""Steps of one Zap that are read; Zapier allows 100."""


class ZapError(UserError):
    """A document that is no export of Zaps, or that hasn't the Zap that was asked for."""


@dataclass(eq=False)
class Node:
    """One step of a Zap: its JSON, its key in the export, and what the parser calls it."""

    data: Object
    key: str
    where: str
    step: str = ""
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def above(self) -> frozenset[str]:
        """The keys of the steps that run before it."""
        found: set[str] = set()
        node = self.parent
        while node is not None and node.key not in found:
            found.add(node.key)
            node = node.parent
        return frozenset(found)

    @property
    def api(self) -> str:
        """Its app as the export has it, such as `SlackAPI` or `CodeCLIAPI@1.0.1`."""
        return str(self.data.get("selected_api") or "")

    @property
    def app(self) -> str:
        """Its app without the version."""
        return self.api.partition("@")[0]

    @property
    def action(self) -> str:
        """The key of its action; a draft has none."""
        return str(self.data.get("action") or "")

    @property
    def name(self) -> str:
        """App and action, as messages have them."""
        return f"{self.api}/{self.action}"

    @property
    def params(self) -> Object:
        """Its input values."""
        return members(self.data.get("params"))

    @property
    def label(self) -> str:
        """The title that a person gave it."""
        title = members(self.data.get("meta")).get("stepTitle") or self.data.get("title")
        return title if isinstance(title, str) else ""

    @property
    def is_filter(self) -> bool:
        """Whether it lets a run pass or stops it, at the head of a path or by itself."""
        return self.app in (FILTER, PATHS) and self.action == "filter"

    @property
    def is_paths(self) -> bool:
        """Whether it splits the Zap into paths."""
        return self.app == PATHS and self.action == "branch"


@dataclass(frozen=True)
class Zap:
    """One Zap: the export's document with this Zap alone, its trigger, and the steps in no tree."""

    document: Object
    data: Object
    nodes: dict[str, Node]
    trigger: Node
    loose: tuple[Node, ...]
    findings: tuple[Finding, ...]


def zaps_of(document: JsonValue) -> tuple[Zap, ...]:
    """The Zaps of an export in either envelope, without credentials. Raises `ZapError` for what is no export."""
    clean = members(redacted(document))
    listed = clean.get("zaps")
    if not isinstance(listed, list) or not listed:
        raise ZapError(
            "is no Zapier export: it has no `zaps`", hint="export it in Zapier, or take it from Zapier's data download"
        )
    return tuple(_zap(clean, zap, f"zaps[{index}]") for index, zap in enumerate(listed))


def _zap(document: Object, zap: JsonValue, where: str) -> Zap:
    data = members(zap)
    listed = data.get("nodes")
    if not isinstance(listed, dict) or not listed:
        raise ZapError("has no steps", where=where, hint="export a Zap that has a trigger")
    if len(listed) > MOST_STEPS:
        raise ZapError(f"has {len(listed)} steps; {MOST_STEPS} are read", where=where)
    nodes: dict[str, Node] = {}
    for key, step in listed.items():
        if not isinstance(step, dict):
            raise ZapError("is no step", where=f"{where}.nodes.{shorten(key, 40)}", hint="export the Zap again")
        nodes[key] = Node(step, key, f"{where}.nodes.{shorten(key, 40)}")
    roots: list[Node] = []
    for node in nodes.values():
        node.parent = nodes.get(str(node.data.get("parent_id")))
        (roots if node.parent is None else node.parent.children).append(node)
    starts = [node for node in roots if node.data.get("parent_id") is None]
    if not starts:
        raise ZapError("has no trigger", where=where, hint="each Zap starts with a step that has no `parent_id`")
    trigger = next((node for node in starts if node.data.get("type_of") == "read"), starts[0])
    for node in nodes.values():
        if node.is_paths:
            node.children.sort(key=_place)
    reached = _reached(trigger)
    loose = [node for node in roots if node is not trigger]
    left = nodes.keys() - reached - {key for root in loose for key in _reached(root)}
    # steps that stand in a ring are reached from nowhere; each is carried by itself
    for key in sorted(left):
        nodes[key].parent = None
        nodes[key].children = [child for child in nodes[key].children if child.key not in left]
        loose.append(nodes[key])
    alone: Object = {**document, "zaps": [data]}
    return Zap(alone, data, nodes, trigger, tuple(loose), tuple(_findings(loose)))


def _place(node: Node) -> float:
    index = node.params.get("path_eval_index")
    return index if isinstance(index, int) and not isinstance(index, bool) else 0


def _reached(root: Node) -> set[str]:
    found: set[str] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        found.add(node.key)
        todo.extend(node.children)
    return found


def _findings(loose: Sequence[Node]) -> list[Finding]:
    what = "stands behind no step of its Zap, so it never runs"
    return [
        Finding(rule="zapier.parse", severity="warning", where=node.where, what=what, hint="connect or remove it")
        for node in loose
    ]


def is_export(document: JsonValue) -> bool:
    """Whether a document is an export of Zaps, in either envelope."""
    return isinstance(document, dict) and isinstance(document.get("zaps"), list) and "metadata" in document


def pick(zaps: Sequence[Zap], wanted: str | None) -> Zap:
    """The Zap whose id or title was asked for; the only one where nothing was. Raises `ZapError`."""
    if wanted is None and len(zaps) == 1:
        return zaps[0]
    titles = [f"{zap.data.get('id')} {zap.data.get('title')}" for zap in zaps]
    found = [zap for zap in zaps if wanted in (str(zap.data.get("id")), zap.data.get("title"))]
    if len(found) == 1:
        return found[0]
    listed = "; ".join(shorten(title, 60) for title in titles[:20])
    said = "holds several Zaps" if wanted is None else f"holds no single Zap `{shorten(wanted, 60)}`"
    raise ZapError(said, hint=f"choose one by its id: {listed}")


def criteria_of(node: Node) -> list[JsonValue]:
    """The conditions of a filter."""
    return items(node.params.get("filter_criteria"))
