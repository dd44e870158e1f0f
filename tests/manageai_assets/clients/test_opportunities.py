"""Each opportunity: when it is there, its sums by hand, and when it isn't worth a word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest

from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions, hour_of_work
from manageai_assets.clients.bills import bill_for
from manageai_assets.clients.facts import BuildFacts, LoopFact, StepFact
from manageai_assets.clients.models import Opportunity, Totals, Work
from manageai_assets.clients.opportunities import Estate, opportunities_of, score_of
from manageai_assets.monitoring.models import Platform
from tests.manageai_assets.clients.estates import HOUR, every_day, facts, scenario, utc_day, work

BORN, TODAY = date(2026, 1, 1), date(2026, 4, 10)
STEP = StepFact(id="post", title="Post to sales", app="slack")


def opportunities(
    works: Sequence[Work], known: Mapping[str, BuildFacts], elsewhere: Mapping[str, frozenset[str]] | None = None
) -> tuple[Opportunity, ...]:
    """Those of the day; facts by the scenario's name."""
    by_key = {one.scenario.key: known[one.scenario.name] for one in works if one.scenario.name in known}
    return opportunities_of(Estate(works, utc_day(TODAY), by_key, prices(), assumptions(), elsewhere or {}), HOUR)


def daily(name: str, executions: int, operations: int, errors: int = 0) -> Work:
    """A scenario on Make that does this every day."""
    return work(scenario(name), BORN, every_day(BORN, TODAY, Totals(executions, errors, operations)))


def only(found: Sequence[Opportunity], kind: str) -> Opportunity:
    """The one of this kind."""
    (one,) = (one for one in found if one.kind == kind)
    return one


def kinds(found: Sequence[Opportunity]) -> set[str]:
    """The kinds."""
    return {one.kind for one in found}


@pytest.mark.parametrize(
    ("units", "plan", "amount"),
    [(0, "no plan", "0.00"), (1, "Core", "12.00"), (10_000, "Core", "12.00"), (10_001, "Core", "24.00"),
     (8_000_000, "Core", "9600.00"), (8_000_001, None, None)],
)  # fmt: skip
def test_bills_of_make(units: int, plan: str | None, amount: str | None) -> None:
    bill = bill_for(prices(), "make", units)
    assert (bill.plan, bill.amount) == (plan, None if amount is None else Decimal(amount))


def test_polling_that_a_webhook_would_replace() -> None:
    """288 checks a day, of which 20 find something and take 5 operations: 288 + 20 x 4 = 368 operations a day.
    268 empty checks a day are 8,040 in a month of 30 days; 11,040 operations need two blocks, 3,000 one."""
    polling = facts(interval_minutes=5, webhook="New contact, at once", operations_a_run=Decimal(5))
    one = only(opportunities([daily("deals", 288, 368)], {"deals": polling}), "webhook_for_polling")
    assert (one.operations, one.saving, one.currency) == (8040, Decimal("12.00"), "USD")
    assert (one.scenarios, one.step, one.hours) == (("deals",), "New lead", Decimal(1))
    for changes in ({"webhook": ""}, {"interval_minutes": None}):
        other = polling.model_copy(update=changes)
        assert "webhook_for_polling" not in kinds(opportunities([daily("deals", 288, 368)], {"deals": other}))


@pytest.mark.parametrize(
    ("in_lookups", "batch", "kind"), [(True, "", "cache_lookup"), (False, "Add rows", "batch_loop")]
)
def test_a_loop_that_need_not_be_one(in_lookups: bool, batch: str, kind: str) -> None:
    """Of 12 operations a run 10 are the loop's; once is enough: 9 of 12 of 24,000 operations, with 30 days of 28."""
    loop = LoopFact(
        id="row", title="Row", app="google_sheets", times=Decimal(10), operations=Decimal(10), loop="Items", batch=batch
    )
    known = facts(operations_a_run=Decimal(12), loops=(loop,), lookups=(loop,) if in_lookups else ())
    one = only(opportunities([daily("stock", 75, 900)], {"stock": known}), kind)
    assert (one.operations, one.saving) == (20_250, Decimal("24.00"))  # 27,000 to 6,750: three blocks to one
    assert one.arithmetic[1] == "25,200 operations in 28 days x 10 / 12 x (10 - 1) / 10 = 18,900"


