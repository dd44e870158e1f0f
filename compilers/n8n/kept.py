"""What the emitter does otherwise for a spec that was parsed from a workflow.

Each step that was a node is that one node again: n8n's own order of items is what its author meant, so that no loops,
markers or joints stand around it. Routers and stops that were no nodes are none. A step's residue holds

* `node` (id, name, position, and the label that it was parsed with) and `changes` (`compilers.residue`),
* `ports` (output by the step that it leads to), `inputs` (input by the step that leads to it), `error_output`,
* `passes_others`: it keeps the fields that it doesn't set; `bare`: the output that is all of what the node gives,
* `synthetic`: it is no node; `form`: what kind of node a router was;

and the document's holds the order of the nodes, those that are no steps, the wires that lead back, and changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

from pydantic import JsonValue

from compilers import residue
from compilers.documents import Object, items, members
from compilers.n8n.apps import call
from compilers.n8n.branches import filter_parameters, first_match
from compilers.n8n.canvas import Node, Port
from compilers.n8n.variables import set_variables
from compilers.n8n.workshop import Fragment, Workshop
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    AppStep,
    IfElseStep,
    OnError,
    RouterStep,
    SetVariablesStep,
    Spec,
    StopStep,
    TriggerStep,
)

_FIXED = ("id", "position")
"""What of a node never depends on what the compiler would write."""


def of(step: AnyStep) -> Object:
    """What was kept of the node that a step was; empty for a step that was none."""
    return step.residue.get("n8n", {})


def names(spec: Spec) -> dict[str, str]:
    """The names of nodes whose steps are still called as they were, by the steps' ids."""
    found: dict[str, str] = {}
    for step in spec.nodes:
        node = members(of(step).get("node"))
        name = node.get("name")
        if isinstance(name, str) and name and node.get("label") == step.label:
            found.setdefault(name, step.id)
    return {step: name for name, step in found.items()}


# -- steps ---------------------------------------------------------------------------------------------------------


def passing(shop: Workshop, step: AnyStep, sources: Sequence[Port]) -> Fragment | None:
    """The fragment of a step that is no node: the ways out of it are those that lead into it."""
    synthetic = of(step).get("synthetic")
    ends = synthetic == "stop" and isinstance(step, StopStep) and step.outcome == "success"
    starts = synthetic == "start" and isinstance(step, TriggerStep)
    if not (ends or starts or (synthetic == "router" and _is_plain(shop, step))):
        return None
    ways = {
        edge.target: tuple(Port(port.node, _output(step, edge.target, port.output)) for port in sources)
        for edge in shop.graph.outgoing(step.id)
        if not edge.disabled
    }
    return Fragment("", (), "", "", {target: ports[0] for target, ports in ways.items() if ports}, ways=ways)


def _is_plain(shop: Workshop, step: AnyStep) -> bool:
    """Whether a router still sends everything along all of its routes."""
    edges = shop.graph.outgoing(step.id)
    return isinstance(step, RouterStep) and not any(edge.filter or edge.fallback for edge in edges)


def _output(step: AnyStep, target: str, otherwise: int) -> int:
    output = members(of(step).get("ports")).get(target)
    return output if isinstance(output, int) else otherwise


