"""n8n: specs to workflows."""

from __future__ import annotations

from compilers.export import Document, Platform


def nodes_of(document: Document) -> tuple[tuple[str, str, str], ...]:
    """Name, type and version of every node of a workflow, in document order."""
    nodes = document.get("nodes")
    return tuple(
        (str(node.get("name", "")), str(node.get("type", "")), str(node.get("typeVersion", "")))
        for node in (nodes if isinstance(nodes, list) else [])
        if isinstance(node, dict)
    )


PLATFORM = Platform(
    title="n8n",
    about="The workflow that n8n imports (workflow editor, menu, *Import from File*).",
    parts="nodes",
    columns=("name", "type", "version"),
    rows=nodes_of,
)
