"""The statement of work: `templates/sow.docx` filled with the facts.

The template is for people to restyle in Word; colours and fonts of its theme are the brand's. Whatever is filled in is
text, never markup: no name is a field, a tag or an instruction of the template. The same facts give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from compilers.errors import shorten
from manageai_assets.build.cost import Money
from manageai_assets.documents.archive import sealed
from manageai_assets.documents.brand import Brand
from manageai_assets.documents.facts import Client, Facts
from manageai_assets.documents.filling import WordTemplate
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.documents.pages import pages_of
from manageai_assets.documents.word import branded, illustrated, literal, page_counts, page_references, reader_text

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

    from manageai_assets.documents.pictures.picture import Picture

TEMPLATE = WordTemplate("sow.docx", "tools.sow_template")
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in the properties of a document whose intake has no date."""
LOGO_HEIGHT, PICTURE_WIDTH, PICTURE_HEIGHT = 17, 166, 190
"""Millimetres."""
HEADER_LENGTH = 80
"""Characters of the running title, so that it stays on its line."""
INDENT = "\N{EM SPACE}"

Row = Mapping[str, str]
Context = dict[str, object]


def statement_of_work(facts: Facts, flow: Picture, gantt: Picture, logo: bytes = b"") -> bytes:
    """The document, as Word opens it. Raises `UserError` for a template that is wrong."""
    document = TEMPLATE.opened()
    context = literal(context_of(facts))
    context |= {
        "logo": _picture(document, logo, height=LOGO_HEIGHT),
        "flow_picture": _fitting(document, flow),
        "gantt_picture": _fitting(document, gantt),
    }
    TEMPLATE.fill(document, context)
    _number_pages(document)
    branded(document.docx, facts.brand)
    illustrated(
        document.docx, [(facts.brand.agency.name, "")] * bool(logo) + [(flow.alt, flow.svg), (gantt.alt, gantt.svg)]
    )
    _describe(document, facts)
    written = io.BytesIO()
    document.docx.save(written)
    return sealed(written.getvalue())


def _number_pages(document: DocxTemplate) -> None:
    """Writes into the table of contents, and behind each page's number, what Word would count."""
    places, total = pages_of(document.docx)
    for anchor, field in page_references(document.docx):
        field.text = str(places.get(anchor, ""))
    for field in page_counts(document.docx):
        field.text = str(total)


def _picture(document: DocxTemplate, png: bytes, width: float | None = None, height: float | None = None) -> object:
    from docx.shared import Mm
    from docxtpl import InlineImage

    if not png:
        return ""
    size = {"width": Mm(width)} if width else {"height": Mm(height or 0)}
    return InlineImage(document, io.BytesIO(png), **size)


def _fitting(document: DocxTemplate, picture: Picture) -> object:
    share = min(1.0, PICTURE_WIDTH / picture.width, PICTURE_HEIGHT / picture.height)
    return _picture(document, picture.png(), width=round(picture.width * share, 2))


def _describe(document: DocxTemplate, facts: Facts) -> None:
    """The properties of the document."""
    say = messages(facts.brand.language)
    core = document.docx.core_properties
    core.title = reader_text(f"{say('sow.t.title')}: {facts.title}")[:255]
    core.subject = reader_text(say("sow.t.subject", client=facts.client.name))[:255]
    core.author = core.last_modified_by = reader_text(facts.brand.agency.name)[:255]
    core.language, core.keywords = say.locale.replace("_", "-"), f"{facts.slug} v{facts.version}"
    moment = datetime(facts.issued.year, facts.issued.month, facts.issued.day, tzinfo=UTC) if facts.issued else UNDATED
    core.created = core.modified = moment.replace(tzinfo=None)


# -- what is filled in --------------------------------------------------------------------------------------------


