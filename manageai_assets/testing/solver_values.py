"""Values for one side of a comparison: those with which it most likely holds, or fails to, the most natural first.

Every function here proposes; whoever asks tries the proposals. So a rule may be generous, and none needs to be exact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from compilers.errors import ExpressionError
from compilers.expressions.context import Context
from compilers.expressions.date_reading import detect_date
from compilers.expressions.dates import in_zone
from compilers.expressions.functions_date import as_date
from compilers.expressions.values import Number, Value, boolean, is_number, number, plain_number, text
from compilers.operators import Operator
from manageai_assets.testing.solver_fitting import PRESENT
from manageai_assets.testing.solver_patterns import matching_texts

Relation = Literal["equals", "differs", "greater", "less", "at_least", "at_most"]
OTHER = "other"
MAX_LENGTH = 400
MAX_JOINED = 100
"""Longer texts than this are replaced, not added to."""

OPPOSITE: Mapping[Relation, Relation] = MappingProxyType({
    "equals": "differs", "differs": "equals", "greater": "at_most", "at_most": "greater", "less": "at_least",
    "at_least": "less",
})  # fmt: skip
MIRRORED: Mapping[Relation, Relation] = MappingProxyType({
    "equals": "equals", "differs": "differs", "greater": "less", "less": "greater", "at_least": "at_most",
    "at_most": "at_least",
})  # fmt: skip
RELATIONS: Mapping[str, Relation] = MappingProxyType({
    "=": "equals", "!=": "differs", ">": "greater", "<": "less", ">=": "at_least", "<=": "at_most",
})  # fmt: skip
_SMALLER: frozenset[Relation] = frozenset({"less", "at_most"})


@dataclass(frozen=True)
class Pool:
    """Constants of all conditions together: one that suits another condition may suit this one, or one between two."""

    texts: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    moments: tuple[datetime, ...] = ()

    @staticmethod
    def of(constants: Iterable[Value], context: Context) -> Pool:
        """The pool of these values, each in every type that it can be taken for."""
        texts, numbers, moments = dict[str, None](), set[Number](), set[datetime]()
        for value in constants:
            if value is None or isinstance(value, (bool, bytes, dict, list)):
                continue
            moment = moment_of(value, context)
            if moment is not None:
                moments.add(moment.astimezone(UTC))
            if isinstance(value, str) and 0 < len(value) <= MAX_LENGTH:
                texts[value] = None
            amount = number(value)
            if math.isfinite(amount) and not isinstance(value, datetime) and text(value).strip():
                numbers.add(amount)
        return Pool(tuple(texts)[:20], _between(sorted(numbers)[:20]), tuple(_moments_between(sorted(moments)[:12])))


def _between(numbers: Sequence[Number]) -> tuple[Number, ...]:
    around = [near for n in numbers for near in (n, n + 1, n - 1)]
    middles = [plain_number((a + b) / 2) for a, b in pairwise(numbers)]
    return tuple(dict.fromkeys([*around, *middles]))


def _moments_between(moments: Sequence[datetime]) -> Iterator[datetime]:
    yield from moments
    for one, other in pairwise(moments):
        yield one + (other - one) / 2


def moment_of(value: Value, context: Context) -> datetime | None:
    """The moment that a value is taken for as a date, or None."""
    try:
        return as_date(context, value)
    except ExpressionError:
        return None


@dataclass(frozen=True)
class Question:
    """Which values one side may have, given the other side's, and what this side has now."""

    other: Value
    current: Value
    context: Context
    wanted: bool = True
    mirrored: bool = False
    ignore_case: bool = False
    pool: Pool = field(default_factory=Pool)


def proposals(row: Operator, question: Question) -> Iterator[Value]:
    """Values for the left side of an operator; for its right side, when the question is mirrored."""
    wanted = question.wanted is not row.negated
    verb = row.name.replace("not_", "").rpartition(":")[2].removeprefix("length_")
    if row.operand in _ORDERED:
        relation = relation_of(verb, wanted, question.mirrored)
        yield from _ORDERED[row.operand](relation, question)
        if not wanted:
            yield from (None, "")
    else:
        yield from _UNORDERED[f"{row.operand}:{verb}"](wanted, question)


def relation_of(verb: str, wanted: bool, mirrored: bool) -> Relation:
    """What the left side must be to the right one, or the right one to the left."""
    relation = next(known for known in OPPOSITE if known == verb)
    relation = relation if wanted else OPPOSITE[relation]
    return MIRRORED[relation] if mirrored else relation


