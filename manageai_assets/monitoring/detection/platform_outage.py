"""Many scenarios in trouble at once: one trouble, not hundreds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from manageai_assets.monitoring.detection.failures import Cause, cause_of
from manageai_assets.monitoring.detection.findings import on_platform, said
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding, IncidentKind, Platform

SCENARIOS_AT_LEAST = 5
"""Four scenarios in trouble are four troubles; from five on their number hides the one behind them."""
SHARE_FAILING = 0.5
"""Of the scenarios that ran in the last hours, half must fail for the platform itself to be suspected."""
SHARE_SILENT = 0.3
"""Scenarios that run by chance show that they are silent only later, so that fewer must."""
FAILURES_AT_LEAST = 2
"""One failure each is what hundreds of healthy scenarios have at any moment."""
WITHIN = timedelta(hours=2)
"""The time in which they must have begun to fail, and all have run."""
ALIKE: tuple[Cause, ...] = ("unavailable", "timeout", "rate_limit", "plan_limit")
"""Failures that one cause outside of the scenarios gives to many of them. Refused accounts have a connection each."""
NAMED_AT_MOST = 20

COVERED: tuple[IncidentKind, ...] = (
    "error_spike", "consecutive_failures", "silence", "slow_down", "rate_limit",
)  # fmt: skip
"""Findings on scenarios that an outage explains."""


@dataclass(frozen=True)
class Outage:
    """An outage, and the findings on scenarios that it explains."""

    finding: Finding
    covered: tuple[Finding, ...]


def platform_outages(platform: Platform, watched: Sequence[Watched], findings: Sequence[Finding]) -> list[Outage]:
    """The outages of a platform, or of something that its scenarios share: half of those that run fail, many fail
    alike, or many have fallen silent."""
    failing = [one for one in watched if _began_to_fail(one)]
    running = sum(bool(one.ended_in(WITHIN)) for one in watched)
    if len(failing) >= SCENARIOS_AT_LEAST and len(failing) >= SHARE_FAILING * running:
        what = f"{len(failing)} of the {running} scenarios that ran in the last two hours fail: {_usual_error(failing)}"
        return [_outage(platform, failing, what, "", findings)]
    outages = [
        _outage(platform, alike, f"{len(alike)} scenarios fail alike: {key}", key, findings)
        for key, alike in _alike(failing).items()
        if len(alike) >= SCENARIOS_AT_LEAST
    ]
    by_key = {one.scenario.key: one for one in watched}
    silent = [by_key[one.scenario] for one in findings if one.kind == "silence" and one.scenario in by_key]
    rhythmic = sum(1 for one in watched if _can_be_silent(one))
    if len(silent) >= SCENARIOS_AT_LEAST and len(silent) >= SHARE_SILENT * rhythmic:
        outages.append(_outage(platform, silent, f"{len(silent)} scenarios don't run any more", "silence", findings))
    return outages


def _began_to_fail(watched: Watched) -> bool:
    row = watched.failures_in_a_row
    return len(row) >= FAILURES_AT_LEAST and _first(row[-FAILURES_AT_LEAST].finished, watched) > watched.at - WITHIN


def _first(moment: datetime | None, watched: Watched) -> datetime:
    return moment or watched.at


def _can_be_silent(watched: Watched) -> bool:
    return bool(watched.scenario.cadence_seconds) or (
        watched.profile is not None and watched.profile.rhythm is not None
    )


def _alike(failing: Sequence[Watched]) -> Mapping[str, list[Watched]]:
    groups: dict[str, list[Watched]] = defaultdict(list)
    for one in failing:
        error = one.failures_in_a_row[-1].error
        if cause_of(error) in ALIKE:
            groups[re.sub(r"\d+", "#", said(error))[:100]].append(one)
    return groups


def _usual_error(failing: Sequence[Watched]) -> str:
    errors = [said(one.failures_in_a_row[-1].error) for one in failing]
    return max(sorted(set(errors)), key=errors.count)


def _outage(
    platform: Platform, scenarios: Sequence[Watched], what: str, detail: str, findings: Sequence[Finding]
) -> Outage:
    keys = {one.scenario.key for one in scenarios}
    covered = tuple(one for one in findings if one.scenario in keys and one.kind in COVERED)
    since = min(
        (one.failures_in_a_row[0].finished or one.at if one.failures_in_a_row else _last_start(one))
        for one in scenarios
    )
    names: list[JsonValue] = [*sorted(one.scenario.name or str(one.scenario.key) for one in scenarios)[:NAMED_AT_MOST]]
    evidence: dict[str, JsonValue] = {"scenarios": len(scenarios), "names": names}
    finding = on_platform(platform, "platform_outage", "critical", what, since, detail=detail, evidence=evidence)
    return Outage(finding, covered)


def _last_start(watched: Watched) -> datetime:
    return max((run.started for run in watched.runs), default=watched.at)
