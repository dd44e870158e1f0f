"""How much of a spec some runs have reached: its steps, routes, filters and error handlers.

Only what can run counts: not what is disabled, and not what no enabled edges lead to. A filter is covered when it was
seen both to let a bundle pass and to stop one, since a filter that is always open looks the same as none; an error
handler when its step was seen to fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from compilers.graph import SpecGraph
from compilers.spec import AnyStep, Edge, Spec
from manageai_assets.build.flow_words import edge_words
from manageai_assets.testing.compare import did_something
from manageai_assets.testing.models import Coverage, Trace


def coverage(spec: Spec, traces: Sequence[Trace]) -> Coverage:
    """What the runs reached, by names for people, in the order of the flow."""
    graph = SpecGraph(spec)
    edges = _live(graph)
    passable = {spec.trigger.id, *(edge.target for edge in edges)}
    steps = [step for step in graph.topological() if step.id in passable and not step.disabled]
    names = _unique([(step.id, step.title) for step in steps], lambda identifier: identifier)

    ran = {name for trace in traces for name, step in trace.steps.items() if did_something(step)}
    if any(spec.trigger.id in trace.steps for trace in traces):
        ran.add(spec.trigger.id)
    failed = {name for trace in traces for name, step in trace.steps.items() if step.errors}
    taken = {key for trace in traces for key in trace.taken}
    stopped = {key for trace in traces for key in trace.stopped}

    routes = _edge_names(graph, [edge for edge in edges if edge.kind in ("route", "branch")])
    filters = _edge_names(graph, [edge for edge in edges if _can_stop(edge)])
    handled = {edge.source for edge in edges if edge.kind == "error"}
    handlers = {step.id: names[step.id] for step in steps if step.on_error or step.id in handled}
    return Coverage(
        steps=_named(names, lambda key: key in ran),
        steps_missed=_named(names, lambda key: key not in ran),
        routes=_named(routes, lambda key: key in taken),
        routes_missed=_named(routes, lambda key: key not in taken),
        filters=_named(filters, lambda key: key in taken and key in stopped),
        filters_missed=tuple(
            name + _half(key in taken, key in stopped)
            for key, name in filters.items()
            if not (key in taken and key in stopped)
        ),
        handlers=_named(handlers, lambda key: key in failed),
        handlers_missed=_named(handlers, lambda key: key not in failed),
    )


def edge_key(edge: Edge) -> str:
    """How traces name an edge: `source>target`."""
    return f"{edge.source}>{edge.target}"


def _half(passed: bool, stopped: bool) -> str:
    if passed == stopped:
        return ""
    return " (stopped nothing)" if passed else " (let nothing pass)"


def _live(graph: SpecGraph) -> list[Edge]:
    """The edges that bundles can take, in the order of the flow. A disabled step hands on what it gets."""
    reached = {graph.trigger.id}
    found: list[Edge] = []
    for step in graph.topological():
        if step.id not in reached:
            continue
        for edge in graph.outgoing(step.id):
            if not edge.disabled and (not step.disabled or edge.kind == "next"):
                found.append(edge)
                reached.add(edge.target)
    return found


def _can_stop(edge: Edge) -> bool:
    """Whether the edge's filter has anything to ask: an empty group of conditions always holds."""
    return edge.filter is not None and bool(edge.filter.any_of) and all(edge.filter.any_of)


def _edge_names(graph: SpecGraph, edges: Iterable[Edge]) -> Mapping[str, str]:
    named = [(edge_key(edge), _edge_name(edge, graph.step(edge.source), graph.step(edge.target))) for edge in edges]
    return _unique(named, lambda key: key.partition(">")[2])


def _edge_name(edge: Edge, source: AnyStep, target: AnyStep) -> str:
    if edge.kind in ("route", "branch"):
        return f"{source.title}: {edge_words(edge) or target.title}"
    return f"{source.title} → {target.title}: {edge_words(edge)}"


def _unique(named: Sequence[tuple[str, str]], told_by: Callable[[str], str]) -> Mapping[str, str]:
    """The names by key; those that several keys share get the key's own mark behind them."""
    shared = Counter(name for _, name in dict(named).items())
    return {key: name if shared[name] == 1 else f"{name} ({told_by(key)})" for key, name in named}


def _named(names: Mapping[str, str], holds: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(name for key, name in names.items() if holds(key))
