"""From tree to JavaScript with Luxon.

What is known of a value before it runs keeps the JavaScript short: `formatDate(now; "YYYY-MM-DD")` is
`$now.toFormat("yyyy-MM-dd")`. Where a value could be anything, the helpers of `n8n_helpers.js` do as Make does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from compilers.errors import ExpressionError, shorten
from compilers.expressions.catalogue import CATALOGUE, function
from compilers.expressions.dates import luxon_format, zone_of
from compilers.expressions.functions import Kind
from compilers.expressions.javascript import (
    IDENTIFIER,
    UNREADABLE_NAMES,
    js_string,
)
from compilers.expressions.notation_writer import number_text
from compilers.expressions.tree import (
    At,
    Binary,
    Call,
    Field,
    First,
    Index,
    Keyword,
    Literal,
    Member,
    Missing,
    Node,
    Path,
    Reference,
    Segment,
    Unary,
    Unknown,
    Variable,
)

ResolveJs = Callable[[Reference], tuple[str, Path]]
"""What a reference is in n8n: JavaScript of an object, and the path from there, to be read null-safely."""
KindOf = Callable[[Reference], Kind]
"""What the value of a reference is known to be, apart from null: `any` if nothing is known."""

_KEYWORDS: Mapping[str, tuple[str, Kind]] = MappingProxyType({
    "null": ("null", "any"), "true": ("true", "boolean"), "false": ("false", "boolean"), "erase": ("null", "any"),
    "ignore": ("undefined", "any"), "emptystring": ('""', "text"), "emptyarray": ("[]", "array"),
    "space": ('" "', "text"), "nbsp": ('"\\u00a0"', "text"), "tab": ('"\\t"', "text"), "newline": ('"\\n"', "text"),
    "carriagereturn": ('"\\r"', "text"),
})  # fmt: skip
_VARIABLES: Mapping[str, tuple[str, Kind]] = MappingProxyType({
    "now": ("$now", "date"), "timestamp": ("Math.floor($now.toMillis() / 1000)", "number"), "uuid": ("_uuid()", "text"),
    "pi": ("Math.PI", "number"), "random": ("Math.random()", "number"), "executionId": ("$execution.id", "text"),
    "var.scenario.id": ("$workflow.id", "text"), "var.scenario.name": ("$workflow.name", "text"),
    "var.scenario.executionId": ("$execution.id", "text"),
})  # fmt: skip
_NUMERIC: Mapping[str, str] = MappingProxyType({
    "++": "_plus", "-": "_minus", "*": "_times", "/": "_divide", "%": "_modulo",
})  # fmt: skip
_COMPARING: Mapping[str, tuple[str, bool]] = MappingProxyType({
    "<": ("_less", False), "<=": ("_atMost", False), ">": ("_less", True), ">=": ("_atMost", True),
})  # fmt: skip
_SHIFTS: Mapping[str, str] = MappingProxyType({
    "addSeconds": "seconds", "addMinutes": "minutes", "addHours": "hours", "addDays": "days", "addMonths": "months",
    "addYears": "years",
})  # fmt: skip
_HOLE = re.compile(r"\{(\*|\d)(?::(text|number))?\}")
_WORDY_TOKENS = re.compile(r"MMM|EEE|a")


def unknown_kind(reference: Reference) -> Kind:
    """Nothing is known of any reference."""
    return "any"


class JsWriter:
    """Writes trees; helpers are only named, and put in front by `finished`."""

    def __init__(self, resolve: ResolveJs, kind_of: KindOf) -> None:
        self.resolve, self.kind_of = resolve, kind_of

    # -- nodes -----------------------------------------------------------------------------------------------

    def js(self, node: Node) -> str:
        """JavaScript that stands as an operand anywhere; dates are Luxon's."""
        match node:
            case Literal(value=str(text)):
                return js_string(text) if text else "null"
            case Literal():
                return _number(node.value)
            case Keyword(name=name):
                return _KEYWORDS[name][0]
            case Missing():
                return "undefined"
            case Variable():
                return self._variable(node)
            case Reference():
                base, path = self.resolve(node)
                return self._path(base, path)
            case Member(base=base, path=path):
                return self._path(self.js(base), path)
            case Unary(operand=operand):
                return f"!{self.js(operand)}"
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)
            case Unknown(text=text, platform="n8n"):
                return f"({text}\n)" if "//" in text else f"({text.rstrip('; ')})"
            case Unknown(text=text, platform="zapier"):
                raise ExpressionError(
                    f"`{shorten(text, 80)}` is a value of Zapier that no step is known to give",
                    hint="choose the value it stands for from an earlier step",
                )
            case Unknown(text=text):
                raise ExpressionError(
                    f"`{shorten(text, 80)}` has no documented meaning in Make, so n8n can't be given the same",
                    hint="replace it by an expression that says what is meant",
                )

    def _variable(self, node: Variable) -> str:
        name = _dotted(node)
        if name not in _VARIABLES:
            raise ExpressionError(
                f"n8n has nothing like Make's variable `{shorten(name, 80)}`",
                hint="pass the value into the automation, such as a field of its trigger",
            )
        return _VARIABLES[name][0]

    def _path(self, base: str, path: Path) -> str:
        for segment in path:
            base = self._segment(base, segment)
        return base

    def _segment(self, base: str, segment: Segment) -> str:
        match segment:
            case Field(name=name) if name in UNREADABLE_NAMES:
                return f"_field({base}, {js_string(name)})"
            case Field(name=name) if base.endswith(("$json", ".json")):
                # an item's data is always there
                return f"{base}.{name}" if IDENTIFIER.match(name) else f"{base}[{js_string(name)}]"
            case Field(name=name):
                return f"{base}?.{name}" if IDENTIFIER.match(name) else f"{base}?.[{js_string(name)}]"
            case Index(n=0):
                return f"[{base}]?.[1]"
            case Index(n=n):
                return f"{base}?.[{n - 1}]"
            case First():
                return f"{base}?.[0]"
            case At(index=index):
                return f"{base}?.[{self.number(index)} - 1]"

    # -- kinds -----------------------------------------------------------------------------------------------

    def kind(self, node: Node) -> Kind:
        """What the value is known to be. `text`, `number` and `boolean` are never null."""
        match node:
            case Literal(value=value):
                return "number" if not isinstance(value, str) else "text" if value else "any"
            case Keyword(name=name):
                return _KEYWORDS[name][1]
            case Variable():
                return _VARIABLES.get(_dotted(node), ("", "any"))[1]
            case Unary():
                return "boolean"
            case Binary(op="+", left=left, right=right):
                kinds = {self.kind(left), self.kind(right)}
                return "text" if "text" in kinds else "number" if kinds == {"number"} else "any"
            case Binary(op="&" | "|", left=left, right=right):
                return self._common(left, right)
            case Binary(op=op):
                return "number" if op in _NUMERIC else "boolean"
            case Call(name="if", args=(_, then, otherwise)):
                return self._common(then, otherwise)
            case Call(name="ifempty", args=(value, otherwise)):
                return self._common(value, otherwise)
            case Call(name=name):
                return CATALOGUE[name].returns if name in CATALOGUE else "any"
            case _:
                return "any"

    def _common(self, one: Node, other: Node) -> Kind:
        kind = self.kind(one)
        return kind if kind == self.kind(other) else "any"

    def text(self, node: Node) -> str:
        """The value as text."""
        match self.kind(node):
            case "text":
                return self.js(node)
            case "number" | "boolean":
                return f"String({self.js(node)})"
            case _ if isinstance(node, (Missing, Literal)):
                return '""'
            case _ if isinstance(node, Reference) and self.kind_of(node) != "any":
                return f'String({self.js(node)} ?? "")'
            case _:
                return f"_text({self.js(node)})"

    def number(self, node: Node) -> str:
        """The value as a number."""
        if isinstance(node, Missing):
            return "0"
        return self.js(node) if self.kind(node) == "number" else f"_number({self.js(node)})"

    def value(self, node: Node) -> str:
        """The value as it leaves the expression: dates as ISO 8601 in UTC, which is what Make gives for them."""
        written = self.js(node)
        kind = self.kind(node)
        if kind == "date":
            return f"{written}{'.' if _is_there(node) else '?.'}toUTC().toISO()"
        return f"_json({written})" if self._may_hold_date(node) else written

    def _may_hold_date(self, node: Node) -> bool:
        """Whether a date or bytes that the expression itself makes may be, or be in, its value."""
        match node:
            case Variable() | Call() if self.kind(node) in ("date", "buffer"):
                return True
            case Call(name=name, args=args):
                return _group(name) in ("general", "array") and any(map(self._may_hold_date, args))
            case Member(base=base):
                return self._may_hold_date(base)
            case Binary(op="+" | "&" | "|", left=left, right=right):
                return self._may_hold_date(left) or self._may_hold_date(right)
            case _:
                return False

    def piece(self, node: Node) -> str:
        """The value for n8n to put into text: n8n joins null, texts, numbers and arrays as Make does."""
        kind = self.kind_of(node) if isinstance(node, Reference) else self.kind(node)
        if kind in ("text", "number", "boolean"):
            return self.js(node)
        if kind in ("date", "array") and isinstance(node, Reference):
            return self.js(node)
        if isinstance(node, Call) and _group(node.name) in ("math", "date") and kind == "any":
            return self.js(node)  # a text, a number or null
        if isinstance(node, Unknown):
            return self.js(node)  # as n8n itself would put it there
        return self.value(node) if kind == "date" else self.text(node)

    # -- operators -------------------------------------------------------------------------------------------

    def _binary(self, node: Binary) -> str:
        op, left, right = node.op, node.left, node.right
        if op in ("&", "|"):
            return f"({self.js(left)} {op * 2} {self.js(right)})"
        if op in ("=", "!="):
            return self._equality(op, left, right)
        if op in _NUMERIC:
            return f"{_NUMERIC[op]}({self.js(left)}, {self.js(right)})"
        kinds = (self.kind(left), self.kind(right))
        if op == "+":
            if "text" in kinds:
                return f"({self._addend(left)} + {self._addend(right)})"
            return f"{'_plus' if kinds == ('number', 'number') else '_add'}({self.js(left)}, {self.js(right)})"
        if kinds == ("number", "number"):
            return f"({self.js(left)} {op} {self.js(right)})"
        helper, swapped = _COMPARING[op]
        first, second = (right, left) if swapped else (left, right)
        return f"{helper}({self.js(first)}, {self.js(second)})"

    def _addend(self, node: Node) -> str:
        """An operand of `+` beside a text."""
        return self.js(node) if self.kind(node) in ("text", "number", "boolean") else self.text(node)

    def _equality(self, op: str, left: Node, right: Node) -> str:
        for one, other in ((left, right), (right, left)):
            if one == Literal(""):
                return f"{'!' if op == '!=' else ''}_isEmpty({self.js(other)})"
            if isinstance(one, Missing) or one in (Keyword("null"), Keyword("erase"), Keyword("ignore")):
                return f"({self.js(other)} {'!=' if op == '!=' else '=='} null)"
        kinds = {self.kind(left), self.kind(right)}
        if kinds in ({"text"}, {"number"}):
            return f"({self.js(left)} {'!==' if op == '!=' else '==='} {self.js(right)})"
        return f"{'!' if op == '!=' else ''}_equal({self.js(left)}, {self.js(right)})"

    # -- functions -------------------------------------------------------------------------------------------

    def _call(self, node: Call) -> str:
        row = function(node.name)
        method = _METHODS.get(node.name)
        if method is not None:
            return method(self, node)
        args = node.args if row.most is None else node.args[: row.most]
        if "{" not in row.js:
            return f"{row.js}({self._list(args)})"

        def filled(hole: re.Match[str]) -> str:
            which, how = hole.groups()
            if which == "*":
                return self._list(args)
            arg = args[int(which)] if int(which) < len(args) else Missing()
            return self.text(arg) if how == "text" else self.number(arg) if how == "number" else self.js(arg)

        return _HOLE.sub(filled, row.js)

    def _list(self, args: tuple[Node, ...]) -> str:
        return ", ".join("null" if isinstance(arg, Missing) else self.js(arg) for arg in args)

    def _if(self, node: Call) -> str:
        condition, then, otherwise = (*node.args, Missing(), Missing(), Missing())[:3]
        return f"({self.js(condition)} ? {self.js(then)} : {self.js(otherwise)})"

    def _ifempty(self, node: Call) -> str:
        value, otherwise = (*node.args, Missing(), Missing())[:2]
        return f"_ifEmpty({self.js(value)}, () => {self.js(otherwise)})"

    def _switch(self, node: Call) -> str:
        args = node.args
        default = self.js(args[-1]) if len(args) > 1 and len(args) % 2 == 0 else "null"
        cases = [
            f"_switched === {self.text(args[position])} ? {self.js(args[position + 1])} : "
            for position in range(1, len(args) - 1, 2)
        ]
        return f"(_switched => {''.join(cases)}{default})({self.text(args[0]) if args else 'null'})"

    def _format_date(self, node: Call) -> str:
        date, pattern, zone = (*node.args, Missing(), Missing(), Missing())[:3]
        match pattern:
            case Literal(value=str(text)) if text:
                luxon = luxon_format(text)
            case _:
                luxon = None
        moved = ""
        match zone:
            case Missing():
                pass
            case Literal(value=str(name)):
                moved = f".setZone({js_string(name)})" if zone_of(name) else ""
            case _:
                luxon = None
        if luxon is None:
            return f"_formatDate({self._list(node.args)})"
        known = self.kind(date) == "date"
        written = self.js(date) if known else f"_date({self.js(date)})"
        spoken = '.setLocale("en")' if known and _WORDY_TOKENS.search(luxon) else ""
        # what functions give may be on another clock: a date that was read in a zone of its own
        local = "" if not known or moved or _is_there(date) else ".toLocal()"
        chain = f"{local}{moved}{spoken}.toFormat({js_string(luxon)})"
        return f"{written}{'' if _is_there(date) else '?'}{chain}"

    def _shift(self, node: Call) -> str:
        match node.args:
            case (date, Literal(value=int(n))) if _is_there(date):
                return f"{self.js(date)}.plus({{ {_SHIFTS[node.name]}: {n} }})"
        return _HOLE.sub(lambda hole: self._hole(node, int(hole.group(1))), CATALOGUE[node.name].js)

    def _hole(self, node: Call, position: int) -> str:
        return self.js(node.args[position]) if position < len(node.args) else "undefined"


_METHODS: Mapping[str, Callable[[JsWriter, Call], str]] = MappingProxyType({
    "if": JsWriter._if,
    "ifempty": JsWriter._ifempty,
    "switch": JsWriter._switch,
    "formatDate": JsWriter._format_date,
    **dict.fromkeys(_SHIFTS, JsWriter._shift),
})  # fmt: skip
"""Functions whose JavaScript depends on what their arguments are."""


def _is_there(node: Node) -> bool:
    """Whether it is the current time, or that shifted: a date on the scenario's clock that is never null."""
    while isinstance(node, Call) and node.name in _SHIFTS and len(node.args) == 2:
        match node.args[1]:
            case Literal(value=int()):
                node = node.args[0]
            case _:
                return False
    return node == Variable("now")


def _dotted(node: Variable) -> str:
    return ".".join([node.name, *(segment.name if isinstance(segment, Field) else "?" for segment in node.path)])


def _number(value: int | Decimal | str) -> str:
    digits = value if isinstance(value, str) else number_text(value)
    return f"({digits})" if digits.startswith("-") else digits


def _group(name: str) -> str:
    """The group of a function in the catalogue; empty for an unknown one, which is refused when it is written."""
    row = CATALOGUE.get(name)
    return row.group if row else ""
