"""n8n's expressions to the tree: the JavaScript that people write there most, and nothing that only looks like it.

`={{ $json.a.b["c d"][0] }}`, `$('Node').item.json.x` (and `.first()`, `.last()`, `$node["Node"]`), texts, numbers,
operators, `a ? b : c`, `a ?? b`, `$now`, `$today`, `$now.plus({ days: 1 }).toFormat("yyyy-MM-dd")` and the commonest
methods of texts and arrays. Whatever else stands between the braces is one `Unknown` piece of n8n's, word for word.

Where the language's function differs from JavaScript's in rare cases, it is taken nevertheless: `==` and `===` are its
loose `=`, `??` is `ifempty`, which an empty text is empty for too, and the parts of `split` are trimmed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from pydantic import JsonValue

from compilers.documents import texts
from compilers.errors import ExpressionError
from compilers.expressions.catalogue import CATALOGUE
from compilers.expressions.dates import moment_format
from compilers.expressions.n8n_lexer import JsToken, OutsideError, words
from compilers.expressions.n8n_names import BINARY, CONSTANTS, DOTTED, EXTENSIONS, MATH, METHODS, UNITS
from compilers.expressions.tree import (
    Binary,
    Call,
    Field,
    Index,
    Keyword,
    Literal,
    Member,
    Node,
    Part,
    Path,
    Segment,
    Template,
    Unary,
    Unknown,
    Variable,
    height,
)

Refer = Callable[[str, Path], "Node | None"]
"""What a path into the item of a node is, by the node's name; the empty name is the item at hand (`$json`). None where
that can't be said."""

MAX_NESTING = 40
"""Brackets and operators inside each other; n8n's longest real expressions have about ten."""
MAX_HEIGHT = 120
MAX_PATH = 100


def parse_n8n(text: str, refer: Refer) -> Template:
    """The tree of a node's parameter. Raises `ExpressionError` for a text whose braces can't be told apart.

    A text without `=` in front is plain, whatever is in it.
    """
    if not text.startswith("="):
        return Template((text,)) if text else Template()
    parts: list[Part] = []
    for plain, javascript in _split(text):
        if plain:
            parts.append(plain)
        if javascript is not None:
            parts.append(parse_javascript(javascript, refer))
    return Template(tuple(parts))


def _split(text: str) -> list[tuple[str, str | None]]:
    """Pieces of plain text, each with the JavaScript behind it."""
    found: list[tuple[str, str | None]] = []
    position = 1
    while position < len(text):
        opening = text.find("{{", position)
        if opening < 0:
            found.append((text[position:], None))
            break
        closing = text.find("}}", opening + 2)
        if closing < 0 or text[opening - 1] == "\\" or text[opening + 2 : opening + 3] == "{":
            raise ExpressionError("an expression isn't closed, or its braces are escaped")
        found.append((text[position:opening], text[opening + 2 : closing]))
        position = closing + 2
    return found


def is_readable(value: JsonValue) -> bool:
    """Whether the expressions in all texts of a value can be told apart."""
    for text in texts(value):
        if text.startswith("=") and "{{" in text:
            try:
                _split(text)
            except ExpressionError:
                return False
    return True


def parse_javascript(javascript: str, refer: Refer) -> Node:
    """The tree of one expression; an `Unknown` piece of n8n's where it has no equal."""
    try:
        node = _Parser(words(javascript), refer).expression()
    except OutsideError:
        node = None
    if node is None or height(node) > MAX_HEIGHT:
        return Unknown(javascript.strip(), "n8n")
    return node


