"""One module of a blueprint as one step of the spec: a construct of the control flow, an operation that the registry
knows, or else a native step that carries the module whole."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import items, members
from compilers.errors import Finding
from compilers.make.known import Known, declared_outputs, rest_of
from compilers.make.read_values import ReadValues, fixed
from compilers.make.source import DIRECTIVES, IF_ELSE, MERGE, ROUTER, Source
from compilers.registry import MakeModule, Module, Operation, as_type, read_one
from compilers.spec import (
    AggregateStep,
    AnyStep,
    AppStep,
    DirectiveStep,
    GetVariablesStep,
    Header,
    IfElseStep,
    IterateStep,
    MergeStep,
    NativeStep,
    OnError,
    RepeatStep,
    RespondStep,
    RouterStep,
    SetVariablesStep,
    SleepStep,
    SubScenarioStep,
    TriggerStep,
    Variable,
)

_SCOPES = {"roundtrip": "cycle", "execution": "run"}
_NUMBER_MODES = ("sum", "avg", "count", "min", "max")


class ModuleReader:
    """Makes steps of modules. `modules` maps their numbers to the steps' ids."""

    def __init__(self, values: ReadValues, steps: Mapping[str, str], findings: list[Finding]) -> None:
        self._values, self._steps, self.findings = values, steps, findings

    def step(self, known: Known, connection: str | None, trigger: bool) -> AnyStep:
        """The step of a module; its id is there already, its place in the graph isn't known yet."""
        source = known.source
        common: dict[str, JsonValue] = {"id": source.step, "label": (source.label or usual_label(known))[:200]}
        flow = None if trigger else self._flow(source, common)
        if flow is not None:
            return flow
        listed: list[JsonValue] = [output.model_dump(mode="json") for output in declared_outputs(known)]
        common["outputs"] = listed
        if known.app and known.operation and known.form and (known.operation.kind == "trigger") is trigger:
            kind = TriggerStep if trigger else AppStep
            inputs = self._inputs(known, known.operation, known.form)
            if not known.sure:
                what = f"is read as `{known.form.module}`, version {known.form.version}, which has all of its fields"
                self._note(source, what, "compare what it gives before the switch")
            fields = {**common, "app": known.app.app, "operation": known.name, "connection": connection}
            return kind.model_validate({**fields, "inputs": inputs})
        native: dict[str, JsonValue] = {
            **common,
            "platform": "make",
            "module": source.name[:200],
            "version": source.version,
            "parameters": source.parameters,
            "mapper": self._values.value(source.mapper),
        }
        return NativeStep.model_validate(native)

    # -- operations ------------------------------------------------------------------------------------------------

    def _inputs(self, known: Known, operation: Operation, form: MakeModule) -> dict[str, JsonValue]:
        source = known.source
        mapper = members(self._values.value(source.mapper))
        described = items(members(source.data.get("metadata")).get("expect"))
        rest = rest_of(known, form, mapper)
        module = Module(mapper, members(fixed(source.parameters)), known.headers, rest, described, known.feeds)
        inputs: dict[str, JsonValue] = {}
        for name, field in operation.inputs.items():
            value = read_one([way for way in form.ways.get(name, ()) if way.unless not in inputs], module)
            if value is None:
                continue
            inputs[name] = as_type(field.type, value)
            if not field.template and isinstance(value, str) and "{{" in value and '{{ "{{" }}' not in value:
                what = f"`{name}` is computed; other platforms take a fixed value there"
                self._note(source, what, "choose the value by hand after the import")
        return inputs

    # -- control flow ----------------------------------------------------------------------------------------------

    def _flow(self, source: Source, common: dict[str, JsonValue]) -> AnyStep | None:
        mapper = source.mapper
        match source.name:
            case "builtin:BasicRouter":
                return RouterStep.model_validate(common)
            case "builtin:BasicIfElse":
                return IfElseStep.model_validate(common)
            case "builtin:BasicMerge":
                return MergeStep.model_validate(common)
            case "builtin:BasicFeeder":
                return IterateStep.model_validate({**common, "array": self._values.value(mapper.get("array"))})
            case "builtin:BasicRepeater":
                counted = {key: self._number(mapper.get(key), otherwise=1) for key in ("start", "repeats", "step")}
                return RepeatStep.model_validate({**common, **counted})
            case "builtin:BasicAggregator" | "util:TextAggregator" | "util:FunctionAggregator2":
                return self._aggregate(source, common)
            case "util:FunctionSleep":
                return SleepStep.model_validate(
                    {**common, "seconds": self._number(mapper.get("duration"), otherwise=1)}
                )
            case "util:SetVariable2" | "util:SetVariables" | "util:SetVariable":
                return self._set_variables(source, common)
            case "util:GetVariable2" | "util:GetVariables" | "util:GetVariable":
                return self._get_variables(source, common)
            case "gateway:WebhookRespond":
                return self._respond(source, common)
            case "scenario-service:CallSubscenario":
                return self._sub_scenario(source, common)
            case name if name in DIRECTIVES:
                rule = self.rule(source)
                return DirectiveStep.model_validate({**common, "directive": rule.model_dump(mode="json")})
            case _:
                return None

    def rule(self, source: Source) -> OnError:
        """What a directive says."""
        mapper = source.mapper
        rule: dict[str, JsonValue] = {"strategy": DIRECTIVES[source.name]}
        if source.name == "builtin:Resume":
            rule["substitute"] = members(self._values.value(mapper))
        if source.name == "builtin:Break" and str(mapper.get("retry", True)).strip("{} ").lower() != "false":
            rule["attempts"] = _whole(mapper.get("count"), 3, 1, 1000)
            rule["interval_minutes"] = _whole(mapper.get("interval"), 15, 0, 44_640)
        return OnError.model_validate(rule)

    def _number(self, value: JsonValue, otherwise: JsonValue) -> JsonValue:
        return otherwise if value is None or value == "" else as_type("number", self._values.value(value))

    def _aggregate(self, source: Source, common: dict[str, JsonValue]) -> AnyStep | None:
        feeder = source.parameters.get("feeder")
        fed_by = self._steps.get(str(feeder)) if isinstance(feeder, (int, str)) else None
        if fed_by is None:
            self._note(source, "the source of this aggregator isn't there, so it is carried as it is")
            return None
        flags, mapper = members(source.data.get("flags")), members(self._values.value(source.mapper))
        group = self._values.value(flags.get("groupBy"))
        fields: dict[str, JsonValue] = {
            **common,
            "source": fed_by,
            "group_by": None if group == "" else group,
            "stop_if_empty": flags.get("stopIfEmpty") is True,
        }
        if source.name == "builtin:BasicAggregator":
            return AggregateStep.model_validate({**fields, "fields": mapper})
        fields["value"] = mapper.get("value")
        if source.name == "util:TextAggregator":
            separator = source.parameters.get("rowSeparator", "\n")
            if separator == "other":
                separator = source.parameters.get("otherRowSeparator", "")
            text = separator if isinstance(separator, str) else ""
            return AggregateStep.model_validate({**fields, "mode": "text", "separator": text[:1000]})
        mode = source.parameters.get("fn")
        if mode not in _NUMBER_MODES:
            self._note(source, "what this aggregator calculates isn't known, so it is carried as it is")
            return None
        return AggregateStep.model_validate({**fields, "mode": mode})

    def _set_variables(self, source: Source, common: dict[str, JsonValue]) -> AnyStep | None:
        mapper = source.mapper
        listed = items(mapper.get("variables")) if "variables" in mapper else [mapper]
        variables = [
            Variable(name=name[:200], value=self._values.value(members(one).get("value")))
            for one in listed
            if isinstance(name := members(one).get("name"), str) and name
        ]
        if not variables:
            self._note(source, "sets no variable that has a name, so it is carried as it is")
            return None
        scope = _SCOPES.get(str(mapper.get("scope")), "cycle")
        dumped: list[JsonValue] = [variable.model_dump(mode="json") for variable in variables]
        return SetVariablesStep.model_validate({**common, "scope": scope, "variables": dumped})

    def _get_variables(self, source: Source, common: dict[str, JsonValue]) -> AnyStep | None:
        mapper = source.mapper
        listed = items(mapper.get("variables")) if "variables" in mapper else [mapper]
        found = (one if isinstance(one, str) else members(one).get("name") for one in listed)
        names: list[JsonValue] = [name[:200] for name in found if isinstance(name, str) and name]
        if not names:
            self._note(source, "reads no variable that has a name, so it is carried as it is")
            return None
        return GetVariablesStep.model_validate({**common, "names": names})

    def _respond(self, source: Source, common: dict[str, JsonValue]) -> AnyStep:
        mapper = source.mapper
        headers = [
            Header(name=name[:200], value=self._values.value(members(one).get("value", "")))
            for one in items(mapper.get("headers"))
            if isinstance(name := members(one).get("key"), str) and name
        ]
        status = self._number(mapper.get("status"), otherwise=200)
        dumped: list[JsonValue] = [header.model_dump(mode="json") for header in headers]
        body = self._values.value(mapper.get("body", ""))
        return RespondStep.model_validate({**common, "status": status, "headers": dumped, "body": body})

    def _sub_scenario(self, source: Source, common: dict[str, JsonValue]) -> AnyStep:
        parameters = source.parameters
        inputs = members(self._values.value(source.mapper.get("data")))
        wait = parameters.get("shouldWaitForExecutionEnd") is not False
        scenario = str(parameters.get("scenario") or "")[:200]
        return SubScenarioStep.model_validate({**common, "scenario": scenario, "inputs": inputs, "wait": wait})

    def _note(self, source: Source, what: str, hint: str = "") -> None:
        self.findings.append(Finding(rule="make.parse", severity="warning", where=source.where, what=what, hint=hint))


