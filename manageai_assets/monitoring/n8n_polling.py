"""Reading what ran on n8n: all workflows at once, forward in slices of time, and the cause of each failure, once.

n8n lists what has ended; what is still on shows only when it is asked for (n8n facts, section 3). So it is asked
first what is on, which is stored as running, then what has ended; what was running and is no longer is looked up by
its id. Runs from the editor are tests and are left out. Where n8n's clock is behind ours, a window is read again until
it has ended there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from compilers.documents import items, members
from manageai_assets.monitoring import recording, registry
from manageai_assets.monitoring.models import (
    Execution,
    ExecutionError,
    Outcome,
    Platform,
    ScenarioKey,
    window_of,
)
from manageai_assets.monitoring.polling import failed, recovered
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor
from manageai_assets.monitoring.reports import PollReport
from resources.n8n_api import (
    ExecutionStatus,
    N8nApiError,
    N8nNotFoundError,
    N8nRefusedError,
    N8nUnavailableError,
    Retries,
    has_data,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from resources.n8n_api import N8nApi

WORKERS = 4
OVERLAP = timedelta(minutes=10)
"""Read again each time: longer than a tick, so that what began between two of its questions is seen by the next."""
SLICE = timedelta(hours=1)
"""Of history that is read and stored together, so that a long absence is made good step by step."""
FIRST_READ = timedelta(days=1)
EXPLAINED_A_TICK = 200
DATA_WITHIN = timedelta(minutes=1)
"""After an execution's end, in which its data may still come."""
QUICK = Retries(times=1, base=0.5, patience=2.0)
"""A poller comes again by itself: it doesn't wait within a tick."""

TOOK_TOO_LONG = "TimeoutExecutionCancelledError"
"""n8n's own name for it, which it doesn't store."""

_NOT_ENDED: tuple[ExecutionStatus, ...] = ("running", "waiting", "new")
_OUTCOMES: Mapping[str, Outcome] = {
    "success": "success", "error": "error", "crashed": "error", "canceled": "error",
    "running": "running", "waiting": "running", "new": "running",
}  # fmt: skip


class _Row(BaseModel):
    """An execution as n8n lists it."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, coerce_numbers_to_str=True)

    id: str
    workflow_id: str
    status: str
    mode: str = ""
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass
class N8nPoller:
    """One tick's reading of a server. `now` is the clock; after `deadline` no further slice is begun."""

    engine: Engine
    api: N8nApi
    now: Callable[[], datetime]
    deadline: datetime
    _report: PollReport = field(default_factory=lambda: PollReport("n8n"))

    def poll(self) -> PollReport:
        """Reads what has happened since the last time, once in each window, and says what came of it."""
        cursors = recording.cursors_of(self.engine, "n8n")
        own = cursors.get(WHOLE_PLATFORM, Cursor(WHOLE_PLATFORM))
        if own.backoff_until is not None and own.backoff_until > self.now():
            return replace(self._report, resting_until=own.backoff_until, trouble=own.last_failure)
        try:
            if own.polled_at is None or own.polled_at < window_of(self.now()):
                self._discover()
                self._executions(own)
            self._causes()
        except N8nApiError as error:
            # what was stored before may have moved the cursor
            stored = recording.cursors_of(self.engine, "n8n").get(WHOLE_PLATFORM, own)
            cursor = failed(stored, error.what, self.now())
            recording.record(self.engine, "n8n", [], [cursor])
            self._report = replace(self._report, resting_until=cursor.backoff_until, trouble=error.what)
        return self._report

    def _discover(self) -> None:
        listed = listed_on_n8n(self.api)
        found = registry.discover(self.engine, "n8n", listed, self.now())
        self._report = replace(self._report, discovery=found, scenarios=len(listed), due=len(listed))

    # -- executions ----------------------------------------------------------------------------------------------

    def _executions(self, own: Cursor) -> None:
        begun = self.now()
        known = recording.running(self.engine, "n8n")
        still_on = [one for status in _NOT_ENDED for one in self._listed(status=status)]
        self._keep(still_on, None)
        seen = {one.execution_id for one in still_on}
        start = own.read_to - OVERLAP if own.read_to else begun - FIRST_READ
        cursor, horizon = own, self._newest() - OVERLAP
        while start + SLICE <= horizon:
            if self.now() >= self.deadline:
                self._report = replace(self._report, spent=True)
                return
            rows = list(self._listed(since=start, until=start + SLICE))
            start += SLICE
            cursor = replace(cursor, read_to=max(start, cursor.read_to or start))
            self._keep(rows, cursor)
            seen |= {one.execution_id for one in rows}
        rows = list(self._listed(since=start))
        seen |= {one.execution_id for one in rows}
        rows += [ended for one in sorted(known.keys() - seen) if (ended := self._looked_up(one, known[one]))]
        furthest = max((one.started for one in rows if one.execution_id not in known), default=start)
        self._keep(rows, recovered(cursor, begun - self.api.clock.behind, furthest))
        self._report = replace(self._report, read=self._report.due)

    def _newest(self) -> datetime:
        """When the newest execution began, by n8n's own clock: up to there, slices of time are complete."""
        newest = next(self.api.history(page=1), None)
        began = _read(newest).started_at if newest else None
        return _aware(began) if began else datetime.min.replace(tzinfo=UTC) + OVERLAP

    def _listed(
        self,
        *,
        status: ExecutionStatus | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Execution]:
        """Executions that began within these moments. Servers that don't know the moments give all, newest first.
        Raises `N8nApiError`, also where the tick's time is over before the list is."""
        for row in self.api.history(status=status, since=since, until=until):
            if self.now() >= self.deadline:
                raise N8nUnavailableError("n8n takes too long to list its executions", hint="look whether it is busy")
            one = _execution(row)
            if one is None or (until is not None and one.started > until):
                continue
            if since is not None and one.started < since - OVERLAP:
                return
            yield one

    def _looked_up(self, identifier: str, known: tuple[ScenarioKey, datetime]) -> Execution | None:
        """What became of an execution that was running; one without a record went well and wasn't to be kept."""
        try:
            return _execution(self.api.execution(identifier))
        except N8nNotFoundError:
            return _ended(Execution(known[0], identifier, known[1], "success"), self.now())

    def _keep(self, executions: list[Execution], cursor: Cursor | None) -> None:
        moved = [cursor] if cursor else []
        self._report = self._report.plus(recording.record(self.engine, "n8n", executions, moved, self.now()))

    # -- causes --------------------------------------------------------------------------------------------------

    def _causes(self) -> None:
        asked = recording.unexplained(self.engine, "n8n", self.now(), EXPLAINED_A_TICK)
        found: dict[tuple[Platform, str], ExecutionError] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            for one, error in zip(asked, pool.map(self._cause, asked), strict=True):
                if error is not None:
                    found[one.scenario.platform, one.execution_id] = error
        recording.explain(self.engine, found)
        self._report = replace(self._report, explained=len(found))

    def _cause(self, one: Execution) -> ExecutionError | None:
        """Why it failed; None where n8n doesn't say it now, so that it is asked again."""
        if self.now() >= self.deadline:
            return None
        try:
            found = self.api.execution(one.execution_id)
        except N8nNotFoundError:
            return ExecutionError()
        except N8nApiError:
            return None
        ended = one.finished or one.started
        return cause_of(found) if has_data(found) or ended < self.now() - DATA_WITHIN else None


