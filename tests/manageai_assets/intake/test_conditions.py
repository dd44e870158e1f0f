"""Conditions as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compilers.errors import UserError
from compilers.operators import OPERATORS
from compilers.spec import Condition, Filter
from manageai_assets.intake.conditions import both, operator_phrases, parse_when

STEPS = ("lead", "score")


def rows(text: str) -> list[list[tuple[object, str, object]]]:
    return [[(one.left, one.operator, one.right) for one in group] for group in parse_when(text, STEPS).any_of]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("score.value >= 70", ("{{ score.value }}", "number:at_least", 70)),
        ("score.value is at least 70.5", ("{{ score.value }}", "number:at_least", 70.5)),
        ("score.value > 1,500", ("{{ score.value }}", "number:greater", 1500)),
        ("score.value over 2,5", ("{{ score.value }}", "number:greater", 2.5)),
        ("score.value = 0", ("{{ score.value }}", "number:equals", 0)),
        ("{{ length(lead.body.items) }} < 3", ("{{ length(lead.body.items) }}", "number:less", 3)),
        ("lead.body.country is DE", ("{{ lead.body.country }}", "text:equals", "DE")),
        ("lead.body.country is not DE", ("{{ lead.body.country }}", "text:not_equals", "DE")),
        ("lead.body.text contains 'and or is'", ("{{ lead.body.text }}", "text:contains", "and or is")),
        ("lead.body.text does not contain x", ("{{ lead.body.text }}", "text:not_contains", "x")),
        ("lead.body.text starts with x y", ("{{ lead.body.text }}", "text:starts_with", "x y")),
        ("lead.body.vip is true", ("{{ lead.body.vip }}", "boolean:equals", True)),
        ("lead.body.email is empty", ("{{ lead.body.email }}", "not_exists", None)),
        ("lead.body.email is not empty", ("{{ lead.body.email }}", "exists", None)),
        ("lead.body.a is score.value", ("{{ lead.body.a }}", "text:equals", "{{ score.value }}")),
        ('lead.body.a is "70"', ("{{ lead.body.a }}", "text:equals", "70")),
        ("lead.body.island is x", ("{{ lead.body.island }}", "text:equals", "x")),
        ("lead.body.größe mindestens 3", ("{{ lead.body.größe }}", "number:at_least", 3)),
    ],
)
def test_one_condition(text: str, condition: tuple[object, str, object]) -> None:
    assert rows(text) == [[condition]]


def test_and_binds_tighter_than_or() -> None:
    found = rows("score.value > 1 and score.value < 5 or lead.body.vip is yes")
    assert [len(group) for group in found] == [2, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a condition"),
        ("score.value", "not a condition"),
        ("is 5", "doesn't say what"),
        ("score.value >", "nothing to compare"),
        ("nobody.value is 5", "not a field of an earlier step"),
        ("score is 5", "not a field of an earlier step"),
        ("(score.value is 5)", "brackets"),
        ("score.value > lots", "isn't a number"),
        ("score.value is empty now", "behind its end"),
        (" or ".join(["score.value is 1"] * 65), "more than 64"),
    ],
)
def test_what_is_no_condition(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse_when(text, STEPS)


@given(st.text(max_size=120) | st.lists(st.sampled_from(["lead.a", "is", "and", "or", "'", "{{", "}}", "5", ">="])))
def test_any_text_is_a_condition_or_a_clear_error(text: str | list[str]) -> None:
    said = text if isinstance(text, str) else " ".join(text)
    try:
        found = parse_when(said, STEPS)
    except UserError:
        return
    assert found.any_of


def test_every_phrase_means_an_operator_that_there_is() -> None:
    for _, row in operator_phrases():
        assert {name for name in (row.text, row.number, row.boolean) if name} <= set(OPERATORS)


def test_two_conditions_on_one_edge_hold_both() -> None:
    one = Filter(any_of=((Condition(left="a", operator="exists"),), (Condition(left="b", operator="exists"),)))
    other = Filter(any_of=((Condition(left="c", operator="exists"),),))
    joined = both(one, other)
    assert joined is not None
    assert [[row.left for row in group] for group in joined.any_of] == [["a", "c"], ["b", "c"]]
    assert both(None, other) == other
    assert both(one, None) == one
