"""The functions of the catalogue backwards: which value of which argument most likely gives a wanted result.

`ARGUMENTS` has a row for each function that can be undone. Digests can't; nothing is proposed for them.
"""

from __future__ import annotations

import base64
import binascii
import html
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from types import MappingProxyType
from urllib.parse import quote, unquote

from compilers.errors import ExpressionError
from compilers.expressions.catalogue import function
from compilers.expressions.context import Context
from compilers.expressions.date_reading import read_date
from compilers.expressions.dates import DEFAULT_FORMAT, format_date
from compilers.expressions.functions_text import encode
from compilers.expressions.tree import Field, Index, Path
from compilers.expressions.values import Value, calculate, is_number, iso_text, number, plain_number, text
from manageai_assets.testing.solver_places import MAX_POSITION, with_value
from manageai_assets.testing.solver_values import MAX_LENGTH, array_of, as_moment


@dataclass(frozen=True)
class Asked:
    """What a call shall give, and what its arguments are now."""

    wanted: Value
    current: Value
    others: tuple[Value, ...]
    context: Context

    def other(self, position: int) -> Value:
        """The argument at that position, counted from 1 behind the first; null when it isn't there."""
        return self.others[position - 1] if position <= len(self.others) else None


Proposal = tuple[int, Value]
"""A position among the arguments, and its value."""
Undo = Callable[[Asked], Iterator[Proposal]]


def _first(undo: Callable[[Asked], Iterable[Value]]) -> Undo:
    """Proposals for the first argument."""
    return lambda asked: ((0, value) for value in undo(asked))


def _same(asked: Asked) -> Iterable[Value]:
    return (asked.wanted,)


def _texts(*changes: Callable[[str], str]) -> Undo:
    return _first(lambda asked: [change(text(asked.wanted)) for change in changes])


# -- text ----------------------------------------------------------------------------------------------------------


