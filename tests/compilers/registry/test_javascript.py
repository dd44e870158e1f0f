"""The JavaScript that the registry puts in n8n's Code nodes, run by Node.js."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from compilers.errors import UserError
from compilers.registry import bind, registry
from resources.node import node_program
from tests.compilers.registry.samples import PlainN8n

RUNNER = """
const cases = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map(({ code, item }) => {
  try { return new Function('$json', code)(item).json; } catch (error) { return { failed: error.message }; }
})));
"""
Case = tuple[str, str, Mapping[str, JsonValue], JsonValue]

NO_GROUPS: dict[str, JsonValue] = {f"group_{number}": None for number in range(1, 6)}
HTML = "<style>p {}</style><h1>Hi &amp; bye</h1>\n<p>one<br>two &lt;3&#33;</p>"
CASES: list[Case] = [
    ("json", "parse", {"text": '{"a": [1, "}}"]}'}, {"a": [1, "}}"]}),
    ("json", "parse", {"text": "{{ lead.object }}"}, {"n": 1}),
    ("json", "parse", {"text": "[1]"}, {"value": 1}),
    ("json", "parse", {"text": "[[1]]"}, {"value": [1]}),
    ("json", "parse", {"text": '[{"a": 1}]'}, {"a": 1}),
    ("json", "parse", {"text": "[]"}, {"failed": "the JSON text holds no object"}),
    ("json", "parse", {"text": "[1, 2]"}, {"failed": "the JSON text holds no object"}),
    ("json", "parse", {"text": "[null]"}, {"failed": "the JSON text holds no object"}),
    ("json", "parse", {"text": "1"}, {"failed": "the JSON text holds no object"}),
    ("json", "parse", {"text": "null"}, {"failed": "the JSON text holds no object"}),
    ("json", "create", {"value": {"a": "{{ lead.quoted }}"}}, {"json": '{"a":"say \\"hi\\""}'}),
    (
        "text", "match", {"text": "Order 12, order 34", "pattern": r"order (?<n>\d+)"},
        {**NO_GROUPS, "match": "order 34", "group_1": "34", "n": "34"},
    ),
    (
        "text", "match", {"text": "Order 12", "pattern": r"order (\d)(\d)", "case_sensitive": False},
        {**NO_GROUPS, "match": "Order 12", "group_1": "1", "group_2": "2"},
    ),
    ("text", "match", {"text": "{{ lead.gone }}", "pattern": "x"}, {**NO_GROUPS, "match": None}),
    ("text", "replace", {"text": "a b  c", "pattern": r"\s+", "replacement": "-"}, {"text": "a-b-c"}),
    ("text", "replace", {"text": "a b c", "pattern": r"\s+", "replacement": "-", "all": False}, {"text": "a-b c"}),
    ("text", "replace", {"text": "Jo Li", "pattern": r"(\w+) (\w+)", "replacement": "$2 $1"}, {"text": "Li Jo"}),
    ("text", "replace", {"text": "a\nb", "pattern": "^", "replacement": "> ", "multiline": True}, {"text": "> a\n> b"}),
    ("text", "replace", {"text": "a\nb", "pattern": "a.b", "replacement": "", "singleline": True}, {"text": ""}),
    ("text", "replace", {"text": "`${x}` */ '\"", "pattern": "'\"", "replacement": "\\"}, {"text": "`${x}` */ \\"}),
    ("text", "from_html", {"html": HTML}, {"text": "Hi & bye\none\ntwo <3!"}),
    ("text", "from_html", {"html": "{{ lead.gone }}"}, {"text": ""}),
    ("tools", "switch", {"input": "DE", "cases": {"DE": "Germany", "CH": "{{ lead.quoted }}"}}, {"output": "Germany"}),
    ("tools", "switch", {"input": "CH", "cases": {"CH": "{{ lead.quoted }}"}}, {"output": 'say "hi"'}),
    ("tools", "switch", {"input": "toString", "cases": {"DE": "Germany"}, "otherwise": "?"}, {"output": "?"}),
]  # fmt: skip
ITEM: JsonValue = {"lead": {"quoted": 'say "hi"', "object": {"n": 1}}}


@pytest.fixture(scope="module")
def results() -> list[JsonValue]:
    """What each case's code gives, from one Node.js process."""
    try:
        node = node_program()
    except UserError as error:
        pytest.skip(str(error))
    programs = []
    for app, name, inputs, _ in CASES:
        operation = registry().operation(app, name)
        assert operation.n8n
        parameters = bind(operation.n8n.parameters, operation.with_defaults(inputs), PlainN8n())
        assert parameters["mode"] == "runOnceForEachItem"
        programs.append({"code": parameters["jsCode"], "item": ITEM})
    done = subprocess.run(
        [str(node), "-e", RUNNER], input=json.dumps(programs), capture_output=True, text=True, timeout=60, check=True
    )
    found: list[JsonValue] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{app}.{name}" for app, name, _, _ in CASES])
def test_code_gives(number: int, results: list[JsonValue]) -> None:
    assert results[number] == CASES[number][3]
