"""Conditions as people write them: `score.value >= 70 and lead.body.country is DE`.

`and` binds tighter than `or`; there are no brackets. What stands on the left is a field of a step, with or without
braces; on the right a number, a word, a quoted text, or another field. The operators' phrases are `operators.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from functools import cache
from importlib import resources

from pydantic import Field, JsonValue, model_validator

from compilers.errors import UserError, shorten
from compilers.spec import Condition, Filter
from manageai_assets.data import DataModel, parse_data

MAX_CONDITIONS = 64

_NUMBER = re.compile(r"[-+]?\d{1,15}(?:[.,]\d{1,6})?\Z")
_THOUSANDS = re.compile(r"(\d),(\d{3})\Z")
_PATH = re.compile(r"([a-z][a-z0-9_]{0,39})((?:\.[\w$]+|\[\d{0,6}\])*)\Z")
_PIECES = re.compile(r"\{\{.*?\}\}|\"[^\"]*\"|'[^']*'", re.DOTALL)
_OR = re.compile(r"\s+(?:or|oder)\s+|\s*\|\|\s*", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|und)\s+|\s*&&\s*", re.IGNORECASE)
_HELD = "\x00"
"""Stands for a quoted piece while the text is split; it can't occur in an intake."""


class Phrases(DataModel):
    """One operator, and how people say it."""

    phrases: tuple[str, ...] = Field(min_length=1)
    text: str | None = None
    number: str | None = None
    boolean: str | None = None
    value: bool = Field(default=True, description="whether something stands on its right")

    @model_validator(mode="after")
    def _means_something(self) -> Phrases:
        if not (self.text or self.number):
            raise ValueError("an operator needs `text` or `number`")
        return self

    def operator(self, right: JsonValue) -> str:
        """The spec's operator for what stands on the right."""
        if isinstance(right, bool):
            return self.boolean or self.text or self.number or ""
        if isinstance(right, (int, float)):
            return self.number or self.text or ""
        return self.text or self.number or ""


class OperatorPhrases(DataModel):
    """The file `operators.yaml`."""

    operators: tuple[Phrases, ...]


class ConditionError(UserError):
    """A condition that can't be understood."""


@cache
def operator_phrases() -> tuple[tuple[re.Pattern[str], Phrases], ...]:
    """Each phrase as a pattern, the longest first."""
    file = resources.files("manageai_assets.intake").joinpath("operators.yaml")
    known = parse_data(OperatorPhrases, file.read_text(encoding="utf-8"), file.name)
    rows = [(phrase, row) for row in known.operators for phrase in row.phrases]
    rows.sort(key=lambda entry: (-len(entry[0]), entry[0]))
    return tuple((_pattern(phrase), row) for phrase, row in rows)


def _pattern(phrase: str) -> re.Pattern[str]:
    escaped = re.escape(phrase).replace(r"\ ", r"\s+")
    if phrase[0].isalpha():
        return re.compile(rf"(?:(?<=\s)|\A){escaped}(?=\s|\Z)", re.IGNORECASE)
    return re.compile(escaped)


def parse_when(text: str, steps: Collection[str], first: str = "trigger") -> Filter:
    """The filter that a condition says; `steps` are the ids that paths may begin with, `first` one of them to show.
    Raises `ConditionError`."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match.group())
        return f"{_HELD}{len(held) - 1}{_HELD}"

    masked = _PIECES.sub(hold, text.replace(_HELD, " ").strip())
    if "(" in masked or ")" in masked:
        raise ConditionError(
            "brackets can't be used in a condition", hint="`and` binds tighter than `or`; write it out"
        )
    groups = [[_condition(part, held, steps, first) for part in _AND.split(group)] for group in _OR.split(masked)]
    if sum(map(len, groups)) > MAX_CONDITIONS:
        raise ConditionError(f"more than {MAX_CONDITIONS} conditions in one", hint="split it over several steps")
    return Filter(label=shorten(" ".join(text.split()), 80), any_of=tuple(tuple(group) for group in groups))


def split_condition(text: str) -> tuple[str, Phrases, str] | None:
    """Left side, operator and right side of one condition, or None when it holds no operator."""
    best: tuple[int, int, re.Match[str], Phrases] | None = None
    for pattern, row in operator_phrases():
        match = pattern.search(text)
        if match and (best is None or (match.start(), -len(match.group())) < best[:2]):
            best = (match.start(), -len(match.group()), match, row)
    if best is None:
        return None
    _, _, match, row = best
    return text[: match.start()].strip(), row, text[match.end() :].strip()


def _condition(masked: str, held: list[str], steps: Collection[str], first: str) -> Condition:
    shown = shorten(_unmask(masked, held), 80)
    parts = split_condition(masked)
    if parts is None:
        raise ConditionError(f"`{shown}` is not a condition", hint="write it like `score.value >= 70` or `x is y`")
    left, row, right = parts
    if not left:
        raise ConditionError(f"`{shown}` doesn't say what is compared", hint="write it like `score.value >= 70`")
    template = operand(_unmask(left, held), steps)
    if not isinstance(template, str) or "{{" not in template:
        raise ConditionError(
            f"`{shorten(_unmask(left, held), 60)}` is not a field of an earlier step",
            hint=f"begin it with a step's id, such as `{first}.`",
        )
    if not row.value:
        if right:
            raise ConditionError(f"`{shown}` has something behind its end", hint="take it off, or add `and`")
        return Condition(left=template, operator=row.operator(""))
    if not right:
        raise ConditionError(f"`{shown}` has nothing to compare with", hint="write it like `score.value >= 70`")
    value = operand(_unmask(right, held), steps)
    if row.text is None and isinstance(value, str) and "{{" not in value:
        raise ConditionError(f"`{shown}` compares with something that isn't a number", hint="write digits alone")
    return Condition(left=template, operator=row.operator(value), right=value)


def operand(text: str, steps: Collection[str]) -> JsonValue:
    """A template, number, truth value or text as it stands in a condition."""
    text = text.strip()
    if text.startswith("{{") and text.endswith("}}"):
        return text
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if _NUMBER.match(text):
        number = Decimal(_THOUSANDS.sub(r"\1\2", text).replace(",", "."))
        return int(number) if number == number.to_integral_value() else float(number)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    path = _PATH.match(text)
    return f"{{{{ {text} }}}}" if path and path.group(1) in steps and path.group(2) else text


def _unmask(text: str, held: list[str]) -> str:
    pieces = text.split(_HELD)
    return "".join(held[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces))


def both(first: Filter | None, second: Filter | None) -> Filter | None:
    """The filter that passes when both do. Raises `ConditionError` when that would be very long."""
    if first is None or second is None or not first.any_of or not second.any_of:
        return first if first and first.any_of else second or first
    if len(first.any_of) * len(second.any_of) > MAX_CONDITIONS:
        raise ConditionError("two long conditions meet on one edge", hint="put a step between them")
    label = " and ".join(part for part in (first.label, second.label) if part)
    groups = tuple((*left, *right) for left in first.any_of for right in second.any_of)
    return Filter(label=shorten(label), any_of=groups)
