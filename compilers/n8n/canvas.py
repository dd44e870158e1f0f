"""The nodes and connections of one workflow while it is being made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import JsonValue

from compilers.layout import grid

COLUMN, ROW = 300, 200
"""Pixels between two nodes on the editor's canvas: one is 100 wide, 256 with ports for tools, its name below."""
LONGEST_NAME = 128
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://n8n.io/workflow-node")

Node = dict[str, JsonValue]


@dataclass(frozen=True)
class Port:
    """An output of a node."""

    node: str
    output: int = 0


@dataclass
class Canvas:
    """Collects nodes and connections. Ids are derived from `slug` and each node's key, so they never change. `names`
    are those that nodes must have, by key."""

    slug: str
    names: Mapping[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    _wires: dict[str, list[list[tuple[str, int]]]] = field(default_factory=dict)
    _keys: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)
    _back: set[tuple[str, str]] = field(default_factory=set)

    def add(self, key: str, title: str, node_type: str, version: float, parameters: Mapping[str, JsonValue]) -> str:
        """Adds a node and gives its name: the title, made unique."""
        self._keys.add(key)
        name = self.names.get(key) or self._free_name(title)
        self.nodes[name] = {
            "id": str(uuid.uuid5(_NAMESPACE, f"{self.slug}/{key}")),
            "name": name,
            "type": node_type,
            "typeVersion": int(version) if version == int(version) else version,
            "position": [0, 0],
            "parameters": dict(parameters),
        }
        return name

    def webhook_id(self, key: str) -> str:
        """The id under which n8n registers a node's webhook."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.slug}/{key}/webhook"))

    def connect(self, port: Port, target: str, index: int = 0) -> None:
        """Wires an output to an input; the order of calls is the order of the wires."""
        outputs = self._wires.setdefault(port.node, [])
        while len(outputs) <= port.output:
            outputs.append([])
        if (target, index) not in outputs[port.output]:
            outputs[port.output].append((target, index))

    def connect_back(self, port: Port, target: str, index: int = 0) -> None:
        """Wires a node to one before it; where things stand doesn't depend on that."""
        self._back.add((port.node, target))
        self.connect(port, target, index)

    def connections(self) -> dict[str, JsonValue]:
        """All wires in n8n's shape."""
        return {
            source: {
                "main": [
                    [{"node": target, "type": "main", "index": index} for target, index in wires] for wires in outputs
                ]
            }
            for source, outputs in self._wires.items()
        }

    def placed(self) -> list[JsonValue]:
        """All nodes with their positions, in the order they were added."""
        children = {
            source: [target for wires in outputs for target, _ in wires if (source, target) not in self._back]
            for source, outputs in self._wires.items()
        }
        targets = {target for below in children.values() for target in below}
        roots = [name for name in self.nodes if name not in targets]
        for name, (column, row) in grid(children, roots).items():
            self.nodes[name]["position"] = [column * COLUMN, row * ROW]
        return list(self.nodes.values())

    @cached_property
    def _given(self) -> frozenset[str]:
        return frozenset(self.names.values())

    def _free_name(self, title: str) -> str:
        text = "".join(character if character.isprintable() else " " for character in title)
        text = " ".join(text.replace("{", "(").replace("}", ")").split())[:LONGEST_NAME] or "Step"
        name, number = text, self._numbers.get(text, 1)
        while name in self.nodes or name in self._given:
            number += 1
            name = f"{text[: LONGEST_NAME - 7]} {number}"
        self._numbers[text] = number
        return name
