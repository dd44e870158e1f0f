"""The making of cases: a spec's usual data, changed until a bundle goes where it shall."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TypedDict, Unpack

from pydantic import JsonValue

from compilers.expressions.tree import Reference
from compilers.expressions.values import Scope, Value
from compilers.graph import SpecGraph, gives_several
from compilers.spec import AnyStep, Edge, IfElseStep, NativeStep, OperationStep, RouterStep, Spec, SubScenarioStep
from manageai_assets.testing.binding import plain
from manageai_assets.testing.failures import FAILURES, failure
from manageai_assets.testing.goals import Goal, Goals
from manageai_assets.testing.models import Answer, Case, CaseGroup, FailureName, RunStatus, Trace
from manageai_assets.testing.readings import readings
from manageai_assets.testing.simulator import Simulator, context_of
from manageai_assets.testing.solver import solve
from manageai_assets.testing.solver_places import place_of, put
from manageai_assets.testing.transforms import transform

NO_JSON = "{no JSON"
"""What a step that reads JSON fails with."""


class About(TypedDict, total=False):
    """What a case says of itself, besides its data."""

    name: str
    group: CaseGroup
    title: str
    why: str
    must_reach: tuple[str, ...]
    must_not_reach: tuple[str, ...]
    must_end: RunStatus | None


class CaseMaker:
    """Makes the cases of one spec."""

    def __init__(self, spec: Spec, moment: datetime | None = None) -> None:
        self.spec = spec
        self.simulator = Simulator(spec)
        self.graph: SpecGraph = self.simulator.plan.graph
        self.goals = Goals(self.graph)
        self.context = context_of(spec, "cases", moment)
        self._traces: dict[int, tuple[Case, Trace]] = {}

    # -- data ----------------------------------------------------------------------------------------------------

    @cached_property
    def called(self) -> tuple[AnyStep, ...]:
        """The steps whose apps answer, in the order of the flow."""
        steps = (step for step in self.graph.topological() if is_called(step) and not step.disabled)
        return tuple(step for step in steps if step.id != self.spec.trigger.id)

    @cached_property
    def payload(self) -> dict[str, JsonValue]:
        """The trigger's usual bundle."""
        return self.simulator.doubles.bundle(self.spec.trigger.id)

    @cached_property
    def answers(self) -> dict[str, tuple[Answer, ...]]:
        """What the apps usually answer."""
        return {step.id: (self.simulator.doubles.answer(step.id),) for step in self.called}

    @cached_property
    def usual(self) -> Case:
        """The case with everything as it usually is."""
        return Case(
            name="usual",
            group="routes",
            title="Data as they usually are",
            why="the sample of the request, completed with made-up values",
            bundles=(self.payload,),
            answers=self.answers,
        )

    def with_payload(self, payload: dict[str, JsonValue]) -> Case:
        """The usual case with another bundle of the trigger."""
        return self.usual.model_copy(update={"bundles": (payload,)})

    def case(self, made: Case, **about: Unpack[About]) -> Case:
        """A case with what it says of itself; its name is made fit."""
        return made.model_copy(update={**about, "name": slug_of(about.get("name", made.name))})

    def trace(self, case: Case) -> Trace:
        """What the spec does with a case."""
        known = self._traces.get(id(case))
        if known is None or known[0] is not case:
            known = self._traces[id(case)] = (case, self.simulator.run(case, self.context))
        return known[1]

    # -- ways ----------------------------------------------------------------------------------------------------

    def reaching(self, goal: Goal) -> Case | None:
        """A case that reaches a goal; None where none was found."""
        return next((case for case in self._tried(goal) if self._reaches(case, goal)), None)

    def _tried(self, goal: Goal) -> Iterator[Case]:
        """The cases that may reach a goal."""
        by_app = any(step in self.answers for step in goal.failing)
        ways: Iterable[FailureName] = FAILURES if by_app else ("500",)
        for way in ways:
            usual = self.failing(self.usual, goal, way)
            yield usual
            scope = solve(goal.wishes, self.scope_of(usual, goal.failing), self.context, fixed=self._is_computed)
            if scope is not None:
                yield self.failing(self.of_scope(scope), goal, way)
        yield from self._other_finds(goal)

    def failing(self, case: Case, goal: Goal, way: FailureName = "500") -> Case:
        """The case in which those steps fail whose errors are handled on the way to a goal: apps by their answer, steps
        that read JSON by a text that is none."""
        for identifier in goal.failing:
            place = place_of(self._read[identifier]) if identifier in self._read else None
            if identifier in self.answers:
                failed = Answer(failure=failure(self.graph.step(identifier), way))
                case = case.model_copy(update={"answers": {**case.answers, identifier: (failed,)}})
            elif place is not None and not self._fails(case, identifier):
                case = self.of_scope(put(self.scope_of(case, goal.failing), {place: NO_JSON}))
        return case

    def _other_finds(self, goal: Goal) -> Iterator[Case]:
        """The usual case with a search on the way that finds nothing, or one thing alone."""
        usual = self.usual
        for step in map(self.graph.step, goal.steps):
            if isinstance(step, OperationStep) and step.id in usual.answers and gives_several(step):
                for count in (0, 1):
                    answer = Answer(bundles=usual.answers[step.id][0].bundles[:count])
                    yield usual.model_copy(update={"answers": {**usual.answers, step.id: (answer,)}})

    def _reaches(self, case: Case, goal: Goal) -> bool:
        trace = self.trace(case)
        return goal.name in (trace.taken if goal.passes else trace.stopped)

    def _is_computed(self, step: str) -> bool:
        return step != self.spec.trigger.id and step not in self.answers and step not in self._read

    @cached_property
    def _read(self) -> Mapping[str, Reference]:
        """Steps that read JSON, with the place of its text: what such a step gives is chosen by choosing the text."""
        return {one.step: one.source for one in readings(self.graph) if not one.looks_for}

    def _fails(self, case: Case, identifier: str) -> bool:
        step = self.trace(case).steps.get(identifier)
        return step is not None and bool(step.errors)

    def scope_of(self, case: Case, failing: Collection[str] = ()) -> Scope:
        """What each step gives first: what was given, and what the run computed of it; nothing of those that fail."""
        computed = {name: one.outputs[0] for name, one in self.trace(case).steps.items() if one.outputs}
        given = {step: answers[0].bundles[0] for step, answers in case.answers.items() if answers[0].bundles}
        scope: dict[str, JsonValue] = {**computed, **given, self.spec.trigger.id: case.bundles[0]}
        return {name: value for name, value in scope.items() if name not in failing}  # type: ignore[misc]  # a JSON value is a value; `dict` isn't covariant

    def of_scope(self, scope: Mapping[str, Value]) -> Case:
        """The usual case with the data of a scope."""
        scope = self._written(scope)
        answers = {
            step: (Answer(bundles=(_bundle(scope[step]), *usual[0].bundles[1:])),) if step in scope else usual
            for step, usual in self.answers.items()
        }
        bundle = _bundle(scope[self.spec.trigger.id])
        return self.usual.model_copy(update={"bundles": (bundle,), "answers": answers})

    def _written(self, scope: Mapping[str, Value]) -> Mapping[str, Value]:
        """The scope with what steps shall read from JSON written into their texts, the last steps first."""
        written: Mapping[str, Value] = scope
        usual = self.scope_of(self.usual) if self._read else {}
        for step, source in reversed(tuple(self._read.items())):
            place = place_of(source)
            if place and step in written and written[step] != usual.get(step):
                text = json.dumps(plain(written[step]), ensure_ascii=False)
                written = put(written, {place: text})
        return written

    # -- what the graph says -------------------------------------------------------------------------------------

    def only_below(self, edge: Edge) -> tuple[str, ...]:
        """The steps that only this edge leads to, the handlers of errors left out."""
        below = {edge.target, *(step.id for step in self.graph.below(edge.target))}
        kept = {
            identifier
            for identifier in below
            if identifier == edge.target or any(above == edge.target for above in self.graph.line(identifier))
        }
        entered = self.graph.incoming(edge.target)
        return tuple(step.id for step in self.graph.ordered(kept)) if len(entered) == 1 else ()

    def only_by_others(self, edge: Edge) -> tuple[str, ...]:
        """The steps that don't run when a bundle takes this edge of a step that chooses one: those of the others. A
        loop's bundles may take others still, and so may a router that runs every match."""
        source = self.graph.step(edge.source)
        chooses = isinstance(source, IfElseStep) or (isinstance(source, RouterStep) and source.mode == "first")
        if not (chooses or edge.fallback) or self.graph.multiplying(edge.source):
            return ()
        others = [one for one in self.graph.outgoing(edge.source) if one != edge and one.kind == edge.kind]
        return tuple(step for other in others for step in self.only_below(other))

    def alone(self, step: str) -> bool:
        """Whether no loop leads to a step, so that what stops its bundle stops all."""
        return not self.graph.multiplying(step)


