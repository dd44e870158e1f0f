"""Make.com: specs to blueprints."""

from __future__ import annotations

from pydantic import JsonValue

from compilers.export import Document, Platform


def modules_of(document: Document) -> tuple[tuple[str, str, str], ...]:
    """Id, name and version of every module of a blueprint, wherever it stands, in document order."""
    rows: list[tuple[str, str, str]] = []
    todo: list[JsonValue] = [dict(document)]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("module"), str) and "id" in item:
                rows.append((str(item["id"]), str(item["module"]), str(item.get("version", ""))))
            todo.extend(item[key] for key in reversed(list(item)) if key in ("flow", "routes", "branches", "onerror"))
        elif isinstance(item, list):
            todo.extend(reversed(item))
    return tuple(rows)


PLATFORM = Platform(
    title="Make",
    about="The blueprint that Make's editor imports (scenario editor, menu, *Import Blueprint*).",
    parts="modules",
    columns=("id", "module", "version"),
    rows=modules_of,
)
