"""Client snapshots through Dagster: a backfill of many days in one run, from real builds; what the schedules ask; what
runs compared with what was delivered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunRequest, build_schedule_context
from sqlalchemy import Engine, text

from compilers.documents import items, members
from compilers.exports import emit
from compilers.spec import dump_spec
from manageai_assets.clients.reading import history_of, newest_day, snapshots_on
from manageai_assets.definitions import everything
from manageai_assets.monitoring.models import ScenarioKey
from manageai_assets.settings import read_settings
from resources.artifacts import ArtifactStore, BuildKey
from resources.n8n_api import N8nApi
from sensors.builds import RANGE_END, RANGE_START
from sensors.client_schedules import client_days_schedule, compare_schedule
from tests.fakes.n8n import fake_n8n
from tests.manageai_assets.build.specs import linear
from tests.manageai_assets.clients.estates import CLIENT, deploy, ran, scenario

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def built(engine: Engine, slug: str) -> None:
    """A build whose artifacts are there."""
    key = BuildKey(slug, 1)
    store = ArtifactStore(read_settings().artifacts_uri)
    store.write(key, "canonical_spec.json", dump_spec(linear().model_copy(update={"slug": slug})).encode())
    store.write(key, "test_report.json", b'{"passed": true}')
    with engine.begin() as connection:
        connection.execute(
            text("""
                insert into manageai.builds (slug, version, digest, intake, customer, name, status, finished_at)
                values (:slug, 1, :slug, '{}', '', :slug, 'built', now())
            """),
            {"slug": slug},
        )


def test_many_days_are_one_run(instance: DagsterInstance, engine: Engine, tmp_path: Path) -> None:
    built(engine, "orders")
    deploy(engine, scenario(), SINCE)
    deploy(engine, scenario("lost"), SINCE)
    ran(engine, scenario(), [datetime(2026, 3, day, 12, tzinfo=UTC) for day in range(1, 11)])
    job = everything(read_settings(tmp_path / "none.env")).resolve_job_def("client_days")
    tags = {RANGE_START: "2026-03-01", RANGE_END: "2026-03-10"}
    result = job.execute_in_process(instance=instance, tags=tags)
    assert result.success
    made = {one.partition: one.metadata for one in result.asset_materializations_for_node("client_snapshots")}
    assert sorted(map(str, made)) == [f"2026-03-{day:02}" for day in range(1, 11)]
    assert made["2026-03-10"]["operations"].value == 3
    assert "riskiest" in made["2026-03-10"]
    assert newest_day(engine) == date(2026, 3, 10)
    (snapshot,) = snapshots_on(engine, date(2026, 3, 10))
    assert snapshot.make.month == 30
    assert snapshot.details.apps, "the build's facts were read from its artifacts"
    assert {risk.scenario for risk in snapshot.risks if risk.part == "unmanaged"} == {"lost"}
    assert len(history_of(engine, CLIENT, date(2026, 3, 8))) == 3


def test_the_schedule_makes_the_last_days_again(tmp_path: Path, instance: DagsterInstance) -> None:
    asked = client_days_schedule(read_settings(tmp_path / "none.env"))(
        build_schedule_context(instance=instance, scheduled_execution_time=datetime(2026, 3, 2, 4, 20, tzinfo=UTC))
    )
    assert isinstance(asked, RunRequest)
    assert (asked.tags[RANGE_START], asked.tags[RANGE_END]) == ("2026-02-27", "2026-03-01")


def test_what_runs_is_compared_in_a_run(
    instance: DagsterInstance, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = BuildKey("orders", 1)
    store = ArtifactStore(read_settings().artifacts_uri)
    workflow = emit(linear(), "n8n").document
    store.write(key, "canonical_spec.json", dump_spec(linear()).encode())
    store.write(key, "n8n_export.json", json.dumps(workflow).encode())
    with fake_n8n() as fake, N8nApi(fake.address, fake.key) as api:
        identifier = api.create(workflow)
        deployed = replace(scenario("orders", "n8n"), key=ScenarioKey("n8n", identifier))
        deploy(engine, deployed, SINCE)
        monkeypatch.setenv("N8N_API_URL", fake.address)
        monkeypatch.setenv("N8N_API_KEY", fake.key.get_secret_value())
        job = everything(read_settings(tmp_path / "none.env")).resolve_job_def("compare_deliveries")
        (made,) = job.execute_in_process(instance=instance).asset_materializations_for_node("scenario_drift")
        assert (made.metadata["same"].value, made.metadata["changed"].value) == (1, 0)
        (node, *_) = [members(one) for one in items(fake.workflows[identifier]["nodes"])][-1:]
        node["disabled"] = True
        (made,) = job.execute_in_process(instance=instance).asset_materializations_for_node("scenario_drift")
        assert (made.metadata["same"].value, made.metadata["changed"].value) == (0, 1)
        assert "disabled changed" in str(made.metadata["differences"].value)
        fake.fail(401, times=20)
        broken = job.execute_in_process(instance=instance, raise_on_error=False)
        assert not broken.success


def test_the_schedule_compares_once_a_day(tmp_path: Path, instance: DagsterInstance) -> None:
    asked = compare_schedule(read_settings(tmp_path / "none.env"))(
        build_schedule_context(instance=instance, scheduled_execution_time=datetime(2026, 3, 2, 20, 40, tzinfo=UTC))
    )
    assert isinstance(asked, RunRequest)
    assert asked.run_key == "compare-2026-03-02"
