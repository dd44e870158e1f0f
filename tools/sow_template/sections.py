"""The sections of a statement of work, in their order."""

from __future__ import annotations

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm, Pt

from tools.sow_template.pieces import (
    bullets,
    cant_split,
    caption,
    control,
    fill,
    new_table,
    picture,
    repeated,
    rows,
    shade,
    write,
)
from tools.sow_template.styles import INK, SAMPLE, SOFT

STEP_WIDTHS = (11, 55, 55, 45)


def parties(document: Document) -> None:
    """Who agrees."""
    write(document, "{{ s.parties }}").paragraph_format.keep_with_next = True
    table = new_table(document, ("{{ t.col_agency }}", "{{ t.col_client }}"), (83, 83))
    row = table.add_row()
    for cell, name in zip(row.cells, ("our_address", "their_address"), strict=True):
        cell.width = Mm(83)
        fill(cell, f"{{%p for line in {name} %}}", "Table Text")
        for text in ("{{ line }}", "{%p endfor %}"):
            cell.add_paragraph(text, style=document.styles["Table Text"])
    cant_split(row)


def background(document: Document) -> None:
    """Why, in the client's own words."""
    document.add_heading("{{ t.sub_background }}", 2)
    write(document, "{{ texts.background }}")
    document.add_heading("{{ t.sub_words }}", 2)
    repeated(document, "request", "Client Words")
    document.add_heading("{{ t.sub_objective }}", 2)
    write(document, "{{ texts.objective }}")
    write(document, "{%p if objective %}")
    write(document, "{{ t.objective_words }}").paragraph_format.keep_with_next = True
    repeated(document, "objective", "Client Words")
    write(document, "{%p endif %}")


def scope(document: Document) -> None:
    """What is done, and what isn't."""
    document.add_heading("{{ t.sub_included }}", 2)
    bullets(document, "included")
    document.add_heading("{{ t.sub_excluded }}", 2)
    bullets(document, "excluded")


def automation(document: Document) -> None:
    """How it runs: the picture, and every step."""
    write(document, "{{ s.automation }}").paragraph_format.keep_with_next = True
    picture(document, "flow")
    document.add_heading("{{ t.sub_steps }}", 2)
    write(document, "{{ t.steps_what }}").paragraph_format.keep_with_next = True
    caption(document, "table", "{{ t.caption_steps }}")
    table = new_table(
        document, ("{{ t.col_number }}", "{{ t.col_step }}", "{{ t.col_does }}", "{{ t.col_fails }}"), STEP_WIDTHS
    )
    control(table, "{%tr for row in lines %}")
    control(table, "{%tr if row.lead %}")
    cells = table.add_row().cells
    lead = cells[0].merge(cells[3])
    fill(lead, "{{ row.indent }}{{ row.lead }}", "Table Lead").paragraph_format.keep_with_next = True
    shade(lead, SOFT)
    cant_split(table.rows[-1])
    control(table, "{%tr else %}")
    cells = table.add_row().cells
    texts = ("{{ row.number }}", "{{ row.indent }}{{ row.title }}", "{{ row.what }}", "{{ row.fails }}")
    for cell, text, width in zip(cells, texts, STEP_WIDTHS, strict=True):
        fill(cell, text, "Table Text")
        cell.width = Mm(width)
    cant_split(table.rows[-1])
    control(table, "{%tr endif %}")
    control(table, "{%tr endfor %}")


def systems(document: Document) -> None:
    """What the client gives access to, and what its systems are told."""
    columns = ("{{ t.col_app }}", "{{ t.col_account }}", "{{ t.col_access }}", "{{ t.col_minutes }}")
    texts = ("{{ row.app }}", "{{ row.account }}", "{{ row.grants }}", "{{ row.minutes }}")
    write(document, "{%p if access %}")
    write(document, "{{ t.systems_what }}").paragraph_format.keep_with_next = True
    caption(document, "table", "{{ t.caption_access }}")
    rows(document, columns, (38, 48, 58, 22), "access", texts)
    write(document, "{%p else %}")
    write(document, "{{ t.no_access }}")
    write(document, "{%p endif %}")
    write(document, "{%p if webhooks %}")
    told = write(document, "{{ t.webhooks_what }}")
    told.paragraph_format.keep_with_next, told.paragraph_format.space_before = True, Pt(9)
    bullets(document, "webhooks")
    write(document, "{%p endif %}")
    write(document, "{%p if systems %}")
    write(document, "{{ s.systems }}").paragraph_format.space_before = Pt(9)
    write(document, "{%p endif %}")
    write(document, "{{ t.secrets }}").paragraph_format.space_before = Pt(9)


def deliverables(document: Document) -> None:
    """What the client gets."""
    columns = ("{{ t.col_deliverable }}", "{{ t.col_what }}", "{{ t.col_file }}")
    caption(document, "table", "{{ t.caption_deliverables }}")
    rows(document, columns, (44, 64, 58), "deliverables", ("{{ row.name }}", "{{ row.what }}", "{{ row.file }}"))


