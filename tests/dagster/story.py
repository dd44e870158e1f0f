"""A story on both platforms: scenarios that work, fail for a while, for several reasons, and work again; and how it
ended for whoever watched it.

Endings are compared row by row and column by column. Left out is only what tells of the way there: row numbers, which
gaps make differ (each stands for what it names); when an execution was stored; when and how often an alert was tried;
that a platform couldn't be read, which is true only where it couldn't; and what the digest said, which is what was
known at six o'clock.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from manageai_assets.monitoring.models import WINDOW
from tests.fakes.make import FakeMake
from tests.fakes.make.records import ErrorOfRun, Outcome
from tests.fakes.n8n import FakeN8n, Object
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.resources.make_fixtures import plain_blueprint

BEGIN = datetime(2026, 9, 21, 3, 0, tzinfo=UTC)
"""A window's start, on a Monday, three hours before the digest."""
CALM = 10
"""Windows at the end in which all is well, and nothing disturbs: what was put off comes through in them."""
GOOD = "...."
COURSES: Mapping[str, tuple[str, ...]] = {
    "Orders": (GOOD,),
    "Invoices": (*[GOOD] * 7, ".F.F", "F.FF", ".F.."),
    "Leads": (*[GOOD] * 6, "..RR", "RRRR", "RR.."),
    "Tickets": (*[GOOD] * 8, ".FFF", *["FFFF"] * 3, "FF..", *[GOOD] * 4, "FFFF", "FFFF", "F..."),
    "Stock": (*[GOOD] * 5, "F...", "...F", GOOD, "F.FF", "FF"),
}
"""Of each scenario, its windows: `.` went well, `F` failed, `R` was refused; afterwards all goes well."""
WINDOWS = 20
"""Until all is well again."""
REFUSED = ErrorOfRun("AccountValidationError", "[401] Invalid token", "Send a message", "slack")
BROKEN = ErrorOfRun("DataError", "[400] no such row", "Search rows", "sheets")
LONG_RUN_SECONDS = 900.0


@dataclass(frozen=True, order=True)
class Run:
    """One run: when it began and ended, of what, and how."""

    started: datetime
    platform: str
    scenario: str
    mark: str = "."
    seconds: float = 1.0

    @property
    def ended(self) -> datetime:
        """Its end."""
        return self.started + timedelta(seconds=self.seconds)


def runs(windows: int) -> list[Run]:
    """All runs of the story, in order."""
    found = [
        run
        for window in range(windows)
        for number, (name, course) in enumerate(COURSES.items())
        for run in _runs_of(window, number, name, course[window] if window < len(course) else GOOD)
    ]
    return sorted(found)


def _runs_of(window: int, number: int, name: str, course: str) -> Iterator[Run]:
    for place, mark in enumerate(course):
        for platform, offset in (("make", 0), ("n8n", 7)):
            began = BEGIN + WINDOW * window + timedelta(seconds=20 + 270 * place + 11 * number + offset)
            long = mark == "." and name == "Orders" and place == 1 and window % 3 == 0
            yield Run(began, platform, name, mark, LONG_RUN_SECONDS if long else 1.25 + number + place)


