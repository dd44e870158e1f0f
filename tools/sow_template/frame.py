"""What stands around the sections: cover, contents, headings, header and footer."""

from __future__ import annotations

from docx.document import Document
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm, Pt

from tools.sow_template.pieces import bullets, field, page_break, rows, write
from tools.sow_template.styles import ACCENT, SAMPLE, WIDTH, colour

SECTIONS = (
    "parties", "background", "scope", "automation", "systems", "deliverables", "timeline", "price", "acceptance",
    "responsibilities", "changes", "risks", "support", "terms", "signatures",
)  # fmt: skip


def cover(document: Document) -> None:
    mark = document.add_paragraph("{{ logo }}")
    mark.paragraph_format.space_after = Pt(4)
    write(document, "{{ agency.name }}", "Key")
    gap = document.add_paragraph()
    gap.paragraph_format.space_before = Mm(36)
    write(document, "{%p if draft %}", "Normal")
    write(document, "{{ t.draft_mark }}", "Draft Mark")
    write(document, "{%p endif %}", "Normal")
    write(document, "{{ t.title }}", "Title")
    rule = write(document, "{{ title }}", "Subtitle")
    rule.paragraph_format.space_after = Pt(14)
    rule._p.get_or_add_pPr().append(
        parse_xml(
            f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="24" w:space="10" w:color="{SAMPLE[ACCENT]}" '
            f'w:themeColor="{ACCENT}"/></w:pBdr>'
        )
    )
    write(document, "{{ t.prepared_for }} {{ client.name }}", "Subtitle").paragraph_format.space_after = Mm(24)
    rows(document, ("", ""), (44, 122), "cover_rows", ("{{ row.key }}", "{{ row.text }}"), head=False)
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.different_first_page_header_footer = False


def contents(document: Document) -> None:
    write(document, "{%p if draft %}", "Normal")
    write(document, "{{ t.draft_title }}", "Contents Title")
    write(document, "{{ t.draft_what }}", "Normal")
    bullets(document, "settle")
    page_break(document)
    write(document, "{%p endif %}", "Normal")
    write(document, "{{ t.contents }}", "Contents Title")
    for number, name in enumerate(SECTIONS, 1):
        _entry(document, number, name)


def _entry(document: Document, number: int, name: str) -> None:
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
        + "<w:r><w:t>0</w:t></w:r>" + field("end")
    )  # fmt: skip
    link = (
        f'<w:hyperlink w:anchor="{anchor}" w:history="1"><w:r><w:t>{number}</w:t></w:r><w:r><w:tab/></w:r>'
        f"<w:r><w:t>{{{{ t.heading_{name} }}}}</w:t></w:r><w:r><w:tab/></w:r>{page}</w:hyperlink>"
    )
    xml = (
        f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="TOC1"/></w:pPr>{begin}{link}{field("end") if last else ""}</w:p>'
    )
    document.element.body.insert(len(document.element.body) - 1, parse_xml(xml))


def heading(document: Document, name: str) -> None:
    number = SECTIONS.index(name) + 1
    heading = document.add_heading("", 1)
    if name == SECTIONS[0]:
        heading.paragraph_format.page_break_before = True
    start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="_Toc9000{number:02}"/>')
    heading._p.append(start)
    heading.add_run(f"{{{{ t.heading_{name} }}}}")
    heading._p.append(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>'))


def header_and_footer(document: Document) -> None:
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
    drafted._r.get_or_add_rPr().append(parse_xml(colour("color", ACCENT)))
    foot = body.footer.paragraphs[0]
    foot.style = document.styles["Small Print"]
    foot.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH), 2)
    foot.add_run("{{ agency.name }} · {{ agency.contact.email }}\t{{ t.page }} ")
    field(foot, "PAGE", "1")
    foot.add_run(" {{ t.of }} ")
    field(foot, "NUMPAGES", "0")
