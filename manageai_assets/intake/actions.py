"""One clause of a request made one step: which app and operation it asks for, and what its inputs are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compilers.errors import shorten
from compilers.registry import App, Operation, registry
from manageai_assets.intake.clauses import (
    QUOTED,
    as_request,
    begins_with,
    find_phrase,
    known_verbs,
    names_of,
    phrase_pattern,
    verb_weight,
    without_articles,
)
from manageai_assets.intake.context import Clause, Context, Known, fill_inputs, record_inputs
from manageai_assets.intake.coverage import note_left_out
from manageai_assets.intake.plan import ActionPlan, FieldType
from manageai_assets.intake.vocabulary import AiTask, vocabulary

_PREPOSITION = re.compile(
    r"\s*\b(?:in|on|via|by|with|using|through|to|into|from|over|im|per|mit|ins|in die|an|auf)\s+"
    r"(?:(?:the|our|a|an|der|die|das|dem|unser(?:e|en|em)?)\s+)?\Z",
    re.IGNORECASE,
)
_SHOWN = 120


@dataclass(frozen=True)
class Mention:
    """An app named in a clause."""

    name: str
    app: App
    start: int
    end: int


@dataclass(frozen=True)
class Chosen:
    """The operation that a clause asks for, and where the app stands in the clause, if it does."""

    app_name: str
    app: App
    name: str
    operation: Operation
    mention: Mention | None = None


def mentions(clause: str) -> list[Mention]:
    """The apps named in a clause, longest names first, without names inside longer ones."""
    found: list[Mention] = []
    for name, app in registry().apps.items():
        for match in phrase_pattern(names_of(name, app)).finditer(clause):
            found.append(Mention(name, app, *match.span()))
    found.sort(key=lambda one: (one.start - one.end, one.start, one.name))
    kept: list[Mention] = []
    for one in found:
        if not any(other.start < one.end and one.start < other.end for other in kept):
            kept.append(one)
    return kept


def read_action(text: str, context: Context, where: str) -> tuple[ActionPlan, ...]:
    """The step or steps that a clause asks for. What isn't understood is noted as a failure, and gives none."""
    text = as_request(text)
    task = _ai_task(text)
    chosen = _choose(text, context, where, task)
    if chosen is None:
        return ()
    if task is None and chosen.app.category == vocabulary().ai_category:
        task = vocabulary().ai_other
    keys = _keys(text, chosen, task) if task and task.lists else ()
    if task and task.whole:
        _assume_subject(_clause(text, chosen, task).object, context)
    clause = _clause(text, chosen, task, keys)
    if task is None and (rest := _not_understood(text, chosen, clause, context)):
        what = f"`{shorten(rest, _SHOWN)}` is not understood"
        context.ledger.fail("clause.unread", where, what, "say which app does what, such as `tell sales in Slack`")
        return ()
    identifier = context.new_id(task.id if task else chosen.name.split("_")[0] if chosen.app.category == "core" else
                                chosen.app_name)  # fmt: skip
    inputs = fill_inputs(chosen.operation, clause, context, f"steps.{identifier}")
    if task is None:
        note_left_out(clause, inputs, (chosen.app_name, chosen.app, chosen.operation), context, where)
    label = task.label if task else shorten(text[:1].upper() + text[1:], 80)
    action = ActionPlan(id=identifier, label=label, app=chosen.app_name, operation=chosen.name, inputs=inputs)
    _learn(identifier, chosen, task, context)
    if task is None or not keys:
        return (action,)
    return action, _fields_of(context.fields.pop(), keys, context)


def _assume_subject(noun: str, context: Context) -> None:
    """`translate the description`: a field that nobody has spoken of yet, unless it is the record itself."""
    words = vocabulary()
    head = re.split(r"\s(?:to|into|as|in|with|from|for|auf|ins|als)\s", f"{noun} ")[0].strip()
    named = without_articles(head)
    events = tuple(phrase for entry in words.triggers for phrase in entry.phrases)
    general = (*words.record_words, *words.person_words, *words.clause_fillers, *words.collect_words, *events)
    short = head.lower().startswith("the ") and 0 < len(named.split()) <= 2
    told = context.results or context.text or context.whole or context.find(named)
    if short and not told and not find_phrase(named, general):
        context.assume_field(named, "text")


