"""The confidence formula and its grades, against the numbers of the agreement written out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manageai_assets.build.confidence import Confidence, grade_of, score


def many(count: int) -> tuple[str, ...]:
    """So many different things."""
    return tuple(f"thing {index}" for index in range(count))


@pytest.mark.parametrize(
    ("warnings", "assumptions", "retries", "errors", "expected", "grade"),
    [
        (0, 0, 0, 0, 1.0, "A"),
        (1, 0, 0, 0, 0.98, "A"),
        (5, 0, 0, 0, 0.9, "A"),
        (6, 0, 0, 0, 0.9, "A"),
        (500, 0, 0, 0, 0.9, "A"),
        (5, 1, 0, 0, 0.88, "B"),
        (0, 5, 0, 0, 0.9, "A"),
        (5, 5, 0, 0, 0.8, "B"),
        (5, 5, 1, 0, 0.7, "C"),
        (0, 0, 1, 0, 0.9, "A"),
        (0, 0, 2, 0, 0.8, "B"),
        (0, 0, 3, 0, 0.8, "B"),
        (1, 0, 2, 0, 0.78, "C"),
        (5, 5, 2, 0, 0.6, "D"),
        (0, 0, 0, 1, 0.5, "D"),
        (0, 0, 0, 9, 0.5, "D"),
        (1, 0, 0, 1, 0.48, "F"),
        (99, 99, 99, 99, 0.1, "F"),
    ],
)
def test_score_and_grade(
    warnings: int, assumptions: int, retries: int, errors: int, expected: float, grade: str
) -> None:
    found = score(many(warnings), many(assumptions), many(retries), many(errors))
    assert (found.score, found.grade) == (expected, grade)


@pytest.mark.parametrize(
    ("hundredths", "grade"),
    [(100, "A"), (90, "A"), (89, "B"), (80, "B"), (79, "C"), (70, "C"), (69, "D"), (50, "D"), (49, "F"), (0, "F")],
)
def test_grade_boundaries(hundredths: int, grade: str) -> None:
    assert grade_of(hundredths) == grade


@given(*[st.integers(0, 60)] * 4)
def test_every_factor_is_in_the_file_and_adds_up(warnings: int, assumptions: int, retries: int, errors: int) -> None:
    found = score(many(warnings), many(assumptions), many(retries), many(errors))
    assert [factor.count for factor in found.factors] == [warnings, assumptions, retries, errors]
    assert round(1 - sum(factor.deducted for factor in found.factors), 2) == found.score
    assert Confidence.model_validate_json(found.model_dump_json()) == found


def test_the_factors_say_what_they_are() -> None:
    found = score(warnings=("no label",), assumptions=("EUR is meant",))
    assert found.factors[0].what == ("no label",)
    assert found.factors[1].what == ("EUR is meant",)
    assert found.summary == "0.96 (A): 1.00 less 0.02 for 1 warning, 0.02 for 1 assumption"
