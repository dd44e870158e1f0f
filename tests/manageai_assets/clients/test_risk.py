"""Each part of the risk score: when it is there, when not, and what it adds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manageai_assets.clients.facts import BuildFacts, StepFact
from manageai_assets.clients.models import Expiring, Risk, RiskPart, Totals, Trouble, Work
from manageai_assets.clients.risk import INCIDENT_POINTS, WEIGHTS, risks_of, score_of
from manageai_assets.monitoring.models import IncidentKind, ScenarioKey, Severity
from tests.manageai_assets.clients.estates import every_day, facts, scenario, utc_day, work

BORN, TODAY = date(2026, 1, 1), date(2026, 4, 10)
STEP = StepFact(id="post", title="Post to sales", app="openai", detail="body.email")
NOON = dt.datetime(2026, 4, 10, 12, tzinfo=dt.UTC)


def risks(works: Sequence[Work], known: dict[str, BuildFacts], plans: Sequence[Trouble] = ()) -> tuple[Risk, ...]:
    """Those of the day; facts by the scenario's name, and troubles of Make's plan."""
    by_key = {ScenarioKey("make", name): one for name, one in known.items()}
    return risks_of(works, utc_day(TODAY), by_key, {"make": plans})


def parts(found: Sequence[Risk]) -> list[RiskPart]:
    """The parts, the heaviest first."""
    return [one.part for one in found]


@pytest.mark.parametrize(
    ("changes", "part", "step"),
    [
        ({"handled": 0, "unhandled": (STEP,)}, "error_handling", "Post to sales"),
        ({"handled": 1, "unhandled": (STEP,)}, None, ""),
        ({"tested": False}, "untested", ""),
        ({"tested": None}, "untested", ""),
        ({"unsupported": (STEP,)}, "unsupported", "Post to sales"),
        ({"personal": (STEP,)}, "personal_data", "Post to sales"),
        ({}, None, ""),
    ],
)
def test_what_the_spec_says(changes: dict[str, object], part: RiskPart | None, step: str) -> None:
    found = risks([work(scenario(), BORN)], {"orders": facts(**changes)})
    assert parts(found) == ([part] if part else [])
    if part:
        (risk,) = found
        assert (risk.scenario, risk.step, risk.points) == ("orders", step, WEIGHTS[part].most)
        assert risk.remedy
        assert score_of(found) == WEIGHTS[part].most


@pytest.mark.parametrize(
    ("expires", "what"),
    [
        (dt.datetime(2026, 4, 25, tzinfo=dt.UTC), "the account's access ends on 2026-04-25"),
        (dt.datetime(2026, 4, 11, tzinfo=dt.UTC), "the account's access has ended on 2026-04-11"),
        (dt.datetime(2026, 4, 25, 0, 0, 1, tzinfo=dt.UTC), None),
    ],
    ids=["in 14 days", "at the day's end", "in 14 days and a second"],
)
def test_an_account_whose_access_ends(expires: dt.datetime, what: str | None) -> None:
    names = ("orders", "invoices", "stock")
    works, known = [work(scenario(name), BORN) for name in names], {name: facts() for name in names}
    by_key = {ScenarioKey("make", name): one for name, one in known.items()}
    accounts = [
        Expiring("make", "Team inbox", "google", ("orders", "elsewhere"), expires),
        Expiring("n8n", "Other platform", "google", ("orders",), expires),
        Expiring("make", "Other client", "google", ("elsewhere",), expires),
    ]
    found = risks_of(works, utc_day(TODAY), by_key, {}, expiring=accounts)
    third = WEIGHTS["credential_expiry"].most / 3
    expected = [("credential_expiry", "orders", "Team inbox (google)", what, third)] if what else []
    assert [(one.part, one.scenario, one.step, one.what, one.points) for one in found] == expected


def test_who_owns_it_and_where_it_comes_from() -> None:
    assert parts(risks([work(scenario(contact=""), BORN)], {"orders": facts()})) == ["unowned"]
    assert parts(risks([work(scenario(), BORN)], {})) == ["unmanaged"]


def test_a_share_of_the_scenarios_is_a_share_of_the_points() -> None:
    works = [work(scenario(name), BORN) for name in ("a", "b", "c", "d")]
    known = {name: facts() for name in "bcd"} | {"a": facts(tested=None)}
    (found,) = risks(works, known)
    assert (found.part, found.scenario, found.points) == ("untested", "a", Decimal("2.50"))
    assert score_of([found]) == 3


def test_what_is_switched_off_or_gone_is_no_risk() -> None:
    off = work(scenario("off", active=False, contact=""), BORN)
    gone = work(scenario("gone", contact="", gone_at=NOON), BORN)
    assert risks([off, gone], {}) == ()


@pytest.mark.parametrize("severity", ["low", "medium", "high", "critical"])
def test_incidents_count_while_they_are_open(severity: Severity) -> None:
    def trouble(resolved: dt.datetime | None, opened: dt.datetime = NOON) -> Trouble:
        return Trouble("credential_failure", severity, "the account is refused", opened, resolved)

    midnight = dt.datetime(2026, 4, 11, tzinfo=dt.UTC)
    (found,) = risks([work(scenario(), BORN, troubles=[trouble(None)])], {"orders": facts()})
    assert (found.points, found.what) == (INCIDENT_POINTS[severity], "credential failure: the account is refused")
    for closed in (trouble(NOON), trouble(None, midnight)):
        assert risks([work(scenario(), BORN, troubles=[closed])], {"orders": facts()}) == ()
    assert risks([work(scenario(), BORN, troubles=[trouble(midnight)])], {"orders": facts()})


def test_a_plan_that_runs_out_concerns_what_it_lets_run() -> None:
    ahead = Trouble("operations_burn", "high", "the plan lasts until the 20th", NOON, None)
    over = Trouble("operations_burn", "high", "the plan lasts until the 20th", NOON - dt.timedelta(9), NOON)
    works = [work(scenario(), BORN), work(scenario("mails", "n8n"), BORN)]
    known = {ScenarioKey("make", "orders"): facts(), ScenarioKey("n8n", "mails"): facts()}
    (found,) = risks_of(works, utc_day(TODAY), known, {"make": [over, ahead]})
    assert (found.part, found.scenario, found.points) == ("plan_limit", "orders", Decimal("5.00"))
    assert risks([work(scenario(), BORN)], {"orders": facts()}, [over]) == ()
    assert risks_of(works[1:], utc_day(TODAY), known, {"make": [ahead]}) == ()


@pytest.mark.parametrize(
    ("recent", "before", "risen"),
    [
        (Totals(100, 10, 100), Totals(100, 1, 100), True),
        (Totals(100, 10, 100), Totals(100, 6, 100), False),
        (Totals(100, 1, 100), Totals(100, 0, 100), False),
        (Totals(2, 1, 2), Totals(2, 0, 2), False),
        (Totals(4, 1, 4), Totals(4, 0, 4), True),
        (Totals(100, 10, 100), Totals(), False),
        (Totals(100, 0, 100), Totals(100, 0, 100), False),
        (Totals(100, 100, 100), Totals(100, 100, 100), False),
    ],
)
def test_a_share_of_errors_that_rises_by_more_than_chance(recent: Totals, before: Totals, risen: bool) -> None:
    days = every_day(BORN, date(2026, 4, 3), before) | every_day(date(2026, 4, 4), TODAY, recent)
    found = risks([work(scenario(), BORN, days)], {"orders": facts()})
    assert parts(found) == (["rising_errors"] if risen else [])


@pytest.mark.parametrize(("sharing", "others", "points"), [(3, 0, "10.00"), (3, 2, "6.00"), (2, 0, None), (3, 3, None)])
def test_one_account_that_most_hang_on(sharing: int, others: int, points: str | None) -> None:
    known = {f"s{n}": facts(accounts=("slack: Ana's",)) for n in range(sharing)}
    known |= {f"o{n}": facts(accounts=()) for n in range(others)}
    found = risks([work(scenario(name), BORN) for name in known], known)
    assert [(one.part, one.step, str(one.points)) for one in found] == (
        [("single_point", "slack: Ana's", points)] if points else []
    )


@given(st.lists(st.tuples(st.sampled_from(sorted(WEIGHTS)), st.decimals(0, 40, places=2)), max_size=40))
def test_the_score_stays_between_0_and_100_and_no_part_is_more_than_its_weight(
    given_risks: list[tuple[RiskPart, Decimal]],
) -> None:
    found = [Risk(part=part, points=points, scenario="s", what="w", remedy="r") for part, points in given_risks]
    assert 0 <= score_of(found) <= 100
    for part in WEIGHTS:
        assert score_of([one for one in found if one.part == part]) <= WEIGHTS[part].most


def test_errors_that_an_open_incident_tells_of_do_not_count_twice() -> None:
    days = every_day(BORN, TODAY, Totals(100, 1, 100)) | every_day(date(2026, 4, 6), TODAY, Totals(100, 30, 100))
    assert parts(risks([work(scenario(), BORN, days)], {"orders": facts()})) == ["rising_errors"]
    for kind, told in (("error_spike", ["open_incidents"]), ("slow_down", ["rising_errors", "open_incidents"])):
        trouble = Trouble(cast("IncidentKind", kind), "high", "so many", NOON, None)
        assert parts(risks([work(scenario(), BORN, days, [trouble])], {"orders": facts()})) == told
    over = Trouble("error_spike", "high", "so many", NOON - dt.timedelta(3), NOON - dt.timedelta(2))
    assert parts(risks([work(scenario(), BORN, days, [over])], {"orders": facts()})) == ["rising_errors"]
