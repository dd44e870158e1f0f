"""What of the spec's control flow Zapier has no step for: why, and what would make it possible."""

from __future__ import annotations

from collections.abc import Mapping

from compilers.spec import AnyStep

_OBSTACLES: Mapping[str, tuple[str, str]] = {
    "merge": ("paths of Zapier never join", "repeat what follows on each path"),
    "repeat": ("Zapier's loops run over values, not to a number", "go through a list of as many values"),
    "aggregate": ("Zapier has no step that collects the runs of a loop", "collect them in a table, or in a Code step"),
    "get_variables": ("Zapier has no variables", "refer to the value itself, or keep it in Storage by Zapier"),
    "respond": ("a webhook of Zapier answers by itself, at once", "send the result to an address of the caller"),
    "sub_scenario": ("how an export calls a Sub-Zap isn't known", "build the call by hand with Sub-Zap by Zapier"),
    "directive": ("Zapier has no error handling for one step", "let the run fail"),
}  # fmt: skip


def of_step(step: AnyStep) -> tuple[str, str] | None:
    """Why Zapier has no step for a construct, and what to do; None where it has one."""
    return _OBSTACLES.get(step.kind)
