"""Plain requests cut into clauses: sentences, what comes before a comma or an `and`, phrases found as whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from compilers.registry import App, Operation, registry
from manageai_assets.intake.vocabulary import vocabulary

QUOTED = re.compile(r"(?<!\w)(?:[\"“„”]([^\"“”„]{1,2000})[\"”“]|['‘]([^'’]{1,2000})['’])(?!\w)")
"""A text in quotes: what it says is the first group or the second."""
MAX_REQUEST = 20_000
"""Characters of a request that the rules read; longer texts are for a person or a language model."""

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*(?:->|=>|→)\s*|\s*\n\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?|\s+[-–—]\s+")
_MARK = re.compile(r"\A\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)")
_ARTICLE = re.compile(
    r"^(?:(?:the|a|an|our|their|your|his|her|its|this|that|each|every|all|any|new|der|die|das|den|dem|des|ein|eine|einen|"
    r"einem|einer|unser|unsere|unseren|unserem|neue|neuer|neuen|neues)\s+)+",
    re.IGNORECASE,
)
_SMALL = re.compile(r"(?<!\w)(?:all|the|a|an|any|every|each|our|new|open|alle|die|den|das|eine?n?)\s+", re.IGNORECASE)


def sentences_of(text: str) -> list[str]:
    """The sentences and list items of a text, without their closing marks."""
    return [
        part
        for piece in _SENTENCE.split(_MARK.sub("", text[:MAX_REQUEST].strip()))
        if (part := piece.strip(" \t.!?;:-–—*•"))
    ]


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
    """The clauses of a sentence that each ask for something; what doesn't is part of the clause before."""
    separator = re.compile(rf"\s*,\s*(?:{_connectors()})\s+|\s*,\s*|\s+(?:{_connectors()})\s+|\s*;\s*", re.IGNORECASE)
    quoted = [match.span() for match in QUOTED.finditer(text)]
    clauses: list[str] = []
    position = 0
    places = [
        match for match in separator.finditer(text)
        if not any(start < match.start() < end for start, end in quoted)
    ]  # fmt: skip
    for index, match in enumerate(places):
        behind = text[match.end() : places[index + 1].start() if index + 1 < len(places) else None]
        before = text[position : match.start()]
        if starts_action(text[match.end() :]) or _closed(before) is not None or _closed(behind) is not None:
            clauses.append(text[position : match.start()])
            position = match.end()
    clauses.append(text[position:])
    return [clause for piece in clauses if (clause := without_fillers(piece))]


def _connectors() -> str:
    return _any_of(vocabulary().connectors)


def starts_action(text: str) -> bool:
    """Whether a clause begins with something to do: a verb that is known, a condition or a loop."""
    words = vocabulary()
    openers = (*words.conditionals, *words.exceptions, *words.otherwise, *words.loops, *words.retries)
    plain = without_fillers(text)
    return (
        begins_with(plain, (*openers, *known_verbs())) is not None
        or _opened(plain) is not None
        or pause_in(plain) is not None
    )


def as_request(clause: str) -> str:
    """The clause with its verb in front: `the order must be stored in Airtable` is `store the order in Airtable`."""
    opened = _opened(clause)
    if opened is not None:
        return opened
    closed = _closed(clause)
    return clause if closed is None else closed


def pause_in(text: str) -> tuple[int, str] | None:
    """Seconds of a pause at the beginning of a clause (`wait 2 minutes`), and what follows it."""
    words = vocabulary()
    rest = begins_with(text, words.pauses)
    match = _pause_pattern().match(text if rest is None else rest)
    if rest is None and match is not None:
        rest = text if begins_with(text[match.end() :], words.later) is not None else None
    if match is None or rest is None:
        return None
    count = words.numbers.get(match.group(1).lower()) or int(match.group(1))
    return count * words.pause_units[match.group(2).lower()], _without_later(rest[match.end() :])


def _without_later(text: str) -> str:
    rest = begins_with(text, vocabulary().later)
    return (text if rest is None else rest).strip(" ,:")


@lru_cache(maxsize=1)
def _pause_pattern() -> re.Pattern[str]:
    words = vocabulary()
    return re.compile(rf"({_any_of(words.numbers)}|\d{{1,5}})\s*({_any_of(words.pause_units)})(?!\w)", re.IGNORECASE)


def _any_of(words: Iterable[str]) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in longest_first)


def _opened(clause: str) -> str | None:
    """A clause that says of something what happens to it, as a request; None when it is none."""
    words = vocabulary()
    if begins_with(clause, (*words.conditionals, *words.exceptions, *words.otherwise, *words.loops)) is not None:
        return None
    for pattern, asks in _rewrites():
        if match := pattern.match(clause):
            groups = match.groups()
            return f"{asks.format(*groups).strip()} {clause[match.end() :].lstrip()}".strip()
    if begins_with(clause, known_verbs()) is not None:
        return None
    passive, receiving, participle = _said_of()
    if match := passive.match(clause):
        return f"{_participles()[match.group(2).lower()]} {match.group(1)} {clause[match.end() :].lstrip()}".strip()
    if match := receiving.match(clause):
        return f"send {match.group(1)} {clause[match.end() :].lstrip()}"
    if match := participle.match(clause):
        return f"{_participles()[match.group(1).lower()]} it {clause[match.end() :].lstrip()}".strip()
    return None


