"""The flow as a picture that fits on a page: numbered cards in lanes that wrap, readable from 3 steps to hundreds.

The picture of the user interface (`build/flow_picture.py`) grows with the flow; this one keeps the page's width and
takes more and narrower cards into a row, then leaves cards out of long lanes and says how many, until it is no higher
than the page allows. Client text is cleaned and escaped. The same spec always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from compilers.graph import SpecGraph
from compilers.spec import Spec
from manageai_assets.build.flow_cards import COLOURS, INK, LINE, RED, SOFT, text
from manageai_assets.build.flow_picture import loops_of
from manageai_assets.build.flow_text import element, number, xml
from manageai_assets.build.flow_words import Family, family
from manageai_assets.documents import words
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.fonts import FAMILIES
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.documents.pictures.lanes import Cell, Lane, lanes_of, shortened
from manageai_assets.documents.pictures.measure import Fitted, fitted
from manageai_assets.documents.pictures.picture import Picture

UNITS = 4.0
"""SVG units in a millimetre: text of size 12 is 8.5 points on paper."""

GAP, INDENT, PILL, MARGIN = 20.0, 26.0, 20.0, 3.0
AMBER = "#b45309"


@dataclass(frozen=True)
class Look:
    """How cards are set: how many fit in a row, lines of their title, its size, whether notes stand below it, the
    room between rows, whether what leads to a lane stands beside its cards, how many of these a lane may have,
    and by how much everything is smaller on paper."""

    columns: int
    lines: int
    size: float
    notes: bool
    gutter: float = 24.0
    beside: bool = False
    cells: int = 1000
    scale: float = 1.0


LOOKS = (
    Look(3, 3, 13.0, True),
    Look(4, 3, 12.5, True),
    Look(4, 2, 12.0, True, 22.0),
    Look(4, 2, 12.0, False, 22.0, True),
    Look(5, 3, 11.5, False, 20.0, True),
    Look(5, 2, 11.5, False, 20.0, True),
    Look(6, 2, 11.0, False, 16.0, True),
    Look(7, 2, 11.0, False, 16.0, True, scale=1.15),
    Look(8, 2, 11.0, False, 16.0, True, scale=1.3),
    Look(7, 2, 11.0, False, 16.0, True, 6, 1.15),
    Look(6, 2, 11.0, False, 16.0, True, 3),
    Look(6, 1, 11.0, False, 14.0, True, 2),
)
"""From the roomiest to the tightest; the first one that is low enough is taken."""


@dataclass(frozen=True)
class Box:
    """A placed card."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True)
class Written:
    """What stands on a card, wrapped: title, and notes with their colours."""

    kind: str
    title: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    family: Family

    def height(self, size: float) -> float:
        """Height of the card."""
        return 31.0 + (size + 3.5) * len(self.title) + 12.5 * len(self.notes)


def flow(spec: Spec, facts: Facts, width: float = 170.0, most_height: float = 215.0) -> Picture:
    """The picture of a flow, `width` millimetres wide and, if it can be, at most `most_height` high. Steps have the
    numbers of the facts."""
    return flows(spec, facts, width, [most_height])[0]


def flows(spec: Spec, facts: Facts, width: float, heights: Sequence[float]) -> tuple[Picture, ...]:
    """The picture of a flow for each of these heights, the greatest first; the same one where it is low enough."""
    say, graph = messages(facts.brand.language), SpecGraph(spec)
    lanes = lanes_of(graph, {line.step: line.number for line in facts.lines if line.step})
    alt = say("pictures.flow", name=spec.name, count=facts.steps)
    found: list[Picture] = []
    looks = list(LOOKS)
    for most in heights:
        if found and found[-1].height <= most:
            found.append(found[-1])
            continue
        while True:
            units = UNITS * looks[0].scale
            sketch = _Sketch(graph, say, looks[0], width * units, most * units)
            sketch.draw(shortened(lanes, looks[0].cells))
            if sketch.bottom <= most * units or len(looks) == 1:
                break
            looks.pop(0)
        found.append(Picture(_document(sketch, alt), width, sketch.bottom / units, alt))
    return tuple(found)


