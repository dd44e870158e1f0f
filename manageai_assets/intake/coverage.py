"""What of a clause the step made of it doesn't say: nothing is left out in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.registry import App, Operation
from manageai_assets.intake.clauses import find_phrase, known_verbs, names_of, phrase_pattern
from manageai_assets.intake.context import Clause, Context
from manageai_assets.intake.vocabulary import vocabulary

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def note_left_out(
    clause: Clause, inputs: Mapping[str, JsonValue], chosen: tuple[str, App, Operation], context: Context, where: str
) -> None:
    """Notes the words of a clause that stand nowhere in the step: those that narrow what is done (`only`, `until`) as a
    failure, others as an assumption."""
    words = vocabulary()
    name, app, operation = chosen
    said = " ".join(
        [json.dumps(inputs, ensure_ascii=False), context.about, operation.summary, *_names(context)]
    ).lower()
    events = " ".join(phrase for entry in words.triggers for phrase in entry.phrases)
    known = {
        *_split(said),
        *_split(events),
        *_split(" ".join(words.clause_fillers)),
        *_split(" ".join(words.all_words)),
    }
    for group in (
        words.record_words,
        words.person_words,
        words.own_words,
        words.collect_words,
        words.where_words,
        words.to_sender,
    ):
        known |= _split(" ".join(group))
    text = re.sub(r"https?://\S+", " ", clause.text)
    text = phrase_pattern((*names_of(name, app), *known_verbs())).sub(" ", text)
    for verb, note in words.verb_notes.items():
        if find_phrase(clause.text, (verb,)) and operation.kind == "action":
            context.ledger.assume("high", note.format(clause=shorten(clause.text, 100)), where)
    left = [word for word in _WORD.findall(text) if not _stands(word.lower(), known, said)]
    narrowing = [word for word in left if word.lower() in words.restricting]
    if narrowing:
        what = f"what `{narrowing[0]}` means in `{shorten(clause.text, 100)}` is not understood"
        hint = "such as `if the score is above 70, tell sales in Slack`"
        context.ledger.fail("clause.narrowed", where, what, hint)
    elif left:
        unsaid = shorten(" ".join(left), 80)
        what = f"Of `{shorten(clause.text, 100)}`, `{unsaid}` is set at set-up; the step leaves it out."
        context.ledger.assume("medium", what, where)


def _names(context: Context) -> list[str]:
    return [known.name for known in context.fields]


def _split(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.lower()))


def _stands(word: str, known: set[str], said: str) -> bool:
    """Whether a word, its singular, or a longer one that it is part of is said."""
    return all(
        part in known or part.removesuffix("s") in known or (len(part) > 3 and part in said) for part in _split(word)
    )
