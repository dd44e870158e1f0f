"""Text cut where a sentence ends, so that what is left still says something whole."""

from __future__ import annotations

import re

_ENDS = re.compile(r"""[.!?…؟。！？]+["'”“»)\]]*(?=\s)|[。！？]["”」』]*|\n\s*\n""")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nos|Nr|Inc|Ltd|Co|vs|etc|approx|ca|bzw|usw|evtl|ggf|inkl|exkl|zzgl|vgl|Str|Tel|Abs"
    r"|Art|Mio|Mrd|Hr|Fr|Jan|Feb|Aug|Sept|Okt|Oct|Nov|Dez|Dec)|(?<![^\W_])[^\W\d_]|\be\.g|\bi\.e|\d)\.$"
)
_CLAUSE = re.compile(r"[,;:–—،，；：](?=\s|$)|[，；：、]")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, each on one line. Abbreviations, initials, numbers and dates end none."""
    found: list[str] = []
    start = 0
    for end in _ENDS.finditer(text):
        before, after = text[start : end.end()], text[end.end() :].lstrip()
        if not end.group().strip() or not (_ABBREVIATION.search(before) or after[:1].islower()):
            found.append(" ".join(before.split()))
            start = end.end()
    found.append(" ".join(text[start:].split()))
    return tuple(sentence for sentence in found if sentence)


def within(text: str, most: int) -> str:
    """As many whole sentences from the start as fit in `most` characters. A first sentence that is longer by itself
    ends after a clause, or else a word, with an ellipsis."""
    kept = ""
    for sentence in sentences(text):
        longer = f"{kept} {sentence}".lstrip()
        if len(longer) > most:
            return kept or _part(sentence, most)
        kept = longer
    return kept


def _part(sentence: str, most: int) -> str:
    room = sentence[: most - 1]
    clauses = [clause.start() for clause in _CLAUSE.finditer(room) if clause.start() > most // 2]
    end = clauses[-1] if clauses else room.rfind(" ")
    return room[: end if end > most // 3 else len(room)].rstrip(" ,;:–—") + "…"
