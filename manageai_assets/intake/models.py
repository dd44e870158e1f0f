"""The intake: what a client asks for, as a delivery engineer or a salesperson writes it down.

Only `customer` and `request` are needed; everything else makes the result better. A full one:

    customer: Nordlicht Solar GmbH
    contact: {name: Jana Petersen, email: jana@nordlicht.example}
    title: Web leads to sales
    request: When somebody fills in our form, tell sales in Slack and log it to a sheet.
    received: 2026-10-05
    volume_per_month: 600
    systems: [{name: Slack, plan: Pro}, Google Sheets]
    trigger: {app: webhook, id: lead, label: Website form, sample: {body: {email: a@example.com}}}
    steps:
      - app: slack
        inputs: {channel: sales, text: "New lead: {{ lead.body.email }}"}
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, JsonValue, field_validator

from compilers.spec import Label, Model, Name, PlatformName, Slug, Text
from manageai_assets.intake.plan import MAX_STEPS, PlanModel, StepPlan, TriggerPlan

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_FOLDED = str.maketrans({"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "å": "aa", "ł": "l"})
SLUG_LENGTH = 63
REQUEST_WORDS = 5
"""Words of the request that name an intake without a title."""


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Client(PlanModel):
    """Who asks. In YAML the name alone will do."""

    name: Name
    industry: Label = ""
    country: Label = ""


class Contact(PlanModel):
    """Whom to ask. In YAML the name alone will do."""

    name: Label = ""
    email: Annotated[str, Field(max_length=320)] = ""
    phone: Annotated[str, Field(max_length=60)] = ""


class System(PlanModel):
    """A system the client has. In YAML the name alone will do."""

    name: Name
    plan: Label = Field(default="", description="the plan they pay for, such as `Core`")
    note: Text = ""


class ErrorPreference(PlanModel):
    """What the client wants when a step fails, unless the step says otherwise. In YAML the strategy alone will do."""

    strategy: Literal["retry", "ignore", "stop"] = Field(
        description="retry: try again later; ignore: leave that record out and go on; stop: end the run as an error"
    )
    attempts: int = Field(default=3, ge=1, le=1000)
    minutes: int = Field(default=15, ge=0, le=44_640, description="between two attempts")
    notify: Label = Field(default="", description="who is told, in words; the monitoring does it")


def _strategy(value: object) -> object:
    return {"strategy": value} if isinstance(value, str) else value


class Intake(Model):
    """One client's request for one automation."""

    customer: Annotated[Client, BeforeValidator(_named)] = Field(description="name, or name, industry, country")
    request: Text = Field(min_length=1, description="what they want, in their own words")
    title: Label = Field(default="", description="what the automation is called; made from the request if unset")
    slug: Slug | None = Field(default=None, description="name for files and versions; from customer and title if unset")
    version: int = Field(
        default=1, ge=1, le=1_000_000, description="version of this scenario, counted when the intake is registered"
    )
    contact: Annotated[Contact, BeforeValidator(_named)] = Contact()
    objective: Text = Field(default="", description="what gets better for them, and how one would notice")
    trigger: TriggerPlan | Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(
        default=None, description="what starts it; plain words such as `every weekday at 7:30` work too"
    )
    steps: tuple[StepPlan, ...] = Field(default=(), max_length=MAX_STEPS, description="what happens then; see `Plan`")
    errors: Annotated[ErrorPreference, BeforeValidator(_strategy)] | None = None
    volume_per_month: int | None = Field(default=None, ge=0, le=1_000_000_000, description="expected runs a month")
    systems: tuple[Annotated[System, BeforeValidator(_named)], ...] = Field(default=(), max_length=100)
    targets: tuple[PlatformName, ...] = Field(
        default=("make", "n8n"), min_length=1, description="platforms to deliver for"
    )
    deadline: date | None = None
    received: date | None = Field(default=None, description="date of the intake; all dates of the build count from it")
    timezone: Annotated[str, Field(max_length=60)] = Field(default="UTC", description="tz database name")
    notes: Text = ""
    samples: dict[Name, JsonValue] = Field(
        default_factory=dict, description="example outputs by step id, for steps that carry none themselves"
    )

    @field_validator("request")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the request is empty; write down what the client wants, in their own words")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("not a time zone of the tz database, such as `Europe/Berlin`") from None
        return value

    @field_validator("targets")
    @classmethod
    def _targets_once(cls, value: tuple[PlatformName, ...]) -> tuple[PlatformName, ...]:
        return tuple(dict.fromkeys(value))

    @property
    def name(self) -> str:
        """The title, or the first words of the request."""
        return self.title or " ".join(self.request.split()[:REQUEST_WORDS])[:200].rstrip(".,;:") or "Automation"

    @property
    def key(self) -> str:
        """The slug: the one given, or one made of customer and name that is safe as a file name."""
        return self.slug or slug_of(f"{self.customer.name} {self.name}")


def slug_of(text: str) -> str:
    """`text` as a slug: lower case ASCII letters, digits and hyphens, at most 63; the same text gives the same slug."""
    folded = unicodedata.normalize("NFKD", text[:1000].lower().translate(_FOLDED))
    slug = _NOT_SLUG.sub("-", folded.encode("ascii", "ignore").decode("ascii")).strip("-")
    letters = sum(c.isalnum() for c in folded)
    if len(slug.replace("-", "")) * 2 < letters:
        slug = f"{slug[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}".strip("-")
    return slug[:SLUG_LENGTH].rstrip("-") or "intake"


def content_digest(intake: Intake) -> str:
    """SHA-256 (hex) of what the intake says, whatever file and version it came in: equal intakes, equal digests."""
    said = intake.model_dump(mode="json", exclude={"version"})
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
