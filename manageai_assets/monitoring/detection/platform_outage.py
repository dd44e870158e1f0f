"""Many scenarios in trouble at once: one trouble, not hundreds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from manageai_assets.monitoring.detection.error_spike import HEALTHY
from manageai_assets.monitoring.detection.failures import Cause, cause_of
from manageai_assets.monitoring.detection.findings import fingerprint, on_platform, said
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import LOOK_BACK, WINDOW, Execution, Finding, IncidentKind, Platform

SCENARIOS_AT_LEAST = 5
"""Four scenarios in trouble are four troubles; from five on their number hides the one behind them."""
SHARE_FAILING = 0.5
"""Of the scenarios that ran in the last hours, half must fail for the platform itself to be suspected."""
SHARE_SILENT = 0.3
"""Scenarios that run by chance show that they are silent only later, so that fewer must."""
SHARE_FAILING_ONCE = 0.6
"""... or of those that ran in the last window, or in the last hours, three in five, when most have failed only once so
far: it has just begun, or few run. Five of eight fail by chance once in 50,000 windows even where one run in twenty
fails."""
FAILING_ON = 2
"""So many scenarios that fail on after an outage fail for its reason; one may have a reason of its own."""
ALL_AT_LEAST = 3
"""... or all that ran in the last window, when these three or more began to fail within an hour of each other."""
FAILURES_AT_LEAST = 2
"""One failure each is what hundreds of healthy scenarios have at any moment."""
WITHIN = timedelta(hours=2)
"""Scenarios that haven't run in this time say nothing about now."""
LASTING = timedelta(hours=24)
"""An outage explains failures for as long as the runs of all scenarios are known."""
BEFORE, AFTER = timedelta(hours=1), timedelta(minutes=15)
"""The first scenario fails up to an hour before enough have failed to see an outage; the last one of its runs ends a
little after it."""
OUTSIDE_AT_MOST = 3
"""Failures beyond the time of an outage that are no trouble of their own."""
ALIKE: tuple[Cause, ...] = ("unavailable", "timeout", "rate_limit", "plan_limit")
"""Failures that one cause outside of the scenarios gives to many of them. Refused accounts have a connection each."""
NAMED_AT_MOST = 20

COVERED: tuple[IncidentKind, ...] = (
    "error_spike", "consecutive_failures", "silence", "slow_down", "rate_limit",
)  # fmt: skip
"""Findings on scenarios that an outage explains."""


@dataclass(frozen=True)
class Outage:
    """An outage, and the findings on scenarios that it explains. `finding` is None for one that is over: the failures
    of its time are still explained by it."""

    fingerprint: str
    finding: Finding | None
    covered: tuple[Finding, ...]


@dataclass(frozen=True)
class _Streak:
    """Failures of one scenario in a row, and until when it may be said to fail."""

    watched: Watched
    runs: tuple[Execution, ...]
    start: datetime
    end: datetime
    lasting: bool


def platform_outages(platform: Platform, watched: Sequence[Watched], findings: Sequence[Finding]) -> list[Outage]:
    """The outages of a platform, or of something that its scenarios share, in the last day: half of those that run fail
    at the same time, many fail alike, or many have fallen silent."""
    failures = [streak for one in watched for streak in _streaks(one, LOOK_BACK)]
    streaks = [one for one in failures if len(one.runs) >= FAILURES_AT_LEAST]
    once = [one for each in watched for one in _streaks(each, WITHIN)]
    as_known = [one for one in once if len(one.runs) >= FAILURES_AT_LEAST]
    everything = _first(
        _at_once(platform, watched, as_known, SHARE_FAILING, WITHIN, findings),
        _at_once(platform, watched, failures, SHARE_FAILING_ONCE, WINDOW, findings),
        _at_once(platform, watched, once, SHARE_FAILING_ONCE, WITHIN, findings),
        _all_of_few(platform, watched, streaks, findings),
    )
    outages = [everything] if everything else []
    explained = {one.fingerprint for outage in outages for one in outage.covered}
    for error, alike in _alike(streaks).items():
        others = [one for one in findings if one.fingerprint not in explained]
        found = _outage(platform, error, "scenarios fail alike", alike, SCENARIOS_AT_LEAST, others)
        if found and not (everything and everything.finding):
            outages.append(found)
    silent = _silent(watched, findings)
    return [*outages, _silence(platform, silent, findings)] if silent else outages


def _first(*outages: Outage | None) -> Outage | None:
    """The first of one trouble's signs; those that see it now before those that only say that it was there."""
    seen = [one for one in outages if one]
    return next((one for one in seen if one.finding), seen[0] if seen else None)


def _at_once(
    platform: Platform,
    watched: Sequence[Watched],
    streaks: Sequence[_Streak],
    share: float,
    within: timedelta,
    findings: Sequence[Finding],
) -> Outage | None:
    """The outage in which this share of the scenarios that ran lately fails."""
    needed = max(SCENARIOS_AT_LEAST, share * sum(bool(one.ended_in(within)) for one in watched))
    return _outage(platform, "", "scenarios fail at once", streaks, needed, findings)


def _all_of_few(
    platform: Platform, watched: Sequence[Watched], streaks: Sequence[_Streak], findings: Sequence[Finding]
) -> Outage | None:
    """The outage that few scenarios show, since few ran: all of them fail, and began to fail together."""
    ran = sum(bool(one.ended_in(WINDOW)) for one in watched)
    lasting = [one for one in streaks if one.lasting and one.watched.ended_in(WINDOW)]
    starts = [one.start for one in lasting]
    if len(lasting) < max(ALL_AT_LEAST, ran) or max(starts) - min(starts) > BEFORE:
        return None
    return _outage(platform, "", "scenarios fail at once, and no other ran", lasting, len(lasting), findings)


