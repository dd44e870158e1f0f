"""Zip files that are the same, byte for byte, whenever they are made: Word documents and packages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can say; it stands for every file."""
LEVEL = 6


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, in their order."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, LEVEL)
    return data.getvalue()


def sealed(data: bytes) -> bytes:
    """The same zip without the times at which its files were written."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({entry.filename: archive.read(entry) for entry in archive.infolist()})
