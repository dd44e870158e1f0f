"""What is wrong with scenarios on Make, whose runs have the consequences that they have there: read within the smallest
plan's calls, judged, told once to Slack's fake, and over. `tests/live/test_watching.py` does it on a real n8n."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine

from manageai_assets.monitoring.incident_store import incidents
from manageai_assets.monitoring.models import WINDOW, ScenarioKey
from manageai_assets.monitoring.registry import change
from manageai_assets.settings import Settings, read_settings
from tests.fakes.make.faults import Fault
from tests.fakes.make.records import ErrorOfRun, Object, Outcome
from tests.fakes.make.world import TEAM
from tests.fakes.slack import FakeSlack, fake_slack
from tests.manageai_assets.monitoring.patterns import ORDERS, Pattern, after_tick, play, told
from tests.manageai_assets.monitoring.watching import BEGIN, WatchedMake, watched_make
from tests.resources.make_fixtures import plain_blueprint

DAY = timedelta(days=1)
REFUSED = ErrorOfRun("AccountValidationError", "[401] Invalid token", "Send a message", "slack")
FORBIDDEN = ErrorOfRun("RuntimeError", "[403] Forbidden", "Create a deal", "pipedrive")
LIMITED = ErrorOfRun("RateLimitError", "[429] Too many requests", "Search rows", "google-sheets")
USED_UP = ErrorOfRun("OperationsLimitExceededError", "Operations limit exceeded.")
BROKEN = ErrorOfRun("RuntimeError", "Function 'toNumber' not found!", "Set fields", "util")
DOWN = ErrorOfRun("ConnectionError", "503 Service Unavailable", "Add a row", "google-sheets")


@dataclass
class OnMake:
    """Scenarios that run as their courses say: `.` well, `F` not, `S` slowly, `L` with hardly any bundle."""

    make: WatchedMake
    engine: Engine
    settings: Settings
    scenarios: dict[str, int] = field(default_factory=dict)
    """Ids by name."""
    error: ErrorOfRun = BROKEN
    mark: str = "."

    def __post_init__(self) -> None:
        self.make.fake.world.execute = self._execute

    def scenario(self, name: str, **settings: JsonValue) -> int:
        """A new scenario with these of Make's settings."""
        blueprint: Object = {**plain_blueprint(name=name), "metadata": {"version": 1, "scenario": {**settings}}}
        made = self.make.fake.world.add_scenario(blueprint, active=True)
        self.scenarios[name] = made.id
        return made.id

    def _execute(self, _blueprint: Object, _bundle: JsonValue) -> Outcome:
        match self.mark:
            case "F":
                return Outcome("error", 2, 2.0, error=self.error)
            case "S":
                return Outcome("success", 11, 30.0)
            case "L":
                return Outcome("success", 1, 2.0)
        return Outcome("success", 11, 2.0)

    def window(self, number: int, courses: Mapping[str, str]) -> None:
        """One window: each scenario that Make lets run does so, spread over it; then it is over."""
        world, begin = self.make.fake.world, BEGIN + WINDOW * number
        longest = max(map(len, courses.values()), default=0)
        for place in range(longest):
            self.make.clock.moment = begin + WINDOW * 0.8 * (place + 0.5) / longest
            for name, course in courses.items():
                scenario = world.scenarios[self.scenarios[name]]
                if place < len(course) and scenario.active:
                    self.mark = course[place]
                    world.run(scenario, None, manual=False)
        self.over(number)

    def over(self, number: int) -> None:
        """The window has ended."""
        self.make.clock.moment = BEGIN + WINDOW * (number + 1) + timedelta(seconds=1)
        self.tick()

    def tick(self) -> None:
        """What the sensor over Make does, and what follows."""
        self.make.tick()
        after_tick(self.engine, self.settings, "make", self.make.clock)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """Slack's fake."""
    with fake_slack() as running:
        yield running


@pytest.fixture
def story(engine: Engine, slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnMake]:
    """A watched team on the smallest plan with an API: 60 calls a minute."""
    with watched_make(engine, plan="Core") as make:
        make.per_minute = 60
        settings = {"MAKE_API_KEY": "k", "MAKE_TEAM_ID": str(TEAM), "MAKE_ZONE": "eu1"}
        for name, value in {**settings, "SLACK_WEBHOOK_URL": slack.address.get_secret_value()}.items():
            monkeypatch.setenv(name, value)
        yield OnMake(make, engine, read_settings(tmp_path / "none.env"))


def failing(error: ErrorOfRun, most: int = 100) -> Callable[[OnMake], None]:
    """It fails so, and Make lets it do so that often in a row."""

    def build(story: OnMake) -> None:
        story.scenario(ORDERS, maxErrors=most)
        story.error = error

    return build


def expected(story: OnMake) -> None:
    """It was agreed that it runs at least every quarter of an hour."""
    identifier = story.scenario(ORDERS)
    story.tick()
    change(story.engine, ScenarioKey("make", str(identifier)), cadence_seconds=900)


def many(story: OnMake) -> None:
    """Six of them use the same app."""
    for name in MANY:
        story.scenario(name, maxErrors=100)
    story.error = DOWN


