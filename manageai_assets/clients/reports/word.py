"""The report for Word: `templates/monthly_report.docx` filled in. Whatever is filled in is text, never markup; the same
facts give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING

from manageai_assets.clients.reports.drawing import Pictures
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.documents.archive import sealed
from manageai_assets.documents.filling import WordTemplate
from manageai_assets.documents.pages import pages_of
from manageai_assets.documents.pictures.picture import Picture, pngs
from manageai_assets.documents.word import branded, illustrated, literal, page_counts, reader_text

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

TEMPLATE = WordTemplate("monthly_report.docx", "tools.report_template")
LOGO_HEIGHT, PAGE_WIDTH, HALF_WIDTH, STRIP_WIDTH = 10.0, 166.0, 80.0, 26.0
"""Millimetres."""
PROPERTY_LENGTH = 255


def word_report(words: Wording, pictures: Pictures, logo: bytes = b"") -> bytes:
    """The document, as Word opens it. Raises `UserError` for a template that is wrong."""
    document = TEMPLATE.opened()
    shown = _in_order(pictures)
    drawn = dict(zip(map(id, shown), pngs(shown), strict=True))

    def place(picture: Picture, width: float) -> object:
        return _inline(document, drawn[id(picture)], width=min(width, PAGE_WIDTH))

    context = literal(_texts(words))
    context["logo"] = _inline(document, logo, height=LOGO_HEIGHT) if logo else ""
    context["days_picture"] = place(pictures.days, PAGE_WIDTH)
    context["trends"] = [
        {"use": place(use, HALF_WIDTH), "cost": place(cost, HALF_WIDTH)} for use, cost in pictures.trends
    ]
    context["timeline_picture"] = place(pictures.timeline, PAGE_WIDTH) if pictures.timeline else ""
    context["hours_picture"] = place(pictures.hours, HALF_WIDTH) if pictures.hours else ""
    rows = context["scenarios"]
    if isinstance(rows, list):
        for row, strip in zip(rows, pictures.strips, strict=True):
            row["strip"] = place(strip, STRIP_WIDTH)
    TEMPLATE.fill(document, context)
    _, total = pages_of(document.docx)
    for field in page_counts(document.docx):
        field.text = str(total)
    branded(document.docx, words.brand)
    told = [(one.alt, one.svg) for one in shown]
    illustrated(document.docx, [(words.brand.agency.name, "")] * bool(logo) + told)
    _describe(document, words)
    written = io.BytesIO()
    document.docx.save(written)
    return sealed(written.getvalue())


def _in_order(pictures: Pictures) -> list[Picture]:
    """The pictures in the order in which the template shows them."""
    found = [pictures.days, *pictures.strips]
    found += [picture for pair in pictures.trends for picture in pair]
    return [*found, *(one for one in (pictures.timeline, pictures.hours) if one is not None)]


def _texts(words: Wording) -> Mapping[str, object]:
    """Everything that the template may use but pictures."""
    report, say = words.report, words.say
    return {
        "t": words.labels,
        "p": {"title": "", "subject": "", "author": "", "language": ""},
        "agency": words.brand.agency.name,
        "month": words.month,
        "client": report.client,
        "document": words.title,
        "period": words.period,
        "edition": words.edition,
        "footer": words.footer,
        "tiles": words.tiles(),
        "summary": words.summary(),
        "changes_lead": words.changes_lead(),
        "changes": words.changes(),
        "scenarios_lead": say("report.scenarios_lead" if report.scenarios else "report.scenarios_none"),
        "scenarios": words.scenarios(),
        "platforms": words.platforms(),
        "costs_notes": words.costs_notes(),
        "incidents_lead": " ".join(words.incidents_lead()),
        "incidents": words.incidents(),
        "incidents_left": words.incidents_left(),
        "risks_lead": words.risks_lead(),
        "risks": words.risks(),
        "recommendations_lead": words.recommendations_lead(),
        "recommendations": [
            {**one, "number": str(place)} for place, one in enumerate(words.recommendations(), start=1)
        ],
        "hours": words.hours(),
        "ahead": words.ahead(),
        "basis": words.basis(),
    }


def _inline(document: DocxTemplate, png: bytes, width: float | None = None, height: float | None = None) -> object:
    from docx.shared import Mm
    from docxtpl import InlineImage

    size = {"width": Mm(width)} if width else {"height": Mm(height or 0)}
    return InlineImage(document, io.BytesIO(png), **size)


def _describe(document: DocxTemplate, words: Wording) -> None:
    """The properties of the document."""
    core = document.docx.core_properties
    core.title = reader_text(f"{words.say('report.t.title')}: {words.title}")[:PROPERTY_LENGTH]
    core.subject = reader_text(words.say("report.prepared", client=words.report.client))[:PROPERTY_LENGTH]
    core.author = core.last_modified_by = reader_text(words.brand.agency.name)[:PROPERTY_LENGTH]
    core.language = words.say.locale.replace("_", "-")
    core.created = core.modified = words.revision.made_at.astimezone(UTC).replace(tzinfo=None)
