"""Changes of a spec that make something true of it: each gives the spec another property, by steps that really have it.

Nothing here asks the rules that look for these properties, or knows their thresholds.
"""

from __future__ import annotations

from itertools import pairwise

from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import (
    AppStep,
    Connection,
    Edge,
    IterateStep,
    NativeStep,
    OnError,
    OperationStep,
    Schedule,
    Spec,
    Step,
    TriggerStep,
)
from manageai_assets.build.operations import operations_per_run

POLLED = frozenset({
    ("google_sheets", "watch_rows"), ("google_sheets", "new_rows"), ("google_forms", "watch_responses"),
    ("airtable", "watch_records"), ("gmail", "watch_emails"),
})  # fmt: skip
"""Triggers that ask again and again, of apps that can call a webhook or send to a mailhook instead."""


def polls_a_sheet(spec: Spec, sheet: str) -> Spec:
    """The spec, started by new rows of a sheet."""
    inputs = {"spreadsheet": sheet, "sheet": "Inbox"}
    label = "Google Sheets: Start on a new row of a sheet"
    trigger = TriggerStep(
        id=spec.trigger.id, label=label, app="google_sheets", operation="watch_rows", inputs={**inputs}
    )
    return spec.model_copy(update={"trigger": trigger})


def checks_every(spec: Spec, minutes: int) -> Spec:
    """The spec with this schedule."""
    return spec.model_copy(update={"schedule": Schedule(kind="every", minutes=minutes)})


def watches(spec: Spec, what: str) -> Spec:
    """The spec whose trigger looks at something of its own: texts that stand in its inputs are replaced."""
    trigger = spec.trigger
    if not isinstance(trigger, OperationStep):
        return spec
    inputs = {
        name: what if isinstance(value, str) and "{{" not in value else value for name, value in trigger.inputs.items()
    }
    return spec.model_copy(update={"trigger": trigger.model_copy(update={"inputs": inputs})})  # fmt: skip


def on_account(spec: Spec, account: str, app: str = "") -> Spec:
    """The spec with connections of this account, of all apps or of one."""
    used = [one.app for one in spec.connections]
    missing = [app] if app and app not in used else []
    added = tuple(Connection(id=f"demo_{name}", app=name, account=account) for name in missing)
    changed = tuple(
        one.model_copy(update={"account": account}) if app in ("", one.app) else one for one in spec.connections
    )
    return spec.model_copy(update={"connections": (*changed, *added)})


def without_handling(spec: Spec) -> Spec:
    """The spec without any error handling; one that changes nothing outside gets a step that does."""
    graph = SpecGraph(spec)
    kept = {step.id for step in spec.nodes} - graph.error_steps.keys()
    bare = spec.model_copy(
        update={
            "trigger": spec.trigger.model_copy(update={"on_error": None}),
            "steps": tuple(step.model_copy(update={"on_error": None}) for step in spec.steps if step.id in kept),
            "edges": tuple(
                edge for edge in spec.edges if edge.kind != "error" and edge.source in kept and edge.target in kept
            ),
        }
    )
    tell = _call("demo_tell", "slack", "send_message", channel="operations", text="Done")
    return first(bare, tell)


def with_handling(spec: Spec) -> Spec:
    """The spec, whose calls of apps try again before they give up, as this agency delivers them."""
    again = OnError(strategy="retry", attempts=3, interval_minutes=15)
    steps = tuple(
        step.model_copy(update={"on_error": again}) if isinstance(step, AppStep) and step.on_error is None else step
        for step in spec.steps
    )
    return spec.model_copy(update={"steps": steps})


def hands_people_to_ai(spec: Spec) -> Spec:
    """The spec, which asks a model about somebody by name and address."""
    who = f"Write to {{{{ {spec.trigger.id}.first_name }}}} at {{{{ {spec.trigger.id}.email }}}}"
    return first(spec, _call("demo_ask", "openai", "create_response", model="gpt-4o-mini", prompt=who))


def uses_the_unknown(spec: Spec) -> Spec:
    """The spec with a module of a version that nobody has described."""
    strange = NativeStep(id="demo_stamp", label="Stamp it", platform="make", module="stampo:createStamp", version=7)
    return first(spec, strange)


def adds_rows_one_by_one(spec: Spec) -> Spec:
    """The spec, which adds each element of a list to a sheet by a call of its own."""
    row = _call(
        "demo_row",
        "google_sheets",
        "append_row",
        spreadsheet="demo",
        sheet="Log",
        values={"Item": "{{ demo_each.value }}"},
    )
    return _last(spec, IterateStep(id="demo_each", label="Each item", array=_list(spec)), row)  # fmt: skip


def asks_the_same_in_a_loop(spec: Spec) -> Spec:
    """The spec, which looks up for each element of a list what is the same for all of them."""
    search = _call("demo_rates", "airtable", "search_records", base="appDemo", table="Rates", formula="{Active}")
    return _last(spec, IterateStep(id="demo_each", label="Each item", array=_list(spec)), search)


def first(spec: Spec, step: Step) -> Spec:
    """The spec with a step between its trigger and what followed."""
    start = spec.trigger.id
    moved = tuple(edge.model_copy(update={"source": step.id}) if edge.source == start else edge for edge in spec.edges)
    return spec.model_copy(update={"steps": (step, *spec.steps), "edges": (Edge(source=start, target=step.id), *moved)})


def end_of(spec: Spec) -> str | None:
    """A call of an app that nothing follows, outside of loops and error handlers, on a way that runs take as a rule;
    None where there is none."""
    graph = SpecGraph(spec)
    usual = {row.step for row in operations_per_run(spec).steps if row.times >= 1}
    for step in spec.steps:
        last = isinstance(step, AppStep) and not graph.outgoing(step.id) and not step.disabled
        if last and step.id in usual and step.id not in graph.error_steps and not graph.multiplying(step.id):
            return step.id
    return None


def _last(spec: Spec, *steps: Step) -> Spec:
    """The spec with steps in a row behind its end. Raises `ValueError` where it has none."""
    end = end_of(spec)
    if end is None:
        raise ValueError(f"{spec.name} has no end to add to")
    chain = [end, *(step.id for step in steps)]
    edges = tuple(Edge(source=one, target=other) for one, other in pairwise(chain))
    return spec.model_copy(update={"steps": (*spec.steps, *steps), "edges": (*spec.edges, *edges)})


def _list(spec: Spec) -> str:
    return f"{{{{ {spec.trigger.id}.items }}}}"


def _call(identifier: str, app: str, operation: str, **inputs: object) -> AppStep:
    known = registry().apps[app]
    label = f"{known.name}: {known.operations[operation].summary}"
    return AppStep.model_validate(
        {"id": identifier, "label": label, "app": app, "operation": operation, "inputs": {**inputs}}
    )
