"""What an alert says, whatever it is sent by: built when it is wanted, kept in the outbox, drawn when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from compilers.errors import shorten
from manageai_assets.monitoring.models import Incident as AnIncident
from manageai_assets.monitoring.models import IncidentKind, Scenario
from manageai_assets.monitoring.repairs import PLATFORM_NAMES, repair

LISTED_AT_MOST = 10
"""Lines of a list: ten of 280 characters are what Slack shows in one piece."""

Occasion = Literal["opened", "reopened", "worse", "escalated", "resolved", "digest", "report"]

TITLES: Mapping[IncidentKind, str] = {
    "error_spike": "Many failures",
    "credential_failure": "Account refused",
    "rate_limit": "Too many calls",
    "consecutive_failures": "Nothing succeeds",
    "silence": "Doesn't run",
    "slow_down": "Slow",
    "operations_burn": "Plan runs out",
    "data_anomaly": "Hardly any data",
    "platform_outage": "Many scenarios down",
    "switched_off": "Switched off",
    "poll_failure": "Can't be watched",
}
OCCASIONS: Mapping[Occasion, str] = {
    "opened": "", "reopened": "Back again", "worse": "Worse", "escalated": "Nobody has taken it",
    "resolved": "Resolved", "digest": "", "report": "",
}  # fmt: skip


class Link(BaseModel):
    """Where to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str


class File(BaseModel):
    """A file that goes along, read where it lies when the notice is sent: a path or a URL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str


class Notice(BaseModel):
    """An alert: a title, what it is about, facts, what to do, where to look. Texts are plain; nothing is markup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    occasion: Occasion
    severity: str
    title: str
    what: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    last_error: str = ""
    todo: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    footer: str = ""
    to: tuple[str, ...] = ()
    """Addresses for e-mail: besides the usual ones, or, of a report, in their place."""
    reply_to: str = ""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Where the platforms' pages are, as far as settings say; empty where they don't."""

    make_zone: str = ""
    make_team: int | None = None
    n8n_url: str = ""

    def links(self, incident: AnIncident) -> tuple[Link, ...]:
        """The pages of an incident's scenario and of its last failed run."""
        scenario = incident.scenario.external_id if incident.scenario else ""
        run = incident.evidence.get("execution")
        if incident.platform == "make" and self.make_zone and self.make_team:
            host = self.make_zone if "." in self.make_zone else f"{self.make_zone}.make.com"
            page = f"https://{host}/{self.make_team}/scenarios" + (f"/{scenario}" if scenario else "")
            history = f"{page}/logs/{run}" if run and scenario else ""
            pages = [("Scenario in Make", f"{page}/edit" if scenario else page), ("Failed run", history)]
        elif incident.platform == "n8n" and self.n8n_url:
            page = f"{self.n8n_url.rstrip('/')}/" + (f"workflow/{scenario}" if scenario else "home/workflows")
            history = f"{page}/executions/{run}" if run and scenario else ""
            pages = [("Workflow in n8n", page), ("Failed run", history)]
        else:
            pages = []
        return tuple(Link(name=name, url=url) for name, url in pages if url)


def notice_of(incident: AnIncident, scenario: Scenario | None, occasion: Occasion, places: Places) -> Notice:
    """What to say of an incident."""
    ticket = repair(incident, scenario)
    name = (scenario.name or scenario.key.external_id) if scenario else PLATFORM_NAMES[incident.platform]
    prefix = OCCASIONS[occasion]
    title = f"{TITLES[incident.kind]}: {name}"
    facts = [
        ("Severity", incident.severity),
        ("Since", moment(incident.since)),
        ("Client", scenario.customer if scenario else ""),
        ("Where", ticket.place),
        ("Contact", scenario.contact if scenario else ""),
        ("Seen", f"{incident.count} times" if incident.count > 1 else ""),
        ("Resolved", f"{moment(incident.resolved_at)}: {incident.resolution}" if incident.resolved_at else ""),
    ]
    resolved = occasion == "resolved"
    error = incident.evidence.get("error")
    return Notice(
        occasion=occasion,
        severity=incident.severity,
        title=shorten(f"{prefix}: {title}" if prefix else title, 300),
        what=incident.what,
        facts=tuple((label, value) for label, value in facts if value),
        last_error="" if resolved or not isinstance(error, str) else error,
        todo=() if resolved else ticket.steps,
        links=places.links(incident),
        footer=f"Incident {incident.id}" + ("" if resolved else f" · manageai incidents ack {incident.id}"),
    )


def line_of(incident: AnIncident, scenario: Scenario | None) -> str:
    """An incident in a list."""
    name = (scenario.name or scenario.key.external_id) if scenario else PLATFORM_NAMES[incident.platform]
    client = f" ({scenario.customer})" if scenario and scenario.customer else ""
    over = "" if incident.status != "resolved" else " — over"
    what = f"{TITLES[incident.kind]}: {name}{client}, since {moment(incident.since)}{over}. {incident.what}"
    return shorten(f"[{incident.severity}] {what}", 280)


def listed(lines: Sequence[str]) -> str:
    """Lines under each other; of very many, how many more there are."""
    left = len(lines) - LISTED_AT_MOST
    more = [f"... and {left} more"] if left > 0 else []
    return "\n".join([*lines[:LISTED_AT_MOST], *more])


def moment(at: datetime | None) -> str:
    """A time as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