def test_two_scenarios_that_poll_for_the_same() -> None:
    trigger = StepFact(id="lead", title="New lead", app="hubspot", detail="hubspot new lead")
    polling = facts(interval_minutes=15, trigger=trigger)
    works = [daily("a", 96, 96), daily("b", 90, 180)]
    one = only(opportunities(works, {"a": polling, "b": polling}), "merge_scenarios")
    assert (one.operations, one.saving, set(one.scenarios)) == (2700, None, {"a", "b"})
    other = polling.model_copy(update={"trigger": trigger.model_copy(update={"detail": "hubspot new deal"})})
    assert "merge_scenarios" not in kinds(opportunities(works, {"a": polling, "b": other}))


def test_moving_to_n8n_is_told_where_it_is_cheaper() -> None:
    """3,000 executions and 120,000 operations a month: 144 USD on Make, 60 EUR x 1.10 on n8n."""
    one = only(opportunities([daily("big", 100, 4000)], {"big": facts(steps=10)}), "move_to_n8n")
    assert (one.saving, one.hours) == (Decimal("78.00"), Decimal("3.0"))
    dear = opportunities([daily("many", 1000, 1000)], {"many": facts()})
    assert "move_to_n8n" not in kinds(dear)
    unsupported = facts(steps=10, unsupported=(STEP,))
    assert "move_to_n8n" not in kinds(opportunities([daily("big", 100, 4000)], {"big": unsupported}))


def test_what_a_move_saves_too_is_told_to_be_one_or_the_other() -> None:
    loop = LoopFact(
        id="row", title="Row", app="google_sheets", times=Decimal(10), operations=Decimal(10), loop="Items", batch="Add"
    )
    known = facts(steps=10, operations_a_run=Decimal(40), loops=(loop,))
    found = opportunities([daily("big", 100, 4000), daily("other", 10, 400)], {"big": known, "other": known})
    said = "the move to n8n saves this too: it is one or the other"
    moved = {*only(found, "move_to_n8n").scenarios}
    assert {"big"} <= moved
    in_one = [one for one in found if one.kind == "batch_loop"]
    assert in_one
    assert all((one.arithmetic[-1] == said) == bool(moved & {*one.scenarios}) for one in in_one)
    assert said not in only(found, "move_to_n8n").arithmetic


def test_only_what_pays_is_moved() -> None:
    """120,000 operations in 3,000 executions: 144 USD on Make, 66 on n8n. 60,000 in as many executions more are 72 USD
    on Make, and would take n8n's largest plan: they stay, and so does what saves 78 USD a month for 12 hours of work.
    Four small ones fit into n8n's smallest plan."""
    works = [daily("big", 100, 4000), daily("busy", 1000, 2000)]
    one = only(opportunities(works, {"big": facts(), "busy": facts()}), "move_to_n8n")
    assert (one.scenarios, one.saving) == (("big",), Decimal("78.00"))
    assert one.title == "Move from Make to n8n Cloud: big"
    four = [daily(name, 20, 1000) for name in "abcd"]
    all_of_them = only(opportunities(four, dict.fromkeys("abcd", facts())), "move_to_n8n")
    assert all_of_them.title == "Move from Make to n8n Cloud: a, b, c and 1 more"
    assert "move_to_n8n" not in kinds(opportunities([daily("long", 100, 4000)], {"long": facts(steps=100)}))


def test_an_empty_check_is_no_execution_on_n8n() -> None:
    """1,440 checks a day, of which 10 find something and take 101 operations: 300 executions a month, not 43,200."""
    polling = facts(interval_minutes=1, operations_a_run=Decimal(101))
    one = only(opportunities([daily("mail", 1440, 2440)], {"mail": polling}), "move_to_n8n")
    assert "with 300 executions more" in one.arithmetic[3]
    assert one.saving == Decimal("69.60")  # 8 blocks are 96 USD, 24 EUR are 26.40 USD


