"""What is wrong with workflows on a real n8n: read by the poller, judged, told once to Slack's fake, and over.

What n8n can't show, the same test over Make's fake does (`tests/manageai_assets/monitoring/test_patterns_on_make.py`):
how much a run handled, what a plan allows, and a scenario that the platform has switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from compilers.documents import members
from manageai_assets.monitoring.detection.failures import Cause
from manageai_assets.monitoring.detection.failures import cause_of as why
from manageai_assets.monitoring.incident_store import incidents
from manageai_assets.monitoring.models import ScenarioKey
from manageai_assets.monitoring.n8n_polling import cause_of
from manageai_assets.monitoring.registry import change
from manageai_assets.settings import read_settings
from resources.n8n_api import Object
from resources.n8n_install import is_installed, server_folder
from tests.fakes.slack import FakeSlack, fake_slack
from tests.live.watched import ACCOUNT, Place, Story, a_place, stops, throws
from tests.manageai_assets.monitoring.patterns import Pattern, play, told

pytestmark = pytest.mark.live

Build = Callable[[Story], None]


def code(story: Story) -> None:
    """It looks things up."""
    story.flow("Orders", [throws()])


def closing(story: Story) -> None:
    """It may stop with an error."""
    story.flow("Orders", stops())


def answered(status: int) -> Build:
    """It asks the shop, which will answer so."""

    def build(story: Story) -> None:
        story.flow("Orders", [story.place.asks("Orders")])
        story.failing["Orders"] = status

    return build


def many(story: Story) -> None:
    """Six of them, that ask the same shop."""
    for name in MANY:
        story.flow(name, [story.place.asks(name)])


def limited(story: Story) -> None:
    """It may run for a second only, and the shop takes longer when it is to fail."""
    story.flow("Orders", [story.place.asks("Orders")], {"executionTimeout": 1})


def expected(story: Story) -> None:
    """It was agreed that it runs at least every quarter of an hour."""
    code(story)
    story.tick()
    change(story.engine, ScenarioKey("n8n", story.flows["Orders"]), cadence_seconds=900)


def off(story: Story) -> None:
    """It is taken off the air, as n8n does by itself when a workflow takes it down again and again."""
    story.place.api.deactivate(story.flows["Orders"])


def on(story: Story) -> None:
    """It is on the air again."""
    story.place.api.activate(story.flows["Orders"])


MANY = tuple(f"Orders {number}" for number in range(6))
PATTERNS: list[Pattern[Story]] = [
    Pattern("error_spike", "high", ":large_orange_circle: Many failures: Orders", ("F.F.F.F.", "F."), code,
            evidence={"step": "Look up", "error": "no stock for A-7 [line 1]"}),
    Pattern("consecutive_failures", "critical", ":red_circle: Nothing succeeds: Orders", ("FFFFF", "F"), closing,
            evidence={"step": "Stop", "error": "the shop is closed", "type": "NodeOperationError"}),
    Pattern("credential_failure", "high", ":large_orange_circle: Account refused: Orders", ("FF", "F"), answered(401),
            evidence={"connection": ACCOUNT, "status": 401, "step": "Ask the shop"}),
    Pattern("credential_failure", "high", ":large_orange_circle: Account refused: Orders", ("FF", "F"), answered(403),
            evidence={"connection": ACCOUNT, "status": 403}),
    Pattern("rate_limit", "high", ":large_orange_circle: Too many calls: Orders", ("FFF", "F"), answered(429),
            evidence={"limit": "app", "status": 429, "connection": ACCOUNT}),
    Pattern("consecutive_failures", "critical", ":red_circle: Nothing succeeds: Orders", ("SSSSS", "S"), limited,
            evidence={"type": "TimeoutExecutionCancelledError"}),
    Pattern("silence", "high", ":large_orange_circle: Doesn't run: Orders", ("", "", ""), expected),
    Pattern("slow_down", "high", ":large_orange_circle: Slow: Orders", ("SSSSSS", "S"), answered(200),
            before=("." * 24,), pause=100, well="......"),
    Pattern("switched_off", "critical", ":red_circle: Switched off: Orders", ("FF", "", ""), closing,
            between=off, mend=on, evidence={"step": "Stop", "failures": 2}),
    Pattern("platform_outage", "critical", ":red_circle: Many scenarios down: n8n", ("FF", "FF"), many, names=MANY),
]  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A server for all of them: each story is a month later than the one before."""
    if not is_installed(server_folder()):
        pytest.skip("no n8n server is installed: `python -m resources.n8n_server` does that")
    with a_place() as running:
        yield running


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """Slack's fake."""
    with fake_slack() as running:
        yield running


