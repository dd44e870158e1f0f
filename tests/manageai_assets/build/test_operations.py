"""Operations counted by hand. The arithmetic stands beside each case."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from itertools import pairwise

import pytest
from pydantic import JsonValue

from compilers.spec import (
    AggregateStep,
    AppStep,
    Edge,
    Filter,
    IfElseStep,
    IterateStep,
    MergeStep,
    RepeatStep,
    RouterStep,
    Schedule,
    Spec,
    Step,
    TriggerStep,
)
from manageai_assets.build.operations import MOST_BUNDLES, Operations, operations_per_run
from manageai_assets.build.runs import runs_per_month
from tests.manageai_assets.build import specs
from tests.manageai_assets.build.specs import linear, slack


def spec_of(*steps: Step, edges: tuple[Edge, ...], sample: JsonValue = None, schedule: Schedule | None = None) -> Spec:
    """A spec with these steps behind a webhook."""
    return linear().model_copy(
        update={
            "trigger": specs.webhook("start", "Start", sample),
            "steps": steps,
            "edges": edges,
            "schedule": schedule,
        }
    )


def chain(*identifiers: str) -> tuple[Edge, ...]:
    """Edges from each to the next."""
    return tuple(Edge(source=a, target=b) for a, b in pairwise(identifiers))


def times(found: Operations) -> dict[str, str]:
    return {row.step: str(row.times) for row in found.steps}


def test_linear() -> None:
    found = operations_per_run(specs.linear())
    assert found.operations == 4  # webhook, set variables, Slack, Sheets
    assert found.credits == 4
    assert found.tasks == 3  # Slack and Sheets act on apps; the variables are a Code step


def test_router_shares_its_routes_evenly_and_counts_nothing_itself() -> None:
    found = operations_per_run(specs.router())
    # webhook 1; router 0; three routes at 1/3: two steps, one step, one step = 4/3
    assert found.credits == Decimal("2.33")
    assert found.most_credits == 5  # webhook, and all four steps
    assert found.tasks == Decimal("2.33")  # a Code step says before the paths which of them are taken
    assert times(found)["route"] == "1.00"
    assert next(row.operations for row in found.steps if row.step == "route") == 0


def test_loop_multiplies_and_aggregate_brings_back() -> None:
    found = operations_per_run(specs.loop())
    # webhook 1, iterator 1, row 3 (three items in the sample), aggregator 1, Slack 1, answer 1
    assert found.credits == 8
    assert times(found)["row"] == "3.00"
    assert times(found)["tell"] == "1.00"
    assert found.tasks == 5  # 3 rows, Slack, answer
    assert any(basis.value == 3 and basis.source == "the sample" for basis in found.basis)


def test_schedule_counts_nothing_and_error_route_one_percent() -> None:
    found = operations_per_run(specs.errors())
    # schedule 0, HTTP 1, alert 0.01, Slack 1, Sheets 1
    assert found.credits == Decimal("3.01")


def test_nested_loops_multiply() -> None:
    sample: JsonValue = {"body": {"orders": [{"lines": [1, 2, 3]}, {"lines": [4]}]}}
    spec = spec_of(
        IterateStep(id="order", array="{{ start.body.orders }}"),
        IterateStep(id="line", array="{{ order.lines }}"),
        slack("tell", "Tell", "x"),
        edges=chain("start", "order", "line", "tell"),
        sample=sample,
    )
    found = operations_per_run(spec)
    # webhook 1, first iterator 1, second 2 (once an order), Slack 2 x 3 (the first order's lines stand for all)
    assert times(found) == {"start": "1.00", "order": "1.00", "line": "2.00", "tell": "6.00"}
    assert found.credits == 10


def test_search_without_limit_takes_the_assumption_and_its_limit_wins() -> None:
    def search(inputs: dict[str, JsonValue]) -> Operations:
        step = AppStep(id="find", app="google_sheets", operation="search_rows", inputs=inputs)
        return operations_per_run(spec_of(step, slack("tell", "T", "x"), edges=chain("start", "find", "tell")))

    assert times(search({}))["tell"] == "5.00"
    assert times(search({"limit": 2}))["tell"] == "2.00"
    assert times(search({"limit": 100}))["tell"] == "5.00"


def test_groups_of_an_aggregate() -> None:
    spec = spec_of(
        RepeatStep(id="again", repeats=4),
        slack("each", "E", "x"),
        AggregateStep(id="sum", source="again", group_by="{{ again.i }}"),
        slack("tell", "T", "x"),
        edges=chain("start", "again", "each", "sum", "tell"),
    )
    # 4 repeats; 3 groups assumed: the aggregator counts once for each group
    assert times(operations_per_run(spec)) == {
        "start": "1.00",
        "again": "1.00",
        "each": "4.00",
        "sum": "3.00",
        "tell": "3.00",
    }


def test_if_else_and_merge_are_operations_without_credits() -> None:
    spec = spec_of(
        IfElseStep(id="check"),
        slack("yes", "Y", "x"),
        MergeStep(id="joined"),
        slack("tell", "T", "x"),
        edges=(
            *chain("start", "check"),
            Edge(source="check", target="yes", kind="branch"),
            Edge(source="check", target="joined", kind="branch", fallback=True),
            *chain("yes", "joined", "tell"),
        ),
    )
    found = operations_per_run(spec)
    # bundles: half go through `yes`, all reach the merge
    assert times(found) == {"start": "1.00", "check": "1.00", "yes": "0.50", "joined": "1.00", "tell": "1.00"}
    assert found.operations == Decimal("4.50")
    assert found.credits == Decimal("2.50")  # webhook 1, yes 0.5, Slack 1


def test_unfiltered_routes_always_run_and_disabled_ones_never() -> None:
    spec = spec_of(
        RouterStep(id="route"),
        slack("a", "A", "x"),
        slack("b", "B", "x"),
        slack("c", "C", "x").model_copy(update={"disabled": True}),
        slack("d", "D", "x"),
        edges=(
            *chain("start", "route"),
            Edge(source="route", target="a", kind="route"),
            Edge(source="route", target="b", kind="route"),
            Edge(source="route", target="c", kind="route"),
            Edge(source="route", target="d", kind="route", disabled=True),
        ),
    )
    found = operations_per_run(spec)
    assert found.credits == 3  # webhook, a, b
    assert times(found)["d"] == "0.00"


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        (Schedule(kind="every", minutes=15), "2880.00"),  # 30 x 24 x 4
        (Schedule(kind="daily", at=time(8)), "30.00"),
        (Schedule(kind="weekly", weekdays=(1, 2, 3, 4, 5)), "21.43"),  # 30 / 7 x 5
        (Schedule(kind="monthly", month_days=(1, 15)), "2.00"),
        (Schedule(kind="once"), "1.00"),
    ],
)
def test_runs_of_a_schedule(schedule: Schedule, runs: str) -> None:
    trigger = TriggerStep(id="clock", app="schedule", operation="tick")
    spec = linear().model_copy(update={"trigger": trigger, "steps": (), "edges": (), "schedule": schedule})
    assert str(runs_per_month(spec).per_month) == runs
    assert runs_per_month(spec).polls_per_month == 0


def test_runs_of_a_webhook_are_the_clients_number_or_an_assumption() -> None:
    assert runs_per_month(specs.linear()).per_month == 600
    unknown = runs_per_month(specs.linear().model_copy(update={"volume_per_month": None}))
    assert unknown.per_month == 500
    assert unknown.basis[0].source.startswith("assumed: ")
    assert unknown.interval_minutes is None


def test_polling_trigger_counts_each_check() -> None:
    trigger = TriggerStep(id="mail", app="gmail", operation="watch_emails")
    spec = linear().model_copy(
        update={"trigger": trigger, "edges": (), "steps": (), "schedule": Schedule(kind="every", minutes=5)}
    )
    runs = runs_per_month(spec)
    assert runs.per_month == 600
    assert runs.polls_per_month == 8640  # 30 x 24 x 12
    assert runs.interval_minutes == 5


def test_the_most_that_a_run_takes_counts_each_branch_and_what_is_behind_the_merge_once() -> None:
    """Were branches added up behind each merge, a row of if-elses would double with every one."""
    steps: list[Step] = []
    edges: list[Edge] = []
    above, count = "start", 200
    for n in range(count):
        choice, yes, no, merge = f"choose{n}", f"yes{n}", f"no{n}", f"merge{n}"
        steps += [IfElseStep(id=choice), slack(yes, "Yes", "yes"), slack(no, "No", "no"), MergeStep(id=merge)]
        edges += chain(above, choice)
        edges += [Edge(source=choice, target=yes, kind="branch", filter=Filter())]
        edges += [Edge(source=choice, target=no, kind="branch", fallback=True)]
        edges += [*chain(yes, merge), *chain(no, merge)]
        above = merge
    found = operations_per_run(spec_of(*steps, edges=tuple(edges)))
    assert found.credits == 1 + count  # the webhook, and one of the two messages each time
    assert found.most_credits == 1 + 2 * count


def test_loops_in_loops_without_end_are_counted_up_to_a_limit() -> None:
    loops = [RepeatStep(id=f"r{n}", repeats=10_000) for n in range(30)]
    last = slack("tell", "Tell", "x")
    names = [step.id for step in loops]
    found = operations_per_run(spec_of(*loops, last, edges=chain("start", *names, "tell")))
    row = found.steps[-1]
    assert (row.step, row.times) == ("tell", Decimal(MOST_BUNDLES))
    assert row.why == "once for each bundle of ..., " + ", ".join(f"`{name}`" for name in names[-10:])
