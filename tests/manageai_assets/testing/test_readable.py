"""Diffs show both sides whole where they are short, and where they differ where they are long."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from manageai_assets.testing.readable import NOTHING, Row, pairs, shown, side_by_side, unified, value_text

PLAIN = st.text(alphabet="ab ,.\n", min_size=1, max_size=60)


def marked(value: JsonValue, other: JsonValue) -> tuple[list[str], list[str]]:
    """What is marked on both sides."""
    rows = side_by_side(value, other)
    return (
        [piece.text for row in rows if row.kind != "gap" for piece in row.left if piece.changed],
        [piece.text for row in rows for piece in row.right if piece.changed],
    )


def text(row: Row) -> tuple[str, str]:
    """Both sides of a row."""
    return "".join(piece.text for piece in row.left), "".join(piece.text for piece in row.right)


@pytest.mark.parametrize(
    ("expected", "actual", "left", "right"),
    [
        ("budget 12,000 EUR", "budget 12000 EUR", ["12,000"], ["12000"]),
        ("sixth", "sixth changed", [], [" changed"]),
        ("sales", "key accounts", ["sales"], ["key accounts"]),
        (1, "1", [], ['"', '"']),
        (None, "a", [NOTHING], ['"a"']),
        ("", "a", [], ["a"]),
        (" ", "a", [" "], ["a"]),
        ("10\u00a0000 €", "10 000 €", ["\\u00a0"], [" "]),
        ("a\u200bb", "ab", ["a\\u200bb"], ["ab"]),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["2"], ["3"]),
        (["one", "two"], ["one"], [",", '  "two"'], []),
    ],
)
def test_what_is_marked(expected: JsonValue, actual: JsonValue, left: list[str], right: list[str]) -> None:
    assert marked(expected, actual) == (left, right)


@given(PLAIN, PLAIN)
def test_short_texts_are_shown_whole(expected: str, actual: str) -> None:
    rows = [row for row in side_by_side(expected, actual) if row.kind != "gap"]
    shown_lines = {text(row)[0] for row in rows if row.kind != "added"}
    lines = expected.split("\n") if expected.strip() and actual.strip() else [json.dumps(expected)]
    assert shown_lines <= set(lines)
    assert any(row.kind != "same" for row in rows) == (expected != actual)


@given(st.lists(st.sampled_from("abc"), max_size=5), st.lists(st.sampled_from("abc"), max_size=5))
def test_a_unified_diff_holds_both_sides_in_order(before: list[str], after: list[str]) -> None:
    lines = unified(side_by_side("\n".join(["start", *before, "end"]), "\n".join(["start", *after, "end"]))).split("\n")
    kept = [line for line in lines if "alike" not in line]
    assert [line[2:] for line in kept if line[0] != "+" and line[2:] in "abc"] in _ends(before)
    assert [line[2:] for line in kept if line[0] != "-" and line[2:] in "abc"] in _ends(after)


def _ends(lines: list[str]) -> list[list[str]]:
    """The lists that are left when lines at either end aren't shown."""
    return [lines[start:end] for start in range(len(lines) + 1) for end in range(start, len(lines) + 1)]


def test_lines_far_from_a_difference_are_left_out() -> None:
    lines = [f"line {number}" for number in range(100)]
    rows = side_by_side("\n".join(lines), "\n".join([*lines[:50], "other", *lines[51:]]))
    assert [row.kind for row in rows] == ["gap", "same", "same", "changed", "same", "same", "gap"]
    assert text(rows[0])[0] == "… 48 lines alike"
    assert text(rows[-1])[0] == "… 47 lines alike"


def test_a_long_text_is_cut_where_it_is_the_same() -> None:
    (row,) = side_by_side("a " * 5000 + "12 " + "b " * 5000, "a " * 5000 + "13 " + "b " * 5000)
    left, right = text(row)
    assert "12" in left
    assert "13" in right
    assert len(left) < 1000


def test_a_small_change_in_very_many_words_is_marked_alone() -> None:
    body = "Dear all, here are the numbers. " * 300
    left, right = marked(f"First word. {body}Bye", f"Other word. {body}Soon")
    assert (left, right) == (["First word. ", "Bye"], ["Other word. ", "Soon"])


def test_big_values_are_compared_quickly_and_kept_short() -> None:
    before: list[JsonValue] = [{"n": number, "t": f"row {number}"} for number in range(3000)]
    after: list[JsonValue] = [{"n": number * 7, "t": f"row {number}"} for number in range(3000)]
    start = time.perf_counter()
    rows = side_by_side(before, after)
    side_by_side("x" * 1_000_000, "y" * 1_000_000)
    assert time.perf_counter() - start < 5
    assert len(rows) <= 81
    assert "more lines" in text(rows[-1])[0]


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\tand tab", "two\nlines\tand tab"),
        ("\x00\x1b[31m", "\\u0000\\u001b[31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("pay\u200dpal", "pay\\u200dpal"),
        ("שלום Ünïcödé 漢字", "שלום Ünïcödé 漢字"),
    ],
)
def test_nothing_is_invisible(given_text: str, expected: str) -> None:
    assert shown(given_text) == expected
    assert shown(shown(given_text)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"channel": "sales", "values": {"Name": "Ada"}}, (("channel", "sales"), ("values › Name", "Ada"))),
        ({"tags": ["a", {"b": 1}]}, (("tags › 1", "a"), ("tags › 2 › b", "1"))),
        ({"none": None, "empty": [], "no": ""}, (("none", NOTHING), ("empty", "[]"), ("no", '""'))),
        ("text", (("value", "text"),)),
    ],
)
def test_values_as_pairs(value: JsonValue, expected: tuple[tuple[str, str], ...]) -> None:
    assert pairs(value) == expected


def test_pairs_say_how_many_were_left_out() -> None:
    found = pairs({f"field {number}": number for number in range(50)}, most=40)
    assert len(found) == 41
    assert found[-1] == ("…", "and 10 more values")


def test_a_long_value_is_cut_in_the_middle() -> None:
    found = value_text("a" * 500 + "b" * 500, limit=100)
    assert found == f"{'a' * 75} … 900 more characters … {'b' * 25}"
