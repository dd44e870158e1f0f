"""Plain requests in common shapes, read by rules: the same text always gives the same plan.

Shapes: a trigger (`when a form comes in`, `every morning`), things to do one after the other, `if ... otherwise ...`,
`for each ...`, and one message about all results of a search. Apps and verbs are the registry's, the words around
them `vocabulary.yaml`. What isn't understood is noted as a failure and becomes a question; what isn't said but usual
becomes an assumption.
"""

from __future__ import annotations

from collections.abc import Sequence

from compilers.errors import UserError
from compilers.registry import registry
from manageai_assets.intake.clauses import sentences_of
from manageai_assets.intake.conditions import both, parse_when
from manageai_assets.intake.context import Context, Known
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.models import Intake
from manageai_assets.intake.plan import (
    MAX_STEPS,
    ActionPlan,
    AnyStepPlan,
    Collect,
    CollectPlan,
    ForEachPlan,
    Plan,
    RoutesPlan,
    SentencePlan,
    TriggerPlan,
    children,
    walk,
)
from manageai_assets.intake.request_triggers import find_trigger, given_trigger
from manageai_assets.intake.sentence_rules import read_steps
from manageai_assets.intake.vocabulary import vocabulary


def read_request(intake: Intake, ledger: Ledger) -> Plan | None:
    """The plan that an intake says: its structured parts as they are, its plain words by the rules. What isn't
    understood is noted in the ledger; None when there is nothing to build on."""
    context = Context(intake, ledger)
    sentences = sentences_of(intake.request)
    trigger = given_trigger(intake, context)
    if intake.steps:
        if trigger is None:
            trigger, _ = find_trigger(sentences, context)
        return _resolve(intake.steps, trigger, context)
    if trigger is None:
        trigger, sentences = find_trigger(sentences, context)
    else:
        _, sentences = find_trigger(sentences, Context(intake, Ledger()))
    if trigger is None:
        what = "what starts the automation is not said in a way that is understood"
        ledger.fail("trigger.unread", "request", what, "such as `when a form comes in` or `every weekday at 07:30`")
        _ask_for_steps(sentences, context)
        return None
    steps = read_steps(sentences, context)
    if not steps:
        if not ledger.failed:
            hint = "such as `tell sales in Slack and log it to a sheet`"
            ledger.fail("steps.unread", "request", "what should happen then is not understood", hint)
        return None
    return _plan(trigger, steps, context)


def _plan(trigger: TriggerPlan, steps: tuple[AnyStepPlan, ...], context: Context) -> Plan | None:
    if context.gate is not None:
        head = steps[0]
        try:
            own = parse_when(head.when, context.taken) if isinstance(head.when, str) else head.when
            steps = (head.model_copy(update={"when": both(context.gate, own)}), *steps[1:])
        except UserError as error:
            context.ledger.fail("condition.long", "request", error.what, error.hint)
    if len(steps) > MAX_STEPS:
        what = f"more than {MAX_STEPS} things to do are too many for one automation"
        context.ledger.fail("steps.many", "request", what, "split it over several intakes")
        return None
    return Plan(trigger=_with_assumed(trigger, context), steps=steps)


def _with_assumed(trigger: TriggerPlan, context: Context) -> TriggerPlan:
    """The trigger with the fields that the request spoke of, where it says which fields it gives."""
    prefix = f"{trigger.id or 'trigger'}."
    added = {path.removeprefix(prefix): kind for path, kind in context.assumed.items() if path.startswith(prefix)}
    if added and "headers" in trigger.inputs and isinstance(headers := trigger.inputs["headers"], list):
        columns = [*headers, *(path.removeprefix("row.") for path in added)]
        return trigger.model_copy(update={"inputs": {**trigger.inputs, "headers": columns}})
    return trigger.model_copy(update={"fields": {**trigger.fields, **added}}) if trigger.fields and added else trigger


# -- steps -----------------------------------------------------------------------------------------------------


def _resolve(steps: tuple[AnyStepPlan, ...], trigger: TriggerPlan | None, context: Context) -> Plan | None:
    """Structured steps, with the plain sentences among them read."""
    if trigger is None:
        hint = "such as `when a form comes in` or `every weekday at 07:30`"
        context.ledger.fail("trigger.missing", "trigger", "what starts the automation is not said", hint)
        return None
    context.taken.update(step.id for _, step in walk(steps) if step.id)
    return _plan(trigger, _resolve_chain(steps, context, "steps"), context)


def _resolve_chain(steps: tuple[AnyStepPlan, ...], context: Context, path: str) -> tuple[AnyStepPlan, ...]:
    resolved: list[AnyStepPlan] = []
    for index, step in enumerate(steps):
        if isinstance(step, SentencePlan):
            read = read_steps([step.say], context)
            head = read[0].model_copy(update={"id": step.id, "when": step.when}) if read and step.id else None
            resolved.extend((head, *read[1:]) if head else read or (step,))
            continue
        _learn_step(step, context)
        changes: dict[str, object] = {}
        for name, chain in children(step):
            if any(isinstance(inner, SentencePlan) for _, inner in walk(chain)):
                _replace(step, name, _resolve_chain(chain, context, f"{path}.{index}.{name}"), changes)
        resolved.append(step.model_copy(update=changes) if changes else step)
    return tuple(resolved)


def _learn_step(step: AnyStepPlan, context: Context) -> None:
    """Notes what a structured step gives to the sentences behind it."""
    match step:
        case ActionPlan(id=str(name), app=app, operation=str(operation)):
            known = registry().find(app, operation)
            fields = step.fields or {key: output.type for key, output in known.outputs.items()} if known else {}
            for path, kind in fields.items():
                if kind in ("text", "number", "date") and path not in vocabulary().noise_fields:
                    context.fields.append(Known(path.rsplit(".", 1)[-1], f"{{{{ {name}.{path} }}}}", kind))
        case CollectPlan(id=str(name)) if step.collect.mode == "text":
            context.text = f"{{{{ {name}.text }}}}"
        case ForEachPlan(collect=Collect(id=str(name), mode="text")):
            context.text = f"{{{{ {name}.text }}}}"
        case _:
            pass


def _replace(step: AnyStepPlan, name: str, chain: tuple[AnyStepPlan, ...], changes: dict[str, object]) -> None:
    """Puts a resolved chain back where `children` found it."""
    if isinstance(step, RoutesPlan) and name.startswith("routes."):
        routes = list(changes.get("routes", step.routes))  # type: ignore[call-overload]
        position = int(name.split(".")[1])
        routes[position] = routes[position].model_copy(update={"do": chain})
        changes["routes"] = tuple(routes)
    elif (
        isinstance(step, ActionPlan) and name == "on_error.do" and step.on_error and not isinstance(step.on_error, str)
    ):
        changes["on_error"] = step.on_error.model_copy(update={"do": chain})
    else:
        changes[name] = chain


def _ask_for_steps(sentences: Sequence[str], context: Context) -> None:
    """Notes that the steps are open too, unless the request has something to do that is understood."""
    aside = Context(context.intake, Ledger())
    if not any(read_steps([sentence], aside) for sentence in sentences):
        what = "what should happen then is not said in a way that is understood"
        context.ledger.fail("steps.unread", "request", what, "such as `tell sales in Slack and log it to a sheet`")
