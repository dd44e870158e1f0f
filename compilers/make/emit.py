"""Canonical spec -> Make blueprint, as Make's editor imports it.

* Steps become modules numbered in the order in which they stand in the flow. A schedule is no module in Make: the flow
  then starts with the first step, behind a `util:BasicTrigger` where that step carries a filter or is a router.
* A router that runs all matching routes is Make's router; one that runs the first matching is Make's if-else.
* Accounts and webhooks belong to a team, so the blueprint leaves them open, labelled, and the export lists them.
* What Make can't express stops the export with one finding for each obstacle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.errors import CompileError, Finding, Severity, UserError
from compilers.export import Export, by_account
from compilers.graph import SpecGraph
from compilers.layout import grid
from compilers.make.modules import Module, ModuleMaker, directive, flow_module
from compilers.make.values import MakeValues
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    Edge,
    Filter,
    IfElseStep,
    MergeStep,
    NativeStep,
    OnError,
    OperationStep,
    RouterStep,
    Spec,
    StopStep,
)

COLUMN, ROW = 300, 250
"""Pixels between the centres of two modules on the editor's canvas; its own auto-alignment uses 300."""
DEEPEST_NESTING = 100


@dataclass(frozen=True)
class _Flow:
    modules: list[Module]
    last_step: str
    joins: bool


def emit(spec: Spec) -> Export:
    """The blueprint of a spec. Raises `CompileError` with one finding for each thing that Make can't express."""
    return _Emitter(spec).export()


