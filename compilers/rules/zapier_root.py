"""Rules for Zapier exports: the document and its Zaps."""

from __future__ import annotations

from collections.abc import Iterator

from compilers.documents import members
from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.zapier_subject import BOOK, ZapierSubject

MOST_STEPS = 100
"""Steps of one Zap (facts, *Limits*)."""


@BOOK.rule("root.zaps", "error", area="root", hint="export the Zaps again")
def zaps(subject: ZapierSubject) -> Iterator[Place]:
    """An export is an object that lists at least one Zap."""
    listed = members(subject.document).get("zaps")
    if not isinstance(listed, list) or not listed:
        yield "zaps", "there are no Zaps"
        return
    for index, zap in enumerate(listed):
        if not isinstance(zap, dict):
            yield f"zaps[{index}]", "is no object"


@BOOK.rule("root.version", "error", area="root", hint='write `"metadata": {"version": 2}`')
def version(subject: ZapierSubject) -> Iterator[Place]:
    """The envelope's version is one that Zapier writes."""
    found = members(members(subject.document).get("metadata")).get("version")
    if found not in (2, "gdpr_v1") or isinstance(found, bool):
        yield "metadata.version", f"is `{shorten(str(found), 40)}`"


@BOOK.rule("root.importable", "info", area="root", hint="export the Zap itself on a Team or Enterprise plan")
def importable(subject: ZapierSubject) -> Iterator[Place]:
    """An export that is to be imported is no data download."""
    if members(members(subject.document).get("metadata")).get("version") == "gdpr_v1":
        yield "metadata.version", "is a data download, which Zapier doesn't import"


@BOOK.rule("zap.title", "warning", area="zap", hint="name it after what it does")
def title(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap has a title."""
    for zap in subject.zaps:
        found = zap.data.get("title")
        if not isinstance(found, str) or not found.strip():
            yield f"{zap.where}.title", "is empty"


@BOOK.rule("zap.nodes", "error", area="zap", hint="export the Zap again")
def nodes(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap's steps are objects, by their ids."""
    for zap in subject.zaps:
        found = zap.data.get("nodes")
        if not isinstance(found, dict):
            yield f"{zap.where}.nodes", "is no object"
            continue
        for key, node in found.items():
            if not isinstance(node, dict):
                yield f"{zap.where}.nodes.{shorten(key, 40)}", "is no object"


@BOOK.rule("zap.action", "error", area="zap", hint="add an action, or remove the Zap")
def action(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap does something behind its trigger."""
    for zap in subject.zaps:
        if isinstance(zap.data.get("nodes"), dict) and len(zap.steps) < 2:
            yield f"{zap.where}.nodes", "has no action"


@BOOK.rule("zap.size", "error", area="zap", hint="split it into several Zaps")
def size(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap has at most 100 steps."""
    for zap in subject.zaps:
        if len(zap.steps) > MOST_STEPS:
            yield f"{zap.where}.nodes", f"has {len(zap.steps)} steps"


@BOOK.rule("zap.id", "error", area="zap", hint="give it the id of its trigger")
def identifier(subject: ZapierSubject) -> Iterator[Place]:
    """A Zap has the id of its trigger."""
    for zap in subject.zaps:
        if len(zap.starts) == 1 and str(zap.data.get("id")) != zap.starts[0].key:
            yield f"{zap.where}.id", f"is `{shorten(str(zap.data.get('id')), 40)}`, not `{zap.starts[0].key[:40]}`"


@BOOK.rule("zap.shared-ids", "error", area="zap", hint="number the steps of each Zap on from those of the one before")
def shared_ids(subject: ZapierSubject) -> Iterator[Place]:
    """No step of one Zap has the id of a step of another."""
    seen: dict[str, str] = {}
    for step in subject.steps:
        first = seen.setdefault(step.key, step.zap.where)
        if first != step.zap.where:
            yield step.where, f"has the id of a step of {first}"
