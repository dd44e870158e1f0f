"""What an engine did, held against what the spec says: step by step, request by request, value by value.

Equal is what means the same: 1 and 1.0, two texts of one instant, a field that is null and one that isn't there.
Nothing else is forgiven, unless the engine can't tell (`Sight`) or the value hangs on clock or chance (`volatile`).

Each difference stands where it began. A step that did not run is one difference, whatever it should have done; two
lists of different lengths are one difference that holds both.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import JsonValue

from compilers.expressions.values import iso_moment, text
from compilers.graph import SpecGraph
from compilers.spec import Spec
from manageai_assets.testing.models import (
    Case,
    CaseResult,
    Difference,
    Request,
    Response,
    StepError,
    StepResult,
    StepTrace,
    Trace,
)

_POSITION = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Sight:
    """What an engine lets one see of a run. What it doesn't is not compared."""

    status: bool = True
    """How the run ended."""
    bundles: bool = True
    """How many bundles went into and out of each step."""
    outputs: bool = True
    """What each step gave."""
    requests: bool = True
    """What apps were asked for."""
    inputs: bool = True
    """The values in these requests."""
    order: bool = True
    """The order of requests of different steps. Those of one step are always in order."""
    operations: bool = True
    """Operations as Make counts them."""
    errors: bool = True
    """Which steps failed."""
    error_types: bool = True
    """Make's names of errors."""
    error_statuses: bool = True
    """The HTTP statuses behind errors."""
    response: bool = True
    """What the webhook was answered."""
    types: bool = True
    """Numbers and booleans as against their texts, nothing as against an empty text."""
    unseen: frozenset[str] = frozenset()
    """Steps of which the engine knows nothing, such as a router that is no node of its own."""


def compare(
    spec: Spec,
    case: Case,
    expected: Trace,
    actual: Trace,
    volatile: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    sees: Sight = Sight(),
) -> CaseResult:
    """The result of one case.

    `volatile` are paths such as `steps.notify.requests[0].inputs.text` or `response.body.at`; `[*]` stands for any
    position. There, and below, only the presence of a value is compared, and the beginning and the end of its text.
    """
    comparison = _Comparison(spec, case, expected, actual, _Values(volatile, sees.types), sees)
    steps = tuple(comparison.steps())
    differences = (*(found for step in steps for found in step.differences), *comparison.run())
    return CaseResult(
        case=case, passed=not differences, expected=expected, actual=actual, steps=steps, differences=differences
    )


def did_something(step: StepTrace) -> bool:
    """Whether anything ever reached the step: engines may also note one whose filter stopped all bundles."""
    return bool(step.bundles_in or step.bundles_out or step.requests or step.errors)


@dataclass(frozen=True)
class _Values:
    """Comparison of JSON values."""

    volatile: Mapping[str, tuple[str, str]]
    types: bool

    def differ(self, step: str, what: str, expected: JsonValue, actual: JsonValue) -> Iterator[Difference]:
        """The differences between two values, the innermost that can be named."""
        if (ends := self._ends(step, what)) is not None:
            if (expected is None) != (actual is None) or not _stands_between(actual, *ends):
                yield Difference(step=step, what=what, expected=expected, actual=actual)
        elif isinstance(expected, dict) and isinstance(actual, dict):
            for key in dict.fromkeys((*expected, *actual)):
                yield from self.differ(step, f"{what}.{key}", expected.get(key), actual.get(key))
        elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
            for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
                yield from self.differ(step, f"{what}[{index}]", left, right)
        elif not self._same(expected, actual):
            yield Difference(step=step, what=what, expected=expected, actual=actual)

    def _ends(self, step: str, what: str) -> tuple[str, str] | None:
        """How the text at a volatile path begins and ends; None for a path that isn't volatile."""
        path = f"steps.{step}.{what}" if step else what
        return self.volatile.get(path) or self.volatile.get(_POSITION.sub("[*]", path))

    def _same(self, expected: JsonValue, actual: JsonValue) -> bool:
        """Whether two values that aren't of one shape, or have no parts, mean the same."""
        if isinstance(expected, (list, dict)) or isinstance(actual, (list, dict)):
            return False
        if isinstance(expected, str) and isinstance(actual, str):
            return expected == actual or _same_instant(expected, actual)
        if not self.types:
            return text(expected) == text(actual)
        if isinstance(expected, bool) or isinstance(actual, bool):
            return expected is actual
        if isinstance(expected, float) and isinstance(actual, float) and math.isnan(expected):
            return math.isnan(actual)
        return expected == actual


def _same_instant(expected: str, actual: str) -> bool:
    moment = iso_moment(expected)
    return moment is not None and moment == iso_moment(actual)


def _stands_between(value: JsonValue, begin: str, end: str) -> bool:
    """Whether a text begins and ends as it must, with something in between."""
    if not (begin or end) or not isinstance(value, str):
        return True
    return len(value) > len(begin) + len(end) and value.startswith(begin) and value.endswith(end)


