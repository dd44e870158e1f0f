"""How the sandbox plays each app: what its requests are taken for, and how it answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from pydantic import JsonValue

from compilers.registry import registry
from manageai_assets.testing.models import Answer, Failure, Request
from manageai_assets.testing.sandbox import Call, differing, missing
from manageai_assets.testing.sandbox.play import Play
from manageai_assets.testing.sandbox.services import SERVICES, Service
from manageai_assets.testing.sandbox.services.base import at
from manageai_assets.testing.sandbox.wire import Incoming, Reply

Json = dict[str, JsonValue]
SHEET = "https://sheets.googleapis.com/v4/spreadsheets/book"
GMAIL = "https://www.googleapis.com/gmail/v1/users/me"


def incoming(method: str, url: str, body: JsonValue = None) -> Incoming:
    """A request."""
    content = b"" if body is None else json.dumps(body).encode("utf-8")
    return Incoming(method, url, {"content-type": "application/json"}, content)


def expected(app: str, operation: str, inputs: Json, *bundles: Json, failure: Failure | None = None) -> Call:
    """A call that must come."""
    request = Request(step="act", app=app, operation=operation, inputs=inputs)
    return Call(request=request, answer=Answer(bundles=bundles, failure=failure))


def body(reply: Reply) -> JsonValue:
    """What is sent, decoded."""
    found: JsonValue = json.loads(reply.content()[0])
    return found


@dataclass(frozen=True)
class Row:
    """A call, the request that n8n's node makes of it, and where the answer holds what."""

    operation: str
    inputs: Json
    bundles: tuple[Json, ...]
    method: str
    url: str
    body: JsonValue
    holds: Mapping[str, JsonValue]


RAW = base64.urlsafe_b64encode(
    b"To: ada@mail.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>Hello Ada</p>\r\n"
).decode("ascii")

