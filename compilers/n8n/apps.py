"""Operations of apps, and platform-native steps, as nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.errors import CompileError, shorten
from compilers.export import NeededConnection, NeededWebhook
from compilers.expressions.javascript import js_string
from compilers.n8n import files, keys
from compilers.n8n.canvas import Port
from compilers.n8n.conditions import expression_condition
from compilers.n8n.descriptors import catalogue
from compilers.n8n.triggers import poll_times, schedule_rule
from compilers.n8n.values import expression
from compilers.n8n.workshop import Fragment, Workshop
from compilers.registry import App, Module, N8nNode, N8nPart, Operation, bind, holds, registry, says_something
from compilers.secrets import cleaned
from compilers.spec import AnyStep, AppStep, NativeStep, RespondStep, TriggerStep

LONGEST_NOTE = 20_000
"""Characters of an original that a node's note holds."""


def call(shop: Workshop, step: TriggerStep | AppStep) -> Fragment:
    """The nodes of an operation: those that help its main node before it, the node itself with its credential, and
    those behind it. n8n goes on with an empty item where a node gave none, and does so even when it failed and its
    error output took over: a Filter behind it stops that item. Raises `CompileError` when n8n has no such node."""
    operation = registry().operation(step.app, step.operation)
    inputs = operation.with_defaults(step.inputs)
    wanted = operation.n8n_node(inputs, shop.graph.used_outputs.get(step.id, ()))
    if wanted is None:
        raise CompileError(f"n8n has no node for `{step.app}.{step.operation}` that the registry knows")
    if shop.by_hand:
        inputs |= _left_open(shop, step, operation, inputs)
    chain = _Chain(shop)
    if wanted.scheduled:
        chain.add(_schedule(shop, step))
    file = files.attach(shop, step, operation, inputs)
    if file:
        chain.add(file)
    for index, part in enumerate(wanted.before):
        chain.add(_helper(shop, step, part, inputs, f"before{index}"))
    name = _main_node(shop, step, operation, wanted, inputs)
    chain.add(name, outputs=wanted.outputs)
    if inputs.get("always") is True:
        shop.canvas.nodes[name]["alwaysOutputData"] = True
    if shop.canvas.nodes[name].get("alwaysOutputData"):
        went_well = _stop_empty(shop, step, name)
        if went_well:
            chain.add(went_well)
    for index, part in enumerate(wanted.after):
        chain.add(_helper(shop, step, part, inputs, f"after{index}"))
    if wanted.seen_by:
        chain.add(_only_new(shop, step, wanted.seen_by))
    if wanted.result:
        made = bind({"result": {"$js": wanted.result}}, inputs, shop.values(step).at("inputs"))["result"]
        chain.add(shop.raw_set_node(step, f"{step.title}: result", str(made), key="made"))
    return chain.fragment(name)