def _length(asked: Asked) -> Iterator[Value]:
    size = number(asked.wanted)
    if not math.isfinite(size) or size != int(size) or not 0 <= size <= MAX_LENGTH * 10:
        return
    items = array_of(int(size), asked.current)
    shown = text(asked.current) if isinstance(asked.current, str) else ""
    filled = (shown + "abcdefghij" * (int(size) // 10 + 1))[: int(size)]
    yield from (filled, items) if isinstance(asked.current, str) else (items, filled)


def _substring(asked: Asked) -> Iterator[Value]:
    wanted, shown = text(asked.wanted), text(asked.current)
    start = number(asked.other(1))
    if math.isfinite(start) and 0 <= start <= MAX_LENGTH:
        cut = int(start)
        yield shown[:cut].ljust(cut, "x") + wanted + shown[cut + len(wanted) :]
        yield shown[:cut].ljust(cut, "x") + wanted


def _index_of(asked: Asked) -> Iterator[Value]:
    position, search = number(asked.wanted), text(asked.other(1))
    if 0 <= position <= MAX_LENGTH:
        yield ("-" if search[:1] != "-" else "_") * int(position) + search
    else:
        yield "-" if search != "-" else "_"


def _replace(asked: Asked) -> Iterator[Value]:
    wanted, search, new = text(asked.wanted), text(asked.other(1)), text(asked.other(2))
    yield wanted
    if new and search and not search.startswith("/"):
        yield wanted.replace(new, search)
    yield wanted + search


def _split(asked: Asked) -> Iterator[Value]:
    items = asked.wanted if isinstance(asked.wanted, list) else [asked.wanted]
    yield (text(asked.other(1)) or ",").join(text(item) for item in items)


def _join(asked: Asked) -> Iterator[Value]:
    by = text(asked.other(1)) if asked.others else ","
    wanted = text(asked.wanted)
    items: Value = [*wanted.split(by)] if by else [wanted]
    yield items
    yield [wanted]


def _decoded_base64(asked: Asked) -> Iterator[Value]:
    try:
        yield base64.b64decode(text(asked.wanted), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return


def _decoded(asked: Asked) -> Iterator[Value]:
    if asked.others:
        yield encode(text(asked.wanted), text(asked.other(1)).lower())
    yield asked.wanted


def _unmarked(shown: str) -> str:
    return re.sub(r"&#(\d{1,6});", lambda match: chr(int(match.group(1))), shown)


# -- numbers -------------------------------------------------------------------------------------------------------


def _numeric(asked: Asked) -> Iterator[Value]:
    if is_number(asked.wanted) or (isinstance(asked.wanted, str) and asked.wanted.strip()):
        yield asked.wanted


def _magnitude(asked: Asked) -> Iterator[Value]:
    found = number(asked.wanted)
    yield from (found, plain_number(-found))


def _parsed_number(asked: Asked) -> Iterator[Value]:
    if not is_number(asked.wanted) and not isinstance(asked.wanted, str):
        yield asked.wanted
        return
    shown = text(asked.wanted)
    yield shown.replace(".", ",") if text(asked.other(1)) == "," else shown
    yield asked.wanted


def _formatted_number(asked: Asked) -> Iterator[Value]:
    point = text(asked.others[1]) if len(asked.others) > 1 else ","
    thousands = text(asked.others[2]) if len(asked.others) > 2 else "."
    plain = text(asked.wanted).replace(thousands, "") if thousands else text(asked.wanted)
    plain = plain.replace(point, ".") if point else plain
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", plain):
        yield number(plain)


def over_several(name: str, values: list[Value], wanted: Value) -> Iterator[list[Value]]:
    """Values of all arguments of a function that looks at any number of them."""
    if name == "merge":
        rest: list[Value] = [[] if isinstance(value, list) else value for value in values[1:]]
        yield [wanted, *rest]
        return
    if not is_number(wanted) and not (isinstance(wanted, str) and wanted.strip()):
        yield [[] for _ in values] if wanted is None else values
        return
    target = number(wanted)
    if len(values) == 1:
        kept = values[0] if isinstance(values[0], list) and values[0] else []
        yield [[target]]
        yield [[target] * max(2, len(kept))]
        return
    share = [0] * (len(values) - 1)
    yield [target, *share] if name == "sum" else [target] * len(values)
    for position, _ in enumerate(values):
        others = [number(value) for index, value in enumerate(values) if index != position]
        total = sum(found for found in others if math.isfinite(found))
        own = target - total if name == "sum" else target * len(values) - total if name == "average" else target
        yield [*values[:position], plain_number(own), *values[position + 1 :]]


# -- dates ---------------------------------------------------------------------------------------------------------


def _parsed_date(asked: Asked) -> Iterator[Value]:
    moment = as_moment(asked.wanted, asked.context)
    if moment is None:
        yield from (None,) if asked.wanted in (None, "") else ()
        return
    zone = asked.context.zone_or(asked.other(2))
    pattern = text(asked.other(1))
    yield format_date(moment, pattern, zone) if pattern else iso_text(moment)


_NEAR = 366


def _formatted_date(asked: Asked) -> Iterator[Value]:
    if asked.wanted in (None, ""):
        yield None
    zone, pattern = asked.context.zone_or(asked.other(2)), text(asked.other(1)) or DEFAULT_FORMAT
    moment = as_moment(asked.wanted, asked.context)
    if moment is None or isinstance(asked.wanted, str):
        now, shown = asked.context.now(), text(asked.wanted)
        found = read_date(shown, pattern, zone, now)
        yield from [found] if found else []
        if found is None or format_date(found, pattern, zone) != shown:
            # a weekday, a quarter or an hour alone: a near date that has it
            near = (now + step * unit for unit in (timedelta(hours=1), timedelta(days=1)) for step in range(_NEAR))
            yield from islice((moment for moment in near if format_date(moment, pattern, zone) == shown), 1)
    if moment is not None:
        yield moment


_MILLISECONDS = MappingProxyType({
    "": 1, "milliseconds": 1, "s": 1000, "seconds": 1000, "Rs": 1000, "m": 60_000, "minutes": 60_000, "Rm": 60_000,
    "H": 3_600_000, "hours": 3_600_000, "RH": 3_600_000, "D": 86_400_000, "days": 86_400_000, "weeks": 604_800_000,
})  # fmt: skip


def _apart(asked: Asked) -> Iterator[Proposal]:
    amount, unit = number(asked.wanted), _MILLISECONDS.get(text(asked.other(2)))
    if unit is None or not 0 <= amount <= 1e12:
        return
    apart = timedelta(milliseconds=amount * unit)
    start, end = as_moment(asked.other(1), asked.context), as_moment(asked.current, asked.context)
    try:
        if start is not None:
            yield 0, start + apart
        if end is not None:
            yield 1, end - apart
    except OverflowError:
        return


def _shifted(name: str) -> Undo:
    """The same function with the opposite amount takes a date back."""

    def undo(asked: Asked) -> Iterator[Proposal]:
        moment, python = as_moment(asked.wanted, asked.context), function(name).python
        if moment is None or python is None:
            yield from ((0, None),) if asked.wanted in (None, "") else ()
            return
        try:
            yield 0, python(asked.context, moment, calculate("*", asked.other(1), -1))
        except ExpressionError:
            return

    return undo


# -- arrays and collections ----------------------------------------------------------------------------------------


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _mapped(asked: Asked) -> Iterator[Value]:
    elements: list[Value] = []
    for value in _list(asked.wanted):
        element = placed(None, text(asked.other(1)), value)
        if text(asked.other(2)):
            kept = text(asked.other(3)).split(",")[0].strip()
            element = placed(element, text(asked.other(2)), kept)
        elements.append(element)
    yield elements


def placed(whole: Value, dotted: str, value: Value) -> Value:
    """`whole` with the value at one of `get()`'s dotted paths, whose positions count from 1."""
    names = re.findall(r"[^.\[\]`]+", dotted)
    path: Path = tuple(
        Index(int(name)) if name.isdecimal() and 1 <= int(name[:9]) <= MAX_POSITION else Field(name) for name in names
    )
    return with_value(whole, path, value)


def _got(asked: Asked) -> Iterator[Value]:
    yield placed(asked.current, text(asked.other(1)), asked.wanted)


def _sliced(asked: Asked) -> Iterator[Value]:
    start = number(asked.other(1))
    if math.isfinite(start) and 0 <= start <= MAX_LENGTH:
        yield [*array_of(int(start), asked.current), *_list(asked.wanted)]


def _from_keys(asked: Asked) -> Iterator[Value]:
    yield {text(name): "sample" for name in _unlike(_list(asked.wanted))}


def _from_pairs(asked: Asked) -> Iterator[Value]:
    pairs = [item if isinstance(item, dict) else {"key": item, "value": item} for item in _list(asked.wanted)]
    names = _unlike([pair.get("key") for pair in pairs])
    yield {text(name): pair.get("value") for name, pair in zip(names, pairs, strict=True)}


def _unlike(items: list[Value]) -> list[Value]:
    """The items, those that came before told apart by a number."""
    seen: set[str] = set()
    apart: list[Value] = []
    for position, item in enumerate(items, start=1):
        repeated = text(item) in seen and not isinstance(item, (dict, list))
        apart.append(
            plain_number(number(item) + position)
            if repeated and is_number(item)
            else f"{text(item)} {position}"
            if repeated
            else item
        )
        seen.add(text(item))
    return apart


def _to_pairs(asked: Asked) -> Iterator[Value]:
    if isinstance(asked.wanted, dict):
        key, field = text(asked.other(1)), text(asked.other(2))
        yield [placed(placed(None, key, name), field, value) for name, value in asked.wanted.items()]


def _with_last(asked: Asked) -> Iterator[Value]:
    yield [*_list(asked.current)[:-1], asked.wanted]


def _added(asked: Asked) -> Iterator[Proposal]:
    items = _list(asked.wanted)
    yield 0, items
    yield 0, items[: max(0, len(items) - len(asked.others))]
    if items:
        yield 1, items[-1]


ARGUMENTS: Mapping[str, Undo] = MappingProxyType({
    "get": _first(_got),
    "pick": _first(_same), "omit": _first(_same),
    "length": _first(_length),
    "lower": _texts(str, str.upper), "upper": _texts(str.capitalize, str.lower, str),
    "capitalize": _texts(lambda shown: shown[:1].lower() + shown[1:], str), "startcase": _texts(str.lower, str),
    "trim": _texts(str, lambda shown: f" {shown} "),
    "substring": _first(_substring), "indexOf": _first(_index_of), "replace": _first(_replace),
    "replaceEmojiCharacters": _texts(str), "split": _first(_split), "join": _first(_join),
    "base64": _first(_decoded_base64), "ascii": _texts(str), "toString": _first(_decoded), "toBinary": _texts(str),
    "encodeURL": _texts(unquote), "decodeURL": _texts(quote, str), "stripHTML": _texts(str),
    "escapeHTML": _texts(html.unescape), "escapeMarkdown": _texts(_unmarked),
    "round": _first(_numeric), "floor": _first(_numeric), "ceil": _first(_numeric), "trunc": _first(_numeric),
    "abs": _first(_magnitude), "parseNumber": _first(_parsed_number), "formatNumber": _first(_formatted_number),
    "parseDate": _first(_parsed_date), "formatDate": _first(_formatted_date), "dateDiff": _apart,
    **{f"add{unit}": _shifted(f"add{unit}")
       for unit in ("Seconds", "Minutes", "Hours", "Days", "Months", "Years")},
    **{f"set{unit}": _first(_same) for unit in ("Second", "Minute", "Hour", "Date", "Day", "Month", "Year")},
    "add": _added, "remove": _first(_same), "map": _first(_mapped), "sort": _first(_same),
    "reverse": _first(lambda asked: [_list(asked.wanted)[::-1]]), "shuffle": _first(_same),
    "slice": _first(_sliced), "flatten": _first(_same), "distinct": _first(_same),
    "deduplicate": _first(lambda asked: [_unlike(_list(asked.wanted))]),
    "keys": _first(_from_keys), "toCollection": _first(_to_pairs), "toArray": _first(_from_pairs),
    "first": _first(lambda asked: [[asked.wanted, *_list(asked.current)[1:]]]), "last": _first(_with_last),
})  # fmt: skip
"""How each function is undone: proposals, the most natural first."""
