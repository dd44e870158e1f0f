"""Calendars across weekends, deadlines, and hours that add up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manageai_assets.build.timeline import Timeline, counts, plan, working_day_after, working_days_between
from tests.manageai_assets.build import specs

DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # Friday to Monday
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # Saturday to Monday
        (date(2026, 11, 22), 1, date(2026, 11, 23)),  # Sunday to Monday
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 11, 23), 4, date(2026, 11, 27)),
        (date(2026, 11, 23), 5, date(2026, 11, 30)),
        (date(2026, 12, 30), 3, date(2027, 1, 4)),  # Wednesday to Monday of the next year
        (date(9999, 12, 31), 3, None),
    ],
)
def test_working_day_after(day: date, count: int, expected: date | None) -> None:
    assert working_day_after(day, count) == expected


@given(DATES, st.integers(1, 400))
def test_working_days_are_counted_one_by_one(day: date, count: int) -> None:
    found = working_day_after(day, count)
    assert found is not None
    walked, left = day, count
    while left:
        walked += timedelta(days=1)
        left -= walked.weekday() < 5
    assert found == walked
    assert working_days_between(day, found) == count


def test_counts_of_a_spec() -> None:
    found = counts(specs.errors())
    # HTTP, two messages, one row; Slack and Sheets are accounts; HTTP has an error route; one filter
    assert {name: int(value) for name, value in found.items() if value and name != "connection_hours"} == {
        "app_steps": 4,
        "error_routes": 1,
        "filters": 1,
        "apps": 2,
    }


def test_hours_add_up_and_every_term_is_there() -> None:
    for spec in specs.all_specs():
        found = plan(spec, spec.created, None, spec.targets)
        assert found.hours == sum(phase.hours for phase in found.phases)
        for phase in found.phases:
            once = sum((term.total for term in phase.terms), Decimal(0))
            assert phase.name == "Buffer" or abs(once * phase.times - phase.hours) <= Decimal("0.3")
            assert phase.hours % Decimal("0.25") == 0
        assert Timeline.model_validate_json(found.model_dump_json()) == found


def test_hours_of_the_linear_automation_by_hand() -> None:
    found = plan(specs.linear(), None, None, ("make",))
    hours = {phase.name: str(phase.hours) for phase in found.phases}
    # 2 app steps, 1 logic step, 2 accounts (Slack, Sheets), 1 assumption to confirm; rounded up to quarters
    assert hours["Discovery"] == "1.75"  # 1 + 2 x 0.25 + 0.25
    assert hours["Build"] == "1.50"  # 0.5 + 2 x 0.35 + 0.15 = 1.35
    assert hours["Testing"] == "1.25"  # 0.75 + 2 x 0.2 = 1.15
    assert hours["Documentation"] == "1.25"  # 1 + 2 x 0.1 = 1.2
    assert found.complexity.points == Decimal("4.5")  # 2 + 0.5 + 2
    assert found.complexity.grade == "simple"


def test_two_platforms_take_twice_the_building_but_not_twice_the_talking() -> None:
    one, two = (plan(specs.linear(), None, None, targets) for targets in (("make",), ("make", "n8n")))
    hours = [{phase.name: phase.hours for phase in found.phases} for found in (one, two)]
    assert hours[1]["Deployment"] == 2 * hours[0]["Deployment"]
    assert hours[1]["Discovery"] == hours[0]["Discovery"]


def test_milestones_have_dates_only_when_the_intake_has_one() -> None:
    dated = plan(specs.linear(), date(2026, 11, 20), None, ("make",))
    assert dated.milestones[0].name == "Kick-off"
    assert dated.milestones[0].on == date(2026, 11, 23)  # the Monday after that Friday
    assert all(milestone.on and milestone.on.weekday() < 5 for milestone in dated.milestones)
    assert [milestone.day for milestone in dated.milestones] == sorted(item.day for item in dated.milestones)
    undated = plan(specs.linear(), None, None, ("make",))
    assert all(milestone.on is None for milestone in undated.milestones)
    assert [item.day for item in undated.milestones] == [item.day for item in dated.milestones]


def test_access_takes_the_client_two_days_before_accounts_are_connected() -> None:
    found = plan(specs.linear(), None, None, ("make",))
    days = {milestone.name: milestone.day for milestone in found.milestones}
    assert days["Access granted by the client"] == 2
    assert days["Accounts connected"] == 3


@pytest.mark.parametrize(
    ("deadline", "fit"),
    [(date(2026, 11, 24), "missed"), (date(2026, 11, 25), "tight"), (date(2026, 12, 4), "comfortable")],
)
def test_deadlines(deadline: date, fit: str) -> None:
    found = plan(specs.linear(), date(2026, 11, 20), deadline, ("make",))
    assert found.working_days == 3  # 23 to 25 November: two days for access, then 5.75 hours of work
    assert found.milestones[-1].on == date(2026, 11, 25)
    assert found.fit == fit
    start = found.latest_start
    assert start is not None
    last = working_day_after(start, found.working_days - 1)
    assert last is not None
    assert last <= deadline


def test_a_deadline_without_a_date_of_the_intake_gives_the_latest_start() -> None:
    found = plan(specs.linear(), None, date(2026, 11, 26), ("make",))
    assert found.fit == "not dated"
    assert found.latest_start == date(2026, 11, 24)


@given(st.dates(), st.dates())
def test_any_dates(received: date, deadline: date) -> None:
    found = plan(specs.linear(), received, deadline, ("make",))
    assert found.fit in ("missed", "tight", "comfortable", "not dated")
