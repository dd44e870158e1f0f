"""What holds of every run of every spec: random specs with random payloads and failures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import JsonValue

from compilers.graph import SpecGraph
from compilers.spec import AggregateStep, IterateStep, RouterStep
from manageai_assets.build.operations import operation_of
from manageai_assets.testing.compare import compare
from manageai_assets.testing.dialects import n8n_dialect
from manageai_assets.testing.models import Case, Request, Trace
from manageai_assets.testing.reference import Reference
from manageai_assets.testing.simulator import NOT_CALCULATED, Simulator, context_of
from tests.live.differential import FOUND, read
from tests.live.random_specs import Sample, samples

some = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


THEIR_OWN = ("BundleValidationError", "DataError", "DuplicateDataError", "RuntimeError")
"""Errors of steps that call no app."""


def traces(sample: Sample) -> list[Trace]:
    """The trace of each case."""
    simulator = Simulator(sample.spec)
    return [simulator.run(case) for case in sample.cases]


def without_failures(case: Case) -> Case:
    """The case with answers only."""
    answers = {step: tuple(one for one in given if one.failure is None) for step, given in case.answers.items()}
    return case.model_copy(update={"answers": answers})


def told(requests: tuple[Request, ...]) -> Counter[str]:
    """Requests whatever their order."""
    return Counter(request.model_dump_json() for request in requests)


@some
@given(samples())
def test_the_same_case_gives_the_same_trace_which_is_json(sample: Sample) -> None:
    first, second = traces(sample), traces(sample)
    assert first == second
    for trace in first:
        document: JsonValue = trace.model_dump(mode="json")
        assert Trace.model_validate(document) == trace


@some
@given(samples())
def test_a_run_equals_itself_and_what_is_expected_of_it(sample: Sample) -> None:
    reference = Reference(sample.spec)
    for case in sample.cases:
        context = context_of(sample.spec, case.name)
        expectation = reference.expect(case, context)
        result = compare(sample.spec, case, expectation.seen, expectation.trace, expectation.volatile)
        assert result.passed, result.differences


@some
@given(samples())
def test_what_steps_did_adds_up_to_the_run(sample: Sample) -> None:
    for trace in traces(sample):
        steps = trace.steps.values()
        assert told(trace.requests) == told(tuple(one for step in steps for one in step.requests))
        assert trace.operations == sum(step.operations for step in steps)
        assert all(step.bundles_out == len(step.outputs) for step in steps)
        for name, step in trace.steps.items():
            assert [one for one in trace.requests if one.step == name] == list(step.requests)


@some
@given(samples())
def test_bundles_come_by_edges_that_were_taken(sample: Sample) -> None:
    graph = SpecGraph(sample.spec)
    for trace in traces(sample):
        for name, step in trace.steps.items():
            edges = [f"{edge.source}>{edge.target}" for edge in graph.incoming(name)]
            if name != sample.spec.trigger.id and step.bundles_in:
                assert any(edge in trace.taken for edge in edges), name
        for edge in sample.spec.edges:
            if edge.filter is None and not edge.fallback and edge.kind != "error":
                assert f"{edge.source}>{edge.target}" not in trace.stopped


@some
@given(samples())
def test_each_kind_of_step_gives_as_many_bundles_as_it_must(sample: Sample) -> None:
    for trace in traces(sample):
        for step in sample.spec.steps:
            seen = trace.steps.get(step.id)
            if seen is None or trace.status == "error":
                continue
            if isinstance(step, AggregateStep) and step.group_by is None:
                source = trace.steps[step.source]
                runs = source.bundles_in if isinstance(step, AggregateStep) else 0
                assert seen.bundles_out <= runs
            if isinstance(step, IterateStep):
                assert all(isinstance(one, dict) and 1 <= one["_index"] <= one["_total"] for one in seen.outputs)  # type: ignore[operator]
            if isinstance(step, RouterStep):
                assert seen.bundles_in == seen.bundles_out


@some
@given(samples())
def test_a_run_without_failing_calls_ends_well_unless_something_else_fails(sample: Sample) -> None:
    for case in map(without_failures, sample.cases):
        trace = Simulator(sample.spec).run(case)
        own = {step.id for step in sample.spec.steps if step.kind == "stop"}
        for name, step in trace.steps.items():
            for error in step.errors:
                assert name in own or error.type in THEIR_OWN
        if trace.status == "error":
            assert trace.error is not None
            assert trace.steps[trace.error.step].errors


@some
@given(samples())
def test_a_known_difference_of_an_engine_changes_nothing_where_nothing_fails(sample: Sample) -> None:
    specified, on_n8n = Simulator(sample.spec), Simulator(sample.spec, n8n_dialect(sample.spec))
    for case in map(without_failures, sample.cases):
        one, other = specified.run(case), on_n8n.run(case)
        if NOT_CALCULATED in other.notes or any(step.errors for step in one.steps.values()):
            continue
        assert told(one.requests) == told(other.requests)
        assert (one.status, one.response) == (other.status, other.response)


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_an_error_that_is_not_handled_ends_the_run_on_n8n_too(file: Path) -> None:
    sample = read(file)
    for case in sample.cases:
        one, other = Simulator(sample.spec).run(case), Simulator(sample.spec, n8n_dialect(sample.spec)).run(case)
        assert one.status != "error" or other.status == "error"


@some
@given(samples())
def test_a_failed_call_is_tried_as_often_as_its_rule_says(sample: Sample) -> None:
    for case in sample.cases:
        trace = Simulator(sample.spec).run(case)
        for step in sample.spec.steps:
            seen = trace.steps.get(step.id)
            if seen is None or not seen.requests:
                continue
            retries = step.on_error is not None and step.on_error.strategy == "retry"
            most = step.on_error.attempts + 1 if retries and step.on_error else 1
            assert operation_of(step) is not None
            assert seen.bundles_in <= len(seen.requests) <= most * seen.bundles_in
            assert sum(error.retried for error in seen.errors) == len(seen.requests) - seen.bundles_in
