"""Spec rules: connections, credentials, and when the automation runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.spec_subject import BOOK, SpecSubject, is_blank, is_template
from compilers.secrets import is_secret_name, secret_in
from compilers.spec import (
    AppStep,
    Connection,
    NativeStep,
    RespondStep,
    Schedule,
    TriggerStep,
    strings_in,
    templates_of,
)


@cache
def _timezones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _connected(subject: SpecSubject) -> Iterator[tuple[str, TriggerStep | AppStep, Connection | None]]:
    """The steps that name a connection, with it where it exists."""
    connections = {connection.id: connection for connection in subject.spec.connections}
    for step in subject.spec.nodes:
        if isinstance(step, TriggerStep | AppStep) and step.connection:
            yield f"{subject.place(step)}.connection", step, connections.get(step.connection)


@BOOK.rule("connection.exists", "error", area="connection", hint="add it to `connections`")
def connection_exists(subject: SpecSubject) -> Iterator[Place]:
    """A step's connection is one of the spec's."""
    for where, step, connection in _connected(subject):
        if connection is None:
            yield where, f"there is no connection `{step.connection}`"


@BOOK.rule("connection.needed", "error", area="connection", hint="name the connection that the step uses")
def connection_needed(subject: SpecSubject) -> Iterator[Place]:
    """A step of an app that needs an account names its connection."""
    for where, step, operation in subject.operations:
        if operation.connection and subject.registry.app(step.app).connection and not step.connection:
            yield f"{where}.connection", f"`{step.app}` needs an account, and no connection is named"


@BOOK.rule("connection.app", "error", area="connection", hint="name a connection of the step's own app")
def connection_app(subject: SpecSubject) -> Iterator[Place]:
    """A step's connection is one of its own app."""
    for where, step, connection in _connected(subject):
        if connection and connection.app != step.app:
            yield where, f"`{connection.id}` is an account at `{connection.app}`, not at `{step.app}`"


@BOOK.rule("connection.not-needed", "warning", area="connection", hint="remove the connection from the step")
def connection_not_needed(subject: SpecSubject) -> Iterator[Place]:
    """A step that works without an account names no connection."""
    for where, step, operation in subject.operations:
        needs = operation.connection and subject.registry.app(step.app).connection
        if step.connection and not needs:
            yield f"{where}.connection", f"`{step.app}` / `{step.operation}` needs no account"


@BOOK.rule("connection.used", "warning", area="connection", hint="remove it, or name it in a step")
def connection_used(subject: SpecSubject) -> Iterator[Place]:
    """Every connection is used by a step."""
    used = {step.connection for _, step, _ in _connected(subject)}
    native = any(isinstance(step, NativeStep) for step in subject.spec.nodes)
    for index, connection in enumerate(subject.spec.connections):
        if connection.id not in used and not native:
            yield f"connections[{index}]", f"no step uses `{connection.id}`"


@BOOK.rule("connection.unique", "error", area="connection", hint="give each connection an id of its own")
def connection_unique(subject: SpecSubject) -> Iterator[Place]:
    """No two connections have the same id."""
    count = Counter(connection.id for connection in subject.spec.connections)
    for index, connection in enumerate(subject.spec.connections):
        if count.pop(connection.id, 0) > 1:
            yield f"connections[{index}].id", f"`{connection.id}` is there more than once"


@BOOK.rule("connection.same-account", "warning", area="connection", hint="use one connection, or tell the two apart")
def connection_same_account(subject: SpecSubject) -> Iterator[Place]:
    """Two connections of one app are told apart by their labels or accounts."""
    first: dict[tuple[str, str, str], str] = {}
    for index, connection in enumerate(subject.spec.connections):
        key = (connection.app, connection.label.casefold(), connection.account.casefold())
        other = first.setdefault(key, connection.id)
        if other != connection.id:
            yield f"connections[{index}]", f"can't be told from `{other}`"


def _written(subject: SpecSubject) -> Iterator[tuple[str, str, JsonValue]]:
    """Every value that is written into steps and filters: place, name of its field, value."""
    for step in subject.spec.nodes:
        where = subject.place(step)
        for path, value in templates_of(step):
            yield f"{where}.{path}", path.rsplit(".", 1)[-1], value
        if isinstance(step, NativeStep):
            for name, value in step.parameters.items():
                yield f"{where}.parameters.{name}", name, value
        if isinstance(step, RespondStep):
            continue
        yield f"{where}.note", "note", step.note
        yield f"{where}.sample", "sample", step.sample


@BOOK.rule("credential.secrets", "error", area="credential", hint="keep it in the platform's connection")
def secrets(subject: SpecSubject) -> Iterator[Place]:
    """No password, key or token is written into a spec."""
    texts = [(where, text) for path, _, value in _written(subject) for where, text in strings_in(value, path)]
    texts += [(name, str(getattr(subject.spec, name))) for name in ("description", "request", "objective")]
    for where, text in texts:
        kind = secret_in(text)
        if kind:
            yield shorten(where), f"holds what looks like {kind}"


