"""n8n's own nodes, run on a real server, ask the sandbox what they would ask the apps, and get what those would say."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from pydantic import JsonValue

from compilers.documents import items, members
from compilers.n8n.emit import emit
from compilers.registry import registry
from compilers.spec import parse_spec
from manageai_assets.testing.credentials import with_credentials
from manageai_assets.testing.models import Answer, Failure, FailureName, Request
from manageai_assets.testing.n8n_session import N8nSession
from manageai_assets.testing.sandbox import Call, Sent, differing, missing
from resources.n8n_server import N8nServer

pytestmark = pytest.mark.live

Json = dict[str, JsonValue]


@pytest.fixture(scope="module")
def world(session: N8nSession) -> N8nSession:
    """A server whose requests all go to a sandbox."""
    return session


@dataclass(frozen=True)
class Run:
    """What came of one run: the error, the last node's items, and what the sandbox saw."""

    error: str
    items: tuple[JsonValue, ...]
    seen: tuple[Sent, ...]

    @property
    def asked(self) -> tuple[Sent, ...]:
        """The requests that aren't only on the way."""
        return tuple(sent for sent in self.seen if not sent.preliminary)


def run(world: N8nSession, operation: str, inputs: Json, *bundles: Json, failure: FailureName | None = None) -> Run:
    """Runs a webhook with one operation behind it, whose app answers so."""
    app, _, name = operation.partition(".")
    known = registry().operation(app, name)
    request = Request(step="act", app=app, operation=name, inputs=known.with_defaults(inputs))
    failed = Failure(name=failure, message="The app says no.") if failure else None
    world.sandbox.begin([Call(request=request, answer=Answer(bundles=bundles, failure=failed))])
    document, credentials = with_credentials(world.server, workflow(app, name, inputs))
    identifier = world.server.create(document)
    try:
        world.server.activate(identifier)
        world.server.call("act-on-it", {})
        found = ended(world.server, identifier)
    finally:
        world.server.delete(identifier)
        for credential in credentials:
            world.server.delete_credential(credential)
    done = Run(*found, world.sandbox.seen())
    if not failure:
        assert done.error == ""
        (sent,) = done.asked
        assert (sent.step, missing(request, sent), differing(request, sent)) == ("act", (), ())
    return done


def workflow(app: str, operation: str, inputs: Json) -> Json:
    """The n8n workflow of a webhook with one operation behind it."""
    step: Json = {"kind": "app", "id": "act", "app": app, "operation": operation, "inputs": inputs}
    connected = registry().app(app).connection is not None and registry().operation(app, operation).connection
    spec = parse_spec(
        {
            "slug": "act-on-it",
            "name": "Act on it",
            "customer": {"name": "Example GmbH"},
            "trigger": {"kind": "trigger", "id": "call", "app": "webhook", "operation": "receive"},
            "steps": [{**step, "connection": "account"} if connected else step],
            "edges": [{"source": "call", "target": "act"}],
            "connections": [{"id": "account", "app": app}] if connected else [],
        }
    )
    return emit(spec).document


def ended(n8n: N8nServer, workflow_id: str) -> tuple[str, tuple[JsonValue, ...]]:
    """The error and the last node's items of the only execution."""
    deadline = time.monotonic() + 30
    while not (found := n8n.executions(workflow_id)) and time.monotonic() < deadline:
        time.sleep(0.05)
    result = members(members(members(n8n.execution(found[0])).get("data")).get("resultData"))
    runs = items(members(result.get("runData")).get(str(result.get("lastNodeExecuted"))))
    outputs = items(members(members(runs[-1]).get("data")).get("main")) if runs else []
    given = items(outputs[0]) if outputs else []
    message = members(result.get("error")).get("message")
    return str(message or ""), tuple(members(item).get("json") for item in given)


def first(done: Run) -> Json:
    """The first item."""
    return members(done.items[0])


def test_slack(world: N8nSession) -> None:
    inputs: Json = {"channel": "sales", "text": "Grüße & *Hello* Ada"}
    done = run(world, "slack.send_message", inputs, {"ts": "1.25", "channel": "C1"})
    assert first(done)["message_timestamp"] == "1.25"
    assert done.asked[0].url == "https://slack.com/api/chat.postMessage"


def test_google_sheets(world: N8nSession) -> None:
    place: Json = {"spreadsheet": "1A2b3C4d5E6f7G8h9I0jKlMnOpQrStUvWxYz", "sheet": "New leads"}
    done = run(world, "google_sheets.add_row", {**place, "values": {"Name": "Ada & Co", "Size": 3}}, {})
    assert [sent.method for sent in done.seen] == ["GET", "GET", "POST", "PUT"]
    assert done.asked[0].inputs["values"] == {"Name": "Ada & Co", "Size": 3}
    search: Json = {**place, "headers": ["Name", "Status"], "where": {"Status": "new"}}
    rows: tuple[Json, ...] = tuple({"row": {"Name": name, "Status": "new"}, "row_number": 9} for name in ("Ada",))
    done = run(world, "google_sheets.search_rows", search, *rows)
    assert done.items == ({"row_number": 9, "Name": "Ada", "Status": "new"},)


