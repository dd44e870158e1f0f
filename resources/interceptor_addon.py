"""Sends every request of a proxy to one server, whatever host it was meant for: a script that `mitmdump` runs.

The server sees the whole original address in `x-sandbox-url`. An answer with the header `x-sandbox-drop` never arrives:
the connection is closed instead, as by a service that is gone. It runs in mitmproxy's own environment, and so uses
nothing but Python.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Protocol
from urllib.parse import urlsplit

TARGET = "INTERCEPTOR_TARGET"
"""The variable that holds the server's address."""


class Request(Protocol):
    """What is used of mitmproxy's requests."""

    headers: MutableMapping[str, str]
    pretty_url: str
    scheme: str
    host: str
    port: int


class Response(Protocol):
    """What is used of mitmproxy's responses."""

    headers: MutableMapping[str, str]


class Flow(Protocol):
    """What is used of mitmproxy's flows."""

    request: Request
    response: Response

    def kill(self) -> None:
        """Closes the connection."""


class Redirect:
    """The addon."""

    def __init__(self) -> None:
        target = urlsplit(os.environ.get(TARGET, ""))
        self._host, self._port = target.hostname or "", target.port or 80

    def request(self, flow: Flow) -> None:
        """Turns a request towards the server."""
        flow.request.headers["x-sandbox-url"] = flow.request.pretty_url
        flow.request.scheme, flow.request.host, flow.request.port = "http", self._host, self._port

    def response(self, flow: Flow) -> None:
        """Closes the connection where the server says so."""
        if "x-sandbox-drop" in flow.response.headers:
            flow.kill()


addons = [Redirect()]
