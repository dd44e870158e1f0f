"""What n8n's nodes are called and take: names, versions, parameters, options, ports, credentials.

The facts are in `nodes.json`, which `python -m tools.n8n_facts` writes from n8n's own descriptors. Names and versions
are there for every node type, parameters for those that the registry uses and for n8n's core nodes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import NamedTuple, cast

from pydantic import JsonValue

Scalar = str | int | float | bool
Condition = Mapping[str, Mapping[str, Sequence[JsonValue]]]
TOOL = "Tool"
"""n8n makes a tool of many a node and gives it the node's name with this ending."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node, or one field inside a parameter.

    `condition` says when the node uses it (see `compilers.n8n.display`), None for always. `filled` says that n8n has a
    default for it. `id_pattern` is what an id of a resource must match. `open` says that the options are fetched from
    the service, so that any value may be right.
    """

    name: str
    type: str
    condition: Condition | None = None
    required: bool = False
    filled: bool = False
    default: Scalar | None = None
    many: bool = False
    minimum: float | None = None
    maximum: float | None = None
    open: bool = False
    options: tuple[Scalar, ...] = ()
    modes: tuple[str, ...] = ()
    id_pattern: str = ""
    fields: tuple[Parameter, ...] = ()
    groups: tuple[Group, ...] = ()


class Group(NamedTuple):
    """A named group of fields inside a parameter of type `fixedCollection`."""

    name: str
    fields: tuple[Parameter, ...]
    condition: Condition | None


class CredentialSlot(NamedTuple):
    """A credential type that a node takes, and when."""

    name: str
    required: bool
    condition: Condition | None


@dataclass(frozen=True)
class NodeClass:
    """A node type in the versions that share their parameters.

    `inputs` and `outputs` count ports by kind (`main`, `ai_tool`...); None where they depend on the parameters.
    """

    type: str
    versions: tuple[float, ...]
    inputs: Mapping[str, int] | None
    outputs: Mapping[str, int] | None
    credentials: tuple[CredentialSlot, ...]
    parameters: tuple[Parameter, ...]

    def parameter(self, name: str) -> tuple[Parameter, ...]:
        """The parameters of that name: several when what it takes depends on others."""
        return tuple(one for one in self.parameters if one.name == name)


class Catalogue:
    """All facts; details of a node type are read when they are first asked for."""

    def __init__(self, facts: Mapping[str, JsonValue]) -> None:
        self._facts = facts
        self._classes: dict[str, tuple[NodeClass, ...]] = {}

    @property
    def n8n_version(self) -> str:
        """The version of n8n that the facts are of."""
        return str(self._facts["n8n"])

    @cached_property
    def _versions(self) -> Mapping[str, tuple[float, ...]]:
        listed = cast(Mapping[str, list[float]], self._facts["types"])
        return {name: tuple(versions) for name, versions in listed.items()}

    @cached_property
    def types(self) -> frozenset[str]:
        """Names of all node types, without the tools that n8n makes of them."""
        return frozenset(self._versions)

    @cached_property
    def credential_types(self) -> frozenset[str]:
        """Names of all credential types."""
        return self._names("credentials")

    @cached_property
    def expression_names(self) -> frozenset[str]:
        """Global names that an expression may use."""
        return frozenset(cast(Mapping[str, list[str]], self._facts["expressions"])["names"])

    @cached_property
    def methods(self) -> frozenset[str]:
        """Names of the methods that values have in an expression."""
        return frozenset(cast(Mapping[str, list[str]], self._facts["expressions"])["methods"])

    @cached_property
    def _triggers(self) -> frozenset[str]:
        return self._names("triggers")

    @cached_property
    def _hidden(self) -> frozenset[str]:
        return self._names("hidden")

    @cached_property
    def _tools(self) -> frozenset[str]:
        return self._names("tools")

    def _names(self, section: str) -> frozenset[str]:
        return frozenset(cast(list[str], self._facts[section]))

    def base(self, type_name: str) -> str:
        """The node type whose facts hold for `type_name`: itself, or the node that n8n made the tool of."""
        plain = type_name.removesuffix(TOOL)
        return plain if type_name not in self._versions and plain in self._tools else type_name

    def versions(self, type_name: str) -> tuple[float, ...]:
        """Versions of a node type in ascending order; none for an unknown one."""
        return self._versions.get(self.base(type_name), ())

    def is_trigger(self, type_name: str) -> bool:
        """Whether a workflow can start at a node of this type, by hand or by itself."""
        return type_name in self._triggers

    def is_hidden(self, type_name: str) -> bool:
        """Whether n8n's editor no longer offers the node type."""
        return type_name in self._hidden

    def described(self) -> tuple[str, ...]:
        """Names of the node types whose parameters are known."""
        return tuple(cast(Mapping[str, JsonValue], self._facts["nodes"]))

    def classes(self, type_name: str) -> tuple[NodeClass, ...]:
        """What is known of a node type, newest versions first; nothing for one whose parameters are not kept."""
        base = self.base(type_name)
        if base not in self._classes:
            nodes = cast(Mapping[str, list[dict[str, JsonValue]]], self._facts["nodes"])
            self._classes[base] = tuple(_Reader(facts).node_class(base) for facts in nodes.get(base, ()))
        return self._classes[base]

    def describe(self, type_name: str, version: float) -> NodeClass | None:
        """What is known of a node type in one version."""
        return next((one for one in self.classes(type_name) if version in one.versions), None)


