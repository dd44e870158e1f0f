"""The last touches: distances behind tables, and elements in the order that the schema of Word documents wants."""

from __future__ import annotations

from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph

ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore widowControl numPr pBdr shd tabs spacing ind contextualSpacing "
    "jc outlineLvl rPr sectPr",
    "trPr": "cantSplit tblHeader",
    "tcPr": "tcW gridSpan vMerge tcBorders shd tcMar vAlign",
}
"""The order that the schema of Word documents wants: Word refuses some files that have another."""


def after_tables(document: Document) -> None:
    """Text behind a table keeps a distance from it; headings and captions have one of their own."""
    behind = False
    for child in document.element.body:
        if child.tag == qn("w:tbl"):
            behind = True
        elif child.tag == qn("w:p") and behind:
            paragraph = Paragraph(child, document._body)
            name = paragraph.style.name if paragraph.style is not None else ""
            if "{%p" not in paragraph.text and child.find(qn("w:pPr") + "/" + qn("w:sectPr")) is None:
                behind = False
                if not name.startswith(("Heading", "Caption")):
                    paragraph.paragraph_format.space_before = Pt(9)


def in_order(document: Document) -> None:
    roots = [document.element, document.styles.element]
    for section in document.sections:
        roots += [section.header._element, section.footer._element]
    for root in roots:
        for name, order in ORDER.items():
            for parent in root.iter(qn(f"w:{name}")):
                _sort(parent, order.split())


def _sort(parent, order: list[str]) -> None:  # type: ignore[no-untyped-def]  # lxml elements have no types
    names = [child.tag.rpartition("}")[2] for child in parent]
    unknown = [name for name in names if name not in order]
    if unknown:
        raise ValueError(f"say where {unknown} come in {parent.tag}")
    for child in sorted(parent, key=lambda one: order.index(one.tag.rpartition("}")[2])):
        parent.append(child)
