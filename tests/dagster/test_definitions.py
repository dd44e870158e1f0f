"""The code location as a whole: pinned in a snapshot, so that a change of the graph is always seen in review."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import AssetKey, BackfillPolicy, Definitions, SensorDefinition
from pydantic import JsonValue

from manageai_assets.definitions import everything
from manageai_assets.settings import PROJECT_ROOT, read_settings
from sensors import all_sensors

SNAPSHOT = PROJECT_ROOT / "tests" / "snapshots" / "definitions.json"
HEAVY = ("pandas", "pyarrow", "matplotlib", "anthropic", "docx", "rich", "alembic", "dagster_webserver", "hypothesis")


@pytest.fixture
def defs(tmp_path: Path) -> Definitions:
    """The definitions, with no settings but the defaults."""
    return everything(read_settings(tmp_path / "none.env"))


def described(defs: Definitions) -> dict[str, JsonValue]:
    """Assets, checks, jobs, schedules and sensors as plain data."""
    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    assets: dict[str, JsonValue] = {}
    for key in sorted(graph.get_all_asset_keys(), key=AssetKey.to_user_string):
        node = graph.get(key)
        checks = sorted(graph.get_check_keys_for_assets({key}), key=lambda check: check.name)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "needs": [*sorted(parent.to_user_string() for parent in node.parent_keys)],
            "checks": [*(f"{check.name}{' (blocking)' if graph.get(check).blocking else ''}" for check in checks)],
            "partitions": getattr(node.partitions_def, "name", None),
            "owners": list(node.owners),
            "kinds": [*sorted(node.kinds)],
            "described": bool(node.description),
        }
    jobs = sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__"))
    return {
        "assets": assets,
        "jobs": [*jobs],
        "schedules": [*sorted(schedule.name for schedule in repository.schedule_defs)],
        "sensors": {sensor.name: sensor.default_status.value for sensor in sorted_sensors(defs)},
    }


def sorted_sensors(defs: Definitions) -> list[SensorDefinition]:
    """The sensors by name."""
    return sorted(defs.get_repository_def().sensor_defs, key=lambda sensor: sensor.name)


def test_snapshot(defs: Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    """`UPDATE_SNAPSHOTS=1 make test` writes it anew; look at the difference."""
    found = json.dumps(described(defs), indent=2) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(found, encoding="utf-8")
    assert found == SNAPSHOT.read_text(encoding="utf-8")


def test_every_asset_handles_many_builds_in_a_run(defs: Definitions) -> None:
    graph = defs.resolve_asset_graph()
    policies: dict[str, set[BackfillPolicy | None]] = {"monitoring": set(), "clients": set(), "builds": set()}
    for assets in (one for one in graph.assets_defs if one.keys and one.partitions_def):
        group = graph.get(assets.key).group_name or ""
        policies[group if group in policies else "builds"].add(assets.backfill_policy)
    many = {"builds": 50, "monitoring": 672, "clients": 366}
    assert policies == {name: {BackfillPolicy.multi_run(max_partitions_per_run=most)} for name, most in many.items()}


def test_nothing_heavy_is_imported_with_the_code_location() -> None:
    code = "import sys; from manageai_assets.definitions import defs; defs.load() if hasattr(defs, 'load') else defs();"
    code += f"print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_inbox_runs_by_itself_when_it_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX_DIR", str(tmp_path))
    states = {one.name: one.default_status.value for one in all_sensors(read_settings(tmp_path / "none.env"))}
    assert states["inbox"] == "RUNNING"


def test_definitions_validate(instance: object) -> None:
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(PROJECT_ROOT / "workspace.yaml")]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