@BOOK.rule("credential.fields", "error", area="credential", hint="keep it in the platform's connection")
def secret_fields(subject: SpecSubject) -> Iterator[Place]:
    """A field that is made for a password, key or token holds no value written out."""
    for where, name, value in _written(subject):
        for inner, text in strings_in(value, where):
            field = inner.rsplit(".", 1)[-1] if inner != where else name
            if is_secret_name(field) and not is_blank(text) and not is_template(text) and not secret_in(text):
                yield shorten(inner), f"`{shorten(field, 60)}` is written out"


def _polls(subject: SpecSubject) -> bool | None:
    """Whether the trigger waits to be started by a schedule; None when that isn't known."""
    trigger = subject.spec.trigger
    if not isinstance(trigger, TriggerStep):
        return None
    operation = subject.registry.find(trigger.app, trigger.operation)
    return None if operation is None or operation.kind != "trigger" else not operation.instant


@BOOK.rule("schedule.needed", "error", area="schedule", hint="add a schedule, such as every 15 minutes")
def schedule_needed(subject: SpecSubject) -> Iterator[Place]:
    """An automation whose trigger isn't instant has a schedule."""
    if subject.spec.schedule is None and _polls(subject):
        yield "schedule", "nothing says when this automation runs"


@BOOK.rule("schedule.instant", "error", area="schedule", hint="remove the schedule, or make it `immediately`")
def schedule_instant(subject: SpecSubject) -> Iterator[Place]:
    """An automation that an event starts runs immediately."""
    schedule = subject.spec.schedule
    if schedule and schedule.kind != "immediately" and _polls(subject) is False:
        yield "schedule.kind", f"an instant trigger can't run on the schedule `{schedule.kind}`"


@BOOK.rule("schedule.immediately", "error", area="schedule", hint="say when it runs, such as every 15 minutes")
def schedule_immediately(subject: SpecSubject) -> Iterator[Place]:
    """Only an automation that an event starts runs immediately."""
    if subject.spec.schedule and subject.spec.schedule.kind == "immediately" and _polls(subject):
        yield "schedule.kind", "this trigger starts nothing by itself"


NEEDED_TIMES = {
    "every": ("minutes",), "daily": ("at",), "weekly": ("at", "weekdays"), "monthly": ("at", "month_days"),
    "once": ("date",),
}  # fmt: skip
"""What each kind of schedule needs besides its kind."""


def _is_given(schedule: Schedule, name: str) -> bool:
    return getattr(schedule, name) not in (None, ())


@BOOK.rule("schedule.times", "error", area="schedule", hint="say at which time, on which days")
def schedule_times(subject: SpecSubject) -> Iterator[Place]:
    """A schedule says all that its kind needs: minutes, times and days."""
    schedule = subject.spec.schedule
    for name in NEEDED_TIMES.get(schedule.kind, ()) if schedule else ():
        if schedule and not _is_given(schedule, name):
            yield f"schedule.{name}", f"`{schedule.kind}` needs `{name}`"


@BOOK.rule("schedule.unused-times", "warning", area="schedule", hint="remove it, or take the kind that uses it")
def schedule_unused(subject: SpecSubject) -> Iterator[Place]:
    """A schedule says nothing that its kind doesn't use."""
    schedule = subject.spec.schedule
    for name in ("minutes", "at", "weekdays", "month_days", "date") if schedule else ():
        if schedule and _is_given(schedule, name) and name not in NEEDED_TIMES.get(schedule.kind, ()):
            yield f"schedule.{name}", f"`{schedule.kind}` doesn't use `{name}`"


@BOOK.rule("schedule.short-months", "warning", area="schedule", hint="take a day that every month has")
def schedule_short_months(subject: SpecSubject) -> Iterator[Place]:
    """A monthly schedule runs on days that every month has."""
    schedule = subject.spec.schedule
    if schedule and schedule.kind == "monthly":
        late = [day for day in schedule.month_days if day > 28]
        if late and len(late) == len(schedule.month_days):
            yield "schedule.month_days", f"months without day {min(late)} are skipped"


@BOOK.rule("schedule.offset", "error", area="schedule", hint="write the offset, such as 2030-01-31T09:00:00+01:00")
def schedule_offset(subject: SpecSubject) -> Iterator[Place]:
    """The time of a single run says its offset."""
    schedule = subject.spec.schedule
    if schedule and schedule.date and schedule.date.tzinfo is None:
        yield "schedule.date", "has no offset from UTC"


@BOOK.rule("schedule.timezone", "error", area="schedule", hint="take a name such as Europe/Paris")
def timezone(subject: SpecSubject) -> Iterator[Place]:
    """The time zone exists."""
    name = subject.spec.settings.timezone
    if name not in _timezones():
        yield "settings.timezone", f"there is no time zone `{shorten(name, 60)}`"
