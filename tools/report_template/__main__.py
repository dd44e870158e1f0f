"""Makes `templates/monthly_report.docx`: `python -m tools.report_template`.

Run once; from then on the template is restyled in Word. What stands in double braces is filled in by
`manageai_assets/clients/reports/word.py`, rows between `{%tr ... %}` are repeated. Colours and fonts are the theme's,
which `brand.yaml` sets. Running this again overwrites what was restyled.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell

from manageai_assets.documents.archive import sealed
from manageai_assets.settings import PROJECT_ROOT
from tools.sow_template.order import after_tables, in_order
from tools.sow_template.pieces import cant_split, control, field, fill, new_table, rows, shade, write
from tools.sow_template.styles import ACCENT, INK, PRIMARY, SAMPLE, SOFT, WIDTH, _style, colour, styles

TEMPLATE = PROJECT_ROOT / "templates" / "monthly_report.docx"
MADE = datetime(2026, 11, 1, tzinfo=UTC)
SCENARIO_WIDTHS = (43, 30, 30, 17, 26, 20)
TILES = 6
WHITE = "background1"
RED = "B3261E"


def main() -> int:
    """Writes the file."""
    data = io.BytesIO()
    template().save(data)
    TEMPLATE.write_bytes(sealed(data.getvalue()))
    print(TEMPLATE)
    return 0


def template() -> DocumentType:
    """The document, with everything that is filled in in braces."""
    document = Document()
    styles(document)
    _more_styles(document)
    _band(document)
    _tiles(document)
    _opening(document)
    _scenarios(document)
    _costs(document)
    _incidents(document)
    _risks(document)
    _recommendations(document)
    _closing(document)
    _loosen(document)
    _header_and_footer(document)
    after_tables(document)
    in_order(document)
    core = document.core_properties
    core.title, core.subject, core.author = "{{ p.title }}", "{{ p.subject }}", "{{ p.author }}"
    core.comments, core.language, core.keywords, core.last_modified_by = "", "{{ p.language }}", "", ""
    core.created = core.modified = MADE.replace(tzinfo=None)
    core.revision = 1
    return document


def _loosen(document: DocumentType) -> None:
    """Takes from heads of tables that they stay with the next row: LibreOffice takes it for the whole table, and leaves
    half a page empty. They are repeated on each page anyway."""
    for table in document.tables:
        for cell in table.rows[0].cells:
            for paragraph in cell.paragraphs:
                if paragraph.style is not None and paragraph.style.name == "Table Head":
                    paragraph.paragraph_format.keep_with_next = None


def _more_styles(document: DocumentType) -> None:
    page = document.sections[0]
    page.top_margin, page.bottom_margin = Mm(20), Mm(18)
    heading = document.styles["Heading 1"]
    heading.font.size, heading.paragraph_format.space_before, heading.paragraph_format.space_after = (
        Pt(15),
        Pt(15),
        Pt(6),
    )
    for name, size, theme, options in (
        ("Band Month", 24, WHITE, {"bold": True, "major": True, "after": 2, "line": 1.0}),
        ("Band Line", 12, WHITE, {"bold": True, "after": 0}),
        ("Band Small", 8.5, WHITE, {"after": 0}),
        ("Tile Label", 8, INK, {"after": 0}),
        ("Tile Value", 17, PRIMARY, {"bold": True, "major": True, "after": 0, "line": 1.0}),
        ("Tile Note", 8, INK, {"after": 0}),
        ("Figure", 10.5, PRIMARY, {"bold": True, "after": 0}),
        ("Advice", 10.5, PRIMARY, {"bold": True, "after": 2}),
        ("Tiny", 7.5, INK, {"after": 0, "line": 1.05}),
        ("Fine Print", 7.5, INK, {"after": 2, "line": 1.05}),
    ):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles["Normal"]
        _style(document, name, size, theme, **options)
    for name in ("Tile Value", "Table Text", "Tiny"):
        bad = document.styles.add_style(f"{name} Bad", WD_STYLE_TYPE.PARAGRAPH)
        bad.base_style = document.styles[name]
        bad.font.color.rgb = RGBColor.from_string(RED)


def _band(document: DocumentType) -> None:
    """The coloured head of the first page."""
    table = new_table(document, ("", ""), (112, 54), head=False)
    row = table.add_row()
    left, right = row.cells
    left.width, right.width = Mm(112), Mm(54)
    for cell in row.cells:
        shade(cell, PRIMARY)
        _padded(cell, 160)
    fill(left, "{{ t.title }}", "Band Small")
    _more(left, "{{ month }}", "Band Month")
    _more(left, "{{ client }}", "Band Line")
    fill(right, "{{ logo }}", "Band Small")
    for text, style in (("{{ agency }}", "Band Line"), ("{{ period }}", "Band Small"), ("{{ edition }}", "Band Small")):
        _more(right, text, style)
    for paragraph in right.paragraphs:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    gap = write(document, "")
    gap.paragraph_format.space_after = Pt(0)


def _tiles(document: DocumentType) -> None:
    """The figures that are looked at first, three in a row, with a strip of white between them."""
    widths = (52, 5, 52, 5, 52)
    table = new_table(document, ("",) * 5, widths, head=False)
    for place in range(0, TILES, 3):
        if place:
            gap = table.add_row()
            for cell in gap.cells:
                cell.paragraphs[0].style = document.styles["Tiny"]
        row = table.add_row()
        cant_split(row)
        for column, width in enumerate(widths):
            row.cells[column].width = Mm(width)
        for column in range(3):
            cell, name = row.cells[2 * column], f"tiles[{place + column}]"
            shade(cell, SOFT)
            _padded(cell, 110)
            cell._tc.get_or_add_tcPr().append(
                parse_xml(
                    f'<w:tcBorders {nsdecls("w")}><w:left w:val="single" w:sz="24" w:space="0" '
                    f'w:color="{SAMPLE[PRIMARY]}" w:themeColor="{PRIMARY}"/></w:tcBorders>'
                )
            )
            fill(cell, f"{{{{ {name}.label }}}}", "Tile Label")
            _either(cell, f"{name}.tone", f"{{{{ {name}.value }}}}", "Tile Value")
            _more(cell, f"{{{{ {name}.note }}}}", "Tile Note")
    write(document, "", "Tiny").paragraph_format.space_after = Pt(8)


def _opening(document: DocumentType) -> None:
    """What changed, the month in a few sentences, and the days."""
    write(document, "{%p if changes %}")
    write(document, "{{ t.changes }}", "Advice").paragraph_format.keep_with_next = True
    write(document, "{{ changes_lead }}").paragraph_format.keep_with_next = True
    _lines(document, "changes", "List Bullet")
    write(document, "{%p endif %}")
    _lines(document, "summary")
    _heading(document, "days")
    _picture(document, "days_picture")


def _scenarios(document: DocumentType) -> None:
    _heading(document, "scenarios")
    _lead(document, "{{ scenarios_lead }}")
    write(document, "{%p if scenarios %}")
    columns = [f"{{{{ t.col_{name} }}}}" for name in ("scenario", "state", "strip", "runs", "operations", "cost")]
    table = new_table(document, columns, SCENARIO_WIDTHS)
    control(table, "{%tr for row in scenarios %}")
    row = table.add_row()
    cant_split(row)
    _stacked(row.cells[0], "{{ row.name }}", "{{ row.note }}", bold=True)
    _either(row.cells[1], "row.tone", "{{ row.state }}", "Table Text")
    fill(row.cells[2], "{{ row.strip }}", "Table Text")
    _stacked(row.cells[3], "{{ row.runs }}", "{{ row.failed }}", below_style="Tiny Bad")
    _stacked(row.cells[4], "{{ row.operations }}", "{{ row.change }}")
    fill(row.cells[5], "{{ row.cost }}", "Table Text")
    control(table, "{%tr endfor %}")
    for cell, width in zip(row.cells, SCENARIO_WIDTHS, strict=True):
        cell.width = Mm(width)
    for column in (3, 4, 5):
        for cell in (table.rows[0].cells[column], row.cells[column]):
            for paragraph in cell.paragraphs:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    write(document, "{%p endif %}")


def _costs(document: DocumentType) -> None:
    write(document, "{%p if platforms %}")
    _heading(document, "costs")
    names = ("platform", "use", "before", "change", "cost", "cost_before")
    texts = ("platform", "use", "before", "change", "cost", "cost_before")
    rows(
        document, [f"{{{{ t.col_{name} }}}}" for name in names], (30, 40, 24, 22, 25, 25), "platforms",
        [f"{{{{ row.{name} }}}}" for name in texts], right=5,
    )  # fmt: skip
    write(document, "{%p for row in trends %}")
    pair = write(document, "{{ row.use }}    {{ row.cost }}")
    pair.paragraph_format.space_before = Pt(8)
    write(document, "{%p endfor %}")
    _lines(document, "costs_notes", "Small Print")
    write(document, "{%p endif %}")


def _incidents(document: DocumentType) -> None:
    _heading(document, "incidents")
    _lead(document, "{{ incidents_lead }}")
    write(document, "{%p if incidents %}")
    _picture(document, "timeline_picture")
    names = ("incident", "scenario", "severity", "opened", "answered", "took")
    texts = ("what", "where", "severity", "opened", "answered", "took")
    rows(
        document, [f"{{{{ t.col_{name} }}}}" for name in names], (37, 47, 17, 25, 19, 21), "incidents",
        [f"{{{{ row.{name} }}}}" for name in texts], right=3,
    )  # fmt: skip
    write(document, "{%p endif %}")
    write(document, "{%p if incidents_left %}")
    write(document, "{{ incidents_left }}", "Small Print")
    write(document, "{%p endif %}")


def _risks(document: DocumentType) -> None:
    _heading(document, "risks")
    _lead(document, "{{ risks_lead }}")
    write(document, "{%p if risks %}")
    names, texts = ("risk", "todo", "concerns", "severity"), ("title", "todo", "concerns", "weight")
    rows(
        document, [f"{{{{ t.col_{name} }}}}" for name in names], (45, 55, 48, 18), "risks",
        [f"{{{{ row.{name} }}}}" for name in texts],
    )  # fmt: skip
    write(document, "{%p endif %}")


def _recommendations(document: DocumentType) -> None:
    """Each with its figures in a row below it."""
    _heading(document, "recommendations")
    _lead(document, "{{ recommendations_lead }}")
    write(document, "{%p if recommendations %}")
    widths = (42, 42, 42, 40)
    table = new_table(document, ("",) * 4, widths, head=False)
    control(table, "{%tr for row in recommendations %}")
    head = table.add_row()
    cant_split(head)
    whole = head.cells[0].merge(head.cells[3])
    fill(whole, "{{ row.number }}.  {{ row.title }}", "Advice")
    _more(whole, "{{ row.why }}", "Table Text")
    for paragraph in whole.paragraphs:
        paragraph.paragraph_format.keep_with_next = True
    whole.paragraphs[0].paragraph_format.space_before = Pt(10)
    whole.paragraphs[1].paragraph_format.space_after = Pt(4)
    figures = table.add_row()
    cant_split(figures)
    for place, (cell, width) in enumerate(zip(figures.cells, widths, strict=True)):
        cell.width = Mm(width)
        shade(cell, SOFT)
        _padded(cell, 90)
        fill(cell, f"{{{{ row.figures[{place}].label }}}}", "Tiny")
        _more(cell, f"{{{{ row.figures[{place}].value }}}}", "Figure")
        _more(cell, f"{{{{ row.figures[{place}].note }}}}", "Tiny")
    control(table, "{%tr endfor %}")
    write(document, "{%p endif %}")


def _closing(document: DocumentType) -> None:
    """Hours, what comes, and what all of it rests on."""
    _heading(document, "hours")
    _lines(document, "hours")
    write(document, "{%p if hours_picture %}")
    _picture(document, "hours_picture")
    write(document, "{%p endif %}")
    _heading(document, "next")
    _lines(document, "ahead", "List Bullet")
    _heading(document, "basis")
    _lines(document, "basis", "Fine Print")


def _heading(document: DocumentType, name: str) -> None:
    heading = document.add_heading(f"{{{{ t.{name} }}}}", 1)
    heading.paragraph_format.keep_with_next = True


def _lead(document: DocumentType, text: str) -> None:
    write(document, text)


def _lines(document: DocumentType, name: str, style: str = "Normal") -> None:
    write(document, f"{{%p for line in {name} %}}", style)
    write(document, "{{ line }}", style)
    write(document, "{%p endfor %}", style)


def _picture(document: DocumentType, name: str) -> None:
    place = write(document, f"{{{{ {name} }}}}")
    place.paragraph_format.space_before = Pt(2)


def _more(cell: _Cell, text: str, style: str) -> None:
    cell.add_paragraph(text, style=style)


def _either(cell: _Cell, tone: str, text: str, style: str) -> None:
    """A paragraph that is red where the row's tone is bad."""
    first = cell.paragraphs[0]
    fresh = not first.text
    opening = f"{{%p if {tone} == 'bad' %}}"
    if fresh:
        fill(cell, opening, style)
    else:
        _more(cell, opening, style)
    _more(cell, text, f"{style} Bad")
    _more(cell, "{%p else %}", style)
    _more(cell, text, style)
    _more(cell, "{%p endif %}", style)


