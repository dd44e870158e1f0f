"""Canonical spec -> Make blueprint, as Make's editor imports it.

* Steps become modules numbered in the order in which they stand in the flow. A schedule is no module in Make: the flow
  then starts with the first step, behind a `util:BasicTrigger` where that step carries a filter or is a router.
* A router that runs all matching routes is Make's router; one that runs the first matching is Make's if-else.
* A list or an object inside JSON text is written by a module of its own before the one that holds the text; a filter
  stands before both.
* Accounts and webhooks belong to a team, so the blueprint leaves them open, labelled, and the export lists them.
* What Make can't express stops the export with one finding for each obstacle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from compilers import residue
from compilers.errors import CompileError, Finding, Severity, UserError
from compilers.export import Export, Translation, by_account
from compilers.graph import SpecGraph
from compilers.layout import grid
from compilers.make import by_hand as hand
from compilers.make.found import only_what_was_found
from compilers.make.json_helpers import JsonHelpers
from compilers.make.kinds import Kinds
from compilers.make.modules import Module, ModuleMaker, directive, flow_module
from compilers.make.numbers import Numbers, kept_id, kept_of
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


@dataclass(frozen=True)
class Written:
    """A blueprint as the compiler writes it, without what was kept of a parsed one.

    `modules` are its modules by their steps; the directive that ends a step's handler is `<step>/directive`.
    """

    document: dict[str, JsonValue]
    modules: dict[str, Module]


def emit(
    spec: Spec, *, by_hand: bool = False, originals: Mapping[str, Mapping[str, JsonValue]] | None = None
) -> Export:
    """The blueprint of a spec. Raises `CompileError` with one finding for each thing that Make can't express.

    With `by_hand`, as for a migration, what Make can't express is left to a person instead: the step becomes an empty
    slot with a note that holds the original (by step in `originals`, else as the spec has it), a value that can't be
    written is left out, and a warning says so.
    """
    if "make" not in spec.residue:
        spec = only_what_was_found(spec)
    if not by_hand:
        return _Emitter(spec).export()
    ready, findings = hand.prepared(spec)
    return _Emitter(ready, by_hand=True, originals=originals or {}, findings=findings).export()


def write(spec: Spec) -> Written:
    """The blueprint of a spec as far as Make can express it."""
    return _Emitter(spec).written()


class _Emitter:
    def __init__(
        self,
        spec: Spec,
        *,
        by_hand: bool = False,
        originals: Mapping[str, Mapping[str, JsonValue]] | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        self._spec, self._by_hand, self._originals = spec, by_hand, originals or {}
        self._manual: dict[str, int] = {}
        self._translations: list[Translation] = []
        self._graph = SpecGraph(spec)
        cycle = self._graph.cycle()
        if cycle:
            hint = "remove an edge of it, or use a repeat step"
            raise CompileError(f"the steps form a cycle: {' -> '.join(cycle)}", where="edges", hint=hint)
        self._steps: dict[str, AnyStep] = {step.id: step for step in spec.nodes}
        self._parsed = "make" in spec.residue
        self._numbers = Numbers(self._graph)
        self._ids = self._numbers.of_steps
        self._kinds = Kinds(self._graph.topological())
        self._made: dict[str, Module] = {}
        self._helpers: dict[str, list[Module]] = {}
        self._maker = ModuleMaker(spec, self._graph, self._ids)
        self._findings: list[Finding] = list(findings)
        self._modules: dict[int, Module] = {}
        self._children: dict[str, list[str]] = {}
        self._handlers: dict[str, str] = {}
        self._names: dict[int, str] = {}
        self._ends: dict[str, list[Module]] = {}
        self._joined: dict[str, list[str]] = {}
        self._merges: dict[str | None, MergeStep] = {}
        for step in self._graph.topological():
            if isinstance(step, MergeStep):
                above = (one for one in self._graph.line(step.id) if isinstance(self._steps[one], IfElseStep))
                opened = next((one for one in above if one not in self._merges), None)
                self._merges.setdefault(opened or self._graph.parent(step.id), step)

    def written(self) -> Written:
        """The document, and its modules by their steps."""
        flow, orphans = self._flows()
        return Written(self._document(flow, orphans), self._made)

    def _flows(self) -> tuple[list[Module], list[list[Module]]]:
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
        return flow, orphans

    def export(self) -> Export:
        """The document with what was kept of a parsed one, and what there is to know about it."""
        flow, orphans = self._flows()
        document = self._document(flow, orphans)
        errors = [finding for finding in self._findings if finding.severity == "error"]
        if self._by_hand:
            self._findings = hand.as_warnings(self._findings)
        elif errors:
            raise CompileError("Make can't express this spec", where=self._spec.slug, findings=errors)
        self._restore(document)
        return Export(
            platform="make",
            document=document,
            connections=by_account(self._maker.connections),
            webhooks=tuple(self._maker.webhooks),
            findings=tuple(self._findings),
            places={step.id: self._places(step) for step in self._spec.nodes},
            translations=tuple(self._translations),
            manual=tuple(self._manual),
        )

    def _places(self, step: AnyStep) -> tuple[str, ...]:
        """The modules that stand for a step: its helpers, then its own."""
        own = [self._ids[step.id]] if step.id in self._ids else []
        return tuple(f"module {number}" for number in (*map(_id, self._helpers.get(step.id, ())), *own))

    def _restore(self, document: dict[str, JsonValue]) -> None:
        """Makes every module, and the document, what it was when it was parsed."""
        for step in self._spec.nodes:
            kept = step.residue.get("make", {})
            if step.id in self._made:
                residue.apply(self._made[step.id], kept.get("changes"))
            if f"{step.id}/directive" in self._made:
                residue.apply(self._made[f"{step.id}/directive"], kept_of(step, "directive").get("changes"))
        residue.apply(document, self._spec.residue.get("make", {}).get("changes"))

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
                "notes": [
                    hand.note(self._steps[step], number, self._originals.get(step, {}))
                    for step, number in self._manual.items()
                ],
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
        filtered = edges[0].filter is not None and bool(edges[0].filter.any_of)
        if self._parsed or not (filtered or isinstance(first, (RouterStep, IfElseStep))):
            return self._flow(first.id, edges[0] if self._parsed else None, None, 0).modules
        starter: Module = {"id": self._numbers.new(), "module": "util:BasicTrigger", "version": 1}
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
                line = [*self._helpers.get(step.id, ()), made]
                if entered is not None and entered.kind != "branch" and entered.filter is not None:
                    line[0]["filter"] = self._filter(entered, entered.filter)
                for module in line:
                    if modules:
                        self._link(modules[-1], [module])
                    modules.append(module)
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
        if step.id not in self._ids and not (isinstance(step, StopStep) and first and "make" not in step.residue):
            return None
        if step.id not in self._ids:
            self._ids[step.id] = self._numbers.new()
        helpers = self._new_helpers(step)
        try:
            made = self._maker.make(step, self._values(step, helpers))
            self._add(step, helpers)
        except UserError as error:
            self._findings.append(_finding("error", error.where or f"steps.{step.id}", error.what, error.hint))
            made = hand.module(self._ids[step.id])
        if self._by_hand and made["module"] == registry().flow["manual"].make:
            self._manual[step.id] = self._ids[step.id]
        if isinstance(step, NativeStep) and step.platform != "make":
            self._findings.append(
                _finding(
                    "warning", f"steps.{step.id}", f"`{step.module}` is a {step.platform} step: build it by hand", ""
                )
            )
        self._made[step.id] = made
        name = step.label or (step.title if isinstance(step, NativeStep) else "")
        self._register(made, hand.title(step) if step.id in self._manual else name)
        handler = self._handler(step)
        if handler:
            made["onerror"] = [*handler]
            self._handlers[str(_id(made))] = str(_id(handler[0]))
        return made

    def _new_helpers(self, step: AnyStep) -> JsonHelpers | None:
        """What writes lists and objects as JSON before the step. A parsed module had none, and nothing comes before a
        trigger."""
        if "make" in step.residue or step.id == self._spec.trigger.id:
            return None
        return JsonHelpers(self._steps, self._numbers.new_helper)

    def _add(self, step: AnyStep, helpers: JsonHelpers | None) -> None:
        made = helpers.made if helpers else ()
        self._helpers[step.id] = [helper.module for helper in made]
        for helper in made:
            self._register(helper.module, helper.name)

    def _values(self, step: AnyStep, helpers: JsonHelpers | None = None) -> MakeValues:
        """A writer for values of that step, whose findings are kept."""
        written = MakeValues(step, self._steps, self._ids, self._kinds, helpers, self._by_hand)
        written.findings, written.translations = self._findings, self._translations
        return written

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
        values = self._values(merge)
        ends = self._joined.pop(opened.id)
        outputs: list[JsonValue] = []
        for field in merge.fields:
            mappings = [values.at(f"fields.{field.name}.{end}").value(field.values.get(end)) for end in ends]
            outputs.append({"name": field.name, "mappings": mappings})
        made |= {"outputs": outputs, "filters": [None for _ in ends]}
        self._made[merge.id] = made
        self._register(made, merge.label)
        return made

    # -- filters and handlers ----------------------------------------------------------------------------------

    def _filter(self, edge: Edge, condition: Filter) -> JsonValue:
        return {"name": condition.label or edge.label, "conditions": self._conditions(edge, condition)}

    def _conditions(self, edge: Edge, condition: Filter) -> list[JsonValue]:
        return self._values(self._steps[edge.target]).at("filter").conditions(condition)

    def _handler(self, step: AnyStep) -> list[Module]:
        edge = next((edge for edge in self._graph.outgoing(step.id) if edge.kind == "error"), None)
        flow = self._flow(edge.target, edge, None, 1).modules if edge else []
        rule = step.on_error or (OnError(strategy="ignore") if edge else None)
        ends_itself = bool(flow) and ("routes" in flow[-1] or "branches" in flow[-1])
        ends_itself = ends_itself or step.residue.get("make", {}).get("no_directive") is True
        if rule is None or ends_itself:
            return flow
        values = self._values(step).at("on_error.substitute")
        made = directive(rule, step, kept_id(kept_of(step, "directive")) or self._numbers.new(), values)
        self._made[f"{step.id}/directive"] = made
        self._register(made, "")
        if flow:
            self._link(flow[-1], [made])
        return [*flow, made]

    # -- ids and positions -------------------------------------------------------------------------------------

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