class _Parser:
    def __init__(self, tokens: list[JsToken], refer: Refer) -> None:
        self._tokens, self._refer = tokens, refer
        self._at = self._nesting = 0

    def expression(self) -> Node:
        """The tree of all the words."""
        node = self._ternary()
        if self._peek().kind != "end":
            raise OutsideError
        return node

    # -- words -----------------------------------------------------------------------------------------------

    def _peek(self) -> JsToken:
        return self._tokens[self._at]

    def _next(self) -> JsToken:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _takes(self, text: str) -> bool:
        token = self._peek()
        if token.kind == "op" and token.text == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise OutsideError

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word":
            raise OutsideError
        return token.text

    # -- operators -------------------------------------------------------------------------------------------

    def _ternary(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise OutsideError
        node = self._binary(1)
        if self._takes("?"):
            then = self._ternary()
            self._expect(":")
            node = Call("if", (node, then, self._ternary()))
        self._nesting -= 1
        return node

    def _binary(self, weakest: int) -> Node:
        left = self._unary()
        while True:
            token = self._peek()
            precedence, op = BINARY.get(token.text, (0, "")) if token.kind == "op" else (0, "")
            if not precedence or precedence < weakest:
                return left
            self._at += 1
            right = self._binary(precedence + 1)
            left = Call("ifempty", (left, right)) if op == "??" else Binary(op, left, right)

    def _unary(self) -> Node:
        negations = 0
        while self._takes("!"):
            negations += 1
        if self._takes("-"):
            token = self._next()
            if token.kind != "number":
                raise OutsideError
            node: Node = Literal(-_number(token.text))
        else:
            node = self._chain(self._primary())
        if negations > MAX_NESTING:
            raise OutsideError
        for _ in range(negations):
            node = Unary("!", node)
        return node

    # -- values ----------------------------------------------------------------------------------------------

    def _primary(self) -> Node:
        token = self._next()
        match token.kind:
            case "number":
                return Literal(_number(token.text))
            case "string":
                return Literal(token.text) if token.text else Keyword("emptystring")
            case "word":
                return self._named(token.text)
            case "op" if token.text == "(":
                node = self._ternary()
                self._expect(")")
                return node
        raise OutsideError

    def _named(self, name: str) -> Node:
        if name in CONSTANTS:
            return CONSTANTS[name]
        match name:
            case "$json":
                return self._item("")
            case "$input":
                self._expect(".")
                self._accessor(self._word())
                return self._item_json("")
            case "$":
                self._expect("(")
                node = self._text()
                self._expect(")")
                self._expect(".")
                self._accessor(self._word())
                return self._item_json(node)
            case "$node":
                node = self._word() if self._takes(".") else self._bracketed()
                return self._item_json(node)
            case "Math" | "$execution" | "$workflow":
                self._expect(".")
                return self._dotted(name, self._word())
            case "String":
                return Call("toString", self._arguments(1, 1))
            case "DateTime":
                self._expect(".")
                if self._word() == "now" and not self._arguments(0, 0):
                    return Variable("now")
        raise OutsideError

    def _dotted(self, name: str, member: str) -> Node:
        known = DOTTED.get((name, member))
        if known is not None:
            return known
        if name == "Math" and member in MATH:
            return Call(member, self._arguments(1, 1))
        raise OutsideError

    def _accessor(self, word: str) -> None:
        """`item`, `first()` or `last()`: the one item that is meant."""
        if word in ("first", "last"):
            self._arguments(0, 0)
        elif word != "item":
            raise OutsideError

    def _item_json(self, node: str) -> Node:
        self._expect(".")
        if self._word() != "json":
            raise OutsideError
        return self._item(node)

    def _item(self, node: str) -> Node:
        """What stands in a node's item: as much of a path as there is, up to a method."""
        path: list[Segment] = []
        while len(path) < MAX_PATH:
            before = self._at
            segment = self._segment()
            following = self._peek()
            called = following.kind == "op" and following.text == "(" and isinstance(segment, Field)
            if segment is None or called or (isinstance(segment, Field) and segment.name in EXTENSIONS):
                self._at = before
                found = self._refer(node, tuple(path))
                if found is None:
                    raise OutsideError
                return found
            path.append(segment)
        raise OutsideError

    def _segment(self) -> Segment | None:
        """`.name`, `["name"]`, `[0]` and their `?.` forms; None where there is none."""
        optional = self._takes("?.")
        if self._takes("["):
            token = self._next()
            self._expect("]")
            if token.kind == "string":
                return Field(token.text)
            if token.kind == "number" and token.text.isdecimal() and len(token.text) < 10:
                return Index(int(token.text) + 1)
            raise OutsideError
        if optional or self._takes("."):
            return Field(self._word())
        return None

    def _bracketed(self) -> str:
        self._expect("[")
        text = self._text()
        self._expect("]")
        return text

    def _text(self) -> str:
        token = self._next()
        if token.kind != "string" or not token.text:
            raise OutsideError
        return token.text

    # -- methods ---------------------------------------------------------------------------------------------

    def _chain(self, node: Node) -> Node:
        """The value with the fields and methods behind it."""
        for _ in range(MAX_PATH):
            segment = self._segment()
            if segment is None:
                return node
            following = self._peek()
            if isinstance(segment, Field) and following.kind == "op" and following.text == "(":
                node = self._method(node, segment.name)
            elif segment == Field("length"):
                node = Call("length", (node,))
            elif isinstance(node, Member):
                node = Member(node.base, (*node.path, segment))
            elif isinstance(node, Call):
                node = Member(node, (segment,))
            else:
                raise OutsideError
        raise OutsideError

    def _method(self, node: Node, name: str) -> Node:
        if name in METHODS:
            function, count = METHODS[name]
            return Call(function, (node, *self._arguments(0 if name == "join" else count, count)))
        match name:
            case "toFormat" | "format" if _is_date(node):
                return Call("formatDate", (node, Literal(self._date_format())))
            case "toISO" if _is_date(node) and not self._arguments(0, 0):
                return Call("formatDate", (node, Literal("YYYY-MM-DDTHH:mm:ss.SSSZ")))
            case "plus" | "minus" if _is_date(node):
                return self._shifted(node, 1 if name == "plus" else -1)
            case "split":
                return Call("split", (node, *self._arguments(1, 1), Keyword("true")))
            case "substring":
                return Call("substring", (node, *self._arguments(1, 2)))
            case "slice":
                return self._slice(node)
            case "replace" | "replaceAll":
                return self._replace(node, everywhere=name == "replaceAll")
        raise OutsideError

    def _slice(self, node: Node) -> Node:
        arguments = self._arguments(1, 2)
        if not all(isinstance(one, Literal) and not isinstance(one.value, str) and one.value >= 0 for one in arguments):
            raise OutsideError
        kind = CATALOGUE[node.name].returns if isinstance(node, Call) and node.name in CATALOGUE else "any"
        if kind not in ("text", "array"):
            raise OutsideError
        return Call("substring" if kind == "text" else "slice", (node, *arguments))

    def _replace(self, node: Node, *, everywhere: bool) -> Node:
        self._expect("(")
        token = self._next()
        self._expect(",")
        replacement = self._ternary()
        self._expect(")")
        pattern = token.text
        if token.kind == "string":
            special = bool(re.fullmatch(r"/.*/[a-z]*", pattern, re.DOTALL))
            if not pattern or special or (isinstance(replacement, Literal) and "$" in str(replacement.value)):
                raise OutsideError
            if not everywhere:
                pattern = "/" + re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", pattern) + "/"
        elif token.kind != "regex" or (everywhere and "g" not in pattern.rpartition("/")[2]):
            raise OutsideError
        return Call("replace", (node, Literal(pattern), replacement))

    def _date_format(self) -> str:
        self._expect("(")
        moment = moment_format(self._text())
        self._expect(")")
        if moment is None:
            raise OutsideError
        return moment

    def _shifted(self, node: Node, sign: int) -> Node:
        """`plus({ days: 1 })` and `plus(1, "day")`."""
        self._expect("(")
        braces = self._takes("{")
        unit = self._word() if braces else ""
        if braces:
            self._expect(":")
        count = self._next()
        if count.kind != "number" or not count.text.isdecimal():
            raise OutsideError
        if braces:
            self._expect("}")
        else:
            self._expect(",")
            unit = self._text()
        self._expect(")")
        unit = unit.rstrip("s")
        number = int(count.text) * sign
        if unit == "week":
            unit, number = "day", number * 7
        if unit not in UNITS:
            raise OutsideError
        return Call(f"add{unit.capitalize()}s", (node, Literal(number)))

    def _arguments(self, least: int, most: int) -> tuple[Node, ...]:
        self._expect("(")
        found: list[Node] = []
        while not self._takes(")"):
            if found:
                self._expect(",")
            found.append(self._ternary())
            if len(found) > most:
                raise OutsideError
        if len(found) < least:
            raise OutsideError
        return tuple(found)


def _number(digits: str) -> int | Decimal:
    if len(digits) > 300:
        raise OutsideError
    if "." not in digits:
        return int(digits)
    value = Decimal(digits)
    return int(value) if value == value.to_integral_value() else value.normalize()


def _is_date(node: Node) -> bool:
    return node == Variable("now") or (
        isinstance(node, Call) and node.name in CATALOGUE and CATALOGUE[node.name].returns == "date"
    )
