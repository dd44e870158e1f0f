"""Sentences made steps: things to do one after the other, conditions, loops, pauses, and what comes behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from compilers.errors import shorten
from compilers.spec import Filter
from manageai_assets.intake.actions import mentions, read_action
from manageai_assets.intake.clauses import (
    action_clauses,
    begins_with,
    find_phrase,
    known_verbs,
    pause_in,
    phrase_pattern,
    starts_action,
    without_articles,
    without_fillers,
)
from manageai_assets.intake.context import Context, Known
from manageai_assets.intake.plan import (
    ActionPlan,
    AnyStepPlan,
    Collect,
    CollectPlan,
    ErrorPlan,
    ForEachPlan,
    IfPlan,
    RoutePlan,
    RoutesPlan,
    WaitPlan,
)
from manageai_assets.intake.request_conditions import condition_and_actions, read_condition, tells_apart
from manageai_assets.intake.vocabulary import vocabulary

MAX_PAUSE = 300
"""Seconds that a run can wait."""
_ELEMENT_ID = "item"
_JOINT = re.compile(r"(?:[,;:–-]|\b(?:and then|then|and|but|und dann|dann|und|aber))?\s*\Z", re.IGNORECASE)


@dataclass
class _Choice:
    """A condition that was read, while its `otherwise` may still come. `instead`: when those before didn't hold."""

    condition: Filter
    label: str
    then: tuple[AnyStepPlan, ...]
    otherwise: tuple[AnyStepPlan, ...] = ()
    instead: bool = False


@dataclass
class _Loop:
    """A `for each` that was read."""

    plan: ForEachPlan
    values: list[Known] = field(default_factory=list)


_Item = ActionPlan | CollectPlan | WaitPlan | _Choice | _Loop


def read_steps(sentences: Sequence[str], context: Context) -> tuple[AnyStepPlan, ...]:
    """The steps that sentences ask for. What isn't understood is noted as a failure."""
    items: list[_Item] = []
    for sentence in sentences:
        rest = sentence
        while rest := without_fillers(rest):
            rest = _read_part(rest, items, context)
    return _assemble(items)


def _read_part(text: str, items: list[_Item], context: Context) -> str:
    """Reads what stands first in a sentence; gives the rest, which is always shorter."""
    words = vocabulary()
    if (rest := begins_with(text, words.otherwise)) is not None:
        return _read_otherwise(rest, items, context)
    if (rest := begins_with(text, words.exceptions)) is not None:
        return _read_choice(rest, items, context, negated=True)
    if (rest := begins_with(text, words.conditionals)) is not None:
        return _read_choice(rest, items, context)
    if (rest := begins_with(text, words.loops)) is not None:
        _read_loop(rest, items, context)
        return ""
    retry = _retry_pattern().search(text)
    turn = phrase_pattern((*words.otherwise, *words.exceptions, *words.conditionals, *words.loops)).search(text)
    if retry is not None and (turn is None or retry.start() < turn.start()):
        _read_plain(_unjoined(text[: retry.start()]), items, context)
        _retry(retry, items, context)
        return text[retry.end() :]
    if turn is None:
        _read_plain(text, items, context)
        return ""
    head, tail = text[: turn.start()], text[turn.start() :]
    joint = _JOINT.search(head.rstrip())
    asks = begins_with(tail, words.conditionals)
    trails = asks is not None and not condition_and_actions(asks)[1]
    if ((joint is not None and joint.group()) or begins_with(tail, words.otherwise) is not None) and not trails:
        _read_plain(_unjoined(head), items, context)
        return tail
    return _read_trailing(_unjoined(head), tail, items, context)


def _unjoined(text: str) -> str:
    return _JOINT.sub("", text.rstrip()).rstrip(" ,;")


def _read_trailing(head: str, tail: str, items: list[_Item], context: Context) -> str:
    """`tell sales in Slack if the budget is over 100, and log it`: the condition belongs to the clause before it."""
    words = vocabulary()
    *before, last = action_clauses(head) or [head]
    for clause in before:
        _read_plain(clause, items, context)
    if (rest := begins_with(tail, words.loops)) is not None:
        said, behind = _cut_off(rest)
        noun, object_ = _noun_and_object(said)
        _read_loop(f"{noun}, {last} {object_}", items, context)
        return behind
    if last.lower() in known_verbs():
        what = f"`{shorten(last + ' ' + tail, 100)}`: how what is looked for is recognised is not said"
        context.ledger.fail(
            "search.criterion", "request", what, "such as `find contacts in HubSpot where email is ...`"
        )
        return ""
    negated = begins_with(tail, words.exceptions)
    text = negated if negated is not None else begins_with(tail, words.conditionals) or ""
    condition, behind = _cut_off(text)
    _add_choice(condition, last, items, context, negated is not None)
    return behind


def _cut_off(text: str) -> tuple[str, str]:
    """A condition at the end of a clause, and the clause behind it."""
    for match in re.finditer(r"\s*[,;]\s*(?:(?:and|und|but|aber)\s+)?|\s+(?:and|und|but|aber)\s+", text):
        if starts_action(text[match.end() :]):
            return text[: match.start()], text[match.end() :]
    return text, ""


