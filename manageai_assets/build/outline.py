"""The flow in words: its steps in the order in which they run, indented where the flow branches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compilers.graph import SpecGraph
from compilers.spec import AnyStep, Edge
from manageai_assets.build.flow_words import edge_words

DEEPEST = 8
"""Levels of indentation that are still shown."""


@dataclass(frozen=True)
class Item:
    """One line: a step, or what leads to the steps below it (`lead`, in words; `edge`, unless nothing leads there)."""

    level: int
    step: AnyStep | None = None
    lead: str = ""
    edge: Edge | None = None


def outline(graph: SpecGraph) -> tuple[Item, ...]:
    """The whole flow from the trigger; then the steps that nothing leads to, under a lead of their own."""
    inside: dict[str, list[str]] = {}
    for step in graph.topological():
        parent = graph.parent(step.id)
        if parent is not None:
            inside.setdefault(parent, []).append(step.id)
    items: list[Item] = []
    seen: set[str] = set()
    todo: list[Item] = [Item(0, graph.trigger)]
    loose = [step for step in graph.unreachable() if graph.parent(step.id) is None]
    if loose:
        todo = [*(Item(1, step) for step in reversed(loose)), Item(0, lead="Not connected to anything"), *todo]
    while todo:
        item = todo.pop()
        if item.step is not None and item.step.id in seen:
            continue
        items.append(item)
        if item.step is not None:
            seen.add(item.step.id)
            todo.extend(reversed(list(_below(item.step, item.level, graph, inside))))
    return tuple(items)


def _below(step: AnyStep, level: int, graph: SpecGraph, inside: dict[str, list[str]]) -> Iterator[Item]:
    """What stands below a step: its error route, its branches, and what goes on behind it."""
    edges = graph.outgoing(step.id)
    mine = set(inside.get(step.id, ()))
    deeper = min(level + 1, DEEPEST)
    single = {edge.target for edge in edges if edge.target in mine and len(_ways(edge.target, graph)) == 1}
    for edge in edges:
        if edge.target in single and edge.kind == "error":
            yield Item(deeper, lead="If this fails" + _said(edge, ": "), edge=edge)
            yield Item(min(deeper + 1, DEEPEST), graph.step(edge.target))
    several = sum(edge.kind != "error" for edge in edges) > 1
    for edge in edges:
        if edge.kind == "error":
            continue
        if several or edge.kind != "next":
            yield Item(deeper, lead=_way(edge) + ("" if edge.target in single else " (goes straight on)"), edge=edge)
            if edge.target in single:
                yield Item(min(deeper + 1, DEEPEST), graph.step(edge.target))
        elif edge.target in single:
            if edge.filter is not None or edge.label:
                yield Item(level, lead=f"Filter: {edge_words(edge)}", edge=edge)
            yield Item(level, graph.step(edge.target))
    for identifier in inside.get(step.id, ()):
        if identifier not in single:
            yield Item(level, graph.step(identifier))


def _ways(identifier: str, graph: SpecGraph) -> set[str]:
    return {edge.source for edge in graph.incoming(identifier)}


def _said(edge: Edge, before: str) -> str:
    words = edge_words(edge)
    return f"{before}{words}" if words else ""


def _way(edge: Edge) -> str:
    return edge_words(edge) or "Always"
