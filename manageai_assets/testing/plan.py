"""A spec made ready to run: every step with its values, filters and ways on, parsed once for thousands of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import JsonValue

from compilers.errors import SpecError
from compilers.graph import SpecGraph
from compilers.spec import (
    AggregateStep,
    AnyStep,
    DirectiveStep,
    Edge,
    IterateStep,
    MergeStep,
    NativeStep,
    OnError,
    OperationStep,
    RepeatStep,
    RespondStep,
    SetVariablesStep,
    SleepStep,
    Spec,
    StopStep,
    SubScenarioStep,
)
from manageai_assets.build.operations import countings, is_clock, operation_of
from manageai_assets.testing.binding import Bound, Passes, bound, bound_fields, bound_filter
from manageai_assets.testing.demands import NO_DEMANDS, Demands

_OPEN: tuple[JsonValue, ...] = (None, "", [], {})
"""A needed input that the spec leaves open is filled in at set-up: that it is empty is no fault of a bundle."""
IGNORED = OnError(strategy="ignore")
"""What a step with an error route and no rule of its own does when the route has ended."""


@dataclass(slots=True)
class Way:
    """An edge: where it leads, and what passes."""

    edge: Edge
    name: str
    passes: Passes | None
    target: Node = field(repr=False)


@dataclass(slots=True)
class Rule:
    """What happens to the bundle of a step that has failed, with the substitute's values."""

    what: OnError
    substitute: Mapping[str, Bound]


@dataclass(slots=True)
class Node:
    """One step, ready to run. `counted` are the operations that Make counts for each bundle that reaches it.

    `finds` is a search, whose bundles know their place; `collected` are the aggregates whose source it is, in the order
    of the flow.
    """

    step: AnyStep
    counted: int
    values: Mapping[str, Bound] = field(default_factory=dict)
    headers: tuple[tuple[str, Bound], ...] = ()
    branches: Mapping[str, Mapping[str, Bound]] = field(default_factory=dict)
    demands: Demands = NO_DEMANDS
    finds: bool = False
    ways: list[Way] = field(default_factory=list)
    fallbacks: list[Way] = field(default_factory=list)
    handlers: list[Way] = field(default_factory=list)
    rule: Rule | None = None
    collected: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """All of a spec's steps, by id, and what else a run needs to know."""

    spec: Spec
    graph: SpecGraph
    nodes: Mapping[str, Node]
    failing: Mapping[str, str]
    rank: Mapping[str, int]
    """Places in the order of the flow, each handler behind all that follows its step."""

    @property
    def start(self) -> Node:
        """The trigger."""
        return self.nodes[self.spec.trigger.id]


def plan_of(spec: Spec, demands: Mapping[str, Demands] = MappingProxyType({})) -> Plan:
    """The plan of a spec. `demands` are those of native steps. Raises `SpecError` for
    one whose steps form a cycle, `ExpressionError` for a template that can't be parsed."""
    graph = SpecGraph(spec)
    cycle = graph.cycle()
    if cycle:
        raise SpecError(f"the steps form a cycle: {' -> '.join(cycle)}", where="edges")
    nodes = {step.id: _node(step, spec) for step in graph.topological()}
    for name, own in demands.items():
        nodes[name].demands = own
    for edge in spec.edges:
        if edge.disabled or edge.source not in nodes or edge.target not in nodes:
            continue
        way = Way(edge, f"{edge.source}>{edge.target}", bound_filter(edge.filter), nodes[edge.target])
        node = nodes[edge.source]
        kind = node.handlers if edge.kind == "error" else node.fallbacks if edge.fallback else node.ways
        kind.append(way)
    for node in nodes.values():
        if isinstance(node.step, AggregateStep) and node.step.source in nodes:
            nodes[node.step.source].collected.append(node)
        if node.rule is None and node.handlers:
            node.rule = Rule(IGNORED, MappingProxyType({}))
    return Plan(spec, graph, nodes, graph.error_steps, _ranks(nodes[spec.trigger.id]))


def _ranks(start: Node) -> dict[str, int]:
    done: dict[str, None] = {}
    seen = {start.step.id}
    stack = [(start, iter(_ways_on(start)))]
    while stack:
        node, ways = stack[-1]
        way = next(ways, None)
        if way is None:
            stack.pop()
            done[node.step.id] = None
        elif way.target.step.id not in seen:
            seen.add(way.target.step.id)
            stack.append((way.target, iter(_ways_on(way.target))))
    return {name: place for place, name in enumerate(reversed(done))}


def _ways_on(node: Node) -> list[Way]:
    """The ways that leave a step, the last one first."""
    return [*node.handlers, *reversed(node.fallbacks), *reversed(node.ways)]


def _node(step: AnyStep, spec: Spec) -> Node:
    node = Node(step, _counted(step, spec))
    match step:
        case OperationStep():
            operation = operation_of(step)
            given = operation.with_defaults(step.inputs) if operation else step.inputs
            node.values = bound_fields(given)
            if operation:
                node.finds = operation.kind == "search"
                required = (name for name, one in operation.inputs.items() if one.required)
                node.demands = Demands(
                    needed=tuple(name for name in required if given.get(name) not in _OPEN),
                    addresses=tuple(name for name, one in operation.inputs.items() if one.type == "addresses"),
                )
        case SubScenarioStep():
            node.values = bound_fields(step.inputs)
        case NativeStep():
            node.values = bound_fields(step.mapper)
        case IterateStep():
            node.values = {"array": bound(step.array)}
        case RepeatStep():
            node.values = bound_fields({"start": step.start, "repeats": step.repeats, "step": step.step})
        case AggregateStep():
            node.values = bound_fields(step.fields) if step.mode == "array" else {"value": bound(step.value)}
            if step.group_by is not None:
                node.branches = {"group": {"key": bound(step.group_by)}}
        case SleepStep():
            node.values = {"seconds": bound(step.seconds)}
        case SetVariablesStep():
            node.values = {variable.name: bound(variable.value) for variable in step.variables}
        case RespondStep():
            node.values = {"status": bound(step.status), "body": bound(step.body)}
            node.headers = tuple((header.name, bound(header.value)) for header in step.headers)
        case StopStep():
            node.values = {"message": bound(step.message)}
        case MergeStep():
            ends = {end for one in step.fields for end in one.values}
            node.branches = {
                end: {one.name: bound(one.values[end]) for one in step.fields if end in one.values} for end in ends
            }
        case DirectiveStep():
            node.rule = _rule(step.directive)
        case _:
            pass
    if step.on_error is not None:
        node.rule = _rule(step.on_error)
    return node


def _rule(what: OnError) -> Rule:
    return Rule(what, bound_fields(what.substitute))


def _counted(step: AnyStep, spec: Spec) -> int:
    """Operations on Make for a bundle that reaches the step, by `data/counting.yaml`."""
    known = operation_of(step)
    if step.id == spec.trigger.id:
        kind = "clock" if is_clock(known) else "trigger"
    elif isinstance(step, OperationStep):
        kind = known.kind if known and known.kind != "trigger" else "action"
    else:
        kind = step.kind
    return countings().make.operations[kind]
