"""Read back and compared: deployed to fakes that follow the platforms' protocols, changed there as people do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from compilers.documents import items, members
from manageai_assets.analytics import load
from manageai_assets.cli import EXIT_DONE, main
from manageai_assets.clients.comparing import Comparison, compare, unused_accounts
from manageai_assets.clients.platforms import compare_all
from manageai_assets.clients.read_back import Account, read_make, read_n8n
from manageai_assets.clients.reading import snapshots_on
from manageai_assets.local_builds import build_file, local_store
from manageai_assets.monitoring.deploying import deploy, planned, read_build
from manageai_assets.monitoring.models import Platform, ScenarioKey
from manageai_assets.monitoring.targets import MakeTarget, N8nTarget
from manageai_assets.settings import PROJECT_ROOT, read_settings
from resources.artifacts import BuildKey
from resources.make_api import MakeApi
from resources.make_models import Scheduling
from resources.n8n_api import N8nApi
from tests.fakes.make import TEAM, FakeMake, Fault, fake_make
from tests.fakes.n8n import FakeN8n, fake_n8n
from tests.manageai_assets.clients.estates import make as make_snapshots

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
ORDERS = BuildKey("bergwerk-outdoor-gmbh-bestellungen-ans-lager", 1)
CLIENT, SLACK = "Bergwerk Outdoor GmbH", "Nachricht an das Lager"


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the build of an example that a webhook starts."""
    folder = tmp_path_factory.mktemp("builds")
    build_file(next((PROJECT_ROOT / "examples" / "intakes").glob("*bergwerk*")), local_store(folder))
    return folder


@pytest.fixture
def team() -> Iterator[tuple[FakeMake, MakeApi]]:
    """A fake team at Make."""
    with fake_make() as fake, MakeApi(SecretStr(fake.key), address=fake.address) as api:
        yield fake, api


@pytest.fixture
def server() -> Iterator[tuple[FakeN8n, N8nApi]]:
    """A fake n8n."""
    with fake_n8n() as fake, N8nApi(fake.address, fake.key) as api:
        yield fake, api


def on_make(engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi]) -> int:
    """The build, deployed and started at Make; its id there."""
    fake, api = team
    build, target = read_build(local_store(builds), ORDERS, "make"), MakeTarget(api, TEAM)
    for needed in build.export.connections:
        fake.world.add_connection(needed.platform_type)
    return int(
        deploy(engine, build, target, planned(engine, build, target, onto=None, starts=True), NOW).key.external_id
    )


def on_n8n(engine: Engine, builds: Path, api: N8nApi) -> str:
    """The build, deployed to n8n; its id there."""
    build, target = read_build(local_store(builds), ORDERS, "n8n"), N8nTarget(api)
    return deploy(engine, build, target, planned(engine, build, target, onto=None, starts=False), NOW).key.external_id


def rewritten(api: MakeApi, scenario: int, text: str) -> None:
    """Somebody changes the text of the Slack message in Make's editor."""
    blueprint = api.scenarios.blueprint(scenario).blueprint
    members(members(items(blueprint["flow"])[4])["mapper"])["text"] = text
    api.scenarios.update(scenario, blueprint=blueprint)


def told(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """Outcomes and what they say."""
    return [
        (one.outcome, [one.reason] if one.reason else [*map(str, one.changes or ())]) for one in comparison.compared
    ]


def rows(engine: Engine) -> list[tuple[object, ...]]:
    """What is stored, oldest first."""
    query = "select first_day, last_day, outcome, jsonb_array_length(changes) from manageai.scenario_drift order by 1"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_make_day_by_day(engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi]) -> None:
    fake, api = team
    identifier, store = on_make(engine, builds, team), local_store(builds)
    for day in (MONDAY, MONDAY, TUESDAY):
        assert told(compare(engine, store, read_make(api, TEAM), day)) == [("same", [])]
    rewritten(api, identifier, "hello sk-secret")
    for day in (TUESDAY, WEDNESDAY):
        found = compare(engine, store, read_make(api, TEAM), day)
        assert told(found) == [("changed", [f"{SLACK}: inputs.text changed"])]
    assert rows(engine) == [(MONDAY, TUESDAY, "same", 0), (TUESDAY, WEDNESDAY, "changed", 1)]
    api.scenarios.update(identifier, scheduling=Scheduling(type="indefinitely", interval=60))
    fake.fail(Fault("status", 500), "GET", "/blueprint", times=9)
    found = compare(engine, store, read_make(api, TEAM), date(2026, 3, 5))
    assert found.compared[0].outcome == "unread"
    assert rows(engine)[-1][2] == "unread"
    with engine.connect() as connection:
        stored = str(connection.execute(text("select * from manageai.scenario_drift")).all())
    assert "sk-secret" not in stored


