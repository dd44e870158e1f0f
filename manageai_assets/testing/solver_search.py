"""The search behind the solver: from what steps gave, over single changes, to a scope in which all conditions are met.

The conditions of all filters are *atoms*, each with the truth that it shall have. A *requirement* is met by any of its
alternatives, each a set of atoms: a filter that shall pass is one requirement with an alternative for each group; one
that shall stop is a requirement for each group, any of whose conditions may fail.

The search is best first: changed next is the scope with the fewest unmet atoms, by one proposal after the other for an
atom that isn't met, until one gives a scope with fewer. A proposal that doesn't meet its atom is dropped, and no scope
is looked at twice. Work is counted, so that what can't be met is given up soon, and the same question always has the
same answer.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.context import Context
from compilers.expressions.evaluator import evaluate
from compilers.expressions.parser import parse
from compilers.expressions.tree import Literal, Reference, Template, references, walk
from compilers.expressions.values import Scope, Value
from compilers.operators import operator, test
from compilers.spec import Condition
from manageai_assets.testing.inverse import Inverse
from manageai_assets.testing.solver_fitting import PRESENT
from manageai_assets.testing.solver_places import Change, Place, put
from manageai_assets.testing.solver_values import Pool, Question, pivots, proposals

MOST_TRIES = 2500
"""Proposals and evaluations in one search. Ninety-nine of a hundred sets that can be met take less than a hundred."""
_MOST_CHANGES = 90
"""Proposals that are looked at for one atom."""
_MOST_ALTERNATIVES = 12

Fixed = Callable[[str], bool]
Judge = Callable[[Scope], bool]


def never(step: str) -> bool:
    """No step's output is fixed."""
    return False


@dataclass(frozen=True, eq=False)
class Atom:
    """A condition, and whether it shall hold."""

    condition: Condition
    wanted: bool

    @cached_property
    def left(self) -> Template | Value:
        return _operand(self.condition.left)

    @cached_property
    def right(self) -> Template | Value:
        return _operand(self.condition.right)

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Its sides that are templates."""
        return tuple(side for side in (self.left, self.right) if isinstance(side, Template))

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """All that it looks at."""
        return tuple(chain.from_iterable(references(side) for side in self.templates))

    @cached_property
    def steps(self) -> frozenset[str]:
        """The steps whose outputs decide it."""
        return frozenset(reference.step for reference in self.references)

    def truth(self, scope: Scope, context: Context) -> bool | None:
        """Whether the condition holds; None when it can't be evaluated."""
        try:
            left, right = side(self.left, scope, context), side(self.right, scope, context)
            return test(self.condition, left, right, context)
        except ExpressionError:
            return None

    def met(self, scope: Scope, context: Context) -> bool:
        """Whether the condition has the wanted truth."""
        return self.truth(scope, context) is self.wanted

    def negated(self) -> Atom:
        """The same condition, with the other truth."""
        return Atom(self.condition, not self.wanted)


Alternative = tuple[Atom, ...]
Requirement = tuple[Alternative, ...]


def _operand(value: JsonValue) -> Template | Value:
    if isinstance(value, str):
        return parse(value)
    result: Value = value  # type: ignore[assignment]  # a JSON value is a value; `list` isn't covariant
    return result


def side(operand: Template | Value, scope: Scope, context: Context) -> Value:
    """The value of one side of a condition. Raises `ExpressionError`."""
    return evaluate(operand, scope, context) if isinstance(operand, Template) else operand


@dataclass(frozen=True)
class Solution:
    """A scope in which everything is as wanted, and what was changed for it, in the order of the changes."""

    scope: Scope
    values: Change


def search(
    requirements: Sequence[Requirement], known: Scope, context: Context, fixed: Fixed, judge: Judge
) -> Solution | None:
    """The first scope found that meets all requirements, and that `judge` agrees to; None when there is none in reach.

    Raises `ExpressionError` for a condition that can't be parsed, or whose operator isn't one.
    """
    found = _Search(tuple(requirements), known, context, fixed, judge).run()
    if found:
        return found
    atoms = dict.fromkeys(atom for requirement in requirements for group in requirement for atom in group)
    readable = [((atom,), (atom.negated(),)) for atom in atoms if atom.truth(known, context) is None]
    if not readable:
        return None
    # a condition that nobody asked about stops a filter, too, when it can't be evaluated
    return _Search((*requirements, *readable), known, context, fixed, judge).run()


_Key = frozenset[tuple[Place, str]]


@dataclass(frozen=True, eq=False)
class _State:
    scope: Scope
    values: Change
    met: dict[Atom, bool]


