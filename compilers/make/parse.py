"""Make blueprint -> canonical spec, without losing anything: what `emit` makes of the spec is the blueprint again.

* Modules that the registry knows become steps in its neutral terms, the rest native steps that carry the module whole.
* What a module holds beyond what the compiler writes for its step is kept as its residue (`compilers.residue`),
  and so is what the document holds.
* A scenario whose first module is no trigger starts on a schedule, which in Make is no module.
* Routes and branches are edges in their order; a filter stands on the edge to the module that carries it; an error
  handler is an error edge. The directive that ends a handler is the failed step's `on_error`.
* Modules that nothing leads to (`designer.orphans`) are steps without an edge to them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue, ValidationError

from compilers.documents import Object, items, members
from compilers.errors import Finding, SpecError, shorten
from compilers.make.known import ACCOUNTS, Known, look_up, path_reader, starts
from compilers.make.read_modules import ModuleReader, is_structural
from compilers.make.read_settings import read_schedule, read_settings
from compilers.make.read_values import ReadValues
from compilers.make.residues import with_residues
from compilers.make.source import (
    DIRECTIVES,
    IF_ELSE,
    MERGE,
    ROUTER,
    BlueprintError,
    Branch,
    Source,
    SourceReader,
)
from compilers.naming import Names, as_slug
from compilers.operators import from_make
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    Condition,
    Connection,
    Customer,
    Edge,
    Filter,
    MergeOutput,
    MergeStep,
    OnError,
    Spec,
    StopStep,
    TriggerStep,
    findings_of,
)

SCHEDULED = ("schedule", "tick")
"""The operation that starts a scenario without a trigger."""
NEVER = Condition(left="{{ false }}", operator="boolean:equals", right=True)
"""What a condition comes to whose operator Make doesn't know: it never holds (facts 1.8)."""


@dataclass(frozen=True)
class Parsed:
    """The spec of a blueprint, and what there is to know about it.

    `broken` are the expressions that Make itself can't read, each with what is wrong. `modules` is what each step was,
    `known` what the registry says of that, `directives` the module that ended the error handler of a step, and `texts`
    the original of each template.
    """

    spec: Spec
    findings: tuple[Finding, ...]
    broken: Mapping[str, str]
    modules: Mapping[str, Source]
    known: Mapping[str, Known]
    directives: Mapping[str, Source]
    texts: Mapping[str, str]


def unwrap(document: JsonValue) -> Object:
    """The blueprint inside what exports and API answers put around it. Raises `BlueprintError`."""
    inner = document
    for _ in range(6):
        if not isinstance(inner, dict) or "flow" in inner:
            break
        inner = next((inner[key] for key in ("blueprint", "response") if isinstance(inner.get(key), dict)), None)
    if not isinstance(inner, dict) or not isinstance(inner.get("flow"), list):
        raise BlueprintError(
            "is no Make blueprint: it has no `flow`", hint="export it in Make's editor: menu, *Export Blueprint*"
        )
    return inner


LookUp = Callable[[Source, bool], Known]
"""What is known of a module, given whether an aggregator collects its bundles."""


def parse(
    document: JsonValue,
    *,
    slug: str = "",
    customer: str = "Unnamed client",
    timezone: str = "UTC",
    known: LookUp = look_up,
) -> Parsed:
    """The spec of a blueprint in any of its wrappings. Raises `BlueprintError` for what is no blueprint.

    `slug` names the scenario (by default its own name does), and `timezone` is the organisation's, which no blueprint
    holds. `known` says what there is to know of a module; one of which it knows nothing becomes a native step.
    """
    return _Parser(unwrap(document), slug, customer, timezone, known).parsed()


