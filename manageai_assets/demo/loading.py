"""The demo in the tables, as production would have left it: scenarios, facts of builds, a year of days, executions of
the last weeks one by one, and incidents that the project's own rules see in those runs.

A database that holds anything real is left alone: see `standing`. Loading again adds what ran since.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Literal

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from compilers.errors import UserError
from manageai_assets.clients.facts import facts_of
from manageai_assets.clients.stored import keep_facts
from manageai_assets.demo.course import Episode, runs, totals
from manageai_assets.demo.models import PREFIX, Agency, DemoScenario
from manageai_assets.demo.names import person
from manageai_assets.monitoring import recording
from manageai_assets.monitoring.detection import RULES
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.incident_store import open_new, save
from manageai_assets.monitoring.incidents import Change, acknowledge, annotate, assign, resolve
from manageai_assets.monitoring.models import (
    PLATFORMS,
    WINDOW,
    Execution,
    Finding,
    Incident,
    Plan,
    window_of,
    windows_told_by,
)
from manageai_assets.store.client_tables import ConnectionRow
from manageai_assets.store.monitoring_tables import Heartbeat, IncidentEventRow, IncidentRow, ScenarioRow
from manageai_assets.store.tables import SCHEMA
from resources.artifacts import BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

NAME = "demo"
"""Of the heartbeat whose note says which demo is loaded."""
ELSEWHERE = "DATA_DIR=data/demo ARTIFACTS_URI=data/demo/artifacts make up ARGS=--demo"
RAW_DAYS = 30
"""Whole days whose executions are stored one by one: what rules learn from, and two days more."""
ROWS_AT_ONCE = 50_000
SEEN_WITHIN = 96
"""Windows after which a trouble that no rule has seen is none that anybody would be told of."""
LONGEST_RUN = dt.timedelta(hours=1)
SOME_USED = 0.9
"""Share of a plan that is used up at the end of what it gives, so that it runs out before it is renewed."""

Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _whole: int) -> None:
    """Shows nothing."""


def standing(engine: Engine) -> Literal["empty", "demo"]:
    """What a database holds. Raises `UserError` when that is anything but the demo and the examples."""
    with engine.connect() as connection:
        counts = connection.execute(
            text(f"""
            select (select count(*) from {SCHEMA}.scenarios where external_id not like '{PREFIX}%') as scenarios,
                   (select count(*) from {SCHEMA}.submissions where source <> 'examples') as submissions,
                   (select count(*) from {SCHEMA}.scenarios) as known
        """)
        ).one()
    if counts.scenarios or counts.submissions:
        raise UserError(
            f"this database is in use: it holds {counts.scenarios} scenarios and {counts.submissions} intakes that are "
            "none of the demo's, and the demo would stand among them",
            where="database",
            hint=f"give the demo a place of its own: {ELSEWHERE}",
        )
    return "demo" if counts.known else "empty"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading came to."""

    scenarios: int
    days: int
    executions: int
    incidents: int


def load(
    engine: Engine, agency: Agency, now: dt.datetime, *, raw_days: int = RAW_DAYS, progress: Progress = silent
) -> Loaded:
    """Loads an agency into an empty database, as it stands at `now`, which lies in or after its last day."""
    raw_from = agency.today - dt.timedelta(raw_days - 1)
    with engine.begin() as connection:
        _register(connection, agency)
        progress("facts of builds", 0, len(agency.scenarios))
        _keep_facts(connection, agency)
        days = _copy_days(connection, agency, raw_from, progress)
        executions, windows = _copy_runs(connection, agency, agency.day(raw_from).start, now, progress)
        recording.touch(connection, windows)
        incidents = _open_incidents(connection, agency, now, progress)
        _note(connection, agency, now)
    _as_polled(engine, now)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))
    return Loaded(len(agency.scenarios), days, executions, incidents)


def grow(engine: Engine, agency: Agency, now: dt.datetime, *, progress: Progress = silent) -> Loaded:
    """Adds what has run since a loaded agency was loaded, or grew last."""
    known = loaded_demo(engine)
    if known is None:
        raise UserError("there is no demo that could grow", where="database")
    with engine.begin() as connection:
        executions, windows = _copy_runs(connection, agency, known.loaded_to, now, progress)
        recording.touch(connection, windows)
        _note(connection, agency, max(now, known.loaded_to))
    _as_polled(engine, now)
    return Loaded(len(agency.scenarios), 0, executions, 0)


@dataclass(frozen=True, slots=True)
class Known:
    """The demo that is in a database: what it was made from, and up to when its runs are stored."""

    seed: int
    today: dt.date
    loaded_to: dt.datetime


def loaded_demo(engine: Engine) -> Known | None:
    """The demo in a database; None where there is none."""
    with engine.connect() as connection:
        note = connection.scalar(select(Heartbeat.note).where(Heartbeat.name == NAME))
    if note is None:
        return None
    told = json.loads(note)
    return Known(told["seed"], dt.date.fromisoformat(told["today"]), dt.datetime.fromisoformat(told["loaded_to"]))


