"""From text to tree, for the spec's notation and for Make's: an operator-precedence parser, one method a construct."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from compilers.errors import ExpressionError, shorten
from compilers.expressions.lexer import Lexer, Notation, Token
from compilers.expressions.tree import (
    BINARY_OPERATORS,
    KEYWORDS,
    MAX_DEPTH,
    VARIABLES,
    VERBATIM,
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
    Part,
    Path,
    Reference,
    Segment,
    Template,
    Unary,
    Unknown,
    Variable,
    height,
)

MAX_NESTING = 100
"""Brackets and operators inside each other; each takes the parser three calls of Python's stack."""

MAX_DIGITS = 28
"""Digits of a number, its point included; platforms calculate with 20 at most."""

_OPENING = re.compile(r"\{\{(?!\{)")


@lru_cache(maxsize=16_384)
def parse(text: str, notation: Notation = Notation.SPEC) -> Template:
    """The template that `text` holds. Raises `ExpressionError` with line, column and a snippet of the place.

    Braces in a row belong to the text but for the two innermost: `{{{a.b}}}` is `{`, the expression `a.b`, and `}`.
    """
    parts: list[Part] = []
    position = 0
    while opening := _OPENING.search(text, position):
        if opening.start() > position:
            parts.append(text[position : opening.start()])
        node, position = _Parser(Lexer(text, opening.end(), notation)).template_expression()
        parts.append(node)
    if position < len(text):
        parts.append(text[position:])
    return Template(tuple(parts))


def parse_expression(text: str, notation: Notation = Notation.SPEC) -> Node:
    """The expression that `text` holds, written without braces around it. Raises `ExpressionError`."""
    node = parse("{{ " + text + " }}", notation).whole
    if node is None:
        raise ExpressionError(f"`{shorten(text, 60)}` isn't one expression", hint="leave the braces out")
    return node


