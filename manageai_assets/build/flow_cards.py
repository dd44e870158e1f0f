"""The parts of a flow's picture: cards and the labels of ways, measured and drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from compilers.graph import SpecGraph
from compilers.spec import AnyStep, Edge, OperationStep
from manageai_assets.build.flow_layout import Box, Size, slot_name
from manageai_assets.build.flow_text import BOLD, clean, element, number, width, wrap
from manageai_assets.build.flow_words import Family, edge_words, family, kind_name, strategy

MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace"
INK, SOFT, FAINT, LINE, RED = "#0f172a", "#475569", "#64748b", "#94a3b8", "#dc2626"

CARD_WIDTH, PILL_WIDTH, TEXT_WIDTH = 252.0, 228.0, 186.0
CARD_HEAD, PILL_HEAD, TITLE_SIZE, TITLE_LINE = 41.0, 28.0, 13.0, 17.0
SMALL, SMALL_LINE, LABEL_WIDTH = 11.0, 14.0, 204.0
BAND, LABEL_GAP = 24.0, 15.0

COLOURS: dict[Family, tuple[str, str, str]] = {
    "trigger": ("#047857", "#d9f5e8", "starts it"),
    "action": ("#1d4ed8", "#e3ecfe", "acts on an app"),
    "search": ("#0e7490", "#dbf3f9", "looks something up"),
    "data": ("#475569", "#e8edf3", "works on data"),
    "choice": ("#b45309", "#fdeed3", "decides the way"),
    "loop": ("#6d28d9", "#ece4fd", "loops or collects"),
    "answer": ("#be185d", "#fce3ee", "answers or ends"),
    "error": (RED, "#fde5e5", "when a step fails"),
    "manual": ("#57534e", "#ecebe9", "one platform only"),
}
"""Of each family of steps: its colour, a tint of it, and the words of the legend."""

_DIAMOND = "M17 7 L27 17 L17 27 L7 17 Z"
_ROUND = "M25.5 14 A9 9 0 1 0 26 18 M26 9.5 V14.5 H21"
_BRACES = (
    "M13 8 Q10 8 10 11 V14 Q10 17 7 17 Q10 17 10 20 V23 Q10 26 13 26 "
    "M21 8 Q24 8 24 11 V14 Q24 17 27 17 Q24 17 24 20 V23 Q24 26 21 26"
)
GLYPHS = {
    "router": _DIAMOND,
    "if_else": _DIAMOND,
    "merge": "M9 8 V13 Q9 17 17 17 Q25 17 25 13 V8 M17 17 V27 M13 23 L17 27 L21 23",
    "iterate": _ROUND,
    "repeat": _ROUND,
    "aggregate": "M8 9 H26 M8 15 H26 M8 21 H17 M22 19 V27 M18.5 23.5 L22 27 L25.5 23.5",
    "sleep": "M17 8 A9 9 0 1 0 17.01 8 M17 12 V17.5 L21 20",
    "set_variables": _BRACES,
    "get_variables": _BRACES,
    "respond": "M13 9 L8 14 L13 19 M8 14 H20 Q26 14 26 20 V25",
    "stop": "M11 11 H23 V23 H11 Z",
    "directive": "M17 8 V19 M17 24 V25.5",
    "sub_scenario": "M9 9 H20 V14 M14 14 H25 V25 H14 Z M9 9 V20 H14",
    "native": "M12 22 L22 12 M20 9 A5 5 0 0 1 25 14 M9 20 A5 5 0 0 0 14 25",
}
"""Icons of the steps that aren't calls of apps, on 34 by 34."""


@dataclass(frozen=True)
class Card:
    """What is written on one card, wrapped. `loops`: how many loops start with it; `pill`: rounder, for decisions."""

    step: AnyStep
    family: Family
    title: tuple[str, ...]
    strip: tuple[str, ...]
    label: tuple[str, ...]
    loops: int
    pill: bool

    @property
    def head(self) -> float:
        """Height of the card without the strip that says what happens when the step fails."""
        return (PILL_HEAD if self.pill else CARD_HEAD) + TITLE_LINE * len(self.title)

    @property
    def size(self) -> Size:
        """The card's size, and the room that its label and its loops' bands take above."""
        strip = SMALL_LINE * len(self.strip) + 10 if self.strip else 0.0
        label = label_size(self.label).height + LABEL_GAP if self.label else 0.0
        return Size(PILL_WIDTH if self.pill else CARD_WIDTH, self.head + strip, BAND * self.loops + label)


def card_of(step: AnyStep, graph: SpecGraph, loops: int) -> Card:
    """The card of a step with which so many loops start."""
    pill = step.kind in ("router", "if_else", "merge")
    strip = f"If it fails: {strategy(step.on_error)}" if step.on_error else ""
    edges = graph.incoming(step.id)
    return Card(
        step=step,
        family=family(step, step is graph.trigger, step.id in graph.error_steps),
        title=tuple(
            wrap(step.title + (" (off)" if step.disabled else ""), TITLE_SIZE * BOLD, TEXT_WIDTH - 24 * pill, 2)
        ),
        strip=tuple(wrap(strip, SMALL, CARD_WIDTH - 16, 2)) if strip else (),
        label=_label(edges) if len({edge.source for edge in edges}) == 1 else (),
        loops=loops,
        pill=pill,
    )


