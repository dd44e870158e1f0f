"""Column headers of a sheet, from what a Make module's own description shows of it.

Make knows a sheet's columns by index (`0`, `1`, ...) and shows them to people as `E-mail (B)`.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from compilers.documents import Object, items, members

_LABEL = re.compile(r"(?P<header>.*?)\s*\((?P<letters>[A-Z]{1,3})\)\s*\Z", re.DOTALL)
_APPS = ("google-sheets:", "google-forms:", "microsoft-excel:")


def headers_of(module: Object) -> tuple[str, ...] | None:
    """The headers in order, or None when they can't be known: nothing is said of them, one is twice, or one is empty
    with others behind it."""
    name = module.get("module")
    if not isinstance(name, str) or not name.startswith(_APPS):
        return None
    metadata = members(module.get("metadata"))
    for described in (metadata.get("interface"), metadata.get("expect")):
        found = _headers(described, 0)
        if found:
            return found
    return None


def _headers(described: JsonValue, depth: int) -> tuple[str, ...] | None:
    labels = {
        int(name): str(members(entry).get("label", ""))
        for entry in items(described)
        if isinstance(name := members(entry).get("name"), str) and name.isdigit() and len(name) < 5
    }
    if labels:
        return _ordered(labels)
    for entry in items(described) if depth < 2 else ():
        found = _headers(members(entry).get("spec"), depth + 1)
        if found:
            return found
    return None


def _ordered(labels: dict[int, str]) -> tuple[str, ...] | None:
    """The headers up to the last one that has a name."""
    named: list[str] = []
    for index in range(max(labels) + 1):
        match = _LABEL.match(labels.get(index, ""))
        named.append(match["header"].strip() if match else "")
    while named and not named[-1]:
        named.pop()
    if not named or "" in named or len(set(named)) < len(named):
        return None
    return tuple(named)
