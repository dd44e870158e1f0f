"""How scenarios in made-up histories behave: by a clock or by chance, with nights, weekends, growth and usual failures.

Nothing here knows the thresholds of the rules that are measured on it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from manageai_assets.monitoring.models import (
    PLATFORMS,
    Execution,
    ExecutionError,
    IncidentKind,
    Plan,
    Platform,
    Scenario,
    ScenarioKey,
)

LEARNT_FOR = timedelta(days=28)
WATCHED_FOR = timedelta(days=3)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

Clock = Literal["clock", "business hours", "daily", "chance"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Trouble:
    """Something truly wrong: from when to when, on which scenario (None: on the platform)."""

    kind: IncidentKind
    scenario: ScenarioKey | None
    start: datetime
    end: datetime
    may: tuple[IncidentKind, ...] = ()
    """Kinds that are true of it too; whether they are reported doesn't count."""


@dataclass
class History:
    """Scenarios of one client with all their runs (in the order of their starts), when one was switched off, the plan's
    daily use, and the troubles. It is watched from `start` for `WATCHED_FOR`."""

    name: str
    start: datetime
    scenarios: list[Scenario] = field(default_factory=list)
    runs: dict[ScenarioKey, list[Execution]] = field(default_factory=dict)
    off_since: dict[ScenarioKey, datetime] = field(default_factory=dict)
    plan_limit: int | None = None
    plan_days: list[int] = field(default_factory=list)
    """Operations of each day, the first one `LEARNT_FOR` before `start`."""
    plan_resets: datetime | None = None
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def end(self) -> datetime:
        """When watching ends."""
        return self.start + WATCHED_FOR

    def state(self, scenario: Scenario, at: datetime) -> Scenario:
        """The scenario as the platform has it at a moment."""
        off = self.off_since.get(scenario.key)
        return replace(scenario, active=False, active_changed_at=off) if off and off <= at else scenario

    def plan(self, at: datetime) -> tuple[Plan, Sequence[int]] | None:
        """The plan at a moment, with the operations of the whole days before."""
        if self.plan_limit is None or self.plan_resets is None:
            return None
        began = self.start - LEARNT_FOR
        days = int((at - began) / DAY)
        since = max(0, int((self.plan_resets - 30 * DAY - began) / DAY))
        today = (at - began) / DAY - days
        used = sum(self.plan_days[since:days]) + round(today * self.plan_days[days])
        plan = Plan(self.scenarios[0].key.platform, self.plan_limit, used, self.plan_resets, at)
        return plan, self.plan_days[max(0, days - 14) : days]


@dataclass(frozen=True)
class Manner:
    """How a scenario usually behaves."""

    clock: Clock
    minutes: float
    """By a clock: from one run to the next. By chance: on average, in its busiest hours."""
    opens: int
    closes: int
    weekend: float
    """Share of a weekday's work at weekends."""
    items: float
    items_spread: float
    seconds: float
    seconds_spread: float
    failures: float
    day_spread: float
    growth: float = 0.0


MESSAGES: Mapping[str, tuple[ExecutionError, ...]] = {
    "timeout": (ExecutionError("ModuleTimeoutError", "The operation timed out.", "Find a contact"),),
    "server": (
        ExecutionError("ConnectionError", "503 Service Unavailable", "Add a row"),
        ExecutionError("NodeApiError", "The service was not able to process your request", "Create a deal", 500),
    ),
    "data": (
        ExecutionError("DataError", "Invalid email address in parameter 'to'.", "Send an email"),
        ExecutionError("BundleValidationError", "Missing value of required parameter 'name'.", "Create a deal"),
        ExecutionError("NodeApiError", "Bad request - please check your parameters", "Add a row", 400),
    ),
    "limit": (
        ExecutionError("RateLimitError", "429: too many requests", "Search rows"),
        ExecutionError("NodeApiError", "The service is receiving too many requests from you", "Add a row", 429),
    ),
    "account": (
        ExecutionError(
            "AccountValidationError", "The access token has expired.", "Send an email", None, "Mail of Acme"
        ),
        ExecutionError("NodeApiError", "Authorization failed - please check your credentials", "Add a row", 401),
        ExecutionError("RuntimeError", "[403] Forbidden: the caller does not have permission", "Create a deal"),
    ),
    "code": (ExecutionError("RuntimeError", "Function 'toNumber' not found!", "Set fields"),),
}
_USUAL_FAILURES = ("timeout",) * 9 + ("server",) * 10 + ("data",) * 8 + ("limit",) * 2 + ("account",)


