"""Canonical spec -> n8n workflow, as n8n's API and editor import it.

* Steps become nodes in topological order, wired by explicit connections; an edge's filter is a Filter node.
* A router that runs every matching route is a Filter node for each route; one that runs the first is an IF or a Switch.
* Where the order of bundles matters, a Loop Over Items sends them on one by one (`compilers.n8n.order`, `loops`).
* An iteration is a Set node that makes the list and a Split Out node. The list item also marks the operation, so that
  an aggregate (a Merge and a Code node) emits once for each operation of its source, even when nothing came through.
* A step that handles errors has n8n's error output, wired to its handler. After `resume` the substitute and the normal
  output meet in one node, to which later references point.
* n8n retries within the execution, at most five times and five seconds apart; the export says so.
* What n8n can't express stops the export with one finding for each obstacle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from compilers.errors import CompileError, UserError
from compilers.export import Export, by_account
from compilers.expressions.javascript import js_string
from compilers.expressions.tree import Field
from compilers.graph import SpecGraph
from compilers.n8n import kept, loops
from compilers.n8n.apps import manual
from compilers.n8n.branches import edge_filter, error_choice
from compilers.n8n.canvas import Canvas, Node, Port
from compilers.n8n.steps import add_nodes
from compilers.n8n.values import expression
from compilers.n8n.workshop import Fragment, Workshop
from compilers.paths import output_of, substituted
from compilers.registry import registry
from compilers.spec import AnyStep, DirectiveStep, Edge, MergeStep, OnError, OperationStep, Spec

MOST_TRIES, LONGEST_WAIT = 5, 5000
"""n8n tries a node at most five times and waits at most 5,000 milliseconds in between."""


def emit(
    spec: Spec, *, by_hand: bool = False, originals: Mapping[str, Mapping[str, JsonValue]] | None = None
) -> Export:
    """The workflow of a spec. Raises `CompileError` with one finding for each thing that n8n can't express.

    With `by_hand`, as for a migration, what n8n can't express is left to a person instead: the step becomes a disabled
    node that holds the original (by step in `originals`, else as the spec has it), a value that can't be written is
    left empty, and a warning says so.
    """
    return _Emitter(spec, by_hand, originals or {}).export()


@dataclass(frozen=True)
class Written:
    """A workflow as the compiler writes it, without what was kept of a parsed one; `nodes` are the main nodes of its
    steps."""

    document: dict[str, JsonValue]
    nodes: dict[str, Node]


def write(spec: Spec) -> Written:
    """The workflow of a spec as far as n8n can express it."""
    return _Emitter(spec, False, {}).written()


class _Emitter:
    def __init__(self, spec: Spec, by_hand: bool, originals: Mapping[str, Mapping[str, JsonValue]]) -> None:
        self._spec, self._by_hand = spec, by_hand
        canvas = Canvas(spec.slug, kept.names(spec))
        self._shop = Workshop(spec, SpecGraph(spec), canvas, by_hand=by_hand, originals=originals)
        cycle = self._shop.graph.cycle()
        if cycle:
            raise CompileError(f"the steps form a cycle: {' -> '.join(cycle)}", where="edges")
        self._fragments: dict[str, Fragment] = {}
        self._error_ports: dict[str, Port] = {}
        self._joints: dict[str, str] = {}
        self._substitutes: dict[str, int] = {}
        self._nodes_of: dict[str, tuple[str, ...]] = {}
        self._ends: dict[str, str] = {}

    def written(self) -> Written:
        """The document, and its nodes by their steps."""
        self._build()
        nodes = {step: fragment.main for step, fragment in self._fragments.items()}
        canvas = self._shop.canvas.nodes
        return Written(self._document(), {step: canvas[name] for step, name in nodes.items() if name in canvas})

    def _build(self) -> None:
        for step in self._shop.graph.topological():
            before = len(self._shop.canvas.nodes)
            self._step(step)
            self._nodes_of[step.id] = tuple(list(self._shop.canvas.nodes)[before:])
        self._end_handlers()
        self._own_ends()
        loops.close(self._shop)
        kept.close_loops(self._shop)

    def _own_ends(self) -> None:
        """The nodes that end an error's way belong to the step that failed."""
        for step, names in self._nodes_of.items():
            self._nodes_of[step] = tuple(name for name in names if name not in self._ends)
        for name, step in self._ends.items():
            self._nodes_of[step] = (*self._nodes_of[step], name)

    def export(self) -> Export:
        self._build()
        for step in self._shop.graph.unreachable():
            self._shop.note("warning", step, "no edge leads here, so it never runs", "connect or remove it")
        findings = self._shop.findings
        errors = [finding for finding in findings if finding.severity == "error"]
        if self._by_hand:
            mild = {"severity": "warning"}
            findings = [one.model_copy(update=mild) if one.severity == "error" else one for one in findings]
        elif errors:
            raise CompileError("n8n can't express this spec", where=self._spec.slug, findings=errors)
        document = self._document()
        kept.restore(self._spec, document, self._shop.canvas.nodes, self._fragments)
        return Export(
            platform="n8n",
            document=document,
            connections=by_account(self._shop.connections),
            webhooks=tuple(self._shop.webhooks),
            findings=tuple(findings),
            places=self._nodes_of,
            results=dict(self._shop.results),
            mains={step: fragment.main for step, fragment in self._fragments.items() if fragment.main},
            translations=tuple(self._shop.translations),
            manual=tuple(step.id for step in self._spec.nodes if step.id in self._shop.manual),
        )

    def _document(self) -> dict[str, JsonValue]:
        document: dict[str, JsonValue] = {
            "name": self._spec.name[:128],
            "nodes": self._shop.canvas.placed(),
            "connections": self._shop.canvas.connections(),
            "settings": {"executionOrder": "v1", "timezone": self._spec.settings.timezone},
        }
        sample = self._spec.trigger.sample
        if isinstance(sample, dict) and self._keeps_names(self._spec.trigger, sample):
            document["pinData"] = {self._shop.results[self._spec.trigger.id]: [{"json": sample}]}
        return document

    @staticmethod
    def _keeps_names(step: AnyStep, sample: dict[str, JsonValue]) -> bool:
        outputs = [output_of(step, (Field(name),)) for name in sample]
        return all(output is None or output.n8n is None for output in outputs)

    # -- steps -------------------------------------------------------------------------------------------------

    def _step(self, step: AnyStep) -> None:
        edges = self._shop.graph.incoming(step.id)
        ports = [(edge, self._ports(edge)) for edge in edges]
        passing = kept.passing(self._shop, step, [port for _, sources in ports for port in sources])
        if passing:
            self._fragments[step.id] = passing
            return
        try:
            fragment = kept.nodes_of(self._shop, step) or add_nodes(self._shop, step)
        except UserError as error:
            self._shop.note("error", step, error.what, error.hint)
            fragment = manual(self._shop, step, "build it by hand")
        self._describe(step, fragment)
        for edge, sources in ports:
            self._enter(step, edge, sources, fragment)
        guarded = kept.guarded(self._shop, step, fragment)
        if guarded:
            self._error_ports[step.id] = guarded
        else:
            fragment = self._guard(step, fragment)
        if step.id in self._shop.one_by_one and fragment.exits and not kept.of(step):
            fragment = loops.one_by_one(self._shop, step, fragment)
        self._fragments[step.id] = fragment
        self._shop.results[step.id] = self._fragments[step.id].result

    def _describe(self, step: AnyStep, fragment: Fragment) -> None:
        node = self._shop.canvas.nodes[fragment.main]
        if step.note:
            node["notes"] = f"{step.note}\n\n{node['notes']}" if "notes" in node else step.note
        if step.disabled:
            node["disabled"] = True

    def _ports(self, edge: Edge) -> tuple[Port, ...]:
        """The outputs that an edge starts from."""
        if (edge.disabled and edge.kind != "route") or edge.source not in self._fragments:
            return ()
        fragment = self._fragments[edge.source]
        if fragment.ways:
            return fragment.ways.get(edge.target, ())
        if edge.kind == "error":
            port = self._error_ports.get(edge.source)
            return (port,) if port else ()
        if edge.kind in ("route", "branch"):
            port = fragment.branches.get(edge.target)
            return (port,) if port else ()
        return fragment.exits if edge.kind == "next" else ()

    def _enter(self, step: AnyStep, edge: Edge, sources: Sequence[Port], fragment: Fragment) -> None:
        target, index = fragment.entry, kept.entry_input(step, edge.source, fragment.entry_input)
        if isinstance(step, MergeStep) and self._shop.is_collected(step):
            index = self._shop.graph.incoming(step.id).index(edge)
        if isinstance(step, MergeStep) and step.fields:
            target, index = self._branch_fields(step, edge, target, index), 0
        elif edge.filter and edge.filter.any_of and edge.kind == "error":
            name = error_choice(self._shop, edge, edge.filter)
            self._shop.canvas.connect(Port(name), target, index)
            target, index = name, 0
            failed = self._shop.graph.step(edge.source)
            end = self._end_of_error(failed, OnError(strategy="rollback"))
            self._shop.canvas.connect(Port(name, 1), end)
        elif edge.filter and edge.filter.any_of and edge.kind == "next":
            name = edge_filter(self._shop, edge, edge.filter)
            self._shop.canvas.connect(Port(name), target, index)
            target, index = name, 0
        for port in sources:
            self._shop.canvas.connect(port, target, index)

    def _branch_fields(self, step: MergeStep, edge: Edge, target: str, index: int) -> str:
        fields = {field.name: field.values.get(edge.source) for field in step.fields}
        source = self._shop.graph.step(edge.source)
        values = self._shop.values(source).at("fields")
        name = self._shop.set_node(
            step, f"{step.title}: from {source.title}", fields, values, "fields", key=edge.source
        )
        self._shop.canvas.connect(Port(name), target, index)
        return name

    # -- errors ------------------------------------------------------------------------------------------------

    def _guard(self, step: AnyStep, fragment: Fragment) -> Fragment:
        """The fragment with the node settings, the error output and the joint that its error handling needs."""
        handled = self._shop.graph.handler(step.id) is not None
        rule = step.on_error or (OnError(strategy="ignore") if handled else None)
        if rule is None or (rule.strategy == "rollback" and not handled):
            return fragment
        node = self._shop.canvas.nodes[fragment.main]
        if rule.strategy == "retry":
            self._retry(step, rule, node)
            if not handled:
                return fragment
        node["onError"] = "continueErrorOutput"
        error = Port(fragment.main, 1)
        if handled or rule.strategy == "resume":
            error = self._error_node(step, fragment)
        if rule.strategy == "resume" or self._resumes(step):
            fragment = self._joint(step, fragment)
        if handled:
            self._error_ports[step.id] = error
        else:
            self._shop.canvas.connect(error, self._end_of_error(step, rule))
        if rule.strategy == "commit":
            self._shop.note("info", step, "after an error the bundles that follow still run on n8n, on Make they don't")
        if rule.strategy == "rollback":
            self._shop.note("info", step, "n8n can't undo what ran before: its handler runs, then the execution fails")
        return fragment

    def _error_node(self, step: AnyStep, fragment: Fragment) -> Port:
        """A node behind the error output that holds the error in one shape; expressions can't read the failed node."""
        fields = 'message: e?.message ?? String(e), type: e?.name ?? "Error", status: e?.httpCode ?? e?.status ?? null'
        made = f"{{error: ((e) => ({{{fields}}}))($json.error)}}"
        name = self._shop.raw_set_node(step, f"{step.title}: error", made, key="error")
        self._shop.canvas.connect(Port(fragment.main, 1), name)
        self._shop.failing[step.id] = name
        return Port(name)

    def _resumes(self, step: AnyStep) -> bool:
        """Whether a branch of the step's handler ends in `resume`."""
        return any(
            isinstance(other, DirectiveStep)
            and other.directive.strategy == "resume"
            and self._shop.graph.error_steps.get(other.id) == step.id
            for other in self._shop.graph
        )

    def _joint(self, step: AnyStep, fragment: Fragment) -> Fragment:
        """Normal output and substitute meet in one node, which stands for the step's result from then on."""
        name = self._shop.meeting(step, f"{step.title}: result", key="result")
        for port in fragment.exits:
            self._shop.canvas.connect(port, name)
        self._joints[step.id] = name
        return replace(fragment, exits=(Port(name),), result=name)

    def _substitute_meets(self, step: AnyStep, source: str) -> None:
        """Wires a substitute to the joint, to an input of its own where the joint waits for all of them."""
        joint = self._joints[step.id]
        parameters = self._shop.canvas.nodes[joint]["parameters"]
        index = 0
        if isinstance(parameters, dict) and parameters:
            index = self._substitutes[step.id] = self._substitutes.get(step.id, 0) + 1
            parameters["numberInputs"] = index + 1
        self._shop.canvas.connect(Port(source), joint, index)

    def _end_of_error(self, step: AnyStep, rule: OnError, behind: str = "") -> str:
        name = self._ending(step, rule, behind)
        self._ends[name] = step.id
        return name

    def _ending(self, step: AnyStep, rule: OnError, behind: str) -> str:
        """The node that ends an error's way as the rule says: the substitute, an error, or nothing more. The way goes
        through the handler up to the step `behind`, if there is one."""
        key = behind or "handled"
        flow = registry().flow
        if rule.strategy == "resume":
            values = self._shop.values(step, behind=behind)
            where = "on_error.substitute"
            fields = substituted(step, rule.substitute, "n8n")
            name = self._shop.set_node(
                step, f"{step.title}: substitute", fields, values, where, key=f"{key}/substitute"
            )
            self._substitute_meets(step, name)
            return name
        if rule.strategy == "rollback":
            message = expression(f"$({js_string(self._shop.failing[step.id])}).item.json.error.message")
            parameters: dict[str, JsonValue] = {"errorType": "errorMessage", "errorMessage": message}
            return self._shop.canvas.add(
                f"{step.id}/{key}/failed", f"{step.title}: failed", flow["stop"].n8n, 1, parameters
            )
        title = f"{step.title}: error ignored" if rule.strategy == "ignore" else f"{step.title}: error handled"
        return self._shop.canvas.add(f"{step.id}/{key}/ignored", title, flow["ignore"].n8n, 1, {})

    def _end_handlers(self) -> None:
        """Wires the open ends of error handlers to what their directive says."""
        for identifier, failed in self._shop.graph.error_steps.items():
            step, failing = self._shop.graph.step(identifier), self._shop.graph.step(failed)
            exits = self._fragments[identifier].exits
            if self._shop.graph.next(identifier) or not exits or failed not in self._error_ports:
                continue
            rule = step.directive if isinstance(step, DirectiveStep) else failing.on_error
            if rule is None or rule.strategy not in ("resume", "rollback"):
                continue
            end = self._end_of_error(failing, rule, behind=identifier)
            for port in exits:
                self._shop.canvas.connect(port, end)

    def _retry(self, step: AnyStep, rule: OnError, node: dict[str, JsonValue]) -> None:
        operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        together = self._shop.takes_several(step) and not self._shop.is_one_by_one(step)
        if together and (operation is None or operation.side_effect):
            what = "n8n would repeat the step for all of its bundles, also those that went well, so it is tried once"
            self._shop.note("warning", step, what, "look at the failed execution, and repeat what is missing")
            return
        tries = max(2, min(MOST_TRIES, rule.attempts + 1))
        node |= {"retryOnFail": True, "maxTries": tries, "waitBetweenTries": LONGEST_WAIT}
        self._shop.note(
            "info",
            step,
            f"n8n tries {tries} times, {LONGEST_WAIT // 1000} s apart, not {rule.attempts} times every"
            f" {rule.interval_minutes} min; then the execution fails and can be retried from its list",
        )
