"""Spec rules: routers, if-else with merge, and filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from compilers.errors import shorten
from compilers.operators import OPERATORS
from compilers.rules.engine import Place
from compilers.rules.spec_subject import BOOK, SpecSubject, is_blank, is_template
from compilers.spec import Condition, Edge, IfElseStep, MergeStep, RouterStep


def _passes_always(edge: Edge) -> bool:
    """Whether the edge lets every bundle pass."""
    return edge.filter is None or not edge.filter.any_of or any(not group for group in edge.filter.any_of)


def _routers(subject: SpecSubject) -> Iterator[tuple[RouterStep, list[Edge]]]:
    """Every router with its routes that are switched on."""
    for step in subject.spec.steps:
        if isinstance(step, RouterStep):
            edges = subject.graph.outgoing(step.id)
            yield step, [edge for edge in edges if edge.kind == "route" and not edge.disabled]


def _if_elses(subject: SpecSubject) -> Iterator[tuple[IfElseStep, list[Edge]]]:
    """Every if_else with its branches that are switched on."""
    for step in subject.spec.steps:
        if isinstance(step, IfElseStep):
            edges = subject.graph.outgoing(step.id)
            yield step, [edge for edge in edges if edge.kind == "branch" and not edge.disabled]


def _conditions(subject: SpecSubject) -> Iterator[tuple[str, Condition]]:
    """Every condition of every filter, with its place."""
    for where, edge in subject.edges:
        for row, group in enumerate(edge.filter.any_of if edge.filter else ()):
            for column, condition in enumerate(group):
                yield f"{where}.filter.any_of[{row}][{column}]", condition


@BOOK.rule("router.routes", "error", area="router", hint="add routes, or remove the router")
def has_routes(subject: SpecSubject) -> Iterator[Place]:
    """A router has routes."""
    for step in subject.spec.steps:
        if isinstance(step, RouterStep) and not subject.graph.outgoing(step.id):
            yield subject.place(step), "has no route"


@BOOK.rule("router.one-route", "warning", area="router", hint="put the filter on a `next` edge instead of a router")
def one_route(subject: SpecSubject) -> Iterator[Place]:
    """A router has more than one route."""
    for step in subject.spec.steps:
        if isinstance(step, RouterStep) and len(subject.graph.outgoing(step.id)) == 1:
            yield subject.place(step), "has one route only"


@BOOK.rule("router.one-fallback", "error", area="router", hint="keep one fallback route")
def one_fallback(subject: SpecSubject) -> Iterator[Place]:
    """A router or if_else has at most one fallback."""
    for step in subject.spec.steps:
        count = sum(edge.fallback for edge in subject.graph.outgoing(step.id) if edge.kind in ("route", "branch"))
        if count > 1:
            yield subject.place(step), f"has {count} fallbacks"


@BOOK.rule("router.fallback-last", "warning", area="router", hint="move the fallback behind the others")
def fallback_last(subject: SpecSubject) -> Iterator[Place]:
    """The fallback stands behind the other routes or branches, as it runs behind them."""
    for step in subject.spec.steps:
        ways = [edge.fallback for edge in subject.graph.outgoing(step.id) if edge.kind in ("route", "branch")]
        if ways.count(True) == 1 and not ways[-1]:
            yield subject.place(step), f"the fallback is number {ways.index(True) + 1} of {len(ways)}"


@BOOK.rule("router.fallback-filter", "warning", area="router", hint="remove the filter from the fallback")
def fallback_filter(subject: SpecSubject) -> Iterator[Place]:
    """A fallback has no filter: whatever matched nothing else takes it."""
    for where, edge in subject.edges:
        if edge.fallback and edge.kind in ("route", "branch") and not _passes_always(edge):
            yield f"{where}.filter", f"the fallback to `{edge.target}` has a filter, so some bundles are lost"


@BOOK.rule("router.covered-route", "error", area="router", hint="give the earlier route a filter, or move it last")
def covered_route(subject: SpecSubject) -> Iterator[Place]:
    """With `mode: first`, no route stands behind one that takes everything."""
    for step, edges in _routers(subject):
        if step.mode == "first":
            ways = [edge for edge in edges if not edge.fallback]
            open_way = next((index for index, edge in enumerate(ways) if _passes_always(edge)), len(ways))
            for edge in ways[open_way + 1 :]:
                yield subject.place(step), f"the route to `{edge.target}` is never taken: one before it has no filter"


@BOOK.rule("router.starved-fallback", "warning", area="router", hint="filter the other routes, or drop the fallback")
def starved_fallback(subject: SpecSubject) -> Iterator[Place]:
    """No route beside a fallback takes everything."""
    for step, edges in _routers(subject):
        always = [edge for edge in edges if not edge.fallback and _passes_always(edge)]
        if always and any(edge.fallback for edge in edges):
            yield subject.place(step), f"the fallback is never taken: the route to `{always[0].target}` has no filter"


@BOOK.rule("router.if-else-branches", "error", area="router", hint="add a branch with a filter")
def if_else_branches(subject: SpecSubject) -> Iterator[Place]:
    """An if_else has a branch that asks something."""
    for step in subject.spec.steps:
        if isinstance(step, IfElseStep) and all(edge.fallback for edge in subject.graph.outgoing(step.id)):
            yield subject.place(step), "has no branch with a condition"


@BOOK.rule("router.open-branch", "error", area="router", hint="give the branch a filter, or make it the fallback")
def open_branch(subject: SpecSubject) -> Iterator[Place]:
    """Every branch of an if_else but the fallback has conditions."""
    for step, edges in _if_elses(subject):
        for edge in edges:
            if not edge.fallback and _passes_always(edge):
                yield subject.place(step), f"the branch to `{edge.target}` has no condition"


@BOOK.rule("router.merge-branches", "error", area="router", hint="end each branch of the if_else in the merge")
def merge_branches(subject: SpecSubject) -> Iterator[Place]:
    """A merge joins the ends of branches of one if_else."""
    for step in subject.spec.steps:
        if not isinstance(step, MergeStep) or not subject.sound:
            continue
        edges = subject.graph.incoming(step.id)
        parent = subject.graph.get(subject.graph.parent(step.id) or "")
        if len(edges) == 1:
            fits = any(edge.kind == "branch" for edge in subject.graph.route_path(step.id))
        else:
            fits = isinstance(parent, IfElseStep) or not edges
        if not fits or any(edge.kind != "next" for edge in edges):
            yield subject.place(step), "what it joins are not the ends of branches of one if_else"


@BOOK.rule("router.merge-fields", "error", area="router", hint="give each field one value for each branch that joins")
def merge_fields(subject: SpecSubject) -> Iterator[Place]:
    """Each field of a merge has a value for each branch that joins, and for nothing else."""
    for step in subject.spec.steps:
        if isinstance(step, MergeStep):
            ends = {edge.source for edge in subject.graph.incoming(step.id)}
            for field in step.fields:
                for name in sorted(ends ^ set(field.values)):
                    problem = "has no value for" if name in ends else "has a value for, which doesn't join here,"
                    where = f"{subject.place(step)}.fields.{shorten(field.name, 60)}"
                    yield where, f"{problem} the branch that ends in `{name}`"


@BOOK.rule("router.merge-names", "error", area="router", hint="name each field once")
def merge_names(subject: SpecSubject) -> Iterator[Place]:
    """The fields of a merge have names, each once."""
    for step in subject.spec.steps:
        if isinstance(step, MergeStep):
            for name, count in Counter(field.name for field in step.fields).items():
                if count > 1 or not name.strip():
                    yield f"{subject.place(step)}.fields", f"`{shorten(name, 60)}` is blank or there {count} times"


@BOOK.rule("filter.conditions", "warning", area="filter", hint="add a condition, or remove the filter")
def filter_conditions(subject: SpecSubject) -> Iterator[Place]:
    """A filter has conditions, in every group of them."""
    for where, edge in subject.edges:
        if edge.filter and not edge.filter.any_of and not edge.fallback:
            yield f"{where}.filter", "has no condition, so that everything passes"
        for row, group in enumerate(edge.filter.any_of if edge.filter else ()):
            if not group:
                yield f"{where}.filter.any_of[{row}]", "has no condition, so that everything passes"


@BOOK.rule("filter.left", "error", area="filter", hint="map what is to be compared")
def filter_left(subject: SpecSubject) -> Iterator[Place]:
    """A condition compares something: its left side is given."""
    for where, condition in _conditions(subject):
        if is_blank(condition.left):
            yield f"{where}.left", "nothing is compared"


@BOOK.rule("filter.operator", "error", area="filter", hint="take an operator such as `text:equals` or `exists`")
def filter_operator(subject: SpecSubject) -> Iterator[Place]:
    """A condition's operator exists."""
    for where, condition in _conditions(subject):
        if condition.operator not in OPERATORS:
            yield f"{where}.operator", f"there is no operator `{shorten(condition.operator, 60)}`"


