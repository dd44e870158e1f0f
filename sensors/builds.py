"""Sensors that keep builds moving: one launches what was asked for, one notices runs that ended without a word."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster import (
    DagsterInstance,
    DagsterRun,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_failure_sensor,
    sensor,
)

from manageai_assets.partitions import BUILDS_PER_RUN, INTAKES
from manageai_assets.submissions import BuildRequest, batches
from resources.artifacts import parse_key

if TYPE_CHECKING:
    from sqlalchemy import Engine

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
WILL_RETRY = "dagster/will_retry"

ALONE = 8
"""Up to so many builds asked for at once get a run each, which is easier to follow; more share runs."""


@contextmanager
def opened_engine() -> "Iterator[Engine]":
    """An engine on the project's database for one tick."""
    from manageai_assets.io_managers import project_engine
    from manageai_assets.settings import read_settings

    engine = project_engine(read_settings())
    try:
        yield engine
    finally:
        engine.dispose()


def run_requests(requests: Sequence[BuildRequest], order: Mapping[str, int]) -> list[RunRequest]:
    """The runs for these builds; `order` is each partition key's position. The same requests give the same run keys,
    so that none is launched twice."""
    largest = 1 if len(requests) <= ALONE else BUILDS_PER_RUN
    return [_run_request(group) for group in batches(requests, order, largest)]


def _run_request(group: Sequence[BuildRequest]) -> RunRequest:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return RunRequest(run_key=f"submission-{first.id}", partition_key=first.partition_key)
    return RunRequest(
        run_key=f"submissions-{first.id}-{last.id}-{len(group)}",
        tags={RANGE_START: first.partition_key, RANGE_END: last.partition_key},
    )


@sensor(
    job_name="build",
    minimum_interval_seconds=2,
    default_status=DefaultSensorStatus.RUNNING,
    description="Launches the builds that were submitted, in order and once each. Every way in ends here.",
)
def requested_builds(context: SensorEvaluationContext) -> SensorResult | SkipReason:
    """The cursor is the id of the last submission whose run was launched."""
    from manageai_assets.submissions import requests_after

    with opened_engine() as engine:
        requests = requests_after(engine, int(context.cursor or 0))
    if not requests:
        return SkipReason("nothing was submitted since the last look")
    keys = [request.partition_key for request in requests]
    context.instance.add_dynamic_partitions(str(INTAKES.name), list(dict.fromkeys(keys)))
    order = {key: place for place, key in enumerate(context.instance.get_dynamic_partitions(str(INTAKES.name)))}
    return SensorResult(run_requests=run_requests(requests, order), cursor=str(requests[-1].id))


@run_failure_sensor(
    default_status=DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="Marks builds as failed whose run ended without saying what became of them, and won't be retried.",
)
def crashed_builds(context: RunFailureSensorContext) -> None:
    """Without it, a build whose process never came up would look as if it were still in the queue."""
    from manageai_assets.store.builds import mark_crashed

    run = context.dagster_run
    keys = [parse_key(key) for key in partition_keys(context.instance, run)]
    record = context.instance.get_run_record_by_id(run.run_id)
    if not keys or record is None or run.tags.get(WILL_RETRY) == "true":
        return
    with opened_engine() as engine:
        reason = f"the run ended early: {context.failure_event.message}"
        count = mark_crashed(engine, keys, run.run_id, reason, record.create_timestamp)
    context.log.info(f"marked {count} of {len(keys)} builds as failed")


def partition_keys(instance: DagsterInstance, run: DagsterRun) -> list[str]:
    """The partitions of a run: its one, or its range."""
    if PARTITION in run.tags:
        return [run.tags[PARTITION]]
    start, end = run.tags.get(RANGE_START), run.tags.get(RANGE_END)
    known = list(instance.get_dynamic_partitions(str(INTAKES.name)))
    if start not in known or end not in known:
        return []
    return known[known.index(start) : known.index(end) + 1]
