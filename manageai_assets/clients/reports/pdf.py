"""The report as PDF, set by Typst from `templates/monthly_report.typ`. What it says goes there as JSON, never as
markup."""

from __future__ import annotations

from datetime import UTC
from typing import cast

from pydantic import JsonValue

from manageai_assets.clients.reports.drawing import Pictures
from manageai_assets.clients.reports.phrases import Row
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.documents.filling import portable
from manageai_assets.documents.fonts import FAMILIES
from manageai_assets.documents.pictures.picture import Picture
from manageai_assets.documents.sentences import within
from manageai_assets.documents.summary import broken, said

TEMPLATE = "monthly_report.typ"
OF_CLIENTS = ("name", "where", "concerns", "title", "why")
"""Cells that may hold names that clients gave."""


def portable_report(words: Wording, pictures: Pictures, logo: bytes = b"") -> bytes:
    """The report as PDF. `logo`: a PNG. Raises `UserError` for a template that is wrong."""
    made_on = words.revision.made_at.astimezone(UTC).date()
    return portable(TEMPLATE, _data(words, pictures, logo), made_on)


def _data(words: Wording, pictures: Pictures, logo: bytes) -> dict[str, JsonValue]:
    brand, say = words.brand, words.say
    contact = brand.agency.contact
    return {
        "language": brand.language,
        "fonts": list(FAMILIES),
        "colours": brand.colours.model_dump(),
        "logo": list(logo),
        "agency": within(brand.agency.name, 60),
        "contact": [line for line in (contact.name, contact.email, contact.phone) if line],
        "t": dict(words.labels),
        "title": say("report.t.title"),
        "month": words.month,
        "client": said(words.report.client),
        "document": broken(words.title),
        "period": words.period,
        "edition": words.edition,
        "footer": broken(words.footer),
        "tiles": _rows(words.tiles()),
        "summary": [said(one) for one in words.summary()],
        "changes_lead": words.changes_lead(),
        "changes": [said(one) for one in words.changes()],
        "days": _picture(pictures.days),
        "scenarios_lead": say("report.scenarios_lead" if words.report.scenarios else "report.scenarios_none"),
        "scenarios": [
            {**row, "strip": _picture(strip)}
            for row, strip in zip(_cells(words.scenarios()), pictures.strips, strict=True)
        ],
        "costs_notes": list(words.costs_notes()),
        "platforms": _rows(words.platforms()),
        "trends": [[_picture(one), _picture(other)] for one, other in pictures.trends],
        "incidents_lead": list(words.incidents_lead()),
        "incidents": list(_cells(words.incidents())),
        "incidents_left": words.incidents_left(),
        "timeline": _picture(pictures.timeline) if pictures.timeline else None,
        "risks_lead": words.risks_lead(),
        "risks": list(_cells(words.risks())),
        "recommendations_lead": words.recommendations_lead(),
        "recommendations": [
            {
                "title": said(str(one["title"])),
                "why": said(str(one["why"])),
                "figures": _rows(cast("list[Row]", one["figures"])),
            }
            for one in words.recommendations()
        ],
        "hours": list(words.hours()),
        "hours_picture": _picture(pictures.hours) if pictures.hours else None,
        "ahead": [said(one) for one in words.ahead()],
        "basis": list(words.basis()),
    }


def _rows(rows: list[Row]) -> list[JsonValue]:
    return [dict(row) for row in rows]


def _cells(rows: list[Row]) -> list[dict[str, JsonValue]]:
    return [{name: said(text) if name in OF_CLIENTS else text for name, text in row.items()} for row in rows]


def _picture(picture: Picture) -> dict[str, JsonValue]:
    return {"svg": picture.svg, "width": picture.width, "height": picture.height, "alt": picture.alt}
