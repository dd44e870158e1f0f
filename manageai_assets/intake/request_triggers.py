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
    names_of,
    phrase_pattern,
    starts_action,
    verb_weight,
    without_fillers,
)
from manageai_assets.intake.context import Context, Known
from manageai_assets.intake.models import Intake
from manageai_assets.intake.plan import FieldType, TriggerPlan
from manageai_assets.intake.schedules import read_schedule, schedule_span
from manageai_assets.intake.vocabulary import TriggerWords, vocabulary

_SHOWN = 120


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
        plain = without_fillers(sentence)
        rest = begins_with(plain, openers)
        before = ""
        if rest is None and (match := phrase_pattern(openers).search(plain)) and starts_action(plain):
            before, rest = plain[: match.start()].strip(" ,"), plain[match.end() :].strip()
        if rest is not None and (cut := _cut(rest)) is not None:
            words, actions = cut
            trigger = _trigger_of(words, context)
            if trigger is None:
                return None, list(sentences)
            return trigger, [*sentences[:index], *(part for part in (before, actions) if part), *sentences[index + 1 :]]
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
            return trigger, [*sentences[:index], *([remains] if remains else []), *sentences[index + 1 :]]
    return None, list(sentences)


def _cut(text: str) -> tuple[str, str] | None:
    """The words of a trigger, and what follows them: behind a comma or `then`."""
    for match in re.finditer(r"\s*[,:]\s*|\s+(?:then|dann|we|wir)\s+", text):
        before, behind = text[: match.start()], text[match.end() :]
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
    rest = phrase_pattern(tuple(understood)).sub(" ", text)
    words = [word for word in re.findall(r"[\w-]+", rest.lower()) if word not in vocabulary().trigger_fillers]
    if words:
        said = f"Of `{shorten(text, _SHOWN)}`, `{shorten(' '.join(words), 80)}` is not checked: each one starts it."
        context.ledger.assume("high", said, "trigger")


def _app_trigger(text: str, context: Context) -> TriggerPlan | None:
    """The trigger of an app that is named, when the app is one that watches for events itself."""
    for mention in mentions(text):
        triggers = {name: item for name, item in mention.app.operations.items() if item.kind == "trigger"}
        known = {name: item for name, item in triggers.items() if verb_weight(text, item)} or triggers
        if mention.app.category == "core" or len(known) != 1:
            continue
        name, operation = next(iter(known.items()))
        _note_leftovers(text, (*names_of(mention.name, mention.app), *operation.verbs), context)
        identifier = context.new_id(mention.name)
        context.about = mention.app.name
        for path, output in operation.outputs.items():
            if output.type == "object" and path not in vocabulary().noise_fields:
                context.body = f"{identifier}.{path}"
            elif output.type in ("text", "number", "boolean", "date"):
                context.fields.append(Known(path, f"{{{{ {identifier}.{path} }}}}", output.type))
        inputs: dict[str, JsonValue] = {}
        if "headers" in operation.inputs and context.body:
            shown = vocabulary().result_field
            inputs["headers"] = [shown]
            context.fields.append(Known(shown, f"{{{{ {context.body}.{shown} }}}}"))
            said = f"{mention.app.name} has a column `{shown}`; the other columns are added at set-up."
            context.ledger.assume("medium", said, "trigger.inputs.headers")
            context.body = ""
        label = shorten(text[:1].upper() + text[1:], 80)
        return TriggerPlan(app=mention.name, operation=name, id=identifier, label=label, inputs=inputs)
    return None
