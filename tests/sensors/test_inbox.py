"""The inbox: whole files are submitted once, half-written ones wait, broken ones say why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorResult, SkipReason, build_sensor_context
from sqlalchemy import Engine

from compilers.errors import UserError
from manageai_assets.submissions import requests_after
from sensors.inbox import inbox_sensor
from sensors.inbox_files import FILES_A_TICK, SETTLED_SECONDS, Seen, list_files, sort_files

SECOND = 1_000_000_000
NOW = 1_000 * SECOND
GOOD = "customer: Acme\nrequest: do it\nslug: acme\n"


@pytest.mark.parametrize(
    ("file", "before", "ready", "waits"),
    [
        (Seen("a.yaml", 5, NOW), {}, False, True),
        (Seen("a.yaml", 5, NOW), {"a.yaml": f"5:{NOW}"}, True, False),
        (Seen("a.yaml", 6, NOW), {"a.yaml": f"5:{NOW}"}, False, True),
        (Seen("a.yaml", 5, NOW - SECOND), {"a.yaml": f"5:{NOW}"}, False, True),
        (Seen("a.yaml", 5, NOW - int(SETTLED_SECONDS * SECOND)), {}, True, False),
        (Seen(".a.yaml", 5, 0), {}, False, False),
        (Seen("a.yaml.part", 5, 0), {}, False, False),
        (Seen("a.yaml.TMP", 5, 0), {}, False, False),
        (Seen("a.yaml~", 5, 0), {}, False, False),
        (Seen("readme.txt", 5, 0), {}, True, False),
    ],
)
def test_sort_files(file: Seen, before: dict[str, str], ready: bool, waits: bool) -> None:
    found = sort_files([file], before, NOW)
    assert (file in found.ready, file.name in found.waiting) == (ready, waits)


def test_a_full_inbox_is_taken_in_portions_oldest_first() -> None:
    files = [Seen(f"{n}.yaml", 1, n) for n in reversed(range(FILES_A_TICK + 3))]
    found = sort_files(files, {}, NOW)
    assert [file.name for file in found.ready] == [f"{n}.yaml" for n in range(FILES_A_TICK)]
    assert len(found.waiting) == 3


def test_an_unreadable_inbox_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        list_files(tmp_path / "missing")


@pytest.fixture
def inbox(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The inbox of a configured project."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    monkeypatch.setenv("INBOX_DIR", str(folder))
    return folder


def drop(folder: Path, name: str, text: str | bytes, age: float = 60) -> Path:
    """A file that was last written `age` seconds ago."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))
    return path


def tick(instance: DagsterInstance, cursor: str | None = None) -> tuple[str, str]:
    """One look at the inbox: what it says, and its cursor."""
    with build_sensor_context(instance=instance, cursor=cursor) as context:
        result = inbox_sensor(True)(context)
    assert isinstance(result, SensorResult)
    assert isinstance(result.skip_reason, SkipReason)
    return result.skip_reason.skip_message or "", result.cursor or ""


def names(folder: Path) -> set[str]:
    """Names of the files in a folder."""
    return {path.name for path in folder.iterdir() if path.is_file()} if folder.exists() else set()


def test_a_file_is_submitted_and_moved(engine: Engine, instance: DagsterInstance, inbox: Path) -> None:
    drop(inbox, "lead.yaml", GOOD)
    told, _ = tick(instance)
    assert told == "lead.yaml: acme@v1 is new"
    assert (names(inbox), names(inbox / "accepted")) == (set(), {"lead.yaml"})
    assert [request.partition_key for request in requests_after(engine, 0)] == ["acme@v1"]


def test_the_same_content_twice_builds_once(engine: Engine, instance: DagsterInstance, inbox: Path) -> None:
    drop(inbox, "a.yaml", GOOD)
    drop(inbox, "b.json", json.dumps({"slug": "acme", "request": "do it", "customer": {"name": "Acme"}}))
    tick(instance)
    drop(inbox, "a.yaml", GOOD)
    tick(instance)
    assert names(inbox / "accepted") == {"a.yaml", "a-2.yaml", "b.json"}
    assert len(requests_after(engine, 0)) == 1


def test_a_half_written_file_waits(engine: Engine, instance: DagsterInstance, inbox: Path) -> None:
    path = drop(inbox, "lead.yaml", "customer: Acme\nrequ", age=0)
    told, cursor = tick(instance)
    assert told == "lead.yaml waits until it is whole"
    path.write_text(GOOD)
    told, cursor = tick(instance, cursor)
    assert told == "lead.yaml waits until it is whole"
    told, cursor = tick(instance, cursor)
    assert told == "lead.yaml: acme@v1 is new"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.yaml", "customer: [", "line 2"),
        ("wrong.json", '{"customer": "Acme"}', "request"),
        ("notes.txt", "hello", "no intake file"),
        ("binary.yaml", b"\xff\xfe\x00", "UTF-8"),
        ("a∕..∕x.yaml", "[]", "map"),
    ],
)
def test_a_broken_file_is_rejected_with_its_reason(
    instance: DagsterInstance, inbox: Path, name: str, content: str | bytes, reason: str
) -> None:
    drop(inbox, name, content)
    tick(instance)
    assert names(inbox) == set()
    assert names(inbox / "rejected") == {name, f"{name}.reason.txt"}
    assert reason in (inbox / "rejected" / f"{name}.reason.txt").read_text()


def test_awkward_names_are_no_obstacle(engine: Engine, instance: DagsterInstance, inbox: Path) -> None:
    drop(inbox, "x" * 250 + ".yaml", GOOD)
    drop(inbox, "y" * 250 + ".yaml", "[]")
    drop(inbox, os.fsdecode(b"\xff\xfe.yaml"), GOOD)
    tick(instance)
    assert names(inbox) == set()
    assert (len(names(inbox / "accepted")), len(names(inbox / "rejected"))) == (2, 2)


def test_a_link_is_not_followed(instance: DagsterInstance, inbox: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(GOOD)
    (inbox / "link.yaml").symlink_to(outside)
    os.utime(inbox / "link.yaml", (0, 0), follow_symlinks=False)
    tick(instance)
    assert outside.read_text() == GOOD
    assert "not a plain file" in (inbox / "rejected" / "link.yaml.reason.txt").read_text()


def test_a_database_that_is_away_loses_nothing(
    instance: DagsterInstance, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox, "lead.yaml", GOOD)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Exception, match="refused"):
        tick(instance)
    assert names(inbox) == {"lead.yaml"}
