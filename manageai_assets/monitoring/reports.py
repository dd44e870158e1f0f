"""What a tick of a poller came to, in words for the person who looks at the sensor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from manageai_assets.monitoring.models import Platform
from manageai_assets.monitoring.recording import Recorded
from manageai_assets.monitoring.registry import Discovery

SHOWN_MISSED = 5


@dataclass(frozen=True, slots=True)
class PollReport:
    """What was read in one tick. `due` scenarios were to be asked, `read` were; `missed` are those that a whole window
    went by without. `trouble` is what is wrong with the platform as a whole, `resting_until` how long it is left
    alone."""

    platform: Platform
    scenarios: int = 0
    due: int = 0
    read: int = 0
    failed: int = 0
    waiting: int = 0
    explained: int = 0
    recorded: Recorded = field(default_factory=Recorded)
    missed: tuple[str, ...] = ()
    discovery: Discovery | None = None
    spent: bool = False
    trouble: str = ""
    resting_until: datetime | None = None
    calls_per_minute: int | None = None
    """What the platform's plan allows, where it was asked."""

    def plus(self, recorded: Recorded, read: int = 0, failed: int = 0) -> PollReport:
        """The report with one more portion stored."""
        windows = tuple(sorted({*self.recorded.windows, *recorded.windows}))
        total = Recorded(
            self.recorded.executions + recorded.executions, self.recorded.errors + recorded.errors, windows
        )
        return replace(self, recorded=total, read=self.read + read, failed=self.failed + failed)

    def __str__(self) -> str:
        if self.trouble and self.resting_until is not None:
            return f"{self.trouble}; left alone until {self.resting_until:%H:%M:%S} UTC"
        told = [f"{self.read} of {self.due} due scenarios read, {self.recorded.executions} new executions"]
        if self.recorded.errors:
            told.append(f"{self.recorded.errors} failed, {self.explained} explained")
        if self.discovery and (self.discovery.new or self.discovery.gone):
            told.append(f"{self.discovery.new} scenarios are new, {self.discovery.gone} are gone")
        if self.failed or self.waiting:
            told.append(f"{self.failed} can't be read, {self.waiting} are tried again later")
        if self.missed:
            shown = ", ".join(self.missed[:SHOWN_MISSED])
            more = f" and {len(self.missed) - SHOWN_MISSED} more" if len(self.missed) > SHOWN_MISSED else ""
            told.append(f"not covered in the last window: {shown}{more}")
        if self.spent or (self.due > self.read and not self.failed):
            told.append("the rest comes next")
        return "; ".join(told)