_FLOW_LABELS = {
    "builtin:BasicRouter": "Router",
    "builtin:BasicIfElse": "If-else",
    "builtin:BasicMerge": "Merge",
    "builtin:BasicFeeder": "Iterator",
    "builtin:BasicRepeater": "Repeater",
    "builtin:BasicAggregator": "Array aggregator",
    "util:TextAggregator": "Text aggregator",
    "util:FunctionAggregator2": "Numeric aggregator",
    "util:FunctionSleep": "Sleep",
    "gateway:WebhookRespond": "Webhook response",
    "scenario-service:CallSubscenario": "Call a scenario",
    "placeholder:Placeholder": "Empty slot",
}


def usual_label(known: Known) -> str:
    """What a module without a name of its own is called."""
    source = known.source
    if known.app and known.operation:
        return f"{known.app.name}: {known.operation.summary.split(', ')[0]}"
    if source.name in _FLOW_LABELS:
        return _FLOW_LABELS[source.name]
    if source.name in DIRECTIVES:
        return source.name.partition(":")[2]
    if source.name.startswith(("util:SetVariable", "util:GetVariable")):
        listed = items(source.mapper.get("variables")) or [source.mapper]
        names = [str(members(one).get("name") or one) for one in listed if one]
        return f"{'Set' if ':Set' in source.name else 'Get'} {', '.join(names)}"
    app, _, module = source.name.partition(":")
    return f"{app} {module}"


def is_structural(source: Source) -> bool:
    """Whether a module splits the flow or joins it."""
    return source.name in (ROUTER, IF_ELSE, MERGE)


def _whole(value: JsonValue, otherwise: int, least: int, most: int) -> int:
    typed = as_type("number", value)
    if isinstance(typed, bool) or not isinstance(typed, (int, float)):
        return otherwise
    return max(least, min(most, int(typed)))
