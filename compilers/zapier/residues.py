"""What a Zap holds beyond what the compiler writes for its spec, kept with the spec's steps as residues."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.residue import changes, keeping
from compilers.spec import Spec
from compilers.zapier.source import Node
from compilers.zapier.write import write


def with_residues(spec: Spec, document: Object, beside: Mapping[str, Mapping[str, Node]]) -> Spec:
    """The spec with all that its steps and the document hold beyond what the compiler writes. `beside` are the Zap's
    steps by the spec's: `node` does a step's work, `filter` guards it, `code` and `filter_code` are the Code steps
    before those two."""
    kept: dict[str, Object] = {step.id: dict(step.residue.get("zapier", {})) for step in spec.nodes}
    for name, nodes in beside.items():
        for step, node in nodes.items():
            kept[step] |= {"key": node.key} if name == "node" else {name: {"key": node.key}}
    written = write(keeping(spec, "zapier", kept, {}))
    made = {
        "node": written.nodes,
        "filter": written.filters,
        "code": written.codes,
        "filter_code": written.filter_codes,
    }
    for name, nodes in beside.items():
        for step, node in nodes.items():
            changed: Object = {"key": node.key, "changes": changes(made[name].get(step, {}), node.data)}
            kept[step] |= changed if name == "node" else {name: changed}
    return keeping(spec, "zapier", kept, {"changes": changes(frame(written.document), frame(document))})


def frame(document: Mapping[str, JsonValue]) -> Object:
    """A document without the steps of its Zaps."""
    zaps: list[JsonValue] = [{**members(zap), "nodes": {}} for zap in items(document.get("zaps"))]
    return {**document, "zaps": zaps}
