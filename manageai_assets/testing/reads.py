"""Which places of a step's data other steps read."""

from __future__ import annotations

from contextlib import suppress

from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.tree import references
from compilers.graph import SpecGraph
from compilers.spec import strings_in, templates_of
from manageai_assets.testing.origins import Origins, plain_path


def read_paths(graph: SpecGraph, source: str) -> list[tuple[str | int, ...]]:
    """The places in what `source` gives that steps and filters read, directly or through what was computed of them, in
    the order of the flow; each once."""
    origins = Origins(graph)
    everything = [step.id for step in graph]
    found: dict[tuple[str | int, ...], None] = {}
    values = [value for step in graph.topological() for _, value in templates_of(step)]
    for edge in graph.spec.edges:
        groups = edge.filter.any_of if edge.filter else ()
        values.extend(value for group in groups for row in group for value in (row.left, row.right))
    for value in values:
        for _, text in strings_in(value):
            followed = origins.value(text, everything)
            if not isinstance(followed, str) or "{{" not in followed:
                continue
            with suppress(ExpressionError):
                for reference in references(parse(followed)):
                    place = plain_path(reference.path) if reference.step == source else None
                    if place:
                        found[place] = None
    return list(found)
