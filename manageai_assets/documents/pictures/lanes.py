"""A flow as lanes: runs of steps that follow one another, each below what leads to it, so that it wraps like text.

A lane is read from left to right and goes on in the next row. Where the flow branches, each way is a lane of its own,
indented below the step that decides. What runs when a step fails stands at the end, led in by that step's number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from compilers.graph import SpecGraph
from compilers.spec import AnyStep, Edge
from manageai_assets.build.outline import Item, outline


@dataclass(frozen=True)
class Cell:
    """A step in its lane. `edge` has the filter that it stands behind; `more` counts steps that it stands for."""

    step: AnyStep | None
    number: int = 0
    edge: Edge | None = None
    more: int = 0


@dataclass
class Lane:
    """Steps one after the other. `depth` counts the branches it lies in; `edge` leads to it, if a way does, from
    the step with the number `after`."""

    depth: int
    edge: Edge | None = None
    straight: bool = False
    loose: bool = False
    after: int = 0
    cells: list[Cell] = field(default_factory=list)

    @property
    def fails(self) -> bool:
        """Whether this is what runs when a step fails."""
        return self.edge is not None and self.edge.kind == "error"


def lanes_of(graph: SpecGraph, numbers: Mapping[str, int]) -> tuple[Lane, ...]:
    """The flow's lanes in reading order, those of error routes last; `numbers` are those of the steps."""
    main, failing = _parted(outline(graph))
    lanes = [*_lanes(main), *(lane for part in failing for lane in _lanes(part))]
    for lane in lanes:
        lane.after = numbers.get(lane.edge.source, 0) if lane.edge else 0
        lane.cells = [replace(cell, number=numbers.get(cell.step.id, 0)) for cell in lane.cells if cell.step]
    return tuple(lanes)


def _parted(items: Sequence[Item]) -> tuple[list[Item], list[list[Item]]]:
    """The flow without its error routes, and each error route with everything below it."""
    main: list[Item] = []
    failing: list[list[Item]] = []
    stack: list[tuple[int, list[Item]]] = [(-1, main)]
    for item in items:
        while len(stack) > 1 and item.level <= stack[-1][0]:
            stack.pop()
        if item.step is None and item.edge is not None and item.edge.kind == "error":
            failing.append([])
            stack.append((item.level, failing[-1]))
        stack[-1][1].append(item)
    return main, failing


def _lanes(items: Sequence[Item]) -> Iterator[Lane]:
    levels: list[int] = []
    lane: Lane | None = None
    at, condition = -1, None
    for item, following in zip(items, [*items[1:], None], strict=True):
        if item.step is None and item.edge is not None and item.edge.kind == "next" and _is_filter(item, following):
            condition = item.edge
            continue
        if item.step is None or lane is None or item.level != at:
            if lane is not None and (lane.cells or lane.straight or lane.loose):
                yield lane
            lead = item.step is None
            levels = [level for level in levels if level < item.level]
            lane = Lane(len(levels), item.edge if lead else None)
            lane.loose = lead and item.edge is None
            lane.straight = lead and item.edge is not None and (following is None or following.level <= item.level)
            at = item.level if not lead else following.level if following else item.level
            levels.append(at)
        if item.step is not None:
            lane.cells.append(Cell(item.step, edge=condition))
            condition = None
    if lane is not None:
        yield lane


def _is_filter(item: Item, following: Item | None) -> bool:
    return following is not None and following.step is not None and following.level == item.level


def shortened(lanes: Sequence[Lane], most: int) -> tuple[Lane, ...]:
    """The lanes with at most so many cells each: the first ones, the last one, and one for those between."""
    return tuple(lane if len(lane.cells) <= most else _short(lane, most) for lane in lanes)


def _short(lane: Lane, most: int) -> Lane:
    keep = max(most - 2, 1)
    end = [lane.cells[-1]] if most > 2 else []
    left_out = len(lane.cells) - keep - len(end)
    return replace(lane, cells=[*lane.cells[:keep], Cell(None, more=left_out), *end])
