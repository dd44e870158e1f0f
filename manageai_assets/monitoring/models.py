"""The words of monitoring: scenarios in production, their executions, and what is found out from them.

Times are aware and in UTC; durations are whole milliseconds. A window is named by its start and lasts `WINDOW`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args

from pydantic import JsonValue

Platform = Literal["make", "n8n"]
"""Platforms whose scenarios can be watched."""
Outcome = Literal["running", "success", "warning", "error"]
IncidentKind = Literal[
    "error_spike", "credential_failure", "rate_limit", "consecutive_failures", "silence", "slow_down",
    "operations_burn", "data_anomaly", "platform_outage", "switched_off", "poll_failure",
]  # fmt: skip
Severity = Literal["low", "medium", "high", "critical"]
IncidentStatus = Literal["open", "acknowledged", "silenced", "resolved"]
IncidentEventKind = Literal[
    "opened", "recurred", "severity_changed", "acknowledged", "silenced", "unsilenced", "assigned", "noted",
    "escalated", "resolved", "reopened",
]  # fmt: skip
AlertStatus = Literal["pending", "sent", "failed", "dropped"]
"""pending: to be sent, again if need be; failed: given up; dropped: not wanted any more."""

PLATFORMS: tuple[Platform, ...] = get_args(Platform)
INCIDENT_KINDS: tuple[IncidentKind, ...] = get_args(IncidentKind)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the least to the worst."""

WINDOW = timedelta(minutes=15)
FIRST_WINDOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Windows are counted from here; what a platform's broken clock puts before is stored, and in no window."""
LOOK_BACK = timedelta(hours=1)
"""A snapshot tells of the executions that ended in this long up to its window's end."""


class ScenarioKey(NamedTuple):
    """What names a scenario in production: its platform, and its id there as a text."""

    platform: Platform
    external_id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario in production. Unmanaged ones were found on the platform and come from no build: no slug, no
    version."""

    key: ScenarioKey
    name: str
    slug: str | None = None
    version: int | None = None
    customer: str = ""
    cadence_seconds: int | None = None
    """Expected seconds from one run to the next; None: not declared."""
    contact: str = ""
    paused: bool = False
    """The agency doesn't want it watched for now."""
    managed: bool = False
    active: bool = True
    """The platform lets it run, as far as was last seen."""
    invalid: bool = False
    """The platform says that it can't run as it is."""
    active_changed_at: datetime | None = None
    """When the platform was first seen with this `active`; None: never seen otherwise."""
    gone_at: datetime | None = None
    """Since when the platform doesn't have it any more."""
    incomplete: int = 0
    """Executions that wait on Make to be completed."""


@dataclass(frozen=True, slots=True)
class ExecutionError:
    """Why an execution failed, as far as the platform says. `step` is the module or node, `connection` its account."""

    type: str = ""
    message: str = ""
    step: str = ""
    status: int | None = None
    """HTTP status that the step's service answered with."""
    connection: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a scenario. `finished`, `duration_ms` are None while it is running."""

    scenario: ScenarioKey
    execution_id: str
    started: datetime
    outcome: Outcome
    finished: datetime | None = None
    duration_ms: int | None = None
    operations: int = 0
    items: int | None = None
    """Records that went through, where the platform says it."""
    error: ExecutionError | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How one scenario did in the `LOOK_BACK` up to the end of the window that starts at `window_start`. Scenarios
    without an ended execution in that time have none."""

    scenario: ScenarioKey
    window_start: datetime
    executions: int
    errors: int
    warnings: int
    p50_ms: int
    p95_ms: int
    operations: int
    items: int | None = None
    last_finished: datetime | None = None
    last_error: ExecutionError | None = None
    last_error_at: datetime | None = None

    @property
    def success_rate(self) -> float:
        """Share of executions without an error, 0 to 1."""
        return 1 - self.errors / self.executions


@dataclass(frozen=True, slots=True)
class Plan:
    """What a platform's plan gives in its period, and what is used of it; None where it isn't said."""

    platform: Platform
    operations_limit: int | None
    operations_used: int | None
    resets_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong that a rule sees at a moment. `fingerprint` is the same for the same trouble; `scenario` is None
    for what concerns a whole platform."""

    kind: IncidentKind
    severity: Severity
    fingerprint: str
    platform: Platform
    scenario: ScenarioKey | None
    since: datetime
    what: str
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """A trouble from its first finding to its end; recurrences count on it while it is open."""

    id: int
    fingerprint: str
    kind: IncidentKind
    severity: Severity
    status: IncidentStatus
    platform: Platform
    scenario: ScenarioKey | None
    what: str
    since: datetime
    opened_at: datetime
    last_seen_at: datetime
    count: int = 1
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    parent_id: int | None = None
    healthy_since: datetime | None = None
    """First window in which it wasn't found any more."""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    assigned_to: str = ""
    silenced_until: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One transition of an incident. `window_start` is set for what came of judging a window, else `actor` did it."""

    incident_id: int
    at: datetime
    kind: IncidentEventKind
    actor: str = ""
    note: str = ""
    window_start: datetime | None = None


def window_of(moment: datetime) -> datetime:
    """Start of the window that a moment lies in."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(WINDOW.total_seconds()), UTC)


def windows_told_by(finished: datetime) -> tuple[datetime, ...]:
    """Starts of the windows whose snapshots an execution that ended at that moment counts in, oldest first."""
    starts = (window_of(finished) + WINDOW * later for later in range(LOOK_BACK // WINDOW))
    return tuple(start for start in starts if start >= FIRST_WINDOW)
