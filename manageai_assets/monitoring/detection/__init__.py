"""What is wrong, as findings: one rule a module, each a pure function of a scenario at a moment.

`judge` holds an estate against all of them. Of several findings on one trouble only the one that says most is left:
the others are *covered* by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from manageai_assets.monitoring.detection.consecutive_failures import consecutive_failures
from manageai_assets.monitoring.detection.credential_failure import credential_failure
from manageai_assets.monitoring.detection.data_anomaly import data_anomaly
from manageai_assets.monitoring.detection.error_spike import error_spike
from manageai_assets.monitoring.detection.operations_burn import operations_burn
from manageai_assets.monitoring.detection.platform_outage import platform_outages
from manageai_assets.monitoring.detection.rate_limit import rate_limit
from manageai_assets.monitoring.detection.silence import silence
from manageai_assets.monitoring.detection.slow_down import slow_down
from manageai_assets.monitoring.detection.switched_off import switched_off
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Finding, IncidentKind, Plan, Platform, ScenarioKey

Rule = Callable[[Watched], Finding | None]

RULES: Mapping[IncidentKind, Rule] = MappingProxyType({
    "switched_off": switched_off,
    "credential_failure": credential_failure,
    "rate_limit": rate_limit,
    "consecutive_failures": consecutive_failures,
    "error_spike": error_spike,
    "silence": silence,
    "slow_down": slow_down,
    "data_anomaly": data_anomaly,
})  # fmt: skip
"""The rules on single scenarios."""

COVERS: Mapping[IncidentKind, tuple[IncidentKind, ...]] = MappingProxyType({
    "switched_off": ("consecutive_failures", "error_spike", "silence"),
    "credential_failure": ("consecutive_failures", "error_spike"),
    "rate_limit": ("consecutive_failures", "error_spike"),
    "consecutive_failures": ("error_spike",),
})  # fmt: skip
"""Which findings on the same scenario a finding explains."""

FAILING: frozenset[IncidentKind] = frozenset(
    {"error_spike", "consecutive_failures", "credential_failure", "rate_limit"}
)
"""Kinds that are over only when a run has succeeded: no run at all is no proof."""


@dataclass(frozen=True)
class Judged:
    """What is wrong at a moment. `covered` has, for the fingerprints of findings that another one explains, that one's.
    `unproven` are the scenarios of which nothing shows that they work: nothing of `FAILING` is over there."""

    findings: tuple[Finding, ...]
    covered: Mapping[str, str]
    unproven: frozenset[ScenarioKey]
    unread: frozenset[ScenarioKey]
    """Scenarios that weren't read lately: nothing at all is over there."""


def judge(watched: Sequence[Watched], plans: Sequence[tuple[Plan, Sequence[int]]], at: datetime) -> Judged:
    """What is wrong with these scenarios and with the platforms' plans (each with the operations of its last days)."""
    found: dict[Platform, list[Finding]] = defaultdict(list)
    by_platform: dict[Platform, list[Watched]] = defaultdict(list)
    covered: dict[str, str] = {}
    for one in watched:
        if one.scenario.paused or one.scenario.gone_at is not None:
            continue
        by_platform[one.scenario.key.platform].append(one)
        own = [finding for rule in RULES.values() if (finding := rule(one)) is not None]
        covered |= _explained(own)
        found[one.scenario.key.platform] += own
    for platform, scenarios in by_platform.items():
        for outage in platform_outages(platform, scenarios, found[platform]):
            covered |= {finding.fingerprint: outage.fingerprint for finding in outage.covered}
            found[platform] += [outage.finding] if outage.finding else []
    burning = [finding for plan, days in plans if (finding := operations_burn(plan, days, at)) is not None]
    unproven = frozenset(one.scenario.key for one in watched if one.unproven)
    everything = [*(one for findings in found.values() for one in findings), *burning]
    unread = frozenset(one.scenario.key for one in watched if one.unread)
    return Judged(tuple(one for one in everything if one.fingerprint not in covered), covered, unproven, unread)


def _explained(findings: Sequence[Finding]) -> dict[str, str]:
    """Fingerprints of what others explain, each with the one that explains most."""
    explained: dict[str, str] = {}
    for finding in findings:  # in the order of RULES, which is that of what says most
        others = (one for one in findings if one.kind in COVERS.get(finding.kind, ()))
        explained |= {one.fingerprint: finding.fingerprint for one in others if one.fingerprint not in explained}
    return explained
