"""Bundles in the registry's neutral shape and items as n8n's nodes give them, both ways."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.paths import substituted
from compilers.registry import Columns, registry
from compilers.spec import AnyStep, OperationStep

Bundle = dict[str, JsonValue]


def item_of(step: AnyStep, bundle: Mapping[str, JsonValue]) -> Bundle:
    """What the step's node gives for a bundle."""
    return substituted(step, bundle, "n8n")


def bundle_of(step: AnyStep, item: Mapping[str, JsonValue]) -> Bundle:
    """The bundle that an item of the step's node stands for. Outputs unknown to the registry keep their names."""
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    if operation is None:
        return dict(item)
    bundle = {name: value for name, value in item.items() if name not in operation.outputs}
    for name, output in operation.outputs.items():
        place = output.n8n
        if place is False or output.type == "file":
            continue
        if isinstance(place, Columns):
            headers = step.inputs.get(place.columns) if isinstance(step, OperationStep) else None
            known = headers if isinstance(headers, list) else []
            bundle[name] = {str(header): item.get(str(index)) for index, header in enumerate(known)}
        else:
            bundle[name] = _at(dict(item), name if place is None else place)
    return bundle


def items_of(run: JsonValue, output: int = 0) -> list[JsonValue]:
    """The items that a run of a node gave at an output."""
    main = items(members(members(run).get("data")).get("main"))
    return items(main[output]) if output < len(main) else []


def in_order_of(wanted: tuple[JsonValue, ...], outputs: list[Object]) -> list[Object]:
    """The outputs, those that were wanted in that order."""
    left, found = list(outputs), list[Object]()
    for one in wanted:
        if one in left:
            left.remove(members(one))
            found.append(members(one))
    return found + left


def asked(found: JsonValue, wanted: JsonValue) -> JsonValue:
    """Of an output that is the whole item, the fields that are wanted: the item holds the other outputs too."""
    both = isinstance(found, dict) and isinstance(wanted, dict)
    return {name: members(found).get(name) for name in members(wanted)} if both else found


def _at(value: JsonValue, path: str) -> JsonValue:
    for part in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
