"""Sub-flows that several scenarios share, found by comparing canonical graphs: names, labels and texts don't count.

A fragment is a chain of steps, each behind the one before. Two are the same when they do the same operations with the
same inputs set, handle errors alike, and hand the same of their outputs on to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.tree import Field, references
from compilers.graph import SpecGraph
from compilers.spec import AnyStep, NativeStep, OperationStep, Spec, strings_in, templates_of
from manageai_assets.clients.models import Result

SHORTEST, LONGEST = 3, 8
"""Steps of a fragment. Shorter ones are alike by chance; of longer ones the part of this length is found."""
OUTSIDE = -1
"""Stands for the place of a step that isn't in the fragment."""


class Fragment(Result):
    """A chain of steps of one spec, with a digest that is the same for the same sub-flow."""

    digest: str
    steps: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """A sub-flow that several scenarios have, with its titles in the first of them and its steps in each."""

    titles: tuple[str, ...]
    places: Mapping[str, tuple[str, ...]]


def fragments_of(spec: Spec) -> tuple[Fragment, ...]:
    """All fragments of a spec, the longest first."""
    graph = SpecGraph(spec)
    found = [
        Fragment(
            digest=_digest(graph, chain),
            steps=tuple(step.id for step in chain),
            titles=tuple(step.title for step in chain),
        )
        for chain in _chains(graph)
    ]
    return tuple(sorted(found, key=lambda one: -len(one.steps)))


def shared(fragments: Mapping[str, Iterable[Fragment]]) -> list[Shared]:
    """The sub-flows that at least two of these scenarios have, the longest first; those that lie in a longer one that
    the same scenarios share are left out."""
    by_digest: dict[str, dict[str, Fragment]] = defaultdict(dict)
    for name in sorted(fragments):
        for one in fragments[name]:
            by_digest[one.digest].setdefault(name, one)
    common = [places for places in by_digest.values() if len(places) > 1]
    common.sort(key=lambda places: (-len(next(iter(places.values())).steps), -len(places), sorted(places)))
    kept: list[Shared] = []
    for places in common:
        steps = {name: one.steps for name, one in places.items()}
        if not any(_lies_in(steps, longer.places) for longer in kept):
            kept.append(Shared(next(iter(places.values())).titles, steps))
    return kept


def _lies_in(steps: Mapping[str, tuple[str, ...]], longer: Mapping[str, tuple[str, ...]]) -> bool:
    return steps.keys() <= longer.keys() and all(
        set(own) & set(longer[name]) and len(own) <= len(longer[name]) for name, own in steps.items()
    )


def _chains(graph: SpecGraph) -> Iterator[tuple[AnyStep, ...]]:
    for start in graph.topological():
        if start.id == graph.trigger.id:
            continue
        chain = [start]
        while len(chain) < LONGEST:
            edges = [edge for edge in graph.outgoing(chain[-1].id) if edge.kind == "next"]
            following = graph.get(edges[0].target) if len(edges) == 1 else None
            if following is None or following in chain:
                break
            chain.append(following)
            if len(chain) >= SHORTEST:
                yield tuple(chain)


def _digest(graph: SpecGraph, chain: tuple[AnyStep, ...]) -> str:
    places = {step.id: place for place, step in enumerate(chain)}
    described: list[JsonValue] = [_canonical(graph, step, places) for step in chain]
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]


def _canonical(graph: SpecGraph, step: AnyStep, places: Mapping[str, int]) -> JsonValue:
    """What a step does, without names, labels, accounts and fixed texts."""
    inputs: dict[str, JsonValue] = {path: _handed_on(value, places) for path, value in templates_of(step)}
    return {
        "does": [step.kind, *_operation(step)],
        "inputs": inputs,
        "on_error": step.on_error.strategy if step.on_error else "",
        "handler": graph.handler(step.id) is not None,
        "filtered": [edge.filter is not None for edge in graph.incoming(step.id) if edge.source in places],
    }


def _operation(step: AnyStep) -> list[str]:
    if isinstance(step, OperationStep):
        return [step.app, step.operation]
    return [step.platform, step.module] if isinstance(step, NativeStep) else []


def _handed_on(value: JsonValue, places: Mapping[str, int]) -> list[JsonValue]:
    """The references in a value by the place of their step; what comes from outside counts as that alone."""
    found: set[tuple[int, str]] = set()
    for _, text in strings_in(value):
        if "{{" not in text:
            continue
        try:
            for one in references(parse(text)):
                place = places.get(one.step, OUTSIDE)
                path = ".".join(part.name for part in one.path if isinstance(part, Field)) if place != OUTSIDE else ""
                found.add((place, path))
        except ExpressionError:
            found.add((OUTSIDE, "?"))
    return [[place, path] for place, path in sorted(found)]