def _left_open(
    shop: Workshop, step: TriggerStep | AppStep, operation: Operation, inputs: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    """Stand-ins for the needed inputs that the original doesn't have either, each of which a person must fill in."""
    needed = [name for name, field in operation.inputs.items() if field.required]
    missing = [name for name in needed if not says_something(inputs.get(name)) and inputs.get(name) is not False]
    for name in missing:
        shop.note("warning", step, f"`{name}` is not set in the original", "fill it in after the import")
    stand_ins: dict[str, JsonValue] = {"number": 1, "boolean": False, "object": {}, "array": [], "files": []}
    return {name: stand_ins.get(operation.inputs[name].type, f"(fill in: {name})") for name in missing}


class _Chain:
    """Nodes in a row."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._first = ""
        self._last = ""
        self._ports: tuple[Port, ...] = ()

    def add(self, name: str | None, outputs: int = 1) -> None:
        """One more node; None adds nothing."""
        if name is None:
            return
        for port in self._ports:
            self._shop.canvas.connect(port, name)
        self._first = self._first or name
        self._last = name
        self._ports = tuple(Port(name, index) for index in range(outputs))

    def fragment(self, main: str) -> Fragment:
        """The row as a fragment whose node `main` can fail."""
        return Fragment(self._first, self._ports, self._last, main)


def _helper(
    shop: Workshop, step: TriggerStep | AppStep, part: N8nPart, inputs: dict[str, JsonValue], key: str
) -> str | None:
    if not holds(part.when, Module(inputs, {})):
        return None
    parameters = bind(part.parameters, inputs, shop.values(step).at("inputs"))
    name = shop.canvas.add(f"{step.id}/{key}", f"{step.title}: {part.title}", part.node, part.version, parameters)
    shop.canvas.nodes[name] |= part.settings
    if part.credential:
        _credential(shop, step, registry().app(step.app), part.credential, name)
    return name


def _schedule(shop: Workshop, step: TriggerStep | AppStep) -> str | None:
    """The Schedule Trigger of a trigger that n8n has no node of its own for."""
    if step.id != shop.spec.trigger.id:
        return None
    row = registry().operation("schedule", "tick").n8n
    assert row
    return shop.canvas.add(
        f"{step.id}/schedule",
        f"{step.title}: schedule",
        row.node,
        row.version,
        {"rule": schedule_rule(shop.spec.schedule)},
    )


def _only_new(shop: Workshop, step: TriggerStep | AppStep, key: str) -> str:
    """A node that stops what a former execution has seen."""
    row = registry().flow["only_new"]
    parameters: dict[str, JsonValue] = {
        "operation": "removeItemsSeenInPreviousExecutions",
        "logic": "removeItemsWithAlreadySeenKeyValues",
        "dedupeValue": expression(key),
        "options": {},
    }
    return shop.canvas.add(f"{step.id}/only_new", f"{step.title}: only new", row.n8n, row.n8n_version, parameters)


def _stop_empty(shop: Workshop, step: TriggerStep | AppStep, name: str) -> str | None:
    if not _takes_errors(shop, step):
        return None
    passes = f"$({js_string(name)}).all(1).length === 0 || Object.keys($json).length > 0"
    parameters: dict[str, JsonValue] = {
        "conditions": expression_condition(passes, f"{step.id}/went_well"),
        "options": {},
    }
    return shop.flow_node(step, "filter", f"{step.title}: went well", parameters, key="went_well")


def _takes_errors(shop: Workshop, step: TriggerStep | AppStep) -> bool:
    """Whether the step's errors leave by an output of their own."""
    rule = step.on_error.strategy if step.on_error else "rollback"
    return rule in ("ignore", "resume", "commit") or shop.graph.handler(step.id) is not None


def _main_node(
    shop: Workshop, step: TriggerStep | AppStep, operation: Operation, wanted: N8nNode, inputs: dict[str, JsonValue]
) -> str:
    app = registry().app(step.app)
    parameters = bind(wanted.parameters, inputs, shop.values(step).at("inputs"))
    if app.connection and app.connection.n8n and wanted.credential is not False:
        parameters = {**app.connection.n8n.parameters, **parameters}
    parameters |= _start_parameters(shop, step, wanted)
    if shop.by_hand:
        parameters = _plausible(shop, step, wanted, parameters)
    name = shop.canvas.add(step.id, step.title, wanted.node, wanted.version, parameters)
    node = shop.canvas.nodes[name]
    node |= wanted.settings
    if wanted.webhook:
        node["webhookId"] = shop.canvas.webhook_id(step.id)
        shop.webhooks.append(
            NeededWebhook(step=step.id, place=name, what=f"hand out the production address of `{step.title}`")
        )
    if wanted.credential is not False and app.connection and app.connection.n8n:
        kind = wanted.credential or app.connection.n8n.credential
        _credential(shop, step, app, kind, name, wanted.credential_label)
    if shop.by_hand:
        keys.take_out(shop, step, name)
    return name


def _plausible(
    shop: Workshop, step: AnyStep, wanted: N8nNode, parameters: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """The parameters; an id that the editor would refuse is written as an expression, and said to be none."""
    known = catalogue().describe(wanted.node, wanted.version)
    checked: dict[str, JsonValue] = {}
    for name, value in parameters.items():
        checked[name] = value
        given = value.get("value") if isinstance(value, dict) and value.get("mode") == "id" else None
        if not isinstance(value, dict) or not isinstance(given, str) or given.startswith("="):
            continue
        patterns = [one.id_pattern for one in known.parameter(name) if one.id_pattern] if known else []
        if patterns and not any(re.match(f"^(?:{pattern})$", given) for pattern in patterns):
            shop.note("warning", step, f"`{shorten(given, 60)}` is no id", "choose the right one after the import")
            checked[name] = {**value, "value": expression(js_string(given))}
    return checked


def _start_parameters(shop: Workshop, step: TriggerStep | AppStep, wanted: N8nNode) -> dict[str, JsonValue]:
    if wanted.node.endswith(".scheduleTrigger"):
        return {"rule": schedule_rule(shop.spec.schedule)}
    if wanted.polling:
        return {"pollTimes": poll_times(shop.spec.schedule)}
    if wanted.node.endswith(".webhook"):
        responds = any(isinstance(other, RespondStep) for other in shop.graph.below(step.id))
        path = step.inputs.get("path") or shop.spec.slug
        return {"path": path, "responseMode": "responseNode" if responds else "onReceived"}
    return {}


def _credential(shop: Workshop, step: TriggerStep | AppStep, app: App, kind: str, name: str, own: str = "") -> None:
    account = shop.accounts.get(step.connection or "")
    label = own or (account.label if account else "") or (app.connection.label if app.connection else app.name)
    shop.canvas.nodes[name]["credentials"] = {kind: {"id": None, "name": label}}
    shop.connections.append(
        NeededConnection(
            connection=step.connection or "",
            app=app.app,
            label=label,
            platform_type=kind,
            steps=(step.id,),
            places=(name,),
        )
    )


def native(shop: Workshop, step: NativeStep) -> Fragment:
    """n8n's own node as it came, or a disabled node that holds another platform's module; an empty slot of Make's
    passes bundles on."""
    values = shop.values(step)
    if step.platform == "n8n":
        parameters = {
            **step.parameters,
            **{name: values.at(f"mapper.{name}").value(value) for name, value in step.mapper.items()},
        }
        return Fragment.single(shop.canvas.add(step.id, step.title, step.module, step.version or 1, parameters))
    if step.module == registry().flow["manual"].make:
        return Fragment.single(shop.flow_node(step, "ignore", step.title, {}))
    return manual(shop, step, f"`{step.module}` is a {step.platform} step: build it by hand")


def manual(shop: Workshop, step: AnyStep, what: str) -> Fragment:
    """A disabled node in place of a step that n8n can't be given: it says so, holds the original, and passes bundles
    on. In place of a trigger it has a Manual Trigger before it, so that the workflow can be tried."""
    name = shop.flow_node(step, "manual", f"MANUAL: {step.title}", {})
    shop.canvas.nodes[name] |= {"disabled": True, "notes": _original(shop, step)}
    shop.note("warning", step, what, "its original is in the node's notes")
    shop.manual.add(step.id)
    if step.id != shop.spec.trigger.id:
        return Fragment.single(name)
    row = registry().flow["by_hand"]
    start = shop.canvas.add(f"{step.id}/by_hand", "Start by hand", row.n8n, row.n8n_version, {})
    shop.canvas.connect(Port(start), name)
    return Fragment(start, (Port(name),), name, name)


def _original(shop: Workshop, step: AnyStep) -> str:
    """The step as it was, as JSON, and its values as n8n would write them; shortened to what an editor can show."""
    kept: dict[str, JsonValue] = dict(shop.originals.get(step.id, {}))
    if not kept:
        kept = step.model_dump(mode="json", exclude={"residue", "outputs", "sample"})
    if isinstance(step, NativeStep):
        values = shop.values(step)
        kept["values for n8n"] = {name: values.at(f"mapper.{name}").value(value) for name, value in step.mapper.items()}
    text = json.dumps(cleaned(kept), ensure_ascii=False, indent=1)
    return text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1] + "…"
