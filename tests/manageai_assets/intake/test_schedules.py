"""When something runs, in plain words."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compilers.spec import Schedule
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.plan import SchedulePlan
from manageai_assets.intake.schedules import read_schedule, schedule_of

EIGHT = time(8)


@pytest.mark.parametrize(
    ("text", "schedule", "assumed"),
    [
        ("every morning", Schedule(kind="daily", at=EIGHT), 0),
        ("every day", Schedule(kind="daily", at=EIGHT), 1),
        ("daily at 17:45", Schedule(kind="daily", at=time(17, 45)), 0),
        ("Every evening at 9 pm", Schedule(kind="daily", at=time(21)), 0),
        ("every day at 12 am", Schedule(kind="daily", at=time(0)), 0),
        ("every 15 minutes", Schedule(kind="every", minutes=15), 0),
        ("hourly", Schedule(kind="every", minutes=60), 0),
        ("every 2 hours", Schedule(kind="every", minutes=120), 0),
        ("every weekday at 7:30", Schedule(kind="weekly", at=time(7, 30), weekdays=(1, 2, 3, 4, 5)), 0),
        ("Mondays at 5pm", Schedule(kind="weekly", at=time(17), weekdays=(1,)), 0),
        ("every Monday and Thursday at 6 am", Schedule(kind="weekly", at=time(6), weekdays=(1, 4)), 0),
        ("weekly", Schedule(kind="weekly", at=EIGHT, weekdays=(1,)), 2),
        ("on the 15th of every month", Schedule(kind="monthly", at=EIGHT, month_days=(15,)), 1),
        ("every month", Schedule(kind="monthly", at=EIGHT, month_days=(1,)), 2),
        ("jeden Montag um 9 Uhr", Schedule(kind="weekly", at=time(9), weekdays=(1,)), 0),
        ("werktags um 6:15", Schedule(kind="weekly", at=time(6, 15), weekdays=(1, 2, 3, 4, 5)), 0),
        ("täglich", Schedule(kind="daily", at=EIGHT), 1),
    ],
)
def test_words_for_a_schedule(text: str, schedule: Schedule, assumed: int) -> None:
    plan, ledger = read_schedule(text), Ledger()
    assert plan is not None
    assert schedule_of(plan, ledger, "trigger") == schedule
    assert len(ledger.assumptions) == assumed


@pytest.mark.parametrize("text", ["", "when a form comes in", "every 0 minutes", "every 3 weeks", "every 99 monday's"])
def test_words_that_are_none(text: str) -> None:
    plan = read_schedule(text)
    assert plan is None or plan.every == "week"


@given(st.text(max_size=80) | st.lists(st.sampled_from(["every", "9999", "hours", "at", "99", ":61", "monday"])))
def test_any_text_is_a_schedule_or_none(text: str | list[str]) -> None:
    plan = read_schedule(text if isinstance(text, str) else " ".join(text))
    assert plan is None or isinstance(schedule_of(plan, Ledger(), "trigger"), Schedule)


@pytest.mark.parametrize(
    "document",
    [{"every": "minutes"}, {"every": "week", "on": [7]}, {"every": "month", "on": [0]}, {"every": "month", "on": [32]}],
)
def test_days_that_do_not_exist_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        SchedulePlan.model_validate(document)
