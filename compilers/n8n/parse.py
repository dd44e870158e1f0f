"""n8n workflow -> canonical spec, without losing anything: what `emit` makes of the spec is the workflow again.

* Nodes that the registry knows become steps in its neutral terms, those that steer the flow or set fields become the
  spec's own, and the rest native steps that carry their parameters.
* What a node holds beyond what the compiler writes for its step is kept as its residue (`compilers.residue`); what that
  is of wires and of the document, `compilers.n8n.kept` says.
* One trigger starts the spec. Further ones, notes on the canvas, and the models, tools and memories that serve an agent
  are carried whole in the document's residue, and so are wires that lead back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from compilers.documents import Object, items, members
from compilers.errors import Finding, Severity, UserError, shorten
from compilers.graph import SpecGraph
from compilers.n8n import kept
from compilers.n8n.emit import write
from compilers.n8n.read_branches import Row, Way
from compilers.n8n.read_flow import Flow, FlowEdge, FlowReader, kept_wires
from compilers.n8n.read_nodes import Known, NodeReader, bare_output, look_up, path_reader, set_fields, set_reader
from compilers.n8n.read_settings import read_polling, read_schedule, read_settings
from compilers.n8n.read_values import Placed, ReadValues
from compilers.n8n.source import Source, Workflow, WorkflowError, read
from compilers.naming import Names, as_slug
from compilers.operators import OPERATORS
from compilers.registry import fields_of
from compilers.spec import (
    AnyStep,
    Condition,
    Connection,
    Customer,
    Edge,
    Filter,
    IfElseStep,
    NativeStep,
    OperationStep,
    RouterStep,
    Schedule,
    Spec,
    StopStep,
    TriggerStep,
    findings_of,
)

__all__ = ["Parsed", "WorkflowError", "parse"]

SCHEDULED = ("schedule", "tick")
"""The operation of a start by the clock or by hand."""
LONGEST_SAMPLE = 20_000


@dataclass(frozen=True)
class Parsed:
    """The spec of a workflow, and what there is to know about it.

    `workflow` is the document, read; `nodes` is what each step was, `known` what the registry says of it, and `texts`
    the original of each template. `verbatim` is the JavaScript of each step that the spec has no words for, `read`
    counts the other expressions.
    """

    spec: Spec
    findings: tuple[Finding, ...]
    workflow: Workflow
    nodes: Mapping[str, Source]
    known: Mapping[str, Known]
    texts: Mapping[str, str]
    verbatim: Mapping[str, tuple[str, ...]]
    read: int


def parse(document: JsonValue, *, slug: str = "", customer: str = "Unnamed client") -> Parsed:
    """The spec of a workflow: an editor's export, an API's answer, or a list of one. Raises `WorkflowError` for what is
    no workflow. `slug` names the scenario; by default its own name does."""
    try:
        return _Parser(read(document), slug, customer).parsed()
    except ValidationError as error:
        raise WorkflowError("can't be read", where="workflow", findings=findings_of(error)) from None
    except WorkflowError:
        raise
    except UserError as error:
        raise WorkflowError(error.what, where=error.where, hint=error.hint, findings=error.findings) from None


class _Parser:
    def __init__(self, workflow: Workflow, slug: str, customer: str) -> None:
        self._workflow, self._document, self._customer = workflow, workflow.document, customer
        name = self._document.get("name")
        self._name = name if isinstance(name, str) and name.strip() else slug or "Workflow"
        self._slug = as_slug(slug) or as_slug(self._name) or "workflow"
        self._names = Names()
        self._reader = FlowReader(workflow, self._names)
        self._flow: Flow = self._reader.read()
        self._sources = [node for node in workflow.nodes.values() if node.step]
        self._by_step = {source.step: source for source in self._sources}
        self._leading_on = {edge.source for edge in self._flow.edges}
        self._findings: list[Finding] = []
        self._connections: dict[tuple[str, str], Connection] = {}
        trigger = self._flow.trigger
        self._start = trigger.step if trigger else self._names.give("start")

    def parsed(self) -> Parsed:
        """The whole workflow."""
        found = ((source.name, look_up(source)) for source in self._sources)
        self._known = {name: known for name, known in found if known}
        places = {source.name: self._place(source) for source in self._sources}
        self._values = ReadValues(self._reader, self._graph(), places)
        nodes = NodeReader(self._values, self._known, self._findings)
        trigger, schedule = self._trigger(nodes)
        steps = [self._step(source, nodes) for source in self._sources if source.step != trigger.id]
        steps += [self._synthetic(step) for step in self._flow.synthetic]
        spec = Spec(
            slug=self._slug,
            name=self._name[:200],
            customer=Customer(name=self._customer),
            targets=("make", "n8n"),
            trigger=trigger,
            steps=tuple(steps),
            edges=tuple(self._edge(edge) for edge in self._flow.edges),
            connections=tuple(self._connections.values()),
            schedule=schedule,
            settings=read_settings(self._document),
        )
        self._tell()
        return Parsed(
            with_residues(spec, self._workflow, self._flow, self._known),
            tuple(self._findings),
            self._workflow,
            {source.step: source for source in self._sources},
            {self._workflow.nodes[name].step: known for name, known in self._known.items()},
            self._values.originals,
            {step: tuple(pieces) for step, pieces in self._values.verbatim.items()},
            self._values.read,
        )

    def _graph(self) -> SpecGraph:
        """The graph alone, to ask what each step sees."""
        ids = [*(source.step for source in self._sources), *self._flow.synthetic]
        steps = tuple(NativeStep(id=one, platform="n8n", module="") for one in ids if one != self._start)
        edges = tuple(Edge(source=edge.source, target=edge.target, kind=edge.kind) for edge in self._flow.edges)
        trigger = NativeStep(id=self._start, platform="n8n", module="")
        return SpecGraph(
            Spec(
                slug="graph",
                name="graph",
                customer=Customer(name="graph"),
                trigger=trigger,
                steps=steps,
                edges=edges,
            )
        )

    def _place(self, source: Source) -> Placed:
        known = self._known.get(source.name)
        if known:
            return source.step, path_reader(known, bare_output(known, source))
        return source.step, set_reader(source) if set_fields(source) else lambda path: path

    # -- steps -----------------------------------------------------------------------------------------------

    def _common(self, source: Source) -> Object:
        data, step = source.data, source.step
        common: Object = {"id": step, "label": source.name.strip()[:200]}
        if isinstance(data.get("notes"), str):
            common["note"] = str(data["notes"])[:100_000]
        common["disabled"] = data.get("disabled") is True
        rule = self._rule(source)
        if rule:
            common["on_error"] = rule
        sample = self._sample(source)
        if sample is not None:
            common["sample"] = sample
        node: Object = {key: data[key] for key in ("id", "name", "position") if key in data}
        node["label"] = common["label"]
        remembered = {"node": node, **kept_wires(self._flow, step)}
        known = self._known.get(source.name)
        bare = bare_output(known, source) if known else None
        if bare is not None:
            remembered["bare"] = bare
        return {**common, "residue": {"n8n": remembered}}

    def _rule(self, source: Source) -> Object | None:
        data = source.data
        if source.takes_errors:
            return {"strategy": "ignore"}
        if data.get("retryOnFail") is True and not data.get("continueOnFail") and "onError" not in data:
            tries = data.get("maxTries")
            count = tries if isinstance(tries, int) and not isinstance(tries, bool) else 3
            return {"strategy": "retry", "attempts": min(5, max(2, count)) - 1, "interval_minutes": 0}
        return None

    def _sample(self, source: Source) -> JsonValue:
        """The first item of what is pinned to a node."""
        pinned = items(members(self._document.get("pinData")).get(source.name))
        first = members(pinned[0]) if pinned else {}
        sample = first.get("json", first)
        return sample if sample and len(json.dumps(sample)) <= LONGEST_SAMPLE else None

    def _step(self, source: Source, nodes: NodeReader) -> AnyStep:
        common = self._common(source)
        branching = self._flow.branchings.get(source.step)
        if source.does_nothing and not source.takes_errors:
            leads_on = source.step in self._leading_on
            return RouterStep.model_validate(common) if leads_on else StopStep.model_validate(common)
        if branching is None:
            return nodes.step(source, common, self._connection(source), trigger=False)
        if branching.kind == "if_else":
            return IfElseStep.model_validate(common)
        form = {"filter": "filter", "all": "switch"}.get(branching.kind)
        if form:
            members(members(common["residue"])["n8n"])["form"] = form
        return RouterStep.model_validate({**common, "mode": "first" if branching.kind == "first" else "all"})

    def _synthetic(self, step: str) -> AnyStep:
        fields: Object = {"id": step, "residue": {"n8n": {**kept_wires(self._flow, step)}}}
        if self._flow.synthetic[step] == "stop":
            return StopStep.model_validate(fields)
        return RouterStep.model_validate(fields)

    def _trigger(self, nodes: NodeReader) -> tuple[TriggerStep | NativeStep, Schedule | None]:
        app, operation = SCHEDULED
        source = self._flow.trigger
        if source is None:
            kept_start: dict[str, JsonValue] = {"synthetic": "start"}
            start = TriggerStep(id=self._start, app=app, operation=operation, residue={"n8n": kept_start})
            return start, Schedule(kind="on_demand")
        common = self._common(source)
        timed: Object = {**common, "app": app, "operation": operation}
        if source.type == "n8n-nodes-base.manualTrigger":
            members(members(common["residue"])["n8n"])["form"] = "manual"
            return TriggerStep.model_validate(timed), Schedule(kind="on_demand")
        schedule = read_schedule(source)
        if schedule:
            return TriggerStep.model_validate(timed), schedule
        if self._known.get(source.name) and source.type == "n8n-nodes-base.scheduleTrigger":
            del self._known[source.name]
        step = nodes.step(source, common, self._connection(source), trigger=True)
        if not isinstance(step, (TriggerStep, NativeStep)):
            raise WorkflowError("is no trigger", where=source.where)
        polls = isinstance(step, TriggerStep) and "pollTimes" in source.parameters
        return step, read_polling(source) if polls else None

    def _connection(self, source: Source) -> str | None:
        """The account of a node, one entry for each account of an app."""
        known = self._known.get(source.name)
        wanted = known.app.connection if known else None
        if known is None or wanted is None or wanted.n8n is None or not known.operation.connection:
            return None
        given = members(source.data.get("credentials"))
        account = members(next(iter(given.values()), None))
        name = account.get("name")
        label = name[:200] if isinstance(name, str) and name else wanted.label
        key = (known.app.app, f"{account.get('id')} {label}")
        if key not in self._connections:
            others = sum(app == known.app.app for app, _ in self._connections)
            identifier = f"{known.app.app[:32]}{f'_{others + 1}' if others else ''}"
            self._connections[key] = Connection(id=identifier, app=known.app.app, label=label)
        return self._connections[key].id

    # -- edges -----------------------------------------------------------------------------------------------

    def _edge(self, edge: FlowEdge) -> Edge:
        way = edge.way
        source = self._by_step.get(edge.source)
        if way is None or source is None:
            return Edge(source=edge.source, target=edge.target, kind=edge.kind)
        condition = None if way.fallback else self._filter(way, source)
        return Edge(
            source=edge.source,
            target=edge.target,
            kind=edge.kind,
            filter=condition,
            fallback=way.fallback,
            label=way.label,
        )

    def _filter(self, way: Way, source: Source) -> Filter:
        groups = (tuple(self._condition(row, source) for row in group) for group in way.groups)
        return Filter(any_of=tuple(groups))

    def _condition(self, row: Row, source: Source) -> Condition:
        left, right = self._values.value(row.left, source), self._values.value(row.right, source)
        if OPERATORS[row.operator].operand == "number" and isinstance(right, str) and right.strip().isdecimal():
            right = int(right)
        return Condition(left=left, operator=row.operator, right=right, ignore_case=row.ignore_case)

    # -- what there is to know -------------------------------------------------------------------------------

    def _tell(self) -> None:
        others = self._reader.others
        for node in others:
            what = "is a further trigger: it is carried with the workflow, and starts nothing on another platform"
            self._note("warning", node.where, what, "make a scenario of its own for it")
        for wire in self._flow.loops:
            what = f"the wire from `{shorten(wire.source, 60)}` leads back: the loop is carried as it is"
            self._note("warning", self._workflow.nodes[wire.target].where, what, "another platform needs an iteration")
        for name, served in self._workflow.serves.items():
            node = self._workflow.nodes[name]
            what = f"serves `{shorten(served, 60)}`, and is carried with it"
            self._note("info", node.where, what)
        notes = sum(node.is_note for node in self._workflow.nodes.values())
        if notes:
            self._note("info", "nodes", f"{notes} notes on the canvas are carried with the workflow")
        for step, pieces in self._values.verbatim.items():
            what = f"JavaScript is carried word for word: `{shorten(pieces[0], 80)}`"
            more = f", and {len(pieces) - 1} more" if len(pieces) > 1 else ""
            self._note("info", f"steps.{step}", what + more, "another platform needs it said otherwise")

    def _note(self, severity: Severity, where: str, what: str, hint: str = "") -> None:
        finding = Finding(rule="n8n.parse", severity=severity, where=where, what=what, hint=hint)
        if finding not in self._findings:
            self._findings.append(finding)


def stays_whole(step: AnyStep, written: Object, source: Source, known: Known | None) -> bool:
    """Whether a node's parameters are changed together or not at all: those of a construct of the spec's own, and those
    of an operation whose inputs n8n has under other names than the compiler gives them."""
    if isinstance(step, NativeStep):
        return False
    if known is None or not isinstance(step, OperationStep):
        return True
    return bool(fields_of(known.form.ways) & (members(written.get("parameters")).keys() ^ source.parameters.keys()))


def with_residues(spec: Spec, workflow: Workflow, flow: Flow, known: Mapping[str, Known]) -> Spec:
    """The spec with all that its steps' nodes, and the document, hold beyond what the compiler writes."""
    document = workflow.document
    sources = {node.step: node for node in workflow.nodes.values() if node.step}
    loops: list[JsonValue] = [
        {"source": wire.source, "output": wire.output, "target": wire.target, "index": wire.index}
        for wire in flow.loops
    ]
    beside: list[JsonValue] = [node.data for node in workflow.nodes.values() if not node.step]
    listed: list[JsonValue] = [*workflow.nodes]
    serves: dict[str, JsonValue] = {
        name: workflow.nodes[served].step or served for name, served in workflow.serves.items()
    }
    root: Object = {"nodes": listed, "beside": beside, "serves": serves, "loops": loops}
    spec = spec.model_copy(update={"residue": {"n8n": root}})
    written = write(spec)

    def with_its(step: AnyStep) -> AnyStep:
        source, node = sources.get(step.id), written.nodes.get(step.id)
        if source is None or node is None:
            return step
        whole = stays_whole(step, node, source, known.get(source.name))
        found = {**kept.of(step), **kept.node_residue(node, source.data, whole)}
        return step.model_copy(update={"residue": {"n8n": found}})

    root |= kept.document_residue(written.document, document)
    steps = tuple(with_its(step) for step in spec.steps)
    return spec.model_copy(update={"trigger": with_its(spec.trigger), "steps": steps, "residue": {"n8n": root}})