def on(story: OnMake) -> None:
    """It is switched on again."""
    world = story.make.fake.world
    world.start(world.scenarios[story.scenarios[ORDERS]])


def burning(story: OnMake) -> None:
    """Half of the plan's month is over, and nine tenths of its 10,000 operations will be used when the windows are: at
    600 a day the rest lasts for less than two days."""
    scenario = story.scenario(ORDERS)
    world = story.make.fake.world
    world.next_reset = (BEGIN + 15 * DAY).timestamp()
    world.scenarios[scenario].used["operations"] = 2_000


def used(operations: int) -> Callable[[OnMake], None]:
    """So many of the plan's operations are used."""

    def use(story: OnMake) -> None:
        story.make.fake.world.scenarios[story.scenarios[ORDERS]].used["operations"] = operations

    return use


MANY = tuple(f"Orders {number}" for number in range(6))
PATTERNS: list[Pattern[OnMake]] = [
    Pattern("error_spike", "high", ":large_orange_circle: Many failures: Orders", ("F.F.F.F.", "F."), failing(BROKEN),
            {"step": "Set fields", "type": "RuntimeError"}),
    Pattern("consecutive_failures", "critical", ":red_circle: Nothing succeeds: Orders", ("FFFFF", "F"),
            failing(BROKEN), {"step": "Set fields"}),
    Pattern("credential_failure", "high", ":large_orange_circle: Account refused: Orders", ("FF", "F"),
            failing(REFUSED), {"status": 401, "connection": "slack", "step": "Send a message"}),
    Pattern("credential_failure", "high", ":large_orange_circle: Account refused: Orders", ("FF", "F"),
            failing(FORBIDDEN), {"status": 403, "connection": "pipedrive"}),
    Pattern("rate_limit", "high", ":large_orange_circle: Too many calls: Orders", ("FFF", "F"), failing(LIMITED),
            {"status": 429, "limit": "app"}),
    Pattern("rate_limit", "high", ":large_orange_circle: Too many calls: Orders", ("FFF", "F"), failing(USED_UP),
            {"type": "OperationsLimitExceededError", "limit": "plan"}),
    Pattern("silence", "high", ":large_orange_circle: Doesn't run: Orders", ("", "", ""), expected),
    Pattern("slow_down", "high", ":large_orange_circle: Slow: Orders", ("SSSSSS", "S"), failing(BROKEN),
            {"usual_ms": 2000, "now_ms": 30000}, before=("." * 24,), pause=100, well="......"),
    Pattern("operations_burn", "high", ":large_orange_circle: Plan runs out: Make", ("...",) * 3, burning,
            {"limit": 10_000, "used": 9_066}, between=used(9_000), mend=used(100)),
    Pattern("platform_outage", "critical", ":red_circle: Many scenarios down: Make", ("FF", "FF"), many, names=MANY),
    Pattern("switched_off", "critical", ":red_circle: Switched off: Orders", ("FFF", ""), failing(BROKEN, 3),
            {"failures": 3, "step": "Set fields"}, mend=on),
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_a_pattern_is_found_told_once_counted_and_over(
    story: OnMake, slack: FakeSlack, pattern: Pattern[OnMake]
) -> None:
    play(pattern, story, slack)


def test_data_that_dry_up_are_told_by_the_digest(story: OnMake, slack: FakeSlack) -> None:
    """It isn't urgent: runs go well. From Monday noon to Tuesday's digest at six, and over before Wednesday's."""
    story.scenario(ORDERS)
    story.window(0, {ORDERS: "." * 24})
    story.window(70, {ORDERS: "LLLLLL"})
    assert slack.texts == []
    for number in (71, 72, 73, 74, 75):
        story.window(number, {ORDERS: "L"})
    assert told(story.engine) == [("data_anomaly", "medium", "open")]
    assert slack.texts == [":newspaper: Automations, 2026-09-22: 1 to look at, 0 urgent ones open"]
    assert "a run handles 0 operations beyond the trigger; usual are 10" in str(slack.posted)
    for number in range(76, 82):
        story.window(number, {ORDERS: "......"})
    assert told(story.engine) == [("data_anomaly", "medium", "resolved")]
    assert len(slack.texts) == 1


def test_a_make_that_cant_be_read_is_told_once_and_over(story: OnMake, slack: FakeSlack) -> None:
    story.scenario(ORDERS)
    story.window(0, {ORDERS: "..."})
    story.make.fake.fail(Fault("status", 503), times=10_000)
    for number in (1, 2, 3):
        story.window(number, {ORDERS: "..."})
    assert told(story.engine) == [("poll_failure", "high", "open")]
    assert incidents(story.engine)[0].count == 2
    story.make.fake.faults.clear()
    for number in range(4, 8):
        story.window(number, {ORDERS: "..."})
    assert told(story.engine) == [("poll_failure", "high", "resolved")]
    assert slack.texts == [
        ":large_orange_circle: Can't be watched: Make",
        ":large_green_circle: Resolved: Can't be watched: Make",
    ]
