"""Both documents: they say what the facts say, in either language, and nothing that a client typed is markup."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from docx import Document
from pypdf import PdfReader

from manageai_assets.clients.models import Totals
from manageai_assets.clients.reports.drawing import pictures_of
from manageai_assets.clients.reports.models import Change
from manageai_assets.clients.reports.pdf import portable_report
from manageai_assets.clients.reports.revisions import Revision
from manageai_assets.clients.reports.word import word_report
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.documents.brand import Language, our_logo
from manageai_assets.documents.reading import word_text
from tests.manageai_assets.clients.estates import every_day, scenario, work
from tests.manageai_assets.clients.reports import agencies
from tests.manageai_assets.clients.reports.agencies import MADE, material, words

HOSTILE = "<b>Bold</b> {{ 7 * 7 }} {% raw %} #strong[x] $x$ &amp; \\n ]]>"
REVISED = Revision(
    2, MADE + dt.timedelta(days=4),
    (
        Change(what="totals.runs", before="2093", after="2094"),
        Change(what="scenarios.cost", scenario="Wholesale invoices", before="3.80", after="3.84"),
        Change(what="days", before="", after=""),
    ),
    MADE, new=True,
)  # fmt: skip


def docx(given: Wording) -> bytes:
    return word_report(given, pictures_of(given), our_logo())


def pdf(given: Wording) -> bytes:
    return portable_report(given, pictures_of(given), our_logo())


def packed(text: str) -> str:
    """Without any white space: where lines break is the page's affair."""
    return "".join(text.replace("\N{ZERO WIDTH SPACE}", "").split())


def read(document: bytes) -> str:
    """The text of a Word document or a PDF, packed."""
    if document.startswith(b"%PDF"):
        return packed("".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages))
    return packed(word_text(document))


@pytest.mark.parametrize("make", [docx, pdf])
@pytest.mark.parametrize("name", ["steady", "failing", "new", "quiet"])
def test_the_documents_say_what_the_facts_say(name: str, make: object) -> None:
    assert callable(make)
    given = words(agencies.CLIENTS[name]())
    text = read(make(given))
    told = [given.month, given.report.client, *given.summary(), *given.incidents_lead(), *given.ahead(), *given.basis()]
    told += [value for row in given.tiles() for value in row.values() if value != "bad"]
    told += [row[field] for row in given.scenarios() for field in ("name", "state", "runs", "operations", "cost")]
    told += [row[field] for row in given.risks() for field in ("title", "todo", "concerns")]
    told += [str(one["title"]) for one in given.recommendations()]
    assert [one for one in told if packed(one) not in text] == []


@pytest.mark.parametrize("make", [docx, pdf])
def test_no_name_is_markup(make: object) -> None:
    assert callable(make)
    march = dt.date(2026, 3, 1)
    ran = every_day(march, dt.date(2026, 10, 31), Totals(3, 1, 9))
    given = words(material(HOSTILE, [work(scenario("orders", customer=HOSTILE), march, ran)]))
    given = Wording(
        given.report.model_copy(
            update={"scenarios": tuple(one.model_copy(update={"name": HOSTILE}) for one in given.report.scenarios)}
        ),
        given.brand, given.revision,
    )  # fmt: skip
    assert read(make(given)).count(packed(HOSTILE)) >= 3


def test_names_of_every_script_and_length_stand_in_the_large_clients_documents() -> None:
    given = words(agencies.large())
    text = read(docx(given))
    assert len(given.report.scenarios) == 60
    assert [one.name for one in given.report.scenarios if packed(one.name) not in text] == []
    assert 5 <= len(PdfReader(io.BytesIO(pdf(given))).pages) <= 9


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_revised_report_says_what_changed(language: Language) -> None:
    given = words(agencies.steady(), REVISED)
    given = Wording(given.report, agencies.brand(language), REVISED)
    expected = {
        "en": ("Revision 2, 5 November 2026", "Runs: 2,093 → 2,094", "Wholesale invoices, cost: €3.80 → €3.84"),
        "de": ("Fassung 2, 5. November 2026", "Läufe: 2.093 → 2.094", "Wholesale invoices, Kosten: 3,80 € → 3,84 €"),
    }[language]
    for text in (read(docx(given)), read(pdf(given))):
        assert [one for one in expected if packed(one) not in text] == []
    first = words(agencies.steady())
    assert first.changes() == []
    assert packed(given.labels["changes"]) not in read(pdf(first))


def test_the_same_report_is_the_same_bytes() -> None:
    for make in (docx, pdf):
        assert make(words(agencies.failing())) == make(words(agencies.failing()))


@pytest.mark.parametrize("name", agencies.CLIENTS)
def test_it_is_real_word_with_a_picture_for_each_scenario(name: str) -> None:
    given = words(agencies.CLIENTS[name]())
    made = docx(given)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    for part, data in parts.items():
        if part.endswith((".xml", ".rels", ".svg")):
            ElementTree.fromstring(data)
    shapes = Document(io.BytesIO(made)).inline_shapes
    told = [shape._inline.docPr.get("descr") for shape in shapes]
    drawn = pictures_of(given)
    expected = 2 + len(given.report.scenarios) + 2 * len(drawn.trends) + bool(drawn.timeline) + bool(drawn.hours)
    assert len(told) == expected
    assert told[1] == drawn.days.alt
    footers = [data.decode() for part, data in parts.items() if "footer" in part]
    assert len(footers) == 2
    assert all("<w:t>0</w:t>" not in footer for footer in footers), "each page says how many there are"
    text = word_text(made)
    assert "{{" not in text.replace("{{ lead.email }}", "")
    assert "{%" not in text


def test_zero_scenarios_and_zero_runs_are_told_in_words() -> None:
    gone = work(scenario("orders", gone_at=agencies.at(3)), dt.date(2026, 3, 1), {})
    given = words(material("Fern & Oak", [gone]))
    assert given.summary()[:2] == [
        "None of your automations ran in October 2026.",
        "At the end of October 2026 none of your automations was in production any more.",
    ]
    assert packed("Nothing is switched on that would run.") in read(pdf(given))
    assert "%" not in given.tiles()[1]["note"]


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(None, "–"), (0, "0 min"), (59, "59 min"), (60, "1 h"), (185, "3 h 5 min"), (1440, "1 d"), (1500, "1 d 1 h")],
)
def test_durations(minutes: int | None, told: str) -> None:
    assert words(agencies.new()).span(minutes) == told


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(10, 10, "unchanged"), (5, 0, "before: none"), (1004, 1000, "+0.4%"), (150, 100, "+50%"), (0, 80, "–100%")],
)
def test_changes_of_a_figure(now: int, before: int, told: str) -> None:
    assert words(agencies.new()).change(now, before) == told


def test_every_field_that_may_change_has_a_name_in_both_languages() -> None:
    from manageai_assets.clients.reports.changes import FIGURES, OF_SCENARIOS, PARTS

    for language in ("en", "de"):
        given = Wording(words(agencies.new()).report, agencies.brand(language), REVISED)
        for field in (*FIGURES, *PARTS, "scenarios", *(f"scenarios.{one}" for one in OF_SCENARIOS)):
            assert given.say(f"report.field.{field}")


def test_a_share_that_would_round_up_to_all_is_not_all() -> None:
    ran = {dt.date(2026, 10, 5): Totals(10_000, 1, 10_000)}
    given = words(material("Fern & Oak", [work(scenario("orders"), dt.date(2026, 3, 1), ran)]))
    assert given.report.success_percent == Decimal("99.9")
