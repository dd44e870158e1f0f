"""Migrations in Dagster: from a blueprint to its workflow and report, and the resource that gives runs their files."""

from dagster import AssetSelection, InitResourceContext, ResourceDefinition, define_asset_job

from manageai_assets.assets import MIGRATIONS, stage_assets
from manageai_assets.migration.stages import STAGES
from manageai_assets.workbench import Workbench

ASSETS = stage_assets(STAGES, line=MIGRATIONS)
MIGRATE = define_asset_job(
    "migrate",
    AssetSelection.assets(*(item.name for item in STAGES)),
    description="From a Make blueprint to its n8n workflow and report, for one blueprint or for many.",
)


def _open_bench(_context: InitResourceContext) -> Workbench:
    from manageai_assets.migration.submitting import handed_in, migration_store
    from manageai_assets.settings import read_settings

    store = migration_store(read_settings().artifacts_uri)
    by_name = {item.name: item for item in STAGES}
    return Workbench(store, by_name, given={"submitted_blueprint": lambda key: handed_in(store, key)})


RESOURCE = ResourceDefinition(_open_bench, description="Artifacts of the migrations that a run works on")
