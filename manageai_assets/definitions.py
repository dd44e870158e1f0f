"""The code location: assets, checks, jobs, sensors and resources, with the policies that hold for all of them."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Union

from dagster import (
    AssetChecksDefinition,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    Definitions,
    InitLoggerContext,
    JobDefinition,
    LoggerDefinition,
    ResourceDefinition,
    ScheduleDefinition,
    SensorDefinition,
    define_asset_job,
    definitions,
    map_asset_specs,
)

from manageai_assets.assets import EXECUTOR
from manageai_assets.io_managers import builds_resource
from manageai_assets.logging_setup import key_value_logger
from manageai_assets.stages import Stage

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

    from manageai_assets.settings import Settings

Job = Union[JobDefinition, "UnresolvedAssetJobDefinition"]

OWNERS = ["team:delivery"]
BUILD_JOB = "build"
OWN_DOMAINS = ("monitoring", "clients", "reports")
"""Groups of assets that are a domain too: what watches what runs in production, what is known of clients, and what they
are told."""


def _console(_context: InitLoggerContext) -> logging.Logger:
    return key_value_logger("manageai.run")


CONSOLE = LoggerDefinition(_console, description="Runs write key=value lines to standard error, without secrets.")


def assemble(
    assets: Sequence[AssetsDefinition],
    stages: Sequence[Stage],
    jobs: Sequence[Job] = (),
    sensors: Sequence[SensorDefinition] = (),
    resources: Mapping[str, ResourceDefinition] | None = None,
    checks: Sequence[AssetChecksDefinition] = (),
    schedules: Sequence[ScheduleDefinition] = (),
) -> Definitions:
    """Definitions over these assets; `stages` are those that builds are made of."""
    of_builds = {item.name for item in stages}

    def with_policies(spec: AssetSpec) -> AssetSpec:
        if spec.group_name in OWN_DOMAINS:
            domain = spec.group_name
        else:
            domain = "builds" if spec.key.to_user_string() in of_builds else "migrations"
        return spec.replace_attributes(owners=OWNERS, tags={**spec.tags, "domain": domain})

    build = define_asset_job(
        BUILD_JOB,
        AssetSelection.assets(*(item.name for item in stages)),
        description="From the intake to the delivery package, for one version of a scenario or for many.",
    )
    return Definitions(
        assets=map_asset_specs(with_policies, assets),
        jobs=[build, *jobs],
        sensors=sensors,
        schedules=schedules,
        asset_checks=checks,
        resources={"builds": builds_resource(stages), **(resources or {})},
        executor=EXECUTOR,
        loggers={"console": CONSOLE},
    )


def everything(settings: "Settings", sensors: Sequence[SensorDefinition] | None = None) -> Definitions:
    """All of the project's definitions, with sensors that run by themselves where their settings are there, or with
    other `sensors`."""
    from manageai_assets.build import assets as build
    from manageai_assets.clients import assets as clients
    from manageai_assets.clients.reports import assets as reports
    from manageai_assets.documents import assets as documents
    from manageai_assets.intake import assets as intake
    from manageai_assets.migration import assets as migration
    from manageai_assets.monitoring import assets as monitoring
    from manageai_assets.monitoring.alerts import assets as alerting
    from manageai_assets.testing import assets as testing
    from sensors import all_sensors
    from sensors.client_schedules import client_days_schedule, compare_schedule
    from sensors.report_schedules import monthly_reports_schedule
    from sensors.watch_schedules import health_schedule, prune_schedule, windows_left

    return assemble(
        [
            *intake.ASSETS,
            *build.ASSETS,
            *testing.ASSETS,
            *documents.ASSETS,
            *migration.ASSETS,
            *monitoring.ASSETS,
            *alerting.ASSETS,
            *clients.ASSETS,
            *reports.ASSETS,
        ],
        [*intake.STAGES, *build.STAGES, *testing.STAGES, *documents.STAGES],
        jobs=[
            intake.submit_intake,
            migration.MIGRATE,
            monitoring.WATCH,
            monitoring.HEALTH,
            monitoring.prune_monitoring,
            clients.CLIENT_DAYS,
            reports.MONTHLY_REPORTS,
            clients.COMPARE,
        ],
        sensors=all_sensors(settings) if sensors is None else sensors,
        resources={"migrations": migration.RESOURCE, "monitoring": monitoring.resource()},
        checks=monitoring.CHECKS,
        schedules=[
            windows_left(settings),
            health_schedule(settings, monitoring.HEALTH),
            prune_schedule(settings, monitoring.prune_monitoring),
            client_days_schedule(settings),
            monthly_reports_schedule(settings),
            compare_schedule(settings),
        ],
    )


@definitions
def defs() -> Definitions:
    """Everything, put together when the code location is loaded."""
    from manageai_assets.settings import read_settings

    return everything(read_settings())
