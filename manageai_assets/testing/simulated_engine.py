"""Runs cases on the simulator, over what a platform's export says when it is read back.

The blueprint of a build is parsed again, so that what is run is the file that the client gets and not the spec that it
was made of: a module that lost a field, a route or a reference does here what it would do on Make. Modules that call
apps stay modules: their fields are what the app is asked with, and answers come as the bundles that they give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self

from pydantic import JsonValue

from compilers.expressions.context import Context
from compilers.graph import SpecGraph
from compilers.make.known import Known, look_up
from compilers.make.parse import parse as parse_make
from compilers.make.source import Source
from compilers.spec import AnyStep, AppStep, NativeStep, OperationStep, Spec
from manageai_assets.testing.compare import Sight
from manageai_assets.testing.demands import Demands
from manageai_assets.testing.make_terms import (
    Once,
    answer_in_make_terms,
    demands_of,
    given,
    in_make_terms,
    normal,
    static_fields,
    trace_in_make_terms,
)
from manageai_assets.testing.models import Case, Request, StepError, StepTrace, Trace
from manageai_assets.testing.simulator import Simulator
from manageai_assets.testing.transforms import transform


class SpecEngine:
    """A spec as it is."""

    name: Literal["simulate"] = "simulate"
    sees = Sight()

    def __init__(self, spec: Spec, subject: str = "spec", demands: Mapping[str, Demands] | None = None) -> None:
        self.subject = subject
        self._simulator = Simulator(spec, demands=demands)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left behind."""

    def view(self, trace: Trace) -> Trace:
        """What is expected, in the engine's own terms."""
        return trace

    def run(self, case: Case, expected: Trace, context: Context) -> Trace:
        """What the scenario does with a case, at the same moment as what is expected of it."""
        return self._simulator.run(case, context)


class BlueprintEngine(SpecEngine):
    """A spec's Make blueprint. `places` says which modules the steps became, the last of each being its own; modules
    that write JSON before it are seen in what it is given, and are no steps of the trace. Raises `BlueprintError` for
    what is no blueprint."""

    sees = Sight(types=False, operations=False)

    def __init__(self, spec: Spec, blueprint: JsonValue, places: Mapping[str, tuple[str, ...]]) -> None:
        self._spec, self._graph = spec, SpecGraph(spec)
        parsed = parse_make(
            blueprint, slug=spec.slug, customer=spec.customer.name, timezone=spec.settings.timezone, known=_as_module
        )
        main_of = {found[-1].removeprefix("module "): step for step, found in places.items() if found}
        helper_of = {place.removeprefix("module "): step for step, found in places.items() for place in found[:-1]}
        self._names = {own: main_of[one.id] for own, one in parsed.modules.items() if one.id in main_of}
        self._names.setdefault(parsed.spec.trigger.id, spec.trigger.id)
        self._own = {name: own for own, name in self._names.items()}
        writers = {step.id for step in parsed.spec.steps if _writes_json(step)}
        self._helpers = {
            own: helper_of[one.id] for own, one in parsed.modules.items() if one.id in helper_of and own in writers
        }
        self._modules = {step.id: step for step in parsed.spec.nodes if isinstance(step, NativeStep)}
        demands = {own: demands_of(self._graph.step(self._name(own))) for own in self._modules if own in self._names}
        super().__init__(parsed.spec, "Make export, read back", demands)

    def view(self, trace: Trace) -> Trace:
        return trace_in_make_terms(self._graph, trace)

    def run(self, case: Case, expected: Trace, context: Context) -> Trace:
        answers = {
            self._own.get(name, name): tuple(answer_in_make_terms(self._graph.step(name), one) for one in found)
            for name, found in case.answers.items()
            if name in self._graph
        }
        trigger = self._spec.trigger
        bundles = tuple(given(trigger, bundle) if in_make_terms(trigger) else bundle for bundle in case.bundles)
        trace = super().run(case.model_copy(update={"answers": answers, "bundles": bundles}), expected, context)
        said = Once(self._request)
        return trace.model_copy(
            update={
                "steps": {
                    self._name(name): self._step(step, said)
                    for name, step in trace.steps.items()
                    if name not in self._helpers
                },
                "requests": tuple(map(said, trace.requests)),
                "error": self._error(trace.error) if trace.error else None,
                "taken": self._edges(trace.taken),
                "stopped": self._edges(trace.stopped),
            }
        )

    def _name(self, own: str) -> str:
        return self._names.get(own) or self._helpers.get(own, own)

    def _step(self, step: StepTrace, said: Once) -> StepTrace:
        return step.model_copy(
            update={
                "step": self._name(step.step),
                "outputs": tuple(_without_place(output) for output in step.outputs)
                if step.step in self._modules
                else step.outputs,
                "requests": tuple(map(said, step.requests)),
                "errors": tuple(map(self._error, step.errors)),
            }
        )

    def _request(self, request: Request) -> Request:
        """A module's request, with the static settings that the operation's inputs decide."""
        name = self._name(request.step)
        module, step = self._modules.get(request.step), self._graph.get(name)
        if module is None or not isinstance(step, OperationStep) or not in_make_terms(step):
            return request.model_copy(update={"step": name})
        fields = {key: value for key, value in module.parameters.items() if key in static_fields(step)}
        inputs = normal({**fields, **request.inputs})
        return request.model_copy(update={"step": name, "app": step.app, "inputs": inputs})

    def _error(self, error: StepError) -> StepError:
        return error.model_copy(update={"step": self._name(error.step)})

    def _edges(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Edges by the spec's names, without those between a step's own modules."""
        ends = ([self._name(end) for end in name.split(">")] for name in names)
        return tuple(f"{source}>{target}" for source, target in ends if source != target)


def _as_module(source: Source, feeds: bool) -> Known:
    """What is to be known of a module: nothing of one that calls an app, so that it stays what it is, and of a trigger
    not where its outputs stand."""
    known = look_up(source, feeds)
    if known.operation is None or known.app is None or transform(known.app.app, known.name) is not None:
        return known
    if known.operation.kind == "trigger":
        return replace(known, operation=known.operation.model_copy(update={"outputs": {}}))
    return Known(source, headers=known.headers, feeds=feeds)


def _writes_json(step: AnyStep) -> bool:
    return isinstance(step, AppStep) and (step.app, step.operation) == ("json", "create")


def _without_place(output: JsonValue) -> JsonValue:
    if not isinstance(output, dict):
        return output
    return {name: value for name, value in output.items() if name not in ("_index", "_total")}
