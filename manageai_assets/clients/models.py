"""The words of client intelligence: what scenarios did day by day, and what that says of a client on a day.

Days are those of the agency's time zone. Operations are what the platform bills: operations on Make, executions on n8n.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from manageai_assets.monitoring.models import IncidentKind, Platform, Scenario, Severity

RiskPart = Literal[
    "error_handling", "single_point", "open_incidents", "plan_limit", "rising_errors", "unowned", "untested",
    "unsupported", "personal_data", "unmanaged", "changed", "unused_access", "credential_expiry",
]  # fmt: skip
OpportunityKind = Literal[
    "move_to_n8n", "webhook_for_polling", "batch_loop", "merge_scenarios", "cache_lookup", "error_handling",
    "next_automation", "plan_change",
]  # fmt: skip

DriftHow = Literal["added", "removed", "changed"]


class Totals(NamedTuple):
    """What a scenario did over one day or several."""

    executions: int = 0
    errors: int = 0
    operations: int = 0
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident of a scenario: from when to when it was open; `resolved_at` None: it still is."""

    kind: IncidentKind
    severity: Severity
    what: str
    opened_at: dt.datetime
    resolved_at: dt.datetime | None

    def is_open(self, moment: dt.datetime) -> bool:
        """Whether it was open then."""
        return self.opened_at < moment and (self.resolved_at is None or self.resolved_at >= moment)


@dataclass(frozen=True, slots=True)
class Drift:
    """How a scenario stood from a day on, compared with a build; no changes: it was the same."""

    since: dt.date
    slug: str
    version: int
    changes: tuple[DriftChange, ...]


@dataclass(frozen=True, slots=True)
class Unused:
    """An account that no active scenario names, since a day; `scenarios` are those that name it all the same."""

    platform: Platform
    name: str
    kind: str
    scenarios: tuple[str, ...]
    since: dt.date


@dataclass(frozen=True, slots=True)
class Expiring:
    """An account whose access ends, and the scenarios that name it."""

    platform: Platform
    name: str
    kind: str
    scenarios: tuple[str, ...]
    expires: dt.datetime


@dataclass(frozen=True, slots=True)
class Work:
    """A scenario with what it did. `born` is the first day on which it was known or ran."""

    scenario: Scenario
    born: dt.date
    days: Mapping[dt.date, Totals] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    drifts: tuple[Drift, ...] = ()

    def on(self, day: dt.date) -> Totals:
        """What it did on a day."""
        return self.days.get(day, NOTHING)

    def over(self, last: dt.date, count: int) -> Totals:
        """What it did over `count` days up to `last`."""
        if not self.days:
            return NOTHING
        found = [one for ago in range(count) if (one := self.days.get(last - dt.timedelta(ago)))]
        return Totals(*map(sum, zip(*found, strict=True))) if found else NOTHING

    def changes(self, day: dt.date) -> tuple[DriftChange, ...]:
        """What differed on a day from the build that is delivered there, as far as it was compared by then."""
        build = (self.scenario.slug, self.scenario.version)
        known = [one for one in self.drifts if one.since <= day and (one.slug, one.version) == build]
        return max(known, key=lambda one: one.since).changes if known else ()

    def is_there(self, day: dt.date, end: dt.datetime) -> bool:
        """Whether its platform had it at the day's end."""
        gone = self.scenario.gone_at
        return self.born <= day and (gone is None or gone >= end)

    def is_active(self, end: dt.datetime) -> bool:
        """Whether it was switched on then, as far as its last change tells."""
        changed = self.scenario.active_changed_at
        return self.scenario.active if changed is None or changed < end else not self.scenario.active


NOTHING = Totals()


class Result(BaseModel):
    """Base of what is stored and shown: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(Result):
    """What a platform bills for. The band holds four months in five, as far as days are independent of each other;
    None where less than a week is known."""

    day: int = Field(ge=0, description="on the day")
    month: int = Field(ge=0, description="from the 1st to the day, measured")
    projected: int = Field(ge=0, description="the whole month, expected")
    low: int | None = Field(default=None, description="lower end of the band")
    high: int | None = Field(default=None, description="upper end of the band")


class Risk(Result):
    """One danger, with what it adds to the score."""

    part: RiskPart = Field(description="part of the score that it adds to")
    points: Decimal = Field(description="added to the score before it is cut at 100")
    scenario: str = Field(description="its name; several are parted by commas")
    step: str = Field(default="", description="title of the step; empty where it concerns the whole scenario")
    what: str = Field(description="what is dangerous")
    remedy: str = Field(description="what to do about it")


class Opportunity(Result):
    """Something worth doing, with the sums that say so."""

    kind: OpportunityKind = Field(description="kind of opportunity")
    title: str = Field(description="what to do")
    scenarios: tuple[str, ...] = Field(description="names of the scenarios that it concerns")
    step: str = Field(default="", description="title of the step; empty where it concerns more than one")
    app: str = Field(default="", description="app that an automation is missing with, or platform of another plan")
    saving: Decimal | None = Field(description="of money a month; null: it isn't money that this saves")
    currency: str = Field(default="", description="of the saving, such as USD; empty without one")
    operations: int = Field(default=0, description="operations a month that it saves")
    failures: int = Field(default=0, description="failed executions a month that it is about")
    hours: Decimal = Field(gt=0, description="of delivery work that it takes")
    arithmetic: tuple[str, ...] = Field(description="how the numbers come about, line by line")
    sources: tuple[str, ...] = Field(description="where the numbers are from")


class DriftChange(Result):
    """One difference between what was delivered and what runs."""

    step: str = Field(description="title of the step; empty: the scenario as a whole")
    field: str = Field(description="path of the field; empty: the step as a whole")
    how: DriftHow = Field(description="what happened to it since it was delivered")

    def __str__(self) -> str:
        place = self.step or "the scenario"
        return f"{place}: {self.field} {self.how}" if self.field else f"{place} {self.how}"


class ScenarioLine(Result):
    """A scenario of the client, as the details list it."""

    scenario: str = Field(description="`platform:external_id`")
    name: str = Field(description="its name on the platform")
    platform: Platform = Field(description="where it runs")
    build: str = Field(description="`slug@vN` that it was deployed from; empty: none")
    active: bool = Field(description="switched on at the day's end")
    healthy: bool = Field(description="switched on and without trouble")
    trouble: str = Field(description="why it isn't healthy; empty when it is")
    executions_28: int = Field(description="executions of the last 28 days")
    errors_28: int = Field(description="of these, failed")
    operations_28: int = Field(description="operations of the last 28 days")


class Details(Result):
    """What stands behind the numbers."""

    scenarios: tuple[ScenarioLine, ...] = Field(description="those that are there at the day's end")
    platforms: dict[str, int] = Field(description="scenarios by platform")
    apps: dict[str, int] = Field(description="scenarios by app, the most used first")


class ClientSnapshot(Result):
    """A client at the end of a day. Its fields are the columns of the table `client_snapshots`, the usages spread."""

    customer_name: str
    snapshot_date: dt.date
    scenarios_total: int
    scenarios_active: int
    scenarios_healthy: int
    executions: int
    errors: int
    make: Usage
    n8n: Usage
    make_cost: Decimal | None
    n8n_cloud_cost: Decimal | None
    n8n_self_hosted_cost: Decimal | None
    make_currency: str
    n8n_currency: str
    risk_score: int
    opportunity_score: int
    risks: tuple[Risk, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    details: Details
