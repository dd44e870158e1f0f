"""A real n8n server, and a service on this machine that records what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import JsonValue

from manageai_assets.testing.n8n_session import N8nSession, own_session
from resources.interceptor import interceptor_folder
from resources.interceptor import is_installed as has_interceptor
from resources.n8n_install import is_installed, server_folder
from resources.n8n_server import N8nServer
from tests.postgres import database, engine, postgres, template

__all__ = ["database", "engine", "postgres", "template"]


@pytest.fixture(scope="session")
def session() -> Iterator[N8nSession]:
    """A server whose apps the sandbox plays; `make test-live` installs what it needs."""
    if not is_installed(server_folder()):
        pytest.skip("no n8n server is installed: `python -m resources.n8n_server` does that")
    if not has_interceptor(interceptor_folder()):
        pytest.skip("no mitmproxy is installed: `python -m resources.interceptor` does that")
    with own_session() as running:
        yield running


@pytest.fixture(scope="session")
def n8n(session: N8nSession) -> N8nServer:
    """The server itself; it reaches this machine's own addresses directly."""
    return session.server


class Service:
    """Records every request, and answers as the path says:

    `/echo` what was sent, `/fail/N` with an error for the first N calls that send the same, then as `/echo`,
    `/status/N` with that status.
    """

    def __init__(self) -> None:
        self.seen: list[JsonValue] = []
        self.calls: dict[str, int] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                text = self.rfile.read(length).decode("utf-8")
                status, body = service.answer(self.path, text)
                content = json.dumps(body).encode("utf-8")
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, text: str) -> tuple[int, JsonValue]:
        """The status and body for a request, which is recorded."""
        try:
            sent: JsonValue = json.loads(text) if text else None
        except ValueError:
            sent = text
        self.seen.append(sent)
        name, _, number = path.strip("/").partition("/")
        key = f"{path} {text}"
        self.calls[key] = self.calls.get(key, 0) + 1
        if name == "fail" and self.calls[key] <= int(number):
            return 500, {"message": "not now"}
        if name == "status":
            return int(number), {"message": f"status {number}"}
        return 200, {"sent": sent, "count": len(self.seen)}

    def forget(self) -> None:
        """Begins a new recording."""
        self.seen.clear()
        self.calls.clear()

    def close(self) -> None:
        """Stops."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The recording service."""
    running = Service()
    yield running
    running.close()
