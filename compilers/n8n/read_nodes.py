"""One node of a workflow as one step of the spec: a construct of the control flow, an operation that the registry
knows, or else a native step that carries the node's parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import Finding
from compilers.expressions.n8n_parser import is_readable
from compilers.expressions.tree import Field, Index, Path
from compilers.n8n.descriptors import catalogue
from compilers.n8n.display import NodeTag, with_defaults
from compilers.n8n.read_values import ReadValues, has_expression
from compilers.n8n.source import Source
from compilers.paths import neutral_path
from compilers.registry import (
    GENERIC_NODES,
    App,
    Module,
    N8nNode,
    Operation,
    Read,
    fields_of,
    holds,
    read_one,
    registry,
    says_something,
)
from compilers.registry.binding import inputs_of
from compilers.spec import (
    AnyStep,
    AppStep,
    Header,
    NativeStep,
    RespondStep,
    SetVariablesStep,
    SleepStep,
    StopStep,
    TriggerStep,
    Variable,
)

_BASE = "n8n-nodes-base."
_WHOLE_NUMBER = re.compile(r"-?\d{1,15}\Z")


@dataclass(frozen=True)
class Known:
    """What the registry says of a node: the operation, and the form of it that the node is."""

    app: App
    name: str
    operation: Operation
    form: N8nNode


@cache
def _forms() -> Mapping[str, tuple[Known, ...]]:
    """The forms of operations that are one node alone, by the node's type; those that say most of it first."""
    found: dict[str, list[Known]] = {}
    for app in registry().apps.values():
        for name, operation in app.operations.items():
            for form in operation.n8n_nodes:
                alone = not (form.before or form.after or form.result or form.scheduled or form.seen_by)
                if alone and form.outputs == 1 and not form.settings:
                    found.setdefault(form.node, []).append(Known(app, name, operation, form))
    return {node: tuple(sorted(rows, key=lambda row: -_fixed(row.form.parameters))) for node, rows in found.items()}


def _fixed(binding: JsonValue) -> int:
    """How many values a binding fixes."""
    if isinstance(binding, dict):
        return 0 if any(key.startswith("$") for key in binding) else sum(map(_fixed, binding.values()))
    if isinstance(binding, list):
        return sum(map(_fixed, binding))
    return not (isinstance(binding, str) and binding.startswith("$"))


_WEBHOOK = "n8n-nodes-base.webhook"
"""Waits for any service; which one calls can't be told from it."""


def look_up(source: Source) -> Known | None:
    """The operation that a node is: one whose fixed parameters it has, and whose inputs can all be read from it."""
    for row in _forms().get(source.type, ()):
        does_anything = row.form.node in GENERIC_NODES | {_WEBHOOK} and row.app.category != "core"
        if not does_anything and int(row.form.version) == int(source.version) and _fits(row, source):
            return row
    return None


def _fits(row: Known, source: Source) -> bool:
    given = source.parameters
    ways = row.form.ways
    fixed = {key: wanted for key, wanted in row.form.parameters.items() if key not in _started(row)}
    if row.form.bare:
        fixed.pop(row.form.bare.unless.split(".")[0], None)
    fixed |= _account(row)
    doubtful = {key: wanted for key, wanted in fixed.items() if not _agrees(wanted, given.get(key), None)}
    if any(key in given for key in doubtful):
        return False
    defaults = _defaults(source) if doubtful else {}
    if not all(_agrees(wanted, None, defaults.get(key)) for key, wanted in doubtful.items()):
        return False
    module = Module(given, {})
    if not holds(row.form.told_by, module) or not all(_has_case(way, module) for one in ways.values() for way in one):
        return False
    inputs = {name: read_one(ways.get(name, ()), module) for name in row.operation.inputs}
    if any(field.required and inputs[name] is None for name, field in row.operation.inputs.items()):
        return False
    if any(field.type == "object" and isinstance(inputs[name], list) for name, field in row.operation.inputs.items()):
        return False  # two fields of one name
    there = {name: value for name, value in inputs.items() if value is not None}
    form = row.operation.n8n_node(row.operation.with_defaults(there))
    return form is row.form and not unread(row, source) and is_readable(given)


