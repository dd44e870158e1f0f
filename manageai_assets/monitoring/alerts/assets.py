"""Incidents in Dagster: what became of them in each window. Mostly the poller that read it has judged it already; else
it is judged here, once its snapshots are made, and the alerts that it asks for are sent."""

from collections.abc import Iterable, Iterator, Mapping

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

from manageai_assets.analytics.assets import column_schema
from manageai_assets.assets import together
from manageai_assets.monitoring.assets import GROUP, SNAPSHOTS, Watching
from manageai_assets.monitoring.models import SEVERITIES, Incident, IncidentEventKind, Scenario
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
            metadata=column_schema(INCIDENTS),
            description="What is wrong at the window's end: incidents open, count, and are over. Windows are judged in "
            "their order; judging one again changes nothing but what late executions have made clear.",
        )
    ],
    backfill_policy=WINDOW_BATCHES,
    required_resource_keys={"monitoring"},
)
def incidents(context: AssetExecutionContext) -> Iterator[DagsterEvent | Output[None]]:
    """Judges those of the run's windows that weren't, and sends what that asks for; what can't be sent now, the sensor
    sends later."""
    from manageai_assets.monitoring import incident_store
    from manageai_assets.monitoring.alerts.channels import addressees, senders
    from manageai_assets.monitoring.alerts.outbox import deliver
    from manageai_assets.monitoring.judging import judge_windows, judged_already
    from manageai_assets.monitoring.registry import scenarios
    from manageai_assets.settings import read_settings

    watching: Watching = context.resources.monitoring
    engine, settings = watching.engine, read_settings()
    starts = window_starts(context.partition_keys)
    done = judged_already(engine, starts)
    judge_windows(engine, [start for start in starts if start not in done], watching.clock(), addressees(settings))
    deliver(engine, senders(settings), watching.clock)
    still = incident_store.incidents(engine)
    now_open = {
        "still_open": MetadataValue.int(len(still)),
        "open": _table(still, scenarios(engine, gone=True).values()),
    }
    made = [
        AssetMaterialization(
            INCIDENTS,
            partition=window_key(start),
            metadata={**_numbers(kinds), **(now_open if start == starts[-1] else {})},
        )
        for start, kinds in incident_store.came_of(engine, starts).items()
    ]
    yield from together(context, made)
    yield Output(None, output_name=INCIDENTS, metadata={REPORTED_ALREADY: True})


def _numbers(kinds: Mapping[IncidentEventKind, int]) -> dict[str, MetadataValue]:
    told: tuple[IncidentEventKind, ...] = ("opened", "recurred", "reopened", "resolved")
    return {kind: MetadataValue.int(kinds.get(kind, 0)) for kind in told}


def _table(found: list[Incident], known: Iterable[Scenario]) -> MetadataValue:
    """The open incidents, the worst first, with the names that people know scenarios by."""
    owners = {one.key: one for one in known}
    ranked = sorted(found, key=lambda one: (-SEVERITIES.index(one.severity), one.opened_at, one.id))
    records = [
        TableRecord(
            {
                "id": one.id,
                "severity": one.severity,
                "what": f"{one.kind.replace('_', ' ')}: {one.what}",
                "whose": _whose(one, owners.get(one.scenario) if one.scenario else None),
                "since": f"{one.since:%Y-%m-%d %H:%M}, {one.status}",
            }
        )
        for one in ranked
    ]
    return MetadataValue.table(records) if records else MetadataValue.text("nothing is wrong")


def _whose(incident: Incident, owner: Scenario | None) -> str:
    if owner is None:
        return str(incident.scenario or incident.platform)
    return f"{owner.customer or 'no client'}: {owner.name} ({owner.key})"


ASSETS = [incidents]
