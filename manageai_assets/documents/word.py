"""What Word documents need beyond their template: text that stays text, and the brand's colours and fonts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from manageai_assets.documents.brand import Brand

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.part import Part
    from docx.oxml.xmlchemy import BaseOxmlElement

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MEANING = {ord(mark): f"&#{ord(mark)};" for mark in "{}%&<>\"'"}
"""As character references, they are neither XML nor an instruction of the template, in whatever round it is read."""
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_VECTOR = (
    '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}"><asvg:svgBlip '
    'xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:embed="{relation}"/>'
    "</a:ext></a:extLst>"
)
IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
HEADER = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/header"
FOOTER = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer"
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
            return Markup(reader_text(value).translate(_MEANING))  # all of its marks are references
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
    for root in (document.element, document.styles.element, *_margins(document)):
        _coloured(root, colours)


def _theme(part: Part, colours: dict[str, str], brand: Brand) -> None:
    from xml.sax.saxutils import quoteattr

    xml = part.blob.decode("utf-8")
    for name, value in colours.items():
        tag = {"text2": "dk2", "background2": "lt2"}.get(name, name)
        xml = re.sub(rf"(<a:{tag}>).*?(</a:{tag}>)", rf'\g<1><a:srgbClr val="{value}"/>\g<2>', xml, flags=re.DOTALL)
    for tag, font in (("majorFont", brand.fonts.headings), ("minorFont", brand.fonts.text)):
        before, opening, after = xml.partition(f"<a:{tag}>")
        _, _, rest = after.partition("/>")
        xml = f"{before}{opening}<a:latin typeface={quoteattr(font)}/>{rest}"
    part._blob = xml.encode("utf-8")


def _coloured(root: BaseOxmlElement, colours: dict[str, str]) -> None:
    for element in root.iter():
        if (name := element.get(f"{_W}themeColor")) in colours:
            element.set(f"{_W}color" if element.get(f"{_W}color") else f"{_W}val", colours[name])
        if (name := element.get(f"{_W}themeFill")) in colours:
            element.set(f"{_W}fill", colours[name])


def illustrated(document: Document, pictures: Sequence[tuple[str, str]]) -> None:
    """Says of each picture, in their order, what it shows; one that has an SVG is drawn from that by programs that can,
    so that it stays sharp at any size."""
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    for number, (shape, (shown, svg)) in enumerate(zip(document.inline_shapes, pictures, strict=True), 1):
        for side in ("distT", "distB", "distL", "distR"):
            shape._inline.set(side, "0")  # without these, some programs keep a distance of their own
        shape._inline.docPr.set("descr", reader_text(shown))
        if not svg:
            continue
        name = PackURI(f"/word/media/vector{number}.svg")
        part = Part(name, "image/svg+xml", svg.encode("utf-8"), document.part.package)
        relation = document.part.relate_to(part, IMAGE)
        blip = next(shape._inline.iter(f"{_A}blip"))
        blip.append(parse_xml(_VECTOR.format(relation=relation)))


def page_references(document: Document) -> Iterator[tuple[str, BaseOxmlElement]]:
    """The bookmarks that the document refers to by page, each with the text that shows the page."""
    for instruction in document.element.iter(f"{_W}instrText"):
        words = (instruction.text or "").split()
        if words[:1] == ["PAGEREF"]:
            yield words[1], _shown(instruction)


def page_counts(document: Document) -> Iterator[BaseOxmlElement]:
    """The texts that show how many pages there are."""
    for root in _margins(document):
        for instruction in root.iter(f"{_W}instrText"):
            if (instruction.text or "").split()[:1] == ["NUMPAGES"]:
                yield _shown(instruction)


def _margins(document: Document) -> Iterator[BaseOxmlElement]:
    """The headers and footers, as they are saved: the template's engine puts new ones in the place of those that
    `document.sections` still knows."""
    for relation in document.part.rels.values():
        if relation.reltype in (HEADER, FOOTER):
            yield relation.target_part.element


def _shown(instruction: BaseOxmlElement) -> BaseOxmlElement:
    """The text between a field's separator and its end."""
    run = instruction.getparent()
    if run is None:
        raise ValueError("a field that stands in no run")
    shown: BaseOxmlElement = next(text for following in run.itersiblings() for text in following.iter(f"{_W}t"))
    return shown
