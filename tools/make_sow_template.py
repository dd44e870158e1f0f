"""Makes `templates/sow.docx` and the placeholder logo: `python -m tools.make_sow_template`.

Run once; from then on the template is restyled in Word. What stands in double braces is filled in by
`manageai_assets/documents/sow.py`, rows between `{%tr ... %}` are repeated. Colours and fonts are the theme's, which
`brand.yaml` sets. Running this again overwrites what was restyled.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from manageai_assets.documents.archive import sealed
from manageai_assets.settings import PROJECT_ROOT

TEMPLATE = PROJECT_ROOT / "templates" / "sow.docx"
LOGO = PROJECT_ROOT / "templates" / "brand" / "logo.png"
MADE = datetime(2026, 11, 1, tzinfo=UTC)
WIDTH = 166
STEP_WIDTHS = (11, 55, 55, 45)
"""Millimetres between the margins."""

SECTIONS = (
    "parties", "background", "scope", "automation", "systems", "deliverables", "timeline", "price", "acceptance",
    "responsibilities", "changes", "risks", "support", "terms", "signatures",
)  # fmt: skip
NEW_PAGE = ("parties",)
PRIMARY, ACCENT, INK, SOFT = "accent1", "accent2", "text2", "background2"
SAMPLE = {PRIMARY: "17465A", ACCENT: "D9702E", INK: "22303A", SOFT: "EEF3F5", "background1": "FFFFFF"}
LOGO_MARK = """
#set page(width: 120pt, height: 120pt, margin: 0pt, fill: none)
#place(rect(width: 120pt, height: 120pt, radius: 26pt, fill: rgb("#17465A")))
#place(dx: 27pt, dy: 54pt, rect(width: 16pt, height: 22pt, radius: 4pt, fill: white))
#place(dx: 52pt, dy: 40pt, rect(width: 16pt, height: 36pt, radius: 4pt, fill: white))
#place(dx: 77pt, dy: 26pt, rect(width: 16pt, height: 50pt, radius: 4pt, fill: white))
#place(dx: 27pt, dy: 85pt, rect(width: 66pt, height: 9pt, radius: 4.5pt, fill: rgb("#D9702E")))
"""


def main() -> int:
    """Writes both files."""
    LOGO.parent.mkdir(parents=True, exist_ok=True)
    LOGO.write_bytes(logo())
    data = io.BytesIO()
    made = template()
    made.save(data)
    TEMPLATE.write_bytes(sealed(data.getvalue()))
    print(f"{TEMPLATE} {LOGO}")
    return 0


def logo() -> bytes:
    """A mark for an agency that has none yet."""
    import typst

    picture = typst.compile(LOGO_MARK.encode(), format="png", ppi=288)
    return picture if isinstance(picture, bytes) else bytes(picture[0])


def template() -> DocumentType:
    """The document, with everything that is filled in in braces."""
    document = Document()
    _styles(document)
    _numbering(document)
    _cover(document)
    _contents(document)
    for name in SECTIONS:
        _heading(document, name)
        globals()[f"_{name}"](document)
    _header_and_footer(document)
    _after_tables(document)
    _in_order(document)
    core = document.core_properties
    core.title, core.subject, core.author = "{{ p.title }}", "{{ p.subject }}", "{{ p.author }}"
    core.comments, core.language, core.keywords, core.last_modified_by = "", "{{ p.language }}", "", ""
    core.created = core.modified = MADE.replace(tzinfo=None)
    core.revision = 1
    return document


# -- styles -------------------------------------------------------------------------------------------------------


def _colour(element_name: str, theme: str) -> str:
    return f'<w:{element_name} {nsdecls("w")} w:val="{SAMPLE[theme]}" w:themeColor="{theme}"/>'


def _styles(document: DocumentType) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(22)
    page.top_margin, page.bottom_margin = Mm(27), Mm(22)
    page.header_distance, page.footer_distance = Mm(11), Mm(10)
    _style(document, "Normal", 10, INK, after=6, line=1.15)
    _style(document, "Heading 1", 17, PRIMARY, bold=True, before=22, after=8, major=True)
    _style(document, "Heading 2", 12, PRIMARY, bold=True, before=14, after=4, major=True)
    _style(document, "Title", 34, PRIMARY, bold=True, before=0, after=4, major=True, line=1.0)
    _style(document, "Subtitle", 19, INK, before=0, after=6, major=True, line=1.05)
    _style(document, "Caption", 8.5, INK, italic=True, before=2, after=10)
    _style(document, "List Bullet", 10, INK, after=3, line=1.15)
    for name, size, theme, options in (
        ("Cover Line", 11, INK, {"after": 2}),
        ("Client Words", 10, INK, {"after": 4, "italic": True}),
        ("Table Text", 9, INK, {"after": 0, "line": 1.08}),
        ("Table Head", 9, "background1", {"after": 0, "bold": True}),
        ("Table Lead", 9, PRIMARY, {"after": 0, "bold": True}),
        ("Small Print", 8.5, INK, {"after": 4}),
        ("Draft Mark", 9, ACCENT, {"after": 0, "bold": True}),
        ("Contents Title", 17, PRIMARY, {"before": 0, "after": 10, "bold": True, "major": True}),
        ("TOC 1", 10.5, INK, {"after": 5}),
        ("Key", 9, PRIMARY, {"after": 0, "bold": True}),
    ):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles["Normal"]
        _style(document, name, size, theme, **options)
    words = document.styles["Client Words"].paragraph_format
    words.left_indent = Mm(5)
    _properties(document, "Client Words").append(
        parse_xml(
            f'<w:pBdr {nsdecls("w")}><w:left w:val="single" w:sz="18" w:space="8" w:color="{SAMPLE[ACCENT]}" '
            f'w:themeColor="{ACCENT}"/></w:pBdr>'
        )
    )
    toc = document.styles["TOC 1"].paragraph_format
    toc.tab_stops.add_tab_stop(Mm(9))
    toc.tab_stops.add_tab_stop(Mm(WIDTH), 2, 1)
    _properties(document, "Title").remove(_properties(document, "Title").find(qn("w:pBdr")))
    document.styles["Caption"].paragraph_format.keep_with_next = False
    document.styles.element.append(parse_xml(_table_style()))


def _properties(document: DocumentType, name: str):  # type: ignore[no-untyped-def]  # lxml elements have no types
    return document.styles[name].element.get_or_add_pPr()


def _style(
    document: DocumentType,
    name: str,
    size: float,
    theme: str,
    *,
    bold: bool = False,
    italic: bool = False,
    before: float = 0,
    after: float = 0,
    line: float = 1.1,
    major: bool = False,
) -> None:
    style = document.styles[name]
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, italic
    form = style.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), line
    form.widow_control = True
    run = style.element.get_or_add_rPr()
    for tag in ("w:rFonts", "w:color", "w:spacing", "w:kern"):
        for old in run.findall(qn(tag)):
            run.remove(old)
    which = "major" if major else "minor"
    fonts = " ".join(f'w:{script}Theme="{which}{kind}"' for script, kind in (
        ("ascii", "HAnsi"), ("hAnsi", "HAnsi"), ("eastAsia", "EastAsia"), ("cs", "Bidi")))  # fmt: skip
    run.insert(0, parse_xml(f"<w:rFonts {nsdecls('w')} {fonts}/>"))
    run.append(parse_xml(_colour("color", theme)))
    _sorted_run(run)


ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore widowControl numPr pBdr shd tabs spacing ind contextualSpacing jc outlineLvl "
    "rPr sectPr",
    "trPr": "cantSplit tblHeader",
    "tcPr": "tcW gridSpan vMerge tcBorders shd tcMar vAlign",
}
"""The order that the schema of Word documents wants: Word refuses some files that have another."""


def _after_tables(document: DocumentType) -> None:
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


def _in_order(document: DocumentType) -> None:
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


def _sorted_run(run) -> None:  # type: ignore[no-untyped-def]  # lxml elements have no types
    order = ("rFonts", "b", "bCs", "i", "iCs", "caps", "color", "spacing", "kern", "sz", "szCs", "lang")
    children = sorted(
        run, key=lambda one: order.index(one.tag.rpartition("}")[2]) if one.tag.rpartition("}")[2] in order else 99
    )
    for child in children:
        run.remove(child)
        run.append(child)


def _table_style() -> str:
    line = f'w:val="single" w:sz="4" w:space="0" w:color="{SAMPLE[SOFT]}" w:themeColor="{SOFT}"'
    strong = f'w:val="single" w:sz="8" w:space="0" w:color="{SAMPLE[PRIMARY]}" w:themeColor="{PRIMARY}"'
    return (
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="SowTable"><w:name w:val="Sow Table"/>'
        '<w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/><w:pPr><w:spacing w:after="0"/></w:pPr><w:tblPr>'
        f'<w:tblBorders><w:bottom {strong}/><w:insideH {line}/></w:tblBorders><w:tblCellMar><w:top w:w="70" '
        'w:type="dxa"/><w:left w:w="100" w:type="dxa"/><w:bottom w:w="70" w:type="dxa"/><w:right w:w="100" '
        'w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblStylePr w:type="firstRow"><w:tcPr><w:shd w:val="clear" '
        f'w:color="auto" w:fill="{SAMPLE[PRIMARY]}" w:themeFill="{PRIMARY}"/></w:tcPr></w:tblStylePr></w:style>'
    )


def _numbering(document: DocumentType) -> None:
    """Headings number themselves."""
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading{level + 1}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{indent}" w:hanging="{indent}"/></w:pPr>'
        "</w:lvl>"
        for level, text, indent in ((0, "%1", 567), (1, "%1.%2", 567))
    )
    outline = parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90"><w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>'
    )
    numbering.insert(0, outline)
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    for level in (0, 1):
        properties = _properties(document, f"Heading {level + 1}")
        properties.append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>')
        )


# -- parts --------------------------------------------------------------------------------------------------------


def _cover(document: DocumentType) -> None:
    mark = document.add_paragraph("{{ logo }}")
    mark.paragraph_format.space_after = Pt(4)
    _text(document, "{{ agency.name }}", "Key")
    gap = document.add_paragraph()
    gap.paragraph_format.space_before = Mm(36)
    _text(document, "{%p if draft %}", "Normal")
    _text(document, "{{ t.draft_mark }}", "Draft Mark")
    _text(document, "{%p endif %}", "Normal")
    _text(document, "{{ t.title }}", "Title")
    rule = _text(document, "{{ title }}", "Subtitle")
    rule.paragraph_format.space_after = Pt(14)
    rule._p.get_or_add_pPr().append(
        parse_xml(
            f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="24" w:space="10" w:color="{SAMPLE[ACCENT]}" '
            f'w:themeColor="{ACCENT}"/></w:pBdr>'
        )
    )
    _text(document, "{{ t.prepared_for }} {{ client.name }}", "Subtitle").paragraph_format.space_after = Mm(24)
    _rows(document, ("", ""), (44, 122), "cover_rows", ("{{ row.key }}", "{{ row.text }}"), head=False)
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.different_first_page_header_footer = False


def _contents(document: DocumentType) -> None:
    _text(document, "{%p if draft %}", "Normal")
    _text(document, "{{ t.draft_title }}", "Contents Title")
    _text(document, "{{ t.draft_what }}", "Normal")
    _bullets(document, "settle")
    _break(document)
    _text(document, "{%p endif %}", "Normal")
    _text(document, "{{ t.contents }}", "Contents Title")
    for number, name in enumerate(SECTIONS, 1):
        _entry(document, number, name)


def _entry(document: DocumentType, number: int, name: str) -> None:
    """A line of the table of contents: a link, and the page that Word counts again when fields are updated."""
    first, last = number == 1, number == len(SECTIONS)
    anchor = f"_Toc9000{number:02}"

    def field(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    def instruction(text: str) -> str:
        return f'<w:r><w:instrText xml:space="preserve">{text}</w:instrText></w:r>'

    begin = field("begin") + instruction(' TOC \\o "1-1" \\h \\z \\u ') + field("separate") if first else ""
    page = (
        field("begin") + instruction(f" PAGEREF {anchor} \\h ") + field("separate")
        + f"<w:r><w:t>0</w:t></w:r>" + field("end")
    )  # fmt: skip
    link = (
        f'<w:hyperlink w:anchor="{anchor}" w:history="1"><w:r><w:t>{number}</w:t></w:r><w:r><w:tab/></w:r>'
        f"<w:r><w:t>{{{{ t.heading_{name} }}}}</w:t></w:r><w:r><w:tab/></w:r>{page}</w:hyperlink>"
    )
    xml = (
        f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="TOC1"/></w:pPr>{begin}{link}{field("end") if last else ""}</w:p>'
    )
    document.element.body.insert(len(document.element.body) - 1, parse_xml(xml))


def _heading(document: DocumentType, name: str) -> None:
    number = SECTIONS.index(name) + 1
    heading = document.add_heading("", 1)
    if name in NEW_PAGE:
        heading.paragraph_format.page_break_before = True
    start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="_Toc9000{number:02}"/>')
    heading._p.append(start)
    heading.add_run(f"{{{{ t.heading_{name} }}}}")
    heading._p.append(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>'))


def _parties(document: DocumentType) -> None:
    _text(document, "{{ s.parties }}").paragraph_format.keep_with_next = True
    table = _table(document, ("{{ t.col_agency }}", "{{ t.col_client }}"), (83, 83))
    row = table.add_row()
    for cell, name in zip(row.cells, ("our_address", "their_address"), strict=True):
        cell.width = Mm(83)
        _fill(cell, f"{{%p for line in {name} %}}", "Table Text")
        for text in ("{{ line }}", "{%p endfor %}"):
            cell.add_paragraph(text, style=document.styles["Table Text"])
    _cant_split(row)


def _background(document: DocumentType) -> None:
    document.add_heading("{{ t.sub_background }}", 2)
    _text(document, "{{ texts.background }}")
    document.add_heading("{{ t.sub_words }}", 2)
    _repeated(document, "request", "Client Words")
    document.add_heading("{{ t.sub_objective }}", 2)
    _text(document, "{{ texts.objective }}")
    _text(document, "{%p if objective %}")
    _text(document, "{{ t.objective_words }}").paragraph_format.keep_with_next = True
    _repeated(document, "objective", "Client Words")
    _text(document, "{%p endif %}")


def _scope(document: DocumentType) -> None:
    document.add_heading("{{ t.sub_included }}", 2)
    _bullets(document, "included")
    document.add_heading("{{ t.sub_excluded }}", 2)
    _bullets(document, "excluded")


def _automation(document: DocumentType) -> None:
    _text(document, "{{ s.automation }}")
    _picture(document, "flow")
    document.add_heading("{{ t.sub_steps }}", 2)
    _text(document, "{{ t.steps_what }}").paragraph_format.keep_with_next = True
    _caption(document, "table", "{{ t.caption_steps }}")
    table = _table(
        document, ("{{ t.col_number }}", "{{ t.col_step }}", "{{ t.col_does }}", "{{ t.col_fails }}"), STEP_WIDTHS
    )
    _control(table, "{%tr for row in lines %}")
    _control(table, "{%tr if row.lead %}")
    cells = table.add_row().cells
    lead = cells[0].merge(cells[3])
    _fill(lead, "{{ row.indent }}{{ row.lead }}", "Table Lead").paragraph_format.keep_with_next = True
    _shade(lead, SOFT)
    _cant_split(table.rows[-1])
    _control(table, "{%tr else %}")
    cells = table.add_row().cells
    texts = ("{{ row.number }}", "{{ row.indent }}{{ row.title }}", "{{ row.what }}", "{{ row.fails }}")
    for cell, text, width in zip(cells, texts, STEP_WIDTHS, strict=True):
        _fill(cell, text, "Table Text")
        cell.width = Mm(width)
    _cant_split(table.rows[-1])
    _control(table, "{%tr endif %}")
    _control(table, "{%tr endfor %}")


def _systems(document: DocumentType) -> None:
    _text(document, "{{ t.systems_what }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_app }}", "{{ t.col_account }}", "{{ t.col_access }}", "{{ t.col_minutes }}")
    _text(document, "{%p if access %}")
    _caption(document, "table", "{{ t.caption_access }}")
    _rows(
        document,
        columns,
        (38, 48, 58, 22),
        "access",
        ("{{ row.app }}", "{{ row.account }}", "{{ row.grants }}", "{{ row.minutes }}"),
    )
    _text(document, "{%p else %}")
    _text(document, "{{ t.no_access }}")
    _text(document, "{%p endif %}")
    _text(document, "{%p if webhooks %}")
    _text(document, "{{ t.webhooks_what }}").paragraph_format.keep_with_next = True
    _bullets(document, "webhooks")
    _text(document, "{%p endif %}")
    _text(document, "{%p if systems %}")
    _text(document, "{{ s.systems }}")
    _text(document, "{%p endif %}")
    _text(document, "{{ t.secrets }}")


def _deliverables(document: DocumentType) -> None:
    columns = ("{{ t.col_deliverable }}", "{{ t.col_what }}", "{{ t.col_file }}")
    _caption(document, "table", "{{ t.caption_deliverables }}")
    _rows(document, columns, (50, 66, 50), "deliverables", ("{{ row.name }}", "{{ row.what }}", "{{ row.file }}"))


def _timeline(document: DocumentType) -> None:
    _text(document, "{{ s.timeline }}")
    _picture(document, "gantt")
    document.add_heading("{{ t.sub_milestones }}", 2)
    columns = ("{{ t.col_milestone }}", "{{ t.col_day }}", "{{ t.col_date }}")
    _caption(document, "table", "{{ t.caption_milestones }}")
    _rows(document, columns, (84, 32, 50), "milestones", ("{{ row.name }}", "{{ row.day }}", "{{ row.on }}"), whole=True)
    _text(document, "{{ s.deadline }}")
    _text(document, "{{ t.calendar }}", "Small Print")


def _price(document: DocumentType) -> None:
    document.add_heading("{{ t.sub_setup }}", 2)
    _text(document, "{{ s.setup }}").paragraph_format.keep_with_next = True
    _caption(document, "table", "{{ t.caption_setup }}")
    _rows(
        document,
        ("{{ t.col_item }}", "{{ t.col_amount }}"),
        (116, 50),
        "setup",
        ("{{ row.what }}", "{{ row.amount }}"),
        right=1, whole=True,
    )
    _caption(document, "table", "{{ t.caption_payments }}")
    _rows(
        document, ("{{ t.col_due }}", "{{ t.col_share }}", "{{ t.col_net }}"), (86, 30, 50), "payments",
        ("{{ row.when }}", "{{ row.percent }}", "{{ row.amount }}"), right=2, whole=True,
    )  # fmt: skip
    document.add_heading("{{ t.sub_running }}", 2)
    _text(document, "{{ s.running }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_platform }}", "{{ t.col_use }}", "{{ t.col_plan }}", "{{ t.col_month }}", "{{ t.col_year }}")
    texts = ("{{ row.platform }}", "{{ row.use }}", "{{ row.plan }}", "{{ row.monthly }}", "{{ row.yearly }}")
    _caption(document, "table", "{{ t.caption_running }}")
    _rows(document, columns, (42, 42, 30, 26, 26), "running", texts, right=2, whole=True)
    _text(document, "{{ s.prices }}", "Small Print")
    document.add_heading("{{ t.sub_volume }}", 2)
    _text(document, "{{ s.volume }}").paragraph_format.keep_with_next = True
    _bullets(document, "above")
    _text(document, "{%p if assumed %}")
    _text(document, "{{ t.assumed_what }}").paragraph_format.keep_with_next = True
    _bullets(document, "assumed")
    _text(document, "{%p endif %}")
    document.add_heading("{{ t.sub_savings }}", 2)
    _text(document, "{{ s.savings }}")
    _text(document, "{{ s.savings_basis }}", "Small Print")


def _acceptance(document: DocumentType) -> None:
    _text(document, "{{ s.acceptance }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_number }}", "{{ t.col_criterion }}", "{{ t.col_proof }}", "{{ t.col_result }}")
    texts = ("{{ row.number }}", "{{ row.text }}", "{{ row.proof }}", "{{ row.result }}")
    _text(document, "{%p if criteria %}")
    _caption(document, "table", "{{ t.caption_criteria }}")
    _rows(document, columns, (11, 94, 31, 30), "criteria", texts)
    _text(document, "{%p endif %}")
    _text(document, "{{ s.acceptance_days }}")


def _responsibilities(document: DocumentType) -> None:
    document.add_heading("{{ t.sub_ours }}", 2)
    _bullets(document, "ours")
    document.add_heading("{{ t.sub_yours }}", 2)
    _bullets(document, "yours")


def _changes(document: DocumentType) -> None:
    _repeated(document, "changes")


def _risks(document: DocumentType) -> None:
    _text(document, "{{ s.risks }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_risk }}", "{{ t.col_why }}", "{{ t.col_handling }}", "{{ t.col_weight }}")
    texts = ("{{ row.what }}", "{{ row.why }}", "{{ row.handling }}", "{{ row.severity }}")
    _caption(document, "table", "{{ t.caption_risks }}")
    _rows(document, columns, (54, 44, 48, 20), "risks", texts)
    _text(document, "{%p if assumptions %}")
    document.add_heading("{{ t.sub_assumptions }}", 2)
    _bullets(document, "assumptions")
    _text(document, "{%p endif %}")
    _text(document, "{%p if questions %}")
    document.add_heading("{{ t.sub_questions }}", 2)
    _bullets(document, "questions")
    _text(document, "{%p endif %}")


def _support(document: DocumentType) -> None:
    _repeated(document, "support")


def _terms(document: DocumentType) -> None:
    _bullets(document, "terms")


def _signatures(document: DocumentType) -> None:
    _text(document, "{{ s.signatures }}").paragraph_format.keep_with_next = True
    table = document.add_table(rows=0, cols=2)
    for left, right, above in (
        ("{{ t.for_agency }}", "{{ t.for_client }}", 0),
        ("{{ agency.legal_name }}", "{{ client.name }}", 0),
        ("{{ t.sign_place }}", "{{ t.sign_place }}", 34),
        ("{{ t.sign_name }}", "{{ t.sign_name }}", 34),
    ):
        row = table.add_row()
        _cant_split(row)
        for cell, text in zip(row.cells, (left, right), strict=True):
            paragraph = _fill(cell, text, "Key" if "for_" in text else "Table Text")
            paragraph.paragraph_format.keep_with_next = True
            if above:
                paragraph.paragraph_format.space_before = Pt(above)
                paragraph.paragraph_format.right_indent = Mm(8)
                paragraph._p.get_or_add_pPr().append(
                    parse_xml(
                        f'<w:pBdr {nsdecls("w")}><w:top w:val="single" w:sz="6" w:space="3" w:color="{SAMPLE[INK]}" '
                        f'w:themeColor="{INK}"/></w:pBdr>'
                    )
                )


def _header_and_footer(document: DocumentType) -> None:
    cover, body = document.sections[0], document.sections[1]
    cover.header.is_linked_to_previous = cover.footer.is_linked_to_previous = False
    body.header.is_linked_to_previous = body.footer.is_linked_to_previous = False
    mark = cover.header.paragraphs[0]
    mark.style = document.styles["Draft Mark"]
    mark.add_run("{{ draft_line }}")
    mark.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    line = body.header.paragraphs[0]
    line.style = document.styles["Small Print"]
    line.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), 2)
    line.add_run("{{ header }}\t")
    drafted = line.add_run("{{ draft_line }}")
    drafted.bold = True
    drafted._r.get_or_add_rPr().append(parse_xml(_colour("color", ACCENT)))
    foot = body.footer.paragraphs[0]
    foot.style = document.styles["Small Print"]
    foot.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), 2)
    foot.add_run("{{ agency.name }} · {{ agency.contact.email }}\t{{ t.page }} ")
    _field(foot, "PAGE", "1")
    foot.add_run(" {{ t.of }} ")
    _field(foot, "NUMPAGES", "0")


# -- pieces -------------------------------------------------------------------------------------------------------


def _text(document: DocumentType, text: str, style: str = "Normal") -> Paragraph:
    return document.add_paragraph(text, style=document.styles[style])


def _repeated(document: DocumentType, name: str, style: str = "Normal") -> None:
    _text(document, f"{{%p for line in {name} %}}", style)
    _text(document, "{{ line }}", style)
    _text(document, "{%p endfor %}", style)


def _bullets(document: DocumentType, name: str) -> None:
    _repeated(document, name, "List Bullet")


def _break(document: DocumentType) -> None:
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _picture(document: DocumentType, name: str) -> None:
    place = document.add_paragraph(f"{{{{ {name}_picture }}}}")
    place.paragraph_format.keep_with_next = True
    place.paragraph_format.space_before = Pt(6)
    place.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _caption(document, "figure", f"{{{{ t.caption_{name} }}}}")


def _caption(document: DocumentType, kind: str, text: str) -> None:
    """A caption that counts itself; the number that stands there is right until something is added in Word."""
    caption = document.add_paragraph(f"{{{{ t.{kind} }}}} ", style=document.styles["Caption"])
    count = sum(f"SEQ {kind}" in (one.text or "") for one in document.element.body.iter(qn("w:instrText")))
    _field(caption, f"SEQ {kind} \\* ARABIC", str(count + 1))
    caption.add_run(f": {text}")
    if kind == "table":
        caption.paragraph_format.keep_with_next = True
        caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(10), Pt(4)


def _field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    for kind in ("begin", "", "separate", "shown", "end"):
        run = paragraph.add_run(shown if kind == "shown" else "")
        if kind == "":
            run._r.append(parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> {instruction} </w:instrText>'))
        elif kind != "shown":
            run._r.append(parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'))


def _table(document: DocumentType, columns: Sequence[str], widths: Sequence[int], head: bool = True) -> Table:
    table = document.add_table(rows=1 if head else 0, cols=len(columns))
    table.style = document.styles["Sow Table"] if head else document.styles["Normal Table"]
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    if head:
        for cell, text, width in zip(table.rows[0].cells, columns, widths, strict=True):
            _fill(cell, text, "Table Head").paragraph_format.keep_with_next = True
            cell.width = Mm(width)
        table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        _cant_split(table.rows[0])
    return table


def _rows(
    document: DocumentType,
    columns: Sequence[str],
    widths: Sequence[int],
    name: str,
    texts: Sequence[str],
    *,
    head: bool = True,
    right: int = 0,
    whole: bool = False,
) -> None:
    """A table with one row for each element of a list; the last `right` columns are numbers. `whole`: stays on one page, with
    its caption."""
    table = _table(document, columns, widths, head)
    _control(table, f"{{%tr for row in {name} %}}")
    row = table.add_row()
    _cant_split(row)
    for index, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        paragraph = _fill(cell, text, "Key" if not head and index == 0 else "Table Text")
        cell.width = Mm(widths[index])
        paragraph.paragraph_format.keep_with_next = whole
        if not head:
            paragraph.paragraph_format.space_after = Pt(4)
        if index >= len(texts) - right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if head:
                table.rows[0].cells[index].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _control(table, "{%tr endfor %}")


def _control(table: Table, text: str) -> None:
    table.add_row().cells[0].paragraphs[0].add_run(text)


def _fill(cell: _Cell, text: str, style: str) -> Paragraph:
    paragraph = cell.paragraphs[0]
    paragraph.style = cell.part.document.styles[style]
    paragraph.add_run(text)
    return paragraph


def _shade(cell: _Cell, theme: str) -> None:
    cell._tc.get_or_add_tcPr().append(
        parse_xml(
            f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{SAMPLE[theme]}" w:themeFill="{theme}"/>'
        )
    )


def _cant_split(row) -> None:  # type: ignore[no-untyped-def]  # python-docx exports no type for rows
    row._tr.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))


if __name__ == "__main__":
    sys.exit(main())
