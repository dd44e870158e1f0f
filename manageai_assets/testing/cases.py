"""Test cases from a spec: every route taken, every failure of every app, and data at the edges.

* `routes`: the data as they usually are; then for every route, branch and fallback data that the solver found for it,
  and for every filter data that it stops.
* `edges` (`edge_cases`): nothing in it, each needed field missing, wrong types, empty and long lists, Unicode, very
  long text, values just below, at and above each filter's boundary.
* `errors` (`error_cases`): every app failing in every way, and what the spec's error handling says of it.

What a case expects comes from the spec alone: `must_*` from its graph and error handling, values from running the spec
itself (`expectations`), never from the platform under test. The same spec always gives the same cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from compilers.spec import Edge, Spec
from manageai_assets.testing.edge_cases import edge_cases
from manageai_assets.testing.error_cases import error_cases
from manageai_assets.testing.making import CaseMaker
from manageai_assets.testing.models import Case, TestSuite

MOST_STOPS = 60
"""Cases for filters that stop a bundle."""


def suite_of(spec: Spec, further: Sequence[Case] = (), moment: datetime | None = None) -> TestSuite:
    """All cases of a spec, with what none was found for. `further` cases, such as those that Claude wrote, come last.
    Dates are chosen around `moment`, when the cases shall run; by default that is noon of the day of the intake."""
    maker = CaseMaker(spec, moment)
    missed: list[str] = []
    cases = [*_routes(maker, missed), *edge_cases(maker), *error_cases(maker, missed), *further]
    return TestSuite(slug=spec.slug, version=spec.version, cases=_named(cases), not_covered=tuple(missed))


def _routes(maker: CaseMaker, missed: list[str]) -> list[Case]:
    usual = maker.usual
    cases = [usual]
    taken = set(maker.trace(usual).taken)
    for goal in maker.goals.routes():
        made = maker.reaching(goal)
        if made is None:
            missed.append(f"no data found that take {described(maker, goal.edge)}")
            continue
        name = described(maker, goal.edge)
        cases.append(
            maker.case(
                made,
                name=f"route {name}",
                group="routes",
                title=f"{name} is taken",
                why="data chosen so that every condition on the way there holds, and those of routes before it don't",
                must_reach=goal.steps,
                must_not_reach=maker.only_by_others(goal.edge),
            )
        )
        taken |= set(maker.trace(made).taken)
    cases += _steps(maker, taken)
    return [*cases, *_stops(maker)]


def _steps(maker: CaseMaker, taken: set[str]) -> list[Case]:
    """Cases for steps behind filters that nothing so far has passed."""
    cases: list[Case] = []
    for goal in maker.goals.steps():
        if goal.name in taken:
            continue
        made = maker.reaching(goal)
        if made is not None:
            taken |= set(maker.trace(made).taken)
            title = maker.graph.step(goal.edge.target).title
            cases.append(
                maker.case(
                    made, name=f"step {title}", group="routes", title=f"{title} is reached", must_reach=goal.steps
                )
            )
    return cases


def _stops(maker: CaseMaker) -> list[Case]:
    cases: list[Case] = []
    for goal in maker.goals.stops()[:MOST_STOPS]:
        made = maker.reaching(goal)
        if made is None:
            continue
        name = described(maker, goal.edge)
        cases.append(
            maker.case(
                made,
                name=f"stopped {name}",
                group="routes",
                title=f"{name} stops what does not fit",
                why="data chosen so that this condition alone decides",
                must_not_reach=maker.only_below(goal.edge) if maker.alone(goal.edge.target) else (),
            )
        )
    return cases


def described(maker: CaseMaker, edge: Edge) -> str:
    """A route, branch or filter in words."""
    label = edge.label or (edge.filter.label if edge.filter else "") or ("otherwise" if edge.fallback else "")
    source = maker.graph.step(edge.source).title
    return f"{source}: {label}" if label else f"{source} to {maker.graph.step(edge.target).title}"


def _named(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases with names that are unique."""
    found: dict[str, Case] = {}
    for case in cases:
        name, count = case.name, 1
        while name in found:
            count += 1
            name = f"{case.name[:112]}-{count}"
        found[name] = case if name == case.name else case.model_copy(update={"name": name})
    return tuple(found.values())
