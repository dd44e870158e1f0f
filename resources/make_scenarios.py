"""Make's API for scenarios, their runs, and runs that wait to be completed (facts 4.3, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from resources.make_errors import MakeAnswerError, MakeBlueprintError, placed
from resources.make_http import RUN_TIMEOUT_SECONDS, MakeHttp, Method, Query, instant
from resources.make_models import (
    Blueprint,
    BlueprintVersion,
    Consumptions,
    Execution,
    IncompleteExecution,
    Interface,
    LogEntry,
    Scenario,
    Scheduling,
    StartedRun,
    UsageDay,
    read,
    read_all,
)

PAGE = 100
"""Rows asked for at once; Make may give fewer a page and says so."""


class Scenarios:
    """Scenarios of a team or an organisation."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def list(
        self, *, team: int | None = None, organization: int | None = None, active: bool | None = None, page: int = PAGE
    ) -> Iterator[Scenario]:
        """All scenarios by their ids, read page by page; of a team or of an organisation, one of the two.

        Pages are counted from the start, so that a scenario that is deleted meanwhile moves the rest. Each page
        therefore begins with the last row of the one before; where it doesn't, reading goes back."""
        query: Query = {"teamId": team, "organizationId": organization, "isActive": active}
        offset, last, page = 0, 0, max(2, page)
        while True:
            paging: Mapping[str, str | int] = {"limit": page, "offset": offset, "sortBy": "id", "sortDir": "asc"}
            answer = self._http.call("GET", "/scenarios", {**query, "pg": paging})
            rows, limit = read_all(Scenario, answer, "scenarios", "GET /scenarios"), _limit(answer, page)
            if offset and (not rows or rows[0].id > last):
                offset = max(0, offset - limit)
                continue
            for row in rows:
                if row.id > last:
                    last = row.id
                    yield row
            if len(rows) < limit:
                return
            offset += max(1, len(rows) - 1)

    def get(self, scenario: int) -> Scenario:
        """One scenario."""
        return self._scenario("GET", f"/scenarios/{scenario}")

    def create(
        self,
        blueprint: Mapping[str, JsonValue],
        *,
        team: int,
        scheduling: Scheduling,
        folder: int | None = None,
        confirmed: bool = True,
    ) -> Scenario:
        """A new scenario, which is inactive. Raises `MakeBlueprintError` with the places."""
        body: dict[str, JsonValue] = {"teamId": team, "scheduling": scheduling.text(), **_as_sent(blueprint)}
        if folder is not None:
            body["folderId"] = folder
        return self._scenario("POST", "/scenarios", {"confirmed": confirmed}, body, blueprint)

    def update(
        self,
        scenario: int,
        *,
        blueprint: Mapping[str, JsonValue] | None = None,
        scheduling: Scheduling | None = None,
        name: str | None = None,
        folder: int | None = None,
        confirmed: bool = True,
    ) -> Scenario:
        """The scenario changed: what is given replaces what was there, a blueprint as a whole."""
        body: dict[str, JsonValue] = _as_sent(blueprint) if blueprint is not None else {}
        given: dict[str, JsonValue] = {
            "scheduling": scheduling.text() if scheduling else None, "name": name, "folderId": folder,
        }  # fmt: skip
        body |= {key: value for key, value in given.items() if value is not None}
        return self._scenario("PATCH", f"/scenarios/{scenario}", {"confirmed": confirmed}, body, blueprint or {})

    def delete(self, scenario: int) -> None:
        """Deletes it, active or not."""
        self._http.call("DELETE", f"/scenarios/{scenario}", {"confirmed": True})

    def start(self, scenario: int) -> bool:
        """Activates it, and says whether it is. Raises `MakeConflictError` when it was active."""
        return self._scenario("POST", f"/scenarios/{scenario}/start").is_active

    def stop(self, scenario: int) -> bool:
        """Deactivates it, and says whether it is active. Raises `MakeConflictError` when it wasn't."""
        return self._scenario("POST", f"/scenarios/{scenario}/stop").is_active

    def run(
        self, scenario: int, data: Mapping[str, JsonValue] | None = None, *, wait: bool = False, callback: str = ""
    ) -> StartedRun:
        """Starts a run with these inputs; `wait`s 40 s at most. Raises `MakeConflictError` unless it is active."""
        body: dict[str, JsonValue] = {"responsive": wait}
        if data is not None:
            body["data"] = dict(data)
        if callback:
            body["callbackUrl"] = callback
        path = f"/scenarios/{scenario}/run"
        return read(StartedRun, self._http.call("POST", path, body=body, timeout=RUN_TIMEOUT_SECONDS), f"POST {path}")

    def clone(self, scenario: int, *, organization: int, team: int, name: str, states: bool = False) -> Scenario:
        """A copy in a team. To another team only without accounts and the like, which belong to theirs."""
        body: dict[str, JsonValue] = {"name": name, "teamId": team, "states": states}
        query = {"organizationId": organization, "confirmed": True}
        return self._scenario("POST", f"/scenarios/{scenario}/clone", query, body)

    def blueprint(self, scenario: int, version: int | None = None) -> Blueprint:
        """The blueprint that runs, or an earlier version of it."""
        path = f"/scenarios/{scenario}/blueprint"
        answer = self._http.call("GET", path, {"blueprintId": version})
        return read(Blueprint, answer.get("response"), f"GET {path}")

    def blueprints(self, scenario: int) -> tuple[BlueprintVersion, ...]:
        """The versions of its blueprint."""
        path = f"/scenarios/{scenario}/blueprints"
        return read_all(BlueprintVersion, self._http.call("GET", path), "scenariosBlueprints", f"GET {path}")

    def interface(self, scenario: int) -> Interface:
        """Its inputs and outputs."""
        path = f"/scenarios/{scenario}/interface"
        return read(Interface, self._http.call("GET", path).get("interface"), f"GET {path}")

    def set_interface(self, scenario: int, interface: Interface) -> Interface:
        """Replaces its inputs and outputs."""
        path = f"/scenarios/{scenario}/interface"
        body: JsonValue = {"interface": interface.model_dump(mode="json", by_alias=True)}
        return read(Interface, self._http.call("PATCH", path, body=body).get("interface"), f"PATCH {path}")

    def usage(self, scenario: int) -> tuple[UsageDay, ...]:
        """What each of the last 30 days took."""
        path = f"/scenarios/{scenario}/usage"
        return read_all(UsageDay, self._http.call("GET", path), "data", f"GET {path}")

    def consumptions(self, *, team: int | None = None, organization: int | None = None) -> Consumptions:
        """What each scenario took since the last reset; of a team or of an organisation, one of the two."""
        path = "/scenarios/consumptions"
        answer = self._http.call("GET", path, {"teamId": team, "organizationId": organization})
        return read(Consumptions, answer, f"GET {path}")

    def _scenario(
        self,
        method: Method,
        path: str,
        query: Query | None = None,
        body: JsonValue = None,
        blueprint: Mapping[str, JsonValue] | None = None,
    ) -> Scenario:
        try:
            answer = self._http.call(method, path, query, body)
        except MakeBlueprintError as error:
            raise placed(error, blueprint or {}) from None
        return read(Scenario, answer.get("scenario"), f"{method} {path}")


