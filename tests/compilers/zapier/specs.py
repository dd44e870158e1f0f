"""Specs for tests of Zaps: a webhook with some steps behind it."""

from __future__ import annotations

import itertools
from typing import Any

from compilers.spec import Spec, parse_spec

OUTPUTS = [
    {"path": f"body.{name}", "type": kind}
    for name, kind in (("name", "text"), ("note", "text"), ("amount", "number"), ("vip", "boolean"))
]


def call(name: str, **inputs: Any) -> dict[str, Any]:
    """A step that sends a value to a service."""
    given = {"url": "https://service.example/x", "method": "POST", "body": {"value": "{{ lead.body.name }}"}}
    return {"kind": "app", "id": name, "app": "http", "operation": "request", "inputs": {**given, **inputs}}


def edge(source: str, target: str, kind: str = "next", when: tuple[Any, ...] = (), **more: Any) -> dict[str, Any]:
    """An edge; `when` is left, operator and right of its one condition."""
    rows = [dict(zip(("left", "operator", "right"), when, strict=False))] if when else []
    return {
        "source": source,
        "target": target,
        "kind": kind,
        **({"filter": {"any_of": [rows]}} if rows else {}),
        **more,
    }


def spec(*steps: dict[str, Any], edges: list[dict[str, Any]] | None = None, **more: Any) -> Spec:
    """A spec whose steps stand in a row behind a webhook, unless edges say otherwise."""
    names = ["lead", *(step["id"] for step in steps)]
    row = [edge(one, other) for one, other in itertools.pairwise(names)]
    trigger = {"kind": "trigger", "id": "lead", "app": "webhook", "operation": "receive", "outputs": OUTPUTS}
    document: Any = {
        "slug": "leads", "name": "Leads", "customer": {"name": "Example GmbH"}, "targets": ["zapier"],
        "trigger": trigger, "steps": list(steps), "edges": row if edges is None else edges, **more,
    }  # fmt: skip
    return parse_spec(document)