@pytest.fixture
def story(
    place: Place, engine: Engine, slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Story]:
    """A watched place with no workflows yet, at the beginning of a window."""
    monkeypatch.setenv("N8N_API_URL", place.api.address)
    monkeypatch.setenv("N8N_API_KEY", "the poller of the story has its own")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.address.get_secret_value())
    noon = (place.clock() + timedelta(days=30)).replace(
        hour=12, minute=0, second=0, microsecond=0
    )  # far from the digest
    place.clock.put(noon)
    yield (running := Story(place, engine, read_settings(tmp_path / "none.env"), noon))
    for identifier in running.flows.values():
        place.api.delete(identifier)


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_a_pattern_is_found_told_once_counted_and_over(story: Story, slack: FakeSlack, pattern: Pattern[Story]) -> None:
    play(pattern, story, slack)


def test_a_server_that_is_gone_is_told_once_and_over_when_it_is_back(story: Story, slack: FakeSlack) -> None:
    code(story)
    story.window(0, {"Orders": "..."})
    with story.place.gone():
        for number in (1, 2, 3):
            story.over(number)
        assert told(story.engine) == [("poll_failure", "high", "open")]
        assert incidents(story.engine)[0].what.endswith("minutes: n8n can't be reached")
    for number in range(4, 8):
        story.window(number, {"Orders": "..."})
    assert told(story.engine) == [("poll_failure", "high", "resolved")]
    assert slack.texts == [
        ":large_orange_circle: Can't be watched: n8n",
        ":large_green_circle: Resolved: Can't be watched: n8n",
    ]


def test_what_a_person_stops_is_no_failure(story: Story, slack: FakeSlack) -> None:
    story.flow("Orders", [story.place.asks("Orders")])
    story.window(0, {"Orders": "..."})
    story.place.shop.seconds["Orders"] = 3.0
    for _ in range(6):
        story.call("Orders")
    api, identifier = story.place.api, story.flows["Orders"]
    for row in api.history(workflow=identifier, status="running"):
        api.stop_execution(str(row["id"]))
    story.wait()
    story.over(1)
    with story.engine.connect() as connection:
        rows = connection.execute(text("select outcome, count(*) from manageai.executions group by 1 order by 1"))
        assert [tuple(row) for row in rows] == [("success", 3), ("warning", 6)]
    assert slack.texts == []


@pytest.fixture
def nodes(story: Story) -> Mapping[str, Object]:
    """Nodes that fail, by what is wrong with them."""
    place = story.place
    place.shop.seconds["late"] = 1.0
    asked = place.asks("x")
    inner = story.flow("part", [place.asks("part")], part=True)
    place.shop.answers |= {"part": 403, "busy": 503, "secret": 401}
    js = f"return await this.helpers.httpRequest({{ url: '{place.shop.address}/secret' }})"
    return {
        "nobody answers": {**asked, "parameters": {**members(asked["parameters"]), "url": "http://127.0.0.1:9/x"}},
        "no such host": {**asked, "parameters": {**members(asked["parameters"]), "url": "http://nowhere.invalid/x"}},
        "too late": place.asks("late", timeout=300),
        "busy": place.asks("busy"),
        "deleted account": {**asked, "credentials": {"httpHeaderAuth": {"id": "gone", "name": "Old shop"}}},
        "refused in code": {**throws(), "parameters": {"jsCode": js}},
        "refused in a part": {
            "name": "Do the part", "type": "n8n-nodes-base.executeWorkflow", "typeVersion": 1.2,
            "parameters": {"workflowId": {"__rl": True, "mode": "id", "value": inner},
                           "workflowInputs": {"mappingMode": "defineBelow", "value": {}}},
        },
    }  # fmt: skip


CAUSES: Mapping[str, tuple[Cause, int | None, str]] = {
    "nobody answers": ("unavailable", None, ACCOUNT),
    "no such host": ("unavailable", None, ACCOUNT),
    "too late": ("timeout", None, ACCOUNT),
    "busy": ("unavailable", 503, ACCOUNT),
    "deleted account": ("credentials", None, "Old shop"),
    "refused in code": ("credentials", None, ""),
    "refused in a part": ("credentials", 403, ACCOUNT),
}
"""What is wrong, and what it is found to be: the cause, the status, and the account."""


def test_n8ns_errors_are_understood(story: Story, nodes: Mapping[str, Object]) -> None:
    for name, node in nodes.items():
        story.flow(name.replace(" ", "-"), [node])
        story.call(name.replace(" ", "-"))
    story.wait()
    found: dict[str, tuple[Cause, int | None, str]] = {}
    for name in nodes:
        (identifier,) = story.place.api.executions(story.flows[name.replace(" ", "-")])
        error = cause_of(story.place.api.execution(identifier))
        found[name] = (why(error), error.status, error.connection)
    assert found == CAUSES
