"""The client of n8n's API: the same tests on the fake and on a real server, and what goes wrong on the fake alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue, SecretStr

from compilers.errors import UserError
from resources.n8n_api import (
    N8nApi,
    N8nApiError,
    N8nConflictError,
    N8nNotFoundError,
    N8nRefusedError,
    N8nUnauthorisedError,
    N8nUnavailableError,
    Retries,
    has_data,
)
from resources.n8n_install import install, is_installed, server_folder
from resources.n8n_server import N8nServer
from tests.fakes.n8n import FakeN8n, fake_n8n

Json = dict[str, JsonValue]


@dataclass(frozen=True)
class Place:
    """A server, and the key that it takes."""

    address: str
    key: SecretStr


@pytest.fixture(scope="module", params=["fake", pytest.param("real", marks=pytest.mark.live)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The fake, or a real server."""
    with ExitStack() as stack:
        if request.param == "fake":
            fake = stack.enter_context(fake_n8n())
            yield Place(fake.address, fake.key)
            return
        if not is_installed(server_folder()):
            pytest.skip("no n8n server is installed: `python -m resources.n8n_server` does that")
        server = stack.enter_context(N8nServer(install(), {"N8N_EXPRESSION_ENGINE": "legacy"}))
        yield Place(server.address, server.make_key("tests"))


@pytest.fixture
def n8n(place: Place) -> Iterator[N8nApi]:
    """A client; what a test leaves behind is removed."""
    with N8nApi(place.address, place.key, trust_environment=False) as api:
        yield api
        for workflow in list(api.workflows()):
            api.delete(str(workflow["id"]))


def workflow(path: str, name: str = "Orders", *, fails: bool = False) -> Json:
    """A webhook, and behind it a node that fails, if it shall."""
    hook: Json = {
        "name": "Call", "type": "n8n-nodes-base.webhook", "typeVersion": 2.1, "position": [0, 0], "webhookId": path,
        "parameters": {"path": path, "httpMethod": "POST"},
    }  # fmt: skip
    stop: Json = {
        "name": "Stop", "type": "n8n-nodes-base.stopAndError", "typeVersion": 1, "position": [220, 0],
        "parameters": {"errorType": "errorMessage", "errorMessage": "no"},
    }  # fmt: skip
    wires: Json = {"Call": {"main": [[{"node": "Stop", "type": "main", "index": 0}]]}}
    nodes: list[JsonValue] = [hook, stop] if fails else [hook]
    return {"name": name, "nodes": nodes, "connections": wires if fails else {}, "settings": {}}


def ran(n8n: N8nApi, identifier: str, path: str, times: int) -> tuple[str, ...]:
    """The executions after so many calls of a webhook, when all have ended."""
    for _ in range(times):
        assert n8n.call(path, {"a": 1}).status == 200
    deadline = time.monotonic() + 20
    while len(found := n8n.executions(identifier)) < times and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


# -- on both -------------------------------------------------------------------------------------------------------


def test_a_workflow_comes_changes_and_goes(n8n: N8nApi) -> None:
    exported = {**workflow("orders"), "active": True, "id": "7", "tags": [], "meta": None, "versionId": "v"}
    identifier = n8n.create(exported)
    assert (n8n.workflow(identifier)["name"], n8n.workflow(identifier)["active"]) == ("Orders", False)
    n8n.activate(identifier)
    n8n.update(identifier, workflow("orders", "Orders of today"))
    assert (n8n.workflow(identifier)["name"], n8n.workflow(identifier)["active"]) == ("Orders of today", True)
    n8n.deactivate(identifier)
    assert n8n.call("orders", {}).status == 404
    n8n.delete(identifier)
    with pytest.raises(N8nNotFoundError):
        n8n.workflow(identifier)


def test_workflows_are_found(n8n: N8nApi) -> None:
    first, second = n8n.create(workflow("one", "One")), n8n.create(workflow("two", "Two"))
    n8n.activate(second)
    assert {str(one["id"]) for one in n8n.workflows()} == {first, second}
    assert [one["name"] for one in n8n.workflows(active=True)] == ["Two"]
    assert [one["name"] for one in n8n.workflows(active=False)] == ["One"]
    assert [one["name"] for one in n8n.workflows(name="One")] == ["One"]


def test_executions_come_page_by_page_newest_first(n8n: N8nApi) -> None:
    first, second = n8n.create(workflow("one", "One")), n8n.create(workflow("two", "Two"))
    n8n.activate(first)
    n8n.activate(second)
    ones, twos = ran(n8n, first, "one", 3), ran(n8n, second, "two", 2)
    assert [one["id"] for one in n8n.history(page=2)] == [*twos, *ones]
    assert [one["id"] for one in n8n.history(workflow=first, page=1)] == [*ones]
    assert list(n8n.history(workflow=first, status="error")) == []
    assert list(n8n.history(since=datetime(2100, 1, 1, tzinfo=UTC))) == []
    assert [one["id"] for one in n8n.history(until=datetime(2100, 1, 1, tzinfo=UTC))] == [*twos, *ones]
    assert "data" not in next(n8n.history())
    assert "data" in n8n.execution(ones[0])


