"""What the rules for Zapier look at: any JSON document, with the Zaps and steps that can be found in it.

Nothing about the document is taken for granted: rules that judge its shape look at the raw values, and the others pass
over whatever hasn't the shape they need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import Finding, shorten
from compilers.rules.engine import RuleBook

TOKEN = re.compile(r"\{\{(?:(\d+)__[^{}]*|=gives\[[\"'](\d+)[\"']\][^{}]*)\}\}")
_KEY = re.compile(r"(?:(\d+)__.+|=gives\[[\"'](\d+)[\"']\].*)", re.DOTALL)


def is_int(value: JsonValue) -> bool:
    """Whether the value is a whole number; `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a Zap: its place, its key in the export, and its JSON."""

    where: str
    key: str
    data: Object
    zap: ZapIn

    @property
    def app(self) -> str:
        """Its app without the version, or nothing."""
        api = self.data.get("selected_api")
        return api.partition("@")[0] if isinstance(api, str) else ""

    @property
    def action(self) -> str:
        """The key of its action, or nothing."""
        action = self.data.get("action")
        return action if isinstance(action, str) else ""

    @property
    def params(self) -> Object:
        """Its input values, or none."""
        return members(self.data.get("params"))

    @property
    def is_paths(self) -> bool:
        """Whether it splits the Zap."""
        return self.app == "BranchingAPI" and self.action == "branch"

    @property
    def is_path(self) -> bool:
        """Whether it holds the rules of a path."""
        return self.app == "BranchingAPI" and self.action == "filter"

    @property
    def is_filter(self) -> bool:
        """Whether it holds rules, of a path or of a filter."""
        return self.is_path or (self.app == "FilterAPI" and self.action == "filter")

    @property
    def parent(self) -> Step | None:
        """The step before it, if there is one."""
        above = self.data.get("parent_id")
        return None if above is None else self.zap.by_key.get(str(above))

    @cached_property
    def above(self) -> tuple[Step, ...]:
        """The steps before it, the nearest first; in a ring, each once."""
        found: dict[str, Step] = {}
        step = self.parent
        while step is not None and step.key not in found:
            found[step.key] = step
            step = step.parent
        return tuple(found.values())

    @property
    def criteria(self) -> Iterator[tuple[str, Object]]:
        """The rules of a filter that are objects, each with its place."""
        for index, row in enumerate(items(self.params.get("filter_criteria"))):
            if isinstance(row, dict):
                yield f"{self.where}.params.filter_criteria[{index}]", row

    @property
    def filled_in(self) -> Iterator[tuple[str, Object]]:
        """The rules of a filter that somebody filled in."""
        return ((where, row) for where, row in self.criteria if row.get("key") not in ("", None) or "match" in row)


@dataclass(frozen=True, eq=False)
class ZapIn:
    """One Zap of an export."""

    where: str
    data: Object

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Its steps that are objects."""
        return tuple(
            Step(f"{self.where}.nodes.{shorten(key, 40)}", key, node, self)
            for key, node in members(self.data.get("nodes")).items()
            if isinstance(node, dict)
        )

    @cached_property
    def by_key(self) -> Mapping[str, Step]:
        """Its steps by their keys."""
        return {step.key: step for step in self.steps}

    @cached_property
    def children(self) -> Mapping[str, tuple[Step, ...]]:
        """The steps behind each step."""
        found: dict[str, tuple[Step, ...]] = {}
        for step in self.steps:
            if step.parent is not None:
                found[step.parent.key] = (*found.get(step.parent.key, ()), step)
        return found

    @cached_property
    def starts(self) -> tuple[Step, ...]:
        """The steps without a step before them."""
        return tuple(step for step in self.steps if step.data.get("parent_id") is None)


@dataclass(frozen=True)
class ZapierSubject:
    """One export of Zaps, as its rules see it."""

    document: JsonValue

    @cached_property
    def zaps(self) -> tuple[ZapIn, ...]:
        """The Zaps that are objects."""
        listed = items(members(self.document).get("zaps"))
        return tuple(ZapIn(f"zaps[{index}]", zap) for index, zap in enumerate(listed) if isinstance(zap, dict))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all Zaps."""
        return tuple(step for zap in self.zaps for step in zap.steps)

    @cached_property
    def texts(self) -> tuple[tuple[str, Step, str], ...]:
        """Every text in the input values of a step, with its place."""
        return tuple(
            (where, step, text) for step in self.steps for where, text in texts(step.params, f"{step.where}.params")
        )

    @cached_property
    def tokens(self) -> tuple[tuple[str, Step, str], ...]:
        """Every key of a step that a value or a rule refers to, with the place and the step it stands in."""
        found: list[tuple[str, Step, str]] = []
        for where, step, text in self.texts:
            if "{{" in text:
                found += [(where, step, token[1] or token[2]) for token in TOKEN.finditer(text)]
        for step in self.steps:
            for where, row in step.filled_in if step.is_filter else ():
                named = _KEY.fullmatch(str(row.get("key")))
                if named:
                    found.append((f"{where}.key", step, named[1] or named[2]))
        return tuple(found)


def texts(value: JsonValue, where: str) -> Iterator[tuple[str, str]]:
    """Every text inside a JSON value with its place, without recursion."""
    stack = [(where, value)]
    while stack:
        place, item = stack.pop()
        if isinstance(item, str):
            yield place, item
        elif isinstance(item, list):
            stack.extend((f"{place}[{index}]", inner) for index, inner in reversed(list(enumerate(item))))
        elif isinstance(item, dict):
            stack.extend((f"{place}.{shorten(key, 60)}", inner) for key, inner in reversed(item.items()))


BOOK: RuleBook[ZapierSubject] = RuleBook("zapier")


def validate_zapier(document: JsonValue) -> tuple[Finding, ...]:
    """What the rules for Zapier find in an export; any JSON is allowed."""
    return BOOK.findings(ZapierSubject(document))
