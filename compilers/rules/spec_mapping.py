"""Spec rules: whether expressions can be read, and refer to what is there when they run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compilers.errors import shorten
from compilers.expressions import CATALOGUE, Call, Field, Reference, Unknown, walk
from compilers.rules.engine import Place
from compilers.rules.spec_subject import BOOK, SpecSubject, Use, first_field
from compilers.spec import GetVariablesStep, MergeStep, NativeStep, SetVariablesStep

_MERGE_VALUE = re.compile(r"fields\.(?P<field>.*)\.(?P<branch>[a-z][a-z0-9_]{0,39})(?:[.\[].*)?", re.DOTALL)


def _merge_branch(use: Use) -> str | None:
    """The step that ends the branch for which a value of a merge's field stands."""
    if isinstance(use.step, MergeStep) and use.edge is None:
        match = _MERGE_VALUE.fullmatch(use.path)
        return match["branch"] if match else None
    return None


def _handler_line(subject: SpecSubject, identifier: str) -> Iterator[str]:
    """The steps of the step's error handler that surely ran: those before its first fork."""
    step = subject.graph.handler(identifier)
    while step is not None and subject.sound:
        yield step.id
        step = subject.graph.next(step.id)


def sees(subject: SpecSubject, use: Use, other: str) -> bool:
    """Whether an expression at that place may use the outputs (or the error) of step `other`."""
    graph = subject.graph
    if use.edge is not None:
        return graph.sees_behind(use.step.id, other)
    branch = _merge_branch(use)
    if branch is not None and graph.sees_behind(branch, other):
        return True
    if use.path.startswith("on_error.") and (other == use.step.id or other in _handler_line(subject, use.step.id)):
        return True
    return graph.sees(use.step.id, other)


def _unseen(subject: SpecSubject) -> Iterator[tuple[Use, Reference]]:
    """The references to other steps of the spec whose outputs aren't there."""
    for use, reference in subject.references:
        known = subject.sound and reference.step in subject.graph and reference.step != use.step.id
        if known and not sees(subject, use, reference.step):
            yield use, reference


@BOOK.rule("mapping.syntax", "error", area="mapping", hint="mend the expression")
def syntax(subject: SpecSubject) -> Iterator[Place]:
    """Every expression can be read."""
    for use in subject.uses:
        if use.error:
            yield use.where, shorten(use.error.what)


@BOOK.rule("mapping.function", "error", area="mapping", hint="take a function of the catalogue")
def known_function(subject: SpecSubject) -> Iterator[Place]:
    """Expressions call functions that exist."""
    for use, call in _calls(subject):
        if call.name not in CATALOGUE:
            yield use.where, f"there is no function `{shorten(call.name, 60)}`"


@BOOK.rule("mapping.arguments", "error", area="mapping", hint="give the arguments that the catalogue names")
def arguments(subject: SpecSubject) -> Iterator[Place]:
    """Functions get as many arguments as they take."""
    for use, call in _calls(subject):
        known = CATALOGUE.get(call.name)
        if known and not known.least <= len(call.args) <= (known.most or len(call.args)):
            yield use.where, f"`{known.signature}` gets {len(call.args)} arguments"


def _calls(subject: SpecSubject) -> Iterator[tuple[Use, Call]]:
    for use in subject.uses:
        for node in walk(use.template) if use.template and not use.template.is_literal else ():
            if isinstance(node, Call):
                yield use, node


@BOOK.rule("mapping.step", "error", area="mapping", hint="refer to a step by its id")
def known_step(subject: SpecSubject) -> Iterator[Place]:
    """Expressions refer to steps that exist."""
    for use, reference in subject.references:
        if reference.step not in subject.graph:
            yield use.where, f"there is no step `{shorten(reference.step, 60)}`"


@BOOK.rule("mapping.itself", "error", area="mapping", hint="refer to a step before this one")
def itself(subject: SpecSubject) -> Iterator[Place]:
    """A step doesn't refer to its own outputs, which aren't there yet."""
    for use, reference in subject.references:
        if reference.step == use.step.id and use.edge is None and not use.path.startswith("on_error."):
            yield use.where, f"`{reference.step}` refers to itself"


@BOOK.rule("mapping.later-step", "error", area="mapping", hint="refer to a step before this one, or move this one")
def later_step(subject: SpecSubject) -> Iterator[Place]:
    """Expressions don't refer to steps that run later."""
    for use, reference in _unseen(subject):
        if subject.graph.leads_to(use.step.id, reference.step):
            yield use.where, f"`{reference.step}` runs behind `{use.step.id}`"


@BOOK.rule("mapping.other-route", "error", area="mapping", hint="pass the value in a variable, or merge the branches")
def other_route(subject: SpecSubject) -> Iterator[Place]:
    """Expressions don't refer to steps on other routes, which don't run for the same bundle or end on their own."""
    for use, reference in _unseen(subject):
        graph = subject.graph
        if graph.leads_to(use.step.id, reference.step) or graph.leads_to(reference.step, use.step.id):
            continue
        yield use.where, f"`{reference.step}` stands on another route than `{use.step.id}`"


@BOOK.rule("mapping.collected", "error", area="mapping", hint="use the aggregate's output instead")
def collected(subject: SpecSubject) -> Iterator[Place]:
    """Behind an aggregate, expressions don't refer to the bundles that it collected."""
    for use, reference in _unseen(subject):
        if _is_hidden(subject, use, reference, merged=False):
            yield use.where, f"the bundles of `{reference.step}` were collected before `{use.step.id}`"


