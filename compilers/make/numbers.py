"""The numbers of a blueprint's modules.

A parsed module keeps the one that it had; steps take the next that is free in the order of the flow; what the compiler
adds, such as the directive that ends a handler, comes behind them. Helper modules come last, so that a list that is
written as JSON somewhere gives no other module another number.
"""

from __future__ import annotations

from pydantic import JsonValue

from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import AnyStep, OperationStep, StopStep


class Numbers:
    """Gives the modules of one spec their numbers; `of_steps` are those of steps."""

    def __init__(self, graph: SpecGraph) -> None:
        self._graph = graph
        self.of_steps = self._numbered()
        directives = {kept_id(kept_of(step, "directive")) or 0 for step in graph}
        self._last = max((*self.of_steps.values(), *directives), default=0)
        self._last_helper = self._last + sum(map(self._may_add, graph))

    def new(self) -> int:
        """The number of a module that stands for no step by itself."""
        self._last += 1
        return self._last

    def new_helper(self) -> int:
        """The number of a module that another one needs before it."""
        self._last_helper += 1
        return self._last_helper

    def _numbered(self) -> dict[str, int]:
        """The number of every module: the one that a parsed module had, else the next that is free."""
        ids: dict[str, int] = {}
        taken: set[int] = set()
        for step in self._graph.topological():
            number = kept_id(step.residue.get("make", {}))
            if number is not None and number not in taken and _has_module(step):
                ids[step.id] = number
                taken.add(number)
        free = 0
        for step in self._graph.topological():
            if _has_module(step) and step.id not in ids:
                free += 1
                while free in taken:
                    free += 1
                ids[step.id] = free
        return ids

    def _may_add(self, step: AnyStep) -> int:
        """How many modules a step may need besides its own: the directive that ends its handler, and one to begin or
        end a way with where it has none itself."""
        handled = step.on_error is not None or any(edge.kind == "error" for edge in self._graph.outgoing(step.id))
        return int(handled) + int(step.id not in self.of_steps)


def kept_of(step: AnyStep, part: str) -> dict[str, JsonValue]:
    """A part of what was kept of a parsed module."""
    value = step.residue.get("make", {}).get(part)
    return value if isinstance(value, dict) else {}


def kept_id(kept: dict[str, JsonValue]) -> int | None:
    """The number that a module had when it was parsed."""
    value = kept.get("id")
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _has_module(step: AnyStep) -> bool:
    if isinstance(step, StopStep):
        return step.outcome == "error"
    if not isinstance(step, OperationStep):
        return True
    operation = registry().find(step.app, step.operation)
    return operation is None or operation.make is None or operation.make.module is not None