def _streaks(watched: Watched, believed: timedelta) -> Iterator[_Streak]:
    """The failures in a row of the last day. One that has failed and not run since fails still, for as long as this is
    `believed`: in the night, an outage doesn't end because few scenarios run. What was believed once stays so."""
    for runs in watched.streaks:
        start, end = runs[0].finished, runs[-1].finished
        if start is None or end is None or end <= watched.at - LASTING:
            continue
        if runs[0] == watched.ended[0] and not _was_healthy(watched):
            continue  # it has failed for longer than is known here, and for reasons of its own
        until = end + believed if runs == watched.failures_in_a_row else end
        yield _Streak(watched, runs, start, min(until, watched.at), until > watched.at)


def _was_healthy(watched: Watched) -> bool:
    return watched.profile is not None and watched.profile.healthy_days >= HEALTHY


def _alike(streaks: Sequence[_Streak]) -> Mapping[str, list[_Streak]]:
    groups: dict[str, list[_Streak]] = defaultdict(list)
    for streak in streaks:
        error = streak.runs[-1].error
        if cause_of(error) in ALIKE:
            groups[re.sub(r"\d+", "#", said(error))[:80]].append(streak)
    return groups


def _outage(
    platform: Platform, detail: str, what: str, streaks: Sequence[_Streak], needed: float, findings: Sequence[Finding]
) -> Outage | None:
    """What these streaks amount to where at least `needed` of them overlap."""
    spans = _spans(streaks, needed)
    if not spans:
        return None
    mark = fingerprint("platform_outage", platform, detail)
    by_scenario = {streak.watched.scenario.key: streak.watched for streak in streaks}
    if _goes_on(spans[-1], streaks):
        spans[-1] = (spans[-1][0], streaks[0].watched.at)
    covered = tuple(
        one
        for one in findings
        if one.kind in COVERED and one.scenario in by_scenario and _explains(spans, by_scenario[one.scenario])
    )
    lasting = [streak for streak in streaks if streak.lasting]
    if len(lasting) < needed:
        return Outage(mark, None, covered)
    errors = [said(streak.runs[-1].error) for streak in lasting]
    usual = max(sorted(set(errors)), key=errors.count)
    named = [streak.watched for streak in lasting]
    since = max((start for start, _ in spans), default=lasting[0].start)
    finding = _finding(platform, f"{len(lasting)} {what}: {usual}", since, detail, named)
    return Outage(mark, finding, covered)


def _spans(streaks: Sequence[_Streak], needed: float) -> list[tuple[datetime, datetime]]:
    """The times in which so many streaks lasted at once."""
    changes = sorted([(one.start, 1) for one in streaks] + [(one.end, -1) for one in streaks], key=lambda one: one[0])
    spans: list[tuple[datetime, datetime]] = []
    count, since = 0, None
    for moment, change in changes:
        count += change
        if count >= needed and since is None:
            since = moment
        elif count < needed and since is not None:
            spans.append((since, moment))
            since = None
    return spans


def _goes_on(span: tuple[datetime, datetime], streaks: Sequence[_Streak]) -> bool:
    """Whether most of the scenarios that failed in an outage and have run lately fail to this day: too few may run to
    see it any more, but none says that it is over."""
    start, end = span
    hit = {one.watched.scenario.key: one.watched for one in streaks if one.start <= end and one.end >= start}
    ran = [one for one in hit.values() if one.ended_in(WITHIN)]
    failing = [one for one in ran if one.failures_in_a_row]
    return len(failing) >= FAILING_ON and 2 * len(failing) > len(ran)


def _explains(spans: Sequence[tuple[datetime, datetime]], watched: Watched) -> bool:
    """Whether a scenario's present failures lie in these times, but for a few."""
    newest = watched.failures_in_a_row or watched.last_hour
    failed = [run.finished for run in newest if run.outcome == "error" and run.finished]
    outside = [one for one in failed if not any(start - BEFORE <= one <= end + AFTER for start, end in spans)]
    return len(outside) <= OUTSIDE_AT_MOST


def _silent(watched: Sequence[Watched], findings: Sequence[Finding]) -> list[Watched]:
    by_key = {one.scenario.key: one for one in watched}
    silent = [by_key[one.scenario] for one in findings if one.kind == "silence" and one.scenario in by_key]
    of_those = sum(bool(one.scenario.cadence_seconds or (one.profile and one.profile.rhythm)) for one in watched)
    many = len(silent) >= SCENARIOS_AT_LEAST and len(silent) >= SHARE_SILENT * of_those
    return silent if many else []


def _silence(platform: Platform, silent: Sequence[Watched], findings: Sequence[Finding]) -> Outage:
    keys = {one.scenario.key for one in silent}
    covered = tuple(one for one in findings if one.kind == "silence" and one.scenario in keys)
    since = min(one.since for one in covered)
    finding = _finding(platform, f"{len(silent)} scenarios don't run any more", since, "silence", silent)
    return Outage(finding.fingerprint, finding, covered)


def _finding(platform: Platform, what: str, since: datetime, detail: str, named: Sequence[Watched]) -> Finding:
    names: list[JsonValue] = [*sorted(one.scenario.name or str(one.scenario.key) for one in named)[:NAMED_AT_MOST]]
    evidence: dict[str, JsonValue] = {"scenarios": len(named), "names": names}
    return on_platform(platform, "platform_outage", "critical", what, since, detail=detail, evidence=evidence)
