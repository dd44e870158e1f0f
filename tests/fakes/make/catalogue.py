"""Which modules and versions the fake's Make has, and which accounts they take: what the project's registry says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from compilers.registry import registry
from compilers.registry.loader import plain_name


@cache
def versions(module: str) -> frozenset[int]:
    """The versions of a module; none when there is no such module."""
    flow = {row.make: row.make_version for row in registry().flow.values() if row.make}
    further = {"util:SetVariable2": 1, "util:GetVariable2": 1, "util:BasicTrigger": 1}
    known = {**further, **flow}.get(module)
    found = {known} if known is not None else set()
    return frozenset(found.union(*(form_versions for form_versions, _ in _forms(module))))


@cache
def accounts(module: str) -> frozenset[str]:
    """The types of account that a module takes; none when it takes none, or any."""
    return frozenset().union(*(types for _, types in _forms(module)))


def _forms(module: str) -> Iterator[tuple[set[int], set[str]]]:
    names = registry().apps.by_module.get(plain_name(module), ())
    for app in (registry().apps[name] for name in names):
        connection = app.connection
        types = {connection.make.type, *connection.make_types} if connection and connection.make else set()
        for operation in app.operations.values():
            for form in operation.make_modules:
                if form.module == module:
                    yield {form.version, *form.versions}, types if form.connection else set()
