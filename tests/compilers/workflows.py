"""Questions about n8n workflows that tests ask: what leads where, and whether Make's notation is left anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from compilers.spec import strings_in

_MAKE = re.compile(r"\{\{\s*(?:\d+\.[a-zA-Z_`]|`\d+`)")


def nodes_of(document: Mapping[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
    """The nodes by name."""
    listed = document["nodes"]
    assert isinstance(listed, list)
    return {str(node["name"]): node for node in listed if isinstance(node, dict)}


def wires_of(document: Mapping[str, JsonValue]) -> Iterator[tuple[str, int, str, int]]:
    """Every connection: from a node and output, to a node and input."""
    connections = document["connections"]
    assert isinstance(connections, dict)
    for source, kinds in connections.items():
        assert isinstance(kinds, dict)
        outputs = kinds["main"]
        assert isinstance(outputs, list)
        for index, wires in enumerate(outputs):
            for wire in wires if isinstance(wires, list) else []:
                assert isinstance(wire, dict)
                yield source, index, str(wire["node"]), int(str(wire["index"]))


def below(document: Mapping[str, JsonValue]) -> dict[str, set[str]]:
    """For each node, all nodes that connections lead to from it."""
    following: dict[str, set[str]] = {}
    for source, _, target, _ in wires_of(document):
        following.setdefault(source, set()).add(target)
    reached: dict[str, set[str]] = {}
    for name in nodes_of(document):
        seen: set[str] = set()
        todo = [name]
        while todo:
            for target in following.get(todo.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        reached[name] = seen
    return reached


def left_over(document: Mapping[str, JsonValue]) -> list[str]:
    """Parameters in which Make's notation is left, or braces that n8n would keep as text."""
    found = []
    for name, node in nodes_of(document).items():
        for path, text in strings_in(node["parameters"]):
            code = path.endswith(("jsCode", "pythonCode"))
            if "{{" in text and not code and (not text.startswith("=") or _MAKE.search(text)):
                found.append(f"{name}: {path}: {text[:80]}")
    return found
