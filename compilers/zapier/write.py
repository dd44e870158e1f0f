"""Canonical spec -> the steps of a Zap, without what was kept of a parsed one.

* A filter is a step of its own before the step that it guards. A router or an if-else is a Paths step, each of its
  ways a path that starts with its rules; one with a single way is only that way's filter.
* What no field, filter or path can say is worked out by a Code step before it (`code`).
* Steps are numbered in the order in which they run; those of a parsed Zap keep their ids.
* What Zapier can't do is found, with one finding for each obstacle: the step, why, and what would make it possible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.errors import CompileError, Finding, Severity, UserError
from compilers.export import NeededConnection, NeededWebhook, Translation
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Field, Path, Reference
from compilers.graph import SpecGraph
from compilers.paths import output_of, platform_path
from compilers.registry import registry
from compilers.secrets import without_secrets
from compilers.spec import (
    AnyStep,
    AppStep,
    Edge,
    IfElseStep,
    IterateStep,
    NativeStep,
    OperationStep,
    RouterStep,
    SetVariablesStep,
    SleepStep,
    Spec,
    StopStep,
    TriggerStep,
)
from compilers.zapier import loops, webhooks
from compilers.zapier.code import ACTION, Calculation, Calculator, Ways
from compilers.zapier.code import API as CODE
from compilers.zapier.conditions import write_filter, yes
from compilers.zapier.obstacles import of_step
from compilers.zapier.redact import redacted
from compilers.zapier.schedules import API as SCHEDULE
from compilers.zapier.schedules import DAILY, WEEKLY, write_schedule
from compilers.zapier.source import FILTER, PATHS
from compilers.zapier.tokens import TokenWriter
from compilers.zapier.values import ZapierValues

LONGEST_ORIGINAL = 20_000
"""Characters of what a step was elsewhere that the step in its place holds."""
MOST_STEPS, MOST_PATHS, MOST_LEVELS = 100, 10, 3
"""Zapier's limits: steps of a Zap, paths of one Paths step, Paths steps inside each other (facts, *Limits*)."""
_SETTINGS: Mapping[str, JsonValue] = {
    "copied_from": None,
    "created_by": None,
    "polling_interval_override": 0,
    "block_and_release_limit_override": 0,
    "spread_tasks": 1,
}
DELAY = "DelayCLIAPI@1.1.1"
_COLORS = ("Heroine Blue", "Peru")
"""Colours that exports show for the first two paths; Zapier takes others from there on."""


