"""Operations of apps, and platform-native steps, as nodes."""

from __future__ import annotations

import json

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.export import NeededConnection, NeededWebhook
from compilers.expressions.javascript import js_string
from compilers.n8n.canvas import Port
from compilers.n8n.conditions import expression_condition
from compilers.n8n.triggers import poll_times, schedule_rule
from compilers.n8n.workshop import Fragment, Workshop
from compilers.registry import App, Operation, bind, registry
from compilers.spec import AppStep, NativeStep, RespondStep, TriggerStep


def call(shop: Workshop, step: TriggerStep | AppStep) -> Fragment:
    """The nodes of an operation. n8n goes on with an empty item where a node gave none, and does so even when it failed
    and its error output took over: a Filter behind it stops that item. Raises `CompileError` as `operation` does."""
    name = operation(shop, step)
    if not shop.canvas.nodes[name].get("alwaysOutputData"):
        return Fragment.single(name)
    if shop.takes_several(step):
        what = f"of several bundles n8n goes on only with those for which `{step.title}` finds something"
        shop.note("warning", step, what, "keep it out of loops where every bundle must go on")
    if not _takes_errors(shop, step):
        return Fragment.single(name)
    passes = f"$({js_string(name)}).all(1).length === 0 || Object.keys($json).length > 0"
    parameters: dict[str, JsonValue] = {
        "conditions": expression_condition(passes, f"{step.id}/went_well"),
        "options": {},
    }
    filtered = shop.flow_node(step, "filter", f"{step.title}: went well", parameters, key="went_well")
    shop.canvas.connect(Port(name), filtered)
    return Fragment(name, (Port(filtered),), filtered, name)


def _takes_errors(shop: Workshop, step: TriggerStep | AppStep) -> bool:
    """Whether the step's errors leave by an output of their own."""
    rule = step.on_error.strategy if step.on_error else "rollback"
    return rule in ("ignore", "resume", "commit") or shop.graph.handler(step.id) is not None


def operation(shop: Workshop, step: TriggerStep | AppStep) -> str:
    """The node of an operation, with its credential. Raises `CompileError` when n8n has none."""
    values = shop.values(step)
    app = registry().app(step.app)
    operation = registry().operation(step.app, step.operation)
    wanted = operation.n8n
    if wanted is None:
        raise CompileError(f"n8n has no node for `{step.app}.{step.operation}` that the registry knows")
    inputs = operation.with_defaults(step.inputs)
    parameters = bind(wanted.parameters, inputs, values.at("inputs"))
    if app.connection and app.connection.n8n and wanted.credential is not False:
        parameters = {**app.connection.n8n.parameters, **parameters}
    parameters |= _start_parameters(shop, step, operation)
    name = shop.canvas.add(step.id, step.title, wanted.node, wanted.version, parameters)
    node = shop.canvas.nodes[name]
    node |= wanted.settings
    if wanted.webhook:
        node["webhookId"] = shop.canvas.webhook_id(step.id)
        shop.webhooks.append(
            NeededWebhook(step=step.id, place=name, what=f"hand out the production address of `{step.title}`")
        )
    _credential(shop, step, app, operation, name)
    return name


def _start_parameters(shop: Workshop, step: TriggerStep | AppStep, operation: Operation) -> dict[str, JsonValue]:
    assert operation.n8n
    if operation.n8n.node.endswith(".scheduleTrigger"):
        return {"rule": schedule_rule(shop.spec.schedule)}
    if operation.n8n.polling:
        return {"pollTimes": poll_times(shop.spec.schedule)}
    if operation.n8n.node.endswith(".webhook"):
        responds = any(isinstance(other, RespondStep) for other in shop.graph.below(step.id))
        path = step.inputs.get("path") or shop.spec.slug
        return {"path": path, "responseMode": "responseNode" if responds else "onReceived"}
    return {}


def _credential(shop: Workshop, step: TriggerStep | AppStep, app: App, operation: Operation, name: str) -> None:
    if not app.connection or not app.connection.n8n or not operation.n8n or operation.n8n.credential is False:
        return
    kind = operation.n8n.credential or app.connection.n8n.credential
    account = shop.accounts.get(step.connection or "")
    label = (account.label if account else "") or app.connection.label
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
    """n8n's own node as it came, or a disabled node that holds another platform's module."""
    values = shop.values(step)
    if step.platform == "n8n":
        parameters = {
            **step.parameters,
            **{name: values.at(f"mapper.{name}").value(value) for name, value in step.mapper.items()},
        }
        return Fragment.single(shop.canvas.add(step.id, step.title, step.module, step.version or 1, parameters))
    name = shop.flow_node(step, "manual", f"MANUAL: {step.title}", {})
    original = {
        "module": step.module,
        "version": step.version,
        "parameters": step.parameters,
        "mapper": step.mapper,
    }
    shop.canvas.nodes[name] |= {"disabled": True, "notes": json.dumps(original, ensure_ascii=False, indent=1)}
    shop.note(
        "warning",
        step,
        f"`{step.module}` is a {step.platform} step: build it by hand",
        "its original is in the node's notes",
    )
    return Fragment.single(name)
