"""Rules for Make exports: expressions can be read, and refer to modules that ran before."""

from __future__ import annotations

from collections.abc import Iterator

from compilers.errors import shorten
from compilers.expressions.tree import Unknown, walk
from compilers.rules.engine import Place
from compilers.rules.make_subject import AGGREGATORS, BOOK, MakeSubject, Module


@BOOK.rule("expression.syntax", "error", area="expression", hint="mend the expression")
def syntax(subject: MakeSubject) -> Iterator[Place]:
    """Every expression can be read."""
    for text in subject.texts:
        if text.error:
            yield shorten(text.where), shorten(text.error.what)


@BOOK.rule("expression.module", "error", area="expression", hint="map a module that is there")
def known_module(subject: MakeSubject) -> Iterator[Place]:
    """Expressions refer to modules that exist."""
    for text, _, number in subject.references:
        if number not in subject.ids:
            yield shorten(text.where), f"there is no module {number}"


@BOOK.rule("expression.upstream", "warning", area="expression", hint="map a module that runs before this one")
def upstream(subject: MakeSubject) -> Iterator[Place]:
    """Expressions refer to modules that ran before, on the same route."""
    for text, _, number in subject.references:
        if number in subject.ids and not subject.sees(text.module, number):
            yield shorten(text.where), f"module {number} doesn't run before module {text.module.id}"


@BOOK.rule("expression.collected", "warning", area="expression", hint="map the aggregator's output instead")
def collected(subject: MakeSubject) -> Iterator[Place]:
    """Behind an aggregator, expressions don't refer to the bundles that it collected."""
    for text, _, number in subject.references:
        aggregator = _collector(subject, text.module, number)
        if aggregator is not None:
            yield shorten(text.where), f"module {aggregator.id} has collected the bundles of module {number}"


def _collector(subject: MakeSubject, module: Module, number: int) -> Module | None:
    """The aggregator between the two that has collected the other's bundles."""
    others = subject.ids.get(number, ())
    if len(others) != 1 or not subject.is_behind(module, others[0]):
        return None
    for aggregator in subject.named(*AGGREGATORS):
        source = aggregator.parameters.get("feeder")
        feeders = subject.ids.get(source, ()) if isinstance(source, int) else ()
        if len(feeders) != 1 or not subject.is_behind(module, aggregator) or aggregator is others[0]:
            continue
        inside = others[0] is feeders[0] or subject.is_behind(others[0], feeders[0])
        if inside and subject.is_behind(aggregator, others[0]):
            return aggregator
    return None


@BOOK.rule("expression.verbatim", "warning", area="expression", hint="put text in quotes and odd names in backticks")
def verbatim(subject: MakeSubject) -> Iterator[Place]:
    """No expression has a form that Make documents nowhere, and evaluates to nothing."""
    for text in subject.texts:
        for node in walk(text.template) if text.template and not text.template.is_literal else ():
            if isinstance(node, Unknown):
                yield shorten(text.where), f"`{shorten(node.text, 60)}` has no documented meaning"
