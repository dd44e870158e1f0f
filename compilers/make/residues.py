"""What a blueprint holds beyond what the compiler writes for its spec, kept with the spec's steps as residues."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.make.emit import write
from compilers.make.known import Known
from compilers.make.source import BRANCHES, Source
from compilers.residue import changes, keeping
from compilers.spec import Spec


def with_residues(spec: Spec, document: Object, modules: Mapping[str, Known], directives: Mapping[str, Source]) -> Spec:
    """The spec with all that its steps' modules, and the document, hold beyond what the compiler writes."""
    sources = {known.source.step: known.source for known in modules.values() if known.source.step}
    ends = {sources[step].id: step for step in sources}
    kept: dict[str, Object] = {step.id: dict(step.residue.get("make", {})) for step in spec.nodes}
    for step, source in sources.items():
        kept[step] |= {"id": source.data.get("id"), "module": source.name, "version": source.version}
        if source.handler and source.id not in directives:
            kept[step]["no_directive"] = True
    for failed, directive in directives.items():
        kept[ends[failed]]["directive"] = {"id": directive.data.get("id")}
    written = write(keeping(spec, "make", kept, {}))
    for step, source in sources.items():
        kept[step]["changes"] = changes(shell(written.modules.get(step, {})), shell(source.data))
    for failed, source in directives.items():
        was = shell(written.modules.get(f"{ends[failed]}/directive", {}))
        known: Object = {"id": source.data.get("id"), "changes": changes(was, shell(source.data))}
        kept[ends[failed]]["directive"] = known
    return keeping(spec, "make", kept, {"changes": changes(frame(written.document), frame(document))})


def shell(module: Mapping[str, JsonValue]) -> Object:
    """A module without the modules inside it."""
    found = dict(module)
    key = BRANCHES.get(str(found.get("module")), "")
    if key in found:
        found[key] = [
            {name: value for name, value in members(one).items() if name != "flow"} for one in items(found[key])
        ]
    if found.get("onerror"):
        found["onerror"] = True
    return found


def frame(document: Mapping[str, JsonValue]) -> Object:
    """A blueprint without its modules."""
    found = {key: value for key, value in document.items() if key != "flow"}
    metadata = dict(members(found.get("metadata")))
    designer = members(metadata.get("designer"))
    if "orphans" in designer:
        metadata["designer"] = {**designer, "orphans": []}
    if "metadata" in found:
        found["metadata"] = metadata
    return found
