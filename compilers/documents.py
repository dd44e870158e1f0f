"""Looking into decoded JSON documents whose shape nobody promises."""

from __future__ import annotations

from collections.abc import Iterator

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
