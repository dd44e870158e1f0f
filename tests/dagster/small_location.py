"""A code location over the small pipeline: what daemon and webserver of the tests load."""

from dagster import JobDefinition

from manageai_assets.assets import stage_assets
from manageai_assets.definitions import assemble
from sensors.builds import crashed_builds, requested_builds
from sensors.inbox import inbox_sensor
from tests.dagster.small import STAGES

defs = assemble(stage_assets(STAGES), STAGES, sensors=[requested_builds, crashed_builds, inbox_sensor(True)])


def build_job() -> JobDefinition:
    """The job, for `reconstructable`."""
    return defs.resolve_job_def("build")
