"""Ways through a workflow: which nodes lead to one another, and which come before a node. Loops are allowed.

Nothing here recurses, and sets of nodes are kept as the bits of integers, so that thousands of nodes are no trouble.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

Following = Callable[[str], Iterable[str]]


def walk(starts: Iterable[str], following: Following) -> frozenset[str]:
    """The names that `starts` lead to, and `starts` themselves."""
    seen: set[str] = set()
    waiting = deque(starts)
    while waiting:
        name = waiting.popleft()
        if name not in seen:
            seen.add(name)
            waiting.extend(following(name))
    return frozenset(seen)


def rings(names: Iterable[str], following: Following) -> tuple[tuple[str, ...], ...]:
    """The strongly connected components, each behind those that it leads to: Tarjan's algorithm."""
    found: list[tuple[str, ...]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_names: list[str] = []
    closed: set[str] = set()
    for start in names:
        stack = [] if start in number else [(start, iter(tuple(following(start))))]
        while stack:
            name, rest = stack[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                open_names.append(name)
            below = next((one for one in rest if one not in closed), None)
            if below is None:
                stack.pop()
                if stack:
                    lowest[stack[-1][0]] = min(lowest[stack[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    ring = [open_names.pop()]
                    while ring[-1] != name:
                        ring.append(open_names.pop())
                    closed.update(ring)
                    found.append(tuple(ring))
            elif below in number:
                lowest[name] = min(lowest[name], number[below])
            else:
                stack.append((below, iter(tuple(following(below)))))
    return tuple(found)


class Upstream:
    """For each node, the nodes from which something leads to it; in a loop, that is the node itself too."""

    def __init__(self, names: Iterable[str], before: Following) -> None:
        self._before = before
        self._bits: dict[str, int] = {}
        self._upto: dict[str, int] = {}
        for ring in rings(names, before):
            for name in ring:
                self._bits[name] = len(self._bits)
            mask = 0
            for name in ring:
                mask |= 1 << self._bits[name]
                for above in before(name):
                    mask |= self._upto.get(above, 0)
            self._upto.update(dict.fromkeys(ring, mask))

    def leads(self, above: str, below: Iterable[str]) -> bool:
        """Whether something leads from `above` to one of `below`."""
        bit = self._bits.get(above)
        sources = (source for name in below for source in self._before(name))
        return bit is not None and any(self._upto.get(source, 0) >> bit & 1 for source in sources)
