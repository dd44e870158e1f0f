"""The edges of a filter: for each condition the values just below, at and just above, and what the filter makes of it.

A condition's edge shows only where nothing else decides. So the other conditions of its group are made to hold and the
other groups to fail, as far as that can be done, before the value is put.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from types import MappingProxyType

from compilers.errors import ExpressionError, shorten
from compilers.expressions.context import Context
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Reference, Template, references
from compilers.expressions.values import Scope, Value, is_number, iso_text, json_text, number, plain_number, text
from compilers.operators import Operator, operator, passes
from compilers.spec import Condition, Filter
from manageai_assets.testing.inverse import Inverse
from manageai_assets.testing.solver_fitting import PRESENT
from manageai_assets.testing.solver_patterns import matching_texts
from manageai_assets.testing.solver_places import place_of, without
from manageai_assets.testing.solver_search import Atom, Fixed, Requirement, never, search, side
from manageai_assets.testing.solver_values import (
    MAX_LENGTH,
    OTHER,
    Pool,
    array_of,
    clock,
    moment_of,
    time_of_day,
)

_WAYS = 8
"""Ways to put a value that are tried, where the condition looks at it through functions."""


@dataclass(frozen=True)
class Boundary:
    """One value at the edge of a condition."""

    condition: Condition
    description: str
    scope: Scope
    passes: bool


@dataclass(frozen=True)
class _Edge:
    """A value and what it is; a `missing` one isn't there at all."""

    value: Value
    note: str
    missing: bool = False


def boundaries(filter_: Filter, known: Scope, context: Context, *, fixed: Fixed = never) -> tuple[Boundary, ...]:
    """The edges of every condition, in the order of the filter. Raises `ExpressionError` for one that can't be read."""
    found: dict[str, Boundary] = {}
    for at, group in enumerate(filter_.any_of):
        others = [other for position, other in enumerate(filter_.any_of) if position != at]
        for position, condition in enumerate(group):
            rest = (*group[:position], *group[position + 1 :])
            base = _decisive(condition, rest, others, known, context, fixed)
            for boundary in _of_condition(filter_, condition, base, context, fixed):
                found.setdefault(boundary.description, boundary)
    return tuple(found.values())


def _decisive(
    condition: Condition,
    rest: Sequence[Condition],
    others: Sequence[Sequence[Condition]],
    known: Scope,
    context: Context,
    fixed: Fixed,
) -> Scope:
    """The scope in which one condition decides alone, or the nearest to it that can be had.

    It holds there, and what it compares with isn't empty: the edge is where that value is.
    """
    atom = Atom(condition, True)
    hold = tuple(Atom(other, True) for other in rest)
    alone: list[Requirement] = [tuple((Atom(other, False),) for other in group) for group in others]
    compared = (Atom(Condition(left=condition.right, operator="exists"), True),)
    there = compared if isinstance(atom.right, Template) and references(atom.right) else ()
    for wanted in ([((atom, *hold, *there),), *alone], [(hold,), *alone], [((atom, *hold),)], [(hold,)]):
        solution = search(wanted, known, context, fixed, lambda scope: True)
        if solution:
            return solution.scope
    return known


def _of_condition(
    filter_: Filter, condition: Condition, base: Scope, context: Context, fixed: Fixed
) -> Iterator[Boundary]:
    atom, row = Atom(condition, True), operator(condition.operator)
    for operand, opposite, mirrored in ((atom.left, atom.right, False), (atom.right, atom.left, True)):
        if not isinstance(operand, Template) or all(fixed(reference.step) for reference in references(operand)):
            continue
        shown = (
            write_template(operand).removeprefix("{{ ").removesuffix(" }}") if operand.whole else str(condition.left)
        )
        for edge in _edges(row, mirrored, _or_null(opposite, base, context), _or_null(operand, base, context), context):
            scope = _put(row, operand, edge, base, context, fixed)
            if scope is None:
                continue
            description = _described(shown, edge, _or_null(operand, scope, context))
            with suppress(ExpressionError):
                yield Boundary(condition, description, scope, passes(filter_, scope, context))
        return


def _or_null(operand: Template | Value, scope: Scope, context: Context) -> Value:
    try:
        return side(operand, scope, context)
    except ExpressionError:
        return None


def _put(row: Operator, operand: Template, edge: _Edge, base: Scope, context: Context, fixed: Fixed) -> Scope | None:
    """The scope in which the operand has that value; None when there is no way to it."""
    inverse = Inverse(base, context, fixed, Pool())
    if edge.missing:
        place = place_of(operand.whole) if isinstance(operand.whole, Reference) else None
        return without(base, place) if place else None
    for change in islice(inverse.template(operand, edge.value), _WAYS):
        scope = inverse.after(change).scope
        if _is_same(row, _or_null(operand, scope, context), edge.value, context):
            return scope
    return None


