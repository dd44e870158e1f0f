"""What is wrong with the parameters of one n8n node, held against the facts of its node type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.n8n.descriptors import TOOL, Group, NodeClass, Parameter
from compilers.n8n.display import Context, NodeTag, Values, is_expression, is_in_version, is_shown, with_defaults

Trouble = Literal["unknown", "version", "unused", "required", "option", "kind", "locator", "range", "json"]
WITHOUT_VALUE = frozenset({"notice", "callout", "button", "curlImport", "credentials", "icon"})
OPTIONAL_KINDS = frozenset({"fixedCollection", "collection", "boolean", "number", "json", "filter", "hidden"})
"""Kinds for which n8n never complains that a required value is missing."""
UNLISTED = frozenset({"requestOptions"})
"""n8n gives these to every node that is described by requests instead of code."""
OF_TOOLS = frozenset({"toolDescription", "descriptionType"})
"""n8n gives these to the tools that it makes of nodes."""
LOCATORS = frozenset({"resourceLocator", "workflowSelector", "agentSelector"})
SHOWN_NAMES = 12
NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Problem(NamedTuple):
    """One thing that is wrong: what sort of trouble, at which parameter, in words."""

    trouble: Trouble
    path: str
    what: str


def parameter_problems(node: NodeClass, tag: NodeTag, given: Values) -> tuple[Problem, ...]:
    """What is wrong with the given parameters of a node of that class."""
    values = with_defaults(node.parameters, given, None, tag)
    walk = _Walk(tag, Context(tag.type, tag.version, values))
    return tuple(walk.level(node.parameters, given, values, "", complete=True))


def kind_of(value: JsonValue) -> str:
    """What a JSON value is, for a message."""
    if isinstance(value, bool):
        return "true or false"
    kinds: Iterable[tuple[type | tuple[type, ...], str]] = (
        (dict, "an object"),
        (list, "a list"),
        (str, "text"),
        ((int, float), "a number"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "nothing")


def shown(value: JsonValue) -> str:
    """A value for a message: itself when it is short and plain, else what it is."""
    return kind_of(value) if value is None or isinstance(value, dict | list) else f"`{shorten(str(value), 60)}`"


@dataclass(frozen=True)
class _Walk:
    """Goes down the parameters of one node."""

    tag: NodeTag
    context: Context

    @property
    def unlisted(self) -> frozenset[str]:
        """Parameters that n8n gives to nodes beyond what their descriptors list."""
        return UNLISTED | (OF_TOOLS if self.tag.type.endswith(TOOL) else frozenset())

    def level(
        self, parameters: Iterable[Parameter], given: Values, values: Values, path: str, *, complete: bool
    ) -> Iterator[Problem]:
        """Problems of the parameters at one level; in a collection, which isn't `complete`, each is optional."""
        by_name: dict[str, list[Parameter]] = {}
        for one in parameters:
            by_name.setdefault(one.name, []).append(one)
        for name, value in given.items():
            yield from self._named(by_name, name, value, values, f"{path}.{name}" if path else name)
        if complete:
            yield from self._missing(by_name, given, values, path)

    def _named(
        self, by_name: Mapping[str, list[Parameter]], name: str, value: JsonValue, values: Values, path: str
    ) -> Iterator[Problem]:
        if name not in by_name:
            if name and name not in self.unlisted and not name.lower().endswith(("notice", "warning")):
                known = ", ".join(list(by_name)[:SHOWN_NAMES]) or "none"
                yield Problem(
                    "unknown", path, f"n8n knows no parameter {shown(name)} here, and ignores it; there are {known}"
                )
            return
        used = [one for one in by_name[name] if is_shown(one.condition, values, self.context)]
        if not any(is_in_version(one.condition, self.tag) for one in by_name[name]):
            yield Problem("version", path, f"version {self.tag.version:g} of the node doesn't use it")
            return
        if not used:
            yield Problem("unused", path, "is not used with the resource, operation, mode or version chosen")
            return
        yield from min((tuple(self._value(one, value, path)) for one in used), key=len)

    def _missing(
        self, by_name: Mapping[str, list[Parameter]], given: Values, values: Values, path: str
    ) -> Iterator[Problem]:
        for name, same_name in by_name.items():
            for one in same_name:
                if not one.required or one.type in OPTIONAL_KINDS or not is_shown(one.condition, values, self.context):
                    continue
                absent = name not in given
                if (absent and not one.filled) or (not absent and _is_empty(one, given[name])):
                    yield Problem("required", f"{path}.{name}" if path else name, "is required and has no value")
                    break

    def _value(self, one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
        if value is None or is_expression(value):
            return
        if one.type == "fixedCollection":
            yield from self._groups(one, value, path)
        elif one.type == "collection":
            for item in value if one.many and isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from self.level(one.fields, item, item, path, complete=False)
                else:
                    yield Problem("kind", path, f"is {kind_of(item)}, and must be an object")
        elif one.many and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _scalar(one, item, f"{path}[{index}]")
        elif one.many:
            yield Problem("kind", path, f"is {kind_of(value)}, and must be a list")
        else:
            yield from _scalar(one, value, path)

    def _groups(self, one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("kind", path, f"is {kind_of(value)}, and must be an object")
            return
        for name, content in value.items():
            place = f"{path}.{name}"
            groups = [group for group in one.groups if group.name == name]
            if not groups:
                known = ", ".join(group.name for group in one.groups)
                yield Problem(
                    "unknown", place, f"n8n knows no group {shown(name)} here, and ignores it; there are {known}"
                )
            elif content is not None and not is_expression(content):
                yield from self._rows(groups[0], content, place, many=one.many)

    def _rows(self, group: Group, content: JsonValue, path: str, *, many: bool) -> Iterator[Problem]:
        if many != isinstance(content, list):
            wanted = "a list of objects" if many else "an object"
            yield Problem("kind", path, f"is {kind_of(content)}, and must be {wanted}")
            return
        for index, row in enumerate(content if isinstance(content, list) else [content]):
            place = f"{path}[{index}]" if many else path
            if isinstance(row, dict):
                values = with_defaults(group.fields, row, self.context, self.tag)
                yield from self.level(group.fields, row, values, place, complete=True)
            elif not is_expression(row):
                yield Problem("kind", place, f"is {kind_of(row)}, and must be an object")


def _is_empty(one: Parameter, value: JsonValue) -> bool:
    if one.type == "multiOptions":
        return value == []
    if one.type in LOCATORS and isinstance(value, dict):
        return value.get("value") in (None, "")
    return value is None or value == ""


def _scalar(one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if value is None or is_expression(value):
        return
    check = _CHECKS.get(one.type)
    if check:
        yield from check(one, value, path)


def _option(one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if one.type == "multiOptions" and not isinstance(value, list):
        yield Problem("kind", path, f"is {kind_of(value)}, and must be a list")
        return
    if one.open or not one.options:
        return
    for chosen in value if isinstance(value, list) and one.type == "multiOptions" else [value]:
        known = any(chosen == option and isinstance(chosen, bool) == isinstance(option, bool) for option in one.options)
        if not known and not is_expression(chosen) and chosen != "":
            near = ", ".join(map(str, one.options[:SHOWN_NAMES]))
            yield Problem("option", path, f"{shown(chosen)} is not one of: {near}")


def _boolean(_one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem("kind", path, f"is {kind_of(value)}, and must be true or false")


def _number(one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if isinstance(value, str) and (value == "" or NUMBER.fullmatch(value)):
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem("kind", path, f"is {kind_of(value)}, and must be a number")
    elif (one.minimum is not None and value < one.minimum) or (one.maximum is not None and value > one.maximum):
        yield Problem("range", path, f"{value} is not between {one.minimum} and {one.maximum}")


def _text(_one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if isinstance(value, dict | list):
        yield Problem("kind", path, f"is {kind_of(value)}, and must be text")


def _locator(one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        if not isinstance(value, str | int | float):
            yield Problem("locator", path, f"is {kind_of(value)}, and must be an object with `mode` and `value`")
        return
    if value.get("__rl") is not True:
        yield Problem("locator", path, "lacks `__rl: true`, so n8n doesn't read its value")
    mode = value.get("mode")
    if one.modes and mode not in one.modes:
        yield Problem("locator", path, f"mode {shown(mode)} is not one of: {', '.join(one.modes)}")


def _mapper(_one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    modes = ("defineBelow", "autoMapInputData")
    if not isinstance(value, dict) or value.get("mappingMode") not in modes:
        yield Problem("kind", path, f"must be an object whose `mappingMode` is one of: {', '.join(modes)}")


def _json(_one: Parameter, value: JsonValue, path: str) -> Iterator[Problem]:
    if not isinstance(value, str) or not value.strip():
        return
    try:
        json.loads(value)
    except (ValueError, RecursionError) as error:
        yield Problem("json", path, f"is not JSON: {shorten(str(error), 100)}")


_CHECKS = {
    "options": _option,
    "multiOptions": _option,
    "boolean": _boolean,
    "number": _number,
    "string": _text,
    "dateTime": _text,
    "color": _text,
    "resourceLocator": _locator,
    "resourceMapper": _mapper,
    "json": _json,
}
"""How a value of each parameter type is checked; other types are checked by rules of their own."""
