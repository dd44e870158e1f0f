"""What counts as reached, and what has to be."""

from __future__ import annotations

import pytest

from compilers.spec import Condition, Edge, Filter, OnError, Spec
from manageai_assets.testing.coverage import coverage
from manageai_assets.testing.models import Coverage, StepError
from tests.manageai_assets.build.specs import errors, router
from tests.manageai_assets.testing.traces import big_lead, german_lead, ran, small_lead, trace

ALL_ROUTES = ("Which team?: Big", 'Which team?: lead.body.country = "DE"', "Which team?: Otherwise: Everybody else")
FAILED = StepError(step="fetch", type="ConnectionError", message="down", status=500)


def missed(found: Coverage) -> tuple[str, ...]:
    """All that was not reached."""
    return (*found.steps_missed, *found.routes_missed, *found.filters_missed, *found.handlers_missed)


def with_step(spec: Spec, step: str, **changes: object) -> Spec:
    """The spec with one step changed."""
    steps = tuple(each.model_copy(update=changes) if each.id == step else each for each in spec.steps)
    return spec.model_copy(update={"steps": steps})


def with_edge(spec: Spec, target: str, **changes: object) -> Spec:
    """The spec with the edge to one step changed."""
    edges = tuple(each.model_copy(update=changes) if each.target == target else each for each in spec.edges)
    return spec.model_copy(update={"edges": edges})


def test_three_leads_reach_everything() -> None:
    found = coverage(router(), [big_lead(), small_lead(), german_lead()])
    assert not missed(found)
    assert found.routes == ALL_ROUTES
    assert found.filters == ALL_ROUTES[:2]
    assert found.steps[:3] == ("Website form sent", "Which team?", "Tell key accounts")


def test_no_run_reaches_nothing() -> None:
    found = coverage(router(), [])
    assert (found.steps, found.routes, found.filters) == ((), (), ())
    assert (len(found.steps_missed), found.routes_missed, found.filters_missed) == (6, ALL_ROUTES, ALL_ROUTES[:2])


def test_a_filter_must_both_pass_and_stop() -> None:
    found = coverage(router(), [big_lead()])
    assert found.filters == ()
    assert found.filters_missed == (
        "Which team?: Big (stopped nothing)",
        'Which team?: lead.body.country = "DE" (let nothing pass)',
    )
    assert found.routes_missed == ALL_ROUTES[1:]


@pytest.mark.parametrize("empty", [Filter(), Filter(any_of=((),)), None])
def test_a_filter_without_conditions_cannot_stop_and_does_not_count(empty: Filter | None) -> None:
    found = coverage(with_edge(router(), "key_accounts", filter=empty), [])
    assert found.filters_missed == ('Which team?: lead.body.country = "DE"',)
    assert len(found.routes_missed) == 3


def test_a_filter_between_two_steps_is_named_by_both() -> None:
    found = coverage(errors(), [])
    assert found.filters_missed == ("Post the report → Archive the numbers: Only when there were orders",)


def test_a_handler_counts_when_its_step_failed() -> None:
    good, bad = trace(ran("morning"), ran("fetch")), trace(ran("morning"), ran("fetch", errors=(FAILED,)))
    assert coverage(errors(), [good]).handlers_missed == ("Fetch the numbers",)
    assert coverage(errors(), [good, bad]).handlers == ("Fetch the numbers",)


@pytest.mark.parametrize(
    "spec",
    [
        with_step(errors(), "fetch", on_error=None),
        with_edge(errors(), "alert", disabled=True),
        with_step(errors(), "fetch", on_error=OnError(strategy="ignore")),
    ],
)
def test_an_error_route_and_what_happens_in_the_end_are_handlers_each(spec: Spec) -> None:
    assert coverage(spec, []).handlers_missed == ("Fetch the numbers",)


def test_what_is_disabled_or_out_of_reach_does_not_count() -> None:
    off = with_edge(router(), "key_accounts", disabled=True)
    found = coverage(off, [])
    assert "Tell key accounts" not in found.steps_missed
    assert "Log the big lead" not in found.steps_missed
    assert found.routes_missed == ALL_ROUTES[1:]
    assert found.filters_missed == ALL_ROUTES[1:2]


def test_a_disabled_step_hands_on_what_it_gets_and_counts_for_nothing() -> None:
    found = coverage(with_step(errors(), "fetch", disabled=True), [])
    assert found.steps_missed == ("Every weekday at 7:30", "Post the report", "Archive the numbers")
    assert found.handlers_missed == ()


def test_a_step_whose_filter_stopped_everything_was_not_reached() -> None:
    run = trace(ran("lead", bundles_in=0), ran("route"), ran("berlin", bundles_in=0, bundles_out=0))
    found = coverage(router(), [run])
    assert found.steps == ("Website form sent", "Which team?")


def test_equal_names_are_told_apart() -> None:
    spec = with_step(with_step(router(), "log_rest", label="Log"), "log_big", label="Log")
    spec = with_edge(with_edge(spec, "berlin", label="Go"), "key_accounts", label="Go")
    found = coverage(spec, [])
    assert {"Log (log_big)", "Log (log_rest)"} < set(found.steps_missed)
    assert found.routes_missed[:2] == ("Which team?: Go (key_accounts)", "Which team?: Go (berlin)")


def test_a_fallback_with_a_filter_counts_twice() -> None:
    asks = Filter(any_of=((Condition(left="{{ lead.body.name }}", operator="exists"),),))
    found = coverage(with_edge(router(), "log_rest", filter=asks), [])
    assert ALL_ROUTES[2] in found.routes_missed
    assert ALL_ROUTES[2] in found.filters_missed


def test_edges_to_nowhere_are_no_trouble() -> None:
    spec = router()
    broken = spec.model_copy(update={"edges": (*spec.edges, Edge(source="route", target="gone", kind="route"))})
    assert coverage(broken, []).routes_missed == ALL_ROUTES
