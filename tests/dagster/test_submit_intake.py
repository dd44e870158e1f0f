"""The job that submits an intake from the launchpad."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult
from pydantic import JsonValue
from sqlalchemy import Engine

from manageai_assets.intake.assets import submit_intake
from manageai_assets.store.builds import intake_document
from manageai_assets.submissions import requests_after
from resources.artifacts import BuildKey

TEXT = "customer: Acme\nrequest: do it\nslug: acme\n"


def launch(instance: DagsterInstance, config: dict[str, JsonValue]) -> ExecuteInProcessResult:
    """The job with this config."""
    run_config = {"ops": {"record_intake": {"config": config}}}
    return submit_intake.execute_in_process(instance=instance, run_config=run_config, raise_on_error=False)


def reason(result: ExecuteInProcessResult) -> str:
    """Why it failed."""
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data is not None
    return failure.step_failure_data.user_failure_data.description or ""


@pytest.mark.parametrize(
    "config",
    [
        {"customer": "Acme", "request": "do it", "slug": "acme"},
        {"customer": "Acme", "more": {"request": "do it", "slug": "acme"}},
        {"yaml": TEXT},
        {"customer": "", "request": "", "yaml": TEXT},
    ],
)
def test_every_way_to_say_it(engine: Engine, instance: DagsterInstance, config: dict[str, JsonValue]) -> None:
    assert launch(instance, config).success
    assert instance.get_dynamic_partitions("intakes") == ["acme@v1"]
    assert [request.partition_key for request in requests_after(engine, 0)] == ["acme@v1"]
    assert launch(instance, {"yaml": TEXT}).success
    assert len(requests_after(engine, 0)) == 1


def test_a_file(engine: Engine, instance: DagsterInstance, tmp_path: Path) -> None:
    path = tmp_path / "intake.yaml"
    path.write_text(TEXT)
    assert launch(instance, {"file": str(path)}).success
    assert instance.get_dynamic_partitions("intakes") == ["acme@v1"]


def test_all_fields(engine: Engine, instance: DagsterInstance) -> None:
    config: dict[str, JsonValue] = {
        "customer": "Acme", "request": "do it", "slug": "acme", "title": "Leads", "objective": "faster",
        "contact_name": "Ada", "contact_email": "ada@example.com", "volume_per_month": 30, "systems": ["Slack"],
        "targets": ["make"], "received": "2026-10-05", "deadline": "2026-12-01", "timezone": "Europe/Berlin",
        "notes": "none", "more": {"trigger": "every weekday at 07:30"},
    }  # fmt: skip
    assert launch(instance, config).success
    document = intake_document(engine, BuildKey("acme", 1))
    assert isinstance(document, dict)
    assert document["contact"] == {"name": "Ada", "email": "ada@example.com"}
    assert document["trigger"] == "every weekday at 07:30"
    assert document["targets"] == ["make"]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "exactly one way"),
        ({"customer": "Acme", "yaml": TEXT}, "exactly one way"),
        ({"customer": "Acme"}, "request"),
        ({"yaml": "customer: ["}, "not YAML"),
        ({"file": "/nowhere/intake.yaml"}, "can't be read"),
        ({"customer": "Acme", "request": "do it", "slug": "../../etc"}, "slug"),
        ({"customer": "Acme", "request": "do it", "more": {"unknown": 1}}, "unknown"),
    ],
)
def test_what_is_wrong_is_said(
    engine: Engine, instance: DagsterInstance, config: dict[str, JsonValue], told: str
) -> None:
    result = launch(instance, config)
    assert not result.success
    assert told in reason(result)
    assert requests_after(engine, 0) == []
