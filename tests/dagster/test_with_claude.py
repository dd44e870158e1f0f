"""With a key in the environment, the asset `assessment` is Claude's reading, and nothing that is kept holds the key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dagster import DagsterInstance, execute_job, reconstructable
from pydantic import JsonValue
from sqlalchemy import Engine

from manageai_assets.intake.reading import parse_intake
from manageai_assets.partitions import INTAKES
from manageai_assets.settings import read_settings
from manageai_assets.submissions import submit
from tests.dagster import real_location
from tests.fakes.claude import KEY, answer, fake_claude

JOB = reconstructable(real_location.build_job)
REQUEST = {"customer": "Acme", "request": "Please do the usual thing with our leads.", "slug": "acme"}
PLAN: JsonValue = {
    "trigger": {"app": "webhook", "id": "lead", "label": "Form"},
    "steps": [
        {
            "app": "slack",
            "operation": "send_message",
            "inputs": {"channel": "sales", "text": "New lead: {{ lead.body.email }}"},
        }
    ],
}


def test_the_reading_reaches_the_assets(
    engine: Engine, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = submit(engine, parse_intake(json.dumps(REQUEST)), "examples").partition_key
    instance.add_dynamic_partitions(str(INTAKES.name), [key])
    with fake_claude(answer({"plan": PLAN})) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        result = execute_job(JOB, instance, tags={"dagster/partition": key})
    assert result.success
    folder = Path(read_settings().artifacts_uri) / "acme" / "v1"
    assessment = json.loads((folder / "assessment.json").read_text())
    assert assessment["made_by"] == "claude"
    assert "slack:CreateMessage" in (folder / "make_export.json").read_text()
    kept = [path.read_bytes().decode("utf-8", "replace") for path in folder.iterdir()]
    kept += [str(event) for event in instance.all_logs(result.run_id)]
    assert not any(KEY in text for text in kept)