def test_a_loop_behind_a_filter_starts_seldom() -> None:
    """Half of the runs reach a loop of 5: 2.5 calls, of which the half that a start takes remains."""
    loop = LoopFact(
        id="row", title="Row", app="google_sheets", times=Decimal("2.5"), starts=Decimal("0.5"), loop="Items",
        operations=Decimal("2.5"), batch="Add rows",
    )  # fmt: skip
    one = only(opportunities([daily("stock", 100, 500)], {"stock": facts(operations_a_run=Decimal(5), loops=(loop,))}),
               "batch_loop")  # fmt: skip
    assert one.operations == 6000  # 15,000 a month x 2.5 / 5 x 2 / 2.5


def test_errors_that_nobody_handles() -> None:
    bare = facts(handled=0, unhandled=(STEP,))
    works = [daily("orders", 10, 30, errors=1), daily("stock", 10, 30, errors=2)]
    found = opportunities(works, {"orders": bare, "stock": bare})
    assert [(one.scenarios, one.step, one.saving, one.failures) for one in found] == [
        (("stock",), "Post to sales", None, 60), (("orders",), "Post to sales", None, 30),
    ]  # fmt: skip
    assert "28 of 280 executions" in found[1].arithmetic[0]
    assert score_of(found, Decimal(1000)) == 5
    once = work(scenario(), BORN, every_day(BORN, TODAY, Totals(10, 0, 30)) | {TODAY: Totals(10, 4, 30)})
    assert opportunities([once], {"orders": bare}) == ()


@pytest.mark.parametrize(
    ("elsewhere", "found"),
    [
        ({"a": {"hubspot", "slack", "xero"}, "b": {"hubspot", "slack", "xero"}}, True),
        ({"a": {"hubspot", "slack", "xero"}}, False),
        ({"a": {"hubspot", "xero"}, "b": {"hubspot", "xero"}}, False),
        ({"a": {"hubspot", "slack"}, "b": {"hubspot", "slack"}}, False),
    ],
)
def test_what_similar_clients_have(elsewhere: dict[str, set[str]], found: bool) -> None:
    others = {name: frozenset(apps) for name, apps in elsewhere.items()}
    assert ("next_automation" in kinds(opportunities([daily("s", 1, 3)], {"s": facts()}, others))) == found


def test_two_apps_that_most_others_have_are_told_and_no_third() -> None:
    apps = frozenset({"hubspot", "slack", "xero", "gmail", "asana"})
    found = opportunities([daily("s", 1, 3)], {"s": facts()}, {"a": apps, "b": apps, "c": apps - {"xero"}})
    assert [one.title for one in found] == ["An automation with Asana", "An automation with Gmail"]


def test_every_number_has_its_sums_and_its_source_and_the_best_comes_first() -> None:
    """165,600 operations cost 204 USD a month. All moved: 600 checks that find something and 3,000 executions are 60
    EUR on n8n, so 138 USD are saved; 42,600 empty checks less are 13 blocks, so 48 USD. 18.6 percent, and 5 points."""
    polling = facts(interval_minutes=1, webhook="At once", operations_a_run=Decimal(5), handled=0, unhandled=(STEP,))
    works = [daily("deals", 1440, 1520, errors=3), daily("big", 100, 4000)]
    found = opportunities(works, {"deals": polling, "big": facts()})
    assert [(one.kind, one.saving) for one in found] == [
        ("move_to_n8n", Decimal("138.00")), ("webhook_for_polling", Decimal("48.00")), ("error_handling", None),
    ]  # fmt: skip
    assert all(one.arithmetic and one.sources for one in found)
    assert score_of(found, Decimal(1000)) == 24


def test_a_scenario_of_a_few_days_is_told_by_these() -> None:
    """Ten days of 100 executions with 4,000 operations: 120,000 operations in a month of 30 days."""
    born = date(2026, 4, 1)
    young = work(scenario("big"), born, every_day(born, TODAY, Totals(100, 1, 4000)))
    found = opportunities([young], {"big": facts(steps=10, handled=0, unhandled=(STEP,))})
    assert only(found, "move_to_n8n").saving == Decimal("78.00")
    handle = only(found, "error_handling")
    assert (handle.failures, handle.arithmetic[0][:43]) == (30, "10 of 1,000 executions failed in 10 days, a")


