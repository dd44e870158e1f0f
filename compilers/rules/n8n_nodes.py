"""n8n rules: shape, names, positions, error settings, types and versions of nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.n8n_scan import words
from compilers.rules.n8n_subject import BASE, BOOK, N8nSubject, as_list, is_number
from compilers.rules.n8n_values import kind_of, shown

MAX_NAME = 128
"""Longer node names don't fit n8n's canvas and its lists; a reference must repeat them whole."""
NODE_KEYS = words(
    "id name type typeVersion position parameters credentials disabled notes notesInFlow webhookId executeOnce "
    "alwaysOutputData retryOnFail maxTries waitBetweenTries continueOnFail onError color customTelemetryTags"
)
"""Keys of nodes that n8n's API takes; `color` is of old exports."""
FLAGS = ("disabled", "notesInFlow", "executeOnce", "alwaysOutputData", "retryOnFail", "continueOnFail")
ON_ERROR = ("stopWorkflow", "continueRegularOutput", "continueErrorOutput")
PACKAGES = (BASE, "@n8n/n8n-nodes-langchain.")
"""The packages that come with n8n; other nodes are community nodes."""
MAX_TRIES = 5
"""n8n tries at most so often, whatever `maxTries` says."""
MAX_WAIT = 5000
"""n8n waits at most so many milliseconds between tries, whatever `waitBetweenTries` says."""


@BOOK.rule(
    "node.object", "error", area="node", hint="give each node as an object with name, type, position and parameters"
)
def node_object(subject: N8nSubject) -> Iterator[Place]:
    """Each node is an object."""
    for index, row in enumerate(subject.raw_nodes):
        if not isinstance(row, dict):
            yield f"nodes[{index}]", f"is {kind_of(row)}, and must be an object"


@BOOK.rule("node.name", "error", area="node", hint="give every node a short name")
def node_name(subject: N8nSubject) -> Iterator[Place]:
    """Each node has a name."""
    for node in subject.all_nodes:
        if not node.name.strip():
            yield node.at("name"), f"is {shown(node.raw.get('name'))}, and must be a name"


@BOOK.rule("node.name-length", "warning", area="node", hint="shorten the name to 128 characters")
def node_name_length(subject: N8nSubject) -> Iterator[Place]:
    """Names of nodes are short enough to read on the canvas."""
    for node in subject.all_nodes:
        if len(node.name) > MAX_NAME:
            yield node.at("name"), f"has {len(node.name)} characters"


@BOOK.rule("node.unique-name", "error", area="node", hint="rename one: connections and expressions know nodes by name")
def node_unique_name(subject: N8nSubject) -> Iterator[Place]:
    """No two nodes have the same name."""
    times = Counter(node.name for node in subject.all_nodes if node.name)
    for name, count in times.items():
        if count > 1:
            yield f"nodes.{shorten(name, 80)}", f"{count} nodes have this name"


@BOOK.rule("node.unique-id", "error", area="node", hint="give each node an id of its own")
def node_unique_id(subject: N8nSubject) -> Iterator[Place]:
    """No two nodes have the same id."""
    identifiers = [node.raw.get("id") for node in subject.all_nodes]
    times = Counter(one for one in identifiers if isinstance(one, str) and one)
    for node, identifier in zip(subject.all_nodes, identifiers, strict=True):
        if isinstance(identifier, str) and times[identifier] > 1:
            yield node.at("id"), f"{times[identifier]} nodes have the id {shown(identifier)}"


@BOOK.rule("node.id", "warning", area="node", hint="give the node an id, so that it stays the same node over imports")
def node_id(subject: N8nSubject) -> Iterator[Place]:
    """Each node has an id, which is text."""
    for node in subject.all_nodes:
        identifier = node.raw.get("id")
        if not isinstance(identifier, str) or not identifier:
            yield node.at("id"), f"is {shown(identifier)}, and should be text"


@BOOK.rule("node.position", "error", area="node", hint="give the position as two numbers: [x, y]")
def node_position(subject: N8nSubject) -> Iterator[Place]:
    """Each node has a position of two numbers."""
    for node in subject.all_nodes:
        if not _is_position(node.raw.get("position")):
            yield node.at("position"), "is not two numbers"


def _is_position(value: JsonValue) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value))


@BOOK.rule("node.overlap", "warning", area="node", hint="move one of them, so that both can be seen")
def node_overlap(subject: N8nSubject) -> Iterator[Place]:
    """No two nodes lie in the same place."""
    first: dict[tuple[JsonValue, ...], str] = {}
    for node in subject.nodes:
        position = node.raw.get("position")
        if not _is_position(position):
            continue
        key = tuple(as_list(position))
        if key in first:
            yield node.at("position"), f"lies on top of {first[key]}"
        else:
            first[key] = node.place


@BOOK.rule("node.parameters", "error", area="node", hint="give the parameters as an object; it may be empty")
def node_parameters(subject: N8nSubject) -> Iterator[Place]:
    """The parameters of a node are an object."""
    for node in subject.all_nodes:
        if not isinstance(node.raw.get("parameters", {}), dict):
            yield node.at("parameters"), f"is {kind_of(node.raw.get('parameters'))}, and must be an object"


