"""Random specs do on a real n8n what they do on the simulator, and so do those that once didn't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compilers.spec import parse_spec
from manageai_assets.testing.models import Case
from manageai_assets.testing.n8n_session import N8nSession
from tests.live.differential import compared
from tests.live.random_specs import Sample, random_sample

pytestmark = pytest.mark.unfinished

SEEDS = range(150)
GROUPS = tuple(SEEDS[start : start + 15] for start in range(0, len(SEEDS), 15))
FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))
"""Samples that showed a fault before it was mended, made as small as could be."""


def read(file: Path) -> Sample:
    """A sample that was kept."""
    document = json.loads(file.read_text(encoding="utf-8"))
    cases = tuple(Case.model_validate(case) for case in document["cases"])
    return Sample(file.stem, parse_spec(document["spec"]), cases)


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
