"""Two values side by side, for people: their lines in pairs, and within a pair the words that differ.

Long values are shortened around what differs. Characters that don't show, or that turn the text around them, stand as
`\\u200b`, so that nothing differs invisibly and nothing that a client wrote can disguise itself.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from pydantic import JsonValue

NOTHING = "(nothing)"
CONTEXT_LINES = 2
MOST_ROWS = 80
MOST_COMPARED = 800
"""Lines or words on one side up to which the best match is looked for: that takes quadratic time."""
SAME_LENGTH, CHANGED_LENGTH, VALUE_LENGTH = 60, 400, 400
"""Characters shown of what is the same beside a difference, of what differs, and of a value that stands alone."""
ALIKE = 0.3
"""Share of common text from which marking words helps more than marking the whole line."""

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_WORDS, _CLAUSES = re.compile(r"\w+|\s|[^\w\s]"), re.compile(r"[^.!?;,]+[.!?;,]*\s*|[.!?;,]+\s*")


@dataclass(frozen=True)
class Piece:
    """A part of a line."""

    text: str
    changed: bool = False


Line = tuple[Piece, ...]


@dataclass(frozen=True)
class Row:
    """A line of each side. A `gap` stands for lines that were left out, and says so on the left."""

    kind: Literal["same", "changed", "removed", "added", "gap"]
    left: Line = ()
    right: Line = ()


def shown(text: str, exact: bool = False) -> str:
    """The text with each character that doesn't show as its escape. New lines and tabs stay. `exact`: spaces that
    aren't the usual one are told apart, too."""
    if text.isascii() and text.isprintable():
        return text
    hidden = (*_HIDDEN, "Zs") if exact else _HIDDEN
    return "".join(
        f"\\u{ord(one):04x}" if unicodedata.category(one) in hidden and not _stays(one, before) else one
        for before, one in zip(" " + text, text, strict=False)
    )


def _stays(character: str, before: str) -> bool:
    """White space that every reader knows, and joiners inside an emoji or a script that needs them."""
    return character in "\n\t " or (character in "\u200c\u200d" and not before.isascii())


def value_text(value: JsonValue, limit: int = VALUE_LENGTH) -> str:
    """A value that stands alone: text as it is, anything else as JSON; at most about `limit` characters."""
    if value is None:
        return NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text, limit, limit // 4) if text else '""'


def _cut(text: str, limit: int, tail: int) -> str:
    """The text without its middle, and how much that was."""
    if len(text) <= limit:
        return text
    head = limit - tail
    return f"{text[:head]} … {len(text) - head - tail:,} more characters … {text[len(text) - tail :]}"


def pairs(value: JsonValue, most: int = 40) -> tuple[tuple[str, str], ...]:
    """A value as names and texts, one for each leaf: `values › Name`. The last one says how many were left out."""
    found = list(_leaves(value, ""))
    kept = [(name, value_text(leaf)) for name, leaf in found[:most]]
    return (*kept, *([("…", f"and {len(found) - most:,} more values")] if len(found) > most else []))


def _leaves(value: JsonValue, name: str) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{name} › {key}" if name else key)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value, 1):
            yield from _leaves(item, f"{name} › {number}" if name else str(number))
    else:
        yield name or "value", value


def side_by_side(expected: JsonValue, actual: JsonValue) -> tuple[Row, ...]:
    """The rows of a diff. Two texts are shown as they are, anything else as JSON, so that 1 and "1" look different."""
    left, right = _lines(expected, actual)
    rows = tuple(_shortened(row) for row in _folded(list(_paired(left, right))))
    if len(rows) <= MOST_ROWS:
        return rows
    return (*rows[:MOST_ROWS], _gap(f"… {len(rows) - MOST_ROWS:,} more lines"))


def unified(rows: Sequence[Row]) -> str:
    """The rows as lines that begin with `-` (expected), `+` (actual) or a space."""
    lines: list[str] = []
    added: list[str] = []
    for row in rows:
        if row.kind in ("same", "gap"):
            lines, added = [*lines, *added, f"  {_joined(row.left)}"], []
            continue
        if row.kind != "added":
            lines.append(f"- {_joined(row.left)}")
        if row.kind != "removed":
            added.append(f"+ {_joined(row.right)}")
    return "\n".join([*lines, *added])


