"""What the rules for n8n workflows look at: any JSON document, read as far as it can be read as a workflow.

What has the wrong shape is left out here; rules about shapes look at the document itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.n8n.descriptors import Catalogue, NodeClass, catalogue
from compilers.n8n.display import NodeTag, is_expression, main_inputs, main_outputs, with_defaults
from compilers.rules.engine import RuleBook
from compilers.rules.n8n_paths import Upstream, walk
from compilers.rules.n8n_scan import Code, Token, all_tokens, expressions_in, tokens, unbalanced
from compilers.rules.n8n_values import Problem, parameter_problems

BASE = "n8n-nodes-base."
STICKY = BASE + "stickyNote"
MAIN = "main"
JSON_DEPTH = 60
"""Depth to which parameters are read: n8n's own forms nest far less."""


@dataclass(frozen=True)
class Node:
    """One node of the workflow, read leniently: `type` and `name` may be empty, `version` may be None."""

    index: int
    raw: Mapping[str, JsonValue]
    name: str
    type: str
    version: float | None
    parameters: Mapping[str, JsonValue]
    place: str

    @property
    def short_type(self) -> str:
        """The type's name without its package."""
        return self.type.rpartition(".")[2]

    @property
    def disabled(self) -> bool:
        """Whether n8n passes the node over."""
        return self.raw.get("disabled") is True

    @property
    def is_note(self) -> bool:
        """Whether it is a note on the canvas and takes no part."""
        return self.type == STICKY

    def of(self, *names: str) -> bool:
        """Whether it is one of n8n's core nodes of these names."""
        return self.type in {BASE + name for name in names}

    def at(self, path: str) -> str:
        """A place inside the node, such as `nodes.Notify.parameters.text`."""
        return f"{self.place}.{shorten(path)}"


@dataclass(frozen=True)
class Link:
    """One connection: from an output of a node to an input of another, both of a kind and counted from 0."""

    source: str
    kind: str
    output: int
    target: str
    target_kind: str
    input: int
    place: str


@dataclass(frozen=True)
class Use:
    """One text of a node's parameters: where it stands, and the expressions in it when it is a template."""

    node: Node
    path: str
    text: str

    @property
    def where(self) -> str:
        """The place of the text in the workflow."""
        return self.node.at(f"parameters.{self.path}")

    @property
    def is_template(self) -> bool:
        """Whether n8n evaluates what stands between the braces."""
        return self.text.startswith("=")

    @cached_property
    def code(self) -> tuple[Token, ...]:
        """The tokens of the text when all of it is JavaScript, with those inside template literals."""
        return all_tokens(self.text)

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions of a template."""
        return tuple(Expression(code) for code in expressions_in(self.text[1:])) if self.is_template else ()


@dataclass(frozen=True)
class Expression:
    """One `{{ }}` of a template."""

    code: Code

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Its tokens; a template literal is one of them."""
        return tokens(self.code.text)

    @cached_property
    def imbalance(self) -> str | None:
        """What is wrong with its brackets and quotes, or None."""
        return unbalanced(self.tokens)

    @cached_property
    def all_tokens(self) -> tuple[Token, ...]:
        """Its tokens with those inside template literals."""
        return all_tokens(self.code.text)


