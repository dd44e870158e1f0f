"""The facts of a report: a small client by hand, to the cent and the operation; and what its figures promise."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from manageai_assets.clients.models import Totals, Trouble
from manageai_assets.clients.reports.finding import report_of
from manageai_assets.clients.reports.models import Figures, Outlook
from manageai_assets.clients.reports.months import Month
from manageai_assets.clients.reports.stored import Material, StoredIncident
from tests.manageai_assets.clients.estates import CLIENT, every_day, facts, scenario, work
from tests.manageai_assets.clients.reports import agencies
from tests.manageai_assets.clients.reports.agencies import at, material

JANUARY, APRIL = dt.date(2026, 1, 1), Month(2026, 4)
HARMLESS = {"id": "post", "title": "Post to sales", "app": "slack"}


def small() -> Material:
    """`orders` and `stock` on Make, of which `stock` went on the 4th of April, and `invoices` on n8n, which is slow."""
    slow = Trouble("slow_down", "high", "it takes longer", at(30, 6, month=4), None)
    works = [
        work(scenario("orders"), JANUARY, every_day(JANUARY, APRIL.last, Totals(100, 2, 1000))),
        work(
            scenario("stock", gone_at=at(4, 12, month=4)), JANUARY,
            every_day(JANUARY, dt.date(2026, 4, 4), Totals(50, 0, 500)),
        ),
        work(scenario("invoices", "n8n"), JANUARY, every_day(JANUARY, APRIL.last, Totals(90, 0, 90)), [slow]),
    ]  # fmt: skip

    def april(day: int, hour: int, minute: int = 0) -> dt.datetime:
        return at(day, hour, minute, month=4)

    march = at(30, 12, month=3)
    incidents = [
        StoredIncident("silence", "medium", "make", ("stock",), march, march + dt.timedelta(hours=1), april(2, 12)),
        StoredIncident("rate_limit", "low", "make", ("orders",), april(10, 8), None, april(10, 8, 30)),
        StoredIncident("error_spike", "high", "make", ("orders",), april(20, 8), april(20, 8, 10), april(20, 10)),
        StoredIncident("slow_down", "high", "n8n", ("invoices",), april(30, 6), at(2, month=5), at(3, month=5)),
    ]
    known = {"orders": facts(handled=0, unhandled=(HARMLESS,)), "stock": facts(), "invoices": facts()}
    return material(CLIENT, works, known=known, incidents=incidents, month=APRIL)


def test_a_small_client_by_hand() -> None:
    """April has 30 days, March 31.

    * Make: 30 x 1,000 + 4 x 500 = 32,000 operations, 4 blocks of Core at 12 USD; in March 31 x 1,500 = 46,500: 5.
      Their shares: 48 x 30/32 and 48 x 2/32; in March 60 x 2/3 and 60 x 1/3.
    * n8n: 30 x 90 = 2,700 executions, more than Starter's 2,500: Pro at 60 EUR; an own server at 15 EUR.
    * Steps by hand: `orders` 30,000 - 3,000 = 27,000, of which 98 % went through: 26,460; `stock` 2,000 - 200 = 1,800;
      `invoices` 2,700 x (3 - 1) = 5,400. 33,660 x 1.5 min = 841.5 h, at 35 EUR.
    * In May 31 x 1,000 operations, 4 blocks, and 31 x 90 = 2,790 executions.
    * To handle errors: 56 in 28 days are 60 in April; half of them x 5 min x 35 EUR = 87.50 a month, for 1 h x 95 EUR.
    * To move `orders`: 36 USD / 1.10 = 32.73 EUR a month, for 2 h + 3 x 0.1 h = 2.3 h, 218.50 EUR.
    * A smaller plan on Make: 60 - 48 = 12 USD / 1.10 = 10.91 EUR a month, for 0.5 h, 47.50 EUR.
    """
    found = report_of(small())
    assert found.totals == Figures(
        runs=5900, failed=60, make_operations=32_000, n8n_executions=2700, make_cost=Decimal("48.00"),
        n8n_cost=Decimal("60.00"), hand_steps=33_660, hours=Decimal("841.5"),
    )  # fmt: skip
    assert found.before is not None
    assert (found.before.runs, found.before.make_operations, found.before.make_cost) == (7440, 46_500, Decimal("60.00"))
    assert (found.hours_value, found.n8n_own_cost, found.currency) == (Decimal("29452.50"), Decimal("15.00"), "EUR")
    assert found.success_percent == Decimal("98.9")
    assert [(one.name, one.state, one.trouble, one.operations, one.operations_before, one.cost, one.cost_before)
            for one in found.scenarios] == [
        ("invoices", "incident", "slow_down", 2700, 2790, Decimal("60.00"), Decimal("60.00")),
        ("orders", "healthy", None, 30_000, 31_000, Decimal("45.00"), Decimal("40.00")),
        ("stock", "gone", None, 2000, 15_500, Decimal("3.00"), Decimal("20.00")),
    ]  # fmt: skip
    assert found.scenarios[2].gone == dt.date(2026, 4, 4)
    assert (found.scenarios_there, found.scenarios_healthy) == (2, 1)
    assert [month.month.month for month in found.months] == [1, 2, 3, 4]
    assert (found.days[3].runs, found.days[4].runs, found.days[4].failed, found.days[4].operations) == (
        240,
        190,
        2,
        1090,
    )
    assert found.outlook == (
        Outlook(platform="make", expected=31_000, low=31_000, high=31_000, cost=Decimal("48.00")),
        Outlook(platform="n8n", expected=2790, low=2790, high=2790, cost=Decimal("60.00")),
    )
    handle, move, plan = found.recommendations
    assert (handle.kind, handle.worth, handle.price, handle.first_year, handle.pays_after, handle.return_percent) == (
        "error_handling", Decimal("87.50"), Decimal("95.00"), Decimal("955.00"), Decimal("1.1"), 1005,
    )  # fmt: skip
    assert (move.kind, move.worth, move.price, move.first_year, move.pays_after, move.return_percent) == (
        "move_to_n8n", Decimal("32.73"), Decimal("218.50"), Decimal("174.26"), Decimal("6.7"), 80,
    )  # fmt: skip
    assert (plan.kind, plan.worth, plan.price, plan.first_year, plan.pays_after, plan.return_percent) == (
        "plan_change", Decimal("10.91"), Decimal("47.50"), Decimal("83.42"), Decimal("4.4"), 176,
    )  # fmt: skip


def test_incidents_are_those_of_the_month_as_they_were_at_its_end() -> None:
    """By hand: of four, one is from March and one outlasts April (22:00 UTC on the 30th in Berlin). Resolved after 3
    days, 30 and 120 minutes; answered after 60 and 10 minutes, the last one only in May."""
    found = report_of(small())
    totals = found.incident_totals
    assert (totals.opened, totals.brought_along, totals.resolved, totals.still_open) == (3, 1, 3, 1)
    assert (totals.median_minutes, totals.longest_minutes, totals.answered_median) == (120, 4320, 35)
    last = found.incidents[-1]
    assert (last.resolved_at, last.answered_after, last.open_for) == (None, None, 16 * 60)


@pytest.mark.parametrize("name", agencies.CLIENTS)
def test_figures_agree_with_each_other_and_with_the_snapshot(name: str) -> None:
    given = agencies.CLIENTS[name]()
    found = report_of(given)
    totals, snapshot = found.totals, given.snapshot
    assert (totals.make_operations, totals.n8n_executions) == (snapshot.make.month, snapshot.n8n.month)
    assert (totals.make_cost, totals.n8n_cost) == (snapshot.make_cost, snapshot.n8n_cloud_cost)
    assert sum(day.runs for day in found.days) == sum(one.runs for one in found.scenarios) == totals.runs
    for platform, bill in (("make", totals.make_cost), ("n8n", totals.n8n_cost)):
        shares = [one.cost for one in found.scenarios if one.platform == platform and one.cost is not None]
        assert sum(shares, Decimal(0)) == (bill if shares else 0)
    there = [one for one in found.scenarios if one.state != "gone"]
    assert len(there) == found.scenarios_there
    assert sum(one.state == "healthy" for one in there) == found.scenarios_healthy
    assert found.months[-1].model_dump(exclude={"month"}) == totals.model_dump()


def test_a_client_that_joined_in_the_month_has_nothing_before() -> None:
    found = report_of(agencies.new())
    assert found.joined == dt.date(2026, 10, 20)
    assert found.before is None
    assert len(found.months) == 1
    assert {one.operations_before for one in found.scenarios} == {None}
    assert [day.runs for day in found.days[:19]] == [0] * 19


def test_a_client_whose_scenarios_all_went() -> None:
    gone = work(scenario("orders", gone_at=at(5)), JANUARY, every_day(JANUARY, dt.date(2026, 10, 4), Totals(1, 0, 3)))
    found = report_of(material(CLIENT, [gone]))
    assert (found.scenarios_there, found.totals.runs, found.outlook) == (0, 4, ())
    assert [one.state for one in found.scenarios] == ["gone"]


def test_what_needs_a_quote_has_no_cost() -> None:
    much = work(scenario("orders", "n8n"), JANUARY, every_day(JANUARY, dt.date(2026, 10, 31), Totals(2000, 0, 2000)))
    found = report_of(material(CLIENT, [much]))
    assert found.totals.n8n_cost is None
    assert found.scenarios[0].cost is None


def test_hours_on_n8n_come_from_the_spec_or_are_assumed() -> None:
    """100 runs, 10 of which fail: 90 x (4 - 1) steps by the spec, 90 x 2 without one."""
    ran = {dt.date(2026, 10, 5): Totals(100, 10, 100)}
    for known, steps in (({"orders": facts(operations_a_run=Decimal(4))}, 270), ({}, 180)):
        found = report_of(material(CLIENT, [work(scenario("orders", "n8n"), JANUARY, ran)], known=known))
        assert found.totals.hand_steps == steps


def test_empty_checks_on_make_save_nothing() -> None:
    """1,000 checks of one operation each."""
    polls = work(scenario("orders"), JANUARY, {dt.date(2026, 10, 5): Totals(1000, 0, 1000)})
    assert report_of(material(CLIENT, [polls])).totals.hours == Decimal("0.0")


def test_shares_lose_no_cent() -> None:
    """12 USD among three alike, and among seven."""
    for count in (3, 7):
        works = [work(scenario(f"s{n}"), JANUARY, {dt.date(2026, 10, 5): Totals(1, 0, 10)}) for n in range(count)]
        shares = [one.cost for one in report_of(material(CLIENT, works)).scenarios]
        assert sum(one for one in shares if one is not None) == Decimal("12.00")


def test_what_does_not_pay_within_a_year_is_not_recommended() -> None:
    given = small()
    (handle,) = (one for one in given.snapshot.opportunities if one.kind == "error_handling")
    dear = handle.model_copy(update={"hours": Decimal(12)})  # 1,140 EUR, for 1,050 EUR a year
    snapshot = given.snapshot.model_copy(update={"opportunities": (dear,)})
    assert report_of(replace(given, snapshot=snapshot)).recommendations == ()
