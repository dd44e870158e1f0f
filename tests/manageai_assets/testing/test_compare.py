"""What counts as a difference between two runs, and what doesn't."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from manageai_assets.testing.compare import Sight, compare
from manageai_assets.testing.models import Case, Difference, Response, StepError, Trace
from tests.manageai_assets.build.specs import router
from tests.manageai_assets.testing.traces import big_lead, case, german_lead, ran, request, small_lead, trace

SPEC = router()
EVERYTHING = Sight()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def found(
    expected: Trace, actual: Trace, sees: Sight = EVERYTHING, volatile: tuple[str, ...] = (), of: Case | None = None
) -> tuple[Difference, ...]:
    """The differences of two runs of one case."""
    result = compare(SPEC, of or case(), expected, actual, dict.fromkeys(volatile, ("", "")), sees)
    assert result.passed == (not result.differences)
    return result.differences


def places(*differences: Difference) -> list[str]:
    """Where they are: `notify.requests[0].inputs.text`, `status`."""
    return [f"{each.step}.{each.what}".lstrip(".") for each in differences]


def sent(value: JsonValue) -> Trace:
    """A run in which Slack is sent this value."""
    return trace(ran("lead"), ran("key_accounts", request("key_accounts", text=value)))


def gave(**more: object) -> Trace:
    """A run in which one step did this."""
    return trace(ran("lead"), ran("key_accounts", **more))


TEXT = "key_accounts.requests[0].inputs.text"


@pytest.mark.parametrize("run", [big_lead(), small_lead(), german_lead()])
def test_a_run_is_as_itself(run: Trace) -> None:
    result = compare(SPEC, case(), run, run)
    assert result.passed
    assert [step.step for step in result.steps] == list(run.steps)
    assert result.steps[0].title == "Website form sent"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 1.0),
        (10**20, 1e20),
        ({"a": 1, "b": None}, {"a": 1}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ("2026-11-20T08:30:00.000Z", "2026-11-20T09:30:00+01:00"),
        ("2026-11-20T08:30:00.123Z", "2026-11-20T08:30:00.123456Z"),
        ([{"at": "2026-11-20T08:30:00Z"}], [{"at": "2026-11-20T08:30:00.000Z"}]),
    ],
)
def test_what_means_the_same(expected: JsonValue, actual: JsonValue) -> None:
    assert not found(sent(expected), sent(actual))


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 2),
        (1, "1"),
        (1, True),
        (0, False),
        (0, None),
        ("", None),
        ("a", "A"),
        ("a", "a "),
        ("1", "1.0"),
        ([], None),
        ([1], 1),
        ({}, []),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ("2026-11-20T08:30:00Z", "2026-11-20T08:30:01Z"),
        ("2026-11-20T08:30:00Z", "2026-11-20"),
        ("2026-99-20T08:30:00Z", "2026-98-20T08:30:00Z"),
    ],
)
def test_what_does_not(expected: JsonValue, actual: JsonValue) -> None:
    assert found(sent(expected), sent(actual))
    assert found(sent(actual), sent(expected))


@pytest.mark.parametrize(
    ("expected", "actual", "place", "values"),
    [
        ("a", "b", TEXT, ("a", "b")),
        ({"Name": {"first": "Ada"}}, {"Name": {"first": "Bo"}}, f"{TEXT}.Name.first", ("Ada", "Bo")),
        ({"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}, f"{TEXT}.a[1].b", (1, 2)),
        ({"a": 1}, {}, f"{TEXT}.a", (1, None)),
        ({}, {"a": 1}, f"{TEXT}.a", (None, 1)),
        ([1, 2], [1], TEXT, ([1, 2], [1])),
        ("x" * 9000, "y", TEXT, ("x" * 9000, "y")),
    ],
)
def test_a_difference_is_named_where_it_is(
    expected: JsonValue, actual: JsonValue, place: str, values: tuple[JsonValue, JsonValue]
) -> None:
    (only,) = found(sent(expected), sent(actual))
    assert places(only) == [place]
    assert (only.expected, only.actual) == values


@given(JSON)
def test_any_value_is_as_itself(value: JsonValue) -> None:
    assert not found(sent(value), sent(value))


@given(JSON, JSON)
def test_comparing_the_other_way_round_finds_the_same(one: JsonValue, other: JsonValue) -> None:
    there, back = found(sent(one), sent(other)), found(sent(other), sent(one))
    assert sorted(places(*there)) == sorted(places(*back))


ERROR = StepError(step="key_accounts", type="RateLimitError", message="slow down", status=429)
ONE = request("key_accounts", text="a")
RESPONSE = Response(status=200, body={"ok": True})
STEPS = [
    (gave(bundles_in=2), "bundles", ["key_accounts.bundles_in"]),
    (gave(bundles_out=0), "bundles", ["key_accounts.bundles_out"]),
    (gave(outputs=({"ts": "1"},)), "outputs", ["key_accounts.outputs"]),
    (trace(ran("lead"), ran("key_accounts", ONE, operations=0)), "requests", ["key_accounts.requests"]),
    (gave(operations=3), "operations", ["key_accounts.operations"]),
    (gave(errors=(ERROR,)), "errors", ["key_accounts.errors"]),
    (trace(ran("lead"), ran("key_accounts"), error=ERROR), "errors", ["error"]),
    (trace(ran("lead"), ran("key_accounts"), operations=7), "operations", ["operations"]),
    (trace(ran("lead"), ran("key_accounts"), status="warning"), "status", ["status"]),
    (trace(ran("lead"), ran("key_accounts"), response=RESPONSE), "response", ["response"]),
]


@pytest.mark.parametrize(("actual", "sense", "where"), STEPS)
def test_a_difference_is_found_unless_the_engine_cannot_see_it(actual: Trace, sense: str, where: list[str]) -> None:
    expected = gave()
    assert places(*found(expected, actual)) == where
    blind = {each.name: False for each in fields(Sight) if each.type == "bool"}
    assert not found(expected, actual, Sight(**{sense: False}))  # type: ignore[arg-type]  # no name of a frozenset
    assert places(*found(expected, actual, Sight(**{**blind, sense: True}))) == where  # type: ignore[arg-type]


def test_an_engine_that_cannot_see_inputs_still_tells_operations_apart() -> None:
    expected = trace(ran("lead"), ran("berlin", request("berlin", text="a")))
    other_text = trace(ran("lead"), ran("berlin", request("berlin", text="b")))
    other_operation = trace(ran("lead"), ran("berlin", request("berlin", operation="send_file", text="a")))
    sees = Sight(inputs=False)
    assert found(expected, other_text)
    assert not found(expected, other_text, sees)
    assert places(*found(expected, other_operation, sees)) == ["berlin.requests[0].operation"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [(1, "1", True), (1.0, "1", True), (True, "true", True), (None, "", True), (1, "1.0", False), (1, True, False)],
)
def test_types_that_the_engine_cannot_see(expected: JsonValue, actual: JsonValue, same: bool) -> None:
    assert found(sent(expected), sent(actual))
    assert bool(found(sent(expected), sent(actual), Sight(types=False))) is not same


def test_errors_are_told_by_type_and_status_and_never_by_message() -> None:
    def failed(**more: object) -> Trace:
        return gave(errors=(StepError.model_validate({**ERROR.model_dump(), **more}),))

    assert not found(failed(), failed(message="in other words"))
    assert places(*found(failed(), failed(type="DataError"))) == ["key_accounts.errors[0].type"]
    assert places(*found(failed(), failed(status=None))) == ["key_accounts.errors[0].status"]
    assert not found(failed(), failed(type="DataError"), Sight(error_types=False))
    assert not found(failed(), failed(status=None), Sight(error_statuses=False))


def test_values_of_clock_and_chance_need_only_be_there() -> None:
    path = ("steps.key_accounts.requests[0].inputs.text",)
    assert not found(sent("10:00"), sent("10:01"), volatile=path)
    assert not found(sent({"at": 1}), sent({"at": 2}), volatile=path)
    assert places(*found(sent("10:00"), sent(None), volatile=path)) == [TEXT]
    assert places(*found(sent(None), sent("10:00"), volatile=path)) == [TEXT]
    assert found(sent("10:00"), sent("10:01"), volatile=("steps.berlin.requests[0].inputs.text",))


def test_what_stands_around_a_volatile_value_counts() -> None:
    around = {"steps.key_accounts.requests[0].inputs.text": ("Order at ", " by Ada")}

    def differs(actual: str) -> bool:
        expected = sent("Order at 10:00 by Ada")
        return bool(compare(SPEC, case(), expected, sent(actual), around, EVERYTHING).differences)

    assert not differs("Order at 10:01 by Ada")
    assert differs("Offer at 10:01 by Ada")
    assert differs("Order at 10:01 by Bob")
    assert differs("Order at by Ada")


def test_a_path_may_stand_for_every_position() -> None:
    def two(text: str) -> Trace:
        calls = [request("key_accounts", text=text, channel="a"), request("key_accounts", text=text, channel="b")]
        return trace(ran("key_accounts", *calls))

    assert not found(two("x"), two("y"), volatile=("steps.key_accounts.requests[*].inputs.text",))
    one = ("steps.key_accounts.requests[0].inputs.text",)
    assert places(*found(two("x"), two("y"), volatile=one)) == ["key_accounts.requests[1].inputs.text"]


def test_a_step_that_ran_or_did_not_is_one_difference() -> None:
    differences = found(small_lead(), german_lead())
    assert sorted(places(*differences)) == ["berlin.reached", "log_rest.reached"]
    assert {each.step: (each.expected, each.actual) for each in differences} == {
        "berlin": (False, True),
        "log_rest": (True, False),
    }
    steps = {step.step: step for step in compare(SPEC, case(), small_lead(), german_lead()).steps}
    assert steps["berlin"].expected is None
    assert steps["log_rest"].actual is None


def test_a_step_whose_filter_stopped_everything_did_not_run() -> None:
    noted = trace(*small_lead().steps.values(), ran("berlin", bundles_in=0, bundles_out=0))
    assert not found(small_lead(), noted)
    assert not found(noted, small_lead())


def test_a_step_that_the_spec_does_not_have_is_a_difference() -> None:
    assert places(*found(small_lead(), trace(*small_lead().steps.values(), ran("extra")))) == ["extra.reached"]


def test_steps_that_the_engine_does_not_know_are_left_out() -> None:
    seen = trace(*[step for step in big_lead().steps.values() if step.step != "route"])
    assert places(*found(big_lead(), seen)) == ["route.reached"]
    assert not found(big_lead(), seen, Sight(unseen=frozenset({"route"})))


def test_what_the_graph_says_must_hold_even_where_the_expected_run_is_otherwise() -> None:
    must = case(must_reach=("berlin",), must_not_reach=("log_rest",))
    assert places(*found(small_lead(), small_lead(), of=must)) == ["berlin.reached", "log_rest.reached"]
    assert not found(german_lead(), german_lead(), of=must)


def test_the_run_must_end_as_the_error_handling_says() -> None:
    failed = small_lead().model_copy(update={"status": "error"})
    must = case(must_end="error")
    assert places(*found(failed, small_lead(), of=must)) == ["status"]
    assert places(*found(small_lead(), small_lead(), of=must)) == ["must_end"]
    assert not found(failed, failed, of=must)


@pytest.mark.parametrize(
    ("expected", "actual", "where"),
    [
        ({"status": 200}, {"status": 500}, ["response.status"]),
        ({"body": {"a": [1]}}, {"body": {"a": [2]}}, ["response.body.a[0]"]),
        ({"body": '{"a": 1}'}, {"body": {"a": 1}}, []),
        ({"body": '{"a": 1}'}, {"body": '{"a":1.0}'}, []),
        ({"body": "{not json"}, {"body": "{not json"}, []),
        ({"body": "1"}, {"body": 1}, ["response.body"]),
        ({"headers": {"X-Id": "7"}}, {"headers": {"x-id": "7", "date": "today"}}, []),
        ({"headers": {"X-Id": "7"}}, {"headers": {"x-id": "8"}}, ["response.headers.X-Id"]),
        ({"headers": {"X-Id": "7"}}, {}, ["response.headers.X-Id"]),
    ],
)
def test_answers_of_the_webhook(expected: dict[str, object], actual: dict[str, object], where: list[str]) -> None:
    runs = [
        trace(ran("lead"), response=Response.model_validate({"status": 200, **given})) for given in (expected, actual)
    ]
    assert places(*found(runs[0], runs[1])) == where


def test_the_order_of_requests_over_steps() -> None:
    expected = big_lead()
    turned = expected.model_copy(update={"requests": expected.requests[::-1]})
    (only,) = found(expected, turned)
    assert (only.step, only.what) == ("", "order")
    assert (only.expected, only.actual) == (["key_accounts", "log_big"], ["log_big", "key_accounts"])
    assert not found(expected, turned, Sight(order=False))


def test_the_order_is_no_second_difference_where_a_request_is_missing() -> None:
    expected = big_lead()
    silent = trace(*[ran(step) if step == "log_big" else each for step, each in expected.steps.items()])
    assert "order" not in places(*found(expected, silent))
    assert "log_big.requests" in places(*found(expected, silent))
