"""The edges of filters: what they are, and what the filter says to them."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions import Scope
from compilers.operators import operator, passes
from compilers.spec import Filter
from manageai_assets.testing.solver import boundaries
from tests.manageai_assets.testing.filters import OPERATIONS, condition, context, one

X, Y = "{{ lead.x }}", "{{ lead.y }}"


def told(filter_: Filter, known: Scope | None = None) -> dict[str, bool]:
    found = boundaries(filter_, known or {}, context())
    assert all(passes(filter_, edge.scope, context()) is edge.passes for edge in found)
    return {edge.description: edge.passes for edge in found}


@pytest.mark.parametrize(
    ("filter_", "edges"),
    [
        (one("{{ lead.body.size }}", "number:greater", 100),
         {"lead.body.size = 99 (just below 100)": False, "lead.body.size = 100 (exactly 100)": False,
          "lead.body.size = 101 (just above 100)": True}),
        (one(X, "number:at_least", "9.95"),
         {"lead.x = 9.94 (just below 9.95)": False, "lead.x = 9.95 (exactly 9.95)": True,
          "lead.x = 9.96 (just above 9.95)": True}),
        (one(X, "array:length_at_most", 1),
         {"lead.x has 0 elements (just below 1 long)": True, "lead.x has 1 elements (exactly 1 long)": True,
          "lead.x has 2 elements (just above 1 long)": False}),
        (one("{{ lead.phone }}", "exists"),
         {"lead.phone is missing": False, "lead.phone = null (null)": False, 'lead.phone = "" (empty)': False,
          'lead.phone = "+420 555 010 123" (there)': True}),
        (one(X, "boolean:equals", True),
         {"lead.x = true (true)": True, "lead.x = false (false)": False, "lead.x = null (null)": False}),
        (one(X, "text:equals ci", "Open"),
         {'lead.x = "Open" (equal)': True, 'lead.x = "oPEN" (equal, in other case)': True,
          'lead.x = " Open " (equal, with space around)': False, 'lead.x = "Open other" (longer)': False,
          'lead.x = "other Open" (longer, at the end)': False, 'lead.x = "other" (other)': False,
          'lead.x = "" (empty)': False}),
    ],
)  # fmt: skip
def test_edges(filter_: Filter, edges: dict[str, bool]) -> None:
    assert told(filter_) == edges


def test_edges_of_dates_are_a_second_apart() -> None:
    found = told(one(X, "date:less", "2026-05-01T10:00:00Z"))
    assert found['lead.x = "2026-05-01T09:59:59.000Z" (just below 2026-05-01T10:00:00.000Z)'] is True
    assert found['lead.x = "2026-05-01T10:00:00.000Z" (exactly 2026-05-01T10:00:00.000Z)'] is False


def test_an_edge_decides_alone() -> None:
    filter_ = Filter(
        any_of=(
            (condition(X, "number:greater", 100), condition(Y, "text:equals", "gold")),
            (condition("{{ lead.z }}", "exists"),),
        )
    )
    found = told(filter_, {"lead": {"x": 1, "y": "silver", "z": "there"}})
    assert found["lead.x = 100 (exactly 100)"] is False
    assert found["lead.x = 101 (just above 100)"] is True
    assert found['lead.y = "gold" (equal)'] is True
    assert found['lead.y = "GOLD" (equal, in other case)'] is False
    assert found["lead.z is missing"] is False


@pytest.mark.parametrize(("left", "name", "right"), [row for row in OPERATIONS if "lead.body." in row[0]])
def test_edges_show_both_sides_of_every_operator(left: str, name: str, right: JsonValue) -> None:
    filter_ = one(left, name, right)
    if operator(filter_.any_of[0][0].operator).operand != "any":
        assert set(told(filter_).values()) == {True, False}


def test_fixed_steps_have_no_edges() -> None:
    assert not boundaries(one(X, "number:greater", 1), {}, context(), fixed=lambda step: step == "lead")
    mirrored = boundaries(
        one("{{ sum.result }}", "number:greater", X),
        {"sum": {"result": 7}},
        context(),
        fixed=lambda step: step == "sum",
    )
    assert [(edge.description, edge.passes) for edge in mirrored] == [
        ("lead.x = 6 (just below 7)", True), ("lead.x = 7 (exactly 7)", False), ("lead.x = 8 (just above 7)", False)
    ]  # fmt: skip


def test_unreadable_conditions_are_refused() -> None:
    with pytest.raises(ExpressionError):
        boundaries(one("{{ lead. }}", "exists"), {}, context())
