"""The rules, one line a case: what runs a scenario had, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from manageai_assets.monitoring.detection import judge
from manageai_assets.monitoring.detection.failures import Cause, cause_of
from manageai_assets.monitoring.detection.operations_burn import operations_burn
from manageai_assets.monitoring.detection.profile import learn, profile_from_json
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Execution, ExecutionError, Plan, Severity
from tests.manageai_assets.monitoring.courses import (
    BROKEN,
    DOWN,
    FORBIDDEN,
    LIMITED,
    NOW,
    REFUSED,
    USED_UP,
    known,
    runs,
    scenario,
    switched_off,
    usual,
    watched,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def said(*cases: Watched) -> list[tuple[str, Severity]]:
    """Kinds and severities of what is found."""
    return sorted((one.kind, one.severity) for one in judge(cases, [], NOW).findings)


FAILURES = [
    ("....", 15, BROKEN, []),
    (".F.F", 15, BROKEN, []),
    ("...FFF", 15, BROKEN, []),
    ("....FFFF", 15, BROKEN, [("error_spike", "high")]),
    ("FFFF....", 15, BROKEN, []),
    ("...FFFFF", 15, BROKEN, [("consecutive_failures", "critical")]),
    ("...FFFFF.", 15, BROKEN, []),
    ("FFFFF", 1440, BROKEN, [("consecutive_failures", "critical")]),
    ("FFFF", 1440, BROKEN, []),
    ("....F.F.F.F.", 5, BROKEN, [("error_spike", "high")]),
    ("....F.F.F...", 5, BROKEN, []),
    ("W" * 12, 5, BROKEN, []),
    ("...F", 15, REFUSED, []),
    ("..FF", 15, REFUSED, [("credential_failure", "high")]),
    ("..FF", 15, FORBIDDEN, [("credential_failure", "high")]),
    ("FFFFFF", 15, REFUSED, [("credential_failure", "critical")]),
    ("FFFFFF.", 5, REFUSED, []),
    ("F", 1440, REFUSED, [("credential_failure", "high")]),
    ("..FF", 15, LIMITED, []),
    (".FFF", 15, LIMITED, [("rate_limit", "high")]),
    ("FFFFFF", 15, LIMITED, [("rate_limit", "critical")]),
    (".F.F.F.F....", 5, LIMITED, [("rate_limit", "medium")]),
    ("FFF", 15, USED_UP, [("rate_limit", "high")]),
]


@pytest.mark.parametrize(("course", "minutes", "error", "expected"), FAILURES)
def test_failures(course: str, minutes: float, error: ExecutionError, expected: list[tuple[str, Severity]]) -> None:
    assert said(known(course, minutes=minutes, error=error)) == expected


def test_a_busy_scenario_that_always_fails_a_little_is_no_spike_until_it_fails_more() -> None:
    usually = "." * 30 + "F" + "." * 29 + "F" + "." * 39
    assert said(known("." * 20 + "F" + "." * 15 + "F" + "." * 23 + "F" * 2 + "." * 4, minutes=1, before=usually)) == []
    assert said(known("..F" * 22, minutes=1, before=usually)) == [("error_spike", "high")]


def test_what_always_fails_is_no_spike() -> None:
    assert said(known("F..F..F..F..F.", minutes=5, before="F..")) == []


def test_of_a_new_scenario_what_ran_before_tells_whether_it_was_healthy() -> None:
    assert said(watched(runs(".........FFFF"))) == [("error_spike", "high")]
    assert said(watched(runs("FFFF"))) == []


def test_a_refused_account_is_named() -> None:
    named, guessed = (
        judge([known("..FF", error=error)], [], NOW).findings[0] for error in (REFUSED, FORBIDDEN)
    )  # fmt: skip
    assert "`Sheets of Acme`" in named.what
    assert (named.evidence["connection"], named.evidence["step"], named.evidence["status"]) == (
        "Sheets of Acme", "Add a row", 401,
    )  # fmt: skip
    assert "`Create a deal`" in guessed.what
    assert named.since == NOW - timedelta(minutes=15, seconds=1)


@pytest.mark.parametrize(
    ("platform", "error", "limit", "setting"),
    [
        ("make", LIMITED, "app", "Maximum number of runs to start per minute"),
        ("n8n", LIMITED, "app", "Retry On Fail"),
        ("make", USED_UP, "plan", "the plan of the organisation"),
    ],
)
def test_a_rate_limit_says_what_decides(platform: str, error: ExecutionError, limit: str, setting: str) -> None:
    of = scenario(platform="n8n" if platform == "n8n" else "make")
    found = judge([known(".FFF", of=of, error=error)], [], NOW).findings[0]
    assert found.evidence["limit"] == limit
    assert setting in found.what


def test_secrets_of_error_messages_stay_out() -> None:
    error = ExecutionError("RuntimeError", "no: Bearer abcdefghijklmnopqrstuvwxyz0123456789", "Call")
    found = judge([known("FFFFF", error=error)], [], NOW).findings[0]
    assert "abcdefghij" not in f"{found.what} {found.evidence}"


CAUSES: list[tuple[ExecutionError, Cause]] = [
    (ExecutionError("AccountValidationError", "x"), "credentials"),
    (ExecutionError("RuntimeError", "[401] Unauthorized"), "credentials"),
    (ExecutionError("RuntimeError", "The access token has expired"), "credentials"),
    (ExecutionError("RuntimeError", "invalid_grant"), "credentials"),
    (ExecutionError("NodeApiError", "Forbidden - perhaps check your credentials?", status=403), "credentials"),
    (ExecutionError("", 'Credential with ID "x" does not exist for type "slackApi".'), "credentials"),
    (ExecutionError("TimeoutExecutionCancelledError", "x"), "timeout"),
    (ExecutionError("RuntimeError", "Rate limit exceeded for this token"), "rate_limit"),
    (ExecutionError("NodeApiError", "x", status=429), "rate_limit"),
    (ExecutionError("DataSizeLimitExceededError", "x"), "plan_limit"),
    (ExecutionError("ConnectionError", "x"), "unavailable"),
    (ExecutionError("NodeApiError", "x", status=503), "unavailable"),
    (ExecutionError("Error", "connect ECONNREFUSED 127.0.0.1:80"), "unavailable"),
    (ExecutionError("NodeApiError", "timeout of 300000ms exceeded, ETIMEDOUT"), "timeout"),
    (ExecutionError("BundleValidationError", "x"), "data"),
    (ExecutionError("NodeApiError", "x", status=404), "data"),
    (ExecutionError("RuntimeError", "Row 401 has 403 columns, as 4010 had"), "credentials"),
    (ExecutionError("RuntimeError", "Function 'toNumber' not found!"), "data"),
    (ExecutionError("RuntimeError", "boom"), "other"),
]


@pytest.mark.parametrize(("error", "cause"), CAUSES)
def test_causes(error: ExecutionError, cause: Cause) -> None:
    assert cause_of(error) == cause


# -- silence -------------------------------------------------------------------------------------------------------


def office(minutes: float, until: datetime) -> list[Execution]:
    """Runs by a clock in office hours, four weeks of them."""
    step = timedelta(minutes=minutes)
    history = usual(minutes=minutes, until=until - timedelta(minutes=until.minute % minutes) + step * 0)
    return [run for run in history if run.started.weekday() < 5 and 8 <= run.started.hour < 17]


def silent(history: list[Execution], at: datetime, cadence_seconds: int | None = None) -> bool:
    """Whether a scenario with these runs is reported as silent then."""
    of = scenario(cadence_seconds=cadence_seconds)
    one = watched(history, of=of, at=at, learnt_to=max(run.started for run in history) if history else None)
    return any(finding.kind == "silence" for finding in judge([one], [], at).findings)


SATURDAY = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "at", "is_silent"),
    [
        ((27, 17, 0), (27, 22, 0), False),
        ((27, 17, 0), (28, 12, 0), False),
        ((27, 17, 0), (29, 23, 0), False),
        ((27, 17, 0), (30, 8, 20), False),
        ((27, 17, 0), (30, 10, 45), True),
        ((30, 11, 0), (30, 11, 25), False),
        ((30, 11, 0), (30, 12, 0), True),
        ((30, 17, 0), (31, 7, 30), False),
        ((30, 17, 0), (31, 11, 0), True),
    ],
)
def test_nights_and_weekends_are_learnt(last: tuple[int, int, int], at: tuple[int, int, int], is_silent: bool) -> None:
    day, hour, minute = last
    history = office(15, datetime(2026, 3, day, hour, minute, tzinfo=UTC))
    assert silent(history, datetime(2026, 3, at[0], at[1], at[2], tzinfo=UTC)) is is_silent


@pytest.mark.parametrize(("after", "is_silent"), [(20, False), (29, False), (31, True), (600, True)])
def test_a_declared_cadence_needs_no_history(after: float, is_silent: bool) -> None:
    history = runs("...", minutes=15, until=NOW - timedelta(minutes=after))
    one = watched(history, of=scenario(cadence_seconds=900))
    assert [finding.kind for finding in judge([one], [], NOW).findings] == (["silence"] if is_silent else [])


def test_a_declared_cadence_sleeps_where_the_scenario_always_did() -> None:
    history = office(15, datetime(2026, 3, 27, 17, 0, tzinfo=UTC))
    assert not silent(history, SATURDAY, cadence_seconds=900)
    assert silent(history, datetime(2026, 3, 30, 9, 0, tzinfo=UTC), cadence_seconds=900)


def test_what_never_ran_after_it_was_declared_is_silent() -> None:
    new = replace(scenario(cadence_seconds=3600), active_changed_at=NOW - timedelta(hours=3))
    assert said(Watched(new, [], None, NOW)) == [("silence", "high")]
    assert said(Watched(replace(new, active_changed_at=NOW - HOUR), [], None, NOW)) == []
    assert said(Watched(replace(new, cadence_seconds=None), [], None, NOW)) == []


def test_what_is_running_or_hasnt_been_read_isnt_silent() -> None:
    of = scenario(cadence_seconds=900)
    history = runs("...", until=NOW - 2 * HOUR)
    long_run = Execution(of.key, "long", NOW - HOUR, "running")
    assert said(watched(history, of=of)) == [("silence", "high")]
    assert said(watched([*history, long_run], of=of)) == []
    assert said(replace(watched(history, of=of), read_to=NOW - 2 * HOUR)) == []


def test_runs_by_chance_are_missed_only_when_many_were_to_be_expected() -> None:
    steps = [7, 40, 3, 21, 90, 2, 15, 55, 30, 11, 64, 5]
    moment, history, place = NOW - 28 * DAY, [], 0
    while (moment := moment + timedelta(minutes=steps[place * place % 11 % 12])) < NOW - DAY:
        history += runs(".", until=moment)
        place += 1
    last = history[-1].started
    assert not silent(history, last + 2 * HOUR)
    assert silent(history, last + 16 * HOUR)


# -- speed, data, plans --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "operations", "expected"),
    [
        (2.0, 4, []),
        (3.9, 4, []),
        (8.0, 4, [("slow_down", "medium")]),
        (30.0, 4, [("slow_down", "high")]),
        (8.0, 16, []),
    ],
)
def test_slow_down(seconds: float, operations: int, expected: list[tuple[str, Severity]]) -> None:
    since = NOW - 3 * HOUR
    now = runs("." * 12, seconds=seconds, operations=operations)
    assert said(watched([*usual(until=since), *now], learnt_to=since)) == expected


def test_milliseconds_more_are_no_slow_down() -> None:
    since = NOW - 3 * HOUR
    now = runs("." * 12, seconds=0.9)
    assert said(watched([*usual(until=since, seconds=0.1), *now], learnt_to=since)) == []


@pytest.mark.parametrize(
    ("usually", "now", "course", "expected"),
    [
        (40, 40, "." * 12, []),
        (40, 0, "." * 12, [("data_anomaly", "medium")]),
        (40, 4, "." * 12, [("data_anomaly", "medium")]),
        (40, 20, "." * 12, []),
        (40, 0, "....", []),
        (2, 0, "." * 12, []),
        (2, 0, "." * 97, [("data_anomaly", "medium")]),
        (0, 0, "." * 97, []),
    ],
)
def test_data_anomaly(usually: int, now: int, course: str, expected: list[tuple[str, Severity]]) -> None:
    since = NOW - timedelta(minutes=15) * len(course)
    history = [*usual(until=since, items=usually), *runs(course, items=now)]
    assert said(watched(history, learnt_to=since)) == expected


def test_operations_stand_for_items_where_the_platform_doesnt_say_them() -> None:
    since = NOW - 3 * HOUR
    history = [*usual(until=since, operations=61), *runs("." * 12, operations=1)]
    assert said(watched(history, learnt_to=since)) == [("data_anomaly", "medium")]


RESET = datetime(2026, 4, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "days", "severity"),
    [
        (3_000, [300] * 7, None),
        (5_200, [300] * 7, "low"),
        (8_000, [300] * 7, "medium"),
        (9_500, [300] * 7, "high"),
        (10_000, [300] * 7, "critical"),
        (9_500, [1] * 7, None),
        (7_000, [], "medium"),
        (0, [0] * 7, None),
    ],
)
def test_operations_burn(used: int, days: list[int], severity: Severity | None) -> None:
    found = operations_burn(Plan("make", 10_000, used, RESET, NOW), days, NOW)
    assert (found.severity if found else None) == severity


def test_operations_burn_says_when_the_plan_is_used_up() -> None:
    found = operations_burn(Plan("make", 10_000, 8_000, RESET, NOW), [250] * 7, NOW)
    assert found is not None
    assert "run out in 8 days, on 2026-04-08" in found.what
    assert operations_burn(Plan("make", None, 8_000, RESET, NOW), [250] * 7, NOW) is None


# -- off, and everything at once -----------------------------------------------------------------------------------


def test_switched_off() -> None:
    by_make = judge([switched_off(known("..FFF"))], [], NOW).findings
    assert [(one.kind, one.severity) for one in by_make] == [("switched_off", "critical")]
    assert "after 3 failed runs" in by_make[0].what
    assert said(switched_off(known("....."))) == [("switched_off", "medium")]
    found = known(".....", of=scenario(managed=False))
    assert said(switched_off(found)) == []
    refused = switched_off(known("....F", error=REFUSED))
    assert said(refused) == [("credential_failure", "high"), ("switched_off", "critical")]


def test_paused_and_gone_scenarios_are_left_alone() -> None:
    one = known("FFFFFF")
    assert said(replace(one, scenario=replace(one.scenario, paused=True))) == []
    assert said(replace(one, scenario=replace(one.scenario, gone_at=NOW))) == []


def estate(failing: int, healthy: int, course: str = "....FFFF", error: ExecutionError = DOWN) -> list[Watched]:
    """Some scenarios that fail and some that don't."""
    bad = [known(course, of=scenario(number), minutes=10, error=error) for number in range(failing)]
    others = [scenario(100 + number) for number in range(healthy)]
    return bad + [watched(runs("........", of=of, minutes=10), of=of) for of in others]


