"""Rules for Make exports: error handlers and filters."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.operators import OPERATORS
from compilers.rules.engine import Place
from compilers.rules.make_subject import (
    BOOK,
    BREAK,
    DIRECTIVES,
    IF_ELSE,
    MERGE,
    RESUME,
    ROUTER,
    MakeSubject,
    items,
    members,
)

MAX_INTERVAL = 44_640
"""Minutes in 31 days, the longest wait of a Break."""
MAX_COUNT = 10_000


@BOOK.rule("onerror.shape", "error", area="onerror", hint="write the handler as a list of modules, or leave it out")
def onerror_shape(subject: MakeSubject) -> Iterator[Place]:
    """An error handler is a list of modules."""
    for module in subject.modules:
        handler = module.data.get("onerror")
        if handler is not None and not isinstance(handler, list):
            yield f"{module.where}.onerror", "is no list"


@BOOK.rule("onerror.empty", "warning", area="onerror", hint="put a directive such as Ignore into it, or leave it out")
def onerror_empty(subject: MakeSubject) -> Iterator[Place]:
    """An error handler has modules."""
    for module in subject.modules:
        if module.data.get("onerror") == []:
            yield f"{module.where}.onerror", "is empty"


@BOOK.rule("onerror.place", "error", area="onerror", hint="handle errors at the modules behind it")
def onerror_place(subject: MakeSubject) -> Iterator[Place]:
    """Routers, if-else, merges and directives have no error handlers."""
    for module in subject.named(ROUTER, IF_ELSE, MERGE, *DIRECTIVES):
        if items(module.data.get("onerror")):
            yield f"{module.where}.onerror", f"`{module.name}` can't have an error handler"


@BOOK.rule("onerror.directive-last", "error", area="onerror", hint="move the directive to the end of its flow")
def directive_last(subject: MakeSubject) -> Iterator[Place]:
    """Nothing stands behind a directive."""
    for module in subject.named(*DIRECTIVES):
        if module.index + 1 < len(module.flow.modules):
            yield module.where, f"modules stand behind `{module.name}`, and never run"


@BOOK.rule("onerror.break-kept", "warning", area="onerror", hint="set `metadata.scenario.dlq` to true")
def break_kept(subject: MakeSubject) -> Iterator[Place]:
    """Where a Break keeps failed bundles, the scenario allows incomplete executions."""
    if subject.settings.get("dlq") is not True:
        for module in subject.named(BREAK):
            yield module.where, "keeps failed bundles, which `metadata.scenario.dlq` doesn't allow"


@BOOK.rule("onerror.break-values", "error", area="onerror", hint="write counts from 1 and minutes up to 44640")
def break_values(subject: MakeSubject) -> Iterator[Place]:
    """A Break says whether, how often and after how many minutes it tries again."""
    for module in subject.named(BREAK):
        where, mapper = f"{module.where}.mapper", module.mapper
        if not _is_flag(mapper.get("retry", False)):
            yield f"{where}.retry", f"`{shorten(str(mapper.get('retry')), 60)}` is neither true nor false"
        for name, low, high in (("count", 1, MAX_COUNT), ("interval", 0, MAX_INTERVAL)):
            value = mapper.get(name)
            if value not in (None, "") and not _is_between(value, low, high):
                yield f"{where}.{name}", f"`{shorten(str(value), 60)}` is not {low} to {high}"


def _is_flag(value: JsonValue) -> bool:
    return value is None or isinstance(value, bool) or str(value) == "" or "{{" in str(value)


def _is_between(value: JsonValue, low: int, high: int) -> bool:
    if isinstance(value, str) and "{{" in value:
        return True
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value).strip()
    return text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high


@BOOK.rule("onerror.resume-values", "warning", area="onerror", hint="map the outputs to go on with, or use Ignore")
def resume_values(subject: MakeSubject) -> Iterator[Place]:
    """A Resume says what to go on with."""
    for module in subject.named(RESUME):
        if not module.mapper:
            yield f"{module.where}.mapper", "resumes with nothing"


def _filters(subject: MakeSubject) -> Iterator[tuple[str, JsonValue]]:
    """Every filter and every branch's conditions, with its place."""
    for module in subject.modules:
        if module.data.get("filter") is not None:
            yield f"{module.where}.filter", module.data["filter"]
        for index, entry in enumerate(items(module.data.get("filters"))):
            if entry is not None:
                yield f"{module.where}.filters[{index}]", entry
        for index, branch in enumerate(items(module.data.get("branches"))):
            if members(branch).get("conditions") is not None:
                yield f"{module.where}.branches[{index}]", branch


def _conditions(subject: MakeSubject) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    for where, data in _filters(subject):
        for row, group in enumerate(items(members(data).get("conditions"))):
            for column, condition in enumerate(items(group)):
                if isinstance(condition, dict):
                    yield f"{where}.conditions[{row}][{column}]", condition


@BOOK.rule("filter.shape", "error", area="filter", hint='write `"conditions": [[{"a": ..., "o": ..., "b": ...}]]`')
def filter_shape(subject: MakeSubject) -> Iterator[Place]:
    """A filter is an object whose conditions are a list of groups of objects."""
    for where, data in _filters(subject):
        conditions = members(data).get("conditions")
        if not isinstance(data, dict) or not isinstance(conditions, list | None):
            yield where, "is no filter"
        for group in items(conditions):
            if not isinstance(group, list) or not all(isinstance(condition, dict) for condition in group):
                yield where, f"`{shorten(str(group), 60)}` is no group of conditions"


@cache
def _operators() -> frozenset[str]:
    """Make's names of all operators."""
    rows = OPERATORS.values()
    return frozenset([row.make for row in rows] + [f"{row.make}:ci" for row in rows if row.can_ignore_case])


@BOOK.rule("filter.operator", "error", area="filter", hint="take one of Make's operators, such as `text:equal`")
def filter_operator(subject: MakeSubject) -> Iterator[Place]:
    """A condition's operator is one of Make's: any other silently never passes."""
    for where, condition in _conditions(subject):
        name = condition.get("o")
        if not isinstance(name, str) or name not in _operators():
            near = get_close_matches(str(name)[:40], sorted(_operators()), n=1)
            also = f"; Make spells it `{near[0]}`" if near else ""
            yield f"{where}.o", f"there is no operator `{shorten(str(name), 60)}`{also}"


@BOOK.rule("filter.operands", "warning", area="filter", hint="give `a`, and `b` unless the operator is exist")
def filter_operands(subject: MakeSubject) -> Iterator[Place]:
    """A condition has a left side, and a right one if its operator compares."""
    for where, condition in _conditions(subject):
        if condition.get("a") is None:
            yield f"{where}.a", "nothing is compared"
        if condition.get("b") is None and condition.get("o") not in ("exist", "notexist"):
            yield f"{where}.b", "is compared with nothing"
