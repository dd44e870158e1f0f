"""The engine that runs cases in a team at Make, against a fake whose runs the simulator plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import JsonValue, SecretStr

from compilers.documents import items, members
from compilers.errors import UserError
from compilers.exports import emit
from compilers.make.parse import parse as parse_make
from compilers.spec import Spec, parse_spec
from manageai_assets.settings import Settings
from manageai_assets.testing.engine import UnplayableError
from manageai_assets.testing.make_engine import UNNAMED, MakeEngine, api_and_team
from manageai_assets.testing.models import Answer, Case, Failure, TestSuite
from manageai_assets.testing.running import run_suite
from manageai_assets.testing.simulator import Simulator
from resources.make_errors import MakeApiError, MakeBlueprintError, MakeUnavailableError
from tests.compilers.flows import FLOWS, LINEAR, LOOP, Flow
from tests.fakes.make import TEAM, ErrorOfRun, Fault, Outcome
from tests.fakes.make import Answer as WebhookAnswer
from tests.resources.make_fixtures import Bench, bench


@pytest.fixture
def make() -> Iterator[Bench]:
    with bench() as one:
        yield one


def engine(
    make: Bench, spec: Spec = LINEAR.spec, *, sandbox: bool = True, sleep: Callable[[float], None] | None = None
) -> MakeEngine:
    return MakeEngine(spec, make.api, TEAM, sandbox=sandbox, sleep=sleep or make.clock.sleep, clock=make.clock)


def case(name: str = "one", *bundles: dict[str, JsonValue], **more: object) -> Case:
    given = bundles or ({"body": {"name": "Ada", "price": 2, "count": 3}},)
    return Case.model_validate({"name": name, "group": "routes", "title": name, "bundles": given, **more})


def spec_of(trigger: dict[str, JsonValue], steps: list[JsonValue], edges: list[JsonValue]) -> Spec:
    return parse_spec(
        {
            "slug": "made-up",
            "name": "Made up",
            "customer": {"name": "Example GmbH"},
            "trigger": {"kind": "trigger", "id": "start", **trigger},
            "steps": steps,
            "edges": edges,
        }
    )


def played(blueprint: dict[str, JsonValue], bundle: JsonValue) -> Outcome:
    """What a run of the blueprint comes to, by the simulator."""
    parsed = parse_make(blueprint)
    trace = Simulator(parsed.spec).run(case("played", {"fields": bundle}))
    answer, failed = trace.response, None
    given = WebhookAnswer(answer.status, str(answer.body), answer.headers) if answer else None
    if trace.error:
        app, _, name = parsed.modules[trace.error.step].name.partition(":")
        failed = ErrorOfRun(trace.error.type, trace.error.message, name, app)
    return Outcome(trace.status, trace.operations, seconds=0.01, answer=given, error=failed)


def flow_of(blueprint: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
    """The modules of the main flow."""
    return [members(module) for module in items(blueprint.get("flow"))]


def left_behind(make: Bench) -> tuple[int, int]:
    """Scenarios and hooks that are still there."""
    return len(make.world.scenarios), len(make.world.hooks)


# -- what it may do ------------------------------------------------------------------------------------------------


def test_outside_a_sandbox_nothing_is_asked_of_make(make: Bench) -> None:
    with pytest.raises(UserError, match="MAKE_TEST_SANDBOX=true"):
        engine(make, sandbox=False)
    assert make.fake.calls == []


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "set MAKE_API_KEY, MAKE_TEAM_ID, MAKE_ZONE"),
        ({"make_api_key": SecretStr("k"), "make_zone": "eu1"}, "set MAKE_TEAM_ID"),
        ({"make_api_key": SecretStr("k"), "make_zone": "eu1", "make_team_id": 1}, "set MAKE_TEST_SANDBOX=true"),
        (
            {"make_api_key": SecretStr("k"), "make_zone": "eu1", "make_team_id": 1, "make_test_sandbox": False},
            "set MAKE_TEST_SANDBOX=true",
        ),
    ],
)
def test_the_settings_say_what_is_missing(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(UserError, match=missing):
        api_and_team(Settings.model_construct(**given))


def test_the_settings_give_the_api_and_its_team() -> None:
    settings = Settings.model_construct(
        make_api_key=SecretStr("k"), make_zone="eu1", make_team_id=7, make_test_sandbox=True
    )
    api, team = api_and_team(settings)
    with api:
        assert team == 7
        assert "eu1.make.com" in repr(api)


# -- runs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow is not LOOP], ids=lambda flow: flow.name)
def test_every_flow_does_at_make_what_its_spec_says(make: Bench, flow: Flow) -> None:
    make.world.execute = played
    cases = tuple(case(f"call-{number}", {"body": one.payload}) for number, one in enumerate(flow.cases))
    suite = TestSuite(slug=flow.spec.slug, version=1, cases=cases)
    report = run_suite(flow.spec, suite, engine(make, flow.spec))
    assert [(one.differences, one.problem) for one in report.results] == [((), "")] * len(cases)
    assert (report.engine, report.subject) == ("make", "Make export")
    assert left_behind(make) == (0, 0)


def test_a_wrong_answer_is_a_difference(make: Bench) -> None:
    make.world.execute = lambda blueprint, bundle: Outcome(operations=3, answer=WebhookAnswer(200, "wrong"))
    suite = TestSuite(slug="x", version=1, cases=(case(),))
    report = run_suite(LINEAR.spec, suite, engine(make))
    assert not report.passed
    assert {one.what for one in report.results[0].differences} >= {"response.body", "response.status"}


def test_the_scenario_is_the_export_with_its_hook_active_and_then_gone(make: Bench) -> None:
    with engine(make) as running:
        (scenario,), (hook,) = make.world.scenarios.values(), make.world.hooks.values()
        assert scenario.active
        assert scenario.hook == hook.id
        assert scenario.scheduling == {"type": "immediately"}
        assert [one["module"] for one in flow_of(scenario.blueprint)] == [
            "gateway:CustomWebHook", "util:SetVariables", "gateway:WebhookRespond",
        ]  # fmt: skip
        trace = running.run(case())
    assert left_behind(make) == (0, 0)
    assert (trace.engine, trace.status, trace.operations) == ("make", "success", 3)
    assert list(trace.steps) == ["call"]
    assert "doesn't tell" in trace.notes[0]


def test_a_run_is_waited_for(make: Bench) -> None:
    make.world.execute = lambda blueprint, bundle: Outcome(seconds=12, operations=5)
    spec = spec_of({"app": "schedule", "operation": "tick"}, [{"id": "nap", "kind": "sleep", "seconds": 1}], [
        {"source": "start", "target": "nap"}
    ])  # fmt: skip
    with engine(make, spec) as running:
        began = make.clock.now
        trace = running.run(case("tick", {}))
    assert (trace.operations, trace.milliseconds) == (5, 12_000)
    assert 12 <= make.clock.now - began <= 14
    assert make.fake.hook_calls == []
    assert trace.steps == {}


def test_nobody_waits_longer_than_30_seconds(make: Bench) -> None:
    make.world.execute = lambda blueprint, bundle: Outcome(seconds=300)
    spec = spec_of({"app": "schedule", "operation": "tick"}, [{"id": "nap", "kind": "sleep", "seconds": 1}], [
        {"source": "start", "target": "nap"}
    ])  # fmt: skip
    began = make.clock.now
    with pytest.raises(UserError, match="did not end within 30 s"), engine(make, spec) as running:
        running.run(case("tick", {}))
    assert make.clock.now - began <= 31
    assert left_behind(make) == (0, 0)


def test_a_failed_run_names_its_step_and_the_next_case_runs_all_the_same(make: Bench) -> None:
    error = ErrorOfRun("DataError", "no such greeting", "SetVariables", "util")
    make.world.execute = lambda blueprint, bundle: Outcome("error", operations=1, error=error)
    with engine(make) as running:
        failed = running.run(case("fails"))
        make.world.execute = played
        passed = running.run(case("passes"))
    assert failed.status == "error"
    assert failed.error is not None
    assert (failed.error.step, failed.error.type) == ("facts", "DataError")
    assert failed.steps["facts"].errors == (failed.error,)
    assert failed.response is None
    assert any("500 by itself" in note for note in failed.notes)
    assert passed.status == "success"
    assert passed.response is not None
    assert passed.response.status == 201


def test_an_incomplete_execution_tells_of_its_modules(make: Bench) -> None:
    kept: dict[int, JsonValue] = {1: {"name": "Ada"}, 2: {"error": {"type": "ConnectionError", "message": "down"}}}
    make.world.execute = lambda blueprint, bundle: Outcome("warning", kept=kept)
    with engine(make) as running:
        trace = running.run(case())
    assert trace.status == "warning"
    assert trace.steps["call"].outputs == ({"name": "Ada"},)
    assert trace.steps["facts"].errors[0].type == "ConnectionError"


def test_an_error_of_a_module_that_cannot_be_told_is_noted(make: Bench) -> None:
    error = ErrorOfRun("DataError", "no", "Some module", "util")
    make.world.execute = lambda blueprint, bundle: Outcome("error", error=error)
    with engine(make) as running:
        trace = running.run(case())
    assert trace.error is not None
    assert trace.error.step == UNNAMED
    assert any("names no module" in note for note in trace.notes)


# -- what starts it ------------------------------------------------------------------------------------------------


def test_query_and_headers_of_a_case_are_sent(make: Bench) -> None:
    with engine(make) as running:
        running.run(case("q", {"body": {"a": 1}, "query": {"page": 2}, "headers": {"x-shop": "north"}}))
    sent = make.fake.hook_calls[0]
    assert (sent.method, sent.body, sent.query) == ("POST", '{"a": 1}', {"page": "2"})
    assert sent.headers["x-shop"] == "north"


def test_a_webhook_of_any_method_gets_the_method_and_the_headers(make: Bench) -> None:
    seen: list[JsonValue] = []

    def execute(blueprint: dict[str, JsonValue], bundle: JsonValue) -> Outcome:
        seen.append(bundle)
        return Outcome()

    make.world.execute = execute
    spec = spec_of({"app": "webhook", "operation": "receive_any"}, [{"id": "nap", "kind": "sleep", "seconds": 1}], [
        {"source": "start", "target": "nap"}
    ])  # fmt: skip
    with engine(make, spec) as running:
        running.run(case("any", {"fields": {"a": 1}, "method": "PATCH", "headers": [{"name": "x-a", "value": "b"}]}))
    (bundle,) = seen
    assert isinstance(bundle, dict)
    assert (bundle["a"], bundle["__IMTMETHOD__"]) == (1, "PATCH")
    assert {"name": "x-a", "value": "b"} in items(bundle["__IMTHEADERS__"])


WATCHER = spec_of(
    {
        "app": "google_sheets", "operation": "watch_rows",
        "inputs": {"spreadsheet": "abc", "sheet": "Leads", "headers": ["Name", "E-mail"]},
    },
    [{"id": "tell", "kind": "app", "app": "slack", "operation": "send_message",
      "inputs": {"channel": "#leads", "text": "{{ start.row.Name }}"}}],
    [{"source": "start", "target": "tell"}],
)  # fmt: skip


def test_a_webhook_stands_in_for_a_trigger_that_waits_for_a_real_account(make: Bench) -> None:
    account = make.world.add_connection("slack3")
    seen: list[tuple[dict[str, JsonValue], JsonValue]] = []

    def execute(blueprint: dict[str, JsonValue], bundle: JsonValue) -> Outcome:
        seen.append((blueprint, bundle))
        return Outcome()

    make.world.execute = execute
    with engine(make, WATCHER) as running:
        trace = running.run(
            case("row", {"row": {"Name": "Ada", "E-mail": "a@lead.example"}}, answers={"tell": [{"bundles": [{}]}]})
        )
    blueprint, bundle = seen[0]
    trigger, tell = flow_of(blueprint)
    assert (trigger["module"], tell["module"]) == ("gateway:CustomWebHook", "slack:CreateMessage")
    assert members(tell["parameters"])["__IMTCONN__"] == account.id
    assert isinstance(bundle, dict)
    assert bundle["0"] == "Ada"
    assert any("stood in for the trigger" in note for note in trace.notes)
    assert any("real accounts answered" in note and "tell" in note for note in trace.notes)


def test_accounts_that_the_team_lacks_are_named_and_nothing_is_left(make: Bench) -> None:
    make.world.add_connection("google")
    with pytest.raises(UserError, match="slack2 or slack3") as caught, engine(make, WATCHER):
        pass
    assert [finding.where for finding in caught.value.findings] == ["module 2"]
    assert left_behind(make) == (0, 0)


def test_inputs_of_a_called_scenario_are_declared_and_handed_over(make: Bench) -> None:
    seen: list[JsonValue] = []

    def execute(blueprint: dict[str, JsonValue], bundle: JsonValue) -> Outcome:
        seen.append(bundle)
        return Outcome()

    make.world.execute = execute
    spec = spec_of({"app": "scenarios", "operation": "start"}, [{"id": "nap", "kind": "sleep", "seconds": 1}], [
        {"source": "start", "target": "nap"}
    ])  # fmt: skip
    with engine(make, spec) as running:
        running.run(case("called", {"inputs": {"email": "a@b.example", "count": 2, "vip": True}}))
        (scenario,) = make.world.scenarios.values()
        declared = scenario.interface["input"]
        running.run(case("again", {"inputs": {"email": "c@d.example"}}))
    assert [(members(one)["name"], members(one)["type"]) for one in items(declared)] == [
        ("email", "text"), ("count", "number"), ("vip", "boolean"),
    ]  # fmt: skip
    assert seen == [{"email": "a@b.example", "count": 2, "vip": True}, {"email": "c@d.example"}]


@pytest.mark.parametrize(
    ("unplayable", "why"),
    [
        (case("f", answers={"facts": (Answer(failure=Failure(name="429", message="slow down")),)}), "fail at facts"),
        (case("two", {"body": {}}, {"body": {}}), "has 2"),
        (case("stored", stored={"Customers": {"k": {"a": 1}}}), "data stores"),
    ],
)
def test_what_make_cannot_play_is_refused_before_it_runs(make: Bench, unplayable: Case, why: str) -> None:
    with engine(make) as running, pytest.raises(UnplayableError, match=why):
        running.run(unplayable)
    assert make.fake.hook_calls == []


def test_a_hook_that_needs_a_moment_is_called_again(make: Bench) -> None:
    def sleep(seconds: float) -> None:
        make.clock.sleep(seconds)
        next(iter(make.world.scenarios.values())).active = True

    with engine(make, sleep=sleep) as running:
        make.world.stop(next(iter(make.world.scenarios.values())))
        assert running.run(case()).status == "success"
    assert len(make.fake.hook_calls) == 2


def test_a_hook_that_never_listens_is_an_error(make: Bench) -> None:
    with engine(make) as running:
        make.world.stop(next(iter(make.world.scenarios.values())))
        with pytest.raises(UserError, match="410 There is no scenario listening"):
            running.run(case())


# -- nothing is left behind ----------------------------------------------------------------------------------------


def test_all_is_deleted_after_an_error_in_between(make: Bench) -> None:
    with pytest.raises(ZeroDivisionError), engine(make):
        raise ZeroDivisionError
    assert left_behind(make) == (0, 0)


@pytest.mark.parametrize(
    ("fault", "method", "path"),
    [
        (Fault("status", 400), "POST", r"/hooks$"),
        (Fault("drop", done=True), "POST", r"/hooks$"),
        (Fault("status", 500), "GET", r"/connections$"),
        (Fault("status", 400), "POST", r"/scenarios$"),
        (Fault("drop", done=True), "POST", r"/scenarios$"),
        (Fault("truncate"), "POST", r"/scenarios$"),
        (Fault("status", 500), "POST", r"/start$"),
    ],
    ids=lambda one: str(one),
)
def test_a_failure_while_it_is_set_up_leaves_nothing(make: Bench, fault: Fault, method: str, path: str) -> None:
    make.fake.fail(fault, method, path, times=9 if method == "GET" else 1)
    with pytest.raises(MakeApiError), engine(make):
        pytest.fail("it was set up")
    assert left_behind(make) == (0, 0)


def test_a_refused_blueprint_is_told_by_its_module(make: Bench) -> None:
    spec = LINEAR.spec
    export = emit(spec, "make")
    wrong = {**export.document, "flow": [{**one, "version": 9} for one in flow_of(export.document)]}
    broken = MakeEngine(spec, make.api, TEAM, sandbox=True, export=export.model_copy(update={"document": wrong}))
    with pytest.raises(MakeBlueprintError, match="module 1"), broken:
        pass
    assert left_behind(make) == (0, 0)


def test_what_could_not_be_deleted_is_named(make: Bench) -> None:
    with pytest.raises(UserError, match="may still be at Make") as caught, engine(make):
        make.fake.fail(Fault("status", 500), "DELETE", "/scenarios/", times=9)
    assert "delete the scenario `Test of flow-linear v1 " in caught.value.hint
    assert left_behind(make) == (1, 0)


def test_a_failed_clean_up_does_not_hide_the_error_before(make: Bench) -> None:
    make.fake.fail(Fault("status", 500), "DELETE", times=99)
    with pytest.raises(MakeUnavailableError) as caught, engine(make):
        raise MakeUnavailableError("the first error")
    assert caught.value.what == "the first error"
    assert len(caught.value.__notes__) == 2


def test_the_engine_runs_in_its_block_only(make: Bench) -> None:
    with pytest.raises(UserError, match="`with` block"):
        engine(make).run(case())
