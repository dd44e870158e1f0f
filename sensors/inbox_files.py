"""The inbox folder: which of its files are ready, and where they go once they have been read."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from compilers.errors import UserError, shorten

ACCEPTED, REJECTED = "accepted", "rejected"
INTAKE_SUFFIXES = (".yaml", ".yml", ".json")
UNFINISHED_SUFFIXES = (".part", ".partial", ".tmp", ".crdownload", ".swp", "~")
SETTLED_SECONDS = 10.0
"""A file that nobody has written to for so long is taken to be whole, even when it is seen for the first time."""

FILES_A_TICK = 200
NAME_BYTES = 180
"""Of a file's name are kept: the reason's file must fit beside it in 255."""


@dataclass(frozen=True)
class Seen:
    """A file as the folder lists it: name, bytes, time of the last write (nanoseconds), and whether it is a file
    rather than a link, a pipe or the like."""

    name: str
    size: int
    written_ns: int
    is_file: bool = True

    @property
    def stamp(self) -> str:
        """Changes whenever the file does."""
        return f"{self.size}:{self.written_ns}"


@dataclass(frozen=True)
class Sorted:
    """What to do with the files of the inbox: those to read now, and the stamps of those that wait."""

    ready: tuple[Seen, ...]
    waiting: Mapping[str, str]


def sort_files(files: Iterable[Seen], before: Mapping[str, str], now_ns: int) -> Sorted:
    """Which files are whole. One that may still be being written waits until it looks the same twice (`before` has
    the stamps of the last look) or has been left alone for `SETTLED_SECONDS`."""
    ready: list[Seen] = []
    waiting: dict[str, str] = {}
    for file in sorted(files, key=lambda one: (one.written_ns, one.name)):
        if file.name.startswith(".") or file.name.lower().endswith(UNFINISHED_SUFFIXES):
            continue
        untouched = now_ns - file.written_ns >= SETTLED_SECONDS * 1e9
        if (untouched or before.get(file.name) == file.stamp) and len(ready) < FILES_A_TICK:
            ready.append(file)
        else:
            waiting[file.name] = file.stamp
    return Sorted(tuple(ready), waiting)


def list_files(folder: Path) -> list[Seen]:
    """Everything in the folder but its subfolders. Raises `UserError` when it can't be read: that isn't "empty"."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError as error:
        raise UserError(
            f"the inbox can't be read: {error.strerror}", where=str(folder), hint="check INBOX_DIR and its permissions"
        ) from None
    return [
        Seen(name, info.st_size, info.st_mtime_ns, stat.S_ISREG(info.st_mode))
        for name, info in found
        if not stat.S_ISDIR(info.st_mode)
    ]


def take(
    folder: Path,
    file: Seen,
    submit: Callable[[Path], str],
    suffixes: tuple[str, ...] = INTAKE_SUFFIXES,
    kind: str = "intake",
) -> tuple[bool, str]:
    """Reads one file and moves it: to `accepted` when `submit` takes it, else to `rejected` beside a file that says
    why. Gives whether it was accepted, and what came of it in words. Other errors leave the file where it is."""
    path = folder / file.name
    try:
        if not file.is_file:
            raise UserError("not a plain file", where=shorten(file.name), hint="put the file itself here, not a link")
        if path.suffix.lower() not in suffixes:
            hint = f"{kind}s end in {', '.join(suffixes)}"
            raise UserError(f"no {kind} file", where=shorten(file.name), hint=hint)
        outcome = submit(path)
    except UserError as error:
        target = free_place(folder / REJECTED, file.name)
        _write_whole(target.with_name(target.name + ".reason.txt"), f"{error}\n")
        os.replace(path, target)
        return False, str(error)
    os.replace(path, free_place(folder / ACCEPTED, file.name))
    return True, outcome


def free_place(folder: Path, name: str) -> Path:
    """A path in `folder` (made if need be) that nothing has yet: the name, or the name with a number."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, suffix = os.path.splitext(name)
    stem, suffix = os.fsdecode(os.fsencode(stem)[:NAME_BYTES]), suffix[:20]
    candidate, number = folder / f"{stem}{suffix}", 1
    while os.path.lexists(candidate):
        number += 1
        candidate = folder / f"{stem}-{number}{suffix}"
    return candidate


def _write_whole(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    os.replace(temporary, path)
