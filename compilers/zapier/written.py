"""A Zap as the compiler writes it: its steps by the spec's steps, and what was found on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import Object
from compilers.errors import Finding, Severity
from compilers.export import NeededConnection, NeededWebhook, Translation
from compilers.secrets import without_secrets
from compilers.spec import AnyStep

_SETTINGS: Mapping[str, JsonValue] = {
    "copied_from": None,
    "created_by": None,
    "polling_interval_override": 0,
    "block_and_release_limit_override": 0,
    "spread_tasks": 1,
}


@dataclass
class Written:
    """A Zap as the compiler writes it. `nodes` and `filters` are its steps by the spec's steps: what does a step's
    work, and the filter that guards it. `codes` and `filter_codes` are the Code steps before them. `manual` are
    the steps that a person must build, each with what is to be built."""

    document: Object
    nodes: dict[str, Object] = field(default_factory=dict)
    filters: dict[str, Object] = field(default_factory=dict)
    codes: dict[str, Object] = field(default_factory=dict)
    filter_codes: dict[str, Object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    manual: dict[str, str] = field(default_factory=dict)
    translations: list[Translation] = field(default_factory=list)
    connections: list[NeededConnection] = field(default_factory=list)
    webhooks: list[NeededWebhook] = field(default_factory=list)

    @property
    def all_nodes(self) -> Iterator[Object]:
        """Every step of the Zap."""
        for steps in (self.filter_codes, self.filters, self.codes, self.nodes):
            yield from steps.values()

    def of(self, step: str) -> tuple[Object, ...]:
        """What stands for a step of the spec, in the order in which it runs."""
        listed = (self.filter_codes, self.filters, self.codes, self.nodes)
        return tuple(steps[step] for steps in listed if step in steps)

    def found(self, step: str, what: str, hint: str, severity: Severity = "error") -> None:
        """Adds a finding about a step of the spec; empty: about the whole."""
        where = f"steps.{step}" if step else "steps"
        what = without_secrets(what)
        self.findings.append(Finding(rule="zapier.emit", severity=severity, where=where, what=what, hint=hint))


def kept(step: AnyStep) -> Mapping[str, JsonValue]:
    """What is kept of the step that a Zap had for it."""
    return step.residue.get("zapier", {})


def step_node(root: str, key: str, parent: str | None, label: str) -> Object:
    """A step without work, as exports have it: switched off, with no account."""
    return {
        "id": _number(key),
        "paused": True,
        "type_of": "write",
        "params": {},
        "meta": {"parammap": {}, **({"stepTitle": label} if label else {})},
        "triple_stores": dict(_SETTINGS),
        "parent_id": _number(parent),
        "root_id": _number(root) if parent is not None else None,
        "action": "",
        "selected_api": "",
        "title": None,
        "authentication_id": None,
    }


def _number(key: str | None) -> JsonValue:
    return int(key) if key is not None and key.isdigit() and str(int(key)) == key else key
