"""One step of the spec as nodes, by its kind."""

from __future__ import annotations

from pydantic import JsonValue

from compilers.export import NeededWebhook
from compilers.n8n import apps, branches, lists, scripts, variables
from compilers.n8n.workshop import Fragment, Workshop
from compilers.spec import (
    AggregateStep,
    AnyStep,
    AppStep,
    DirectiveStep,
    GetVariablesStep,
    IfElseStep,
    IterateStep,
    MergeStep,
    NativeStep,
    RepeatStep,
    RespondStep,
    RouterStep,
    SetVariablesStep,
    SleepStep,
    StopStep,
    SubScenarioStep,
    TriggerStep,
)


def add_nodes(shop: Workshop, step: AnyStep) -> Fragment:
    """The nodes of a step. Raises `CompileError` when n8n has none."""
    fragment = _add(shop, step)
    marks_itself = isinstance(step, (IterateStep, RepeatStep, AggregateStep))
    if step.id not in shop.sources or marks_itself:
        return fragment
    if step.id == shop.spec.trigger.id:
        lists.mark_start(shop, step, fragment)
        return fragment
    return lists.marked(shop, step, fragment)


def _add(shop: Workshop, step: AnyStep) -> Fragment:
    values = shop.values(step)
    match step:
        case NativeStep():
            return apps.native(shop, step)
        case TriggerStep() | AppStep():
            return apps.call(shop, step)
        case RouterStep(mode="all"):
            return branches.every_match(shop, step)
        case RouterStep() | IfElseStep():
            return branches.first_match(shop, step)
        case MergeStep():
            return Fragment.single(shop.meeting(step, step.title, inputs=len(shop.graph.incoming(step.id))))
        case IterateStep():
            return lists.element_list(shop, step, scripts.elements(values.at("array").javascript(step.array)))
        case RepeatStep():
            numbers = (values.at(name).javascript(getattr(step, name)) for name in ("start", "repeats", "step"))
            return lists.element_list(shop, step, scripts.counters(*numbers))
        case AggregateStep():
            return lists.aggregate(shop, step)
        case SleepStep():
            amount = values.at("seconds").value(step.seconds)
            parameters: dict[str, JsonValue] = {"resume": "timeInterval", "amount": amount, "unit": "seconds"}
            name = shop.flow_node(step, "sleep", step.title, parameters)
            shop.canvas.nodes[name]["webhookId"] = shop.canvas.webhook_id(step.id)
            return Fragment.single(name)
        case SetVariablesStep():
            return Fragment.single(variables.set_variables(shop, step))
        case GetVariablesStep():
            return Fragment.single(variables.get_variables(shop, step))
        case RespondStep():
            return Fragment.single(_respond(shop, step))
        case StopStep():
            return _stop(shop, step)
        case SubScenarioStep():
            return Fragment.single(_sub_scenario(shop, step))
        case DirectiveStep():
            return Fragment.single(shop.flow_node(step, "ignore", step.title, {}))


def _respond(shop: Workshop, step: RespondStep) -> str:
    values = shop.values(step)
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
    return shop.flow_node(step, "respond", step.title, parameters)


def _stop(shop: Workshop, step: StopStep) -> Fragment:
    values = shop.values(step)
    if step.outcome == "success":
        return Fragment.single(shop.flow_node(step, "ignore", step.title, {}), ends=True)
    message = values.at("message").value(step.message) or step.title
    parameters: dict[str, JsonValue] = {"errorType": "errorMessage", "errorMessage": message}
    return Fragment.single(shop.flow_node(step, "stop", step.title, parameters), ends=True)


def _sub_scenario(shop: Workshop, step: SubScenarioStep) -> str:
    values = shop.values(step)
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
        "mode": "each",
        "options": {"waitForSubWorkflow": step.wait},
    }
    name = shop.flow_node(step, "sub_scenario", step.title, parameters)
    shop.webhooks.append(NeededWebhook(step=step.id, place=name, what=f"choose the workflow of {step.scenario}"))
    return name
