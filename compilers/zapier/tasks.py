"""The Code steps that a Zap needs beside the steps of its spec: each counts a task whenever it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from compilers.errors import CompileError, RegistryError
from compilers.spec import Spec
from compilers.zapier.code import API
from compilers.zapier.write import write


def code_steps(spec: Spec) -> Mapping[str, int]:
    """How many Code steps run each time that a step does; none for a spec that is no graph, or that names what the
    registry lacks. One that a filter asks runs whenever the step before the filter has."""
    try:
        made = write(spec, by_hand=True)
    except (CompileError, RegistryError):
        return {}
    found: Counter[str] = Counter([*made.codes])
    found.update(edge.source for edge in spec.edges if edge.target in made.filter_codes)
    own = (step for step, node in made.nodes.items() if step not in made.manual)
    found.update(step for step in own if made.nodes[step].get("selected_api") == API)
    return {step.id: found[step.id] for step in spec.nodes if found[step.id]}