def _joined(line: Line) -> str:
    return "".join(piece.text for piece in line)


def _lines(expected: JsonValue, actual: JsonValue) -> tuple[list[str], list[str]]:
    if isinstance(expected, str) and isinstance(actual, str) and expected.strip() and actual.strip():
        return expected.split("\n"), actual.split("\n")
    return _json_lines(expected), _json_lines(actual)


def _json_lines(value: JsonValue) -> list[str]:
    return [NOTHING] if value is None else json.dumps(value, indent=2, ensure_ascii=False).split("\n")


def _paired(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    for same, a, b in _matched(left, right):
        if same:
            yield from (Row("same", (Piece(line),), (Piece(line),)) for line in a)
        else:
            yield from (_pair(one, other) for one, other in zip_longest(a, b))


def _pair(left: str | None, right: str | None) -> Row:
    if right is None:
        return Row("removed", left=(Piece(left or "", changed=True),))
    if left is None:
        return Row("added", right=(Piece(right, changed=True),))
    return Row("changed", *_marked(left, right))


def _marked(left: str, right: str) -> tuple[Line, Line]:
    """Both lines with the words that differ marked, or all of it where little is common."""
    found = list(_matched(_WORDS.findall(left), _WORDS.findall(right), _CLAUSES))
    common = sum(len(word) for same, a, _ in found if same for word in a if not word.isspace())
    if 2 * common < ALIKE * (len(left) + len(right)):
        return (Piece(left, changed=True),), (Piece(right, changed=True),)
    sides = [tuple(Piece("".join(side), not same) for same, *both in found if (side := both[at])) for at in (0, 1)]
    return sides[0], sides[1]


def _matched(
    left: Sequence[str], right: Sequence[str], coarser: re.Pattern[str] | None = None
) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    """Stretches of both that are the same or not, in order. What is too long is matched by `coarser` units."""
    start, shorter = 0, min(len(left), len(right))
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    middle = left[start : len(left) - end], right[start : len(right) - end]
    if start:
        yield True, left[:start], right[:start]
    if max(len(middle[0]), len(middle[1])) > MOST_COMPARED:
        if coarser:
            yield from _matched(coarser.findall("".join(middle[0])), coarser.findall("".join(middle[1])))
        else:
            yield False, *middle
    else:
        for tag, a, b, c, d in SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
            yield tag == "equal", middle[0][a:b], middle[1][c:d]
    if end:
        yield True, left[len(left) - end :], right[len(right) - end :]


def _folded(rows: list[Row]) -> Iterator[Row]:
    """The rows without those that are far from any difference."""
    near = {
        index + offset
        for index, row in enumerate(rows)
        if row.kind != "same"
        for offset in range(-CONTEXT_LINES, CONTEXT_LINES + 1)
    }
    skipped = 0
    for index, row in enumerate(rows):
        if index not in near:
            skipped += 1
            continue
        if skipped:
            yield _gap(_alike(skipped))
        skipped = 0
        yield row
    if skipped:
        yield _gap(_alike(skipped))


def _alike(count: int) -> str:
    return f"… {count:,} line{'' if count == 1 else 's'} alike"


def _gap(text: str) -> Row:
    return Row("gap", left=(Piece(text),))


def _shortened(row: Row) -> Row:
    return Row(row.kind, _short_line(row.left), _short_line(row.right))


def _short_line(line: Line) -> Line:
    """The line with long pieces cut: what is the same far from a difference, what differs in its middle."""
    last = len(line) - 1
    return tuple(
        Piece(shown(_piece_text(piece, index == 0 != last, index == last != 0), piece.changed), piece.changed)
        for index, piece in enumerate(line)
    )


def _piece_text(piece: Piece, first: bool, last: bool) -> str:
    if piece.changed or not (first or last):
        return _cut(piece.text, CHANGED_LENGTH, CHANGED_LENGTH // 4)
    if len(piece.text) <= 2 * SAME_LENGTH:
        return piece.text
    return f"… {piece.text[-SAME_LENGTH:]}" if first else f"{piece.text[:SAME_LENGTH]} …"
