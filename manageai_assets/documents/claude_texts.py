"""Running text by Claude, held against the facts: a figure, a name or a promise that isn't there, and the text of the
rules stands. Nothing that Claude does or fails to do fails a build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints, ValidationError

from compilers.errors import UserError
from manageai_assets.documents.facts import Facts, Texts
from manageai_assets.documents.messages import messages
from manageai_assets.prompting import as_data, prompt

if TYPE_CHECKING:
    from manageai_assets.settings import Settings
    from resources.claude import Claude

PROMPT = "write_sow_texts.md"
TOOL = "texts"
TOOL_DESCRIPTION = "Hands in the texts."
LONGEST_QUESTION = 60_000
"""Characters; a build that takes more is not shown to Claude."""

Sentences = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=900)]
_FIGURE = re.compile(r"\d+(?:[.,:/\-\s]?\d+)*")
_NAME = re.compile(r"(?<![\w@.])[^\W\d_][\w&@.\-]*")
_MARKUP = re.compile(r"[`*_#<>|{}\[\]\\\r\n]|https?:")
_NUMBER_WORDS = {
    "en": "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty ninety "
    "hundred hundreds thousand thousands million half third quarter double triple twice percent dozen dozens",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf fünfzehn zwanzig dreißig vierzig fünfzig sechzig "
    "neunzig hundert hunderte tausend tausende million hälfte drittel viertel doppelt dreifach prozent dutzend",
}
_PROMISES = {
    "en": r"guarant\w*|warrant\w*|promis\w*|ensur\w*|always|never|certain\w*|immediat\w*|instant\w*|error-free|100|"
    r"fully|without fail|zero|no longer|forever|completely|best|perfect\w*|any time|risk-free|free of charge|refund\w*",
    "de": r"garant\w*|versprech\w*|versprich\w*|sicher\w*|immer|nie|niemals|sofort\w*|fehlerfrei\w*|100|vollständig\w*|"
    r"komplett\w*|stets|perfekt\w*|beste\w*|risikofrei\w*|kostenlos\w*|erstatt\w*|jederzeit",
}
_STARTERS = frozenset(".!?:“„\"'–")


class _Written(BaseModel):
    """The texts as Claude gives them."""

    model_config = ConfigDict(frozen=True, title="texts")

    background: Sentences
    objective: Sentences
    problem: Sentences
    change: Sentences


def written(facts: Facts, settings: Settings) -> Facts:
    """The facts with Claude's texts, where there is a key and the texts hold; else as they are."""
    key = settings.anthropic_api_key.get_secret_value().strip() if settings.anthropic_api_key else ""
    if not key:
        return facts
    from resources.claude import Claude

    texts = claude_texts(facts, Claude(key, settings.auto_iter_model))
    return facts.model_copy(update={"texts": texts})


def claude_texts(facts: Facts, claude: Claude) -> Texts:
    """Claude's texts for these facts; those of the rules, with the reason in `made_by`, where they can't be used."""
    question = _question(facts)
    if len(question) > LONGEST_QUESTION:
        return _kept(facts, "the build is too large to be shown to Claude")
    try:
        answer = claude.ask(prompt(PROMPT), question, TOOL, TOOL_DESCRIPTION, _schema())
        found = _Written.model_validate(answer.value)
    except UserError as error:
        return _kept(facts, error.what)
    except ValidationError:
        return _kept(facts, "Claude's texts are missing, too short or too long")
    texts = found.model_dump()
    if wrong := next(iter(unfounded(" ".join(texts.values()), facts)), None):
        return _kept(facts, f"Claude wrote {wrong}")
    return facts.texts.model_copy(update={**texts, "made_by": answer.model})


def _kept(facts: Facts, why: str) -> Texts:
    return facts.texts.model_copy(update={"made_by": f"rules: {why}"})


@cache
def _schema() -> dict[str, JsonValue]:
    return _Written.model_json_schema()


def _known(facts: Facts) -> dict[str, JsonValue]:
    """What Claude may say: nothing of the agency's terms, and no e-mail addresses."""
    say = messages(facts.brand.language)
    plan = facts.plan
    return {
        "language": facts.brand.language,
        "agency": facts.brand.agency.name,
        "client": facts.client.model_dump(mode="json", include={"name", "industry", "country"}),
        "title": facts.title,
        "request": facts.request,
        "objective": facts.objective,
        "starts": facts.starts,
        "apps": [*facts.apps],
        "systems": [*facts.systems],
        "steps": [line.title or line.lead for line in facts.lines],
        "runs_a_month": say.about(facts.volume.runs),
        "hours_by_hand_a_month": say.about(facts.savings.hours_per_month),
        "start": say.date(plan.start) if plan.start else None,
        "handover": say.date(plan.handover) if plan.handover else None,
    }


def _question(facts: Facts) -> str:
    rules = facts.texts.model_dump(mode="json", include={"background", "objective", "problem", "change"})
    return f"<facts>\n{as_data(_known(facts))}\n</facts>\n\n<rules>\n{as_data(rules)}\n</rules>"


def unfounded(text: str, facts: Facts) -> Iterator[str]:
    """What a text says that the facts don't: figures, numbers in words, names, promises; and markup."""
    language = facts.brand.language
    source = " · ".join([*_strings(_known(facts)), *facts.texts.model_dump(include={"background", "change"}).values()])
    if found := _MARKUP.search(text):
        yield f"markup: {found.group()!r}"
    figures = set(_FIGURE.findall(source))
    yield from (f"the figure {one}" for one in _FIGURE.findall(text) if one not in figures)
    words = {word.casefold().rstrip(".") for word in re.findall(r"[\w&@.\-]+", source)}
    counting = set(_NUMBER_WORDS[language].split())
    for found in _NAME.finditer(text):
        word = found.group().rstrip(".-")
        folded = word.casefold()
        if folded in counting and folded not in words:
            yield f"the number {word}"
        elif _is_name(text, found.start(), word, language) and not {folded, folded.removesuffix("s")} & words:
            yield f"the name {word}"
    for found in re.finditer(rf"\b(?:{_PROMISES[language]})\b", text, re.IGNORECASE):
        if found.group().casefold() not in words:
            yield f"the promise {found.group()}"


def _is_name(text: str, start: int, word: str, language: str) -> bool:
    """Whether a word looks like a name where it stands. German nouns are capitalised too, so there only words with
    capitals, digits or marks inside them are told from others."""
    inside = any(mark.isupper() or mark in "@&." for mark in word[1:])
    if language == "de" or inside:
        return inside
    before = text[:start].rstrip()
    return word[0].isupper() and bool(before) and before[-1] not in _STARTERS and word != "I"


def _strings(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _strings(item)
        case list():
            for item in value:
                yield from _strings(item)
        case None:
            return
        case _:
            yield str(value)