def _keys(text: str, chosen: Chosen, task: AiTask) -> tuple[str, ...]:
    """The fields that a clause such as `extract the number, date and total` lists."""
    noun = _clause(text, chosen, task).object
    noun = re.split(r"\s(?:from|out of|of|aus|von)\s", noun)[0]
    names = [without_articles(part) for part in re.split(r"\s*,\s*|\s+(?:and|und)\s+", noun)]
    keys = ["_".join(re.findall(r"[a-z0-9]+", name.lower())) for name in names]
    return tuple(key for key in dict.fromkeys(keys) if key and len(key) <= 40 and key[0].isalpha())


def _fields_of(answer: Known, keys: tuple[str, ...], context: Context) -> ActionPlan:
    """The step that reads the fields from a language model's answer."""
    words = vocabulary().reading
    identifier = context.new_id(words.id)
    context.fields = [*(Known(key, f"{{{{ {identifier}.{key} }}}}") for key in keys), *context.fields]
    return ActionPlan(
        id=identifier, label=words.label, app=words.app, operation=words.operation,
        inputs={words.input: answer.template}, fields=dict.fromkeys(keys, "text"),
    )  # fmt: skip


def _ai_task(text: str) -> AiTask | None:
    return next((task for task in vocabulary().ai_tasks if begins_with(text, task.verbs) is not None), None)


def _choose(text: str, context: Context, where: str, task: AiTask | None) -> Chosen | None:
    named = _without_general([one for one in mentions(text) if _actions(one.app)])
    options = [option for one in named for option in _options(text, one)]
    best = max((weight for weight, _ in options), default=0)
    fitting = [chosen for weight, chosen in options if weight == best and best > 0]
    models = [one for one in named if one.app.category == vocabulary().ai_category]
    if task and not models:
        return _ai_app(context, where) if not fitting or best < 3 else fitting[0]
    if len(models) == 1:
        name, operation = next(iter(_actions(models[0].app).items()))
        return Chosen(models[0].name, models[0].app, name, operation, models[0])
    if (call := _address(text, named)) is not None:
        return call
    if len(fitting) > 1:
        fitting = _most_alike(text, fitting)
    if len(fitting) == 1:
        return _preferred(fitting[0], text, context)
    if fitting:
        names = ", ".join(f"`{chosen.operation.summary}`" for chosen in fitting)
        context.ledger.fail("clause.ambiguous", where, f"`{shorten(text, _SHOWN)}` can mean {names}", "say which one")
        return None
    if named:
        app = named[0].app
        can = ", ".join(item.summary for item in _actions(app).values())
        what = f"`{shorten(text, _SHOWN)}` asks {app.name} for something that is not known"
        context.ledger.fail("clause.verb", where, what, f"{app.name} can: {shorten(can, 160)}")
        return None
    return _by_category(text, context, where)


def _address(text: str, named: list[Mention]) -> Chosen | None:
    """The call of a web address, where the clause holds one and names no app that would take it."""
    words = vocabulary().address
    others = [one for one in named if one.name != words.app and one.app.category != "core"]
    if others or not re.search(r"https?://", text):
        return None
    app = registry().app(words.app)
    return Chosen(words.app, app, words.operation, app.operations[words.operation])


def _without_general(named: list[Mention]) -> list[Mention]:
    """Leaves out a general word such as `e-mail` where the app it means is named besides."""
    names = {one.name for one in named}
    general = {name for name, others in vocabulary().prefer.items() if names & set(others)}
    return [one for one in named if one.name not in general]


def _actions(app: App) -> dict[str, Operation]:
    return {name: item for name, item in app.offered.items() if item.kind != "trigger"}