@BOOK.rule("filter.right", "error", area="filter", hint="say what to compare with")
def filter_right(subject: SpecSubject) -> Iterator[Place]:
    """A condition that compares says with what; empty text is something to compare with."""
    for where, condition in _conditions(subject):
        operator = OPERATORS.get(condition.operator)
        if operator and operator.takes_right and condition.right is None:
            yield f"{where}.right", f"`{condition.operator}` compares with nothing"


@BOOK.rule("filter.unused-right", "warning", area="filter", hint="remove the right side, or take another operator")
def filter_unused_right(subject: SpecSubject) -> Iterator[Place]:
    """A condition that compares with nothing has no right side."""
    for where, condition in _conditions(subject):
        operator = OPERATORS.get(condition.operator)
        if operator and not operator.takes_right and condition.right is not None:
            yield f"{where}.right", f"is not used by `{condition.operator}`"


@BOOK.rule("filter.ignore-case", "warning", area="filter", hint="remove `ignore_case`, or compare texts")
def filter_ignore_case(subject: SpecSubject) -> Iterator[Place]:
    """Only comparisons of texts ignore case."""
    for where, condition in _conditions(subject):
        operator = OPERATORS.get(condition.operator)
        if operator and condition.ignore_case and not operator.can_ignore_case:
            yield f"{where}.ignore_case", f"`{condition.operator}` knows no case"


@BOOK.rule("filter.constant", "warning", area="filter", hint="map a field on one side")
def filter_constant(subject: SpecSubject) -> Iterator[Place]:
    """A condition depends on the bundle: one of its sides holds an expression."""
    for where, condition in _conditions(subject):
        if not is_blank(condition.left) and not is_template(condition.left) and not is_template(condition.right):
            yield where, "compares two fixed values, and always comes out the same"
