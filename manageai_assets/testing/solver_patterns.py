"""Texts that a regular expression matches.

The pattern's own syntax tree, as Python's engine has it, is walked once for each text. What lies in a look-ahead is
written out where it stands, which serves the common `(?=.*\\d)`; look-behinds and word edges are left to luck, so
that whoever asks must try what comes out.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]  # typeshed hides them; they are re's own tree
from types import MappingProxyType
from typing import Any

from compilers.errors import ExpressionError
from compilers.expressions.regex import javascript_regex

_LIKED = string.ascii_lowercase + string.digits + string.ascii_uppercase + " -_.,@:/" + string.punctuation
_LONGEST = 200
_Walk = Callable[["_Writer", Any], str]
"""Takes what the engine's tree holds for one kind of node; it has no types."""


@lru_cache(maxsize=256)
def matching_texts(pattern: str, ignore_case: bool = False, count: int = 12) -> tuple[str, ...]:
    """Different texts that JavaScript's pattern matches, the plainest first; none for a broken pattern."""
    try:
        compiled = javascript_regex(pattern, "i" if ignore_case else "")
        tree = _parser.parse(compiled.pattern, compiled.flags)
        written = [_Writer(random.Random(seed) if seed else None).sequence(tree) for seed in range(count)]
    except (ExpressionError, RecursionError):
        return ()
    return tuple(text for text in dict.fromkeys(written) if compiled.search(text))


class _Writer:
    """Writes one text; without a source of chance, the plainest one."""

    def __init__(self, chance: random.Random | None) -> None:
        self.chance = chance
        self.groups: dict[int, str] = {}

    def sequence(self, tree: Iterable[tuple[object, Any]]) -> str:
        return "".join(_WALKS.get(kind, _nothing)(self, argument) for kind, argument in tree)

    def pick(self, allowed: Sequence[str]) -> str:
        if not allowed:
            return ""
        return self.chance.choice(allowed) if self.chance else allowed[0]


def _nothing(writer: _Writer, argument: Any) -> str:
    return ""


def _literal(writer: _Writer, argument: Any) -> str:
    return chr(argument) if isinstance(argument, int) else ""


def _not_literal(writer: _Writer, argument: Any) -> str:
    return writer.pick([c for c in _LIKED if ord(c) != argument])


def _any(writer: _Writer, argument: Any) -> str:
    return writer.pick(string.ascii_lowercase)


def _class(writer: _Writer, argument: Any) -> str:
    items = list(_items(argument))
    negated = bool(items) and items[0][0] is _constants.NEGATE
    liked = [c for c in _LIKED if any(_is_in(ord(c), kind, part) for kind, part in items) is not negated]
    if liked or negated:
        return writer.pick(liked)
    return writer.pick([chr(_first(kind, part)) for kind, part in items])


def _is_in(code: int, kind: object, part: object) -> bool:
    if isinstance(part, int) and not isinstance(part, _constants._NamedIntConstant):
        return code == part
    if isinstance(part, tuple):
        return bool(part[0] <= code <= part[1])
    character = chr(code)
    known = {
        _constants.CATEGORY_DIGIT: character.isdecimal(),
        _constants.CATEGORY_SPACE: character.isspace(),
        _constants.CATEGORY_WORD: character.isalnum() or character == "_",
        _constants.CATEGORY_NOT_DIGIT: not character.isdecimal(),
        _constants.CATEGORY_NOT_SPACE: not character.isspace(),
        _constants.CATEGORY_NOT_WORD: not (character.isalnum() or character == "_"),
    }
    return known.get(part, False)


def _first(kind: object, part: object) -> int:
    if isinstance(part, tuple):
        return int(part[0])
    return int(part) if isinstance(part, int) and kind is _constants.LITERAL else ord(" ")


def _items(argument: Any) -> Iterator[tuple[object, object]]:
    if isinstance(argument, (list, tuple, _parser.SubPattern)):
        yield from argument


def _repeat(writer: _Writer, argument: Any) -> str:
    least, most, tree = argument
    times = int(least)
    if writer.chance:
        times = min(int(most), times + writer.chance.choice((0, 1, 1, 2, 3, 8)))
    elif times == 0 and int(most) > 0:
        times = 1
    return "".join(writer.sequence(tree) for _ in range(min(times, _LONGEST)))


def _group(writer: _Writer, argument: Any) -> str:
    number, _, _, tree = argument  # the two are flags to add and to take away
    found = writer.sequence(tree)
    if number is not None:
        writer.groups[number] = found
    return found


def _branch(writer: _Writer, argument: Any) -> str:
    _, trees = argument
    return writer.sequence(writer.chance.choice(trees) if writer.chance else trees[0])


def _look(writer: _Writer, argument: Any) -> str:
    direction, tree = argument
    return writer.sequence(tree) if direction > 0 else ""


def _backreference(writer: _Writer, argument: Any) -> str:
    return writer.groups.get(argument, "") if isinstance(argument, int) else ""


_WALKS: Mapping[object, _Walk] = MappingProxyType({
    _constants.LITERAL: _literal,
    _constants.NOT_LITERAL: _not_literal,
    _constants.ANY: _any,
    _constants.IN: _class,
    _constants.MAX_REPEAT: _repeat,
    _constants.MIN_REPEAT: _repeat,
    _constants.SUBPATTERN: _group,
    _constants.BRANCH: _branch,
    _constants.ASSERT: _look,
    _constants.GROUPREF: _backreference,
})  # fmt: skip