def is_called(step: AnyStep) -> bool:
    """Whether an app answers the step, so that a test must play it."""
    if isinstance(step, OperationStep):
        return transform(step.app, step.operation) is None
    return isinstance(step, (NativeStep, SubScenarioStep))


def _bundle(value: Value) -> dict[str, JsonValue]:
    found = plain(value)
    return found if isinstance(found, dict) else {}


def slug_of(text: str) -> str:
    """A name for a case: letters, digits and hyphens."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:110].strip("-")
    return slug or "case"


def leaves(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterable[tuple[tuple[str | int, ...], JsonValue]]:
    """Every value that is no object or list, with its path; empty ones of those count as values."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def replaced(value: JsonValue, path: tuple[str | int, ...], new: JsonValue) -> JsonValue:
    """A copy with another value at a path."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(first, str):
        return {**value, first: replaced(value.get(first), rest, new)}
    if isinstance(value, list) and isinstance(first, int) and first < len(value):
        return [replaced(item, rest, new) if index == first else item for index, item in enumerate(value)]
    return value


def without(value: JsonValue, path: tuple[str | int, ...]) -> JsonValue:
    """A copy without the value at a path."""
    first, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(first, str) and first in value:
        if not rest:
            return {name: item for name, item in value.items() if name != first}
        return {**value, first: without(value[first], rest)}
    if isinstance(value, list) and isinstance(first, int) and first < len(value):
        if not rest:
            return [item for index, item in enumerate(value) if index != first]
        return [without(item, rest) if index == first else item for index, item in enumerate(value)]
    return value