def _agrees(wanted: JsonValue, given: JsonValue, default: JsonValue) -> bool:
    """Whether a parameter is what the operation's binding fixes for it; n8n leaves out what is so by default."""
    if isinstance(wanted, dict):
        if any(name.startswith("$") for name in wanted):
            return True
        inner = members(given)
        return all(_agrees(one, inner.get(name), None) for name, one in wanted.items() if name not in ("__rl", "mode"))
    if isinstance(wanted, list):
        fixed = wanted and not any("$each" in members(one) for one in wanted)
        there = items(given)
        pairs = zip(wanted, there, strict=False)
        return not fixed or (len(there) == len(wanted) and all(_agrees(*pair, None) for pair in pairs))
    if isinstance(wanted, str) and wanted.startswith("$"):
        return True
    return wanted == given or (given is None and (wanted == default or not wanted))


def _has_case(way: Read, module: Module) -> bool:
    """Whether a parameter with fixed values has one that the operation knows."""
    given = module.look_up(way.source) if way.cases else None
    return given is None or not holds(way.when, module) or str(given) in way.cases


def _account(row: Known) -> Mapping[str, JsonValue]:
    """The parameters that choose the kind of account; how it is let in is a matter of the credential alone."""
    wanted = row.app.connection.n8n if row.app.connection else None
    if wanted is None or row.form.credential is False:
        return {}
    return {key: value for key, value in wanted.parameters.items() if key != "authentication"}


def bare_output(row: Known, source: Source) -> str | None:
    """The output that is all of what the node gives, where it was told so."""
    bare = row.form.bare
    return bare.output if bare and not Module(source.parameters, {}).look_up(bare.unless) else None


def _started(row: Known) -> frozenset[str]:
    """The parameters of a trigger that say when it starts, which the spec says otherwise."""
    started = frozenset({"rule", "pollTimes", "path", "responseMode"})
    return started if row.operation.kind == "trigger" else frozenset()


def _defaults(source: Source) -> Mapping[str, JsonValue]:
    """A node's parameters, with n8n's defaults for those that were left out."""
    described = catalogue().describe(source.type, source.version)
    if described is None:
        return source.parameters
    return with_defaults(described.parameters, source.parameters, None, NodeTag(source.type, source.version))


def unread(row: Known, source: Source) -> dict[str, JsonValue]:
    """The parameters that say something and that the operation doesn't read: what a migration would leave behind."""
    passed = fields_of(row.form.ways)
    passed |= {key for key, wanted in row.form.parameters.items() if not inputs_of(wanted)}
    passed |= {*_started(row), *_account(row), *row.form.ignores, "authentication", "options"}
    return {key: value for key, value in source.parameters.items() if says_something(value) and key not in passed}


def left_behind(row: Known, source: Source) -> dict[str, JsonValue]:
    """What of a node's parameters another platform has no place for: the options, and how a webhook answers."""
    found = unread(row, source)
    places = {place.source for ways in row.form.ways.values() for place in ways}
    for group in ("options", "otherOptions", "additionalFields"):
        for key, value in members(source.parameters.get(group)).items():
            place = f"{group}.{key}"
            if says_something(value) and not any(one == place or one.startswith(f"{place}.") for one in places):
                found[place] = value
    if row.form.webhook and source.parameters.get("responseMode") == "lastNode":
        found["responseMode"] = "lastNode"
    return found


def path_reader(known: Known, bare: str | None) -> Callable[[Path], Path]:
    """How a path of n8n's into what the node gives is said neutrally; `bare` is the output that is all of it."""
    if bare is not None:
        return lambda path: (Field(bare), *path)
    placed: list[tuple[Path, str]] = []
    for name, output in known.operation.outputs.items():
        place = name if output.n8n is None else output.n8n
        if isinstance(place, str) and place and not place.startswith("$"):
            placed.append((tuple(Index(int(p) + 1) if p.isdigit() else Field(p) for p in place.split(".")), name))
    return neutral_path(placed)


