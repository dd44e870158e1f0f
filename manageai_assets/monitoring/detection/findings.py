"""Making findings: fingerprints, and the evidence that every finding on runs carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from compilers.errors import shorten
from compilers.secrets import without_secrets
from manageai_assets.monitoring.detection.watched import Watched
from manageai_assets.monitoring.models import Execution, ExecutionError, Finding, IncidentKind, Platform, Severity

LONGEST_MESSAGE = 500
"""Characters of an app's error message that are kept."""


def fingerprint(kind: IncidentKind, place: object, detail: str = "") -> str:
    """What names a trouble as long as it lasts: its kind, where it is, and what tells it from others there."""
    return f"{kind}:{place}:{shorten(detail, 80)}" if detail else f"{kind}:{place}"


def on_runs(
    watched: Watched,
    kind: IncidentKind,
    severity: Severity,
    what: str,
    runs: Sequence[Execution],
    *,
    detail: str = "",
    evidence: Mapping[str, JsonValue] | None = None,
) -> Finding:
    """A finding that these runs (oldest first, at least one) show; the newest that failed is its last error."""
    failed = [run for run in runs if run.outcome == "error"]
    told = {**_of_error(failed[-1]), "failures": len(failed)} if failed else {}
    return Finding(
        kind=kind,
        severity=severity,
        fingerprint=fingerprint(kind, watched.scenario.key, detail),
        platform=watched.scenario.key.platform,
        scenario=watched.scenario.key,
        since=runs[0].finished or runs[0].started,
        what=what,
        evidence={**told, **(evidence or {})},
    )


def on_scenario(
    watched: Watched,
    kind: IncidentKind,
    severity: Severity,
    what: str,
    since: datetime,
    evidence: Mapping[str, JsonValue] | None = None,
) -> Finding:
    """A finding on a scenario that no single run shows."""
    key = watched.scenario.key
    return Finding(kind, severity, fingerprint(kind, key), key.platform, key, since, what, evidence or {})


def on_platform(
    platform: Platform,
    kind: IncidentKind,
    severity: Severity,
    what: str,
    since: datetime,
    *,
    detail: str = "",
    evidence: Mapping[str, JsonValue] | None = None,
) -> Finding:
    """A finding on a platform as a whole."""
    return Finding(
        kind, severity, fingerprint(kind, platform, detail), platform, None, since, what, evidence or {}
    )  # fmt: skip


def said(error: ExecutionError | None) -> str:
    """What an error says, on one line, without secrets."""
    if error is None:
        return "no reason given"
    text = error.message or error.type or (f"HTTP {error.status}" if error.status else "no reason given")
    return shorten(without_secrets(text[: 4 * LONGEST_MESSAGE]), LONGEST_MESSAGE)


def account_of(error: ExecutionError | None) -> str:
    """The connection that an error is about, or else the step whose connection it is; empty when neither is known."""
    return (error.connection or error.step) if error else ""


def times(count: int, one: str, many: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {one if count == 1 else many}"


def _of_error(run: Execution) -> dict[str, JsonValue]:
    error = run.error or ExecutionError()
    return {
        "execution": run.execution_id,
        "failed_at": (run.finished or run.started).isoformat(),
        "error": said(run.error),
        "type": error.type,
        "step": error.step,
        "status": error.status,
        "connection": error.connection,
    }
