"""A picture for documents: an SVG with its size on paper, as vector for PDFs and as a crisp raster for Word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from manageai_assets.documents.fonts import fonts, needs_more

if TYPE_CHECKING:
    from typst import Compiler

_RASTER = b"""#set page(width: float(sys.inputs.width) * 1mm, height: float(sys.inputs.height) * 1mm, margin: 0mm)
#image(bytes(sys.inputs.picture), format: "svg", width: 100%)
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