def test_many_scenarios_down_are_one_outage() -> None:
    found = judge(estate(6, 4), [], NOW)
    assert [(one.kind, one.severity, one.scenario) for one in found.findings] == [("platform_outage", "critical", None)]
    assert found.findings[0].evidence["scenarios"] == 6
    assert len(found.covered) == 6
    assert set(found.covered.values()) == {found.findings[0].fingerprint}


def test_many_alike_in_a_big_estate_are_one_outage_of_what_they_share() -> None:
    found = judge(estate(6, 60), [], NOW)
    assert [one.kind for one in found.findings] == ["platform_outage"]
    assert "503 Service Unavailable" in found.findings[0].what


def test_a_few_down_are_troubles_of_their_own() -> None:
    assert said(*estate(4, 30)) == [("error_spike", "high")] * 4
    assert said(*estate(6, 60, error=BROKEN)) == [("error_spike", "high")] * 6


def test_an_outage_that_is_over_still_explains_its_failures() -> None:
    found = judge([*estate(6, 4, course="...FFFFF."), known("FFFFFFFFF", of=scenario(50), minutes=10)], [], NOW)
    assert [(one.kind, one.scenario) for one in found.findings] == []
    assert len(found.covered) >= 1


def test_what_fails_on_after_an_outage_is_reported() -> None:
    after = known("FFFFF" + "F" * 12, of=scenario(50), minutes=10)
    found = judge([*estate(6, 4, course="FFFFF" + "." * 12), after], [], NOW)
    assert [(one.kind, one.scenario) for one in found.findings] == [("consecutive_failures", after.scenario.key)]