class Maker:
    """One history in the making."""

    def __init__(self, name: str, seed: str) -> None:
        self.chance = random.Random(seed)
        self.platform: Platform = self.chance.choice(PLATFORMS)
        day = self.chance.randrange(7)
        hour = self.chance.randrange(24)
        self.history = History(name, MONDAY + LEARNT_FOR + day * DAY + hour * HOUR)

    # -- usual behaviour ---------------------------------------------------------------------------------------------

    def manner(self, *clocks: Clock, noisy: bool = False, busy: bool = False) -> Manner:
        """A way to behave, of one of these kinds. Busy ones run at least eight times in each of their hours."""
        chance = self.chance
        clock = chance.choice(clocks or ("clock", "business hours", "daily", "chance"))
        minutes = {
            "clock": chance.choice((5, 5) if busy else (5, 15, 15, 30, 60)),
            "business hours": chance.choice((5, 5) if busy else (10, 15, 30, 60)),
            "daily": 1440,
            "chance": 60 / chance.uniform(8, 30)
            if busy
            else 60 / math.exp(chance.uniform(math.log(0.5), math.log(25))),
        }[clock]
        opens = chance.randrange(6, 10)
        return Manner(
            clock=clock,
            minutes=minutes,
            opens=opens,
            closes=opens + chance.randrange(8, 12),
            weekend=chance.choice((0.0, 0.0, 0.1, 0.4, 1.0)),
            items=chance.choice((0.5, 1, 1, 3, 10, 40, 150)),
            items_spread=chance.uniform(0.2, 0.6) * (1.4 if noisy else 1),
            seconds=math.exp(chance.uniform(0, 3.5)),
            seconds_spread=chance.uniform(0.1, 0.5) * (1.4 if noisy else 1),
            failures=chance.uniform(0.02, 0.07) if noisy else chance.choice((0.0, 0.002, 0.01, 0.02)),
            day_spread=chance.uniform(0.25, 0.45) if noisy else chance.uniform(0.05, 0.2),
            growth=chance.uniform(-0.3, 0.5) if noisy else 0.0,
        )

    def add(self, manner: Manner, *, declared: bool | None = None, known_for: timedelta = LEARNT_FOR) -> Scenario:
        """A scenario with its usual runs."""
        number = len(self.history.scenarios) + 1
        key = ScenarioKey(self.platform, f"{4700 + number}")
        by_clock = manner.clock in ("clock", "business hours")
        says = self.chance.random() < 0.5 if declared is None else declared
        open_always = manner.clock == "clock" or known_for >= LEARNT_FOR  # nobody declares what the nights would break
        cadence = round(manner.minutes * 60) if says and by_clock and open_always else None
        scenario = Scenario(
            key, f"Scenario {number}", slug=f"scenario-{number}", version=1, customer="Acme", cadence_seconds=cadence,
            managed=True, active_changed_at=self.history.start - known_for,
        )  # fmt: skip
        self.history.scenarios.append(scenario)
        began = self.history.start - known_for
        days = {n: math.exp(self.chance.gauss(0, manner.day_spread)) for n in range(LEARNT_FOR.days + 5)}
        runs = (self._usual(scenario, manner, start, days) for start in self._starts(manner, began, days))
        self.history.runs[key] = list(runs)
        return scenario

    def _starts(self, manner: Manner, since: datetime, days: Mapping[int, float]) -> Iterator[datetime]:
        match manner.clock:
            case "clock" | "business hours":
                yield from self._by_clock(manner, since)
            case "daily":
                yield from self._daily(manner, since)
            case "chance":
                yield from self._by_chance(manner, since, days)

    def _by_clock(self, manner: Manner, since: datetime) -> Iterator[datetime]:
        moment = since + timedelta(minutes=self.chance.random() * manner.minutes)
        while moment < self.history.end:
            open_now = manner.opens <= moment.hour < manner.closes and moment.weekday() < 5
            if manner.clock == "clock" or open_now:
                yield moment + timedelta(seconds=self.chance.expovariate(1 / 8))
            moment += timedelta(minutes=manner.minutes)

    def _daily(self, manner: Manner, since: datetime) -> Iterator[datetime]:
        moment = since.replace(hour=manner.opens, minute=self.chance.randrange(60))
        while moment < self.history.end:
            if moment >= since and (manner.weekend or moment.weekday() < 5):
                yield moment + timedelta(seconds=self.chance.expovariate(1 / 60))
            moment += DAY

    def _by_chance(self, manner: Manner, since: datetime, days: Mapping[int, float]) -> Iterator[datetime]:
        moment, most = since, 60 / manner.minutes * 3
        while True:
            moment += timedelta(hours=self.chance.expovariate(most))
            if moment >= self.history.end:
                return
            if self.chance.random() < self._rate(manner, moment, days) / most:
                yield moment
                while self.chance.random() < 0.15:  # people do things twice
                    moment += timedelta(seconds=self.chance.uniform(5, 120))
                    yield moment

    def _rate(self, manner: Manner, moment: datetime, days: Mapping[int, float]) -> float:
        since = (moment - self.history.start + LEARNT_FOR) / LEARNT_FOR
        middle = (manner.opens + manner.closes) / 2
        away = abs((moment.hour + moment.minute / 60 - middle + 12) % 24 - 12)
        course = 0.02 + 0.98 / (1 + math.exp(1.5 * (away - (manner.closes - manner.opens) / 2)))
        weekend = manner.weekend if moment.weekday() >= 5 else 1.0
        today = days[min(len(days) - 1, int(since * LEARNT_FOR.days))]
        return 60 / manner.minutes * course * weekend * today * (1 + manner.growth * since)

    def _usual(self, scenario: Scenario, manner: Manner, start: datetime, days: Mapping[int, float]) -> Execution:
        chance = self.chance
        day = int((start - self.history.start + LEARNT_FOR) / DAY)
        items = manner.items * days[min(len(days) - 1, day)] * math.exp(chance.gauss(0, manner.items_spread))
        count = int(items) + (chance.random() < items - int(items))
        seconds = manner.seconds * math.exp(chance.gauss(0, manner.seconds_spread))
        seconds *= 0.7 + 0.3 * count / max(1.0, manner.items)
        if chance.random() < 0.01:
            seconds *= chance.uniform(3, 10)
        failed = chance.random() < manner.failures
        error = chance.choice(MESSAGES[chance.choice(_USUAL_FAILURES)]) if failed else None
        return Execution(
            scenario=scenario.key,
            execution_id=f"{chance.getrandbits(64):016x}",
            started=start,
            finished=start + timedelta(seconds=seconds),
            duration_ms=round(seconds * 1000),
            outcome="error" if failed else "success",
            operations=1 + (chance.randrange(3) if failed else 3 * count),
            items=(0 if failed else count) if scenario.key.platform == "n8n" else None,
            error=error,
        )

    # -- troubles ----------------------------------------------------------------------------------------------------

    def begin(self, scenario: Scenario, *, before_end: timedelta) -> datetime:
        """A moment in the watched time, when the scenario has just run, with some of the time left."""
        latest = self.history.end - before_end
        moments = [one.started for one in self.history.runs[scenario.key] if self.history.start < one.started < latest]
        return self.chance.choice(moments) if moments else self.history.start + HOUR

    def change(
        self, scenario: Scenario, start: datetime, end: datetime, how: Callable[[Execution], Execution | None]
    ) -> list[Execution]:
        """Changes the runs of a time, or drops those of which `how` leaves nothing; gives what has come of them."""
        changed: list[Execution] = []
        kept: list[Execution] = []
        for run in self.history.runs[scenario.key]:
            if not start < run.started <= end:
                kept.append(run)
            elif (other := how(run)) is not None:
                changed.append(other)
                kept.append(other)
        self.history.runs[scenario.key] = kept
        return changed

    def failing(self, kind: str, share: float = 1.0) -> Callable[[Execution], Execution]:
        """Runs fail with one of the errors of a kind."""
        error = self.chance.choice(MESSAGES[kind])

        def how(run: Execution) -> Execution:
            return failed(run, error) if self.chance.random() < share else run

        return how

    def withdraw(self, scenario: Scenario) -> None:
        """Takes a scenario back on which nobody could see what is wrong."""
        self.history.scenarios.remove(scenario)

    def trouble(
        self, kind: IncidentKind, scenario: Scenario | None, start: datetime, end: datetime, *may: IncidentKind
    ) -> None:
        """Writes down what is truly wrong."""
        self.history.troubles.append(Trouble(kind, scenario.key if scenario else None, start, end, may))


def failed(run: Execution, error: ExecutionError) -> Execution:
    """The run as it would have been had it failed."""
    items = None if run.items is None else 0
    return replace(run, outcome="error", error=error, operations=min(run.operations, 2), items=items)