class N8nSubject:
    """One document, as the rules for n8n workflows see it."""

    def __init__(self, document: JsonValue) -> None:
        self.document = document
        self.root: Mapping[str, JsonValue] = document if isinstance(document, dict) else {}

    @property
    def catalogue(self) -> Catalogue:
        """The facts of n8n's nodes."""
        return catalogue()

    @cached_property
    def raw_nodes(self) -> tuple[JsonValue, ...]:
        """What stands in `nodes`."""
        nodes = self.root.get("nodes")
        return tuple(nodes) if isinstance(nodes, list) else ()

    @cached_property
    def all_nodes(self) -> tuple[Node, ...]:
        """The nodes that are objects, notes too."""
        rows = [(index, row) for index, row in enumerate(self.raw_nodes) if isinstance(row, dict)]
        names = (row.get("name") for _, row in rows)
        times = Counter(name for name in names if isinstance(name, str))
        return tuple(_node(index, row, times) for index, row in rows)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that take part: all but notes."""
        return tuple(node for node in self.all_nodes if not node.is_note)

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """The nodes by name, the first of each."""
        return {node.name: node for node in reversed(self.all_nodes) if node.name}

    @cached_property
    def settings(self) -> Mapping[str, JsonValue]:
        """The workflow's settings."""
        settings = self.root.get("settings")
        return settings if isinstance(settings, dict) else {}

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The connections that have the right shape."""
        return tuple(_links(self.root.get("connections")))

    @cached_property
    def sound_links(self) -> tuple[Link, ...]:
        """The connections between nodes that exist."""
        return tuple(link for link in self.links if link.source in self.by_name and link.target in self.by_name)

    def outgoing(self, name: str) -> tuple[Link, ...]:
        """The connections from a node."""
        return self._by_source.get(name, ())

    def incoming(self, name: str) -> tuple[Link, ...]:
        """The connections into a node."""
        return self._by_target.get(name, ())

    @cached_property
    def _by_source(self) -> Mapping[str, tuple[Link, ...]]:
        return _grouped((link.source, link) for link in self.sound_links)

    @cached_property
    def _by_target(self) -> Mapping[str, tuple[Link, ...]]:
        return _grouped((link.target, link) for link in self.sound_links)

    def main_successors(self, name: str) -> Iterator[str]:
        """The nodes that a node hands its items to."""
        return (link.target for link in self.outgoing(name) if link.kind == MAIN)

    def reachable(self, starts: Iterable[str]) -> frozenset[str]:
        """The names of the nodes that items from `starts` can come to, and `starts` themselves."""
        return walk(starts, self.main_successors)

    def sees(self, name: str, other: str) -> bool:
        """Whether expressions of the node `name` can refer to the node `other`: it comes before.

        A sub-node (a model, a tool) sees what the node sees that it serves.
        """
        served = walk([name], lambda one: (link.target for link in self.outgoing(one) if link.kind != MAIN))
        return self._upstream.leads(other, served)

    @cached_property
    def _upstream(self) -> Upstream:
        return Upstream(self.by_name, lambda name: (link.source for link in self.incoming(name)))

    @cached_property
    def starts(self) -> tuple[Node, ...]:
        """The nodes at which a run can start, disabled ones too."""
        return tuple(node for node in self.nodes if self.catalogue.is_trigger(node.type))

    def description(self, node: Node) -> NodeClass | None:
        """What is known of the node's type in its version."""
        return self.catalogue.describe(node.type, node.version) if node.version else None

    def values(self, node: Node) -> Mapping[str, JsonValue]:
        """The node's parameters, with the defaults of those that decide about others."""
        if node.index not in self._values:
            known = self.description(node)
            tag = NodeTag(node.type, node.version or 0)
            given = node.parameters
            self._values[node.index] = with_defaults(known.parameters, given, None, tag) if known else given
        return self._values[node.index]

    @cached_property
    def _values(self) -> dict[int, Mapping[str, JsonValue]]:
        return {}

    @cached_property
    def problems(self) -> tuple[tuple[Node, Problem], ...]:
        """What is wrong with parameters, held against the facts of the node types."""
        found: list[tuple[Node, Problem]] = []
        for node in self.nodes:
            known = self.description(node)
            if known:
                tag = NodeTag(node.type, node.version or 0)
                found.extend((node, problem) for problem in parameter_problems(known, tag, node.parameters))
        return tuple(found)

    def outputs(self, node: Node) -> int | None:
        """How many main outputs a node has, its error output too; None when unknown."""
        known = self.description(node)
        count = main_outputs(known, node.version or 0, self.values(node)) if known else None
        return None if count is None else count + (node.raw.get("onError") == "continueErrorOutput")

    def inputs(self, node: Node) -> int | None:
        """How many main inputs a node has; None when unknown."""
        known = self.description(node)
        return main_inputs(known, self.values(node)) if known else None

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every text in the parameters of nodes that take part."""
        return tuple(Use(node, path, text) for node in self.nodes for path, text in texts_in(node.parameters))

    @cached_property
    def scripts(self) -> tuple[tuple[Node, tuple[Token, ...]], ...]:
        """The Code nodes that run JavaScript, with the tokens of their code."""
        found: list[tuple[Node, tuple[Token, ...]]] = []
        for node in self.nodes:
            if node.of("code") and node.parameters.get("language", "javaScript") == "javaScript" and not node.disabled:
                code = node.parameters.get("jsCode")
                if not is_expression(code):
                    found.append((node, tokens(code) if isinstance(code, str) else ()))
        return tuple(found)

    @cached_property
    def evaluated(self) -> tuple[Use, ...]:
        """The texts that n8n evaluates."""
        return tuple(use for use in self.uses if use.expressions)


def texts_in(value: JsonValue | Mapping[str, JsonValue], path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every text inside a value with its path."""
    if isinstance(value, str):
        yield path, value
    elif depth < JSON_DEPTH and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts_in(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif depth < JSON_DEPTH and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts_in(inner, f"{path}[{index}]", depth + 1)


def is_number(value: JsonValue) -> bool:
    """Whether the value is a number, and neither true nor false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_object(value: JsonValue) -> Mapping[str, JsonValue]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _node(index: int, row: Mapping[str, JsonValue], times: Counter[str]) -> Node:
    name, type_name, version = row.get("name"), row.get("type"), row.get("typeVersion")
    text = name if isinstance(name, str) else ""
    return Node(
        index=index,
        raw=row,
        name=text,
        type=type_name if isinstance(type_name, str) else "",
        version=float(version)
        if isinstance(version, int | float) and is_number(version) and abs(version) < 1e6
        else None,
        parameters=as_object(row.get("parameters")),
        place=f"nodes.{shorten(text, 80)}" if text and times[text] == 1 else f"nodes[{index}]",
    )


def _links(connections: JsonValue) -> Iterator[Link]:
    for source, kinds in as_object(connections).items():
        for kind, slots in as_object(kinds).items():
            for output, slot in enumerate(as_list(slots)):
                for number, row in enumerate(as_list(slot)):
                    link = as_object(row)
                    target, into, index = link.get("node"), link.get("type"), link.get("index")
                    if isinstance(target, str) and isinstance(into, str) and isinstance(index, int):
                        place = f"connections.{shorten(source, 80)}.{shorten(kind, 40)}[{output}][{number}]"
                        yield Link(source, kind, output, target, into, index, place)


def _grouped(pairs: Iterable[tuple[str, Link]]) -> Mapping[str, tuple[Link, ...]]:
    groups: dict[str, list[Link]] = {}
    for name, link in pairs:
        groups.setdefault(name, []).append(link)
    return {name: tuple(links) for name, links in groups.items()}


BOOK: RuleBook[N8nSubject] = RuleBook("n8n")