def _note(connection: Connection, agency: Agency, loaded_to: dt.datetime) -> None:
    """Which demo it is, in the transaction that stores its runs: none is stored twice."""
    told = {"seed": agency.seed, "today": agency.today.isoformat(), "loaded_to": loaded_to.isoformat()}
    values = {"beat_at": loaded_to, "note": json.dumps(told)}
    made = upsert(Heartbeat).values(name=NAME, **values)
    connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=values))


# -- scenarios and facts ---------------------------------------------------------------------------------------------


def _register(connection: Connection, agency: Agency) -> None:
    rows = []
    for one in agency.scenarios:
        known, born = one.as_scenario(agency.zone), agency.day(one.born).start
        rows.append({
            "platform": one.platform, "external_id": known.key.external_id, "name": known.name, "slug": known.slug,
            "version": known.version, "customer": known.customer, "contact": known.contact, "managed": known.managed,
            "active": known.gone_at is None, "gone_at": known.gone_at, "created_at": born,
            "deployed_at": born if known.managed else None, "seen_at": known.gone_at or agency.day(agency.today).end,
        })  # fmt: skip
    connection.execute(insert(ScenarioRow), rows)
    accounts = [
        {
            "platform": one.platform, "external_id": str(one.number), "name": f"{one.client.contact}'s sign-in",
            "kind": "google", "scenarios": [one.key.external_id], "used": True, "seen_on": agency.today,
            "expires_at": one.access_ends,
        }
        for one in agency.scenarios if one.access_ends
    ]  # fmt: skip
    if accounts:
        connection.execute(insert(ConnectionRow), accounts)


def _keep_facts(connection: Connection, agency: Agency) -> None:
    for one in agency.scenarios:
        if one.managed:
            facts = facts_of(one.spec, tested=one.tested)
            keep_facts(connection, BuildKey(one.slug, 1), facts, agency.day(one.born).start)


# -- runs --------------------------------------------------------------------------------------------------------------


def _ids(connection: Connection) -> dict[str, int]:
    return {row.external_id: row.id for row in connection.execute(select(ScenarioRow.id, ScenarioRow.external_id))}


def _copy_days(connection: Connection, agency: Agency, before: dt.date, progress: Progress) -> int:
    ids = _ids(connection)

    def rows() -> Iterator[tuple[object, ...]]:
        count = (before - agency.first).days
        days = [agency.day(agency.first + dt.timedelta(place)) for place in range(max(0, count))]
        for place, one in enumerate(agency.scenarios):
            progress("days of a year", place, len(agency.scenarios))
            for day in days:
                if one.runs_on(day.date):
                    did = totals(one.key, one.course, one.episodes, day, str(agency.seed))
                    if did.executions:
                        yield (ids[one.key.external_id], day.date.isoformat(), *did)

    columns = ("scenario_id", "day", "executions", "errors", "operations", "duration_ms")
    return _copy(connection, "scenario_days", columns, rows())


def executions_of(agency: Agency, one: DemoScenario, date: dt.date) -> list[Execution]:
    """The runs of a scenario on a day."""
    if not one.runs_on(date):
        return []
    return list(runs(one.key, one.course, one.episodes, agency.day(date), str(agency.seed), one.number))


def _copy_runs(
    connection: Connection, agency: Agency, since: dt.datetime, now: dt.datetime, progress: Progress
) -> tuple[int, set[dt.datetime]]:
    """Stores the runs that ended from `since` up to before `now`; gives how many, and the windows of the last day."""
    ids = _ids(connection)
    windows: set[dt.datetime] = set()
    recent = now - dt.timedelta(days=1)
    first, last = (moment.astimezone(agency.zone).date() for moment in (since - LONGEST_RUN, now))

    def rows() -> Iterator[tuple[object, ...]]:
        dates = [first + dt.timedelta(place) for place in range((last - first).days + 1)]
        for place, one in enumerate(agency.scenarios):
            progress("executions", place, len(agency.scenarios))
            for date in dates:
                for run in executions_of(agency, one, date):
                    if run.finished is None or not since <= run.finished < now:
                        continue
                    if run.finished >= recent:
                        windows.update(windows_told_by(run.finished))
                    yield _row(run, ids[one.key.external_id])

    columns = (
        "platform", "execution_id", "scenario_id", "started_at", "finished_at", "duration_ms", "outcome", "operations",
        "error_type", "error_message", "error_step", "error_status", "error_connection",
    )  # fmt: skip
    count = _copy(connection, "executions", columns, rows())
    return count, {start for start in windows if start <= window_of(now)}


