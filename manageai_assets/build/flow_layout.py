"""Where the boxes of a flow stand: from top to bottom, without overlaps, and without crossings where the flow nests.

A step's block holds everything that only it leads to. Its routes stand side by side in their order, each as close to
its neighbour as their outlines allow; what its branches join in stands below all of them; an error route stands to
its right. Blocks are built from the bottom up, so that specs of thousands of steps need no recursion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compilers.graph import SpecGraph
from compilers.spec import Edge

GAP_X, GAP_Y = 46.0, 46.0
PORT = 29.0
"""How far below a card's top its error route leaves, and enters the next card."""


@dataclass(frozen=True)
class Size:
    """A box: its width and height, and the room that its labels take above the card."""

    width: float
    height: float
    above: float = 0.0


@dataclass(frozen=True)
class Box:
    """A placed box: the middle of its top edge, without the room above, and its size."""

    x: float
    y: float
    size: Size

    @property
    def left(self) -> float:
        return self.x - self.size.width / 2

    @property
    def right(self) -> float:
        return self.x + self.size.width / 2

    @property
    def top(self) -> float:
        """Top of the room above the card."""
        return self.y - self.size.above

    @property
    def bottom(self) -> float:
        return self.y + self.size.height

    @property
    def middle(self) -> float:
        return self.y + self.size.height / 2


Rect = tuple[float, float, float, float]


def slot_name(edge_source: str, edge_target: str) -> str:
    """The name of the empty place through which a branch without steps runs to the step that joins it."""
    return f"{edge_source}>{edge_target}"


@dataclass
class _Block:
    """Rectangles in a frame of their own, and where in that frame the block's root is. `outline` bounds all."""

    rects: list[Rect]
    origin: tuple[float, float]
    outline: Rect
    parts: list[tuple[str, float, float]] = field(default_factory=list)


@dataclass
class Layout:
    """Boxes by step id (and slot name), the picture's size, and which edges run where."""

    boxes: dict[str, Box]
    joins: frozenset[str]
    slots: frozenset[str]
    handlers: frozenset[str]


def lay_out(graph: SpecGraph, sizes: Mapping[str, Size], slot_sizes: Mapping[str, Size]) -> Layout:
    """Places every step of the graph, broken ones included. `slot_sizes`: the label of each branch without steps."""
    tree = _Tree(graph)
    blocks: dict[str, _Block] = {}
    for identifier in reversed(tree.order):
        blocks[identifier] = _block(identifier, tree, sizes, slot_sizes, blocks)
    boxes: dict[str, Box] = {}
    right = 0.0
    for root in tree.roots:
        x = right - blocks[root].outline[0] + blocks[root].origin[0]
        _place(root, x, 0.0, blocks, {**sizes, **slot_sizes}, boxes)
        right = x + blocks[root].outline[2] - blocks[root].origin[0] + GAP_X
    return Layout(boxes, frozenset(tree.joins), frozenset(tree.slots), frozenset(tree.handlers))


class _Tree:
    """Which step stands in whose block, and how."""

    def __init__(self, graph: SpecGraph) -> None:
        self.graph = graph
        self.order = [step.id for step in graph.topological()]
        rank = {identifier: index for index, identifier in enumerate(self.order)}
        loose = {step.id for step in graph.unreachable()}
        self.roots = [identifier for identifier in self.order if graph.parent(identifier) is None]
        self.roots.sort(key=lambda identifier: (identifier in loose, rank[identifier]))
        self.row: dict[str, list[str]] = {identifier: [] for identifier in self.order}
        self.below: dict[str, list[str]] = {identifier: [] for identifier in self.order}
        self.beside: dict[str, list[str]] = {identifier: [] for identifier in self.order}
        self.leaving: set[str] = set()
        self.joins: set[str] = set()
        self.slots: set[str] = set()
        self.handlers: set[str] = set()
        for identifier in self.order:
            edges = [
                edge
                for edge in graph.incoming(identifier)
                if rank[edge.source] < rank[identifier] and (edge.source not in loose or identifier in loose)
            ]
            if graph.parent(identifier) is not None:
                self._put(identifier, edges)
        for identifier in self.order:
            ways = {edge.target: index for index, edge in enumerate(reversed(graph.outgoing(identifier)))}
            self.row[identifier].sort(key=lambda child: -ways.get(child.rpartition(">")[2], -1))

    def _put(self, identifier: str, edges: Sequence[Edge]) -> None:
        parent = self.graph.parent(identifier)
        if parent is None:
            return
        if edges and all(edge.kind == "error" for edge in edges):
            self.beside[parent].append(identifier)
            self.handlers.add(identifier)
        elif {edge.source for edge in edges} == {parent}:
            self.row[parent].append(identifier)
        else:
            self.below[parent].append(identifier)
            self.joins.add(identifier)
            for edge in edges:
                self._leave(edge, parent)

    def _leave(self, edge: Edge, parent: str) -> None:
        """Notes that an edge runs out of the blocks between its source and the step that joins it."""
        targets = {other.target for other in self.graph.outgoing(edge.source) if other.kind != "error"}
        if len(targets) > 1 and edge.kind != "error":
            slot = slot_name(edge.source, edge.target)
            if slot not in self.slots:
                self.slots.add(slot)
                self.row[edge.source].append(slot)
            self.leaving.add(slot)
        step: str | None = edge.source
        while step is not None and step != parent and step not in self.leaving:
            self.leaving.add(step)
            step = self.graph.parent(step)


