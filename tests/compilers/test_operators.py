"""Conditions: one line is one condition, in Python, and in JavaScript by n8n's own engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compilers.errors import ExpressionError
from compilers.operators import OPERATORS, filter_js, from_make, make_operator, operator, passes
from compilers.spec import Condition, Filter
from resources.n8n_oracle import Oracle
from tests.compilers.expressions.n8n import run
from tests.compilers.expressions.table import DATA, context, resolve

CASES: list[tuple[object, str, object, bool]] = [
    ("{{ lead.name }}", "exists", None, True),
    ("{{ lead.zero }}", "exists", None, True),
    ("{{ lead.empty }}", "exists", None, False),
    ("{{ lead.nothing }}", "exists", None, False),
    ("{{ lead.nothing }}", "not_exists", None, True),
    ("{{ lead.name }}", "text:equals", "Ann", True),
    ("{{ lead.name }}", "text:equals", "ann", False),
    ("{{ lead.name }}", "text:equals ci", "ANN", True),
    ("{{ lead.n }}", "text:equals", "5", True),
    ("{{ lead.nothing }}", "text:equals", "", True),
    ("{{ lead.nothing }}", "text:not_equals", "x", True),
    ("{{ lead.name }} {{ lead.n }}", "text:equals", "Ann 5", True),
    ("{{ lead.name }}", "text:contains", "nn", True),
    ("{{ lead.name }}", "text:not_contains ci", "NN", False),
    ("{{ lead.name }}", "text:starts_with", "A", True),
    ("{{ lead.name }}", "text:not_starts_with", "A", False),
    ("{{ lead.name }}", "text:ends_with ci", "N", True),
    ("{{ lead.name }}", "text:not_ends_with", "x", True),
    ("{{ lead.name }}", "text:matches", "^A.+$", True),
    ("{{ lead.name }}", "text:matches", "^a", False),
    ("{{ lead.name }}", "text:matches ci", "^a\\D", True),
    ("{{ lead.name }}", "text:not_matches", "\\d{2}", True),
    ("{{ lead.numeric }}", "number:equals", 5, True),
    ("{{ lead.n }}", "number:not_equals", "5", False),
    ("10", "number:greater", "9", True),
    ("{{ lead.n }}", "number:less", 5, False),
    ("{{ lead.n }}", "number:at_least", 5, True),
    ("{{ lead.n }}", "number:at_most", "4.9", False),
    ("{{ lead.nothing }}", "number:less", 5, False),
    ("{{ lead.nothing }}", "number:not_equals", 5, True),
    ("{{ lead.name }}", "number:greater", 1, False),
    ("{{ lead.created }}", "date:less", "{{ now }}", True),
    ("{{ lead.created }}", "date:equals", "2026-03-01T13:00:00+01:00", True),
    ("{{ lead.created }}", "date:not_equals", "2026-03-01", True),
    ("2026-03-01", "date:at_least", "1.3.2026", True),
    ("{{ lead.name }}", "date:at_most", "{{ now }}", False),
    ("{{ addDays(now; 1) }}", "date:greater", "{{ now }}", True),
    ("9:30", "time:less", "10:00:00", True),
    ("{{ now }}", "time:greater", "9:30", True),
    ("{{ lead.n }}", "time:at_most", 5, True),
    ("09:30", "time:equals", "9:30:00", True),
    ("nonsense", "time:at_least", "9:30", False),
    ("{{ lead.tags }}", "array:contains", "a", True),
    ("{{ lead.tags }}", "array:contains", "A", False),
    ("{{ lead.tags }}", "array:contains ci", "A", True),
    ("{{ lead.tags }}", "array:not_contains", "z", True),
    ("{{ lead.name }}", "array:contains", "Ann", True),
    ("{{ lead.numbers }}", "array:contains", "10", True),
    ("{{ lead.tags }}", "array:length_equals", 2, True),
    ("{{ lead.nothing }}", "array:length_equals", "0", True),
    ("{{ lead.tags }}", "array:length_not_equals", 2, False),
    ("{{ lead.tags }}", "array:length_greater", "1", True),
    ("{{ lead.tags }}", "array:length_at_most", 1, False),
    ("{{ lead.yes }}", "boolean:equals", True, True),
    ("{{ lead.yes }}", "boolean:equals", "true", True),
    ("false", "boolean:equals", False, True),
    ("{{ lead.nothing }}", "boolean:equals", False, False),
    ("{{ lead.nothing }}", "boolean:not_equals", True, True),
    ("{{ lead.zero }}", "boolean:equals", "{{ true }}", True),
]


def _filter(left: object, name: str, right: object) -> Filter:
    plain, _, case = name.partition(" ")
    condition = {"left": left, "operator": plain, "right": right, "ignore_case": case == "ci"}
    return Filter.model_validate({"any_of": [[condition]]})


@pytest.mark.parametrize(("left", "name", "right", "holds"), CASES)
def test_conditions(left: object, name: str, right: object, holds: bool) -> None:
    assert passes(_filter(left, name, right), DATA, context()) is holds


def test_conditions_in_javascript(n8n_oracle: Oracle) -> None:
    scripts = [filter_js(_filter(left, name, right), resolve) for left, name, right, _ in CASES]
    results = run(n8n_oracle.folder, DATA, [f"={{{{ {script} }}}}" for script in scripts], scripts)
    assert all("}}" not in script and "{{" not in script for script in scripts)
    wrong = [
        (case, in_n8n, in_code)
        for case, in_n8n, in_code in zip(CASES, results.parameters, results.scripts, strict=True)
        if in_n8n is not case[3] or in_code is not case[3]
    ]
    assert not wrong


def _condition(holds: bool) -> Condition:
    return Condition(left="a", operator="text:equals", right="a" if holds else "b")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], True),
        ([[]], True),
        ([[True, True]], True),
        ([[True, False]], False),
        ([[False], [True]], True),
        ([[True, False], [False, True]], False),
    ],
)
def test_groups(groups: list[list[bool]], expected: bool, n8n_oracle: Oracle) -> None:
    condition = Filter(any_of=tuple(tuple(_condition(holds) for holds in group) for group in groups))
    assert passes(condition, {}, context()) is expected
    assert run(n8n_oracle.folder, {}, [], [filter_js(condition, resolve)]).scripts == [expected]


def test_names_on_make_are_its_52(shared: Path) -> None:
    facts = json.loads((shared / "facts" / "make_filter_operators.json").read_text(encoding="utf-8"))
    known = {row["o"] for row in facts["operators"]}
    written = {row.make for row in OPERATORS.values()}
    written |= {make_operator(row.name, True) for row in OPERATORS.values() if row.can_ignore_case}
    assert written == known
    assert {make_operator(*found) for spelling in known if (found := from_make(spelling))} == known
    for wrong in ("text:startswith", "date:before", "number:equal:ci", "text:isempty"):
        assert from_make(wrong) is None


def test_refusals_say_what_to_write() -> None:
    with pytest.raises(ExpressionError) as refusal:
        operator("text:equal")
    assert refusal.value.hint == "write `text:equals`"
    with pytest.raises(ExpressionError):
        operator("text:startswith")
    with pytest.raises(ExpressionError, match="ignore case"):
        make_operator("number:equals", True)
    with pytest.raises(ExpressionError, match="regular expression"):
        passes(_filter("a", "text:matches", "(("), {}, context())