def _options(text: str, mention: Mention) -> list[tuple[int, Chosen]]:
    """The operations of an app that the clause may mean, each with its weight."""
    return [
        (verb_weight(text, item), Chosen(mention.name, mention.app, name, item, mention))
        for name, item in _actions(mention.app).items()
    ]


def _most_alike(text: str, options: list[Chosen]) -> list[Chosen]:
    """Of operations with the same weight, those whose summary shares most words with the clause; of those that are
    still alike, the one that the registry lists first, when all are of one app and need no more than it does."""
    words = set(re.findall(r"\w{3,}", text.lower()))
    shared = [len(words & set(re.findall(r"\w{3,}", option.operation.summary.lower()))) for option in options]
    best = [option for option, count in zip(options, shared, strict=True) if count == max(shared)]
    same_app = len({option.app_name for option in best}) == 1
    searches = [option for option in best if option.operation.kind == "search"]
    if same_app and len(searches) == 1 and begins_with(text, vocabulary().verbs.get("search", ())) is not None:
        return searches
    return best[:1] if same_app and best[0].operation.kind == "action" else best


def _preferred(chosen: Chosen, text: str, context: Context) -> Chosen:
    """The app that a general word such as `e-mail` means for this client."""
    for other in vocabulary().prefer.get(chosen.app_name, ()):
        app = registry().apps.get(other)
        if app is None or not _has(context, other, app):
            continue
        options = [(verb_weight(text, item), name) for name, item in _actions(app).items()]
        weight, name = max(options, default=(0, ""))
        if weight:
            return Chosen(other, app, name, app.operations[name], chosen.mention)
    return chosen


def _has(context: Context, name: str, app: App) -> bool:
    names = names_of(name, app)
    return any(find_phrase(system.name, names) for system in context.intake.systems) or bool(
        find_phrase(context.intake.request[:20_000], names)
    )


def _ai_app(context: Context, where: str) -> Chosen | None:
    """The language model that the client has, or the usual one."""
    words = vocabulary()
    models = {name: app for name, app in registry().apps.items() if app.category == words.ai_category}
    name = next((name for name, app in models.items() if _has(context, name, app)), words.ai_app)
    app = registry().app(name)
    if not _has(context, name, app):
        context.ledger.assume("medium", f"{app.name} does what needs a language model; the request names none.", where)
    operation = next(iter(_actions(app)))
    return Chosen(name, app, operation, app.operations[operation])


def _by_category(text: str, context: Context, where: str) -> Chosen | None:
    """No app is named: the verb says what kind is meant, and the client has exactly one of that kind."""
    words = vocabulary()
    for category, verbs in words.categories.items():
        if begins_with(text, verbs) is None:
            continue
        owned = [
            (name, app)
            for name, app in registry().apps.items()
            if app.category == category and _has(context, name, app)
        ]
        options = [
            Chosen(name, app, key, item) for name, app in owned for key, item in _actions(app).items()
            if verb_weight(text, item) > 1
        ]  # fmt: skip
        if len({option.app_name for option in options}) == 1:
            chosen = options[0]
            said = f"`{shorten(text, 80)}` is done with {chosen.app.name}; the request names no app for it."
            context.ledger.assume("medium", said, where)
            return chosen
        kind = ", ".join(app.name for app in registry().apps.values() if app.category == category)
        what = f"`{shorten(text, _SHOWN)}` doesn't say with which app"
        context.ledger.fail("clause.app", where, what, f"such as {kind}")
        return None
    what = f"`{shorten(text, _SHOWN)}` is not understood"
    context.ledger.fail("clause.unread", where, what, "say which app does what, such as `tell sales in Slack`")
    return None


def _not_understood(text: str, chosen: Chosen, clause: Clause, context: Context) -> str:
    """What stands behind the app, joined by `and` or a comma, without being a field or somebody that is known."""
    takes_fields = any(name in chosen.operation.inputs for name in record_inputs())
    tail = QUOTED.sub("", text[chosen.mention.end :] if chosen.mention else text)
    for part in re.split(r"\s*,\s*|\s+(?:and|und)\s+", tail)[1:]:
        noun = without_articles(part)
        plain = len(noun.split()) <= 2 and chosen.mention is None
        listed = plain or (takes_fields and noun in clause.object and _is_list(clause.object))
        if noun and not listed and not context.find(noun) and not find_phrase(noun, vocabulary().record_words):
            return part
    return ""


