"""Where an engine is known to do otherwise than the spec says: the documented differences, one row for each.

The simulator can run a spec as an engine would, with just these differences; whatever else differs is a fault. The
differences that a client must know of stand in `compilers.n8n.differences`; those that a comparison must know of here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compilers.graph import SpecGraph
from compilers.n8n.order import in_order, starts_with_several
from compilers.registry import registry
from compilers.spec import AnyStep, MergeStep, OnError, OperationStep, Spec

N8N_TRIES = 5
"""n8n tries a node at most that often (n8n facts, section 6)."""
HTTP_NODE = "n8n-nodes-base.httpRequest"
SHEETS_NODE = "n8n-nodes-base.googleSheets"
_WRITES_ROWS = frozenset(("append", "update", "appendOrUpdate"))
"""Operations of `SHEETS_NODE` that write the rows of all bundles by one request."""


@dataclass(frozen=True)
class Dialect:
    """How an engine differs. `tries` is how often a failing step with `retry` is tried in all, by step.

    * `kept_bundle_fails`: a bundle that all tries have failed ends the run as an error. Make keeps it and goes on.
    * `commit_goes_on`: after `commit` the bundles that follow still run. Make ends the run.
    * `null_on_fault`: an expression that can't be calculated gives nothing. Make fails the step.
    * `objects_in_text`: an object that is put into a text is no JSON there, and what is no number is nothing. What Make
      shows is as little to rely on.
    * `at_once`: steps that all bundles go through before the next step starts. Make sends each through all that follows
      first, so that a run that fails has done other things. `all_sent` are those that have called their app for all
      bundles when one fails.
    * `gives_one`: steps that fail where they would give no bundle or several. Make gives just these.
    * `regrouped`: steps that get the bundles of one branch before those of the other.
    """

    tries: Mapping[str, int] = field(default_factory=dict)
    kept_bundle_fails: bool = False
    commit_goes_on: bool = False
    null_on_fault: bool = False
    objects_in_text: bool = False
    at_once: frozenset[str] = frozenset()
    all_sent: frozenset[str] = frozenset()
    gives_one: frozenset[str] = frozenset()
    regrouped: frozenset[str] = frozenset()


AS_SPECIFIED = Dialect()
"""What the spec says, which is what Make does."""


def n8n_dialect(spec: Spec) -> Dialect:
    """How an exported workflow of the spec runs on n8n."""
    graph = SpecGraph(spec)
    ordered = in_order(spec, graph)
    several = starts_with_several(spec.trigger)
    together = frozenset(
        step.id for step in graph if any(loop not in ordered for loop in _loops_above(step, spec, graph, several))
    )
    all_sent = frozenset(step.id for step in graph if step.id in together and _sends_all(step))
    tries = {
        step.id: _tries(step, step.on_error, step.id in together)
        for step in spec.nodes
        if step.on_error is not None and step.on_error.strategy == "retry"
    }
    gives_one = frozenset(step.id for step in graph if isinstance(step, OperationStep) and _is_json_object(step))
    merges = [step.id for step in graph if isinstance(step, MergeStep) and step.id in together]
    regrouped = frozenset(one for merge in merges for one in (merge, *(below.id for below in graph.below(merge))))
    return Dialect(tries, True, True, True, True, together, all_sent, gives_one, regrouped & together)


def _is_json_object(step: OperationStep) -> bool:
    return (step.app, step.operation) == ("json", "parse")


def _sends_all(step: AnyStep) -> bool:
    """Whether the step's node calls its app for all bundles before it looks at any answer."""
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    return operation is not None and any(
        node.node == HTTP_NODE or (node.node == SHEETS_NODE and node.parameters.get("operation") in _WRITES_ROWS)
        for node in operation.n8n_nodes
    )


def _loops_above(step: AnyStep, spec: Spec, graph: SpecGraph, several: bool) -> list[str]:
    """The steps whose bundles reach the step, the trigger among them when it gives several at once."""
    return [*([spec.trigger.id] if several else []), *(above.id for above in graph.multiplying(step.id))]


def _tries(step: AnyStep, rule: OnError, together: bool) -> int:
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    if together and (operation is None or operation.side_effect):
        return 1
    return max(2, min(N8N_TRIES, rule.attempts + 1))
