"""What the sandbox makes of requests: whose they are, which expected call they answer, and what it says to the rest."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from pydantic import JsonValue

from manageai_assets.testing.models import Answer, Failure, FailureName, Request, Trace
from manageai_assets.testing.sandbox import Call, Sandbox, missing
from manageai_assets.testing.sightings import requests_of

Json = dict[str, JsonValue]
POST = "https://slack.com/api/chat.postMessage"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox that holds a connection which times out only shortly."""
    with Sandbox(hold_seconds=0.2) as running:
        yield running


def send(sandbox: Sandbox, url: str, body: JsonValue = None, method: str = "POST", **headers: str) -> httpx.Response:
    """A request as the intercepting proxy hands it on."""
    with httpx.Client(trust_env=False) as client:
        return client.request(
            method, f"{sandbox.address}/any", json=body, headers={"x-sandbox-url": url, **headers}, timeout=5
        )


def call(step: str, app: str, operation: str, inputs: Json, *bundles: Json, failure: FailureName | None = None) -> Call:
    """An expected call with its answer."""
    failed = Failure(name=failure, message="not today") if failure else None
    request = Request(step=step, app=app, operation=operation, inputs=inputs)
    return Call(request=request, answer=Answer(bundles=bundles, failure=failed))


def message(step: str, channel: str, text: str, *bundles: Json, failure: FailureName | None = None) -> Call:
    """An expected message."""
    return call(step, "slack", "send_message", {"channel": channel, "text": text}, *bundles, failure=failure)


