"""Reading what ran on n8n, against the fake: all workflows at once, nothing twice, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from manageai_assets.monitoring.models import ScenarioKey
from manageai_assets.monitoring.n8n_polling import cause_of
from manageai_assets.monitoring.polling import platform_trouble
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, cursors_of
from manageai_assets.monitoring.registry import scenarios
from tests.fakes.n8n import Object
from tests.manageai_assets.monitoring.watching import BEGIN, WatchedN8n, stored, touched, watched_n8n

ERROR: Object = {
    "name": "NodeApiError", "message": "Authorization failed", "description": "invalid_auth", "httpCode": "401",
    "node": {"name": "Send Slack", "credentials": {"slackApi": {"id": "7", "name": "Slack of Acme"}}},
}  # fmt: skip


@pytest.fixture
def n8n(engine: Engine) -> Iterator[WatchedN8n]:
    """A watched server."""
    with watched_n8n(engine) as watched:
        yield watched


def paths(n8n: WatchedN8n) -> list[str]:
    """The paths that were called, in order."""
    return [path for _, path, _ in n8n.fake.calls]


def test_what_ran_is_stored_once_with_the_cause_of_a_failure(n8n: WatchedN8n, engine: Engine) -> None:
    flow, other = n8n.workflow("Orders"), n8n.workflow("Invoices", active=False)
    good, bad = n8n.ran(flow, -30), n8n.ran(other, -20, "error", seconds=4)
    n8n.fake.errors[bad] = ERROR
    report = n8n.tick_at(1)
    assert (report.recorded.executions, report.recorded.errors, report.explained) == (2, 1, 1)
    assert stored(engine) == [(good, "success"), (bad, "error")]
    with engine.connect() as connection:
        row = connection.execute(text("select * from manageai.executions where outcome = 'error'")).one()
    assert (row.error_type, row.error_status, row.error_step, row.error_connection) == (
        "NodeApiError", 401, "Send Slack", "Slack of Acme",
    )  # fmt: skip
    assert row.error_message == "Authorization failed: invalid_auth"
    assert row.duration_ms == 4000
    assert {one.name: one.active for one in scenarios(engine).values()} == {"Orders": True, "Invoices": False}
    again = n8n.tick_at(16)
    assert (again.recorded.executions, again.explained) == (0, 0)
    assert paths(n8n).count(f"/api/v1/executions/{bad}") == 1


def test_it_is_read_once_in_a_window(n8n: WatchedN8n) -> None:
    n8n.workflow()
    n8n.tick_at(1)
    calls = len(n8n.fake.calls)
    n8n.tick_at(14)
    assert len(n8n.fake.calls) == calls
    n8n.tick_at(15)
    assert len(n8n.fake.calls) > calls


def test_a_run_that_is_still_on_is_completed_when_it_has_ended(n8n: WatchedN8n, engine: Engine) -> None:
    flow = n8n.workflow()
    long, short = n8n.ran(flow, 0, "running"), n8n.ran(flow, 2)
    n8n.tick_at(5)
    assert stored(engine) == [(long, "running"), (short, "success")]
    for window in range(1, 30):
        n8n.ran(flow, 15 * window - 1)
        n8n.tick_at(15 * window)
    n8n.fake.ends(long, "error", BEGIN + timedelta(minutes=440))
    n8n.tick_at(450)
    assert stored(engine)[0] == (long, "error")


def test_a_run_that_was_on_and_left_no_record_went_well(n8n: WatchedN8n, engine: Engine) -> None:
    flow = n8n.workflow()
    gone = n8n.ran(flow, 0, "running")
    n8n.tick_at(1)
    n8n.fake.executions.clear()
    n8n.tick_at(15)
    assert stored(engine) == [(gone, "success")]


def test_runs_from_the_editor_are_left_out(n8n: WatchedN8n, engine: Engine) -> None:
    n8n.fake.ran(n8n.workflow(), "error", started=BEGIN, mode="manual")
    n8n.tick_at(1)
    assert stored(engine) == []


def test_a_day_of_absence_is_made_good(n8n: WatchedN8n, engine: Engine) -> None:
    flows = [n8n.workflow(f"Flow {number}") for number in range(2)]
    n8n.ran(flows[0], -1)
    n8n.tick_at(0)
    for minute in range(1, 24 * 60, 2):
        n8n.ran(flows[minute % 3 % 2], minute)
    n8n.tick_at(24 * 60)
    assert len(stored(engine)) == 1 + len(range(1, 24 * 60, 2))
    assert len(set(touched(engine))) == 96 + 4


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, ""), (401, ""), (429, ""), (None, ""), (200, "<html>a proxy's page</html>"), (200, '{"message": "hello"}'),
     (200, '{"data": [{"id": 7}], "nextCursor": null}'), (200, '{"data": [')],
)  # fmt: skip
def test_a_platform_that_cant_be_read_is_one_trouble_and_loses_nothing(
    n8n: WatchedN8n, engine: Engine, status: int | None, body: str
) -> None:
    flow = n8n.workflow()
    n8n.tick_at(0)
    runs = [n8n.ran(flow, minute) for minute in range(1, 40, 4)]
    n8n.fake.fail(status, times=10_000, body=body)
    calls = len(n8n.fake.calls)
    for minute in range(15, 45):
        n8n.tick_at(minute)
    assert len(n8n.fake.calls) - calls < 60, "a platform in trouble is left alone"
    found = platform_trouble("n8n", cursors_of(engine, "n8n").get(WHOLE_PLATFORM), n8n.clock())
    assert found is not None
    assert found.kind == "poll_failure"
    n8n.fake.faults.clear()
    for minute in range(45, 90, 5):
        n8n.tick_at(minute)
    assert [identifier for identifier, _ in stored(engine)] == runs
    assert platform_trouble("n8n", cursors_of(engine, "n8n").get(WHOLE_PLATFORM), n8n.clock()) is None


@pytest.mark.parametrize("ahead", [-90, 90], ids=["ours is behind", "ours is ahead"])
def test_clocks_that_differ_lose_nothing(n8n: WatchedN8n, engine: Engine, ahead: int) -> None:
    flow = n8n.workflow()
    runs = []
    for window in range(12):
        runs.append(n8n.ran(flow, 15 * window + 3))
        n8n.tick_at(15 * window + ahead)
    n8n.tick_at(15 * 12 + ahead)
    assert [identifier for identifier, _ in stored(engine)] == runs


def test_a_workflow_that_no_list_has_shown_is_added(n8n: WatchedN8n, engine: Engine) -> None:
    n8n.fake.ran("deleted", "error", started=BEGIN)
    n8n.tick_at(1)
    assert [one.key for one in scenarios(engine).values()] == [ScenarioKey("n8n", "deleted")]


def test_the_cause_of_an_execution_without_data_is_empty() -> None:
    assert (cause_of({}).type, cause_of({}).message, cause_of({}).status) == ("", "", None)


SOCKET: Object = {
    "name": "NodeApiError", "httpCode": "ECONNABORTED", "message": "The connection was aborted",
    "messages": ["timeout of 500ms exceeded", "timeout of 500ms exceeded"],
}  # fmt: skip
OF_A_PART: Object = {
    "name": "NodeOperationError", "message": "Forbidden", "messages": [],
    "errorResponse": {"name": "NodeApiError", "httpCode": "403"},
}  # fmt: skip
ANSWERED: Object = {"name": "NodeApiError", "httpCode": "401", "message": "no", "messages": ['401 - "{...}"']}


@pytest.mark.parametrize(
    ("error", "kind", "message", "status"),
    [
        (SOCKET, "NodeApiError", "The connection was aborted: timeout of 500ms exceeded", None),
        (OF_A_PART, "NodeOperationError", "Forbidden", 403),
        (ANSWERED, "NodeApiError", "no", 401),
        (None, "TimeoutExecutionCancelledError", "it took longer than the workflow's time limit", None),
    ],
    ids=["no answer", "in a sub-workflow", "an answer", "ended by n8n"],
)
def test_what_a_real_n8n_says_of_a_failure(error: Object | None, kind: str, message: str, status: int | None) -> None:
    document: Object = {"status": "error" if error else "canceled", "data": {"resultData": {"error": error}}}
    found = cause_of(document)
    assert (found.type, found.message, found.status) == (kind, message, status)


def test_what_a_person_stopped_is_no_failure(n8n: WatchedN8n, engine: Engine) -> None:
    flow = n8n.workflow()
    for minute, name in ((1, "ManualExecutionCancelledError"), (2, "TimeoutExecutionCancelledError")):
        identifier = n8n.ran(flow, minute, "canceled")
        n8n.fake.errors[identifier] = {"name": name, "message": "it was cancelled"}
    n8n.tick_at(15)
    assert [outcome for _, outcome in stored(engine)] == ["warning", "error"]