def way_labels(graph: SpecGraph) -> dict[str, tuple[str, ...]]:
    """Labels of the ways into each step, by slot name. A step with one way in shows its label above its card."""
    labels: dict[str, tuple[str, ...]] = {}
    for step in graph:
        edges = graph.incoming(step.id)
        for source in dict.fromkeys(edge.source for edge in edges):
            labels[slot_name(source, step.id)] = _label(edge for edge in edges if edge.source == source)
    return labels


def label_size(label: Sequence[str]) -> Size:
    """The size of a label; of the bare way when there is none."""
    if not label:
        return Size(28.0, 20.0)
    return Size(max(width(line, SMALL) for line in label) + 20, SMALL_LINE * len(label) + 8)


def _label(edges: Iterable[Edge]) -> tuple[str, ...]:
    words = " / ".join(words for edge in edges if (words := clean(edge_words(edge))))
    return tuple(wrap(words, SMALL, LABEL_WIDTH, 2)) if words else ()


# -- drawn --------------------------------------------------------------------------------------------------------


def text(words: str, x: float, y: float, size: float, fill: str, **more: str | float) -> str:
    """A line of text whose baseline starts at `x`, `y`."""
    return element("text", words, x=x, y=y, font_size=size, fill=fill, **more)


def drawn_label(label: Sequence[str], x: float, top: float, error: bool = False) -> Iterator[str]:
    """A label whose top edge is centred on `x`."""
    size = label_size(label)
    yield element(
        "rect",
        x=x - size.width / 2,
        y=top,
        width=size.width,
        height=size.height,
        rx=11,
        fill="#ffffff",
        stroke="#fca5a5" if error else "#cbd5e1",
    )
    for index, line in enumerate(label):
        yield text(line, x, top + 15 + SMALL_LINE * index, SMALL, SOFT, text_anchor="middle")


def drawn_card(card: Card, box: Box) -> Iterator[str]:
    """One card."""
    colour, tint, _ = COLOURS[card.family]
    radius = box.size.height / 2 if card.pill else 12.0
    look: dict[str, str | float] = {"fill": tint if card.pill else "#ffffff", "stroke": colour}
    look["stroke_opacity"] = "0.75" if card.pill or card.family in ("error", "trigger") else "0.4"
    if card.family == "manual":
        look["stroke_dasharray"] = "6 4"
    place = {"x": box.left, "width": box.size.width, "height": box.size.height, "rx": radius}
    yield '<g class="step" opacity="0.55">' if card.step.disabled else '<g class="step">'
    yield element("rect", y=box.y + 2, **place, fill=INK, opacity="0.06")
    yield element("rect", y=box.y, **place, **look)
    yield from _icon(card, box)
    yield from _words(card, box)
    if card.strip:
        at = box.y + card.head
        yield element("line", x1=box.left + 12, x2=box.right - 12, y1=at, y2=at, stroke="#fecaca")
        for index, line in enumerate(card.strip):
            yield text(line, box.left + 14, at + 16 + SMALL_LINE * index, SMALL, "#b91c1c")
    yield "</g>"


def _icon(card: Card, box: Box) -> Iterator[str]:
    colour, tint, _ = COLOURS[card.family]
    left, top = box.left + (14 if card.pill else 12), box.y + (card.head - 34) / 2
    if not card.pill:
        yield element("rect", x=left, y=top, width=34, height=34, rx=9, fill=tint)
    glyph = None if isinstance(card.step, OperationStep) else GLYPHS.get(card.step.kind)
    if glyph is None:
        initials = _initials(kind_name(card.step))
        yield text(initials, left + 17, top + 22, 14, colour, font_weight="700", text_anchor="middle")
        return
    yield element(
        "path",
        transform=f"translate({number(left)} {number(top)})",
        d=glyph,
        fill="none",
        stroke=colour,
        stroke_width=2,
        stroke_linecap="round",
        stroke_linejoin="round",
    )


def _initials(name: str) -> str:
    words = clean(name).split()
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else clean(name)[:2].capitalize()


def _words(card: Card, box: Box) -> Iterator[str]:
    colour, _, _ = COLOURS[card.family]
    x, y = box.left + (54 if card.pill else 56), box.y + (18 if card.pill else 22)
    identifier = "" if card.pill else wrap(card.step.id, 9.5, 84, 1)[0]
    room = box.right - x - 16 - (width(identifier, 9.5) + 10 if identifier else 0)
    yield text(wrap(kind_name(card.step), 10.5 * BOLD, room, 1)[0], x, y, 10.5, colour, font_weight="600")
    if identifier:
        yield text(identifier, box.right - 13, y, 9.5, FAINT, text_anchor="end", font_family=MONO)
    for index, line in enumerate(card.title):
        yield text(line, x, y + 18 + TITLE_LINE * index, TITLE_SIZE, INK, font_weight="600")
