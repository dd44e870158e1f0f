"""The flow as a picture: an SVG that stands in documents, on GitHub and in the Dagster UI, from one step to hundreds.

Everything in it is text and shapes: no scripts, no fonts and no images to load. Client text is cleaned and escaped.
The same spec always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compilers.graph import SpecGraph
from compilers.spec import AggregateStep, Edge, IterateStep, OperationStep, RepeatStep, Spec
from manageai_assets.build.flow_cards import (
    BAND,
    CARD_WIDTH,
    COLOURS,
    FAINT,
    INK,
    LINE,
    RED,
    SMALL,
    SOFT,
    Card,
    card_of,
    drawn_card,
    drawn_label,
    label_size,
    text,
    way_labels,
)
from manageai_assets.build.flow_layout import GAP_Y, PORT, Box, Layout, lay_out, slot_name
from manageai_assets.build.flow_text import BOLD, element, number, width, wrap, xml
from manageai_assets.build.flow_words import Family, kind_name
from manageai_assets.stages import Preview, stage

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MARGIN, LEAST_WIDTH = 32.0, 480.0
DESCRIBED = 60
"""Steps that the picture's description names."""

TURN = GAP_Y / 2.4
Point = tuple[float, float]


@dataclass(frozen=True)
class Loop:
    """A loop: the step it starts with, everything that runs inside it, and how many loops lie in it."""

    start: str
    words: str
    members: frozenset[str]
    depth: int = 0


@dataclass(frozen=True)
class Drawing:
    """One spec, measured and laid out."""

    spec: Spec
    graph: SpecGraph
    cards: dict[str, Card]
    loops: Sequence[Loop]
    labels: dict[str, tuple[str, ...]]
    layout: Layout

    @property
    def boxes(self) -> dict[str, Box]:
        """The place of each step's card by step id, and of each branch without steps by slot name."""
        return self.layout.boxes


def _preview(picture: str) -> Preview:
    return Preview(numbers={"steps": picture.count('class="step"'), "arrows": picture.count("marker-end")})


@stage(artifact="flow.svg", group="documents", preview=_preview)
def flow_picture(canonical_spec: Spec) -> str:
    """A picture of the automation, from its trigger at the top down, as the client and the team see it."""
    return draw(canonical_spec)


def draw(spec: Spec) -> str:
    """The SVG of a spec. Broken specs (cycles, loose steps) are drawn as far as they go."""
    return _document(measure(spec))


def measure(spec: Spec) -> Drawing:
    """What `draw` draws, and where, before its margins."""
    graph = SpecGraph(spec)
    loops, labels = loops_of(graph), way_labels(graph)
    cards = {step.id: card_of(step, graph, sum(loop.start == step.id for loop in loops)) for step in graph}
    layout = lay_out(
        graph,
        {identifier: card.size for identifier, card in cards.items()},
        {name: label_size(label) for name, label in labels.items()},
    )
    return Drawing(spec, graph, cards, loops, labels, layout)


def loops_of(graph: SpecGraph) -> list[Loop]:
    """The loops of the flow, the larger ones first."""
    ends: dict[str, AggregateStep] = {}
    for step in graph.topological():
        source = graph.source_of(step) if isinstance(step, AggregateStep) else None
        if source is not None and isinstance(step, AggregateStep):
            ends.setdefault(source.id, step)
    loops = []
    for step in graph.topological():
        end = ends.get(step.id)
        if end is None and not isinstance(step, IterateStep | RepeatStep):
            continue
        words = "for each result" if isinstance(step, OperationStep) else "for each one"
        inside = graph.until(step.id, end.id if end else None)
        loops.append(Loop(step.id, "repeated" if isinstance(step, RepeatStep) else words, inside))
    depths = [sum(other.start in loop.members for other in loops) - 1 for loop in loops]
    deep = [Loop(loop.start, loop.words, loop.members, depth) for loop, depth in zip(loops, depths, strict=True)]
    return sorted(deep, key=lambda loop: -len(loop.members))


# -- the document -------------------------------------------------------------------------------------------------


def _document(drawing: Drawing) -> str:
    placed = drawing.boxes.values()
    left, right = min(box.left for box in placed), max(box.right for box in placed)
    whole = max(right - left + 2 * MARGIN, LEAST_WIDTH)
    heading, top = _heading(drawing.spec, whole)
    legend, legend_height = _legend([name for name in COLOURS if name in _families(drawing)], whole)
    height = top + max(box.bottom for box in placed) + 34 + legend_height
    shift = (whole - right + left) / 2 - left
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(whole)} {number(height)}"'
            f' width="{number(whole)}" height="{number(height)}" role="img" aria-labelledby="flow-title flow-desc"'
            f' font-family="{xml(FONT)}">',
            element("title", drawing.spec.name, id="flow-title"),
            element("desc", _description(drawing), id="flow-desc"),
            f"<defs>{_marker('to', LINE)}{_marker('to-error', RED)}</defs>",
            element("rect", width=whole, height=height, rx=14, fill="#f8fafc"),
            *heading,
            f'<g transform="translate({number(shift)} {number(top)})">',
            *_drawn_loops(drawing),
            *_drawn_edges(drawing),
            *(line for card in drawing.cards.values() for line in drawn_card(card, drawing.boxes[card.step.id])),
            *_drawn_labels(drawing),
            "</g>",
            f'<g transform="translate(0 {number(height - legend_height)})">',
            *legend,
            "</g>",
            "</svg>\n",
        ]
    )


def _families(drawing: Drawing) -> set[Family]:
    return {card.family for card in drawing.cards.values()}


