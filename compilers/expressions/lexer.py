"""The words of an expression, for both notations; what they mean together is the parser's."""

from __future__ import annotations

import re
from enum import Enum
from typing import Literal, NamedTuple

from compilers.errors import ExpressionError, shorten


class Notation(Enum):
    """A way to write expressions in text."""

    SPEC = "spec"
    MAKE = "make"


TokenKind = Literal["close", "string", "tick", "number", "word", "op", "punct", "odd"]


class Token(NamedTuple):
    """One word. `text` is what it stands for, without quotes; `start` and `end` are its place in the template."""

    kind: TokenKind
    text: str
    start: int
    end: int

    def is_(self, punctuation: str) -> bool:
        """Whether it is this bracket, dot or separator."""
        return self.kind == "punct" and self.text == punctuation


OPERATOR_ALIASES = {"==": "=", "===": "=", "!==": "!=", "&&": "&", "||": "|"}
# every repetition is possessive, so that a quote that is never closed is read once and not again from each place in it
_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<close>\}\})
    | (?P<string>"(?:[^"]++|"")*+"(?!"))
    | (?P<tick>`(?:[^`]++|``)*+`(?!`))
    | (?P<number>[0-9]++(?:\.[0-9]++)?+(?![\w$.`]|\.[\w$`]))
    | (?P<word>[\w$]++)
    | (?P<op>===|!==|==|!=|<=|>=|\+\+|&&|\|\||[*/%+\-<>=!&|])
    | (?P<punct>[()\[\];,.])
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*+")
_SINGLE_QUOTED = re.compile(r"'(?:[^']++|'')*+'")
_SHOWN = 60


class Lexer:
    """Reads the words of one `{{ }}`; `start` is the position behind its opening braces."""

    def __init__(self, text: str, start: int, notation: Notation) -> None:
        self.text, self.start, self.position = text, start, start
        self.make = notation is Notation.MAKE

    def next(self) -> Token:
        """The next word. Raises `ExpressionError` for what can't be one, and at the end of the text."""
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            return self._odd()
        kind: TokenKind = match.lastgroup  # type: ignore[assignment]  # the groups are the kinds
        found = match[kind]
        start, self.position = match.start(kind), match.end()
        if kind in ("string", "tick"):
            quote = found[0]
            found = found[1:-1].replace(quote * 2, quote)
        elif kind == "op":
            found = OPERATOR_ALIASES.get(found, found)
        return Token(kind, found, start, self.position)

    def peek(self) -> Token:
        """The next word, to be read again."""
        position = self.position
        token = self.next()
        self.position = position
        return token

    def _odd(self) -> Token:
        """What no word begins with: the end of the text, a quote that is never closed, a character without a use."""
        at = _SPACE.match(self.text, self.position).end()  # type: ignore[union-attr]  # matches everywhere
        if at >= len(self.text):
            raise self.error(self.start - 2, "`{{` is never closed", "close it with `}}`")
        character = self.text[at]
        if character in '"`':
            raise self.error(
                at, f"{character} opens a text that never ends", f"close it; inside it write {character} twice"
            )
        if character == "'" and not self.make:
            match = _SINGLE_QUOTED.match(self.text, at)
            if match is None:
                raise self.error(at, "' opens a text that never ends", "close it; inside it write ' twice")
            self.position = match.end()
            return Token("string", match.group()[1:-1].replace("''", "'"), at, self.position)
        self.position = at + 1
        return Token("odd", character, at, at + 1)

    def error(self, at: int, what: str, hint: str) -> ExpressionError:
        """The refusal of the character at `at`, with its place and the text around it."""
        line = self.text.count("\n", 0, at) + 1
        begin = self.text.rfind("\n", 0, at) + 1
        column = at - begin + 1
        end = self.text.find("\n", at)
        shown_from = max(begin, at - _SHOWN // 2)
        before = shorten(self.text[shown_from:at], _SHOWN)
        after = shorten(self.text[at : min(at + _SHOWN // 2, len(self.text) if end < 0 else end)], _SHOWN)
        lead = "…" if shown_from > begin else ""
        return ExpressionError(
            f"{what} (line {line}, column {column})\n    {lead}{before}{after}\n    {' ' * len(lead + before)}^",
            where=f"expression `{shorten(self.text, _SHOWN)}`",
            hint=hint,
        )
