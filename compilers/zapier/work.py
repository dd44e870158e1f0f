"""The work of one step of a spec on Zapier: its app, its action, and its values.

What Zapier has no step for raises `UserError`. What isn't known of an app is left to a person, in a Code step that
fails until it is replaced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.errors import CompileError
from compilers.export import NeededConnection, NeededWebhook
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    AppStep,
    IterateStep,
    NativeStep,
    OperationStep,
    SetVariablesStep,
    SleepStep,
    Spec,
    TriggerStep,
)
from compilers.zapier import loops, webhooks
from compilers.zapier.code import ACTION, Calculation, Calculator
from compilers.zapier.code import API as CODE
from compilers.zapier.obstacles import of_step
from compilers.zapier.redact import redacted
from compilers.zapier.schedules import API as SCHEDULE
from compilers.zapier.schedules import DAILY, WEEKLY, write_schedule
from compilers.zapier.values import ZapierValues
from compilers.zapier.written import Written

LONGEST_ORIGINAL = 20_000
"""Characters of what a step was elsewhere that the step in its place holds."""
DELAY = "DelayCLIAPI@1.1.1"


@dataclass
class Work:
    """Writes what steps do. `made` takes what is found on the way; with `by_hand` and `originals` as in `write`."""

    spec: Spec
    graph: SpecGraph
    made: Written
    by_hand: bool
    originals: Mapping[str, Object]

    @property
    def _parsed(self) -> bool:
        return "zapier" in self.spec.residue

    def of(self, step: AnyStep, values: ZapierValues, own: Calculator) -> Object:
        """App, action, type and values of a step; `own` works out what a step that is a Code step itself says. Raises
        `UserError` for what Zapier has no step for."""
        if isinstance(step, NativeStep):
            if step.platform != "zapier":
                what = f"`{step.module}` is a step of {step.platform}, and what it is on Zapier isn't known"
                self.made.found(step.id, what, "replace the step that fails by one that does the same", "warning")
                return self.left(step, values, step.module)
            api, _, action = step.module.rpartition("/")
            return {"selected_api": api, "action": action, "params": values.value(step.mapper)}
        if isinstance(step, SleepStep):
            return {"selected_api": DELAY, "action": "delay_for", "params": _delay(step)}
        if isinstance(step, SetVariablesStep):
            texts = {one.name: one.value for one in step.variables}
            return _works_out(f"variables {step.scope}", texts, own)
        if isinstance(step, IterateStep):
            what, hint = (
                f"is written as a loop, and {loops.UNSEEN}",
                "open the step after the import and check its list",
            )
            self.made.found(step.id, what, hint, "warning")
            fields = self.graph.used_outputs.get(step.id, frozenset())
            return {**loops.STEP, "params": values.value(loops.write(step, fields))}
        if isinstance(step, (TriggerStep, AppStep)):
            return self._operation(step, values, own)
        what, hint = of_step(step) or (f"Zapier has no step for `{step.kind}`", "")
        raise CompileError(what, hint=hint)

    def _operation(self, step: TriggerStep | AppStep, values: ZapierValues, own: Calculator) -> Object:
        if (step.app, step.operation) == ("schedule", "tick"):
            return self._schedule(step)
        if (step.app, step.operation) == ("tools", "compose"):
            return _works_out("compose", {"value": step.inputs.get("value")}, own)
        app, operation = registry().app(step.app), registry().operation(step.app, step.operation)
        inputs = operation.with_defaults(step.inputs)
        if webhooks.is_hook(step):
            return {"selected_api": webhooks.API, "action": webhooks.CATCH, "type_of": "read"}
        if webhooks.is_request(step):
            action, params, as_json = webhooks.write(inputs)
            if action != "get":
                hint = "open the step after the import and look whether its data is there"
                self.made.found(step.id, f"sends a body, and {webhooks.UNSEEN}", hint, "warning")
            data = params.pop("data")
            sent = values.json_text(data) if as_json else values.value(data)
            rest = members(values.value(params))
            return {"selected_api": webhooks.API, "action": action, "params": {**rest, "data": sent}}
        known = operation.zapier
        if known is None:
            said = f"{app.zapier_name or app.name}: {operation.zapier_words or operation.summary}"
            what = f"what exports call *{said}* isn't known, so a step that fails stands in its place"
            hint = "choose the app and the event in Zapier's editor, and its fields by the values of that step"
            self.made.found(step.id, what, hint, "warning")
            return self.left(step, values, said)
        gaps = operation.zapier_gaps(step.inputs) if not self._parsed else ()
        if gaps:
            what = f"it isn't known which fields of Zapier's take {', '.join(f'`{name}`' for name in gaps)}"
            self.made.found(step.id, what, "fill them in by hand, as the build sheet says", "warning")
        if operation.kind == "search" and not self._parsed and str(inputs.get("limit", "")) != "1":
            self.made.found(
                step.id,
                "goes on once for each result, and a search of Zapier goes on once, with the first",
                "ask for one result, or put a loop behind it by hand",
                "warning",
            )
        try:
            params = values.bound(known.params, inputs)
        except CompileError as error:
            if self._parsed:
                raise
            self.made.found(step.id, f"{error.what}, so a step that fails stands in its place", error.hint, "warning")
            return self.left(step, values, f"{app.zapier_name or app.name}: {operation.zapier_words or known.action}")
        return {
            "selected_api": known.selected_api,
            "action": known.action,
            "type_of": known.type_of,
            "params": params,
        }

    def _schedule(self, step: TriggerStep | AppStep) -> Object:
        """The trigger of a schedule; left open, so that Zapier asks for its times, where no export shows such times."""
        schedule = self.spec.schedule
        try:
            action, params = write_schedule(schedule)
        except CompileError as error:
            if not self.by_hand or schedule is None or schedule.kind not in ("daily", "weekly"):
                raise
            self.made.found(step.id, error.what, "set its times in Zapier's editor, which asks for them", "warning")
            action, params = (WEEKLY if schedule.kind == "weekly" else DAILY), {}
        return {"selected_api": SCHEDULE, "action": action, "params": params}

    def left(self, step: AnyStep, values: ZapierValues, what: str) -> Object:
        """A step that a person must build: it holds the values as far as they can be written, and fails."""
        self.made.manual[step.id] = what
        given = {**step.inputs} if isinstance(step, OperationStep) else {}
        original = self.originals.get(step.id) or step.model_dump(mode="json", exclude={"residue", "sample", "outputs"})
        comment = json.dumps(redacted(original), ensure_ascii=True)[:LONGEST_ORIGINAL]
        code = f"// {comment}\nthrow new Error({json.dumps(f'Build this step by hand: {what}')});"
        leaves = [leaf for name, value in given.items() for leaf in _leaves(name, value)]
        written: Object = {name: values.as_text(value) for name, value in leaves}
        return {"selected_api": CODE, "action": ACTION, "params": {"code": code, "input": written}}

    def needs(self, step: OperationStep, place: str) -> None:
        """Notes the account or the address that a step needs."""
        app, operation = registry().app(step.app), registry().operation(step.app, step.operation)
        if operation.zapier and app.connection and operation.connection:
            self.made.connections.append(
                NeededConnection(
                    connection=step.connection or "",
                    app=app.app,
                    label=app.connection.label,
                    platform_type=operation.zapier.api,
                    steps=(step.id,),
                    places=(place,),
                )
            )
        if operation.kind == "trigger" and app.app == "webhook":
            what = "give its address to the system that calls it"
            self.made.webhooks.append(NeededWebhook(step=step.id, place=place, what=what))


def _works_out(kind: str, texts: Mapping[str, JsonValue], own: Calculator) -> Object:
    """A step of the spec that is a Code step itself."""
    made = Calculation(step=kind)
    for name, value in texts.items():
        made.texts[name] = write_template(own.own(parse(value if isinstance(value, str) else _as_text(value))))
    made.inputs = own.made.inputs
    return {"selected_api": CODE, "action": ACTION, "params": made.params()}


def _leaves(name: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The values inside a value, each with a name that says where it stands; empty ones left out."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(f"{name}: {key}", one)
    elif isinstance(value, list):
        for place, one in enumerate(value, 1):
            yield from _leaves(f"{name} {place}", one)
    elif value not in (None, ""):
        yield name, value


def _delay(step: SleepStep) -> Object:
    seconds = step.seconds
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 60 or seconds % 6:
        what = "Zapier waits for minutes and tenths of them, at least one minute"
        raise CompileError(what, hint="round it so, or leave the wait out")
    return {"delay_for_value": f"{seconds / 60:g}", "delay_for_unit": "minutes"}


def _as_text(value: JsonValue) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
