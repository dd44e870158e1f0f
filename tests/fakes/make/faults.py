"""Failures that a test asks the fake for."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["status", "drop", "hang", "truncate", "garbage", "slow"]


@dataclass(frozen=True)
class Fault:
    """How one call goes wrong.

    `status`: that status instead of an answer. `drop`: the connection is closed. `hang`: nothing comes for `seconds`,
    then it is closed. `truncate`: half of the answer comes. `garbage`: HTML instead. `slow`: the answer comes late.
    With `done`, the call takes effect all the same.
    """

    kind: FaultKind
    status: int = 500
    retry_after: str | None = None
    seconds: float = 0.0
    done: bool = False


class Faults:
    """Faults that wait for calls: the first whose method and path fit is used up."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, str, re.Pattern[str]]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, method: str = "", path: str = "", times: int = 1) -> None:
        """Lets the next `times` calls go wrong whose method is this one and whose path matches the pattern."""
        with self._lock:
            self._waiting += [(fault, method, re.compile(path))] * times

    def clear(self) -> None:
        """Lets nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for a call, if one waits for it."""
        with self._lock:
            for index, (fault, wanted, pattern) in enumerate(self._waiting):
                if wanted in ("", method) and pattern.search(path):
                    del self._waiting[index]
                    return fault
        return None
