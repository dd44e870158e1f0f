"""Text and elements of pictures: how wide text is, how it wraps, and how it becomes SVG.

Nobody knows which font the picture will be shown in, so widths are those of a wide sans-serif. Whatever goes through
`element` is cleaned and escaped.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from xml.sax.saxutils import escape

_NARROW, _WIDE = frozenset("fijlrt.,:;'|!()[]{}/\\ I"), frozenset("mwMWGOQ@%&—")

BOLD = 1.13
"""How much wider bold text is than regular text of the same font; multiply the size by it."""


def clean(text: str) -> str:
    """`text` on one line, without control, formatting or unassigned characters, which XML forbids or which mislead."""
    visible = (
        " "
        if character.isspace()
        else character
        if unicodedata.category(character)[0] != "C"
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
    return " ".join("".join(visible).split())


@lru_cache(maxsize=1024)  # colours and the like are written thousands of times
def xml(text: str) -> str:
    """`text` cleaned and escaped for XML, in elements and in attributes."""
    return escape(clean(text), {'"': "&quot;", "'": "&#39;"})


def number(value: float) -> str:
    """A coordinate: one decimal at most, no trailing zero."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def element(name: str, words: str = "", /, **attributes: str | float) -> str:
    """An SVG element with these attributes (`_` stands for `-`) around this text."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{xml(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{xml(words)}</{name}>" if words else f"<{name}{written}/>"


def width(text: str, size: float) -> float:
    """About how wide the text is in a sans-serif font of that size, rather too wide than too narrow."""
    return sum(_share(character) for character in text) * size


def _share(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if character in _WIDE or unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    return 0.71 if character.isupper() else 0.6


def wrap(text: str, size: float, most: float, lines: int) -> list[str]:
    """The text in at most so many lines of at most that width; what doesn't fit ends in an ellipsis."""
    words = clean(text[:2000]).split(" ")
    wrapped: list[str] = []
    line = ""
    for index, word in enumerate(words):
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= most:
            line = longer
            continue
        if len(wrapped) == lines - 1:
            wrapped.append(
                _cut(" ".join(words[index:]) if not line else f"{line} {' '.join(words[index:])}", size, most)
            )
            return wrapped
        if line:
            wrapped.append(line)
            line = word
        if width(word, size) > most:
            if len(wrapped) == lines - 1:
                wrapped.append(_cut(" ".join(words[index:]), size, most))
                return wrapped
            head = _fitting(word, size, most)
            wrapped.append(head)
            rest = " ".join([word[len(head) :], *words[index + 1 :]])
            return wrapped + wrap(rest, size, most, lines - len(wrapped))
    return [*wrapped, line] if line or not wrapped else wrapped


def _cut(text: str, size: float, most: float) -> str:
    if width(text, size) <= most:
        return text
    return _fitting(text, size, most - width("…", size)).rstrip() + "…"


def _fitting(text: str, size: float, most: float) -> str:
    used = 0.0
    for index, character in enumerate(text):
        used += _share(character) * size
        if used > most:
            return text[: max(index, 1)]
    return text