def _read_otherwise(rest: str, items: list[_Item], context: Context) -> str:
    words = vocabulary()
    last = items[-1] if items else None
    if not isinstance(last, _Choice) or last.otherwise:
        what = f"`otherwise {shorten(rest, 80)}` follows no condition that is understood"
        context.ledger.fail(
            "choice.otherwise", "request", what, "such as `if the score is above 70 ..., otherwise ...`"
        )
        return ""
    for openers, negated in ((words.exceptions, True), (words.conditionals, False)):
        if (inner := begins_with(rest, openers)) is not None:
            return _read_choice(inner, items, context, negated=negated, instead=True)
    actions = rest if starts_action(rest) else _noun_and_actions(rest)[1]
    actions, behind = _turn_in(actions)
    last.otherwise = _actions(actions or rest, context)
    return behind


def _turn_in(text: str) -> tuple[str, str]:
    """Actions, and a new condition or `otherwise` behind them."""
    words = vocabulary()
    match = phrase_pattern(words.otherwise).search(text)
    for turn in phrase_pattern((*words.exceptions, *words.conditionals)).finditer(text):
        if match is not None and turn.start() > match.start():
            break
        if re.search(r"[,;]\s*(?:(?:and|but|und|aber)\s+)?\Z", text[: turn.start()]):
            match = turn
            break
    return (_unjoined(text[: match.start()]), text[match.start() :]) if match else (text, "")


def _read_choice(
    text: str, items: list[_Item], context: Context, *, negated: bool = False, instead: bool = False
) -> str:
    """`<condition>, <actions>[, otherwise <actions>]`."""
    condition, actions = condition_and_actions(text)
    actions, behind = _turn_in(actions)
    _add_choice(condition, actions, items, context, negated, instead)
    return behind


def _add_choice(
    text: str, actions: str, items: list[_Item], context: Context, negated: bool = False, instead: bool = False
) -> None:
    condition = read_condition(text, context, negated)
    then = _actions(actions, context) if actions else ()
    if condition is None:
        return
    if not then:
        if not context.ledger.failed:
            what = f"what should happen if `{shorten(text, 80)}` is not understood"
            hint = "such as `if the score is above 70, tell sales in Slack`"
            context.ledger.fail("choice.empty", "request", what, hint)
        return
    items.append(_Choice(condition, condition.label, then, instead=instead))


def _read_plain(text: str, items: list[_Item], context: Context) -> None:
    for clause in action_clauses(text):
        if (pause := pause_in(clause)) is not None:
            _pause(clause, pause[0], items, context)
            clause = pause[1]
            if not clause:
                continue
        if retry := _retry_pattern().match(clause):
            _retry(retry, items, context)
            continue
        if context.results and _wants_all(clause, context):
            items.append(_collect_results(context))
        items.extend(read_action(clause, context, f"request: {shorten(clause, 60)}"))


def _pause(clause: str, seconds: int, items: list[_Item], context: Context) -> None:
    if not 1 <= seconds <= MAX_PAUSE:
        what = f"`{shorten(clause, 80)}` is longer than a run can wait, which is {MAX_PAUSE // 60} minutes"
        hint = "such as a second automation that runs every day and finds what is due"
        context.ledger.fail("pause.long", "request", what, hint)
        return
    items.append(WaitPlan(id=context.new_id("wait"), label=shorten(clause[:1].upper() + clause[1:], 80), wait=seconds))


@lru_cache(maxsize=1)
def _retry_pattern() -> re.Pattern[str]:
    words = vocabulary()
    retries, numbers = "|".join(map(re.escape, words.retries)), "|".join(map(re.escape, words.numbers))
    return re.compile(
        rf"(?<!\w)(?:{retries})(?:\s+up to)?(?:\s+({numbers}|\d{{1,3}}))?(?:\s*(?:times|mal|x)\b)?"
        r"(?:\s+(?:if|when|in case|falls|wenn)\s+[\w ]{1,30}?\s*(?:fails?|fehlschlägt|scheitert)\b)?",
        re.IGNORECASE,
    )


def _retry(match: re.Match[str], items: list[_Item], context: Context) -> None:
    """The step before is tried again as often as the request says."""
    last = items[-1] if items else None
    if not isinstance(last, ActionPlan):
        context.ledger.fail("retry.step", "request", f"what `{match.group()}` is about is not clear", "name the step")
        return
    said = (match.group(1) or "").lower()
    attempts = vocabulary().numbers.get(said) or (int(said) if said.isdigit() else 3)
    plan = ErrorPlan(strategy="retry", attempts=max(1, min(attempts, 1000)))
    context.ledger.assume("low", f"Between two attempts {plan.minutes} minutes pass.", f"steps.{last.id}.on_error")
    items[-1] = last.model_copy(update={"on_error": plan})


