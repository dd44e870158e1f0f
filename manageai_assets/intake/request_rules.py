"""Plain requests in common shapes, read by rules: the same text always gives the same plan.

Shapes: a trigger (`when a form comes in`, `every morning`), things to do one after the other, `if ... otherwise ...`,
`for each ...`, and one message about all results of a search. Apps and verbs are the registry's, the words around
them `vocabulary.yaml`. What isn't understood is noted as a failure and becomes a question; what isn't said but usual
becomes an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from compilers.errors import shorten
from compilers.registry import registry
from compilers.spec import Condition, Filter
from manageai_assets.intake.actions import mentions, read_action
from manageai_assets.intake.clauses import (
    action_clauses,
    begins_with,
    find_phrase,
    phrase_pattern,
    sentences_of,
    starts_action,
    without_articles,
    without_fillers,
)
from manageai_assets.intake.conditions import operand, split_condition
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
    IfPlan,
    Plan,
    RoutePlan,
    RoutesPlan,
    SentencePlan,
    TriggerPlan,
    children,
    walk,
)
from manageai_assets.intake.request_triggers import find_trigger, given_trigger
from manageai_assets.intake.vocabulary import vocabulary

_UNITS = re.compile(r"[€$£%]|\b(?:eur|euro|euros|usd|dollars?|chf|gbp|percent|prozent|points?|punkte)\b", re.IGNORECASE)
_ELEMENT_ID = "item"
_SHOWN = 120


@dataclass
class _Choice:
    """A condition that was read, while its `otherwise` may still come."""

    condition: Filter
    label: str
    then: tuple[AnyStepPlan, ...]
    otherwise: tuple[AnyStepPlan, ...] = ()


@dataclass
class _Loop:
    """A `for each` that was read."""

    plan: ForEachPlan
    values: list[Known] = field(default_factory=list)


_Item = ActionPlan | CollectPlan | _Choice | _Loop


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
    steps = _read_steps(sentences, context)
    if not steps:
        if not ledger.failed:
            hint = "such as `tell sales in Slack and log it to a sheet`"
            ledger.fail("steps.unread", "request", "what should happen then is not understood", hint)
        return None
    return _plan(trigger, steps, context)


def _plan(trigger: TriggerPlan, steps: tuple[AnyStepPlan, ...], context: Context) -> Plan | None:
    if len(steps) > MAX_STEPS:
        what = f"more than {MAX_STEPS} things to do are too many for one automation"
        context.ledger.fail("steps.many", "request", what, "split it over several intakes")
        return None
    return Plan(trigger=_with_assumed(trigger, context), steps=steps)


def _with_assumed(trigger: TriggerPlan, context: Context) -> TriggerPlan:
    """The trigger with the fields that the request spoke of, where it says which fields it gives."""
    prefix = f"{trigger.id or 'trigger'}."
    added = {path.removeprefix(prefix): kind for path, kind in context.assumed.items() if path.startswith(prefix)}
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
            read = _read_steps([step.say], context)
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


def _read_steps(sentences: Sequence[str], context: Context) -> tuple[AnyStepPlan, ...]:
    items: list[_Item] = []
    for sentence in sentences:
        _read_sentence(without_fillers(sentence), items, context)
    return _assemble(items)


def _read_sentence(text: str, items: list[_Item], context: Context) -> None:
    words = vocabulary()
    if not text:
        return
    if (rest := begins_with(text, words.otherwise)) is not None and items and isinstance(items[-1], _Choice):
        items[-1].otherwise = _actions(rest, context)
        return
    split = phrase_pattern((*words.conditionals, *words.loops)).search(text)
    if split and text[: split.start()].strip(" ,;"):
        head = re.sub(r"[\s,;]*(?:\b(?:and then|then|and|und dann|dann|und)\b)?[\s,;]*\Z", "", text[: split.start()])
        _read_plain(head, items, context)
        text = text[split.start() :]
    if (rest := begins_with(text, words.conditionals)) is not None:
        _read_choice(rest, items, context)
    elif (rest := begins_with(text, words.loops)) is not None:
        _read_loop(rest, items, context)
    else:
        _read_plain(text, items, context)


def _read_plain(text: str, items: list[_Item], context: Context) -> None:
    for clause in action_clauses(text):
        if context.results and _wants_all(clause, context):
            items.append(_collect_results(context))
        if action := read_action(clause, context, f"request: {shorten(clause, 60)}"):
            items.append(action)


def _actions(text: str, context: Context) -> tuple[AnyStepPlan, ...]:
    """The steps of a branch; they see what is before it, and nothing behind sees them."""
    items: list[_Item] = []
    fields, body, results = list(context.fields), context.body, context.results
    _read_plain(text, items, context)
    context.fields, context.body, context.results = fields, body, results
    return _assemble(items)


def _wants_all(clause: str, context: Context) -> bool:
    """Whether a clause behind a search is about all results at once: messages are, unless it says `each`."""
    if find_phrase(clause, ("each", "every", "jede", "jeden", "jedes")):
        return False
    talks = any(one.app.category in ("communication", vocabulary().ai_category) for one in mentions(clause))
    return talks or find_phrase(clause, vocabulary().collect_words) is not None


def _collect_results(context: Context) -> CollectPlan:
    identifier = context.new_id("collect")
    line = " · ".join(known.template for known in context.fields)
    source, context.results = context.results, ""
    context.ledger.assume("low", "All results go into one message; nothing is sent when there are none.", "request")
    context.text, context.body = f"{{{{ {identifier}.text }}}}", ""
    context.fields = [Known("list", context.text)]
    collect = Collect(mode="text", value=line, stop_if_empty=True)
    return CollectPlan(id=identifier, label="Collect the results", collect=collect, source=source)


def _read_choice(text: str, items: list[_Item], context: Context) -> None:
    """`<condition>, <actions>[, otherwise <actions>]`."""
    otherwise = ""
    if match := phrase_pattern(vocabulary().otherwise).search(text):
        text, otherwise = text[: match.start()].strip(" ,;.:-–"), text[match.end() :].strip(" ,:")
        otherwise = without_fillers(otherwise)
    condition_text, actions = _condition_and_actions(text)
    condition = _condition(condition_text, context)
    then = _actions(actions, context) if actions else ()
    if condition is None or not then:
        if condition and not then and not context.ledger.failed:
            what = f"what should happen if `{shorten(condition_text, 80)}` is not understood"
            context.ledger.fail(
                "choice.empty", "request", what, "such as `if the score is above 70, tell sales in Slack`"
            )
        return
    items.append(
        _Choice(condition, shorten(condition_text, 80), then, _actions(otherwise, context) if otherwise else ())
    )


def _condition_and_actions(text: str) -> tuple[str, str]:
    for match in re.finditer(r"\s*,\s*(?:then\s+|dann\s+)?|\s+(?:then|dann)\s+|\s*:\s*", text):
        if starts_action(text[match.end() :]):
            return text[: match.start()], text[match.end() :]
    for match in re.finditer(r"\s+", text):
        rest = text[match.end() :]
        if split_condition(text[: match.start()]) and starts_action(rest) and mentions(rest):
            return text[: match.start()], rest
    return text, ""


def _condition(text: str, context: Context) -> Filter | None:
    """A condition in plain words; its left side must be a field that is known or can be assumed."""
    groups: list[tuple[Condition, ...]] = []
    for alternative in re.split(r"\s+(?:or|oder)\s+", text):
        group: list[Condition] = []
        for part in re.split(r"\s+(?:and|und)\s+", alternative):
            condition = _one_condition(part, context)
            if condition is None:
                return None
            group.append(condition)
        groups.append(tuple(group))
    return Filter(label=shorten(text, 80), any_of=tuple(groups))


def _one_condition(text: str, context: Context) -> Condition | None:
    split = split_condition(text)
    hint = "such as `if the score is above 70`"
    if split is None:
        context.ledger.fail(
            "condition.unread", "request", f"the condition `{shorten(text, 80)}` is not understood", hint
        )
        return None
    left, row, right = split
    value = operand(without_articles(_UNITS.sub("", right)), ())
    number = row.number is not None and isinstance(value, (int, float)) and not isinstance(value, bool)
    if (row.value and value == "") or (row.text is None and not number):
        what = f"what `{shorten(text, 80)}` compares with is not understood"
        context.ledger.fail("condition.value", "request", what, hint)
        return None
    known = context.find(left)
    if known is None and not find_phrase(left, vocabulary().record_words):
        known = context.assume_field(left, "number" if number else "text")
    if known is None:
        what = f"which field `{shorten(left, 60)}` is in `{shorten(text, 80)}` is not clear"
        context.ledger.fail("condition.field", "request", what, "name the field as the form or system calls it")
        return None
    return Condition(
        left=known.template, operator=row.operator(value), right=value if row.value else None,
        ignore_case=row.operator(value).startswith("text:"),
    )  # fmt: skip


def _read_loop(text: str, items: list[_Item], context: Context) -> None:
    """`<noun>, <actions>`: over a list that the trigger gives, or over the results of a search."""
    noun, actions = _noun_and_actions(text)
    if context.results:
        _read_plain(actions, items, context)
        return
    array = _array_of(noun, context)
    if array is None:
        what = f"which list holds `{shorten(noun, 60)}` is not clear"
        context.ledger.fail("loop.list", "request", what, "name the field that holds the list, such as `line_items`")
        return
    identifier = context.new_id(without_articles(noun).split(" ")[-1] or _ELEMENT_ID)
    outside, body = list(context.fields), context.body
    elements = [Known(name, f"{{{{ {identifier}.{name} }}}}") for name in context.lists[array]]
    context.fields, context.body = [*outside, *elements], identifier
    inside: list[_Item] = []
    _read_plain(actions, inside, context)
    context.fields, context.body = outside, body
    if not inside:
        return
    collected = f"{identifier[:35]}_all"
    context.taken.add(collected)
    context.text = f"{{{{ {collected}.text }}}}"
    label = shorten(f"Each {without_articles(noun)}", 80)
    items.append(_Loop(ForEachPlan(id=identifier, label=label, for_each=array, do=_assemble(inside)), elements))


def _noun_and_actions(text: str) -> tuple[str, str]:
    for match in re.finditer(r"\s*[,:]\s*|\s+", text):
        if starts_action(text[match.end() :]):
            return text[: match.start()], text[match.end() :]
    return text, ""


def _array_of(noun: str, context: Context) -> str | None:
    words = set(re.findall(r"\w+", without_articles(noun).lower()))
    forms = words | {f"{word}s" for word in words} | {"positions" if word == "position" else word for word in words}
    for template in context.lists:
        name = template.rsplit(".", 1)[-1].split(" ")[0].lower()
        if set(name.split("_")) & forms:
            return template
    return next(iter(context.lists)) if len(context.lists) == 1 else None


def _assemble(items: Sequence[_Item]) -> tuple[AnyStepPlan, ...]:
    """The steps in order. A choice is a filter when it is last and has no `otherwise`, routes when it is last, and a
    fork that joins again when more follows; a loop that something follows is closed by a collection."""
    steps: list[AnyStepPlan] = []
    for index, item in enumerate(items):
        last = index + 1 == len(items)
        match item:
            case _Choice():
                steps.extend(_choice(item, last))
            case _Loop(plan=loop, values=values):
                collect = None
                if not last:
                    line = " · ".join(known.template for known in values) or f"{{{{ {loop.id}.value }}}}"
                    collect = Collect(mode="text", value=line, id=f"{str(loop.id)[:35]}_all", label="Collect")
                steps.append(loop.model_copy(update={"collect": collect}))
            case _:
                steps.append(item)
    return tuple(steps)


def _choice(item: _Choice, last: bool) -> tuple[AnyStepPlan, ...]:
    if last and not item.otherwise:
        head, *rest = item.then
        if head.when is None:
            return (head.model_copy(update={"when": item.condition}), *rest)
    if last:
        route = RoutePlan(label=item.label, when=item.condition, do=item.then)
        return (
            RoutesPlan(
                label=shorten(f"Whether {item.label}", 80), routes=(route,), take="first", otherwise=item.otherwise
            ),
        )
    return (IfPlan(label=item.label, condition=item.condition, then=item.then, otherwise=item.otherwise),)


def _ask_for_steps(sentences: Sequence[str], context: Context) -> None:
    """Notes that the steps are open too, unless the request has something to do that is understood."""
    aside = Context(context.intake, Ledger())
    if not any(_read_steps([sentence], aside) for sentence in sentences):
        what = "what should happen then is not said in a way that is understood"
        context.ledger.fail("steps.unread", "request", what, "such as `tell sales in Slack and log it to a sheet`")