def _is_list(text: str) -> bool:
    """Whether a text lists short names: `name, phone and preferred date`, perhaps behind `with`."""
    match = find_phrase(text, ("with the", "with", "mit"))
    parts = re.split(r"\s*,\s*|\s+(?:and|und)\s+", text[match.end() :] if match else text)
    return len(parts) > 1 and all(len(without_articles(part).split()) <= 3 for part in parts)


def _clause(text: str, chosen: Chosen, task: AiTask | None, keys: tuple[str, ...] = ()) -> Clause:
    """The noun behind the verb, without the app and the preposition before it."""
    rest = text
    if chosen.mention:
        before = _PREPOSITION.sub("", text[: chosen.mention.start])
        rest = f"{before} {text[chosen.mention.end :]}".strip()
    noun = begins_with(rest, known_verbs())
    noun = noun if noun is not None else rest
    if task is None:
        return Clause(text, noun, search=chosen.operation.kind == "search")
    if not task.verbs:
        told = " ".join(rest.split())
        asked = begins_with(told, vocabulary().ai_lead_ins) or told
        asked = asked[:1].upper() + asked[1:]
        return Clause(text, noun, task.prompt.format(object=asked, keys=""))
    record = begins_with(noun, vocabulary().record_words)
    object_ = f"this {record}".strip() if record is not None else noun or "this"
    if object_ == noun and without_articles(noun) == noun and not keys:
        object_ = f"the {noun}"
    return Clause(text, noun, task.prompt.format(object=object_, keys=", ".join(keys)))


def _learn(identifier: str, chosen: Chosen, task: AiTask | None, context: Context) -> None:
    """Notes what the steps behind may use of this one."""
    outputs = chosen.operation.outputs
    if task:
        first = next((name for name, spec in outputs.items() if spec.type == "text"), next(iter(outputs), ""))
        kind: FieldType = "number" if task.number else "text"
        known = Known(task.id, f"{{{{ {identifier}.{first} }}}}", kind)
        context.fields.append(known)
        context.whole = known.template if task.whole else ""
    elif chosen.operation.kind == "search":
        context.results = identifier
        plain = [
            name for name, spec in outputs.items()
            if spec.type not in ("object", "array", "file", "any") and False not in (spec.make, spec.n8n)
        ]  # fmt: skip
        whole = [name for name, spec in outputs.items() if spec.type == "object"]
        context.fields = [Known(name, f"{{{{ {identifier}.{name} }}}}", outputs[name].type) for name in plain]
        context.body = f"{identifier}.{whole[0]}" if whole else identifier if chosen.operation.open_outputs else ""
        wanted = chosen.operation.inputs.get("fields")
        if whole and wanted and isinstance(wanted.example, list):
            names = [str(name) for name in wanted.example]
            context.fields = [Known(name, f"{{{{ {context.body}.{name} }}}}") for name in names]
            text = f"Of each result in {chosen.app.name} these fields are shown: {', '.join(names)}."
            context.ledger.assume("medium", text, f"steps.{identifier}")
        elif whole:
            shown = vocabulary().result_field
            context.fields = [Known(shown, f"{{{{ {context.body}.{shown} }}}}")]
            text = f"Each result in {chosen.app.name} has a field `{shown}`, which stands for it in messages."
            context.ledger.assume("medium", text, f"steps.{identifier}")
        context.text = context.whole = ""
    elif chosen.app.category == "core" and not context.body:
        answers = [name for name, spec in outputs.items() if spec.type in ("any", "object")]
        context.body = f"{identifier}.{answers[0]}" if answers else ""
        if answers and not context.fields:
            context.text = f"{{{{ {context.body} }}}}"
