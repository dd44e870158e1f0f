"""Reading what ran on Make: the team's list for the state of each scenario, the log of each one whose turn it is, and
the cause of each failure, once.

Make's logs are read forward from where the last reading ended, less an overlap; what is known already is stored no
second time. A reading that stops half-way keeps what it has got, and goes on from there the next time. Where Make's
clock is behind ours, a window is read again until it has ended there too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from manageai_assets.monitoring import recording, registry
from manageai_assets.monitoring.models import (
    Execution,
    ExecutionError,
    Outcome,
    Plan,
    Platform,
    ScenarioKey,
    window_of,
)
from manageai_assets.monitoring.polling import (
    TOLERATED_FAILURES,
    CallBudget,
    CallsSpentError,
    failed,
    recovered,
    turn,
    uncovered,
)
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, Cursor
from manageai_assets.monitoring.reports import PollReport
from resources.make_errors import (
    MakeApiError,
    MakeKeyError,
    MakeNotFoundError,
    MakePermissionError,
    MakeRateLimitError,
)
from resources.make_http import Retries
from resources.make_models import Execution as MakeExecution
from resources.make_models import LogEntry

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from resources.make_api import MakeApi

WORKERS = 8
"""Calls at a time."""
PAGE = 200
"""Rows asked for at once."""
OVERLAP = timedelta(minutes=50)
"""Read again each time: a run takes 40 minutes at most (facts 2.12), and its line may come only at its end."""
GIVEN_UP_AFTER = timedelta(days=1)
"""A run that hasn't ended for so long never will: its line has been lost, or its history deleted."""
FIRST_READ = timedelta(days=1)
"""How far back a scenario is read that is new to the registry."""
STORED_AT_ONCE = 50
"""Scenarios whose readings are stored in one transaction."""
EXPLAINED_A_TICK = 60
"""Failures that are asked about in one tick, at most."""
SHARE_OF_CAUSES = 10
"""One call in so many goes to causes while logs are waiting: 3,000 scenarios leave room for it on a Teams plan."""
LIMITED_PAUSE = timedelta(minutes=1)
"""The length of Make's own window for its limit of calls (facts 4.2)."""
QUICK = Retries(times=1, base=0.5, patience=2.0)
"""A poller comes again by itself: it doesn't wait within a tick."""

_STATUS = re.compile(r"(?:^\s*\[|\bstatus(?: code)?[:=]? ?|\bHTTP(?: error)?[: ] ?)([45]\d\d)\b", re.IGNORECASE)
_OUTCOMES: dict[int, Outcome] = {0: "running", 1: "success", 2: "warning", 3: "error"}