@lru_cache(maxsize=1)
def _rewrites() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(one.says, re.IGNORECASE), one.asks) for one in vocabulary().rewrites)


@lru_cache(maxsize=1)
def _participles() -> dict[str, str]:
    """Verbs by their past participle."""
    words = vocabulary()
    irregular = {form: verb for verb, forms in words.participles.items() for form in forms}
    verbs = [verb for verb in known_verbs() if re.fullmatch(r"[a-z]{3,}", verb) and verb not in words.participles]
    verbs.sort(key=len, reverse=True)
    regular = {f"{verb}d" if verb.endswith("e") else f"{verb}ed": verb for verb in verbs}
    regular |= {f"{verb[:-1]}ied": verb for verb in verbs if verb.endswith("y")}
    return {**regular, **irregular}


@lru_cache(maxsize=1)
def _said_of() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """`the order must be stored`, `the customer receives`, `posted`."""
    words = vocabulary()
    subject = r"((?:[\w'’#&-]+\s+){0,5}?[\w'’#&-]+)"
    adverbs = rf"(?:(?:{_any_of((*words.fillers, *words.connectors))})\s+)*"
    modals = rf"(?:(?:{_any_of(words.modals)})\s+){adverbs}"
    forms = _any_of(_participles())
    return (
        re.compile(rf"{subject}\s+{modals}(?:be\s+)?{adverbs}({forms})(?!\w)", re.IGNORECASE),
        re.compile(rf"{subject}\s+(?:{modals})?(?:{_any_of(words.receives)})\s+", re.IGNORECASE),
        re.compile(rf"(?:be\s+)?({forms})(?!\w)", re.IGNORECASE),
    )


def _closed(clause: str) -> str | None:
    """A clause with its verb at the end, as German has it, as a request; None when it is none."""
    plain = without_fillers(clause)
    match = _final_pattern().search(plain)
    if match is None or begins_with(plain, known_verbs()) is not None:
        return None
    head = _auxiliary_pattern().sub(" ", plain[: match.start()])
    return f"{_final_verbs()[match.group(1).lower()]} {' '.join(head.split())}"


@lru_cache(maxsize=1)
def _final_verbs() -> dict[str, str]:
    return {form: verb for verb, forms in vocabulary().final_verbs.items() for form in forms}


@lru_cache(maxsize=1)
def _final_pattern() -> re.Pattern[str]:
    auxiliaries = _any_of(vocabulary().auxiliaries)
    return re.compile(rf"(?<!\w)({_any_of(_final_verbs())})(?:\s+(?:{auxiliaries}))*\W*\Z", re.IGNORECASE)


@lru_cache(maxsize=1)
def _auxiliary_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_any_of(vocabulary().auxiliaries)})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1)
def known_verbs() -> tuple[str, ...]:
    """All words that ask for something: of the registry's operations, their synonyms, and of language models."""
    words = vocabulary()
    verbs = {
        verb.lower() for app in registry().apps.values() for item in app.operations.values() for verb in item.verbs
    }
    verbs.update(
        words.verbs,
        words.final_verbs,
        *words.verbs.values(),
        *words.categories.values(),
        *(task.verbs for task in words.ai_tasks),
    )
    return tuple(sorted(verbs))


def names_of(name: str, app: App) -> tuple[str, ...]:
    """What an app is called in requests."""
    return tuple(dict.fromkeys((app.name.lower(), name.replace("_", " "), *(alias.lower() for alias in app.aliases))))


def verb_weight(clause: str, operation: Operation) -> int:
    """How well a clause asks for an operation: 4 for its verb of several words at the beginning, 3 for one word, 2
    for a word that means the same, 1 for its verb anywhere, 0 for nothing."""
    words = vocabulary().verbs
    verbs = tuple(verb.lower() for verb in operation.verbs)
    same = tuple(dict.fromkeys(word for verb in verbs for word in words.get(verb, ())))
    plain = _SMALL.sub("", clause)
    longer = tuple(verb for verb in verbs if " " in verb)
    if begins_with(plain, (*longer, *(form for verb in longer for form in _alike(verb)))) is not None:
        return 4
    if begins_with(clause, verbs) is not None:
        return 3
    if begins_with(clause, same) is not None:
        return 2
    return 1 if find_phrase(clause, (*verbs, *same)) else 0


@lru_cache(maxsize=512)
def _alike(verb: str) -> tuple[str, ...]:
    """`find deals` in other words: `get deals`, `pull deals`."""
    head, _, tail = verb.partition(" ")
    return tuple(f"{other} {tail}" for other in vocabulary().verbs.get(head, ()))
