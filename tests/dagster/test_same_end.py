"""Whatever disturbs the watching, in the end the executions, snapshots, incidents and alerts are those of a run that
nothing disturbed; alerts may come twice, never not at all. `STORY_SEEDS=5` plays each story so often."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import Engine

from tests.dagster import troubles
from tests.dagster.stage import TICKS, Trouble, play, stage
from tests.dagster.story import CALM, COURSES, GOOD, WINDOWS, Ending
from tests.dagster.troubles import Spells

pytestmark = pytest.mark.slow

SEEDS = int(os.environ.get("STORY_SEEDS", "1"))
DAY = 96
"""Windows."""
FROM = 6 * len(TICKS)
"""The turn from which something longer is wrong: in the window in which the first failures come."""
HOUR = 4 * len(TICKS)

TROUBLES: Mapping[str, Callable[[], Trouble]] = {
    "nothing": lambda: lambda _stage, _dice: None,
    "cut off": lambda: Spells(troubles.any_of(troubles.cut_off, troubles.half_json)),
    "twice": lambda: Spells(troubles.twice, share=1.0, often=0.8),
    "in any order": lambda: Spells(troubles.in_any_order, share=1.0, often=0.8),
    "failing": lambda: Spells(troubles.failing),
    "broken off": lambda: Spells(troubles.broken_off),
    "slow": lambda: Spells(troubles.slow, share=0.3, often=0.05, longest=3),
    "refused": lambda: Spells(troubles.refused, share=1.0, often=0.05, longest=12),
    "limited": lambda: Spells(troubles.limited, share=0.3),
    "platforms away": lambda: troubles.away(FROM, FROM + HOUR),
    "Make away": lambda: troubles.away(FROM, FROM + HOUR, n8n=False),
    "n8n away": lambda: troubles.away(FROM, FROM + HOUR, make=False),
    "switched off": lambda: troubles.switched_off(FROM, FROM + HOUR),
    "kills": lambda: troubles.kills,
    "deaf": lambda: troubles.deaf,
    "clocks ahead": lambda: troubles.skewed([0, 3]),
    "clocks behind": lambda: troubles.skewed([0, -3]),
    "clocks here and there": lambda: troubles.skewed([0, -6, 4, -2]),
    "everything": lambda: troubles.together(
        Spells(
            troubles.any_of(
                troubles.cut_off, troubles.half_json, troubles.twice, troubles.in_any_order, troubles.failing,
                troubles.broken_off, troubles.limited,
            )
        ),
        troubles.kills,
        troubles.deaf,
    ),
}  # fmt: skip

OF_A_DAY: Mapping[str, Callable[[], Trouble]] = {
    "platforms away": lambda: troubles.away(FROM, FROM + 24 * HOUR),
    "switched off": lambda: troubles.switched_off(FROM, FROM + 24 * HOUR),
    "nobody listens": lambda: troubles.unheard(FROM, FROM + 24 * HOUR),
}


def test_the_story_has_what_it_tells(undisturbed: Callable[[int], Ending]) -> None:
    calm = undisturbed(WINDOWS + CALM)
    told = {
        "error_spike": ["opened", "resolved"],
        "credential_failure": ["opened", "severity_changed", "resolved"],
        "consecutive_failures": ["opened", "escalated", "escalated", "resolved", "reopened", "resolved"],
    }
    incidents = [dict(cell.split("=", 1) for cell in row) for row in calm.tables["incidents"]]
    assert sorted(one["kind"] for one in incidents) == sorted([*told, "error_spike"] * 2)
    assert {one["platform"] for one in incidents} == {"make", "n8n"}
    assert {one["status"] for one in incidents} == {"resolved"}
    events = [dict(cell.split("=", 1) for cell in row) for row in calm.tables["incident_events"]]
    ordered = sorted(events, key=lambda one: one["at"])
    for kind, wanted in told.items():
        of_kind = [one for one in ordered if one["incident_id"].startswith(f"<{kind}:make:")]
        first = [one["kind"] for one in of_kind if one["incident_id"] == of_kind[0]["incident_id"]]
        assert first == wanted
    assert len(calm.tables["executions"]) == 2 * sum(
        len(_course(name, window)) for name in COURSES for window in range(WINDOWS + CALM - 1)
    )


def _course(name: str, window: int) -> str:
    course = COURSES[name]
    return course[window] if window < len(course) else GOOD


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", TROUBLES)
def test_the_end_is_the_same(engine: Engine, undisturbed: Callable[[int], Ending], name: str, seed: int) -> None:
    windows = WINDOWS + CALM
    wanted = undisturbed(windows)
    with stage(engine, windows) as stormy:
        found = play(stormy, TROUBLES[name](), random.Random(seed), windows)
    print(f"\n{name}, {seed}: {wanted.told_again(found)} alerts told again; {stormy.kills} processes killed")
    assert wanted.unlike(found) == []
    assert stormy.kills >= (10 if name in ("kills", "everything") else 0)


@pytest.mark.parametrize("name", OF_A_DAY)
def test_a_day_changes_nothing(engine: Engine, undisturbed: Callable[[int], Ending], name: str) -> None:
    windows = WINDOWS + CALM + DAY
    wanted = undisturbed(windows)
    with stage(engine, windows) as stormy:
        found = play(stormy, OF_A_DAY[name](), windows=windows)
    print(f"\n{name} for a day: {wanted.told_again(found)} alerts told again")
    assert wanted.unlike(found) == []
