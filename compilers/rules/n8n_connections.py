"""n8n rules: connections, and what they make of the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.n8n_paths import rings
from compilers.rules.n8n_subject import BOOK, MAIN, Link, N8nSubject, Node, as_object
from compilers.rules.n8n_values import kind_of, shown

BRANCHING = ("if", "switch", "filter", "splitInBatches", "wait")
"""Nodes at which a loop can end: they have outputs that lead out, or hand on fewer items."""


@BOOK.rule("connection.shape", "error", area="connection", hint="write {node: {main: [[{node, type, index}]]}}")
def connection_shape(subject: N8nSubject) -> Iterator[Place]:
    """Connections have n8n's shape: by node and kind, a list of outputs, each a list of targets."""
    for source, kinds in as_object(subject.root.get("connections")).items():
        where = f"connections.{shorten(source, 80)}"
        if not isinstance(kinds, dict):
            yield where, f"is {kind_of(kinds)}, and must be an object of kinds, such as `main`"
            continue
        for kind, slots in kinds.items():
            yield from _slot_places(slots, f"{where}.{shorten(kind, 40)}")


def _slot_places(slots: JsonValue, where: str) -> Iterator[Place]:
    if not isinstance(slots, list):
        yield where, f"is {kind_of(slots)}, and must be a list of outputs"
        return
    for output, slot in enumerate(slots):
        if slot is not None and not isinstance(slot, list):
            yield f"{where}[{output}]", f"is {kind_of(slot)}, and must be a list of targets"
        for number, link in enumerate(slot if isinstance(slot, list) else ()):
            row = as_object(link)
            index = row.get("index")
            named = isinstance(row.get("node"), str) and isinstance(row.get("type"), str)
            if not named or not isinstance(index, int) or isinstance(index, bool) or index < 0:
                yield f"{where}[{output}][{number}]", "needs `node`, `type` and an `index` from 0 on"


@BOOK.rule("connection.source", "error", area="connection", hint="key connections by the names of nodes, not by ids")
def connection_source(subject: N8nSubject) -> Iterator[Place]:
    """Connections start at nodes that exist."""
    for source in as_object(subject.root.get("connections")):
        if source not in subject.by_name:
            yield f"connections.{shorten(source, 80)}", "is no node of this workflow"


@BOOK.rule("connection.target", "error", area="connection", hint="name a node of this workflow")
def connection_target(subject: N8nSubject) -> Iterator[Place]:
    """Connections lead to nodes that exist."""
    for link in subject.links:
        if link.target not in subject.by_name:
            yield link.place, f"leads to {shown(link.target)}, which is no node"


@BOOK.rule("connection.kind", "error", area="connection", hint="use the kind of port that both nodes have")
def connection_kind(subject: N8nSubject) -> Iterator[Place]:
    """A connection joins ports of the same kind, which the source has: n8n ignores others."""
    for link in subject.sound_links:
        known = subject.description(subject.by_name[link.source])
        if link.target_kind != link.kind:
            yield link.place, f"goes from {shown(link.kind)} into {shown(link.target_kind)}"
        elif (
            link.kind != MAIN
            and known
            and known.outputs
            and link.kind not in known.outputs
            and not _is_tool(subject, link)
        ):
            yield link.place, f"{link.source} has no {shown(link.kind)} output: n8n ignores the connection"


def _is_tool(subject: N8nSubject, link: Link) -> bool:
    """Whether a connection comes from a tool that n8n made of a node: its only output is that of a tool."""
    made_of = subject.by_name[link.source].type
    return link.kind == "ai_tool" and subject.catalogue.base(made_of) != made_of


@BOOK.rule("connection.output", "error", area="connection", hint="connect one of the outputs that the node has")
def connection_output(subject: N8nSubject) -> Iterator[Place]:
    """Connections leave from outputs that exist; what is connected to another never runs."""
    for link in subject.sound_links:
        count = subject.outputs(subject.by_name[link.source]) if link.kind == MAIN else None
        if count is not None and link.output >= count and not _is_error_output(subject, link.source, link.output):
            yield link.place, f"leaves from output {link.output} of {shown(link.source)}, which has {count}"


@BOOK.rule("connection.input", "error", area="connection", hint="connect one of the inputs that the node has")
def connection_input(subject: N8nSubject) -> Iterator[Place]:
    """Connections go into inputs that exist; what comes into another is lost."""
    for link in subject.sound_links:
        count = subject.inputs(subject.by_name[link.target]) if link.target_kind == MAIN else None
        if count is not None and link.input >= count and link.target != link.source:
            yield link.place, f"goes into input {link.input} of {shown(link.target)}, which has {count}"


@BOOK.rule("connection.twice", "warning", area="connection", hint="keep one of them: the node would run twice")
def connection_twice(subject: N8nSubject) -> Iterator[Place]:
    """No connection is there twice."""
    times = Counter((link.source, link.kind, link.output, link.target, link.input) for link in subject.links)
    for (source, kind, output, target, _), count in times.items():
        if count > 1:
            yield (
                f"connections.{shorten(source, 80)}.{shorten(kind, 40)}[{output}]",
                f"leads {count} times to {shown(target)}",
            )


