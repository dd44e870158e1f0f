"""Random templates, expressions and conditions over what a random spec's step can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from pydantic import JsonValue

from compilers.expressions.catalogue import CATALOGUE
from compilers.expressions.functions import Arg, Function
from compilers.operators import OPERATORS
from tests.live.random_cases import Json

Refs = tuple[tuple[str, str], ...]
_PAYLOAD: Mapping[str, str] = {
    "name": "text", "note": "text", "amount": "number", "qty": "number", "price": "text", "flag": "boolean",
    "when": "text", "tags": "array", "numbers": "array", "lines": "rows", "address": "object", "address.city": "text",
    "address.geo.lat": "number", "missing": "any", "missing.deep": "any", "lines[1].sku": "text", "tags[2]": "text",
}  # fmt: skip
_LINE: Mapping[str, str] = {"sku": "text", "qty": "number", "price": "number", "kind": "text", "subs": "array"}
_ARRAYS: Mapping[str, Mapping[str, str]] = {
    "lines": _LINE, "tags": {"value": "text"}, "numbers": {"value": "number"}, "address": {"city": "text"},
    "name": {"value": "any"}, "missing": {"value": "any"},
}  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """The references that a step may use, with the kinds of their values. `failed` are the steps whose handlers it is
    in."""

    refs: Refs = ()
    failed: tuple[str, ...] = ()

    def __add__(self, other: Scope) -> Scope:
        return Scope((*self.refs, *other.refs), (*self.failed, *other.failed))

    @staticmethod
    def of(error: str) -> Scope:
        """What the handler of a step sees of it."""
        return Scope(((f"{error}.error.status", "any"),), (error,))

    def pick(self, random: Random, *kinds: str) -> str | None:
        """A reference of one of the kinds; the latest ones are the likeliest."""
        found = [name for name, kind in self.refs if not kinds or kind in kinds]
        if not found:
            return None
        return random.choice(found[-4:]) if random.random() < 0.5 else random.choice(found)

    def array(self, random: Random) -> tuple[str, Mapping[str, str]]:
        """Something to iterate, and what its elements give."""
        rows = [name for name, kind in self.refs if kind == "array" and not name.startswith("call.")]
        if rows and random.random() < 0.4:
            return f"{{{{ {random.choice(rows)} }}}}", {"value": "any"}
        made = [name for name, kind in self.refs if kind == "rows" and not name.startswith("call.")]
        if made and random.random() < 0.4:
            return f"{{{{ {random.choice(made)} }}}}", {"a": "any"}
        name = random.choices(tuple(_ARRAYS), (5, 3, 3, 0.5, 0.5, 0.5))[0]
        return f"{{{{ call.body.{name} }}}}", _ARRAYS[name]

    def filled(self, value: JsonValue, random: Random) -> JsonValue:
        """The value with templates in place of `<text>` and `<any>`."""
        if isinstance(value, dict):
            return {name: self.filled(item, random) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item, random) for item in value]
        if value == "<text>":
            return f"x {template(random, self)}"
        return template(random, self) if value == "<any>" else value


def of_payload(start: str) -> Scope:
    """What a webhook gives."""
    return Scope(tuple((f"{start}.body.{name}", kind) for name, kind in _PAYLOAD.items()))


def of_answer(step: str) -> Scope:
    """What a call of the service gives."""
    fields = {"body.value": "number", "body.name": "text", "body.list": "array", "status": "number"}
    return Scope(tuple((f"{step}.{name}", kind) for name, kind in fields.items()))


def template(random: Random, scope: Scope) -> str:
    """A reference, an expression, or text with some of them."""
    chosen = random.random()
    if chosen < 0.4:
        return f"{{{{ {scope.pick(random)} }}}}"
    whole = f"{{{{ {expression(random, scope, random.choice(('any', 'text', 'number', 'text')), 2)} }}}}"
    if chosen < 0.75:
        return whole
    return f"{random.choice(('', 'a ', 'No. '))}{whole}{random.choice(('', ' z', '-'))}{{{{ {scope.pick(random)} }}}}"


# -- expressions ---------------------------------------------------------------------------------------------------

_LITERALS: Mapping[str, tuple[str, ...]] = {
    "text": ("'abc'", "'a b,c'", "'Ünal'", "'12'", "''", "'x'"),
    "number": ("0", "1", "2", "3.5", "10"),
    "boolean": ("true", "false"),
    "date": ("parseDate('2026-02-28T10:20:30Z')", "parseDate('2024-02-29'; 'YYYY-MM-DD')"),
    "array": ("split('c,a,b'; ',')", "emptyarray", "add(emptyarray; 3; 1; 2)"),
    "object": ("toCollection(emptyarray; 'k'; 'v')", "call.body.address"),
    "buffer": ("toBinary('abc')",),
    "any": ("null", "emptystring", "'any'", "7", "true"),
}
_BY_NAME: Mapping[str, tuple[str, ...]] = {
    "format": ("'YYYY-MM-DD'", "'D MMM YYYY HH:mm'", "'dddd'", "'X'"),
    "timezone": ("'UTC'", "'Europe/Vienna'", "'America/New_York'"),
    "unit": ("'D'", "'H'", "'m'"),
    "order": ("'asc'", "'desc'", "'asc ci'"),
    "encoding": ("'hex'", "'base64'"),
    "decimalSeparator": ("'.'", "','"),
    "thousandsSeparator": ("'.'", "','", "' '"),
    "decimals": ("0", "1", "2"),
    "depth": ("1", "2"),
    "path": ("'geo.lat'", "'1'", "'city'"),
    "day": ("1", "3", "'monday'"),
    "month": ("2", "12", "'march'"),
    "separator": ("','", "' '", "'-'"),
    "filterKey": ("'kind'",),
    "filterValues": ("'a'", "'a,b'"),
}
_KEYS = ("'sku'", "'qty'", "'kind'", "'city'")
_NOT_TWICE_ALIKE = frozenset({"shuffle"})
_FUNCTIONS: tuple[Function, ...] = tuple(one for one in CATALOGUE.values() if one.name not in _NOT_TWICE_ALIKE)
_BINARY: Mapping[str, tuple[str, ...]] = {
    "number": ("+", "-", "*", "/", "%"), "text": ("+",), "boolean": ("=", "!=", "<", ">", "<=", ">=", "&", "|"),
    "any": ("+", "&", "|"),
}  # fmt: skip


def expression(random: Random, scope: Scope, kind: str, depth: int) -> str:
    """An expression that mostly gives a value of the kind."""
    chosen = random.random()
    if depth <= 0 or chosen < 0.3:
        found = scope.pick(random, kind) if random.random() < 0.75 else None
        return found or random.choice(_LITERALS.get(kind, _LITERALS["any"]))
    if chosen < 0.4 and kind in _BINARY:
        operand = kind if kind in ("number", "text") else random.choice(("number", "text", "any"))
        left, right = (expression(random, scope, operand, depth - 1) for _ in range(2))
        return f"({left} {random.choice(_BINARY[kind])} {right})"
    able = [
        one for one in _FUNCTIONS if kind == "any" or one.returns == kind or (one.returns == "any" and chosen > 0.9)
    ]
    if not able:
        return random.choice(_LITERALS.get(kind, _LITERALS["any"]))
    return _call(random, scope, random.choice(able), depth - 1)


def _call(random: Random, scope: Scope, function: Function, depth: int) -> str:
    given = [arg for arg in function.args if not arg.optional or random.random() < 0.5]
    wanted = [arg for index, arg in enumerate(function.args) if index < len(given)]
    return f"{function.name}({'; '.join(_argument(random, scope, function, arg, depth) for arg in wanted)})"


def _argument(random: Random, scope: Scope, function: Function, arg: Arg, depth: int) -> str:
    if arg.name in ("key", "keys") and function.name in ("map", "sort", "distinct", "toCollection", "pick", "omit"):
        return random.choice(_KEYS)
    if arg.name in _BY_NAME:
        return random.choice(_BY_NAME[arg.name])
    if function.name in ("map", "distinct") and arg.type == "array":
        return "call.body.lines"
    kind = random.choice(arg.type.split("|"))
    if random.random() < 0.04:
        kind = random.choice(("any", "text", "number"))
    return expression(random, scope, kind, depth)


# -- conditions ----------------------------------------------------------------------------------------------------


def condition(random: Random, scope: Scope) -> Json:
    """A filter of one to three conditions."""
    rows = [_row(random, scope) for _ in range(random.choices((1, 2, 3), (6, 2, 1))[0])]
    groups: list[JsonValue] = [[row] for row in rows] if random.random() < 0.4 else [[*rows]]
    if len(rows) == 3:
        groups = [[rows[0], rows[1]], [rows[2]]]
    return {"any_of": groups}


def _row(random: Random, scope: Scope) -> Json:
    row = OPERATORS[random.choice(tuple(OPERATORS))] if random.random() < 0.5 else OPERATORS[random.choice(_COMMON)]
    kind = {"length": "array", "time": "text"}.get(row.operand, row.operand)
    found = scope.pick(random, kind) if random.random() < 0.7 else None
    left = found or expression(random, scope, kind, 1)
    made: Json = {"left": f"{{{{ {left} }}}}", "operator": row.name}
    if row.takes_right:
        made["right"] = _right(random, scope, row.name, row.operand)
    if row.can_ignore_case and random.random() < 0.2:
        made["ignore_case"] = True
    return made


_COMMON = ("exists", "not_exists", "text:equals", "text:contains", "number:greater", "number:at_most", "boolean:equals")
_RIGHT: Mapping[str, tuple[JsonValue, ...]] = {
    "text": ("Ana", "a", "b", "A1", "12"), "number": (0, 1, 2, 10, "2"), "length": (0, 1, 2),
    "date": ("2026-01-01", "2025-06-30T00:00:00Z"), "time": ("12:00", "08:30:00"), "array": ("x", "y", 1),
    "boolean": (True, False, "true"), "any": ("x",),
}  # fmt: skip


def _right(random: Random, scope: Scope, name: str, operand: str) -> JsonValue:
    if name.endswith("matches"):
        return random.choice(("^[A-Z]", "\\d+", "a.?b|x"))
    if random.random() < 0.25:
        kind = {"length": "number", "time": "text", "array": "any", "date": "text"}.get(operand, operand)
        return f"{{{{ {expression(random, scope, kind, 1)} }}}}"
    return random.choice(_RIGHT[operand])
