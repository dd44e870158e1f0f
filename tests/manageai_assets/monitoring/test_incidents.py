"""What becomes of incidents: rules that hold whatever windows and people do to them, in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from compilers.errors import UserError
from manageai_assets.monitoring.incidents import (
    HEALTHY_AT_MOST,
    HEALTHY_FOR,
    REOPENS_WITHIN,
    Change,
    Sight,
    acknowledge,
    annotate,
    assign,
    healthy_for,
    not_seen,
    opened,
    reopens,
    resolve,
    seen_again,
    silence_until,
    told_more,
)
from manageai_assets.monitoring.models import (
    SEVERITIES,
    WINDOW,
    Finding,
    Incident,
    IncidentEvent,
    ScenarioKey,
    Severity,
)

FIRST = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
KEY = ScenarioKey("make", "1")


def finding(severity: Severity = "high", what: str = "4 runs failed") -> Finding:
    """A finding on a scenario."""
    return Finding("error_spike", severity, "error_spike:make:1", "make", KEY, FIRST, what)


def an_incident(severity: Severity = "high") -> Incident:
    """One that has just opened."""
    return opened(finding(severity), FIRST, 1).incident


def kinds(change: Change) -> list[str]:
    """Kinds of the events of a step."""
    return [event.kind for event in change.events]


class Life(RuleBasedStateMachine):
    """One fingerprint through windows and hands."""

    @initialize(severity=st.sampled_from(SEVERITIES))
    def open_it(self, severity: Severity) -> None:
        change = opened(finding(severity), FIRST, 1)
        self.incident, self.window = change.incident, FIRST
        self.events: list[IncidentEvent] = list(change.events)
        self.returns = 0
        self.clear_windows = 0

    def take(self, change: Change) -> None:
        """Takes a step, which must be told when it changes what people see."""
        before, after = self.incident, change.incident
        if (before.status, before.assigned_to) != (after.status, after.assigned_to):
            assert change.events
        if SEVERITIES.index(after.severity) < SEVERITIES.index(before.severity):
            assert before.status == "resolved"
        self.incident = after
        self.events += change.events
        self.returns += kinds(change).count("reopened")

    @rule(severity=st.sampled_from(SEVERITIES))
    def found(self, severity: Severity) -> None:
        self.window += WINDOW
        self.clear_windows = 0
        if self.incident.status == "resolved" and not reopens(self.incident, self.window):
            return
        before = self.incident
        self.take(seen_again(before, finding(severity), self.window))
        assert self.incident.status != "resolved"
        assert self.incident.count == before.count + 1

    @rule(severity=st.sampled_from(SEVERITIES))
    def found_again_in_the_same_window(self, severity: Severity) -> None:
        if self.incident.status != "resolved":
            count = self.incident.count
            self.take(told_more(self.incident, finding(severity), self.window))
            assert self.incident.count == count
            assert told_more(self.incident, finding(severity), self.window).events == ()

    @rule(sight=st.sampled_from(["explained", "unproven", "healthy"]), windows=st.integers(1, 40))
    def not_found(self, sight: Sight, windows: int) -> None:
        for _ in range(windows):
            self.window += WINDOW
            self.clear_windows = self.clear_windows + 1 if sight == "healthy" else 0
            was_open = self.incident.status != "resolved"
            self.take(not_seen(self.incident, sight, self.window, self.returns, None))
            if was_open and sight == "healthy" and self.incident.status == "resolved":
                assert self.clear_windows * WINDOW >= healthy_for(self.returns)
            if sight == "unproven" and was_open:
                assert self.incident.status != "resolved"

    @precondition(lambda self: self.incident.status != "resolved")
    @rule(hours=st.integers(1, 30))
    def silenced(self, hours: int) -> None:
        at = self.window + WINDOW
        self.take(silence_until(self.incident, at + timedelta(hours=hours), "ada", at))

    @precondition(lambda self: self.incident.status != "resolved")
    @rule()
    def acknowledged(self) -> None:
        self.take(acknowledge(self.incident, "ada", self.window + WINDOW))

    @precondition(lambda self: self.incident.status != "resolved")
    @rule()
    def resolved(self) -> None:
        self.take(resolve(self.incident, "new key", "ada", self.window + WINDOW))

    @rule(name=st.sampled_from(["", "ada", "bo"]))
    def assigned(self, name: str) -> None:
        self.take(assign(self.incident, name, "ada", self.window + WINDOW))

    @rule()
    def noted(self) -> None:
        self.take(annotate(self.incident, "looked at it", "ada", self.window + WINDOW))

    @invariant()
    def is_whole(self) -> None:
        one = self.incident
        assert (one.status == "resolved") == (one.resolved_at is not None) == bool(one.resolution)
        assert (one.status == "silenced") == (one.silenced_until is not None)
        assert one.status != "acknowledged" or one.acknowledged_by
        assert one.status != "resolved" or one.healthy_since is None
        assert one.opened_at <= one.last_seen_at

    @invariant()
    def events_tell_its_status(self) -> None:
        open_now = True
        for event in self.events[1:]:
            if event.kind == "resolved":
                assert open_now
                open_now = False
            elif event.kind == "reopened":
                assert not open_now
                open_now = True
        assert open_now == (self.incident.status != "resolved")


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def after(incident: Incident, sights: str, returns: int = 0) -> tuple[Incident, list[str]]:
    """The incident after windows: `x` found, `.` healthy, `?` unproven, `e` explained."""
    window, told = FIRST, list[str]()
    for sight in sights:
        window += WINDOW
        told_as: dict[str, Sight] = {".": "healthy", "?": "unproven", "e": "explained"}
        change = (
            seen_again(incident, finding(), window)
            if sight == "x"
            else not_seen(incident, told_as[sight], window, returns, 7)
        )
        incident, told = change.incident, told + kinds(change)
    return incident, told


@pytest.mark.parametrize(
    ("sights", "returns", "status", "events"),
    [
        ("x", 0, "open", []),
        (".", 0, "open", []),
        (".x", 0, "open", ["recurred"]),
        ("..", 0, "resolved", ["resolved"]),
        (".?.", 0, "open", []),
        ("?" * 50, 0, "open", []),
        (".?..", 0, "resolved", ["resolved"]),
        ("e", 0, "resolved", ["resolved"]),
        ("..x", 0, "open", ["resolved", "reopened"]),
        ("...", 1, "open", []),
        ("....", 1, "resolved", ["resolved"]),
        ("." * 31, 9, "open", []),
        ("." * 32, 9, "resolved", ["resolved"]),
    ],
)
def test_windows(sights: str, returns: int, status: str, events: list[str]) -> None:
    incident, told = after(an_incident(), sights, returns)
    assert (incident.status, told) == (status, events)


def test_what_flaps_must_be_gone_for_longer_each_time() -> None:
    waits = [healthy_for(returns) for returns in range(12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[1], waits[-1]) == (HEALTHY_FOR, 2 * HEALTHY_FOR, HEALTHY_AT_MOST)


def test_it_opens_again_within_a_day_only() -> None:
    over, _ = after(an_incident(), "..")
    assert over.resolved_at is not None
    assert reopens(over, over.resolved_at + REOPENS_WITHIN - WINDOW)
    assert not reopens(over, over.resolved_at + REOPENS_WITHIN)


def test_what_was_taken_note_of_and_becomes_worse_is_open_again() -> None:
    taken = acknowledge(an_incident(), "ada", FIRST + WINDOW).incident
    same = seen_again(taken, finding("high"), FIRST + WINDOW)
    worse = seen_again(taken, finding("critical"), FIRST + WINDOW)
    assert (same.incident.status, kinds(same)) == ("acknowledged", [])
    assert (worse.incident.status, kinds(worse)) == ("open", ["severity_changed"])


def test_a_silence_ends_where_it_was() -> None:
    taken = acknowledge(an_incident(), "ada", FIRST + WINDOW).incident
    for incident, status in ((an_incident(), "open"), (taken, "acknowledged")):
        quiet = silence_until(incident, FIRST + 3 * WINDOW, "ada", FIRST + WINDOW).incident
        still, told = after(quiet, "x")
        assert (still.status, told) == ("silenced", [])
        ended, told = after(quiet, "xx")
        assert (ended.status, told) == (status, ["unsilenced"])


@pytest.mark.parametrize(
    "step",
    [
        lambda one: acknowledge(one, "ada", FIRST),
        lambda one: silence_until(one, FIRST + WINDOW, "ada", FIRST),
        lambda one: resolve(one, "again", "ada", FIRST),
    ],
)
def test_what_is_resolved_stays_so(step: object) -> None:
    over = resolve(an_incident(), "new key", "ada", FIRST + WINDOW).incident
    assert callable(step)
    with pytest.raises(UserError, match="is resolved"):
        step(over)


def test_a_resolution_says_what_was_done_and_a_silence_ends_in_the_future() -> None:
    with pytest.raises(UserError, match="say what was done"):
        resolve(an_incident(), "  ", "ada", FIRST)
    with pytest.raises(UserError, match="in the future"):
        silence_until(an_incident(), FIRST, "ada", FIRST)