def _description(drawing: Drawing) -> str:
    steps = drawing.graph.topological()
    named = "; ".join(f"{kind_name(step)}: {step.title}" for step in steps[:DESCRIBED])
    return f"Flow of {len(steps)} steps from top to bottom. {named}"


def _heading(spec: Spec, whole: float) -> tuple[list[str], float]:
    lines = wrap(spec.name, 19 * BOLD, whole - 2 * MARGIN, 2)
    under = wrap(f"{spec.customer.name} · version {spec.version}", 12, whole - 2 * MARGIN, 1)[0]
    drawn = [text(line, MARGIN, 42.0 + 24 * index, 19, INK, font_weight="700") for index, line in enumerate(lines)]
    y = 42.0 + 24 * (len(lines) - 1) + 21
    return [*drawn, text(under, MARGIN, y, 12, FAINT)], y + 34


def _legend(families: Sequence[Family], whole: float) -> tuple[list[str], float]:
    drawn = [element("line", x1=MARGIN, x2=whole - MARGIN, y1=0.5, y2=0.5, stroke="#e2e8f0")]
    x, y = MARGIN, 24.0
    for name in families:
        colour, _, words = COLOURS[name]
        needed = width(words, SMALL) + 34
        if x > MARGIN and x + needed > whole - MARGIN:
            x, y = MARGIN, y + 20
        drawn.append(element("rect", x=x, y=y - 9, width=10, height=10, rx=3, fill=colour))
        drawn.append(text(words, x + 16, y, SMALL, SOFT))
        x += needed
    return drawn, y + 20


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0.5 0.5 L7.5 4 L0.5 7.5 Z" fill="{colour}"/></marker>'
    )


def _drawn_loops(drawing: Drawing) -> Iterator[str]:
    for loop in drawing.loops:
        inside = [drawing.boxes[identifier] for identifier in loop.members]
        inside += [drawing.boxes[slot] for slot in drawing.layout.slots if slot.partition(">")[0] in loop.members]
        pad = 10.0 + 6 * min(loop.depth, 2)
        top = drawing.boxes[loop.start].y - BAND
        left, right = min(box.left for box in inside) - pad, max(box.right for box in inside) + pad
        place = {"x": left, "y": top, "width": right - left, "height": max(box.bottom for box in inside) + pad - top}
        yield element(
            "rect", **place, rx=14, fill="#7c3aed", fill_opacity="0.055", stroke="#a78bfa", stroke_dasharray="5 4"
        )
        words = wrap(loop.words, SMALL * BOLD, CARD_WIDTH / 2 - 16, 1)[0]
        yield text(words, left + 12, top + 16, SMALL, "#6d28d9", font_weight="600")


def _drawn_labels(drawing: Drawing) -> Iterator[str]:
    for card in drawing.cards.values():
        if card.label:
            box = drawing.boxes[card.step.id]
            yield from drawn_label(card.label, box.x, box.top, error=card.step.id in drawing.layout.handlers)
    for name in sorted(drawing.layout.slots):
        if drawing.labels[name]:
            yield from drawn_label(drawing.labels[name], drawing.boxes[name].x, drawing.boxes[name].y)


# -- edges --------------------------------------------------------------------------------------------------------


def _drawn_edges(drawing: Drawing) -> Iterator[str]:
    edges = [edge for step in drawing.graph.topological() for edge in drawing.graph.outgoing(step.id)]
    single = {(edge.source, edge.target, edge.kind == "error"): edge for edge in reversed(edges)}
    for edge in reversed(single.values()):
        look: dict[str, str] = {"stroke": LINE, "marker_end": "url(#to)"}
        if edge.kind == "error":
            look = {"stroke": RED, "marker_end": "url(#to-error)", "stroke_dasharray": "6 4"}
        elif edge.disabled:
            look["stroke_dasharray"] = "2 4"
        yield element("path", d=_rounded(corners(edge, drawing)), fill="none", stroke_width="1.6", **look)


def corners(edge: Edge, drawing: Drawing) -> list[Point]:
    """The corners of an edge's line, from its source to its target."""
    source, target = drawing.boxes[edge.source], drawing.boxes[edge.target]
    if edge.kind == "error" and edge.target in drawing.layout.handlers:
        start, end = (source.right, source.y + PORT), (target.left - 2, target.y + PORT)
        bend = target.left - 23
        return [start, end] if start[1] == end[1] else [start, (bend, start[1]), (bend, end[1]), end]
    points = [(source.x, source.bottom)]
    name = slot_name(edge.source, edge.target)
    if name in drawing.layout.slots:
        slot = drawing.boxes[name]
        points += _elbow(points[-1], slot.x, source.bottom + TURN, slot.top)
    turn = target.top - TURN if edge.target in drawing.layout.joins else source.bottom + TURN
    return [*points, *_elbow(points[-1], target.x, turn, target.y - 2)]


def _elbow(start: Point, x: float, turn: float, end: float) -> list[Point]:
    """Down, across at `turn`, and down again; straight when there is nothing to cross."""
    return [(x, end)] if abs(start[0] - x) < 0.5 else [(start[0], turn), (x, turn), (x, end)]


def _rounded(points: Sequence[Point], radius: float = 9.0) -> str:
    """A line through the points with round corners."""
    path = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        (a, b), (c, d) = _towards(corner, before, reach), _towards(corner, after, reach)
        path.append(f"L{number(a)} {number(b)} Q{number(corner[0])} {number(corner[1])} {number(c)} {number(d)}")
    path.append(f"L{number(points[-1][0])} {number(points[-1][1])}")
    return " ".join(path)


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(start: Point, end: Point, reach: float) -> Point:
    share = reach / (_distance(start, end) or 1.0)
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