def nodes_of(shop: Workshop, step: AnyStep) -> Fragment | None:
    """The node of a step that the compiler would write otherwise; None where it would not."""
    kept = of(step)
    match step:
        case RouterStep(mode="all") if kept.get("form") == "filter":
            return _filter(shop, step)
        case RouterStep(mode="all") if kept.get("form") == "switch":
            fragment = first_match(shop, step)
            parameters = members(shop.canvas.nodes[fragment.main].get("parameters"))
            members(parameters.get("options"))["allMatchingOutputs"] = True
        case RouterStep() | IfElseStep() if kept.get("ports"):
            fragment = first_match(shop, step)
        case TriggerStep() if kept.get("form") == "manual" and shop.spec.schedule:
            if shop.spec.schedule.kind == "on_demand":
                return Fragment.single(shop.flow_node(step, "by_hand", step.title, {}))
            return None
        case SetVariablesStep() if kept.get("passes_others"):
            name = set_variables(shop, step)
            members(shop.canvas.nodes[name].get("parameters"))["includeOtherFields"] = True
            return Fragment.single(name)
        case AppStep() if kept.get("bare"):
            return _bare(shop, step)
        case _:
            return None
    ports = {target: Port(port.node, _output(step, target, port.output)) for target, port in fragment.branches.items()}
    return Fragment(fragment.entry, (), fragment.result, fragment.main, ports)


def _bare(shop: Workshop, step: AppStep) -> Fragment | None:
    """The nodes of an operation without the parameter that would make its output one field among others."""
    operation = registry().operation(step.app, step.operation)
    form = operation.n8n_node(operation.with_defaults(step.inputs))
    if form is None or form.bare is None:
        return None
    fragment = call(shop, step)
    *above, last = form.bare.unless.split(".")
    holder = members(shop.canvas.nodes[fragment.main].get("parameters"))
    for part in above:
        holder = members(holder.get(part))
    holder.pop(last, None)
    return fragment


def _filter(shop: Workshop, step: RouterStep) -> Fragment | None:
    edges = shop.graph.outgoing(step.id)
    if len(edges) != 1 or edges[0].fallback or edges[0].disabled or not edges[0].filter:
        return None
    parameters = filter_parameters(edges[0].filter, shop.values(step).at("filter"), step.id)
    name = shop.flow_node(step, "filter", step.title, parameters)
    return Fragment(name, (), name, name, {edges[0].target: Port(name)})


def entry_input(step: AnyStep, source: str, otherwise: int) -> int:
    """The input by which an edge enters the step's node."""
    index = members(of(step).get("inputs")).get(source)
    return index if isinstance(index, int) else otherwise


def guarded(shop: Workshop, step: AnyStep, fragment: Fragment) -> Port | None:
    """Gives the node the settings of its error handling, and its error output; None where nothing was kept, or where
    the handling has become another than a node can have by itself."""
    handled = shop.graph.handler(step.id) is not None
    rule = step.on_error or (OnError(strategy="ignore") if handled else None)
    if not of(step) or (rule and (rule.strategy not in ("ignore", "retry") or (handled and rule.strategy == "retry"))):
        return None
    node = shop.canvas.nodes[fragment.main]
    if rule and rule.strategy == "ignore":
        node["onError"] = "continueErrorOutput"
    elif rule:
        node |= {"retryOnFail": True, "maxTries": rule.attempts + 1}
    output = of(step).get("error_output")
    shop.failing[step.id] = fragment.main
    return Port(fragment.main, output if isinstance(output, int) else 1)


def close_loops(shop: Workshop) -> None:
    """The wires that lead back, where both ends are still there."""
    for wire in map(members, items(shop.spec.residue.get("n8n", {}).get("loops"))):
        source, target, output, index = (wire.get(key) for key in ("source", "target", "output", "index"))
        there = source in shop.canvas.nodes and target in shop.canvas.nodes
        if there and isinstance(source, str) and isinstance(target, str):
            port = Port(source, output if isinstance(output, int) else 0)
            shop.canvas.connect_back(port, target, index if isinstance(index, int) else 0)


# -- the document --------------------------------------------------------------------------------------------------


def restore(spec: Spec, document: Object, nodes: Mapping[str, Node], fragments: Mapping[str, Fragment]) -> None:
    """Makes every node, and the document, what it was when it was parsed, as far as that still fits."""
    root = spec.residue.get("n8n")
    if root is None:
        return
    for step in spec.nodes:
        main = fragments[step.id].main if step.id in fragments else ""
        if main in nodes and of(step):
            restore_node(nodes[main], of(step))
    residue.apply(document, root.get("changes"))
    document["nodes"] = [*_listed(items(document.get("nodes")), root)]
    reorder(document, root.get("order"))
    reorder(members(document.get("connections")), root.get("wires"))
    reorder(members(document.get("settings")), root.get("settings"))


