"""Texts that steps take apart: JSON that one reads, a pattern that one looks for, and where such a text comes from.

Nothing ever gets behind such a step unless made-up data hold what it looks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.tree import Call, Node, Reference, references
from compilers.graph import SpecGraph
from compilers.spec import OperationStep
from manageai_assets.testing.origins import Origins
from manageai_assets.testing.solver_patterns import matching_texts

_JSON = (("json", "parse"), ("json", "parse_all"))
_PATTERNS = (("text", "match"), ("text", "match_all"))
_ELEMENTS = {"emails": "ada@sorensen.example", "urls": "https://example.com/one"}
_ROUNDS = 8
"""Steps that tidy a text one after the other, at most."""
_TIDYING = frozenset({"replace", "trim", "ifempty", "stripHTML", "toString"})
"""Functions whose result is, as a rule, their first argument."""
_TIDYING_STEPS: Mapping[tuple[str, str], str] = MappingProxyType({
    ("text", "replace"): "text",
    ("text", "html_to_text"): "html",
    ("text", "match"): "text",
    ("text", "match_all"): "text",
})  # fmt: skip
"""Steps that take away what stands around a text, with the input that holds it: JSON comes in fences and tags."""


@dataclass(frozen=True)
class Reading:
    """A step that takes a text apart: where the text comes from, and a text that it would find; none where it reads
    JSON."""

    step: str
    source: Reference
    looks_for: str = ""


def readings(graph: SpecGraph) -> tuple[Reading, ...]:
    """Those of a spec, in the order of the flow."""
    return tuple(_readings(graph))


def _readings(graph: SpecGraph) -> Iterator[Reading]:
    origins = Origins(graph)
    before: list[str] = []
    for step in graph.topological():
        if isinstance(step, OperationStep):
            what = (step.app, step.operation)
            found = "" if what in _JSON else _found_by(step)
            if what in _JSON or found:
                source = _untidied(step.inputs.get("text"), graph, origins, before, whole=not found)
                if source is not None and source.path and source.step in before:
                    yield Reading(step.id, source, found)
        before.append(step.id)


def _found_by(step: OperationStep) -> str:
    """A text in which the step finds something; nothing where none is known."""
    match step.app, step.operation:
        case operation if operation in _PATTERNS:
            texts = matching_texts(str(step.inputs.get("pattern", "")), step.inputs.get("case_sensitive") is False)
            return texts[0] if texts else ""
        case ("text", "elements"):
            return _ELEMENTS.get(str(step.inputs.get("what", "emails")), "")
        case _:
            return ""


def _untidied(
    text: JsonValue, graph: SpecGraph, origins: Origins, before: Sequence[str], whole: bool
) -> Reference | None:
    """Where a text comes from, before steps took away what stands around it."""
    source: Reference | None = None
    for _ in range(_ROUNDS):
        source = _source(origins.value(text, before), whole)
        step = graph.get(source.step) if source else None
        known = _TIDYING_STEPS.get((step.app, step.operation)) if isinstance(step, OperationStep) else None
        if known is None or not isinstance(step, OperationStep):
            break
        text = step.inputs.get(known)
    return source


def _source(text: JsonValue, whole: bool) -> Reference | None:
    """The reference that a text is; unless it must be the `whole` text, else the first one in it."""
    if not isinstance(text, str) or "{{" not in text:
        return None
    with suppress(ExpressionError):
        template = parse(text)
        node: Node | None = template.whole
        while isinstance(node, Call) and node.name in _TIDYING and node.args:
            node = node.args[0]
        if isinstance(node, Reference):
            return node
        return None if whole else next(iter(references(template)), None)
    return None
