"""Runs cases on the simulator, over what a Zap says when it is read back.

Values come through Zapier's tokens, filters, paths and Code steps, which the parser reads from the file that the client
gets: a token that leads to the wrong step, a path whose rules let pass what they should not, or a Code step that was
changed, does here what it would do on Zapier. That a Code step's JavaScript gives what is read from it is proven where
it runs (`tests/compilers/zapier/test_code.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.expressions.context import Context
from compilers.spec import Spec, StopStep
from compilers.zapier.parse import parse
from manageai_assets.testing.compare import Sight
from manageai_assets.testing.models import Case, Request, StepError, StepTrace, Trace
from manageai_assets.testing.simulated_engine import SpecEngine


class ZapEngine(SpecEngine):
    """A spec's Zap. `places` says which of its steps the spec's became, the last of each being its own. Raises
    `ZapError` for what is no export of Zaps."""

    sees = Sight(types=False, operations=False)

    def __init__(self, spec: Spec, document: JsonValue, places: Mapping[str, tuple[str, ...]]) -> None:
        parsed = parse(document, slug=spec.slug, customer=spec.customer.name, timezone=spec.settings.timezone)
        step_of = {found[-1].removeprefix("step "): step for step, found in places.items() if found}
        self._names = {own: step_of[node.key] for own, node in parsed.nodes.items() if node.key in step_of}
        self._own = {name: own for own, name in self._names.items()}
        self._ends = {step.id for step in spec.nodes if isinstance(step, StopStep)}
        read = parsed.spec.model_copy(update={"created": spec.created, "settings": spec.settings})
        super().__init__(read, "Zap, read back")

    def view(self, trace: Trace) -> Trace:
        """What is expected, without the steps that only end a way: a Zap needs none."""
        steps = {name: step for name, step in trace.steps.items() if name not in self._ends}
        return trace.model_copy(update={"steps": steps, "taken": (), "stopped": ()})

    def run(self, case: Case, expected: Trace, context: Context) -> Trace:
        answers = {self._own[name]: found for name, found in case.answers.items() if name in self._own}
        trace = super().run(case.model_copy(update={"answers": answers}), expected, context)
        steps = {self._names[name]: self._step(step) for name, step in trace.steps.items() if name in self._names}
        return trace.model_copy(
            update={
                "steps": steps,
                "requests": tuple(map(self._request, trace.requests)),
                "error": self._error(trace.error) if trace.error else None,
                "taken": (),
                "stopped": (),
            }
        )

    def _step(self, step: StepTrace) -> StepTrace:
        return step.model_copy(
            update={
                "step": self._names[step.step],
                "requests": tuple(map(self._request, step.requests)),
                "errors": tuple(map(self._error, step.errors)),
            }
        )

    def _request(self, request: Request) -> Request:
        return request.model_copy(update={"step": self._names.get(request.step, request.step)})

    def _error(self, error: StepError) -> StepError:
        return error.model_copy(update={"step": self._names.get(error.step, error.step)})
