"""An n8n server by its public API and its webhooks: workflows, executions, credentials.

    with N8nApi("https://n8n.example", key) as n8n:
        for execution in n8n.history(since=yesterday):
            ...

Lists are iterators that fetch page after page. Reading is tried again, with growing pauses, where the server can't be
reached, is too busy (429) or failed (5xx); nothing else is ever sent twice. Errors say what n8n said, and never hold
the key.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import httpx
from pydantic import JsonValue, SecretStr

from compilers.errors import UserError, shorten
from resources.server_clock import ServerClock

ExecutionStatus = Literal["canceled", "crashed", "error", "new", "running", "success", "unknown", "waiting"]
Object = dict[str, JsonValue]
Query = Mapping[str, str | int | None]
"""None is left out."""

TIMEOUT_SECONDS = 60.0
PAGE = 250
"""Rows of a page, at most (n8n facts, section 3)."""
SAID = 500
"""Characters of n8n's words that an error holds."""
WORKFLOW_KEYS = ("name", "nodes", "connections", "settings", "staticData", "pinData")
"""All that n8n takes of a workflow; it refuses what else its own exports hold."""
_PREFIX = "/api/v1"
_log = logging.getLogger(__name__)


class N8nApiError(UserError):
    """A call that gave no usable answer. `status` is the HTTP status, None where there was none."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", status: int | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status


class N8nUnauthorisedError(N8nApiError):
    """401 or 403: no key, a wrong one, or one that may not do this."""


class N8nNotFoundError(N8nApiError):
    """404: there is no such thing, or not for this key."""


class N8nConflictError(N8nApiError):
    """409: something else has that already, such as another workflow's webhook with the same path."""


class N8nRefusedError(N8nApiError):
    """Another 4xx: n8n doesn't take what it was given, and says why."""


class N8nUnavailableError(N8nApiError):
    """No answer, a broken connection, 429 or 5xx: it may go well later."""


_ERRORS: Mapping[int, tuple[type[N8nApiError], str]] = {
    401: (N8nUnauthorisedError, "check N8N_API_KEY; keys are made in n8n's settings, under `n8n API`"),
    403: (N8nUnauthorisedError, "give the key the scope for this, in n8n's settings, under `n8n API`"),
    404: (N8nNotFoundError, "look in n8n whether it is still there, and check N8N_API_URL"),
    409: (N8nConflictError, ""),
    429: (N8nUnavailableError, "try again later"),
}


@dataclass(frozen=True)
class Retries:
    """How often and after which pauses reading is tried again: `base * 2 ** attempt` seconds, +-20 %, at most
    `longest`; or what a `Retry-After` asks for, unless that is more than `patience`."""

    times: int = 3
    base: float = 0.5
    longest: float = 10.0
    patience: float = 60.0


@dataclass(frozen=True)
class Answer:
    """What a webhook answered: the status, the body, decoded when it is JSON, and the headers."""

    status: int
    body: JsonValue
    headers: Mapping[str, str] = field(default_factory=dict)


