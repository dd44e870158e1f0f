"""Troubles as stories: a scenario runs well, then it doesn't, then it is mended. Each must be found as what it is, told
once on Slack, counted while it lasts, and over by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from pydantic import JsonValue
from sqlalchemy import Engine

from manageai_assets.monitoring.alerts.at_once import tell_at_once
from manageai_assets.monitoring.alerts.channels import addressees, senders
from manageai_assets.monitoring.alerts.outbox import deliver
from manageai_assets.monitoring.incident_store import events_of, incidents
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import WINDOW, IncidentKind, Platform, Severity, window_of
from manageai_assets.monitoring.recording import beat
from manageai_assets.monitoring.snapshots import add_windows, due_windows, make_snapshots
from manageai_assets.settings import Settings
from tests.fakes.slack import FakeSlack

HEALTHY_AT_MOST = 9
"""Windows that run well until a trouble must be over: an hour's failures are seen for four, and two more prove it."""
ORDERS = "Orders"


class Story(Protocol):
    """Scenarios on some platform, which is read and judged window by window."""

    @property
    def engine(self) -> Engine:
        """The database."""

    def window(self, number: int, courses: Mapping[str, str]) -> None:
        """A window in which each scenario, by name, runs as its course says."""


S = TypeVar("S", bound=Story)


def _nothing(_story: Story) -> None:
    """Does nothing."""


@dataclass(frozen=True)
class Pattern(Generic[S]):
    """A trouble of `Orders`, or of the scenarios `names`. `before`, and `pause` windows later `trouble`, are courses of
    windows; the trouble is found in the last two. `between` is done after the first window of trouble, `mend` after
    the last one."""

    kind: IncidentKind
    severity: Severity
    title: str
    """As Slack has it."""
    trouble: tuple[str, ...]
    build: Callable[[S], None]
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    before: tuple[str, ...] = ("......",)
    pause: int = 0
    between: Callable[[S], None] = _nothing
    mend: Callable[[S], None] = _nothing
    names: tuple[str, ...] = (ORDERS,)
    well: str = "..."

    def __str__(self) -> str:
        return f"{self.kind} {self.evidence.get('status') or self.evidence.get('type') or ''}".strip()


def play(pattern: Pattern[S], story: S, slack: FakeSlack) -> None:
    """Plays the story, and holds what is found and told against the pattern."""
    pattern.build(story)
    number = 0

    def windows(*courses: str) -> None:
        nonlocal number
        for course in courses:
            story.window(number, dict.fromkeys(pattern.names, course))
            number += 1

    windows(*pattern.before)
    assert slack.texts == []
    number += pattern.pause
    windows(pattern.trouble[0])
    pattern.between(story)
    windows(*pattern.trouble[1:])
    assert told(story.engine) == [(pattern.kind, pattern.severity, "open")]
    assert slack.texts == [pattern.title]
    incident = incidents(story.engine)[0]
    assert incident.count == 2
    assert {name: incident.evidence.get(name) for name in pattern.evidence} == pattern.evidence
    pattern.mend(story)
    windows(*[pattern.well] * HEALTHY_AT_MOST)
    assert told(story.engine) == [(pattern.kind, pattern.severity, "resolved")]
    assert [event.kind for event in events_of(story.engine, incident.id)] == ["opened", "resolved"]
    assert slack.texts[1:] == [f":large_green_circle: Resolved: {pattern.title.partition(' ')[2]}"]


def told(engine: Engine) -> list[tuple[str, str, str]]:
    """Kind, severity and status of the incidents, without those that are part of another one."""
    found = [one for one in incidents(engine, resolved=True) if one.parent_id is None]
    return [(one.kind, one.severity, one.status) for one in found]


def after_tick(engine: Engine, settings: Settings, platform: Platform, clock: Callable[[], datetime]) -> None:
    """What follows on a poller's reading: it tells at once, and then the sensor over windows asks for a run."""
    beat(engine, f"{platform}_poller", clock())
    tell_at_once(engine, settings, clock)
    now = clock()
    add_windows(engine, [window_of(now) - WINDOW])
    starts = [start for start, _ in due_windows(engine, now)]
    make_snapshots(engine, starts, now)
    judge_windows(engine, starts, now, addressees(settings))
    deliver(engine, senders(settings), clock)
