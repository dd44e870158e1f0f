"""One step of the spec as one Make module, without its place in the flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.export import NeededConnection, NeededWebhook
from compilers.graph import SpecGraph
from compilers.make.values import MakeValues
from compilers.paths import substituted
from compilers.registry import bind, registry
from compilers.registry.models import MakeConnection
from compilers.spec import (
    AggregateStep,
    AnyStep,
    DirectiveStep,
    GetVariablesStep,
    IterateStep,
    MergeStep,
    NativeStep,
    OnError,
    OperationStep,
    RepeatStep,
    RespondStep,
    SetVariablesStep,
    SleepStep,
    Spec,
    StopStep,
    SubScenarioStep,
)

Module = dict[str, JsonValue]

_SCOPES = {"cycle": "roundtrip", "run": "execution"}
_SEPARATORS = ("\n", "\t", "")


def flow_module(name: str, number: int, mapper: JsonValue, parameters: dict[str, JsonValue] | None = None) -> Module:
    """A module of Make's own control flow, by its name in the registry's `flow.yaml`."""
    row = registry().flow[name]
    return {
        "id": number,
        "module": row.make,
        "version": row.make_version,
        "parameters": parameters or {},
        "mapper": mapper,
    }


def directive(rule: OnError, failed: AnyStep, number: int, values: MakeValues) -> Module:
    """The directive that ends the error handler of the step that failed."""
    if rule.strategy == "resume":
        return flow_module("resume", number, values.value(substituted(failed, rule.substitute, "make")))
    if rule.strategy == "retry":
        mapper: JsonValue = {"retry": True, "count": str(rule.attempts), "interval": str(rule.interval_minutes)}
        return flow_module("retry", number, mapper)
    return flow_module(rule.strategy, number, {})


def _was(step: AnyStep, module: str) -> bool:
    """Whether the step was parsed from that module, where Make has several for the same."""
    return step.residue.get("make", {}).get("module") == module


@dataclass
class _OpenPlaces:
    """What of a module the import leaves open: the parameters that a person fills, and what the editor shows there."""

    declared: list[JsonValue] = field(default_factory=list)
    restored: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, JsonValue]:
        """The module's metadata."""
        return {"parameters": self.declared, "restore": {"parameters": self.restored}}


