"""The build job over the real stages, for `reconstructable`."""

from dagster import JobDefinition

from manageai_assets.build import assets as build
from manageai_assets.definitions import BUILD_JOB, assemble
from manageai_assets.documents import assets as documents
from manageai_assets.intake import assets as intake
from manageai_assets.pipeline import STAGES
from manageai_assets.testing import assets as testing


def build_job() -> JobDefinition:
    """The job that `build` is in the code location."""
    assets = [*intake.ASSETS, *build.ASSETS, *testing.ASSETS, *documents.ASSETS]
    return assemble(assets, STAGES).resolve_job_def(BUILD_JOB)
