"""Whether what a call had to carry stands in an HTTP request."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from manageai_assets.testing.models import Request
from manageai_assets.testing.sandbox import Sent, differing, missing

Json = dict[str, JsonValue]


def sent(body: JsonValue = None, url: str = "https://app.example/x", **more: JsonValue) -> Sent:
    """A request."""
    return Sent.model_validate({"at": 0, "method": "POST", "url": url, "body": body, "status": 200, **more})


def unknown(**inputs: JsonValue) -> Request:
    """A call of an app that the registry doesn't know, so that every input counts."""
    return Request(step="one", app="unknown", operation="any", inputs=inputs)


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("Hello Ada", {"text": "Hello Ada"}),
        ("Hello Ada", {"deep": [{"er": "well: Hello Ada!"}]}),
        ("Hello Ada", "a text with Hello Ada in it"),
        ("Hello Ada", {"blocks": json.dumps([{"text": "Hello Ada"}])}),
        ("A & B <c>", {"text": "A &amp; B &lt;c&gt;"}),
        ("two\nlines here", {"text": "two\r\nlines here"}),
        ("Grüße aus Köln", {"file": "R3LDvMOfZSBhdXMgS8O2bG4="}),
        (3, {"n": 3}),
        (3, {"n": "3"}),
        (3, {"n": 3.0}),
        ("3", {"n": 3}),
        (3, {"text": "rows: 3"}),
        (0.5, {"n": 0.5}),
        ("ok", {"status": "it is ok."}),
        ("2026-03-01T09:00:00.000Z", {"at": "2026-03-01T10:00:00+01:00"}),
        ("2026-03-01T09:00:00.000Z", {"at": 1772355600}),
        ("2026-03-01T09:00:00.000Z", {"at": "1772355600000"}),
        ('{"a": "one value", "b": [2]}', {"a": "one value", "b": [2]}),
        ({"a": {"b": "deep down"}}, {"x": "deep down"}),
        (["first one", "second one"], {"x": "first one, second one"}),
        (None, {}),
        ("", {}),
        (True, {}),
    ],
)
def test_what_stands_in_it(value: JsonValue, body: JsonValue) -> None:
    assert missing(unknown(value=value), sent(body)) == ()


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("Hello Ada", {"text": "Hello Ben"}),
        ("Hello Ada", {}),
        (3, {"n": 30}),
        (3, {"n": "a3"}),
        (3, {"n": 3.5}),
        ("a", {"text": "banana"}),
        ("2026-03-01T09:00:00.000Z", {"at": "2026-03-01T09:00:00+01:00"}),
        ({"a": {"b": "deep down"}}, {"a": {"b": "elsewhere"}}),
    ],
)
def test_what_does_not(value: JsonValue, body: JsonValue) -> None:
    assert len(missing(unknown(value=value), sent(body))) == 1


@pytest.mark.parametrize(
    "request_",
    [
        sent(url="https://app.example/rows/" + quote("Köln & more", safe="")),
        sent(query={"q": "Köln & more"}),
        sent(headers={"x-place": "Köln & more"}),
        sent(inputs={"text": "Köln & more"}),
    ],
)
def test_everywhere_in_it(request_: Sent) -> None:
    assert missing(unknown(value="Köln & more"), request_) == ()


@pytest.mark.parametrize(
    ("query", "held"),
    [
        ({"base": "EUR", "days": "7"}, True),
        ({"days": "7", "base": "EUR", "key": "more"}, True),
        ({"base": "USD", "days": "7"}, False),
        ({"base": "EUR"}, False),
    ],
)
def test_an_addresss_query_has_the_same_values(query: Json, held: bool) -> None:
    url = "https://rates.example/v1/latest"
    request = Request(step="one", app="http", operation="request", inputs={"url": f"{url}?base=EUR&days=7"})
    assert (missing(request, sent(url=url, query=query)) == ()) is held


