"""The nodes and wires of a workflow as the parser meets them: checked for the shape that the rest relies on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.documents import Object, is_deeper, items, members, unwrapped
from compilers.errors import UserError, shorten

DEEPEST = 60
"""Levels of lists and objects in a workflow; the deepest real one has about 20."""
MOST_NODES = 5000
_TRIGGERS = frozenset({"webhook", "start", "cron", "interval", "emailReadImap", "form", "chat"})
_NEVER_TRIGGERS = frozenset({"form", "chat"})


class WorkflowError(UserError):
    """A document that is no workflow of n8n, or whose shape gives none."""


@dataclass
class Source:
    """One node of the workflow: its JSON, where it stands, and what the parser calls it."""

    data: Object
    where: str
    step: str = ""

    @property
    def name(self) -> str:
        """Its name, by which wires and expressions refer to it."""
        return str(self.data["name"])

    @property
    def type(self) -> str:
        """Its full type, such as `n8n-nodes-base.set`."""
        return str(self.data["type"])

    @property
    def kind(self) -> str:
        """Its type without the package."""
        return self.type.rpartition(".")[2]

    @property
    def version(self) -> float:
        """The version of its type."""
        value = self.data.get("typeVersion")
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 1

    @property
    def parameters(self) -> Object:
        """Its parameters."""
        return members(self.data.get("parameters"))

    @property
    def takes_errors(self) -> bool:
        """Whether its errors leave by an output of their own."""
        return self.data.get("onError") == "continueErrorOutput"

    @property
    def is_note(self) -> bool:
        """Whether it is a note on the canvas."""
        return self.kind == "stickyNote"

    @property
    def is_trigger(self) -> bool:
        """Whether it can start an execution, by its type's name."""
        kind = self.kind
        return (kind.endswith("Trigger") or kind in _TRIGGERS) and kind not in _NEVER_TRIGGERS

    @property
    def does_nothing(self) -> bool:
        """Whether it only passes items on."""
        return self.type == "n8n-nodes-base.noOp"

    def main_outputs(self) -> int:
        """How many outputs it has besides that for errors, as far as its type tells."""
        return 2 if self.kind in ("if", "splitInBatches") else 1


@dataclass(frozen=True)
class Wire:
    """From a node's main output to another's main input."""

    source: str
    output: int
    target: str
    index: int


@dataclass(frozen=True)
class Workflow:
    """A whole workflow: nodes by name in document order, its main wires, and the nodes that serve others by wires of
    another kind (models, tools, memories), each with the name of the one it serves."""

    document: Object
    nodes: Mapping[str, Source]
    wires: tuple[Wire, ...]
    serves: Mapping[str, str]


def unwrap(document: JsonValue) -> Object:
    """The workflow inside what exports and API answers put around it. Raises `WorkflowError`."""
    inner = unwrapped(document)
    if not isinstance(inner, dict) or not isinstance(inner.get("nodes"), list):
        raise WorkflowError(
            "is no n8n workflow: it has no list of `nodes`", hint="export it in n8n's editor: menu, *Download*"
        )
    return inner


def read(document: JsonValue) -> Workflow:
    """The workflow's nodes and wires. Raises `WorkflowError` for what is none."""
    if is_deeper(document, DEEPEST):
        raise WorkflowError(f"lists and objects are nested deeper than {DEEPEST}", where="workflow")
    found = unwrap(document)
    nodes: dict[str, Source] = {}
    listed = items(found["nodes"])
    if len(listed) > MOST_NODES:
        raise WorkflowError(f"has more than {MOST_NODES} nodes", where="nodes")
    for index, item in enumerate(listed):
        source = _node(item, f"nodes[{index}]")
        if source.name in nodes:
            raise WorkflowError(
                f"the name `{shorten(source.name, 60)}` is taken by another node",
                where=source.where,
                hint="n8n tells nodes apart by their names: give each its own",
            )
        nodes[source.name] = source
    wires, serves = _wires(members(found.get("connections")), nodes)
    on_main = {wire.source for wire in wires} | {wire.target for wire in wires}
    beside = {name: served for name, served in serves.items() if name not in on_main}
    return Workflow(found, nodes, wires, beside)


def _node(value: JsonValue, where: str) -> Source:
    if not isinstance(value, dict):
        raise WorkflowError("is no node: an object with `name` and `type`", where=where)
    for key in ("name", "type"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise WorkflowError(f"the node has no `{key}`", where=where, hint="export the workflow from n8n again")
    return Source(value, where)


def _wires(connections: Object, nodes: Mapping[str, Source]) -> tuple[tuple[Wire, ...], dict[str, str]]:
    """The main wires between nodes that are there, in the order of the document, and who serves whom."""
    wires: dict[Wire, None] = {}
    serves: dict[str, str] = {}
    for name, kinds in connections.items():
        if name not in nodes:
            continue
        for kind, outputs in members(kinds).items():
            for output, targets in enumerate(items(outputs)):
                for target in map(members, items(targets)):
                    to, index = target.get("node"), target.get("index")
                    if not isinstance(to, str) or to not in nodes:
                        continue
                    if kind == "main" and target.get("type", "main") == "main":
                        place = index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else 0
                        wires.setdefault(Wire(name, output, to, place))
                    elif kind.startswith("ai_"):
                        serves.setdefault(name, to)
    return tuple(wires), serves
