"""Markdown documents from templates, in which client text stands literally: never as markup, HTML or a link.

Templates are the `*.md.j2` files of the folder `templates`, for people to restyle. An unknown name in one is an error.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.errors import UserError

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

_SPECIAL = re.compile(r"[\\`*_\[\]|~$@]|(?<=[Ww]{3})\.|:(?=//)")
_AT_START = re.compile(r"^(?:[#+\-=]|\d{1,9}(?=[.)](?:\s|$)))")
_HTML = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
CODE_LENGTH = 2000
"""Characters of a value that stand in a table or a line."""


def visible(text: str) -> str:
    """`text` on one line: white space as single spaces, control and formatting characters as replacement marks."""
    marked = (
        " " if character.isspace() else "\N{REPLACEMENT CHARACTER}" if _hidden(character) else character
        for character in text
    )
    return " ".join("".join(marked).split())


def _hidden(character: str) -> bool:
    return unicodedata.category(character)[0] == "C"


def escaped(value: object) -> str:
    """A value as Markdown text on one line in which nothing is markup. Shows exactly `visible(value)`."""
    text = visible(str(value))
    text = _SPECIAL.sub(lambda found: "\\" + found.group(), text)
    start = _AT_START.match(text)
    if start:
        found = start.group()
        text = (found + "\\" if found.isdigit() else "\\" + found) + text[start.end() :]
    return text.translate(_HTML)


def quoted(text: str) -> str:
    """Text of several lines as a block quote in which nothing is markup."""
    lines = [escaped(line) for line in re.split(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text.strip())]
    return "\n".join(f"> {line}\\" if line and following else f"> {line}" for line, following in _with_next(lines))


def _with_next(lines: list[str]) -> list[tuple[str, str]]:
    return list(zip(lines, [*lines[1:], ""], strict=True))


def code(value: JsonValue, cell: bool = False) -> str:
    """A value as a code span: text as it stands, anything else as JSON. `cell`: for a table, where `|` ends a cell."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= CODE_LENGTH else text[:CODE_LENGTH] + "…"
    text = "".join("\N{REPLACEMENT CHARACTER}" if _hidden(c) and c not in "\r\n\t" else c for c in text)
    if not text.strip():
        return "(empty)" if not text else "(blank)"
    text = re.sub(r"\s*(?:\r\n|[\r\n\v\f\x85\u2028\u2029])\s*", " ⏎ ", text.strip("\r\n")).replace("\t", " ")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    text = f"{fence}{pad}{text}{pad}{fence}"
    return text.replace("|", "\\|") if cell else text


def cell(value: JsonValue) -> str:
    """A code span for a table's cell."""
    return code(value, cell=True)


def said(text: str, cell: bool = False) -> str:
    """A message of ours, in which names stand in backticks: these as code spans, everything else as text."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    spans = [code(part, cell) if index % 2 else _inside(part) for index, part in enumerate(parts)]
    return "".join(spans).strip()


def _inside(text: str) -> str:
    """A piece within a line, with the white space around it as single spaces."""
    before, after = " " * text[:1].isspace(), " " * (len(text) > 1 and text[-1:].isspace())
    return f"{before}{escaped(text)}{after}" if text.strip() else " " * bool(text)


def said_in_cell(text: str) -> str:
    """`said` for a table's cell."""
    return said(text, cell=True)


def block(value: JsonValue) -> str:
    """A value as a block of JSON, whatever it holds."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = "".join("\N{REPLACEMENT CHARACTER}" if _hidden(c) and c != "\n" else c for c in text)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return f"{fence}json\n{text}\n{fence}"


def day(value: date | None) -> str:
    """A date as `Mon 23 November 2026`; a dash for none."""
    if value is None:
        return "–"
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    )  # fmt: skip
    return f"{names[value.weekday()]} {value.day} {months[value.month - 1]} {value.year}"


def money(value: Decimal) -> str:
    """An amount with two decimals and thousands separated."""
    return f"{value:,.2f}"


def number(value: Decimal | int) -> str:
    """A number with thousands separated and no trailing zeros."""
    text = f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def about(value: Decimal) -> str:
    """A number for people who want its size: whole from ten up."""
    return f"{round(value):,}" if value >= 10 else number(value)


@cache
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        auto_reload=False,
    )
    environment.filters.update(
        {
            "md": escaped,
            "quote": quoted,
            "code": code,
            "cell": cell,
            "said": said,
            "said_in_cell": said_in_cell,
            "block": block,
            "day": day,
            "number": number,
            "money": money,
            "about": about,
        }
    )
    return environment


def render(template: str, folder: Path = TEMPLATES, /, **values: object) -> str:
    """The document that the template gives for these values. Raises `UserError` for a template that is wrong."""
    from jinja2 import TemplateError

    try:
        text = _environment(folder).get_template(template).render(**values)
    except TemplateError as error:
        what, hint = f"the template can't be used: {error}", "mend it, or restore the one that came with the project"
        raise UserError(what, where=f"templates/{template}", hint=hint) from None
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