class Executions:
    """Runs of a scenario."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def get(self, scenario: int, execution: str) -> Execution:
        """How a run stands, and why it failed."""
        path = f"/scenarios/{scenario}/executions/{execution}"
        return read(Execution, self._http.call("GET", path), f"GET {path}")

    def log(self, scenario: int, execution: str) -> LogEntry:
        """A run's line in the history: its duration, operations and credits."""
        path = f"/scenarios/{scenario}/logs/{execution}"
        return read(LogEntry, self._http.call("GET", path).get("scenarioLog"), f"GET {path}")

    def list(
        self,
        scenario: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        status: Literal[1, 2, 3] | None = None,
        after: str | None = None,
        newest_first: bool = True,
        page: int = PAGE,
    ) -> Iterator[LogEntry]:
        """The history, read page by page; `after` is the `imt_id` of the last entry known in that direction."""
        path = f"/scenarios/{scenario}/logs"
        window: Query = {
            "from": instant(since) if since else None, "to": instant(until) if until else None, "status": status,
        }  # fmt: skip
        last = after
        while True:
            paging = {"limit": page, "last": last, "sortBy": "imtId", "sortDir": "desc" if newest_first else "asc"}
            answer = self._http.call("GET", path, {**window, "pg": paging})
            rows = read_all(LogEntry, answer, "scenarioLogs", f"GET {path}")
            if rows and rows[-1].imt_id == last:
                raise MakeAnswerError("Make gave the same page again", where=f"GET {path}", hint="try again")
            yield from rows
            if len(rows) < _limit(answer, page) or not rows:
                return
            last = rows[-1].imt_id

    def stop(self, scenario: int, execution: str) -> None:
        """Ends a run."""
        self._http.call("POST", f"/scenarios/{scenario}/executions/{execution}/stop", body={"force": False})


