"""From structured plans to canonical specs."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from compilers.graph import SpecGraph
from compilers.rules import validate_spec
from compilers.spec import AppStep, MergeStep, OnError, Schedule, Spec, dump_spec
from manageai_assets.intake.builder import Build, build_spec
from manageai_assets.intake.models import Intake
from manageai_assets.intake.plan import Plan, TriggerPlan

TRIGGER: JsonValue = {"app": "webhook", "id": "lead", "sample": {"body": {"email": "a@example.com", "items": [1]}}}
TELL: dict[str, JsonValue] = {"app": "slack", "operation": "send_message", "inputs": {"channel": "x", "text": "y"}}


def build(steps: list[JsonValue], trigger: JsonValue = TRIGGER, **more: JsonValue) -> Build:
    intake = Intake.model_validate(
        {"customer": "Acme", "request": "see the steps", "trigger": trigger, "steps": steps, **more}
    )
    assert isinstance(intake.trigger, TriggerPlan)
    return build_spec(intake, Plan(trigger=intake.trigger, steps=intake.steps))


def built(steps: list[JsonValue], trigger: JsonValue = TRIGGER, **more: JsonValue) -> Spec:
    result = build(steps, trigger, **more)
    assert result.spec is not None, result.findings
    wrong = [finding for finding in validate_spec(result.spec) if finding.severity == "error"]
    assert not wrong
    return result.spec


def edges(spec: Spec) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.kind) for edge in spec.edges]


def test_steps_stand_one_behind_the_other_with_readable_ids() -> None:
    spec = built([TELL, {**TELL, "label": "Tell the warehouse team at once"}, {**TELL, "id": "last"}, TELL])
    assert [step.id for step in spec.steps] == ["slack", "tell_the_warehouse", "last", "slack_2"]
    assert [edge[:2] for edge in edges(spec)] == [
        ("lead", "slack"), ("slack", "tell_the_warehouse"), ("tell_the_warehouse", "last"), ("last", "slack_2"),
    ]  # fmt: skip
    assert SpecGraph(spec).cycle() is None


def test_the_same_plan_gives_the_same_bytes() -> None:
    steps: list[JsonValue] = [TELL, {"for_each": "{{ lead.body.items }}", "do": [TELL]}]
    assert dump_spec(built(steps)) == dump_spec(built(steps))


def test_accounts_are_connected_once_each() -> None:
    spec = built([TELL, TELL, {**TELL, "account": "Ops workspace"}, {"wait": 5}])
    assert [connection.id for connection in spec.connections] == ["slack", "slack_ops_workspace"]
    assert [step.connection for step in spec.steps if isinstance(step, AppStep)] == [
        "slack",
        "slack",
        "slack_ops_workspace",
    ]


def test_a_sample_of_the_trigger_is_what_it_is_known_to_give() -> None:
    spec = built([TELL])
    assert [(field.path, field.type) for field in spec.trigger.outputs] == [
        ("body.email", "text"),
        ("body.items", "array"),
    ]
    assert (
        built([TELL], {"app": "webhook"}, samples={"trigger": {"body": {"n": 1}}}).trigger.outputs[0].type == "number"
    )


def test_when_is_a_filter_on_the_edge() -> None:
    spec = built([{**TELL, "when": "lead.body.email ends with @example.com"}])
    assert spec.edges[0].filter is not None
    assert spec.edges[0].filter.any_of[0][0].operator == "text:ends_with"


def test_the_filter_of_a_route_and_of_its_first_step_must_both_hold() -> None:
    spec = built([{"routes": [{"when": "lead.body.a is 1", "do": [{**TELL, "when": "lead.body.b is 2"}]}]}])
    condition = spec.edges[1].filter
    assert condition is not None
    assert [row.left for row in condition.any_of[0]] == ["{{ lead.body.a }}", "{{ lead.body.b }}"]


def test_routes_keep_their_order_and_the_fallback_comes_last() -> None:
    routes: list[JsonValue] = [{"when": f"lead.body.n is {n}", "label": f"r{n}", "do": [TELL]} for n in (3, 1, 2)]
    spec = built([{"take": "first", "routes": routes, "otherwise": [{"stop": "success"}]}])
    assert [edge.label for edge in spec.edges if edge.kind == "route"] == ["r3", "r1", "r2", "Otherwise"]
    assert spec.edges[-1].fallback or any(edge.fallback for edge in spec.edges)


def test_branches_join_where_something_follows() -> None:
    steps: list[JsonValue] = [
        {
            "if": "lead.body.n > 5",
            "then": [{**TELL, "id": "big"}],
            "else": [{**TELL, "id": "small"}],
            "gives": {"size": ["big", "small"]},
            "id": "check",
        },
        {**TELL, "inputs": {"channel": "x", "text": "{{ check_merge.size }}"}},
    ]
    spec = built(steps)
    merge = next(step for step in spec.steps if isinstance(step, MergeStep))
    assert merge.id == "check_merge"
    assert merge.fields[0].values == {"big": "big", "small": "small"}
    assert not [step for step in built(steps[:1]).steps if isinstance(step, MergeStep)]


def test_an_if_without_else_lets_the_rest_pass() -> None:
    spec = built([{"if": "lead.body.n > 5", "then": [TELL]}, {**TELL, "id": "after"}])
    assert {source for source, target, _ in edges(spec) if target == "check_merge"} == {"slack", "check_pass"}


def test_a_loop_is_closed_by_its_collection() -> None:
    loop: JsonValue = {
        "id": "one", "for_each": "{{ lead.body.items }}", "do": [TELL],
        "collect": {"as": "text", "value": "{{ one.value }}", "id": "all"},
    }  # fmt: skip
    spec = built([loop, {**TELL, "id": "after", "inputs": {"channel": "x", "text": "{{ all.text }}"}}])
    assert edges(spec)[-2:] == [("slack", "all", "next"), ("all", "after", "next")]


def test_a_collection_takes_the_nearest_search() -> None:
    search: JsonValue = {
        "app": "airtable", "operation": "search_records", "id": "found", "inputs": {"base": "appX", "table": "tblX"},
    }  # fmt: skip
    spec = built([search, {"collect": {"as": "count"}, "id": "number"}, TELL])
    assert spec.steps[1].model_dump()["source"] == "found"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ignore", OnError(strategy="ignore")),
        ("retry", OnError(strategy="retry")),
        ({"strategy": "retry", "attempts": 7, "minutes": 2}, OnError(strategy="retry", attempts=7, interval_minutes=2)),
        ({"strategy": "resume", "substitute": {"ts": "0"}}, OnError(strategy="resume", substitute={"ts": "0"})),
    ],
)
def test_error_handling_of_a_step(said: JsonValue, expected: OnError) -> None:
    assert built([{**TELL, "on_error": said}]).steps[0].on_error == expected


def test_an_error_handler_runs_on_an_error_edge() -> None:
    alert: JsonValue = {**TELL, "id": "alert", "inputs": {"channel": "ops", "text": "{{ tell.error.message }}"}}
    spec = built([{**TELL, "id": "tell", "on_error": {"strategy": "ignore", "do": [alert]}}, {**TELL, "id": "after"}])
    assert ("tell", "alert", "error") in edges(spec)
    assert ("tell", "after", "next") in edges(spec)


def test_the_client_s_preference_is_for_steps_that_reach_a_service() -> None:
    spec = built([TELL, {"wait": 5}, {**TELL, "on_error": "ignore"}], errors="retry")
    assert [step.on_error.strategy if step.on_error else None for step in spec.steps] == ["retry", None, "ignore"]
    assert spec.settings.keep_incomplete
    assert built([TELL], errors="stop").steps[0].on_error is None


def test_schedules() -> None:
    spec = built([TELL], {"schedule": {"every": "week", "on": [5], "at": "16:00"}}, timezone="Europe/Berlin")
    assert spec.schedule == Schedule.model_validate({"kind": "weekly", "weekdays": [5], "at": "16:00"})
    assert spec.settings.timezone == "Europe/Berlin"
    assert built([TELL], {"app": "gmail"}).schedule == Schedule(kind="every", minutes=15)
    assert built([TELL]).schedule == Schedule(kind="immediately")


def test_what_a_person_fills_in_at_set_up_is_assumed_and_asked() -> None:
    result = build([{"app": "google_sheets", "operation": "add_row", "inputs": {"values": {"A": 1}}}])
    assert result.spec is not None
    assert {assumption.about for assumption in result.assumptions} == {
        "steps.0.inputs.spreadsheet", "steps.0.inputs.sheet",
    }  # fmt: skip
    assert [question.blocking for question in result.questions] == [False]


@pytest.mark.parametrize(
    ("steps", "rule", "where"),
    [
        ([{"app": "fax"}], "app.unknown", "steps.0.app"),
        ([{**TELL, "operation": "shout"}], "operation.unknown", "steps.0.operation"),
        ([{"app": "slack"}], "operation.unsaid", "steps.0.operation"),
        ([{"app": "webhook", "operation": "receive"}], "operation.kind", "steps.0.operation"),
        ([{**TELL, "inputs": {"channel": "x"}}], "input.missing", "steps.0.inputs.text"),
        ([{**TELL, "id": "lead"}], "id.twice", "steps.0.id"),
        ([{**TELL, "when": "nobody.x is 1"}], "condition.unread", "steps.0.when"),
        ([{"routes": [{"do": [TELL]}]}, TELL], "step.unreachable", "steps.1"),
        ([{"stop": "success"}, TELL], "step.unreachable", "steps.1"),
        ([{"for_each": "{{ lead.body.items }}", "do": [TELL]}, TELL], "loop.open", "steps.0"),
        (
            [{"for_each": "{{ lead.body.items }}", "do": [{"stop": "success"}], "collect": {}}],
            "loop.ends",
            "steps.0.collect",
        ),
        ([{"collect": {}}], "collect.source", "steps.0"),
        (["dance"], "step.unread", "steps.0"),
        (
            [{"routes": [{"when": "lead.x is 1", "do": [TELL]}], "otherwise": [{**TELL, "when": "lead.y is 1"}]}],
            "condition.place",
            "steps.0.otherwise.0.when",
        ),
    ],
)
def test_what_only_a_person_can_decide_is_found_with_its_place(steps: list[JsonValue], rule: str, where: str) -> None:
    result = build(steps)
    assert result.spec is None
    assert (f"intake.{rule}", where) in [(finding.rule, finding.where) for finding in result.findings]


@pytest.mark.parametrize(
    ("trigger", "rule"),
    [
        ({"label": "something"}, "trigger.missing"),
        ({"app": "slack", "operation": "send_message"}, "operation.kind"),
        ({"app": "schedule"}, "schedule.missing"),
        ({"schedule": "now and then"}, "schedule.unread"),
    ],
)
def test_triggers_that_say_too_little(trigger: JsonValue, rule: str) -> None:
    result = build([TELL], trigger)
    assert result.spec is None
    assert f"intake.{rule}" in [finding.rule for finding in result.findings]
