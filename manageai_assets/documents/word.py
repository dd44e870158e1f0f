"""What Word documents need beyond their template: text that stays text, and the brand's colours and fonts."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from manageai_assets.documents.brand import Brand

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.part import Part
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MEANING = {ord(mark): f"&#{ord(mark)};" for mark in "{}%&<>\"'"}
"""As character references, they are neither XML nor an instruction of the template, in whatever round it is read."""
THEME_TYPE = "application/vnd.openxmlformats-officedocument.theme+xml"
_KEPT = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"


def reader_text(text: str) -> str:
    """`text` on one line, without what XML forbids: control characters and lone surrogates become replacement marks."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    hidden = unicodedata.category(character) in ("Cc", "Cs", "Cn") or ord(character) in (0xFFFE, 0xFFFF)
    return "\N{REPLACEMENT CHARACTER}" if hidden and character not in _KEPT else character


def literal(value: object) -> dict[str, object]:
    """A context of the template in which every text is text, however deep it stands."""
    made = _literal(value)
    if not isinstance(made, dict):
        raise TypeError("a context is a dict")
    return made


def _literal(value: object) -> object:
    from markupsafe import Markup

    match value:
        case str():
            return Markup(reader_text(value).translate(_MEANING))  # noqa: S704 - all of its marks are references
        case dict():
            return {name: _literal(item) for name, item in value.items()}
        case list() | tuple():
            return [_literal(item) for item in value]
        case _:
            return value


def branded(document: Document, brand: Brand) -> None:
    """Gives the document's theme the brand's colours and fonts, and what takes a colour from it that very colour, for
    programs that don't read themes."""
    colours = {
        "accent1": brand.colours.primary,
        "accent2": brand.colours.accent,
        "text2": brand.colours.ink,
        "background2": brand.colours.soft,
    }
    colours = {name: value.lstrip("#").upper() for name, value in colours.items()}
    for part in document.part.package.iter_parts():
        if part.content_type == THEME_TYPE:
            _theme(part, colours, brand)
    roots = [document.element, document.styles.element]
    for section in document.sections:
        roots += [section.header._element, section.footer._element]
    for root in roots:
        _coloured(root, colours)


def _theme(part: Part, colours: dict[str, str], brand: Brand) -> None:
    from xml.sax.saxutils import quoteattr

    xml = part.blob.decode("utf-8")
    for name, value in colours.items():
        tag = {"text2": "dk2", "background2": "lt2"}.get(name, name)
        xml = re.sub(rf"(<a:{tag}>).*?(</a:{tag}>)", rf'\g<1><a:srgbClr val="{value}"/>\g<2>', xml, flags=re.DOTALL)
    for tag, font in (("majorFont", brand.fonts.headings), ("minorFont", brand.fonts.text)):
        face = f"<a:latin typeface={quoteattr(font)}"
        xml = re.sub(rf'(<a:{tag}>\s*)<a:latin typeface="[^"]*"', lambda found, face=face: found.group(1) + face, xml)
    part._blob = xml.encode("utf-8")


def _coloured(root: _Element, colours: dict[str, str]) -> None:
    for element in root.iter():
        if (name := element.get(f"{_W}themeColor")) in colours:
            element.set(f"{_W}color" if element.get(f"{_W}color") else f"{_W}val", colours[name])
        if (name := element.get(f"{_W}themeFill")) in colours:
            element.set(f"{_W}fill", colours[name])
