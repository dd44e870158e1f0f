"""Makes `templates/sow.docx` and the placeholder logo: `python -m tools.sow_template`.

Run once; from then on the template is restyled in Word. What stands in double braces is filled in by
`manageai_assets/documents/sow.py`, rows between `{%tr ... %}` are repeated. Colours and fonts are the theme's, which
`brand.yaml` sets. Running this again overwrites what was restyled.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as DocumentType

from manageai_assets.documents.archive import sealed
from manageai_assets.settings import PROJECT_ROOT
from tools.sow_template import sections
from tools.sow_template.frame import SECTIONS, contents, cover, header_and_footer, heading
from tools.sow_template.order import after_tables, in_order
from tools.sow_template.styles import numbering, styles

TEMPLATE = PROJECT_ROOT / "templates" / "sow.docx"
LOGO = PROJECT_ROOT / "templates" / "brand" / "logo.png"
MADE = datetime(2026, 11, 1, tzinfo=UTC)
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
    styles(document)
    numbering(document)
    cover(document)
    contents(document)
    for name in SECTIONS:
        heading(document, name)
        getattr(sections, name)(document)
    header_and_footer(document)
    after_tables(document)
    in_order(document)
    core = document.core_properties
    core.title, core.subject, core.author = "{{ p.title }}", "{{ p.subject }}", "{{ p.author }}"
    core.comments, core.language, core.keywords, core.last_modified_by = "", "{{ p.language }}", "", ""
    core.created = core.modified = MADE.replace(tzinfo=None)
    core.revision = 1
    return document


if __name__ == "__main__":
    sys.exit(main())
