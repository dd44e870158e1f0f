"""Inputs for a wanted way through a scenario: outputs of steps with which filters pass or stop as they shall.

    solve([(route_one, False), (route_two, True)], {"lead": {"body": {"size": 5}}}, context)

gives the scope with just the leaves changed that had to be, so that a bundle takes the second route: a copy, in which
what served already is as it was. Conditions are gone through backwards to values that most likely serve (`inverse`,
`solver_values`), and `compilers.operators.passes` is the judge. None means that nothing was found in a bounded search;
the filters may contradict each other, or hang on what can't be changed or can't be undone, such as a digest.

`boundaries` gives the values at the edges of each condition of a filter, and what the filter says to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compilers.errors import ExpressionError
from compilers.expressions.context import Context
from compilers.expressions.values import Scope
from compilers.operators import passes
from compilers.spec import Filter
from manageai_assets.testing.solver_boundaries import Boundary, boundaries
from manageai_assets.testing.solver_search import Atom, Fixed, Requirement, Solution, never, search

__all__ = ["Boundary", "Solution", "Wish", "boundaries", "find", "never", "solve"]

Wish = tuple[Filter | None, bool]
"""This filter shall pass (True) or stop (False)."""


def solve(wishes: Sequence[Wish], known: Scope, context: Context, *, fixed: Fixed = never) -> Scope | None:
    """What steps must give so that every filter does as wished; None when nothing was found.

    Steps that `fixed` names keep their outputs. Raises `ExpressionError` for filters that can't be read.
    """
    found = find(wishes, known, context, fixed=fixed)
    return found.scope if found else None


def find(wishes: Sequence[Wish], known: Scope, context: Context, *, fixed: Fixed = never) -> Solution | None:
    """As `solve`, with a list of what was changed."""

    def judge(scope: Scope) -> bool:
        try:
            return all(passes(filter_, scope, context) is wanted for filter_, wanted in wishes)
        except ExpressionError:
            return False

    requirements = [requirement for wish in wishes for requirement in _requirements(wish)]
    return search(requirements, known, context, fixed, judge)


def _requirements(wish: Wish) -> Iterator[Requirement]:
    filter_, wanted = wish
    groups = filter_.any_of if filter_ and filter_.any_of else ((),)
    if wanted:
        yield tuple(tuple(Atom(condition, True) for condition in group) for group in groups)
    else:
        yield from (tuple((Atom(condition, False),) for condition in group) for group in groups)