def restore_node(node: Node, kept: Object) -> None:
    """Makes one node what it was."""
    was = members(kept.get("node"))
    for key in _FIXED:
        if key in was:
            node[key] = was[key]
        elif was:
            node.pop(key, None)
    residue.apply(node, kept.get("changes"))
    reorder(node, kept.get("order"))
    reorder(members(node.get("parameters")), kept.get("parameters"))


def reorder(target: Object, order: JsonValue) -> None:
    """Puts the keys in the order in which they stood."""
    first = [key for key in items(order) if isinstance(key, str) and key in target]
    for key in [*first, *(key for key in target if key not in first)] if first else []:
        target[key] = target.pop(key)


def _listed(written: list[JsonValue], root: Object) -> Iterator[JsonValue]:
    """The nodes in the order of the document, with those that are no steps; new ones stand behind."""
    by_name = {members(node).get("name"): node for node in written}
    beside = {members(one).get("name"): one for one in items(root.get("beside"))}
    for name in items(root.get("nodes")):
        node = by_name.pop(name, None) if isinstance(name, str) else None
        if node is not None:
            yield node
        elif isinstance(name, str) and name in beside:
            yield beside[name]
    yield from by_name.values()


# -- for the parser ------------------------------------------------------------------------------------------------


def node_residue(written: Node, original: Object, whole: bool) -> Object:
    """What makes the original of the node that the compiler writes; `whole` keeps its parameters together, where a
    change of one of them would leave the rest without meaning."""
    now = {key: value for key, value in original.items() if key not in _FIXED}
    was = {key: value for key, value in written.items() if key not in _FIXED}
    changes = exact(was, now, () if whole else ("parameters",))
    found: Object = {"changes": changes} if changes else {}
    if list(original) != list(_changed(written, changes, original)):
        found["order"] = [*original]
    parameters = members(original.get("parameters"))
    if list(parameters) != list(members(_changed(written, changes, original).get("parameters"))):
        found["parameters"] = [*parameters]
    return found


def document_residue(written: Object, original: Object) -> Object:
    """What makes the original of the document that the compiler writes, its nodes aside."""
    was, now = ({key: value for key, value in one.items() if key != "nodes"} for one in (written, original))
    changes = exact(was, now, ("connections", "settings"))
    found: Object = {"changes": changes} if changes else {}
    found["order"] = [*original]
    found["wires"] = [*members(original.get("connections"))]
    found["settings"] = [*members(original.get("settings"))]
    return found


def _changed(written: Node, changes: list[JsonValue], original: Object) -> Object:
    made = deepcopy(written)
    for key in _FIXED:
        if key in original:
            made[key] = original[key]
        else:
            made.pop(key, None)
    residue.apply(made, changes)
    return made


def exact(was: Object, now: Object, deeper: tuple[str, ...] = ()) -> list[JsonValue]:
    """The changes from `was` to `now`, key by key; a value is changed as a whole, and so is one whose keys stand in
    another order. Below the keys `deeper`, the same holds for each key there."""
    found: list[JsonValue] = []
    for key in [*was, *(key for key in now if key not in was)]:
        one, other = was.get(key), now.get(key)
        if key in deeper and isinstance(one, dict) and isinstance(other, dict):
            for change in map(members, exact(one, other)):
                found.append({**change, "at": [key, *items(change.get("at"))]})
        elif key not in now:
            found.append({"at": [key], "was": one})
        elif key not in was:
            found.append({"at": [key], "is": other})
        elif json.dumps(one) != json.dumps(other):
            found.append({"at": [key], "was": one, "is": other})
    return found
