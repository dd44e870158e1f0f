"""How wide text is in the documents' own fonts, and how it wraps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from manageai_assets.build.flow_text import clean
from manageai_assets.documents.fonts import font_files

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font


@dataclass(frozen=True)
class Fitted:
    """Text in lines, and how wide the widest is."""

    lines: tuple[str, ...]
    width: float


@cache
def _fonts() -> tuple[tuple[FT2Font, frozenset[int]], ...]:
    from matplotlib.ft2font import FT2Font

    chosen = [file for file in font_files() if "It" not in file.stem and "Regular" not in file.stem]
    return tuple((font, frozenset(font.get_charmap())) for font in map(FT2Font, chosen))


@lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    """Width of the character in the semibold font, as a share of the size; of a full square where no font has it."""
    from matplotlib.ft2font import LoadFlags

    for font, known in _fonts():
        if ord(character) in known:
            glyph = font.load_char(ord(character), flags=LoadFlags.NO_SCALE)
            return float(glyph.horiAdvance) / float(font.units_per_EM)
    return 1.0


def width(text: str, size: float) -> float:
    """Width of the text in the semibold font of that size."""
    return sum(map(_advance, text)) * size


def fitted(text: str, size: float, most: float, lines: int, bold: bool = False) -> Fitted:
    """The text in at most so many lines of at most that width; what doesn't fit ends in an ellipsis."""
    share = 1.0 if bold else 0.96
    room = most / (size * share)
    found: list[str] = []
    line, used = "", 0.0
    for word in clean(text[:2000]).split(" "):
        for piece in _pieces(word, room):
            needed = width(piece, 1.0)
            if line and used + _advance(" ") + needed > room:
                found.append(line)
                line, used = "", 0.0
            line, used = (f"{line} {piece}", used + _advance(" ") + needed) if line else (piece, needed)
    found.append(line)
    if len(found) > lines:
        found = [*found[: lines - 1], _cut(found[lines - 1], room)]
    return Fitted(tuple(found), max(width(one, 1.0) for one in found) * size * share)


def _pieces(word: str, room: float) -> list[str]:
    """The word, in several pieces where it is wider than a line."""
    pieces = [""]
    used = 0.0
    for character in word:
        used += _advance(character)
        if used > room and pieces[-1]:
            pieces.append("")
            used = _advance(character)
        pieces[-1] += character
    return pieces


def _cut(text: str, room: float) -> str:
    while text and width(text + "…", 1.0) > room:
        text = text[:-1]
    return text.rstrip(" ,;:-–") + "…"
