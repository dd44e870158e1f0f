"""A real n8n that is watched: workflows that call a shop on this machine, in a time that a test sets.

The executions are n8n's own. Its clock and ours are put ahead by the same span, so that a test takes seconds for days;
an execution lasts as long as it really does.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import Engine

from manageai_assets.monitoring.models import WINDOW
from manageai_assets.monitoring.n8n_polling import QUICK, N8nPoller
from manageai_assets.monitoring.polling import TICK_SECONDS
from manageai_assets.settings import Settings
from resources.n8n_api import N8nApi, Object
from resources.n8n_install import install
from resources.n8n_server import Home, N8nServer, new_password
from tests.manageai_assets.monitoring.patterns import after_tick

ACCOUNT = "Shop of Acme"
PATIENCE = 30.0
"""Seconds that an execution may take."""
SLOW_SECONDS = 2.5
CLOCK = Path(__file__).with_name("clock.js")


class Clock:
    """The time of the test and of its n8n."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.ahead = timedelta(0)
        self.file.write_bytes(struct.pack("<q", 0))

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, moment: datetime) -> None:
        """It is this moment now. Never an earlier one than before."""
        self.ahead = moment - datetime.now(UTC)
        with self.file.open("r+b") as file:
            file.write(struct.pack("<q", round(self.ahead / timedelta(milliseconds=1))))


class Shop:
    """A service on this machine: `answers` has, by path, the status of its answers; `seconds` how long it takes."""

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = unquote(self.path).strip("/")
                time.sleep(shop.seconds.get(path, 0.0))
                status = shop.answers.get(path, 200)
                body = json.dumps({"message": f"this shop says {status}"}).encode()
                try:
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # who asked has gone

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stops."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Place:
    """A running n8n with its clock, and the shop that its workflows call."""

    home: Home
    server: N8nServer
    api: N8nApi
    clock: Clock
    shop: Shop
    account: str
    """The id of the credential `ACCOUNT`."""

    def asks(self, path: str, **options: int) -> Object:
        """A node that asks the shop with the account."""
        return {
            "name": "Ask the shop", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2,
            "parameters": {
                "url": f"{self.shop.address}/{path}", "authentication": "genericCredentialType",
                "genericAuthType": "httpHeaderAuth", "options": {**options},
            },
            "credentials": {"httpHeaderAuth": {"id": self.account, "name": ACCOUNT}},
        }  # fmt: skip

    @contextmanager
    def gone(self) -> Iterator[None]:
        """The server is gone for that long; then it is there again, with its data and at its address."""
        self.server.stop()
        try:
            yield
        finally:
            self.server = N8nServer(install(), environment(self.clock), home=self.home, port=self.server.port)
            self.server.start()


def environment(clock: Clock) -> dict[str, str]:
    """Settings of a server whose time the clock says, and that deletes nothing however late it is."""
    return {
        "N8N_EXPRESSION_ENGINE": "legacy", "NODE_OPTIONS": f"--require {CLOCK}", "TEST_CLOCK": str(clock.file),
        "EXECUTIONS_DATA_PRUNE": "false",
    }  # fmt: skip


