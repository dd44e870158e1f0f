"""An estate in the tables, whose windows are judged one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from manageai_assets.monitoring.alerts.notice import Notice, Places
from manageai_assets.monitoring.alerts.wanted import Addressees
from manageai_assets.monitoring.incident_store import events_of, incidents
from manageai_assets.monitoring.judging import JudgedWindow, judge_windows
from manageai_assets.monitoring.models import (
    WINDOW,
    Execution,
    ExecutionError,
    Outcome,
    Platform,
    Scenario,
    ScenarioKey,
)
from manageai_assets.monitoring.recording import record
from manageai_assets.monitoring.registry import register
from tests.manageai_assets.monitoring.courses import BROKEN

BEGIN = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
"""A window's start, on a Tuesday."""


@dataclass
class Estate:
    """Scenarios that run as a test says. `at` is the end of the newest window that was judged."""

    engine: Engine
    addressees: Addressees = field(
        default_factory=lambda: Addressees(("slack",), Places("eu1", 4, "https://n8n.example.com"))
    )
    at: datetime = BEGIN
    runs: int = 0

    def scenario(self, number: int = 1, platform: Platform = "make", cadence_seconds: int | None = None) -> ScenarioKey:
        """A scenario that was deployed, and ran well for some hours."""
        key = ScenarioKey(platform, str(number))
        one = Scenario(
            key, f"Orders {number}", f"orders-{number}", 1, "Acme", cadence_seconds, "ops@example.com", managed=True
        )
        register(self.engine, one, BEGIN - timedelta(days=30))
        for ago in range(10, 0, -1):
            self.ran(key, BEGIN - timedelta(minutes=30 * ago))
        return key

    def ran(self, key: ScenarioKey, ended: datetime, error: ExecutionError | None = None) -> Execution:
        """A run that ended then."""
        self.runs += 1
        outcome: Outcome = "error" if error else "success"
        run = Execution(
            key, f"run-{self.runs}", ended - timedelta(seconds=2), outcome, ended, 2000, 4, error=error
        )  # fmt: skip
        record(self.engine, key.platform, [run])
        return run

    def window(self, course: str = "", *keys: ScenarioKey, error: ExecutionError = BROKEN) -> JudgedWindow:
        """The next window: each scenario's runs in it are spread over it; then it is judged."""
        for key in keys:
            self.window_of(key, course, error)
        self.at += WINDOW
        return self.judge_again()

    def window_of(self, key: ScenarioKey, course: str, error: ExecutionError) -> None:
        """One scenario's runs in the next window, which isn't judged yet."""
        for place, mark in enumerate(course):
            ended = self.at + WINDOW * (place + 0.5) / len(course)
            self.ran(key, ended, error if mark == "F" else None)

    def judge_again(self) -> JudgedWindow:
        """Judges the newest window."""
        return judge_windows(self.engine, [self.at - WINDOW], self.at, self.addressees)[0]

    def events(self) -> list[tuple[str, list[str]]]:
        """Kinds of all incidents with those of their events, oldest first."""
        found = reversed(incidents(self.engine, resolved=True))
        return [(one.kind, [event.kind for event in events_of(self.engine, one.id)]) for one in found]

    def alerts(self) -> list[tuple[str, str]]:
        """Occasion and title of all alerts, in order."""
        with self.engine.connect() as connection:
            rows = connection.execute(text("select payload from manageai.alerts order by id")).scalars()
            notices = [Notice.model_validate(row) for row in rows]
        return [(one.occasion, one.title) for one in notices]

    def everything(self) -> list[object]:
        """All rows of incidents, events and alerts."""
        with self.engine.connect() as connection:
            return [
                row
                for table in ("incidents", "incident_events", "alerts")
                for row in connection.execute(text(f"select * from manageai.{table} order by id")).all()
            ]
