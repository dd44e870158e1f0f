"""From text to tree, for the spec's notation and for Make's.

The parser keeps its own stack instead of calling itself, so that no input can exhaust Python's; it looks at every
character once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import NoReturn

from compilers.errors import ExpressionError, shorten
from compilers.expressions.tree import (
    BINARY_OPERATORS,
    KEYWORDS,
    MAX_DEPTH,
    UNARY_PRECEDENCE,
    VARIABLES,
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
)


class Notation(Enum):
    """A way to write expressions in text."""

    SPEC = "spec"
    MAKE = "make"


OPERATOR_ALIASES = {"==": "=", "===": "=", "!==": "!=", "&&": "&", "||": "|"}
VERBATIM = "verbatim"
"""The spec's spelling of `Unknown`, written as a function of one text."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s++)
    | (?P<close>\}\})
    | (?P<string>"(?:[^"]++|"")*+")
    | (?P<tick>`(?:[^`]++|``)*+`)
    | (?P<number>\d++(?:\.\d++)?+(?![\w$`]))
    | (?P<word>[\w$]++)
    | (?P<op>===|!==|==|!=|<=|>=|\+\+|&&|\|\||[*/%+\-<>=!&|])
    | (?P<punct>[()\[\];,.])
    """,
    re.VERBOSE,
)
_SINGLE_QUOTED = re.compile(r"'(?:[^']++|'')*+'")
_OPENING = re.compile(r"\{\{(?!\{)")
_MODULE = re.compile(r"\d+\Z")
_SHOWN = 60


@dataclass(slots=True)
class _Token:
    """One word of an expression. `kind` is a group of `_TOKEN`; `text` what it means, without quotes."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Frame:
    """An open bracket: `(` of a group or a call, `[` of a computed index, or the expression itself."""

    kind: str
    token: _Token | None
    name: str = ""
    base: Node | None = None
    args: list[Node] = field(default_factory=list)
    operands: list[tuple[Node, int]] = field(default_factory=list)
    operators: list[tuple[str, int]] = field(default_factory=list)
    wants_operand: bool = True


class _Undocumented(Exception):
    """The expression is one that Make accepts without a documented meaning."""


@lru_cache(maxsize=16_384)
def parse(text: str, notation: Notation = Notation.SPEC) -> Template:
    """The template that `text` holds. Raises `ExpressionError` with line, column and a snippet of the place."""
    parts: list[Part] = []
    position = 0
    while opening := _OPENING.search(text, position):
        if opening.start() > position:
            parts.append(text[position : opening.start()])
        parser = _Parser(text, opening.end(), notation)
        node, position = parser.expression()
        parts.append(node)
    if position < len(text):
        parts.append(text[position:])
    return Template(tuple(parts))


def parse_expression(text: str, notation: Notation = Notation.SPEC) -> Node:
    """The expression that `text` holds without braces around it."""
    template = parse("{{" + text + "}}", notation)
    node = template.whole
    if node is None:
        raise ExpressionError(f"`{shorten(text, _SHOWN)}` isn't one expression", hint="leave the braces out")
    return node


