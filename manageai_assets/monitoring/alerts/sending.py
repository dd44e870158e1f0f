"""What senders of alerts promise, and how they fail."""

from __future__ import annotations

from typing import Protocol

from manageai_assets.monitoring.alerts.notice import Notice


class NotNowError(Exception):
    """It wasn't sent, or nobody knows; another try may do. `wait` are the seconds that the receiver asks for."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class NotWantedError(Exception):
    """The receiver doesn't take it, now or ever."""


class Sender(Protocol):
    """Something that alerts are sent by."""

    def send(self, notice: Notice, key: str, /) -> None:
        """Sends a notice under its idempotency key. Raises `NotNowError` or `NotWantedError`."""
