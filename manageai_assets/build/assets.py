"""Builds in Dagster: the assets from canonical spec to delivery package."""

from manageai_assets.assets import stage_assets, stages_of
from manageai_assets.intake.assets import STAGES as INTAKE_STAGES
from manageai_assets.pipeline import BUILD_STAGES

STAGES = stages_of(__package__, BUILD_STAGES)
ASSETS = stage_assets(STAGES, among=INTAKE_STAGES)
