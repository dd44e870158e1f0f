"""One step of the spec as nodes: where bundles enter, where they leave, and which node holds what the step gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from compilers.errors import CompileError, Finding, Severity
from compilers.export import NeededConnection, NeededWebhook
from compilers.graph import SpecGraph
from compilers.n8n import scripts
from compilers.n8n.canvas import Canvas, Port
from compilers.n8n.conditions import conditions, expression_condition
from compilers.n8n.triggers import poll_times, schedule_rule
from compilers.n8n.values import N8nValues, expression
from compilers.registry import App, Operation, bind, registry
from compilers.spec import (
    AggregateStep,
    AnyStep,
    DirectiveStep,
    Edge,
    Filter,
    GetVariablesStep,
    IfElseStep,
    IterateStep,
    MergeStep,
    NativeStep,
    OperationStep,
    RepeatStep,
    RespondStep,
    RouterStep,
    SetVariablesStep,
    SleepStep,
    Spec,
    StopStep,
    SubScenarioStep,
)


@dataclass(frozen=True)
class Fragment:
    """What stands for a step: the node that bundles enter, the ports that they leave by, the node whose output is the
    step's result, and the one that can fail. `branches` are the ports of a router's or if-else's edges, by target."""

    entry: str
    exits: tuple[Port, ...]
    result: str
    main: str
    branches: Mapping[str, Port] = field(default_factory=dict)
    entry_input: int = 0

    @staticmethod
    def single(name: str, *, ends: bool = False) -> Fragment:
        """One node that does it all."""
        return Fragment(name, () if ends else (Port(name),), name, name)


