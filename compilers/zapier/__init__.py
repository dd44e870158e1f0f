"""Zapier: exports of Zaps to specs, and specs to Zaps."""

from __future__ import annotations

from compilers.documents import items, members
from compilers.export import Document, Platform


def steps_of(document: Document) -> tuple[tuple[str, str, str], ...]:
    """Id, app and action of every step of every Zap in an export, in document order."""
    return tuple(
        (key, str(members(node).get("selected_api", "")), str(members(node).get("action", "")))
        for zap in items(document.get("zaps"))
        for key, node in members(members(zap).get("nodes")).items()
    )


PLATFORM = Platform(
    title="Zapier",
    about="The file that Zapier imports on Team and Enterprise plans (Zaps, menu, *Import*).",
    parts="steps",
    columns=("id", "app", "action"),
    rows=steps_of,
)
