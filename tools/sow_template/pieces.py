"""Paragraphs, tables, captions and fields of the template, which are repeated where a `{%...%}` says so."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from tools.sow_template.styles import SAMPLE


def write(document: Document, text: str, style: str = "Normal") -> Paragraph:
    return document.add_paragraph(text, style=document.styles[style])


def repeated(document: Document, name: str, style: str = "Normal") -> None:
    write(document, f"{{%p for line in {name} %}}", style)
    write(document, "{{ line }}", style)
    write(document, "{%p endfor %}", style)


def bullets(document: Document, name: str) -> None:
    repeated(document, name, "List Bullet")


def page_break(document: Document) -> None:
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def picture(document: Document, name: str) -> None:
    place = document.add_paragraph(f"{{{{ {name}_picture }}}}")
    place.paragraph_format.keep_with_next = True
    place.paragraph_format.space_before = Pt(6)
    place.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption(document, "figure", f"{{{{ t.caption_{name} }}}}")


def caption(document: Document, kind: str, text: str) -> None:
    """A caption that counts itself; the number that stands there is right until something is added in Word."""
    caption = document.add_paragraph(f"{{{{ t.{kind} }}}} ", style=document.styles["Caption"])
    count = sum(f"SEQ {kind}" in (one.text or "") for one in document.element.body.iter(qn("w:instrText")))
    field(caption, f"SEQ {kind} \\* ARABIC", str(count + 1))
    caption.add_run(f": {text}")
    if kind == "table":
        caption.paragraph_format.keep_with_next = True
        caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(10), Pt(4)


def field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    for kind in ("begin", "", "separate", "shown", "end"):
        run = paragraph.add_run(shown if kind == "shown" else "")
        if kind == "":
            run._r.append(parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> {instruction} </w:instrText>'))
        elif kind != "shown":
            run._r.append(parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'))


def new_table(document: Document, columns: Sequence[str], widths: Sequence[int], head: bool = True) -> Table:
    table: Table = document.add_table(rows=1 if head else 0, cols=len(columns))
    table.style = document.styles["Sow Table"] if head else document.styles["Normal Table"]
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    if head:
        for cell, text, width in zip(table.rows[0].cells, columns, widths, strict=True):
            fill(cell, text, "Table Head").paragraph_format.keep_with_next = True
            cell.width = Mm(width)
        table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        cant_split(table.rows[0])
    return table


def rows(
    document: Document,
    columns: Sequence[str],
    widths: Sequence[int],
    name: str,
    texts: Sequence[str],
    *,
    head: bool = True,
    right: int = 0,
    whole: bool = False,
) -> None:
    """A table with one row for each element of a list; the last `right` columns are numbers. `whole`: it stays on one
    page, with its caption."""
    table = new_table(document, columns, widths, head)
    control(table, f"{{%tr for row in {name} %}}")
    if whole:  # every row stays with the next, and the last one with none
        control(table, "{%tr if not loop.last %}")
        _row(table, widths, texts, head, right, keep=True)
        control(table, "{%tr else %}")
    _row(table, widths, texts, head, right)
    if whole:
        control(table, "{%tr endif %}")
    control(table, "{%tr endfor %}")


def _row(table: Table, widths: Sequence[int], texts: Sequence[str], head: bool, right: int, keep: bool = False) -> None:
    row = table.add_row()
    cant_split(row)
    for index, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        paragraph = fill(cell, text, "Key" if not head and index == 0 else "Table Text")
        cell.width = Mm(widths[index])
        if keep:
            paragraph.paragraph_format.keep_with_next = True
        if not head:
            paragraph.paragraph_format.space_after = Pt(4)
        if index >= len(texts) - right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if head:
                table.rows[0].cells[index].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT


def control(table: Table, text: str) -> None:
    table.add_row().cells[0].paragraphs[0].add_run(text)


def fill(cell: _Cell, text: str, style: str) -> Paragraph:
    paragraph: Paragraph = cell.paragraphs[0]
    paragraph.style = style
    paragraph.add_run(text)
    return paragraph


def shade(cell: _Cell, theme: str) -> None:
    cell._tc.get_or_add_tcPr().append(
        parse_xml(
            f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{SAMPLE[theme]}" w:themeFill="{theme}"/>'
        )
    )


def cant_split(row) -> None:  # type: ignore[no-untyped-def]  # python-docx exports no type for rows
    row._tr.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
