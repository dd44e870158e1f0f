"""From tree to text in Make's notation (facts 3.1)."""

from __future__ import annotations

import re

from compilers.errors import ExpressionError, shorten
from compilers.expressions.notation_writer import NotationWriter, Resolve, backticked
from compilers.expressions.tree import Node, Path, Reference, Template, Unknown

_MODULE = re.compile(r"[0-9]+\Z")


class _MakeWriter(NotationWriter):
    def __init__(self, resolve: Resolve | None) -> None:
        self.resolve = resolve

    def reference(self, reference: Reference) -> str:
        found = self.resolve(reference) if self.resolve else reference
        if isinstance(found, str):
            return found
        step = found.step
        dotted = _MODULE.match(step) and found.path and _is_field(found.path)
        return (step if dotted else self._ticked(step)) + self.path(found.path)

    def name(self, name: str) -> str:
        return self._ticked(name) if "`" in name else super().name(name)

    def unknown(self, piece: Unknown) -> str:
        if piece.platform == "zapier":
            raise ExpressionError(
                f"`{shorten(piece.text, 80)}` is a value of Zapier that no step is known to give",
                hint="choose the value it stands for from an earlier step",
            )
        if piece.platform != "make":
            raise ExpressionError(
                f"`{shorten(piece.text, 80)}` is JavaScript of n8n, for which Make has no words",
                hint="say what is meant with Make's functions, or calculate it in a step of its own",
            )
        return piece.text

    @staticmethod
    def _ticked(name: str) -> str:
        if "`" in name:
            raise ExpressionError(
                f"Make can't refer to a field called `{shorten(name, 60)}`",
                hint="Make has no way to write a backtick in a name; rename the field, or take it with get()",
            )
        return backticked(name)


def _is_field(path: Path) -> bool:
    from compilers.expressions.tree import Field

    return isinstance(path[0], Field)


def write_template(template: Template, resolve: Resolve | None = None) -> str:
    """The template in Make's notation.

    `resolve` gives what a reference is in the scenario: a reference to the module's number, or ready text such as
    `3.body.email`. Without it, steps' names are taken for modules' numbers. Raises `ExpressionError` for what Make
    can't write, and whatever `resolve` raises.
    """
    return _MakeWriter(resolve).template(template)


def write_expression(node: Node, resolve: Resolve | None = None) -> str:
    """One expression in Make's notation, without braces."""
    return _MakeWriter(resolve).node(node)
