"""Judging a window: what is wrong at its end, what becomes of the incidents, and which alerts that asks for, all in one
transaction.

Each scenario is judged in its windows one after the other, and in none before it is known what ran in it: what a
platform couldn't say, it says later, and then the windows that wait are judged as if it had said it in time. The newest
window of a scenario may be judged again when late executions have touched it: it opens what is new, and counts nothing
twice. Older ones change nothing any more, since what came after them is known. A crash leaves a window unjudged, or
judged whole.

Who has read a platform judges the newest window at once (`judge_newest`), so that nobody waits for a run to start; what
it can't judge, the runs do (`judge_windows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from manageai_assets.monitoring.alerts.wanted import Addressees, want_alerts
from manageai_assets.monitoring.detection import FAILING, Judged, judge
from manageai_assets.monitoring.estate import estate, learn_profiles, plan_days
from manageai_assets.monitoring.incident_store import (
    last_windows,
    open_new,
    resolved_lately,
    save,
    times_reopened,
    unresolved,
)
from manageai_assets.monitoring.incidents import Change, Sight, not_seen, seen_again, told_more
from manageai_assets.monitoring.models import (
    PLATFORMS,
    WINDOW,
    Finding,
    Incident,
    IncidentKind,
    Platform,
    ScenarioKey,
    window_of,
)
from manageai_assets.monitoring.polling import platform_trouble
from manageai_assets.monitoring.readiness import FIRST_JUDGED, Known, known, mark_judged, waiting
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, cursors_of, plans
from manageai_assets.store.monitoring_tables import MonitorWindow

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

JUDGING_LOCK = 4_707_003
"""Key of the advisory lock that lets one process judge at a time."""
MEASURED: frozenset[IncidentKind] = frozenset({"slow_down", "data_anomaly", "silence", *FAILING})
"""Kinds that need fresh executions to be over."""


@dataclass(frozen=True)
class JudgedWindow:
    """What judging a window came to. `changed` is false when it had been judged, or when it is too old to count."""

    window_start: datetime
    changed: bool
    findings: int = 0
    opened: int = 0
    reopened: int = 0
    resolved: int = 0
    open: int = 0
    alerts: int = 0


def judge_windows(
    engine: Engine, starts: Sequence[datetime], now: datetime, addressees: Addressees
) -> list[JudgedWindow]:
    """Judges these windows in order, each in a transaction of its own, and besides those that some scenario waited for.
    Their executions must be stored. Gives what became of these windows."""
    if not starts:
        return []
    asked = set(starts)
    return [one for one in _judge(engine, asked, now, addressees) if one.window_start in asked]


def judge_newest(engine: Engine, now: datetime, addressees: Addressees) -> list[JudgedWindow]:
    """Judges the window that ended last, and those that some scenario waited for. Nothing when it was judged since it
    was touched last and none waits, or when one before it wasn't judged yet: the runs see to that one first."""
    window = window_of(now) - WINDOW
    with engine.connect() as connection:
        newest = _newest(connection)
        if newest is None or newest < window - WINDOW:
            return []
        asked = set() if _is_judged(connection, window) else {window}
    return _judge(engine, asked, now, addressees)


def judged_already(engine: Engine, starts: Sequence[datetime]) -> frozenset[datetime]:
    """Those of these windows that nothing has touched since they were judged."""
    with engine.connect() as connection:
        return frozenset(start for start in starts if _is_judged(connection, start))


def _judge(engine: Engine, asked: set[datetime], now: datetime, addressees: Addressees) -> list[JudgedWindow]:
    """Judges the windows that are asked for and those that wait, in their order."""
    with engine.connect() as connection:
        newest = _newest(connection)
        until = max(asked | ({newest} if newest else set()), default=None)
        late = waiting(connection, until, now) if until else []
    return [_judge_window(engine, start, now, addressees, start in asked) for start in sorted({*asked, *late})]


def _newest(connection: Connection) -> datetime | None:
    """The start of the newest window that was judged."""
    return connection.scalar(select(func.max(MonitorWindow.window_start)).where(MonitorWindow.judged > 0))


def _is_judged(connection: Connection, window: datetime) -> bool:
    """Whether it was judged since it was touched last."""
    row = MonitorWindow
    query = select(row.judged >= row.touched).where(row.window_start == window, row.judged > 0)
    return bool(connection.scalar(query))


def _touched(connection: Connection, window: datetime) -> int:
    """How often it has been touched; asked before its executions are read, so that what comes meanwhile counts as
    coming later. What nobody has touched has the number that rows begin with."""
    return connection.scalar(select(MonitorWindow.touched).where(MonitorWindow.window_start == window)) or 1


@dataclass(frozen=True)
class _Scope:
    """Whom judging a window is about: these scenarios; on these platforms, what many scenarios have in common; and, in
    the newest window only, what is true of a platform now."""

    scenarios: frozenset[ScenarioKey]
    watched: frozenset[ScenarioKey]
    platforms: frozenset[Platform]
    newest: bool

    def holds(self, kind: IncidentKind, platform: Platform, scenario: ScenarioKey | None) -> bool:
        """Whether it is about a finding or an incident of that kind there."""
        if scenario in self.watched:
            return scenario in self.scenarios
        return platform in self.platforms if kind == "platform_outage" else self.newest