def _document(sketch: _Sketch, alt: str) -> str:
    size = f"{number(sketch.width)} {number(sketch.bottom)}"
    markers = "".join(_marker(name, colour) for name, colour in (("to", LINE), ("to-error", RED)))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{number(sketch.width)}"'
            f' height="{number(sketch.bottom)}" font-family="{xml(", ".join(FAMILIES))}">',
            element("title", alt),
            f"<defs>{markers}</defs>",
            *sketch.behind,
            *sketch.lines,
            *sketch.front,
            "</svg>\n",
        ]
    )


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0.5 0.5 L7.5 4 L0.5 7.5 Z" fill="{colour}"/></marker>'
    )


class _Sketch:
    """A drawing in the making: shapes behind, lines, and cards in front; `bottom` is how far down it goes."""

    def __init__(self, graph: SpecGraph, say: Messages, look: Look, width: float, most: float) -> None:
        self.graph, self.say, self.look = graph, say, look
        self.width, self.most, self.bottom = width, most, MARGIN
        self.behind: list[str] = []
        self.lines: list[str] = []
        self.front: list[str] = []
        self.leads: dict[int, float] = {}
        self.inside = [loop.members for loop in loops_of(graph)]

    def draw(self, lanes: Sequence[Lane]) -> None:
        """Draws all lanes, unless they are seen to need another look; where none is left, the last ones as a number."""
        longest = max(len(lane.cells) for lane in lanes)
        columns = min(self.look.columns, max(longest, 2))
        self.card = min((self.width - 2 * MARGIN - GAP * (columns - 1)) / columns, 232.0)
        ends: dict[int, Box] = {}
        for lane in lanes:
            if self.look.beside and lane.cells and (lane.edge is not None or lane.loose):
                self.leads[lane.depth] = max(self.leads.get(lane.depth, 0.0), self._lead(lane)[1])
        for index, lane in enumerate(lanes):
            if self.look is LOOKS[-1] and index and self.bottom > self.most - 60 and index < len(lanes) - 1:
                left = sum(cell.more or 1 for later in lanes[index:] for cell in later.cells)
                shown = fitted(self.say("pictures.more", count=left), 11.0, 420.0, 1, bold=True)
                self._pill(shown, shown.width + 20, MARGIN, self.bottom + 8, SOFT)
                self.bottom += 8 + PILL + MARGIN
                return
            self._lane(lane, ends)
            if self.bottom > self.most and self.look is not LOOKS[-1]:
                return
        self.bottom += MARGIN

    def _lane(self, lane: Lane, ends: dict[int, Box]) -> None:
        left = MARGIN + INDENT * lane.depth
        start = self.bottom + (0.0 if lane.depth == 0 and not ends else self.look.gutter)
        above = ends.get(lane.depth - 1)
        before = ends.get(lane.depth)
        for deeper in [depth for depth in ends if depth >= lane.depth]:
            del ends[deeper]
        if lane.edge is None and not lane.loose:
            if before is not None:
                self._rail(before, left + 12, start, left + 12)
            ends[lane.depth] = self._rows(lane.cells, left, start)
            return
        shown, length = self._lead(lane)
        if self.look.beside and lane.cells:
            first = self._row_height(lane.cells[:1], self.card)
            ends[lane.depth] = self._rows(lane.cells, left + self.leads[lane.depth] + GAP, start)
            top = start + first / 2 - PILL / 2
            cards = left + self.leads[lane.depth] + GAP
            self._line([(left + length, start + first / 2), (cards - 1, start + first / 2)], lane.fails)
        else:
            top = start = start + 4 if lane.fails else start - 6
            self.bottom = start + PILL
            if lane.cells:
                self._line([(left + 12, start + PILL), (left + 12, start + PILL + 9)], lane.fails)
                ends[lane.depth] = self._rows(lane.cells, left, start + PILL + 10)
        self._pill(shown, length, left, top, RED if lane.fails else AMBER)
        if above is not None:
            self._rail(above, left - INDENT + 12, top + PILL / 2, left - 1)

    def _lead(self, lane: Lane) -> tuple[Fitted, float]:
        """What leads to a lane, as it is written, and how long its pill is."""
        shown = fitted(self._leading(lane), 11.0, 150.0 if self.look.beside else 420.0, 1, bold=True)
        return shown, max(shown.width + 20, 40)

    def _leading(self, lane: Lane) -> str:
        """What leads to a lane, in words."""
        if lane.edge is None:
            return self.say("facts.lead.loose")
        way = words.way(lane.edge, self.say)
        if lane.fails:
            fails = self.say("pictures.fails", number=lane.after)
            return f"{fails}: {way}" if lane.edge.filter is not None else fails
        way = way or self.say("facts.lead.always")
        return self.say("facts.lead.straight", what=way) if lane.straight else way

    def _pill(self, shown: Fitted, length: float, left: float, top: float, colour: str) -> None:
        self.front.append(
            element("rect", x=left, y=top, width=length, height=PILL, rx=10, fill="#ffffff", stroke=colour)
        )
        words = text(shown.lines[0], left + length / 2, top + 14, 11, colour, font_weight="600", text_anchor="middle")
        self.front.append(words)

    def _row_height(self, cells: Sequence[Cell], width: float) -> float:
        return max(self._written(cell, width).height(self.look.size) for cell in cells)

    def _rows(self, cells: Sequence[Cell], left: float, top: float) -> Box:
        room = self.width - MARGIN - left
        count = max(int((room + GAP + 0.5) // (self.card + GAP)), 1)
        if (room + GAP) - count * (self.card + GAP) > 0.55 * self.card:
            count += 1
        width = min((room - GAP * (count - 1)) / count, self.card * 1.25)
        box = Box(left, top, width, 0.0)
        for index in range(0, len(cells), count):
            row = cells[index : index + count]
            written = [self._written(cell, width) for cell in row]
            height = max(item.height(self.look.size) for item in written)
            if index:
                self._back(box, left + width / 2, top)
            boxes = [Box(left + (width + GAP) * place, top, width, height) for place in range(len(row))]
            self._tint(row, boxes)
            for cell, item, box in zip(row, written, boxes, strict=True):
                self._draw_card(cell, item, box)
            for before, after in pairwise(boxes):
                self._line([(before.x + width, top + height / 2), (after.x - 1, top + height / 2)])
            box = boxes[-1]
            self.bottom = top + height
            top = self.bottom + self.look.gutter
        return box

    # -- cards ----------------------------------------------------------------------------------------------------

    def _written(self, cell: Cell, width: float) -> Written:
        size, room = self.look.size, width - 20
        step = cell.step
        if step is None:
            return Written(
                "", fitted(self.say("pictures.more", count=cell.more), size, room, 2, bold=True).lines, (), "data"
            )
        notes: list[tuple[str, str]] = []
        if cell.edge is not None and self.look.lines > 1:
            told = cell.edge.label or (words.conditions(cell.edge.filter, self.say) if cell.edge.filter else "")
            said = self.say("facts.lead.filter", what=told)
            notes += [(line, AMBER) for line in fitted(said, 10.0, room, 2 if self.look.notes else 1).lines]
        if step.on_error and self.look.notes:
            said = self.say("pictures.on_error", what=words.strategy(step.on_error, self.say))
            notes += [(line, RED) for line in fitted(said, 10.0, room, 2).lines]
        return Written(
            fitted(words.kind(step, self.say), 10.5, room - 22, 1, bold=True).lines[0],
            fitted(step.title, size, room, self.look.lines, bold=True).lines,
            tuple(notes),
            family(step, step is self.graph.trigger, step.id in self.graph.error_steps),
        )

    def _draw_card(self, cell: Cell, item: Written, box: Box) -> None:
        colour, tint, _ = COLOURS[item.family]
        place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": 7.0}
        off = cell.step is not None and cell.step.disabled
        self.front.append('<g opacity="0.55">' if off else "<g>")
        dashed = {} if cell.step is not None and item.family != "manual" else {"stroke_dasharray": "5 4"}
        fill = tint if item.family in ("trigger", "choice", "error") else "#ffffff"
        self.front.append(element("rect", **place, fill=fill, stroke=colour, stroke_opacity="0.55", **dashed))
        if cell.step is None:
            y = box.y + box.height / 2 + 4 - 7 * (len(item.title) - 1)
            for index, line in enumerate(item.title):
                self.front.append(
                    text(
                        line, box.middle, y + 14 * index, self.look.size, SOFT, text_anchor="middle", font_weight="600"
                    )
                )
        else:
            self._words(cell.number, item, box, colour)
        self.front.append("</g>")

    def _words(self, count: int, item: Written, box: Box, colour: str) -> None:
        self.front.append(element("circle", cx=box.x + 18, cy=box.y + 15, r=8.5, fill=colour))
        size = 10.0 if count < 100 else 8.0
        self.front.append(
            text(str(count), box.x + 18, box.y + 18.5, size, "#ffffff", text_anchor="middle", font_weight="700")
        )
        self.front.append(text(item.kind, box.x + 32, box.y + 18.5, 10.5, colour, font_weight="600"))
        y = box.y + 25 + self.look.size
        for line in item.title:
            self.front.append(text(line, box.x + 10, y, self.look.size, INK, font_weight="600"))
            y += self.look.size + 3.5
        y -= 4.0
        for line, note_colour in item.notes:
            self.front.append(text(line, box.x + 10, y, 10.0, note_colour))
            y += 12.5

    def _tint(self, row: Sequence[Cell], boxes: Sequence[Box]) -> None:
        """A tint behind the cards of each loop."""
        for members in self.inside:
            marked = [cell.step is not None and cell.step.id in members for cell in row]
            for inside, group in groupby(range(len(row)), key=marked.__getitem__):
                indices = list(group)
                if inside:
                    first, last = boxes[indices[0]], boxes[indices[-1]]
                    self.behind.append(
                        element(
                            "rect",
                            x=first.x - 3,
                            y=first.y - 3,
                            width=last.x + last.width - first.x + 6,
                            height=first.height + 6,
                            rx=9,
                            fill="#7c3aed",
                            fill_opacity="0.13",
                        )
                    )

    # -- lines ----------------------------------------------------------------------------------------------------

    def _rail(self, source: Box, rail: float, y: float, end: float) -> None:
        """From below a card to the left, down, and to the right; straight down where the end is on the rail."""
        turn = source.bottom + 8
        points = [(source.middle, source.bottom), (source.middle, turn), (rail, turn), (rail, y)]
        self._line([*points, (end, y)] if end != rail else [*points[:-1], (rail, y - 1)])

    def _back(self, source: Box, x: float, top: float) -> None:
        turn = source.bottom + self.look.gutter / 2
        self._line([(source.middle, source.bottom), (source.middle, turn), (x, turn), (x, top - 1)])

    def _line(self, points: Sequence[tuple[float, float]], error: bool = False) -> None:
        look = {"stroke": RED, "marker_end": "url(#to-error)"} if error else {"stroke": LINE, "marker_end": "url(#to)"}
        path = "M" + " L".join(f"{number(x)} {number(y)}" for x, y in points)
        self.lines.append(element("path", d=path, fill="none", stroke_width="1.4", stroke_linejoin="round", **look))
