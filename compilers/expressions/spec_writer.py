"""From tree to text in the spec's own notation."""

from __future__ import annotations

import re

from compilers.expressions.notation_writer import NotationWriter, backticked, quote
from compilers.expressions.tree import KEYWORDS, VARIABLES, VERBATIM, Node, Reference, Template, Unknown

_STEP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class _SpecWriter(NotationWriter):
    opening, closing = "{{ ", " }}"

    def reference(self, reference: Reference) -> str:
        step = reference.step
        plain = _STEP_NAME.match(step) and step != "var" and step not in KEYWORDS and step not in VARIABLES
        return (step if plain else backticked(step)) + self.path(reference.path)

    def unknown(self, piece: Unknown) -> str:
        platform = "" if piece.platform == "make" else f"; {quote(piece.platform)}"
        return f"{VERBATIM}({quote(piece.text)}{platform})"


_WRITER = _SpecWriter()


def write_template(template: Template) -> str:
    """The template in the spec's notation; `parse` gives the same tree back."""
    return _WRITER.template(template)


def write_expression(node: Node) -> str:
    """One expression in the spec's notation, without braces."""
    return _WRITER.node(node)
