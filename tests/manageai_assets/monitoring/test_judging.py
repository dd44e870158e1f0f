"""Windows that are judged on real tables: what is found opens once, alerts once, and is over when it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event, text

from manageai_assets.monitoring import incident_store as store
from manageai_assets.monitoring import maintenance
from manageai_assets.monitoring.alerts.wanted import Addressees
from manageai_assets.monitoring.incidents import acknowledge, resolve, silence_until
from manageai_assets.monitoring.judging import judge_windows
from manageai_assets.monitoring.models import WINDOW, Plan
from manageai_assets.monitoring.recording import Cursor, explain, keep_plan, record
from manageai_assets.monitoring.registry import Listed, change, discover
from tests.manageai_assets.monitoring.courses import BROKEN, DOWN, REFUSED
from tests.manageai_assets.monitoring.judged import BEGIN, Estate


@pytest.fixture
def estate(engine: Engine) -> Estate:
    """An estate in an empty database."""
    return Estate(engine)


def test_a_trouble_opens_once_alerts_once_and_is_over_by_itself(estate: Estate) -> None:
    key = estate.scenario()
    assert estate.window("..", key).open == 0
    assert estate.window("FFFF", key).opened == 1
    assert estate.window("FF", key).open == 1
    assert estate.alerts() == [("opened", "Many failures: Orders 1"), ("opened", "Nothing succeeds: Orders 1")]
    estate.window("..", key)
    estate.window("..", key)
    assert estate.events() == [
        ("error_spike", ["opened", "resolved"]),
        ("consecutive_failures", ["opened", "resolved"]),
    ]
    assert estate.alerts()[2:] == [("resolved", "Resolved: Nothing succeeds: Orders 1")]


def test_judging_a_window_again_changes_nothing(estate: Estate) -> None:
    key = estate.scenario()
    for course in ("..", "FFFF", "FF", "..", ".."):
        estate.window(course, key)
        before = estate.everything()
        assert estate.judge_again().opened == 0
        assert estate.everything() == before
    judge_windows(estate.engine, [BEGIN, BEGIN + WINDOW], estate.at, estate.addressees)
    assert estate.everything() == before


def test_late_executions_of_the_newest_window_count(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    assert estate.window("", key).opened == 0
    for seconds in range(4):
        estate.ran(key, estate.at - timedelta(seconds=60 + seconds), BROKEN)
    assert estate.judge_again().opened == 1
    assert [one.count for one in store.incidents(estate.engine)] == [1]


def test_a_cause_that_is_known_later_names_the_incident_anew(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    failures = [estate.ran(key, estate.at + timedelta(minutes=minute)) for minute in (1, 2)]
    unknown = [replace(one, outcome="error", execution_id=f"late-{one.execution_id}") for one in failures]
    record(estate.engine, "make", unknown)
    estate.window("FFF", key)
    explain(estate.engine, {("make", one.execution_id): REFUSED for one in unknown})
    estate.window("FF", key, error=REFUSED)
    assert [one.kind for one in store.incidents(estate.engine)] == ["credential_failure"]
    older = store.incidents(estate.engine, resolved=True)[-1]
    assert older.parent_id == store.incidents(estate.engine)[0].id
    assert older.resolution == f"is part of incident {older.parent_id}"


def test_many_scenarios_down_are_one_alert(estate: Estate) -> None:
    keys = [estate.scenario(number) for number in range(8)]
    estate.window("..", *keys)
    estate.window("FFFF", *keys[:6], error=DOWN)
    estate.window("FFFF", *keys, error=DOWN)
    assert estate.alerts() == [("opened", "Many scenarios down: Make")]
    for _ in range(8):
        estate.window("..", *keys)
    assert estate.events() == [("platform_outage", ["opened", "resolved"])]
    assert estate.alerts()[1:] == [("resolved", "Resolved: Many scenarios down: Make")]


def test_very_many_alerts_of_a_window_are_one_message(estate: Estate) -> None:
    keys = [estate.scenario(number) for number in range(12)]
    estate.window("..", *keys)
    for number, key in enumerate(keys):  # each for a reason of its own, among others that work
        for other in (100 + 2 * number, 101 + 2 * number):
            estate.window_of(estate.scenario(other), "..", BROKEN)
        estate.window_of(key, "FFFFF", replace(BROKEN, message=f"no row {number}"))
    estate.at += WINDOW
    assert estate.judge_again().opened == 12
    with estate.engine.connect() as connection:
        rows = connection.execute(text("select status, payload from manageai.alerts order by id")).all()
    assert [row.status for row in rows] == ["dropped"] * 12 + ["pending"]
    assert rows[-1].payload["title"] == "12 incidents at once"
    assert rows[-1].payload["what"].endswith("... and 2 more")


def test_what_comes_back_within_a_day_is_the_same_incident(estate: Estate) -> None:
    key = estate.scenario()
    for course in ("..", "FFFFF", "..", "..", "..", "FFFFF", "..", "..", "..", ".."):
        estate.window(course, key)
    assert estate.events() == [("consecutive_failures", ["opened", "resolved", "reopened", "resolved"])]
    assert [occasion for occasion, _ in estate.alerts()] == ["opened", "resolved", "reopened", "resolved"]


def test_what_isnt_read_is_neither_healthy_nor_silent(estate: Estate) -> None:
    key = estate.scenario(cadence_seconds=900)
    estate.window("..", key)
    estate.window("FFFFF", key)
    read = estate.at
    failing = Cursor("", failing_since=read, failures=9, last_failure="503", polled_at=read)
    record(estate.engine, "make", [], [failing, Cursor("1", polled_at=read)])
    for _ in range(8):
        estate.window("", key)
    kinds = [(kind, [one for one in events if one != "escalated"]) for kind, events in estate.events()]
    assert kinds == [("consecutive_failures", ["opened"]), ("poll_failure", ["opened"])]
    record(estate.engine, "make", [], [Cursor(one, polled_at=estate.at + 10 * WINDOW) for one in ("", "1")])
    for _ in range(3):
        estate.window("..", key)
    assert {kind: events[-1] for kind, events in estate.events()} == {
        "consecutive_failures": "resolved", "poll_failure": "resolved", "silence": "resolved",
    }  # fmt: skip


def test_what_is_known_later_is_judged_as_if_it_had_been_known_in_time(estate: Estate) -> None:
    early, late = estate.scenario(1), estate.scenario(2, "n8n")
    estate.window("..", early, late)
    record(estate.engine, "n8n", [], [Cursor("", polled_at=estate.at)])
    for course in ("FFFFF", "FF", "..", "..", ".."):
        estate.window(course, early)
    alone = estate.events()
    read = estate.at
    estate.at = BEGIN + WINDOW
    for course in ("FFFFF", "FF", "..", "..", ".."):
        estate.window_of(late, course, BROKEN)
        estate.at += WINDOW
    record(estate.engine, "n8n", [], [Cursor("", polled_at=read)])
    estate.judge_again()
    assert alone == [("consecutive_failures", ["opened", "resolved"])]
    assert estate.events() == 2 * alone
    found = store.incidents(estate.engine, resolved=True)
    assert len({(one.opened_at, one.count, one.resolved_at) for one in found}) == 1
    assert [occasion for occasion, _ in estate.alerts()] == 2 * ["opened", "resolved"]


def test_a_failure_waits_for_its_cause_but_not_for_long(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    for second in range(5):
        run = estate.ran(key, estate.at + timedelta(minutes=1, seconds=second))
        unknown = replace(run, outcome="error", execution_id=f"unknown-{second}")
        record(estate.engine, "make", [unknown], now=estate.at + WINDOW)
    assert [estate.window().opened for _ in range(3)] == [0, 0, 0]
    estate.window()
    opened = store.incidents(estate.engine, resolved=True)
    assert [(one.kind, one.opened_at) for one in opened] == [("error_spike", BEGIN + 2 * WINDOW)]


def test_a_scenario_that_the_platform_switched_off(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    estate.window(".F", key)
    for active in (True, False):
        discover(estate.engine, "make", [Listed("1", "Orders 1", active)], estate.at)
    estate.window("", key)
    assert estate.events() == [("switched_off", ["opened"])]
    change(estate.engine, key, paused=True)
    estate.window("", key)
    estate.window("", key)
    assert estate.events() == [("switched_off", ["opened", "resolved"])]


def test_a_plan_that_runs_out(estate: Estate) -> None:
    estate.scenario()
    resets = BEGIN + timedelta(days=15)
    keep_plan(estate.engine, Plan("make", 1000, 990, resets, BEGIN))
    estate.window()
    assert estate.alerts() == [("opened", "Plan runs out: Make")]


def test_what_people_do_keeps_quiet(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    estate.window("FFFFF", key)
    number = store.incidents(estate.engine)[0].id
    store.act(estate.engine, number, lambda one: acknowledge(one, "ada", estate.at))
    for _ in range(12):
        estate.window("F", key)
    assert len(estate.alerts()) == 1
    store.act(estate.engine, number, lambda one: resolve(one, "new mapping", "ada", estate.at))
    estate.window("F", key)
    assert [occasion for occasion, _ in estate.alerts()] == ["opened", "reopened"]


def test_what_nobody_takes_is_escalated(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    estate.window("FFFFF", key)
    for _ in range(9):
        estate.window("F", key)
    assert [occasion for occasion, _ in estate.alerts()] == ["opened", "escalated", "escalated"]
    assert estate.events()[0][1].count("escalated") == 2


def test_a_silence_holds_until_its_end(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    estate.addressees = Addressees()
    estate.window("FFFFF", key)
    number = store.incidents(estate.engine)[0].id
    store.silence(estate.engine, number, estate.at + 2 * WINDOW, "ada", estate.at, "known")
    estate.addressees = Addressees(("slack",))
    estate.window("F", key)
    assert estate.alerts() == []
    estate.window("F", key)
    assert estate.alerts() == [("opened", "Nothing succeeds: Orders 1")]
    with pytest.raises(Exception, match="in the future"):
        store.act(estate.engine, number, lambda one: silence_until(one, estate.at, "ada", estate.at))


@pytest.mark.parametrize(
    ("scope", "quiet"),
    [
        (maintenance.Scope(), True),
        (maintenance.Scope(platform="make"), True),
        (maintenance.Scope(platform="n8n"), False),
        (maintenance.Scope(customer="Acme"), True),
        (maintenance.Scope(customer="Other"), False),
        (maintenance.Scope(customer="Acme", platform="n8n"), False),
    ],
)
def test_planned_work_keeps_quiet_while_it_lasts(estate: Estate, scope: maintenance.Scope, quiet: bool) -> None:
    key = estate.scenario()
    estate.window("..", key)
    maintenance.plan(estate.engine, scope, estate.at, estate.at + 2 * WINDOW, "ada", "move")
    estate.window("FFFFF", key)
    assert (estate.alerts() == []) is quiet
    estate.window("F", key)
    assert estate.alerts() == [("opened", "Nothing succeeds: Orders 1")]


def test_less_than_high_waits_for_the_digest(estate: Estate) -> None:
    keep_plan(estate.engine, Plan("make", 10_000, 4_900, BEGIN + timedelta(days=16), BEGIN))
    estate.scenario()
    estate.window()
    assert estate.alerts() == []
    while not estate.alerts():
        estate.window()
        assert estate.at < BEGIN + timedelta(days=1)
    assert estate.at == BEGIN.replace(hour=6) + timedelta(days=1)
    estate.window()
    assert [occasion for occasion, _ in estate.alerts()] == ["digest"]


def test_a_new_installation_judges_nothing_old(estate: Estate) -> None:
    key = estate.scenario()
    for minute in range(5):
        estate.ran(key, BEGIN + timedelta(minutes=minute), BROKEN)
    later = BEGIN + timedelta(days=2)
    done = judge_windows(estate.engine, [BEGIN], later, estate.addressees)
    assert [one.changed for one in done] == [False]
    assert estate.everything() == []


def test_a_crash_while_judging_leaves_the_window_unjudged(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    before = estate.everything()

    def crash(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().lower().startswith("insert into manageai.alerts"):
            raise KeyboardInterrupt

    event.listen(estate.engine, "before_cursor_execute", crash)
    with pytest.raises(KeyboardInterrupt):
        estate.window("FFFFF", key)
    event.remove(estate.engine, "before_cursor_execute", crash)
    assert estate.everything() == before
    assert estate.judge_again().opened == 1
    assert len(estate.alerts()) == 1


def test_several_processes_may_judge_at_once(estate: Estate) -> None:
    keys = [estate.scenario(number) for number in range(2)]
    estate.window("..", *keys)
    estate.at += WINDOW
    for key in keys:
        for second in range(5):
            estate.ran(key, estate.at - timedelta(seconds=60 - second), BROKEN)

    def judge(_number: int) -> datetime:
        return judge_windows(estate.engine, [estate.at - WINDOW], estate.at, estate.addressees)[0].window_start

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(judge, range(4)))) == 4
    assert estate.events() == [("consecutive_failures", ["opened"])] * 2
    assert len(estate.alerts()) == 2


def test_a_profile_that_cant_be_read_is_done_without(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    with estate.engine.begin() as connection:
        connection.execute(text("update manageai.scenario_profiles set profile = '{\"runs\": 1}'"))
    assert estate.window("FFFFF", key).opened == 1


def test_what_is_usual_is_learnt_with_the_windows(estate: Estate) -> None:
    key = estate.scenario()
    estate.window("..", key)
    with estate.engine.connect() as connection:
        rows = connection.execute(text("select learnt_to, profile from manageai.scenario_profiles")).all()
    assert [(row.learnt_to, row.profile["runs"]) for row in rows] == [(BEGIN + WINDOW, 12)]
