"""Column headers of a sheet, from what a Make module's own description shows of it.

Make knows a sheet's columns by index (`0`, `1`, ...), or by header where a module is told to, and shows them to people
as `E-mail (B)`.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from compilers.documents import Object, items, members

_LABEL = re.compile(r"(?P<header>.*?) ?\((?P<letters>[A-Z]{1,3})\)\s*\Z", re.DOTALL)
"""One space stands before the bracket; more of them belong to the header itself."""
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
    labels: dict[int, str] = {}
    for entry in items(described):
        name, match = members(entry).get("name"), _LABEL.match(str(members(entry).get("label", "")))
        if isinstance(name, str) and match and (name.isdigit() or name == match["header"]):
            labels[_index(match["letters"])] = match["header"]
    if labels:
        return _ordered(labels)
    for entry in items(described) if depth < 2 else ():
        found = _headers(members(entry).get("spec"), depth + 1)
        if found:
            return found
    return None


def _index(letters: str) -> int:
    """The place, from 0, of a column that is called A, B ... Z, AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _ordered(labels: dict[int, str]) -> tuple[str, ...] | None:
    """The headers up to the last one that has a name."""
    named = [labels.get(index, "") for index in range(max(labels) + 1)]
    while named and not named[-1].strip():
        named.pop()
    if not named or not all(name.strip() for name in named) or len(set(named)) < len(named):
        return None
    return tuple(named)