def _scope(scenarios: Sequence[Known], chosen: Sequence[Known], window: datetime, *, newest: bool) -> _Scope:
    """What a window is about in which these of all scenarios are judged. What many have in common was told in a later
    window where others of their platform have been judged in one."""
    ahead = {one.key.platform for one in scenarios if one.judged_to is not None and one.judged_to > window}
    return _Scope(
        frozenset(one.key for one in chosen),
        frozenset(one.key for one in scenarios),
        frozenset({one.key.platform for one in chosen} - ahead),
        newest,
    )


def _judge_window(engine: Engine, window: datetime, now: datetime, addressees: Addressees, asked: bool) -> JudgedWindow:
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": JUDGING_LOCK})
        newest, touched = _newest(connection), _touched(connection, window)
        at = window + WINDOW
        scenarios = known(connection, now)
        chosen = [one for one in scenarios if (one.is_judged_in(window, now) if asked else one.waits_for(window, now))]
        is_newest = window >= now - FIRST_JUDGED if newest is None else window >= newest
        if not chosen and not is_newest:
            _mark(connection, {window: touched} if newest is not None else {})
            return JudgedWindow(window, changed=False)
        scope = _scope(scenarios, chosen, window, newest=is_newest)
        known_of = {one.key for one in scenarios if one.knows(window)}
        trouble = [found for platform in PLATFORMS if (found := _unread(engine, platform, at)) is not None]
        learn_profiles(connection, at, [one.row for one in chosen])
        watched = [one for one in estate(connection, at) if one.scenario.key in known_of]
        burning = [(plan, plan_days(connection, plan, at)) for plan in plans(engine).values()]
        judged = judge(watched, burning, at)
        judged = replace(judged, findings=(*judged.findings, *trouble))
        unread = frozenset(finding.platform for finding in trouble)
        changes, opened = _apply(connection, judged, window, unread, scope)
        owners = {one.scenario.key: one.scenario for one in watched}
        alerts = want_alerts(
            connection, at, addressees, owners, lambda one: scope.holds(one.kind, one.platform, one.scenario),
            digests=is_newest,
        )  # fmt: skip
        mark_judged(connection, window, [one.row for one in chosen])
        _mark(connection, {window: touched})
        kinds = [event.kind for change in changes for event in change.events]
        return JudgedWindow(
            window, True, len(judged.findings), opened, kinds.count("reopened"), kinds.count("resolved"),
            len(unresolved(connection)), alerts,
        )  # fmt: skip


def _unread(engine: Engine, platform: Platform, at: datetime) -> Finding | None:
    return platform_trouble(platform, cursors_of(engine, platform).get(WHOLE_PLATFORM), at)


def _apply(
    connection: Connection, judged: Judged, window: datetime, unread: frozenset[Platform], scope: _Scope
) -> tuple[list[Change], int]:
    """Takes the incidents that the window is about through it; gives their changes, and how many are new."""
    everything = unresolved(connection)
    known_ones = {
        fingerprint: one for fingerprint, one in everything.items() if scope.holds(one.kind, one.platform, one.scenario)
    }
    seen_in = last_windows(connection)
    found = {one.fingerprint: one for one in judged.findings if scope.holds(one.kind, one.platform, one.scenario)}
    lately = resolved_lately(connection, {*found, *judged.covered.values()} - set(everything), window)
    ids = {fingerprint: one.id for fingerprint, one in {**lately, **everything}.items()}
    changes: list[Change] = []
    opened = 0
    for fingerprint, finding in found.items():
        incident = known_ones.get(fingerprint) or lately.get(fingerprint)
        if incident is None:
            ids[fingerprint] = open_new(connection, finding, window).incident.id
            opened += 1
        elif incident.status != "resolved" and seen_in.get(incident.id) == window:
            changes.append(told_more(incident, finding, window))
        else:
            changes.append(seen_again(incident, finding, window))
    returns = times_reopened(connection, [one.id for one in known_ones.values()])
    for fingerprint, incident in known_ones.items():
        if fingerprint in found:
            continue
        sight = _sight(incident, judged, unread)
        if seen_in.get(incident.id) == window and sight != "explained":
            continue
        explained_by = ids.get(judged.covered.get(fingerprint, ""))
        changes.append(not_seen(incident, sight, window, returns.get(incident.id, 0), explained_by))
    save(connection, changes, window)
    return changes, opened


def _sight(incident: Incident, judged: Judged, unread: frozenset[Platform]) -> Sight:
    if incident.fingerprint in judged.covered:
        return "explained"
    if incident.platform in unread and incident.kind != "poll_failure":
        return "unproven"
    unproven = judged.unproven if incident.kind in FAILING else judged.unread
    if incident.kind in MEASURED and incident.scenario in unproven:
        return "unproven"
    return "healthy"


def _mark(connection: Connection, windows: Mapping[datetime, int]) -> None:
    """The windows have been judged as they were when they had been touched so often."""
    if not windows:
        return
    statement = insert(MonitorWindow).values(
        [{"window_start": start, "judged": touched} for start, touched in windows.items()]
    )
    done = {"judged": func.greatest(MonitorWindow.judged, statement.excluded.judged)}
    connection.execute(statement.on_conflict_do_update(index_elements=["window_start"], set_=done))
