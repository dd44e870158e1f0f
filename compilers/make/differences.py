"""Where Make does otherwise than n8n whatever a compiler does: one row for each, with its reason."""

from __future__ import annotations

from compilers.n8n.differences import Difference
from compilers.spec import OperationStep, RespondStep, Spec


def _has_webhook(spec: Spec) -> bool:
    return isinstance(spec.trigger, OperationStep) and spec.trigger.app == "webhook"


def _handles_errors(spec: Spec) -> bool:
    return any(edge.kind == "error" for edge in spec.edges)


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "order",
        lambda spec: bool(spec.steps),
        "n8n runs a node for all of its items before the next node starts; on Make each bundle passes through all that "
        "follows before the next one starts.",
    ),
    Difference(
        "webhook-answer",
        lambda spec: _has_webhook(spec) and not any(isinstance(step, RespondStep) for step in spec.steps),
        "n8n answers a webhook as its node says; Make does with the text `Accepted` as soon as the call is queued.",
        "put a *Webhook response* at the end where the caller needs an answer",
    ),
    Difference(
        "webhook-data",
        _has_webhook,
        "Make gives the body's and the address's fields in one bundle, without headers; n8n keeps them apart.",
        "call the webhook once with test data, so that Make learns the fields",
    ),
    Difference(
        "error-items",
        _handles_errors,
        "an item that failed leaves a node of n8n by its error output with its data; Make's error handler gets the "
        "bundle that came in, and the error beside it.",
    ),
    Difference(
        "http-lists",
        lambda spec: any(isinstance(step, OperationStep) and step.app == "http" for step in spec.steps),
        "an answer that is a list becomes one item for each element on n8n; Make gives one bundle that holds the list.",
        "put an iterator behind the request where the answer is a list",
    ),
    Difference(
        "manual-start",
        lambda spec: spec.schedule is not None and spec.schedule.kind == "on_demand",
        "the workflow is started by hand in n8n's editor; on Make that is *Run once*, or a scenario on demand.",
        "set the scenario's schedule to *On demand*",
    ),
)


def differences_of(spec: Spec) -> tuple[Difference, ...]:
    """The rows that concern a scenario."""
    return tuple(row for row in DIFFERENCES if row.concerns(spec))
