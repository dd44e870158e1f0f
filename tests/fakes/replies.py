"""What may happen to an answer on its way from a fake to whoever asked: a hook sees each one and may change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """An answer as it goes out: late by some `seconds`, or `cut` off in the middle."""

    status: int
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    cut: bool = False

    @property
    def sent(self) -> bytes:
        """What of it gets through."""
        return self.data[: len(self.data) // 2] if self.cut else self.data


Hook = Callable[[str, str, Reply], Reply | None]
"""Method and path of a call, and its answer; gives what goes out instead, or None: the connection breaks off. The call
has taken effect all the same."""


def unchanged(_method: str, _path: str, reply: Reply) -> Reply:
    """Nothing happens to it."""
    return reply
