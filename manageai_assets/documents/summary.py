"""The executive summary: one A4 page as PDF, for someone who reads only that.

Typst sets it from `templates/executive_summary.typ`. What it says goes there as JSON, never as markup. The page is
given several versions of the longer texts and the picture, and takes the first set that fits; texts end where a
sentence ends.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from pydantic import JsonValue

from compilers.spec import Spec
from manageai_assets.build.markdown import visible
from manageai_assets.documents.facts import Facts, Running
from manageai_assets.documents.filling import portable
from manageai_assets.documents.fonts import FAMILIES
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.documents.pictures.flow import flows
from manageai_assets.documents.sentences import within

TEMPLATE = "executive_summary.typ"
WIDTH = 178.0
"""Millimetres between the margins."""

PICTURES = {"tall": 108.0, "large": 84.0, "small": 50.0}
"""How high the picture may be, in millimetres."""

TEXTS = (700, 460, 330, 230, 150, 90)
"""Characters of each of the client's texts."""

TRIES = (
    (11.5, 700, "tall"), (11.0, 700, "tall"), (10.5, 700, "tall"), (10.0, 700, "tall"), (10.0, 460, "tall"),
    (9.5, 460, "tall"), (9.5, 330, "tall"), (9.0, 330, "tall"), (9.5, 330, "large"), (9.0, 230, "large"),
    (9.0, 230, "small"), (8.5, 150, "small"), (8.0, 90, "small"), (7.5, 90, "small"),
)  # fmt: skip
"""Size of the text in points, characters of the client's texts, and picture."""

WORD = 28
"""Characters after which a word may be broken anywhere."""

SETTLED = 3
"""Points to settle that are shown; the statement of work has them all."""


def executive_summary(facts: Facts, spec: Spec, logo: bytes = b"") -> bytes:
    """The summary as PDF. `logo`: a PNG. Raises `UserError` for a template that is wrong."""
    return portable(TEMPLATE, _data(facts, spec, logo), facts.issued or facts.prices_as_of)


def summary_text(facts: Facts) -> str:
    """What the page says, as plain text, with the client's texts in full: for searching."""
    say, texts = messages(facts.brand.language), facts.texts
    lines = [facts.title, say("summary.client", client=facts.client.name), *facts.settle]
    lines += [facts.request, texts.problem, facts.objective, texts.change]
    lines += [f"{line.number}. {line.title} ({line.app})" if line.step else line.lead for line in facts.lines]
    lines += [" ".join(figure) for figure in _figures(facts, say)]
    lines += [f"{name}: {on}" for name, on, _ in _dates(facts, say)]
    return (
        "\n".join(line for line in [*lines, _deadline(facts, say), texts.next_step, _basis(facts, say)] if line) + "\n"
    )


def _data(facts: Facts, spec: Spec, logo: bytes) -> dict[str, JsonValue]:
    say, brand = messages(facts.brand.language), facts.brand
    pictures = dict(zip(PICTURES, flows(spec, facts, WIDTH, list(PICTURES.values())), strict=True))
    contact = brand.agency.contact
    return {
        "language": brand.language,
        "fonts": list(FAMILIES),
        "draft": say("common.draft") if facts.draft else "",
        "colours": brand.colours.model_dump(),
        "logo": list(logo),
        "agency": within(brand.agency.name, 60),
        "contact": [line for line in (contact.name, contact.email, contact.phone) if line],
        "title": said(facts.title),
        "client": said(say("summary.client", client=facts.client.name)),
        "date": say.date(facts.issued) if facts.issued else "",
        "labels": {
            key: say(f"summary.{key}")
            for key in ("title", "problem", "change", "picture", "worth", "dates", "next", "settle")
        },
        "texts": {str(most): _texts(facts, most, say) for most in TEXTS},
        "pictures": {
            name: {"svg": picture.svg, "alt": picture.alt, "width": min(WIDTH, WIDTH * PICTURES[name] / picture.height)}
            for name, picture in pictures.items()
        },
        "tries": [{"size": size, "texts": str(most), "picture": picture} for size, most, picture in TRIES],
        "tiles": [{"label": label, "value": value, "note": note} for label, value, note in _figures(facts, say)],
        "milestones": [{"name": name, "on": on, "main": main} for name, on, main in _dates(facts, say)],
        "deadline": _deadline(facts, say),
        "basis": _basis(facts, say),
        "footer": say(
            "summary.footer",
            agency=brand.agency.legal_name,
            title=visible(facts.title)[:80],
            version=facts.version,
            slug=facts.slug,
        ),
    }


