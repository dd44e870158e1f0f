"""What a Zap holds beyond what the compiler writes for its spec, kept with the spec's steps as residues."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.residue import changes
from compilers.spec import AnyStep, Spec
from compilers.zapier.source import Node
from compilers.zapier.write import write


def with_residues(spec: Spec, document: Object, nodes: Mapping[str, Node], filters: Mapping[str, Node]) -> Spec:
    """The spec with all that its steps, their filters and the document hold beyond what the compiler writes."""
    kept: dict[str, Object] = {step.id: dict(step.residue.get("zapier", {})) for step in spec.nodes}
    for step, node in nodes.items():
        kept[step]["key"] = node.key
    for step, node in filters.items():
        kept[step]["filter"] = {"key": node.key}
    written = write(_keeping(spec, kept, {}))
    for step, node in nodes.items():
        kept[step]["changes"] = changes(written.nodes.get(step, {}), node.data)
    for step, node in filters.items():
        kept[step]["filter"] = {"key": node.key, "changes": changes(written.filters.get(step, {}), node.data)}
    return _keeping(spec, kept, {"changes": changes(frame(written.document), frame(document))})


def _keeping(spec: Spec, kept: Mapping[str, Object], root: Object) -> Spec:
    def with_its(step: AnyStep) -> AnyStep:
        return step.model_copy(update={"residue": {"zapier": kept[step.id]}}) if kept.get(step.id) else step

    steps = tuple(with_its(step) for step in spec.steps)
    return spec.model_copy(update={"trigger": with_its(spec.trigger), "steps": steps, "residue": {"zapier": root}})


def frame(document: Mapping[str, JsonValue]) -> Object:
    """A document without the steps of its Zaps."""
    zaps: list[JsonValue] = [{**members(zap), "nodes": {}} for zap in items(document.get("zaps"))]
    return {**document, "zaps": zaps}
