"""Conditions in plain requests: where they end, which fields they speak of, and what their opposite is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from compilers.errors import shorten
from compilers.operators import OPERATORS
from compilers.spec import Condition, Filter
from manageai_assets.intake.actions import mentions
from manageai_assets.intake.clauses import find_phrase, starts_action, without_articles
from manageai_assets.intake.conditions import MAX_CONDITIONS, Phrases, operand, split_condition
from manageai_assets.intake.context import Context
from manageai_assets.intake.vocabulary import vocabulary

_UNITS = re.compile(r"[€$£%]|\b(?:eur|euro|euros|usd|dollars?|chf|gbp|percent|prozent|points?|punkte)\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:[.']\d{3})+)(?![\d.])")
_FINAL = re.compile(r"\s+(?:ist|liegt|beträgt|lautet|enthält)\Z", re.IGNORECASE)
_HINT = "such as `if the score is above 70`"
_OPPOSITES = {"number:greater": "number:at_most", "number:less": "number:at_least"}
_OPPOSITES |= {other: name for name, other in _OPPOSITES.items()}
_Split = tuple[str, Phrases, str]


def condition_and_actions(text: str) -> tuple[str, str]:
    """`<condition>, <actions>`: both parts; the second is empty when nothing to do is found."""
    for match in re.finditer(r"\s*[,:;]\s*(?:(?:then|dann)\s+)?|\s+(?:then|dann)\s+|\s+", text):
        before, behind = text[: match.start()], text[match.end() :]
        if match.group().strip():
            if starts_action(behind):
                return before, behind
        elif _is_whole(before) and starts_action(behind) and mentions(re.split(r"[,;]", behind)[0]):
            return before, behind
    return text, ""


def _is_whole(text: str) -> bool:
    split = split_condition(text)
    return split is not None and (bool(split[2]) or not split[1].value)


def read_condition(text: str, context: Context, negated: bool = False) -> Filter | None:
    """A condition in plain words; its left side must be a field that is known or can be assumed. None, with a failure
    noted, when it isn't understood."""
    groups: list[tuple[Condition, ...]] = []
    last: _Split | None = None
    for alternative in re.split(r"\s+(?:or|oder)\s+", text):
        group: list[Condition] = []
        for part in re.split(r"\s+(?:and|und)\s+", alternative):
            last = _complete(_split(part), part, last)
            condition = _one_condition(part, last, context)
            if condition is None:
                return None
            group.append(condition)
        groups.append(tuple(group))
    any_of = tuple(groups)
    if negated:
        if any(len(group) > 4 for group in any_of) or len(any_of) > 3:
            context.ledger.fail(
                "condition.long", "request", f"`unless {shorten(text, 60)}` is too long", "write it as `if`"
            )
            return None
        any_of = tuple(tuple(opposite(one) for one in picked) for picked in product(*any_of))
    label = shorten(f"not: {text}" if negated else text, 80)
    return Filter(label=label, any_of=any_of[:MAX_CONDITIONS])


def _split(text: str) -> _Split | None:
    """Sides of a condition; German has the verb at the end: `der Betrag über 1000 liegt`."""
    split = split_condition(_FINAL.sub("", text))
    if split is not None and split[0]:
        return split
    if (final := _FINAL.search(text)) is not None and split is None:
        words = text[: final.start()].rsplit(None, 1)
        return split_condition(f"{words[0]}{final.group()} {words[1]}") if len(words) == 2 else None
    return split


def _complete(split: _Split | None, part: str, last: _Split | None) -> _Split | None:
    """`the country is Germany or Austria`: what is left out is as before."""
    if last is None or (split is not None and split[0]):
        return split
    if split is not None:
        return last[0], split[1], split[2]
    return (last[0], last[1], part) if last[1].value and len(part.split()) <= 4 else None


def _one_condition(text: str, split: _Split | None, context: Context) -> Condition | None:
    if split is None:
        what = f"the condition `{shorten(text, 80)}` is not understood"
        context.ledger.fail("condition.unread", "request", what, _HINT)
        return None
    left, row, right = split
    plain = _THOUSANDS.sub(lambda match: match.group(1) + re.sub(r"[.']", "", match.group(2)), _UNITS.sub("", right))
    value = operand(without_articles(plain), ())
    number = row.number is not None and isinstance(value, (int, float)) and not isinstance(value, bool)
    if (row.value and value == "") or (row.text is None and not number):
        what = f"what `{shorten(text, 80)}` compares with is not understood"
        context.ledger.fail("condition.value", "request", what, _HINT)
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


def opposite(condition: Condition) -> Condition:
    """The condition that holds when this one doesn't."""
    name = condition.operator
    turned = _OPPOSITES.get(name)
    if turned is None:
        head, colon, tail = name.rpartition(":")
        turned = f"{head}{colon}{tail.removeprefix('not_') if tail.startswith('not_') else f'not_{tail}'}"
    if turned not in OPERATORS:
        raise ValueError(f"`{name}` has no opposite")
    return condition.model_copy(update={"operator": turned})


def tells_apart(conditions: Sequence[Filter]) -> bool:
    """Whether at most one of the conditions can hold: all compare one field with different texts."""
    seen: set[str] = set()
    fields: set[str] = set()
    for one in conditions:
        texts: set[str] = set()
        for group in one.any_of:
            if len(group) != 1 or not group[0].operator.endswith(":equals"):
                return False
            fields.add(str(group[0].left))
            texts.add(str(group[0].right).lower())
        if texts & seen:
            return False
        seen |= texts
    return len(fields) == 1