@dataclass
class Platforms:
    """Both fakes, to which the story is played."""

    make: FakeMake
    n8n: FakeN8n
    waiting: list[Run]
    ids: dict[str, int] = field(default_factory=dict)
    on: list[tuple[datetime, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, name in enumerate(COURSES):
            self.ids[name] = self.make.world.add_scenario(plain_blueprint(name=name), active=True).id
            self.n8n.workflows[f"wf{number}"] = {
                "id": f"wf{number}", "name": name, "active": True, "nodes": [], "connections": {}, "settings": {},
            }  # fmt: skip

    def play(self, platform: str, now: datetime) -> None:
        """What happens on a platform until its clock shows that time."""
        coming = [run for run in self.waiting if run.platform == platform and run.started <= now]
        self.waiting = [run for run in self.waiting if run not in coming]
        for run in coming:
            (self._on_make if platform == "make" else self._on_n8n)(run)
        if platform == "n8n":
            for ended, identifier, status in sorted(self.on):
                if ended <= now:
                    self.on.remove((ended, identifier, status))
                    self.n8n.ends(identifier, status, ended)

    def _on_make(self, run: Run) -> None:
        error = {"F": BROKEN, "R": REFUSED}.get(run.mark)
        outcome = Outcome("error" if error else "success", 3, run.seconds, error=error)
        self.make.world.add_run(self.ids[run.scenario], run.started.timestamp(), outcome)

    def _on_n8n(self, run: Run) -> None:
        flow = f"wf{list(COURSES).index(run.scenario)}"
        errors: Mapping[str, Object] = {
            "F": {"name": "NodeOperationError", "message": "no such row", "node": {"name": "Search rows"}},
            "R": {"name": "NodeApiError", "message": "no", "httpCode": "401", "node": {"name": "Send a message"}},
        }
        error = errors.get(run.mark)
        identifier = self.n8n.ran(flow, "running", started=run.started, error=error)
        self.on.append((run.ended, identifier, "error" if error else "success"))


# -- how it ended ----------------------------------------------------------------------------------------------------

Rows = list[tuple[str, ...]]
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_DIGEST = re.compile(r"Automations, (\d{4}-\d\d-\d\d): ")
_NUMBER = re.compile(r"\b(incident|ack) (\d+)", re.IGNORECASE)

_QUERIES: Mapping[str, str] = {
    "executions": """
        select owner.external_id, one.* from manageai.executions as one
        join manageai.scenarios as owner on owner.id = one.scenario_id""",
    "snapshots": """
        select owner.platform, owner.external_id, one.* from manageai.execution_snapshots as one
        join manageai.scenarios as owner on owner.id = one.scenario_id""",
    "incidents": "select one.* from manageai.incidents as one where one.kind <> 'poll_failure'",
    "incident_events": """
        select happened.* from manageai.incident_events as happened
        join manageai.incidents as one on one.id = happened.incident_id where one.kind <> 'poll_failure'""",
    "alerts": """
        select told.* from manageai.alerts as told
        left join manageai.incidents as one on one.id = told.incident_id
        where one.kind is distinct from 'poll_failure'""",
}
_LEFT_OUT = ("id", "scenario_id", "stored_at", "attempts", "next_try_at", "sent_at", "last_failure")
"""Row numbers, and the way of an alert to its receiver. Incidents and scenarios are named otherwise."""


@dataclass(frozen=True)
class Ending:
    """What stands in the tables, and what people were told, by what is told."""

    tables: Mapping[str, Rows]
    told: Mapping[str, Counter[str]]

    def unlike(self, other: Ending) -> list[str]:
        """What the other has otherwise, or more of, or less; one line each, the first few."""
        found: list[str] = []
        for name, rows in self.tables.items():
            mine, theirs = Counter(rows), Counter(other.tables[name])
            found += [f"{name}: only undisturbed: {row}" for row in sorted((mine - theirs).elements())[:4]]
            found += [f"{name}: only disturbed: {row}" for row in sorted((theirs - mine).elements())[:4]]
        for channel, messages in self.told.items():
            heard = set(other.told[channel])
            found += [f"{channel}: not told: {one}" for one in sorted(set(messages) - heard)]
            found += [f"{channel}: told in addition: {one}" for one in sorted(heard - set(messages))]
        return found

    def told_again(self, other: Ending) -> int:
        """Messages that the other has more than once."""
        return sum((counts - self.told[channel]).total() for channel, counts in other.told.items())


def ending(engine: Engine, slack: FakeSlack, smtp: FakeSmtp) -> Ending:
    """How the story ended."""
    with engine.connect() as connection:
        names = _names(connection)
        tables = {name: _rows(connection, query, names) for name, query in _QUERIES.items()}
    posted = [_named(f"{one['text']} {one['blocks']}", names) for one in slack.posted]
    mailed = [
        _named(f"{one['Subject']} {one.get_body(('plain',)).get_content()}", names)  # type: ignore[union-attr]
        for one in smtp.messages
    ]
    told = {"slack": posted, "email": mailed}
    return Ending(tables, {channel: Counter(filter(None, map(_compared, one))) for channel, one in told.items()})


def _compared(message: str) -> str:
    """What of a message is compared; nothing where it says that a platform can't be watched."""
    if found := _DIGEST.search(message):
        return f"digest of {found[1]}"
    return "" if "Can't be watched: " in message else message


def _rows(connection: Connection, query: str, names: Mapping[str, str]) -> Rows:
    found = connection.execute(text(query)).mappings()
    return sorted(
        tuple(
            _cell(name, value, names)
            for name, value in row.items()
            if name not in _LEFT_OUT and not (name == "payload" and value["occasion"] == "digest")
        )
        for row in found
    )


def _cell(name: str, value: object, names: Mapping[str, str]) -> str:
    if name in ("incident_id", "parent_id"):
        return f"{name}={names.get(str(value), value)}"
    if name == "idempotency_key":
        kind, _, rest = str(value).partition(":")
        number, _, rest = rest.partition(":")
        return f"key={kind}:{names.get(number, number)}:{rest}"
    return f"{name}={_named(str(value), names)}"


def _named(told: str, names: Mapping[str, str]) -> str:
    """A text in which incidents are named, not numbered, and in which n8n is where it is always."""
    told = _ADDRESS.sub("http://n8n", told)
    return _NUMBER.sub(lambda found: f"{found[1]} {names.get(found[2], found[2])}", told)


def _names(connection: Connection) -> Mapping[str, str]:
    found = connection.execute(text("select id, fingerprint, opened_at from manageai.incidents"))
    return {str(row.id): f"<{row.fingerprint} of {row.opened_at:%d %H:%M}>" for row in found}
