"""Routers, if-else and filters as Filter, IF and Switch nodes."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from compilers.n8n.canvas import Port
from compilers.n8n.conditions import conditions, expression_condition
from compilers.n8n.values import N8nValues
from compilers.n8n.workshop import Fragment, Workshop
from compilers.registry import registry
from compilers.spec import Edge, Filter, IfElseStep, RouterStep


def every_match(shop: Workshop, step: RouterStep) -> Fragment:
    """A node that passes on, and a Filter behind it for each route: every route that passes runs, from top to
    bottom. The fallback passes what no other route does; a route that is switched off lets nothing through."""
    values = shop.values(step)
    entry = shop.flow_node(step, "ignore", step.title, {})
    edges = [edge for edge in shop.graph.outgoing(step.id) if edge.kind == "route"]
    others = [edge.filter or Filter() for edge in edges if not edge.fallback and not edge.disabled]
    ports: dict[str, Port] = {}
    for edge in edges:
        condition = edge.filter if edge.filter and edge.filter.any_of else None
        if edge.disabled:
            name = _filter_node(shop, edge, f"Switched off: to {edge.target}", None, values, "false")
            shop.canvas.connect(Port(entry), name)
            ports[edge.target] = Port(name)
            continue
        if condition is None and not edge.fallback:
            ports[edge.target] = Port(entry)
            continue
        title = (
            edge.label
            or (condition.label if condition else "")
            or ("Otherwise" if edge.fallback else f"To {edge.target}")
        )
        javascript = _none_of(others, condition, values) if edge.fallback else None
        name = _filter_node(shop, edge, title, condition, values, javascript)
        shop.canvas.connect(Port(entry), name)
        ports[edge.target] = Port(name)
    return Fragment(entry, (), entry, entry, ports)


def _none_of(others: Sequence[Filter], condition: Filter | None, values: N8nValues) -> str:
    """JavaScript that is true when no other route's filter lets an item through, and the fallback's own does."""
    parts = [f"!({values.filter_javascript(other) if other.any_of else 'true'})" for other in others]
    if condition:
        parts.append(values.filter_javascript(condition))
    return " && ".join(parts)


def first_match(shop: Workshop, step: RouterStep | IfElseStep) -> Fragment:
    """The first branch whose condition holds: an IF for one condition, else a Switch."""
    values = shop.values(step)
    edges = [edge for edge in shop.graph.outgoing(step.id) if edge.kind in ("route", "branch") and not edge.disabled]
    wanted = [edge for edge in edges if not edge.fallback]
    fallback = [edge for edge in edges if edge.fallback]
    if not wanted:
        name = shop.flow_node(step, "ignore", step.title, {})
        return Fragment(name, (), name, name, {edge.target: Port(name) for edge in fallback})
    written = [
        conditions(edge.filter or Filter(), values.at(f"edges.{edge.target}"), f"{step.id}/{edge.target}")
        for edge in wanted
    ]
    loose: dict[str, JsonValue] = {"looseTypeValidation": True}
    if len(wanted) == 1:
        parameters: dict[str, JsonValue] = {"conditions": written[0], **loose, "options": _options(written[0])}
        name = shop.flow_node(step, "if_else", step.title, parameters)
    else:
        rules: list[JsonValue] = [
            {
                "conditions": one,
                "renameOutput": True,
                "outputKey": edge.label or (edge.filter.label if edge.filter else "") or edge.target,
            }
            for edge, one in zip(wanted, written, strict=True)
        ]
        options: dict[str, JsonValue] = {"fallbackOutput": "none"}
        if fallback:
            options = {"fallbackOutput": "extra", "renameFallbackOutput": fallback[0].label or "Otherwise"}
        parameters = {"mode": "rules", "rules": {"values": rules}, **loose, "options": options}
        name = shop.flow_node(step, "router", step.title, parameters)
    ports = {edge.target: Port(name, index) for index, edge in enumerate([*wanted, *fallback])}
    return Fragment(name, (), name, name, ports)


def edge_filter(shop: Workshop, edge: Edge, condition: Filter) -> str:
    """The Filter node that stands for an edge's filter."""
    step = shop.graph.step(edge.target)
    title = condition.label or edge.label or f"Only for {step.title}"
    return _filter_node(shop, edge, title, condition, shop.values(step).at("filter"), None)


def error_choice(shop: Workshop, edge: Edge, condition: Filter) -> str:
    """The IF node that stands for an error route's filter: what doesn't pass it fails as if there were no route."""
    step = shop.graph.step(edge.target)
    title = condition.label or edge.label or f"Only for {step.title}"
    key = f"{edge.source}/{edge.target}/filter"
    row = registry().flow["if_else"]
    parameters = filter_parameters(condition, shop.values(step).at("filter"), key)
    return shop.canvas.add(key, title, row.n8n, row.n8n_version, parameters)


def _filter_node(
    shop: Workshop, edge: Edge, title: str, condition: Filter | None, values: N8nValues, javascript: str | None
) -> str:
    key = f"{edge.source}/{edge.target}/filter"
    row = registry().flow["filter"]
    parameters = filter_parameters(condition or Filter(), values, key, javascript)
    return shop.canvas.add(key, title, row.n8n, row.n8n_version, parameters)


def filter_parameters(
    condition: Filter, values: N8nValues, key: str, javascript: str | None = None
) -> dict[str, JsonValue]:
    """The parameters of a Filter node; `javascript` stands for the condition where there is one."""
    written = expression_condition(javascript, key) if javascript else conditions(condition, values, key)
    return {"conditions": written, "looseTypeValidation": True, "options": _options(written)}


def _options(written: JsonValue) -> dict[str, JsonValue]:
    """The node's own switch for letter case, which the editor shows, kept in step with the conditions'."""
    options = written.get("options") if isinstance(written, dict) else None
    sensitive = options.get("caseSensitive") if isinstance(options, dict) else True
    return {} if sensitive else {"ignoreCase": True}