def listed_on_n8n(api: N8nApi) -> list[registry.Listed]:
    """The server's workflows with their states. Raises `N8nApiError`."""
    return [
        registry.Listed(
            str(one["id"]), str(one.get("name")), one.get("active") is True and one.get("isArchived") is not True
        )
        for one in api.workflows()
        if one.get("id")
    ]


def cause_of(execution: Mapping[str, JsonValue]) -> ExecutionError:
    """Why an execution with its data failed, in the terms of monitoring. What a sub-workflow's node said stands within
    its caller's error; what no service answered has a word of the system's in place of a status, such as `ENOTFOUND`,
    and only n8n's `messages` say then what happened. One that n8n ended since it took too long has no error at all."""
    result = members(members(execution.get("data")).get("resultData"))
    error = members(result.get("error"))
    if not error and execution.get("status") == "canceled":
        error = {"name": TOOK_TOO_LONG, "message": "it took longer than the workflow's time limit"}
    node = members(error.get("node"))
    step = str(node.get("name") or result.get("lastNodeExecuted") or "")
    code = str(error.get("httpCode") or members(error.get("errorResponse")).get("httpCode") or "")
    status = int(code) if code.isdigit() and len(code) == 3 else None
    happened = items(error.get("messages")) if code and status is None else []
    said = [str(part) for part in (error.get("message"), error.get("description"), *happened) if part]
    return ExecutionError(
        type=str(error.get("name") or ""),
        message=": ".join(dict.fromkeys(said)),
        step=step,
        status=status,
        connection=_credential(node) or _credential(_node(execution, step)),
    )


def _node(execution: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    nodes = map(members, items(members(execution.get("workflowData")).get("nodes")))
    return next((one for one in nodes if one.get("name") == name), {})


def _credential(node: Mapping[str, JsonValue]) -> str:
    """The name of the first credential that a node uses."""
    used = [members(one).get("name") for one in members(node.get("credentials")).values()]
    return next((str(name) for name in used if name), "")


def _execution(row: Mapping[str, JsonValue]) -> Execution | None:
    """A listed execution; None for those that have not begun, and for tests from the editor. Raises `N8nApiError`."""
    read = _read(row)
    if read.started_at is None or read.mode == "manual":
        return None
    key = ScenarioKey("n8n", read.workflow_id)
    outcome = _OUTCOMES.get(read.status, "warning")
    began = Execution(key, read.id, _aware(read.started_at), outcome)
    return began if outcome == "running" else _ended(began, _aware(read.stopped_at or read.started_at))


def _read(row: Mapping[str, JsonValue]) -> _Row:
    try:
        return _Row.model_validate(row)
    except ValidationError:
        hint = "check N8N_API_URL; n8n's API may have changed"
        raise N8nRefusedError("an execution of n8n's isn't one as its API describes it", hint=hint) from None


def _ended(one: Execution, finished: datetime) -> Execution:
    """The execution with its end; it counts as one operation, as n8n's own plans count it."""
    finished = max(finished, one.started)
    duration = round((finished - one.started).total_seconds() * 1000)
    return replace(one, finished=finished, duration_ms=duration, operations=1)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