def test_airtable(world: N8nSession) -> None:
    place: Json = {"base": "appAbCdEfGhIjKlMn", "table": "tblAbCdEfGhIjKlMn"}
    done = run(world, "airtable.create_record", {**place, "fields": {"Name": "Ada"}}, {"id": "recA"})
    assert first(done)["id"] == "recA"
    done = run(world, "airtable.search_records", {**place, "formula": "{Name}='Ada'"}, {"id": "r1"}, {"id": "r2"})
    assert [members(item)["id"] for item in done.items] == ["r1", "r2"]


def test_notion(world: N8nSession) -> None:
    inputs: Json = {"data_source": "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d", "title": "Ada", "properties": {"Note": "Hi"}}
    bundle: Json = {"id": "5a0d", "properties_value": {"Score": 3}}
    done = run(world, "notion.create_database_item", inputs, bundle)
    assert (first(done)["id"], first(done)["properties_value"]) == ("5a0d", {"Score": 3})


def test_hubspot(world: N8nSession) -> None:
    inputs: Json = {"email": "ada@mail.example", "properties": {"firstname": "Ada"}}
    assert first(run(world, "hubspot.create_contact", inputs, {"id": 12}))["vid"] == 12


def test_openai_and_anthropic(world: N8nSession) -> None:
    prompt: Json = {"prompt": "Name a colour for Ada & Co"}
    done = run(world, "openai.chat", {**prompt, "model": "gpt-4o"}, {"text": "Blue."})
    (output,) = items(first(done)["output"])
    assert members(items(members(output)["content"])[0])["text"] == "Blue."
    done = run(world, "anthropic.create_message", {**prompt, "model": "claude-sonnet-4-6"}, {"text": "Blue."})
    assert first(done)["merged_response"] == "Blue."


def test_telegram(world: N8nSession) -> None:
    done = run(world, "telegram.send_message", {"chat": "77", "text": "<b>Hi</b> & bye"}, {"message_id": 9})
    assert members(first(done)["result"])["message_id"] == 9


def test_gmail(world: N8nSession) -> None:
    inputs: Json = {"to": "ada@mail.example", "subject": "Grüße & mehr", "body": "<p>Hello <b>Ada</b></p>"}
    assert first(run(world, "gmail.send_email", inputs, {"id": "m1"}))["id"] == "m1"
    mails: tuple[Json, ...] = tuple(
        {"id": f"m{number}", "subject": "Grüße", "text": "Hello", "from_email": "ben@mail.example"} for number in (1, 2)
    )
    done = run(world, "gmail.search_emails", {"query": "is:unread"}, *mails)
    assert [(members(item)["id"], members(item)["text"]) for item in done.items] == [("m1", "Hello"), ("m2", "Hello")]


def test_http(world: N8nSession) -> None:
    inputs: Json = {"url": "https://erp.example/v2/orders", "method": "GET", "query": {"sku": "A-1"}}
    done = run(world, "http.request", inputs, {"body": {"left": 3}, "status": 200})
    assert first(done)["body"] == {"left": 3}


def test_an_app_without_a_table_of_its_own(world: N8nSession) -> None:
    done = run(world, "trello.create_card", {"list": "5f1a2b3c4d5e6f7a8b9c0d1f", "name": "Call Ada"}, {"id": "c1"})
    assert first(done)["id"] == "c1"
    assert done.asked[0].url.startswith("https://api.trello.com/1/cards")


@pytest.mark.parametrize("name", ["400", "401", "404", "429", "500", "timeout"])
def test_failures_fail_the_node(world: N8nSession, name: FailureName) -> None:
    done = run(world, "slack.send_message", {"channel": "sales", "text": "Hello"}, failure=name)
    assert done.error
    assert done.asked[0].status == (0 if name == "timeout" else int(name))


def test_nothing_else_gets_out(world: N8nSession) -> None:
    inputs: Json = {"url": "https://tracker.example/collect", "method": "GET"}
    document, _ = with_credentials(world.server, workflow("http", "request", inputs))
    world.sandbox.begin([])
    identifier = world.server.create(document)
    world.server.activate(identifier)
    world.server.call("act-on-it", {})
    ended(world.server, identifier)
    world.server.delete(identifier)
    assert [(sent.refused, sent.status) for sent in world.sandbox.seen()] == [(True, 502)]
