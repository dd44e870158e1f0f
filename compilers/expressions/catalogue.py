"""The function catalogue: one row for each function that Make has (facts, `make_functions.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from compilers.errors import ExpressionError, shorten
from compilers.expressions import functions_array, functions_date, functions_general, functions_math, functions_text
from compilers.expressions.functions import Function

CATALOGUE: Mapping[str, Function] = MappingProxyType({
    function.name: function
    for group in (functions_general, functions_text, functions_math, functions_date, functions_array)
    for function in group.FUNCTIONS
})  # fmt: skip
"""Every function by its name."""

_INSTEAD: Mapping[str, str] = MappingProxyType({
    "toNumber": "use parseNumber(text)",
    "concat": "write a + b, or merge(a; b) for arrays",
    "coalesce": "use ifempty(a; b)",
    "iferror": "give the step an error route",
    "and": "write a & b",
    "or": "write a | b",
    "not": "write !a",
    "exists": "compare with null, or use a filter's `exists`",
    "now": "now is a variable: write it without brackets",
    "uuid": "uuid is a variable: write it without brackets",
    "subtract": "write a - b",
    "multiply": "write a * b",
    "divide": "write a / b",
    "includes": "use contains(a; b)",
    "replaceAll": "use replace(text; search; replacement)",
    "nth": "use get(array; n)",
    "filter": "use map() with filterKey, or iterate with a filter",
})  # fmt: skip
"""What to write instead of functions that people expect and Make doesn't have (facts, `not_functions`)."""


def function(name: str) -> Function:
    """The row of a function. Raises `ExpressionError` in Make's words for one that doesn't exist."""
    found = CATALOGUE.get(name)
    if found is None:
        raise ExpressionError(f"Function '{shorten(name, 60)}' not found!", hint=_INSTEAD.get(name, _similar(name)))
    return found


def _similar(name: str) -> str:
    folded = name.lower()
    alike = next((known for known in CATALOGUE if known.lower() == folded), None)
    return f"did you mean {alike}?" if alike else "names of functions are case-sensitive; see the catalogue for all"
