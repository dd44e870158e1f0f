"""Spec rules: what happens when a step fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.spec_subject import BOOK, SpecSubject
from compilers.spec import DirectiveStep, IfElseStep, MergeStep, OnError, RouterStep, StopStep

N8N_TRIES = 5
"""n8n caps the tries of a node at five, and the wait between them at five seconds."""
MAKE_ATTEMPTS = 999
"""Most attempts seen in a Break of a real Make scenario."""


def _strategies(subject: SpecSubject) -> Iterator[tuple[str, OnError]]:
    """Every `on_error` and every directive, with its place."""
    for step in subject.spec.nodes:
        if step.on_error:
            yield f"{subject.place(step)}.on_error", step.on_error
        if isinstance(step, DirectiveStep):
            yield f"{subject.place(step)}.directive", step.directive


@BOOK.rule("error.can-fail", "error", area="error", hint="handle errors at the steps behind it")
def can_fail(subject: SpecSubject) -> Iterator[Place]:
    """Only steps that can fail have error handling: not routers, if_else, merges, stops or directives."""
    for step in subject.spec.nodes:
        if isinstance(step, RouterStep | IfElseStep | MergeStep | StopStep | DirectiveStep):
            handled = any(edge.kind == "error" for edge in subject.graph.outgoing(step.id))
            if step.on_error or handled:
                yield subject.place(step), f"a step of kind `{step.kind}` can't fail"


@BOOK.rule("error.one-handler", "error", area="error", hint="join the handlers behind one error edge")
def one_handler(subject: SpecSubject) -> Iterator[Place]:
    """A step has at most one error edge."""
    for step in subject.spec.nodes:
        targets = dict.fromkeys(edge.target for edge in subject.graph.outgoing(step.id) if edge.kind == "error")
        if len(targets) > 1:
            yield subject.place(step), f"has {len(targets)} error edges"


@BOOK.rule("error.no-return", "error", area="error", hint="end the handler; `resume` goes on behind the failed step")
def no_return(subject: SpecSubject) -> Iterator[Place]:
    """An error handler doesn't lead back into the normal flow, nor into another handler."""
    handled = subject.graph.error_steps
    for step in subject.spec.steps if subject.sound else ():
        edges = subject.graph.incoming(step.id)
        if len({edge.source if edge.kind == "error" else handled.get(edge.source) for edge in edges}) > 1:
            yield subject.place(step), "is reached both from an error handler and from elsewhere"


@BOOK.rule("error.resume-substitute", "error", area="error", hint="say what to go on with in `substitute`, or `ignore`")
def resume_substitute(subject: SpecSubject) -> Iterator[Place]:
    """Resuming gives substitute outputs."""
    for where, strategy in _strategies(subject):
        if strategy.strategy == "resume" and not strategy.substitute:
            yield f"{where}.substitute", "resumes with nothing"


@BOOK.rule("error.substitute-unused", "warning", area="error", hint="remove it, or resume")
def substitute_unused(subject: SpecSubject) -> Iterator[Place]:
    """Substitute outputs are given only to resume with."""
    for where, strategy in _strategies(subject):
        if strategy.strategy != "resume" and strategy.substitute:
            yield f"{where}.substitute", f"is not used by `{strategy.strategy}`"


@BOOK.rule("error.substitute-outputs", "warning", area="error", hint="name outputs that the failed step gives")
def substitute_outputs(subject: SpecSubject) -> Iterator[Place]:
    """Substitute outputs are ones that the failed step gives."""
    for step in subject.spec.nodes:
        if step.on_error:
            failed, strategy, where = step, step.on_error, f"{subject.place(step)}.on_error"
        elif isinstance(step, DirectiveStep) and subject.graph.failed(step.id):
            failed, strategy = subject.graph.step(subject.graph.failed(step.id)[0]), step.directive
            where = f"{subject.place(step)}.directive"
        else:
            continue
        known = subject.outputs(failed)
        for path in strategy.substitute:
            head = re.split(r"[.\[]", path, maxsplit=1)[0]
            if known is not None and strategy.strategy == "resume" and head not in known:
                yield f"{where}.substitute", f"`{failed.id}` isn't known to give `{shorten(path, 60)}`"


@BOOK.rule("error.retry-kept", "warning", area="error", hint="set `settings.keep_incomplete`")
def retry_kept(subject: SpecSubject) -> Iterator[Place]:
    """Where a step is tried again later, failed bundles are kept until then."""
    if not subject.spec.settings.keep_incomplete:
        for where, strategy in _strategies(subject):
            if strategy.strategy == "retry":
                yield where, "tries again later, yet failed bundles aren't kept"


@BOOK.rule("error.retry-limits", "warning", area="error", hint="try at most 5 times for n8n, 999 times for Make")
def retry_limits(subject: SpecSubject) -> Iterator[Place]:
    """A step is tried no more often than the platforms do."""
    targets = subject.spec.targets
    limits = {"n8n": N8N_TRIES, "make": MAKE_ATTEMPTS}
    limit = min((limits[platform] for platform in targets if platform in limits), default=MAKE_ATTEMPTS)
    for where, strategy in _strategies(subject):
        if strategy.strategy == "retry" and strategy.attempts > limit:
            yield f"{where}.attempts", f"{strategy.attempts} attempts are more than the {limit} that all platforms do"


@BOOK.rule("error.retry-interval", "warning", area="error", hint="wait at least a minute between two attempts")
def retry_interval(subject: SpecSubject) -> Iterator[Place]:
    """Between two attempts there is time for the cause to pass."""
    for where, strategy in _strategies(subject):
        if strategy.strategy == "retry" and strategy.interval_minutes == 0:
            yield f"{where}.interval_minutes", "tries again at once"


@BOOK.rule("error.directive-place", "error", area="error", hint="move it into an error handler, or use `stop`")
def directive_place(subject: SpecSubject) -> Iterator[Place]:
    """Directives stand inside error handlers."""
    reachable = {step.id for step in subject.graph.unreachable()}
    for step in subject.spec.steps:
        if isinstance(step, DirectiveStep) and step.id not in subject.graph.error_steps and step.id not in reachable:
            yield subject.place(step), "stands outside error handlers"


@BOOK.rule("error.directive-twice", "warning", area="error", hint="keep one: the directive, or `on_error`")
def directive_twice(subject: SpecSubject) -> Iterator[Place]:
    """Where each way of a handler ends in a directive, the failed step's own `on_error` says the same or nothing."""
    for step in subject.spec.steps:
        if isinstance(step, DirectiveStep):
            failed = subject.graph.get(next(iter(subject.graph.failed(step.id)), ""))
            if failed and failed.on_error and failed.on_error.strategy != step.directive.strategy:
                what = f"says `{step.directive.strategy}`, while `{failed.id}` says `{failed.on_error.strategy}`"
                yield subject.place(step), what
