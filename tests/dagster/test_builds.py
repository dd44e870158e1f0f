"""Builds through Dagster itself: what is materialised, what fails, what is left out, and what is written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    JobExecutionResult,
    ReexecutionOptions,
    TableMetadataValue,
    execute_job,
    reconstructable,
)
from sqlalchemy import Engine

from manageai_assets.intake.reading import parse_intake
from manageai_assets.store.builds import BuildRow, builds_of
from manageai_assets.submissions import submit
from resources.artifacts import parse_key
from sensors.builds import RANGE_END, RANGE_START
from tests.dagster import small_location
from tests.dagster.small import STAGES

ALL = frozenset(item.name for item in STAGES)
JOB = reconstructable(small_location.build_job)


def submitted(engine: Engine, instance: DagsterInstance, notes: Sequence[str]) -> list[str]:
    """Partition keys of intakes `c0`, `c1`, ... with these notes."""
    keys = [
        submit(
            engine,
            parse_intake(json.dumps({"customer": "Acme", "request": "do it", "slug": f"c{n}", "notes": note})),
            "examples",
        ).partition_key
        for n, note in enumerate(notes)
    ]
    instance.add_dynamic_partitions("intakes", keys)
    return keys


def run(instance: DagsterInstance, first: str, last: str = "") -> JobExecutionResult:
    """One run over a partition, or over all from `first` to `last`."""
    tags = {RANGE_START: first, RANGE_END: last} if last else {"dagster/partition": first}
    return execute_job(JOB, instance, tags=tags)


def made(instance: DagsterInstance, key: str) -> set[str]:
    """Names of the assets that have a materialisation for this partition."""
    return {name for name in ALL if key in instance.get_materialized_partitions(AssetKey(name))}


def steps(result: JobExecutionResult, kind: DagsterEventType) -> set[str]:
    """Keys of the steps with such an event."""
    return {event.step_key for event in result.all_events if event.event_type == kind and event.step_key}


def row(engine: Engine, key: str) -> BuildRow:
    """What the table says about a build."""
    (found,) = builds_of(engine, [parse_key(key)])
    return found


def test_one_build(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    (key,) = submitted(engine, instance, ["fine"])
    result = run(instance, key)
    assert result.success
    assert made(instance, key) == ALL
    folder = tmp_path / "artifacts" / "c0" / "v1"
    assert {path.name for path in folder.iterdir()} == {item.artifact for item in STAGES}
    found = row(engine, key)
    assert (found.status, found.confidence, found.grade, found.made_by) == ("built", 0.9, "A", "rules")
    assert found.platforms == ("make", "n8n")
    assert found.artifacts == str(folder)


def test_metadata_shows_the_artifact(engine: Engine, instance: DagsterInstance) -> None:
    (key,) = submitted(engine, instance, ["fine"])
    run(instance, key)
    event = instance.get_latest_materialization_event(AssetKey("plan"))
    assert event is not None
    assert event.asset_materialization is not None
    shown = event.asset_materialization.metadata
    assert shown["customer"].value == "Acme"
    assert shown["preview"].value == "**Acme**"
    assert isinstance(shown["notes"], TableMetadataValue)
    assert [record.data for record in shown["notes"].records] == [{"note": "fine"}]
    assert str(shown["file"].value).endswith("artifacts/c0/v1/plan.json")
    drawn = instance.get_latest_materialization_event(AssetKey("flow_picture"))
    assert drawn is not None
    assert drawn.asset_materialization is not None
    assert str(drawn.asset_materialization.metadata["picture"].value).startswith("![flow_picture](data:image/svg+xml")


def test_a_refused_platform_leaves_the_others_standing(
    engine: Engine, instance: DagsterInstance, tmp_path: Path
) -> None:
    (key,) = submitted(engine, instance, ["no make"])
    result = run(instance, key)
    assert not result.success
    assert steps(result, DagsterEventType.STEP_FAILURE) == {"make_export"}
    assert made(instance, key) == ALL - {"make_export"}
    pack = json.loads((tmp_path / "artifacts/c0/v1/delivery_pack.json").read_text())
    assert pack == {"exports": ["n8n"]}
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data is not None
    assert failure.step_failure_data.user_failure_data.description == "c0@v1: steps.a: branches can't be expressed"
    found = row(engine, key)
    assert (found.status, found.reasons) == ("failed", ("make_export: steps.a: branches can't be expressed",))
    assert found.platforms == ("n8n",)


def test_what_nobody_asks_for_is_done_without_an_artifact(
    engine: Engine, instance: DagsterInstance, tmp_path: Path
) -> None:
    (key,) = submitted(engine, instance, ["only make"])
    assert run(instance, key).success
    assert made(instance, key) == ALL
    event = instance.get_latest_materialization_event(AssetKey("n8n_export"))
    assert event is not None
    assert event.asset_materialization is not None
    said = {name: one.value for name, one in event.asset_materialization.metadata.items()}
    assert said == {"not_asked_for": "targets: the intake asks for Make"}
    assert not (tmp_path / "artifacts/c0/v1/n8n_export.json").exists()
    assert (row(engine, key).status, row(engine, key).platforms) == ("built", ("make",))


def test_waiting_is_no_failure(engine: Engine, instance: DagsterInstance) -> None:
    (key,) = submitted(engine, instance, ["waiting"])
    assert run(instance, key).success
    assert made(instance, key) == {"intake"}
    found = row(engine, key)
    assert (found.status, found.reasons) == ("waiting", ("which sheet shall it be?",))


def test_a_blocking_check_stops_what_depends_on_it(engine: Engine, instance: DagsterInstance) -> None:
    (key,) = submitted(engine, instance, ["blocked"])
    result = run(instance, key)
    assert steps(result, DagsterEventType.STEP_FAILURE) == {"plan"}
    assert made(instance, key) == {"intake", "plan"}
    evaluations = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data.passed
        for event in result.all_events
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION
    }
    assert evaluations == {"is_sound": False, "is_short": True}


def test_neighbours_in_a_batch_do_not_disturb_each_other(engine: Engine, instance: DagsterInstance) -> None:
    keys = submitted(engine, instance, ["fine", "no make", "broken", "blocked", "waiting", "fine too"])
    result = run(instance, keys[0], keys[-1])
    assert not result.success
    exports_refused = ALL - {"make_export"}
    expected = [ALL, exports_refused, exports_refused, {"intake", "plan"}, {"intake"}, ALL]
    assert [made(instance, key) for key in keys] == expected
    states = [row(engine, key).status for key in keys]
    assert states == ["built", "failed", "failed", "failed", "waiting", "built"]
    assert "a fault in the program: RuntimeError: a fault" in row(engine, keys[2]).reasons[0]


def test_a_partition_without_an_intake_is_told_apart(instance: DagsterInstance) -> None:
    instance.add_dynamic_partitions("intakes", ["made-by-hand@v1", "../../etc@v1"])
    result = run(instance, "made-by-hand@v1")
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data is not None
    assert "no intake was submitted under this key" in str(failure.step_failure_data.user_failure_data.description)
    assert not run(instance, "../../etc@v1").success


def test_a_stage_can_be_run_again_by_itself(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    (key,) = submitted(engine, instance, ["fine"])
    run(instance, key)
    pack = tmp_path / "artifacts/c0/v1/delivery_pack.json"
    before = pack.read_bytes()
    pack.unlink()
    result = execute_job(JOB, instance, tags={"dagster/partition": key}, asset_selection=[AssetKey("delivery_pack")])
    assert result.success
    assert pack.read_bytes() == before
    assert row(engine, key).status == "built"


def test_an_artifact_that_no_longer_belongs_goes_away(
    engine: Engine, instance: DagsterInstance, tmp_path: Path
) -> None:
    (key,) = submitted(engine, instance, ["no make"])
    stale = tmp_path / "artifacts/c0/v1/make_export.json"
    stale.parent.mkdir(parents=True)
    stale.write_text('{"customer": "Acme", "notes": "old"}')
    run(instance, key)
    assert not stale.exists()


@pytest.mark.parametrize("damage", [b"{", b'{"customer": 3}', b"\xff\xfe"])
def test_a_damaged_input_is_named(engine: Engine, instance: DagsterInstance, tmp_path: Path, damage: bytes) -> None:
    (key,) = submitted(engine, instance, ["fine"])
    run(instance, key)
    (tmp_path / "artifacts/c0/v1/plan.json").write_bytes(damage)
    result = execute_job(JOB, instance, tags={"dagster/partition": key}, asset_selection=[AssetKey("n8n_export")])
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data is not None
    assert "plan.json can't be read" in str(failure.step_failure_data.user_failure_data.description)


def test_re_execution_from_failure(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    (key,) = submitted(engine, instance, ["fine"])
    exports = tmp_path / "artifacts/c0/v1/make_export.json"
    exports.mkdir(parents=True)
    first = run(instance, key)
    assert steps(first, DagsterEventType.STEP_FAILURE) == {"make_export"}
    exports.rmdir()
    options = ReexecutionOptions.from_failure(first.run_id, instance)
    again = execute_job(JOB, instance, reexecution_options=options, tags={"dagster/partition": key})
    assert again.success
    assert "intake" not in steps(again, DagsterEventType.STEP_SUCCESS)
    assert json.loads((tmp_path / "artifacts/c0/v1/delivery_pack.json").read_text()) == {"exports": ["make", "n8n"]}
    assert row(engine, key).status == "built"
