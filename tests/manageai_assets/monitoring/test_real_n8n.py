"""The poller on a real n8n: real workflows that go well, fail, and take their time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from manageai_assets.monitoring.n8n_polling import N8nPoller
from manageai_assets.monitoring.registry import scenarios
from manageai_assets.monitoring.reports import PollReport
from resources.n8n_api import N8nApi, Object
from resources.n8n_install import install, is_installed, server_folder
from resources.n8n_server import N8nServer
from tests.manageai_assets.monitoring.watching import stored

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def n8n() -> Iterator[N8nApi]:
    """A client of a server of the test's own."""
    if not is_installed(server_folder()):
        pytest.skip("no n8n server is installed: `python -m resources.n8n_server` does that")
    with (
        N8nServer(install(), {"N8N_EXPRESSION_ENGINE": "legacy"}) as server,
        N8nApi(server.address, server.make_key("tests"), trust_environment=False) as api,
    ):
        yield api


def workflow(path: str, then: Object) -> Object:
    """A webhook that answers at once, and behind it one node."""
    hook: Object = {
        "name": "Call", "type": "n8n-nodes-base.webhook", "typeVersion": 2.1, "position": [0, 0], "webhookId": path,
        "parameters": {"path": path, "httpMethod": "POST"},
    }  # fmt: skip
    node: Object = {"name": "Then", "typeVersion": 1, "position": [220, 0], **then}
    wires: Object = {"Call": {"main": [[{"node": "Then", "type": "main", "index": 0}]]}}
    return {"name": path, "nodes": [hook, node], "connections": wires, "settings": {}}


def polled(engine: Engine, n8n: N8nApi, later: timedelta) -> PollReport:
    """A tick of the poller, as if it were later."""
    return N8nPoller(engine, n8n, lambda: datetime.now(UTC) + later, datetime.max.replace(tzinfo=UTC)).poll()


def ended(n8n: N8nApi, identifier: str, count: int) -> None:
    """Waits until so many executions of a workflow have ended."""
    for _ in range(100):
        if len(n8n.executions(identifier)) >= count:
            return
        time.sleep(0.1)
    pytest.fail("n8n didn't run what was called")


def test_what_ran_is_read_once_with_its_causes(engine: Engine, n8n: N8nApi) -> None:
    waits: Object = {"type": "n8n-nodes-base.wait", "parameters": {"amount": 3, "unit": "seconds"}}
    nodes: dict[str, Object] = {
        "well": {"type": "n8n-nodes-base.noOp", "parameters": {}},
        "fails": {"type": "n8n-nodes-base.stopAndError", "parameters": {"errorMessage": "the shop is closed"}},
        "waits": {**waits, "typeVersion": 1.1},
    }
    flows = {path: n8n.create(workflow(path, node)) for path, node in nodes.items()}
    for path, identifier in flows.items():
        n8n.activate(identifier)
        for _ in range(2):
            assert n8n.call(path, {}).status == 200
    for path in ("well", "fails"):
        ended(n8n, flows[path], 2)
    first = polled(engine, n8n, timedelta(0))
    assert first.recorded.errors == first.explained == 2
    assert sorted(outcome for _, outcome in stored(engine)) == [
        "error",
        "error",
        "running",
        "running",
        "success",
        "success",
    ]
    ended(n8n, flows["waits"], 2)
    second = polled(engine, n8n, timedelta(minutes=15))
    assert second.recorded.executions == 2
    assert sorted({outcome for _, outcome in stored(engine)}) == ["error", "success"]
    assert polled(engine, n8n, timedelta(minutes=30)).recorded.executions == 0
    with engine.connect() as connection:
        rows = connection.execute(
            text("select distinct error_step, error_message from manageai.executions where outcome = 'error'")
        ).all()
    assert [tuple(row) for row in rows] == [("Then", "the shop is closed")]
    assert {one.name: one.active for one in scenarios(engine, "n8n").values()} == dict.fromkeys(flows, True)