@BOOK.rule("mapping.merged", "error", area="mapping", hint="give the merge a field for it, and use that")
def merged(subject: SpecSubject) -> Iterator[Place]:
    """Behind a merge, expressions don't refer to steps in its branches, of which only one ran."""
    for use, reference in _unseen(subject):
        if _is_hidden(subject, use, reference, merged=True):
            yield use.where, f"`{reference.step}` stands in a branch that was merged before `{use.step.id}`"


def _is_hidden(subject: SpecSubject, use: Use, reference: Reference, *, merged: bool) -> bool:
    """Whether the step stands above, out of sight: because not every way passes it, or because it was collected."""
    above = reference.step
    if not subject.graph.leads_to(above, use.step.id):
        return False
    if use.edge is None and _merge_branch(use):
        return merged
    return (above not in subject.graph.line(use.step.id)) is merged


@BOOK.rule("mapping.only-error", "error", area="mapping", hint="use `.error.message` or `.error.type` of the step")
def only_error(subject: SpecSubject) -> Iterator[Place]:
    """In an error handler, expressions use nothing of the failed step but its error."""
    for use, reference in subject.references:
        handled = subject.graph.failed(use.step.id) if reference.step in subject.graph else ()
        failed = reference.step in handled
        failed |= use.edge is not None and use.edge.kind == "error" and reference.step == use.step.id
        failed |= use.path.startswith("on_error.") and reference.step == use.step.id
        if failed and first_field(reference) != "error":
            yield use.where, f"`{reference.step}` has failed here, and has no outputs"


@BOOK.rule("mapping.output", "warning", area="mapping", hint="take an output that the step has, or declare it there")
def known_output(subject: SpecSubject) -> Iterator[Place]:
    """Expressions refer to outputs that the step is known to give."""
    for use, reference in subject.references:
        step = subject.graph.get(reference.step)
        field = first_field(reference)
        if step is None or field is None or field == "error":
            continue
        known = subject.outputs(step)
        if known is not None and field not in known:
            near = shorten(", ".join(sorted(known)), 100)
            yield use.where, f"`{reference.step}` isn't known to give `{shorten(field, 60)}`, but {near or 'nothing'}"


@BOOK.rule("mapping.declared-path", "warning", area="mapping", hint="declare the output, or take one that is declared")
def declared_path(subject: SpecSubject) -> Iterator[Place]:
    """Where a step declares the fields of an object, expressions refer to one of those."""
    for use, reference in subject.references:
        step = subject.graph.get(reference.step)
        names = tuple(segment.name for segment in reference.path if isinstance(segment, Field))
        if step is None or len(names) < 2 or len(names) != len(reference.path):
            continue
        paths = [tuple(field.path.split(".")) for field in step.outputs if "[" not in field.path]
        below = [path for path in paths if len(path) > 1 and path[0] == names[0]]
        if below and not any(path == names[: len(path)] or names == path[: len(names)] for path in below):
            yield use.where, f"`{reference.step}` declares no output `{shorten('.'.join(names), 60)}`"


_ONLY = {
    "make": "has no documented meaning; only Make can run it",
    "n8n": "is JavaScript; only n8n can run it",
    "zapier": "is a value that no step is known to give; only Zapier can use it",
}


@BOOK.rule("mapping.verbatim", "warning", area="mapping", hint="write what is meant as an expression")
def verbatim(subject: SpecSubject) -> Iterator[Place]:
    """No expression is carried word for word because its meaning isn't known."""
    for use in subject.uses:
        for node in walk(use.template) if use.template else ():
            if isinstance(node, Unknown):
                yield use.where, f"`{shorten(node.text, 60)}` {_ONLY[node.platform]}"


@BOOK.rule("mapping.variables-set", "error", area="mapping", hint="set the variable before, or correct its name")
def variables_set(subject: SpecSubject) -> Iterator[Place]:
    """A variable that is read was set by a step that runs before."""
    if any(isinstance(step, NativeStep) for step in subject.spec.nodes):
        return
    known: set[str] = set()
    for step in subject.graph.topological():
        if isinstance(step, SetVariablesStep):
            known |= {variable.name for variable in step.variables}
        elif isinstance(step, GetVariablesStep):
            for name in step.names:
                if name not in known:
                    yield f"{subject.place(step)}.names", f"no step before sets `{shorten(name, 60)}`"


@BOOK.rule("mapping.variable-scope", "error", area="mapping", hint="use the same scope for setting and reading it")
def variable_scope(subject: SpecSubject) -> Iterator[Place]:
    """A variable is read in the scope that it was set in."""
    scopes: dict[str, set[str]] = {}
    for step in subject.spec.steps:
        if isinstance(step, SetVariablesStep):
            for variable in step.variables:
                scopes.setdefault(variable.name, set()).add(step.scope)
    for step in subject.spec.steps:
        if isinstance(step, GetVariablesStep):
            for name in step.names:
                if name in scopes and step.scope not in scopes[name]:
                    set_for = " and ".join(sorted(scopes[name]))
                    what = f"`{shorten(name, 60)}` is set for the {set_for}, not the {step.scope}"
                    yield f"{subject.place(step)}.scope", what