ROWS = (
    Row(
        "slack.send_message", {"channel": "sales", "text": "Hello"}, ({"ts": "1.2", "channel": "C1"},),
        "POST", "https://slack.com/api/chat.postMessage", {"channel": "sales", "text": "Hello"},
        {"ok": True, "ts": "1.2", "channel": "C1"},
    ),
    Row(
        "slack.find_user", {"email": "ada@mail.example"}, ({"id": "U1", "name": "ada"},),
        "GET", "https://slack.com/api/users.lookupByEmail?email=ada@mail.example", None, {"user.id": "U1"},
    ),
    Row(
        "slack.list_members", {"channel": "C123"}, ({"member": "U1"}, {"member": "U2"}),
        "GET", "https://slack.com/api/conversations.members?channel=C123", None, {"members": ["U1", "U2"]},
    ),
    Row(
        "telegram.send_message", {"chat": "77", "text": "<b>Hi</b> all"}, ({"message_id": 9},),
        "POST", "https://api.telegram.org/bot1/sendMessage", {"chat_id": "77", "text": "&lt;b&gt;Hi&lt;/b&gt; all"},
        {"ok": True, "result.message_id": 9},
    ),
    Row(
        "airtable.create_record", {"base": "appB", "table": "Leads", "fields": {"Name": "Ada"}}, ({"id": "rec1"},),
        "POST", "https://api.airtable.com/v0/appB/Leads", {"fields": {"Name": "Ada"}, "typecast": False},
        {"id": "rec1", "fields.Name": "Ada"},
    ),
    Row(
        "airtable.update_record", {"base": "appB", "table": "Leads", "record": "rec1", "fields": {"Name": "Ada"}},
        ({"id": "rec1", "fields": {"Name": "Ada", "Old": 1}},),
        "PATCH", "https://api.airtable.com/v0/appB/Leads", {"records": [{"id": "rec1", "fields": {"Name": "Ada"}}]},
        {"records.0.fields.Old": 1},
    ),
    Row(
        "airtable.search_records", {"base": "appB", "table": "Leads", "formula": "{Name}='Ada'"},
        ({"id": "rec1"}, {"id": "rec2"}),
        "GET", "https://api.airtable.com/v0/appB/Leads?filterByFormula=%7BName%7D%3D%27Ada%27", None,
        {"records.1.id": "rec2", "offset": None},
    ),
    Row(
        "notion.get_page", {"page": "5a0d"},
        ({"id": "5a0d", "properties_value": {"Score": 3, "Name": [{"plain": "A"}]}},),
        "GET", "https://api.notion.com/v1/pages/5a0d", None,
        {"id": "5a0d", "properties.Score.number": 3, "properties.Name.rich_text.0.plain": "A"},
    ),
    Row(
        "hubspot.create_contact", {"email": "ada@mail.example", "properties": {"firstname": "Adalbert"}}, ({"id": 12},),
        "POST", "https://api.hubapi.com/contacts/v1/contact/createOrUpdate/email/ada@mail.example",
        {"properties": [{"property": "firstname", "value": "Adalbert"}]}, {"vid": 12},
    ),
    Row(
        "hubspot.list_associations", {"object_type": "deals", "record": "44", "to": ["contacts"]},
        ({"id": "44", "associations": {"contacts": [{"id": "1"}]}},),
        "GET", "https://api.hubapi.com/crm/v3/objects/deals/44?associations=contacts", None,
        {"associations.contacts.results.0.id": "1"},
    ),
    Row(
        "openai.chat", {"model": "gpt-4o", "prompt": "A colour?"}, ({"text": "Blue."},),
        "POST", "https://api.openai.com/v1/responses", {"model": "gpt-4o", "input": [{"content": "A colour?"}]},
        {"output.0.type": "message", "output.0.content.0.text": "Blue."},
    ),
    Row(
        "openai.chat_completion", {"model": "gpt-4o", "messages": [{"role": "user", "content": "A colour?"}]},
        ({"text": "Blue.", "id": "c1"},),
        "POST", "https://api.openai.com/v1/chat/completions",
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "A colour?"}]},
        {"id": "c1", "choices.0.message.content": "Blue."},
    ),
    Row(
        "anthropic.create_message", {"model": "claude-sonnet-4-6", "prompt": "A colour?"}, ({"text": "Blue."},),
        "POST", "https://api.anthropic.com/v1/messages",
        {"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "A colour?"}]},
        {"role": "assistant", "content.0.text": "Blue."},
    ),
    Row(
        "gmail.send_email", {"to": "Ada <ada@mail.example>", "subject": "Grüße", "body": "<p>Hello Ada</p>"},
        ({"id": "m1", "thread_id": "t1"},),
        "POST", f"{GMAIL}/messages/send", {"raw": RAW}, {"id": "m1", "threadId": "t1"},
    ),
    Row(
        "google_sheets.get_cell", {"spreadsheet": "book", "sheet": "Leads", "cell": "B3"}, ({"value": 7},),
        "GET", f"{SHEET}/values/'Leads'!B3", None, {"values.0.0": 7},
    ),
    Row(
        "google_sheets.add_sheet", {"spreadsheet": "book", "title": "March"}, ({"properties": {"sheetId": 5}},),
        "POST", f"{SHEET}:batchUpdate", {"requests": [{"addSheet": {"properties": {"title": "March"}}}]},
        {"replies.0.addSheet.properties.sheetId": 5},
    ),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_the_request_is_the_call_and_gets_its_answer(row: Row) -> None:
    app, _, operation = row.operation.partition(".")
    call = expected(app, operation, row.inputs, *row.bundles)
    play = Play((call,))
    reply = play.answer(incoming(row.method, row.url, row.body))
    (sent,) = play.sent
    assert (sent.app, sent.operation, sent.step, sent.status) == (app, operation, "act", 200)
    assert (missing(call.request, sent), differing(call.request, sent)) == ((), ())
    assert {path: at(body(reply), path) for path in row.holds} == row.holds


GENERIC = (
    ("asana.create_task", {"name": "Call Ada"}, "POST", "https://app.asana.com/api/1.0/tasks", {"data.id": "7"}),
    (
        "asana.list_tasks",
        {"project": "77"},
        "GET",
        "https://app.asana.com/api/1.0/tasks?project=77",
        {"data.0.id": "7"},
    ),
    (
        "browse_ai.run_robot",
        {"robot": "r-17"},
        "POST",
        "https://api.browse.ai/v2/robots/r-17/tasks",
        {"result.id": "7"},
    ),
    ("clickup.list_tasks", {"list": "12"}, "GET", "https://api.clickup.com/api/v2/list/12/task", {"tasks.0.id": "7"}),
    ("trello.create_card", {"name": "Call Ada"}, "POST", "https://api.trello.com/1/cards", {"id": "7"}),
)


@pytest.mark.parametrize(("name", "inputs", "method", "url", "holds"), GENERIC, ids=[row[0] for row in GENERIC])
def test_other_apps_answer_where_n8n_looks(name: str, inputs: Json, method: str, url: str, holds: Json) -> None:
    app, _, operation = name.partition(".")
    play = Play((expected(app, operation, inputs, {"id": "7"}),))
    reply = play.answer(incoming(method, url, inputs if method == "POST" else None))
    assert {path: at(body(reply), path) for path in holds} == holds
    assert play.sent[0].step == "act"


def test_a_row_is_appended_in_four_requests() -> None:
    inputs: Json = {"spreadsheet": "book", "sheet": "Leads", "headers": ["Name", "Size"], "values": {"Name": "Ada"}}
    play = Play((expected("google_sheets", "add_row", inputs, {}),))
    sheets = body(play.answer(incoming("GET", f"{SHEET}?fields=sheets.properties")))
    assert at(sheets, "sheets.0.properties.title") == "Leads"
    headers = body(play.answer(incoming("GET", f"{SHEET}/values/'Leads'?valueRenderOption=FORMATTED_VALUE")))
    assert at(headers, "values") == [["Name", "Size"]]
    play.answer(incoming("POST", f"{SHEET}:batchUpdate", {"requests": [{"appendDimension": {"sheetId": 0}}]}))
    play.answer(incoming("PUT", f"{SHEET}/values/Leads!2:2", {"values": [["Ada", ""]]}))
    assert [sent.preliminary for sent in play.sent] == [True, True, True, False]
    assert play.sent[3].inputs == {"spreadsheet": "book", "sheet": "Leads", "values": {"Name": "Ada", "Size": ""}}
    assert differing(play.expected[0].request, play.sent[3]) == ()


def test_rows_that_are_appended_together_are_calls_of_their_own() -> None:
    calls = [
        expected("google_sheets", "add_row", {"spreadsheet": "book", "sheet": "Leads", "values": {"Name": name}}, {})
        for name in ("Adalbert", "Benedict")
    ]
    play = Play(tuple(calls))
    play.answer(incoming("PUT", f"{SHEET}/values/Leads!2:3", {"values": [["Benedict"], ["Adalbert"]]}))
    assert [sent.call for sent in play.sent] == [1, 0]


def test_rows_stand_where_their_numbers_say() -> None:
    inputs: Json = {"spreadsheet": "book", "sheet": "Leads", "headers": ["Name", "Size"], "where": {"Size": 3}}
    rows: tuple[Json, ...] = ({"row": {"Name": "Ada", "Size": 3}, "row_number": 4},)
    play = Play((expected("google_sheets", "search_rows", inputs, *rows),))
    found = at(body(play.answer(incoming("GET", f"{SHEET}/values/'Leads'"))), "values")
    assert found == [["Name", "Size"], [], [], ["Ada", 3]]


def test_cells_that_are_changed_together_are_one_row() -> None:
    inputs: Json = {
        "spreadsheet": "book", "sheet": "Leads", "row_number": 7, "headers": ["Name", "Mail", "Size"],
        "values": {"Name": "Ada", "Size": 3},
    }  # fmt: skip
    play = Play((expected("google_sheets", "update_row", inputs, {}),))
    cells: JsonValue = [{"range": "Leads!A7", "values": [["Ada"]]}, {"range": "Leads!C7", "values": [[3]]}]
    play.answer(incoming("POST", f"{SHEET}/values:batchUpdate", {"data": cells}))
    (sent,) = play.sent
    assert (sent.step, differing(play.expected[0].request, sent)) == ("act", ())


def test_mails_that_were_found_are_read_one_by_one() -> None:
    mails: tuple[Json, ...] = (
        {"id": "m1", "subject": "Grüße", "from_email": "ada@mail.example", "from_name": "Ada", "text": "Hello"},
        {"id": "m2", "subject": "Two"},
    )
    play = Play((expected("gmail", "search_emails", {"query": "is:unread"}, *mails),))
    listed = body(play.answer(incoming("GET", f"{GMAIL}/messages?q=is:unread")))
    assert at(listed, "messages.1.id") == "m2"
    one = body(play.answer(incoming("GET", f"{GMAIL}/messages/m1?format=raw")))
    mail = base64.urlsafe_b64decode(str(at(one, "raw"))).decode("ascii")
    assert "From: Ada <ada@mail.example>" in mail
    assert [(sent.step, sent.preliminary) for sent in play.sent] == [("act", False), ("", True)]


def test_a_mail_with_an_attachment_is_decoded() -> None:
    letter = EmailMessage()
    letter["To"], letter["Subject"] = "ada@mail.example", "Offer"
    letter.set_content("See below")
    letter.add_attachment(b"%PDF", "application", "pdf", filename="offer.pdf")
    raw = base64.urlsafe_b64encode(letter.as_bytes()).decode("ascii").rstrip("=")
    play = Play((expected("gmail", "send_email", {"to": "ada@mail.example", "subject": "Offer", "body": "See below"}),))
    play.answer(incoming("POST", f"{GMAIL}/messages/send", {"raw": raw}))
    wanted = {"to": "ada@mail.example", "subject": "Offer", "body": "See below", "format": "text"}
    assert play.sent[0].inputs == wanted


def test_a_file_of_telegram_is_asked_for_twice() -> None:
    play = Play((expected("telegram", "get_file", {"file": "F1"}, {"file": "content", "file_name": "a.txt"}),))
    found = body(play.answer(incoming("GET", "https://api.telegram.org/bot1/getFile?file_id=F1")))
    path = at(found, "result.file_path")
    assert play.answer(incoming("GET", f"https://api.telegram.org/file/bot1/{path}")).body == b"content"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.app)
