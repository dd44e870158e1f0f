"""What differs between two revisions of a report, figure by figure, so that no figure changes in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from manageai_assets.clients.reports.models import Change, MonthlyReport

FIGURES = (
    "totals.runs", "totals.failed", "totals.make_operations", "totals.n8n_executions", "totals.make_cost",
    "totals.n8n_cost", "totals.hand_steps", "totals.hours", "n8n_own_cost", "hours_value", "scenarios_there",
    "scenarios_healthy", "incident_totals.opened", "incident_totals.brought_along", "incident_totals.resolved",
    "incident_totals.still_open", "incident_totals.median_minutes", "incident_totals.longest_minutes",
    "incident_totals.answered_median", "risk_score", "hour", "work_hour", "prices_as_of",
)  # fmt: skip
OF_SCENARIOS = ("name", "state", "runs", "failed", "operations", "cost")
PARTS = (
    "days", "months", "before", "incidents", "risks", "recommendations", "outlook", "assumptions", "zone", "joined",
    "currency", "make_currency", "n8n_currency", "risk_score_before",
)  # fmt: skip
"""Parts of which only is said that they differ: their figures follow from those above, or stand in other months."""

Facts = Mapping[str, JsonValue]


def changes_of(before: Facts, now: MonthlyReport) -> tuple[Change, ...]:
    """What differs in `now` from the facts of an earlier revision, as they are stored; it may be of an older version of
    the model."""
    return tuple(_changes(before, cast("Facts", now.model_dump(mode="json"))))


def _changes(before: Facts, now: Facts) -> Iterator[Change]:
    for path in FIGURES:
        was, becomes = _at(before, path), _at(now, path)
        if was != becomes:
            yield Change(what=path, before=_told(was), after=_told(becomes))
    old, new = _by_key(before), _by_key(now)
    for key in [*new, *(key for key in old if key not in new)]:
        name = _told((new.get(key) or old[key]).get("name"))
        if key not in old or key not in new:
            there = ("", "there") if key in new else ("there", "")
            yield Change(what="scenarios", scenario=name, before=there[0], after=there[1])
            continue
        for field in OF_SCENARIOS:
            if (was := old[key].get(field)) != (becomes := new[key].get(field)):
                yield Change(what=f"scenarios.{field}", scenario=name, before=_told(was), after=_told(becomes))
    for part in PARTS:
        if before.get(part) != now.get(part):
            yield Change(what=part, before="", after="")


def _at(facts: Facts, path: str) -> JsonValue:
    found: JsonValue = dict(facts)
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _by_key(facts: Facts) -> dict[str, dict[str, JsonValue]]:
    rows = facts.get("scenarios")
    return {str(row.get("key")): row for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}


def _told(value: JsonValue) -> str:
    return "" if value is None else str(value)