class NodeReader:
    """Makes steps of nodes; what a step can't say of them is kept as residue by others."""

    def __init__(self, values: ReadValues, known: Mapping[str, Known], findings: list[Finding]) -> None:
        self._values, self._known, self.findings = values, known, findings

    def step(self, source: Source, common: Object, connection: str | None, trigger: bool) -> AnyStep:
        """The step of a node."""
        if not trigger:
            flow = self._flow(source, common)
            if flow is not None:
                return flow
        known = self._known.get(source.name)
        if known and (known.operation.kind == "trigger") is trigger:
            return self._operation(source, known, common, connection, trigger)
        return self._native(source, common)

    def _operation(
        self, source: Source, known: Known, common: Object, connection: str | None, trigger: bool
    ) -> AnyStep:
        given = members(self._values.value(source.parameters, source))
        ways = known.form.ways
        inputs: Object = {}
        for name, field in known.operation.inputs.items():
            value = read_one(ways.get(name, ()), Module(given, {}))
            if value is not None:
                inputs[name] = _typed(field.type, value)
        kind = TriggerStep if trigger else AppStep
        fields = {**common, "app": known.app.app, "operation": known.name, "connection": connection, "inputs": inputs}
        return kind.model_validate(fields)

    def _native(self, source: Source, common: Object) -> AnyStep:
        parameters: Object = {}
        mapper: Object = {}
        for name, value in source.parameters.items():
            if not has_expression(value):
                parameters[name] = value
            elif is_readable(value):
                mapper[name] = self._values.value(value, source)
            else:
                self._note(source, f"`{name}` holds braces that can't be told apart, so it is carried as it is")
                parameters[name] = value
        fields: Object = {
            **common,
            "platform": "n8n",
            "module": source.type[:200],
            "version": source.version,
            "parameters": parameters,
            "mapper": mapper,
        }
        return NativeStep.model_validate(fields)

    # -- control flow ----------------------------------------------------------------------------------------

    def _flow(self, source: Source, common: Object) -> AnyStep | None:
        if not source.type.startswith(_BASE) or not is_readable(source.parameters):
            return None
        match source.kind:
            case "set":
                return self._set(source, common)
            case "wait":
                return self._wait(source, common)
            case "respondToWebhook":
                return self._respond(source, common)
            case "stopAndError":
                return self._stop(source, common)
        return None

    def _set(self, source: Source, common: Object) -> AnyStep | None:
        fields = set_fields(source)
        if not fields:
            return None
        variables: list[JsonValue] = []
        for name, kind, value in fields:
            read = self._values.value(value, source)
            if isinstance(value, str) and not value.startswith("="):
                read = _of_type(kind, read, value)
            variables.append(Variable(name=name, value=read).model_dump(mode="json"))
        if passes_others(source):
            members(members(common["residue"])["n8n"])["passes_others"] = True
        return SetVariablesStep.model_validate({**common, "variables": variables})

    def _wait(self, source: Source, common: Object) -> AnyStep | None:
        parameters = source.parameters
        unit = {"seconds": 1, "minutes": 60}.get(
            str(parameters.get("unit", "seconds" if source.version > 1 else "hours"))
        )
        amount = parameters.get("amount", 5 if source.version > 1 else 1)
        if parameters.get("resume", "timeInterval") != "timeInterval" or unit is None:
            return None
        if isinstance(amount, (int, float)) and not isinstance(amount, bool):
            return SleepStep.model_validate({**common, "seconds": amount * unit}) if amount * unit <= 300 else None
        if isinstance(amount, str) and unit == 1:
            return SleepStep.model_validate({**common, "seconds": self._values.text(amount, source)})
        return None

    def _respond(self, source: Source, common: Object) -> AnyStep | None:
        parameters = source.parameters
        kind, options = parameters.get("respondWith", "firstIncomingItem"), members(parameters.get("options"))
        body = parameters.get("responseBody", "")
        if kind not in ("json", "text", "noData") or parameters.get("enableResponseOutput") is True:
            return None
        headers = [
            Header(name=name[:200], value=self._values.value(members(one).get("value", ""), source))
            for one in items(members(options.get("responseHeaders")).get("entries"))
            if isinstance(name := members(one).get("name"), str) and name
        ]
        if kind == "json" and not any(header.name.lower() == "content-type" for header in headers):
            headers.append(Header(name="Content-Type", value="application/json"))
        fields: Object = {
            **common,
            "status": self._values.value(options.get("responseCode", 200), source),
            "headers": [header.model_dump(mode="json") for header in headers],
            "body": "" if kind == "noData" else self._values.value(body, source),
        }
        return RespondStep.model_validate(fields)

    def _stop(self, source: Source, common: Object) -> AnyStep | None:
        if source.parameters.get("errorType", "errorMessage") != "errorMessage":
            return None
        message = self._values.value(source.parameters.get("errorMessage", ""), source)
        return StopStep.model_validate({**common, "outcome": "error", "message": message})

    def _note(self, source: Source, what: str, hint: str = "") -> None:
        self.findings.append(Finding(rule="n8n.parse", severity="warning", where=source.where, what=what, hint=hint))


