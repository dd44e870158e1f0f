"""What is read from builds that run in production, and snapshots that several processes make at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from compilers.spec import Spec, dump_spec
from manageai_assets.clients.stored import facts_by_build, read_new_facts
from resources.artifacts import ArtifactStore, BuildKey
from tests.manageai_assets.build import specs
from tests.manageai_assets.clients.estates import deploy, make, ran, rows, scenario

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """An empty store."""
    return ArtifactStore(str(tmp_path / "artifacts"))


def built(
    engine: Engine, store: ArtifactStore, slug: str, spec: Spec | bytes, at: datetime, report: bytes = b""
) -> None:
    """A build, or the same one again, that ended then and runs in production."""
    document = spec if isinstance(spec, bytes) else dump_spec(spec).encode()
    store.write(BuildKey(slug, 1), "canonical_spec.json", document)
    if report:
        store.write(BuildKey(slug, 1), "test_report.json", report)
    with engine.begin() as connection:
        connection.execute(
            text("""
                insert into manageai.builds (slug, version, digest, intake, customer, name, status, finished_at)
                values (:slug, 1, :slug, '{}', '', :slug, 'built', :at)
                on conflict (slug, version) do update set finished_at = excluded.finished_at
            """),
            {"slug": slug, "at": at},
        )
    deploy(engine, scenario(slug), SINCE)


def read(engine: Engine, store: ArtifactStore) -> int:
    """Reads what is new; how many builds that were."""
    with engine.begin() as connection:
        return read_new_facts(connection, store)


def passed(engine: Engine) -> dict[str, bool | None]:
    """Whether the builds that have been read passed their tests."""
    with engine.connect() as connection:
        return {key.slug: facts.tested for key, facts in facts_by_build(connection).items()}


def test_builds_are_read_once_and_again_when_they_are_built_again(engine: Engine, store: ArtifactStore) -> None:
    built(engine, store, "orders", specs.linear(), SINCE, b'{"passed": false}')
    built(engine, store, "stock", specs.loop(), SINCE)
    assert (read(engine, store), read(engine, store)) == (2, 0)
    assert passed(engine) == {"orders": False, "stock": None}
    built(engine, store, "orders", specs.linear(), SINCE + timedelta(hours=1), b'{"passed": true}')
    assert (read(engine, store), read(engine, store)) == (1, 0)
    assert passed(engine) == {"orders": True, "stock": None}


@pytest.mark.parametrize("broken", [b"{", b'{"slug": 1}', b"[" * 100_000, b"\xff"])
def test_a_broken_artifact_leaves_the_others_alone(engine: Engine, store: ArtifactStore, broken: bytes) -> None:
    built(engine, store, "broken", broken, SINCE)
    built(engine, store, "orders", specs.linear(), SINCE, b'{"passed": true}')
    built(engine, store, "stock", specs.loop(), SINCE, broken)
    assert read(engine, store) >= 1
    assert passed(engine)["orders"] is True
    assert "broken" not in passed(engine)


def test_processes_that_make_the_same_days_at_once_make_them_once(engine: Engine) -> None:
    orders, days = scenario(), [date(2026, 3, day) for day in range(1, 11)]
    deploy(engine, orders, SINCE)
    ran(engine, orders, [SINCE + timedelta(hours=5 * place) for place in range(48)])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: make(engine, *days), range(8)))
    found = rows(engine)
    assert [row["snapshot_date"] for row in found] == days
    make(engine, *days)
    assert rows(engine) == found
