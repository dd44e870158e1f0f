"""The client of Make's API, against a fake that follows the facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from resources.make_errors import (
    MakeBlueprintError,
    MakeConfirmationError,
    MakeConflictError,
    MakeNotFoundError,
    MakePermissionError,
    MakeRequestError,
)
from resources.make_models import InputSpec, Interface, Scheduling
from tests.fakes.make import ORGANIZATION, TEAM, ErrorOfRun, Outcome
from tests.fakes.make.world import STRANGERS_TEAM
from tests.resources.make_fixtures import RESPOND, Bench, bench, plain_blueprint, webhook_blueprint

ON_DEMAND = Scheduling(type="on-demand")
AT_ONCE = Scheduling(type="immediately")


@pytest.fixture
def make() -> Iterator[Bench]:
    with bench() as one:
        yield one


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# -- scenarios -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "calls"), [(100, 5), (200, 3), (5000, 3)])
def test_lists_come_page_by_page_whatever_make_allows_a_page(make: Bench, page: int, calls: int) -> None:
    ids = [make.world.add_scenario(plain_blueprint(name=f"S {number}")).id for number in range(450)]
    assert [one.id for one in make.api.scenarios.list(team=TEAM, page=page)] == ids
    assert len(make.fake.calls) == calls


def test_a_list_stops_with_its_reader(make: Bench) -> None:
    for number in range(300):
        make.world.add_scenario(plain_blueprint(name=f"S {number}"))
    assert next(make.api.scenarios.list(organization=ORGANIZATION)).name == "S 0"
    assert len(make.fake.calls) == 1


@settings(max_examples=30)
@given(
    count=st.integers(1, 30),
    page=st.integers(1, 8),
    deletions=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 29)), max_size=6),
)
def test_a_list_misses_nothing_when_scenarios_are_deleted_meanwhile(
    count: int, page: int, deletions: list[tuple[int, int]]
) -> None:
    world = _SHARED.world
    ids = [world.add_scenario(plain_blueprint()).id for _ in range(count)]
    deleted, found = set[int](), list[int]()
    for number, one in enumerate(_SHARED.api.scenarios.list(team=TEAM, page=page)):
        found.append(one.id)
        for when, which in deletions:
            if when == number and which < count and ids[which] not in deleted:
                world.remove(world.scenarios[ids[which]], sure=True)
                deleted.add(ids[which])
    assert found == sorted(set(found))
    assert set(ids) - set(found) <= deleted
    for one_id in set(ids) - deleted:
        world.remove(world.scenarios[one_id], sure=True)


def test_lists_are_of_a_team_or_of_an_organisation(make: Bench) -> None:
    with pytest.raises(MakeRequestError, match="cannot be used together"):
        list(make.api.scenarios.list(team=TEAM, organization=ORGANIZATION))
    with pytest.raises(MakeRequestError, match="Missing required parameter"):
        list(make.api.scenarios.list())


def test_only_active_scenarios(make: Bench) -> None:
    make.world.add_scenario(plain_blueprint())
    active = make.world.add_scenario(plain_blueprint(), active=True)
    assert [one.id for one in make.api.scenarios.list(team=TEAM, active=True)] == [active.id]


def test_a_scenario_is_created_inactive_from_texts_and_read_back_as_objects(make: Bench) -> None:
    asked: JsonValue = [{"name": "email", "type": "text", "required": True}]
    blueprint = {**plain_blueprint(), "interface": {"input": asked, "output": []}}
    made = make.api.scenarios.create(blueprint, team=TEAM, scheduling=Scheduling(type="indefinitely", interval=900))

    sent = make.fake.calls[0].body
    assert isinstance(sent, dict)
    assert isinstance(sent["blueprint"], str)
    assert sent["scheduling"] == '{"type":"indefinitely","interval":900}'
    assert (made.is_active, made.team_id, made.used_packages) == (False, TEAM, ("util",))
    stored = make.api.scenarios.blueprint(made.id)
    assert stored.blueprint == plain_blueprint()
    assert stored.scheduling == Scheduling(type="indefinitely", interval=900)
    assert stored.id_sequence == 2
    assert [one.name for one in stored.metadata.input_spec or ()] == ["email"]
    assert make.api.scenarios.get(made.id) == made


@pytest.mark.parametrize(
    ("module", "said", "places"),
    [
        (
            {"id": 7, "module": "slack:CreateMessage", "version": 99},
            "Module not found 'slack:CreateMessage' version '99'",
            ["module 7"],
        ),
        (
            {"id": 7, "module": "slack:CreateMessage", "version": 4, "parameters": {"__IMTCONN__": 1}},
            "Provided account '1' is not compatible with 'slack:CreateMessage' module",
            ["module 6", "module 7"],  # Make names no version here, and any of them may be meant
        ),
    ],
)
def test_a_refused_blueprint_names_the_places(make: Bench, module: JsonValue, said: str, places: list[str]) -> None:
    fine: JsonValue = {"id": 6, "module": "slack:CreateMessage", "version": 4}
    flows: JsonValue = [{"flow": [fine]}, {"flow": [module]}]
    router: JsonValue = {"id": 3, "module": "builtin:BasicRouter", "version": 1, "routes": flows}
    with pytest.raises(MakeBlueprintError, match=said) as caught:
        make.api.scenarios.create(plain_blueprint(router), team=TEAM, scheduling=ON_DEMAND)
    assert caught.value.code == "IM007"
    assert [finding.where for finding in caught.value.findings] == places


def test_a_new_app_is_installed_only_when_that_is_confirmed(make: Bench) -> None:
    make.world.installed = set()
    with pytest.raises(MakeConfirmationError, match="first time"):
        make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND, confirmed=False)
    make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)


def test_an_update_replaces_the_blueprint_and_keeps_the_old_version(make: Bench) -> None:
    made = make.api.scenarios.create(plain_blueprint(name="Old"), team=TEAM, scheduling=ON_DEMAND)
    changed = make.api.scenarios.update(made.id, blueprint=plain_blueprint(name="New"))
    assert changed.name == "New"
    assert [one.version for one in make.api.scenarios.blueprints(made.id)] == [2, 1]
    assert make.api.scenarios.blueprint(made.id, version=1).blueprint["name"] == "Old"


def test_starting_running_and_stopping(make: Bench) -> None:
    made = make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)
    with pytest.raises(MakeConflictError, match="not activated"):
        make.api.scenarios.run(made.id)
    assert make.api.scenarios.start(made.id) is True
    with pytest.raises(MakeConflictError, match="already running"):
        make.api.scenarios.start(made.id)
    make.world.execute = lambda blueprint, data: Outcome(outputs={"given": data})
    done = make.api.scenarios.run(made.id, {"email": "a@client.example"}, wait=True)
    assert (done.status, done.outputs) == (1, {"given": {"email": "a@client.example"}})
    assert make.api.scenarios.stop(made.id) is False
    with pytest.raises(MakeConflictError, match="not running"):
        make.api.scenarios.stop(made.id)


def test_a_webhook_scenario_starts_only_when_scheduled_immediately(make: Bench) -> None:
    hook = make.api.hooks.create("Orders", team=TEAM)
    made = make.api.scenarios.create(
        webhook_blueprint(hook.id), team=TEAM, scheduling=Scheduling(type="indefinitely", interval=900)
    )
    with pytest.raises(MakeRequestError, match="Invalid interval"):
        make.api.scenarios.start(made.id)
    make.api.scenarios.update(made.id, scheduling=AT_ONCE)
    assert make.api.scenarios.start(made.id)


def test_the_inputs_of_a_scenario_are_asked_for(make: Bench) -> None:
    made = make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)
    make.api.scenarios.set_interface(made.id, Interface(input=(InputSpec(name="email", required=True),)))
    assert make.api.scenarios.interface(made.id).input[0].required
    make.api.scenarios.start(made.id)
    with pytest.raises(MakeRequestError, match="Missing value of required parameter 'email'"):
        make.api.scenarios.run(made.id, {})


def test_a_clone_is_another_scenario(make: Bench) -> None:
    made = make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)
    copy = make.api.scenarios.clone(made.id, organization=ORGANIZATION, team=TEAM, name="Copy")
    assert copy.id != made.id
    assert copy.name == "Copy"


def test_a_deleted_scenario_is_gone_even_when_active(make: Bench) -> None:
    made = make.api.scenarios.create(plain_blueprint(), team=TEAM, scheduling=ON_DEMAND)
    make.api.scenarios.start(made.id)
    make.api.scenarios.delete(made.id)
    with pytest.raises(MakeNotFoundError):
        make.api.scenarios.get(made.id)


def test_what_others_own_is_denied(make: Bench) -> None:
    theirs = make.world.add_scenario(plain_blueprint(), team=STRANGERS_TEAM)
    with pytest.raises(MakePermissionError, match="MAKE_TEAM_ID") as caught:
        make.api.scenarios.get(theirs.id)
    assert (caught.value.status, caught.value.code) == (403, "SC403")


def test_a_key_without_the_scope_is_denied(make: Bench) -> None:
    made = make.world.add_scenario(plain_blueprint())
    make.fake.scopes = frozenset({"scenarios:read"})
    assert make.api.scenarios.get(made.id).id == made.id
    with pytest.raises(MakePermissionError):
        make.api.scenarios.start(made.id)


# -- runs ----------------------------------------------------------------------------------------------------------


def test_a_run_is_polled_until_it_ends(make: Bench) -> None:
    made = make.world.add_scenario(plain_blueprint(), active=True)
    make.world.execute = lambda blueprint, data: Outcome(operations=3, seconds=2.5, outputs={"sum": 6})
    started = make.api.scenarios.run(made.id)
    assert started.status is None
    assert make.api.executions.get(made.id, started.execution_id).status == "RUNNING"
    assert make.api.executions.log(made.id, started.execution_id).outcome == "pending"
    with pytest.raises(MakeConflictError, match="already being executed"):
        make.api.scenarios.run(made.id)
    make.clock.sleep(3)
    done = make.api.executions.get(made.id, started.execution_id)
    line = make.api.executions.log(made.id, started.execution_id)
    assert (done.status, done.outputs) == ("SUCCESS", {"sum": 6})
    assert (line.outcome, line.operations, line.duration, line.centicredits) == ("success", 3, 2500, 300)


def test_a_failed_run_says_which_module(make: Bench) -> None:
    made = make.world.add_scenario(plain_blueprint(), active=True)
    error = ErrorOfRun("DataError", "no such sheet", "Append order", "google-sheets")
    make.world.execute = lambda blueprint, data: Outcome("error", error=error)
    found = make.api.executions.get(made.id, make.api.scenarios.run(made.id).execution_id)
    assert found.status == "ERROR"
    assert found.error is not None
    assert found.error.name == "DataError"
    assert found.error.cause_module is not None
    assert found.error.cause_module.app_name == "google-sheets"


@pytest.mark.parametrize(("instant", "failures"), [(False, 3), (True, 1)])
def test_failures_in_a_row_switch_a_scenario_off(make: Bench, instant: bool, failures: int) -> None:
    hook = make.world.add_hook("Orders", "gateway-webhook", {}) if instant else None
    blueprint = webhook_blueprint(hook.id) if hook else plain_blueprint()
    made = make.world.add_scenario(blueprint, active=True)
    make.world.execute = lambda blueprint, data: Outcome("error")
    for _ in range(failures):
        assert make.api.scenarios.get(made.id).is_active
        make.api.scenarios.run(made.id)
    assert not make.api.scenarios.get(made.id).is_active


def test_the_history_by_window_status_and_cursor(make: Bench) -> None:
    made = make.world.add_scenario(plain_blueprint())
    begun = make.clock.now - 1000
    for second in range(250):
        make.world.add_run(made.id, begun + second, Outcome("error" if second % 10 == 0 else "success"))
    newest = list(make.api.executions.list(made.id))
    assert len(newest) == 250
    assert [one.timestamp for one in newest] == sorted((one.timestamp for one in newest), reverse=True)
    failed = list(make.api.executions.list(made.id, since=at(begun + 100), until=at(begun + 199), status=3))
    assert len(failed) == 10
    assert {one.outcome for one in failed} == {"error"}
    later = make.api.executions.list(made.id, after=newest[3].imt_id, newest_first=False)
    assert [one.id for one in later] == [one.id for one in newest[2::-1]]


@settings(max_examples=25)
@given(
    moments=st.lists(st.integers(0, 60_000), max_size=40, unique=True),
    window=st.tuples(st.integers(0, 60_000), st.integers(0, 60_000)),
    page=st.integers(1, 9),
    newest_first=st.booleans(),
)
def test_pages_of_the_history_hold_what_the_window_holds(
    moments: list[int], window: tuple[int, int], page: int, newest_first: bool
) -> None:
    world = _SHARED.world
    scenario = world.add_scenario(plain_blueprint()).id
    for moment in moments:
        world.add_run(scenario, 1_700_000_000 + moment / 1000, Outcome())
    low, high = (1_700_000_000 + bound / 1000 for bound in window)
    found = _SHARED.api.executions.list(scenario, since=at(low), until=at(high), page=page, newest_first=newest_first)
    wanted = sorted((one for one in moments if window[0] <= one <= window[1]), reverse=newest_first)
    assert [round((one.timestamp.timestamp() - 1_700_000_000) * 1000) for one in found] == wanted
    world.remove(world.scenarios[scenario], sure=True)


@pytest.fixture(scope="module", autouse=True)
def _shared() -> Iterator[None]:
    global _SHARED
    with bench() as one:
        _SHARED = one
        yield


_SHARED: Bench


# -- incomplete executions -----------------------------------------------------------------------------------------


def test_incomplete_executions_are_listed_shown_retried_and_deleted(make: Bench) -> None:
    made = make.world.add_scenario(plain_blueprint(), active=True)
    kept: dict[int, JsonValue] = {1: {"total": 5}, 2: {"error": {"type": "ConnectionError", "message": "down"}}}
    error = ErrorOfRun("ConnectionError", "down")
    make.world.execute = lambda blueprint, data: Outcome("warning", error=error, kept=kept)
    runs = [make.api.scenarios.run(made.id).execution_id for _ in range(4)]
    assert make.api.scenarios.get(made.id).dlq_count == 4
    found = make.api.incomplete.list(made.id)
    assert [one.reason for one in found] == ["down"] * 4
    one = make.api.incomplete.get(found[0].id)
    assert (one.execution_id, one.scenario_id) == (runs[0], made.id)
    assert make.api.incomplete.bundle(one.id) == kept

    make.world.execute = lambda blueprint, data: Outcome()
    make.api.incomplete.retry(one.id)
    with pytest.raises(MakeNotFoundError):
        make.api.incomplete.get(one.id)
    make.api.incomplete.delete(made.id, [found[1].id])
    assert [one.id for one in make.api.incomplete.list(made.id)] == [found[2].id, found[3].id]
    make.api.incomplete.retry_many(made.id, [found[2].id])
    make.api.incomplete.delete(made.id)
    assert make.api.incomplete.list(made.id) == ()


# -- what a team has -----------------------------------------------------------------------------------------------


def test_hooks_are_created_attached_switched_and_deleted(make: Bench) -> None:
    hook = make.api.hooks.create("Orders", team=TEAM, headers=True)
    assert make.api.hooks.get(hook.id).scenario_id is None
    made = make.api.scenarios.create(webhook_blueprint(hook.id, RESPOND), team=TEAM, scheduling=AT_ONCE)
    assert made.hook_id == hook.id
    assert make.api.hooks.get(hook.id).scenario_id == made.id
    assert make.api.hooks.ping(hook.id).attached
    make.api.hooks.disable(hook.id)
    assert not make.api.hooks.get(hook.id).enabled
    make.api.hooks.enable(hook.id)
    make.api.hooks.learn_start(hook.id)
    assert make.api.hooks.ping(hook.id).learning
    make.api.hooks.learn_stop(hook.id)
    assert [one.id for one in make.api.hooks.list(TEAM, assigned=True)] == [hook.id]
    assert make.api.hooks.list(TEAM, assigned=False) == ()
    make.api.hooks.delete(hook.id)
    with pytest.raises(MakeNotFoundError):
        make.api.hooks.get(hook.id)


def test_connections_are_listed_by_type_and_tested(make: Bench) -> None:
    works = make.world.add_connection("slack3", label="Sales")
    expired = make.world.add_connection("google", works=False)
    make.world.add_connection("google", team=STRANGERS_TEAM)
    assert [one.id for one in make.api.connections.list(TEAM)] == [works.id, expired.id]
    assert [one.name for one in make.api.connections.list(TEAM, ["slack3"])] == ["Sales"]
    assert make.api.connections.test(works.id)
    assert not make.api.connections.test(expired.id)


@pytest.mark.parametrize(("plan", "limit"), [("Core", 60), ("Enterprise", 1000)])
def test_the_plan_tells_the_limit_of_the_api(plan: str, limit: int) -> None:
    with bench(plan) as make:
        organization = make.api.organizations.get(ORGANIZATION)
        assert organization.license.api_limit == limit
        assert organization.license.operations == 10_000
        assert [one.id for one in organization.teams] == [TEAM]
        assert [one.id for one in make.api.organizations.list()] == [ORGANIZATION]
        assert make.api.teams.get(TEAM) == make.api.teams.list(ORGANIZATION)[0]


def test_the_free_plan_has_no_api() -> None:
    with bench("Free") as make, pytest.raises(MakePermissionError, match="Free plan"):
        make.api.organizations.list()


def test_what_was_used_is_told_by_scenario_team_and_organisation(make: Bench) -> None:
    made = make.world.add_scenario(plain_blueprint(), active=True)
    make.world.execute = lambda blueprint, data: Outcome(operations=7)
    make.api.scenarios.run(made.id)
    make.api.scenarios.run(made.id)
    consumed = make.api.scenarios.consumptions(team=TEAM)
    assert [(one.scenario_id, one.operations) for one in consumed.scenario_consumptions] == [(made.id, 14)]
    days = (
        make.api.scenarios.usage(made.id), make.api.teams.usage(TEAM), make.api.organizations.usage(ORGANIZATION),
    )  # fmt: skip
    assert [(len(one), one[-1].operations, one[-1].centicredits) for one in days] == [(30, 14, 1400)] * 3


def test_thousands_of_scenarios_and_runs() -> None:
    with bench() as make:
        ids = [make.world.add_scenario(plain_blueprint()).id for _ in range(3000)]
        for number in range(100_000):
            make.world.add_run(ids[number % 3000], 1_700_000_000 + number, Outcome())
        assert [one.id for one in make.api.scenarios.list(team=TEAM, page=200)] == ids
        found = list(make.api.executions.list(ids[0], since=at(1_700_000_000 + 90_000)))
        assert [one.timestamp for one in found] == [
            at(1_700_000_000 + second) for second in (99_000, 96_000, 93_000, 90_000)
        ]