# -- ordered -------------------------------------------------------------------------------------------------------


def numbers(relation: Relation, asked: Question) -> Iterator[Value]:
    """Numbers in that relation to the other side."""
    numeric = is_number(asked.other) or (isinstance(asked.other, str) and asked.other.strip())
    n = number(asked.other) if numeric else math.nan
    if math.isfinite(n):
        # half of a small fraction keeps a share or a probability between 0 and 1
        near: Number = 1 if abs(n) >= 1 or not n else abs(n) / 2
        steps: tuple[Number, ...] = (0, near, 1, 0.5, 10, 100)
        sign = -1 if relation in _SMALLER else 1
        yield from (plain_number(n + sign * step) for step in steps if step or relation in _TOUCHING)
        if relation == "differs":
            yield plain_number(n - 1)
    yield from asked.pool.numbers


_TOUCHING: frozenset[Relation] = frozenset({"equals", "at_least", "at_most"})
_STEPS = (
    timedelta(0),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(seconds=1),
    timedelta(days=30),
    timedelta(days=400),
)


def moments(relation: Relation, asked: Question) -> Iterator[Value]:
    """Dates in that relation to the other side."""
    moment = moment_of(asked.other, asked.context)
    now = asked.context.now()
    for centre in (moment,) if moment else (now,):
        sign = -1 if relation in _SMALLER else 1
        for step in _STEPS:
            if step or relation in _TOUCHING or moment is None:
                try:
                    yield centre + sign * step
                except OverflowError:
                    continue
    yield from asked.pool.moments
    for near in asked.pool.moments:
        yield from (near + timedelta(seconds=1), near - timedelta(seconds=1))


