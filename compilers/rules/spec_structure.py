"""Spec rules: whether the steps and edges make one automation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.spec_schema import MANY_STEPS
from compilers.rules.spec_subject import BOOK, SpecSubject
from compilers.spec import DirectiveStep, Edge, IfElseStep, MergeStep, RouterStep, StopStep


def arrow(edge: Edge) -> str:
    """An edge in words."""
    return f"{edge.kind} edge `{edge.source}` to `{edge.target}`"


@BOOK.rule("structure.steps", "error", area="structure", hint="add at least one step behind the trigger")
def has_steps(subject: SpecSubject) -> Iterator[Place]:
    """An automation does something: it has steps."""
    if not subject.spec.steps:
        yield "steps", "there is no step behind the trigger"


@BOOK.rule("structure.size", "warning", area="structure", hint="split it into scenarios that call each other")
def size(subject: SpecSubject) -> Iterator[Place]:
    """An automation has no more steps than the platforms' editors stand."""
    if len(subject.spec.steps) > MANY_STEPS:
        yield "steps", f"{len(subject.spec.steps)} steps are more than the {MANY_STEPS} that Make advises at most"


@BOOK.rule("structure.trigger", "error", area="structure", hint="switch the trigger on")
def trigger_enabled(subject: SpecSubject) -> Iterator[Place]:
    """The trigger is not disabled."""
    if subject.spec.trigger.disabled:
        yield "trigger.disabled", "is disabled, so that nothing ever runs"


@BOOK.rule("structure.edge-ends", "error", area="structure", hint="remove the edge, or add the step")
def edge_ends(subject: SpecSubject) -> Iterator[Place]:
    """An edge connects two steps of the spec."""
    for index, edge in subject.graph.dangling:
        missing = edge.source if edge.source not in subject.graph else edge.target
        yield f"edges[{index}]", f"there is no step `{missing}`"


@BOOK.rule("structure.cycle", "error", area="structure", hint="take one of the edges out; use `repeat` to loop")
def cycle(subject: SpecSubject) -> Iterator[Place]:
    """Edges never lead back."""
    found = subject.graph.cycle()
    if found:
        yield subject.place(found[0]), shorten("edges lead back: " + " -> ".join([*found, found[0]]))


@BOOK.rule("structure.reachable", "error", area="structure", hint="add an edge that leads to it, or remove the step")
def reachable(subject: SpecSubject) -> Iterator[Place]:
    """The trigger leads to every step."""
    for step in subject.graph.unreachable():
        yield subject.place(step), "no edges lead here from the trigger"


@BOOK.rule("structure.one-next", "error", area="structure", hint="put a router behind the step")
def one_next(subject: SpecSubject) -> Iterator[Place]:
    """At most one step comes next; only a router sends a bundle several ways."""
    for step in subject.spec.nodes:
        targets = dict.fromkeys(edge.target for edge in subject.graph.outgoing(step.id) if edge.kind == "next")
        if len(targets) > 1:
            yield subject.place(step), shorten(f"{len(targets)} steps come next: {', '.join(targets)}")


@BOOK.rule("structure.one-way-in", "error", area="structure", hint="join branches of an if_else in a merge step")
def one_way_in(subject: SpecSubject) -> Iterator[Place]:
    """One edge leads to a step; only a merge joins several."""
    handled = subject.graph.error_steps
    for step in subject.spec.nodes:
        edges = subject.graph.incoming(step.id) if subject.sound else ()
        sources = dict.fromkeys(edge.source for edge in edges)
        origins = {edge.source if edge.kind == "error" else handled.get(edge.source) for edge in edges}
        if len(sources) > 1 and len(origins) == 1 and not isinstance(step, MergeStep):
            yield subject.place(step), shorten(f"{len(sources)} edges lead here: from {', '.join(sources)}")


@BOOK.rule("structure.after-end", "error", area="structure", hint="remove what stands behind it, or move it before")
def after_end(subject: SpecSubject) -> Iterator[Place]:
    """Nothing stands behind a step that ends its branch."""
    for step in subject.spec.steps:
        if isinstance(step, StopStep | DirectiveStep):
            for edge in subject.graph.outgoing(step.id):
                yield subject.place(step), f"ends its branch, yet `{edge.target}` comes behind it"


@BOOK.rule("structure.route-source", "error", area="structure", hint="make it a `next` edge, or put a router there")
def route_source(subject: SpecSubject) -> Iterator[Place]:
    """Route edges leave routers."""
    for where, edge in subject.edges:
        if edge.kind == "route" and not isinstance(subject.graph.get(edge.source), RouterStep):
            yield where, f"{arrow(edge)}: `{edge.source}` is no router"


@BOOK.rule("structure.branch-source", "error", area="structure", hint="make it a `next` edge, or put an if_else there")
def branch_source(subject: SpecSubject) -> Iterator[Place]:
    """Branch edges leave if_else steps."""
    for where, edge in subject.edges:
        if edge.kind == "branch" and not isinstance(subject.graph.get(edge.source), IfElseStep):
            yield where, f"{arrow(edge)}: `{edge.source}` is no if_else"


