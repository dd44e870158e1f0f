"""Names of steps and scenarios, made from what people call things."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


class Names:
    """Gives every step a short readable id that no other has."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken: set[str] = set(taken)
        self._numbers: dict[str, int] = {}

    def give(self, *wanted: str) -> str:
        """An id made from the first of the texts that has letters in it."""
        base = next((name for name in map(as_id, wanted) if name), "step")
        name, number = base, self._numbers.get(base, 1)
        while name in self._taken:
            number += 1
            name = f"{base[:33]}_{number}"
        self._numbers[base] = number
        self._taken.add(name)
        return name


_APART = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def as_id(text: str) -> str:
    """The text as a step's id: lower-case ASCII words and underscores; empty when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", _APART.sub(" ", text[:200])).encode("ascii", "ignore").decode("ascii")
    words = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    return words.lstrip("0123456789_")[:36].strip("_")


def as_slug(text: str) -> str:
    """The text as a name for files and paths; empty when nothing of it is left."""
    return as_id(text).replace("_", "-")[:60].strip("-")
