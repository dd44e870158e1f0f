"""Templates that are filled in: Word's, which people restyle in Word, and Typst's, which become PDF."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from compilers.errors import UserError
from manageai_assets.build.markdown import TEMPLATES
from manageai_assets.documents.fonts import needs_more
from manageai_assets.documents.pictures.picture import compiler

if TYPE_CHECKING:
    from docxtpl import DocxTemplate
    from jinja2 import Environment
    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class WordTemplate:
    """A file in `templates/`, and the module that makes it anew."""

    name: str
    maker: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return TEMPLATES / self.name

    def opened(self) -> DocxTemplate:
        """A copy to fill in. Raises `UserError` when it can't be read."""
        from docxtpl import DocxTemplate

        document = DocxTemplate(io.BytesIO(_bytes(self)))
        document.init_docx()
        return document

    def fill(self, document: DocxTemplate, context: dict[str, object]) -> None:
        """Fills it in. Raises `UserError` for a template that is wrong."""
        from jinja2 import TemplateError

        try:
            document.render(context, _environment(), autoescape=True)
        except TemplateError as error:
            hint = f"mend it in Word, or make it again: python -m {self.maker}"
            raise UserError(f"the template can't be used: {error}", where=f"templates/{self.name}", hint=hint) from None


@cache
def _bytes(template: WordTemplate) -> bytes:
    try:
        return template.path.read_bytes()
    except OSError:
        hint = f"make it again: python -m {template.maker}"
        raise UserError("the template can't be read", where=f"templates/{template.name}", hint=hint) from None


@cache
def _environment() -> Environment:
    """What fills in the templates. It keeps what it has compiled: in a batch, that is most of a document's time."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=True)
    environment.from_string = lru_cache(maxsize=32)(environment.from_string)  # type: ignore[assignment, method-assign]
    return environment


def portable(template: str, values: Mapping[str, JsonValue], made_on: date) -> bytes:
    """The PDF that a Typst template in `templates/` makes of these values. Raises `UserError` for one that is wrong."""
    from typst import TypstError

    data = json.dumps(values, ensure_ascii=False)
    try:
        made = compiler(needs_more(data)).compile(
            input=(TEMPLATES / template).read_bytes(),
            format="pdf",
            sys_inputs={"data": data},
            timestamp=datetime(made_on.year, made_on.month, made_on.day, tzinfo=UTC),
        )
    except TypstError as error:
        what, hint = f"the template can't be used: {error.message}", "mend it, or restore the project's own"
        raise UserError(what, where=f"templates/{template}", hint=hint) from None
    return cast("bytes", made)