class StepNodes:
    """Adds the nodes of steps to a canvas; collects what a person must connect and what to know."""

    def __init__(
        self, spec: Spec, graph: SpecGraph, canvas: Canvas, results: Mapping[str, str], failing: Mapping[str, str]
    ) -> None:
        self._spec, self._graph, self._canvas = spec, graph, canvas
        self._results, self._failing = results, failing
        self._accounts = {connection.id: connection for connection in spec.connections}
        self._sources = {step.source for step in spec.steps if isinstance(step, AggregateStep)}
        self._markers: dict[str, tuple[str, str]] = {}
        self._shared = self._shared_variables()
        self.connections: list[NeededConnection] = []
        self.webhooks: list[NeededWebhook] = []
        self.findings: list[Finding] = []

    def values(self, step: AnyStep, item: str = "") -> N8nValues:
        """A writer for values of that step, whose findings are kept."""
        written = N8nValues(step, self._graph, self._results, self._failing, item)
        written.findings = self.findings
        return written

    def add(self, step: AnyStep) -> Fragment:
        """The nodes of a step. Raises `CompileError` when n8n has none."""
        fragment = self._add(step)
        marks_itself = isinstance(step, (IterateStep, RepeatStep, AggregateStep))
        if step.id in self._sources and not marks_itself and step.id != self._spec.trigger.id:
            return self._marked(step, fragment)
        return fragment

    def _add(self, step: AnyStep) -> Fragment:
        values = self.values(step)
        match step:
            case NativeStep():
                return self._native(step, values)
            case OperationStep():
                return Fragment.single(self._operation(step, values))
            case RouterStep(mode="all"):
                return self._router(step, values)
            case RouterStep() | IfElseStep():
                return self._choice(step, values)
            case MergeStep():
                return Fragment.single(self._flow_node(step, "ignore", step.title, {}))
            case IterateStep():
                return self._list(step, scripts.elements(values.at("array").javascript(step.array)))
            case RepeatStep():
                numbers = (values.at(name).javascript(getattr(step, name)) for name in ("start", "repeats", "step"))
                return self._list(step, scripts.counters(*numbers))
            case AggregateStep():
                return self._aggregate(step)
            case SleepStep():
                amount = values.at("seconds").value(step.seconds)
                parameters: dict[str, JsonValue] = {"resume": "timeInterval", "amount": amount, "unit": "seconds"}
                name = self._flow_node(step, "sleep", step.title, parameters)
                self._canvas.nodes[name]["webhookId"] = self._canvas.webhook_id(step.id)
                return Fragment.single(name)
            case SetVariablesStep():
                return Fragment.single(self._set_variables(step, values))
            case GetVariablesStep():
                return Fragment.single(self._get_variables(step))
            case RespondStep():
                return Fragment.single(self._respond(step, values))
            case StopStep():
                return self._stop(step, values)
            case SubScenarioStep():
                return Fragment.single(self._sub_scenario(step, values))
            case DirectiveStep():
                return Fragment.single(self._flow_node(step, "ignore", step.title, {}))

    # -- apps --------------------------------------------------------------------------------------------------

    def _operation(self, step: OperationStep, values: N8nValues) -> str:
        app = registry().app(step.app)
        operation = registry().operation(step.app, step.operation)
        wanted = operation.n8n
        if wanted is None:
            raise CompileError(f"n8n has no node for `{step.app}.{step.operation}` that the registry knows")
        inputs = operation.with_defaults(step.inputs)
        parameters = bind(wanted.parameters, inputs, values.at("inputs"))
        if app.connection and app.connection.n8n and wanted.credential is not False:
            parameters = {**app.connection.n8n.parameters, **parameters}
        parameters |= self._start_parameters(step, operation)
        name = self._canvas.add(step.id, step.title, wanted.node, wanted.version, parameters)
        node = self._canvas.nodes[name]
        node |= wanted.settings
        if wanted.webhook:
            node["webhookId"] = self._canvas.webhook_id(step.id)
            self.webhooks.append(
                NeededWebhook(step=step.id, place=name, what=f"hand out the production address of `{step.title}`")
            )
        self._credential(step, app, operation, name)
        return name

    def _start_parameters(self, step: OperationStep, operation: Operation) -> dict[str, JsonValue]:
        assert operation.n8n
        if operation.n8n.node.endswith(".scheduleTrigger"):
            return {"rule": schedule_rule(self._spec.schedule)}
        if operation.n8n.polling:
            return {"pollTimes": poll_times(self._spec.schedule)}
        if operation.n8n.node.endswith(".webhook"):
            responds = any(isinstance(other, RespondStep) for other in self._graph.below(step.id))
            path = step.inputs.get("path") or self._spec.slug
            return {"path": path, "responseMode": "responseNode" if responds else "onReceived"}
        return {}

    def _credential(self, step: OperationStep, app: App, operation: Operation, name: str) -> None:
        if not app.connection or not app.connection.n8n or not operation.n8n or operation.n8n.credential is False:
            return
        kind = operation.n8n.credential or app.connection.n8n.credential
        account = self._accounts.get(step.connection or "")
        label = (account.label if account else "") or app.connection.label
        self._canvas.nodes[name]["credentials"] = {kind: {"id": None, "name": label}}
        self.connections.append(
            NeededConnection(
                connection=step.connection or "",
                app=app.app,
                label=label,
                platform_type=kind,
                steps=(step.id,),
                places=(name,),
            )
        )

    def _native(self, step: NativeStep, values: N8nValues) -> Fragment:
        if step.platform == "n8n":
            parameters = {
                **step.parameters,
                **{name: values.at(f"mapper.{name}").value(value) for name, value in step.mapper.items()},
            }
            return Fragment.single(self._canvas.add(step.id, step.title, step.module, step.version or 1, parameters))
        name = self._flow_node(step, "manual", f"MANUAL: {step.title}", {})
        original = {
            "module": step.module,
            "version": step.version,
            "parameters": step.parameters,
            "mapper": step.mapper,
        }
        self._canvas.nodes[name] |= {"disabled": True, "notes": json.dumps(original, ensure_ascii=False, indent=1)}
        self._note(
            "warning",
            step,
            f"`{step.module}` is a {step.platform} step: build it by hand",
            "its original is in the node's notes",
        )
        return Fragment.single(name)

    # -- branches ----------------------------------------------------------------------------------------------

    def _router(self, step: RouterStep, values: N8nValues) -> Fragment:
        """A node that passes on, and a Filter behind it for each route: every route that passes runs, from top to
        bottom. The fallback passes what no other route does."""
        entry = self._flow_node(step, "ignore", step.title, {})
        edges = [edge for edge in self._graph.outgoing(step.id) if edge.kind == "route" and not edge.disabled]
        others = [edge.filter or Filter() for edge in edges if not edge.fallback]
        ports: dict[str, Port] = {}
        for edge in edges:
            condition = edge.filter if edge.filter and edge.filter.any_of else None
            if condition is None and not edge.fallback:
                ports[edge.target] = Port(entry)
                continue
            title = (
                edge.label
                or (condition.label if condition else "")
                or ("Otherwise" if edge.fallback else f"To {edge.target}")
            )
            parts = [f"!({values.filter_javascript(other) if other.any_of else 'true'})" for other in others]
            if edge.fallback and condition:
                parts.append(values.filter_javascript(condition))
            name = self._filter_node(edge, title, condition, values, " && ".join(parts) if edge.fallback else None)
            self._canvas.connect(Port(entry), name)
            ports[edge.target] = Port(name)
        return Fragment(entry, (), entry, entry, ports)

    def _choice(self, step: RouterStep | IfElseStep, values: N8nValues) -> Fragment:
        """The first branch whose condition holds: an IF for one condition, else a Switch."""
        edges = [
            edge for edge in self._graph.outgoing(step.id) if edge.kind in ("route", "branch") and not edge.disabled
        ]
        wanted = [edge for edge in edges if not edge.fallback]
        fallback = [edge for edge in edges if edge.fallback]
        if not wanted:
            name = self._flow_node(step, "ignore", step.title, {})
            return Fragment(name, (), name, name, {edge.target: Port(name) for edge in fallback})
        written = [
            conditions(edge.filter or Filter(), values.at(f"edges.{edge.target}"), f"{step.id}/{edge.target}")
            for edge in wanted
        ]
        loose: dict[str, JsonValue] = {"looseTypeValidation": True}
        if len(wanted) == 1:
            parameters: dict[str, JsonValue] = {"conditions": written[0], **loose, "options": _options(written[0])}
            name = self._flow_node(step, "if_else", step.title, parameters)
        else:
            rules: list[JsonValue] = [
                {
                    "conditions": one,
                    "renameOutput": True,
                    "outputKey": edge.label or (edge.filter.label if edge.filter else "") or edge.target,
                }
                for edge, one in zip(wanted, written, strict=True)
            ]
            options: dict[str, JsonValue] = {"fallbackOutput": "extra" if fallback else "none"}
            parameters = {"mode": "rules", "rules": {"values": rules}, **loose, "options": options}
            name = self._flow_node(step, "router", step.title, parameters)
        ports = {edge.target: Port(name, index) for index, edge in enumerate([*wanted, *fallback])}
        return Fragment(name, (), name, name, ports)

    def filter(self, edge: Edge, condition: Filter) -> str:
        """The Filter node that stands for an edge's filter."""
        step = self._graph.step(edge.target)
        title = condition.label or edge.label or f"Only for {step.title}"
        return self._filter_node(edge, title, condition, self.values(step).at("filter"), None)

    def _filter_node(
        self, edge: Edge, title: str, condition: Filter | None, values: N8nValues, javascript: str | None
    ) -> str:
        key = f"{edge.source}/{edge.target}/filter"
        written = (
            expression_condition(javascript, key) if javascript else conditions(condition or Filter(), values, key)
        )
        row = registry().flow["filter"]
        parameters: dict[str, JsonValue] = {
            "conditions": written,
            "looseTypeValidation": True,
            "options": _options(written),
        }
        return self._canvas.add(key, title, row.n8n, row.n8n_version, parameters)

    # -- lists -------------------------------------------------------------------------------------------------

    def _list(self, step: IterateStep | RepeatStep, javascript: str) -> Fragment:
        entry = self._flow_node(
            step,
            "set_variables",
            f"{step.title}: list",
            {
                "mode": "raw",
                "jsonOutput": expression(f"({{{scripts.LIST_FIELD}: {javascript}, {self._mark(step)}}})"),
                "options": {},
            },
            key="list",
        )
        self._markers[step.id] = (entry, step.id)
        kind = "iterate" if isinstance(step, IterateStep) else "repeat"
        parameters: dict[str, JsonValue] = {
            "fieldToSplitOut": scripts.LIST_FIELD,
            "include": "noOtherFields",
            "options": {},
        }
        name = self._flow_node(step, kind, step.title, parameters)
        self._canvas.connect(Port(entry), name)
        return Fragment(entry, (Port(name),), name, name)

    def _marked(self, step: AnyStep, fragment: Fragment) -> Fragment:
        """The fragment behind a node that leaves one marker item for each operation of the step."""
        parameters: dict[str, JsonValue] = {
            "mode": "raw",
            "jsonOutput": expression(f"({{{self._mark(step)}}})"),
            "options": {},
        }
        entry = self._flow_node(step, "set_variables", f"{step.title}: each run", parameters, key="run")
        self._canvas.connect(Port(entry), fragment.entry)
        self._markers[step.id] = (entry, step.id)
        return replace(fragment, entry=entry)

    @staticmethod
    def _mark(step: AnyStep) -> str:
        return f'{scripts.RUN_FIELD}: $itemIndex, {scripts.SOURCE_FIELD}: "{step.id}"'

    def _aggregate(self, step: AggregateStep) -> Fragment:
        values = self.values(step, item="index")
        if step.mode == "array":
            fields = (
                f"{json.dumps(name)}: {values.at(f'fields.{name}').javascript(value)}"
                for name, value in step.fields.items()
            )
            collected = "{" + ", ".join(fields) + "}"
        else:
            collected = values.at("value").javascript(step.value)
        key = None if step.group_by is None else values.at("group_by").javascript(step.group_by)
        marker = self._markers.get(step.source)
        if marker is None:
            raise CompileError(
                f"the source `{step.source}` of an aggregate must be a step before it that gives several bundles"
            )
        self._markers[step.id] = marker
        code = scripts.aggregate(
            source=marker[1],
            marker=marker[0],
            collected=collected,
            key=key,
            result=scripts.combine(step.mode, step.separator),
            stop_if_empty=step.stop_if_empty,
        )
        entry = self._flow_node(
            step, "join", f"{step.title}: collect", {"mode": "append", "numberInputs": 2}, key="collect"
        )
        self._canvas.connect(Port(marker[0]), entry, 0)
        name = self._flow_node(
            step, "aggregate", step.title, {"mode": "runOnceForAllItems", "language": "javaScript", "jsCode": code}
        )
        self._canvas.connect(Port(entry), name)
        return Fragment(entry, (Port(name),), name, name, entry_input=1)

    # -- variables ---------------------------------------------------------------------------------------------

    def _shared_variables(self) -> frozenset[str]:
        """Names that some step reads without every way to it having set them last: they must outlive their route."""
        shared: set[str] = set()
        for reader in self._graph:
            if isinstance(reader, GetVariablesStep):
                shared.update(name for name in reader.names if self._setter(reader, name) is None)
        return frozenset(shared)

    def _setter(self, reader: GetVariablesStep, name: str) -> SetVariablesStep | None:
        """The only step that sets the name, when every way to the reader passes it."""
        setters = [
            step
            for step in self._graph
            if isinstance(step, SetVariablesStep) and any(variable.name == name for variable in step.variables)
        ]
        return setters[0] if len(setters) == 1 and self._graph.sees(reader.id, setters[0].id) else None

    def _set_variables(self, step: SetVariablesStep, values: N8nValues) -> str:
        if any(variable.name in self._shared for variable in step.variables):
            by_item = self.values(step, item="index")
            written = {
                variable.name: by_item.at(f"variables.{variable.name}").javascript(variable.value)
                for variable in step.variables
            }
            return self._code(step, scripts.remember(written))
        named = {variable.name: variable.value for variable in step.variables}
        return self.set_node(step, step.title, named, values, "variables")

    def _get_variables(self, step: GetVariablesStep) -> str:
        setters = {name: self._setter(step, name) for name in step.names}
        read: dict[str, JsonValue] = {
            name: f"{{{{ {setter.id}.`{name}` }}}}" for name, setter in setters.items() if setter
        }
        if len(read) == len(setters):
            return self.set_node(step, step.title, read, self.values(step), "names")
        values = self.values(step, item="index").at("names")
        fields = {name: values.javascript(read[name]) if name in read else scripts.kept(name) for name in step.names}
        return self._code(step, scripts.recall(fields))

    def set_node(
        self, step: AnyStep, title: str, fields: Mapping[str, JsonValue], values: N8nValues, where: str, key: str = ""
    ) -> str:
        """A Set node whose fields keep the type of their values."""
        written = ", ".join(
            f"{json.dumps(name)}: {values.at(f'{where}.{name}').javascript(value)}" for name, value in fields.items()
        )
        parameters: dict[str, JsonValue] = {"mode": "raw", "jsonOutput": expression(f"({{{written}}})"), "options": {}}
        return self._flow_node(step, "set_variables", title, parameters, key=key)

    def _code(self, step: AnyStep, code: str) -> str:
        return self._flow_node(
            step, "get_variables", step.title, {"mode": "runOnceForAllItems", "language": "javaScript", "jsCode": code}
        )

    # -- ends --------------------------------------------------------------------------------------------------

    def _respond(self, step: RespondStep, values: N8nValues) -> str:
        structured = isinstance(step.body, (dict, list))
        body = values.at("body").json_text(step.body) if structured else values.at("body").value(step.body)
        options: dict[str, JsonValue] = {"responseCode": values.at("status").value(step.status)}
        if step.headers:
            entries: list[JsonValue] = [
                {"name": header.name, "value": values.at(f"headers.{header.name}").value(header.value)}
                for header in step.headers
            ]
            options["responseHeaders"] = {"entries": entries}
        kind = "json" if structured else "text" if body != "" else "noData"
        parameters: dict[str, JsonValue] = {"respondWith": kind, "options": options}
        if kind != "noData":
            parameters["responseBody"] = body if body != "" else ""
        return self._flow_node(step, "respond", step.title, parameters)

    def _stop(self, step: StopStep, values: N8nValues) -> Fragment:
        if step.outcome == "success":
            return Fragment.single(self._flow_node(step, "ignore", step.title, {}), ends=True)
        message = values.at("message").value(step.message) or step.title
        parameters: dict[str, JsonValue] = {"errorType": "errorMessage", "errorMessage": message}
        return Fragment.single(self._flow_node(step, "stop", step.title, parameters), ends=True)

    def _sub_scenario(self, step: SubScenarioStep, values: N8nValues) -> str:
        inputs = {name: values.at(f"inputs.{name}").value(value) for name, value in step.inputs.items()}
        mapper: dict[str, JsonValue] = {
            "mappingMode": "defineBelow",
            "value": inputs,
            "matchingColumns": [],
            "schema": [],
        }
        parameters: dict[str, JsonValue] = {
            "source": "database",
            "workflowId": {"__rl": True, "mode": "id", "value": step.scenario},
            "workflowInputs": mapper,
            "mode": "once",
            "options": {"waitForSubWorkflow": step.wait},
        }
        name = self._flow_node(step, "sub_scenario", step.title, parameters)
        self.webhooks.append(NeededWebhook(step=step.id, place=name, what=f"choose the workflow of {step.scenario}"))
        return name

    # -- helpers -----------------------------------------------------------------------------------------------

    def _flow_node(
        self, step: AnyStep, kind: str, title: str, parameters: Mapping[str, JsonValue], key: str = ""
    ) -> str:
        row = registry().flow[kind]
        identifier = f"{step.id}/{key}" if key else step.id
        return self._canvas.add(identifier, title, row.n8n, row.n8n_version, parameters)

    def _note(self, severity: Severity, step: AnyStep, what: str, hint: str) -> None:
        self.findings.append(
            Finding(rule="n8n.emit", severity=severity, where=f"steps.{step.id}", what=what, hint=hint)
        )


def _options(written: JsonValue) -> dict[str, JsonValue]:
    """The node's own switch for letter case, which the editor shows, kept in step with the conditions'."""
    options = written.get("options") if isinstance(written, dict) else None
    sensitive = options.get("caseSensitive") if isinstance(options, dict) else True
    return {} if sensitive else {"ignoreCase": True}
