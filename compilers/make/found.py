"""Searches of Make that go on with an empty bundle when they find nothing, though the spec says that nothing follows.

Some modules have no setting for it: exports and reports show that they always give a bundle (facts 2.3). What follows
such a search gets one more condition, that something was found; it holds too should the module give nothing at all.
"""

from __future__ import annotations

from compilers.registry import registry
from compilers.spec import AnyStep, AppStep, Condition, Edge, Filter, Spec


def only_what_was_found(spec: Spec) -> Spec:
    """The spec with that condition on every edge behind such a search."""
    searches = {step.id for step in spec.steps if _always_goes_on(step)}
    if not searches:
        return spec
    edges = tuple(_guarded(edge) if edge.source in searches and edge.kind == "next" else edge for edge in spec.edges)
    return spec.model_copy(update={"edges": edges})


def _always_goes_on(step: AnyStep) -> bool:
    """Whether the step's module gives an empty bundle for nothing, unasked."""
    if not isinstance(step, AppStep) or step.inputs.get("always") is True:
        return False
    operation = registry().find(step.app, step.operation)
    if operation is None or operation.make is None or "always" not in operation.inputs:
        return False
    return any(way.value is True and not way.when for way in operation.make.ways.get("always", ()))


def _guarded(edge: Edge) -> Edge:
    found = Condition(left=f"{{{{ {edge.source}._total }}}}", operator="number:not_equals", right=0)
    groups = edge.filter.any_of if edge.filter and edge.filter.any_of else ((),)
    label = (edge.filter.label if edge.filter else "") or edge.label or "something was found"
    return edge.model_copy(update={"filter": Filter(label=label, any_of=tuple((*group, found) for group in groups))})
