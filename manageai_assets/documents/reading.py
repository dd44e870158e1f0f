"""What documents say, as plain text: for searching, and for holding it against the facts."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from manageai_assets.documents.facts import Facts
from manageai_assets.documents.summary import summary_text
from manageai_assets.store.documents import DocumentTexts

if TYPE_CHECKING:
    from manageai_assets.workbench import Workbench
    from resources.artifacts import BuildKey

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def word_text(document: bytes) -> str:
    """The text of a Word document that is our own, one paragraph a line."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    return "\n".join(_paragraph(one) for one in root.iter(f"{_W}p"))


def _paragraph(paragraph: ElementTree.Element) -> str:
    marks = {f"{_W}tab": "\t", f"{_W}br": "\n"}
    runs = (part for run in paragraph.iter(f"{_W}r") for part in run)
    return "".join(part.text or "" if part.tag == f"{_W}t" else marks.get(part.tag, "") for part in runs)


def made_texts(bench: Workbench, key: BuildKey) -> DocumentTexts | None:
    """The texts of the documents of a build whose package this run has made; None for any other."""
    package = bench.results.get(key, {}).get("sow_package")
    if package is None or package.outcome.value is None:
        return None
    facts, document, specification, checklist = (
        bench.value(name, key) for name in ("sow_facts", "sow", "technical_spec", "implementation_checklist")
    )
    match facts, document, specification, checklist:
        case Facts(), bytes(), str(), str():
            return DocumentTexts(word_text(document), summary_text(facts), specification, checklist)
        case _:
            return None
