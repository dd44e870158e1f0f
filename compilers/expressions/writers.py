"""One way in to the writers of `{{ }}` notations."""

from __future__ import annotations

from compilers.expressions import make_writer, spec_writer
from compilers.expressions.lexer import Notation
from compilers.expressions.notation_writer import Resolve
from compilers.expressions.tree import Template


def write(template: Template, notation: Notation = Notation.SPEC, resolve: Resolve | None = None) -> str:
    """The template's text in a notation; `parse` gives the same tree back. `resolve` is as in `make_writer`."""
    if notation is Notation.MAKE:
        return make_writer.write_template(template, resolve)
    return spec_writer.write_template(template)
