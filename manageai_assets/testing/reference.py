"""What must come of a case: the spec itself, run by the simulator, with the differences that an engine is known for.

Some values hang on the clock or on chance, and what an error says on the engine. They are found by running the case
once more with another clock, other random numbers and other words for errors: where the two runs differ, only presence
counts.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import JsonValue

from compilers.expressions.context import Context
from compilers.expressions.values import Value, text
from compilers.spec import Spec
from manageai_assets.testing.dialects import AS_SPECIFIED, Dialect
from manageai_assets.testing.models import Answer, Case, Trace
from manageai_assets.testing.simulator import NOT_CALCULATED, Simulator

View = Callable[[Trace], Trace]
"""A trace in an engine's own terms."""
LATER = timedelta(days=1, hours=1, minutes=1, seconds=1, milliseconds=1)
"""How much later the second run is: far enough that every part of a date differs."""
_MORE = "_more"
SOON = timedelta(minutes=10)
"""A run on a real engine is at most that much later than its expectation was made."""


@dataclass(frozen=True)
class Expectation:
    """What must come of a case: as the spec says it (`trace`) and in an engine's own terms (`seen`). `volatile` are the
    paths of `seen` whose values can't be known beforehand, each with the ends of its text that can."""

    trace: Trace
    seen: Trace
    volatile: Mapping[str, tuple[str, str]]


class Reference:
    """Makes the expectations of one spec for an engine."""

    def __init__(self, spec: Spec, dialect: Dialect = AS_SPECIFIED) -> None:
        self._simulator = Simulator(spec, dialect)
        self._dialect = dialect

    def adjusted(self, case: Case) -> Case:
        """The case without what the engine is known to do otherwise."""
        kept = case.must_end == "warning" and self._dialect.kept_bundle_fails
        return case.model_copy(update={"must_end": None}) if kept else case

    def expect(self, case: Case, context: Context, view: View = lambda trace: trace) -> Expectation:
        """The expectation of a case, at the moment and with the chance of `context`, in the terms of `view`."""
        trace = self._simulator.run(case, context.again())
        other = self._other_run(case, context, LATER)
        seen = view(trace)
        if _compared(trace) == _compared(other):
            return Expectation(trace, seen, {})
        return Expectation(trace, seen, dict(_differing(_compared(seen), _compared(view(other)), "")))

    def unforeseen(self, case: Case, context: Context) -> str:
        """Why it can't be known what a real engine does with a case: its way through the scenario may be another one
        some minutes later, or it does by the place what the spec calls an error. Empty for all others."""
        trace = self._simulator.run(case, context.again())
        if self._dialect.null_on_fault and NOT_CALCULATED in trace.notes:
            return f"{NOT_CALCULATED}, and what the engine makes of that hangs on the place where it stands"
        later = self._other_run(case, context, SOON)
        return "its way hangs on the minute in which it runs" if _way(trace) != _way(later) else ""

    def _other_run(self, case: Case, context: Context, shift: timedelta) -> Trace:
        other = _other(context, shift)
        if self._dialect.objects_in_text:
            other = replace(other, in_text=_otherwise_written)
        return self._simulator.run(self._otherwise_said(case), other)

    def _otherwise_said(self, case: Case) -> Case:
        """The case with other words for each failure, since an engine has its own; and where it has its own texts for
        objects, with one more field in each, so that all that hangs on such a text differs."""
        answers = {step: tuple(_other_words(answer) for answer in given) for step, given in case.answers.items()}
        bundles = case.bundles
        if self._dialect.objects_in_text:
            bundles = tuple(map(_with_more, bundles))
            answers = {
                step: tuple(one.model_copy(update={"bundles": tuple(map(_with_more, one.bundles))}) for one in given)
                for step, given in answers.items()
            }
        return case.model_copy(update={"answers": answers, "bundles": bundles})


def _way(trace: Trace) -> JsonValue:
    return [trace.status, *trace.taken, *(request.step for request in trace.requests)]


def _other(context: Context, shift: timedelta) -> Context:
    """Another moment, and another chance each time: what is drawn lies half the range away, so that it differs even
    where there are two outcomes."""
    source = context.again()
    moment = context.now() + shift
    return replace(
        source,
        now=lambda: moment,
        uuid=lambda: str(uuid.uuid5(uuid.NAMESPACE_OID, source.uuid())),
        random=lambda: (source.random() + 0.5) % 1,
        execution_id=f"other-{context.execution_id}",
        seed=None,
    )


def _other_words(answer: Answer) -> Answer:
    if answer.failure is None:
        return answer
    other = {"message": f"In other words: {answer.failure.message} (so to say)"}
    return answer.model_copy(update={"failure": answer.failure.model_copy(update=other)})


def _otherwise_written(value: Value) -> str:
    """A value between the words of a template, where it has no text of its own, in another one."""
    if isinstance(value, list):
        return ",".join(map(_otherwise_written, value))
    if isinstance(value, dict):
        return "[object Object]"
    return "" if isinstance(value, float) and math.isnan(value) else text(value)


def _with_more(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {**{name: _more(item) for name, item in value.items()}, _MORE: True}


def _more(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_more(item) for item in value]
    return _with_more(value) if isinstance(value, dict) else value


def _compared(trace: Trace) -> JsonValue:
    steps: dict[str, JsonValue] = {
        name: {
            "outputs": [*step.outputs],
            "requests": [{"inputs": dict(request.inputs)} for request in step.requests],
        }
        for name, step in trace.steps.items()
    }
    response = trace.response.model_dump(mode="json") if trace.response else None
    return {"steps": steps, "response": response}


def _differing(one: JsonValue, other: JsonValue, path: str) -> Iterator[tuple[str, tuple[str, str]]]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() & other.keys():
            yield from _differing(one[name], other[name], f"{path}.{name}" if path else name)
    elif isinstance(one, list) and isinstance(other, list):
        for index, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from _differing(left, right, f"{path}[{index}]")
    else:
        yield path, _ends(one, other)


def _ends(one: JsonValue, other: JsonValue) -> tuple[str, str]:
    """The words with which two texts begin and end alike: what stands around a value that can't be known."""
    if not isinstance(one, str) or not isinstance(other, str):
        return "", ""
    begin = _common(one, other)
    end = _common(one[len(begin) :][::-1], other[len(begin) :][::-1])[::-1]
    may_be_empty = len(begin) + len(end) == min(len(one), len(other))
    return (begin, end) if not may_be_empty else (begin, "") if end else ("", "")


def _common(one: str, other: str) -> str:
    """The common beginning of two texts, up to the last space in it: parts of words may be alike by chance."""
    alike = min(len(one), len(other))
    found = one[: next((at for at in range(alike) if one[at] != other[at]), alike)]
    return found[: max(found.rfind(" "), found.rfind("\n")) + 1]
