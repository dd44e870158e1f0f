"""What is watched in production, in Dagster: the snapshots of each 15-minute window, made from stored executions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetMaterialization,
    AssetSelection,
    AssetSpec,
    DagsterEvent,
    InitResourceContext,
    MetadataValue,
    OpExecutionContext,
    Output,
    ResourceDefinition,
    TableRecord,
    asset_check,
    define_asset_job,
    in_process_executor,
    job,
    multi_asset,
    op,
)

from manageai_assets.analytics.assets import column_schema
from manageai_assets.assets import picture, together
from manageai_assets.monitoring import health
from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.monitoring.health import Health
from manageai_assets.monitoring.last_day import Worst, last_day, picture_of, worst
from manageai_assets.monitoring.models import WINDOW
from manageai_assets.monitoring.retention import prune
from manageai_assets.monitoring.snapshots import WindowTotals, make_snapshots
from manageai_assets.partitions import MONITOR_WINDOWS, WINDOW_BATCHES, window_key, window_starts
from manageai_assets.settings import read_settings
from resources.dagster_internals import REPORTED_ALREADY

if TYPE_CHECKING:
    from sqlalchemy import Engine

GROUP = "monitoring"
SNAPSHOTS = "execution_snapshots"


@dataclass(frozen=True)
class Watching:
    """What runs of monitoring are given: the database, and what time it is."""

    engine: "Engine"
    clock: Callable[[], datetime]


@multi_asset(
    name=SNAPSHOTS,
    specs=[
        AssetSpec(
            SNAPSHOTS,
            group_name=GROUP,
            kinds={"postgres"},
            partitions_def=MONITOR_WINDOWS,
            metadata=column_schema(SNAPSHOTS),
            description="How each scenario did in the hour up to the window's end: executions, errors, durations, "
            "operations, the last error. Made from stored executions only, so that any window can be made again.",
        )
    ],
    backfill_policy=WINDOW_BATCHES,
    required_resource_keys={"monitoring"},
)
def execution_snapshots(context: AssetExecutionContext) -> Iterator[DagsterEvent | Output[None]]:
    """Makes the snapshots of the run's windows; the newest one shows the last day too."""
    watching: Watching = context.resources.monitoring
    engine = watching.engine
    starts = window_starts(context.partition_keys)
    totals = make_snapshots(engine, starts, watching.clock())
    newest = starts[-1]
    shown = {
        "worst": _table(worst(engine, newest)),
        "last_day": MetadataValue.md(picture(picture_of(last_day(engine, newest)), "the last day")),
    }
    made = [
        AssetMaterialization(
            SNAPSHOTS,
            partition=window_key(one.window_start),
            metadata={**_numbers(one), **(shown if one.window_start == newest else {})},
        )
        for one in totals
    ]
    yield from together(context, made)
    yield Output(None, output_name=SNAPSHOTS, metadata={REPORTED_ALREADY: True})


def _numbers(one: WindowTotals) -> dict[str, MetadataValue]:
    return {
        "scenarios": MetadataValue.int(one.scenarios),
        "executions_last_hour": MetadataValue.int(one.executions),
        "errors_last_hour": MetadataValue.int(one.errors),
        "operations_last_hour": MetadataValue.int(one.operations),
        "until": MetadataValue.timestamp((one.window_start + WINDOW).timestamp()),
    }


def _evaluated(found: Health) -> AssetCheckResult:
    metadata: dict[str, MetadataValue] = {name: MetadataValue.int(number) for name, number in found.numbers.items()}
    if found.examples:
        metadata["for_example"] = MetadataValue.md("\n".join(f"- `{one}`" for one in found.examples))
    return AssetCheckResult(
        passed=found.passed,
        description=found.summary,
        severity=AssetCheckSeverity.ERROR,
        metadata=metadata,
    )


@asset_check(asset=SNAPSHOTS, required_resource_keys={"monitoring"})
def windows_fresh(context: AssetCheckExecutionContext) -> AssetCheckResult:
    """Every window that has ended was made in time."""
    watching: Watching = context.resources.monitoring
    return _evaluated(health.windows_fresh(watching.engine, watching.clock()))


@asset_check(asset=SNAPSHOTS, required_resource_keys={"monitoring"})
def scenarios_covered(context: AssetCheckExecutionContext) -> AssetCheckResult:
    """Each active scenario was asked in the last whole window."""
    watching: Watching = context.resources.monitoring
    platforms = watched_platforms(read_settings())
    return _evaluated(health.scenarios_covered(watching.engine, watching.clock(), platforms))


@asset_check(asset=SNAPSHOTS, required_resource_keys={"monitoring"})
def pollers_alive(context: AssetCheckExecutionContext) -> AssetCheckResult:
    """Each poller has ticked lately and can read its platform."""
    watching: Watching = context.resources.monitoring
    platforms = watched_platforms(read_settings())
    return _evaluated(health.pollers_alive(watching.engine, watching.clock(), platforms))


@op(required_resource_keys={"monitoring"}, description="Deletes what is older than it is kept.")
def prune_old_rows(context: OpExecutionContext) -> None:
    """Deletes old executions, snapshots and windows, and says how many."""
    watching: Watching = context.resources.monitoring
    for table, count in prune(watching.engine, watching.clock()).items():
        context.log.info(f"{count} rows of {table} were older than they are kept")


@job(executor_def=in_process_executor, description="Deletes what monitoring keeps no longer.")
def prune_monitoring() -> None:
    """Keeps the tables of monitoring from growing for ever."""
    prune_old_rows()


def _table(rows: list[Worst]) -> MetadataValue:
    records = [
        TableRecord(
            {
                "scenario": one.scenario, "name": one.name, "customer": one.customer, "executions": one.executions,
                "errors": one.errors, "p95_ms": one.p95_ms, "last error": one.last_error,
            }
        )
        for one in rows
    ]  # fmt: skip
    return MetadataValue.table(records) if records else MetadataValue.text("no failures in the last hour")


def _clock() -> datetime:
    return datetime.now(UTC)


def resource(clock: Callable[[], datetime] = _clock) -> ResourceDefinition:
    """The resource of all that watches. `clock` is there for tests."""

    def opened(_context: InitResourceContext) -> Iterator[Watching]:
        from manageai_assets.io_managers import project_engine

        engine = project_engine(read_settings())
        try:
            yield Watching(engine, clock)
        finally:
            engine.dispose()

    return ResourceDefinition(opened, description="The project's database, for what is watched in production")


ASSETS = [execution_snapshots]
CHECKS = [windows_fresh, scenarios_covered, pollers_alive]
WATCH = define_asset_job(
    "watch",
    AssetSelection.groups(GROUP).without_checks(),
    description="From stored executions to snapshots and incidents, for one window or for many.",
)
HEALTH = define_asset_job(
    "watch_health",
    AssetSelection.checks(*CHECKS),
    description="Whether windows are made in time, scenarios are covered and pollers are alive.",
)