def test_what_has_ended_well_is_not_repeated_or_stopped_but_deleted(n8n: N8nApi) -> None:
    identifier = n8n.create(workflow("one"))
    n8n.activate(identifier)
    (execution,) = ran(n8n, identifier, "one", 1)
    with pytest.raises(N8nConflictError, match="cannot be retried"):
        n8n.retry(execution)
    with pytest.raises(N8nConflictError, match="Only running"):
        n8n.stop_execution(execution)
    n8n.delete_execution(execution)
    assert n8n.executions(identifier) == ()
    with pytest.raises(N8nNotFoundError):
        n8n.delete_execution(execution)


def test_a_webhook_that_is_taken_is_a_conflict(n8n: N8nApi) -> None:
    first, second = n8n.create(workflow("same")), n8n.create(workflow("same"))
    n8n.activate(first)
    with pytest.raises(N8nConflictError, match="change it") as raised:
        n8n.activate(second)
    assert raised.value.where.endswith(f"/workflows/{second}/activate")


def test_a_refusal_holds_what_n8n_said(n8n: N8nApi) -> None:
    twice = workflow("one")
    twice["nodes"] = [*workflow("one")["nodes"], *workflow("one")["nodes"]]  # type: ignore[misc]
    with pytest.raises(N8nRefusedError, match=r'nodes\[1\].name .*Duplicate node name "Call"') as raised:
        n8n.create(twice)
    assert raised.value.status == 400
    with pytest.raises(N8nRefusedError, match="connections"):
        n8n.create({"name": "Nothing", "nodes": [], "settings": {}})


def test_credentials(n8n: N8nApi) -> None:
    assert set(n8n.credential_schema("httpHeaderAuth")["properties"]) >= {"name", "value"}  # type: ignore[arg-type]
    identifier = n8n.create_credential("httpHeaderAuth", {"name": "X-Key", "value": "made-up"})
    n8n.delete_credential(identifier)
    with pytest.raises(N8nNotFoundError):
        n8n.delete_credential(identifier)
    with pytest.raises(N8nNotFoundError):
        n8n.credential_schema("nope")
    with pytest.raises(N8nRefusedError, match="nope"):
        n8n.create_credential("httpHeaderAuth", {"nope": 1})


@pytest.mark.parametrize("key", [None, SecretStr("another-key")])
def test_a_wrong_key_is_said(place: Place, key: SecretStr | None) -> None:
    with N8nApi(place.address, key, trust_environment=False) as n8n, pytest.raises(N8nUnauthorisedError) as raised:
        next(n8n.workflows())
    assert "another-key" not in str(raised.value)
    assert "N8N_API_KEY" in raised.value.hint


def test_an_address_may_name_the_api(place: Place) -> None:
    with N8nApi(f"{place.address}/api/v1/", place.key, trust_environment=False) as n8n:
        assert n8n.address == place.address
        assert list(n8n.workflows()) == []


def test_ids_never_leave_their_place_in_the_path(n8n: N8nApi) -> None:
    with pytest.raises(N8nApiError):
        n8n.workflow("../executions")


