"""The wires of a workflow as the spec's edges.

The spec's graph has no cycles, one way out of a step that is no router, and one edge between two steps; so that

* a wire that leads back is none of its edges (`loops`);
* where an output leads to several nodes, or a node has several outputs, a router stands behind it that is no node of
  its own, and where a way leads nowhere, a stop;
* which input a wire enters, and which output it leaves by, is kept with the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from compilers.documents import Object
from compilers.n8n.descriptors import catalogue
from compilers.n8n.display import main_outputs
from compilers.n8n.read_branches import Branching, Way, branching
from compilers.n8n.source import Source, Wire, Workflow
from compilers.naming import Names

EdgeKind = Literal["next", "route", "branch", "error"]
_PASSES_ON = frozenset({"if", "filter", "switch", "noOp", "wait"})
"""Nodes that give the items that they take."""


@dataclass
class FlowEdge:
    """An edge whose filter isn't read yet; `way` says what it is."""

    source: str
    target: str
    kind: EdgeKind = "next"
    way: Way | None = None


@dataclass
class Flow:
    """The graph of the steps: edges in order, steps that are no nodes, and what is kept of wires with each step."""

    trigger: Source | None
    edges: list[FlowEdge] = field(default_factory=list)
    synthetic: dict[str, Literal["router", "stop"]] = field(default_factory=dict)
    ports: dict[str, Object] = field(default_factory=dict)
    inputs: dict[str, Object] = field(default_factory=dict)
    branchings: dict[str, Branching] = field(default_factory=dict)
    loops: tuple[Wire, ...] = ()
    error_outputs: dict[str, int] = field(default_factory=dict)


