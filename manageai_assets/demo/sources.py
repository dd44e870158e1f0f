"""Where the demo's scenarios come from: real blueprints where a folder of them lies beside the project, else the
project's own examples. They keep their steps, loops, routes and error handling. Names, notes, fixed texts of triggers
and accounts are left behind: whoever wrote them is none of the demo's clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from compilers.errors import UserError
from compilers.make.parse import parse
from compilers.registry import registry
from compilers.spec import AnyStep, Edge, NativeStep, OperationStep, Spec
from manageai_assets.build.operations import operation_of, operations_per_run
from manageai_assets.settings import PROJECT_ROOT

BLUEPRINTS = PROJECT_ROOT.parent / "shared" / "blueprints" / "make"
EXAMPLES = PROJECT_ROOT / "examples"
STEPS_AT_MOST, OPERATIONS_AT_MOST = 60, 120
"""A step or an operation a run more, and a scenario is a study of what can be done rather than somebody's work."""
STEPS_AT_LEAST = 3
TOYS = ("tools", "")
"""Apps of triggers that only lessons have."""


@dataclass(frozen=True, slots=True)
class Source:
    """A spec to make scenarios of: `words` say what it does, by the apps that it goes through."""

    spec: Spec
    trigger: tuple[str, str]
    """App and operation that start it."""
    words: str
    operations: float
    """Operations of a run on Make."""


@cache
def sources(folder: Path = BLUEPRINTS) -> tuple[Source, ...]:
    """What is usable of a folder of blueprints; the examples where there is none. Raises `UserError` without either."""
    specs = _blueprints(sorted(folder.glob("*.json"))) if folder.is_dir() else iter(())
    found = [source for spec in specs if (source := _source(spec)) is not None]
    if not found:
        found = [source for spec in _examples() if (source := _source(spec)) is not None]
    if not found:
        raise UserError("there is nothing to make a demo of", where=str(EXAMPLES), hint="restore the examples")
    return tuple(found)


def _blueprints(files: list[Path]) -> Iterator[Spec]:
    for file in files:
        try:
            yield parse(json.loads(file.read_text(encoding="utf-8"))).spec
        except (UserError, ValueError):
            continue


def _examples() -> Iterator[Spec]:
    from manageai_assets.intake.assessment import assess
    from manageai_assets.intake.builder import build_spec
    from manageai_assets.intake.reading import read_intake

    for file in sorted((EXAMPLES / "intakes").glob("*.yaml")):
        intake = read_intake(file)
        assessment = assess(intake)
        built = build_spec(intake, assessment.plan, assessment.assumptions) if assessment.plan else None
        if built is not None and built.spec is not None:
            yield built.spec
    yield from _blueprints(sorted((EXAMPLES / "blueprints").glob("*.json")))


def _source(spec: Spec) -> Source | None:
    trigger = spec.trigger
    if not isinstance(trigger, OperationStep) or trigger.app in TOYS or operation_of(trigger) is None:
        return None
    if not STEPS_AT_LEAST <= len(spec.nodes) <= STEPS_AT_MOST:
        return None
    plain = nameless(spec)
    operations = float(operations_per_run(plain).operations)
    if not 1 < operations <= OPERATIONS_AT_MOST:
        return None
    return Source(plain, (trigger.app, trigger.operation), _words(plain), operations)


def nameless(spec: Spec) -> Spec:
    """The spec without what its author said: steps are called by what they do, accounts by nobody's name."""
    steps = tuple(_nameless(step) for step in spec.steps)
    edges = tuple(_unlabelled(edge) for edge in spec.edges)
    connections = tuple(one.model_copy(update={"label": "", "account": ""}) for one in spec.connections)
    trigger = _nameless(spec.trigger)
    told = {"description": "", "request": "", "objective": "", "assumptions": (), "residue": {}}
    return spec.model_copy(
        update={"trigger": trigger, "steps": steps, "edges": edges, "connections": connections, **told}
    )


def _nameless(step: AnyStep) -> AnyStep:
    return step.model_copy(update={"label": _title(step), "note": "", "residue": {}})


def _title(step: AnyStep) -> str:
    operation = operation_of(step)
    if isinstance(step, OperationStep) and operation is not None:
        return f"{_app(step.app)}: {operation.summary}"
    return step.module if isinstance(step, NativeStep) else step.kind.replace("_", " ").capitalize()


def _unlabelled(edge: Edge) -> Edge:
    told = edge.filter.model_copy(update={"label": ""}) if edge.filter else None
    return edge.model_copy(update={"label": "", "filter": told})


def _words(spec: Spec) -> str:
    """`Airtable to Slack`: where it starts, and the last other app that it changes something in."""
    changed = [
        step.app for step in spec.steps
        if isinstance(step, OperationStep) and (known := operation_of(step)) is not None and known.side_effect
    ]  # fmt: skip
    start = spec.trigger.app if isinstance(spec.trigger, OperationStep) else ""
    others = [app for app in changed if app != start]
    return f"{_app(start)} to {_app(others[-1])}" if others else f"{_app(start)} upkeep"


def _app(name: str) -> str:
    known = registry().apps.get(name)
    return known.name if known else name
