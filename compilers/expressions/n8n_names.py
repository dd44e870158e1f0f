"""What names and operators of JavaScript mean in the language: the tables behind `n8n_parser`."""

from __future__ import annotations

from collections.abc import Mapping

from compilers.expressions.tree import Call, Field, Keyword, Literal, Node, Variable

BINARY: Mapping[str, tuple[int, str]] = {
    "??": (1, "??"), "||": (2, "|"), "&&": (3, "&"),
    "==": (4, "="), "===": (4, "="), "!=": (4, "!="), "!==": (4, "!="),
    "<": (5, "<"), "<=": (5, "<="), ">": (5, ">"), ">=": (5, ">="),
    "+": (6, "+"), "-": (6, "-"), "*": (7, "*"), "/": (7, "/"), "%": (7, "%"),
}  # fmt: skip
CONSTANTS: Mapping[str, Node] = {
    "true": Keyword("true"), "false": Keyword("false"), "null": Keyword("null"), "undefined": Keyword("null"),
    "$now": Variable("now"),
    "$today": Call("parseDate", (Call("formatDate", (Variable("now"), Literal("YYYY-MM-DD"))), Literal("YYYY-MM-DD"))),
}  # fmt: skip
DOTTED: Mapping[tuple[str, str], Node] = {
    ("$execution", "id"): Variable("executionId"),
    ("$workflow", "id"): Variable("var", (Field("scenario"), Field("id"))),
    ("$workflow", "name"): Variable("var", (Field("scenario"), Field("name"))),
    ("Math", "PI"): Variable("pi"),
}  # fmt: skip
METHODS: Mapping[str, tuple[str, int]] = {
    "toLowerCase": ("lower", 0), "toUpperCase": ("upper", 0), "trim": ("trim", 0), "toString": ("toString", 0),
    "includes": ("contains", 1), "indexOf": ("indexOf", 1), "join": ("join", 1), "reverse": ("reverse", 0),
}  # fmt: skip
"""Methods that are a function of the value and so many arguments."""
MATH = ("abs", "ceil", "floor", "round")
UNITS = ("second", "minute", "hour", "day", "month", "year")
EXTENSIONS = frozenset({"length"})
