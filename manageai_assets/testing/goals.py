"""What the cases of a spec must reach, and what has to hold on the way there.

A *goal* is an edge that a bundle shall pass, or that shall stop one. On the way from the trigger every filter must
pass; of a router that takes the first match, the routes before it must not; a fallback is taken when no other is. In
an error's handler, the step must have failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compilers.graph import SpecGraph
from compilers.spec import AnyStep, Edge, Filter, IfElseStep, RouterStep
from manageai_assets.testing.origins import Origins

Wish = tuple[Filter | None, bool]
"""A filter, and whether it shall let the bundle through."""


@dataclass(frozen=True)
class Goal:
    """An edge that a bundle shall pass (`passes`) or that shall stop it, with the steps and wishes on the way there."""

    edge: Edge
    passes: bool
    way: tuple[Edge, ...]
    wishes: tuple[Wish, ...]

    @property
    def name(self) -> str:
        """The edge as traces name it."""
        return f"{self.edge.source}>{self.edge.target}"

    @property
    def failing(self) -> tuple[str, ...]:
        """The steps that must fail, for their handlers are on the way."""
        return tuple(one.source for one in (*self.way, self.edge) if one.kind == "error")

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that run, by the graph, when it is reached."""
        ends = [self.edge.target] if self.passes else []
        return tuple(dict.fromkeys([*(edge.source for edge in self.way), self.edge.source, *ends]))


class Goals:
    """The goals of one spec."""

    def __init__(self, graph: SpecGraph) -> None:
        self._graph = graph
        self._origins = Origins(graph)

    def routes(self) -> tuple[Goal, ...]:
        """One for each route and branch that can be taken, in the order of the flow."""
        return tuple(self.of(edge) for edge in self._edges() if edge.kind in ("route", "branch"))

    def stops(self) -> tuple[Goal, ...]:
        """One for each filter that shall stop a bundle."""
        return tuple(
            self.of(edge, passes=False)
            for edge in self._edges()
            if edge.filter is not None and edge.filter.any_of and not edge.fallback
        )

    def steps(self) -> tuple[Goal, ...]:
        """One for each step that isn't in an error route: that it is reached."""
        handled = self._graph.error_steps
        return tuple(
            self.of(self._entering(step))
            for step in self._graph.topological()
            if step.id not in handled and self._enters(step)
        )

    def of(self, edge: Edge, passes: bool = True) -> Goal:
        """The goal of an edge."""
        way = self._way_to(edge.source)
        names = {one.source for one in way} | {edge.source}
        wishes: list[Wish] = []
        for one in way:
            wishes.extend(self._passing(one))
        wishes.extend(self._passing(edge) if passes else self._reaching(edge, stop=True))
        followed = tuple((self._origins.filter(condition, names), wanted) for condition, wanted in wishes)
        return Goal(edge, passes, way, followed)

    def _edges(self) -> Sequence[Edge]:
        return [
            edge
            for step in self._graph.topological()
            if self._reachable(step)
            for edge in self._graph.outgoing(step.id)
            if not edge.disabled
        ]

    def _reachable(self, step: AnyStep) -> bool:
        return step.id == self._graph.trigger.id or self._enters(step)

    def _enters(self, step: AnyStep) -> bool:
        return any(not edge.disabled for edge in self._graph.incoming(step.id))

    def _entering(self, step: AnyStep) -> Edge:
        """The edge by which a step is reached: the first that is on."""
        return next(edge for edge in self._graph.incoming(step.id) if not edge.disabled)

    def _way_to(self, identifier: str) -> tuple[Edge, ...]:
        """The edges from the trigger to a step, first ways where there are several."""
        way: list[Edge] = []
        seen = {identifier}
        while identifier != self._graph.trigger.id:
            edge = next((one for one in self._graph.incoming(identifier) if not one.disabled), None)
            if edge is None or edge.source in seen:
                break
            way.append(edge)
            identifier = edge.source
            seen.add(identifier)
        return tuple(reversed(way))

    def _passing(self, edge: Edge) -> list[Wish]:
        return [*self._reaching(edge), *([(edge.filter, True)] if edge.filter and edge.filter.any_of else [])]

    def _reaching(self, edge: Edge, stop: bool = False) -> list[Wish]:
        """What makes a router or if-else try this edge; and, with `stop`, that it doesn't let the bundle through."""
        source = self._graph.step(edge.source)
        wishes: list[Wish] = []
        chooses = isinstance(source, IfElseStep) or (isinstance(source, RouterStep) and source.mode == "first")
        if chooses or edge.fallback:
            for other in self._graph.outgoing(edge.source):
                if other == edge and not edge.fallback:
                    break
                if other != edge and not other.fallback and not other.disabled and other.kind == edge.kind:
                    wishes.append((other.filter, False))
        if stop:
            wishes.append((edge.filter, False))
        return wishes
