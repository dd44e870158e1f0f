"""The code location: assets, checks, jobs, sensors and resources, with the policies that hold for all of them."""

import logging
from collections.abc import Sequence

from dagster import (
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    Definitions,
    InitLoggerContext,
    JobDefinition,
    LoggerDefinition,
    SensorDefinition,
    define_asset_job,
    definitions,
    map_asset_specs,
)

from manageai_assets.assets import EXECUTOR
from manageai_assets.io_managers import builds_resource
from manageai_assets.logging_setup import key_value_logger
from manageai_assets.stages import Stage

OWNERS = ["team:delivery"]
TAGS = {"domain": "builds"}
BUILD_JOB = "build"


def _console(_context: InitLoggerContext) -> logging.Logger:
    return key_value_logger("manageai.run")


CONSOLE = LoggerDefinition(_console, description="Runs write key=value lines to standard error, without secrets.")


def assemble(
    assets: Sequence[AssetsDefinition],
    stages: Sequence[Stage],
    jobs: Sequence[JobDefinition] = (),
    sensors: Sequence[SensorDefinition] = (),
) -> Definitions:
    """Definitions over these assets, which are made of these stages."""

    def with_policies(spec: AssetSpec) -> AssetSpec:
        return spec.replace_attributes(owners=OWNERS, tags={**spec.tags, **TAGS})

    build = define_asset_job(
        BUILD_JOB,
        AssetSelection.assets(*(item.name for item in stages)),
        description="From the intake to the delivery package, for one version of a scenario or for many.",
    )
    return Definitions(
        assets=map_asset_specs(with_policies, assets),
        jobs=[build, *jobs],
        sensors=sensors,
        resources={"builds": builds_resource(stages)},
        executor=EXECUTOR,
        loggers={"console": CONSOLE},
    )


@definitions
def defs() -> Definitions:
    """Everything, put together when the code location is loaded."""
    from manageai_assets.build import assets as build
    from manageai_assets.intake import assets as intake
    from manageai_assets.settings import read_settings
    from sensors import all_sensors

    return assemble(
        [*intake.ASSETS, *build.ASSETS],
        [*intake.STAGES, *build.STAGES],
        jobs=[intake.submit_intake],
        sensors=all_sensors(read_settings()),
    )
