"""The modules of a blueprint as the parser meets them: checked for the shape that the rest relies on, and numbered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import Finding, UserError, shorten

ROUTER, IF_ELSE, MERGE = "builtin:BasicRouter", "builtin:BasicIfElse", "builtin:BasicMerge"
BRANCHES: Mapping[str, str] = {ROUTER: "routes", IF_ELSE: "branches"}
"""Where the modules that split a flow hold the flows."""
DIRECTIVES: Mapping[str, Literal["ignore", "resume", "retry", "commit", "rollback"]] = {
    "builtin:Ignore": "ignore",
    "builtin:Resume": "resume",
    "builtin:Break": "retry",
    "builtin:Commit": "commit",
    "builtin:Rollback": "rollback",
}
DEEPEST = 60
"""Flows inside flows; the deepest real scenario has 9."""


class BlueprintError(UserError):
    """A document that is no blueprint, or whose shape gives no scenario."""


@dataclass
class Source:
    """One module of the blueprint: its JSON, where it stands, and what the parser calls it."""

    data: Object
    where: str
    id: str
    """Its number as references write it; unique, even where the blueprint gives a number twice."""
    step: str = ""
    routes: list[Branch] = field(default_factory=list)
    handler: list[Source] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its `app:Module` name."""
        return str(self.data["module"])

    @property
    def version(self) -> int | None:
        """Its app's version, where it is a number."""
        value = self.data.get("version")
        return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    @property
    def mapper(self) -> Object:
        """Its values per run."""
        return members(self.data.get("mapper"))

    @property
    def parameters(self) -> Object:
        """Its static settings."""
        return members(self.data.get("parameters"))

    @property
    def label(self) -> str:
        """What its author called it, or nothing."""
        value = members(members(self.data.get("metadata")).get("designer")).get("name")
        return value.strip() if isinstance(value, str) else ""


@dataclass
class Branch:
    """One route of a router, or branch of an if-else."""

    data: Object
    flow: list[Source]


class SourceReader:
    """Reads flows, and notes what it had to mend."""

    def __init__(self) -> None:
        self.modules: dict[str, Source] = {}
        self.findings: list[Finding] = []

    def flow(self, value: JsonValue, where: str, depth: int = 0) -> list[Source]:
        """The modules of a flow, with all that they hold. Raises `BlueprintError` for what is no module."""
        if depth > DEEPEST:
            raise BlueprintError(f"flows are nested deeper than {DEEPEST}", where=where, hint="split the scenario")
        if value is None:
            return []
        if not isinstance(value, list):
            raise BlueprintError("is no list of modules", where=where, hint="export the blueprint from Make again")
        return [self._module(item, f"{where}[{index}]", depth) for index, item in enumerate(value)]

    def _module(self, value: JsonValue, where: str, depth: int) -> Source:
        if not isinstance(value, dict) or not isinstance(value.get("module"), str) or not value["module"]:
            raise BlueprintError("is no module of Make: an object with `id` and `module`", where=where)
        source = Source(value, where, self._number(value.get("id"), where))
        self.modules[source.id] = source
        key = BRANCHES.get(source.name, "")
        for index, branch in enumerate(items(value.get(key))):
            place = f"{where}.{key}[{index}]"
            if not isinstance(branch, dict):
                raise BlueprintError("is no route: an object with a `flow`", where=place)
            source.routes.append(Branch(branch, self.flow(branch.get("flow"), f"{place}.flow", depth + 1)))
        source.handler = self.flow(value.get("onerror"), f"{where}.onerror", depth + 1)
        return source

    def _number(self, value: JsonValue, where: str) -> str:
        number = str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
        if not number and isinstance(value, str) and value.isdecimal():
            number = value
        if number and number not in self.modules:
            return number
        what = f"the number {shorten(number, 20)} is taken by another module" if number else "has no number of its own"
        self.findings.append(Finding(rule="make.parse", severity="warning", where=where, what=what))
        return f"{number or 'x'}-{len(self.modules)}"
