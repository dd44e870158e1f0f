"""Platforms are found by their folders: one more folder is one more export, report, check and line in the documents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compilers.errors import CompileError
from compilers.exports import describe, emit, platforms
from compilers.spec import Spec
from manageai_assets.settings import PROJECT_ROOT
from tests.manageai_assets.build import specs

NEW_PLATFORM = """
from compilers.export import Export


def emit(spec):
    return Export(platform="zapier", document={"title": spec.name, "steps": [step.id for step in spec.nodes]})
"""

ITS_BUILD = """
import json
from manageai_assets.pipeline import build
from manageai_assets.definitions import defs
from manageai_assets.intake.reading import read_intake
from pathlib import Path

intake = read_intake(sorted(Path("examples/intakes").iterdir())[0])
outcomes = build(intake.model_copy(update={"targets": ("make", "n8n", "zapier")}))
pack = outcomes["delivery_pack"].value
print(json.dumps({
    "asset": "zapier_export" in {key.to_user_string() for key in defs().resolve_asset_graph().get_all_asset_keys()},
    "export": list(outcomes["zapier_export"].value.root),
    "checks": [check.name for check in outcomes["export_validation_report"].checks],
    "platforms": [[item.platform, item.status, item.artifact] for item in pack.platforms],
    "to do": [action for action in pack.next_actions if "Zapier" in action],
    "log": "zapier_export.json" in outcomes["build_log"].value,
}))
"""


def test_platforms_are_the_folders_with_a_compiler() -> None:
    assert platforms() == ("make", "n8n", "zapier")
    assert [describe(name).title for name in ("make", "n8n", "zapier")] == ["Make", "n8n", "Zapier"]


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(CompileError, match=r"no platform `\.\./x`.*make, n8n"):
        emit(specs.linear(), "../x")


@pytest.mark.parametrize("name", ["make", "n8n"])
@pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.slug)
def test_the_parts_of_a_document_are_told_in_rows(spec: Spec, name: str) -> None:
    about, export = describe(name), emit(spec, name)
    rows = about.rows(export.document)
    assert all(len(row) == len(about.columns) for row in rows)
    assert {place.removeprefix("module ") for places in export.places.values() for place in places} <= {
        row[0] for row in rows
    }
    assert about.rows({"flow": 1, "nodes": [None, 3]}) == ()


def test_a_folder_is_all_that_a_platform_needs(tmp_path: Path) -> None:
    for folder in ("compilers", "manageai_assets", "resources", "sensors", "templates", "examples"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT_ROOT / "brand.yaml", tmp_path)
    new = tmp_path / "compilers" / "zapier"
    for rules in (tmp_path / "compilers" / "rules").glob("zapier_*.py"):
        rules.unlink()
    (new / "emit.py").write_text(NEW_PLATFORM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ITS_BUILD],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "asset": True,
        "export": ["title", "steps"],
        "checks": ["make_export_is_valid", "n8n_export_is_valid", "zapier_export_is_valid"],
        "platforms": [[name, "ready", f"{name}_export.json"] for name in ("make", "n8n", "zapier")],
        "to do": ["Import zapier_export.json into Zapier and connect its accounts."],
        "log": True,
    }
