"""The facts of a monthly report: figures, dates and kinds, in no language. Everything that the report says is laid out
from these; two reports with the same facts say the same.

Money is at list prices and in the vendor's currency, unless a field says otherwise. Times are UTC, days those of the
agency's time zone; a scenario's incidents and state are those at the end of the month, whatever came later.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from pydantic import Field

from manageai_assets.clients.models import OpportunityKind, Result, RiskPart
from manageai_assets.monitoring.models import IncidentKind, Platform, Severity

State = Literal["healthy", "incident", "failures", "off", "gone"]
Weight = Literal["low", "medium", "high"]


class Figures(Result):
    """What was done in a month, or in a part of one."""

    runs: int = 0
    failed: int = 0
    make_operations: int = 0
    n8n_executions: int = 0
    make_cost: Decimal | None = Field(default=Decimal("0.00"), description="None: the vendor must be asked")
    n8n_cost: Decimal | None = Field(default=Decimal("0.00"), description="hosted by n8n; None: the vendor is to ask")
    hand_steps: int = Field(default=0, description="steps that went through and that a person would have done by hand")
    hours: Decimal = Field(default=Decimal("0.0"), description="that these would have taken")


class MonthLine(Figures):
    """A month of the trend."""

    month: dt.date = Field(description="its first day")


class DayLine(Result):
    """A day of the month."""

    runs: int = 0
    failed: int = 0
    operations: int = 0


class ScenarioFacts(Result):
    """A scenario that was there for some of the month."""

    key: str
    name: str
    platform: Platform
    state: State = Field(description="at the month's end")
    trouble: IncidentKind | None = Field(default=None, description="of the incident that it isn't healthy for")
    recent_runs: int = Field(default=0, description="of the last week, where these failed too often")
    recent_failed: int = 0
    since: dt.date | None = Field(description="its first day, where that lies in the month")
    gone: dt.date | None = Field(description="the day on which it went")
    runs: int
    failed: int
    operations: int
    operations_before: int | None = Field(description="of the month before; None: it wasn't there")
    cost: Decimal | None = Field(description="its share of the platform's bill, by operations")
    cost_before: Decimal | None
    days: tuple[DayLine, ...] = Field(description="one for each day of the month")


class IncidentFacts(Result):
    """An incident that was open for some of the month. Those that are part of a wider one are told with it."""

    kind: IncidentKind
    severity: Severity
    platform: Platform
    scenarios: tuple[str, ...] = Field(description="the client's")
    opened_at: dt.datetime
    resolved_at: dt.datetime | None = Field(description="None: it was still open at the month's end")
    answered_after: int | None = Field(description="minutes until somebody took it")
    open_for: int = Field(description="minutes from its opening to its end, or to the month's end")


class IncidentTotals(Result):
    """How incidents went."""

    opened: int
    brought_along: int = Field(description="open since before the month")
    resolved: int
    still_open: int
    median_minutes: int | None = Field(description="to the end of those that were resolved")
    longest_minutes: int | None
    answered_median: int | None = Field(description="to the first answer of a person")


class RiskFacts(Result):
    """All risks of one kind."""

    part: RiskPart
    weight: Weight
    points: Decimal = Field(description="that they add to the risk score")
    scenarios: tuple[str, ...]


class Recommendation(Result):
    """Something worth doing, and what it brings. `worth` and what follows are in the agency's currency."""

    kind: OpportunityKind
    scenarios: tuple[str, ...]
    step: str
    app: str
    saving: Decimal | None = Field(description="of the bill, a month, in the vendor's currency")
    currency: str
    operations: int
    failures: int
    hours: Decimal = Field(description="of work that it takes")
    price: Decimal = Field(description="of that work")
    worth: Decimal | None = Field(description="a month: money that is saved, or time; None: it can't be said in money")
    first_year: Decimal | None = Field(description="twelve months' worth less the price")
    pays_after: Decimal | None = Field(description="months until the price is back")
    return_percent: int | None = Field(description="the first year's gain, in percent of the price")


class Outlook(Result):
    """What a platform is expected to take in the next month; the band holds four months in five."""

    platform: Platform
    expected: int
    low: int | None
    high: int | None
    cost: Decimal | None


class Assumption(Result):
    """Something that the report takes for granted."""

    name: str
    value: Decimal
    why: str


class Change(Result):
    """A figure that differs from the revision before."""

    what: str = Field(description="the field's name, as `totals.runs`")
    scenario: str = Field(default="", description="the scenario it is about; empty: the whole")
    before: str = Field(description="what the revision before said")
    after: str = Field(description="what this one says")


class MonthlyReport(Result):
    """Everything that the report of a client and a month says."""

    client: str
    month: dt.date = Field(description="its first day")
    zone: str
    joined: dt.date | None = Field(description="the client's first day, where that lies in the month")
    currency: str = Field(description="the agency's")
    make_currency: str
    n8n_currency: str
    prices_as_of: dt.date
    totals: Figures
    before: Figures | None = Field(description="the month before; None: the client wasn't there")
    n8n_own_cost: Decimal | None = Field(description="the same on an own server")
    hours_value: Decimal = Field(description="what the saved hours cost the client otherwise, agency's currency")
    hour: Decimal = Field(description="of the client's people, agency's currency")
    work_hour: Decimal = Field(description="price of an hour of the agency")
    scenarios_there: int = Field(description="at the month's end")
    scenarios_healthy: int
    days: tuple[DayLine, ...]
    months: tuple[MonthLine, ...] = Field(description="up to this one, six at most")
    scenarios: tuple[ScenarioFacts, ...] = Field(description="those with trouble first, then by operations")
    incident_totals: IncidentTotals
    incidents: tuple[IncidentFacts, ...] = Field(description="by their opening")
    risk_score: int
    risk_score_before: int | None
    risks: tuple[RiskFacts, ...]
    recommendations: tuple[Recommendation, ...]
    outlook: tuple[Outlook, ...] = Field(description="of the platforms that are used")
    assumptions: tuple[Assumption, ...]

    @property
    def day_count(self) -> int:
        """Days of the month."""
        return len(self.days)

    @property
    def success_percent(self) -> Decimal | None:
        """Share of runs that went through, to a tenth; never rounded up to 100. None: there were none."""
        return success_percent(self.totals)


def success_percent(figures: Figures) -> Decimal | None:
    """Share of runs that went through, in percent, to a tenth, rounded down: 100 means all. None: there were none."""
    if not figures.runs:
        return None
    return Decimal((figures.runs - figures.failed) * 1000 // figures.runs) / 10
