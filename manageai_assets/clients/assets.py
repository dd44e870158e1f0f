"""What becomes known of clients, in Dagster: one snapshot of each client and day."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetSelection,
    AssetSpec,
    DagsterEvent,
    MetadataValue,
    Output,
    TableRecord,
    define_asset_job,
    multi_asset,
)

from manageai_assets.analytics.assets import column_schema
from manageai_assets.assets import together
from manageai_assets.partitions import DAY_BATCHES, DAYS, day_dates
from manageai_assets.settings import read_settings
from resources.dagster_internals import REPORTED_ALREADY

if TYPE_CHECKING:
    from sqlalchemy import Engine

GROUP = "clients"
CLIENTS = "client_snapshots"
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
    from manageai_assets.clients.assumptions import assumptions
    from manageai_assets.clients.snapshots import make_client_snapshots
    from manageai_assets.clients.stored import read_new_facts
    from manageai_assets.documents.brand import our_brand
    from resources.artifacts import ArtifactStore

    engine, brand = context.resources.monitoring, our_brand()
    with engine.begin() as connection:
        read_new_facts(connection, ArtifactStore(read_settings().artifacts_uri))
    dates, zone = day_dates(context.partition_keys), ZoneInfo(brand.agency.timezone)
    totals = make_client_snapshots(engine, dates, zone, prices(), assumptions(), brand.price.hour)
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
    yield from together(context, made)
    yield Output(None, output_name=CLIENTS, metadata={REPORTED_ALREADY: True})


def _riskiest(engine: "Engine", day: date) -> MetadataValue:
    from manageai_assets.clients.reading import snapshots_on

    ranked = sorted(snapshots_on(engine, day), key=lambda one: (-one.risk_score, one.customer_name))[:SHOWN]
    records = [
        TableRecord(
            {
                "client": one.customer_name,
                "scenarios": one.scenarios_total,
                "healthy": one.scenarios_healthy,
                "make operations": one.make.projected,
                "n8n executions": one.n8n.projected,
                "risk": one.risk_score,
                "opportunity": one.opportunity_score,
                "worst": one.risks[0].what if one.risks else "",
            }
        )
        for one in ranked
    ]
    return MetadataValue.table(records) if records else MetadataValue.text("no client has a scenario in production")


ASSETS = [client_snapshots]
CLIENT_DAYS = define_asset_job(
    "client_days",
    AssetSelection.groups(GROUP),
    description="The snapshots of all clients, for one day or for many.",
)