# -- Set nodes -----------------------------------------------------------------------------------------------------

Assigned = tuple[str, str, JsonValue]


def set_fields(source: Source) -> tuple[Assigned, ...]:
    """The fields that a Set node sets, by name, type and value; empty where the spec's variables can't say it."""
    parameters = source.parameters
    if source.type != f"{_BASE}set" or parameters.get("mode", "manual") != "manual":
        return ()
    options = members(parameters.get("options"))
    found: list[Assigned] = []
    if source.version >= 3.3:
        for one in map(members, items(members(parameters.get("assignments")).get("assignments"))):
            found.append((str(one.get("name") or ""), str(one.get("type", "string")), one.get("value", "")))
    elif source.version >= 3:
        for one in map(members, items(members(parameters.get("fields")).get("values"))):
            kind = str(one.get("type", "stringValue"))
            found.append((str(one.get("name") or ""), kind.removesuffix("Value"), one.get(kind, "")))
    else:
        for kind, listed in members(parameters.get("values")).items():
            found += [(str(one.get("name") or ""), kind, one.get("value", "")) for one in map(members, items(listed))]
    count = len(found)
    found = [(name.removeprefix("="), kind, value) for name, kind, value in found if "{{" not in name]
    nests = options.get("dotNotation") is not False and any("." in name or "[" in name for name, _, _ in found)
    names = [name for name, _, _ in found]
    usable = all(name and len(name) <= 200 for name in names) and len(names) == count
    return tuple(found) if usable and not nests and len(set(names)) == len(names) else ()


def passes_others(source: Source) -> bool:
    """Whether a Set node keeps the fields that it doesn't set."""
    if source.version < 3:
        return source.parameters.get("keepOnlySet") is not True
    if source.version < 3.3:
        return source.parameters.get("include", "all") == "all"
    return source.parameters.get("includeOtherFields") is True


def set_reader(source: Source) -> Callable[[Path], Path | None]:
    """What a Set node gives: its fields, and what it leaves as it was is another node's."""
    names, others = {name for name, _, _ in set_fields(source)}, passes_others(source)

    def read(path: Path) -> Path | None:
        own = path and isinstance(path[0], Field) and path[0].name in names
        return path if own or not others else None

    return read


def _of_type(kind: str, read: JsonValue, written: str) -> JsonValue:
    """A fixed text as the type that a Set node gives it."""
    if kind == "number" and _WHOLE_NUMBER.match(written.strip()):
        return int(written)
    if kind == "boolean" and written.strip().lower() in ("true", "false"):
        return written.strip().lower() == "true"
    if kind in ("array", "object") and "{{" not in written:
        try:
            found: JsonValue = json.loads(written)
        except (ValueError, RecursionError):
            return read
        return found if isinstance(found, (list, dict)) else read
    return read


def _typed(kind: str, value: JsonValue) -> JsonValue:
    if kind == "number" and isinstance(value, str) and _WHOLE_NUMBER.match(value.strip()):
        return int(value)
    if kind == "text" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value
