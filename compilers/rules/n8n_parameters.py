"""n8n rules: parameters held against the facts of the node types."""

from __future__ import annotations

from collections.abc import Iterator

from compilers.rules.engine import Place
from compilers.rules.n8n_subject import BOOK, N8nSubject
from compilers.rules.n8n_values import Trouble


def _places(subject: N8nSubject, trouble: Trouble) -> Iterator[Place]:
    for node, problem in subject.problems:
        if problem.trouble == trouble:
            yield node.at(f"parameters.{problem.path}"), problem.what


@BOOK.rule("parameter.known", "error", area="parameter", hint="use the parameter names of this version of the node")
def parameter_known(subject: N8nSubject) -> Iterator[Place]:
    """A node has parameters that it knows in its version; n8n silently ignores others."""
    yield from _places(subject, "unknown")


@BOOK.rule(
    "parameter.version", "error", area="parameter", hint="use the parameters of this version, or its `typeVersion`"
)
def parameter_version(subject: N8nSubject) -> Iterator[Place]:
    """Parameters are of the node's version; n8n silently ignores those of another."""
    yield from _places(subject, "version")


@BOOK.rule("parameter.used", "warning", area="parameter", hint="remove it, or choose the operation that uses it")
def parameter_used(subject: N8nSubject) -> Iterator[Place]:
    """Parameters are used with the resource, operation, mode and version chosen; n8n ignores others."""
    yield from _places(subject, "unused")


@BOOK.rule("parameter.required", "error", area="parameter", hint="give it a value")
def parameter_required(subject: N8nSubject) -> Iterator[Place]:
    """Required parameters have a value."""
    yield from _places(subject, "required")


@BOOK.rule("parameter.option", "error", area="parameter", hint="use one of the values listed, in the same case")
def parameter_option(subject: N8nSubject) -> Iterator[Place]:
    """A parameter with fixed options has one of them; n8n takes others and does nothing, or fails when it runs."""
    yield from _places(subject, "option")


@BOOK.rule("parameter.kind", "error", area="parameter", hint="write the value in the form that the node takes")
def parameter_kind(subject: N8nSubject) -> Iterator[Place]:
    """Parameters have the kind of value that the node takes: text, number, list, object."""
    yield from _places(subject, "kind")


@BOOK.rule("parameter.locator", "error", area="parameter", hint='write {"__rl": true, "mode": ..., "value": ...}')
def parameter_locator(subject: N8nSubject) -> Iterator[Place]:
    """A resource locator is marked as one and has a mode that the node knows."""
    yield from _places(subject, "locator")


@BOOK.rule("parameter.range", "warning", area="parameter", hint="use a number within the limits")
def parameter_range(subject: N8nSubject) -> Iterator[Place]:
    """Numbers stay within the limits of the node."""
    yield from _places(subject, "range")


@BOOK.rule("parameter.json", "error", area="parameter", hint="mend the JSON, or begin the text with `=` to compute it")
def parameter_json(subject: N8nSubject) -> Iterator[Place]:
    """A parameter that takes JSON holds JSON."""
    yield from _places(subject, "json")
