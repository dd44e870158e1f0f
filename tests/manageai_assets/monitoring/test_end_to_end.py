"""From runs on the platforms' fakes to Slack's: read, summed up, judged, told once, and over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from manageai_assets.monitoring.alerts.notice import Places
from manageai_assets.monitoring.alerts.outbox import deliver
from manageai_assets.monitoring.alerts.slack import SlackWebhook
from manageai_assets.monitoring.alerts.wanted import Addressees
from manageai_assets.monitoring.incident_store import incidents
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import WINDOW, window_of
from manageai_assets.monitoring.snapshots import due_windows, make_snapshots
from tests.fakes.make.faults import Fault
from tests.fakes.slack import FakeSlack, fake_slack
from tests.manageai_assets.monitoring.watching import watched_make, watched_n8n

ADDRESSEES = Addressees(("slack",), Places("eu1", 4))


def judged(engine: Engine, slack: FakeSlack, now: datetime) -> None:
    """What the job and the sensor do with the windows that are due at a moment."""
    starts = [start for start, _ in due_windows(engine, now)] or [window_of(now) - WINDOW]
    make_snapshots(engine, starts, now)
    judge_windows(engine, starts, now, ADDRESSEES)
    deliver(engine, {"slack": SlackWebhook(slack.address)}, lambda: now)


def test_a_refused_account_on_make(engine: Engine) -> None:
    with fake_slack() as slack, watched_make(engine) as make:
        orders = make.scenario("Orders")
        for window in range(8):
            for minute in (2, 7, 12):
                make.ran(orders, 15 * window + minute, failed=3 <= window < 5)
            make.tick_at(15 * window + 15)
            judged(engine, slack, make.clock())
            if window == 3:  # in the window in which it began
                assert slack.texts == [":large_orange_circle: Account refused: Orders"]
    assert "Send a message" in str(slack.posted[0])
    assert "https://eu1.make.com/4/scenarios/" in str(slack.posted[0])
    assert slack.texts[1:] == [
        ":red_circle: Worse: Account refused: Orders",
        ":large_green_circle: Resolved: Account refused: Orders",
    ]
    assert [(one.kind, one.status) for one in incidents(engine, resolved=True)] == [("credential_failure", "resolved")]


def test_failing_workflows_on_n8n(engine: Engine) -> None:
    with fake_slack() as slack, watched_n8n(engine) as n8n:
        flows = [n8n.workflow(f"Flow {number}") for number in range(3)]
        for window in range(8):
            for number, flow in enumerate(flows):
                for minute in (1, 4, 8, 12):
                    bad = number == 0 and window in (3, 4)
                    n8n.ran(flow, 15 * window + minute, "error" if bad else "success")
            n8n.tick_at(15 * window + 15)
            judged(engine, slack, n8n.clock())
    assert slack.texts == [
        ":large_orange_circle: Many failures: Flow 0",
        ":red_circle: Nothing succeeds: Flow 0",
        ":large_green_circle: Resolved: Nothing succeeds: Flow 0",
    ]


def test_a_make_that_cant_be_read_is_one_alert(engine: Engine) -> None:
    with fake_slack() as slack, watched_make(engine) as make:
        names = [make.scenario(f"Scenario {number}") for number in range(6)]
        for minute in range(0, 240, 5):
            for scenario in names if minute % 15 == 5 else ():
                make.ran(scenario, minute - 1)
            if minute == 60:
                make.fake.fail(Fault("status", 503), times=10_000)
            if minute == 120:
                make.fake.faults.clear()
            make.tick_at(minute)
            if minute % 15 == 0:
                judged(engine, slack, make.clock())
    assert slack.texts == [
        ":large_orange_circle: Can't be watched: Make",
        ":large_green_circle: Resolved: Can't be watched: Make",
    ]
    assert [one.kind for one in incidents(engine, resolved=True)] == ["poll_failure"]
