"""The JavaScript of Code steps, run where it runs, gives what the spec's expressions give."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from compilers.spec import Filter
from compilers.zapier.code import Calculation, Ways
from resources.node import node_program

_RUN = """
const Code = Object.getPrototypeOf(async function () {}).constructor;
const run = async (code, inputData) => (new Code('inputData', code))(inputData);
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
Promise.all(cases.map(([code, given]) => run(code, given))).then(all => console.log(JSON.stringify(all)));
"""


def given_by(*cases: tuple[Calculation, dict[str, str]]) -> list[dict[str, str]]:
    """What Code steps give for inputs, which Zapier hands over as texts."""
    told = json.dumps([[made.params()["code"], inputs] for made, inputs in cases])
    done = subprocess.run([str(node_program()), "-e", _RUN], input=told, capture_output=True, text=True, check=True)
    listed: list[dict[str, str]] = json.loads(done.stdout)
    return listed


@pytest.mark.parametrize(
    ("text", "inputs", "expected"),
    [
        ("{{ upper(input.a) }}", {"a": "ada"}, "ADA"),
        ("{{ input.a * 2 + 1 }}", {"a": "20.5"}, "42"),
        ("{{ input.a + input.b }}", {"a": "2", "b": "3"}, "5"),
        ("{{ input.a + input.b }}", {"a": "007", "b": "3"}, "0073"),
        ('{{ if(input.a; "yes"; "no") }}', {"a": "false"}, "no"),
        ('{{ ifempty(input.a; "none") }}', {"a": ""}, "none"),
        ("Dear {{ input.a }}, {{ length(input.b) }}", {"a": "Ada", "b": "abc"}, "Dear Ada, 3"),
        ('{{ replace(input.a; "/[aeiou]/g"; "*") }}', {"a": "education"}, "*d*c*t**n"),
    ],
)
def test_texts(text: str, inputs: dict[str, str], expected: str) -> None:
    assert given_by((Calculation(texts={"text1": text}), inputs)) == [{"text1": expected}]


def test_json_is_quoted() -> None:
    made = Calculation(json={"json1": {"name": "{{ input.a }}", "size": "{{ input.b }}", "fixed": [1, None]}})
    found = given_by((made, {"a": 'say "hi"\n', "b": "7"}))[0]["json1"]
    assert json.loads(found) == {"name": 'say "hi"\n', "size": 7, "fixed": [1, None]}


def _filter(operator: str, right: Any = None) -> Filter:
    return Filter.model_validate({"any_of": [[{"left": "{{ input.a }}", "operator": operator, "right": right}]]})


@pytest.mark.parametrize(
    ("operator", "right", "passing"),
    [
        ("number:at_least", 6, ["6", "7", "10"]),
        ("number:at_most", 6, ["5", "6"]),
        ("number:equals", 6, ["6"]),
        ("text:matches", "^[a-z]+$", ["abc"]),
        ("text:contains", "Se", ["Seven"]),
        ("text:not_contains", "e", ["", "abc", "5", "6", "7", "10"]),
        ("exists", None, ["abc", "5", "6", "7", "10", "Seven"]),
    ],
)
def test_filters(operator: str, right: Any, passing: list[str]) -> None:
    values = ["", "abc", "5", "6", "7", "10", "Seven"]
    made = Calculation(passes=_filter(operator, right))
    found = given_by(*((made, {"a": value}) for value in values))
    assert [value for value, said in zip(values, found, strict=True) if said == {"passes": "yes"}] == passing


@pytest.mark.parametrize(
    ("first", "value", "expected"),
    [
        (True, "9", ["yes", "no", "no"]),
        (False, "9", ["yes", "yes", "no"]),
        (True, "5", ["no", "yes", "no"]),
        (True, "", ["no", "no", "yes"]),
        (False, "", ["no", "no", "yes"]),
    ],
)
def test_ways(first: bool, value: str, expected: list[str]) -> None:
    filters = (_filter("number:at_least", 7), _filter("number:at_least", 3), None)
    made = Calculation(ways=Ways(filters, (False, False, True), first))
    assert list(given_by((made, {"a": value}))[0].values()) == expected