def _actions(text: str, context: Context) -> tuple[AnyStepPlan, ...]:
    """The steps of a branch; they see what is before it, and nothing behind sees them."""
    items: list[_Item] = []
    saved = list(context.fields), context.body, context.results, context.text, context.whole
    _read_plain(without_fillers(text), items, context)
    context.fields, context.body, context.results, context.text, context.whole = saved
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


# -- loops -----------------------------------------------------------------------------------------------------


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
    clauses = action_clauses(actions)
    ends = next((at for at, one in enumerate(clauses) if at and find_phrase(one, vocabulary().collect_words)), None)
    for clause in clauses[:ends]:
        _read_plain(clause, inside, context)
    context.fields, context.body = outside, body
    if not inside:
        if not context.ledger.failed:
            what = f"what should happen for each `{shorten(noun, 60)}` is not understood"
            context.ledger.fail(
                "loop.empty", "request", what, "such as `for each line item add a row to Google Sheets`"
            )
        return
    collected = f"{identifier[:35]}_all"
    context.taken.add(collected)
    context.text = f"{{{{ {collected}.text }}}}"
    label = shorten(f"Each {without_articles(noun)}", 80)
    items.append(_Loop(ForEachPlan(id=identifier, label=label, for_each=array, do=_assemble(inside)), elements))
    for clause in clauses[len(clauses) if ends is None else ends :]:
        _read_plain(clause, items, context)


def _noun_and_actions(text: str) -> tuple[str, str]:
    for match in re.finditer(r"\s*[,:;]\s*|\s+", text):
        if starts_action(text[match.end() :]):
            return text[: match.start()], text[match.end() :]
    return text, ""


def _noun_and_object(text: str) -> tuple[str, str]:
    """`Position eine Zeile in Google Sheets`: what a loop is over, and the object of the verb that stands before it."""
    match = re.search(r"\s+(?:a|an|the|one|ein|eine|einen|die|den|das)\s+", text)
    return (text[: match.start()], text[match.start() :].strip()) if match else (text, "")


def _array_of(noun: str, context: Context) -> str | None:
    words = set(re.findall(r"\w+", without_articles(noun).lower()))
    forms = words | {f"{word}s" for word in words} | {"positions" if word == "position" else word for word in words}
    for template in context.lists:
        name = template.rsplit(".", 1)[-1].split(" ")[0].lower()
        if set(name.split("_")) & forms:
            return template
    return next(iter(context.lists)) if len(context.lists) == 1 else None


# -- items to steps --------------------------------------------------------------------------------------------


def _assemble(items: Sequence[_Item]) -> tuple[AnyStepPlan, ...]:
    """The steps in order. Conditions one behind the other are routes when nothing follows them, and forks that join
    again when something does; a loop that something follows is closed by a collection."""
    steps: list[AnyStepPlan] = []
    position = 0
    while position < len(items):
        item = items[position]
        end = position + 1
        if isinstance(item, _Choice):
            choices = [item]
            while end < len(items) and isinstance(follower := items[end], _Choice) and not choices[-1].otherwise:
                choices.append(follower)
                end += 1
            steps.extend(_routes(choices) if end == len(items) else _forks(choices))
        elif isinstance(item, _Loop):
            steps.append(_closed_loop(item, last=end == len(items)))
        else:
            steps.append(item)
        position = end
    return tuple(steps)


def _closed_loop(item: _Loop, last: bool) -> ForEachPlan:
    if last:
        return item.plan
    line = " · ".join(known.template for known in item.values) or f"{{{{ {item.plan.id}.value }}}}"
    collect = Collect(mode="text", value=line, id=f"{str(item.plan.id)[:35]}_all", label="Collect")
    return item.plan.model_copy(update={"collect": collect})


def _routes(choices: Sequence[_Choice]) -> tuple[AnyStepPlan, ...]:
    """Ways that end the flow."""
    first, *others = choices
    if not others and not first.otherwise:
        head, *rest = first.then
        if head.when is None:
            return (head.model_copy(update={"when": first.condition}), *rest)
    only_one = not others or all(one.instead for one in others) or tells_apart([one.condition for one in choices])
    if any(one.instead for one in others) and not only_one:
        return _forks(choices)
    routes = tuple(RoutePlan(label=one.label, when=one.condition, do=one.then) for one in choices)
    label = shorten(f"Whether {first.label}" if not others else "Which way", 80)
    return (
        RoutesPlan(label=label, routes=routes, take="first" if only_one else "all", otherwise=choices[-1].otherwise),
    )


def _forks(choices: Sequence[_Choice]) -> tuple[AnyStepPlan, ...]:
    """Ways that join again, one behind the other; `else if` and conditions that exclude each other nest."""
    nests = tells_apart([one.condition for one in choices])
    steps: list[IfPlan] = []
    for one in reversed(choices):
        inner: tuple[AnyStepPlan, ...] = one.otherwise
        if steps and (nests or choices[choices.index(one) + 1].instead):
            inner = (steps.pop(0),)
        steps.insert(0, IfPlan(label=one.label, condition=one.condition, then=one.then, otherwise=inner))
    return tuple(steps)
