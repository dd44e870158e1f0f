"""A spec that another platform's export gave, made ready for Make where Make has less: what is left to a person.

* Make can't join: a step that several ways lead to stays on the first of them, and the others end in a module that says
  where to go on. Where the branches of one if-else meet and nothing else does, a merge joins them.
* A step that is switched off is left to a person, since a module of Make can't be.
* Where a step leaves by outputs of its own choice, nothing passes the routes behind it until a person says what does.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from compilers.errors import Finding
from compilers.graph import SpecGraph
from compilers.naming import Names
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    Condition,
    Edge,
    Filter,
    IfElseStep,
    MergeStep,
    NativeStep,
    RespondStep,
    RouterStep,
    SleepStep,
    Spec,
    TriggerStep,
)

LONGEST_NOTE = 20_000
"""Characters of an original that a note holds."""
NEVER = Condition(left="{{ false }}", operator="boolean:equals", right=True)
_GO_ON = "go on"
"""What stands for a module name where a way ends that Make can't lead on."""


def module(number: int) -> dict[str, JsonValue]:
    """The empty slot that a person replaces by the right module."""
    return {"id": number, "module": registry().flow["manual"].make, "metadata": {}}


def title(step: AnyStep) -> str:
    """What the slot is called."""
    return f"MANUAL: {step.title}"


def note(step: AnyStep, number: int, original: Mapping[str, JsonValue]) -> JsonValue:
    """A note that is pinned to the slot and holds the original as JSON."""
    kept = dict(original) or step.model_dump(mode="json", exclude={"residue", "outputs", "sample"})
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    if len(text) > LONGEST_NOTE:
        text = text[: LONGEST_NOTE - 1] + "…"
    return {"moduleIds": [number], "content": f"<p>{html.escape(text, quote=False)}</p>"}


def prepared(spec: Spec) -> tuple[Spec, tuple[Finding, ...]]:
    """The spec as Make can lay it out, and what that leaves to do."""
    work = _Preparation(spec)
    work.refused()
    work.switched_off()
    work.handlers()
    work.outputs()
    work.merges()
    work.joins()
    return spec.model_copy(
        update={"trigger": work.trigger, "steps": tuple(work.steps.values()), "edges": tuple(work.edges)}
    ), tuple(work.findings)


