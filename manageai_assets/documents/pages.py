"""On which page each section of a document begins, so that its table of contents can say so before Word has counted.

Lines are broken with the widths of Helvetica, which are Arial's, and set one below the other as Word does: spacing,
rows that don't split, headings that stay with what follows. Word counts anew when somebody updates the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
TWIPS, EMU = 20, 12_700
"""In a point."""
LINE = 1.15
"""Height of a line of Arial, as a multiple of its size."""
WIDE, UNKNOWN = 1000, 600
"""Thousandths of the size that a character takes which Helvetica hasn't: of the east, and any other."""
PADDING = 7.75
"""Above and below the text of a row, in a table of our style."""
BOLD = 1.07
TOC_MARK = "_Toc"


@dataclass(frozen=True)
class Form:
    """How the paragraphs of a style are set, in points."""

    size: float = 10.0
    before: float = 0.0
    after: float = 0.0
    line: float = 1.0
    bold: bool = False
    keep_next: bool = False
    new_page: bool = False
    indent: float = 0.0


@dataclass
class Block:
    """What isn't parted: a paragraph or a row. `heights` are its lines, `mark` the bookmark that it carries."""

    heights: list[float]
    before: float = 0.0
    after: float = 0.0
    keep_next: bool = False
    new_page: bool = False
    ends_page: bool = False
    splits: bool = False
    mark: str = ""
    head: float = 0.0
    """Height of the heading row that is repeated above it on a new page."""

    @property
    def height(self) -> float:
        """Of its lines."""
        return sum(self.heights)


def pages_of(document: Document) -> tuple[Mapping[str, int], int]:
    """The page of each bookmark of the table of contents, and how many pages there are; both are estimates."""
    setter = _Setter(document)
    places: dict[str, int] = {}
    page, used = 1, 0.0
    room = setter.room
    blocks = list(setter.blocks())
    last_after = 0.0
    for index, block in enumerate(blocks):
        gap = max(block.before, last_after) if used else 0.0
        together = _together(blocks, index)
        needed = gap + (block.heights[0] if block.splits and block.heights else together)
        if (block.new_page and used) or (used and used + needed > room and together <= room):
            page, used, gap = page + 1, block.head, 0.0
        used += gap
        for height in block.heights if block.splits else [block.height]:
            if used and used + height > room:
                page, used = page + 1, block.head
            used += height
        if block.mark:
            places[block.mark] = page
        last_after = block.after
        if block.ends_page:
            page, used, last_after = page + 1, 0.0, 0.0
    return places, page


def _together(blocks: list[Block], index: int) -> float:
    """The height of a block with all that must stand on the same page as it."""
    total, last_after = 0.0, 0.0
    for number, block in enumerate(blocks[index:]):
        if number and block.new_page:
            return total
        total += (max(block.before, last_after) if number else 0.0) + (
            block.heights[0] if block.splits and block.heights and not block.keep_next else block.height
        )
        last_after = block.after
        if not block.keep_next or block.ends_page:
            return total
    return total


