"""`manageai incidents`: what is wrong in production, and what people do about it."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue, TypeAdapter

from compilers.errors import UserError
from manageai_assets import console
from manageai_assets.commands import Outcome
from manageai_assets.monitoring import incident_store as store
from manageai_assets.monitoring import incidents as rules
from manageai_assets.monitoring import maintenance as planned
from manageai_assets.monitoring.connecting import opened_database
from manageai_assets.monitoring.models import Incident, IncidentEvent, Scenario, ScenarioKey
from manageai_assets.monitoring.production_commands import scenario_key
from manageai_assets.monitoring.registry import scenarios
from manageai_assets.monitoring.repairs import Repair, repair
from manageai_assets.settings import read_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": ""}


def incidents(options: argparse.Namespace) -> Outcome:
    """`incidents`: those that are open, or all."""
    with opened_database(read_settings()) as engine:
        found = store.incidents(engine, resolved=options.all)
        owners = _owners(engine)
    data: list[JsonValue] = [_as_json(one) for one in found]

    def show() -> None:
        if not found:
            print("Nothing is wrong." if not options.all else "Nothing has been wrong.")
            return
        rows = [
            (one.id, one.severity, one.kind, _name(one, owners), one.status, _time(one.since), one.count,
             one.assigned_to or one.acknowledged_by, one.what)
            for one in found
        ]  # fmt: skip
        columns = ("id", "severity", "kind", "scenario", "status", "since", "seen", "who", "what")
        console.show_table(
            columns, rows, styles=["dim" if one.status == "resolved" else STYLES[one.severity] for one in found]
        )

    return Outcome(data, show)


def show(options: argparse.Namespace) -> Outcome:
    """`incidents show`: everything on one incident. Raises `UserError` when there is none."""
    with opened_database(read_settings()) as engine:
        found = store.incident(engine, options.id)
        events = store.events_of(engine, options.id)
        owners = _owners(engine)
    owner = owners.get(found.scenario) if found.scenario else None
    ticket = repair(found, owner)
    told: list[JsonValue] = [_event(one) for one in events]
    data: JsonValue = {
        **_as_json(found),
        "repair": {"place": ticket.place, "steps": [*ticket.steps]},
        "events": told,
    }
    return Outcome(data, lambda: _show(found, owners, ticket, events))


def acknowledge(options: argparse.Namespace) -> Outcome:
    """`incidents ack`. Raises `UserError`."""
    return _act(options, lambda one, by, at: rules.acknowledge(one, by, at))


def silence(options: argparse.Namespace) -> Outcome:
    """`incidents silence`. Raises `UserError`."""
    now, by = datetime.now(UTC), _who(options)
    with opened_database(read_settings()) as engine:
        return _done(store.silence(engine, options.id, now + options.span, by, now, options.reason))


def assign(options: argparse.Namespace) -> Outcome:
    """`incidents assign`. Raises `UserError`."""
    return _act(options, lambda one, by, at: rules.assign(one, options.to, by, at))


def note(options: argparse.Namespace) -> Outcome:
    """`incidents note`. Raises `UserError`."""
    return _act(options, lambda one, by, at: rules.annotate(one, options.text, by, at))


def resolve(options: argparse.Namespace) -> Outcome:
    """`incidents resolve`. Raises `UserError`."""
    return _act(options, lambda one, by, at: rules.resolve(one, options.reason, by, at))


def maintenance(options: argparse.Namespace) -> Outcome:
    """`incidents maintenance`: plans work, ends it, or lists what is planned. Raises `UserError`."""
    now = datetime.now(UTC)
    with opened_database(read_settings()) as engine:
        if options.end is not None:
            planned.end(engine, options.end, now)
        elif options.span is not None:
            start = options.start or now
            scope = planned.Scope(
                platform=options.platform,
                scenario=scenario_key(options.scenario) if options.scenario else None,
                customer=options.customer,
            )
            planned.plan(engine, scope, start, start + options.span, _who(options), options.reason)
        elif options.start or options.platform or options.scenario or options.customer:
            raise UserError("say how long the work takes", hint="such as --for 4h")
        work = planned.upcoming(engine, now)
    data: list[JsonValue] = [
        {
            "number": one.id, "scope": str(one.scope), "from": one.starts_at.isoformat(),
            "until": one.ends_at.isoformat(), "by": one.made_by, "reason": one.reason,
        }
        for one in work
    ]  # fmt: skip

    def show() -> None:
        rows = [
            (one.id, str(one.scope), _time(one.starts_at), _time(one.ends_at), one.made_by, one.reason) for one in work
        ]
        if rows:
            console.show_table(("number", "what", "from (UTC)", "until", "by", "reason"), rows)
        else:
            print("No work is planned.")

    return Outcome(data, show)


def _act(
    options: argparse.Namespace, how: Callable[[Incident, str, datetime], rules.Change]
) -> Outcome:  # fmt: skip
    now, by = datetime.now(UTC), _who(options)
    with opened_database(read_settings()) as engine:
        return _done(store.act(engine, options.id, lambda one: how(one, by, now)))


def _done(done: Incident) -> Outcome:
    data: JsonValue = _as_json(done)
    who = f", {done.assigned_to}'s" if done.assigned_to else ""
    return Outcome(data, lambda: print(f"incident {done.id} ({done.kind}) is {done.status}{who}"))


def _who(options: argparse.Namespace) -> str:
    if options.by:
        return str(options.by)
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "somebody"


def _show(
    one: Incident, owners: Mapping[ScenarioKey, Scenario], ticket: Repair, events: list[IncidentEvent]
) -> None:  # fmt: skip
    owner = owners.get(one.scenario) if one.scenario else None
    rows = [
        ("what", one.what),
        ("where", ticket.place),
        ("kind", f"{one.kind}, {one.severity}"),
        ("status", one.status + (f" until {_time(one.silenced_until)}" if one.silenced_until else "")),
        ("since", f"{_time(one.since)} UTC, seen {one.count} times, last {_time(one.last_seen_at)}"),
        ("client", owner.customer if owner else ""),
        ("who", one.assigned_to or one.acknowledged_by),
        ("last error", str(one.evidence.get("error", ""))),
        ("resolution", one.resolution),
    ]
    console.show_table(("", ""), [row for row in rows if row[1]], title=f"incident {one.id}")
    console.show_table(("", "what to do"), list(enumerate(ticket.steps, 1)))
    told = [(_time(event.at), event.kind, event.actor, event.note) for event in events]
    console.show_table(("UTC", "what happened", "by", "note"), told)


def _owners(engine: Engine) -> Mapping[ScenarioKey, Scenario]:
    return {one.key: one for one in scenarios(engine, gone=True).values()}


def _name(one: Incident, owners: Mapping[ScenarioKey, Scenario]) -> str:
    if one.scenario is None:
        return f"all of {one.platform}"
    owner = owners.get(one.scenario)
    return f"{owner.name} ({one.scenario})" if owner and owner.name else str(one.scenario)


def _as_json(one: Incident) -> dict[str, JsonValue]:
    plain: dict[str, JsonValue] = _INCIDENT.dump_python(one, mode="json")
    return {**plain, "scenario": str(one.scenario) if one.scenario else None}


def _event(one: IncidentEvent) -> JsonValue:
    return {"at": one.at.isoformat(), "kind": one.kind, "by": one.actor, "note": one.note}


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


_INCIDENT = TypeAdapter(Incident)