class N8nApi:
    """A server at an address, with or without `/api/v1` behind it. `sleep`, `now` and `chance` (0 to 1) are for tests.

    Without a key, only webhooks can be called. `trust_environment` takes proxies from the environment.
    """

    def __init__(
        self,
        address: str,
        key: SecretStr | None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        trust_environment: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        secret = key.get_secret_value().strip() if key else ""
        if not (secret.isascii() and (secret.isprintable() or not secret)):
            raise UserError("the key for n8n's API isn't one", where="settings", hint="check N8N_API_KEY")
        self.address = address.rstrip("/").removesuffix(_PREFIX).rstrip("/")
        self._secret = secret
        self._retries, self._sleep, self._chance = retries or Retries(), sleep, chance
        self.clock = ServerClock(now)
        self._client = httpx.Client(timeout=timeout, trust_env=trust_environment, headers={"user-agent": "manageai"})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    # -- workflows ---------------------------------------------------------------------------------------------

    def workflows(self, *, active: bool | None = None, name: str = "") -> Iterator[Object]:
        """All workflows, or those that are active or not, or have that name. Raises `N8nApiError`."""
        query = {"active": None if active is None else str(active).lower(), "name": name or None}
        return self._pages("/workflows", query)

    def workflow(self, identifier: str) -> Object:
        """One workflow. Raises `N8nApiError`."""
        return _object(self.api("GET", f"/workflows/{_part(identifier)}"))

    def create(self, document: Mapping[str, JsonValue]) -> str:
        """Creates a workflow and gives its id; what n8n keeps for itself in an export is left out. Raises
        `N8nApiError` when n8n doesn't take it."""
        return str(_object(self.api("POST", "/workflows", workflow_of(document))).get("id"))

    def update(self, identifier: str, document: Mapping[str, JsonValue]) -> None:
        """Puts a document in place of a workflow; of an active one it is live at once. Raises `N8nApiError`."""
        self.api("PUT", f"/workflows/{_part(identifier)}", workflow_of(document))

    def activate(self, workflow: str) -> None:
        """Publishes a workflow. Raises `N8nApiError` with what n8n finds wrong."""
        self.api("POST", f"/workflows/{_part(workflow)}/activate")

    def deactivate(self, workflow: str) -> None:
        """Takes a workflow off the air. Raises `N8nApiError`."""
        self.api("POST", f"/workflows/{_part(workflow)}/deactivate")

    def delete(self, workflow: str) -> None:
        """Deletes a workflow, active or not, and its executions. Raises `N8nApiError`."""
        self.api("DELETE", f"/workflows/{_part(workflow)}")

    # -- executions --------------------------------------------------------------------------------------------

    def history(
        self,
        *,
        workflow: str = "",
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        data: bool = False,
        cursor: str = "",
        page: int = PAGE,
    ) -> Iterator[Object]:
        """Executions, the newest first: of all workflows, or of one; that have that status, or started within those
        moments; with their data or without. Running ones come only when asked for by `status`. Raises `N8nApiError`."""
        query: Query = {
            "workflowId": workflow or None, "status": status, "includeData": "true" if data else None,
            "startedAfter": _instant(since), "startedBefore": _instant(until), "limit": page, "cursor": cursor or None,
        }  # fmt: skip
        return self._pages("/executions", query)

    def executions(self, workflow: str) -> tuple[str, ...]:
        """The ids of a workflow's newest executions, 100 at most, that have ended. Raises `N8nApiError`."""
        found = _object(self.api("GET", "/executions", query={"workflowId": workflow, "limit": 100}))
        return tuple(str(row["id"]) for row in _rows(found) if row.get("stoppedAt"))

    def execution(self, identifier: str) -> Object:
        """One execution with its data. Raises `N8nApiError`."""
        return _object(self.api("GET", f"/executions/{_part(identifier)}", query={"includeData": "true"}))

    def retry(self, execution: str, *, newest: bool = False) -> Object:
        """Tries a failed execution again, with the workflow as it was or as it is now, and gives the new one. Raises
        `N8nApiError`."""
        return _object(self.api("POST", f"/executions/{_part(execution)}/retry", {"loadWorkflow": newest}))

    def stop_execution(self, execution: str) -> Object:
        """Stops a running or waiting execution, and gives it. Raises `N8nApiError`."""
        return _object(self.api("POST", f"/executions/{_part(execution)}/stop"))

    def delete_execution(self, execution: str) -> None:
        """Deletes an execution's record. Raises `N8nApiError`."""
        self.api("DELETE", f"/executions/{_part(execution)}")

    # -- credentials -------------------------------------------------------------------------------------------

    def credential_schema(self, kind: str) -> Object:
        """The JSON schema of a credential type's data. Raises `N8nApiError` when n8n doesn't know the type."""
        return _object(self.api("GET", f"/credentials/schema/{_part(kind)}"))

    def create_credential(self, kind: str, data: Mapping[str, JsonValue], name: str = "") -> str:
        """Creates a credential of a type and gives its id. Raises `N8nApiError` with what n8n finds wrong."""
        made = self.api("POST", "/credentials", {"name": name or kind, "type": kind, "data": dict(data)})
        return str(_object(made).get("id"))

    def delete_credential(self, credential: str) -> None:
        """Deletes a credential. Raises `N8nApiError`."""
        self.api("DELETE", f"/credentials/{_part(credential)}")

    # -- webhooks ----------------------------------------------------------------------------------------------

    def call(
        self,
        path: str,
        payload: JsonValue,
        method: str = "POST",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Calls a production webhook, once. The key doesn't go there. Raises `N8nUnavailableError`."""
        sent = self._once(method, f"/webhook/{path}", query, payload, headers)
        if isinstance(sent, N8nApiError):
            raise sent
        try:
            return Answer(sent.status_code, json.loads(sent.text), sent.headers)
        except ValueError:
            return Answer(sent.status_code, sent.text, sent.headers)

    # -- calls -------------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: JsonValue = None, query: Query | None = None) -> JsonValue:
        """One call of the public API, below `/api/v1`. Raises `N8nApiError`."""
        headers = {"x-n8n-api-key": self._secret} if self._secret else {}
        return self._answer(method, f"{_PREFIX}{path}", body, query, headers)

    def _answer(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonValue:
        """What n8n answers; reading is tried again."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        for attempt in range(self._retries.times + 1):
            sent = self._once(method, path, given, body, headers)
            error = sent if isinstance(sent, N8nApiError) else self._refused(sent, f"{method} {path}")
            if error is None and isinstance(sent, httpx.Response):
                return self._read(sent, f"{method} {path}")
            wait = _asked(sent)
            last = method != "GET" or attempt == self._retries.times or wait > self._retries.patience
            if error is not None and (last or not isinstance(error, N8nUnavailableError)):
                raise error
            _log.warning("n8n call repeated method=%s path=%s", method, path)
            grown = min(self._retries.base * 2.0**attempt, self._retries.longest) * (0.8 + 0.4 * self._chance())
            self._sleep(max(wait, grown))
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: JsonValue,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response | N8nUnavailableError:
        """An error is given, not raised, so that none is chained to one that holds the request and the key in it."""
        where = f"{method} {path}"
        try:
            answer = self._client.request(method, self.address + path, params=query, json=body, headers=headers)
        except httpx.ConnectError:
            hint = "check that n8n runs, and N8N_API_URL"
            return N8nUnavailableError("n8n can't be reached", where=where, hint=hint)
        except httpx.TimeoutException:
            return N8nUnavailableError("n8n didn't answer in time", where=where, hint="look whether it is busy")
        except (httpx.HTTPError, httpx.InvalidURL):
            hint = "check that n8n runs, any proxy, and N8N_API_URL"
            return N8nUnavailableError("the connection to n8n broke", where=where, hint=hint)
        self.clock.note(answer.headers)
        return answer

    def _refused(self, answer: httpx.Response, where: str) -> N8nApiError | None:
        status = answer.status_code
        if answer.is_success:
            return None
        kind, hint = _ERRORS.get(status, (N8nUnavailableError, "") if status >= 500 else (N8nRefusedError, ""))
        said = _said(answer)
        what = f"n8n answered {status}" + (f": {self._without_key(said)}" if said else "")
        if kind is N8nConflictError and "webhook" in said:
            hint = "another active workflow has that path: change it, or switch that workflow off"
        if answer.is_redirect:
            what, hint = f"n8n answered {status}, which leads elsewhere", "set N8N_API_URL to where n8n really is"
        return kind(what, where=where, hint=hint, status=status)

    def _read(self, answer: httpx.Response, where: str) -> JsonValue:
        if not answer.content.strip():
            return None
        try:
            found: JsonValue = answer.json()
        except (ValueError, RecursionError):
            hint = "check N8N_API_URL: it is n8n's address, such as https://n8n.example"
            what = "this is no answer of n8n's API"
            raise N8nRefusedError(what, where=where, hint=hint, status=answer.status_code) from None
        return found

    def _without_key(self, text: str) -> str:
        return text.replace(self._secret, "(secret removed)") if self._secret else text

    def _pages(self, path: str, query: Query) -> Iterator[Object]:
        """The rows of all pages. A cursor that comes again would never end."""
        cursors: set[str] = set()
        asked = {"limit": PAGE, **query}
        while True:
            found = _object(self.api("GET", path, query=asked))
            if not isinstance(found.get("data"), list):
                what, hint = "this is no list of n8n's API", "check N8N_API_URL: it is n8n's address"
                raise N8nRefusedError(what, where=f"GET {path}", hint=hint)
            yield from _rows(found)
            cursor = found.get("nextCursor")
            if not isinstance(cursor, str) or not cursor or cursor in cursors:
                return
            cursors.add(cursor)
            asked["cursor"] = cursor


def _object(value: JsonValue) -> Object:
    return value if isinstance(value, dict) else {}


def _rows(value: Object) -> list[Object]:
    listed = value.get("data")
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


def _part(identifier: str) -> str:
    """An id as one part of a path, whatever is in it."""
    return quote(identifier, safe="")


def has_data(execution: Mapping[str, JsonValue]) -> bool:
    """Whether the data of an execution are there: what its nodes did, or why none ran. n8n stores them a moment after
    it lists the execution as ended."""
    data = execution.get("data")
    result = data.get("resultData") if isinstance(data, dict) else None
    return isinstance(result, dict) and bool(result.get("runData") or result.get("error"))


def workflow_of(document: Mapping[str, JsonValue]) -> Object:
    """What n8n takes of a workflow's document."""
    return {key: document[key] for key in WORKFLOW_KEYS if key in document}


def _instant(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _said(answer: httpx.Response) -> str:
    """n8n's message, and the place where it says that the fault is; else the beginning of the answer."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return shorten(answer.text, SAID)
    if not isinstance(found, dict):
        return shorten(answer.text, SAID)
    parts = [found.get(name) for name in ("message", "description", "hint")]
    return shorten(": ".join(str(part) for part in parts if part) or answer.text, SAID)


def _asked(answer: httpx.Response | N8nApiError) -> float:
    """The seconds that a `Retry-After` asks for; 0 where there is none."""
    asked = "" if isinstance(answer, N8nApiError) else answer.headers.get("retry-after", "")
    return float(asked) if asked.isdigit() else 0.0
