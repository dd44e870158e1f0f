"""What of the spec's control flow Zapier can't do: why, and what would make it possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compilers.errors import shorten
from compilers.graph import SpecGraph
from compilers.spec import AnyStep, Edge, IfElseStep, RouterStep, StopStep
from compilers.zapier.written import kept

MOST_STEPS, MOST_PATHS, MOST_LEVELS = 100, 10, 3
"""Zapier's limits: steps of a Zap, paths of one Paths step, Paths steps inside each other (facts, *Limits*)."""

_OBSTACLES: Mapping[str, tuple[str, str]] = {
    "merge": ("paths of Zapier never join", "repeat what follows on each path"),
    "repeat": ("Zapier's loops run over values, not to a number", "go through a list of as many values"),
    "aggregate": ("Zapier has no step that collects the runs of a loop", "collect them in a table, or in a Code step"),
    "get_variables": ("Zapier has no variables", "refer to the value itself, or keep it in Storage by Zapier"),
    "respond": ("a webhook of Zapier answers by itself, at once", "send the result to an address of the caller"),
    "sub_scenario": ("how an export calls a Sub-Zap isn't known", "build the call by hand with Sub-Zap by Zapier"),
    "directive": ("Zapier has no error handling for one step", "let the run fail"),
}  # fmt: skip


def of_step(step: AnyStep) -> tuple[str, str] | None:
    """Why Zapier has no step for a construct, and what to do; None where it has one."""
    return _OBSTACLES.get(step.kind)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why something can't be done, and what would make it possible."""

    what: str
    hint: str


def of_retries(steps: Sequence[AnyStep]) -> Obstacle | None:
    """That failed steps are tried again by a setting of the whole Zap, which no file holds; None where none is."""
    retried = [step.title for step in steps if step.on_error and step.on_error.strategy == "retry"]
    if not retried:
        return None
    who = f"{len(retried)} of the steps are" if len(retried) > 1 else "one of the steps is"
    return Obstacle(
        f"{who} tried again on failure, and no file tells Zapier to: {shorten(', '.join(retried))}",
        "switch Autoreplay on for this Zap, or replay failed runs by hand",
    )


def ways(graph: SpecGraph, step: AnyStep) -> list[Edge]:
    """The edges of a step that become paths, in their order."""
    return [edge for edge in graph.outgoing(step.id) if edge.kind in ("route", "branch")]


def is_paths(graph: SpecGraph, step: AnyStep) -> bool:
    """Whether a step becomes a Paths step; one with a single way doesn't, unless a Zap had it so."""
    if not isinstance(step, (RouterStep, IfElseStep)):
        return False
    return "key" in kept(step) or (not kept(step) and len(ways(graph, step)) > 1)


def of_flow(graph: SpecGraph, step: AnyStep, level: int, starts: bool) -> Iterator[Obstacle]:
    """What Zapier can't do with a step whatever its work is, `level` being how many Paths steps stand above it, and
    `starts` whether it is the trigger."""
    outgoing = graph.outgoing(step.id)
    if step.on_error and step.on_error.strategy not in ("retry", "rollback"):
        yield Obstacle("Zapier has no error handling for one step", "let the run fail, or watch for failures")
    if any(edge.kind == "error" for edge in outgoing):
        yield Obstacle("Zapier has no error route", "handle failures in a Zap that starts on a failed Zap")
    if step.disabled:
        yield Obstacle("is switched off, and a step of a Zap can't be", "remove it")
    if len([edge for edge in outgoing if edge.kind == "next"]) > 1:
        several = ", or make several Zaps that share the trigger" if starts else ""
        yield Obstacle("several edges leave it, and it is no router", f"put a router there{several}")
    if isinstance(step, StopStep) and step.outcome == "error":
        yield Obstacle("Zapier can't end a run with an error of its own", "raise it in a Code step")
    if isinstance(step, (RouterStep, IfElseStep)):
        yield from _of_paths(graph, step, level)


def _of_paths(graph: SpecGraph, step: AnyStep, level: int) -> Iterator[Obstacle]:
    routes = ways(graph, step)
    split = "split it into several Zaps"
    if any(edge.disabled for edge in routes):
        yield Obstacle("one of its routes is switched off, and a path can't be", "remove that route")
    if len(routes) > MOST_PATHS:
        what = f"has {len(routes)} routes; Zapier allows {MOST_PATHS} paths"
        yield Obstacle(what, f"{split} that share the trigger")
    if is_paths(graph, step) and level >= MOST_LEVELS:
        yield Obstacle(f"is the {level + 1}th router inside others; Zapier allows {MOST_LEVELS}", split)
