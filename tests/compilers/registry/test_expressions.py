"""The expressions that the registry writes itself into n8n's parameters, evaluated by Node.js."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from compilers.registry import bind, registry
from resources.node import node_program
from tests.compilers.registry.samples import PlainN8n

RUNNER = """
const cases = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map(({ code, item }) => new Function('$json', `return ${code}`)(item))));
"""
ITEM: Mapping[str, JsonValue] = {"text": 'a_b <i> & "c" }} {{', "row": "5"}
Case = tuple[str, str, tuple[str | int, ...], Mapping[str, JsonValue], JsonValue]
PROPERTY: tuple[str | int, ...] = ("propertiesUi", "propertyValues", 0)
DELETED = '{"requests":[{"deleteDimension":{"range":{"sheetId":7,"dimension":"ROWS","startIndex":4,"endIndex":5}}}]}'
CASES: list[Case] = [
    (
        "telegram", "send_message", ("text",), {"chat": "1", "text": "{{ x.text }}", "format": "plain"},
        'a_b &lt;i&gt; &amp; "c" }} {{',
    ),
    ("telegram", "send_message", ("text",), {"chat": "1", "text": "{{ x.gone }}", "format": "plain"}, ""),
    (
        "google_sheets", "delete_row", ("jsonBody",),
        {"spreadsheet": "s", "sheet_gid": 7, "row_number": "{{ x.row }}"}, DELETED,
    ),
    (
        "notion", "create_database_item", (*PROPERTY, "textContent"),
        {"data_source": "d", "title": "t", "properties": {"Company": "{{ x.gone }}"}}, "",
    ),
    (
        "notion", "create_database_item", (*PROPERTY, "date"),
        {"data_source": "d", "title": "t", "properties": {"Due": {"type": "date", "value": "{{ x.gone }}"}}}, "",
    ),
    ("notion", "append_text", ("blockUi", "blockValues", 0, "textContent"), {"page": "p", "text": "{{ x.gone }}"}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("app", "operation", "path", "inputs", "expected"), CASES)
def test_value(
    app: str, operation: str, path: tuple[str | int, ...], inputs: Mapping[str, JsonValue], expected: JsonValue
) -> None:
    found = registry().operation(app, operation)
    assert found.n8n
    value: JsonValue = dict(bind(found.n8n.parameters, found.with_defaults(inputs), Renamed()))
    for part in path:
        value = value[part]  # type: ignore[index]
    assert isinstance(value, str)
    assert value.startswith("={{ ")
    assert value.endswith(" }}")
    code = value.removeprefix("={{ ").removesuffix(" }}")
    assert "}}" not in code
    given = json.dumps([{"code": code, "item": ITEM}])
    command = [str(node_program()), "-e", RUNNER]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [expected]


class Renamed(PlainN8n):
    """References to the item itself, whatever step they name."""

    def javascript(self, value: JsonValue) -> str:
        return super().javascript(value).replace("$json.x.", "$json.")


def test_a_text_with_marks_of_its_own_is_sent_as_it_is() -> None:
    found = registry().operation("telegram", "send_message")
    assert found.n8n
    for style in ("HTML", "Markdown"):
        sent = bind(found.n8n.parameters, {"chat": "1", "text": "*x* <b>", "format": style}, PlainN8n())
        fields = sent["additionalFields"]
        assert sent["text"] == "*x* <b>"
        assert isinstance(fields, dict)
        assert fields["parse_mode"] == style
