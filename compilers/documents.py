"""Looking into decoded JSON documents whose shape nobody promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import JsonValue

Object = dict[str, JsonValue]


def members(value: JsonValue) -> Object:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def texts(value: JsonValue) -> Iterator[str]:
    """Every text in a JSON value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))


def with_texts(value: JsonValue, change: Callable[[str], JsonValue]) -> JsonValue:
    """The JSON value with each of its texts changed; the names of its fields stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [with_texts(item, change) for item in value]
    if isinstance(value, dict):
        return {key: with_texts(item, change) for key, item in value.items()}
    return value


def is_deeper(value: JsonValue, limit: int) -> bool:
    """Whether lists and objects are nested in it more than `limit` levels deep; takes no stack for it."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


_ENVELOPES = ("blueprint", "response", "data", "workflow")
_ENVELOPED = 6
"""Envelopes inside each other that are opened; real ones are at most two."""


def unwrapped(document: JsonValue) -> JsonValue:
    """The blueprint or workflow inside the envelopes that exports and API answers put around it, or a list of one."""
    inner = document
    for _ in range(_ENVELOPED):
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        elif isinstance(inner, dict) and "flow" not in inner and "nodes" not in inner:
            held = next((inner[key] for key in _ENVELOPES if isinstance(inner.get(key), (dict, list))), None)
            if held is None:
                break
            inner = held
    return inner
