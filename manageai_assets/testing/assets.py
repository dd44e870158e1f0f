"""Tests in Dagster: the assets from a spec's cases to the report that people read."""

from manageai_assets.assets import stage_assets, stages_of
from manageai_assets.pipeline import STAGES as PIPELINE

STAGES = stages_of(__package__, PIPELINE)
ASSETS = stage_assets(STAGES, among=PIPELINE)
