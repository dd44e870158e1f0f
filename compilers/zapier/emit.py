"""Canonical spec -> export of a Zap, as Zapier imports it on Team and Enterprise plans.

    >>> emit(spec).document["zaps"][0]["nodes"]

A Zap arrives switched off and without accounts. What Zapier can't do stops the export, with one finding for each
obstacle: the step, why, and what would make it possible.
"""

from __future__ import annotations

from collections.abc import Mapping

from compilers import residue
from compilers.documents import Object, members
from compilers.errors import CompileError
from compilers.export import Export, by_account
from compilers.spec import Spec
from compilers.zapier.write import write
from compilers.zapier.written import kept


def emit(spec: Spec, *, by_hand: bool = False, originals: Mapping[str, Object] | None = None) -> Export:
    """The Zap of a spec. Raises `CompileError` with one finding for each thing that Zapier can't express; with
    `by_hand` those are warnings, and their steps left to a person (`originals` being what they were elsewhere)."""
    made = write(spec, by_hand=by_hand, originals=originals)
    errors = [finding for finding in made.findings if finding.severity == "error"]
    if by_hand:
        made.findings = [finding.model_copy(update={"severity": "warning"}) for finding in made.findings]
    elif errors:
        raise CompileError("Zapier can't express this spec", where=spec.slug, findings=errors)
    for step in spec.nodes:
        own = kept(step)
        if step.id in made.nodes:
            residue.apply(made.nodes[step.id], own.get("changes"))
        beside = {"filter": made.filters, "code": made.codes, "filter_code": made.filter_codes}
        for name, nodes in beside.items():
            if step.id in nodes:
                residue.apply(nodes[step.id], members(own.get(name)).get("changes"))
    residue.apply(made.document, spec.residue.get("zapier", {}).get("changes"))
    return Export(
        platform="zapier",
        document=made.document,
        connections=by_account(made.connections),
        webhooks=tuple(made.webhooks),
        findings=tuple(dict.fromkeys(made.findings)),
        places={step.id: tuple(f"step {node['id']}" for node in made.of(step.id)) for step in spec.nodes},
        results={step: f"step {node['id']}" for step, node in made.nodes.items()},
        mains={step: f"step {node['id']}" for step, node in made.nodes.items()},
        translations=tuple(made.translations),
        manual=tuple(step.id for step in spec.nodes if step.id in made.manual),
    )
