"""Rules for Zapier exports: filters and the rules of paths."""

from __future__ import annotations

from collections.abc import Iterator

from compilers.documents import Object
from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.zapier_subject import BOOK, ZapierSubject

COMPARING = ("icontains", "iexact", "istartswith", "igreater", "iless", "boolean")
MATCHES = (*COMPARING, "iexist")
"""Matches that exports have shown (facts, *Built-in steps*)."""


@BOOK.rule("filter.type", "error", area="filter", hint='write `"type_of": "filter"`')
def kind(subject: ZapierSubject) -> Iterator[Place]:
    """A filter is of the type `filter`, and no other step is."""
    for step in subject.steps:
        if step.is_filter is not (step.data.get("type_of") == "filter") and "type_of" in step.data:
            yield f"{step.where}.type_of", f"is `{shorten(str(step.data['type_of']), 40)}`"


@BOOK.rule("filter.rules", "warning", area="filter", hint="set its rules, or remove it")
def has_rules(subject: ZapierSubject) -> Iterator[Place]:
    """A filter has at least one rule that is filled in, unless its path always runs."""
    for step in subject.steps:
        if step.is_filter and not any(step.filled_in) and step.params.get("isAlwaysRun") is not True:
            yield f"{step.where}.params.filter_criteria", "has no rule"


@BOOK.rule("filter.shape", "error", area="filter", hint="give it the fields `key`, `match`, `value`, `action`")
def shape(subject: ZapierSubject) -> Iterator[Place]:
    """The rules of a filter are a list of objects."""
    for step in subject.steps:
        rows = step.params.get("filter_criteria")
        if not step.is_filter or rows is None:
            continue
        if not isinstance(rows, list):
            yield f"{step.where}.params.filter_criteria", "is no list"
            continue
        for index, row in enumerate(rows):
            if not isinstance(row, dict):
                yield f"{step.where}.params.filter_criteria[{index}]", "is no object"


@BOOK.rule("filter.match", "warning", area="filter", hint="look at this rule in Zapier's editor")
def match(subject: ZapierSubject) -> Iterator[Place]:
    """A rule compares in a way that exports have shown."""
    for where, row in _rows(subject):
        if row.get("match") not in MATCHES:
            yield f"{where}.match", f"`{shorten(str(row.get('match')), 40)}` hasn't been seen"


@BOOK.rule("filter.action", "error", area="filter", hint="write `continue`, or `stop` for the opposite")
def action(subject: ZapierSubject) -> Iterator[Place]:
    """A rule lets a run go on or stops it."""
    for where, row in _rows(subject):
        if row.get("action") not in ("continue", "stop"):
            yield f"{where}.action", f"is `{shorten(str(row.get('action')), 40)}`"


@BOOK.rule("filter.key", "error", area="filter", hint="choose a field of an earlier step")
def key(subject: ZapierSubject) -> Iterator[Place]:
    """A rule names the field that it asks for."""
    for where, row in _rows(subject):
        found = row.get("key")
        if not isinstance(found, str) or not found.strip():
            yield f"{where}.key", "is empty"
        elif "__" not in found and not found.startswith("="):
            yield f"{where}.key", f"`{shorten(found, 40)}` is no field of a step"


@BOOK.rule("filter.value", "error", area="filter", hint="fill in what to compare with")
def value(subject: ZapierSubject) -> Iterator[Place]:
    """A rule that compares has something to compare with."""
    for where, row in _rows(subject):
        if row.get("match") in COMPARING and row.get("value") in ("", None):
            yield f"{where}.value", "is empty"


@BOOK.rule("filter.number", "error", area="filter", hint="write a number with a point for decimals")
def number(subject: ZapierSubject) -> Iterator[Place]:
    """Greater and less compare with a number."""
    for where, row in _rows(subject):
        found = str(row.get("value"))
        if row.get("match") in ("igreater", "iless") and row.get("value") not in ("", None) and "{{" not in found:
            try:
                float(found)
            except ValueError:
                yield f"{where}.value", f"`{shorten(found, 40)}` is no number"


@BOOK.rule("filter.boolean", "error", area="filter", hint="write `true` or `false`")
def boolean(subject: ZapierSubject) -> Iterator[Place]:
    """A rule about a truth value compares with true or false."""
    for where, row in _rows(subject):
        found = row.get("value")
        known = isinstance(found, bool) or str(found).lower() in ("true", "false") or "{{" in str(found)
        if row.get("match") == "boolean" and found not in ("", None) and not known:
            yield f"{where}.value", f"`{shorten(str(found), 40)}` is neither"


def _rows(subject: ZapierSubject) -> Iterator[tuple[str, Object]]:
    for step in subject.steps:
        if step.is_filter:
            yield from step.filled_in