class FlowReader:
    """Reads the graph of one workflow; every node that is a step gets its id."""

    def __init__(self, workflow: Workflow, names: Names) -> None:
        self.nodes, self._names = workflow.nodes, names
        self._beside = {name for name, node in workflow.nodes.items() if node.is_note} | workflow.serves.keys()
        by_height = self._in_order(workflow)
        self._into: dict[str, list[Wire]] = {}
        for wire in workflow.wires:
            self._into.setdefault(wire.target, []).append(wire)
        self._from: dict[str, list[Wire]] = {}
        for wire in by_height:
            self._from.setdefault(wire.source, []).append(wire)
        self._pairs: set[tuple[str, str]] = set()
        self.flow = Flow(self._trigger())

    @staticmethod
    def _in_order(workflow: Workflow) -> Sequence[Wire]:
        """The wires in the order in which n8n takes them: from top to bottom of the canvas, except in its old order."""
        settings = workflow.document.get("settings")
        if not isinstance(settings, dict) or settings.get("executionOrder") != "v1":
            return workflow.wires

        def height(wire: Wire) -> tuple[float, float]:
            position = workflow.nodes[wire.target].data.get("position")
            match position:
                case [(int() | float()) as x, (int() | float()) as y]:
                    return float(y), float(x)
            return 0.0, 0.0

        return sorted(workflow.wires, key=height)

    def _trigger(self) -> Source | None:
        """The node that starts the spec: of several, the one that reaches most, and rather no manual one."""
        starts = [
            node
            for name, node in self.nodes.items()
            if node.is_trigger and name not in self._into and name not in self._beside
        ]
        self.others = list(starts)
        if not starts:
            return None

        def weight(node: Source) -> tuple[bool, int, bool]:
            return node.data.get("disabled") is not True, len(self._reached(node.name)), node.kind != "manualTrigger"

        best = max(starts, key=weight)
        self.others.remove(best)
        return best

    def _reached(self, name: str) -> set[str]:
        seen, todo = {name}, [name]
        while todo:
            for wire in self._from.get(todo.pop(), ()):
                if wire.target not in seen:
                    seen.add(wire.target)
                    todo.append(wire.target)
        return seen

    def read(self) -> Flow:
        """The whole graph."""
        others = {node.name for node in self.others}
        steps = [node for name, node in self.nodes.items() if name not in self._beside and name not in others]
        for node in steps:
            node.step = self._names.give(node.name, node.kind)
        back = self._back_wires([node.name for node in steps])
        self.flow.loops = tuple(wire for wires in self._from.values() for wire in wires if wire in back)
        for node in steps:
            self._node(node, back)
        return self.flow

    def _back_wires(self, names: Sequence[str]) -> set[Wire]:
        """The wires that close a cycle, by a depth-first search from the trigger on."""
        back: set[Wire] = set()
        state: dict[str, int] = {}
        first = [self.flow.trigger.name] if self.flow.trigger else []
        roots = [name for name in names if name not in self._into]
        for root in [*first, *roots, *names]:
            if root in state:
                continue
            state[root] = 1
            path, stack = [root], [iter(self._from.get(root, ()))]
            while path:
                wire = next(stack[-1], None)
                if wire is None:
                    stack.pop()
                    state[path.pop()] = 2
                elif state.get(wire.target) == 1:
                    back.add(wire)
                elif wire.target not in state:
                    state[wire.target] = 1
                    path.append(wire.target)
                    stack.append(iter(self._from.get(wire.target, ())))
        return back

    # -- one node --------------------------------------------------------------------------------------------

    def _node(self, node: Source, back: set[Wire]) -> None:
        outputs: dict[int, list[Wire]] = {}
        for wire in self._from.get(node.name, ()):
            if wire not in back and self.nodes[wire.target].step:
                outputs.setdefault(wire.output, []).append(wire)
        known = branching(node) if node is not self.flow.trigger else None
        errors = self._errors(node, known)
        if errors is not None:
            self.flow.error_outputs[node.step] = errors
            failed = outputs.pop(errors, [])
            if failed:
                self._edge(node.step, *self._target(node, failed), "error")
        if known:
            self.flow.branchings[node.step] = known
            for way in known.ways:
                kind: EdgeKind = "branch" if known.kind == "if_else" else "route"
                self._edge(node.step, *self._target(node, outputs.pop(way.output, [])), kind, way, way.output)
        elif node.does_nothing and errors is None:
            for wire in outputs.get(0, ()):
                self._edge(node.step, self.nodes[wire.target].step, wire.index, "route")
        elif set(outputs) == {0}:
            self._edge(node.step, *self._target(node, outputs[0]), "next")
        elif outputs:
            router = self._router(node)
            self._edge(node.step, router, 0, "next")
            for output, wires in sorted(outputs.items()):
                for wire in wires:
                    self._edge(router, self.nodes[wire.target].step, wire.index, "route", output=output)

    @staticmethod
    def _errors(node: Source, known: Branching | None) -> int | None:
        """The output by which errors leave, if they do."""
        if not node.takes_errors:
            return None
        if known:
            return max(way.output for way in known.ways) + 1
        described = catalogue().describe(node.type, node.version)
        count = main_outputs(described, node.version, node.parameters) if described else None
        return node.main_outputs() if count is None else count

    def _target(self, node: Source, wires: Sequence[Wire]) -> tuple[str, int]:
        """The step to which an output leads, and its input: the only one behind it, a router before several, a stop
        where none is."""
        if len(wires) == 1:
            return self.nodes[wires[0].target].step, wires[0].index
        if not wires:
            stop = self._names.give(f"{node.step[:28]} nothing")
            self.flow.synthetic[stop] = "stop"
            return stop, 0
        router = self._router(node)
        for wire in wires:
            self._edge(router, self.nodes[wire.target].step, wire.index, "route")
        return router, 0

    def _router(self, node: Source) -> str:
        router = self._names.give(f"{node.step[:28]} ways")
        self.flow.synthetic[router] = "router"
        return router

    def _edge(
        self, source: str, target: str, index: int, kind: EdgeKind, way: Way | None = None, output: int | None = None
    ) -> None:
        """One more edge, into an input; a second one to the same step goes through a router of its own."""
        if (source, target) in self._pairs:
            router = self._names.give(f"{source[:28]} ways")
            self.flow.synthetic[router] = "router"
            self._add(source, router, kind, way, output)
            source, kind, way, output = router, "route", None, None
        self._add(source, target, kind, way, output)
        if index:
            self.flow.inputs.setdefault(target, {})[source] = index

    def _add(self, source: str, target: str, kind: EdgeKind, way: Way | None, output: int | None) -> None:
        self._pairs.add((source, target))
        self.flow.edges.append(FlowEdge(source, target, kind, way))
        if output is not None:
            self.flow.ports.setdefault(source, {})[target] = output

    # -- items -----------------------------------------------------------------------------------------------

    def before(self, name: str) -> str | None:
        """The node whose items a node takes, where there is exactly one; nodes that only pass items on aren't it."""
        seen = {name}
        while True:
            wires = self._into.get(name, ())
            sources = {wire.source for wire in wires}
            if len(sources) != 1:
                return None
            name = sources.pop()
            if name in seen or any(wire.output == self._error_output(name) for wire in wires):
                return None
            seen.add(name)
            if not self.passes_on(name):
                return name

    def giver(self, name: str) -> str | None:
        """The node that gave the items that a node gives."""
        return self.before(name) if self.passes_on(name) else name

    def passes_on(self, name: str) -> bool:
        """Whether a node gives the very items that it takes."""
        node = self.nodes[name]
        return node.kind in _PASSES_ON or (node.data.get("disabled") is True and name in self._into)

    def _error_output(self, name: str) -> int:
        return self.flow.error_outputs.get(self.nodes[name].step, -1)


def kept_wires(flow: Flow, step: str) -> Mapping[str, JsonValue]:
    """What is kept of the wires with a step."""
    found: Object = {}
    if step in flow.synthetic:
        found["synthetic"] = flow.synthetic[step]
    if step in flow.ports:
        found["ports"] = flow.ports[step]
    if step in flow.inputs:
        found["inputs"] = flow.inputs[step]
    if step in flow.error_outputs:
        found["error_output"] = flow.error_outputs[step]
    return found
