"""Snapshots: a small client by hand, to the cent and the operation; then the same from tables, again and again."""

from __future__ import annotations

import datetime as dt
import random
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from manageai_assets.clients.models import Opportunity, Risk, Totals, Trouble, Usage
from manageai_assets.clients.stored import keep_facts
from manageai_assets.monitoring.retention import prune
from manageai_assets.store.client_tables import ScenarioDayRow
from manageai_assets.store.monitoring_tables import IncidentRow
from resources.artifacts import BuildKey
from tests.manageai_assets.clients.estates import (
    BERLIN,
    CLIENT,
    add_rows,
    deploy,
    every_day,
    facts,
    make,
    ran,
    rows,
    scenario,
    snapshot,
    work,
)

JANUARY, TODAY = date(2026, 1, 1), date(2026, 4, 10)
HARMLESS = {"id": "post", "title": "Post to sales", "app": "slack"}


def at(day: date, hour: int = 12, minute: int = 0) -> dt.datetime:
    """A moment in UTC."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=dt.UTC)


def test_a_small_client_by_hand() -> None:
    """On the 10th of a month of 30 days:

    * `orders` on Make takes 1,000 operations in 100 executions a day: 10,000 so far, 30,000 in the month;
    * `stock` on Make took 500 a day and went on the 4th: 2,000. Together 32,000: 4 blocks of Core at 12 = 48 USD;
    * `invoices` on n8n: 90 executions a day, 2,700 in the month: Pro at 60 EUR, a small server at 15 EUR.

    Risks: no error handling in 1 of 2 scenarios 20 / 2, nobody named for 1 of 2 5 / 2, an incident of high severity 8.
    To move `orders`: 30,000 operations go on at 36 USD; 3,000 executions more on n8n stay on Pro. March took 46,500
    operations, 60 USD (45,000 in 30 days, the same): 12 less. Of a bill of 36 + 60 x 1.10 = 102 USD, and those 12, the
    48 are 42 %, and 5 for the error handling.
    """
    gone = scenario("stock", gone_at=at(date(2026, 4, 4)))
    late = Trouble("slow_down", "high", "it takes longer", at(TODAY, 9), None)
    works = [
        work(scenario("orders"), JANUARY, every_day(JANUARY, TODAY, Totals(100, 2, 1000))),
        work(gone, JANUARY, every_day(JANUARY, date(2026, 4, 4), Totals(50, 0, 500))),
        work(scenario("invoices", "n8n", contact=""), JANUARY, every_day(JANUARY, TODAY, Totals(90, 0, 90)), [late]),
    ]
    found = snapshot(works, TODAY, {"orders": facts(handled=0, unhandled=(HARMLESS,)), "invoices": facts()})

    assert (found.customer_name, found.snapshot_date) == (CLIENT, TODAY)
    assert (found.scenarios_total, found.scenarios_active, found.scenarios_healthy) == (2, 2, 1)
    assert (found.executions, found.errors) == (190, 2)
    assert found.make == Usage(day=1000, month=12_000, projected=32_000, low=32_000, high=32_000)
    assert found.n8n == Usage(day=90, month=900, projected=2700, low=2700, high=2700)
    assert (found.make_cost, found.make_currency) == (Decimal("48.00"), "USD")
    assert (found.n8n_cloud_cost, found.n8n_self_hosted_cost, found.n8n_currency) == (
        Decimal("60.00"), Decimal("15.00"), "EUR",
    )  # fmt: skip
    assert [(one.part, one.scenario, one.step, one.points) for one in found.risks] == [
        ("error_handling", "orders", "Post to sales", Decimal("10.00")),
        ("open_incidents", "invoices", "", Decimal(8)),
        ("unowned", "invoices", "", Decimal("2.50")),
    ]
    assert found.risk_score == 21
    move, plan, handle = found.opportunities
    assert (plan.kind, plan.saving, plan.currency) == ("plan_change", Decimal("12.00"), "USD")
    assert (move.kind, move.saving, move.currency, move.hours) == (
        "move_to_n8n", Decimal("36.00"), "USD", Decimal("2.3"),
    )  # fmt: skip
    assert "36.00 - 0.00 - (60.00 - 60.00) x 1.10 = 36.00 USD a month" in move.arithmetic
    assert (handle.kind, handle.saving) == ("error_handling", None)
    assert "56 of 2,800 executions failed" in handle.arithmetic[0]
    assert found.opportunity_score == 47
    assert found.details.platforms == {"make": 1, "n8n": 1}
    assert found.details.apps == {"hubspot": 2, "slack": 2}
    assert [(line.name, line.healthy, line.trouble) for line in found.details.scenarios] == [
        ("orders", True, ""), ("invoices", False, "it takes longer"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "totals", "trouble"),
    [
        ({}, Totals(100, 5, 100), ""),
        ({}, Totals(100, 6, 100), "42 of 700 executions failed in 7 days"),
        ({"active": False}, Totals(100, 0, 100), "switched off"),
        ({"active": False, "active_changed_at": at(date(2026, 4, 11), 0, 0)}, Totals(100, 0, 100), ""),
        ({"active": True, "active_changed_at": at(date(2026, 4, 11), 1)}, Totals(), "switched off"),
        ({}, Totals(), ""),
    ],
)
def test_what_a_healthy_scenario_is(changes: dict[str, object], totals: Totals, trouble: str) -> None:
    works = [work(scenario(**changes), JANUARY, every_day(JANUARY, TODAY, totals))]  # type: ignore[arg-type]
    (line,) = snapshot(works, TODAY).details.scenarios
    assert (line.trouble, line.healthy) == (trouble, not trouble)


def test_days_that_are_stored_are_those_of_the_agency(engine: Engine) -> None:
    """In Berlin the 29th of March begins at 23:00 UTC and lasts 23 hours."""
    orders = scenario()
    deploy(engine, orders, at(date(2026, 3, 1)))
    edges = [at(date(2026, 3, 28), 22, 59), at(date(2026, 3, 28), 23), at(date(2026, 3, 29), 21, 59),
             at(date(2026, 3, 29), 22)]  # fmt: skip
    ran(engine, orders, edges)
    make(engine, date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30), zone=BERLIN)
    assert [(row["snapshot_date"], row["executions"], row["make_operations_month"]) for row in rows(engine)] == [
        (date(2026, 3, 28), 1, 3), (date(2026, 3, 29), 2, 9), (date(2026, 3, 30), 1, 12),
    ]  # fmt: skip


def test_a_client_has_rows_from_its_first_scenario_to_the_end_of_its_last_month(engine: Engine) -> None:
    deploy(engine, scenario(), at(date(2026, 3, 10)), gone=at(date(2026, 4, 20)))
    deploy(engine, scenario("ours", customer=""), at(date(2026, 1, 1)))
    make(engine, *(date(2026, 3, 5) + dt.timedelta(n) for n in range(70)))
    found = rows(engine)
    assert {row["customer_name"] for row in found} == {CLIENT}
    dates = [row["snapshot_date"] for row in found]
    assert (dates[0], dates[-1], len(dates)) == (date(2026, 3, 10), date(2026, 4, 30), 52)
    assert [row["snapshot_date"] for row in found if row["scenarios_total"]][-1] == date(2026, 4, 19)


def some_past(engine: Engine, seed: int) -> None:
    """Three scenarios of two clients with executions over 50 days."""
    dice = random.Random(seed)
    clients = [("orders", "make", CLIENT), ("leads", "n8n", CLIENT), ("mails", "make", "Quay 9")]
    for name, platform, customer in clients:
        given = scenario(name, platform, customer)  # type: ignore[arg-type]
        deploy(engine, given, at(date(2026, 2, 1) + dt.timedelta(dice.randrange(20))))
        ends = {at(date(2026, 2, 1)) + dt.timedelta(minutes=dice.randrange(50 * 1440)) for _ in range(150)}
        ran(engine, given, sorted(ends), operations=dice.randrange(1, 9), failed=dice.randrange(9))


@pytest.mark.parametrize("seed", range(2))
def test_making_days_again_in_any_order_changes_nothing(engine: Engine, seed: int) -> None:
    some_past(engine, seed)
    days = [date(2026, 2, 20) + dt.timedelta(n) for n in range(20)]
    totals = make(engine, *days, zone=BERLIN)
    first = rows(engine)
    assert len(first) == 40
    for day in random.Random(seed).sample(days, len(days)):
        make(engine, day, zone=BERLIN)
    assert rows(engine) == first
    assert make(engine, *days, zone=BERLIN) == totals


def test_what_is_deleted_for_its_age_is_kept_in_the_days(engine: Engine) -> None:
    some_past(engine, 3)
    days = [date(2026, 2, 10) + dt.timedelta(n) for n in range(30)]
    make(engine, *days)
    first = rows(engine)
    prune(engine, at(date(2026, 6, 1), 15))  # the hundredth day before is in the middle of the 21st of February
    make(engine, *days)
    assert rows(engine) == first


def test_late_data_make_another_row_of_the_same_day(engine: Engine) -> None:
    orders, day = scenario(), date(2026, 3, 3)
    deploy(engine, orders, at(date(2026, 3, 1)))
    ran(engine, orders, [at(day, 10)])
    make(engine, day)
    ran(engine, orders, [at(day, 11)])
    make(engine, day)
    assert [row["executions"] for row in rows(engine)] == [2]


def test_incidents_of_a_scenario_and_of_a_plan_count_from_day_to_day(engine: Engine) -> None:
    """The plan's incident is open from the 3rd to the 5th, the scenario's from the 4th on."""
    deploy(engine, scenario(), at(date(2026, 3, 1)))
    with engine.connect() as connection:
        identifier = connection.execute(text("select id from manageai.scenarios")).scalar_one()
    told = [
        ("operations_burn", "resolved", None, "it runs out", at(date(2026, 3, 3)), at(date(2026, 3, 5))),
        ("slow_down", "open", identifier, "it is slow", at(date(2026, 3, 4)), None),
    ]
    incidents: list[dict[str, object]] = [
        {"fingerprint": kind, "kind": kind, "severity": "high", "status": status, "platform": "make", "what": what,
         "scenario_id": owner, "evidence": {}, "since": start, "opened_at": start, "last_seen_at": start,
         "resolved_at": end}
        for kind, status, owner, what, start, end in told
    ]  # fmt: skip
    add_rows(engine, IncidentRow, incidents)
    make(engine, *(date(2026, 3, day) for day in range(2, 7)))
    found = [{one["part"] for one in row["risks"]} - {"unmanaged"} for row in rows(engine)]  # type: ignore[attr-defined]
    assert found == [set(), {"plan_limit"}, {"plan_limit", "open_incidents"}, {"open_incidents"}, {"open_incidents"}]
    assert [row["scenarios_healthy"] for row in rows(engine)] == [1, 1, 0, 0, 0]


def test_a_client_that_was_renamed_leaves_nothing_behind(engine: Engine) -> None:
    day = date(2026, 3, 3)
    deploy(engine, scenario(), at(date(2026, 3, 1)))
    make(engine, day)
    with engine.begin() as connection:
        connection.execute(text("update manageai.scenarios set customer = 'Fern and Oak'"))
    make(engine, day)
    assert [row["customer_name"] for row in rows(engine)] == ["Fern and Oak"]


def test_stored_parts_read_back_as_what_they_are(engine: Engine) -> None:
    deploy(engine, scenario(contact=""), at(JANUARY))
    with engine.connect() as connection:
        identifier = connection.execute(text("select id from manageai.scenarios")).scalar_one()
        keep_facts(connection, BuildKey("orders", 1), facts(tested=None), at(JANUARY))
        connection.commit()
    past = every_day(date(2026, 3, 1), TODAY, Totals(25, 0, 4000))
    values: list[dict[str, object]] = [
        {"scenario_id": identifier, "day": day, **totals._asdict()} for day, totals in past.items()
    ]
    add_rows(engine, ScenarioDayRow, values)
    make(engine, TODAY)
    (row,) = rows(engine)
    assert (row["make_operations_projected"], row["make_cost"]) == (120_000, Decimal("144.00"))
    risks, chances = row["risks"], row["opportunities"]
    assert isinstance(risks, list)
    assert isinstance(chances, list)
    assert {Risk.model_validate(one).part for one in risks} == {"unowned", "untested"}
    (move,) = map(Opportunity.model_validate, chances)  # 144.00 - 24.00 x 1.10, with 750 executions on Starter
    assert (move.kind, move.saving) == ("move_to_n8n", Decimal("117.60"))
