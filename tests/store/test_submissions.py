"""Versions: what an intake is a version of, from however many places it comes at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from manageai_assets.intake.models import Intake
from manageai_assets.intake.reading import intake_of, parse_intake
from manageai_assets.store.builds import BuildResult, builds_of, intake_document, mark_crashed, record
from manageai_assets.submissions import BuildRequest, Decision, KnownVersion, batches, decide, requests_after, submit
from resources.artifacts import BuildKey

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def intake(slug: str, notes: str = "") -> Intake:
    """An intake of this slug; other notes make it another content."""
    return parse_intake(json.dumps({"customer": "Acme", "request": "do it", "slug": slug, "notes": notes}))


@pytest.mark.parametrize(
    ("digest", "known", "expected"),
    [
        ("a", [], Decision(1, is_new=True, wants_build=True)),
        ("a", [KnownVersion(1, "a", "built")], Decision(1, is_new=False, wants_build=False)),
        ("a", [KnownVersion(1, "a", "submitted")], Decision(1, is_new=False, wants_build=False)),
        ("a", [KnownVersion(1, "a", "waiting")], Decision(1, is_new=False, wants_build=False)),
        ("a", [KnownVersion(1, "a", "failed")], Decision(1, is_new=False, wants_build=True)),
        ("b", [KnownVersion(1, "a", "built")], Decision(2, is_new=True, wants_build=True)),
        ("c", [KnownVersion(2, "b", "built"), KnownVersion(1, "a", "built")], Decision(3, True, True)),
        ("a", [KnownVersion(2, "b", "built"), KnownVersion(1, "a", "built")], Decision(1, False, False)),
    ],
)
def test_decide(digest: str, known: list[KnownVersion], expected: Decision) -> None:
    assert decide(digest, known) == expected


def test_a_changed_intake_is_the_next_version(engine: Engine) -> None:
    keys = [submit(engine, intake("a", notes), "inbox").partition_key for notes in ("one", "two", "one", "three")]
    assert keys == ["a@v1", "a@v2", "a@v1", "a@v3"]
    assert [request.partition_key for request in requests_after(engine, 0)] == ["a@v1", "a@v2", "a@v3"]
    document = intake_document(engine, BuildKey("a", 2))
    assert isinstance(document, dict)
    assert (document["notes"], document["version"]) == ("two", 2)
    assert submit(engine, intake_of(document), "inbox").partition_key == "a@v2"


def test_the_order_of_fields_is_kept(engine: Engine) -> None:
    given = intake("a").model_copy(update={"samples": {"zeta": {"b": 1, "a": 2}, "alpha": {}}})
    submit(engine, given, "inbox")
    document = intake_document(engine, BuildKey("a", 1))
    assert json.dumps(document) == json.dumps(given.model_dump(mode="json"))


def test_a_failed_build_is_asked_for_again(engine: Engine) -> None:
    first = submit(engine, intake("a"), "inbox")
    assert mark_crashed(engine, [BuildKey("a", 1)], "run", "power cut", LONG_AGO) == 0
    assert mark_crashed(engine, [BuildKey("a", 1)], "run", "power cut", datetime.now(UTC)) == 1
    (row,) = builds_of(engine, [BuildKey("a", 1)])
    assert (row.status, row.reasons) == ("failed", ("power cut",))
    assert submit(engine, intake("a"), "inbox").decision.wants_build
    assert [request.partition_key for request in requests_after(engine, first.id)] == ["a@v1"]
    (row,) = builds_of(engine, [BuildKey("a", 1)])
    assert (row.status, row.reasons) == ("submitted", ())


def test_a_finished_build_does_not_crash_afterwards(engine: Engine) -> None:
    submit(engine, intake("a"), "inbox")
    record(engine, [BuildResult(BuildKey("a", 1), "built", confidence=0.9, grade="A", platforms=("make",))], "run")
    assert mark_crashed(engine, [BuildKey("a", 1)], "run", "late", datetime.now(UTC)) == 0
    (row,) = builds_of(engine, [BuildKey("a", 1), BuildKey("unknown", 1)])
    assert (row.status, row.confidence, row.platforms, row.run_id) == ("built", 0.9, ("make",), "run")


def test_the_same_content_from_many_places_builds_once(engine: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: submit(engine, intake("a", str(n % 3)), "inbox"), range(18)))
    assert {result.partition_key for result in results} == {"a@v1", "a@v2", "a@v3"}
    assert sum(result.decision.is_new for result in results) == 3
    assert sum(result.decision.wants_build for result in results) == 3
    assert len(requests_after(engine, 0)) == 3


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40), st.integers(1, 5))
def test_batches_are_gapless_ranges_of_everything_asked_for(asked: list[tuple[int, bool]], largest: int) -> None:
    order = {f"k{place}": place for place in range(31)}
    requests = [BuildRequest(number, f"k{place}") for number, (place, _) in enumerate(asked)]
    groups = batches(requests, order, largest)
    places = [[order[request.partition_key] for request in group] for group in groups]
    assert sorted(place for group in places for place in group) == sorted({place for place, _ in asked})
    assert all(group == list(range(group[0], group[0] + len(group))) for group in places)
    assert all(1 <= len(group) <= largest for group in places)