def context_of(facts: Facts) -> Context:
    """Everything that the template may use: `t` are the fixed texts, `s` sentences with facts in them."""
    say, brand = messages(facts.brand.language), facts.brand
    fixed = {key.removeprefix("sow.t."): text for key, text in say.texts.items() if key.startswith("sow.t.")}
    return {
        "t": fixed,
        "s": _sentences(facts, say),
        "p": {"title": "", "subject": "", "author": "", "language": ""},
        "agency": brand.agency.model_dump(mode="json"),
        "client": facts.client.model_dump(mode="json"),
        "texts": facts.texts.model_dump(mode="json"),
        "title": facts.title,
        "header": shorten(say("sow.header", title=facts.title, client=facts.client.name), HEADER_LENGTH),
        "draft": facts.draft,
        "draft_line": say("sow.draft_line") if facts.draft else "",
        "settle": facts.settle,
        "cover_rows": _cover(facts, say),
        **_parties(facts.client, brand),
        "request": paragraphs(facts.request),
        "objective": paragraphs(facts.objective),
        "included": facts.included,
        "excluded": facts.excluded,
        "lines": _lines(facts),
        "access": [
            {
                "app": one.app,
                "account": one.account or one.label,
                "grants": one.grants[:1].upper() + one.grants[1:],
                "minutes": str(one.minutes),
            }
            for one in facts.access
        ],
        "webhooks": facts.webhooks,
        "systems": facts.systems,
        "deliverables": [{"name": one.name, "what": one.what, "file": one.file or "–"} for one in facts.deliverables],
        "milestones": [
            {"name": one.name, "day": str(one.day), "on": say.weekday(one.on)} for one in facts.plan.milestones
        ],
        **_prices(facts, say),
        "criteria": [
            {
                "number": str(one.number),
                "text": one.text,
                "proof": one.proof,
                "result": _result(one.cases, one.passed, say),
            }
            for one in facts.criteria
        ],
        "ours": [say(f"sow.ours_{number}", contact=brand.agency.contact.name) for number in range(1, 5)],
        "yours": [
            say(f"sow.yours_{number}", milestone=say("facts.milestone.Access granted by the client"))
            for number in range(1, 6)
        ],
        "changes": [
            say(f"sow.changes_{number}", hour=_money(facts.setup.hour, say), tax=brand.price.tax_name)
            for number in range(1, 4)
        ],
        "risks": [
            {"what": one.what, "why": one.why, "handling": one.handling, "severity": say(f"sow.weight.{one.severity}")}
            for one in facts.risks
        ],
        "assumptions": facts.assumptions,
        "questions": facts.questions,
        "support": [
            say("sow.support_1", days=say.number(brand.support.days), hours=say.number(brand.support.answer_hours)),
            say("sow.support_2", email=brand.agency.contact.email),
        ],
        "terms": _terms(facts, say),
    }


def _money(money: Money, say: Messages) -> str:
    return say.money(money.amount, money.currency)


def _sentences(facts: Facts, say: Messages) -> dict[str, str]:
    plan, brand, volume = facts.plan, facts.brand, facts.volume
    automation = say("sow.flow_what", title=facts.title, steps=say.number(facts.steps), starts=facts.starts)
    if facts.platforms:
        automation += " " + say("sow.platforms_what", platforms=say.listed(facts.platforms))
    span = {"hours": say.number(plan.hours), "days": say.number(plan.working_days)}
    dated = plan.start is not None and plan.handover is not None
    tested = facts.tested
    return {
        "parties": say("sow.parties"),
        "automation": automation,
        "systems": say("sow.systems", systems=say.listed(facts.systems)) if facts.systems else "",
        "timeline": say("sow.timeline_dated", start=say.date(plan.start), handover=say.date(plan.handover), **span)
        if dated
        else say("sow.timeline_undated", **span),
        "deadline": plan.note,
        "setup": say("sow.setup", hours=say.number(facts.setup.hours), hour=_money(facts.setup.hour, say)),
        "running": say("sow.running", runs=say.about(volume.runs), headroom=say.percent(volume.headroom_percent)),
        "prices": say("sow.prices", note=facts.prices_note, day=say.date(facts.prices_as_of)),
        "volume": f"{say('sow.volume', runs=say.about(volume.runs), basis=volume.basis)} {say('sow.volume_above')}",
        "savings": say(
            "sow.savings",
            minutes=say.number(facts.savings.minutes_per_run),
            hours=say.about(facts.savings.hours_per_month),
            value=_money(facts.savings.value_per_month, say),
        ),
        "savings_basis": facts.savings.basis,
        "acceptance": say("sow.acceptance_untested")
        if tested is None
        else say(
            "sow.acceptance", passed=say.number(tested.passed), cases=say.number(tested.cases), engine=tested.engine
        ),
        "acceptance_days": say("sow.acceptance_days", days=say.number(brand.support.acceptance_days)),
        "risks": say("sow.risks", score=_score(facts, say)),
        "signatures": say("sow.signatures", version=facts.version),
    }


