"""Where the order of bundles matters.

Make sends a bundle through everything below before the next one starts; n8n sends all of them through one node, then
all of them through the next. Where nothing but the speed differs, n8n's way is kept, since its editor and executions
are easier to read so. A Loop Over Items restores Make's order where it can be seen from outside, or changes what comes
out:

* the loop waits, or answers a webhook: Make waits for each bundle, n8n would once for all;
* it keeps something for later: variables that other routes read, counters, data stores;
* branches join in it before something is changed outside: n8n would have all bundles of the one branch before those of
  the other (aggregates restore the order by themselves);
* it writes to a service twice, or reads one that it also writes to: the second bundle must find what the first left;
* a step in it is tried again after an error: n8n would repeat it for all bundles, also those that went well;
* a step in it goes on with an empty bundle when it finds nothing: n8n would do so only when none of all finds any.

A loop inside such a loop is one too, and so is every loop around it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from compilers.graph import SpecGraph, gives_several
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    GetVariablesStep,
    MergeStep,
    OperationStep,
    RespondStep,
    SetVariablesStep,
    SleepStep,
    Spec,
)

_START = ""
"""Stands for the trigger's bundles."""


def starts_with_several(trigger: AnyStep) -> bool:
    """Whether the trigger may give several bundles at once."""
    operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, OperationStep) else None
    return operation is not None and any(node.polling or node.scheduled or node.several for node in operation.n8n_nodes)


def in_order(spec: Spec, graph: SpecGraph) -> frozenset[str]:
    """The ids of the steps whose bundles must go through what follows one after the other."""
    loops: dict[str, _Traits] = {_START: _Traits()}
    nearest = {step.id: graph.multiplier_above(step.id) or _START for step in graph}
    for step in reversed(graph.topological()):
        above = loops.setdefault(nearest[step.id], _Traits())
        above.add(step)
        if gives_several(step):
            above.join(loops.setdefault(step.id, _Traits()))
    for step in graph.topological():
        loop = loops[nearest[step.id]]
        if isinstance(step, MergeStep) and not loop.stateful:
            loop.stateful = _changes_follow(graph, step, nearest[step.id])
    wanted: set[str] = set()
    several = starts_with_several(spec.trigger)
    if several and loops[_START].matters:
        wanted.add(spec.trigger.id)
    for step in graph.topological():
        if not gives_several(step) or step.id not in loops:
            continue
        above_id = nearest[step.id]
        inside = above_id in wanted or (above_id == _START and spec.trigger.id in wanted)
        if inside or loops[step.id].matters:
            wanted.add(step.id)
    return frozenset(wanted)


def _changes_follow(graph: SpecGraph, merge: MergeStep, loop: str) -> bool:
    """Whether something is changed outside behind a step in which branches join, still for each bundle of the loop."""
    changing = (one for one in graph.below(merge.id) if _changes_something(one))
    return any(loop == _START or loop in {above.id for above in graph.multiplying(one.id)} for one in changing)


def _changes_something(step: AnyStep) -> bool:
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    return operation is not None and operation.kind != "transform" and operation.side_effect


@dataclass
class _Traits:
    """What the steps of a loop do."""

    stateful: bool = False
    reads: set[str] = field(default_factory=set)
    writes: Counter[str] = field(default_factory=Counter)
    sets: bool = False
    gets: bool = False

    @property
    def matters(self) -> bool:
        """Whether the order of bundles can be told from what comes out."""
        return (
            self.stateful
            or (self.sets and self.gets)
            or any(count > 1 or app in self.reads for app, count in self.writes.items())
        )

    def add(self, step: AnyStep) -> None:
        """Takes one step into account."""
        retried = step.on_error is not None and step.on_error.strategy == "retry"
        if isinstance(step, (SleepStep, RespondStep)):
            self.stateful = True
        elif isinstance(step, SetVariablesStep):
            self.sets = True
        elif isinstance(step, GetVariablesStep):
            self.gets = True
        elif isinstance(step, OperationStep):
            self._call(step, retried)

    def _call(self, step: OperationStep, retried: bool) -> None:
        operation = registry().find(step.app, step.operation)
        if operation is None or operation.kind == "trigger":
            return
        node = operation.n8n_node(operation.with_defaults(step.inputs))
        goes_on = step.inputs.get("always") is True or (
            node is not None and bool(node.settings.get("alwaysOutputData"))
        )
        if goes_on or operation.keeps_state or (retried and operation.side_effect):
            self.stateful = True
        if operation.kind == "transform":
            return
        if operation.side_effect:
            self.writes[step.app] += 1
        else:
            self.reads.add(step.app)

    def join(self, inner: _Traits) -> None:
        """Takes a loop inside this one into account."""
        self.stateful |= inner.stateful
        self.sets |= inner.sets
        self.gets |= inner.gets
        self.reads |= inner.reads
        self.writes += inner.writes
