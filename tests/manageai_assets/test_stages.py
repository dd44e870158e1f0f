"""Stages over functions: what they need, what is optional, and what they gather."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from compilers.errors import UserError
from manageai_assets.stages import Outcome, Stage, run_stages, stage


def source(name: str, refuses: bool = False) -> Stage:
    """A stage that gives its own name, or refuses."""

    @stage(name=name, summary=f"Gives {name}.", artifact=f"{name}.txt", group="test")
    def give(number: str) -> str:
        if refuses:
            raise UserError(f"no {name} for {number}")
        return f"{name} {number}"

    return give


@stage(artifact="all.txt", group="test", gathers={"parts": ("a", "b", "c")})
def together(number: str, parts: Mapping[str, str], extra: str | None) -> str:
    """What there is."""
    return f"{number}: {dict(parts)} {extra}"


def run(*stages: Stage, **given: str) -> dict[str, Outcome]:
    """The outcomes of these stages."""
    return run_stages(stages, given, lambda: 0.0)


def test_a_stage_says_what_it_needs() -> None:
    assert together.needs == ("number", "a", "b", "c", "extra")
    assert together.optional == {"a", "b", "c", "extra"}
    assert (together.name, together.summary) == ("together", "What there is.")
    assert (source("a").name, source("a").summary) == ("a", "Gives a.")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ("", "7: {'a': 'a 7', 'b': 'b 7', 'c': 'c 7'} None"),
        ("b", "7: {'a': 'a 7', 'c': 'c 7'} None"),
        ("abc", "7: {} None"),
    ],
)
def test_what_was_refused_is_not_gathered(refused: str, expected: str) -> None:
    outcomes = run(*(source(name, name in refused) for name in "abc"), together, number="7")
    assert outcomes["together"].value == expected
    assert {name for name in "abc" if outcomes[name].refusal is not None} == set(refused)


def test_what_is_needed_and_missing_leaves_a_stage_out() -> None:
    assert run(together, a="1")["together"].missing == ("number",)
