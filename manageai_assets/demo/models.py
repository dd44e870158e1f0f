"""The words of the demo: clients, their scenarios, and what was planted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from compilers.spec import Spec
from manageai_assets.clients.calendar import Day, day_of
from manageai_assets.clients.models import OpportunityKind, RiskPart
from manageai_assets.demo.course import Course, Episode
from manageai_assets.demo.names import Industry
from manageai_assets.monitoring.models import Platform, Scenario, ScenarioKey

Size = Literal["small", "medium", "large"]
PREFIX = "demo-"
"""Ids of the demo's scenarios begin so: no platform gives such ids."""


@dataclass(frozen=True, slots=True)
class Client:
    """A made-up client. `growth` is the share by which its work grows in a year."""

    name: str
    industry: Industry
    size: Size
    language: str
    contact: str
    address: str
    since: dt.date
    growth: float


@dataclass(frozen=True, slots=True)
class DemoScenario:
    """A scenario in production, with how it runs and what went wrong."""

    number: int
    platform: Platform
    name: str
    client: Client
    spec: Spec
    course: Course
    born: dt.date
    gone: dt.date | None
    tested: bool | None
    contact: str
    managed: bool
    episodes: tuple[Episode, ...]
    access_ends: dt.datetime | None = None
    """When its account's access ends, where the platform says so."""

    @property
    def key(self) -> ScenarioKey:
        """What names it on its platform."""
        return ScenarioKey(self.platform, f"{PREFIX}{self.number}")

    @property
    def slug(self) -> str:
        """Name of its build."""
        return f"{PREFIX}{self.number}"

    def runs_on(self, day: dt.date) -> bool:
        """Whether it is there on a day."""
        return self.born <= day and (self.gone is None or day < self.gone)

    def as_scenario(self, zone: ZoneInfo) -> Scenario:
        """It, as monitoring knows it."""
        gone = day_of(self.gone, zone).start if self.gone else None
        slug, version = (self.slug, 1) if self.managed else (None, None)
        return Scenario(
            self.key, self.name, slug, version, self.client.name, contact=self.contact, managed=self.managed,
            gone_at=gone,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plant:
    """Something that is truly worth doing, or truly a danger. `scenarios` are names; none: it concerns the client."""

    client: str
    scenarios: tuple[str, ...]
    finding: OpportunityKind | RiskPart
    of: Literal["opportunity", "risk"]
    about: str = ""
    """What the finding must name besides, such as an app."""


@dataclass(frozen=True, slots=True)
class Agency:
    """All of it, at the end of `today`."""

    seed: int
    today: dt.date
    zone: ZoneInfo
    clients: tuple[Client, ...]
    scenarios: tuple[DemoScenario, ...]
    plants: tuple[Plant, ...]
    months: int

    @property
    def first(self) -> dt.date:
        """The first day of its story."""
        return self.today - dt.timedelta(round(self.months * 365 / 12))

    def day(self, date: dt.date) -> Day:
        """A day by the agency's clock."""
        return day_of(date, self.zone)