@dataclass
class MakePoller:
    """One tick's reading of a team. `now` is the clock, `budget` the calls that there are, which the API takes from."""

    engine: Engine
    api: MakeApi
    team: int
    budget: CallBudget
    now: Callable[[], datetime]
    workers: int = WORKERS
    _report: PollReport = field(default_factory=lambda: PollReport("make"))

    def poll(self) -> PollReport:
        """Reads as much as the budget allows, the longest unasked first, and says what came of it.

        1. The list of scenarios, once in each window. 2. The logs. 3. The causes of failures; since the logs may take
        all calls, a few causes from the ticks before come first. What goes wrong with Make as a whole ends the tick
        and is kept in the platform's own cursor; nothing that was stored is undone."""
        cursors = recording.cursors_of(self.engine, "make")
        own = cursors.get(WHOLE_PLATFORM, Cursor(WHOLE_PLATFORM))
        if own.backoff_until is not None and own.backoff_until > self.now():
            return replace(self._report, resting_until=own.backoff_until, trouble=own.last_failure)
        try:
            own = self._list(own)
            self._causes(self.budget.left // SHARE_OF_CAUSES)
            self._logs(cursors)
            self._causes(self.budget.left)
        except CallsSpentError:
            self._report = replace(self._report, spent=True)
        except MakeApiError as error:
            self._rest(own, error)
        else:
            if own.failures and (self._report.read or not self._report.scenarios):
                recording.record(self.engine, "make", [], [recovered(own, own.polled_at or self.now(), None)])
        return self._report

    # -- 1. the list ---------------------------------------------------------------------------------------------

    def _list(self, own: Cursor) -> Cursor:
        now = self.now()
        if own.polled_at is not None and own.polled_at >= window_of(now):
            return own
        listed = listed_on_make(self.api, self.team)
        self._report = replace(self._report, discovery=registry.discover(self.engine, "make", listed, now))
        self._plan(now)
        moved = replace(own, polled_at=now - self.api.clock.behind)
        recording.record(self.engine, "make", [], [moved])
        return moved

    def _plan(self, now: datetime) -> None:
        try:
            organization = self.api.teams.get(self.team).organization_id
            if organization is None:
                return
            found = self.api.organizations.get(organization)
        except MakePermissionError:
            return  # a key may be allowed to read scenarios only
        limit = found.license.operations
        recording.keep_plan(self.engine, Plan("make", limit, found.operations, found.next_reset, now))
        self._report = replace(self._report, calls_per_minute=found.license.api_limit)

    # -- 2. the logs ---------------------------------------------------------------------------------------------

    def _logs(self, cursors: dict[str, Cursor]) -> None:
        now = self.now()
        known = registry.scenarios(self.engine, "make")
        whose = turn(known.values(), cursors, now)
        missed = tuple(str(one.key) for one in uncovered(known.values(), cursors, now))
        open_ones = self._oldest_running()
        self._report = replace(
            self._report, scenarios=len(known), due=len(whose.due), waiting=whose.waiting, missed=missed
        )
        troubles: list[MakeApiError] = []
        batch: list[_Reading] = []
        for reading in self._readings(whose.due, cursors, open_ones):
            batch.append(reading)
            if reading.fatal:
                troubles.append(reading.fatal)
            if len(troubles) >= TOLERATED_FAILURES or isinstance(reading.fatal, (MakeKeyError, MakeRateLimitError)):
                self.budget.stop()
            if len(batch) >= STORED_AT_ONCE:
                self._keep(batch)
                batch = []
        self._keep(batch)
        serious = [one for one in troubles if isinstance(one, (MakeKeyError, MakeRateLimitError))]
        if serious or len(troubles) >= TOLERATED_FAILURES:
            raise (serious or troubles)[0]

    def _readings(
        self, due: Sequence[str], cursors: Mapping[str, Cursor], open_ones: Mapping[str, datetime]
    ) -> Iterator[_Reading]:
        """What the logs gave, as they answer. None is begun after the calls were spent."""
        to_come = iter(due)
        with ThreadPoolExecutor(self.workers) as pool:

            def begin(most: int) -> set[Future[_Reading]]:
                return {
                    pool.submit(self._read, cursors.get(one, Cursor(one)), open_ones.get(one))
                    for one in islice(to_come, most)
                }

            running = begin(self.workers)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                readings = [task.result() for task in done]
                if not any(one.cut for one in readings):
                    running |= begin(len(done))
                yield from readings

    def _oldest_running(self) -> dict[str, datetime]:
        """Since when each scenario has a run that hasn't ended; one whose line never came again is given up."""
        oldest: dict[str, datetime] = {}
        for key, started in recording.running(self.engine, "make").values():
            if started < self.now() - GIVEN_UP_AFTER:
                continue
            oldest[key.external_id] = min(started, oldest.get(key.external_id, started))
        return oldest

    def _read(self, cursor: Cursor, running_since: datetime | None) -> _Reading:
        """One scenario's log, forward. What was read before the calls were spent, or a call failed, is kept."""
        now, key = self.now(), ScenarioKey("make", cursor.external_id)
        since = now - FIRST_READ if cursor.read_to is None else cursor.read_to - OVERLAP
        since = min(since, running_since) if running_since else since
        reading = _Reading(cursor)
        try:
            for entry in self.api.executions.list(int(key.external_id), since=since, newest_first=False, page=PAGE):
                reading.executions.append(_execution(key, entry))
        except CallsSpentError:
            reading.cut = True
        except MakeNotFoundError as error:
            reading.fault = error
        except MakeApiError as error:
            reading.fault = reading.fatal = error
        reading.settle(now, now - self.api.clock.behind)
        return reading

    def _keep(self, batch: list[_Reading]) -> None:
        moved = [one.moved for one in batch if one.moved is not None]
        if not moved:
            return
        executions = [execution for one in batch for execution in one.executions]
        self._report = self._report.plus(
            recording.record(self.engine, "make", executions, moved, self.now()),
            read=sum(one.complete for one in batch),
            failed=sum(one.fault is not None for one in batch),
        )

    # -- 3. the causes -------------------------------------------------------------------------------------------

    def _causes(self, most: int) -> None:
        asked = recording.unexplained(self.engine, "make", self.now(), min(EXPLAINED_A_TICK, most))
        found: dict[tuple[Platform, str], ExecutionError] = {}
        with ThreadPoolExecutor(self.workers) as pool:
            for one, error in zip(asked, pool.map(self._cause, asked), strict=True):
                if error is not None:
                    found[one.scenario.platform, one.execution_id] = error
        recording.explain(self.engine, found)
        self._report = replace(self._report, explained=self._report.explained + len(found))

    def _cause(self, one: Execution) -> ExecutionError | None:
        """Why it failed; None where Make doesn't say it now, so that it is asked again."""
        try:
            return cause_of(self.api.executions.get(int(one.scenario.external_id), one.execution_id))
        except MakeNotFoundError:
            return ExecutionError()
        except (CallsSpentError, MakeApiError):
            return None

    # -- failures ------------------------------------------------------------------------------------------------

    def _rest(self, own: Cursor, error: MakeApiError) -> None:
        limited = isinstance(error, MakeRateLimitError)
        if limited and self._report.read:
            own = replace(own, failures=0, failing_since=None)  # others call too, but there is progress
        cursor = failed(own, error.what, self.now(), LIMITED_PAUSE if limited else timedelta(0))
        recording.record(self.engine, "make", [], [cursor])
        self._report = replace(self._report, resting_until=cursor.backoff_until, trouble=error.what)


@dataclass
class _Reading:
    """What one scenario's log gave. `cut`: the calls were spent; `fault`: it failed; `fatal`: so may all others."""

    before: Cursor
    executions: list[Execution] = field(default_factory=list)
    cut: bool = False
    fault: MakeApiError | None = None
    fatal: MakeApiError | None = None
    moved: Cursor | None = None

    @property
    def complete(self) -> bool:
        """Whether all was read that there is."""
        return not self.cut and self.fault is None

    def settle(self, now: datetime, read_at: datetime) -> None:
        """Works out the cursor: behind what was read, by Make's own clock, which showed `read_at` at that moment if it
        is behind ours; nowhere where nothing was."""
        furthest = max((one.started for one in self.executions), default=None)
        if self.complete:
            self.moved = recovered(self.before, read_at, furthest)
        elif self.fault is not None and not isinstance(self.fault, (MakeKeyError, MakeRateLimitError)):
            self.moved = failed(self.before, self.fault.what, now)
        elif self.executions:
            self.moved = self.before
        if self.moved is not None and furthest is not None and not self.complete:
            self.moved = replace(self.moved, read_to=max(furthest, self.before.read_to or furthest))


def listed_on_make(api: MakeApi, team: int) -> list[registry.Listed]:
    """The team's scenarios with their states. Raises `MakeApiError`."""
    return [
        registry.Listed(str(one.id), one.name, one.is_active and not one.is_paused, one.is_invalid, one.dlq_count)
        for one in api.scenarios.list(team=team, page=PAGE)
    ]


def cause_of(found: MakeExecution) -> ExecutionError:
    """Why an execution failed, in the terms of monitoring."""
    if found.error is None:
        return ExecutionError()
    cause, message = found.error.cause_module, found.error.message
    status = _STATUS.search(message)
    return ExecutionError(
        type=found.error.name,
        message=message,
        step=cause.name if cause else "",
        status=int(status[1]) if status else None,
        connection=cause.app_name if cause else "",
    )


def _execution(key: ScenarioKey, entry: LogEntry) -> Execution:
    outcome = _OUTCOMES.get(entry.status, "error")
    started = entry.timestamp if entry.timestamp.tzinfo else entry.timestamp.replace(tzinfo=UTC)
    if outcome == "running":
        return Execution(key, entry.id, started, outcome)
    finished = started + timedelta(milliseconds=entry.duration)
    return Execution(key, entry.id, started, outcome, finished, entry.duration, entry.operations)
