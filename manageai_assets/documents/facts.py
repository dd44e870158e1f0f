"""The facts: everything that any document of a package says, computed once. Templates lay them out, and no more.

Sentences are in the brand's language; what the client or the rules wrote stands as it was written. Numbers are
Decimals, dates are dates: each document writes them as its locale does.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from manageai_assets.build.cost import Money
from manageai_assets.documents.brand import Brand


class Fact(BaseModel):
    """Base of the facts: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Client(Fact):
    """Who the automation is for."""

    name: str
    industry: str = ""
    country: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""


class Line(Fact):
    """One line of the flow in plain words: a step, or what leads to the steps below it (`lead`)."""

    level: int
    number: int = Field(description="of the step, from 1; 0 for a lead")
    step: str = Field(default="", description="its id")
    title: str = ""
    app: str = Field(default="", description="the app, or the kind of step")
    does: str = ""
    on_error: str = Field(default="", description="what happens when it fails")
    lead: str = ""


class Access(Fact):
    """An account that the client gives access to."""

    label: str
    app: str
    account: str = Field(description="whose account, in words")
    grants: str = Field(description="what the access allows")
    minutes: int
    plan: str = Field(default="", description="the plan that the client has there")


class Deliverable(Fact):
    """Something that the client gets."""

    name: str
    file: str = Field(description="empty for what is no file")
    what: str


class Phase(Fact):
    """One phase of the work. Days are working days from 1; dates where the intake has one."""

    name: str
    what: str
    hours: Decimal
    first_day: int
    last_day: int
    first_on: date | None
    last_on: date | None


class Milestone(Fact):
    """What is reached at the end of a working day."""

    name: str
    day: int
    on: date | None


class Plan(Fact):
    """When it is done."""

    hours: Decimal
    working_days: int
    start: date | None
    handover: date | None
    deadline: date | None
    fit: Literal["no deadline", "comfortable", "tight", "missed", "not dated"]
    note: str
    phases: tuple[Phase, ...]
    milestones: tuple[Milestone, ...]


class Payment(Fact):
    """A part of the price, without tax, and when it is due."""

    when: str
    percent: Decimal
    amount: Money


class Setup(Fact):
    """What building it costs, once."""

    hours: Decimal
    hour: Money
    net: Money
    tax_percent: Decimal
    tax: Money
    gross: Money
    payments: tuple[Payment, ...]


class Running(Fact):
    """What one platform charges for it. `monthly` None: the vendor must be asked."""

    platform: str
    wanted: bool = Field(description="it is delivered for this platform")
    unit: str
    per_run: Decimal
    per_month: int
    priced_for: int = Field(description="units a month, with room to grow; the price is for these")
    plan: str | None
    monthly: Money | None
    yearly: Money | None
    above: str = Field(description="what happens beyond the volume")
    source: str


class Volume(Fact):
    """How much the prices reckon with."""

    runs: Decimal = Field(description="a month")
    basis: str = Field(description="where the number comes from, in words")
    headroom_percent: Decimal
    assumed: tuple[str, ...] = Field(description="what else the prices assume")


class Savings(Fact):
    """What the same work takes by hand."""

    minutes_per_run: Decimal
    hours_per_month: Decimal
    hour: Money
    value_per_month: Money
    basis: str


class Criterion(Fact):
    """One thing that must be shown at the acceptance, and what the tests have shown already."""

    number: int
    text: str
    proof: str = Field(description="how it is shown")
    cases: int
    passed: int


class Tested(Fact):
    """What the tests came to."""

    cases: int
    passed: int
    engine: str


class Risk(Fact):
    """What is uncertain, why, and how it is handled."""

    severity: Literal["low", "medium", "high"]
    what: str
    why: str
    handling: str


class Texts(Fact):
    """Running text: written by rules from the facts, or by Claude and held against them."""

    background: str
    objective: str
    problem: str = Field(description="the executive summary: what is wrong today")
    change: str = Field(description="the executive summary: what is different then")
    next_step: str
    made_by: str = Field(
        default="rules", description="rules, or the model that wrote background, objective and summary"
    )


class Facts(Fact):
    """Everything that a package says of one build."""

    brand: Brand
    title: str
    slug: str
    version: int
    issued: date | None = Field(description="date of the intake")
    valid_until: date | None
    client: Client
    request: str = Field(description="in the client's own words")
    objective: str = Field(description="in the client's own words; may be empty")
    texts: Texts
    draft: bool
    score: Decimal = Field(description="confidence, 0 to 1")
    settle: tuple[str, ...] = Field(description="what must be settled before this can be signed; empty unless a draft")
    starts: str = Field(description="when it runs, in one phrase")
    lines: tuple[Line, ...]
    steps: int
    apps: tuple[str, ...]
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    access: tuple[Access, ...]
    webhooks: tuple[str, ...] = Field(description="titles of steps whose address the client's systems must be given")
    systems: tuple[str, ...] = Field(description="systems that the client named, with their plans")
    deliverables: tuple[Deliverable, ...]
    platforms: tuple[str, ...] = Field(description="names of the platforms that it is delivered for")
    plan: Plan
    setup: Setup
    running: tuple[Running, ...] = Field(description="the wanted platforms first")
    prices_as_of: date
    prices_note: str
    volume: Volume
    savings: Savings
    tested: Tested | None
    criteria: tuple[Criterion, ...]
    risks: tuple[Risk, ...]
    assumptions: tuple[str, ...]
    questions: tuple[str, ...]