def _is_same(row: Operator, value: Value, wanted: Value, context: Context) -> bool:
    """Whether a value is the wanted one, as the operator sees it."""
    if value is None or wanted is None or isinstance(value, (list, dict)):
        return json_text(value) == json_text(wanted)
    match row.operand:
        case "any" if wanted == PRESENT:
            return value != ""
        case "date":
            return moment_of(value, context) == moment_of(wanted, context)
        case "time" if isinstance(wanted, str):
            return time_of_day(value, context) == time_of_day(wanted, context)
        case _:
            return text(value) == text(wanted)


def _described(shown: str, edge: _Edge, value: Value) -> str:
    if edge.missing:
        return f"{shown} is missing"
    if isinstance(value, list) and edge.note.endswith("long"):
        return f"{shown} has {len(value)} elements ({edge.note})"
    return f"{shown} = {shorten(json_text(value), 80)} ({edge.note})"


# -- edges ---------------------------------------------------------------------------------------------------------


def _edges(row: Operator, mirrored: bool, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    if mirrored and row.operand == "length":
        yield from _numbers(row, len(other) if isinstance(other, list) else 0, current, context)
    elif not (mirrored and (row.operand == "array" or row.name.endswith("matches"))):
        yield from _EDGES[row.operand](row, other, current, context)


def _around(values: Sequence[Value], at: str) -> Iterator[_Edge]:
    for value, place in zip(values, ("just below", "exactly", "just above"), strict=True):
        yield _Edge(value, f"{place} {at}")


def _numbers(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    if not is_number(other) and not (isinstance(other, str) and other.strip()):
        return
    n = number(other)
    if abs(n) < 2**52:  # neither NaN nor infinite, nor so big that one more is the same
        exact = Decimal(repr(n))
        exponent = exact.normalize().as_tuple().exponent
        step = Decimal(1).scaleb(min(0, exponent)) if isinstance(exponent, int) else Decimal(1)
        yield from _around((plain_number(exact - step), n, plain_number(exact + step)), text(n))


def _dates(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    moment = moment_of(other, context)
    if moment is None or not datetime.min.year < moment.year < datetime.max.year:
        return
    second, day, shown = timedelta(seconds=1), timedelta(days=1), iso_text(moment)
    yield from _around((iso_text(moment - second), shown, iso_text(moment + second)), shown)
    yield _Edge(iso_text(moment - day), f"a day before {shown}")
    yield _Edge(iso_text(moment + day), f"a day after {shown}")


def _times(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    seconds = time_of_day(other, context)
    if seconds is None:
        yield from _numbers(row, other, current, context)
        return
    notes = {-60: "a minute before", -1: "just before", 0: "exactly", 1: "just after", 60: "a minute after"}
    for step, note in notes.items():
        if 0 <= seconds + step < 86_400:
            yield _Edge(clock(seconds + step), f"{note} {clock(seconds)}")


def _texts(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    pattern = row.name.endswith("matches")
    shown = next(iter(matching_texts(text(other))), "") if pattern else text(other)
    if shown:
        at = "matching" if pattern else "equal"
        yield _Edge(shown, at)
        if shown.swapcase() != shown:
            yield _Edge(shown.swapcase(), f"{at}, in other case")
        yield _Edge(f" {shown} ", f"{at}, with space around")
        yield _Edge(f"{shown} {OTHER}", "longer")
        yield _Edge(f"{OTHER} {shown}", "longer, at the end")
    if is_number(other) or shown.isdecimal():
        yield from _numbers(row, other, current, context)
    yield from (_Edge(OTHER, "other"), _Edge("", "empty"))


def _lengths(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    size = number(other) if other is not None else -1
    if 0 <= size <= MAX_LENGTH:
        n = int(size)
        for many, place in ((n - 1, "just below"), (n, "exactly"), (n + 1, "just above")):
            if many >= 0:
                yield _Edge(array_of(many, current), f"{place} {n} long")


def _elements(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    yield _Edge([other], "with it alone")
    if isinstance(other, str) and other.swapcase() != other:
        yield _Edge([other.swapcase()], "in other case")
    yield _Edge([OTHER, other], "with it as the last")
    yield _Edge([OTHER], "without it")
    yield _Edge([], "empty")


def _presence(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    yield _Edge(None, "missing", missing=True)
    yield from (_Edge(None, "null"), _Edge("", "empty"))
    yield _Edge(PRESENT if current in (None, "") else current, "there")


def _truths(row: Operator, other: Value, current: Value, context: Context) -> Iterator[_Edge]:
    yield from (_Edge(True, "true"), _Edge(False, "false"), _Edge(None, "null"))


_EDGES: Mapping[str, Callable[[Operator, Value, Value, Context], Iterator[_Edge]]] = MappingProxyType({
    "number": _numbers, "date": _dates, "time": _times, "text": _texts, "length": _lengths, "array": _elements,
    "any": _presence, "boolean": _truths,
})  # fmt: skip
