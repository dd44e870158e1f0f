"""Big specs: each thing that a build does with one takes seconds. CPU time is measured, so that load doesn't matter."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from itertools import pairwise

import pytest

from compilers.errors import CompileError
from compilers.exports import emit, platforms
from compilers.rules import validate_export, validate_spec
from compilers.spec import (
    AggregateStep,
    Condition,
    Edge,
    Filter,
    IfElseStep,
    IterateStep,
    MergeStep,
    RouterStep,
    SetVariablesStep,
    Spec,
    Step,
    Variable,
)
from manageai_assets.build.cost import estimate
from manageai_assets.build.flow_picture import draw
from tests.manageai_assets.build import specs

COUNT = 600
MOST_SECONDS = 8.0
"""For one piece of work; on a slow machine the slowest takes a quarter of it, and quadratic work takes far more."""
HIGH = Filter(any_of=((Condition(left="{{ lead.body.budget }}", operator="number:greater", right=10),),))


def line(count: int) -> tuple[list[Step], list[Edge]]:
    """One step behind the other, each with what the one before it gives."""
    steps: list[Step] = [
        SetVariablesStep(id=f"s{n}", variables=(Variable(name="x", value=before(n)),)) for n in range(count)
    ]
    names = ["lead", *(step.id for step in steps)]
    return steps, [Edge(source=a, target=b) for a, b in pairwise(names)]


def before(n: int) -> str:
    """What a step of the line takes."""
    return f"{{{{ s{n - 1}.x }}}}" if n else "{{ lead.body.name }}"


def routes(count: int) -> tuple[list[Step], list[Edge]]:
    """One router with a route to each step, and a fallback."""
    steps: list[Step] = [specs.slack(f"s{n}", f"Tell {n}", "{{ lead.body.name }}") for n in range(count)]
    edges = [Edge(source="way", target=f"s{n}", kind="route", filter=HIGH) for n in range(count - 1)]
    last = Edge(source="way", target=f"s{count - 1}", kind="route", fallback=True)
    return [RouterStep(id="way"), *steps], [Edge(source="lead", target="way"), *edges, last]


def choices(count: int) -> tuple[list[Step], list[Edge]]:
    """If-elses whose branches meet again, in a row."""
    steps: list[Step] = []
    edges: list[Edge] = []
    above = "lead"
    for n in range(count // 4):
        choice, yes, no, merge = f"choose{n}", f"yes{n}", f"no{n}", f"merge{n}"
        steps += [IfElseStep(id=choice), specs.slack(yes, yes, "yes"), specs.slack(no, no, "no"), MergeStep(id=merge)]
        edges.append(Edge(source=above, target=choice))
        edges.append(Edge(source=choice, target=yes, kind="branch", filter=HIGH))
        edges.append(Edge(source=choice, target=no, kind="branch", fallback=True))
        edges += [Edge(source=yes, target=merge), Edge(source=no, target=merge)]
        above = merge
    return steps, edges


def loops(count: int) -> tuple[list[Step], list[Edge]]:
    """Loops in a row, each collected again."""
    steps: list[Step] = []
    for n in range(count // 3):
        steps.append(IterateStep(id=f"each{n}", array="{{ lead.body.items }}"))
        steps.append(specs.slack(f"tell{n}", f"Tell {n}", f"{{{{ each{n}.sku }}}}"))
        steps.append(AggregateStep(id=f"all{n}", source=f"each{n}", fields={"sku": f"{{{{ each{n}.sku }}}}"}))
    names = ["lead", *(step.id for step in steps)]
    return steps, [Edge(source=a, target=b) for a, b in pairwise(names)]


@contextmanager
def seconds(what: str) -> Iterator[None]:
    """Fails when what is done takes too much CPU time."""
    started = time.process_time()
    yield
    taken = time.process_time() - started
    assert taken < MOST_SECONDS, f"{what} took {taken:.1f} s"


@pytest.mark.parametrize("shape", [line, routes, choices, loops])
def test_nothing_takes_more_than_seconds(shape: Callable[[int], tuple[list[Step], list[Edge]]]) -> None:
    steps, edges = shape(COUNT)
    spec: Spec = specs.linear().model_copy(update={"steps": tuple(steps), "edges": tuple(edges)})
    with seconds("validating"):
        assert not [finding for finding in validate_spec(spec) if finding.severity == "error"]
    for platform in platforms():
        export = None
        with seconds(f"emitting to {platform}"), suppress(CompileError):
            export = emit(spec, platform)
        if export is None:
            assert platform == "zapier"  # a Zap has a hundred steps at most
            continue
        with seconds(f"validating the export to {platform}"):
            found = validate_export(platform, export.document)
        assert not [finding for finding in found if finding.severity == "error"]
    with seconds("costing"):
        assert estimate(spec, Decimal(1)).operations.credits
    with seconds("drawing"):
        assert draw(spec).count('class="step"') == len(steps) + 1