class _Preparation:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.trigger: TriggerStep | NativeStep = spec.trigger
        self.steps: dict[str, AnyStep] = {step.id: step for step in spec.steps}
        self.edges: list[Edge] = list(spec.edges)
        self.findings: list[Finding] = []
        self._names = Names(step.id for step in spec.nodes)

    def refused(self) -> None:
        """Leaves to a person what Make's own rules refuse."""
        trigger = self._spec.trigger
        called = isinstance(trigger, TriggerStep) and trigger.app == "webhook"
        for step in self._spec.steps:
            if isinstance(step, RespondStep) and not called:
                self.steps[step.id] = _slot(step.id, step.label, step.kind)
                self._say(step.id, "answers a webhook, and no webhook starts the scenario", "start it by one")
            if (
                isinstance(step, SleepStep)
                and not isinstance(step.seconds, str)
                and not 1 <= _number(step.seconds) <= 300
            ):
                self.steps[step.id] = _slot(step.id, step.label, step.kind)
                self._say(step.id, "waits for a time that Make's sleep can't: 1 to 300 seconds", "wait otherwise")

    def handlers(self) -> None:
        """Takes the error handling from what can't fail on Make; the steps that it led to stay, beside the flow."""
        for step in [one for one in self.steps.values() if isinstance(one, (RouterStep, IfElseStep))]:
            if step.on_error:
                self.steps[step.id] = step.model_copy(update={"on_error": None})
                self._say(step.id, "has no error handling on Make, where it can't fail", "")
            self.edges = [edge for edge in self.edges if edge.source != step.id or edge.kind != "error"]

    def switched_off(self) -> None:
        """Leaves the steps that are switched off to a person."""
        for step in self._spec.steps:
            if step.disabled and not isinstance(step, (RouterStep, IfElseStep)):
                self.steps[step.id] = _slot(step.id, step.label, step.kind)
                self._say(step.id, "is switched off, and Make's modules can't be", "remove it, or build it by hand")

    def outputs(self) -> None:
        """Keeps everything out of the routes behind a step that chooses among outputs of its own."""
        for step in self._spec.steps:
            ports = step.residue.get("n8n", {}).get("ports")
            if not isinstance(ports, dict) or step.residue["n8n"].get("synthetic") != "router":
                continue
            self._say(step.id, "its routes were outputs of the node before it", "give each route its filter")
            for index, edge in enumerate(self.edges):
                if edge.source == step.id:
                    closed = Filter(label=f"output {ports.get(edge.target, 0)}", any_of=((NEVER,),))
                    self.edges[index] = edge.model_copy(update={"filter": closed})

    def merges(self) -> None:
        """Joins the branches of an if-else where they all lead to one step and nothing else does."""
        out: dict[str, list[Edge]] = {}
        into: dict[str, list[Edge]] = {}
        for edge in self.edges:
            out.setdefault(edge.source, []).append(edge)
            into.setdefault(edge.target, []).append(edge)
        merged: dict[str, str] = {}
        for step in [one for one in self.steps.values() if isinstance(one, IfElseStep)]:
            ends = [_end(edge, out, into) for edge in out.get(step.id, ()) if edge.kind == "branch"]
            targets = {edge.target for edge in ends if edge}
            if len(ends) < 2 or None in ends or len(targets) != 1 or len(into[next(iter(targets))]) != len(ends):
                continue
            merge = self._names.give(f"{next(iter(targets))[:30]} merge")
            self.steps[merge] = MergeStep(id=merge)
            merged[targets.pop()] = merge
        self.edges = [
            edge.model_copy(update={"target": merged[edge.target]}) if edge.target in merged else edge
            for edge in self.edges
        ]
        self.edges += [Edge(source=merge, target=meeting) for meeting, merge in merged.items()]

    def joins(self) -> None:
        """Ends every way but the first that leads to a step in a slot that says where to go on."""
        now = {"steps": tuple(self.steps.values()), "edges": tuple(self.edges)}
        graph = SpecGraph(self._spec.model_copy(update=now))
        rank = {step.id: index for index, step in enumerate(graph.topological())}
        reached: dict[str, int] = {}
        order = sorted(range(len(self.edges)), key=lambda index: rank.get(self.edges[index].source, 0))
        loose = {step.id for step in graph.unreachable()}
        for index in sorted(order, key=lambda index: self.edges[index].source in loose):
            edge = self.edges[index]
            if isinstance(self.steps.get(edge.target), MergeStep) or edge.target not in reached:
                reached[edge.target] = index
                continue
            target = self.steps[edge.target]
            end = self._names.give(f"{edge.target[:30]} go on")
            self.steps[end] = _slot(end, f"go on with {target.title}", _GO_ON)
            self.edges[index] = edge.model_copy(update={"target": end})
            hint = "repeat the modules there, or put them into a scenario that both call"
            self._say(edge.target, "several ways lead to it, and Make's routes can't join", hint)

    def _say(self, step: str, what: str, hint: str) -> None:
        finding = Finding(rule="make.emit", severity="warning", where=f"steps.{step}", what=what, hint=hint)
        if finding not in self.findings:
            self.findings.append(finding)


def _end(edge: Edge, out: Mapping[str, list[Edge]], into: Mapping[str, list[Edge]]) -> Edge | None:
    """The edge by which a branch without forks and handlers ends where other ways meet it; None for any other."""
    seen = {edge.source}
    while len(into.get(edge.target, ())) == 1:
        following = out.get(edge.target, ())
        if edge.target in seen or len(following) != 1 or following[0].kind != "next":
            return None
        seen.add(edge.target)
        edge = following[0]
    return edge


def _slot(identifier: str, label: str, module_name: str) -> NativeStep:
    return NativeStep(id=identifier, label=label[:200], platform="n8n", module=module_name)


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def as_warnings(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, none of which stops the export."""
    mild = {"severity": "warning"}
    return [one.model_copy(update=mild) if one.severity == "error" else one for one in findings]