@BOOK.rule("node.keys", "warning", area="node", hint="remove it: n8n's API refuses what it doesn't know")
def node_keys(subject: N8nSubject) -> Iterator[Place]:
    """Nodes have no keys that n8n doesn't know."""
    for node in subject.all_nodes:
        for key in node.raw:
            if key not in NODE_KEYS:
                yield node.at(shorten(key, 60)), "is no part of an n8n node"


@BOOK.rule("node.flags", "error", area="node", hint="write true or false")
def node_flags(subject: N8nSubject) -> Iterator[Place]:
    """Switches of a node, such as `disabled`, are true or false."""
    for node in subject.all_nodes:
        for key in FLAGS:
            if not isinstance(node.raw.get(key, False), bool):
                yield node.at(key), f"is {kind_of(node.raw.get(key))}, and must be true or false"


@BOOK.rule("node.on-error", "error", area="node", hint=f"use one of: {', '.join(ON_ERROR)}")
def node_on_error(subject: N8nSubject) -> Iterator[Place]:
    """`onError` has a value that n8n knows; it takes any other for `stopWorkflow`."""
    for node in subject.nodes:
        if node.raw.get("onError", ON_ERROR[0]) not in ON_ERROR:
            yield node.at("onError"), f"{shown(node.raw.get('onError'))} is not known to n8n, and stops the workflow"


@BOOK.rule("node.retry", "warning", area="node", hint="use 2 to 5 tries and up to 5000 ms between them")
def node_retry(subject: N8nSubject) -> Iterator[Place]:
    """Tries and waits stay within what n8n does: at most 5 tries, 5 seconds apart."""
    for node in subject.nodes:
        if node.raw.get("retryOnFail") is not True:
            continue
        for key, low, high in (("maxTries", 2, MAX_TRIES), ("waitBetweenTries", 0, MAX_WAIT)):
            value = node.raw.get(key, low)
            if not isinstance(value, int | float) or not low <= value <= high:
                yield node.at(key), f"{shown(value)} is not between {low} and {high}; n8n takes the nearest"


@BOOK.rule("node.disabled", "info", area="node", hint="remove the node, or enable it")
def node_disabled(subject: N8nSubject) -> Iterator[Place]:
    """A disabled node hands its input on unchanged, as if it weren't there."""
    for node in subject.nodes:
        if node.disabled and not subject.catalogue.is_trigger(node.type):
            yield node.place, "is disabled: what it would make is missing after it"


@BOOK.rule("type.missing", "error", area="type", hint="give the full type, such as `n8n-nodes-base.set`")
def type_missing(subject: N8nSubject) -> Iterator[Place]:
    """Each node has a type."""
    for node in subject.all_nodes:
        if not node.type:
            yield node.at("type"), f"is {shown(node.raw.get('type'))}, and must be a node type"


@BOOK.rule("type.prefix", "error", area="type", hint="write the package before the name: `n8n-nodes-base.set`")
def type_prefix(subject: N8nSubject) -> Iterator[Place]:
    """A node type is written with its package."""
    for node in subject.all_nodes:
        package, dot, name = node.type.rpartition(".")
        if node.type and not (package and dot and name):
            yield node.at("type"), f"{shown(node.type)} has no package before it"


@BOOK.rule("type.known", "error", area="type", hint="use a node type of n8n 2.41")
def type_known(subject: N8nSubject) -> Iterator[Place]:
    """A node type of n8n's own packages exists."""
    for node in subject.all_nodes:
        if node.type.startswith(PACKAGES) and not subject.catalogue.versions(node.type):
            same = [one for one in sorted(subject.catalogue.types) if one.lower() == node.type.lower()]
            yield node.at("type"), f"n8n has no node {shown(node.type)}" + (f"; it is {same[0]}" if same else "")


@BOOK.rule("type.community", "warning", area="type", hint="install the community package first, or use n8n's own nodes")
def type_community(subject: N8nSubject) -> Iterator[Place]:
    """Nodes come with n8n: a community node must be installed before the import, and can't be checked here."""
    for node in subject.all_nodes:
        if "." in node.type.strip(".") and not node.type.startswith(PACKAGES):
            yield node.at("type"), f"{shown(node.type)} is not one of n8n's own nodes"


@BOOK.rule("type.version", "error", area="type", hint="give `typeVersion` as a number")
def type_version(subject: N8nSubject) -> Iterator[Place]:
    """Each node has a `typeVersion`; n8n takes a missing one, or 0, for the oldest version."""
    for node in subject.all_nodes:
        if not node.version:
            yield node.at("typeVersion"), f"is {shown(node.raw.get('typeVersion'))}: n8n would take the oldest version"


@BOOK.rule("type.version-available", "error", area="type", hint="use one of the versions that n8n has")
def type_version_available(subject: N8nSubject) -> Iterator[Place]:
    """A node's version exists."""
    for node in subject.all_nodes:
        versions = subject.catalogue.versions(node.type)
        if node.version and versions and node.version not in versions:
            there = ", ".join(f"{version:g}" for version in versions)
            yield node.at("typeVersion"), f"n8n has no version {node.version:g} of {node.type}; there are {there}"


@BOOK.rule("type.hidden", "warning", area="type", hint="use the node that replaced it")
def type_hidden(subject: N8nSubject) -> Iterator[Place]:
    """Nodes are ones that n8n's editor still offers."""
    for node in subject.nodes:
        if subject.catalogue.is_hidden(node.type):
            yield node.at("type"), f"{node.type} is deprecated, and hidden in the editor"
