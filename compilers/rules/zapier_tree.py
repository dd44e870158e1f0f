"""Rules for Zapier exports: the tree that the steps of a Zap form, and its paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from compilers.documents import items
from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.zapier_subject import BOOK, ZapierSubject

MOST_PATHS, MOST_LEVELS = 10, 3
"""Paths of one Paths step, and Paths steps inside each other (facts, *Limits*)."""


@BOOK.rule("tree.one-trigger", "error", area="tree", hint="keep one step without `parent_id`")
def one_trigger(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap has one trigger: the one step without a step before it."""
    for zap in subject.zaps:
        if zap.steps and len(zap.starts) != 1:
            yield f"{zap.where}.nodes", f"{len(zap.starts)} steps have no step before them"


@BOOK.rule("tree.trigger-reads", "error", area="tree", hint="start the Zap with a trigger")
def trigger_reads(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap starts with a step that reads."""
    for zap in subject.zaps:
        if len(zap.starts) == 1 and zap.starts[0].data.get("type_of") in ("write", "search", "filter"):
            yield f"{zap.starts[0].where}.type_of", f"the trigger's type is `{zap.starts[0].data['type_of']}`"


@BOOK.rule("tree.trigger-first", "error", area="tree", hint="make a Zap of its own of it, or use a search")
def trigger_first(subject: ZapierSubject) -> Iterator[Place]:
    """Only the first step of a Zap is a trigger."""
    for step in subject.steps:
        if step.parent is not None and step.data.get("type_of") == "read":
            yield f"{step.where}.type_of", "is a trigger behind another step"


@BOOK.rule("tree.parent", "error", area="tree", hint="put it behind a step of this Zap")
def parent(subject: ZapierSubject) -> Iterator[Place]:
    """The step before a step is there."""
    for step in subject.steps:
        above = step.data.get("parent_id")
        if above is not None and step.parent is None:
            yield f"{step.where}.parent_id", f"there is no step `{shorten(str(above), 40)}`"


@BOOK.rule("tree.ring", "error", area="tree", hint="put each step behind an earlier one")
def ring(subject: ZapierSubject) -> Iterator[Place]:
    """No step stands behind itself."""
    for step in subject.steps:
        if step in step.above:
            yield f"{step.where}.parent_id", "stands behind itself"


@BOOK.rule("tree.root", "error", area="tree", hint="write the trigger's id there")
def root(subject: ZapierSubject) -> Iterator[Place]:
    """Every step but the trigger names the trigger as its root."""
    for zap in subject.zaps:
        for step in zap.steps if len(zap.starts) == 1 else ():
            found = step.data.get("root_id")
            trigger = step is zap.starts[0]
            if found is not None if trigger else str(found) != zap.starts[0].key:
                yield f"{step.where}.root_id", f"is `{shorten(str(found), 40)}`"


@BOOK.rule("tree.fork", "error", area="tree", hint="put a Paths step there")
def fork(subject: ZapierSubject) -> Iterator[Place]:
    """Only Paths have several steps behind them."""
    for step in subject.steps:
        behind = step.zap.children.get(step.key, ())
        if len(behind) > 1 and not step.is_paths:
            yield step.where, f"{len(behind)} steps stand behind it"


@BOOK.rule("paths.heads", "error", area="paths", hint="start each path with its rules")
def heads(subject: ZapierSubject) -> Iterator[Place]:
    """Each path starts with its rules."""
    for step in subject.steps:
        if step.parent is not None and step.parent.is_paths and not step.is_path:
            yield step.where, "stands behind Paths without the rules of a path"


@BOOK.rule("paths.rules", "error", area="paths", hint="use a filter there")
def rules(subject: ZapierSubject) -> Iterator[Place]:
    """The rules of a path stand right behind Paths."""
    for step in subject.steps:
        if step.is_path and step.parent is not None and not step.parent.is_paths:
            yield step.where, "are the rules of a path, behind a step that is no Paths"


@BOOK.rule("paths.number", "error", area="paths", hint="split it into several Zaps, or use a filter for a single path")
def number(subject: ZapierSubject) -> Iterator[Place]:
    """Paths split a Zap into 1 to 10 paths."""
    for step in subject.steps:
        count = len(step.zap.children.get(step.key, ()))
        if step.is_paths and not 1 <= count <= MOST_PATHS:
            yield step.where, f"has {count} paths"


@BOOK.rule("paths.depth", "error", area="paths", hint="split it into several Zaps")
def depth(subject: ZapierSubject) -> Iterator[Place]:
    """Paths stand inside each other at most 3 levels deep."""
    for step in subject.steps:
        level = sum(one.is_paths for one in step.above) + 1
        if step.is_paths and level > MOST_LEVELS:
            yield step.where, f"is on level {level}"


@BOOK.rule("paths.order", "warning", area="paths", hint="number the paths from 0")
def order(subject: ZapierSubject) -> Iterator[Place]:
    """No two paths of one Paths step have the same place."""
    for step in subject.steps:
        places = [
            str(one.params.get("path_eval_index"))
            for one in step.zap.children.get(step.key, ())
            if step.is_paths and one.params.get("path_eval_index") is not None
        ]
        twice = [place for place, count in Counter(places).items() if count > 1]
        if twice:
            yield step.where, f"place {shorten(twice[0], 20)} is given twice"


@BOOK.rule("paths.empty", "warning", area="paths", hint="add a step to it, or remove it")
def empty(subject: ZapierSubject) -> Iterator[Place]:
    """A path does something."""
    for step in subject.steps:
        if step.is_path and step.key not in step.zap.children:
            yield step.where, "nothing stands on this path"


@BOOK.rule("paths.fields", "error", area="paths", hint="put the steps on each path")
def last(subject: ZapierSubject) -> Iterator[Place]:
    """Paths take no values: their own fields are empty."""
    for step in subject.steps:
        if step.is_paths and items(step.params.get("filter_criteria")):
            yield f"{step.where}.params", "the rules stand at Paths, not at a path"