def test_the_tables_name_operations_that_exist(service: Service) -> None:
    operations = registry().app(service.app).operations
    assert service.named - {*operations} == frozenset()
    for row in service.rows:
        known = {key for name in row.names for key in operations[name].inputs}
        assert {*row.reads} - known == set()
    failed = service.failed(Failure(name="404", message="gone today"))
    assert "gone today" in json.dumps(failed)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.app)
def test_every_operation_with_effects_has_a_row(service: Service) -> None:
    operations = registry().app(service.app).operations
    wanted = {name for name, one in operations.items() if one.n8n_nodes and one.side_effect and name != "api_call"}
    assert wanted - service.named - {"message_assistant"} == frozenset()


@pytest.mark.parametrize(
    ("formats", "sent_text", "read"),
    [
        (("plain",), "1 &lt; 2 &amp;amp; more", "1 < 2 &amp; more"),
        (("HTML",), "<b>1 &lt; 2</b>", "<b>1 &lt; 2</b>"),
        (("plain", "HTML"), "1 &lt; 2", None),
    ],
)
def test_a_chat_message_is_read_as_it_looks(formats: tuple[str, ...], sent_text: str, read: str | None) -> None:
    calls = (expected("telegram", "send_message", {"chat": "1", "text": "x", "format": one}) for one in formats)
    play = Play(tuple(calls))
    play.answer(incoming("POST", "https://api.telegram.org/bot1:x/sendMessage", {"chat_id": "1", "text": sent_text}))
    assert play.sent[0].inputs == {"chat": "1", **({} if read is None else {"text": read})}
