"""The fonts that pictures and PDFs are set in: the same on every machine, since they come as Python packages.

Source Sans Pro for Latin, Greek and Cyrillic; DejaVu Sans (of matplotlib) for Arabic, Hebrew, symbols and the commoner
emoji; Noto Sans CJK for Chinese, Japanese and Korean. Characters that none of them has are looked for in the fonts of
the machine, and are boxes where it has none either.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typst import Fonts

FAMILIES = ("Source Sans Pro", "DejaVu Sans", "Noto Sans CJK TC")
"""In the order in which a character is looked for."""

_USUAL = re.compile("[\x00-\u024f\u0370-\u03ff\u0400-\u04ff\u2010-\u2044\u20a0-\u20b5\u2190-\u2199\u2212\u2248-\u2265]")
"""Characters whose glyphs need no looking up, which saves reading the fonts for most documents."""

_FOLDERS = (
    ("font_source_sans_pro", "files", "SourceSansPro-{Regular,It,Semibold,Bold}.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf", "DejaVuSans{,-Bold}.ttf"),
    ("cvttf_NotoSansCJK_Regular", ".", "NotoSansCJKtc-Regular.otf"),
)


@cache
def font_files() -> tuple[Path, ...]:
    """The font files that the packages bring, in the order of `FAMILIES`; those of a missing package are left out."""
    found: list[Path] = []
    for package, folder, names in _FOLDERS:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        before, _, rest = names.partition("{")
        middle, _, after = rest.partition("}")
        for part in middle.split(","):
            file = Path(spec.origin).parent / folder / f"{before}{part}{after}"
            found += [file] if file.is_file() else []
    return tuple(found)


@cache
def covered() -> frozenset[int]:
    """The code points that the packages' fonts have glyphs for."""
    from matplotlib.ft2font import FT2Font

    return frozenset(code for file in font_files() for code in FT2Font(file).get_charmap())


def needs_more(text: str) -> bool:
    """Whether `text` has visible characters beyond the packages' fonts."""
    rare = {character for character in set(text) if not _USUAL.fullmatch(character)}
    return any(ord(character) not in covered() for character in rare if character.isprintable())


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder with links to the fonts, and only to them: the packages hold each font in several formats, and which
    of them was taken would hang on the order of a folder. It goes when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="manageai-fonts-")
    for file in font_files():
        (Path(folder.name) / file.name).symlink_to(file)
    return folder


@cache
def fonts(with_system: bool = False) -> Fonts:
    """The fonts for Typst; with those of the machine only where text needs them, as finding these takes a while."""
    from typst import Fonts

    return Fonts(include_system_fonts=with_system, include_embedded_fonts=True, font_paths=[_folder().name])