class _Emitter:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._graph = SpecGraph(spec)
        cycle = self._graph.cycle()
        if cycle:
            hint = "remove an edge of it, or use a repeat step"
            raise CompileError(f"the steps form a cycle: {' -> '.join(cycle)}", where="edges", hint=hint)
        self._steps: dict[str, AnyStep] = {step.id: step for step in spec.nodes}
        self._ids: dict[str, int] = {}
        for step in self._graph.topological():
            if self._has_module(step):
                self._ids[step.id] = len(self._ids) + 1
        self._next_id = len(self._ids) + 1
        self._maker = ModuleMaker(spec, self._graph, self._ids)
        self._findings: list[Finding] = []
        self._modules: dict[int, Module] = {}
        self._children: dict[str, list[str]] = {}
        self._handlers: dict[str, str] = {}
        self._names: dict[int, str] = {}
        self._ends: dict[str, list[Module]] = {}
        self._joined: dict[str, list[str]] = {}
        self._merges: dict[str | None, MergeStep] = {}
        for step in self._graph:
            if isinstance(step, MergeStep):
                self._merges.setdefault(self._graph.parent(step.id), step)

    def export(self) -> Export:
        flow = self._main_flow()
        orphans: list[list[Module]] = []
        for step in self._graph.unreachable():
            if not self._graph.incoming(step.id):
                orphans.append(self._flow(step.id, None, None, 0).modules)
                self._findings.append(
                    _finding(
                        "warning", f"steps.{step.id}", "no edge leads here, so it never runs", "connect or remove it"
                    )
                )
        self._place([str(_id(modules[0])) for modules in (flow, *orphans) if modules])
        errors = [finding for finding in self._findings if finding.severity == "error"]
        if errors:
            raise CompileError("Make can't express this spec", where=self._spec.slug, findings=errors)
        return Export(
            platform="make",
            document=self._document(flow, orphans),
            connections=by_account(self._maker.connections),
            webhooks=tuple(self._maker.webhooks),
            findings=tuple(self._findings),
            places={
                step.id: (f"module {self._ids[step.id]}",) if step.id in self._ids else () for step in self._spec.nodes
            },
        )

    # -- the document ------------------------------------------------------------------------------------------

    def _document(self, flow: list[Module], orphans: list[list[Module]]) -> dict[str, JsonValue]:
        settings = self._spec.settings
        scenario: dict[str, JsonValue] = {
            "roundtrips": settings.max_cycles,
            "maxErrors": settings.max_errors,
            "autoCommit": settings.auto_commit,
            "autoCommitTriggerLast": True,
            "sequential": settings.sequential,
            "slots": None,
            "confidential": settings.confidential,
            "dataloss": False,
            "dlq": settings.keep_incomplete or self._retries(),
            "freshVariables": False,
        }
        return {
            "name": self._spec.name[:120],
            "flow": [*flow],
            "metadata": {
                "instant": self._is_instant(),
                "version": 1,
                "scenario": scenario,
                "designer": {"orphans": [[*modules] for modules in orphans]},
                "notes": [],
            },
        }

    def _is_instant(self) -> bool:
        trigger = self._spec.trigger
        operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, OperationStep) else None
        return operation is not None and operation.instant

    def _retries(self) -> bool:
        return any(step.on_error is not None and step.on_error.strategy == "retry" for step in self._spec.nodes)

    # -- flows -------------------------------------------------------------------------------------------------

    def _main_flow(self) -> list[Module]:
        trigger = self._spec.trigger
        if trigger.id in self._ids:
            return self._flow(trigger.id, None, None, 0).modules
        edges = self._graph.outgoing(trigger.id)
        if not edges:
            return []
        first = self._steps[edges[0].target]
        if (edges[0].filter is None or not edges[0].filter.any_of) and not isinstance(first, (RouterStep, IfElseStep)):
            return self._flow(first.id, None, None, 0).modules
        starter: Module = {"id": self._new_id(), "module": "util:BasicTrigger", "version": 1}
        starter |= {"parameters": {"values": [{"spec": [{"name": "started", "value": "true"}]}]}, "mapper": {}}
        rest = self._flow(first.id, edges[0], None, 0).modules
        self._register(starter, trigger.title)
        self._link(starter, rest)
        return [starter, *rest]

    def _flow(self, start: str, entered: Edge | None, until: str | None, depth: int) -> _Flow:
        """The modules from `start` on, up to the merge `until`; `entered` is the edge that leads to `start`."""
        if depth > DEEPEST_NESTING:
            raise CompileError(
                f"routers are nested deeper than {DEEPEST_NESTING}",
                where=f"steps.{start}",
                hint="split it into scenarios that call each other",
            )
        modules: list[Module] = []
        identifier: str | None = start
        last = entered.source if entered else start
        while identifier is not None and identifier != until:
            step = self._steps[identifier]
            made = self._module(step, first=not modules and entered is not None)
            if made is not None:
                if entered is not None and entered.kind != "branch" and entered.filter is not None:
                    made["filter"] = self._filter(entered, entered.filter)
                if modules:
                    self._link(modules[-1], [made])
                modules.append(made)
                self._branches(step, made, depth)
            last = identifier
            merge = self._merge_of(step)
            entered = None if merge else self._continuation(step)
            identifier = merge.id if merge else entered.target if entered else None
            if merge and made is not None:
                joined = self._merge(merge, step)
                for end in self._ends.pop(step.id):
                    self._link(end, [joined])
                modules.append(joined)
                last = merge.id
                entered = self._continuation(merge)
                identifier = entered.target if entered else None
        return _Flow(modules, last, identifier is not None and identifier == until)

    def _continuation(self, step: AnyStep) -> Edge | None:
        edges = [edge for edge in self._graph.outgoing(step.id) if edge.kind == "next"]
        if len(edges) > 1:
            self._findings.append(
                _finding(
                    "error", f"steps.{step.id}", "several edges leave it, and it is no router", "put a router there"
                )
            )
        return edges[0] if edges else None

    def _module(self, step: AnyStep, first: bool) -> Module | None:
        if step.id not in self._ids and not (isinstance(step, StopStep) and first):
            return None
        if step.id not in self._ids:
            self._ids[step.id] = self._new_id()
        values = MakeValues(step, self._steps, self._ids)
        try:
            made = self._maker.make(step, values)
        except UserError as error:
            self._findings.append(_finding("error", error.where or f"steps.{step.id}", error.what, error.hint))
            made = {"id": self._ids[step.id], "module": "placeholder:Placeholder", "metadata": {}}
        self._findings.extend(values.findings)
        if isinstance(step, NativeStep) and step.platform != "make":
            self._findings.append(
                _finding(
                    "warning", f"steps.{step.id}", f"`{step.module}` is a {step.platform} step: build it by hand", ""
                )
            )
        self._register(made, step.label or (step.title if isinstance(step, NativeStep) else ""))
        handler = self._handler(step)
        if handler:
            made["onerror"] = [*handler]
            self._handlers[str(_id(made))] = str(_id(handler[0]))
        return made

    # -- branches ----------------------------------------------------------------------------------------------

    def _branches(self, step: AnyStep, made: Module, depth: int) -> None:
        if isinstance(step, RouterStep) and step.mode == "all":
            made |= self._router(step, made, depth)
        elif isinstance(step, (RouterStep, IfElseStep)):
            made |= self._if_else(step, made, depth)

    def _router(self, step: RouterStep, made: Module, depth: int) -> Module:
        edges = [edge for edge in self._graph.outgoing(step.id) if edge.kind == "route"]
        routes: list[JsonValue] = []
        for edge in edges:
            flow = self._flow(edge.target, edge, None, depth + 1).modules
            self._link(made, flow)
            routes.append({"flow": [*flow], **({"disabled": True} if edge.disabled else {})})
        fallback = next((index for index, edge in enumerate(edges) if edge.fallback), None)
        router = flow_module("router", _id(made), None, {} if fallback is None else {"else": fallback})
        return {**router, "routes": routes}

    def _if_else(self, step: RouterStep | IfElseStep, made: Module, depth: int) -> Module:
        merge = self._merge_of(step)
        branches: list[JsonValue] = []
        self._ends[step.id] = []
        self._joined[step.id] = []
        for edge in self._graph.outgoing(step.id):
            if edge.kind not in ("route", "branch"):
                continue
            flow = self._flow(
                edge.target, edge.model_copy(update={"kind": "branch"}), merge.id if merge else None, depth + 1
            )
            self._link(made, flow.modules)
            branch: dict[str, JsonValue] = {"type": "else" if edge.fallback else "condition"}
            branch |= {"label": edge.label or _label(edge.filter), "merge": flow.joins}
            if not edge.fallback:
                branch["conditions"] = self._conditions(edge, edge.filter or Filter())
            branches.append({**branch, "flow": [*flow.modules]})
            if flow.joins:
                self._joined[step.id].append(flow.last_step)
                self._ends[step.id].append(flow.modules[-1] if flow.modules else made)
        return {**flow_module("if_else", _id(made), None), "branches": branches}

    def _merge_of(self, step: AnyStep) -> MergeStep | None:
        return self._merges.get(step.id) if isinstance(step, IfElseStep) else None

    def _merge(self, merge: MergeStep, opened: AnyStep) -> Module:
        made = flow_module("merge", self._ids[merge.id], None)
        values = MakeValues(merge, self._steps, self._ids)
        ends = self._joined.pop(opened.id)
        outputs: list[JsonValue] = []
        for field in merge.fields:
            mappings = [values.at(f"fields.{field.name}.{end}").value(field.values.get(end)) for end in ends]
            outputs.append({"name": field.name, "mappings": mappings})
        self._findings.extend(values.findings)
        made |= {"outputs": outputs, "filters": [None for _ in ends]}
        self._register(made, merge.label)
        return made

    # -- filters and handlers ----------------------------------------------------------------------------------

    def _filter(self, edge: Edge, condition: Filter) -> JsonValue:
        return {"name": condition.label or edge.label, "conditions": self._conditions(edge, condition)}

    def _conditions(self, edge: Edge, condition: Filter) -> list[JsonValue]:
        values = MakeValues(self._steps[edge.target], self._steps, self._ids).at("filter")
        groups = values.conditions(condition)
        self._findings.extend(values.findings)
        return groups

    def _handler(self, step: AnyStep) -> list[Module]:
        edge = next((edge for edge in self._graph.outgoing(step.id) if edge.kind == "error"), None)
        flow = self._flow(edge.target, edge, None, 1).modules if edge else []
        rule = step.on_error or (OnError(strategy="ignore") if edge else None)
        ends_itself = bool(flow) and ("routes" in flow[-1] or "branches" in flow[-1])
        if rule is None or ends_itself:
            return flow
        values = MakeValues(step, self._steps, self._ids).at("on_error.substitute")
        made = directive(rule, step, self._new_id(), values)
        self._findings.extend(values.findings)
        self._register(made, "")
        if flow:
            self._link(flow[-1], [made])
        return [*flow, made]

    # -- ids and positions -------------------------------------------------------------------------------------

    def _has_module(self, step: AnyStep) -> bool:
        if isinstance(step, StopStep):
            return step.outcome == "error"
        if not isinstance(step, OperationStep):
            return True
        operation = registry().find(step.app, step.operation)
        return operation is None or operation.make is None or operation.make.module is not None

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _register(self, made: Module, name: str) -> None:
        self._modules[_id(made)] = made
        if name:
            self._names[_id(made)] = name

    def _link(self, above: Module, below: Sequence[Module]) -> None:
        if below:
            self._children.setdefault(str(_id(above)), []).append(str(_id(below[0])))

    def _place(self, roots: Sequence[str]) -> None:
        below = {**self._children}
        for module, handler in self._handlers.items():
            below[module] = [*below.get(module, []), handler]
        for node, (column, row) in grid(below, roots).items():
            made = self._modules[int(node)]
            designer: dict[str, JsonValue] = {"x": column * COLUMN, "y": row * ROW}
            if int(node) in self._names:
                designer["name"] = self._names[int(node)]
            known = made.get("metadata")
            made["metadata"] = {"designer": designer, **(known if isinstance(known, dict) else {})}


def _id(module: Module) -> int:
    number = module["id"]
    if not isinstance(number, int):
        raise TypeError(f"a module's id is a number, not {number!r}")
    return number


def _label(condition: Filter | None) -> str:
    return condition.label if condition else ""


def _finding(severity: Severity, where: str, what: str, hint: str) -> Finding:
    return Finding(rule="make.emit", severity=severity, where=where, what=what, hint=hint)
