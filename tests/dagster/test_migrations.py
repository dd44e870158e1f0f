"""Migrations through Dagster itself: the assets of a blueprint, by partition, and in a backfill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, materialize

from compilers.migrate import MigrationReport
from manageai_assets.migration.assets import ASSETS, RESOURCE
from manageai_assets.migration.stages import STAGES
from manageai_assets.migration.submitting import migration_store, submit_blueprint
from manageai_assets.partitions import BLUEPRINTS
from manageai_assets.testing.pilot import PilotReport

EXAMPLE = Path(__file__).parents[2] / "examples" / "blueprints" / "order-alerts.json"
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project's artifacts."""
    monkeypatch.setenv("ARTIFACTS_URI", str(tmp_path))
    return tmp_path


def test_a_blueprint_becomes_a_workflow_with_a_report(artifacts: Path) -> None:
    key, _ = submit_blueprint(migration_store(str(artifacts)), json.loads(EXAMPLE.read_text()), "orders")
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(BLUEPRINTS.name), [str(key)])
        done = materialize(ASSETS, instance=instance, partition_key=str(key), resources={"migrations": RESOURCE})
        assert done.success
        for item in STAGES:
            assert instance.get_materialized_partitions(AssetKey(item.name)) == {str(key)}
        checks = {one.check_name: one.passed for one in done.get_asset_check_evaluations()}
    assert checks["every_module_has_nodes"] is True
    folder = artifacts / "migrations" / "orders" / "v1"
    assert "nodes" in json.loads((folder / "workflow.n8n.json").read_text())
    report = MigrationReport.model_validate_json((folder / "migration_report.json").read_text())
    assert report.saving is not None
    assert report.is_complete
    assert checks["both_sides_agree"] is True
    assert checks["ready_to_cut_over"] is False
    piloted = PilotReport.model_validate_json((folder / "pilot_report.json").read_text())
    assert piloted.verdict == "not yet"
    assert {case.outcome for case in piloted.cases} == {"left out"}
    assert "TEST_ENGINE=n8n" in piloted.cases[0].why


def test_many_blueprints_share_a_run_and_a_broken_one_stays_alone(artifacts: Path) -> None:
    store = migration_store(str(artifacts))
    keys = []
    for number in range(3):
        document = json.loads(EXAMPLE.read_text()) | {"name": f"Orders {number}"}
        keys.append(submit_blueprint(store, document, f"orders-{number}")[0])
    store.write(keys[1], "submitted_blueprint.json", b'{"flow": [{"id": 1}]}')
    names = [str(key) for key in keys]
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(BLUEPRINTS.name), names)
        tags = {START: names[0], END: names[-1]}
        done = materialize(
            ASSETS, instance=instance, tags=tags, resources={"migrations": RESOURCE}, raise_on_error=False
        )
        assert not done.success
        assert instance.get_materialized_partitions(AssetKey("source_blueprint")) == {names[0], names[2]}