@dataclass
class Written:
    """A Zap as the compiler writes it. `nodes` and `filters` are its steps by the spec's steps: what does a step's
    work, and the filter that guards it. `codes` and `filter_codes` are the Code steps before them. `manual` are
    the steps that a person must build, each with what is to be built."""

    document: Object
    nodes: dict[str, Object] = field(default_factory=dict)
    filters: dict[str, Object] = field(default_factory=dict)
    codes: dict[str, Object] = field(default_factory=dict)
    filter_codes: dict[str, Object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    manual: dict[str, str] = field(default_factory=dict)
    translations: list[Translation] = field(default_factory=list)
    connections: list[NeededConnection] = field(default_factory=list)
    webhooks: list[NeededWebhook] = field(default_factory=list)

    @property
    def all_nodes(self) -> Iterator[Object]:
        """Every step of the Zap."""
        for steps in (self.filter_codes, self.filters, self.codes, self.nodes):
            yield from steps.values()

    def of(self, step: str) -> tuple[Object, ...]:
        """What stands for a step of the spec, in the order in which it runs."""
        listed = (self.filter_codes, self.filters, self.codes, self.nodes)
        return tuple(steps[step] for steps in listed if step in steps)


def kept(step: AnyStep) -> Mapping[str, JsonValue]:
    """What is kept of the step that a Zap had for it."""
    return step.residue.get("zapier", {})


def write(spec: Spec, *, by_hand: bool = False, originals: Mapping[str, Object] | None = None) -> Written:
    """The Zap of a spec as far as Zapier can express it. Steps whose names on Zapier aren't known are left to a person,
    each in a Code step that fails until it is replaced; with `by_hand` so are all that Zapier can't express, and
    `originals` are what they were elsewhere. Raises `CompileError` for steps that form a cycle."""
    return _Writer(spec, by_hand, originals or {}).written()


class _Writer:
    def __init__(self, spec: Spec, by_hand: bool, originals: Mapping[str, Object]) -> None:
        self._spec, self._graph = spec, SpecGraph(spec)
        self._by_hand, self._originals = by_hand, originals
        cycle = self._graph.cycle()
        if cycle:
            hint = "remove an edge of it"
            raise CompileError(f"the steps form a cycle: {' -> '.join(cycle)}", where="edges", hint=hint)
        self._steps: dict[str, AnyStep] = {step.id: step for step in spec.nodes}
        self._parsed = "zapier" in spec.residue
        self._keys: dict[str, str] = {}
        taken = [
            str(part.get("key"))
            for step in spec.nodes
            for part in (kept(step), *(members(kept(step).get(name)) for name in ("filter", "code", "filter_code")))
        ]
        self._last = max((int(key) for key in taken if key.isdigit()), default=0)
        self._root = ""
        self._made = Written({})
        self._taken: dict[str, tuple[str, ...]] = {}

    def written(self) -> Written:
        """The whole Zap."""
        todo: list[tuple[str, str | None, Edge | None, int]] = [(self._spec.trigger.id, None, None, 0)]
        apart = self._graph.unreachable() if self._parsed else ()
        loose = [step.id for step in apart if not self._graph.incoming(step.id)]
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
            if self._by_hand and self._is_paths(step):
                outgoing = outgoing[: MOST_PATHS if level < MOST_LEVELS else 0]
            inner = level + 1 if self._is_paths(step) else level
            todo.extend((one.target, above, one, inner) for one in reversed(outgoing))
        beside = [step for step in self._spec.steps if step.id not in seen]
        for step in beside:
            if self._by_hand:
                self._made.manual[step.id] = step.title
        nodes = {str(node["id"]): node for node in self._made.all_nodes}
        if not self._parsed and len(nodes) < 2:
            self._found("", "a Zap does something behind its trigger, and this one doesn't", "add an action")
        if not self._parsed and len(nodes) > MOST_STEPS:
            self._found("", f"needs {len(nodes)} steps; a Zap has at most {MOST_STEPS}", "split it into several Zaps")
        for node in nodes.values():
            node |= {"params": redacted(node["params"]), "meta": redacted(node["meta"])}
        root = self._made.nodes.get(self._spec.trigger.id, {})
        zap: Object = {"id": root.get("id"), "title": without_secrets(self._spec.name), "nodes": {**nodes}}
        self._made.document |= {"metadata": {"version": 2}, "zaps": [zap]}
        return self._made

    # -- steps -----------------------------------------------------------------------------------------------------

    def _step(self, step: AnyStep, parent: str | None, level: int) -> str | None:
        """Writes the step that does the work; gives the step that later ones hang under."""
        self._check(step, level)
        if isinstance(step, StopStep) or (isinstance(step, (RouterStep, IfElseStep)) and not self._is_paths(step)):
            return parent
        starts = step.id == self._spec.trigger.id
        if starts:
            self._root = self._keys[step.id] = self._key(kept(step))
        code = self._calculator(step, kept(step).get("code"))
        values = ZapierValues(step.id, self._tokens(step, code), self._made.findings, code)
        try:
            work = self._work(step, values, code, level)
        except UserError as error:
            self._found(step.id, error.what, error.hint)
            work = self._left(step, values, step.kind.replace("_", " ")) if self._by_hand else {}
            self._taken.setdefault(step.id, ("",) * len(self._ways(step)))
        above = self._code(code, parent, f"Values for {step.title}", self._made.codes, step.id)
        lost = f"{{{{{code.key()}__" if code.open else ""
        self._made.translations += [
            one.model_copy(update={"written": None, "why": f"a person has to say {code.open}"})
            if lost and one.written and lost in one.written
            else one
            for one in values.translations
        ]
        key = self._keys.get(step.id) or self._key(kept(step))
        self._keys[step.id] = key
        label = f"MANUAL: {step.title}" if step.id in self._made.manual else step.label
        node = self._node(key, above, label[:200]) | work
        if starts:
            node |= {"type_of": "read", "paused": True, "title": without_secrets(self._spec.name)}
        if isinstance(step, OperationStep):
            self._needs(step, f"step {key}")
        self._made.nodes[step.id] = node
        return key

    def _work(self, step: AnyStep, values: ZapierValues, code: Calculator, level: int) -> Object:
        """App, action, type and values of a step. Raises `UserError` for what Zapier has no step for."""
        if isinstance(step, (RouterStep, IfElseStep)):
            if self._by_hand and level >= MOST_LEVELS:
                return self._left(step, values, "what the paths of an earlier step have no room for")
            self._choose(step, code)
            return {"selected_api": PATHS, "action": "branch"}
        if isinstance(step, NativeStep):
            if step.platform != "zapier":
                what = f"`{step.module}` is a step of {step.platform}, and what it is on Zapier isn't known"
                self._found(step.id, what, "replace the step that fails by one that does the same", "warning")
                return self._left(step, values, step.module)
            api, _, action = step.module.rpartition("/")
            return {"selected_api": api, "action": action, "params": values.value(step.mapper)}
        if isinstance(step, SleepStep):
            return {"selected_api": DELAY, "action": "delay_for", "params": _delay(step)}
        if isinstance(step, SetVariablesStep):
            texts = {one.name: one.value for one in step.variables}
            return self._works_out(step, f"variables {step.scope}", texts)
        if isinstance(step, IterateStep):
            what, hint = (
                f"is written as a loop, and {loops.UNSEEN}",
                "open the step after the import and check its list",
            )
            self._found(step.id, what, hint, "warning")
            fields = self._graph.used_outputs.get(step.id, frozenset())
            return {**loops.STEP, "params": values.value(loops.write(step, fields))}
        if isinstance(step, (TriggerStep, AppStep)):
            return self._operation(step, values)
        what, hint = of_step(step) or (f"Zapier has no step for `{step.kind}`", "")
        raise CompileError(what, hint=hint)

    def _operation(self, step: TriggerStep | AppStep, values: ZapierValues) -> Object:
        if (step.app, step.operation) == ("schedule", "tick"):
            return self._schedule(step)
        if (step.app, step.operation) == ("tools", "compose"):
            return self._works_out(step, "compose", {"value": step.inputs.get("value")})
        app, operation = registry().app(step.app), registry().operation(step.app, step.operation)
        inputs = operation.with_defaults(step.inputs)
        if webhooks.is_hook(step):
            return {"selected_api": webhooks.API, "action": webhooks.CATCH, "type_of": "read"}
        if webhooks.is_request(step):
            action, params, as_json = webhooks.write(inputs)
            if action != "get":
                hint = "open the step after the import and look whether its data is there"
                self._found(step.id, f"sends a body, and {webhooks.UNSEEN}", hint, "warning")
            data = params.pop("data")
            sent = values.json_text(data) if as_json else values.value(data)
            rest = members(values.value(params))
            return {"selected_api": webhooks.API, "action": action, "params": {**rest, "data": sent}}
        known = operation.zapier
        if known is None:
            said = f"{app.zapier_name or app.name}: {operation.zapier_words or operation.summary}"
            what = f"what exports call *{said}* isn't known, so a step that fails stands in its place"
            hint = "choose the app and the event in Zapier's editor, and its fields by the values of that step"
            self._found(step.id, what, hint, "warning")
            return self._left(step, values, said)
        gaps = operation.zapier_gaps(step.inputs) if not self._parsed else ()
        if gaps:
            what = f"it isn't known which fields of Zapier's take {', '.join(f'`{name}`' for name in gaps)}"
            self._found(step.id, what, "fill them in by hand, as the build sheet says", "warning")
        if operation.kind == "search" and not self._parsed and str(inputs.get("limit", "")) != "1":
            self._found(
                step.id,
                "goes on once for each result, and a search of Zapier goes on once, with the first",
                "ask for one result, or put a loop behind it by hand",
                "warning",
            )
        try:
            params = values.bound(known.params, inputs)
        except CompileError as error:
            if self._parsed:
                raise
            self._found(step.id, f"{error.what}, so a step that fails stands in its place", error.hint, "warning")
            return self._left(step, values, f"{app.zapier_name or app.name}: {operation.zapier_words or known.action}")
        return {
            "selected_api": known.selected_api,
            "action": known.action,
            "type_of": known.type_of,
            "params": params,
        }

    def _schedule(self, step: TriggerStep | AppStep) -> Object:
        """The trigger of a schedule; left open, so that Zapier asks for its times, where no export shows such times."""
        schedule = self._spec.schedule
        try:
            action, params = write_schedule(schedule)
        except CompileError as error:
            if not self._by_hand or schedule is None or schedule.kind not in ("daily", "weekly"):
                raise
            self._found(step.id, error.what, "set its times in Zapier's editor, which asks for them", "warning")
            action, params = (WEEKLY if schedule.kind == "weekly" else DAILY), {}
        return {"selected_api": SCHEDULE, "action": action, "params": params}

    def _left(self, step: AnyStep, values: ZapierValues, what: str) -> Object:
        """A step that a person must build: it holds the values as far as they can be written, and fails."""
        self._made.manual[step.id] = what
        given = {**step.inputs} if isinstance(step, OperationStep) else {}
        original = self._originals.get(step.id) or step.model_dump(
            mode="json", exclude={"residue", "sample", "outputs"}
        )
        comment = json.dumps(redacted(original), ensure_ascii=True)[:LONGEST_ORIGINAL]
        code = f"// {comment}\nthrow new Error({json.dumps(f'Build this step by hand: {what}')});"
        written: Object = {
            name: values.as_text(value) for name, value in given.items() if value not in (None, "", [], {})
        }
        return {"selected_api": CODE, "action": ACTION, "params": {"code": code, "input": written}}

    def _needs(self, step: OperationStep, place: str) -> None:
        """Notes the account or the address that a step needs."""
        app, operation = registry().app(step.app), registry().operation(step.app, step.operation)
        if operation.zapier and app.connection and operation.connection:
            self._made.connections.append(
                NeededConnection(
                    connection=step.connection or "",
                    app=app.app,
                    label=app.connection.label,
                    platform_type=operation.zapier.api,
                    steps=(step.id,),
                    places=(place,),
                )
            )
        if operation.kind == "trigger" and app.app == "webhook":
            what = "give its address to the system that calls it"
            self._made.webhooks.append(NeededWebhook(step=step.id, place=place, what=what))

    # -- Code steps --------------------------------------------------------------------------------------------------

    def _calculator(self, step: AnyStep, own: JsonValue) -> Calculator:
        made: list[str] = []
        stood = bool(own) or "key" in kept(step)  # a Zap had it so, and what it is given is what it was given

        def key() -> str:
            if not made:
                made.append(self._key(members(own)))
            return made[0]

        def is_single(reference: Reference) -> bool:
            target = self._steps.get(reference.step)
            return stood or (target is not None and _is_single(target, reference.path))

        return Calculator(key, self._tokens(step).token, is_single)

    def _code(self, code: Calculator, parent: str | None, label: str, into: dict[str, Object], step: str) -> str | None:
        """Writes the Code step that a calculator has put together, if it has; gives the step to hang under."""
        if code.made.is_empty and not code.open:
            return parent
        key = code.key()
        try:
            params = code.made.params()
        except UserError as error:
            self._found(step, error.what, error.hint)
            code.open = "what the steps behind it take from it"
        if code.open:
            said = json.dumps(f"Say by hand {code.open}.")
            inputs: Object = {**code.made.inputs}
            params = {"code": f"throw new Error({said});", "input": inputs}
        into[step] = self._node(key, parent, label) | {"selected_api": CODE, "action": ACTION, "params": params}
        return key

    def _works_out(self, step: AnyStep, kind: str, texts: Mapping[str, JsonValue]) -> Object:
        """A step of the spec that is a Code step itself."""
        own = self._calculator(step, None)
        made = Calculation(step=kind)
        for name, value in texts.items():
            made.texts[name] = write_template(own.own(parse(value if isinstance(value, str) else _as_text(value))))
        made.inputs = own.made.inputs
        return {"selected_api": CODE, "action": ACTION, "params": made.params()}

    def _choose(self, step: RouterStep | IfElseStep, code: Calculator) -> None:
        """Has a Code step say which ways are taken, where the rules of paths can't."""
        edges = self._ways(step)
        first = isinstance(step, IfElseStep) or step.mode == "first"
        tokens = self._tokens(step)
        apart = (first and len(edges) > 1) or any(edge.fallback for edge in edges)
        if not apart and all(self._is_writable(edge, tokens) for edge in edges):
            return
        ways = Ways(tuple(edge.filter for edge in edges), tuple(edge.fallback for edge in edges), first)
        try:
            self._taken[step.id] = code.ways(ways)
        except UserError as error:
            if not self._by_hand:
                raise
            self._found(step.id, error.what, error.hint)
            code.open = "which of the ways behind it are taken (`yes` or `no` for each)"
            self._taken[step.id] = tuple(f"{code.key()}__way{number}" for number in range(1, len(edges) + 1))

    @staticmethod
    def _is_writable(edge: Edge, tokens: TokenWriter) -> bool:
        try:
            write_filter(edge.filter, tokens)
        except UserError:
            return False
        return True

    # -- filters and paths -----------------------------------------------------------------------------------------

    def _guard(self, step: AnyStep, edge: Edge | None, parent: str | None) -> str | None:
        """Writes the filter on the edge that leads to a step; gives the step that the guarded one hangs under."""
        own = members(kept(step).get("filter"))
        path = edge is not None and edge.kind in ("route", "branch") and self._is_paths(self._steps[edge.source])
        if edge is None or not (path or own or (edge.filter and edge.filter.any_of)):
            return parent
        params: Object = {}
        if path:
            index = self._ways(self._steps[edge.source]).index(edge)
            params = {"emoji": chr(ord("A") + index % 26), "path_eval_index": index}
            params |= {"color": _COLORS[index]} if index < len(_COLORS) else {}
            if edge.source in self._taken:
                params["filter_criteria"] = yes(self._taken[edge.source][index])
        if "filter_criteria" not in params:
            parent = self._rules(step, edge, params, parent, path)
        if path and not params["filter_criteria"] and not own:
            params["isAlwaysRun"] = True
        key = self._key(own)
        node = self._node(key, parent, edge.label or (edge.filter.label if edge.filter else ""))
        node |= {"selected_api": PATHS if path else FILTER, "action": "filter", "type_of": "filter", "params": params}
        self._made.filters[step.id] = node
        return key

    def _rules(self, step: AnyStep, edge: Edge, params: Object, parent: str | None, path: bool) -> str | None:
        """Puts a filter's rules into its values; gives the step that it hangs under."""
        try:
            params["filter_criteria"] = write_filter(edge.filter, self._tokens(step))
        except UserError as error:
            params["filter_criteria"] = []
            if path or edge.filter is None:
                self._found(f"{step.id}.filter", error.what, error.hint)
                return parent
            code = self._calculator(step, kept(step).get("filter_code"))
            try:
                params["filter_criteria"] = yes(code.passes(edge.filter))
            except UserError as other:
                self._found(f"{step.id}.filter", other.what, other.hint)
                if not self._by_hand:
                    return parent
                code.open = "whether the step behind it runs (`yes` or `no` in `passes`)"
                params["filter_criteria"] = yes(f"{code.key()}__passes")
            return self._code(code, parent, f"Whether {step.title} runs", self._made.filter_codes, step.id)
        return parent

    def _ways(self, step: AnyStep) -> list[Edge]:
        """The edges that become paths, in their order."""
        return [edge for edge in self._graph.outgoing(step.id) if edge.kind in ("route", "branch")]

    def _is_paths(self, step: AnyStep) -> bool:
        if not isinstance(step, (RouterStep, IfElseStep)):
            return False
        return "key" in kept(step) or (not kept(step) and len(self._ways(step)) > 1)

    def _check(self, step: AnyStep, level: int) -> None:
        """Finds what Zapier can't do with a step, whatever the step is."""
        if self._parsed:
            return
        outgoing = self._graph.outgoing(step.id)
        if step.on_error and step.on_error.strategy == "retry":
            what = "is tried again when it fails, and no file tells Zapier to"
            self._found(step.id, what, "switch Autoreplay on for this Zap, or replay failed runs by hand", "warning")
        elif step.on_error and step.on_error.strategy != "rollback":
            self._found(step.id, "Zapier has no error handling for one step", "let the run fail, or watch for failures")
        if any(edge.kind == "error" for edge in outgoing):
            self._found(step.id, "Zapier has no error route", "handle failures in a Zap that starts on a failed Zap")
        if step.disabled:
            self._found(step.id, "is switched off, and a step of a Zap can't be", "remove it")
        if len([edge for edge in outgoing if edge.kind == "next"]) > 1:
            starts = step.id == self._spec.trigger.id
            hint = f"put a router there{', or make several Zaps that share the trigger' if starts else ''}"
            self._found(step.id, "several edges leave it, and it is no router", hint)
        for what, hint in self._obstacles(step, level):
            self._found(step.id, what, hint)

    def _obstacles(self, step: AnyStep, level: int) -> Iterator[tuple[str, str]]:
        if isinstance(step, StopStep) and step.outcome == "error":
            yield "Zapier can't end a run with an error of its own", "raise it in a Code step"
        if not isinstance(step, (RouterStep, IfElseStep)):
            return
        routes = self._ways(step)
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

    def _tokens(self, step: AnyStep, code: Calculator | None = None) -> TokenWriter:
        def place(reference: Reference) -> tuple[str, Path]:
            target = self._steps.get(reference.step)
            if target is None:
                raise CompileError(f"there is no step `{reference.step}`", hint="refer to a step of this spec")
            key = self._keys.get(reference.step)
            if key is None or not self._graph.leads_to(reference.step, step.id):
                raise CompileError(
                    f"`{reference.step}` gives nothing to refer to here", hint="refer to a step that runs before"
                )
            if target.id in self._made.manual:
                return key, reference.path or (Field("output"),)
            if webhooks.is_hook(target) or webhooks.is_request(target):
                return key, webhooks.path_on_zapier(target, reference.path)
            output = output_of(target, reference.path)
            if output is not None and output.zapier is None and not self._parsed:
                name = reference.path[0].name if isinstance(reference.path[0], Field) else ""
                what = f"it isn't known what Zapier calls `{name}` of `{target.id}`, so its token only holds the place"
                self._found(step.id, what, "choose that value anew in Zapier's editor", "warning")
                return key, reference.path
            return key, platform_path(target, reference, "zapier")

        return TokenWriter(place, code.text if code else None)

    def _found(self, step: str, what: str, hint: str, severity: Severity = "error") -> None:
        where = f"steps.{step}" if step else "steps"
        what = without_secrets(what)
        self._made.findings.append(Finding(rule="zapier.emit", severity=severity, where=where, what=what, hint=hint))


def _number(key: str | None) -> JsonValue:
    return int(key) if key is not None and key.isdigit() and str(int(key)) == key else key


def _delay(step: SleepStep) -> Object:
    seconds = step.seconds
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 60 or seconds % 6:
        what = "Zapier waits for minutes and tenths of them, at least one minute"
        raise CompileError(what, hint="round it so, or leave the wait out")
    return {"delay_for_value": f"{seconds / 60:g}", "delay_for_unit": "minutes"}


def _is_single(step: AnyStep, path: Path) -> bool:
    """Whether what stands at a path is known to be no list and no object."""
    dotted = ".".join(segment.name for segment in path if isinstance(segment, Field))
    declared = next((one.type for one in step.outputs if one.path == dotted), None)
    output = output_of(step, path) if len(path) == 1 else None
    kind = declared or (output.type if output else None)
    if kind in ("text", "number", "boolean", "date"):
        return True
    value = step.sample
    for segment in path:
        value = value.get(segment.name) if isinstance(segment, Field) and isinstance(value, dict) else None
    return isinstance(value, (str, int, float))


def _as_text(value: JsonValue) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
