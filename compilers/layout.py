"""Where things stand on a canvas: a grid that reads from left to right, without overlaps.

A path keeps its row. Every further branch gets a row of its own below what the branches before it took, so that
branches stand from top to bottom in the order in which they run. A column is the longest way from the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def grid(children: Mapping[str, Sequence[str]], roots: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Column and row of every node that the roots lead to; no two share a cell. `children` must hold no cycle among
    those nodes, and gives each node's successors in order."""
    order = _depth_first(children, roots)
    columns = dict.fromkeys(order, 0)
    for node in _topological(children, order):
        for child in children.get(node, ()):
            columns[child] = max(columns[child], columns[node] + 1)
    rows: dict[str, int] = {}
    used = -1
    stack = [(root, -1) for root in reversed(roots)]
    while stack:
        node, wanted = stack.pop()
        if node in rows:
            continue
        if wanted < 0:
            used += 1
            wanted = used
        rows[node] = wanted
        below = children.get(node, ())
        stack.extend((child, -1) for child in reversed(below[1:]))
        stack.extend((child, wanted) for child in below[:1])
    return {node: (columns[node], rows[node]) for node in order}


def _depth_first(children: Mapping[str, Sequence[str]], roots: Sequence[str]) -> list[str]:
    order: list[str] = []
    seen: set[str] = set()
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        order.append(node)
        stack.extend(reversed(children.get(node, ())))
    return order


def _topological(children: Mapping[str, Sequence[str]], nodes: Sequence[str]) -> list[str]:
    waiting = dict.fromkeys(nodes, 0)
    for node in nodes:
        for child in children.get(node, ()):
            waiting[child] += 1
    ready = [node for node in reversed(nodes) if not waiting[node]]
    order: list[str] = []
    while ready:
        node = ready.pop()
        order.append(node)
        for child in children.get(node, ()):
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return order
