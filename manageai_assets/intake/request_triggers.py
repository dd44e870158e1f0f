"""What starts an automation, in plain words: an event, an app's own trigger, or a schedule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import JsonValue

from compilers.errors import shorten
from manageai_assets.intake.actions import mentions
from manageai_assets.intake.clauses import (
    begins_with,
    find_phrase,
    known_verbs,
    names_of,
    phrase_pattern,
    starts_action,
    verb_weight,
    without_fillers,
)
from manageai_assets.intake.conditions import split_condition
from manageai_assets.intake.context import Context, Known
from manageai_assets.intake.models import Intake
from manageai_assets.intake.plan import FieldType, TriggerPlan
from manageai_assets.intake.request_conditions import read_condition
from manageai_assets.intake.schedules import read_schedule, schedule_span
from manageai_assets.intake.vocabulary import TriggerWords, vocabulary

_SHOWN = 120
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def given_trigger(intake: Intake, context: Context) -> TriggerPlan | None:
    """The trigger that the intake gives apart from the request, and what is known from it; None when it gives none."""
    said = intake.trigger
    if said is None:
        return None
    if isinstance(said, str):
        return _trigger_of(said, context)
    identifier = said.id or "trigger"
    context.taken.add(identifier)
    context.about = said.label or intake.name
    body = ""
    for path, kind in said.fields.items():
        _learn_field(context, identifier, path, kind)
    sample = said.sample if said.sample is not None else intake.samples.get(identifier)
    if isinstance(sample, dict) and not said.fields:
        for name, value in sample.items():
            inner = value if isinstance(value, dict) else {name: value}
            prefix = f"{name}." if isinstance(value, dict) else ""
            body = body or (f"{identifier}.{name}" if prefix else "")
            for key, item in inner.items():
                _learn_field(context, identifier, f"{prefix}{key}", _type_of(item))
                if isinstance(item, list) and item and isinstance(item[0], dict):
                    context.lists[f"{{{{ {identifier}.{prefix}{key} }}}}"] = tuple(item[0])
    context.body = body
    return said


def _type_of(value: object) -> FieldType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "text"


def _learn_field(context: Context, step: str, path: str, kind: FieldType) -> None:
    template = f"{{{{ {step}.{path} }}}}"
    if kind == "array":
        context.lists.setdefault(template, ())
    elif kind != "object":
        context.fields.append(Known(path.rsplit(".", 1)[-1], template, kind))


def find_trigger(sentences: Sequence[str], context: Context) -> tuple[TriggerPlan | None, list[str]]:
    """The trigger, from the first sentence that says one, and the sentences without its words."""
    openers = vocabulary().trigger_openers
    for index, sentence in enumerate(sentences):
        if begins_with(without_fillers(sentence), vocabulary().otherwise) is not None:
            continue
        plain = without_fillers(sentence)
        timed = begins_with(plain, tuple(vocabulary().schedule.adverbs)) is not None
        rest = None if timed else begins_with(plain, openers)
        before = ""
        if rest is None and not timed and (match := phrase_pattern(openers).search(plain)) and starts_action(plain):
            before, rest = plain[: match.start()].strip(" ,"), plain[match.end() :].strip()
        if rest is not None and (cut := _cut(rest)) is not None:
            words, actions = cut
            words, condition = _qualified(words)
            trigger = _trigger_of(words, context)
            if trigger is None:
                return None, list(sentences)
            if condition and find_phrase(" ".join((actions, *sentences[index + 1 :])), vocabulary().otherwise):
                actions = f"{vocabulary().conditionals[0]} {condition}, {actions}"
            elif condition:
                context.gate = read_condition(condition, context)
            behind = [*(part for part in (before, actions) if part), *sentences[index + 1 :]]
            return trigger, [*_without_background(sentences[:index], context), *behind]
        if schedule := read_schedule(plain):
            span = schedule_span(plain)
            remains = f"{plain[: span[0]]} {plain[span[1] :]}".strip(" ,:") if span else ""
            context.taken.add(vocabulary().schedule.app)
            words_for = vocabulary().schedule
            context.about = context.intake.name
            trigger = TriggerPlan(
                app=words_for.app, operation=words_for.operation, id=words_for.app, schedule=schedule,
                label=shorten(plain[span[0] : span[1]].strip(" ,").capitalize(), 80) if span else "",
            )  # fmt: skip
            before_it = _without_background(sentences[:index], context)
            return trigger, [*before_it, *([remains] if remains else []), *sentences[index + 1 :]]
    return _told_trigger(sentences, context)


def _told_trigger(sentences: Sequence[str], context: Context) -> tuple[TriggerPlan | None, list[str]]:
    """The trigger where a sentence tells what happens: `A customer books an appointment through our form.`"""
    first = without_fillers(sentences[0]) if sentences else ""
    rest = begins_with(first, vocabulary().conditionals)
    event, actions = (_cut(rest) if rest else None) or ("", "")
    if actions and _trigger_words(event) and split_condition(event) is None:
        return _trigger_of(event, context), [actions, *sentences[1:]]
    for index, sentence in enumerate(sentences[:-1]):
        plain = without_fillers(sentence)
        words, condition = _qualified(plain)
        verb = begins_with(plain, known_verbs()) is not None
        if verb or condition or begins_with(plain, vocabulary().told) is None or _trigger_words(words) is None:
            continue
        said = f"`{shorten(plain, _SHOWN)}` is read as what starts the automation."
        context.ledger.assume("medium", said, "trigger")
        trigger = _trigger_of(words, context)
        return trigger, [*_without_background(sentences[:index], context), *sentences[index + 1 :]]
    return None, list(sentences)


def _without_background(sentences: Sequence[str], context: Context) -> list[str]:
    """Sentences before the trigger that ask for nothing are said to be background."""
    kept: list[str] = []
    for sentence in sentences:
        plain = without_fillers(sentence)
        if plain and (starts_action(plain) or mentions(plain)):
            kept.append(sentence)
        elif plain:
            context.ledger.assume("low", f"`{shorten(plain, _SHOWN)}` is read as background.", "request")
    return kept


def _qualified(text: str) -> tuple[str, str]:
    """The words of a trigger, and the condition that stands with them: `a form comes in and the country is Germany`."""
    for match in phrase_pattern(vocabulary().qualifiers).finditer(text):
        before, behind = text[: match.start()].strip(" ,"), text[match.end() :].strip()
        if not (_trigger_words(before) or mentions(before)):
            continue
        split = split_condition(behind)
        if split is not None and split[0] and (split[2] or not split[1].value):
            return before, behind
        field = re.match(
            r"(?:the\s+)?(subject|betreff|status|type|category)\s+(?:line\s+)?(\S.*)", behind, re.IGNORECASE
        )
        if field is not None:
            apps = mentions(field.group(2))
            value = field.group(2)[: apps[-1].start] if apps else field.group(2)
            value = re.sub(r"\s+(?:in|on|via|at)\s*(?:our|the|my)?\s*\Z", "", value).strip(" \"'“”")
            app_words = behind[behind.index(apps[-1].app.name) :] if apps and apps[-1].app.name in behind else ""
            name = "subject" if field.group(1).lower() == "betreff" else field.group(1).lower()
            compares = "contains" if name == "subject" else "is"
            return f"{before} {f'in {app_words}' if app_words else ''}".strip(), f"{name} {compares} {value}"
    return text, ""


def _cut(text: str) -> tuple[str, str] | None:
    """The words of a trigger, and what follows them: behind a comma or `then`."""
    for match in re.finditer(r"\s*[,:]\s*|\s+(?:then|dann|we|wir)\s+", text):
        before, behind = text[: match.start()], text[match.end() :]
        if match.group().strip() in ("we", "wir"):
            if not before or not (_trigger_words(before) or mentions(before)):
                continue
            told = text[match.start() :].strip()
            behind = told if starts_action(told) else behind
        if starts_action(behind) or _trigger_words(before) or mentions(before):
            return before, behind
    return (text, "") if _trigger_words(text) or mentions(text) else None


def _trigger_words(text: str) -> TriggerWords | None:
    """The entry whose phrase stands first in the clause."""
    found = [(match.start(), entry) for entry in vocabulary().triggers if (match := find_phrase(text, _forms(entry)))]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _forms(entry: TriggerWords) -> tuple[str, ...]:
    return tuple(form for phrase in entry.phrases for form in (phrase, f"{phrase}s"))


def _trigger_of(text: str, context: Context) -> TriggerPlan | None:
    """The trigger that some words name: a schedule, an app's own trigger, or a usual event."""
    schedule = read_schedule(text)
    words = vocabulary()
    if schedule:
        context.taken.add(words.schedule.app)
        context.about = context.intake.name
        return TriggerPlan(
            app=words.schedule.app, operation=words.schedule.operation, id=words.schedule.app, schedule=schedule
        )
    if (own := _app_trigger(text, context)) is not None:
        return own
    entry = _trigger_words(text)
    if entry is None:
        what = f"what starts it, `{shorten(text, _SHOWN)}`, is not understood"
        context.ledger.fail("trigger.unread", "trigger", what, "such as `a form comes in`, `a new row in the sheet`")
        return None
    _note_leftovers(text, _forms(entry), context)
    context.about, context.body = entry.label, f"{entry.id}.body"
    context.taken.add(entry.id)
    for path, kind in entry.fields.items():
        _learn_field(context, entry.id, path, kind)
    for path, names in entry.lists.items():
        context.lists[f"{{{{ {entry.id}.{path} }}}}"] = names
    if entry.assumption:
        context.ledger.assume("medium", entry.assumption, "trigger")
    return TriggerPlan(
        app=entry.app, operation=entry.operation, id=entry.id, label=entry.label, fields=dict(entry.fields)
    )