@dataclass(frozen=True)
class _Comparison:
    """One case of one spec."""

    spec: Spec
    case: Case
    expected: Trace
    actual: Trace
    values: _Values
    sees: Sight

    # -- steps -----------------------------------------------------------------------------------------------

    def steps(self) -> Iterator[StepResult]:
        """The steps that ran on either side, or had to, in the order of the graph."""
        graph = SpecGraph(self.spec)
        known = tuple(step.id for step in graph.topological())
        for identifier in dict.fromkeys((*known, *self.expected.steps, *self.actual.steps)):
            expected, actual = self._ran(self.expected, identifier), self._ran(self.actual, identifier)
            found = () if identifier in self.sees.unseen else tuple(self._step(identifier, expected, actual))
            if expected or actual or found:
                step = graph.get(identifier)
                yield StepResult(
                    step=identifier,
                    title=step.title if step else identifier,
                    passed=not found,
                    expected=expected,
                    actual=actual,
                    differences=found,
                )

    def _ran(self, trace: Trace, identifier: str) -> StepTrace | None:
        step = trace.steps.get(identifier)
        return step if step and (identifier == self.spec.trigger.id or did_something(step)) else None

    def _step(self, step: str, expected: StepTrace | None, actual: StepTrace | None) -> Iterator[Difference]:
        must = expected is not None
        if step in self.case.must_reach or step in self.case.must_not_reach:  # the graph has the last word
            must = step in self.case.must_reach
        if must != (actual is not None):
            yield Difference(step=step, what="reached", expected=must, actual=actual is not None)
        if expected is not None and actual is not None:
            yield from self._work(step, expected, actual)

    def _work(self, step: str, expected: StepTrace, actual: StepTrace) -> Iterator[Difference]:
        if self.sees.bundles:
            yield from self.values.differ(step, "bundles_in", expected.bundles_in, actual.bundles_in)
            yield from self.values.differ(step, "bundles_out", expected.bundles_out, actual.bundles_out)
        if self.sees.outputs:
            yield from self.values.differ(step, "outputs", [*expected.outputs], [*actual.outputs])
        if self.sees.requests:
            left, right = self._requests(expected.requests), self._requests(actual.requests)
            yield from self.values.differ(step, "requests", left, right)
        if self.sees.operations:
            yield from self.values.differ(step, "operations", expected.operations, actual.operations)
        if self.sees.errors:
            left, right = [self._error(found) for found in expected.errors], [self._error(e) for e in actual.errors]
            yield from self.values.differ(step, "errors", left, right)

    def _requests(self, requests: Sequence[Request]) -> list[JsonValue]:
        called: list[dict[str, JsonValue]] = [{"app": each.app, "operation": each.operation} for each in requests]
        if self.sees.inputs:
            called = [{**one, "inputs": each.inputs} for one, each in zip(called, requests, strict=True)]
        return [*called]

    def _error(self, error: StepError) -> dict[str, JsonValue]:
        """What of an error is compared: never its message, which is the app's or the engine's own."""
        shown: dict[str, JsonValue] = {"step": error.step}
        if self.sees.error_types:
            shown["type"] = error.type
        if self.sees.error_statuses:
            shown["status"] = error.status
        return shown

    # -- the run ---------------------------------------------------------------------------------------------

    def run(self) -> Iterator[Difference]:
        """The differences of the run as a whole."""
        expected, actual, must = self.expected, self.actual, self.case.must_end
        if self.sees.status:
            yield from self.values.differ("", "status", expected.status, actual.status)
            if must is not None and must != expected.status:
                yield from self.values.differ("", "must_end", must, actual.status)
        if self.sees.errors:
            left, right = (self._error(trace.error) if trace.error else None for trace in (expected, actual))
            yield from self.values.differ("", "error", left, right)
        if self.sees.response:
            yield from self._response(expected.response, actual.response)
        if self.sees.operations:
            yield from self.values.differ("", "operations", expected.operations, actual.operations)
        if self.sees.requests and self.sees.order:
            yield from self._order()

    def _response(self, expected: Response | None, actual: Response | None) -> Iterator[Difference]:
        if expected is None or actual is None:
            left, right = (one.model_dump(mode="json") if one else None for one in (expected, actual))
            yield from self.values.differ("", "response", left, right)
            return
        yield from self.values.differ("", "response.status", expected.status, actual.status)
        yield from self.values.differ("", "response.body", _body(expected.body), _body(actual.body))
        given = {name.lower(): value for name, value in actual.headers.items()}
        for name, value in expected.headers.items():  # servers add headers of their own: only the asked for count
            sent = given.get(name.lower())
            if name.lower() == "content-type" and ";" not in value and sent is not None:
                sent = sent.partition(";")[0]  # servers add how letters are encoded
            yield from self.values.differ("", f"response.headers.{name}", value, sent)

    def _order(self) -> Iterator[Difference]:
        """Steps in the order of their requests; said only when each made as many as expected, else that is what to
        look at."""
        seen = [
            [each.step for each in trace.requests if each.step not in self.sees.unseen]
            for trace in (self.expected, self.actual)
        ]
        if sorted(seen[0]) == sorted(seen[1]) and seen[0] != seen[1]:
            yield Difference(step="", what="order", expected=[*seen[0]], actual=[*seen[1]])


def _body(value: JsonValue) -> JsonValue:
    """A response's body: on the wire it is text, so JSON text and what it holds are the same."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        read: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read