def test_the_snapshot_of_the_day_has_it_as_a_risk(
    engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi], capsys: pytest.CaptureFixture[str]
) -> None:
    _, api = team
    identifier, store = on_make(engine, builds, team), local_store(builds)
    with engine.begin() as connection:
        connection.execute(text("update manageai.scenarios set created_at = :now, deployed_at = :now"), {"now": NOW})
    compare(engine, store, read_make(api, TEAM), MONDAY)
    rewritten(api, identifier, "hello")
    compare(engine, store, read_make(api, TEAM), TUESDAY)
    make_snapshots(engine, MONDAY, TUESDAY, WEDNESDAY)
    risks = {
        day: [risk for one in snapshots_on(engine, day) for risk in one.risks if risk.part == "changed"]
        for day in (MONDAY, TUESDAY, WEDNESDAY)
    }
    assert risks[MONDAY] == []
    (risk,) = risks[TUESDAY]
    assert (risk.step, str(risk.points)) == (SLACK, "10.00")
    assert risk.what == f"it isn't what was delivered as {ORDERS}: {SLACK}: inputs.text changed"
    assert risks[WEDNESDAY] == [risk]
    assert main(["clients", "bergwerk"]) == EXIT_DONE
    shown = capsys.readouterr().out
    assert "Changed since delivered" in shown
    assert "inputs.text changed" in shown
    # a new version is delivered: what was known of the former one counts no more
    with engine.begin() as connection:
        connection.execute(text("update manageai.scenarios set version = 2"))
    make_snapshots(engine, WEDNESDAY)
    assert not [risk for one in snapshots_on(engine, WEDNESDAY) for risk in one.risks if risk.part == "changed"]
    assert load("scenario_drift", days=None)["outcome"].tolist() == ["same", "changed"]


def test_n8n_whose_credentials_people_chose(engine: Engine, builds: Path, server: tuple[FakeN8n, N8nApi]) -> None:
    fake, api = server
    identifier, store = on_n8n(engine, builds, api), local_store(builds)
    nodes = [members(one) for one in items(fake.workflows[identifier]["nodes"])]
    by_name = {str(node["name"]): node for node in nodes}
    by_name[SLACK]["credentials"] = {"slackApi": {"id": "7", "name": "Slack of Bergwerk"}}
    found = compare(engine, store, read_n8n(api), MONDAY)
    assert told(found) == [("same", [])]
    assert found.unused == ("Slack of Bergwerk",), "nobody has switched the workflow on"
    fake.workflows[identifier]["active"] = True
    by_name[SLACK]["disabled"] = True
    found = compare(engine, store, read_n8n(api), TUESDAY)
    assert told(found) == [("changed", [f"{SLACK}: disabled changed"])]
    assert found.unused == ()


def test_accounts_at_make(engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi]) -> None:
    fake, api = team
    identifier = on_make(engine, builds, team)
    fake.world.add_connection("google", label="Left over")
    hooked = fake.world.add_connection("typeform2", label="Forms")
    found = read_make(api, TEAM).accounts
    assert found is not None
    assert [(one.name, one.used) for one in found if one.kind not in ("google", "typeform2")] == [
        (one.name, True) for one in found if one.scenarios == (str(identifier),)
    ]
    assert [one.name for one in found if not one.used] == ["Left over", "Forms"]
    # the account of an app's own hook stands in no blueprint
    fake.world.add_hook("Answers", "typeform-webhook", {}).scenario = identifier
    found = read_make(api, TEAM).accounts
    assert found is not None
    assert Account(str(hooked.id), "Forms", "typeform2", (str(identifier),), True) in found
    api.scenarios.stop(identifier)
    found = read_make(api, TEAM).accounts
    assert found is not None
    assert not any(one.used for one in found)