def _block(
    identifier: str, tree: _Tree, sizes: Mapping[str, Size], slot_sizes: Mapping[str, Size], blocks: dict[str, _Block]
) -> _Block:
    size = sizes[identifier]
    row = [(name, blocks[name] if name in blocks else _slot(slot_sizes[name])) for name in tree.row[identifier]]
    height = size.above + size.height
    card: Rect = (-size.width / 2, 0.0, size.width / 2, height)
    if len(row) == 1:
        name, only = row[0]
        x, y = only.origin
        block = _Block(only.rects, (x, y - GAP_Y - height), only.outline, [(name, 0.0, GAP_Y + height)])
    else:
        block = _Block([], (0.0, 0.0), card)
        _side_by_side(block, row, GAP_Y + height, boxed=any(name in tree.leaving for name, _ in row))
    _add(block, card)
    for name in tree.below[identifier]:
        left, _, right, bottom = (value - block.origin[index % 2] for index, value in enumerate(block.outline))
        _join(block, name, blocks[name], 0.0, bottom + GAP_Y)
        _add(block, (left, bottom, right, bottom + GAP_Y))
    for name in tree.beside[identifier]:
        other = blocks[name]
        down = max(size.above - sizes[name].above, 0.0)
        shift = _clear(block, other, down, whole=identifier in tree.leaving)
        shift = max(shift, size.width / 2 + GAP_X + sizes[name].width / 2)
        _join(block, name, other, shift, down)
        arrow = size.above + PORT
        _add(block, (size.width / 2, arrow - 12, shift - sizes[name].width / 2, arrow + 12))
    return block


def _slot(size: Size) -> _Block:
    rect: Rect = (-size.width / 2, 0.0, size.width / 2, size.above + size.height)
    return _Block([rect], (0.0, 0.0), rect)


def _side_by_side(block: _Block, row: list[tuple[str, _Block]], down: float, boxed: bool) -> None:
    """Puts blocks in a row below the root, each as near to those before it as it can stand. `boxed`: lines run down
    from some of them to a step below all, so that each keeps its column free down to the end of the row."""
    if not row:
        return
    placed: list[tuple[str, _Block, float]] = []
    taken: list[Rect] = []
    bottom = max(other.outline[3] - other.origin[1] for _, other in row)
    for name, other in row:
        x, y = other.origin
        if boxed:
            left, _, right, _ = other.outline
            rects: list[Rect] = [(left - x, 0.0, right - x, bottom)]
        else:
            rects = [(a - x, b - y, c - x, d - y) for a, b, c, d in other.rects]
        shift = _shift(taken, rects) if taken else 0.0
        if placed:
            shift = max(shift, placed[-1][2] + 1)
        taken.extend((a + shift, b, c + shift, d) for a, b, c, d in rects)
        placed.append((name, other, shift))
    middle = (placed[0][2] + placed[-1][2]) / 2
    for name, other, shift in placed:
        _join(block, name, other, shift - middle, down)
    _add(block, (placed[0][2] - middle, down - GAP_Y, placed[-1][2] - middle, down))
    if boxed:
        for a, b, c, d in taken:
            _add(block, (a - middle, b + down, c - middle, d + down))


def _shift(taken: Sequence[Rect], rects: Sequence[Rect]) -> float:
    """How far to the right `rects` must go to stand clear of `taken`."""
    return max(
        (a[2] + GAP_X - b[0] for a in taken for b in rects if a[1] < b[3] + GAP_Y / 2 and b[1] < a[3] + GAP_Y / 2),
        default=float("-inf"),
    )


def _clear(block: _Block, other: _Block, down: float, whole: bool) -> float:
    """How far to the right of `block` another one must go; `whole`: clear of the columns below it too."""
    (x, y), (u, v) = block.origin, other.origin
    taken = [(a - x, b - y, c - x, float("inf") if whole else d - y) for a, b, c, d in block.rects]
    return _shift(taken, [(a - u, b - v + down, c - u, d - v + down) for a, b, c, d in other.rects])


def _join(block: _Block, name: str, other: _Block, right: float, down: float) -> None:
    """Makes `other`, which is used up by that, a part of the block. The smaller one is moved into the larger one's
    coordinates, so that thousands of steps below each other are not moved again for each of them."""
    (x, y), (u, v) = block.origin, other.origin
    if len(other.rects) > len(block.rects):
        moved, outline = block.rects, _moved(block.outline, u - right - x, v - down - y)
        block.rects, block.outline, block.origin = other.rects, _around(other.outline, outline), (u - right, v - down)
        block.rects.extend(_moved(rect, u - right - x, v - down - y) for rect in moved)
    else:
        block.rects.extend(_moved(rect, right + x - u, down + y - v) for rect in other.rects)
        block.outline = _around(block.outline, _moved(other.outline, right + x - u, down + y - v))
    block.parts.append((name, right, down))


def _moved(rect: Rect, right: float, down: float) -> Rect:
    return (rect[0] + right, rect[1] + down, rect[2] + right, rect[3] + down)


def _add(block: _Block, rect: Rect) -> None:
    x, y = block.origin
    moved = (rect[0] + x, rect[1] + y, rect[2] + x, rect[3] + y)
    block.rects.append(moved)
    block.outline = _around(block.outline, moved)


def _around(a: Rect, b: Rect) -> Rect:
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


def _place(
    root: str, x: float, y: float, blocks: Mapping[str, _Block], sizes: Mapping[str, Size], boxes: dict[str, Box]
) -> None:
    todo = [(root, x, y)]
    while todo:
        name, x, y = todo.pop()
        boxes[name] = Box(x, y + sizes[name].above, sizes[name])
        if name in blocks:
            todo.extend((part, x + right, y + down) for part, right, down in blocks[name].parts)