@BOOK.rule("connection.merge-inputs", "error", area="connection", hint="connect every input, or lower `numberInputs`")
def connection_merge_inputs(subject: N8nSubject) -> Iterator[Place]:
    """Every input of a Merge is connected; one with a single input merges nothing."""
    for node in subject.nodes:
        count = subject.inputs(node) if node.of("merge") and not node.disabled else None
        wired = {link.input for link in subject.incoming(node.name) if link.kind == MAIN}
        missing = sorted(set(range(min(count or 0, 100))) - wired)
        if missing and wired:
            yield node.place, f"nothing comes into input {', '.join(map(str, missing))}"


@BOOK.rule(
    "connection.error-output", "error", area="connection", hint="connect the last output, or choose another onError"
)
def connection_error_output(subject: N8nSubject) -> Iterator[Place]:
    """The error output of `continueErrorOutput` is connected; else failed items vanish."""
    for node in subject.nodes:
        count = subject.outputs(node)
        if node.raw.get("onError") != "continueErrorOutput" or node.disabled or count is None or count < 2:
            continue
        if not any(link.output == count - 1 for link in subject.outgoing(node.name) if link.kind == MAIN):
            yield node.place, f"nothing is connected to its error output, {count - 1}"


@BOOK.rule("connection.error-output-unused", "error", area="connection", hint="set `onError` to `continueErrorOutput`")
def connection_error_output_unused(subject: N8nSubject) -> Iterator[Place]:
    """A node whose error output is connected continues there on errors; else it stops the workflow."""
    for link in subject.sound_links:
        if link.kind == MAIN and _is_error_output(subject, link.source, link.output):
            yield link.place, f"leaves from an error output, and {shown(link.source)} doesn't continue on errors"


def _is_error_output(subject: N8nSubject, source: str, output: int) -> bool:
    """Whether a connection leaves from where the error output would be, of a node that has none as it is set up."""
    node = subject.by_name[source]
    known = subject.description(node)
    app = bool(known and (known.credentials or node.of("httpRequest", "code")))
    return app and output == 1 and subject.outputs(node) == 1 and "onError" not in node.raw


@BOOK.rule(
    "connection.loop", "error", area="connection", hint="output 0 is `done`; lead output 1 through the steps and back"
)
def connection_loop(subject: N8nSubject) -> Iterator[Place]:
    """Loop Over Items is wired as a loop: output 1 comes back to it, output 0 leads on."""
    for node in subject.nodes:
        if not node.of("splitInBatches") or (node.version or 0) < 3 or node.disabled:
            continue
        if node.name in _after(subject, node, 0, through_loops=False):
            yield node.place, "output 0 comes back to it: this is the output for when it is done"
        elif node.name not in _after(subject, node, 1, through_loops=True):
            yield node.place, "output 1 doesn't come back to it: only the first batch would run"


def _after(subject: N8nSubject, node: Node, output: int, *, through_loops: bool) -> frozenset[str]:
    """The nodes after one output of a node, the node itself only if it is among them; its other outputs are cut.

    Not `through_loops` means not beyond another Loop Over Items: an inner loop, when done, goes on in the outer one.
    """
    first = [link.target for link in subject.outgoing(node.name) if link.kind == MAIN and link.output == output]
    seen: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            other = subject.by_name[name].of("splitInBatches")
            ends = name == node.name or (other and not through_loops)
            waiting.extend([] if ends else subject.main_successors(name))
    return frozenset(seen)


@BOOK.rule("connection.self", "error", area="connection", hint="lead it to the next node")
def connection_self(subject: N8nSubject) -> Iterator[Place]:
    """No node leads straight back to itself: it would run for ever."""
    for link in subject.sound_links:
        batches = subject.by_name[link.source].of("splitInBatches")
        if link.source == link.target and link.kind == MAIN and not batches:
            yield link.place, f"{shown(link.source)} leads to itself"


@BOOK.rule("connection.endless", "error", area="connection", hint="put an IF into the loop, or use Loop Over Items")
def connection_endless(subject: N8nSubject) -> Iterator[Place]:
    """A loop has a way out: an IF, a Switch, a Filter or Loop Over Items in it."""
    for ring in rings(subject.by_name, subject.main_successors):
        nodes = [subject.by_name[name] for name in ring]
        leaves = any(node.of(*BRANCHING) or _has_exit(subject, node, ring) for node in nodes)
        if len(ring) > 1 and not leaves:
            first = min(nodes, key=lambda node: node.index)
            yield first.place, f"goes round without an end over {len(ring)} nodes"


def _has_exit(subject: N8nSubject, node: Node, ring: tuple[str, ...]) -> bool:
    """Whether a node has more than one output in use, one of them out of the ring: it decides."""
    links = [link for link in subject.outgoing(node.name) if link.kind == MAIN]
    return len({link.output for link in links}) > 1 and any(link.target not in ring for link in links)


@BOOK.rule("connection.unreached", "warning", area="connection", hint="connect it, or remove it")
def connection_unreached(subject: N8nSubject) -> Iterator[Place]:
    """Every node comes after a trigger, or serves a node that does; others never run."""
    if not subject.starts:
        return
    reached = subject.reachable(node.name for node in subject.starts)
    for node in subject.nodes:
        serves = any(link.kind != MAIN for link in subject.outgoing(node.name))
        if node.name not in reached and not serves and node.name and not node.disabled:
            yield node.place, "comes after no trigger: it never runs"
