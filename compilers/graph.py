"""Questions about a spec's graph: order, ancestors, cycles, and what a step can see.

Everything that holds for all steps is computed once, without recursion and about linearly, so that specs of
thousands of steps are no trouble. Specs may be broken: edges to steps that don't exist are kept apart
(`dangling`), and an edge that closes a cycle counts for `cycle` alone.

Sets of steps are kept as the bits of integers: five thousand sets of five thousand steps take three megabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property

from pydantic import JsonValue

from compilers.errors import ExpressionError, SpecError, shorten
from compilers.expressions.parser import parse
from compilers.expressions.tree import Field, references
from compilers.registry import registry
from compilers.spec import (
    AggregateStep,
    AnyStep,
    Edge,
    IterateStep,
    OperationStep,
    RepeatStep,
    Spec,
    strings_in,
    templates_of,
)


def gives_several(step: AnyStep) -> bool:
    """Whether one bundle into the step can give several out of it: iterate, repeat, a search, or groups."""
    match step:
        case IterateStep() | RepeatStep():
            return True
        case AggregateStep(group_by=group_by):
            return group_by is not None
        case OperationStep(app=app, operation=operation):
            known = registry().find(app, operation)
            return known is not None and known.kind == "search"
        case _:
            return False


class SpecGraph:
    """The graph of one spec."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.trigger = spec.trigger
        self._steps: dict[str, AnyStep] = {step.id: step for step in spec.nodes}
        self._ids = tuple(self._steps)
        self._bits = {identifier: index for index, identifier in enumerate(self._ids)}
        self._outgoing: dict[str, list[Edge]] = {identifier: [] for identifier in self._ids}
        self._incoming: dict[str, list[Edge]] = {identifier: [] for identifier in self._ids}
        self.dangling: tuple[tuple[int, Edge], ...] = tuple(
            (index, edge)
            for index, edge in enumerate(spec.edges)
            if edge.source not in self._steps or edge.target not in self._steps
        )
        """Edges to or from steps that don't exist, with their positions among the spec's edges."""
        for edge in spec.edges:
            if edge.source in self._steps and edge.target in self._steps:
                self._outgoing[edge.source].append(edge)
                self._incoming[edge.target].append(edge)

    # -- steps and edges -------------------------------------------------------------------------------------

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._steps

    def __iter__(self) -> Iterator[AnyStep]:
        return iter(self._steps.values())

    def step(self, identifier: str) -> AnyStep:
        """The step of that id. Raises `SpecError`."""
        try:
            return self._steps[identifier]
        except KeyError:
            raise SpecError(f"no step `{shorten(identifier)}`", where="steps") from None

    def get(self, identifier: str) -> AnyStep | None:
        """The step of that id, or None."""
        return self._steps.get(identifier)

    def outgoing(self, identifier: str) -> tuple[Edge, ...]:
        """The edges that leave the step, in the order of the spec."""
        return tuple(self._outgoing.get(identifier, ()))

    def incoming(self, identifier: str) -> tuple[Edge, ...]:
        """The edges that enter the step, in the order of the spec."""
        return tuple(self._incoming.get(identifier, ()))

    def children(self, identifier: str) -> tuple[AnyStep, ...]:
        """The steps that the step's edges lead to, in the order of the edges."""
        return tuple(self._steps[edge.target] for edge in self._outgoing.get(identifier, ()))

    def next(self, identifier: str) -> AnyStep | None:
        """The step behind the first `next` edge, or None."""
        return next((self._steps[e.target] for e in self._outgoing.get(identifier, ()) if e.kind == "next"), None)

    def handler(self, identifier: str) -> AnyStep | None:
        """The first step of the step's error route, or None."""
        return next((self._steps[e.target] for e in self._outgoing.get(identifier, ()) if e.kind == "error"), None)

    # -- order -----------------------------------------------------------------------------------------------

    def topological(self) -> tuple[AnyStep, ...]:
        """All steps, each behind those that lead to it; depth first, routes in their order, unreachable ones last."""
        return tuple(self._steps[identifier] for identifier in self._order)

    def cycle(self) -> tuple[str, ...] | None:
        """The ids along one cycle, in the order of its edges, the first in the spec first; or None."""
        found = self._search[1]
        if found is None:
            return None
        first = min(range(len(found)), key=lambda index: self._bits[found[index]])
        return found[first:] + found[:first]

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return self._search[0]

    @cached_property
    def _search(self) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        """Reversed postorder of a depth-first search, and a cycle if it met one."""
        done: list[str] = []
        state = dict.fromkeys(self._ids, 0)
        cycle: tuple[str, ...] | None = None
        loose = [identifier for identifier in self._ids if identifier not in self._reachable]
        for root in [*reversed(loose), self.trigger.id]:
            if state[root]:
                continue
            path, stack = [root], [iter(reversed(self._outgoing[root]))]
            state[root] = 1
            while path:
                edge = next(stack[-1], None)
                if edge is None:
                    stack.pop()
                    state[path[-1]] = 2
                    done.append(path.pop())
                elif state[edge.target] == 0:
                    state[edge.target] = 1
                    path.append(edge.target)
                    stack.append(iter(reversed(self._outgoing[edge.target])))
                elif state[edge.target] == 1 and cycle is None:
                    cycle = tuple(path[path.index(edge.target) :])
        return tuple(reversed(done)), cycle

    @cached_property
    def _reachable(self) -> frozenset[str]:
        seen, todo = {self.trigger.id}, [self.trigger.id]
        while todo:
            for edge in self._outgoing[todo.pop()]:
                if edge.target not in seen:
                    seen.add(edge.target)
                    todo.append(edge.target)
        return frozenset(seen)

    @cached_property
    def _forward(self) -> Mapping[str, tuple[Edge, ...]]:
        """The incoming edges of each step that close no cycle, and for a reachable step come from one."""
        rank = {identifier: index for index, identifier in enumerate(self._order)}
        return {
            identifier: tuple(
                edge
                for edge in edges
                if rank[edge.source] < rank[identifier]
                and (edge.source in self._reachable or identifier not in self._reachable)
            )
            for identifier, edges in self._incoming.items()
        }

    def unreachable(self) -> tuple[AnyStep, ...]:
        """The steps that no edges lead to from the trigger, in the order of the spec."""
        return tuple(step for step in self._steps.values() if step.id not in self._reachable)

    # -- what lies above a step ------------------------------------------------------------------------------

    def ancestors(self, identifier: str) -> frozenset[str]:
        """The ids of all steps from which edges of any kind lead to the step."""
        return self._set(self._ancestor_bits.get(identifier, 0))

    def leads_to(self, above: str, below: str) -> bool:
        """Whether edges lead from `above` to `below`; quick."""
        return above in self._bits and bool(self._ancestor_bits.get(below, 0) >> self._bits[above] & 1)

    @cached_property
    def _ancestor_bits(self) -> Mapping[str, int]:
        bits: dict[str, int] = {}
        for identifier in self._order:
            mask = 0
            for edge in self._forward[identifier]:
                mask |= bits[edge.source] | 1 << self._bits[edge.source]
            bits[identifier] = mask
        return bits

    def _set(self, mask: int) -> frozenset[str]:
        digits = bin(mask)[:1:-1]
        return frozenset(self._ids[index] for index, digit in enumerate(digits) if digit == "1")

    def parent(self, identifier: str) -> str | None:
        """The nearest step that every way to this one passes: the step before it, or the if_else before a merge."""
        return self._parents.get(identifier)

    @cached_property
    def _parents(self) -> Mapping[str, str | None]:
        parents: dict[str, str | None] = {}
        depth: dict[str | None, int] = {None: 0}
        for identifier in self._order:
            edges = self._forward[identifier]
            above: str | None = edges[0].source if edges else None
            for edge in edges[1:]:
                other: str | None = edge.source
                while above != other:
                    if depth[above] >= depth[other]:
                        above = parents[above] if above is not None else None
                    else:
                        other = parents[other] if other is not None else None
            parents[identifier] = above
            depth[identifier] = depth[above] + 1
        return parents

    def line(self, identifier: str) -> Iterator[str]:
        """The steps that every way to this one passes, from the nearest up to the trigger."""
        above = self._parents.get(identifier)
        while above is not None:
            yield above
            above = self._parents[above]

    def route_path(self, identifier: str) -> tuple[Edge, ...]:
        """The `route`, `branch` and `error` edges on the way from the trigger to the step. Behind a merge, the
        branches that it joined are not on the way."""
        path: list[Edge] = []
        below = identifier
        for above in self.line(identifier):
            edges = self._forward[below]
            if len(edges) == 1 and edges[0].kind != "next":
                path.append(edges[0])
            below = above
        return tuple(reversed(path))

    # -- bundles ---------------------------------------------------------------------------------------------

    def source_of(self, aggregate: AggregateStep) -> AnyStep | None:
        """The step whose bundles the aggregate collects, or None when that isn't above it."""
        above = self._dominator_bits.get(aggregate.id, 0)
        index = self._bits.get(aggregate.source)
        return self._steps[aggregate.source] if index is not None and above >> index & 1 else None

    def multiplying(self, identifier: str) -> tuple[AnyStep, ...]:
        """The steps above this one that can give several bundles for one, outermost first. An aggregate closes what
        lies between its source and itself, the source included."""
        found: list[AnyStep] = []
        above = self._multipliers.get(identifier)
        while above is not None:
            found.append(self._steps[above])
            above = self._multipliers[self._opened(above)]
        return tuple(reversed(found))

    def multiplier_above(self, identifier: str) -> str | None:
        """The innermost of `multiplying`, or None; quick."""
        return self._multipliers.get(identifier)

    @cached_property
    def _multipliers(self) -> Mapping[str, str | None]:
        """The nearest step above each that can give several bundles and that no aggregate has closed."""
        nearest: dict[str, str | None] = {}
        for identifier in self._order:
            above = self._parents[identifier]
            if above is not None and not gives_several(self._steps[above]):
                above = nearest[self._opened(above)]
            nearest[identifier] = above
        return nearest

    def _opened(self, identifier: str) -> str:
        """The step whose place in the loops is also that of what this step gives: an aggregate's source, or itself."""
        step = self._steps[identifier]
        source = self.source_of(step) if isinstance(step, AggregateStep) else None
        return source.id if source else identifier

    @cached_property
    def _dominator_bits(self) -> Mapping[str, int]:
        bits: dict[str, int] = {}
        for identifier in self._order:
            above = self._parents[identifier]
            bits[identifier] = 0 if above is None else bits[above] | 1 << self._bits[above]
        return bits

    def visible(self, identifier: str) -> frozenset[str]:
        """The ids of the steps whose outputs an expression of this step may use.

        Those are the steps that every way to it passes. Behind an aggregate, its source and what lies between the
        two is out of sight; behind a merge, so are the branches. (A value of a merge's field sees what the last
        step of its branch sees, and that step.) Inside an error handler the failed step counts as visible, though
        only its `error` is there: see `failed`.
        """
        return self._set(self._sight[0].get(identifier, 0))

    def sees(self, identifier: str, other: str) -> bool:
        """Whether `other` is among `visible(identifier)`; quick."""
        return other in self._bits and bool(self._sight[0].get(identifier, 0) >> self._bits[other] & 1)

    def behind(self, identifier: str) -> frozenset[str]:
        """The ids of the steps whose outputs the filters of the edges that leave the step may use."""
        return self._set(self._sight[1].get(identifier, 0))

    def sees_behind(self, identifier: str, other: str) -> bool:
        """Whether `other` is among `behind(identifier)`; quick."""
        return other in self._bits and bool(self._sight[1].get(identifier, 0) >> self._bits[other] & 1)

    @cached_property
    def _sight(self) -> tuple[Mapping[str, int], Mapping[str | None, int]]:
        """What each step sees itself, and what is seen behind it."""
        visible: dict[str, int] = {}
        behind: dict[str | None, int] = {None: 0}
        for identifier in self._order:
            visible[identifier] = behind[self._parents[identifier]]
            step = self._steps[identifier]
            source = self.source_of(step) if isinstance(step, AggregateStep) else None
            behind[identifier] = visible[source.id if source else identifier] | 1 << self._bits[identifier]
        return visible, behind

    @cached_property
    def used_outputs(self) -> Mapping[str, frozenset[str]]:
        """For each step the names of its outputs, first segments of paths, that anything refers to."""
        found: dict[str, set[str]] = {}
        for text in self._texts():
            for reference in references(parse(text)):
                first = reference.path[0] if reference.path else None
                if isinstance(first, Field):
                    found.setdefault(reference.step, set()).add(first.name)
        return {identifier: frozenset(names) for identifier, names in found.items()}

    def _texts(self) -> Iterator[str]:
        """Every text that may hold expressions and can be read, steps' and filters'."""
        values: list[JsonValue] = [value for step in self for _, value in templates_of(step)]
        for edge in self.spec.edges:
            groups = edge.filter.any_of if edge.filter else ()
            values.extend(value for group in groups for row in group for value in (row.left, row.right))
        for value in values:
            for _, text in strings_in(value):
                if "{{" in text:
                    with suppress(ExpressionError):
                        parse(text)
                        yield text

    # -- errors ----------------------------------------------------------------------------------------------

    @cached_property
    def error_steps(self) -> Mapping[str, str]:
        """The steps inside error handlers, each with the step whose failure brought the bundle there."""
        handled: dict[str, str] = {}
        for identifier in self._order:
            for edge in self._forward[identifier]:
                failed = edge.source if edge.kind == "error" else handled.get(edge.source)
                if failed is not None:
                    handled.setdefault(identifier, failed)
        return handled

    def failed(self, identifier: str) -> tuple[str, ...]:
        """The steps that have failed where this step runs, the innermost first; empty outside error handlers."""
        chain: list[str] = []
        failed = self.error_steps.get(identifier)
        while failed is not None:
            chain.append(failed)
            failed = self.error_steps.get(failed)
        return tuple(chain)

    # -- choice ----------------------------------------------------------------------------------------------

    def below(self, identifier: str) -> tuple[AnyStep, ...]:
        """All steps that the step leads to, in topological order."""
        seen, todo = set[str](), [identifier]
        while todo:
            for edge in self._outgoing.get(todo.pop(), ()):
                if edge.target not in seen:
                    seen.add(edge.target)
                    todo.append(edge.target)
        return self.ordered(seen)

    def until(self, identifier: str, end: str | None) -> frozenset[str]:
        """The ids of the step and of all that it leads to, without what `end` leads to. Takes no longer than these are
        many, so that thousands of short loops can be asked about."""
        seen, todo = {identifier}, [identifier]
        while todo:
            for edge in self._outgoing.get(todo.pop(), ()):
                if edge.target not in seen and (end is None or not self.leads_to(end, edge.target)):
                    seen.add(edge.target)
                    todo.append(edge.target)
        return frozenset(seen)

    def ordered(self, identifiers: Iterable[str]) -> tuple[AnyStep, ...]:
        """The steps of those ids in topological order."""
        rank = self._rank
        return tuple(self._steps[identifier] for identifier in sorted(identifiers, key=rank))

    @cached_property
    def _rank(self) -> Callable[[str], int]:
        return {identifier: index for index, identifier in enumerate(self._order)}.__getitem__