@contextmanager
def a_place() -> Iterator[Place]:
    """A server of the test's own."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="n8n-", dir=memory if os.access(memory, os.W_OK) else None) as folder:
        clock, shop = Clock(Path(folder)), Shop()
        home = Home(Path(folder), new_password(), new_password())
        server = N8nServer(install(), environment(clock), home=home)
        server.start()
        try:
            key = server.make_key("tests")
            api = N8nApi(server.address, key, timeout=10.0, retries=QUICK, trust_environment=False)
            account = api.create_credential("httpHeaderAuth", {"name": "x-key", "value": "made-up"}, ACCOUNT)
            place = Place(home, server, api, clock, shop, account)
            try:
                yield place
            finally:
                server = place.server
                api.close()
        finally:
            server.stop()
            shop.close()


def throws() -> Object:
    """A node that fails where the call says so."""
    code = "if ($input.first().json.body.fail) throw new Error('no stock for A-7'); return $input.all()"
    return {"name": "Look up", "type": "n8n-nodes-base.code", "typeVersion": 2, "parameters": {"jsCode": code}}


def stops() -> Sequence[Object]:
    """Nodes that stop with an error where the call says so."""
    is_true: Object = {"type": "boolean", "operation": "true", "singleValue": True}
    condition: Object = {"id": "a", "leftValue": "={{ $json.body.fail }}", "rightValue": "", "operator": is_true}
    options: Object = {"caseSensitive": True, "leftValue": "", "typeValidation": "loose", "version": 2}
    conditions: Object = {"options": options, "conditions": [condition], "combinator": "and"}
    return (
        {"name": "Is closed", "type": "n8n-nodes-base.filter", "typeVersion": 2.2,
         "parameters": {"conditions": conditions, "looseTypeValidation": True}},
        {"name": "Stop", "type": "n8n-nodes-base.stopAndError", "typeVersion": 1,
         "parameters": {"errorMessage": "the shop is closed"}},
    )  # fmt: skip


def hook(path: str) -> Object:
    """A webhook that answers at once."""
    return {
        "name": "Call", "type": "n8n-nodes-base.webhook", "typeVersion": 2.1, "webhookId": path,
        "parameters": {"path": path, "httpMethod": "POST"},
    }  # fmt: skip


def called() -> Object:
    """The beginning of a part of others."""
    return {
        "name": "Called", "type": "n8n-nodes-base.executeWorkflowTrigger", "typeVersion": 1.1,
        "parameters": {"inputSource": "passthrough"},
    }  # fmt: skip


def workflow(name: str, nodes: Sequence[Object], settings: Object | None = None) -> Object:
    """These nodes in a row."""
    row: list[Object] = [{"position": [220 * place, 0], **node} for place, node in enumerate(nodes)]
    names = [str(node["name"]) for node in row]
    wires: Object = {one: {"main": [[{"node": other, "type": "main", "index": 0}]]} for one, other in pairwise(names)}
    return {"name": name, "nodes": [*row], "connections": wires, "settings": settings or {}}


@dataclass
class Story:
    """Workflows on a place that is polled, judged and told as sensors and runs do it. Windows count from `begin`."""

    place: Place
    engine: Engine
    settings: Settings
    begin: datetime
    flows: dict[str, str] = field(default_factory=dict)
    """Ids by name."""
    called: dict[str, int] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    """What the shop answers a workflow that is to fail, by name; 503 where it isn't said."""

    def flow(self, name: str, nodes: Sequence[Object], settings: Object | None = None, *, part: bool = False) -> str:
        """A new workflow on the air, to be called or as a part of others; gives its id."""
        start = called() if part else hook(name)
        identifier = self.flows[name] = self.place.api.create(workflow(name, [start, *nodes], settings))
        self.place.api.activate(identifier)
        return identifier

    def call(self, name: str, *, fail: bool = False) -> None:
        """Calls a workflow now."""
        self.called[name] = self.called.get(name, 0) + 1
        assert self.place.api.call(name, {"fail": fail}).status == 200

    def wait(self) -> None:
        """Waits until all that was called has ended."""
        deadline = time.monotonic() + PATIENCE
        for name, count in self.called.items():
            while len(self.place.api.executions(self.flows[name])) < min(count, 100):
                assert time.monotonic() < deadline, f"{name} doesn't end"
                time.sleep(0.02)

    def window(self, number: int, courses: Mapping[str, str]) -> None:
        """One window: each workflow runs as its course says, spread over it: `.` well, `F` not, `S` well but slowly.
        Then the window is over."""
        longest = max(map(len, courses.values()), default=0)
        for place in range(longest):
            self.place.clock.put(self.begin + WINDOW * number + WINDOW * 0.8 * (place + 0.5) / longest)
            for name, course in courses.items():
                if place < len(course):
                    self._goes(name, course[place])
            self.wait()
        self.over(number)

    def _goes(self, name: str, mark: str) -> None:
        shop = self.place.shop
        shop.answers[name] = self.failing.get(name, 503) if mark == "F" else 200
        shop.seconds[name] = SLOW_SECONDS if mark == "S" else 0.0
        self.call(name, fail=mark == "F")

    def over(self, number: int) -> None:
        """The window has ended: a tick, and the run that is asked for then."""
        self.place.clock.put(self.begin + WINDOW * (number + 1) + timedelta(seconds=1))
        self.tick()

    def tick(self) -> None:
        """What the sensor over n8n does, and what follows."""
        clock = self.place.clock
        N8nPoller(self.engine, self.place.api, clock, clock() + timedelta(seconds=TICK_SECONDS)).poll()
        after_tick(self.engine, self.settings, "n8n", clock)
