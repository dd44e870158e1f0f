"""Documents in Dagster: the assets from the facts to the package that goes to the client."""

from manageai_assets.assets import stage_assets, stages_of
from manageai_assets.pipeline import STAGES as PIPELINE

STAGES = stages_of(__package__, PIPELINE)
ASSETS = stage_assets(STAGES, among=PIPELINE)