class _UndocumentedError(Exception):
    """Make accepts the expression, but what it means isn't documented."""


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self.make = lexer.make
        self.nesting = 0

    def template_expression(self) -> tuple[Node, int]:
        """The tree of the expression, and the position behind its closing braces."""
        lexer = self.lexer
        try:
            node = self._binary(0)
            token = lexer.next()
            if token.kind != "close":
                raise self._misplaced(token)
        except _UndocumentedError:
            lexer.position = lexer.start
            while (token := lexer.next()).kind != "close":
                pass
            return Unknown(lexer.text[lexer.start : token.start].strip()), token.end
        if height(node) > MAX_DEPTH:
            raise self._too_deep(token)
        return node, token.end

    # -- operators -------------------------------------------------------------------------------------------

    def _binary(self, weakest: int) -> Node:
        """A value and the operators behind it that bind at least as strongly as `weakest`."""
        lexer = self.lexer
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self._too_deep(lexer.peek())
        left = self._operand()
        for _ in range(MAX_DEPTH + 1):
            position = lexer.position
            token = lexer.next()
            precedence = BINARY_OPERATORS.get(token.text, -1) if token.kind == "op" else -1
            if precedence < weakest:
                lexer.position = position
                self.nesting -= 1
                return left
            left = Binary(token.text, left, self._binary(precedence + 1))
        raise self._too_deep(token)

    def _operand(self) -> Node:
        lexer = self.lexer
        token = lexer.next()
        negations = 0
        while token.kind == "op" and token.text == "!":
            negations += 1
            if negations > MAX_DEPTH:
                raise self._too_deep(token)
            token = lexer.next()
        is_minus = token.kind == "op" and token.text == "-"
        node = self._negative(token) if is_minus else self._primary(token)
        for _ in range(negations):
            node = Unary("!", node)
        return node

    def _negative(self, minus: Token) -> Node:
        """A sign belongs to the number right behind it; before anything else it means `0 - value`."""
        token = self.lexer.next()
        if token.kind == "number" and token.start == minus.end:
            return Literal(-self._number(token))
        if self.make:
            raise self._operator_first(minus)
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self._too_deep(token)
        self.lexer.position = minus.end
        operand = self._operand()
        self.nesting -= 1
        return Binary("-", Literal(0), operand)

    # -- values ----------------------------------------------------------------------------------------------

    def _primary(self, token: Token) -> Node:
        match token.kind:
            case "string":
                return self._constant(Literal(token.text))
            case "number":
                return self._constant(Literal(self._number(token)))
            case "tick":
                return self._path(Reference(token.text))
            case "word":
                return self._word(token)
            case "op":
                raise self._operator_first(token)
            case "close":
                raise self._error(token, "a value is missing", "put an expression here")
            case "odd":
                raise self._misplaced(token)
        if token.text == "(":
            node = self._binary(0)
            self._close(token, ")")
            return self._path(node)
        raise self._error(
            token, f"unexpected `{token.text}`", "put a step's field, a text in quotes or a function here"
        )

    def _number(self, token: Token) -> int | Decimal:
        if len(token.text) > MAX_DIGITS:
            raise self._error(token, f"a number of more than {MAX_DIGITS} digits", "put it in quotes if it is a text")
        return _number(token.text)

    def _word(self, token: Token) -> Node:
        """A function, keyword, variable or step."""
        name, following = token.text, self.lexer.peek()
        if following.is_("("):
            self.lexer.next()
            return self._call(token, following)
        dotted = following.is_(".") and following.start == token.end
        if name == "var" and dotted:
            return self._path(Variable(name))
        if not dotted and name in KEYWORDS:
            return self._constant(Keyword(name))
        if not dotted and name in VARIABLES:
            return self._constant(Variable(name))
        if self.make:
            if dotted and name.isascii() and name.isdigit():
                return self._path(Reference(name))
            if dotted:
                raise _UndocumentedError
            return self._constant(Unknown(name))
        if name[0].isdigit() or "$" in name:
            hint = "refer to a step by its name" if name.isdigit() else "put odd names in backticks"
            raise self._error(token, f"`{shorten(name, 40)}` isn't a step's name", hint)
        return self._path(Reference(name))

    def _call(self, word: Token, bracket: Token) -> Node:
        """A function; its name and its opening bracket have been read."""
        lexer = self.lexer
        args: list[Node] = []
        if lexer.peek().is_(")"):
            lexer.next()
        else:
            while True:
                following = lexer.peek()
                empty = following.kind == "punct" and following.text in ";,)"
                args.append(Missing() if empty else self._binary(0))
                token = lexer.next()
                if token.is_(")"):
                    break
                if token.is_(",") and self.make:
                    raise self._error(token, "unexpected `,`", "Make separates arguments with `;`")
                if not token.is_(";") and not token.is_(","):
                    raise self._unclosed(bracket, token)
        if word.text == VERBATIM and not self.make:
            return self._verbatim(word, args)
        return self._path(Call(word.text, tuple(args)))

    def _verbatim(self, word: Token, args: list[Node]) -> Node:
        match args:
            case [Literal(value=str(text))] | [Literal(value=str(text)), Literal(value="make")]:
                return Unknown(text)
            case [Literal(value=str(text)), Literal(value="n8n")]:
                return Unknown(text, "n8n")
            case [Literal(value=str(text)), Literal(value="zapier")]:
                return Unknown(text, "zapier")
        hint = (
            'write a piece of Make\'s as it stands there, or another platform\'s with `"n8n"` or `"zapier"` behind it'
        )
        raise self._error(word, f"`{VERBATIM}` takes one text in quotes", hint)

    def _constant(self, node: Node) -> Node:
        token = self.lexer.peek()
        if token.is_("[") or token.is_("."):
            if self.make:
                raise _UndocumentedError
            hint = "put a step's odd name in backticks"
            raise self._error(token, f"unexpected `{token.text}`: a constant has no fields", hint)
        return node

    # -- paths -----------------------------------------------------------------------------------------------

    def _path(self, base: Node) -> Node:
        """The value with the `.name`, `[n]` and `[]` behind it."""
        lexer, segments = self.lexer, list[Segment]()
        while True:
            position = lexer.position
            token = lexer.next()
            if len(segments) > MAX_DEPTH:
                raise self._too_deep(token)
            if token.is_("."):
                segments.append(self._field(token))
            elif token.is_("["):
                segments.append(self._index(token))
            else:
                lexer.position = position
                return _with_path(base, tuple(segments))

    def _field(self, dot: Token) -> Field:
        lexer = self.lexer
        name = _NAME.match(lexer.text, dot.end)
        if name is not None:
            lexer.position = name.end()
            return Field(name.group())
        token = lexer.next()
        if token.kind == "tick" and token.start == dot.end:
            return Field(token.text)
        if token.kind == "odd" and self.make:
            raise _UndocumentedError
        raise self._error(dot, "a field's name is missing behind the dot", "put odd names in backticks")

    def _index(self, bracket: Token) -> Segment:
        if self.lexer.peek().is_("]"):
            self.lexer.next()
            return First()
        node = self._binary(0)
        self._close(bracket, "]")
        match node:
            case Literal(value=int(n)) if n >= 0:
                return Index(n)
        return At(node)

    # -- refusals --------------------------------------------------------------------------------------------

    def _close(self, bracket: Token, closing: str) -> None:
        token = self.lexer.next()
        if not token.is_(closing):
            raise self._unclosed(bracket, token)

    def _unclosed(self, bracket: Token, token: Token) -> Exception:
        """Something else stands where the bracket should be closed."""
        if token.kind == "close":
            closing = "]" if bracket.text == "[" else ")"
            return self._error(bracket, f"`{bracket.text}` is never closed", f"close it with `{closing}`")
        return self._misplaced(token)

    def _misplaced(self, token: Token) -> Exception:
        """Something stands where an operator, a separator or the end was expected."""
        what = f"unexpected `{shorten(token.text, 40)}`"
        if token.kind == "odd" and token.text in "{}[":
            return self._error(token, what, "expressions have no objects and no expressions inside them")
        if token.kind in ("op", "punct"):
            hint = "arguments need a function around them" if token.text in ";," else "check the brackets before it"
            return self._error(token, what, hint)
        if self.make:
            return _UndocumentedError()
        if token.kind == "odd":
            return self._error(token, what, "put text in quotes and odd names in backticks")
        hint = "put an operator between them, and odd names in backticks"
        return self._error(token, "a value right behind a value", hint)

    def _operator_first(self, token: Token) -> ExpressionError:
        """An operator without a value before it, in Make's words."""
        before = self.lexer.text[self.lexer.start : token.start].rstrip()
        behind_another = before.endswith(tuple("*/%+-<>=!&|"))
        what = "operator next to operator" if behind_another else "operator on beginning of an expression"
        return self._error(token, f"{what}: `{token.text}`", "put a value before it")

    def _too_deep(self, token: Token) -> ExpressionError:
        return self._error(token, "nested too deep", "split the expression over several variables")

    def _error(self, token: Token, what: str, hint: str) -> ExpressionError:
        return self.lexer.error(token.start, what, hint)


_NAME = re.compile(r"[\w$]+")


def _number(text: str) -> int | Decimal:
    """Whole numbers as `int`, so that one number is one tree."""
    if "." not in text:
        return int(text)
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else value.normalize()


def _with_path(node: Node, path: Path) -> Node:
    match node:
        case _ if not path:
            return node
        case Reference(step=step, path=()):
            return Reference(step, path)
        case Variable(name=name, path=()):
            return Variable(name, path)
        case _:
            return Member(node, path)
