"""The artifact store: what a build makes, as files under `ARTIFACTS_URI`, by `<slug>/v<N>/<name>`.

Any fsspec URL works (`./artifacts`, `memory://...`, `s3://...`). A file is there whole or not at all: on a local disk
it is written beside its place, flushed to the disk and renamed; elsewhere one `put` is atomic by itself.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from compilers.errors import UserError, shorten

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
PART = ".part"
ABANDONED_SECONDS = 60
"""No write takes so long: a temporary file that is older belongs to nobody any more."""

PARTITION_KEY = re.compile(rf"(?P<slug>{SLUG.pattern})@v(?P<version>[1-9][0-9]{{0,8}})")


@dataclass(frozen=True)
class BuildKey:
    """One version of one scenario: `slug` and `version` (from 1). As text it is the partition key `<slug>@v<N>`."""

    slug: str
    version: int

    def __post_init__(self) -> None:
        if not PARTITION_KEY.fullmatch(str(self)):
            raise UserError(
                f"`{shorten(str(self), 80)}` names no build",
                hint="a build is `<slug>@v<N>`: lower-case letters, digits and hyphens, then a number from 1",
            )

    def __str__(self) -> str:
        return f"{self.slug}@v{self.version}"

    @property
    def folder(self) -> str:
        """Path of the build's files within the store."""
        return f"{self.slug}/v{self.version}"


def parse_key(text: str) -> BuildKey:
    """The build that a partition key names. Raises `UserError` for any other text."""
    match = PARTITION_KEY.fullmatch(text)
    if not match:
        raise UserError(f"`{shorten(text, 80)}` is no partition key", hint="it looks like `lead-router@v1`")
    return BuildKey(match["slug"], int(match["version"]))


@dataclass(frozen=True)
class ArtifactStore:
    """Reads and writes artifacts below `uri`; no name, however hostile, leads anywhere else."""

    uri: str

    @cached_property
    def _place(self) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs

        filesystem, root = url_to_fs(self.uri)
        return filesystem, str(root).rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine's disk."""
        return "file" in self._place[0].protocol

    def path(self, key: BuildKey, name: str) -> str:
        """Where the artifact is, as the file system calls it: an absolute path on a local disk."""
        if not NAME.fullmatch(name):
            raise UserError(f"`{shorten(name, 80)}` is no artifact name", hint="letters, digits, `.`, `_`, `-` only")
        return f"{self._place[1]}/{key.folder}/{name}"

    def url(self, key: BuildKey, name: str = "") -> str:
        """For people: the file's path (the folder's without a name) on a local disk, its URL elsewhere."""
        filesystem, root = self._place
        path = self.path(key, name) if name else f"{root}/{key.folder}"
        return path if self.is_local else str(filesystem.unstrip_protocol(path))

    def write(self, key: BuildKey, name: str, data: bytes) -> str:
        """Writes the artifact whole, replacing what was there; gives its `url`."""
        path = self.path(key, name)
        if self.is_local:
            _write_local(Path(path), data)
        else:
            self._place[0].pipe_file(path, data)
        return self.url(key, name)

    def read(self, key: BuildKey, name: str) -> bytes | None:
        """The artifact's bytes, or None when there is none. A store that fails raises; it is never "none"."""
        try:
            data: bytes = self._place[0].cat_file(self.path(key, name))
        except FileNotFoundError:
            return None
        return data

    def exists(self, key: BuildKey, name: str) -> bool:
        """Whether the artifact is there."""
        return bool(self._place[0].exists(self.path(key, name)))

    def names(self, key: BuildKey) -> tuple[str, ...]:
        """The names of the artifacts of a build, sorted."""
        filesystem, root = self._place
        try:
            found = filesystem.ls(f"{root}/{key.folder}", detail=False)
        except FileNotFoundError:
            return ()
        names = (str(path).rpartition("/")[2] for path in found)
        return tuple(sorted(name for name in names if NAME.fullmatch(name)))

    def discard(self, key: BuildKey, name: str) -> None:
        """Takes the artifact away, if it is there: it no longer belongs to the build."""
        path = self.path(key, name)
        try:
            self._place[0].rm_file(path)
        except FileNotFoundError:
            return


def _sweep(folder: Path) -> None:
    """Takes away what processes left behind that were killed while they wrote."""
    with os.scandir(folder) as entries:
        parts = [entry for entry in entries if entry.name.startswith(".") and entry.name.endswith(PART)]
    for part in parts:
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
                os.unlink(part.path)


def _write_local(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
