"""Where Zapier does otherwise than Make and n8n whatever a compiler does: one row for each, with its reason."""

from __future__ import annotations

from compilers.n8n.differences import Difference
from compilers.spec import NativeStep, OperationStep, RespondStep, RouterStep, Spec


def _splits(spec: Spec) -> bool:
    return any(isinstance(step, RouterStep) for step in spec.steps)


def _has_webhook(spec: Spec) -> bool:
    return isinstance(spec.trigger, OperationStep) and spec.trigger.app == "webhook"


def _calls(spec: Spec) -> bool:
    return any(isinstance(step, OperationStep) and step.app == "http" for step in spec.steps)


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "texts",
        lambda spec: bool(spec.steps),
        "Zapier hands values from step to step as texts: numbers, truth values and lists arrive so in a Code step and "
        "in the body of a request.",
        "see to it that the other side takes a text for a number",
    ),
    Difference(
        "webhook-answer",
        lambda spec: _has_webhook(spec) and not any(isinstance(step, RespondStep) for step in spec.steps),
        "Zapier answers every call of a webhook at once, with a status of its own.",
    ),
    Difference(
        "paths", _splits, "paths of a Zap run side by side; routes and branches elsewhere run one after another."
    ),
    Difference(
        "failed-requests",
        _calls,
        "an answer with an error status ends the run on Zapier, and no step sees that status.",
    ),
    Difference(
        "several",
        lambda spec: any(isinstance(step, NativeStep) for step in spec.steps),
        "a step of a Zap runs once for each run; a module or node that gives several results makes later ones run more "
        "often.",
        "put Looping by Zapier behind a step that gives several results",
    ),
)


def differences_of(spec: Spec) -> tuple[Difference, ...]:
    """The rows that concern a scenario."""
    return tuple(row for row in DIFFERENCES if row.concerns(spec))
