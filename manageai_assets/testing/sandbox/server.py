"""The sandbox as an HTTP server on this machine, to which an intercepting proxy turns everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from manageai_assets.testing.sandbox.play import Play
from manageai_assets.testing.sandbox.records import Call, Sent
from manageai_assets.testing.sandbox.wire import Incoming, Reply

ORIGINAL = "x-sandbox-url"
DROP = "x-sandbox-drop"
_NO_BODY = (204, 304)


class Sandbox:
    """Plays the apps for one run after another: `begin` says what must come, `seen` what came."""

    def __init__(self, hold_seconds: float = 3.0) -> None:
        self._hold = hold_seconds
        self._lock = threading.Lock()
        self._play = Play()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Sandbox:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def begin(self, expected: Sequence[Call] = ()) -> None:
        """Forgets everything, and expects these calls, in their order."""
        with self._lock:
            self._play = Play(tuple(expected))

    def seen(self) -> tuple[Sent, ...]:
        """The requests so far."""
        with self._lock:
            return tuple(self._play.sent)

    def waiting(self) -> tuple[Call, ...]:
        """The expected calls that have not come yet."""
        with self._lock:
            return tuple(self._play.waiting)

    def answer(self, incoming: Incoming) -> Reply:
        """The answer to a request, which is recorded. One that times out keeps its caller waiting first."""
        with self._lock:
            reply = self._play.answer(incoming)
        if reply.dropped:
            time.sleep(self._hold)
        return reply


def _handler(sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            content = self.rfile.read(length) if length else self._chunks()
            headers = dict(self.headers.items())
            address = self.headers.get(ORIGINAL) or f"http://{self.headers.get('host', '')}{self.path}"
            self._send(sandbox.answer(Incoming(self.command, address, headers, content)))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815

        def _chunks(self) -> bytes:
            if "chunked" not in (self.headers.get("transfer-encoding") or ""):
                return b""
            parts = []
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _send(self, reply: Reply) -> None:
            content, kind = reply.content()
            self.send_response(reply.status)
            given = {name.lower(): value for name, value in reply.headers.items()}
            for name, value in {"content-type": kind, **given, **({DROP: "1"} if reply.dropped else {})}.items():
                self.send_header(name, value)
            if reply.status not in _NO_BODY:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD" and reply.status not in _NO_BODY:
                self.wfile.write(content)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Says nothing."""

    return Handler
