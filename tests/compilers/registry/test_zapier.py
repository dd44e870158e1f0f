"""What the registry says of Zapier: each name has a source, each step is read and written, nothing stands twice."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from compilers.registry import App, Module, Operation, ZapierStep, bind, read_one, registry
from compilers.spec import parse_spec
from compilers.zapier.emit import emit
from compilers.zapier.known import look_up
from compilers.zapier.parse import parse_all
from compilers.zapier.source import Node
from tests.compilers.registry.samples import PlainN8n, operations, sample

STEPS = [(name, app, operation, operation.zapier) for name, app, operation in operations() if operation.zapier]
SENT: dict[str, Any] = {"channel": "C01", "text": "Hello", "as_bot": "yes"}


def node(api: str, action: str, type_of: str, **params: JsonValue) -> Node:
    """A step as an export has it."""
    return Node({"selected_api": api, "action": action, "type_of": type_of, "params": {**params}}, "1", "step 1")


def inputs_read(operation: Operation, params: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What the inputs are in a step with these fields."""
    assert operation.zapier
    module = Module(params, {})
    found = {name: read_one(operation.zapier.ways.get(name, ()), module) for name in operation.inputs}
    return {name: value for name, value in found.items() if value is not None}


def test_every_name_says_where_and_when_it_was_seen() -> None:
    apps = [(app.zapier.source, app.zapier.seen) for app in registry().apps.values() if app.zapier]
    steps = [(step.source, step.seen) for *_, step in STEPS]
    events = [(one.zapier_event.source, one.zapier_event.seen) for _, _, one in operations() if one.zapier_event]
    assert (len(apps), len(steps), len(events)) >= (154, 80, 10)
    named = [*apps, *steps, *events]
    assert [one for one in named if len(one[0]) < 8 or not date(2019, 1, 1) < one[1] <= date(2026, 11, 30)] == []


def test_a_step_is_of_an_app_that_the_registry_names() -> None:
    assert [name for name, app, _, _ in STEPS if app.zapier is None] == []
    assert [name for name, app, operation in operations() if operation.zapier_event and not app.zapier] == []
    assert [name for name, _, operation in operations() if operation.zapier and operation.zapier_event] == []


def test_no_step_stands_for_two_operations() -> None:
    def fixed(step: ZapierStep) -> str:
        return json.dumps({key: item for key, item in step.params.items() if not str(item).startswith(("$", "{"))})

    keys = [(step.api, step.action, step.type_of, fixed(step)) for *_, step in STEPS if step.read]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert [name for name, *_, step in STEPS if not step.read and step.action not in {key[1] for key in keys}] == []


def test_triggers_are_read_and_actions_are_not() -> None:
    wrong = [
        name for name, _, operation, step in STEPS if (operation.kind == "trigger") is not (step.type_of == "read")
    ]
    assert wrong == []


ONLY_WRITTEN = {
    *("google_sheets.add_row", "google_sheets.update_row"),  # by header; a Zap says no headers
    *("hubspot.upsert_contact", "hubspot.update_deal"),  # any field is a property
    "zendesk.create_ticket",
}


@pytest.mark.parametrize(("name", "operation"), [(name, operation) for name, _, operation, _ in STEPS])
def test_what_is_written_is_read_again(name: str, operation: Operation) -> None:
    step = operation.zapier
    assert step is not None
    every = {key: sample(field) for key, field in operation.inputs.items()}
    needed = {key: every[key] for key, field in operation.inputs.items() if field.required or key == "headers"}
    for inputs in (needed, every):
        params = bind(step.params, operation.with_defaults(inputs), PlainN8n())
        assert json.loads(json.dumps(params)) == params
        assert not step.unread(params) or name in ONLY_WRITTEN


def test_an_app_has_its_older_names_and_its_version() -> None:
    slack = registry().app("slack")
    step = registry().operation("slack", "send_message").zapier
    assert slack.zapier is not None
    assert step is not None
    assert (step.api, step.older, step.selected_api) == ("SlackCLIAPI", ("SlackAPI",), "SlackCLIAPI@1.39.2")
    found = [name for _, name, _ in registry().for_zapier("SlackAPI", "channel_message", "write")]
    assert found == ["send_message"]
    assert registry().for_zapier("SlackAPI", "channel_message", "read") == ()