class ModuleMaker:
    """Makes the modules of one spec; collects what a person must connect."""

    def __init__(self, spec: Spec, graph: SpecGraph, ids: Mapping[str, int]) -> None:
        self._graph, self._ids = graph, ids
        self._accounts = {connection.id: connection for connection in spec.connections}
        self.connections: list[NeededConnection] = []
        self.webhooks: list[NeededWebhook] = []

    def make(self, step: AnyStep, values: MakeValues) -> Module:
        """The module for a step. Raises `CompileError` when Make has none."""
        number = self._ids[step.id]
        match step:
            case NativeStep():
                return self._native(step, number, values)
            case OperationStep():
                return self._operation(step, number, values)
            case IterateStep():
                return flow_module("iterate", number, {"array": values.at("array").value(step.array)})
            case RepeatStep():
                return flow_module(
                    "repeat", number, _texts(values, start=step.start, repeats=step.repeats, step=step.step)
                )
            case AggregateStep():
                return self._aggregate(step, number, values)
            case SleepStep():
                return flow_module("sleep", number, _texts(values, duration=step.seconds))
            case SetVariablesStep(variables=(variable,)) if _was(step, "util:SetVariable2"):
                value = values.at(f"variables.{variable.name}").value(variable.value)
                mapper: JsonValue = {"name": variable.name, "scope": _SCOPES[step.scope], "value": value}
                return {**flow_module("set_variables", number, mapper), "module": "util:SetVariable2"}
            case GetVariablesStep(names=(name,)) if _was(step, "util:GetVariable2"):
                return {**flow_module("get_variables", number, {"name": name}), "module": "util:GetVariable2"}
            case SetVariablesStep():
                variables: list[JsonValue] = [
                    {"name": variable.name, "value": values.at(f"variables.{variable.name}").value(variable.value)}
                    for variable in step.variables
                ]
                return flow_module("set_variables", number, {"scope": _SCOPES[step.scope], "variables": variables})
            case GetVariablesStep():
                return flow_module("get_variables", number, {"variables": [*step.names]})
            case RespondStep():
                return self._respond(step, number, values)
            case SubScenarioStep():
                parameters: dict[str, JsonValue] = {"shouldWaitForExecutionEnd": step.wait}
                self.webhooks.append(
                    NeededWebhook(step=step.id, place=f"module {number}", what=f"choose the scenario {step.scenario}")
                )
                return flow_module("sub_scenario", number, {"data": values.at("inputs").value(step.inputs)}, parameters)
            case DirectiveStep():
                failed = self._failed(step)
                return directive(step.directive, failed, number, values.at("directive.substitute"))
            case MergeStep():
                return flow_module("merge", number, None)
            case StopStep(outcome="error"):
                raise CompileError(
                    "Make has no module that ends a run with an error of your own",
                    hint="answer or notify instead, or let the step that fails raise the error",
                )
            case _:
                return {
                    "id": number,
                    "module": "util:ComposeTransformer",
                    "version": 1,
                    "parameters": {},
                    "mapper": {"value": ""},
                }

    def _failed(self, step: DirectiveStep) -> AnyStep:
        failed = self._graph.error_steps.get(step.id)
        if failed is None:
            raise CompileError("a directive stands outside an error handler", hint="lead an `error` edge to it")
        return self._graph.step(failed)

    # -- kinds of steps ----------------------------------------------------------------------------------------

    def _operation(self, step: OperationStep, number: int, values: MakeValues) -> Module:
        app = registry().app(step.app)
        operation = registry().operation(step.app, step.operation)
        make = operation.make_module(step.residue.get("make", {}).get("module"))
        if make is None or make.module is None:
            raise CompileError(
                f"Make has no module for `{step.app}.{step.operation}` that the registry knows",
                hint="use another operation, an HTTP request, or a native step of Make",
            )
        inputs = operation.with_defaults(step.inputs)
        values.at("inputs")
        module: Module = {
            "id": number,
            "module": make.module,
            "version": make.version,
            "parameters": bind(make.parameters, inputs, values),
            "mapper": None if make.mapper is None else bind(make.mapper, inputs, values),
        }
        open_places = _OpenPlaces()
        if make.hook:
            self._hook(step, make.hook, make.hook_type, number, open_places)
        connection = app.connection
        if connection and connection.make and operation.connection and make.connection:
            self._connection(step, connection.label, connection.make, number, open_places)
        if open_places.declared:
            module["metadata"] = open_places.metadata
        return module

    def _hook(self, step: OperationStep, parameter: str, hook_type: str, number: int, open_places: _OpenPlaces) -> None:
        kind = f"hook:{hook_type}"
        open_places.declared.append({"name": parameter, "type": kind, "label": "Webhook", "required": True})
        open_places.restored[parameter] = {"label": step.title, "data": {"editable": "true"}}
        self.webhooks.append(
            NeededWebhook(
                step=step.id,
                place=f"module {number}",
                what=f"create the webhook of `{step.title}` and hand out its address",
            )
        )

    def _connection(
        self, step: OperationStep, usual_label: str, wanted: MakeConnection, number: int, open_places: _OpenPlaces
    ) -> None:
        account = self._accounts.get(step.connection or "")
        label = (account.label if account else "") or usual_label
        kind = wanted.type if ":" in wanted.type else f"account:{wanted.type}"
        declared: JsonValue = {"name": wanted.parameter, "type": kind, "label": "Connection", "required": True}
        open_places.declared.insert(0, declared)
        data: JsonValue = {"scoped": "true", "connection": wanted.type.split(":")[-1]}
        open_places.restored[wanted.parameter] = {"label": label, "data": data}
        self.connections.append(
            NeededConnection(
                connection=step.connection or "",
                app=step.app,
                label=label,
                platform_type=wanted.type,
                steps=(step.id,),
                places=(f"module {number}",),
            )
        )

    def _native(self, step: NativeStep, number: int, values: MakeValues) -> Module:
        if step.platform != "make":
            row = registry().flow["manual"]
            return {"id": number, "module": row.make, "metadata": {}}
        module: Module = {"id": number, "module": step.module}
        if step.version is not None:
            module["version"] = int(step.version)
        return {**module, "parameters": step.parameters, "mapper": values.at("mapper").value(step.mapper)}

    def _aggregate(self, step: AggregateStep, number: int, values: MakeValues) -> Module:
        parameters: dict[str, JsonValue] = {"feeder": self._ids.get(step.source)}
        flags: dict[str, JsonValue] = {}
        if step.group_by is not None:
            flags["groupBy"] = values.at("group_by").value(step.group_by)
        if step.stop_if_empty:
            flags["stopIfEmpty"] = True
        if step.mode == "array":
            mapper: JsonValue = {name: values.at(f"fields.{name}").value(value) for name, value in step.fields.items()}
            module = flow_module("aggregate", number, mapper, parameters)
        elif step.mode == "text":
            known = step.separator in _SEPARATORS
            parameters["rowSeparator"] = step.separator if known else "other"
            if not known:
                parameters["otherRowSeparator"] = step.separator
            module = flow_module("aggregate_text", number, {"value": values.at("value").value(step.value)}, parameters)
        else:
            parameters["fn"] = step.mode
            module = flow_module(
                "aggregate_number", number, {"value": values.at("value").value(step.value)}, parameters
            )
        return {**module, "flags": flags} if flags else module

    def _respond(self, step: RespondStep, number: int, values: MakeValues) -> Module:
        body = step.body
        structured = isinstance(body, (dict, list))
        headers: list[JsonValue] = [
            {"key": header.name, "value": values.at(f"headers.{header.name}").value(header.value)}
            for header in step.headers
        ]
        if structured and not any(header.name.lower() == "content-type" for header in step.headers):
            headers.append({"key": "Content-Type", "value": "application/json"})
        written = values.at("body").json_text(body) if structured else values.at("body").value(body)
        mapper: JsonValue = {"status": _text(values.at("status"), step.status), "body": written, "headers": headers}
        return flow_module("respond", number, mapper)


def _text(values: MakeValues, value: JsonValue) -> JsonValue:
    return values.value(value) if isinstance(value, str) else str(values.json_text(value))


def _texts(values: MakeValues, **fields: JsonValue) -> dict[str, JsonValue]:
    return {name: _text(values.at(name), value) for name, value in fields.items()}