def test_a_request_is_the_call_whose_values_it_holds(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hello Ada"), message("two", "support", "Hello Ben")])
    send(sandbox, POST, {"channel": "support", "text": "Hello Ben"})
    send(sandbox, POST, {"channel": "sales", "text": "Hello Ada"})
    assert [(sent.step, sent.call) for sent in sandbox.seen()] == [("two", 1), ("one", 0)]
    assert sandbox.waiting() == ()


def test_equal_calls_are_answered_in_their_order(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi", {"ts": "1.1"}), message("one", "sales", "Hi", {"ts": "2.2"})])
    answers = [send(sandbox, POST, {"channel": "sales", "text": "Hi"}).json()["ts"] for _ in range(2)]
    assert answers == ["1.1", "2.2"]


def test_a_call_that_must_come_twice_may(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi", {"ts": "1.1"})] * 2)
    for _ in range(2):
        send(sandbox, POST, {"channel": "sales", "text": "Hi"})
    assert [sent.call for sent in sandbox.seen()] == [0, 1]


def test_a_wrong_value_is_still_the_call_and_is_missed(sandbox: Sandbox) -> None:
    expected = message("one", "sales", "Hello Ada")
    sandbox.begin([expected])
    send(sandbox, POST, {"channel": "random", "text": "Hello Ada"})
    (sent,) = sandbox.seen()
    assert sent.step == "one"
    assert missing(expected.request, sent) == (("inputs.channel", "sales"),)


def test_what_nobody_expects_is_answered_and_recorded_so(sandbox: Sandbox) -> None:
    sandbox.begin([])
    answer = send(sandbox, POST, {"channel": "sales", "text": "Hi"})
    (sent,) = sandbox.seen()
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    assert (sent.app, sent.operation, sent.step, sent.expected, sent.refused) == (
        "slack", "send_message", "", False, False,
    )  # fmt: skip


def test_a_call_of_another_operation_is_not_the_expected_one(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi")])
    send(sandbox, "https://slack.com/api/chat.delete", {"channel": "sales", "ts": "1.1"})
    assert [sent.step for sent in sandbox.seen()] == [""]
    assert len(sandbox.waiting()) == 1


@pytest.mark.parametrize("name", ["400", "401", "403", "404", "429", "500"])
def test_a_failure_has_its_status(sandbox: Sandbox, name: FailureName) -> None:
    sandbox.begin([message("one", "sales", "Hi", failure=name)])
    answer = send(sandbox, POST, {"channel": "sales", "text": "Hi"})
    assert answer.status_code == int(name)
    assert (answer.json()["ok"], answer.json()["message"]) == (False, "not today")


def test_a_node_that_tries_again_fails_again(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi", failure="500"), message("two", "sales", "Bye")])
    statuses = [send(sandbox, POST, {"channel": "sales", "text": "Hi"}).status_code for _ in range(2)]
    assert statuses[0] == 500
    sandbox.begin([message("one", "sales", "Hi", failure="500")])
    statuses = [send(sandbox, POST, {"channel": "sales", "text": "Hi"}).status_code for _ in range(3)]
    assert statuses == [500, 500, 500]
    assert [(sent.step, sent.repeats is not None) for sent in sandbox.seen()] == [
        ("one", False), ("", True), ("", True),
    ]  # fmt: skip


def test_a_time_out_holds_the_connection_and_is_dropped(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi", failure="timeout")])
    before = time.monotonic()
    answer = send(sandbox, POST, {"channel": "sales", "text": "Hi"})
    assert time.monotonic() - before >= 0.2
    assert answer.headers["x-sandbox-drop"] == "1"
    assert sandbox.seen()[0].status == 0


def test_unknown_hosts_are_refused(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi")])
    answer = send(sandbox, "https://tracker.example/collect", {"who": "me"})
    (sent,) = sandbox.seen()
    assert answer.status_code == 502
    assert answer.json()["error"].startswith("sandbox: ")
    assert (sent.refused, sent.step) == (True, "")


def test_any_address_of_an_expected_http_call_is_served(sandbox: Sandbox) -> None:
    url = "https://erp.example/v2/orders?dry=1"
    bundle: Json = {"status": 201, "body": {"id": 7}, "headers": {"x-left": "99", "content-length": "3"}}
    expected = call("order", "http", "request", {"url": url, "method": "POST", "body": '{"sku": "A-1"}'}, bundle)
    sandbox.begin([expected])
    refused = send(sandbox, "https://erp.example/v2/customers", {"sku": "A-1"})
    answer = send(sandbox, url, {"sku": "A-1"})
    assert refused.status_code == 502
    assert (answer.status_code, answer.json(), answer.headers["x-left"]) == (201, {"id": 7}, "99")
    sent = sandbox.seen()[1]
    assert (sent.step, sent.app, sent.query) == ("order", "http", {"dry": "1"})
    assert missing(expected.request, sent) == ()


def test_an_address_is_told_as_it_is_sent(sandbox: Sandbox) -> None:
    expected = call("one", "http", "request", {"url": r"https://erp.example/parts/a\b c #1", "method": "GET"})
    sandbox.begin([expected])
    send(sandbox, "https://erp.example/parts/a/b%20c%20", method="GET")
    (sent,) = sandbox.seen()
    assert (sent.step, missing(expected.request, sent)) == ("one", ())


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"X-Source": "shop"}, {"X-Source": "shop"}),
        ({"X-Source": "shops"}, {"X-Source": "shops"}),
        ({}, {"X-Source": None}),
    ],
)
def test_headers_of_an_http_call_are_read_exactly(
    sandbox: Sandbox, given: dict[str, str], found: dict[str, str | None]
) -> None:
    url = "https://erp.example/parts?from=shop"
    own: Json = {"X-Source": "shop", "Content-Type": "text/plain", "Authorization": "Bearer hush"}
    expected = call("one", "http", "request", {"url": url, "method": "GET", "headers": own})
    sandbox.begin([expected])
    send(sandbox, url, method="GET", **given, **{"Content-Type": "text/plain; charset=utf-8"})
    trace = Trace(engine="simulate", status="success", steps={}, requests=(expected.request,))
    (request,) = requests_of(trace, sandbox.seen())
    assert request.inputs["headers"] == {**own, **found}


def test_an_api_call_is_told_from_the_operation_with_the_same_address(sandbox: Sandbox) -> None:
    raw = call("raw", "slack", "api_call", {"url": "chat.postMessage", "body": {"text": "Raw"}}, {"body": {"n": 1}})
    sandbox.begin([message("one", "sales", "Cooked"), raw])
    answer = send(sandbox, POST, {"text": "Raw"})
    assert answer.json() == {"n": 1}
    assert sandbox.seen()[0].step == "raw"


def test_other_apps_are_told_by_their_host(sandbox: Sandbox) -> None:
    expected = call(
        "card", "trello", "create_card", {"name": "Call Ada", "list": "abc"}, {"id": "c1", "name": "Call Ada"}
    )
    sandbox.begin([message("one", "sales", "Hi"), expected])
    answer = send(sandbox, "https://api.trello.com/1/cards", {"name": "Call Ada", "idList": "abc"})
    assert answer.json()["id"] == "c1"
    assert sandbox.seen()[0].step == "card"


def test_an_app_of_unknown_hosts_is_the_one_that_is_meant_when_it_is_the_only_one(sandbox: Sandbox) -> None:
    expected = call("post", "mattermost", "post_message", {"channel": "c7", "text": "Hello Ada"}, {"id": "p3"})
    sandbox.begin([message("one", "sales", "Hi"), expected])
    answer = send(sandbox, "https://chat.example/api/v4/posts", {"channel_id": "c7", "message": "Hello Ada"})
    assert answer.json()["id"] == "p3"
    assert sandbox.seen()[0].step == "post"


def test_what_an_app_is_asked_on_the_way_is_no_call(sandbox: Sandbox) -> None:
    expected = call(
        "issue", "jira", "create_issue", {"project": "10000", "type": "10001", "summary": "Help"}, {"id": "7"}
    )
    sandbox.begin([expected])
    send(sandbox, "https://sandbox.atlassian.net/rest/api/2/serverInfo", method="GET")
    send(sandbox, "https://sandbox.atlassian.net/rest/api/2/issue", {"fields": {"summary": "Help"}})
    assert [(sent.step, sent.preliminary) for sent in sandbox.seen()] == [("", True), ("issue", False)]


def test_a_token_is_given_and_neither_its_request_nor_the_repeat_is_a_call(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi", failure="401")])
    statuses = [send(sandbox, POST, {"channel": "sales", "text": "Hi"}).status_code]
    form: Json = {"grant_type": "refresh_token", "refresh_token": "hush"}
    token = send(sandbox, "https://oauth2.googleapis.com/token", form)
    statuses.append(send(sandbox, POST, {"channel": "sales", "text": "Hi"}).status_code)
    assert (token.json()["token_type"], statuses) == ("Bearer", [401, 401])
    seen = sandbox.seen()
    assert [(sent.preliminary, sent.repeats) for sent in seen] == [(False, None), (True, None), (True, 0)]
    assert "hush" not in seen[1].model_dump_json()


@pytest.mark.parametrize(
    ("failure", "asked", "tries"),
    [("401", 2, 2), ("401", 4, 2), ("401", 3, 3), ("401", 1, 1), ("500", 4, 4)],
)
def test_a_node_that_asks_once_more_after_each_401_has_tried_once(
    sandbox: Sandbox, failure: FailureName, asked: int, tries: int
) -> None:
    calls = [message("one", "sales", "Hi", failure=failure) for _ in range(2)]
    sandbox.begin(calls)
    for _ in range(asked):
        send(sandbox, POST, {"channel": "sales", "text": "Hi"})
    requests = tuple(call.request for call in calls)
    trace = Trace(engine="simulate", status="success", steps={}, requests=requests)
    assert len(requests_of(trace, sandbox.seen())) == tries


def test_secrets_are_not_recorded(sandbox: Sandbox) -> None:
    sandbox.begin([])
    headers = {"authorization": "Bearer hush", "x-api-key": "hush", "cookie": "a=hush", "x-source": "web"}
    send(sandbox, POST, {"text": "Hi"}, **headers)
    (sent,) = sandbox.seen()
    assert sent.headers["x-source"] == "web"
    assert "hush" not in sent.model_dump_json()


def test_a_new_run_forgets_the_one_before(sandbox: Sandbox) -> None:
    sandbox.begin([message("one", "sales", "Hi")])
    send(sandbox, POST, {"channel": "sales", "text": "Hi"})
    sandbox.begin([])
    assert (sandbox.seen(), sandbox.waiting()) == ((), ())


def test_bodies_are_decoded(sandbox: Sandbox) -> None:
    sandbox.begin([])
    url = "https://api.telegram.org/bot1/sendDocument"
    with httpx.Client(trust_env=False, headers={"x-sandbox-url": url}) as client:
        client.post(sandbox.address, data={"chat_id": "7", "tag": ["a", "b"]})
        client.post(sandbox.address, data={"chat_id": "7"}, files={"document": ("a.txt", b"Hello", "text/plain")})
        client.post(sandbox.address, content=b"plain text")
        client.post(sandbox.address, content=b"\xff\xfe")
    bodies = [sent.body for sent in sandbox.seen()]
    assert bodies == [
        {"chat_id": "7", "tag": ["a", "b"]},
        {"chat_id": "7", "document": {"file_name": "a.txt", "type": "text/plain", "data": "Hello"}},
        "plain text",
        {"base64": "//4="},
    ]