def test_accounts_that_only_switched_off_scenarios_name_are_a_risk_of_their_client(
    engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi]
) -> None:
    fake, api = team
    identifier, store = on_make(engine, builds, team), local_store(builds)
    with engine.begin() as connection:
        connection.execute(text("update manageai.scenarios set created_at = :now, deployed_at = :now"), {"now": NOW})
    fake.world.add_connection("google", label="Nobody's")
    api.scenarios.stop(identifier)
    for day in (TUESDAY, WEDNESDAY):
        compare(engine, store, read_make(api, TEAM), day)
    make_snapshots(engine, MONDAY, WEDNESDAY)
    assert not [risk for one in snapshots_on(engine, MONDAY) for risk in one.risks if risk.part == "unused_access"]
    (snapshot,) = snapshots_on(engine, WEDNESDAY)
    risks = [risk for risk in snapshot.risks if risk.part == "unused_access"]
    assert len(risks) == len(fake.world.connections) - 1, "not of the one that no scenario names"
    assert {(str(risk.points), risk.what) for risk in risks} == {
        ("1", "no active scenario uses this account since 2026-03-03")
    }
    with engine.connect() as connection:
        assert "Nobody's" in [one.name for one in unused_accounts(connection)]
    api.scenarios.start(identifier)
    compare(engine, store, read_make(api, TEAM), WEDNESDAY)
    with engine.connect() as connection:
        assert [one.name for one in unused_accounts(connection)] == ["Nobody's"]


def test_an_account_that_make_says_ends_is_a_risk_until_somebody_signs_in_again(
    engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi]
) -> None:
    fake, api = team
    on_make(engine, builds, team)
    with engine.begin() as connection:
        connection.execute(text("update manageai.scenarios set created_at = :now, deployed_at = :now"), {"now": NOW})

    def risks() -> list[tuple[str, str]]:
        compare(engine, local_store(builds), read_make(api, TEAM), WEDNESDAY)
        make_snapshots(engine, WEDNESDAY, WEDNESDAY)
        (snapshot,) = snapshots_on(engine, WEDNESDAY)
        return [(one.step, one.what) for one in snapshot.risks if one.part == "credential_expiry"]

    assert risks() == []
    ending = min(fake.world.connections.values(), key=lambda one: one.id)
    ending.expires = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
    assert risks() == [(f"{ending.label} ({ending.account})", "the account's access ends on 2026-03-12")]
    ending.expires = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
    assert risks() == []


def test_what_could_not_be_read_is_not_unused(engine: Engine, builds: Path, team: tuple[FakeMake, MakeApi]) -> None:
    fake, api = team
    on_make(engine, builds, team)
    fake.fail(Fault("status", 500), "GET", "/blueprint", times=9)
    assert read_make(api, TEAM).accounts is None


def test_one_platform_that_fails_leaves_the_other(
    engine: Engine, builds: Path, server: tuple[FakeN8n, N8nApi], team: tuple[FakeMake, MakeApi],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fake, api = server
    on_n8n(engine, builds, api)
    for name, value in {
        "N8N_API_URL": fake.address, "N8N_API_KEY": fake.key.get_secret_value(), "MAKE_API_KEY": "k",
        "MAKE_TEAM_ID": "1", "MAKE_ZONE": "eu1.example.invalid/none",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    done, failed = compare_all(engine, local_store(builds), read_settings(), MONDAY)
    assert [one.platform for one in done] == ["n8n"]
    assert list(failed) == ["make"]


def test_a_build_whose_artifacts_are_gone(
    engine: Engine, builds: Path, server: tuple[FakeN8n, N8nApi], tmp_path: Path
) -> None:
    _, api = server
    on_n8n(engine, builds, api)
    platform: Platform = "n8n"
    found = compare(engine, local_store(tmp_path), read_n8n(api), MONDAY)
    assert told(found) == [("unread", ["the build's artifacts aren't there"])]
    assert found.compared[0].scenario.key == ScenarioKey(platform, found.compared[0].scenario.key.external_id)