class _Setter:
    """Sets the body of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        page = document.sections[-1]
        lengths = (
            page.page_width,
            page.left_margin,
            page.right_margin,
            page.page_height,
            page.top_margin,
            page.bottom_margin,
        )
        across, left, right, down, top, bottom = (float(one or 0) / EMU for one in lengths)
        self.width, self.room = across - left - right, down - top - bottom
        self._forms: dict[str, Form] = {}

    def blocks(self) -> Iterator[Block]:
        """The blocks from the top to the bottom."""
        for child in self._document.element.body:
            if child.tag == f"{_W}p":
                yield self._paragraph(child, self.width)
            elif child.tag == f"{_W}tbl":
                yield from self._rows(child)

    def _rows(self, table: BaseOxmlElement) -> Iterator[Block]:
        widths = [float(column.get(f"{_W}w", "0")) / TWIPS for column in table.iterfind(f"{_W}tblGrid/{_W}gridCol")]
        padding = PADDING if table.find(f"{_W}tblPr/{_W}tblStyle") is not None else 0.0
        head = 0.0
        for row in table.iterfind(f"{_W}tr"):
            height, keep, column = 0.0, True, 0
            for cell in row.iterfind(f"{_W}tc"):
                span = cell.find(f"{_W}tcPr/{_W}gridSpan")
                count = int(span.get(f"{_W}val", "1")) if span is not None else 1
                room = sum(widths[column : column + count]) - 10.8
                column += count
                inner = [self._paragraph(one, room) for one in cell.iterfind(f"{_W}p")]
                height = max(height, sum(one.before + one.height + one.after for one in inner))
                keep = keep and all(one.keep_next for one in inner)
            repeated = row.find(f"{_W}trPr/{_W}tblHeader") is not None
            yield Block([height + padding], keep_next=keep, head=0.0 if repeated else head)
            head = height + padding if repeated else head

    def _paragraph(self, paragraph: BaseOxmlElement, width: float) -> Block:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        form = self._form(style.get(f"{_W}val", "Normal") if style is not None else "Normal")
        form = _direct(form, paragraph.find(f"{_W}pPr"))
        mark = next((one.get(f"{_W}name", "") for one in paragraph.iterfind(f"{_W}bookmarkStart")), "")
        extents = [float(one.get("cy", "0")) / EMU for one in paragraph.iter(f"{_WP}extent")]
        text = "".join(_texts(paragraph))
        breaks = any(one.get(f"{_W}type") == "page" for one in paragraph.iter(f"{_W}br"))
        sections = paragraph.find(f"{_W}pPr/{_W}sectPr") is not None
        lines = 0 if extents and not text.strip() else sum(_lines(one, form, width) for one in text.split("\n"))
        heights = [*extents, *[form.size * LINE * form.line] * lines]
        return Block(
            heights,
            before=form.before,
            after=form.after,
            keep_next=form.keep_next,
            new_page=form.new_page,
            ends_page=breaks or sections,
            splits=len(heights) > 1,
            mark=mark if mark.startswith(TOC_MARK) else "",
        )

    @cached_property
    def _styles(self) -> Mapping[str, BaseOxmlElement]:
        styles = self._document.styles.element
        return {one.get(f"{_W}styleId", ""): one for one in styles.iterfind(f"{_W}style")}

    def _form(self, name: str) -> Form:
        if name not in self._forms:
            style = self._styles.get(name)
            based = style.find(f"{_W}basedOn") if style is not None else None
            form = self._form(based.get(f"{_W}val", "")) if based is not None else Form()
            if style is not None:
                form = _direct(_run(form, style.find(f"{_W}rPr")), style.find(f"{_W}pPr"))
            self._forms[name] = form
        return self._forms[name]


def _texts(paragraph: BaseOxmlElement) -> Iterator[str]:
    for part in paragraph.iter(f"{_W}t", f"{_W}br", f"{_W}tab"):
        yield part.text or "" if part.tag == f"{_W}t" else "\n" if part.tag == f"{_W}br" else "    "


def _run(form: Form, properties: BaseOxmlElement | None) -> Form:
    if properties is None:
        return form
    size, bold = properties.find(f"{_W}sz"), properties.find(f"{_W}b")
    return Form(
        **{
            **form.__dict__,
            "size": float(size.get(f"{_W}val", "20")) / 2 if size is not None else form.size,
            "bold": bold.get(f"{_W}val", "1") not in ("0", "false") if bold is not None else form.bold,
        }
    )


def _direct(form: Form, properties: BaseOxmlElement | None) -> Form:
    if properties is None:
        return form
    values = dict(form.__dict__)
    spacing, indent = properties.find(f"{_W}spacing"), properties.find(f"{_W}ind")
    if spacing is not None:
        for name, key, unit in (("before", "before", TWIPS), ("after", "after", TWIPS), ("line", "line", 240)):
            given = spacing.get(f"{_W}{key}")
            values[name] = float(given) / unit if given is not None else values[name]
    if indent is not None:
        values["indent"] = float(indent.get(f"{_W}left", "0")) / TWIPS
    for name, key in (("keep_next", "keepNext"), ("new_page", "pageBreakBefore")):
        given = properties.find(f"{_W}{key}")
        values[name] = given.get(f"{_W}val", "1") not in ("0", "false") if given is not None else values[name]
    return Form(**values)


def _lines(text: str, form: Form, width: float) -> int:
    """How many lines the text takes, broken at spaces, and within words that are wider than a line."""
    room = max(width - form.indent, 20.0)
    share = form.size * (BOLD if form.bold else 1.0) / 1000
    lines, used = 1, 0.0
    for word in text.split(" "):
        wide = _width(word) * share
        if used and used + wide > room:
            lines, used = lines + 1, 0.0
        while wide > room:
            lines, wide = lines + 1, wide - room
        used += wide + 278 * share
    return lines


def _width(word: str) -> float:
    widths = _helvetica()
    return sum(widths.get(one, WIDE if ord(one) > 0x2E80 else UNKNOWN) for one in word)


@cache
def _helvetica() -> Mapping[str, int]:
    """Widths of Helvetica's characters, in thousandths of the size, from the metrics that come with matplotlib."""
    import matplotlib

    names = {
        "germandbls": "ß", "adieresis": "ä", "odieresis": "ö", "udieresis": "ü", "Adieresis": "Ä", "Odieresis": "Ö",
        "Udieresis": "Ü", "endash": "–", "quotedblleft": "“", "quotedblright": "”", "quotedblbase": "„", "Euro": "€",
        "eacute": "é", "egrave": "è", "aacute": "á", "bullet": "•", "ellipsis": "…",
    }  # fmt: skip
    file = Path(matplotlib.get_data_path()) / "fonts" / "pdfcorefonts" / "Helvetica.afm"
    found: dict[str, int] = {}
    for line in file.read_text(encoding="latin-1").splitlines():
        if line.startswith("C "):
            code, width, name = (part.split()[1] for part in line.split(";")[:3])
            if name in names:
                found[names[name]] = int(width)
            elif 32 <= int(code) < 127:
                found[chr(int(code))] = int(width)
    return found
