"""Bindings: every form, and what hostile values can't do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from compilers.errors import CompileError, RegistryError
from compilers.registry import bind, inputs_of


class Marker:
    """Marks what goes through the writer: values in angle brackets, text joined, JSON and JavaScript as JSON."""

    def value(self, value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        return f"<{value}>" if isinstance(value, str) else value

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        return "".join(part if isinstance(part, str) else f"<{part[0]}>" for part in parts)

    def as_text(self, value: JsonValue) -> JsonValue:
        return self.text([(value,)])

    def json_text(self, value: JsonValue) -> JsonValue:
        return json.dumps(value)

    def javascript(self, value: JsonValue) -> str:
        return json.dumps(value)


ROWS: JsonValue = {"E-mail": "a@example.com", "Name": "Ada"}
HEADERS: list[JsonValue] = ["Name", "Age", "E-mail"]
WIDE: list[JsonValue] = [str(number) for number in range(800)]

CASES: list[tuple[str, JsonValue, Mapping[str, JsonValue], JsonValue]] = [
    ("a constant", {"a": 1, "b": [True, None], "c": "x"}, {}, {"a": 1, "b": [True, None], "c": "x"}),
    ("an input", {"a": "$text"}, {"text": "hi"}, {"a": "<hi>"}),
    ("a number", {"a": "$size"}, {"size": 3}, {"a": 3}),
    ("a missing input leaves its key out", {"a": "$text", "b": {"c": "$text"}}, {}, {"b": {}}),
    ("null counts as missing", {"a": "$text"}, {"text": None}, {}),
    ("a missing input leaves its place in a list out", {"a": ["$x", "$y"]}, {"y": "2"}, {"a": ["<2>"]}),
    ("a dollar of its own", {"a": "$$text"}, {"text": "hi"}, {"a": "$text"}),
    ("a path into an input", {"a": "$who.name"}, {"who": {"name": "Ada"}}, {"a": "<Ada>"}),
    ("a path that leads nowhere", {"a": "$who.name"}, {"who": "Ada"}, {}),
    ("text", {"a": {"$text": "/${id}/edit"}}, {"id": "7"}, {"a": "/<7>/edit"}),
    ("text of a missing input", {"a": {"$text": "/${id}"}}, {}, {}),
    (
        "each entry of a map",
        {"a": {"$each": "h", "$as": {"name": "$key", "value": "$value"}}},
        {"h": {"X": "1"}},
        {"a": [{"name": "<X>", "value": "<1>"}]},
    ),
    ("each item of a list", {"a": {"$each": "h"}}, {"h": ["x", {"y": 1}]}, {"a": ["<x>", {"y": 1}]}),
    ("a field of each item", {"a": {"$each": "h", "$as": "$item.y"}}, {"h": [{"y": 1}, {"z": 2}]}, {"a": [1]}),
    ("the index of each item", {"a": {"$each": "h", "$as": "$index"}}, {"h": ["x", "y"]}, {"a": [0, 1]}),
    ("other inputs inside", {"a": {"$each": "h", "$as": "$text"}}, {"h": ["x"], "text": "t"}, {"a": ["<t>"]}),
    ("each of a missing input", {"a": {"$each": "h"}}, {}, {}),
    ("each within a list", {"a": ["first", {"$each": "h"}, 9]}, {"h": ["x", "y"]}, {"a": ["first", "<x>", "<y>", 9]}),
    ("each within a list of lists", {"a": [[{"$each": "h"}]]}, {"h": ["x"]}, {"a": [["<x>"]]}),
    ("nothing within a list", {"a": ["first", {"$each": "h"}]}, {}, {"a": ["first"]}),
    (
        "each by the letter of its column",
        {"a": {"$each": "row", "$headers": "heads", "$as": ["$letter", "$column", "$value"]}},
        {"row": ROWS, "heads": HEADERS},
        {"a": [["<C>", "<2>", "<a@example.com>"], ["<A>", "<0>", "<Ada>"]]},
    ),
    (
        "letters go on after Z",
        {"a": {"$each": "row", "$headers": "heads", "$as": "$letter"}},
        {"row": {"25": 1, "26": 1, "701": 1, "702": 1}, "heads": WIDE},
        {"a": ["<Z>", "<AA>", "<ZZ>", "<AAA>"]},
    ),
    ("entries", {"a": {"$entries": "h", "$as": "$value"}}, {"h": {"X": "1"}}, {"a": {"X": "<1>"}}),
    (
        "entries beside others",
        {"a": {"$entries": "h", "$as": "$value", "$and": {"key": "$key", "gone": "$gone"}}},
        {"h": {"X": "1"}, "key": "k"},
        {"a": {"key": "<k>", "X": "<1>"}},
    ),
    (
        "entries by a key of their own",
        {"a": {"$entries": "h", "$key": "value.id", "$as": "$value.v"}},
        {"h": {"X": {"id": "x1", "v": 1}, "Y": {"v": 2}}},
        {"a": {"x1": 1, "Y": 2}},
    ),
    (
        "columns",
        {"a": {"$columns": "row", "$headers": "heads"}},
        {"row": ROWS, "heads": HEADERS},
        {"a": {"2": "<a@example.com>", "0": "<Ada>"}},
    ),
    ("columns in order", {"a": {"$columns": "row"}}, {"row": ROWS}, {"a": {"0": "<a@example.com>", "1": "<Ada>"}}),
    ("a list", {"a": {"$list": "to"}}, {"to": ["x", "y"]}, {"a": ["<x>", "<y>"]}),
    ("a list of one", {"a": {"$list": "to"}}, {"to": "x"}, {"a": ["<x>"]}),
    ("a list of a missing input", {"a": {"$list": "to"}}, {}, {}),
    ("joined", {"a": {"$join": "to", "$with": ";"}}, {"to": ["x", "y", "z"]}, {"a": "<x>;<y>;<z>"}),
    ("joined by a comma", {"a": {"$join": "to"}}, {"to": ["x", "y"]}, {"a": "<x>, <y>"}),
    ("joined, of one", {"a": {"$join": "to"}}, {"to": "x"}, {"a": "<x>"}),
    ("a case", {"a": {"$map": "m", "$cases": {"GET": "get", "POST": "$x"}}}, {"m": "POST", "x": "1"}, {"a": "<1>"}),
    ("a case of a number", {"a": {"$map": "m", "$cases": {"30": 30000}}}, {"m": 30}, {"a": 30000}),
    ("a case of a truth value", {"a": {"$map": "m", "$cases": {"true": 1, "false": 0}}}, {"m": False}, {"a": 0}),
    ("no case", {"a": {"$map": "m", "$cases": {"GET": "get"}}}, {"m": "PUT"}, {}),
    ("no case, else", {"a": {"$map": "m", "$cases": {}, "$else": "other"}}, {}, {"a": "other"}),
    ("if given", {"a": {"$if": "x", "$then": {"b": "$x"}, "$else": "no"}}, {"x": "1"}, {"a": {"b": "<1>"}}),
    ("if false", {"a": {"$if": "x", "$then": "yes", "$else": "no"}}, {"x": False}, {"a": "no"}),
    ("if not given", {"a": {"$if": "x", "$then": "yes"}}, {}, {}),
    ("if empty or zero", {"a": [{"$if": "x", "$then": 1}, {"$if": "y", "$then": 2}]}, {"x": "", "y": 0}, {"a": [1, 2]}),
    ("json", {"a": {"$json": "body"}}, {"body": {"q": '"'}}, {"a": '{"q": "\\""}'}),
    ("javascript", {"a": {"$js": "return ${x} + ${y};"}}, {"x": "it's"}, {"a": 'return "it\'s" + null;'}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "inputs", "bound"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_forms(template: JsonValue, inputs: Mapping[str, JsonValue], bound: JsonValue) -> None:
    assert bind(template, inputs, Marker()) == bound


@pytest.mark.parametrize(
    ("template", "inputs", "what"),
    [
        ({"a": {"$each": "h"}}, {"h": "text"}, "`h` must be a list or a map"),
        ({"a": {"$entries": "h"}}, {"h": 3}, "`h` must be a list or a map"),
        ({"a": {"$columns": "row"}}, {"row": ["x"]}, "`row` must be a map"),
        ({"a": {"$columns": "row", "$headers": "heads"}}, {"row": {"X": 1}, "heads": ["Y"]}, "column `X`"),
        ({"a": {"$columns": "row", "$headers": "heads"}}, {"row": {"X": 1}}, "`heads` is needed"),
        ({"a": {"$each": "row", "$headers": "heads"}}, {"row": {"X": 1}, "heads": "X"}, "`heads` is needed"),
    ],
)
def test_inputs_that_cannot_be_used_so(template: JsonValue, inputs: Mapping[str, JsonValue], what: str) -> None:
    with pytest.raises(CompileError, match=re.escape(what)):
        bind(template, inputs, Marker())


@pytest.mark.parametrize("template", ["$text", ["x"], 3, None, {"$map": "x"}, {"$text": "x"}])
def test_bindings_that_give_no_object(template: JsonValue) -> None:
    with pytest.raises(RegistryError):
        bind(template, {"text": "t"}, Marker())


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ({"a": "$x", "b": ["$y.z", "$$w", "plain"]}, {"x", "y"}),
        ({"a": {"$text": "${x}/${y.z}"}, "b": {"$js": "f(${q})"}}, {"x", "y", "q"}),
        ({"a": {"$each": "h", "$headers": "heads", "$as": ["$key", "$value", "$letter", "$x"]}}, {"h", "heads", "x"}),
        ({"a": {"$entries": "h", "$and": {"id": "$key"}, "$as": "$value"}}, {"h", "key"}),
        ({"a": {"$map": "m", "$cases": {"GET": "$x"}, "$else": "$y"}}, {"m", "x", "y"}),
        ({"a": {"$if": "x", "$then": {"$json": "y"}, "$else": {"$join": "z", "$with": "$"}}}, {"x", "y", "z"}),
    ],
)
def test_inputs_of(template: JsonValue, names: set[str]) -> None:
    assert inputs_of(template) == names


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON.filter(lambda value: value is not None))
@example(value={"??": None})
def test_json_and_javascript_hold_the_value_whole(value: JsonValue) -> None:
    bound = bind({"json": {"$json": "x"}, "js": {"$js": "return [${x}, 1];"}}, {"x": value}, Marker())
    assert json.loads(str(bound["json"])) == value
    inside = str(bound["js"]).removeprefix("return [").removesuffix(", 1];")
    assert json.loads(inside[1:-1] if inside.startswith("(") else inside) == value


@given(value=st.text() | st.dictionaries(st.text(), st.text()), text=st.text())
def test_what_a_value_says_is_never_a_form(value: JsonValue, text: str) -> None:
    hostile: Mapping[str, JsonValue] = {"x": {"$js": "${secret}", "$text": text, "v": value}, "secret": "hidden"}
    bound = bind({"a": "$x", "b": {"$list": "x"}, "c": {"$each": "x"}}, hostile, Marker())
    assert bound["a"] == Marker().value(hostile["x"])
    assert bound["b"] == [bound["a"]]
    assert bound["c"] == [Marker().value(item) for item in ("${secret}", text, value)]


@given(key=st.text())
def test_keys_are_text_and_never_expressions(key: str) -> None:
    bound = bind({"a": {"$each": "h", "$as": "$key"}}, {"h": {key: "1"}}, Marker())
    written = bound["a"]
    assert isinstance(written, list)
    template = str(written[0])[1:-1]
    assert template.replace('{{ "{{" }}', "\0").count("{{") == 0
    assert template.replace('{{ "{{" }}', "{{") == key
