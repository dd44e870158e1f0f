"""Styles, colours and numbers of the template, all taken from its theme."""

from __future__ import annotations

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

WIDTH = 166
"""Millimetres between the margins."""
PRIMARY, ACCENT, INK, SOFT = "accent1", "accent2", "text2", "background2"
"""The theme's colours, as they are called in Word."""
SAMPLE = {PRIMARY: "17465A", ACCENT: "D9702E", INK: "22303A", SOFT: "EEF3F5", "background1": "FFFFFF"}
"""What they are until a brand sets them."""


def colour(element_name: str, theme: str) -> str:
    return f'<w:{element_name} {nsdecls("w")} w:val="{SAMPLE[theme]}" w:themeColor="{theme}"/>'


def styles(document: Document) -> None:
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
    properties_of(document, "Client Words").append(
        parse_xml(
            f'<w:pBdr {nsdecls("w")}><w:left w:val="single" w:sz="18" w:space="8" w:color="{SAMPLE[ACCENT]}" '
            f'w:themeColor="{ACCENT}"/></w:pBdr>'
        )
    )
    toc = document.styles["TOC 1"]
    toc.paragraph_format.tab_stops.add_tab_stop(Mm(9))
    toc.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), 2, 1)
    properties_of(document, "Title").remove(properties_of(document, "Title").find(qn("w:pBdr")))
    document.styles["Caption"].paragraph_format.keep_with_next = False
    document.styles.element.append(parse_xml(_table_style()))
    toc.element.find(qn("w:name")).set(qn("w:val"), "toc 1")  # Word's own name: it is that style, not one like it
    del toc.element.attrib[qn("w:customStyle")]


def properties_of(document: Document, name: str):  # type: ignore[no-untyped-def]  # lxml elements have no types
    return document.styles[name].element.get_or_add_pPr()


def _style(
    document: Document,
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
    run.append(parse_xml(colour("color", theme)))
    _sorted_run(run)


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


def numbering(document: Document) -> None:
    """Headings number themselves."""
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading{level + 1}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{indent}" w:hanging="{indent}"/>'
        "</w:pPr></w:lvl>"
        for level, text, indent in ((0, "%1", 737), (1, "%1.%2", 737))
    )
    outline = parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90"><w:multiLevelType w:val="multilevel"/>{levels}'
        "</w:abstractNum>"
    )
    numbering.insert(0, outline)
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    for level in (0, 1):
        properties = properties_of(document, f"Heading {level + 1}")
        properties.append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>')
        )
