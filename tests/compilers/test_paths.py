"""Where the platforms keep what a step gives."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.expressions import Reference, parse
from compilers.paths import Platform, platform_path, substituted, system_field
from compilers.spec import AggregateStep, AppStep


def step(app: str, operation: str, **inputs: JsonValue) -> AppStep:
    """A step `s` of that operation."""
    return AppStep(id="s", app=app, operation=operation, inputs=inputs)


def reference(text: str) -> Reference:
    """The reference that an expression is."""
    whole = parse(f"{{{{ {text} }}}}").whole
    assert isinstance(whole, Reference)
    return whole


HTTP = step("http", "request", url="https://api.example.com")
ROWS = step("google_sheets", "search_rows", headers=["Name", "E-mail"])


@pytest.mark.parametrize(
    ("given", "path", "platform", "same_as"),
    [
        (HTTP, "s.body.id", "make", "s.data.id"),
        (HTTP, "s.body.id", "n8n", "s.body.id"),
        (HTTP, "s.unknown.x", "make", "s.unknown.x"),
        (ROWS, "s.row.`E-mail`", "make", "s.`1`"),
        (ROWS, "s.row.`E-mail`", "n8n", "s.`E-mail`"),
    ],
)
def test_output_paths(given: AppStep, path: str, platform: Platform, same_as: str) -> None:
    assert platform_path(given, reference(path), platform) == reference(same_as).path


def test_a_column_that_the_headers_do_not_list_is_refused() -> None:
    with pytest.raises(CompileError, match="Phone"):
        platform_path(ROWS, reference("s.row.Phone"), "make")


@pytest.mark.parametrize(
    ("given", "fields", "platform", "placed"),
    [
        (HTTP, {"body": {"rate": 1}, "status": 200}, "make", {"data": {"rate": 1}, "statusCode": 200}),
        (HTTP, {"body": {"rate": 1}}, "n8n", {"body": {"rate": 1}}),
        (ROWS, {"row": {"E-mail": "x", "Name": "y"}}, "make", {"1": "x", "0": "y"}),
        (ROWS, {"row": {"E-mail": "x"}}, "n8n", {"E-mail": "x"}),
        (step("json", "parse", text="x"), {"anything": 1}, "make", {"anything": 1}),
    ],
)
def test_substitutes_stand_where_the_real_outputs_would(
    given: AppStep, fields: dict[str, JsonValue], platform: Platform, placed: dict[str, JsonValue]
) -> None:
    assert substituted(given, fields, platform) == placed


def test_what_the_engine_adds_is_no_output_of_the_step() -> None:
    assert system_field(ROWS, reference("s._index").path) == "_index"
    assert system_field(ROWS, reference("s.key").path) is None
    assert system_field(AggregateStep(id="s", source="x"), reference("s.key").path) == "key"