@dataclass(eq=False)
class _Search:
    requirements: tuple[Requirement, ...]
    known: Scope
    context: Context
    fixed: Fixed
    judge: Judge
    tries: int = 0
    seen: set[_Key] = field(default_factory=set)
    refused: set[tuple[Atom, _Key]] = field(default_factory=set)

    def run(self) -> Solution | None:
        start = _State(self.known, {}, {atom: self._meets(atom, self.known) for atom in self.atoms})
        self.requirements = tuple(self._possible(requirement, start) for requirement in self.requirements)
        if not all(self.requirements):
            return None
        if not self._unmet(start) and self.judge(start.scope):
            return self._least(start)
        queue = [(self._unmet(start), 0, 0, self._children(start))]
        turn = 0
        while queue:
            child = next(queue[0][-1], None)
            if child is None:
                heapq.heappop(queue)
                continue
            unmet = self._unmet(child)
            if not unmet and self.judge(child.scope):
                return self._least(child)
            turn += 1
            heapq.heappush(queue, (unmet, len(child.values), turn, self._children(child)))
        return None

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        return tuple(dict.fromkeys(atom for need in self.requirements for group in need for atom in group))

    @cached_property
    def pool(self) -> Pool:
        return Pool.of(self._constants(), self.context)

    def _constants(self) -> Iterator[Value]:
        for atom in self.atoms:
            for operand in (atom.left, atom.right):
                if not isinstance(operand, Template):
                    yield operand
                    continue
                if not references(operand):
                    try:
                        yield side(operand, {}, self.context)
                    except ExpressionError:
                        continue
                for node in walk(operand):
                    if isinstance(node, Literal):
                        yield node.value

    def _meets(self, atom: Atom, scope: Scope) -> bool:
        self.tries += 1
        return atom.met(scope, self.context)

    def _possible(self, requirement: Requirement, start: _State) -> Requirement:
        """The alternatives without those that hang on something that can't be changed."""

        def open_(atom: Atom) -> bool:
            return start.met[atom] or any(not self.fixed(step) for step in atom.steps)

        return tuple(group for group in requirement if all(open_(atom) for atom in group))

    def _unmet(self, state: _State) -> int:
        return sum(
            min(sum(not state.met[atom] for atom in group) for group in requirement)
            for requirement in self.requirements
        )

    def _children(self, state: _State) -> Iterator[_State]:
        """The scopes one change away that meet one more atom of the first requirement that isn't met."""
        for requirement in self.requirements:
            open_ = sorted(([atom for atom in group if not state.met[atom]] for group in requirement), key=len)
            if open_[0]:
                for atom in dict.fromkeys(group[0] for group in open_[:_MOST_ALTERNATIVES]):
                    yield from self._changed(state, atom)
                return

    def _changed(self, state: _State, atom: Atom) -> Iterator[_State]:
        inverse = Inverse(state.scope, self.context, self.fixed, self.pool)
        for way in (self._changes(inverse, atom), self._guesses(inverse, atom)):
            found = False
            for change in islice(way, _MOST_CHANGES):
                if self.tries >= MOST_TRIES:
                    return
                child = self._child(state, atom, change)
                if child:
                    found = True
                    yield child
            if found:
                return

    def _child(self, state: _State, atom: Atom, change: Change) -> _State | None:
        values = {place: value for place, value in state.values.items() if place not in change} | dict(change)
        key = frozenset((place, repr(value)) for place, value in values.items())
        # a scope that doesn't meet one atom may be what another one needs
        if key in self.seen or (atom, key) in self.refused:
            self.tries += 1
            return None
        scope = put(state.scope, change)
        if not self._meets(atom, scope):
            self.refused.add((atom, key))
            return None
        self.seen.add(key)
        steps = {step for step, _ in change}
        met = {
            other: self._meets(other, scope) if other is not atom and other.steps & steps else known
            for other, known in state.met.items()
        }
        return _State(scope, values, met | {atom: True})

    # -- proposals -------------------------------------------------------------------------------------------

    def _changes(self, inverse: Inverse, atom: Atom) -> Iterator[Change]:
        """Changes of one side for what the other is; then of both, for values that suit the operator."""
        left, right = self._value(inverse, atom.left), self._value(inverse, atom.right)
        yield from self._one_side(inverse, atom, atom.left, right, left, mirrored=False)
        yield from self._one_side(inverse, atom, atom.right, left, right, mirrored=True)
        if len(atom.templates) == 2 and all(references(template) for template in atom.templates):
            row = operator(atom.condition.operator)
            for pivot in pivots(row, self.context):
                for change in islice(inverse.template(atom.templates[1], pivot), 2):
                    then = inverse.after(change)
                    other = self._value(then, atom.right)
                    for more in islice(self._one_side(then, atom, atom.left, other, left, mirrored=False), 6):
                        yield {**change, **more}

    def _one_side(
        self, inverse: Inverse, atom: Atom, operand: Template | Value, other: Value, current: Value, *, mirrored: bool
    ) -> Iterator[Change]:
        if not isinstance(operand, Template) or not references(operand):
            return
        question = Question(other, current, self.context, atom.wanted, mirrored, atom.condition.ignore_case, self.pool)
        for value in proposals(operator(atom.condition.operator), question):
            yield from inverse.template(operand, value)

    def _guesses(self, inverse: Inverse, atom: Atom) -> Iterator[Change]:
        """Values of the pool for each reference, for expressions that can't be gone through backwards."""
        values: tuple[Value, ...] = (
            *self.pool.texts, *self.pool.numbers, *self.pool.moments, None, "", 0, True, False, [], PRESENT
        )  # fmt: skip
        for value in values:
            for reference in dict.fromkeys(atom.references):
                yield from inverse.node(reference, value)

    def _value(self, inverse: Inverse, operand: Template | Value) -> Value:
        try:
            return side(operand, inverse.scope, self.context)
        except ExpressionError:
            return None

    # -- in the end ------------------------------------------------------------------------------------------

    def _least(self, state: _State) -> Solution:
        """The solution without changes that turned out not to be needed."""
        best = Solution(state.scope, state.values)
        for place in state.values:
            fewer = {other: value for other, value in best.values.items() if other != place}
            scope = put(self.known, fewer)
            if all(self._holds(requirement, scope) for requirement in self.requirements) and self.judge(scope):
                best = Solution(scope, fewer)
        return best

    def _holds(self, requirement: Requirement, scope: Scope) -> bool:
        return any(all(atom.met(scope, self.context) for atom in group) for group in requirement)
