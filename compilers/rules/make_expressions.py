"""Rules for Make exports: expressions can be read, and refer to modules that ran before."""

from __future__ import annotations

from collections.abc import Iterator

from compilers.errors import shorten
from compilers.expressions import CATALOGUE, Call, Unknown, walk
from compilers.rules.engine import Place
from compilers.rules.make_subject import BOOK, MakeSubject, Module, Text


@BOOK.rule("expression.syntax", "error", area="expression", hint="mend the expression")
def syntax(subject: MakeSubject) -> Iterator[Place]:
    """Every expression can be read."""
    for text in subject.texts:
        if text.error:
            yield shorten(text.where), shorten(text.error.what)


def _calls(subject: MakeSubject) -> Iterator[tuple[Text, Call]]:
    for text in subject.texts:
        for node in walk(text.template) if text.template and not text.template.is_literal else ():
            if isinstance(node, Call):
                yield text, node


@BOOK.rule("expression.function", "error", area="expression", hint="take one of Make's functions")
def known_function(subject: MakeSubject) -> Iterator[Place]:
    """Expressions call functions that Make has."""
    for text, call in _calls(subject):
        if call.name not in CATALOGUE:
            yield shorten(text.where), f"there is no function `{shorten(call.name, 60)}`"


@BOOK.rule("expression.arguments", "warning", area="expression", hint="give the arguments that the function takes")
def arguments(subject: MakeSubject) -> Iterator[Place]:
    """Functions get as many arguments as they take."""
    for text, call in _calls(subject):
        known = CATALOGUE.get(call.name)
        if known and not known.least <= len(call.args) <= (known.most or len(call.args)):
            yield shorten(text.where), f"`{known.signature}` gets {len(call.args)} arguments"


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
    for aggregator, feeder in subject.aggregators:
        inside = others[0] is feeder or subject.is_behind(others[0], feeder)
        if inside and subject.is_behind(aggregator, others[0]) and subject.is_behind(module, aggregator):
            return aggregator
    return None


@BOOK.rule("expression.verbatim", "warning", area="expression", hint="put text in quotes and odd names in backticks")
def verbatim(subject: MakeSubject) -> Iterator[Place]:
    """No expression has a form that Make documents nowhere, and evaluates to nothing."""
    for text in subject.texts:
        for node in walk(text.template) if text.template and not text.template.is_literal else ():
            if isinstance(node, Unknown):
                yield shorten(text.where), f"`{shorten(node.text, 60)}` has no documented meaning"
