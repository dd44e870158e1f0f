"""The rules of Zapier's filters and paths, and the spec's conditions.

A row is `{key, match, value, action, group, id}`; rows of one group must all hold, and one of the groups has to. The
action `stop` turns a row round. *Exactly matches* minds capitals; the other text rules don't
(https://help.zapier.com/hc/en-us/articles/8496014252301).
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from compilers.documents import items, members
from compilers.errors import CompileError, ExpressionError, shorten
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Template, Unknown
from compilers.spec import Condition, Filter
from compilers.zapier.tokens import ReadTokens, TokenWriter

MATCHES: Mapping[str, tuple[str, bool]] = {
    "icontains": ("text:contains", True),
    "istartswith": ("text:starts_with", True),
    "iexact": ("text:equals", False),
    "igreater": ("number:greater", False),
    "iless": ("number:less", False),
    "iexist": ("exists", False),
    "boolean": ("boolean:equals", False),
}
"""The operator of each match that exports show, and whether capitals are ignored."""
_OPPOSITE: Mapping[str, str] = {
    "text:contains": "text:not_contains",
    "text:starts_with": "text:not_starts_with",
    "text:equals": "text:not_equals",
    "exists": "not_exists",
    "boolean:equals": "boolean:not_equals",
}
"""What a row that stops says. A comparison of numbers has no opposite here: that would let pass what is no number."""
_WRITTEN: Mapping[tuple[str, bool], tuple[str, str]] = {
    **{way: (match, "continue") for match, way in MATCHES.items()},
    **{(_OPPOSITE[name], folded): (match, "stop") for match, (name, folded) in MATCHES.items() if name in _OPPOSITE},
}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_filter(criteria: JsonValue, values: ReadTokens, label: str) -> Filter:
    """The filter that a list of rows is. A row that nobody filled in says nothing; one whose match isn't known is
    carried word for word, so that no other platform takes it for something else."""
    groups: dict[str, list[Condition]] = {}
    for row in map(members, items(criteria)):
        key, match = row.get("key"), row.get("match")
        if not isinstance(key, str) or not key or (match is None and row.get("value") in ("", None)):
            continue
        groups.setdefault(str(row.get("group")), []).append(_condition(key, match, row, values))
    return Filter(label=label[:200], any_of=tuple(tuple(group) for group in groups.values()))


def _condition(key: str, match: JsonValue, row: Mapping[str, JsonValue], values: ReadTokens) -> Condition:
    known = MATCHES.get(match) if isinstance(match, str) else None
    action = row.get("action")
    if known is None or action not in ("continue", "stop") or (action == "stop" and known[0] not in _OPPOSITE):
        said = Unknown(f"{key} {match} {row.get('value')}"[:200], "zapier")
        return Condition(left=write_template(Template((said,))), operator="boolean:equals", right=True)
    name, folded = known
    if action == "stop":
        name = _OPPOSITE[name]
    right = values.value(row.get("value"))
    if name in ("exists", "not_exists"):
        right = None
    elif match == "boolean" and isinstance(right, str) and right.lower() in _TRUTH:
        right = _TRUTH[right.lower()]
    elif right is None:
        right = ""
    return Condition(left=values.key(key), operator=name, right=right, ignore_case=folded)


def write_filter(condition: Filter | None, writer: TokenWriter) -> list[JsonValue]:
    """The rows of a filter. Raises `CompileError` for the first condition that no rule of Zapier's is."""
    rows: list[JsonValue] = []
    for group, conditions in enumerate(condition.any_of if condition else (), start=1):
        for one in conditions:
            rows.append({**_row(one, writer), "group": group, "id": len(rows) + 1})
    return rows


def yes(field: str) -> list[JsonValue]:
    """The rows that let pass where a Code step has said `yes` in a field."""
    return [{"key": field, "value": "yes", "match": "iexact", "action": "continue", "group": 1, "id": 1}]


def asks(criteria: JsonValue) -> str:
    """The field in which rows ask for a `yes`; empty for all others."""
    rows = [members(row) for row in items(criteria)]
    asked = {"value": "yes", "match": "iexact", "action": "continue"}
    if len(rows) != 1 or any(rows[0].get(name) != value for name, value in asked.items()):
        return ""
    return str(rows[0].get("key"))


def _row(one: Condition, writer: TokenWriter) -> dict[str, JsonValue]:
    try:
        left = parse(one.left) if isinstance(one.left, str) else Template()
        if isinstance(left.whole, Unknown) and left.whole.platform == "zapier":
            return {"key": "", "value": "", "match": "", "action": "continue"}
        right = parse(one.right) if isinstance(one.right, str) else None
    except ExpressionError as error:
        raise CompileError(error.what, hint=error.hint) from None
    found = _WRITTEN.get((one.operator, one.ignore_case))
    if found is None:
        how = "ignoring capitals" if one.ignore_case else "minding capitals" if one.operator.startswith("text:") else ""
        raise CompileError(
            f"no rule of Zapier's is `{shorten(one.operator, 60)}`{f' {how}' if how else ''}",
            hint="use a rule that Zapier has: contains and starts with ignore capitals, exactly matches minds them, "
            "numbers are greater or less",
        )
    match, action = found
    value = writer.template(right) if right is not None else _plain(one.right)
    return {"key": writer.key(left), "value": value, "match": match, "action": action}


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