def test_an_outage_goes_on_while_those_that_failed_have_not_run_again() -> None:
    busy = [known("F" * 24, of=scenario(number), minutes=5, error=DOWN) for number in range(2)]
    asleep = [known("...FF      ", of=scenario(10 + number), error=DOWN) for number in range(4)]
    mended = [known("...FF.     ", of=scenario(10 + number), error=DOWN) for number in range(4)]
    assert said(*busy, *asleep) == [("platform_outage", "critical")]
    assert said(*busy, *mended) == [("consecutive_failures", "critical")] * 2


def test_an_outage_that_too_few_run_to_show_goes_on_while_they_fail_on() -> None:
    courses = ("F" * 48, "F" * 48, "F" * 30 + "." + "F" * 17)
    busy = [known(course, of=scenario(number), minutes=5) for number, course in enumerate(courses)]
    asleep = [known("F" + " " * 15, of=scenario(10 + number)) for number in range(5)]
    mended = [known("F" + " " * 13 + "..", of=scenario(10 + number)) for number in range(5)]
    assert said(*busy, *asleep) == [("platform_outage", "critical")]
    assert said(*busy, *mended) == [("consecutive_failures", "critical")] * 3


def test_many_silent_scenarios_are_one_outage() -> None:
    of = [scenario(number, cadence_seconds=900) for number in range(8)]
    gone = [watched(runs("...", of=one, until=NOW - 2 * HOUR), of=one) for one in of[:6]]
    there = [watched(runs("...", of=one), of=one) for one in of[6:]]
    found = judge([*gone, *there], [], NOW).findings
    assert [(one.kind, one.since) for one in found] == [
        ("platform_outage", NOW - 2 * HOUR - timedelta(seconds=3)),
    ]  # fmt: skip


def test_platforms_are_judged_apart() -> None:
    cases = [known("FFFF", of=scenario(number, "n8n" if number % 2 else "make"), error=DOWN) for number in range(8)]
    cases += [watched(runs("....", of=of), of=of) for of in (scenario(90), scenario(91, "n8n"))]
    assert said(*cases) == [("error_spike", "high")] * 8


def test_all_of_the_few_that_run_at_night_are_an_outage_when_they_fail_together() -> None:
    few = [known("....FFFF", of=scenario(number), error=DOWN) for number in range(4)]
    asleep = [watched(runs("....", of=scenario(9), until=NOW - 6 * HOUR), of=scenario(9))]
    assert said(*few, *asleep) == [("platform_outage", "critical")]
    late = known("F" * 12, of=scenario(3), error=DOWN)
    assert said(*few[:3], late, *asleep) == [("consecutive_failures", "critical"), *[("error_spike", "high")] * 3]


def test_a_profile_can_be_kept() -> None:
    profile = learn(usual(until=NOW, items=3), NOW)
    assert profile is not None
    assert profile.rhythm is not None
    assert profile.volume is not None
    assert profile_from_json(profile.to_json()) == profile