# -- on the fake ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """The fake, a client that doesn't really wait, and the pauses that it would have made."""

    fake: FakeN8n
    n8n: N8nApi
    pauses: list[float]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A fake of its own."""
    pauses: list[float] = []
    with (
        fake_n8n() as fake,
        N8nApi(
            fake.address, fake.key, timeout=0.3, trust_environment=False, sleep=pauses.append, chance=lambda: 0.5
        ) as n8n,
    ):
        yield Bench(fake, n8n, pauses)


@pytest.mark.parametrize("status", [429, 500, 503, None])
def test_reading_is_tried_again(bench: Bench, status: int | None) -> None:
    bench.fake.fail(status, times=2)
    assert list(bench.n8n.workflows()) == []
    assert bench.pauses == [0.5, 1.0]


def test_reading_gives_up_in_the_end(bench: Bench) -> None:
    bench.fake.fail(503, times=9)
    with pytest.raises(N8nUnavailableError, match="503: not now"):
        list(bench.n8n.workflows())
    assert len(bench.fake.calls) == Retries().times + 1


def test_a_retry_after_is_kept_unless_it_is_too_long(bench: Bench) -> None:
    bench.fake.fail(429, headers={"retry-after": "7"})
    assert list(bench.n8n.workflows()) == []
    assert bench.pauses == [7.0]
    bench.fake.fail(429, headers={"retry-after": "3600"})
    with pytest.raises(N8nUnavailableError):
        list(bench.n8n.workflows())
    assert bench.pauses == [7.0]


@pytest.mark.parametrize("status", [429, 500, None])
def test_nothing_else_is_sent_twice(bench: Bench, status: int | None) -> None:
    bench.fake.fail(status)
    with pytest.raises(N8nUnavailableError):
        bench.n8n.create(workflow("one"))
    assert len(bench.fake.calls) == 1
    assert bench.fake.workflows == {}


def test_a_webhook_is_called_once_and_never_sees_the_key(bench: Bench) -> None:
    bench.fake.fail(None)
    with pytest.raises(N8nUnavailableError):
        bench.n8n.call("one", {})
    assert bench.n8n.call("one", {}).status == 404
    assert [path for _, path, _ in bench.fake.calls] == ["/webhook/one", "/webhook/one"]
    assert not any("x-n8n-api-key" in headers for _, _, headers in bench.fake.calls)


def test_no_answer_in_time(bench: Bench) -> None:
    bench.fake.fail(200, times=9, seconds=0.5)
    with pytest.raises(N8nUnavailableError, match="in time") as raised:
        bench.n8n.delete("w1")
    assert raised.value.__context__ is None  # the one of httpx holds the request, and with it the key


def test_a_server_that_is_down() -> None:
    with fake_n8n() as fake:
        address = fake.address
    pauses: list[float] = []
    n8n = N8nApi(address, SecretStr("secret-key"), trust_environment=False, sleep=pauses.append)
    with n8n, pytest.raises(N8nUnavailableError, match="can't be reached"):
        list(n8n.workflows())
    assert len(pauses) == Retries().times


def test_what_is_no_answer_of_n8n(bench: Bench) -> None:
    bench.fake.fail(200, body="<html>Sign in</html>")
    with pytest.raises(N8nRefusedError, match="no answer of n8n's API"):
        list(bench.n8n.workflows())
    bench.fake.fail(302, headers={"location": "https://login.example/"})
    with pytest.raises(N8nApiError, match="leads elsewhere"):
        list(bench.n8n.workflows())


def test_an_error_never_holds_the_key(bench: Bench) -> None:
    secret = bench.fake.key.get_secret_value()
    bench.fake.fail(400, body=f'{{"message": "bad key {secret}"}}')
    with pytest.raises(N8nRefusedError, match="secret removed") as raised:
        bench.n8n.delete("w1")
    assert secret not in f"{raised.value!r} {raised.value} {vars(raised.value)} {bench.n8n!r}"


@pytest.mark.parametrize("key", ["with\nline", "schlüssel"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(UserError, match="isn't one") as raised:
        N8nApi("https://n8n.example", SecretStr(key))
    assert key not in str(raised.value)


def test_many_executions_of_many_workflows_by_cursor(bench: Bench) -> None:
    for number in range(601):
        bench.fake.ran(f"w{number % 40}", "error" if number % 3 == 0 else "success")
    assert len({str(one["id"]) for one in bench.n8n.history()}) == 601
    assert len([path for _, path, _ in bench.fake.calls if path == "/api/v1/executions"]) == 3
    assert len(list(bench.n8n.history(status="error"))) == 201


def test_a_cursor_that_comes_again_ends_the_list(bench: Bench) -> None:
    page = '{"data": [{"id": "1"}], "nextCursor": "same"}'
    bench.fake.fail(200, times=9, body=page)
    assert [one["id"] for one in bench.n8n.history()] == ["1", "1"]


def test_a_failed_execution_is_tried_again_and_a_running_one_stopped(bench: Bench) -> None:
    bench.fake.ran("w1", "error")
    assert bench.n8n.retry("1")["retryOf"] == "1"
    bench.fake.ran("w1", "running")
    assert [one["id"] for one in bench.n8n.history()] == ["2", "1"]
    assert [one["id"] for one in bench.n8n.history(status="running")] == ["3"]
    assert bench.n8n.executions("w1") == ("2", "1")
    assert bench.n8n.stop_execution("3")["status"] == "canceled"


@pytest.mark.parametrize(
    ("execution", "there"),
    [
        ({"id": "1", "status": "success"}, False),
        ({"data": {"resultData": {"runData": {}}}}, False),
        ({"data": None}, False),
        ({"data": {"resultData": {"runData": {"Call": [{}]}}}}, True),
        ({"data": {"resultData": {"runData": {}, "error": {"message": "no trigger"}}}}, True),
    ],
)
def test_data_are_there_when_a_node_has_run_or_none_could(execution: Json, there: bool) -> None:
    assert has_data(execution) is there
