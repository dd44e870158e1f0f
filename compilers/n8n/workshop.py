"""What the makers of nodes share: the canvas, the graph, writers for values, and what a person must do afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import JsonValue

from compilers.errors import Finding, Severity
from compilers.export import NeededConnection, NeededWebhook, Translation
from compilers.graph import SpecGraph
from compilers.n8n.canvas import Canvas, Port
from compilers.n8n.order import in_order, starts_with_several
from compilers.n8n.values import N8nValues, expression
from compilers.registry import registry
from compilers.spec import (
    AggregateStep,
    AnyStep,
    Connection,
    GetVariablesStep,
    SetVariablesStep,
    Spec,
)


@dataclass(frozen=True)
class Fragment:
    """What stands for a step: the node that bundles enter, the ports that they leave by, the node whose output is the
    step's result, and the one that can fail. `branches` are the ports of a router's or if-else's edges, by target. A
    step without a node of its own has the ports that lead into it as `ways`, by target."""

    entry: str
    exits: tuple[Port, ...]
    result: str
    main: str
    branches: Mapping[str, Port] = field(default_factory=dict)
    entry_input: int = 0
    ways: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)

    @staticmethod
    def single(name: str, *, ends: bool = False) -> Fragment:
        """One node that does it all."""
        return Fragment(name, () if ends else (Port(name),), name, name)


@dataclass
class Workshop:
    """One workflow in the making.

    `results` maps each step to the node that holds what it gave, `failing` to the node that holds its error, and
    `markers` to the node that leaves one item for each operation of the step, with the id that the item carries.
    `loops` maps each step whose bundles go on one by one to its Loop Over Items.
    `shuffled` are the steps whose bundles take several ways that meet again, and so arrive in another order. `manual`
    are those that a person must build, which is allowed only `by_hand`, and `originals` what they were.
    """

    spec: Spec
    graph: SpecGraph
    canvas: Canvas
    results: dict[str, str] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    markers: dict[str, tuple[str, str]] = field(default_factory=dict)
    loops: dict[str, str] = field(default_factory=dict)
    shuffled: set[str] = field(default_factory=set)
    manual: set[str] = field(default_factory=set)
    by_hand: bool = False
    originals: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    connections: list[NeededConnection] = field(default_factory=list)
    webhooks: list[NeededWebhook] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)

    @cached_property
    def setters(self) -> Mapping[str, list[SetVariablesStep]]:
        """The steps that set each variable."""
        found: dict[str, list[SetVariablesStep]] = {}
        for step in self.spec.steps:
            if isinstance(step, SetVariablesStep):
                for variable in step.variables:
                    found.setdefault(variable.name, []).append(step)
        return found

    @cached_property
    def readers(self) -> Mapping[str, list[GetVariablesStep]]:
        """The steps that read each variable."""
        found: dict[str, list[GetVariablesStep]] = {}
        for step in self.spec.steps:
            if isinstance(step, GetVariablesStep):
                for name in step.names:
                    found.setdefault(name, []).append(step)
        return found

    @cached_property
    def accounts(self) -> Mapping[str, Connection]:
        """The spec's connections by id."""
        return {connection.id: connection for connection in self.spec.connections}

    @cached_property
    def sources(self) -> frozenset[str]:
        """The ids of the steps whose bundles some aggregate collects."""
        return frozenset(step.source for step in self.spec.steps if isinstance(step, AggregateStep))

    def values(self, step: AnyStep, item: str = "", behind: str = "") -> N8nValues:
        """A writer for values of that step, whose findings are kept; see `N8nValues` for the rest."""
        written = N8nValues(step, self.graph, self.results, self.failing, item, self.by_hand, behind)
        written.findings, written.translations = self.findings, self.translations
        return written

    def flow_node(
        self, step: AnyStep, kind: str, title: str, parameters: Mapping[str, JsonValue], key: str = ""
    ) -> str:
        """Adds the node that n8n has for a construct of the control flow, and gives its name."""
        row = registry().flow[kind]
        identifier = f"{step.id}/{key}" if key else step.id
        return self.canvas.add(identifier, title, row.n8n, row.n8n_version, parameters)

    def takes_several(self, step: AnyStep) -> bool:
        """Whether several bundles may reach the step in one execution."""
        return starts_with_several(self.spec.trigger) or bool(self.graph.multiplying(step.id))

    def is_collected(self, step: AnyStep) -> bool:
        """Whether an aggregate collects, further down, the bundles that reach this step all at once."""
        return any(above.id in self.sources - self.one_by_one for above in self.graph.multiplying(step.id))

    def is_one_by_one(self, step: AnyStep) -> bool:
        """Whether bundles reach the step one at a time, by a Loop Over Items above it."""
        return self.spec.trigger.id in self.one_by_one or any(
            above.id in self.one_by_one for above in self.graph.multiplying(step.id)
        )

    @cached_property
    def one_by_one(self) -> frozenset[str]:
        """The ids of the steps whose bundles go through what follows one after the other."""
        return in_order(self.spec, self.graph)

    def meeting(self, step: AnyStep, title: str, key: str = "", inputs: int = 2) -> str:
        """A node where several ways meet. An aggregate must see all bundles at once, so that one before it is a Merge,
        which waits for its inputs; anywhere else the bundles pass as they come."""
        if not self.is_collected(step):
            return self.flow_node(step, "ignore", title, {}, key=key)
        self.shuffled.update(above.id for above in self.graph.multiplying(step.id))
        return self.flow_node(step, "join", title, {"mode": "append", "numberInputs": max(2, inputs)}, key=key)

    def set_node(
        self, step: AnyStep, title: str, fields: Mapping[str, JsonValue], values: N8nValues, where: str, key: str = ""
    ) -> str:
        """A Set node whose fields keep the type of their values."""
        written = ", ".join(
            f"{json.dumps(name)}: {values.at(f'{where}.{name}').javascript(value)}" for name, value in fields.items()
        )
        return self.raw_set_node(step, title, f"{{{written}}}", key)

    def raw_set_node(self, step: AnyStep, title: str, javascript: str, key: str = "") -> str:
        """A Set node that gives the object of a JavaScript expression."""
        parameters: dict[str, JsonValue] = {"mode": "raw", "jsonOutput": expression(f"({javascript})"), "options": {}}
        return self.flow_node(step, "set_variables", title, parameters, key=key)

    def code(self, step: AnyStep, kind: str, code: str) -> str:
        """A Code node that sees all items at once."""
        parameters: dict[str, JsonValue] = {"mode": "runOnceForAllItems", "language": "javaScript", "jsCode": code}
        return self.flow_node(step, kind, step.title, parameters)

    def code_for_each(self, step: AnyStep, title: str, code: str, key: str) -> str:
        """A Code node that runs for each item."""
        parameters: dict[str, JsonValue] = {"mode": "runOnceForEachItem", "language": "javaScript", "jsCode": code}
        return self.flow_node(step, "aggregate", title, parameters, key=key)

    def note(self, severity: Severity, step: AnyStep, what: str, hint: str = "") -> None:
        """Something to know about a step."""
        where = f"steps.{step.id}"
        self.findings.append(Finding(rule="n8n.emit", severity=severity, where=where, what=what, hint=hint))