class _Parser:
    def __init__(self, document: Object, slug: str, customer: str, timezone: str, known: LookUp) -> None:
        self._document, self._customer, self._timezone = document, customer, timezone
        name = document.get("name")
        self._name = name if isinstance(name, str) and name.strip() else slug or "Scenario"
        self._slug = as_slug(slug) or as_slug(self._name) or "scenario"
        reader = SourceReader()
        self._flow = reader.flow(document.get("flow"), "flow")
        designer = members(members(document.get("metadata")).get("designer"))
        self._orphans = [
            reader.flow(flow, f"metadata.designer.orphans[{index}]")
            for index, flow in enumerate(items(designer.get("orphans")))
        ]
        self._findings = reader.findings
        feeders = {str(source.parameters.get("feeder")) for source in reader.modules.values()}
        self._known = {source.id: known(source, source.id in feeders) for source in reader.modules.values()}
        self._edges: list[Edge] = []
        self._steps: dict[str, AnyStep] = {}
        self._rules: dict[str, OnError] = {}
        self._directives: dict[str, Source] = {}
        self._ended: set[str] = set()
        self._joins: dict[str, list[str | None]] = {}
        self._connections: dict[tuple[str, str], Connection] = {}
        self._names = Names()

    def parsed(self) -> Parsed:
        """The whole scenario."""
        self._name_steps()
        there = {number: known for number, known in self._known.items() if known.source.step}
        self._values = ReadValues({number: (known.source.step, path_reader(known)) for number, known in there.items()})
        steps = {number: known.source.step for number, known in there.items()}
        self._reader = ModuleReader(self._values, steps, self._findings)
        trigger = self._trigger()
        try:
            spec = self._spec(trigger)
        except ValidationError as error:
            raise SpecError("can't be read", where=shorten(self._name), findings=findings_of(error)) from None
        for text, what in self._values.broken.items():
            self._note("expressions", f"Make can't read `{shorten(text, 80)}`: {what}", "mend it in Make's editor")
        for number in self._values.missing:
            self._note("expressions", f"module {number} isn't there, so that Make gives nothing for it")
        spec = with_residues(spec, self._document, self._known, self._directives)
        modules = {known.source.step: known.source for known in self._known.values() if known.source.step}
        registered = {known.source.step: known for known in self._known.values() if known.source.step}
        directives = {self._known[failed].source.step: source for failed, source in self._directives.items()}
        return Parsed(
            spec, tuple(self._findings), self._values.broken, modules, registered, directives, self._values.originals
        )

    # -- names -----------------------------------------------------------------------------------------------------

    def _name_steps(self) -> None:
        """An id for every module but the directives that end a handler, which are no steps."""
        for known in self._known.values():
            for source in (known.source, *(known.source.handler[-1:])):
                if source is not known.source and self._ends_handler(source, known.source):
                    self._directives[known.source.id] = source
                    self._ended.add(source.id)
        for known in self._known.values():
            source = known.source
            if source.id not in self._ended:
                app, _, module = source.name.partition(":")
                said = f"{known.app.app} {known.name}" if known.app else f"{app} {module}"
                source.step = self._names.give(source.label, said)

    @staticmethod
    def _ends_handler(source: Source, failed: Source) -> bool:
        conditions = members(source.data.get("filter")).get("conditions")
        return source.name in DIRECTIVES and not items(conditions) and not source.handler and failed.name != ROUTER

    # -- flows -----------------------------------------------------------------------------------------------------

    def _trigger(self) -> AnyStep:
        """The step that starts the scenario, and all that follow it."""
        flow = self._flow
        if flow and not is_structural(flow[0]) and starts(self._known[flow[0].id]):
            trigger = self._reader.step(self._known[flow[0].id], self._connection(flow[0]), trigger=True)
            flow = flow[1:]
            self._handler(self._flow[0])
        else:
            app, operation = SCHEDULED
            trigger = TriggerStep(id=self._names.give("start"), app=app, operation=operation)
        self._chain(flow, trigger.id)
        for orphans in self._orphans:
            self._chain(orphans, None)
        return trigger

    def _chain(
        self, flow: Sequence[Source], above: str | None, kind: str = "next", told: Object | None = None
    ) -> str | None:
        """The steps and edges of a flow behind the step `above`; `kind` and `told` are of the edge that leads into it.
        Gives the step by which bundles leave the flow, if they do."""
        last = above
        for index, source in enumerate(flow):
            if source.id in self._ended:
                continue
            if last is None and index:
                self._note(source.where, "stands behind a module that ends its flow, so it never runs")
            self._steps[source.step] = self._step(source)
            if last is not None and source.step not in self._joins:
                self._edge(last, source, kind, told)
            kind, told = "next", None
            self._handler(source)
            last = self._behind(source, flow[index + 1] if index + 1 < len(flow) else None)
        return last

    def _step(self, source: Source) -> AnyStep:
        step = self._reader.step(self._known[source.id], self._connection(source), trigger=False)
        ends = self._joins.get(source.step, ())
        if not isinstance(step, MergeStep):
            return step
        fields: list[MergeOutput] = []
        for output in items(source.data.get("outputs")):
            name, mappings = members(output).get("name"), items(members(output).get("mappings"))
            if isinstance(name, str) and name:
                given = zip(ends, mappings, strict=False)
                values = {end: self._values.value(value) for end, value in given if end is not None}
                fields.append(MergeOutput(name=name[:200], values=values))
        return step.model_copy(update={"fields": tuple(fields)})

    def _edge(self, above: str, source: Source, kind: str, told: Object | None) -> None:
        if told is None:
            found = self._filter(members(source.data.get("filter")))
            told = {"filter": found.model_dump(mode="json") if found else None}
        self._edges.append(Edge.model_validate({"source": above, "target": source.step, "kind": kind, **told}))

    def _behind(self, source: Source, following: Source | None) -> str | None:
        """The flows that a module splits into; gives the step by which bundles go on in its own flow, if they do."""
        if source.name == ROUTER:
            otherwise = source.parameters.get("else")
            for index, branch in enumerate(source.routes):
                first = next((one for one in branch.flow if one.id not in self._ended), None)
                condition = self._filter(members(first.data.get("filter"))) if first else None
                fallback = isinstance(otherwise, int) and not isinstance(otherwise, bool) and otherwise == index
                told: Object = {"fallback": fallback, "disabled": branch.data.get("disabled") is True}
                self._branch(source, branch, "route", told, condition)
            return None
        if source.name != IF_ELSE:
            return source.step
        merge = following if following and following.name == MERGE else None
        joined = [branch.data.get("merge") is True for branch in source.routes] if merge else []
        if merge and any(joined):
            self._joins[merge.step] = []
        for index, branch in enumerate(source.routes):
            label = branch.data.get("label")
            told = {
                "fallback": branch.data.get("type") == "else",
                "label": label[:200] if isinstance(label, str) else "",
            }
            condition = self._filter({"conditions": branch.data.get("conditions")})
            joins = merge if joined and joined[index] else None
            end = self._branch(source, branch, "branch", told, condition, joins)
            if joins:
                self._joins[joins.step].append(end)
                if end not in (None, source.step):
                    self._edges.append(Edge.model_validate({"source": end, "target": joins.step}))
        return source.step if any(joined) else None

    def _branch(
        self,
        source: Source,
        branch: Branch,
        kind: str,
        told: Object,
        condition: Filter | None,
        merge: Source | None = None,
    ) -> str | None:
        """One route or branch; gives the step that it ends with, if bundles leave it there."""
        told = {**told, "filter": condition.model_dump(mode="json") if condition else None}
        flow = [one for one in branch.flow if one.id not in self._ended]
        if flow:
            return self._chain(flow, source.step, kind, told)
        target = merge.step if merge else self._nothing(source)
        self._edges.append(Edge.model_validate({"source": source.step, "target": target, "kind": kind, **told}))
        return source.step if merge else None

    def _nothing(self, source: Source) -> str:
        """The end of a route without modules."""
        name = self._names.give(f"{source.step[:28]} nothing")
        self._steps[name] = StopStep.model_validate({"id": name, "residue": {"make": {"empty": True}}})
        return name

    def _handler(self, source: Source) -> None:
        directive = self._directives.get(source.id)
        if directive:
            self._rules[source.step] = self._reader.rule(directive)
        self._chain([one for one in source.handler if one.id not in self._ended], source.step, "error")

    # -- what stands beside ------------------------------------------------------------------------------------------

    def _filter(self, given: Object) -> Filter | None:
        groups: list[tuple[Condition, ...]] = []
        listed = items(given.get("conditions"))
        for group in listed:
            rows = [self._condition(members(row)) for row in items(group)]
            if rows:
                groups.append(tuple(rows))
        name = given.get("name")
        label = name[:200] if isinstance(name, str) else ""
        return Filter(label=label, any_of=tuple(groups)) if label or groups else None

    def _condition(self, row: Object) -> Condition:
        spelling = row.get("o")
        if not spelling:
            spelling = "exist" if "b" not in row or row.get("b") in (None, "") else "text:equal"
        known = from_make(spelling) if isinstance(spelling, str) else None
        if known is None:
            self._note(
                "filters", f"Make has no operator `{shorten(str(spelling), 40)}`, so that its condition never holds"
            )
            return NEVER
        name, ignores_case = known
        right = self._values.value(row.get("b")) if name not in ("exists", "not_exists") else None
        return Condition(left=self._values.value(row.get("a")), operator=name, right=right, ignore_case=ignores_case)

    def _connection(self, source: Source) -> str | None:
        """The account of a module, one entry for each account of an app."""
        known = self._known[source.id]
        wanted = known.app.connection.make if known.app and known.app.connection else None
        if not known.app or not wanted or not known.operation or not known.operation.connection:
            return None
        restored = members(members(members(source.data.get("metadata")).get("restore")).get("parameters"))
        parameter = next(
            (name for name in (wanted.parameter, *ACCOUNTS) if name in source.parameters), wanted.parameter
        )
        label = members(restored.get(parameter)).get("label")
        number = str(source.parameters.get(parameter) or "")
        key = (known.app.app, number)
        if key not in self._connections:
            others = sum(app == known.app.app for app, _ in self._connections)
            name = f"{known.app.app[:32]}{f'_{others + 1}' if others else ''}"
            shown = (
                label[:200] if isinstance(label, str) else known.app.connection.label if known.app.connection else ""
            )
            self._connections[key] = Connection(id=name, app=known.app.app, label=shown)
        return self._connections[key].id

    def _spec(self, trigger: AnyStep) -> Spec:
        document = self._document
        scheduled = isinstance(trigger, TriggerStep) and not is_instant(trigger)
        steps = [self._finished(step) for step in self._steps.values()]
        order = {known.source.step: index for index, known in enumerate(self._known.values())}
        steps.sort(key=lambda step: order.get(step.id, len(order)))
        fields: dict[str, object] = {
            "slug": self._slug,
            "name": self._name[:200],
            "customer": Customer(name=self._customer),
            "targets": ("n8n",),
            "trigger": self._finished(trigger),
            "steps": tuple(step for step in steps if step.id != trigger.id),
            "edges": tuple(self._edges),
            "connections": tuple(self._connections.values()),
            "schedule": read_schedule(document.get("scheduling")) if scheduled else None,
            "settings": read_settings(document, self._timezone),
        }
        return Spec.model_validate(fields)

    def _finished(self, step: AnyStep) -> AnyStep:
        update: dict[str, object] = {}
        if step.id in self._rules:
            update["on_error"] = self._rules[step.id]
        note = self._notes.get(step.id)
        if note:
            update["note"] = note
        return step.model_copy(update=update) if update else step

    @cached_property
    def _notes(self) -> dict[str, str]:
        """The notes that were pinned to modules, as plain text."""
        found: dict[str, list[str]] = {}
        for note in items(members(self._document.get("metadata")).get("notes")):
            content = members(note).get("content")
            if isinstance(content, str):
                text = html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<(?:br|/p|/li)[^>]*>", "\n", content)))
                lines = [" ".join(line.split()) for line in text.splitlines()]
                for number in items(members(note).get("moduleIds")):
                    known = self._known.get(str(number))
                    if known:
                        found.setdefault(known.source.step, []).append("\n".join(filter(None, lines)))
        return {step: "\n".join(texts)[:20_000] for step, texts in found.items()}

    def _note(self, where: str, what: str, hint: str = "") -> None:
        finding = Finding(rule="make.parse", severity="warning", where=where, what=what, hint=hint)
        if finding not in self._findings:
            self._findings.append(finding)


def is_instant(trigger: AnyStep) -> bool:
    """Whether an event starts the scenario, so that it has no schedule."""
    operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, TriggerStep) else None
    return operation is not None and operation.instant
