"""Plain requests cut into clauses: sentences, what comes before a comma or an `and`, phrases found as whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from compilers.registry import App, Operation, registry
from manageai_assets.intake.vocabulary import vocabulary

MAX_REQUEST = 20_000
"""Characters of a request that the rules read; longer texts are for a person or a language model."""

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*\n\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?|\s+[-–—]\s+")
_ARTICLE = re.compile(
    r"^(?:(?:the|a|an|our|their|your|his|her|its|this|that|each|every|all|any|new|der|die|das|den|dem|des|ein|eine|einen|"
    r"einem|einer|unser|unsere|unseren|unserem|neue|neuer|neuen|neues)\s+)+",
    re.IGNORECASE,
)


def sentences_of(text: str) -> list[str]:
    """The sentences and list items of a text, without their closing marks."""
    return [part for piece in _SENTENCE.split(text[:MAX_REQUEST].strip()) if (part := piece.strip(" \t.!?;:-–—*•"))]


@lru_cache(maxsize=4096)
def phrase_pattern(phrases: tuple[str, ...], at_start: bool = False) -> re.Pattern[str]:
    """Finds any of the phrases as whole words, the longest first."""
    words = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in sorted(phrases, key=lambda p: (-len(p), p)))
    start = r"\A\W*" if at_start else r"(?<!\w)"
    return re.compile(rf"{start}(?:{words})(?!\w)", re.IGNORECASE)


def begins_with(text: str, phrases: tuple[str, ...]) -> str | None:
    """What follows one of the phrases at the beginning of the text, or None."""
    match = phrase_pattern(phrases, at_start=True).search(text) if phrases else None
    return text[match.end() :].strip(" ,:") if match else None


def find_phrase(text: str, phrases: Iterable[str]) -> re.Match[str] | None:
    """The first place where one of the phrases stands as whole words."""
    known = tuple(phrases)
    return phrase_pattern(known).search(text) if known else None


def without_fillers(text: str) -> str:
    """The clause without `please`, `we want to` and the like at its beginning."""
    words = vocabulary()
    while (rest := begins_with(text, (*words.fillers, *words.connectors))) is not None:
        text = rest
    return text.strip(" ,")


def without_articles(text: str) -> str:
    """The noun without `the`, `our` and the like."""
    return _ARTICLE.sub("", text.strip(" ,\"'“”„.")).strip()


def action_clauses(text: str) -> list[str]:
    """The clauses of a sentence that each begin with a verb; what doesn't is part of the clause before."""
    separator = re.compile(rf"\s*,\s*(?:{_connectors()})\s+|\s*,\s*|\s+(?:{_connectors()})\s+|\s*;\s*", re.IGNORECASE)
    clauses: list[str] = []
    position = 0
    for match in separator.finditer(text):
        if starts_action(text[match.end() :]):
            clauses.append(text[position : match.start()])
            position = match.end()
    clauses.append(text[position:])
    return [clause for piece in clauses if (clause := without_fillers(piece))]


def _connectors() -> str:
    words = sorted(vocabulary().connectors, key=lambda word: (-len(word), word))
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words)


def starts_action(text: str) -> bool:
    """Whether a clause begins with something to do: a verb that is known, a condition or a loop."""
    words = vocabulary()
    openers = (*words.conditionals, *words.otherwise, *words.loops)
    plain = without_fillers(text)
    return begins_with(plain, (*openers, *known_verbs())) is not None


@lru_cache(maxsize=1)
def known_verbs() -> tuple[str, ...]:
    """All words that ask for something: of the registry's operations, their synonyms, and of language models."""
    words = vocabulary()
    verbs = {
        verb.lower() for app in registry().apps.values() for item in app.operations.values() for verb in item.verbs
    }
    verbs.update(
        words.verbs, *words.verbs.values(), *words.categories.values(), *(task.verbs for task in words.ai_tasks)
    )
    return tuple(sorted(verbs))


def names_of(name: str, app: App) -> tuple[str, ...]:
    """What an app is called in requests."""
    return tuple(dict.fromkeys((app.name.lower(), name.replace("_", " "), *(alias.lower() for alias in app.aliases))))


def verb_weight(clause: str, operation: Operation) -> int:
    """How well a clause asks for an operation: 3 for its verb at the beginning, 2 for a word that means the same,
    1 for its verb anywhere, 0 for nothing."""
    words = vocabulary().verbs
    verbs = tuple(verb.lower() for verb in operation.verbs)
    same = tuple(word for verb in verbs for word in words.get(verb, ()))
    if begins_with(clause, verbs) is not None:
        return 3
    if begins_with(clause, same) is not None:
        return 2
    return 1 if find_phrase(clause, (*verbs, *same)) else 0
