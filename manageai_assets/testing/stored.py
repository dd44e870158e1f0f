"""A report as it is stored: everything that tells whether a module does what it must, and long values cut short.

A case with a text of ten thousand characters or a list of a hundred elements would make a report megabytes long.
"""

from __future__ import annotations

from pydantic import JsonValue

from manageai_assets.testing.models import CaseResult, Difference, Request, StepResult, StepTrace, TestReport, Trace

LONGEST_TEXT = 300
LONGEST_LIST = 5
LONGEST_TEXT_OF_FAULT = 2_000


def stored(report: TestReport) -> TestReport:
    """The report with long texts, lists and rows of requests cut, each saying how much is left out. What a trace says
    of a step stands with the step's result alone."""
    return report.model_copy(update={"results": tuple(_result(result) for result in report.results)})


def _result(result: CaseResult) -> CaseResult:
    case = result.case.model_copy(update={"bundles": tuple(_object(one) for one in result.case.bundles[:LONGEST_LIST])})
    return result.model_copy(
        update={
            "case": case.model_copy(update={"answers": {}, "stored": {}}),
            "expected": _outline(result.expected),
            "actual": _outline(result.actual) if result.actual else None,
            "steps": tuple(_step_result(step) for step in result.steps),
            "differences": tuple(_difference(one) for one in result.differences),
        }
    )


def _outline(trace: Trace) -> Trace:
    response = trace.response
    if response is not None:
        response = response.model_copy(update={"body": cut(response.body)})
    return trace.model_copy(update={"steps": {}, "requests": (), "response": response})


def _step_result(step: StepResult) -> StepResult:
    return step.model_copy(
        update={
            "expected": _step(step.expected) if step.expected else None,
            "actual": _step(step.actual) if step.actual else None,
            "differences": tuple(_difference(one) for one in step.differences),
        }
    )


def _step(step: StepTrace) -> StepTrace:
    return step.model_copy(
        update={
            "outputs": tuple(cut(output) for output in step.outputs[:LONGEST_LIST]),
            "requests": tuple(_request(request) for request in step.requests[:LONGEST_LIST]),
            "errors": step.errors[:LONGEST_LIST],
        }
    )


def _request(request: Request) -> Request:
    return request.model_copy(update={"inputs": _object(request.inputs)})


def _difference(one: Difference) -> Difference:
    expected, actual = (cut(value, LONGEST_TEXT_OF_FAULT) for value in (one.expected, one.actual))
    return one.model_copy(update={"expected": expected, "actual": actual})


def _object(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: cut(item) for name, item in value.items()}


def cut(value: JsonValue, longest: int = LONGEST_TEXT) -> JsonValue:
    """A value with its long texts and lists cut."""
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}… ({len(value) - longest:,} more characters)"
    if isinstance(value, list):
        kept = [cut(item, longest) for item in value[:LONGEST_LIST]]
        left = len(value) - LONGEST_LIST
        return [*kept, f"… ({left:,} more)"] if left > 0 else kept
    if isinstance(value, dict):
        return {name: cut(item, longest) for name, item in value.items()}
    return value
