"""Random specs do on a real n8n what they do on the simulator, and so do those that once didn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from manageai_assets.testing.n8n_session import N8nSession
from tests.live.differential import FOUND, compared, read
from tests.live.random_specs import random_sample

pytestmark = pytest.mark.live

SEEDS = range(150)
GROUPS = tuple(SEEDS[start : start + 15] for start in range(0, len(SEEDS), 15))


@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_random_specs_differ_in_nothing(seeds: range, session: N8nSession) -> None:
    outcomes = [compared(session, random_sample(seed)) for seed in seeds]
    assert [line for outcome in outcomes for line in outcome.lines()] == []
    assert sum(len(outcome.results) for outcome in outcomes) > len(seeds) // 2


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_what_once_differed_differs_no_more(file: Path, session: N8nSession) -> None:
    outcome = compared(session, read(file))
    assert list(outcome.lines()) == []
    assert outcome.results
