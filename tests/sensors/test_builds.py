"""Launching what was submitted, once each; and noticing runs that ended without a word."""

from __future__ import annotations

import json

import pytest
from dagster import (
    DagsterEventType,
    DagsterInstance,
    SensorResult,
    SkipReason,
    build_run_status_sensor_context,
    build_sensor_context,
)
from sqlalchemy import Engine

from manageai_assets.intake.reading import parse_intake
from manageai_assets.partitions import BUILDS_PER_RUN
from manageai_assets.store.builds import builds_of
from manageai_assets.submissions import BuildRequest, submit
from resources.artifacts import BuildKey
from sensors.builds import ALONE, RANGE_END, RANGE_START, crashed_builds, requested_builds, run_requests
from tests.dagster import small_location


def ask(engine: Engine, slug: str, notes: str = "") -> None:
    """Submits an intake."""
    text = json.dumps({"customer": "Acme", "request": "do it", "slug": slug, "notes": notes})
    submit(engine, parse_intake(text), "examples")


def tick(instance: DagsterInstance, cursor: str | None = None) -> SensorResult | SkipReason:
    """One look at the queue."""
    with build_sensor_context(instance=instance, cursor=cursor) as context:
        result = requested_builds(context)
    assert isinstance(result, (SensorResult, SkipReason))
    return result


def test_what_was_submitted_is_launched_once(engine: Engine, instance: DagsterInstance) -> None:
    ask(engine, "a")
    ask(engine, "b")
    ask(engine, "a")
    first = tick(instance)
    assert isinstance(first, SensorResult)
    assert [request.partition_key for request in first.run_requests or ()] == ["a@v1", "b@v1"]
    assert instance.get_dynamic_partitions("intakes") == ["a@v1", "b@v1"]
    assert isinstance(tick(instance, first.cursor), SkipReason)
    ask(engine, "a", "changed")
    second = tick(instance, first.cursor)
    assert isinstance(second, SensorResult)
    assert [request.partition_key for request in second.run_requests or ()] == ["a@v2"]
    again = tick(instance, first.cursor)
    assert isinstance(again, SensorResult)
    assert [one.run_key for one in again.run_requests or ()] == [one.run_key for one in second.run_requests or ()]


def test_many_at_once_share_runs() -> None:
    keys = [f"k{n}" for n in range(BUILDS_PER_RUN + ALONE)]
    requests = [BuildRequest(n + 1, key) for n, key in enumerate(keys)]
    order = {key: place for place, key in enumerate(keys)}
    runs = run_requests(requests, order)
    assert [(run.tags[RANGE_START], run.tags[RANGE_END]) for run in runs] == [
        (keys[0], keys[BUILDS_PER_RUN - 1]),
        (keys[BUILDS_PER_RUN], keys[-1]),
    ]
    few = run_requests(requests[:ALONE], order)
    assert [run.partition_key for run in few] == keys[:ALONE]


CRASHED = ("failed", ("the run ended early: the process never came up",))


@pytest.mark.parametrize(("retries", "expected"), [("0", CRASHED), ("2", ("submitted", ()))])
def test_a_run_that_ends_without_a_word_is_noticed_unless_it_is_retried(
    engine: Engine, instance: DagsterInstance, retries: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    ask(engine, "a")
    ask(engine, "b")
    instance.add_dynamic_partitions("intakes", ["a@v1", "b@v1"])
    job = small_location.build_job()
    tags = {RANGE_START: "a@v1", RANGE_END: "b@v1", "dagster/max_retries": retries}
    run = instance.create_run_for_job(job, tags=tags)
    instance.report_run_failed(run, "the process never came up")
    failure = instance.all_logs(run.run_id, of_type=DagsterEventType.RUN_FAILURE)[0].dagster_event
    failed = instance.get_run_by_id(run.run_id)
    assert failure is not None
    assert failed is not None
    with build_run_status_sensor_context("crashed_builds", failure, instance, failed) as context:
        crashed_builds(context.for_run_failure())
    found = builds_of(engine, [BuildKey("a", 1), BuildKey("b", 1)])
    assert [(row.status, row.reasons) for row in found] == [expected] * 2
