"""From tree to text in a `{{ }}` notation; what the spec's and Make's have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from compilers.expressions.tree import (
    BINARY_OPERATORS,
    UNARY_PRECEDENCE,
    At,
    Binary,
    Call,
    Field,
    First,
    Index,
    Keyword,
    Literal,
    Member,
    Missing,
    Node,
    Path,
    Reference,
    Template,
    Unary,
    Unknown,
    Variable,
)

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ATOM = UNARY_PRECEDENCE + 1


class NotationWriter:
    """Writes trees. A notation differs in its opening, and in how it writes references and unknown pieces."""

    opening, closing = "{{", "}}"

    def template(self, template: Template) -> str:
        """The whole text."""
        return "".join(
            self.text(part) if isinstance(part, str) else f"{self.opening}{self.node(part)}{self.closing}"
            for part in template.parts
        )

    def text(self, text: str) -> str:
        """Literal text; braces that would open an expression become an expression that gives them."""
        return text.replace("{{", f'{self.opening}"{{{{"{self.closing}') if "{{" in text else text

    def node(self, node: Node, weakest: int = 0) -> str:
        """One expression without braces; in brackets when its operator binds weaker than `weakest`."""
        match node:
            case Literal(value=value):
                return quote(value) if isinstance(value, str) else number_text(value)
            case Keyword(name=name):
                return name
            case Missing():
                return ""
            case Variable(name=name, path=path):
                return name + self.path(path)
            case Reference():
                return self.reference(node)
            case Unknown():
                return self.unknown(node)
            case Call(name=name, args=args):
                return f"{name}({'; '.join(self.node(arg) for arg in args)})"
            case Member(base=base, path=path):
                text = self.node(base)
                return (text if isinstance(base, (Call, Member)) else f"({text})") + self.path(path)
            case Unary(op=op, operand=operand):
                return f"{op}{self.node(operand, UNARY_PRECEDENCE)}"
            case Binary(op=op, left=left, right=right):
                precedence = BINARY_OPERATORS[op]
                text = f"{self.node(left, precedence)} {op} {self.node(right, precedence + 1)}"
                return f"({text})" if precedence < weakest else text

    def path(self, path: Path) -> str:
        """`.name[1][]`, odd names in backticks."""
        return "".join(self._segment(segment) for segment in path)

    def _segment(self, segment: Field | Index | First | At) -> str:
        match segment:
            case Field(name=name):
                return "." + self.name(name)
            case Index(n=n):
                return f"[{n}]"
            case First():
                return "[]"
            case At(index=index):
                return f"[{self.node(index)}]"

    def name(self, name: str) -> str:
        """A field's or step's name, in backticks unless it is plain."""
        return name if _PLAIN_NAME.match(name) else backticked(name)

    def reference(self, reference: Reference) -> str:
        """A reference with its path."""
        raise NotImplementedError

    def unknown(self, piece: Unknown) -> str:
        """A piece that a platform's export was carried with, word for word."""
        raise NotImplementedError


def quote(text: str) -> str:
    """A text literal: in double quotes, a quote inside it doubled."""
    return '"' + text.replace('"', '""') + '"'


def backticked(name: str) -> str:
    """A name in backticks, a backtick inside it doubled."""
    return "`" + name.replace("`", "``") + "`"


def number_text(value: int | Decimal) -> str:
    """A number's digits, without an exponent."""
    return str(value) if isinstance(value, int) else format(value, "f")


Resolve = Callable[[Reference], "Reference | str"]
"""What a reference is on a platform: another reference to write in its stead, or ready text."""