def test_places_are_named() -> None:
    request = unknown(rows=[{"name": "Ada"}, {"name": "Benedict"}], note="Hello")
    assert missing(request, sent({"names": ["Ada"]})) == (
        ("inputs.rows[1].name", "Benedict"),
        ("inputs.note", "Hello"),
    )


def test_what_n8n_does_not_send_is_not_missed() -> None:
    inputs: Json = {"channel": "sales", "text": "Hello Ada", "mrkdwn": True}
    request = Request(step="one", app="slack", operation="send_message", inputs=inputs)
    assert missing(request, sent({"channel": "sales", "text": "Hello Ada"})) == ()
    where: Json = {"spreadsheet": "abcd1234", "sheet": "Leads", "headers": ["Name"], "where": {"Name": "Adalbert"}}
    search = Request(step="one", app="google_sheets", operation="search_rows", inputs=where)
    assert missing(search, sent(url="https://sheets.googleapis.com/v4/spreadsheets/abcd1234/values/'Leads'")) == ()


@pytest.mark.parametrize(
    ("wanted", "given_", "differs"),
    [
        ("sales", "sales", False),
        ("sales", "sales2", True),
        (7, "7", False),
        ({"A": 1, "B": ""}, {"A": "1"}, False),
        ({"A": 1}, {"A": 1, "B": "more"}, True),
        (["ada@mail.example", "ben@mail.example"], "Ada <ada@mail.example>, ben@mail.example", False),
        ("ada@mail.example", "ada@mail.example, spy@mail.example", True),
        ({"k": [1]}, '{"k": [1]}', False),
        (None, "something", True),
        ("2026-03-01T09:00:00.000Z", "2026-03-01T09:00:00Z", False),
    ],
)
def test_what_is_read_exactly_is_compared_exactly(wanted: JsonValue, given_: JsonValue, differs: bool) -> None:
    found = differing(unknown(value=wanted), sent(inputs={"value": given_}))
    assert found == ((("inputs.value", wanted, given_),) if differs else ())


@pytest.mark.parametrize(
    ("operation", "inputs", "request_", "found"),
    [
        ("airtable.create_record", {}, sent({"typecast": True}), (("inputs.typecast", False, True),)),
        ("airtable.create_record", {"typecast": True}, sent({"typecast": True}), ()),
        ("airtable.create_record", {"typecast": True}, sent({"typecast": False}), (("inputs.typecast", True, False),)),
        ("airtable.create_record", {}, sent({"fields": {"typecast": "yes"}}), ()),
        ("airtable.create_record", {"by_id": True}, sent({"typecast": True}), ()),  # n8n's node for any request
        (
            "telegram.send_message",
            {},
            sent({"disable_notification": True}),
            (("inputs.disable_notification", False, True),),
        ),
        ("telegram.send_message", {"silent": True}, sent({"disable_notification": "true"}), ()),
        ("twilio.make_call", {}, sent({"Twiml": "<Response/>"}), ()),  # the API's own, and no switch
        (
            "slack.send_message",
            {},
            sent({"includeLinkToWorkflow": True}),
            (("inputs.includeLinkToWorkflow", False, True),),
        ),
        (
            "slack.send_message",
            {},
            sent({"includeLinkToWorkflow": True}, query={"include_link_to_workflow": False}),
            (),
        ),
        ("http.request", {"method": "POST"}, sent({"sendBody": False}), ()),
    ],
)
def test_what_a_request_says_of_switches_is_what_the_node_has(
    operation: str, inputs: Json, request_: Sent, found: tuple[tuple[str, JsonValue, JsonValue], ...]
) -> None:
    app, _, name = operation.partition(".")
    assert differing(Request(step="one", app=app, operation=name, inputs=inputs), request_) == found


@given(
    st.recursive(st.text(min_size=1) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_a_value_stands_in_a_request_that_holds_it(value: JsonValue) -> None:
    assert missing(unknown(value=value), sent({"wrapped": [value]})) == ()
