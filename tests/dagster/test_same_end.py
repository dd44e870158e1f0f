"""Whatever disturbs the watching, in the end the executions, snapshots, incidents and alerts are those of a run that
nothing disturbed; alerts may come twice, never not at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import Engine

from tests.dagster import troubles
from tests.dagster.stage import Trouble, play, stage
from tests.dagster.story import CALM, WINDOWS, Ending
from tests.dagster.troubles import Spells

pytestmark = pytest.mark.slow

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
    "away for an hour": lambda: troubles.away(40, 64),
    "Make away": lambda: troubles.away(40, 64, n8n=False),
    "switched off": lambda: troubles.switched_off(40, 64),
    "kills": lambda: troubles.kills,
    "deaf": lambda: troubles.deaf,
    "clocks ahead": lambda: troubles.skewed([0, 3]),
    "clocks behind": lambda: troubles.skewed([0, -3]),
    "clocks here and there": lambda: troubles.skewed([0, -6, 4, -2]),
    "everything": lambda: troubles.everything_at_once(
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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", TROUBLES)
def test_the_end_is_the_same(engine: Engine, undisturbed: Callable[[int], Ending], name: str, seed: int) -> None:
    windows = WINDOWS + CALM
    wanted = undisturbed(windows)
    with stage(engine, windows) as stormy:
        found = play(stormy, TROUBLES[name](), random.Random(seed), windows)
    print(f"\n{name}, {seed}: {wanted.told_again(found)} alerts told again; {stormy.kills} processes killed")
    assert wanted.unlike(found) == []
    assert stormy.kills >= (10 if name in ("kills", "everything") else 0)