def test_a_step_may_be_of_another_app_than_the_registrys() -> None:
    chat, older = (registry().operation("openai", name).zapier for name in ("chat", "complete_prompt"))
    assert chat is not None
    assert older is not None
    assert (chat.selected_api, older.selected_api) == ("ChatGPTCLIAPI@2.38.5", "OpenAiCLIAPI@1.19.2")
    assert older.older == ()


def test_words_for_people() -> None:
    gmail = registry().app("gmail")
    assert registry().app("webhook").zapier_name == "Webhooks by Zapier"
    assert (gmail.zapier_name, gmail.operations["send_email"].zapier_words) == ("Gmail", "Send Email")
    assert gmail.operations["create_draft"].zapier is None
    assert gmail.operations["create_draft"].zapier_words == "Create Draft"
    assert (registry().app("json").zapier_name, gmail.operations["trash_email"].zapier_words) == ("", "")


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (node("SlackAPI", "channel_message", "write", **SENT), "send_message"),
        (node("SlackCLIAPI@1.39.2", "channel_message", "write", **SENT, icon=":wave:", unfurl="no"), "send_message"),
        (node("SlackCLIAPI", "channel_message", "write", **{**SENT, "as_bot": "no"}), ""),
        (node("SlackCLIAPI", "channel_message", "write", **SENT, file="{{1__file}}"), ""),
        (node("SlackCLIAPI", "channel_message", "write", channel="C01", as_bot="yes"), ""),
        (node("SlackCLIAPI", "channel_message", "search", **SENT), ""),
        (node("GoogleMailV2CLIAPI@2.7.0", "message", "search", query="is:unread"), "search_emails"),
        (node("GoogleMailV2CLIAPI@2.7.0", "message", "write", to=["a@b.example"], subject="s", body="b"), "send_email"),
        (node("StripeCLIAPI", "find_customer", "search", selection="id", query="cus_1"), "get_customer"),
        (node("StripeCLIAPI", "find_customer", "search", selection="email", query="a@b.example"), "search_customers"),
        (node("GoogleSheetsV2CLIAPI", "add_row", "write", **{"spreadsheet": "1A", "worksheet": "0", "COL$A": "x"}), ""),
    ],
)
def test_a_step_is_known_only_where_nothing_is_lost(read: Node, expected: str) -> None:
    assert look_up(read, starts=False).name == expected


@pytest.mark.parametrize(
    ("app", "name", "params", "expected"),
    [
        (
            "slack",
            "send_message",
            {**SENT, "icon": "https://example.com/a.png", "link_names": "true", "reply_broadcast": "no"},
            {"channel": "C01", "text": "Hello", "broadcast": False, "link_names": True}
            | {"icon_url": "https://example.com/a.png"},
        ),
        (
            "airtable",
            "update_record",
            {"applicationId": "app1", "tableName": "tbl1", "rowId": "rec1", "fields__fldA": "x", "fields__fldB": ""},
            {"base": "app1", "table": "tbl1", "record": "rec1", "fields": {"fldA": "x"}, "by_id": True},
        ),
        (
            "microsoft_excel",
            "add_row",
            {"storage_source": "one_drive", "workbook_id": "W", "worksheet_id": "{1}", "COL$A": "x", "COL$AB": "y"},
            {"workbook": "W", "worksheet": "{1}", "values": {"0": "x", "27": "y"}},
        ),
        (
            "openai",
            "chat",
            {"model": "gpt-4o-mini", "user_message": "Hi", "response_format": "json_object", "tool_choice": "auto"},
            {"model": "gpt-4o-mini", "prompt": "Hi", "json": True},
        ),
    ],
)
def test_inputs_are_read_from_a_steps_fields(
    app: str, name: str, params: dict[str, JsonValue], expected: dict[str, JsonValue]
) -> None:
    operation = registry().operation(app, name)
    assert operation.is_zapier_step(params)
    assert inputs_read(operation, params) == expected


def test_values_by_column_are_written_by_letter() -> None:
    step = registry().operation("google_sheets", "add_row").zapier
    assert step
    inputs: dict[str, JsonValue] = {
        "spreadsheet": "1A",
        "sheet": "Leads",
        "headers": ["Name", "Mail", *map(str, range(25))],
        "values": {"Mail": "a@b.example", "24": "x"},
    }
    assert bind(step.params, inputs, PlainN8n()) == {"spreadsheet": "1A", "COL$B": "a@b.example", "COL$AA": "x"}
    placed = registry().operation("google_sheets", "append_row_by_position").zapier
    assert placed
    assert bind(placed.params, {"spreadsheet": "1A", "values_by_index": {"0": "x", "26": "y"}}, PlainN8n()) == {
        "spreadsheet": "1A",
        "COL$A": "x",
        "COL$AA": "y",
    }


