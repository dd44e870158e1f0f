"""Deploying: a dry run that changes nothing, then the same for real; twice comes to the same as once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from compilers.errors import UserError
from compilers.spec import Schedule
from manageai_assets.cli import main
from manageai_assets.local_builds import build_file, local_store
from manageai_assets.monitoring.deploying import Build, deploy, planned, read_build
from manageai_assets.monitoring.models import Platform, ScenarioKey
from manageai_assets.monitoring.registry import Listed, change, deployed, discover, scenarios
from manageai_assets.monitoring.schedules import cadence_of, scheduling_of
from manageai_assets.monitoring.targets import MakeTarget, N8nTarget
from manageai_assets.settings import PROJECT_ROOT
from resources.artifacts import BuildKey
from resources.make_api import MakeApi
from resources.n8n_api import N8nApi
from tests.fakes.make import FakeMake, fake_make
from tests.fakes.make.records import modules
from tests.fakes.make.world import TEAM
from tests.fakes.n8n import FakeN8n, fake_n8n

NOW = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
ORDERS = BuildKey("bergwerk-outdoor-gmbh-bestellungen-ans-lager", 1)
MONDAY, THURSDAY = 1, 4


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the build of an example that a webhook starts."""
    folder = tmp_path_factory.mktemp("builds")
    intake = next((PROJECT_ROOT / "examples" / "intakes").glob("*bergwerk*"))
    assert build_file(intake, local_store(folder)).key == str(ORDERS)
    return folder


def build_of(builds: Path, platform: Platform) -> Build:
    """The build for a platform."""
    return read_build(local_store(builds), ORDERS, platform)


@pytest.fixture
def n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeN8n]:
    """A fake that the settings name."""
    with fake_n8n() as fake:
        monkeypatch.setenv("N8N_API_URL", fake.address)
        monkeypatch.setenv("N8N_API_KEY", fake.key.get_secret_value())
        yield fake


@pytest.fixture
def make() -> Iterator[tuple[FakeMake, MakeTarget]]:
    """A fake team, and the target."""
    with fake_make() as fake, MakeApi(SecretStr(fake.key), address=fake.address) as api:
        yield fake, MakeTarget(api, TEAM)


def connect_all(fake: FakeMake, build: Build) -> None:
    """Gives the team an account for each that the blueprint wants."""
    for needed in build.export.connections:
        fake.world.add_connection(needed.platform_type)


@pytest.mark.parametrize(
    ("schedule", "seconds", "sent"),
    [
        (None, None, {"type": "indefinitely", "interval": 900}),
        (Schedule(kind="every", minutes=20), 1200, {"type": "indefinitely", "interval": 1200}),
        (Schedule(kind="daily", at=time(7, 30)), 86_400, {"type": "daily", "time": "07:30"}),
        (
            Schedule(kind="weekly", at=time(7), weekdays=(MONDAY, THURSDAY)),
            4 * 86_400,
            {"type": "weekly", "time": "07:00", "days": [1, 4]},
        ),
        (
            Schedule(kind="monthly", month_days=(1, 15)),
            17 * 86_400,
            {"type": "monthly", "time": "00:00", "days": [1, 15]},
        ),
        (Schedule(kind="on_demand"), None, {"type": "on-demand"}),
    ],
)  # fmt: skip
def test_schedules(schedule: Schedule | None, seconds: int | None, sent: dict[str, object]) -> None:
    assert cadence_of(schedule) == seconds
    assert json.loads(scheduling_of(schedule, by_hook=False).text()) == sent
    assert json.loads(scheduling_of(schedule, by_hook=True).text()) == {"type": "immediately"}


