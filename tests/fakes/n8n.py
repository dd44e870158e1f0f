"""A fake of n8n's public API and webhooks, as a real 2.41 answers (n8n facts, section 3), with faults on demand.

with fake_n8n() as fake, N8nApi(fake.address, fake.key) as n8n:
    fake.fail(503, times=2)
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import JsonValue, SecretStr

from compilers.documents import items, members
from resources.n8n_api import ExecutionStatus
from tests.fakes.replies import Hook, Reply, send, unchanged

Object = dict[str, JsonValue]
LARGEST_PAGE = 250
TAKEN = ("name", "nodes", "connections", "settings", "staticData", "pinData")
READ_ONLY = ("active", "id", "tags", "meta", "versionId", "createdAt", "updatedAt")


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An answer that isn't 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"message": message}


@dataclass
class Fault:
    """What goes wrong with the next calls: a status, or None for a connection that is closed; after a pause."""

    status: int | None
    times: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class FakeN8n:
    """The running fake, what it holds, and the calls that it got."""

    key: SecretStr = field(default_factory=lambda: SecretStr("n8n-key-of-the-fake"))
    address: str = ""
    calls: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    workflows: dict[str, Object] = field(default_factory=dict)
    executions: list[Object] = field(default_factory=list)
    errors: dict[str, Object] = field(default_factory=dict)
    credentials: dict[str, Object] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    hook: Hook = unchanged
    """Sees each answer, and may change it."""

    def fail(
        self,
        status: int | None,
        *,
        times: int = 1,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Lets the next calls go wrong."""
        self.faults.append(Fault(status, times, body, headers or {}, seconds))

    def ran(
        self,
        workflow: str,
        status: str = "success",
        *,
        started: datetime | None = None,
        seconds: float = 0.0,
        error: Object | None = None,
        mode: str = "webhook",
    ) -> str:
        """A run that has been, or is still on; `error` is what its data say of a failure. Gives its id."""
        minute, second = divmod(len(self.executions), 60)
        began = started or datetime(2026, 11, 26, 6, minute, second, tzinfo=UTC)
        identifier = str(next(self.numbers))
        row: Object = {
            "id": identifier, "status": status, "finished": False, "mode": mode, "startedAt": iso(began),
            "stoppedAt": None, "workflowId": workflow, "retryOf": None, "waitTill": None,
        }  # fmt: skip
        self.executions.insert(0, row)
        if status not in ("running", "waiting", "new"):
            self.ends(identifier, status, began + timedelta(seconds=seconds))
        if error is not None:
            self.errors[identifier] = error
        return identifier

    def ends(self, identifier: str, status: str, moment: datetime) -> None:
        """A run that was on has ended."""
        row = next(one for one in self.executions if one["id"] == identifier)
        row |= {"status": status, "finished": status == "success", "stoppedAt": iso(moment)}

    # -- the API -------------------------------------------------------------------------------------------------

    def answer(self, method: str, parts: list[str], query: Mapping[str, str], body: JsonValue) -> JsonValue:
        """What the API answers. Raises `Refusal`."""
        match (method, *parts):
            case ("GET", "workflows"):
                return self._page([one for one in self.workflows.values() if _wanted(one, query)], query)
            case ("POST", "workflows"):
                identifier = f"w{next(self.numbers)}"
                self.workflows[identifier] = {**_checked(members(body)), "id": identifier, "active": False}
                return self.workflows[identifier]
            case ("GET", "workflows", identifier):
                return self._workflow(identifier)
            case ("PUT", "workflows", identifier):
                self._workflow(identifier).update(_checked(members(body)))
                return self._workflow(identifier)
            case ("DELETE", "workflows", identifier):
                self._workflow(identifier)
                self.executions = [one for one in self.executions if one["workflowId"] != identifier]
                return self.workflows.pop(identifier)
            case ("POST", "workflows", identifier, "activate"):
                return self._activate(identifier)
            case ("POST", "workflows", identifier, "deactivate"):
                self._workflow(identifier)["active"] = False
                return self._workflow(identifier)
            case ("GET", "executions"):
                return self._page_by_id(self._filtered(query), query)
            case (_, "executions", identifier, *rest):
                return self._execution(method, identifier, rest, query)
            case (_, "credentials", *rest):
                return self._credential(method, rest, members(body))
        raise Refusal(404, "not found")

    def _workflow(self, identifier: str) -> Object:
        if identifier not in self.workflows:
            raise Refusal(404, "Not Found")
        return self.workflows[identifier]

    def _activate(self, identifier: str) -> Object:
        found = self._workflow(identifier)
        others = [one for name, one in self.workflows.items() if one["active"] and name != identifier]
        if _hooks(found) & {hook for one in others for hook in _hooks(one)}:
            raise Refusal(409, "There is a conflict with one of the webhooks.")
        found["active"] = True
        return found

    def _filtered(self, query: Mapping[str, str]) -> list[Object]:
        status = query.get("status")
        if status is not None and status not in get_args(ExecutionStatus):
            raise Refusal(400, f"request/query/status Invalid enum value. Received '{status}'")
        return [
            one
            for one in self.executions
            if one["status"] == (status or ("success" if one["status"] == "running" else one["status"]))
            and query.get("workflowId") in (None, one["workflowId"])
            and query.get("startedAfter", "") <= str(one["startedAt"]) < query.get("startedBefore", "3")
        ]

    def _execution(self, method: str, identifier: str, rest: list[str], query: Mapping[str, str]) -> Object:
        found = next((one for one in self.executions if one["id"] == identifier), None)
        if found is None:
            raise Refusal(404, "Not Found")
        match (method, *rest):
            case ("GET",):
                return (
                    {**found, **self._data(identifier, str(found["workflowId"]))} if "includeData" in query else found
                )
            case ("DELETE",):
                self.executions.remove(found)
            case ("POST", "retry") if found["status"] == "success":
                raise Refusal(409, "The execution succeeded, so it cannot be retried.")
            case ("POST", "retry"):
                self.ran(str(found["workflowId"]))
                self.executions[0]["retryOf"] = identifier
                return self.executions[0]
            case ("POST", "stop") if found["stoppedAt"]:
                raise Refusal(409, f"Only running or waiting executions can be stopped and {identifier} has ended")
            case ("POST", "stop"):
                found |= {"status": "canceled", "stoppedAt": found["startedAt"]}
        return found

    def _data(self, identifier: str, workflow: str) -> Object:
        result: Object = {"runData": {}}
        if identifier in self.errors:
            result |= {"error": self.errors[identifier], "lastNodeExecuted": "Webhook"}
        nodes = self.workflows.get(workflow, {}).get("nodes")
        return {"data": {"resultData": result}, "workflowData": {"nodes": nodes}}

    def _credential(self, method: str, rest: list[str], body: Object) -> Object:
        match (method, *rest):
            case ("GET", "schema", "httpHeaderAuth"):
                return {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}
            case ("POST",):
                unknown = [name for name in members(body.get("data")) if name not in ("name", "value")]
                if unknown:
                    what = "request.body.data is not allowed to have the additional property"
                    raise Refusal(400, f'{what} "{unknown[0]}"')
                identifier = f"c{next(self.numbers)}"
                self.credentials[identifier] = {"id": identifier, "name": body["name"], "type": body["type"]}
                return self.credentials[identifier]
            case ("DELETE", identifier) if identifier in self.credentials:
                return self.credentials.pop(identifier)
        raise Refusal(404, "Not Found")

    def _page(self, rows: list[Object], query: Mapping[str, str]) -> Object:
        limit = min(LARGEST_PAGE, int(query.get("limit", "100")))
        start = int(base64.b64decode(query["cursor"])) if "cursor" in query else 0
        end = start + limit
        cursor = base64.b64encode(str(end).encode()).decode() if end < len(rows) else None
        return {"data": [*rows[start:end]], "nextCursor": cursor}

    def _page_by_id(self, rows: list[Object], query: Mapping[str, str]) -> Object:
        """A page of executions: its cursor holds the last id, so that what comes meanwhile moves nothing."""
        limit = min(LARGEST_PAGE, int(query.get("limit", "100")))
        if "cursor" in query:
            last = int(json.loads(base64.b64decode(query["cursor"]))["lastId"])
            rows = [row for row in rows if int(str(row["id"])) < last]
        page = rows[:limit]
        more = json.dumps({"lastId": page[-1]["id"], "limit": limit}) if len(rows) > limit else None
        return {"data": [*page], "nextCursor": base64.b64encode(more.encode()).decode() if more else None}

    # -- webhooks ------------------------------------------------------------------------------------------------

    def called(self, method: str, path: str) -> tuple[int, JsonValue]:
        """What a webhook answers."""
        for identifier, one in self.workflows.items():
            if one["active"] and (method, path) in _hooks(one):
                self.ran(identifier)
                return 200, {"message": "Workflow was started"}
        return 404, {"code": 404, "message": f'The requested webhook "{method} {path}" is not registered.'}


