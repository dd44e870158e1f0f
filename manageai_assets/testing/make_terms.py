"""What a call and its answer are in Make's own terms: a module's fields, and the bundle that it gives.

A blueprint is tested on the level of its modules, so that it doesn't matter by which of several operations of the
registry a module would be read back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from compilers.graph import SpecGraph
from compilers.paths import substituted
from compilers.registry import bind, registry
from compilers.spec import AnyStep, OperationStep
from manageai_assets.testing.binding import says_nothing
from manageai_assets.testing.demands import NO_DEMANDS, Demands
from manageai_assets.testing.making import is_called
from manageai_assets.testing.models import Answer, Request, StepTrace, Trace
from manageai_assets.testing.plain_writer import PLAIN

Bundle = dict[str, JsonValue]


def in_make_terms(step: AnyStep) -> bool:
    """Whether a step is a module of an app, or a trigger, so that its bundles are said in Make's terms."""
    if not isinstance(step, OperationStep) or not is_called(step):
        return False
    operation = registry().find(step.app, step.operation)
    return operation is not None and operation.make is not None and operation.make.module is not None


def asked(step: OperationStep, inputs: Mapping[str, JsonValue]) -> tuple[str, Bundle]:
    """The module of a step and its fields for evaluated inputs; those that hold nothing are left out."""
    module = registry().operation(step.app, step.operation).make
    if module is None:
        return "", dict(inputs)
    fields = {**bind(module.parameters, inputs, PLAIN), **bind(module.mapper or {}, inputs, PLAIN)}
    return module.module or "", normal(fields)


def static_fields(step: OperationStep) -> frozenset[str]:
    """The settings of a step's module that its operation decides, and that are no values per run."""
    module = registry().operation(step.app, step.operation).make
    return frozenset(module.parameters) if module else frozenset()


def demands_of(step: AnyStep) -> Demands:
    """What a step's module demands of its fields, as far as one field holds one input."""
    if not isinstance(step, OperationStep) or not in_make_terms(step):
        return NO_DEMANDS
    operation = registry().operation(step.app, step.operation)
    mapper = operation.make.mapper if operation.make else None
    fields = {input_: name for name, value in (mapper or {}).items() if (input_ := _input_of(value))}
    inputs = [(name, one) for name, one in operation.inputs.items() if name in fields]
    return Demands(
        needed=tuple(fields[name] for name, one in inputs if one.required),
        addresses=tuple(fields[name] for name, one in inputs if one.type == "addresses"),
    )


def _input_of(value: JsonValue) -> str:
    """The input that a field is bound to as a whole."""
    if isinstance(value, dict):
        listed = value.get("$list")
        return listed if isinstance(listed, str) else ""
    return value[1:] if isinstance(value, str) and value.startswith("$") else ""


def normal(fields: Mapping[str, JsonValue]) -> Bundle:
    """Fields in one form: JSON text as what it holds, and without those that hold nothing."""
    read = {name: _read(value) for name, value in fields.items()}
    return {name: value for name, value in read.items() if not _is_nothing(value)}


def _read(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            found: JsonValue = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return found
    return value


def _is_nothing(value: JsonValue) -> bool:
    return says_nothing(value)  # type: ignore[arg-type]  # a JSON value is a value


def given(step: AnyStep, bundle: Mapping[str, JsonValue]) -> Bundle:
    """What the step's module gives for a bundle."""
    places = {name: value for name, value in bundle.items() if name not in ("_index", "_total")}
    return substituted(step, places, "make")


def answer_in_make_terms(step: AnyStep, answer: Answer) -> Answer:
    """An app's answer as the step's module gives it."""
    if not in_make_terms(step):
        return answer
    return answer.model_copy(update={"bundles": tuple(given(step, bundle) for bundle in answer.bundles)})


def trace_in_make_terms(graph: SpecGraph, trace: Trace) -> Trace:
    """A trace of the spec with the calls of apps, and what came of them, in Make's terms."""
    said = Once(lambda request: _request(graph.get(request.step), request))
    steps = {name: _step(graph.get(name), one, said) for name, one in trace.steps.items()}
    return trace.model_copy(update={"steps": steps, "requests": tuple(map(said, trace.requests))})


class Once:
    """Says each request of a trace in other words, and the same one, which its step has too, only once."""

    def __init__(self, say: Callable[[Request], Request]) -> None:
        self._say = say
        self._said: dict[int, tuple[Request, Request]] = {}

    def __call__(self, request: Request) -> Request:
        known = self._said.get(id(request))
        if known is None:
            known = self._said[id(request)] = (request, self._say(request))
        return known[1]


def _step(step: AnyStep | None, trace: StepTrace, said: Callable[[Request], Request]) -> StepTrace:
    if step is None or not in_make_terms(step):
        return trace
    outputs = tuple(given(step, output) if isinstance(output, dict) else output for output in trace.outputs)
    return trace.model_copy(update={"outputs": outputs, "requests": tuple(map(said, trace.requests))})


def _request(step: AnyStep | None, request: Request) -> Request:
    if not isinstance(step, OperationStep) or not in_make_terms(step):
        return request
    module, fields = asked(step, request.inputs)
    return request.model_copy(update={"operation": module, "inputs": fields})
