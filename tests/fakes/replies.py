"""What may happen to an answer on its way from a fake to whoever asked: a hook sees each one and may change it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


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


def send(handler: BaseHTTPRequestHandler, reply: Reply | None) -> None:
    """Sends what goes out, by the clock of the handler; None: nothing, and the connection breaks off."""
    if reply is None:
        handler.close_connection = True
        return
    time.sleep(reply.seconds)
    handler.send_response_only(reply.status)
    date = {"date": handler.date_time_string()}
    for name, value in {**date, **reply.headers, "content-length": str(len(reply.data))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(reply.sent)
    handler.close_connection = handler.close_connection or reply.cut