def _score(facts: Facts, say: Messages) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(facts.score, format="0.00", locale=say.locale))


def _cover(facts: Facts, say: Messages) -> list[Row]:
    client, agency = facts.client, facts.brand.agency
    contact = ", ".join(part for part in (client.contact_name, client.contact_email) if part)
    rows = (
        ("client", ", ".join(part for part in (client.name, client.country) if part)),
        ("contact", contact),
        ("agency", f"{agency.name}, {agency.contact.name}"),
        ("issued", say.date(facts.issued) if facts.issued else ""),
        ("version", str(facts.version)),
        ("valid", say.date(facts.valid_until) if facts.valid_until and not facts.draft else ""),
        ("reference", f"{facts.slug} v{facts.version}"),
    )
    return [{"key": say(f"sow.cover.{key}"), "text": text} for key, text in rows if text]


def _parties(client: Client, brand: Brand) -> dict[str, Sequence[Row | str]]:
    agency = brand.agency
    ours = (
        agency.legal_name, *agency.address, ", ".join(filter(None, (agency.contact.name, agency.contact.role))),
        agency.contact.email, agency.contact.phone, agency.contact.web,
    )  # fmt: skip
    theirs = (
        client.name, client.industry, client.country, client.contact_name, client.contact_email, client.contact_phone,
    )  # fmt: skip
    return {"our_address": [*filter(None, ours)], "their_address": [*filter(None, theirs)]}


def _lines(facts: Facts) -> list[Row]:
    rows: list[Row] = []
    for line in facts.lines:
        what = f"{line.app}: {line.does}" if line.does else line.app
        rows.append(
            {
                "lead": line.lead,
                "number": str(line.number),
                "indent": INDENT * line.level,
                "title": line.title,
                "what": what,
                "fails": line.on_error or "–",
            }
        )
    return rows


def _prices(facts: Facts, say: Messages) -> dict[str, Sequence[Row | str]]:
    setup, brand = facts.setup, facts.brand
    tax = say("sow.setup_tax", tax=brand.price.tax_name, percent=say.percent(setup.tax_percent))
    return {
        "setup": [
            {"what": say("sow.setup_net"), "amount": _money(setup.net, say)},
            {"what": tax, "amount": _money(setup.tax, say)},
            {"what": say("sow.setup_gross"), "amount": _money(setup.gross, say)},
        ],
        "payments": [
            {"when": one.when, "percent": say.percent(one.percent), "amount": _money(one.amount, say)}
            for one in setup.payments
        ],
        "running": [
            {
                "platform": row.platform,
                "use": say("sow.use", n=say.number(row.per_month), unit=row.unit),
                "plan": row.plan or say("common.on_request"),
                "monthly": _money(row.monthly, say) if row.monthly else "–",
                "yearly": _money(row.yearly, say) if row.yearly else "–",
            }
            for row in facts.running
            if row.wanted
        ],
        "above": [row.above for row in facts.running if row.wanted],
        "assumed": facts.volume.assumed,
    }


def _result(cases: int, passed: int, say: Messages) -> str:
    if cases == passed:
        return say("sow.result_good", n=say.number(cases))
    return say("sow.result_bad", n=say.number(cases), passed=say.number(passed))


def _terms(facts: Facts, say: Messages) -> list[str]:
    price = facts.brand.price
    values = {
        "currency": price.currency,
        "tax": price.tax_name,
        "percent": say.percent(price.tax_percent),
        "days": say.number(price.payment_days),
        "until": say.date(facts.valid_until),
    }
    numbers = [number for number in range(1, 8) if number != 3 or (facts.valid_until and not facts.draft)]
    return [say(f"sow.terms_{number}", **values) for number in numbers]


def paragraphs(text: str) -> list[str]:
    """A text by its lines, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