def _stacked(cell: _Cell, text: str, below: str, *, bold: bool = False, below_style: str = "Tiny") -> None:
    paragraph = fill(cell, text, "Table Text")
    if bold:
        paragraph.runs[0].bold = True
    _more(cell, below, below_style)


def _padded(cell: _Cell, twips: int) -> None:
    sides: Sequence[str] = ("top", "left", "bottom", "right")
    inner = "".join(f'<w:{side} w:w="{twips}" w:type="dxa"/>' for side in sides)
    cell._tc.get_or_add_tcPr().append(parse_xml(f"<w:tcMar {nsdecls('w')}>{inner}</w:tcMar>"))


def _header_and_footer(document: DocumentType) -> None:
    section = document.sections[0]
    section.different_first_page_header_footer = True
    line = section.header.paragraphs[0]
    line.style = document.styles["Small Print"]
    line.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), 2)
    line.add_run("{{ document }}\t")
    edition = line.add_run("{{ edition }}")
    edition._r.get_or_add_rPr().append(parse_xml(colour("color", ACCENT)))
    for footer in (section.footer, section.first_page_footer):
        foot = footer.paragraphs[0]
        foot.style = document.styles["Small Print"]
        foot.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), 2)
        foot.add_run("{{ footer }}\t{{ t.page }} ")
        field(foot, "PAGE", "1")
        foot.add_run(" {{ t.of }} ")
        field(foot, "NUMPAGES", "0")


if __name__ == "__main__":
    sys.exit(main())
