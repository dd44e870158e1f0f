"""Iterations, repetitions and aggregates as nodes.

A list is a Set node that makes it and a Split Out node. The Set node's item also marks the operation: an aggregate
merges these markers with what came through, and so emits once for each operation, even when nothing came through.
"""

from __future__ import annotations

import json
from dataclasses import replace

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.expressions.javascript import js_string
from compilers.n8n import scripts
from compilers.n8n.canvas import Port
from compilers.n8n.conditions import expression_condition
from compilers.n8n.workshop import Fragment, Workshop
from compilers.spec import AggregateStep, AnyStep, IterateStep, RepeatStep


def element_list(shop: Workshop, step: IterateStep | RepeatStep, javascript: str) -> Fragment:
    """One item for each element of the list that a JavaScript expression gives."""
    made = f"{{{scripts.LIST_FIELD}: {javascript}, {_mark(step)}}}"
    entry = shop.raw_set_node(step, f"{step.title}: list", made, key="list")
    shop.markers[step.id] = (entry, step.id)
    kind = "iterate" if isinstance(step, IterateStep) else "repeat"
    parameters: dict[str, JsonValue] = {
        "fieldToSplitOut": scripts.LIST_FIELD,
        "include": "noOtherFields",
        "options": {},
    }
    name = shop.flow_node(step, kind, step.title, parameters)
    shop.canvas.connect(Port(entry), name)
    return Fragment(entry, (Port(name),), name, name)


def marked(shop: Workshop, step: AnyStep, fragment: Fragment) -> Fragment:
    """The fragment behind a node that leaves one marker item for each operation of the step."""
    entry = shop.raw_set_node(step, f"{step.title}: each run", f"{{{_mark(step)}}}", key="run")
    shop.canvas.connect(Port(entry), fragment.entry)
    shop.markers[step.id] = (entry, step.id)
    return replace(fragment, entry=entry)


def mark_start(shop: Workshop, step: AnyStep, fragment: Fragment) -> None:
    """One marker item for all that a trigger gave, beside what follows it."""
    name = shop.raw_set_node(step, f"{step.title}: each run", f"{{{_mark(step)}}}", key="run")
    shop.canvas.nodes[name]["executeOnce"] = True
    for port in fragment.exits:
        shop.canvas.connect(port, name)
    shop.markers[step.id] = (name, step.id)


def _mark(step: AnyStep) -> str:
    return f'{scripts.RUN_FIELD}: $runIndex + ":" + $itemIndex, {scripts.SOURCE_FIELD}: "{step.id}"'


def aggregate(shop: Workshop, step: AggregateStep) -> Fragment:
    """A Merge that waits for the markers and for what came through, and Code that collects."""
    values = shop.values(step, item="" if step.source in shop.loops else "index")
    if step.mode == "array":
        fields = (
            f"{json.dumps(name)}: {values.at(f'fields.{name}').javascript(value)}"
            for name, value in step.fields.items()
        )
        collected = "{" + ", ".join(fields) + "}"
    else:
        collected = values.at("value").javascript(step.value)
    key = None if step.group_by is None else values.at("group_by").javascript(step.group_by)
    marker = shop.markers.get(step.source)
    if marker is None:
        raise CompileError(
            f"the source `{step.source}` of an aggregate must be a step before it that gives several bundles"
        )
    shop.markers[step.id] = marker
    if step.source in shop.loops:
        return _aggregate_loop(shop, step, marker[0], collected, key)
    code = scripts.aggregate(
        source=marker[1],
        marker=marker[0],
        collected=collected,
        key=key,
        result=scripts.combine(step.mode, step.separator),
        stop_if_empty=step.stop_if_empty,
        order=_order(shop, step),
    )
    entry = shop.flow_node(step, "join", f"{step.title}: collect", {"mode": "append", "numberInputs": 2}, key="collect")
    shop.canvas.connect(Port(marker[0]), entry, 0)
    name = shop.code(step, "aggregate", code)
    shop.canvas.connect(Port(entry), name)
    return Fragment(entry, (Port(name),), name, name, entry_input=1)


def _aggregate_loop(shop: Workshop, step: AggregateStep, marker: str, collected: str, key: str | None) -> Fragment:
    """Of a loop that runs one by one: a node that keeps what each bundle came to, and Code that collects it when all
    are through. The way from one to the other lets nothing pass: it is there since a node may only read those before
    it."""
    run = f"$({js_string(marker)}).item.json.{scripts.RUN_FIELD}"
    group = "null" if key is None else key
    kept = f"{{row: {collected}, key: {group}, {scripts.RUN_FIELD}: {run} }}"
    entry = shop.raw_set_node(step, f"{step.title}: keep", kept, key="collect")
    code = scripts.aggregate_loop(
        marker=marker,
        kept=entry,
        grouped=key is not None,
        result=scripts.combine(step.mode, step.separator),
        stop_if_empty=step.stop_if_empty,
    )
    never: dict[str, JsonValue] = {"conditions": expression_condition("false", f"{step.id}/kept"), "options": {}}
    kept_back = shop.flow_node(step, "filter", f"{step.title}: until all are through", never, key="kept")
    shop.canvas.connect(Port(entry), kept_back)
    name = shop.code(step, "aggregate", code)
    shop.canvas.connect(Port(kept_back), name)
    shop.canvas.connect(Port(shop.loops[step.source]), name)
    return Fragment(entry, (Port(name),), name, name)


def _order(shop: Workshop, step: AggregateStep) -> str | None:
    """The place of an item in the loop that the aggregate closes, where the items may come in another order."""
    loop = shop.graph.step(step.source)
    if step.source not in shop.shuffled or not isinstance(loop, (IterateStep, RepeatStep)):
        return None
    return f"$({js_string(shop.results[step.source])}).itemMatching(index).json._index"
