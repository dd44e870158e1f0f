"""Texts end where a sentence ends."""

from __future__ import annotations

import pytest

from manageai_assets.documents.sentences import sentences, within


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ("One.", "Two!", "Three?")),
        ("Ask Dr. Example, e.g. on Monday. Then go.", ("Ask Dr. Example, e.g. on Monday.", "Then go.")),
        ("Das ist z. B. am 3. Mai fällig. Danach nicht.", ("Das ist z. B. am 3. Mai fällig.", "Danach nicht.")),
        ("It costs 3.50 a day. Fine.", ("It costs 3.50 a day.", "Fine.")),
        ("He said “no.” Then left.", ("He said “no.”", "Then left.")),
        ("你好。再见！", ("你好。", "再见！")),
        ("A heading\n\nand what\nfollows", ("A heading", "and what follows")),
        ("Write to www.x.example. now", ("Write to www.x.example. now",)),
        ("", ()),
    ],
)
def test_sentences(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("One is short. Two is longer.", 100, "One is short. Two is longer."),
        ("One is short. Two is longer.", 20, "One is short."),
        ("This clause fits, and this one goes on for too long", 24, "This clause fits…"),
        ("Nothing but words that go on and on", 16, "Nothing but…"),
        ("W" * 50, 10, "W" * 9 + "…"),
    ],
)
def test_what_fits(text: str, most: int, expected: str) -> None:
    assert within(text, most) == expected
    assert len(within(text, most)) <= most
