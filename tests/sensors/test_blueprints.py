"""Blueprints that are dropped in the folder become runs: once each, broken ones with their reason."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from sensors.blueprints import blueprints_sensor

EXAMPLE = Path(__file__).parents[2] / "examples" / "blueprints" / "order-alerts.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a configured project."""
    monkeypatch.setenv("INBOX_DIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("ARTIFACTS_URI", str(tmp_path / "artifacts"))
    found = tmp_path / "inbox" / "blueprints"
    found.mkdir(parents=True)
    return found


def drop(folder: Path, name: str, text: str = "") -> None:
    """A file that was written a minute ago: the example, or some text."""
    path = folder / name
    if text:
        path.write_text(text)
    else:
        shutil.copy(EXAMPLE, path)
    os.utime(path, (path.stat().st_mtime - 60,) * 2)


def tick(cursor: str | None = None) -> SensorResult:
    """One look at the folder."""
    with DagsterInstance.ephemeral() as instance, build_sensor_context(instance=instance, cursor=cursor) as context:
        result = blueprints_sensor(True)(context)
    assert isinstance(result, SensorResult)
    return result


def keys(result: SensorResult) -> list[str | None]:
    """The partitions of the runs that are asked for."""
    return [request.partition_key for request in result.run_requests or []]


def test_a_blueprint_gets_a_run_and_a_partition(folder: Path) -> None:
    drop(folder, "orders.json")
    result = tick()
    assert keys(result) == ["orders@v1"]
    added = result.dynamic_partitions_requests or []
    assert [list(one.partition_keys) for one in added] == [["orders@v1"]]
    assert (folder / "accepted" / "orders.json").is_file()


def test_the_same_again_is_not_migrated_twice_and_a_changed_one_is_the_next_version(folder: Path) -> None:
    drop(folder, "orders.json")
    tick()
    drop(folder, "orders.json")
    assert keys(tick()) == []
    drop(folder, "orders.json", EXAMPLE.read_text().replace("big-orders", "huge-orders"))
    assert keys(tick()) == ["orders@v2"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("notes.txt", "hello", "no blueprint file"),
        ("broken.json", "{", "JSON"),
        ("workflow.json", '{"nodes": []}', "no Make blueprint"),
        ("odd.json", '{"flow": [{"id": 1}]}', "flow[0]"),
    ],
)
def test_what_is_no_blueprint_is_rejected_with_its_reason(folder: Path, name: str, text: str, reason: str) -> None:
    drop(folder, name, text)
    drop(folder, "orders.json")
    assert keys(tick()) == ["orders@v1"]
    assert reason in (folder / "rejected" / f"{name}.reason.txt").read_text()
