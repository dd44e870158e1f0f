"""Incidents in Dagster: each window is judged once its snapshots are made, and the alerts that it asks for are sent."""

from collections.abc import Iterator

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetSpec,
    DagsterEvent,
    MetadataValue,
    Output,
    TableRecord,
    multi_asset,
)

from manageai_assets.assets import together
from manageai_assets.monitoring.assets import GROUP, SNAPSHOTS, Watching
from manageai_assets.monitoring.judging import JudgedWindow
from manageai_assets.monitoring.models import Incident
from manageai_assets.partitions import MONITOR_WINDOWS, WINDOW_BATCHES, window_key, window_starts
from resources.dagster_internals import REPORTED_ALREADY

INCIDENTS = "incidents"


@multi_asset(
    name=INCIDENTS,
    specs=[
        AssetSpec(
            INCIDENTS,
            deps=[SNAPSHOTS],
            group_name=GROUP,
            kinds={"postgres"},
            partitions_def=MONITOR_WINDOWS,
            description="What is wrong at the window's end: incidents open, count, and are over. Windows are judged in "
            "their order; judging one again changes nothing but what late executions have made clear.",
        )
    ],
    backfill_policy=WINDOW_BATCHES,
    required_resource_keys={"monitoring"},
)
def incidents(context: AssetExecutionContext) -> Iterator[DagsterEvent | Output[None]]:
    """Judges the run's windows and sends what that asks for; what can't be sent now, the sensor sends later."""
    from manageai_assets.monitoring import incident_store
    from manageai_assets.monitoring.alerts.channels import addressees, senders
    from manageai_assets.monitoring.alerts.outbox import deliver
    from manageai_assets.monitoring.judging import judge_windows
    from manageai_assets.settings import read_settings

    watching: Watching = context.resources.monitoring
    engine, settings = watching.engine, read_settings()
    starts = window_starts(context.partition_keys)
    judged = judge_windows(engine, starts, watching.clock(), addressees(settings))
    deliver(engine, senders(settings), watching.clock)
    now_open = _table(incident_store.incidents(engine))
    made = [
        AssetMaterialization(
            INCIDENTS,
            partition=window_key(one.window_start),
            metadata={**_numbers(one), **({"open": now_open} if one.window_start == starts[-1] else {})},
        )
        for one in judged
    ]
    yield from together(context, made)
    yield Output(None, output_name=INCIDENTS, metadata={REPORTED_ALREADY: True})


def _numbers(one: JudgedWindow) -> dict[str, MetadataValue]:
    if not one.changed:
        return {"judged": MetadataValue.text("earlier, or too old to count")}
    return {
        "findings": MetadataValue.int(one.findings),
        "opened": MetadataValue.int(one.opened),
        "reopened": MetadataValue.int(one.reopened),
        "resolved": MetadataValue.int(one.resolved),
        "still_open": MetadataValue.int(one.open),
        "alerts": MetadataValue.int(one.alerts),
    }


def _table(found: list[Incident]) -> MetadataValue:
    records = [
        TableRecord(
            {
                "id": one.id, "severity": one.severity, "kind": one.kind, "scenario": str(one.scenario or one.platform),
                "status": one.status, "since": f"{one.since:%Y-%m-%d %H:%M}", "what": one.what,
            }
        )
        for one in found
    ]  # fmt: skip
    return MetadataValue.table(records) if records else MetadataValue.text("nothing is wrong")


ASSETS = [incidents]
