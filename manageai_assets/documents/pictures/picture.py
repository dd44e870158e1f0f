"""A picture for documents: an SVG with its size on paper, as vector for PDFs and as a crisp raster for Word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from manageai_assets.documents.fonts import fonts, needs_more

if TYPE_CHECKING:
    from typst import Compiler

_RASTER = b"""#set page(width: float(sys.inputs.width) * 1mm, height: float(sys.inputs.height) * 1mm, margin: 0mm)
#image(bytes(sys.inputs.picture), format: "svg", width: 100%)
"""
_RASTERS = b"""#for it in json(bytes(sys.inputs.pictures)) {
  page(width: it.width * 1mm, height: it.height * 1mm, margin: 0mm, image(bytes(it.svg), format: "svg", width: 100%))
}
"""


@dataclass(frozen=True)
class Picture:
    """A picture: `svg`, its size in millimetres, and what it shows in words (`alt`)."""

    svg: str
    width: float
    height: float
    alt: str

    def png(self, ppi: int = 220) -> bytes:
        """The picture as a PNG on white, with so many pixels an inch."""
        values = {"width": f"{self.width:.2f}", "height": f"{self.height:.2f}", "picture": self.svg}
        drawn = compiler(needs_more(self.svg)).compile(input=_RASTER, format="png", ppi=ppi, sys_inputs=values)
        return cast("bytes", drawn)


@cache
def compiler(with_system_fonts: bool) -> Compiler:
    """The Typst compiler of this process; it keeps the fonts that it has read."""
    from typst import Compiler

    return Compiler(font_paths=fonts(with_system_fonts))


def pngs(pictures: Sequence[Picture], ppi: int = 220) -> list[bytes]:
    """Pictures as PNGs, all drawn at once, which takes a small part of the time where there are many."""
    if not pictures:
        return []
    values = [{"width": one.width, "height": one.height, "svg": one.svg} for one in pictures]
    data = {"pictures": json.dumps(values, ensure_ascii=False)}
    more = needs_more("".join(one.svg for one in pictures))
    drawn = compiler(more).compile(input=_RASTERS, format="png", ppi=ppi, sys_inputs=data)
    return list(drawn) if isinstance(drawn, list) else [cast("bytes", drawn)]
