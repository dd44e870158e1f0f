"""Every line of `cases.txt`, on every platform: one test for each, and n8n's own engine for all at once."""

from __future__ import annotations

import math
from typing import Any

import pytest

from compilers.errors import ExpressionError
from compilers.expressions import (
    CATALOGUE,
    MAKE,
    Call,
    evaluate,
    make_writer,
    n8n_writer,
    parse,
    rename_steps,
    spec_writer,
    walk,
)
from compilers.expressions.values import jsonable
from resources.n8n_oracle import Oracle
from tests.compilers.expressions.n8n import REFUSED, run
from tests.compilers.expressions.table import DATA, NUMBERS, Case, abbreviated, cases, context, resolve

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.line}-{case.spec[:40]}" for case in CASES])
def test_every_platform_and_the_value(case: Case) -> None:
    template = parse(case.spec)
    numbered = rename_steps(template, NUMBERS)
    assert make_writer.write_template(numbered) == case.make
    parameter = n8n_writer.write_template(template, resolve)
    assert abbreviated(parameter) == case.n8n
    again = spec_writer.write_template(template)
    assert spec_writer.write_template(parse(again)) == again
    assert parse(case.make, MAKE) == numbered
    if case.refusal:
        with pytest.raises(ExpressionError) as refusal:
            evaluate(template, DATA, context())
        assert refusal.value.what == case.refusal
    else:
        assert jsonable(evaluate(template, DATA, context())) == case.value


@pytest.mark.parametrize("case", CASES, ids=[f"{case.line}-{case.spec[:40]}" for case in CASES])
def test_javascript_never_ends_n8ns_expression(case: Case) -> None:
    written = n8n_writer.js_value(case.spec, resolve)
    assert "}}" not in written
    assert "{{" not in written


def test_n8n_and_plain_javascript_give_the_same(n8n_oracle: Oracle) -> None:
    parameters = [n8n_writer.write_template(parse(case.spec), resolve) for case in CASES]
    scripts = [n8n_writer.js_value(case.spec, resolve) for case in CASES]
    results = run(n8n_oracle.folder, DATA, parameters, scripts)
    wrong = [
        f"line {case.line}: {case.spec} is {found!r}, not {case.value!r}"
        for case, in_n8n, in_code in zip(CASES, results.parameters, results.scripts, strict=True)
        for found in (in_n8n, in_code)
        if not _same(found, case)
    ]
    assert not wrong, "\n".join(wrong)


def _same(found: Any, case: Case) -> bool:
    if case.refusal:
        return found is None or found == REFUSED
    if isinstance(case.value, float):
        return isinstance(found, (int, float)) and math.isclose(found, case.value, rel_tol=1e-15)
    return type(found) is type(case.value) and found == case.value


def test_every_function_has_a_line() -> None:
    used = {
        node.name for case in CASES for part in parse(case.spec).nodes for node in walk(part) if isinstance(node, Call)
    }
    assert used == set(CATALOGUE)