def _row(run: Execution, owner: int) -> tuple[object, ...]:
    plain = (
        run.scenario.platform, run.execution_id, owner, run.started.isoformat(),
        run.finished.isoformat() if run.finished else None, run.duration_ms, run.outcome, run.operations,
    )  # fmt: skip
    error = run.error
    if error is None:
        return (*plain, None, None, None, None, None)
    return (*plain, error.type, error.message, error.step, error.status, error.connection)


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> int:
    """Puts rows into a table the fast way; gives how many."""
    cursor = connection.connection.cursor()
    statement = f"copy {SCHEMA}.{table} ({', '.join(columns)}) from stdin"
    count, lines = 0, io.StringIO()
    for row in rows:
        lines.write("\t".join(map(_cell, row)) + "\n")
        count += 1
        if count % ROWS_AT_ONCE == 0:
            lines.seek(0)
            cursor.copy_expert(statement, lines)
            lines = io.StringIO()
    lines.seek(0)
    cursor.copy_expert(statement, lines)
    return count


def _cell(value: object) -> str:
    if value is None:
        return "\\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


# -- incidents -------------------------------------------------------------------------------------------------------


def _open_incidents(connection: Connection, agency: Agency, now: dt.datetime, progress: Progress) -> int:
    """Opens an incident for each trouble that the project's rules see, and lets people mend it."""
    told = []
    for place, one in enumerate(agency.scenarios):
        progress("incidents", place, len(agency.scenarios))
        for episode in one.episodes:
            early = episode.start < agency.day(agency.first).end
            if not early and (seen := _first_seen(agency, one, episode, now)) is not None:
                told.append((seen[1], one, episode, seen[0]))
    told.sort(key=lambda entry: (entry[0], entry[1].number))
    for window, one, episode, finding in told:
        _tell(connection, agency, one, episode, finding, window)
    return len(told)


def _first_seen(
    agency: Agency, one: DemoScenario, episode: Episode, now: dt.datetime
) -> tuple[Finding, dt.datetime] | None:
    """The first window in which the rule of an episode's kind sees it, and what it says."""
    date = episode.start.astimezone(agency.zone).date()
    dates = [date + dt.timedelta(place) for place in (-1, 0, 1, 2)]
    ended = [run for each in dates for run in executions_of(agency, one, each)]
    scenario = replace(one.as_scenario(agency.zone), gone_at=None)
    window = window_of(episode.start)
    for _ in range(SEEN_WITHIN):
        window += WINDOW
        at = window + WINDOW
        if at > now or (episode.end is not None and at > episode.end + WINDOW):
            return None
        past = [run for run in ended if run.started <= at and (run.finished or run.started) < at]
        if not past or past[-1].started < episode.start:
            continue
        finding = RULES[episode.kind](Watched(scenario, past, None, at))
        if finding is not None:
            return finding, window
    return None


def _tell(
    connection: Connection, agency: Agency, one: DemoScenario, episode: Episode, finding: Finding, window: dt.datetime
) -> None:
    chance = Random(f"{agency.seed}:{one.key}:{window}")
    incident = open_new(connection, finding, window).incident
    if episode.end is None:
        return
    over = max(episode.end, incident.opened_at + WINDOW) + 2 * WINDOW
    if not episode.mended:
        values = {"status": "resolved", "resolved_at": over, "resolution": "is over by itself", "last_seen_at": over}
        connection.execute(update(IncidentRow).where(IncidentRow.id == incident.id).values(**values))
        event = {"incident_id": incident.id, "at": over, "kind": "resolved", "actor": "", "note": "is over by itself"}
        connection.execute(insert(IncidentEventRow), [event])
        return
    who = person(chance)
    seen = min(over, incident.opened_at + dt.timedelta(minutes=chance.uniform(2, 90)))
    steps: tuple[Callable[[Incident], Change], ...] = (
        lambda it: acknowledge(it, who, seen),
        lambda it: assign(it, who, who, seen),
        lambda it: annotate(it, f"{one.client.name} has been told", who, seen),
        lambda it: resolve(it, episode.mended, who, over),
    )
    for step in steps:
        done = step(incident)
        save(connection, [done])
        incident = done.incident


# -- what pollers would have left ------------------------------------------------------------------------------------


def _keep_plan(engine: Engine, now: dt.datetime) -> None:
    """The plan on Make, of which so much is used that it runs out before it is renewed."""
    since, renewed = now - dt.timedelta(days=22), now + dt.timedelta(days=8)
    query = text(f"""
        select coalesce(sum(one.operations), 0) from {SCHEMA}.executions as one
        where one.platform = 'make' and one.finished_at >= :since and one.finished_at < :until
    """)
    with engine.connect() as connection:
        used = int(connection.scalar(query, {"since": since, "until": now}) or 0)
    limit = max(1, int(used / SOME_USED))
    recording.keep_plan(engine, Plan("make", limit, used, renewed, now))


def _as_polled(engine: Engine, now: dt.datetime) -> None:
    """What pollers leave besides executions: the plan, and how far they have read."""
    _keep_plan(engine, now)
    cursor = recording.Cursor(recording.WHOLE_PLATFORM, read_to=now, polled_at=now)
    for platform in PLATFORMS:
        recording.record(engine, platform, (), [cursor])
