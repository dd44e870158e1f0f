"""The fake over HTTP: one server for the API, another for webhooks, as Make has two hosts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from pydantic import JsonValue

from tests.fakes.make import webhooks
from tests.fakes.make.api import handle
from tests.fakes.make.calls import Late
from tests.fakes.make.faults import Fault, Faults
from tests.fakes.make.paging import Query
from tests.fakes.make.records import Answer, Object, Refusal, bad_request, denied, limited
from tests.fakes.make.world import API_LIMITS, World
from tests.fakes.replies import Hook, Reply, send, unchanged

KEY = "5f0c3a52-9d1b-4c6e-8a77-2b1de0c4f9aa"
PREFIX = "/api/v2"
MINUTE = 60.0


@dataclass(frozen=True)
class Seen:
    """One call that came in."""

    method: str
    path: str
    query: Mapping[str, str]
    body: JsonValue
    headers: Mapping[str, str]


@dataclass
class FakeMake:
    """The running fake: its address, its world, and the calls that it got. `scopes` are those of the key; `hook` sees
    each answer of the API, and may change it."""

    world: World
    address: str = ""
    key: str = KEY
    scopes: frozenset[str] | None = None
    calls: list[Seen] = field(default_factory=list)
    hook_calls: list[Seen] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    hook: Hook = unchanged
    _window: tuple[float, int] = (0.0, 0)

    def fail(self, fault: Fault, method: str = "", path: str = "", times: int = 1) -> None:
        """Lets the next calls go wrong whose method is this one and whose path matches."""
        self.faults.add(fault, method, path, times)

    def paths(self, method: str = "") -> list[str]:
        """The paths that were called, in order."""
        return [call.path for call in self.calls if method in ("", call.method)]

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Object | Late:
        """What the API says. Raises `Refusal`."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if (scheme, given) != ("Token", self.key):
            raise Refusal(401, "IM015", "Unauthorized", "Unauthorized.")
        self._count()
        if not path.startswith(PREFIX):
            raise Refusal(404, "SC404", "Not Found", "Not found.")
        pairs = parse_qsl(query, keep_blank_values=True)
        decoded = _decoded(body, headers)
        return handle(self.world, method, path[len(PREFIX) :], Query.of(pairs), decoded, self.scopes)

    def _count(self) -> None:
        """One more call in the organisation's minute."""
        with self.world.lock:
            limit, now = API_LIMITS[self.world.plan], self.world.clock()
            if limit == 0:
                raise denied()
            begun, count = self._window
            self._window = (begun, count + 1) if now < begun + MINUTE else (now, 1)
            if self._window[1] > limit:
                wait = max(1, round(self._window[0] + MINUTE - now))
                raise limited(wait)


def _as_json(body: bytes) -> JsonValue:
    try:
        decoded: JsonValue = json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
    return decoded


def _decoded(body: bytes, headers: Mapping[str, str]) -> Object:
    if not body:
        return {}
    if "application/json" not in headers.get("content-type", ""):
        raise bad_request("Unsupported content type.")
    try:
        decoded = json.loads(body)
    except ValueError:
        raise bad_request("Invalid JSON.") from None
    if not isinstance(decoded, dict):
        raise bad_request("Invalid body.")
    return decoded


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one packet, else each answer waits 40 ms for the other side's acknowledgement
    disable_nagle_algorithm = True
    fake: FakeMake

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        return

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        raise NotImplementedError

    def _received(self) -> tuple[str, str, dict[str, str], bytes]:
        place = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return place.path, place.query, headers, self.rfile.read(int(headers.get("content-length", "0")))


class _ApiHandler(_Handler):
    def _answer(self) -> None:
        path, query, headers, body = self._received()
        fault = self.fake.faults.take(self.command, path)
        self.fake.calls.append(
            Seen(self.command, path.removeprefix(PREFIX), dict(parse_qsl(query)), _as_json(body), headers)
        )
        spoiled = fault is not None and fault.kind in ("status", "drop", "hang", "garbage")
        if fault is not None and spoiled and not fault.done:
            self._go_wrong(fault)
            return
        status, answer, more = self._outcome(path, query, headers, body)
        if fault is not None and spoiled:
            self._go_wrong(fault)
            return
        late = fault.seconds if fault is not None and fault.kind == "slow" else 0.0
        cut = fault is not None and fault.kind == "truncate"
        headers = {"content-type": "application/json; charset=utf-8", **more}
        reply = Reply(status, json.dumps(answer).encode("utf-8"), headers, late, cut)
        send(self, self.fake.hook(self.command, path.removeprefix(PREFIX), reply))

    def _outcome(
        self, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Object, dict[str, str]]:
        try:
            found = self.fake.answer(self.command, path, query, headers, body)
            if not isinstance(found, Late):
                return 200, found, {}
            time.sleep(found.seconds)
            if found.refused is not None:
                raise found.refused
        except Refusal as refusal:
            return refusal.status, refusal.body, refusal.headers
        return 200, found.body, {}

    def _go_wrong(self, fault: Fault) -> None:
        if fault.kind == "status":
            after = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
            body = {"message": f"no: {self.fake.key}", "detail": f"It failed for {self.fake.key}.", "code": ""}
            headers = {"content-type": "application/json", **after}
            send(self, Reply(fault.status, json.dumps(body).encode(), headers))
        elif fault.kind == "garbage":
            send(self, Reply(200, b"<html>a proxy's page</html>", {"content-type": "text/html"}))
        else:
            time.sleep(fault.seconds)
            self.close_connection = True


class _HookHandler(_Handler):
    def _answer(self) -> None:
        path, query, headers, body = self._received()
        pairs = parse_qsl(query, keep_blank_values=True)
        self.fake.hook_calls.append(Seen(self.command, path, dict(pairs), body.decode("utf-8", "replace"), headers))
        with self.fake.world.lock:
            udid = path.strip("/")
            answer, seconds = webhooks.receive(self.fake.world, udid, self.command, pairs, headers, body)
        time.sleep(seconds)
        self._reply(answer)

    def _reply(self, answer: Answer) -> None:
        kind = {} if any(name.lower() == "content-type" for name in answer.headers) else {"content-type": "text/plain"}
        send(self, Reply(answer.status, answer.body.encode("utf-8"), {**kind, **answer.headers}))


@contextmanager
def fake_make(world: World | None = None) -> Iterator[FakeMake]:
    """A fake that runs as long as the block."""
    fake = FakeMake(world or World())
    with ExitStack() as stack:
        fake.address = stack.enter_context(_serving(_ApiHandler, fake)) + PREFIX
        fake.world.hook_address = stack.enter_context(_serving(_HookHandler, fake))
        yield fake


@contextmanager
def _serving(handler: type[_Handler], fake: FakeMake) -> Iterator[str]:
    bound = type(handler.__name__, (handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