def timeline(document: Document) -> None:
    """When: the Gantt picture and the milestones."""
    write(document, "{{ s.timeline }}").paragraph_format.keep_with_next = True
    picture(document, "gantt")
    document.add_heading("{{ t.sub_milestones }}", 2)
    columns = ("{{ t.col_milestone }}", "{{ t.col_day }}", "{{ t.col_date }}")
    caption(document, "table", "{{ t.caption_milestones }}")
    rows(document, columns, (84, 32, 50), "milestones", ("{{ row.name }}", "{{ row.day }}", "{{ row.on }}"), whole=True)
    write(document, "{{ s.deadline }}")
    write(document, "{{ t.calendar }}", "Small Print")


def price(document: Document) -> None:
    """What it costs, once and each month, and what it saves."""
    document.add_heading("{{ t.sub_setup }}", 2)
    write(document, "{{ s.setup }}").paragraph_format.keep_with_next = True
    caption(document, "table", "{{ t.caption_setup }}")
    rows(
        document,
        ("{{ t.col_item }}", "{{ t.col_amount }}"),
        (116, 50),
        "setup",
        ("{{ row.what }}", "{{ row.amount }}"),
        right=1,
        whole=True,
    )
    caption(document, "table", "{{ t.caption_payments }}")
    rows(
        document, ("{{ t.col_due }}", "{{ t.col_share }}", "{{ t.col_net }}"), (86, 30, 50), "payments",
        ("{{ row.when }}", "{{ row.percent }}", "{{ row.amount }}"), right=2, whole=True,
    )  # fmt: skip
    document.add_heading("{{ t.sub_running }}", 2)
    write(document, "{{ s.running }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_platform }}", "{{ t.col_use }}", "{{ t.col_plan }}", "{{ t.col_month }}", "{{ t.col_year }}")
    texts = ("{{ row.platform }}", "{{ row.use }}", "{{ row.plan }}", "{{ row.monthly }}", "{{ row.yearly }}")
    caption(document, "table", "{{ t.caption_running }}")
    rows(document, columns, (42, 42, 30, 26, 26), "running", texts, right=2, whole=True)
    write(document, "{{ s.prices }}", "Small Print")
    document.add_heading("{{ t.sub_volume }}", 2)
    write(document, "{{ s.volume }}").paragraph_format.keep_with_next = True
    bullets(document, "above")
    write(document, "{%p if assumed %}")
    write(document, "{{ t.assumed_what }}").paragraph_format.keep_with_next = True
    bullets(document, "assumed")
    write(document, "{%p endif %}")
    document.add_heading("{{ t.sub_savings }}", 2)
    write(document, "{{ s.savings }}")
    write(document, "{{ s.savings_basis }}", "Small Print")


def acceptance(document: Document) -> None:
    """What must be shown."""
    write(document, "{{ s.acceptance }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_number }}", "{{ t.col_criterion }}", "{{ t.col_proof }}", "{{ t.col_result }}")
    texts = ("{{ row.number }}", "{{ row.text }}", "{{ row.proof }}", "{{ row.result }}")
    write(document, "{%p if criteria %}")
    caption(document, "table", "{{ t.caption_criteria }}")
    rows(document, columns, (11, 94, 31, 30), "criteria", texts)
    write(document, "{%p endif %}")
    write(document, "{{ s.acceptance_days }}")


def responsibilities(document: Document) -> None:
    """What each side does."""
    document.add_heading("{{ t.sub_ours }}", 2)
    bullets(document, "ours")
    document.add_heading("{{ t.sub_yours }}", 2)
    bullets(document, "yours")


def changes(document: Document) -> None:
    """How something else is agreed."""
    repeated(document, "changes")


def risks(document: Document) -> None:
    """What is uncertain."""
    write(document, "{{ s.risks }}").paragraph_format.keep_with_next = True
    columns = ("{{ t.col_risk }}", "{{ t.col_why }}", "{{ t.col_handling }}", "{{ t.col_weight }}")
    texts = ("{{ row.what }}", "{{ row.why }}", "{{ row.handling }}", "{{ row.severity }}")
    caption(document, "table", "{{ t.caption_risks }}")
    rows(document, columns, (54, 44, 48, 20), "risks", texts)
    write(document, "{%p if assumptions %}")
    document.add_heading("{{ t.sub_assumptions }}", 2)
    bullets(document, "assumptions")
    write(document, "{%p endif %}")
    write(document, "{%p if questions %}")
    document.add_heading("{{ t.sub_questions }}", 2)
    bullets(document, "questions")
    write(document, "{%p endif %}")


def support(document: Document) -> None:
    """What happens afterwards."""
    repeated(document, "support")


def terms(document: Document) -> None:
    """The small print."""
    bullets(document, "terms")


def signatures(document: Document) -> None:
    """Where both sign."""
    write(document, "{{ s.signatures }}").paragraph_format.keep_with_next = True
    table = document.add_table(rows=0, cols=2)
    for left, right, above in (
        ("{{ t.for_agency }}", "{{ t.for_client }}", 0),
        ("{{ agency.legal_name }}", "{{ client.name }}", 0),
        ("{{ t.sign_place }}", "{{ t.sign_place }}", 34),
        ("{{ t.sign_name }}", "{{ t.sign_name }}", 34),
    ):
        row = table.add_row()
        cant_split(row)
        for cell, text in zip(row.cells, (left, right), strict=True):
            paragraph = fill(cell, text, "Key" if "for_" in text else "Table Text")
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