class IncompleteExecutions:
    """Runs that wait to be completed: Make's `dlqs`."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def list(self, scenario: int) -> tuple[IncompleteExecution, ...]:
        """Those of a scenario."""
        answer = self._http.call("GET", "/dlqs", {"scenarioId": scenario})
        return read_all(IncompleteExecution, answer, "dlqs", "GET /dlqs")

    def get(self, identifier: str) -> IncompleteExecution:
        """One, with its scenario and its execution."""
        path = f"/dlqs/{identifier}"
        return read(IncompleteExecution, self._http.call("GET", path).get("dlq"), f"GET {path}")

    def bundle(self, identifier: str) -> dict[int, JsonValue]:
        """What its modules gave, by their ids; the one that failed has `{error: {type, message}}`."""
        found = self._http.call("GET", f"/dlqs/{identifier}/bundle").get("response")
        return {int(key): value for key, value in found.items() if key.isdigit()} if isinstance(found, dict) else {}

    def retry(self, identifier: str) -> None:
        """Tries to complete one."""
        self._http.call("POST", f"/dlqs/{identifier}/retry")

    def retry_many(self, scenario: int, identifiers: Sequence[str] | None = None) -> None:
        """Tries to complete these, or all of a scenario."""
        self._http.call("POST", "/dlqs/retry", {"scenarioId": scenario}, _chosen(identifiers))

    def delete(self, scenario: int, identifiers: Sequence[str] | None = None) -> None:
        """Deletes these, or all of a scenario. Raises `MakeConflictError` while one is being processed."""
        self._http.call("DELETE", "/dlqs", {"scenarioId": scenario, "confirmed": True}, _chosen(identifiers))


def _chosen(identifiers: Sequence[str] | None) -> dict[str, JsonValue]:
    return {"all": True} if identifiers is None else {"ids": [*identifiers]}


def _limit(answer: Mapping[str, JsonValue], asked: int) -> int:
    """How many rows a full page has: what Make says, since it may allow less than was asked for."""
    paging = answer.get("pg")
    said = paging.get("limit") if isinstance(paging, dict) else None
    return said if isinstance(said, int) and said > 0 else asked


def _as_sent(blueprint: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The blueprint as a JSON text, and the interface that may stand in it as a field of its own (facts 1.1)."""
    kept = {key: value for key, value in blueprint.items() if key not in ("scheduling", "interface", "io")}
    interface, older = blueprint.get("interface"), blueprint.get("io")
    specs: dict[str, JsonValue] = {"input_spec": [], "output_spec": []}
    if isinstance(interface, dict):
        specs = {"input_spec": interface.get("input") or [], "output_spec": interface.get("output") or []}
    elif isinstance(older, dict):
        specs = {name: older.get(name) or [] for name in specs}
    return {"blueprint": json.dumps(kept, ensure_ascii=False, allow_nan=False), "metadata": specs}