def _note_leftovers(text: str, understood: Sequence[str], context: Context) -> None:
    """Words of a trigger that the rules leave out of account are said to be."""
    known = vocabulary()
    events = tuple(form for entry in known.triggers for form in _forms(entry))
    rest = phrase_pattern((*understood, *events)).sub(" ", text)
    words = [word for word in re.findall(r"[\w-]+", rest.lower()) if word not in known.trigger_fillers]
    narrowing = [word for word in words if word in known.restricting or word.isdigit()]
    if narrowing:
        what = f"which of `{shorten(text, _SHOWN)}` start it is not understood"
        hint = "such as `when a form comes in and the rating is below 3`"
        context.ledger.fail("trigger.narrowed", "trigger", what, hint)
    elif words:
        said = f"Of `{shorten(text, _SHOWN)}`, `{shorten(' '.join(words), 80)}` is not checked: each one starts it."
        context.ledger.assume("high", said, "trigger")


def _app_trigger(text: str, context: Context) -> TriggerPlan | None:
    """The trigger of an app that is named, when the app is one that watches for events itself."""
    for mention in mentions(text):
        triggers = {name: item for name, item in mention.app.offered.items() if item.kind == "trigger"}
        known = {name: item for name, item in triggers.items() if verb_weight(text, item)} or triggers
        if mention.app.category == "core" or len(known) != 1:
            continue
        name, operation = next(iter(known.items()))
        sender = _ADDRESS.search(text) if "from" in operation.inputs else None
        said_from = (sender.group(), "from") if sender else ()
        _note_leftovers(text, (*names_of(mention.name, mention.app), *operation.verbs, *said_from), context)
        identifier = context.new_id(mention.name)
        context.about = mention.app.name
        for path, output in operation.outputs.items():
            if output.type == "object" and path not in vocabulary().noise_fields:
                context.body = f"{identifier}.{path}"
            elif output.type in ("text", "number", "boolean", "date") and False not in (output.make, output.n8n):
                context.fields.append(Known(path, f"{{{{ {identifier}.{path} }}}}", output.type))
        inside = vocabulary().trigger_fields.get(f"{mention.name}.{name}", {})
        for path, kind in inside.items():
            known_as = path.split(".", 1)[-1].replace(".", " ")
            context.fields.append(Known(known_as, f"{{{{ {identifier}.{path} }}}}", kind))
        inputs: dict[str, JsonValue] = {"from": sender.group()} if sender else {}
        if "headers" in operation.inputs and context.body:
            shown = vocabulary().result_field
            inputs["headers"] = [shown]
            context.fields.append(Known(shown, f"{{{{ {context.body}.{shown} }}}}"))
            said = f"{mention.app.name} has a column `{shown}`; the other columns are added at set-up."
            context.ledger.assume("medium", said, "trigger.inputs.headers")
        elif "label_field" in operation.inputs and context.body:
            shown = vocabulary().result_field
            context.fields.append(Known(shown, f"{{{{ {context.body}.{shown} }}}}"))
        label = shorten(text[:1].upper() + text[1:], 80)
        return TriggerPlan(app=mention.name, operation=name, id=identifier, label=label, inputs=inputs)
    return None
