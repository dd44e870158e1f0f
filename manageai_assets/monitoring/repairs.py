"""What to do about an incident, and where: the table `repairs.yaml`, filled in with scenario, step and connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

import yaml
from pydantic import TypeAdapter

from manageai_assets.monitoring.models import Incident, IncidentKind, Platform, Scenario

_FILE = Path(__file__).with_name("repairs.yaml")
_TABLE = TypeAdapter(dict[IncidentKind, dict[str, list[str]]])
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLATFORM_NAMES: Mapping[Platform, str] = {"make": "Make", "n8n": "n8n"}


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair ticket: the exact place in plain words, and what to do there, in order."""

    place: str
    steps: tuple[str, ...]


def repair(incident: Incident, scenario: Scenario | None) -> Repair:
    """The suggested repair of an incident."""
    known = {
        "scenario": f"the scenario `{scenario.name or scenario.key.external_id}`" if scenario else "",
        "step": _text(incident, "step"),
        "connection": _text(incident, "connection") or _text(incident, "step"),
        "setting": _text(incident, "setting"),
    }
    lines = [*table()[incident.kind].get("all", ()), *table()[incident.kind].get(incident.platform, ())]
    steps = tuple(filled for line in lines if (filled := _filled(line, known)))
    return Repair(_place(incident, scenario), steps)


@cache
def table() -> Mapping[IncidentKind, Mapping[str, Sequence[str]]]:
    """The table: for each kind the lines for `all` platforms and for each."""
    table = _TABLE.validate_python(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    missing = set(get_args(IncidentKind)) - set(table)
    if missing:
        raise ValueError(f"{_FILE.name} lacks {', '.join(sorted(missing))}")
    return table


def _place(incident: Incident, scenario: Scenario | None) -> str:
    parts = [PLATFORM_NAMES[incident.platform]]
    if scenario is not None:
        parts.append(f"scenario `{scenario.name or scenario.key.external_id}` ({scenario.key.external_id})")
    if step := _text(incident, "step"):
        parts.append(f"step `{step}`")
    if connection := _text(incident, "connection"):
        parts.append(f"connection `{connection}`")
    return ", ".join(parts)


def _filled(line: str, known: Mapping[str, str]) -> str | None:
    if any(not known[name] for name in _PLACEHOLDER.findall(line)):
        return None
    text = _PLACEHOLDER.sub(lambda match: known[match.group(1)], line)
    return text[:1].upper() + text[1:]


def _text(incident: Incident, name: str) -> str:
    value = incident.evidence.get(name)
    return value if isinstance(value, str) else ""
