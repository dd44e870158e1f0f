"""Reading what ran on Make, against the fake: nothing twice, nothing lost, within the plan's limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from manageai_assets.monitoring.models import FIRST_WINDOW, Execution, ScenarioKey
from manageai_assets.monitoring.polling import platform_trouble
from manageai_assets.monitoring.recording import WHOLE_PLATFORM, cursors_of, plans, record
from manageai_assets.monitoring.registry import change, scenarios
from tests.fakes.make.faults import Fault
from tests.fakes.make.records import ErrorOfRun, Outcome
from tests.manageai_assets.monitoring.watching import BEGIN, WatchedMake, stored, touched, watched_make


@pytest.fixture
def make(engine: Engine) -> Iterator[WatchedMake]:
    """A watched team with the largest plan."""
    with watched_make(engine) as watched:
        yield watched


def log_calls(make: WatchedMake) -> list[str]:
    """The logs that were asked for, in order."""
    return [path for path in make.fake.paths("GET") if path.endswith("/logs")]


def test_what_ran_is_stored_once_with_the_cause_of_a_failure(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    runs = [make.ran(one, -30), make.ran(one, -20, failed=True)]
    report = make.tick_at(1)
    assert (report.read, report.recorded.executions, report.recorded.errors, report.explained) == (1, 2, 1, 1)
    assert stored(engine) == [(runs[0], "success"), (runs[1], "error")]
    with engine.connect() as connection:
        row = connection.execute(
            text("select * from manageai.executions where outcome = 'error'"),
        ).one()
    assert (row.error_type, row.error_status, row.error_step, row.error_connection) == (
        "AccountValidationError", 401, "Send a message", "slack",
    )  # fmt: skip
    assert row.duration_ms == 1000
    assert row.operations == 3
    again = make.tick_at(16)
    assert (again.read, again.recorded.executions, again.explained) == (1, 0, 0)
    assert sum("/executions/" in path for path in make.fake.paths()) == 1


def test_each_scenario_has_its_turn_once_in_a_window(make: WatchedMake) -> None:
    for number in range(3):
        make.scenario(f"Scenario {number}")
    make.tick_at(1)
    assert len(log_calls(make)) == 3
    assert make.tick_at(14).due == 0
    make.tick_at(15)
    assert len(log_calls(make)) == 6


def test_a_run_that_is_still_on_is_completed_when_it_has_ended(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    long, short = make.ran(one, 0, seconds=1700), make.ran(one, 2)
    make.tick_at(5)
    assert stored(engine) == [(long, "running"), (short, "success")]
    make.tick_at(15)
    report = make.tick_at(30)
    assert stored(engine) == [(long, "success"), (short, "success")]
    assert report.recorded.windows[0] == BEGIN + timedelta(minutes=15)


def test_a_line_that_comes_late_is_read(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    make.ran(one, 0)
    make.tick_at(16)
    late = make.ran(one, -20)
    make.tick_at(31)
    assert (late, "success") in stored(engine)
    assert touched(engine)[0] == -30


def test_a_day_of_absence_is_made_good(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    make.ran(one, 0)
    make.tick_at(1)
    for minute in range(2, 24 * 60, 3):
        make.ran(one, minute)
    make.tick_at(24 * 60)
    assert len(stored(engine)) == 1 + len(range(2, 24 * 60, 3))


def test_what_is_switched_off_is_asked_once_more_and_then_rarely(make: WatchedMake) -> None:
    one = make.scenario()
    make.tick_at(0)
    make.fake.world.scenarios[one].active = False
    make.ran(one, 10, failed=True)
    assert make.tick_at(15).recorded.errors == 1
    for window in range(2, 12):
        make.tick_at(15 * window)
    assert len(log_calls(make)) == 2
    make.tick_at(15 + 6 * 60)
    assert len(log_calls(make)) == 3
    make.fake.world.scenarios[one].active = True
    make.tick_at(30 + 6 * 60)
    assert len(log_calls(make)) == 4


def test_what_is_paused_is_not_asked(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    make.tick_at(0)
    change(engine, ScenarioKey("make", str(one)), paused=True)
    make.tick_at(15)
    assert len(log_calls(make)) == 1


def test_the_registry_follows_the_teams_list(make: WatchedMake, engine: Engine) -> None:
    one, other = make.scenario("Orders"), make.scenario("Invoices")
    make.tick_at(0)
    found = {found.name: found for found in scenarios(engine).values()}
    assert (found["Orders"].managed, found["Orders"].active, found["Orders"].active_changed_at) == (False, True, None)
    make.fake.world.scenarios[one].paused = True
    make.fake.world.remove(make.fake.world.scenarios[other], sure=True)
    report = make.tick_at(15)
    assert report.discovery is not None
    assert report.discovery.gone == 1
    (left,) = scenarios(engine).values()
    assert (left.active, left.active_changed_at) == (False, BEGIN + timedelta(minutes=15))


def test_a_tick_stays_within_the_plans_limit_and_the_next_goes_on(engine: Engine) -> None:
    with watched_make(engine, "Core") as make:
        make.per_minute = 60
        for number in range(150):
            make.scenario(f"Scenario {number}")
        reports = [make.tick() for _ in range(1)]
        while reports[-1].due > reports[-1].read:
            make.clock.sleep(15)
            reports.append(make.tick())
        asked = log_calls(make)
        assert len(asked) == len(set(asked)) == 150
        assert make.clock.moment - BEGIN < timedelta(minutes=4)
        assert not any(report.trouble for report in reports)


def test_a_reading_that_is_cut_off_goes_on_where_it_was(engine: Engine) -> None:
    with watched_make(engine, "Core") as make:
        make.per_minute = 6
        one = make.scenario()
        make.tick_at(0)
        for minute in range(1, 1201):
            make.ran(one, minute)
        make.tick_at(1201)
        first = len(stored(engine))
        assert 0 < first < 1200
        make.clock.sleep(120)
        make.tick()
        assert len(stored(engine)) == 1200


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", 500),
        Fault("status", 401),
        Fault("status", 429, retry_after="30"),
        Fault("truncate"),
        Fault("garbage"),
        Fault("drop"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_platform_that_cant_be_read_is_one_trouble_and_loses_nothing(
    make: WatchedMake, engine: Engine, fault: Fault
) -> None:
    names = [make.scenario(f"Scenario {number}") for number in range(20)]
    make.tick_at(0)
    runs = {make.ran(one, minute) for one in names for minute in (5, 20, 50)}
    make.fake.fail(fault, path="/logs", times=10_000)
    calls = len(make.fake.calls)
    for minute in range(15, 80):
        report = make.tick_at(minute)
        assert report.read == 0
    assert len(make.fake.calls) - calls < 400, "a platform in trouble is left alone"
    found = platform_trouble("make", cursors_of(engine, "make").get(WHOLE_PLATFORM), make.clock())
    assert found is not None
    assert (found.kind, found.scenario) == ("poll_failure", None)
    make.fake.faults.clear()
    for tick in range(80, 140, 5):
        make.tick_at(tick)
    assert {one for one, _ in stored(engine)} == runs
    assert platform_trouble("make", cursors_of(engine, "make").get(WHOLE_PLATFORM), make.clock()) is None


def test_one_scenario_that_cant_be_read_leaves_the_others_alone(make: WatchedMake, engine: Engine) -> None:
    bad, good = make.scenario("Bad"), make.scenario("Good")
    make.ran(good, -1)
    make.fake.fail(Fault("garbage"), path=f"/scenarios/{bad}/logs", times=2)
    report = make.tick_at(0)
    assert (report.read, report.failed, report.trouble) == (1, 1, "")
    assert len(stored(engine)) == 1
    make.ran(bad, -1)
    assert make.tick_at(0.1).waiting == 1
    make.tick_at(1)
    assert len(stored(engine)) == 2


def test_a_crash_after_the_answer_and_before_the_commit_loses_nothing(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    run = make.ran(one, -1)
    with engine.begin() as connection:
        connection.execute(text("alter table manageai.poll_cursors add constraint broken check (external_id = '')"))
    with pytest.raises(Exception, match="broken"):
        make.tick_at(0)
    assert stored(engine) == []
    with engine.begin() as connection:
        connection.execute(text("alter table manageai.poll_cursors drop constraint broken"))
    make.tick_at(0)
    assert stored(engine) == [(run, "success")]


def test_clocks_that_differ_lose_nothing(make: WatchedMake, engine: Engine) -> None:
    one = make.scenario()
    runs = []
    for window in range(8):
        runs.append(make.ran(one, 15 * window + 3))
        make.tick_at(15 * window + 90)  # ours is an hour and a quarter ahead
    make.tick_at(15 * 8 + 90)
    assert [identifier for identifier, _ in stored(engine)] == runs


def test_the_report_says_what_a_whole_window_went_by_without(make: WatchedMake) -> None:
    make.scenario("Orders")
    make.tick_at(0)
    report = make.tick_at(45)
    assert len(report.missed) == 1
    assert "not covered in the last window: make:" in str(report)


def test_secrets_in_a_platforms_words_are_not_kept(make: WatchedMake, engine: Engine) -> None:
    said = ErrorOfRun(
        "DataError", "refused: Authorization: Bearer sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789", "X"
    )
    started = (BEGIN - timedelta(minutes=3)).timestamp()
    make.fake.world.add_run(make.scenario(), started, Outcome("error", error=said))
    assert make.tick_at(0).explained == 1
    with engine.connect() as connection:
        kept = str(connection.scalar(text("select error_message from manageai.executions")))
    assert kept.startswith("refused")
    assert "sk-ant" not in kept


def test_a_line_from_before_all_windows_is_in_none(make: WatchedMake, engine: Engine) -> None:
    make.tick_at(0)
    key = ScenarioKey("make", "1")
    ended = FIRST_WINDOW - timedelta(days=1)
    record(engine, "make", [Execution(key, "old", ended, "success", ended, 0)])
    assert stored(engine) == [("old", "success")]
    assert touched(engine) == []


def test_many_scenarios_are_read_at_a_time(make: WatchedMake, engine: Engine) -> None:
    make.workers = 8
    ids = [make.scenario(f"Scenario {number}") for number in range(120)]
    runs = {make.ran(one, -number) for number, one in enumerate(ids)}
    report = make.tick_at(1)
    assert (report.read, report.recorded.executions) == (120, 120)
    assert {one for one, _ in stored(engine)} == runs
    assert sum(make.taken.values()) == len(make.fake.calls)


def test_a_key_for_scenarios_only_is_enough(make: WatchedMake, engine: Engine) -> None:
    make.fake.scopes = frozenset({"scenarios:read"})
    make.ran(make.scenario(), -1, failed=True)
    report = make.tick_at(0)
    assert (report.read, report.explained, report.trouble, report.calls_per_minute) == (1, 1, "", None)
    make.fake.scopes = None
    assert make.tick_at(15).calls_per_minute == 1000
    assert plans(engine)["make"].operations_limit == 10_000
