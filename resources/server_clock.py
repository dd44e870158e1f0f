"""By how much a server's clock is behind ours, from the dates of its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

UNSURE_SECONDS = 2.0
"""Dates have whole seconds, and answers take their time."""


@dataclass
class ServerClock:
    """What the answers so far have told; the newest counts. `now` is our time in seconds since 1970."""

    now: Callable[[], float]
    behind: timedelta = timedelta(0)
    """Never less than nothing: whose clock is ahead has told of all that there was."""

    def note(self, headers: Mapping[str, str]) -> None:
        """Takes the date of an answer that has just come; one that is none says nothing."""
        try:
            date = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:
            return
        if date.tzinfo is None:
            return
        seconds = self.now() - date.timestamp()
        self.behind = timedelta(seconds=seconds) if seconds > UNSURE_SECONDS else timedelta(0)