def iso(moment: datetime) -> str:
    """A moment as n8n writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wanted(workflow: Object, query: Mapping[str, str]) -> bool:
    active = query.get("active")
    return active in (None, str(workflow["active"]).lower()) and query.get("name") in (None, workflow["name"])


def _checked(body: Object) -> Object:
    for name in ("name", "nodes", "connections", "settings"):
        if name not in body:
            raise Refusal(400, f"request/body must have required property '{name}'")
    for name in body:
        if name not in TAKEN:
            raise Refusal(400, f"request/body/{name} is read-only" if name in READ_ONLY else "Unrecognized key(s)")
    names = [str(members(node).get("name")) for node in items(body["nodes"])]
    for index, name in enumerate(names):
        if name in names[:index]:
            what = f'nodes[{index}].name (duplicate_node_name): Duplicate node name "{name}"'
            raise Refusal(400, f"Workflow structure is invalid. {what}")
    return body


def _hooks(workflow: Object) -> set[tuple[str, str]]:
    found = (members(members(node).get("parameters")) for node in items(workflow.get("nodes")))
    return {(str(one.get("httpMethod", "GET")), str(one["path"])) for one in found if "path" in one}


@contextmanager
def fake_n8n() -> Iterator[FakeN8n]:
    """A running fake."""
    fake = FakeN8n()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def _handler(fake: FakeN8n) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # head and body in one packet, else each answer waits 40 ms for an acknowledgement
        disable_nagle_algorithm = True

        def answer(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length") or 0))
            address = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            fake.calls.append((self.command, address.path, headers))
            if fake.faults:
                self._go_wrong()
                return
            parts = [unquote(part) for part in address.path.strip("/").split("/")]
            if parts[0] == "webhook":
                self._send(*fake.called(self.command, "/".join(parts[1:])))
            elif headers.get("x-n8n-api-key") != fake.key.get_secret_value():
                self._send(401, {"message": "Unauthorized"})
            else:
                self._call(parts[2:], dict(parse_qsl(address.query)), json.loads(text) if text else None)

        def _call(self, parts: list[str], query: Mapping[str, str], body: JsonValue) -> None:
            try:
                self._send(200, fake.answer(self.command, parts, query, body))
            except Refusal as refusal:
                self._send(refusal.status, {**refusal.body})

        def _go_wrong(self) -> None:
            fault = fake.faults[0]
            fault.times -= 1
            if not fault.times:
                fake.faults.pop(0)
            time.sleep(fault.seconds)
            if fault.status is None:
                self.close_connection = True
                return
            self._send(fault.status, fault.body or {"message": "not now"}, fault.headers)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def _send(self, status: int, body: JsonValue, headers: Mapping[str, str] | None = None) -> None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode("utf-8")
            whole = Reply(status, content, {"content-type": "application/json", **(headers or {})})
            send(self, fake.hook(self.command, urlsplit(self.path).path, whole))

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Says nothing."""

    return Handler
