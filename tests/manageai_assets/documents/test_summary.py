"""The executive summary is one page, whatever the client wrote, and says it literally."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from pypdf import PdfReader

from manageai_assets.documents.brand import our_logo
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.messages import messages
from manageai_assets.documents.sentences import sentences
from manageai_assets.documents.summary import executive_summary, summary_text
from tests.manageai_assets.documents.hard import HARD, READY, facts, spec

SMALL = "harborview-dental-triage"
MILLIMETRE = 72 / 25.4


def read(pdf: bytes) -> str:
    """The page's text without any white space: where lines break is the page's affair."""
    return packed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def places(pdf: bytes, starts: list[str]) -> list[float]:
    """How high on the page, in points, the lines that start like these stand; in the order of `starts`."""
    found: dict[str, float] = {}

    def visit(text: str, outer: list[float], inner: list[float], *_: object) -> None:
        for start in starts:
            if text.strip().startswith(start) or packed(text).startswith(packed(start)):
                found.setdefault(start, outer[5] + inner[5] * outer[3])

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=visit)
    return [found[start] for start in starts if start in found]


def packed(text: str) -> str:
    return "".join(text.split()).replace("\N{ZERO WIDTH SPACE}", "")


def made(name: str, given: Facts | None = None) -> bytes:
    return executive_summary(given or facts(name), spec(name))


@pytest.mark.parametrize("name", [*READY, *HARD])
@pytest.mark.parametrize(("language", "draft"), [("en", False), ("de", True)])
def test_one_page_of_a4(name: str, language: str, draft: bool) -> None:
    pages = PdfReader(io.BytesIO(made(name, facts(name, language, draft)))).pages
    assert len(pages) == 1
    assert round(float(pages[0].mediabox.width) / MILLIMETRE) == 210
    assert round(float(pages[0].mediabox.height) / MILLIMETRE) == 297


@pytest.mark.parametrize("name", [*READY, *HARD])
@pytest.mark.parametrize("draft", [False, True])
def test_its_parts_stand_below_one_another(name: str, draft: bool) -> None:
    lines = [
        "TODAY",
        "HOW IT WORKS",
        "WHAT IT SAVES AND COSTS",
        "Time saved a month",
        "WHEN",
        "Handed over",
        "NEXT STEP",
    ]
    heights = places(made(name, facts(name, "en", draft)), [*lines, "Assumption:"])
    assert len(heights) == len(lines) + 1
    assert all(above - below > 8 for above, below in pairwise(heights))


@pytest.mark.parametrize("language", ["en", "de"])
def test_prices_dates_and_next_step_are_there(language: str) -> None:
    given = facts(SMALL, language)
    text, say = read(made(SMALL, given)), messages(given.brand.language)
    for said in (
        given.title,
        given.client.name,
        given.request,
        given.objective,
        say.money(given.setup.net.amount, given.setup.net.currency),
        say.money(given.setup.gross.amount, given.setup.gross.currency),
        say.weekday(given.plan.handover),
        given.texts.next_step,
        given.brand.agency.contact.email,
    ):
        assert packed(said) in text


def test_long_texts_end_with_a_sentence() -> None:
    given = facts("many-steps")
    text = read(made("many-steps"))
    own = text.partition("TODAY")[2].partition(packed("By hand this takes"))[0]
    sentence = packed(sentences(given.request)[0])
    assert sentence in own
    assert not own.replace("WHATCHANGESFORYOU", "").replace(packed(given.objective), "").replace(sentence, "")


def test_client_text_is_literal() -> None:
    text = read(made("hostile"))
    for said in ("{{7*7}}{%forxiny%}{_{}_}{#c#}", "<b>bold</b>&&amp;&#123;<w:p/>", "$math$@label#letx=1|pipe|", "你好"):
        assert said in text


def test_a_word_without_end_stays_on_the_page() -> None:
    given = facts(SMALL).model_copy(update={"title": "W" * 200, "request": "M" * 3000, "objective": "i" * 3000})
    assert len(PdfReader(io.BytesIO(made(SMALL, given))).pages) == 1
    assert "W" * 200 in read(made(SMALL, given))


def test_a_draft_says_so_and_what_must_be_settled() -> None:
    settle = tuple(f"Point {number}" for number in range(1, 7))
    text = read(made(SMALL, facts(SMALL).model_copy(update={"draft": True, "settle": settle})))
    assert "DRAFT" in text
    assert "Point3" in text
    assert packed("3 more points") in text
    assert "DRAFT" not in read(made(SMALL))


def test_the_same_bytes_each_time() -> None:
    assert made("hostile") == made("hostile")


def test_the_logo_is_a_picture_on_it() -> None:
    pdf = executive_summary(facts(SMALL), spec(SMALL), our_logo())
    assert len(PdfReader(io.BytesIO(pdf)).pages[0].images) == 1


@pytest.mark.parametrize("name", [SMALL, "one-line"])
def test_the_plain_text_says_what_the_page_says(name: str) -> None:
    page = read(made(name))
    for word in summary_text(facts(name)).split():
        assert packed(word).strip("():.") in page
