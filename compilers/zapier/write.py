"""Canonical spec -> the steps of a Zap, without what was kept of a parsed one.

* A filter is a step of its own before the step that it guards. A router or an if-else is a Paths step, each of its
  ways a path that starts with its rules; one with a single way is only that way's filter.
* What no field, filter or path can say is worked out by a Code step before it (`code`).
* Steps are numbered in the order in which they run; those of a parsed Zap keep their ids.
* What Zapier can't do is found, with one finding for each obstacle: the step, why, and what would make it possible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.errors import CompileError, UserError
from compilers.expressions.tree import Field, Path, Reference
from compilers.graph import SpecGraph
from compilers.paths import output_of, platform_path
from compilers.secrets import without_secrets
from compilers.spec import (
    AnyStep,
    Edge,
    IfElseStep,
    OperationStep,
    RouterStep,
    Spec,
    StopStep,
)
from compilers.zapier import webhooks
from compilers.zapier.code import ACTION, Calculator, Ways
from compilers.zapier.code import API as CODE
from compilers.zapier.conditions import write_filter, yes
from compilers.zapier.obstacles import MOST_LEVELS, MOST_PATHS, MOST_STEPS, is_paths, of_flow, of_retries, ways
from compilers.zapier.redact import redacted
from compilers.zapier.source import FILTER, PATHS
from compilers.zapier.tokens import TokenWriter
from compilers.zapier.values import ZapierValues
from compilers.zapier.work import Work
from compilers.zapier.written import Written, kept, step_node

_COLORS = ("Heroine Blue", "Peru")
"""Colours that exports show for the first two paths; Zapier takes others from there on."""


def write(spec: Spec, *, by_hand: bool = False, originals: Mapping[str, Object] | None = None) -> Written:
    """The Zap of a spec as far as Zapier can express it. Steps whose names on Zapier aren't known are left to a person,
    each in a Code step that fails until it is replaced; with `by_hand` so are all that Zapier can't express, and
    `originals` are what they were elsewhere. Raises `CompileError` for steps that form a cycle."""
    return _Writer(spec, by_hand, originals or {}).written()


class _Writer:
    def __init__(self, spec: Spec, by_hand: bool, originals: Mapping[str, Object]) -> None:
        self._spec, self._graph = spec, SpecGraph(spec)
        self._by_hand = by_hand
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
        self._works = Work(spec, self._graph, self._made, by_hand, originals)
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
                self._made.found(
                    step.id, "several ways lead to it, and paths of Zapier never join", "repeat it on each path"
                )
                continue
            seen.add(identifier)
            above = self._guard(step, edge, parent)
            above = self._step(step, above, level)
            outgoing = [one for one in self._graph.outgoing(identifier) if one.kind != "error"]
            if self._by_hand and is_paths(self._graph, step):
                outgoing = outgoing[: MOST_PATHS if level < MOST_LEVELS else 0]
            inner = level + 1 if is_paths(self._graph, step) else level
            todo.extend((one.target, above, one, inner) for one in reversed(outgoing))
        beside = [step for step in self._spec.steps if step.id not in seen]
        for step in beside:
            if self._by_hand:
                self._made.manual[step.id] = step.title
        nodes = {str(node["id"]): node for node in self._made.all_nodes}
        retries = of_retries(self._spec.nodes)
        if retries and not self._parsed:
            self._made.found("", retries.what, retries.hint, "warning")
        if not self._parsed and len(nodes) < 2:
            self._made.found("", "a Zap does something behind its trigger, and this one doesn't", "add an action")
        if not self._parsed and len(nodes) > MOST_STEPS:
            self._made.found(
                "", f"needs {len(nodes)} steps; a Zap has at most {MOST_STEPS}", "split it into several Zaps"
            )
        for node in nodes.values():
            node |= {"params": redacted(node["params"]), "meta": redacted(node["meta"])}
        root = self._made.nodes.get(self._spec.trigger.id, {})
        zap: Object = {"id": root.get("id"), "title": without_secrets(self._spec.name), "nodes": {**nodes}}
        self._made.document |= {"metadata": {"version": 2}, "zaps": [zap]}
        return self._made

    # -- steps -----------------------------------------------------------------------------------------------------

    def _step(self, step: AnyStep, parent: str | None, level: int) -> str | None:
        """Writes the step that does the work; gives the step that later ones hang under."""
        if not self._parsed:
            for one in of_flow(self._graph, step, level, step.id == self._spec.trigger.id):
                self._made.found(step.id, one.what, one.hint)
        if isinstance(step, StopStep) or (
            isinstance(step, (RouterStep, IfElseStep)) and not is_paths(self._graph, step)
        ):
            return parent
        starts = step.id == self._spec.trigger.id
        if starts:
            self._root = self._keys[step.id] = self._key(kept(step))
        code = self._calculator(step, kept(step).get("code"))
        values = ZapierValues(step.id, self._tokens(step, code), self._made.findings, code)
        try:
            work = self._work(step, values, code, level)
        except UserError as error:
            self._made.found(step.id, error.what, error.hint)
            work = self._works.left(step, values, step.kind.replace("_", " ")) if self._by_hand else {}
            self._taken.setdefault(step.id, ("",) * len(ways(self._graph, step)))
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
        node = step_node(self._root, key, above, label[:200]) | work
        if starts:
            node |= {"type_of": "read", "paused": True, "title": without_secrets(self._spec.name)}
        if isinstance(step, OperationStep):
            self._works.needs(step, f"step {key}")
        self._made.nodes[step.id] = node
        return key

    def _work(self, step: AnyStep, values: ZapierValues, code: Calculator, level: int) -> Object:
        """App, action, type and values of a step. Raises `UserError` for what Zapier has no step for."""
        if isinstance(step, (RouterStep, IfElseStep)):
            if self._by_hand and level >= MOST_LEVELS:
                return self._works.left(step, values, "what the paths of an earlier step have no room for")
            self._choose(step, code)
            return {"selected_api": PATHS, "action": "branch"}
        return self._works.of(step, values, self._calculator(step, None))

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
            self._made.found(step, error.what, error.hint)
            code.open = "what the steps behind it take from it"
        if code.open:
            said = json.dumps(f"Say by hand {code.open}.")
            inputs: Object = {**code.made.inputs}
            params = {"code": f"throw new Error({said});", "input": inputs}
        into[step] = step_node(self._root, key, parent, label) | {
            "selected_api": CODE,
            "action": ACTION,
            "params": params,
        }
        return key

    def _choose(self, step: RouterStep | IfElseStep, code: Calculator) -> None:
        """Has a Code step say which ways are taken, where the rules of paths can't."""
        edges = ways(self._graph, step)
        first = isinstance(step, IfElseStep) or step.mode == "first"
        tokens = self._tokens(step)
        apart = (first and len(edges) > 1) or any(edge.fallback for edge in edges)
        if not apart and all(self._is_writable(edge, tokens) for edge in edges):
            return
        question = Ways(tuple(edge.filter for edge in edges), tuple(edge.fallback for edge in edges), first)
        try:
            self._taken[step.id] = code.ways(question)
        except UserError as error:
            if not self._by_hand:
                raise
            self._made.found(step.id, error.what, error.hint)
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
        path = edge is not None and edge.kind in ("route", "branch") and is_paths(self._graph, self._steps[edge.source])
        if edge is None or not (path or own or (edge.filter and edge.filter.any_of)):
            return parent
        params: Object = {}
        if path:
            index = ways(self._graph, self._steps[edge.source]).index(edge)
            params = {"emoji": chr(ord("A") + index % 26), "path_eval_index": index}
            params |= {"color": _COLORS[index]} if index < len(_COLORS) else {}
            if edge.source in self._taken:
                params["filter_criteria"] = yes(self._taken[edge.source][index])
        if "filter_criteria" not in params:
            parent = self._rules(step, edge, params, parent, path)
        if path and not params["filter_criteria"] and not own:
            params["isAlwaysRun"] = True
        key = self._key(own)
        node = step_node(self._root, key, parent, edge.label or (edge.filter.label if edge.filter else ""))
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
                self._made.found(f"{step.id}.filter", error.what, error.hint)
                return parent
            code = self._calculator(step, kept(step).get("filter_code"))
            try:
                params["filter_criteria"] = yes(code.passes(edge.filter))
            except UserError as other:
                self._made.found(f"{step.id}.filter", other.what, other.hint)
                if not self._by_hand:
                    return parent
                code.open = "whether the step behind it runs (`yes` or `no` in `passes`)"
                params["filter_criteria"] = yes(f"{code.key()}__passes")
            return self._code(code, parent, f"Whether {step.title} runs", self._made.filter_codes, step.id)
        return parent

    # -- parts -----------------------------------------------------------------------------------------------------

    def _key(self, own: Mapping[str, JsonValue]) -> str:
        known = own.get("key")
        if isinstance(known, str):
            return known
        self._last += 1
        return str(self._last)

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
                self._made.found(step.id, what, "choose that value anew in Zapier's editor", "warning")
                return key, reference.path
            return key, platform_path(target, reference, "zapier")

        return TokenWriter(place, code.text if code else None)


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