def _texts(facts: Facts, most: int, say: Messages) -> dict[str, JsonValue]:
    """The page's longer texts, with so many characters of each of the client's."""
    shown = facts.settle[:SETTLED]
    settle: list[JsonValue] = [said(within(point, max(most // 2, 60))) for point in shown]
    if len(facts.settle) > len(shown):
        settle.append(said(say.count("summary.settle_more", len(facts.settle) - len(shown))))
    return {
        "problem": broken(within(facts.texts.problem, 2 * most)),
        "problem_own": said(within(facts.request, most)),
        "change": broken(within(facts.texts.change, 2 * most)),
        "change_own": said(within(facts.objective, most)),
        "next": broken(within(facts.texts.next_step, 2 * most)),
        "settle": settle,
    }


def _figures(facts: Facts, say: Messages) -> Iterator[tuple[str, str, str]]:
    """What it saves and what it costs: label, figure and what is to say of it."""
    savings, setup = facts.savings, facts.setup
    minutes = say.number(savings.minutes_per_run)
    yield (
        say("summary.time"),
        say("summary.time_value", hours=say.about(savings.hours_per_month)),
        say("summary.time_note", runs=say.about(facts.volume.runs), minutes=minutes),
    )
    yield (
        say("summary.money"),
        _whole(savings.value_per_month.amount, savings.value_per_month.currency, say),
        say("summary.money_note", hour=say.money(savings.hour.amount, savings.hour.currency)),
    )
    gross, percent = say.money(setup.gross.amount, setup.gross.currency), say.percent(setup.tax_percent)
    yield (
        say("summary.price"),
        say.money(setup.net.amount, setup.net.currency),
        say("summary.price_note", gross=gross, percent=percent, tax=facts.brand.price.tax_name),
    )
    wanted = [row for row in facts.running if row.wanted] or list(facts.running)
    if wanted:
        first, *others = wanted
        said = [say("summary.running_plan", plan=first.plan)] if first.plan else []
        said += [f"{row.platform}: {_price(row, say)}" for row in others]
        note = say("summary.running_note", others="; ".join(said)) if said else say("summary.running_none")
        yield say("summary.running", platform=first.platform), _price(first, say), note


def _price(row: Running, say: Messages) -> str:
    return say.money(row.monthly.amount, row.monthly.currency) if row.monthly else say("common.on_request")


def _whole(amount: Decimal, currency: str, say: Messages) -> str:
    """An amount without its cents where there are none."""
    said = say.money(amount, currency)
    return said.replace(",00", "").replace(".00", "") if amount == amount.to_integral_value() else said


def _dates(facts: Facts, say: Messages) -> Iterator[tuple[str, str, bool]]:
    """The dates that matter to someone who decides: what is reached, when, and whether it is the one that counts."""
    for name in ("Kick-off", "Automation built", "Tests passed", "Live", "Handed over"):
        told = say(f"facts.milestone.{name}")
        for milestone in facts.plan.milestones:
            if milestone.name == told:
                on = say.weekday(milestone.on) if milestone.on else say("common.undated", n=milestone.day)
                yield told, on, name == "Live"


def _deadline(facts: Facts, say: Messages) -> str:
    if facts.plan.deadline:
        return facts.plan.note
    return "" if facts.plan.start else say("summary.undated")


def _basis(facts: Facts, say: Messages) -> str:
    day, runs = say.date(facts.prices_as_of), say.about(facts.volume.runs)
    return say("summary.basis", savings=facts.savings.basis, day=day, runs=runs)


def said(text: str) -> dict[str, JsonValue]:
    """A text, and whether it reads from right to left."""
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return {"text": broken(text), "rtl": strong != "L"}


def broken(text: str) -> str:
    """A text on one line whose longest words may be broken anywhere, so that none runs over the margin."""
    words = visible(text).split(" ")
    return " ".join(word if len(word) <= WORD else "\N{ZERO WIDTH SPACE}".join(word) for word in words)
