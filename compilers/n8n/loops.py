"""Loop Over Items: one bundle after the other, each through everything that follows.

The loop's second output leads to what follows and, below it on the canvas, to a node that leads back to the loop. n8n
runs the ways out of an output from top to bottom, each to its end, so that the next bundle starts when the one before
is through, whatever became of it: stopped by a filter, dropped after an error, split over routes. The first output runs
when all are through.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import JsonValue

from compilers.expressions.javascript import js_string
from compilers.n8n.canvas import Port
from compilers.n8n.conditions import expression_condition
from compilers.n8n.values import expression
from compilers.n8n.workshop import Fragment, Workshop
from compilers.spec import AggregateStep, AnyStep


def one_by_one(shop: Workshop, step: AnyStep, fragment: Fragment) -> Fragment:
    """The fragment of a step that gives several bundles, with the loop that sends them on one at a time."""
    name = shop.flow_node(step, "one_by_one", f"One by one: {step.title}", {}, key="loop")
    for port in fragment.exits:
        shop.canvas.connect(port, name)
    shop.loops[step.id] = name
    exits: tuple[Port, ...] = (Port(name, 1),)
    if _must_run_empty(shop, step):
        for port in fragment.exits:
            shop.canvas.nodes[port.node]["alwaysOutputData"] = True
        condition = expression_condition("Object.keys($json).length > 0", f"{step.id}/any")
        parameters: dict[str, JsonValue] = {"conditions": condition, "options": {}}
        any_ = shop.flow_node(step, "filter", f"Any: {step.title}", parameters, key="any")
        shop.canvas.connect(Port(name, 1), any_)
        exits = (Port(any_),)
    return replace(fragment, exits=exits)


def _must_run_empty(shop: Workshop, step: AnyStep) -> bool:
    """Whether an aggregate emits even when the step gave nothing, so that its loop must run all the same: one over the
    step, or one over an aggregate that then emits nothing itself."""
    return any(
        isinstance(other, AggregateStep)
        and other.source == step.id
        and (not (other.stop_if_empty or other.group_by) or _must_run_empty(shop, other))
        for other in shop.spec.steps
    )


def close(shop: Workshop) -> None:
    """Leads every loop back to its start, once all that it leads to is there."""
    for identifier, loop in shop.loops.items():
        step = shop.graph.step(identifier)
        back = shop.flow_node(step, "ignore", f"Next: {step.title}", {}, key="next")
        shop.canvas.connect(Port(loop, 1), back)
        shop.canvas.connect_back(Port(back), loop)
        again = expression(f"$prevNode.name !== {js_string(back)}")
        shop.canvas.nodes[loop]["parameters"] = {"batchSize": 1, "options": {"reset": again}}