def test_what_the_step_cant_take_is_told() -> None:
    row = registry().operation("google_sheets", "add_row")
    given: dict[str, JsonValue] = {"spreadsheet": "1A", "sheet": "Leads", "values": {"Name": "x"}, "headers": ["Name"]}
    assert row.zapier_gaps(row.with_defaults(given)) == ("sheet",)
    found = registry().operation("gmail", "search_emails")
    assert found.zapier_gaps(found.with_defaults({"query": "is:unread"})) == ("limit",)
    assert found.zapier_gaps({"query": "is:unread"}) == ("limit",)
    assert found.zapier_gaps({"query": "is:unread", "limit": 1}) == ()
    record = registry().operation("airtable", "create_record")
    by_name: dict[str, JsonValue] = {"base": "app1", "table": "tbl1", "fields": {"Name": "x"}}
    assert record.zapier_gaps(by_name) == ("by_id",)
    assert record.zapier is not None
    written = bind(record.zapier.params, record.with_defaults(by_name), PlainN8n())
    assert written == {"applicationId": "app1", "tableName": "tbl1"}
    assert registry().operation("json", "parse").zapier_gaps({"json": "{}"}) == ()


def test_a_step_that_uses_no_input_of_the_operation_is_refused() -> None:
    operation: dict[str, Any] = {"kind": "action", "summary": "Send", "zapier": {"action": "x", "type_of": "write"}}
    operation["zapier"] |= {"source": "real exports", "seen": "2026-01-01", "fixed": {"size": 1}}
    app = {"app": "a", "name": "A", "category": "core", "verified": "2026-01-01", "operations": {"send": operation}}
    with pytest.raises(ValidationError, match="api"):
        App.model_validate(app)
    named = {**app, "zapier": {"api": "ACLIAPI", "source": "real exports", "seen": "2026-01-01"}}
    with pytest.raises(ValidationError, match="uses `size`, which is no input"):
        App.model_validate(named)


def test_an_export_says_what_it_is_written_without() -> None:
    spec = parse_spec(
        {
            "slug": "leads",
            "name": "Leads",
            "customer": {"name": "Example Ltd."},
            "targets": ["zapier"],
            "trigger": {"id": "lead", "kind": "trigger", "app": "tally", "operation": "watch_responses"},
            "steps": [
                {"id": "card", "kind": "app", "app": "trello", "operation": "comment_card"}
                | {"inputs": {"card": "5f1", "text": "{{ lead.fieldsById.question_a }}"}}
            ],
            "edges": [{"source": "lead", "target": "card"}],
        }
    )
    export = emit(spec)
    nodes: Any = export.document
    written = nodes["zaps"][0]["nodes"]["2"]
    assert (written["selected_api"], written["action"]) == ("TrelloCLIAPI", "comment")
    assert written["params"] == {"text": "{{1__question_a}}"}
    assert [one.what for one in export.findings] == ["it isn't known which fields of Zapier's take `card`"]
    step = spec.steps[0].model_copy(update={"operation": "create_card", "inputs": {"list": "1", "name": "x"}})
    (told, *_) = emit(spec.model_copy(update={"steps": (step,)})).findings
    assert "*Trello: Create Card*" in told.what


def test_real_zaps_are_read_as_known_operations(shared: Path) -> None:
    working, known = 0, Counter[str]()
    for file in sorted((shared / "blueprints" / "zapier").glob("*.json")):
        for parsed in parse_all(json.loads(file.read_text(encoding="utf-8"))):
            for step, one in parsed.nodes.items():
                if not one.is_paths and not one.is_filter:
                    working += 1
                    found = parsed.known[step]
                    known[f"{found.app.app}.{found.name}" if found.app else ""] += 1
    assert working == 96
    expected = {"openai.complete_prompt": 15, "slack.send_message": 7, "gmail.watch_emails": 5}
    expected |= {"microsoft_excel.add_row": 5, "tally.watch_responses": 2, "openai.chat": 2, "twilio.send_sms": 2}
    expected |= {"airtable.create_record": 2, "airtable.update_record": 1, "zoom.create_meeting": 1}
    assert expected.items() <= known.items()
