"""Canonical spec -> the steps of a Zap, without what was kept of a parsed one.

* A filter is a step of its own before the step that it guards. A router is a Paths step, each of its routes a path
  that starts with its rules; a router with a single route is only that route's filter.
* Steps are numbered in the order in which they run; those of a parsed Zap keep their ids.
* What Zapier can't do is found, with one finding for each obstacle: the step, why, and what would make it possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.errors import CompileError, Finding, Severity, UserError
from compilers.export import NeededConnection, NeededWebhook
from compilers.expressions.tree import Path, Reference
from compilers.graph import SpecGraph
from compilers.paths import platform_path
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    Edge,
    NativeStep,
    OperationStep,
    RouterStep,
    SleepStep,
    Spec,
    StopStep,
)
from compilers.zapier.conditions import write_filter
from compilers.zapier.obstacles import of_step
from compilers.zapier.schedules import API as SCHEDULE
from compilers.zapier.schedules import write_schedule
from compilers.zapier.source import FILTER, PATHS
from compilers.zapier.tokens import TokenWriter
from compilers.zapier.values import ZapierValues

MOST_STEPS, MOST_PATHS, MOST_LEVELS = 100, 10, 3
"""Zapier's limits: steps of a Zap, paths of one Paths step, Paths steps inside each other (facts, *Limits*)."""
_SETTINGS: Mapping[str, JsonValue] = {
    "copied_from": None,
    "created_by": None,
    "polling_interval_override": 0,
    "block_and_release_limit_override": 0,
    "spread_tasks": 1,
}
_COLORS = ("Heroine Blue", "Peru")
"""Colours that exports show for the first two paths; Zapier takes others from there on."""


