"""Pictures of documents: everything is in them once, nothing overlaps, and they fit on a page."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

import pytest

from manageai_assets.documents.pictures.flow import flow
from manageai_assets.documents.pictures.gantt import gantt
from manageai_assets.documents.pictures.picture import Picture
from tests.manageai_assets.documents.hard import HARD, facts, spec

SVG = "{http://www.w3.org/2000/svg}"
SMALL = "harborview-dental-triage"
NAMES = [SMALL, "rosewood-lease-renewals", *HARD]


def texts(picture: Picture) -> list[str]:
    """The texts of a picture, as a reader of its XML finds them."""
    return [element.text or "" for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def cards(picture: Picture) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each card."""
    groups = ElementTree.fromstring(picture.svg).iter(f"{SVG}g")
    rects = [group.find(f"{SVG}rect") for group in groups]
    places = [[float(rect.get(key, 0)) for key in ("x", "y", "width", "height")] for rect in rects if rect is not None]
    return [(x, y, x + width, y + height) for x, y, width, height in places]


@pytest.mark.parametrize("name", NAMES)
def test_each_step_has_a_card_with_its_number(name: str) -> None:
    picture = flow(spec(name), facts(name))
    numbers = sorted(int(text) for text in texts(picture) if text.isdigit())
    assert numbers == [line.number for line in facts(name).lines if line.step]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("height", [215.0, 84.0, 50.0])
def test_cards_stand_apart_on_the_page(name: str, height: float) -> None:
    picture = flow(spec(name), facts(name), most_height=height)
    assert picture.height <= height
    wide = max(right for _, _, right, _ in cards(picture))
    size = ElementTree.fromstring(picture.svg).get("viewBox", "").split(" ")
    assert wide <= float(size[2])
    for a, b in itertools.combinations(cards(picture), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_what_is_left_out_is_counted() -> None:
    said = texts(flow(spec("many-steps"), facts("many-steps"), most_height=40.0))
    left_out = sum(int(text.split(" ")[1]) for text in said if text.startswith("+ "))
    assert left_out
    assert left_out + sum(text.isdigit() for text in said) == facts("many-steps").steps


def test_client_text_is_text() -> None:
    said = " ".join(texts(flow(spec("hostile"), facts("hostile"))))
    for part in ("{{ 7*7 }} {% for x in y %}", "<b>bold</b> & &amp; &#123; <w:p/>", "# heading *star* _under_ `tick`"):
        assert part in said


def test_the_picture_speaks_the_language_of_the_brand() -> None:
    said = texts(flow(spec(SMALL), facts(SMALL, "de")))
    assert any(text.startswith("Bei Fehler: ") for text in said)
    assert "3 Stunden · Konten verbunden" in texts(gantt(facts(SMALL, "de")))


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_has_every_phase(name: str) -> None:
    assert {phase.name for phase in facts(name).plan.phases} <= set(texts(gantt(facts(name))))


def test_the_same_pictures_each_time() -> None:
    assert flow(spec(SMALL), facts(SMALL)) == flow(spec(SMALL), facts(SMALL))
    assert gantt(facts(SMALL)) == gantt(facts(SMALL))
    assert gantt(facts(SMALL)).png() == gantt(facts(SMALL)).png()


def test_a_raster_has_the_size_on_paper() -> None:
    picture = gantt(facts(SMALL))
    png = picture.png(254)
    assert png.startswith(b"\x89PNG\r\n")
    assert abs(int.from_bytes(png[16:20], "big") - picture.width * 10) <= 1