def test_what_is_switched_off_saves_nothing() -> None:
    off = work(scenario("big", active=False), BORN, every_day(BORN, TODAY, Totals(100, 9, 4000)))
    assert opportunities([off], {"big": facts(handled=0, unhandled=(STEP,))}) == ()


def of_two_months(march: int, april: int, platform: Platform = "make") -> Work:
    """A scenario that did so much a day in March, and so much on the first ten days of April."""
    days = every_day(date(2026, 3, 1), date(2026, 3, 31), Totals(march, 0, march))
    days |= every_day(date(2026, 4, 1), TODAY, Totals(april, 0, april))
    return work(scenario("orders", platform), date(2026, 3, 1), days)


def test_a_bigger_plan() -> None:
    """March took 31 x 300 = 9,300 operations, one block. The 28 known days have 18 x 300 + 10 x 600 = 11,400, so that
    20 days more bring 8,143 to the 6,000. The days' variance is 21,428.6: 1.2816 x sqrt(20 x 21,428.6) = 839."""
    one = only(opportunities([of_two_months(300, 600)], {}), "plan_change")
    assert one.title == "Take a bigger plan on Make: Core for 24.00 USD a month, not 12.00"
    assert (one.saving, one.hours) == (None, Decimal("0.5"))
    assert one.arithmetic == (
        "2026-03: 9,300 in 31 days, as many as 9,000 in 30",
        "then: 9,300 units a month on Core: 12.00 USD",
        "2026-04, as expected: 14,143 units a month on Core: 24.00 USD",
        "at least: 13,303 units a month on Core: 24.00 USD; at most: 14,983 units a month on Core: 24.00 USD",
    )


def test_a_smaller_plan_on_make() -> None:
    """March took 18,600, two blocks; April 100 so far, and at most 9,537 in all."""
    one = only(opportunities([of_two_months(600, 10)], {}), "plan_change")
    assert one.title == "Take a smaller plan on Make: Core for 12.00 USD a month, not 24.00"
    assert (one.saving, one.currency) == (Decimal("12.00"), "USD")
    assert one.arithmetic[-1] == "24.00 - 12.00 = 12.00 USD a month at least"
    # 12 of the 24 that are paid now
    assert score_of([one], Decimal("12.00")) == 50


def test_a_smaller_plan_on_n8n_is_told_in_the_currency_of_the_others() -> None:
    """March took 3,100 executions, Pro for 60 EUR; April at most 1,709, Starter for 24 EUR."""
    one = only(opportunities([of_two_months(100, 10, "n8n")], {}), "plan_change")
    assert (one.saving, one.currency) == (Decimal("39.60"), "USD")
    assert one.arithmetic[-2:] == ("60.00 - 24.00 = 36.00 EUR a month at least", "36.00 x 1.10 = 39.60 USD")


@pytest.mark.parametrize(
    "one",
    [
        of_two_months(300, 300),  # nothing changes
        of_two_months(330, 330),  # 10,230 in March and 9,900 in April, which is a day shorter
        of_two_months(600, 150),  # 10,286 expected, but 9,027 to 11,545: one block or two
        of_two_months(0, 600),  # nothing was paid for in March
        work(scenario(), date(2026, 3, 2), every_day(date(2026, 3, 2), TODAY, Totals(9, 0, 900))),  # not all of March
        work(scenario(active=False, active_changed_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)), BORN),  # doesn't run
    ],
)  # fmt: skip
def test_plans_that_stay(one: Work) -> None:
    assert "plan_change" not in kinds(opportunities([one], {}))


def test_work_is_reckoned_in_the_currency_of_savings() -> None:
    assert hour_of_work(Decimal(100), "EUR", assumptions()) == Decimal(110)
    assert hour_of_work(Decimal(100), "USD", assumptions()) == Decimal(100)