@dataclass
class Written:
    """A Zap as the compiler writes it. `nodes` and `filters` are its steps by the spec's steps: what does a step's
    work, and the filter that guards it."""

    document: Object
    nodes: dict[str, Object] = field(default_factory=dict)
    filters: dict[str, Object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    connections: list[NeededConnection] = field(default_factory=list)
    webhooks: list[NeededWebhook] = field(default_factory=list)

    @property
    def all_nodes(self) -> Iterator[Object]:
        """Every step of the Zap."""
        yield from self.filters.values()
        yield from self.nodes.values()


def kept(step: AnyStep) -> Mapping[str, JsonValue]:
    """What is kept of the step that a Zap had for it."""
    return step.residue.get("zapier", {})


def write(spec: Spec) -> Written:
    """The Zap of a spec as far as Zapier can express it. Raises `CompileError` for steps that form a cycle."""
    return _Writer(spec).written()


class _Writer:
    def __init__(self, spec: Spec) -> None:
        self._spec, self._graph = spec, SpecGraph(spec)
        cycle = self._graph.cycle()
        if cycle:
            hint = "remove an edge of it"
            raise CompileError(f"the steps form a cycle: {' -> '.join(cycle)}", where="edges", hint=hint)
        self._steps: dict[str, AnyStep] = {step.id: step for step in spec.nodes}
        self._parsed = "zapier" in spec.residue
        self._keys: dict[str, str] = {}
        taken = [
            str(part.get("key")) for step in spec.nodes for part in (kept(step), members(kept(step).get("filter")))
        ]
        self._last = max((int(key) for key in taken if key.isdigit()), default=0)
        self._root = ""
        self._made = Written({})

    def written(self) -> Written:
        """The whole Zap."""
        todo: list[tuple[str, str | None, Edge | None, int]] = [(self._spec.trigger.id, None, None, 0)]
        loose = [step.id for step in self._graph.unreachable() if not self._graph.incoming(step.id)]
        todo[:0] = [(step, None, None, 0) for step in reversed(loose)]
        seen: set[str] = set()
        while todo:
            identifier, parent, edge, level = todo.pop()
            step = self._steps[identifier]
            if identifier in seen:
                self._found(
                    step.id, "several ways lead to it, and paths of Zapier never join", "repeat it on each path"
                )
                continue
            seen.add(identifier)
            above = self._guard(step, edge, parent)
            above = self._step(step, above, level)
            outgoing = [one for one in self._graph.outgoing(identifier) if one.kind != "error"]
            inner = level + 1 if self._is_paths(step) else level
            todo.extend((one.target, above, one, inner) for one in reversed(outgoing))
        nodes = {str(node["id"]): node for node in self._made.all_nodes}
        if not self._parsed and len(nodes) > MOST_STEPS:
            self._found("", f"needs {len(nodes)} steps; a Zap has at most {MOST_STEPS}", "split it into several Zaps")
        root = self._made.nodes.get(self._spec.trigger.id, {})
        zap: Object = {"id": root.get("id"), "title": self._spec.name, "nodes": {**nodes}}
        self._made.document |= {"metadata": {"version": 2}, "zaps": [zap]}
        return self._made

    # -- steps -----------------------------------------------------------------------------------------------------

    def _step(self, step: AnyStep, parent: str | None, level: int) -> str | None:
        """Writes the step that does the work; gives the step that later ones hang under."""
        self._check(step, level)
        if isinstance(step, StopStep) or (isinstance(step, RouterStep) and not self._is_paths(step)):
            return parent
        key = self._key(kept(step))
        first = not self._root
        if step.id == self._spec.trigger.id:
            self._root = key
        node = self._node(key, parent, step.label)
        self._keys[step.id] = key
        try:
            node |= self._work(step, self._values(step))
        except UserError as error:
            self._found(step.id, error.what, error.hint)
        if first and step.id == self._spec.trigger.id:
            node |= {"type_of": "read", "paused": True, "title": self._spec.name}
        self._made.nodes[step.id] = node
        return key

    def _work(self, step: AnyStep, values: ZapierValues) -> Object:
        """App, action, type and values of a step. Raises `UserError` for what Zapier has no step for."""
        if isinstance(step, RouterStep):
            return {"selected_api": PATHS, "action": "branch"}
        if isinstance(step, NativeStep):
            if step.platform != "zapier":
                raise CompileError(
                    f"`{step.module}` is a step of {step.platform}, and what it is on Zapier isn't known",
                    hint="replace it by an app's operation, or build it by hand",
                )
            api, _, action = step.module.rpartition("/")
            return {"selected_api": api, "action": action, "params": values.value(step.mapper)}
        if isinstance(step, SleepStep):
            what = "that exports spell a delay's unit `minutes` hasn't been seen"
            self._found(step.id, what, "look at the Delay step after the import", "warning")
            return {"selected_api": "DelayAPI", "action": "delay_for", "params": _delay(step)}
        if isinstance(step, OperationStep):
            return self._operation(step, values)
        what, hint = of_step(step) or (f"Zapier has no step for `{step.kind}`", "")
        raise CompileError(what, hint=hint)

    def _operation(self, step: OperationStep, values: ZapierValues) -> Object:
        if (step.app, step.operation) == ("schedule", "tick"):
            action, params = write_schedule(self._spec.schedule)
            return {"selected_api": SCHEDULE, "action": action, "params": params}
        app, operation = registry().app(step.app), registry().operation(step.app, step.operation)
        known = operation.zapier
        if known is None:
            raise CompileError(
                f"it isn't known what Zapier calls *{app.name}: {operation.summary}*",
                hint=f"build this step by hand: choose {app.name} in Zapier's editor, then the event that does this",
            )
        inputs = operation.with_defaults(step.inputs)
        place = f"step {self._keys[step.id]}"
        if app.connection and operation.connection:
            self._made.connections.append(
                NeededConnection(
                    connection=step.connection or "",
                    app=app.app,
                    label=app.connection.label,
                    platform_type=known.api,
                    steps=(step.id,),
                    places=(place,),
                )
            )
        if operation.kind == "trigger" and app.app == "webhook":
            self._made.webhooks.append(
                NeededWebhook(step=step.id, place=place, what="give its address to the system that calls it")
            )
        return {
            "selected_api": known.selected_api,
            "action": known.action,
            "type_of": known.type_of,
            "params": values.bound(known.params, inputs),
        }

    # -- filters and paths -----------------------------------------------------------------------------------------

    def _guard(self, step: AnyStep, edge: Edge | None, parent: str | None) -> str | None:
        """Writes the filter on the edge that leads to a step; gives the step that the guarded one hangs under."""
        own = members(kept(step).get("filter"))
        path = edge is not None and edge.kind == "route" and self._is_paths(self._steps[edge.source])
        if edge is None or not (path or own or (edge.filter and edge.filter.any_of)):
            return parent
        key = self._key(own)
        node = self._node(key, parent, edge.label or (edge.filter.label if edge.filter else ""))
        node |= {"selected_api": PATHS if path else FILTER, "action": "filter", "type_of": "filter"}
        params: Object = {}
        if path:
            index = [one for one in self._graph.outgoing(edge.source) if one.kind == "route"].index(edge)
            params = {"emoji": chr(ord("A") + index % 26), "path_eval_index": index}
            params |= {"color": _COLORS[index]} if index < len(_COLORS) else {}
        try:
            params["filter_criteria"] = write_filter(edge.filter, self._writer(step, parent))
        except UserError as error:
            self._found(f"{step.id}.filter", error.what, error.hint)
            params["filter_criteria"] = []
        node["params"] = params
        self._made.filters[step.id] = node
        return key

    def _is_paths(self, step: AnyStep) -> bool:
        if not isinstance(step, RouterStep):
            return False
        routes = [edge for edge in self._graph.outgoing(step.id) if edge.kind == "route"]
        return "key" in kept(step) or (not kept(step) and len(routes) > 1)

    def _check(self, step: AnyStep, level: int) -> None:
        """Finds what Zapier can't do with a step, whatever the step is."""
        if self._parsed:
            return
        outgoing = self._graph.outgoing(step.id)
        if step.on_error and step.on_error.strategy != "rollback":
            self._found(step.id, "Zapier has no error handling for one step", "let the run fail, or watch for failures")
        if any(edge.kind == "error" for edge in outgoing):
            self._found(step.id, "Zapier has no error route", "handle failures in a Zap that starts on a failed Zap")
        if step.disabled:
            self._found(step.id, "is switched off, and a step of a Zap can't be", "remove it")
        if len([edge for edge in outgoing if edge.kind == "next"]) > 1:
            self._found(step.id, "several edges leave it, and it is no router", "put a router there")
        for what, hint in self._obstacles(step, level):
            self._found(step.id, what, hint)

    def _obstacles(self, step: AnyStep, level: int) -> Iterator[tuple[str, str]]:
        if isinstance(step, StopStep) and step.outcome == "error":
            yield "Zapier can't end a run with an error of its own", "raise it in a Code step"
        if not isinstance(step, RouterStep):
            return
        routes = [edge for edge in self._graph.outgoing(step.id) if edge.kind == "route"]
        if step.mode == "first" and len(routes) > 1:
            yield (
                "all paths whose rules hold run on Zapier, not only the first",
                "give the routes rules that exclude each other and let all run",
            )
        if any(edge.fallback for edge in routes):
            yield (
                "how an export marks a fallback path isn't known",
                "give that route rules of its own, the opposite of the others",
            )
        if any(edge.disabled for edge in routes):
            yield "one of its routes is switched off, and a path can't be", "remove that route"
        if len(routes) > MOST_PATHS:
            yield (
                f"has {len(routes)} routes; Zapier allows {MOST_PATHS} paths",
                "split it into several Zaps that share the trigger",
            )
        if self._is_paths(step) and level >= MOST_LEVELS:
            yield (
                f"is the {level + 1}th router inside others; Zapier allows {MOST_LEVELS}",
                "split it into several Zaps",
            )

    # -- parts -----------------------------------------------------------------------------------------------------

    def _key(self, own: Mapping[str, JsonValue]) -> str:
        known = own.get("key")
        if isinstance(known, str):
            return known
        self._last += 1
        return str(self._last)

    def _node(self, key: str, parent: str | None, label: str) -> Object:
        return {
            "id": _number(key),
            "paused": True,
            "type_of": "write",
            "params": {},
            "meta": {"parammap": {}, **({"stepTitle": label} if label else {})},
            "triple_stores": dict(_SETTINGS),
            "parent_id": _number(parent),
            "root_id": _number(self._root) if parent is not None else None,
            "action": "",
            "selected_api": "",
            "title": None,
            "authentication_id": None,
        }

    def _values(self, step: AnyStep) -> ZapierValues:
        return ZapierValues(step.id, self._writer(step, None), self._made.findings)

    def _writer(self, step: AnyStep, parent: str | None) -> TokenWriter:
        def place(reference: Reference) -> tuple[str, Path]:
            target = self._steps.get(reference.step)
            if target is None:
                raise CompileError(f"there is no step `{reference.step}`", hint="refer to a step of this spec")
            key = self._keys.get(reference.step)
            if key is None or not self._graph.leads_to(reference.step, step.id):
                raise CompileError(
                    f"`{reference.step}` gives nothing to refer to here", hint="refer to a step that runs before"
                )
            return key, platform_path(target, reference, "zapier")

        return TokenWriter(place)

    def _found(self, step: str, what: str, hint: str, severity: Severity = "error") -> None:
        where = f"steps.{step}" if step else "steps"
        self._made.findings.append(Finding(rule="zapier.emit", severity=severity, where=where, what=what, hint=hint))


def _number(key: str | None) -> JsonValue:
    return int(key) if key is not None and key.isdigit() and str(int(key)) == key else key


def _delay(step: SleepStep) -> Object:
    seconds = step.seconds
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 60 or seconds % 60:
        raise CompileError("Zapier waits for whole minutes, at least one", hint="round it to minutes, or leave it out")
    return {"delay_for_value": str(seconds // 60), "delay_for_unit": "minutes"}
