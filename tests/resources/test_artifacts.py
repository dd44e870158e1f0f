"""The artifact store: whole files or none, one place for each, and nothing outside."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compilers.errors import UserError
from resources.artifacts import ArtifactStore, BuildKey, parse_key

KEY = BuildKey("lead-router", 2)


@pytest.fixture(params=["local", "file-url", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """A store of each kind, empty."""
    uris = {
        "local": str(tmp_path / "a"),
        "file-url": (tmp_path / "b").as_uri(),
        "memory": f"memory://{uuid.uuid4().hex}/x",
    }
    return ArtifactStore(uris[request.param])


def test_what_is_written_can_be_read(store: ArtifactStore) -> None:
    assert store.read(KEY, "spec.json") is None
    assert not store.exists(KEY, "spec.json")
    assert store.names(KEY) == ()
    url = store.write(KEY, "spec.json", b"{}")
    assert url == store.url(KEY, "spec.json")
    assert url.endswith("lead-router/v2/spec.json")
    store.write(KEY, "spec.json", b"[]")
    store.write(KEY, "flow.svg", b"<svg/>")
    assert store.read(KEY, "spec.json") == b"[]"
    assert store.names(KEY) == ("flow.svg", "spec.json")
    assert store.names(BuildKey("lead-router", 1)) == ()
    store.discard(KEY, "spec.json")
    store.discard(KEY, "spec.json")
    assert not store.exists(KEY, "spec.json")


def test_a_local_file_is_replaced_whole(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    texts = [bytes([n]) * 50_000 for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda data: store.write(KEY, "a.json", data), texts * 4))
        seen = list(pool.map(lambda _: store.read(KEY, "a.json"), range(50)))
    assert all(data in texts for data in seen)
    assert [path.name for path in (tmp_path / KEY.folder).iterdir()] == ["a.json"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ArtifactStore(str(tmp_path))
    store.write(KEY, "a.json", b"before")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write(KEY, "a.json", b"after")
    assert store.read(KEY, "a.json") == b"before"
    assert [path.name for path in (tmp_path / KEY.folder).iterdir()] == ["a.json"]


def test_what_a_killed_process_left_behind_goes_away(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    store.write(KEY, "a.json", b"{}")
    folder = tmp_path / KEY.folder
    old, new = folder / ".old.part", folder / ".new.part"
    for part in (old, new):
        part.write_bytes(b"{")
    os.utime(old, (0, 0))
    store.write(KEY, "b.json", b"{}")
    assert (old.exists(), new.exists()) == (False, True)
    assert store.names(KEY) == ("a.json", "b.json")


HOSTILE = ("..", "../x", "a/b", "/etc/passwd", ".hidden", "a\x00", "a\\b", "a" * 500)


@given(st.text(max_size=20) | st.sampled_from(HOSTILE))
def test_no_name_leads_outside(name: str) -> None:
    store = ArtifactStore("memory://outside")
    try:
        path = store.path(KEY, name)
    except UserError:
        return
    assert path.rpartition("/")[2] == name
    assert name not in ("", ".", "..")


@pytest.mark.parametrize("slug", ["", "..", "a/b", "A", "-a", "a" * 64, "a_b", "a\n", "é"])
def test_no_slug_leads_outside(slug: str) -> None:
    with pytest.raises(UserError):
        BuildKey(slug, 1)
    with pytest.raises(UserError):
        parse_key(f"{slug}@v1")


@pytest.mark.parametrize("text", ["a", "a@v0", "a@1", "a@v01", "a@v1 ", "a@v-1", "a@v1@v2", "a@v٣", "a@v" + "9" * 20])
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(UserError, match="partition key"):
        parse_key(text)


def test_keys_as_text() -> None:
    assert str(parse_key("lead-router@v12")) == "lead-router@v12"
    assert parse_key("lead-router@v12").folder == "lead-router/v12"
