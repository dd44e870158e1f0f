"""Operations that reach no service: what each gives, one line per case, and what holds for all inputs."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compilers.expressions import Context, Value
from compilers.expressions.values import jsonable
from compilers.registry import registry
from manageai_assets.testing.transforms import TRANSFORMS, Bundle, State, StepFailure, transform
from tests.manageai_assets.testing.transforming import failure, run, zipped

NEEDS_TEST_DATA = {("make_code", "run_javascript"), ("customjs", "execute")}
MOMENT = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)


# -- which operations ------------------------------------------------------------------------------------------------


def test_every_transform_is_calculated_but_those_that_run_a_clients_code() -> None:
    transforms = {
        (app.app, name)
        for app in registry().apps.values()
        for name, operation in app.operations.items()
        if operation.kind == "transform"
    }
    assert transforms - set(TRANSFORMS) == NEEDS_TEST_DATA


def test_what_is_calculated_is_in_the_registry() -> None:
    assert [key for key in TRANSFORMS if registry().find(*key) is None] == []


def test_every_operation_of_a_data_store_is_calculated() -> None:
    operations = registry().apps["data_store"].operations
    assert [name for name in operations if transform("data_store", name) is None] == []


@pytest.mark.parametrize("name", ["slack.send_message", "make_code.run_javascript", "nobody.knows"])
def test_other_operations_need_test_data(name: str) -> None:
    app, _, operation = name.partition(".")
    assert transform(app, operation) is None


@pytest.mark.parametrize("key", sorted(TRANSFORMS), ids=".".join)
def test_outputs_are_those_of_the_registry(key: tuple[str, str]) -> None:
    """With the inputs of the registry's own examples, nothing is given that the registry doesn't name."""
    operation = registry().operation(*key)
    examples: dict[str, Value] = {
        name: cast(Value, field.example if field.default is None else field.default)
        for name, field in operation.inputs.items()
        if field.example is not None or field.default is not None
    }
    special: dict[str, dict[str, Value]] = {
        "json.parse": {"text": '{"a": 1}'},
        "json.parse_all": {"text": '[{"a": 1}]'},
        "math_expression.evaluate": {"expression": "1"},
        "archive.extract": {"file": zipped({"a.txt": b"x"})},
        "data_store.update_record": {"insert": True},
    }
    function = TRANSFORMS[key]
    bundles = function({**examples, **special.get(".".join(key), {})}, Context(), State())
    given_names = {name for bundle in bundles for name in bundle}
    assert operation.open_outputs or given_names <= set(operation.outputs) or key == ("scenarios", "return_data")


# -- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bundles"),
    [
        ('{"a": 1, "b": {"c": [1.5, null, "x"]}}', [{"a": 1, "b": {"c": [1.5, None, "x"]}}]),
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('[1, "x", null, {"a": 2}]', [{"value": 1}, {"value": "x"}, {"a": 2}]),
        ("[]", []),
        ("{}", [{}]),
        ('{"a": 1e2, "b": 1.0, "c": 12345678901234567890}', [{"a": 100, "b": 1, "c": 12345678901234567168.0}]),
        ({"already": "an object"}, [{"already": "an object"}]),
    ],
)
def test_json_is_read(text: Value, bundles: list[Bundle]) -> None:
    assert run("json.parse", text=text) == bundles


@pytest.mark.parametrize("text", ["{", "", "5", '"x"', "null", None, '{"a": NaN}', "[1,]", "{'a': 1}", '{"a": "\t"}'])
def test_what_is_no_json_object_fails(text: Value) -> None:
    assert failure("json.parse", text=text) == "DataError"


def test_json_that_is_nested_without_end_fails() -> None:
    assert failure("json.parse", text="[" * 100_000) == "DataError"


@pytest.mark.parametrize(
    ("value", "space", "text"),
    [
        ({"a": 1, "b": [True, None, "é\n"]}, None, '{"a":1,"b":[true,null,"é\\n"]}'),
        ({"a": [1, {}], "e": []}, "2", '{\n  "a": [\n    1,\n    {}\n  ],\n  "e": []\n}'),
        ({"a": 1}, "tab", '{\n\t"a": 1\n}'),
        ([1e21, 1e-7, 0.1, -0.0, 1e16, math.nan, math.inf], None, "[1e+21,1e-7,0.1,0,10000000000000000,null,null]"),
        ({"b": 1, "10": 2, "2": 3, "01": 4}, None, '{"2":3,"10":2,"b":1,"01":4}'),
        (MOMENT, None, '"2026-03-09T08:30:00.000Z"'),
        (None, "4", "null"),
    ],
)
def test_json_is_written_as_javascript_writes_it(value: Value, space: str | None, text: str) -> None:
    assert run("json.create", value=value, space=space) == [{"json": text}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, width=32) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
).filter(lambda value: "inf" not in repr(value))


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4), st.sampled_from([None, "2", "4", "tab"]))
def test_json_that_is_written_reads_as_the_same(value: dict[str, Value], space: str | None) -> None:
    [written] = run("json.create", value=value, space=space)
    function = transform("json", "parse")
    assert function is not None
    assert function({"text": written["json"]}, Context(), State()) == [value]


# -- tools -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a", "a"), (1.50, "1.5"), ([1, None, "x"], "1,,x"), (MOMENT, "2026-03-09T08:30:00.000Z")],
)
def test_compose_gives_text(value: Value, shown: str) -> None:
    assert run("tools.compose", value=value) == [{"value": shown}]


@pytest.mark.parametrize(("given_value", "output"), [("DE", "Germany"), (5, "five"), ("XX", "else"), (None, "else")])
def test_switch_translates_by_a_table(given_value: Value, output: str) -> None:
    cases: Value = {"DE": "Germany", "5": "five"}
    assert run("tools.switch", input=given_value, cases=cases, otherwise="else") == [{"output": output}]


def test_switch_without_a_table_fails() -> None:
    assert failure("tools.switch", input="a", cases=None) == "BundleValidationError"


def test_switch_by_pattern_takes_the_first_case_that_fits() -> None:
    table: Value = [{"pattern": "^0", "output": "first"}, {"pattern": "1", "output": {"any": "value"}}]
    assert run("tools.switch_by_pattern", input="01", table=table, patterns=True) == [{"output": "first"}]
    assert run("tools.switch_by_pattern", input=1, table=table) == [{"output": {"any": "value"}}]
    assert run("tools.switch_by_pattern", input="^0", table=table) == [{"output": "first"}]
    assert run("tools.switch_by_pattern", input="x", table=table, otherwise=[1]) == [{"output": [1]}]
    assert run("tools.switch_by_pattern", input="x", table=table) == [{}]


def test_counters_start_again_when_they_are_told() -> None:
    state = State()

    def count(step: str, reset: str) -> Value:
        state.step = step
        return run("tools.count_up", state, reset=reset)[0]["i"]

    kinds = ("run", "execution", "scenario")
    assert [[count(kind, kind) for kind in kinds] for _ in range(2)] == [[1, 1, 1], [2, 2, 2]]
    assert count("other", "run") == 1
    state.begin_cycle()
    assert [count(kind, kind) for kind in kinds] == [1, 3, 3]
    state.begin_run()
    assert [count(kind, kind) for kind in kinds] == [1, 1, 4]


def test_what_a_scenario_returns_are_its_fields() -> None:
    assert run("scenarios.return_data", fields={"a": 1, "b": [2]}) == [{"a": 1, "b": [2]}]
    assert run("scenarios.name_run", name="Order 7") == [{}]


# -- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("-2 ^ 2", -4), ("2 ** 3 ** 2", 512), ("2^-1", 0.5), ("7 % -3", 1),
        ("-7 % 3", -1), ("0.1 + 0.2", 0.30000000000000004), ("1e3 + .5", 1000.5), ("+5 - -1", 6), ("PI", math.pi),
        ("round(1.005, 2)", 1.01), ("round(-2.5)", -2), ("round(2.5)", 3), ("max(1, 5, 3) - min(2)", 3),
        ("sqrt(16) + abs(-3)", 7), ("log10(1000)", 3), ("log(8, 2)", 3), ("floor(-1.5) + ceil(1.2)", 0),
        ("trunc(-1.9)", -1), (" 12 ", 12), (5, 5),
    ],
)  # fmt: skip
def test_expressions_are_calculated(expression: Value, result: float) -> None:
    [bundle] = run("math_expression.evaluate", expression=expression)
    assert bundle["result"] == pytest.approx(result, rel=1e-15)


@pytest.mark.parametrize("expression", ["1 / 0", "0 / 0", "sqrt(-1)", "pow(2)", "log(-1)", "5 % 0", "10 ^ 1000"])
def test_what_has_no_number_is_nothing(expression: str) -> None:
    assert run("math_expression.evaluate", expression=expression) == [{}]


@pytest.mark.parametrize("expression", ["", "2 +", "2 x", "x", "(1", "1)", "alert(1)", "1,2", "sqrt 4", "(" * 5000])
def test_what_is_no_expression_fails(expression: str) -> None:
    assert failure("math_expression.evaluate", expression=expression) == "DataError"


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_whole_numbers_are_exact(a: int, b: int, c: int) -> None:
    assert run("math_expression.evaluate", expression=f"({a}) - {b} + {c} * 2") == [{"result": a - b + c * 2}]


# -- anything


@given(
    st.sampled_from(sorted(TRANSFORMS)), st.dictionaries(st.sampled_from(["text", "html", "xml", "csv", "key"]), JSON)
)
def test_any_input_gives_bundles_or_fails_as_a_step(key: tuple[str, str], inputs: dict[str, Value]) -> None:
    """Nothing else comes out of a step: the simulator only knows what a step gave, or how it failed."""
    bundles: list[Bundle] = []
    with suppress(StepFailure):
        bundles = TRANSFORMS[key](inputs, Context(), State())
    assert json.loads(json.dumps(jsonable(list(bundles)))) == jsonable(list(bundles))
