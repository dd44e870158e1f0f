"""What becomes known of clients, in Dagster: one snapshot of each client and day, and what runs otherwise than it was
delivered."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetSelection,
    AssetSpec,
    DagsterEvent,
    Failure,
    MaterializeResult,
    MetadataValue,
    Output,
    TableRecord,
    asset,
    define_asset_job,
    multi_asset,
)

from manageai_assets.analytics.assets import column_schema
from manageai_assets.assets import together
from manageai_assets.monitoring.assets import Watching
from manageai_assets.partitions import CLIENTS as REPORT_CLIENTS
from manageai_assets.partitions import DAY_BATCHES, DAYS, client_key, day_dates
from manageai_assets.settings import read_settings
from resources.dagster_internals import REPORTED_ALREADY

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.clients.comparing import Comparison

GROUP = "clients"
CLIENTS = "client_snapshots"
DRIFT = "scenario_drift"
SHOWN = 20
"""Clients that the table of a day shows, those with the highest risk first."""


@multi_asset(
    name=CLIENTS,
    specs=[
        AssetSpec(
            CLIENTS,
            group_name=GROUP,
            kinds={"postgres"},
            partitions_def=DAYS,
            metadata=column_schema(CLIENTS),
            description="Each client at the end of a day: scenarios, operations and costs of the month, risks and "
            "opportunities. Made from stored executions, incidents and builds, so that any day can be made again.",
        )
    ],
    backfill_policy=DAY_BATCHES,
    required_resource_keys={"monitoring"},
)
def client_snapshots(context: AssetExecutionContext) -> Iterator[DagsterEvent | Output[None]]:
    """Makes the snapshots of the run's days; the newest one shows the clients."""
    from manageai_assets.build.cost import prices
    from manageai_assets.clients.assumptions import assumptions, hour_of_work
    from manageai_assets.clients.snapshots import make_client_snapshots
    from manageai_assets.clients.stored import read_new_facts
    from manageai_assets.documents.brand import our_brand
    from resources.artifacts import ArtifactStore

    watching: Watching = context.resources.monitoring
    engine, brand = watching.engine, our_brand()
    with engine.begin() as connection:
        read_new_facts(connection, ArtifactStore(read_settings().artifacts_uri))
    dates, zone = day_dates(context.partition_keys), ZoneInfo(brand.agency.timezone)
    hour = hour_of_work(brand.price.hour, brand.price.currency, assumptions())
    totals = make_client_snapshots(engine, dates, zone, prices(), assumptions(), hour)
    made = [
        AssetMaterialization(
            CLIENTS,
            partition=one.day.isoformat(),
            metadata={
                "clients": MetadataValue.int(one.clients),
                "scenarios": MetadataValue.int(one.scenarios),
                "healthy": MetadataValue.int(one.healthy),
                "operations": MetadataValue.int(one.operations),
                "highest_risk": MetadataValue.int(one.highest_risk),
                "time_zone": MetadataValue.text(zone.key),
                **({"riskiest": _riskiest(engine, one.day)} if one.day == dates[-1] else {}),
            },
        )
        for one in totals
    ]
    context.instance.add_dynamic_partitions(str(REPORT_CLIENTS.name), _client_keys(engine))
    yield from together(context, made)
    yield Output(None, output_name=CLIENTS, metadata={REPORTED_ALREADY: True})


def _client_keys(engine: "Engine") -> list[str]:
    """The partitions of the clients, so that reports can be asked for."""
    from manageai_assets.clients.reports.stored import all_clients

    with engine.connect() as connection:
        return [client_key(client) for client in all_clients(connection)]


def _riskiest(engine: "Engine", day: date) -> MetadataValue:
    from manageai_assets.clients.reading import snapshots_on

    ranked = sorted(snapshots_on(engine, day), key=lambda one: (-one.risk_score, one.customer_name))[:SHOWN]
    records = [
        TableRecord(
            {
                "client": f"{one.customer_name}: {one.scenarios_healthy} of {one.scenarios_total} healthy",
                "risk": one.risk_score,
                "what weighs most": one.risks[0].what if one.risks else "",
                "opportunity": one.opportunity_score,
            }
        )
        for one in ranked
    ]
    return MetadataValue.table(records) if records else MetadataValue.text("no client has a scenario in production")


@asset(
    name=DRIFT,
    group_name=GROUP,
    kinds={"postgres"},
    metadata=column_schema(DRIFT),
    description="What runs now, compared with the builds that were delivered: read back from Make and n8n, parsed to "
    "the canonical spec and compared as graphs. Accounts that no active scenario uses are noted too.",
    required_resource_keys={"monitoring"},
)
def scenario_drift(context: AssetExecutionContext) -> MaterializeResult[None]:
    """Compares every platform that is set up; fails at the end when one couldn't be read."""
    from manageai_assets.clients.platforms import compare_all
    from manageai_assets.documents.brand import our_brand
    from resources.artifacts import ArtifactStore

    watching: Watching = context.resources.monitoring
    settings = read_settings()
    today = watching.clock().astimezone(ZoneInfo(our_brand().agency.timezone)).date()
    store = ArtifactStore(settings.artifacts_uri)
    done, failed = compare_all(watching.engine, store, settings, today)
    if failed:
        told = "; ".join(f"{platform}: {error}" for platform, error in failed.items())
        raise Failure(f"not all could be read: {told}", metadata=_drift_metadata(done))
    return MaterializeResult(metadata=_drift_metadata(done))


def _drift_metadata(done: "Sequence[Comparison]") -> dict[str, MetadataValue]:
    compared = [one for each in done for one in each.compared]
    records = [
        TableRecord(
            {
                "client": one.scenario.customer,
                "scenario": one.scenario.name,
                "build": f"{one.scenario.slug}@v{one.scenario.version}",
                "what": one.reason or "; ".join(map(str, one.changes or ())),
            }
        )
        for one in compared
        if one.outcome != "same"
    ]
    return {
        **{name: MetadataValue.int(sum(each.counts[name] for each in done)) for name in ("same", "changed", "unread")},
        "unused_accounts": MetadataValue.int(sum(len(each.unused) for each in done)),
        "differences": MetadataValue.table(records[:SHOWN]) if records else MetadataValue.text("none"),
    }


ASSETS = [client_snapshots, scenario_drift]
COMPARE = define_asset_job(
    "compare_deliveries",
    AssetSelection.assets(DRIFT),
    description="Reads back what runs now, and compares it with what was delivered.",
)
CLIENT_DAYS = define_asset_job(
    "client_days",
    AssetSelection.assets(CLIENTS),
    description="The snapshots of all clients, for one day or for many.",
)