def _clock_times(relation: Relation, asked: Question) -> Iterator[Value]:
    seconds = time_of_day(asked.other, asked.context)
    steps = (0, 3600, 60, 1, -60, -3600) if relation not in _SMALLER else (0, -3600, -60, -1, 60, 3600)
    for step in steps:
        if seconds is not None and 0 <= seconds + step < 86_400:
            yield clock(seconds + step)
    yield from ("00:00", "12:00", "23:59")
    midnight = in_zone(asked.context.now(), asked.context.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for step in steps:
        if seconds is not None and 0 <= seconds + step < 86_400:
            yield midnight + timedelta(seconds=seconds + step)
    yield from (shown for shown in asked.pool.texts if _CLOCK.match(shown))
    yield from numbers(relation, asked)


_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*\Z", re.ASCII)


def clock(seconds: int) -> str:
    """`HH:mm`, with seconds where there are some."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def time_of_day(value: Value, context: Context) -> int | None:
    """Seconds since midnight of a clock time or a date, or None."""
    match = _CLOCK.match(text(value))
    if match:
        hour, minute, second = (int(part or 0) for part in match.groups())
        return hour * 3600 + minute * 60 + second
    moment = moment_of(value, context)
    if moment is None:
        return None
    local = in_zone(moment, context.zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def _lengths(relation: Relation, asked: Question) -> Iterator[Value]:
    if asked.mirrored:
        length = len(asked.other) if isinstance(asked.other, list) else int(asked.other is not None)
        yield from numbers(relation, Question(length, asked.current, asked.context, pool=asked.pool))
        return
    for size in numbers(relation, asked):
        if is_number(size) and size == int(size) and 0 <= size <= MAX_LENGTH:
            yield array_of(int(size), asked.current)


def array_of(size: int, like: Value) -> list[Value]:
    """An array so long that begins as `like` does, and goes on like its last element."""
    items = list(like) if isinstance(like, list) else []
    filler = items[-1] if items else "item"
    return items[:size] + [filler] * (size - len(items))


_ORDERED: Mapping[str, Callable[[Relation, Question], Iterator[Value]]] = MappingProxyType({
    "number": numbers, "date": moments, "time": _clock_times, "length": _lengths,
})  # fmt: skip


# -- not ordered ---------------------------------------------------------------------------------------------------


def _presence(wanted: bool, asked: Question) -> Iterator[Value]:
    yield from (PRESENT, 1, True) if wanted else (None, "")


def equal_texts(wanted: bool, asked: Question) -> Iterator[Value]:
    """Values whose text is the other side's, or isn't."""
    if wanted:
        yield asked.other
        yield text(asked.other)
        if asked.other is None:
            yield ""
    else:
        yield from _different_texts(asked)


def _different_texts(asked: Question) -> Iterator[Value]:
    if isinstance(asked.other, bool):
        yield not asked.other
    if is_number(asked.other) or re.fullmatch(r"-?\d{1,15}", text(asked.other)):
        yield number(asked.other) + 1
    yield from (OTHER, "", None, PRESENT)
    yield from asked.pool.texts
    yield f"{OTHER} {text(asked.other)}"[:MAX_LENGTH]


def parted_texts(wanted: bool, asked: Question) -> Iterator[Value]:
    """Texts that hold the other side, at their start, end or anywhere, and whatever they hold already; or don't."""
    part, present = text(asked.other), text(asked.current)
    if asked.mirrored:
        yield from _parts_of(wanted, part)
        return
    if wanted:
        if part.startswith("@"):
            yield f"ann{part}"
        if isinstance(asked.current, str) and 0 < len(present) <= MAX_JOINED:
            joined = f"{present} {part} {present}"
            yield from (f"{present} {part}", f"{part} {present}", present + part, part + present, joined)
        yield part
        yield from (f"{part} {other}" for other in asked.pool.texts)
        yield from (f"{other} {part}" for other in asked.pool.texts)
        return
    if part:
        yield re.sub(re.escape(part), "", present, flags=re.IGNORECASE if asked.ignore_case else 0)
    yield from (OTHER, "", None, PRESENT)
    yield from asked.pool.texts


def _parts_of(wanted: bool, whole: str) -> Iterator[Value]:
    if wanted:
        yield from (whole, whole.partition(" ")[0], whole.rpartition(" ")[2], whole[:1], whole[-1:], None)
    else:
        yield from (OTHER, f"{OTHER} {whole}"[:MAX_LENGTH])


def _matching(wanted: bool, asked: Question) -> Iterator[Value]:
    if asked.mirrored:
        whole = re.escape(text(asked.other))
        yield from (f"^{whole}$", ".*") if wanted else (f"^{OTHER}$", f"^{whole}{OTHER}$")
        return
    pattern = text(asked.other)
    if wanted:
        yield from matching_texts(pattern, asked.ignore_case)
        yield from asked.pool.texts
    else:
        yield from (OTHER, "", None, "-", "0", "a", "A", PRESENT)
        yield from asked.pool.texts
        yield from (f"{found}\n{OTHER}" for found in matching_texts(pattern, asked.ignore_case))


def _elements(wanted: bool, asked: Question) -> Iterator[Value]:
    if asked.mirrored:
        held: list[Value] = asked.other if isinstance(asked.other, list) else [asked.other]
        if wanted:
            yield from held[:6]
        else:
            yield from (OTHER, 0)
        return
    items = asked.current if isinstance(asked.current, list) else []
    if wanted:
        yield from ([*items, asked.other], [asked.other], [*items[:-1], asked.other])
    else:
        unwanted = {text(asked.other), text(asked.other).lower()}
        kept: list[Value] = [item for item in items if not {text(item), text(item).lower()} & unwanted]
        others: list[Value] = [OTHER]
        yield from (kept, others * len(items), [], None, others)


def _truths(wanted: bool, asked: Question) -> Iterator[Value]:
    likely = boolean(asked.other) is wanted
    yield from (likely, not likely, None)


_UNORDERED: Mapping[str, Callable[[bool, Question], Iterator[Value]]] = MappingProxyType({
    "any:exists": _presence,
    "text:equals": equal_texts,
    "text:contains": parted_texts,
    "text:starts_with": parted_texts,
    "text:ends_with": parted_texts,
    "text:matches": _matching,
    "array:contains": _elements,
    "boolean:equals": _truths,
})  # fmt: skip


def pivots(row: Operator, context: Context) -> tuple[Value, ...]:
    """Values to give one side, when neither side has one yet that the operator can use."""
    now = context.now()
    return _PIVOTS.get(row.operand, ()) if row.operand != "date" else (now, now - timedelta(days=1))


_PIVOTS: Mapping[str, tuple[Value, ...]] = MappingProxyType({
    "text": (PRESENT, "1"), "number": (10, 1), "time": ("12:00",), "array": ("item",), "length": (1, 2),
    "boolean": (True, False),
})  # fmt: skip


def as_moment(value: Value, context: Context) -> datetime | None:
    """The value as a date, milliseconds included, for inverting functions that give dates."""
    if isinstance(value, datetime):
        return value
    return detect_date(value, context.zone) if isinstance(value, str) else None