class _Parser:
    """Parses one `{{ }}`. `position` is behind its opening braces."""

    def __init__(self, text: str, position: int, notation: Notation) -> None:
        self.text, self.start, self.notation = text, position, notation
        self.position = position
        self.make = notation is Notation.MAKE
        self.pushed: _Token | None = None

    def expression(self) -> tuple[Node, int]:
        """The tree, and the position behind the closing braces."""
        try:
            return self._expression()
        except _Undocumented:
            return self._verbatim()

    def _verbatim(self) -> tuple[Node, int]:
        """The whole expression as it stands: read on to its end without a look at its grammar."""
        self.position, self.pushed = self.start, None
        while True:
            token = self._next(lenient=True)
            if token.kind == "close":
                return Unknown(self.text[self.start : token.start].strip()), token.end

    # -- words -----------------------------------------------------------------------------------------------

    def _next(self, lenient: bool = False) -> _Token:
        if self.pushed:
            token, self.pushed = self.pushed, None
            return token
        while match := _TOKEN.match(self.text, self.position):
            self.position = match.end()
            kind = match.lastgroup or ""
            if kind == "space":
                continue
            found = match.group()
            if kind in ("string", "tick"):
                found = found[1:-1].replace(found[0] * 2, found[0])
            return _Token(kind, found, match.start(), match.end())
        return self._odd(lenient)

    def _odd(self, lenient: bool) -> _Token:
        """What no token begins with: the end of the text, an unclosed quote, a character that isn't used."""
        at = self.position
        if at >= len(self.text):
            self.fail(self.start - 2, "`{{` is never closed", "close it with `}}`")
        character = self.text[at]
        if character in "\"`":
            self.fail(at, f"{character} opens a text that never ends", f"close it; write {character * 2} for {character} inside it")
        if character == "'" and not self.make:
            match = _SINGLE_QUOTED.match(self.text, at)
            if not match:
                self.fail(at, "' opens a text that never ends", "close it; write '' for ' inside it")
            self.position = match.end()
            return _Token("string", match.group()[1:-1].replace("''", "'"), at, match.end())
        if self.make:
            if character in "{}" and not lenient:
                self.fail(at, f"`{character}` can't stand here", "expressions have no objects; close with `}}`")
            self.position = at + 1
            return _Token("odd", character, at, at + 1)
        self.fail(at, f"`{shorten(character)}` can't stand here", "put text in quotes and odd names in backticks")

    def _peek(self) -> _Token:
        token = self._next()
        self.pushed = token
        return token

    # -- grammar ---------------------------------------------------------------------------------------------

    def _expression(self) -> tuple[Node, int]:
        frames = [_Frame("{{", None)]
        while True:
            frame, token = frames[-1], self._next()
            if frame.wants_operand:
                self._operand(frames, frame, token)
            elif token.kind == "op":
                self._operator(frame, token)
            elif token.kind == "close":
                if len(frames) > 1:
                    self._unclosed(frames[-1])
                return self._reduce(frame, token)[0], token.end
            elif token.kind == "punct":
                self._punctuation(frames, frame, token)
            else:
                self._neighbour(token)

    def _neighbour(self, token: _Token) -> NoReturn:
        """A value right behind a value."""
        if self.make:
            raise _Undocumented
        self.fail(token.start, "two values side by side", "put an operator between them, and odd names in backticks")

    def _unclosed(self, frame: _Frame) -> NoReturn:
        at = frame.token.start if frame.token else self.start
        self.fail(at, f"`{frame.kind}` is never closed", f"close it with `{']' if frame.kind == '[' else ')'}`")

    def _operand(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        """A value, or what may stand instead of one: `!`, a sign, an opening or (after nothing) a closing bracket."""
        match token.kind, token.text:
            case "string", text:
                self._value(frames, frame, Literal(text), token)
            case "number", text:
                self._value(frames, frame, Literal(_number(text)), token)
            case "tick", text:
                self._value(frames, frame, Reference(text), token)
            case "word", _:
                self._word(frames, frame, token)
            case "op", "!":
                frame.operators.append(("!", UNARY_PRECEDENCE))
                self._check_depth(frame, token)
            case "op", "-":
                self._minus(frames, frame, token)
            case "op", text:
                what = "operator next to operator" if frame.operators else "operator on beginning of an expression"
                self.fail(token.start, f"{what}: `{text}`", "put a value before it")
            case "punct", "(":
                self._open(frames, _Frame("(", token), token)
            case "punct", (")" | ";" | ",") if frame.kind == "call" and not frame.operands and not frame.operators:
                self._empty_argument(frames, frame, token)
            case "close", _:
                if len(frames) > 1:
                    self._unclosed(frames[-1])
                self.fail(token.start, "a value is missing", "write an expression between the braces")
            case "odd", _:
                raise _Undocumented
            case _, text:
                self.fail(token.start, f"unexpected `{text}`", "a value, a step's field or a function belongs here")

    def _minus(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        """A sign belongs to the number behind it; before anything else it means `0 - value`."""
        following = self._peek()
        if following.kind == "number" and following.start == token.end:
            self._next()
            self._value(frames, frame, Literal(-_number(following.text)), following)
        elif self.make or frame.operators:
            what = "operator next to operator" if frame.operators else "operator on beginning of an expression"
            self.fail(token.start, f"{what}: `-`", "write `0 - value`, in brackets")
        else:
            frame.operands.append((Literal(0), 1))
            frame.operators.append(("-", BINARY_OPERATORS["-"]))

    def _word(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        name = token.text
        following = self._peek()
        if following.kind == "punct" and following.text == "(":
            self._next()
            self._open(frames, _Frame("call", token, name=name), token)
            return
        dotted = following.kind == "punct" and following.text == "." and following.start == token.end
        if _MODULE.match(name):
            if not self.make or not dotted:
                hint = "steps have names here, not numbers" if not self.make else "put odd names in backticks"
                self.fail(token.start, f"`{shorten(name)}` can't stand here", hint)
            self._value(frames, frame, Reference(name), token)
        elif name == "var" and dotted:
            self._value(frames, frame, Variable(name), token)
        elif name in KEYWORDS and not dotted:
            self._value(frames, frame, Keyword(name), token)
        elif name in VARIABLES and not dotted:
            self._value(frames, frame, Variable(name), token)
        elif self.make:
            # Make has no step names: what such a word means to it isn't documented
            if dotted:
                raise _Undocumented
            self._value(frames, frame, Unknown(name), token)
        elif name[0].isdigit() or "$" in name:
            self.fail(token.start, f"`{shorten(name)}` isn't a step's name", "put odd names in backticks")
        else:
            self._value(frames, frame, Reference(name), token)

    def _value(self, frames: list[_Frame], frame: _Frame, node: Node, token: _Token) -> None:
        frame.operands.append((node, 1))
        frame.wants_operand = False
        self._path(frames, frame)

    def _path(self, frames: list[_Frame], frame: _Frame) -> None:
        """Reads the `.name`, `[n]` and `[]` that follow a value; at a computed index it opens a frame instead."""
        segments: list[Segment] = []
        while True:
            token = self._next()
            if token.kind == "punct" and token.text == ".":
                segments.append(self._field(token))
            elif token.kind == "punct" and token.text == "[":
                if not self._can_have_path(frame.operands[-1][0]):
                    self.fail(token.start, "unexpected `[`", "only fields and results of functions have elements")
                inside = self._next()
                if inside.kind == "punct" and inside.text == "]":
                    segments.append(First())
                    continue
                closing = self._peek() if inside.kind == "number" and inside.text.isdigit() else inside
                if closing is not inside and closing.kind == "punct" and closing.text == "]":
                    self._next()
                    segments.append(Index(int(inside.text)))
                    continue
                self._extend(frame, segments)
                self._open(frames, _Frame("[", token), token)
                self._replay(inside, closing)
                return
            else:
                self.pushed = token
                self._extend(frame, segments)
                return

    def _replay(self, inside: _Token, closing: _Token) -> None:
        """Goes back to the first token of a computed index."""
        self.pushed = None
        self.position = inside.start

    def _field(self, dot: _Token) -> Field:
        token = self._next()
        if token.start == dot.end and token.kind in ("word", "tick", "number"):
            if token.kind == "number" and "." in token.text:
                self.position, token = token.start + token.text.index("."), _Token("word", token.text.split(".")[0], 0, 0)
            return Field(token.text)
        if self.make and token.kind == "odd":
            raise _Undocumented
        self.fail(dot.start, "a field's name is missing behind the dot", "put odd names in backticks")

    @staticmethod
    def _can_have_path(node: Node) -> bool:
        return isinstance(node, (Reference, Variable, Member, Call, Binary, Unary))

    def _extend(self, frame: _Frame, segments: list[Segment]) -> None:
        """Puts the path onto the value that was read last."""
        if not segments:
            return
        node, height = frame.operands[-1]
        if isinstance(node, (Literal, Keyword, Unknown)):
            if self.make:
                raise _Undocumented
            self.fail(self.position, "a constant has no fields", "put names of steps that look like constants in backticks")
        frame.operands[-1] = (_with_path(node, tuple(segments)), height)

    def _operator(self, frame: _Frame, token: _Token) -> None:
        op = OPERATOR_ALIASES.get(token.text, token.text)
        if op == "!":
            self._neighbour(token)
        precedence = BINARY_OPERATORS[op]
        while frame.operators and frame.operators[-1][1] >= precedence:
            self._apply(frame, token)
        frame.operators.append((op, precedence))
        frame.wants_operand = True

    def _apply(self, frame: _Frame, token: _Token) -> None:
        op, _ = frame.operators.pop()
        right, height = frame.operands.pop()
        node: Node
        if op == "!":
            node = Unary("!", right)
        else:
            left, left_height = frame.operands.pop()
            node, height = Binary(op, left, right), max(height, left_height)
        if height >= MAX_DEPTH:
            self._too_deep(token)
        frame.operands.append((node, height + 1))

    def _reduce(self, frame: _Frame, token: _Token) -> tuple[Node, int]:
        while frame.operators:
            self._apply(frame, token)
        return frame.operands.pop()

    def _check_depth(self, frame: _Frame, token: _Token) -> None:
        if len(frame.operators) > MAX_DEPTH:
            self._too_deep(token)

    def _too_deep(self, token: _Token) -> NoReturn:
        self.fail(token.start, f"nested deeper than {MAX_DEPTH} levels", "split it over several fields or variables")

    def _open(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        if len(frames) > MAX_DEPTH:
            self._too_deep(token)
        frames.append(frame)

    def _punctuation(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        text = token.text
        if text == "," and self.make:
            self.fail(token.start, "unexpected `,`", "Make separates arguments with `;`")
        if frame.kind == "call" and text in (";", ",", ")"):
            self._argument(frame, *self._reduce(frame, token))
            self._after_argument(frames, frame, token)
        elif (frame.kind, text) == ("(", ")"):
            node, height = self._reduce(frame, token)
            self._finish(frames, node, height)
        elif (frame.kind, text) == ("[", "]"):
            index, height = self._reduce(frame, token)
            frames.pop()
            outer = frames[-1]
            base, base_height = outer.operands.pop()
            node = _with_path(base, (At(index),))
            outer.operands.append((node, self._grown(max(height, base_height), token)))
            self._path(frames, outer)
        else:
            self.fail(token.start, f"unexpected `{text}`", "check the brackets before it")

    def _grown(self, height: int, token: _Token) -> int:
        if height >= MAX_DEPTH:
            self._too_deep(token)
        return height + 1

    @staticmethod
    def _argument(frame: _Frame, node: Node, height: int) -> None:
        frame.args.append(node)
        frame.operators.clear()
        frame.operands.clear()
        frame.height = max(getattr(frame, "height", 0), height)  # type: ignore[attr-defined]

    def _finish(self, frames: list[_Frame], node: Node, height: int) -> None:
        """Closes the innermost frame; its value is an operand of the frame around it."""
        frames.pop()
        outer = frames[-1]
        outer.operands.append((node, height))
        outer.wants_operand = False
        self._path(frames, outer)

    def _empty_argument(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        raise NotImplementedError

    def _after_argument(self, frames: list[_Frame], frame: _Frame, token: _Token) -> None:
        raise NotImplementedError

    def fail(self, at: int, what: str, hint: str) -> NoReturn:
        raise NotImplementedError


def _number(text: str) -> int | Decimal:
    return Decimal(text).normalize() if "." in text else int(text)


def _with_path(node: Node, path: Path) -> Node:
    raise NotImplementedError
