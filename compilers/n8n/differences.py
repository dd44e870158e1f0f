"""Where n8n does otherwise than Make whatever a compiler does: one row for each, with its reason.

A row stands in a migration's report when it concerns the scenario. What concerns one step is said with that step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compilers.n8n.order import starts_with_several
from compilers.registry import registry
from compilers.spec import NativeStep, OperationStep, RespondStep, Spec, strings_in, templates_of


@dataclass(frozen=True)
class Difference:
    """One way in which a workflow behaves otherwise than its scenario."""

    name: str
    concerns: Callable[[Spec], bool]
    what: str
    what_to_do: str = ""


def _starts_at_once(spec: Spec) -> bool:
    trigger = spec.trigger
    operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, OperationStep) else None
    return operation is not None and operation.instant


def _has_webhook(spec: Spec) -> bool:
    return isinstance(spec.trigger, OperationStep) and spec.trigger.app == "webhook"


def _answers(spec: Spec) -> bool:
    return any(isinstance(step, RespondStep) for step in spec.steps)


def _retries(spec: Spec) -> bool:
    return any(step.on_error is not None and step.on_error.strategy == "retry" for step in spec.nodes)


def _is_scheduled(spec: Spec) -> bool:
    return not _starts_at_once(spec) and not isinstance(spec.trigger, NativeStep)


def _calculates(spec: Spec) -> bool:
    """Whether an expression calls a function that refuses some values, such as a date that is none."""
    texts = (text for step in spec.nodes for _, value in templates_of(step) for _, text in strings_in(value))
    return any(refusing in text for text in texts if "{{" in text for refusing in _REFUSING)


_REFUSING = ("Date(", "dateDiff(", "parseNumber(", "formatNumber(", "map(", "sort(", "replace(")
DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "webhook-answer",
        lambda spec: _has_webhook(spec) and not _answers(spec),
        "Make answers a webhook with the text `Accepted` as soon as the call is queued; n8n does when the run starts.",
    ),
    Difference(
        "queue",
        _starts_at_once,
        "Make queues calls while a scenario is off; n8n refuses them, and the sender must try again.",
        "switch n8n on before the sender learns the new address",
    ),
    Difference(
        "in-order",
        lambda spec: spec.settings.sequential,
        "Make runs this scenario one run at a time; n8n starts a run for every event at once.",
        "on an own server set N8N_CONCURRENCY_PRODUCTION_LIMIT=1, or let a queue call the webhook",
    ),
    Difference(
        "switched-off-after-errors",
        lambda spec: True,
        "Make switches a scenario off after failed runs in a row; n8n keeps it on and lists the failed executions.",
        "let the monitoring of failed executions tell you",
    ),
    Difference(
        "incomplete-executions",
        lambda spec: spec.settings.keep_incomplete,
        "Make keeps failed bundles as incomplete executions; n8n keeps the whole execution, which can be retried.",
        "retry from the list of executions",
    ),
    Difference(
        "retries",
        _retries,
        "Make tries a failed bundle again minutes or hours later; n8n does so at most five times, five seconds apart.",
        "retry what is left from the list of executions, or by a workflow of its own for failed executions",
    ),
    Difference(
        "cycles",
        lambda spec: spec.settings.max_cycles > 1,
        "Make fetches more bundles in further cycles of the same run; n8n takes all that its trigger gives at once.",
    ),
    Difference(
        "first-poll",
        lambda spec: starts_with_several(spec.trigger),
        "Make remembers what it has seen; n8n begins anew, with what arrives after it was switched on.",
        "switch Make off and n8n on in the same minute, and check what arrived in between",
    ),
    Difference(
        "commit",
        lambda spec: any(step.on_error is not None and step.on_error.strategy == "commit" for step in spec.nodes),
        "After an error that is to end the run as a success, bundles that follow still run on n8n.",
    ),
    Difference(
        "not-calculated",
        _calculates,
        "An expression that can't be calculated, such as one over a date that is none, fails its module on Make; on n8n"
        " its place stays empty, or the node fails where it needs a value.",
        "look at the places that dates, numbers and lists of a service come to",
    ),
    Difference(
        "undo",
        lambda spec: not spec.settings.auto_commit,
        "Make can undo what data stores and databases were told when a run fails; n8n can't.",
    ),
    Difference(
        "schedule",
        lambda spec: _is_scheduled(spec) and spec.schedule is None,
        "A blueprint doesn't hold its schedule: the workflow runs every 15 minutes, Make's own default.",
        "set the times that the scenario has in Make",
    ),
    Difference(
        "timezone",
        lambda spec: True,
        "Dates are formatted in the workflow's time zone; a blueprint doesn't name the one of its organisation.",
        "check the time zone in the workflow's settings",
    ),
    Difference(
        "confidential",
        lambda spec: spec.settings.confidential,
        "Make keeps no data of this scenario in its history; n8n keeps executions with their data.",
        "set *Save successful production executions* and *Save failed production executions* to *Do not save*",
    ),
)


def differences_of(spec: Spec) -> tuple[Difference, ...]:
    """The rows that concern a scenario."""
    return tuple(row for row in DIFFERENCES if row.concerns(spec))
