"""A sample of the made-up histories: what is wrong in them is found, and hardly anything else. The bench takes all."""

from __future__ import annotations

import pytest

from manageai_assets.monitoring.models import INCIDENT_KINDS
from tools.bench_monitoring import NEEDED, measure
from tools.monitoring_histories import KINDS, histories, history

EVERY = 30


def test_a_history_is_the_same_each_time() -> None:
    one, again = history("mixed", "1"), history("mixed", "1")
    assert (one.runs, one.troubles) == (again.runs, again.troubles)
    assert one.runs != history("mixed", "2").runs


def test_the_rules_see_what_is_wrong_and_little_else() -> None:
    score = measure(histories(every=EVERY))
    right, missed, wrong = (sum(counts.values()) for counts in (score.right, score.missed, score.wrong))
    assert right / (right + missed) >= NEEDED, score.notes
    assert right / (right + wrong) >= NEEDED, score.notes


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_seen(kind: str) -> None:
    score = measure([history(kind, "sample")])
    assert not sum(score.missed.values()), score.notes
    assert set(score.right) <= set(INCIDENT_KINDS)
    assert score.right.total()