@BOOK.rule("structure.router-edges", "error", area="structure", hint="make it a `route` edge")
def router_edges(subject: SpecSubject) -> Iterator[Place]:
    """A router is left by its routes only."""
    for where, edge in subject.edges:
        if edge.kind in ("next", "branch") and isinstance(subject.graph.get(edge.source), RouterStep):
            yield where, f"{arrow(edge)}: a router has routes only"


@BOOK.rule("structure.if-else-edges", "error", area="structure", hint="make it a `branch` edge, or join in a merge")
def if_else_edges(subject: SpecSubject) -> Iterator[Place]:
    """An if_else is left by its branches only."""
    for where, edge in subject.edges:
        if edge.kind in ("next", "route") and isinstance(subject.graph.get(edge.source), IfElseStep):
            yield where, f"{arrow(edge)}: an if_else has branches only"


@BOOK.rule("structure.fallback-kind", "error", area="structure", hint="remove `fallback` from the edge")
def fallback_kind(subject: SpecSubject) -> Iterator[Place]:
    """Only routes and branches can be a fallback."""
    for where, edge in subject.edges:
        if edge.fallback and edge.kind in ("next", "error"):
            yield where, f"{arrow(edge)} is marked as a fallback"


@BOOK.rule("structure.aggregate-source", "error", area="structure", hint="name a step that every bundle comes through")
def aggregate_source(subject: SpecSubject) -> Iterator[Place]:
    """The source of an aggregate is a step above it that every bundle on the way to it comes through."""
    for step in subject.spec.steps:
        if step.kind == "aggregate" and subject.sound and subject.graph.source_of(step) is None:
            yield f"{subject.place(step)}.source", f"`{step.source}` is no step that every way here passes"


@BOOK.rule("structure.aggregate-open", "error", area="structure", hint="collect everything in the first aggregate")
def aggregate_open(subject: SpecSubject) -> Iterator[Place]:
    """No aggregate collects from a step whose bundles another one before it has collected already."""
    graph = subject.graph
    for step in subject.spec.steps:
        if step.kind != "aggregate" or graph.source_of(step) is None:
            continue
        if not graph.sees(step.id, step.source):
            yield f"{subject.place(step)}.source", f"an aggregate before this one has used up `{step.source}`'s bundles"


@BOOK.rule("structure.respond-once", "error", area="structure", hint="answer once, at the end of each way")
def respond_once(subject: SpecSubject) -> Iterator[Place]:
    """A webhook is answered at most once on each way."""
    answered: dict[str, str] = {}
    for step in subject.graph.topological() if subject.sound else ():
        before = next((answered[e.source] for e in subject.graph.incoming(step.id) if e.source in answered), None)
        if before and step.kind == "respond":
            yield subject.place(step), f"`{before}` has answered already"
        if before or step.kind == "respond":
            answered[step.id] = before or step.id


@BOOK.rule("structure.respond-loop", "warning", area="structure", hint="answer before the loop, or behind an aggregate")
def respond_loop(subject: SpecSubject) -> Iterator[Place]:
    """A webhook isn't answered inside a loop."""
    for step in subject.spec.steps:
        if step.kind == "respond":
            above = subject.graph.multiplying(step.id)
            if above:
                yield subject.place(step), f"answers for each bundle of `{above[-1].id}`; only the first answer counts"


@BOOK.rule("structure.respond-webhook", "error", area="structure", hint="start with a webhook, or remove the answer")
def respond_webhook(subject: SpecSubject) -> Iterator[Place]:
    """Only an automation that a webhook starts can answer it."""
    trigger = subject.spec.trigger
    if trigger.kind == "trigger" and trigger.app != "webhook":
        for step in subject.spec.steps:
            if step.kind == "respond":
                yield subject.place(step), f"answers a webhook, yet `{trigger.app}` starts the run"


@BOOK.rule("structure.sub-scenario-self", "error", area="structure", hint="use `repeat`, or call another scenario")
def sub_scenario_self(subject: SpecSubject) -> Iterator[Place]:
    """A scenario doesn't call itself."""
    for step in subject.spec.steps:
        if step.kind == "sub_scenario" and step.scenario.strip() == subject.spec.slug:
            yield f"{subject.place(step)}.scenario", "calls the scenario it is in"


@BOOK.rule("structure.disabled-path", "warning", area="structure", hint="switch one way on, or remove the steps")
def disabled_path(subject: SpecSubject) -> Iterator[Place]:
    """A router or if_else has at least one way that is switched on."""
    for step in subject.spec.steps:
        edges = subject.graph.outgoing(step.id)
        if isinstance(step, RouterStep | IfElseStep) and edges and all(edge.disabled for edge in edges):
            yield subject.place(step), "all ways from here are disabled"


@BOOK.rule("structure.same-edge", "error", area="structure", hint="keep one of the two edges")
def same_edge(subject: SpecSubject) -> Iterator[Place]:
    """No edge is there twice."""
    count = Counter((edge.source, edge.target, edge.kind) for edge in subject.spec.edges)
    for index, edge in enumerate(subject.spec.edges):
        if count.pop((edge.source, edge.target, edge.kind), 0) > 1:
            yield f"edges[{index}]", f"{arrow(edge)} is there more than once"