@cache
def catalogue() -> Catalogue:
    """The facts that come with the project."""
    text = resources.files("compilers.n8n").joinpath("nodes.json").read_text(encoding="utf-8")
    return Catalogue(json.loads(text))


class _Reader:
    """Reads one class: numbers stand for conditions, `{"list": n}` for lists that come more than once."""

    def __init__(self, facts: Mapping[str, JsonValue]) -> None:
        self._facts = facts
        self._conditions = cast(list[Condition], facts["conditions"])
        self._lists = cast(list[JsonValue], facts["lists"])

    def node_class(self, type_name: str) -> NodeClass:
        facts = self._facts
        slots = cast(list[dict[str, JsonValue]], facts.get("credentials", []))
        return NodeClass(
            type=type_name,
            versions=tuple(cast(list[float], facts["versions"])),
            inputs=cast(Mapping[str, int] | None, facts["inputs"]),
            outputs=cast(Mapping[str, int] | None, facts["outputs"]),
            credentials=tuple(
                CredentialSlot(str(slot["name"]), bool(slot.get("required")), self._condition(slot.get("when")))
                for slot in slots
            ),
            parameters=self._parameters(facts["parameters"]),
        )

    def _list(self, value: JsonValue) -> list[JsonValue]:
        if isinstance(value, dict):
            return self._list(self._lists[cast(int, value["list"])])
        return value if isinstance(value, list) else []

    def _condition(self, number: JsonValue) -> Condition | None:
        return self._conditions[number] if isinstance(number, int) else None

    def _parameters(self, rows: JsonValue) -> tuple[Parameter, ...]:
        return tuple(self._parameter(self._list(row)) for row in self._list(rows))

    def _parameter(self, row: list[JsonValue]) -> Parameter:
        more = cast(dict[str, JsonValue], row[2]) if len(row) > 2 else {}
        return Parameter(
            name=str(row[0]),
            type=str(row[1]),
            condition=self._condition(more.get("when")),
            required=bool(more.get("required")),
            filled=bool(more.get("filled")),
            default=cast(Scalar | None, more.get("default")),
            many=bool(more.get("many")),
            minimum=cast(float | None, more.get("min")),
            maximum=cast(float | None, more.get("max")),
            open=bool(more.get("open")),
            options=tuple(cast(list[Scalar], self._list(more.get("options")))),
            modes=tuple(cast(list[str], more.get("modes", []))),
            id_pattern=str(more.get("id") or ""),
            fields=self._parameters(more.get("fields")),
            groups=tuple(self._group(self._list(group)) for group in self._list(more.get("groups"))),
        )

    def _group(self, row: list[JsonValue]) -> Group:
        return Group(str(row[0]), self._parameters(row[1]), self._condition(row[2] if len(row) > 2 else None))
