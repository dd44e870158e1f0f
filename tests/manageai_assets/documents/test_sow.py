"""The statement of work: real Word, every client's text as it was written, the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

import pytest
from docx import Document

from compilers.errors import UserError
from manageai_assets.documents import filling, sow
from manageai_assets.documents.brand import Brand, our_logo
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.messages import messages
from manageai_assets.documents.pictures.flow import flow
from manageai_assets.documents.pictures.gantt import gantt
from manageai_assets.documents.reading import word_text
from tests.manageai_assets.documents import hard

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def made(name: str, facts: Facts | None = None) -> bytes:
    """The statement of work of a build."""
    found = facts or hard.facts(name)
    return sow.statement_of_work(found, flow(hard.spec(name), found), gantt(found), our_logo())


def parts(document: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", [*hard.READY, *hard.HARD])
def test_what_clients_wrote_stands_there_as_they_wrote_it(name: str) -> None:
    text, facts = squeezed(word_text(made(name))), hard.facts(name)
    said = [facts.title, facts.client.name, *sow.paragraphs(facts.request), *sow.paragraphs(facts.objective)]
    said += [line.title for line in facts.lines] + [*facts.systems, *facts.assumptions, *facts.questions]
    assert [one for one in said if squeezed(one) not in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ x }}",
        "{_{ x }_}",
        "{%p for x in y %}",
        "{# x #}",
        "<w:br/>",
        "&amp;",
        "]]>",
        'a "quote" and it\'s',
        "\\n",
        "{ PAGE }",
    ],
)
def test_no_text_is_an_instruction(text: str) -> None:
    facts = hard.facts("one-line").model_copy(update={"title": text, "request": text, "settle": (text,), "draft": True})
    assert word_text(made("one-line", facts)).count(text) >= 4


def test_what_xml_forbids_is_marked() -> None:
    facts = hard.facts("one-line").model_copy(update={"request": "a\x00b\x07c\ud800d\uffffe"})
    text = word_text(made("one-line", facts))
    assert "a\ufffdb\ufffdc\ufffdd\ufffde" in text


def test_the_same_facts_give_the_same_bytes() -> None:
    first, second = made("harborview-dental-triage"), made("harborview-dental-triage")
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    core = Document(io.BytesIO(first)).core_properties
    assert core.created is not None
    assert core.created.date() == hard.facts("harborview-dental-triage").issued
    assert (core.author, core.language) == ("Brightwater Automation", "en-GB")


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_is_real_word(language: str) -> None:
    document = made("harborview-dental-triage", hard.facts("harborview-dental-triage", language))
    found = parts(document)
    for name, data in found.items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(data)
    body = ElementTree.fromstring(found["word/document.xml"])
    say = messages(hard.facts("harborview-dental-triage", language).brand.language)
    opened = Document(io.BytesIO(document))
    headings = [one.text for one in opened.paragraphs if one.style is not None and one.style.name == "Heading 1"]
    assert headings[0] == say("sow.t.heading_parties")
    assert len(headings) == 15
    instructions = "".join(one.text or "" for one in body.iter(f"{W}instrText"))
    assert "TOC" in instructions
    assert instructions.count("PAGEREF") == 15
    assert instructions.count("SEQ table") + instructions.count("SEQ figure") == 11
    assert b"PAGE" in found["word/footer2.xml"] + found.get("word/footer1.xml", b"")
    heads = list(body.iter(f"{W}tblHeader"))
    assert len(heads) == 10
    rows = list(body.iter(f"{W}tr"))
    assert len(list(body.iter(f"{W}cantSplit"))) == len(rows)
    assert {shape._inline.docPr.get("descr") for shape in opened.inline_shapes} >= {"Brightwater Automation"}
    assert sum(name.endswith(".svg") for name in found) == 2
    assert "{{" not in word_text(document)
    assert "{%" not in word_text(document)


def test_the_contents_say_pages_that_go_up_and_end_with_the_document() -> None:
    text = word_text(made("many-steps"))
    pages = [int(found) for found in re.findall(r"(?m)^\d+\t[^\t\n]+\t(\d+)$", text)]
    assert len(pages) == 15
    assert pages == sorted(pages)
    assert pages[0] == 3
    footers = [data.decode() for name, data in parts(made("many-steps")).items() if name.startswith("word/footer")]
    told = re.findall(r"NUMPAGES.*?<w:t[^>]*>(.*?)</w:t>", "".join(footers))
    assert [int(one) >= pages[-1] for one in told] == [True]


def test_a_draft_says_so_on_every_page() -> None:
    facts = hard.facts("maple-street-trial-leads", "en", draft=True)
    document = made("maple-street-trial-leads", facts)
    found = parts(document)
    headers = [data.decode() for name, data in found.items() if name.startswith("word/header")]
    assert len(headers) == 2
    assert all("DRAFT" in header for header in headers)
    text = word_text(document)
    assert facts.settle
    assert all(point in text for point in facts.settle)
    assert "DRAFT" not in word_text(made("maple-street-trial-leads"))


def test_it_wears_the_brand() -> None:
    facts = hard.facts("one-line")
    brand = facts.brand.model_dump()
    brand["colours"]["primary"], brand["fonts"]["headings"] = "#AB12CD", "Georgia & Co"
    brand["colours"]["accent"] = "#12AB34"
    document = made("one-line", facts.model_copy(update={"brand": Brand.model_validate(brand)}))
    found = parts(document)
    assert b"AB12CD" in found["word/theme/theme1.xml"]
    assert b"Georgia &amp; Co" in found["word/theme/theme1.xml"]
    assert b'w:val="AB12CD" w:themeColor="accent1"' in found["word/styles.xml"]
    assert b"17465A" not in found["word/styles.xml"] + found["word/document.xml"]
    headers = b"".join(data for name, data in found.items() if name.startswith("word/header"))
    assert b'w:val="12AB34" w:themeColor="accent2"' in headers


def test_a_template_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Document(str(sow.TEMPLATE.path))
    broken.add_paragraph("{{ nobody.knows }}")
    data = io.BytesIO()
    broken.save(data)
    monkeypatch.setattr(filling, "_bytes", lambda _template: data.getvalue())
    with pytest.raises(UserError, match=r"templates/sow.docx: the template can't be used"):
        made("one-line")