def test_n8n_by_the_command_line(
    builds: Path, n8n: FakeN8n, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["deploy", str(ORDERS), "--to", "n8n", "--artifacts", str(builds)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "would: create it, switched off" in said
    assert "Nothing was changed" in said
    assert n8n.workflows == {}
    assert scenarios(engine) == {}
    assert main([*command, "--yes"]) == 0
    ((identifier, made),) = n8n.workflows.items()
    assert made["active"] is False
    (found,) = scenarios(engine).values()
    assert (found.key, found.slug, found.version, found.managed, found.active) == (
        ScenarioKey("n8n", identifier), ORDERS.slug, 1, True, False,
    )  # fmt: skip
    assert found.customer == "Bergwerk Outdoor GmbH"
    assert main([*command, "--yes", "--start"]) == 0
    assert "put it in the place of version 1" in capsys.readouterr().out
    assert list(n8n.workflows) == [identifier]
    assert n8n.workflows[identifier]["active"] is True
    (found,) = scenarios(engine).values()
    assert found.active
    assert main(["scenarios", "--json", "--discover"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["scenario"], row["slug"], row["paused"]) == (f"n8n:{identifier}", ORDERS.slug, False)
    assert main(["scenarios", "--pause", f"n8n:{identifier}"]) == 0
    assert "not watched" in capsys.readouterr().out


def test_a_second_version_keeps_the_credentials_that_people_chose(builds: Path, n8n: FakeN8n, engine: Engine) -> None:
    build = build_of(builds, "n8n")
    with N8nApi(n8n.address, n8n.key) as api:
        target = N8nTarget(api)
        made = deploy(engine, build, target, planned(engine, build, target, onto=None, starts=False), NOW)
        nodes = n8n.workflows[made.key.external_id]["nodes"]
        assert isinstance(nodes, list)
        last = nodes[-1]
        assert isinstance(last, dict)
        last["credentials"] = {"slackApi": {"id": "7", "name": "Slack of Acme"}}
        deploy(engine, build, target, planned(engine, build, target, onto=None, starts=False), NOW)
    nodes = n8n.workflows[made.key.external_id]["nodes"]
    assert isinstance(nodes, list)
    assert isinstance(nodes[-1], dict)
    assert nodes[-1]["credentials"] == {"slackApi": {"id": "7", "name": "Slack of Acme"}}


def test_make(builds: Path, make: tuple[FakeMake, MakeTarget], engine: Engine) -> None:
    fake, target = make
    build = build_of(builds, "make")
    connect_all(fake, build)
    plan = planned(engine, build, target, onto=None, starts=True)
    assert (fake.world.scenarios, fake.world.hooks) == ({}, {})
    assert any("address" in task for task in plan.by_hand)
    made = deploy(engine, build, target, plan, NOW)
    (scenario,) = fake.world.scenarios.values()
    assert made.key == ScenarioKey("make", str(scenario.id))
    assert scenario.active
    assert scenario.scheduling == {"type": "immediately"}
    assert scenario.hook in fake.world.hooks
    assert len(list(modules(scenario.blueprint))) > 1
    again = planned(engine, build, target, onto=None, starts=True)
    assert again.external_id == str(scenario.id)
    deploy(engine, build, target, again, NOW)
    assert (len(fake.world.scenarios), len(fake.world.hooks), len(scenario.versions)) == (1, 1, 2)
    assert len(scenarios(engine)) == 1


def test_accounts_that_the_team_lacks_are_named_before_anything_is_made(
    builds: Path, make: tuple[FakeMake, MakeTarget], engine: Engine
) -> None:
    fake, target = make
    with pytest.raises(UserError, match="lacks accounts") as caught:
        planned(engine, build_of(builds, "make"), target, onto=None, starts=False)
    assert caught.value.findings
    assert fake.paths("POST") == []


def test_a_hook_whose_scenario_is_refused_goes_away_again(
    builds: Path, make: tuple[FakeMake, MakeTarget], engine: Engine
) -> None:
    fake, target = make
    build = build_of(builds, "make")
    connect_all(fake, build)
    plan = planned(engine, build, target, onto=None, starts=False)
    flow = build.export.document["flow"]
    assert isinstance(flow, list)
    flow.append({"id": 99, "module": "slack:NoSuchThing", "version": 9})
    with pytest.raises(UserError, match="NoSuchThing"):
        deploy(engine, build, target, plan, NOW)
    assert (fake.world.scenarios, fake.world.hooks, scenarios(engine)) == ({}, {}, {})


def test_one_of_the_same_name_is_not_doubled_and_not_overwritten(builds: Path, n8n: FakeN8n, engine: Engine) -> None:
    build = build_of(builds, "n8n")
    with N8nApi(n8n.address, n8n.key) as api:
        target = N8nTarget(api)
        left = api.create({**build.export.document, "name": build.spec.name})
        with pytest.raises(UserError, match="already") as caught:
            planned(engine, build, target, onto=None, starts=False)
        assert f"--onto {left}" in caught.value.hint
        made = deploy(engine, build, target, planned(engine, build, target, onto=left, starts=False), NOW)
    assert made.key.external_id == left
    assert len(n8n.workflows) == 1
    assert deployed(engine, ORDERS.slug, "n8n") is not None


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["deploy", "nobody@v1", "--to", "n8n"], "no such build"),
        (["deploy", "nobody", "--to", "n8n"], "no partition key"),
        (["scenarios", "--pause", "make"], "names no scenario"),
        (["scenarios", "--pause", "make:1"], "no such scenario"),
        (["scenarios", "--discover"], "no platform is set up"),
    ],
)
def test_what_is_wrong_is_said(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], what: str
) -> None:
    for name in ("N8N_API_URL", "N8N_API_KEY", "MAKE_API_KEY"):
        monkeypatch.setenv(name, "")
    assert main(arguments) == 1
    assert what in capsys.readouterr().err


def test_what_was_deployed_and_is_gone_is_deployed_anew(builds: Path, n8n: FakeN8n, engine: Engine) -> None:
    build = build_of(builds, "n8n")
    with N8nApi(n8n.address, n8n.key) as api:
        target = N8nTarget(api)
        first = deploy(engine, build, target, planned(engine, build, target, onto=None, starts=False), NOW)
        change(engine, first.key, contact="on-call@agency.example", cadence_seconds=600)
        api.delete(first.key.external_id)
        discover(engine, "n8n", [Listed("other", "Other", True)], NOW.replace(hour=13))
        assert deployed(engine, ORDERS.slug, "n8n") is None
        second = deploy(engine, build, target, planned(engine, build, target, onto=None, starts=False), NOW)
    assert second.key != first.key
    assert [one.key.external_id for one in scenarios(engine).values()] == [second.key.external_id, "other"]
    assert len(scenarios(engine, gone=True)) == 3
