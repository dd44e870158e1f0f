"""Zaps moved to n8n, held against n8n's own code, and other platforms' documents moved to Zapier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compilers.errors import CompileError
from compilers.migrate import migrate
from compilers.rules import validate_export
from resources.n8n_oracle import Oracle
from tests.compilers.zapier.zaps import orders

EXAMPLE = Path(__file__).parents[3] / "examples" / "blueprints" / "order-alerts.json"


LEFT_OPEN = {"zapier.zap.size", "zapier.zap.action", "zapier.schedule.day", "zapier.webhook.address"}
"""What originals are too large for, or never said."""


def zaps_in(shared: Path) -> dict[str, Any]:
    """Every real Zap as an export of its own."""
    found: dict[str, Any] = {}
    for file in sorted((shared / "blueprints" / "zapier").glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        for at, zap in enumerate(document["zaps"]):
            found[f"{file.name} {at}"] = {**document, "zaps": [zap]}
    return found


def test_n8ns_own_code_accepts_every_node_of_real_zaps(shared: Path, n8n_oracle: Oracle) -> None:
    moved = {name: migrate(document, "n8n") for name, document in zaps_in(shared).items()}
    assert len(moved) >= 13
    found = n8n_oracle.check_workflows([one.export.document for one in moved.values()])
    wrong = {
        name: [str(issue) for issue in issues if issue.severity == "error" and issue.layer != "credentials"]
        for name, issues in zip(moved, found, strict=True)
    }
    assert {name: issues for name, issues in wrong.items() if issues} == {}


def test_a_blueprint_is_moved_to_zapier() -> None:
    done = migrate(json.loads(EXAMPLE.read_text(encoding="utf-8")), "zapier")
    assert not [one for one in validate_export("zapier", done.export.document) if one.severity == "error"]
    assert (done.report.source_title, done.report.target_title) == ("Make", "Zapier")
    assert sum(done.report.grades.values()) == len(done.report.modules)


def test_what_stays_on_zapier_is_no_migration() -> None:
    with pytest.raises(CompileError, match="already"):
        migrate(orders(), "zapier")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["make", "n8n"])
def test_real_documents_are_moved_to_zapier(shared: Path, kind: str) -> None:
    told: set[str] = set()
    for file in sorted((shared / "blueprints" / kind).glob("*.json")):
        done = migrate(json.loads(file.read_text(encoding="utf-8")), "zapier")
        assert sum(done.report.grades.values()) == len(done.report.modules), file.name
        told |= {one.rule for one in validate_export("zapier", done.export.document) if one.severity == "error"}
    assert told <= LEFT_OPEN


def test_what_is_lost_of_expressions_is_told() -> None:
    lost = {"id": 2, "module": "slack:CreateMessage", "version": 4, "mapper": {"text": '{{formatDate(now; "YYYY")}}'}}
    hook = {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "mapper": {}}
    document: Any = {"name": "Dates", "flow": [hook, lost], "metadata": {}}
    done = migrate(document, "zapier")
    assert (done.report.expressions.total, done.report.expressions.translated) == (1, 0)
    assert any("no calendar" in warning for warning in done.report.warnings)
