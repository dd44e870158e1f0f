"""Step ids: those that the plan gives, and readable ones for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from compilers.errors import Finding
from manageai_assets.intake.models import slug_of
from manageai_assets.intake.plan import (
    ActionPlan,
    AnyStepPlan,
    Collect,
    CollectPlan,
    ForEachPlan,
    GetPlan,
    IfPlan,
    Plan,
    RepeatPlan,
    RespondPlan,
    RoutesPlan,
    SetPlan,
    StopPlan,
    SubScenarioPlan,
    WaitPlan,
    walk,
)

ID_LENGTH = 40
LABEL_WORDS = 3
_STARTS_WITH_LETTER = re.compile(r"[a-z]")
_DEFAULTS: Mapping[type[AnyStepPlan], str] = {
    RoutesPlan: "route", IfPlan: "check", ForEachPlan: "each", RepeatPlan: "repeat", CollectPlan: "collect",
    WaitPlan: "wait", SetPlan: "set", GetPlan: "get", RespondPlan: "respond", StopPlan: "stop",
    SubScenarioPlan: "scenario",
}  # fmt: skip


def id_of(text: str) -> str:
    """`text` as a step id: lower case, digits and underscores, beginning with a letter."""
    name = slug_of(" ".join(text.split()[:LABEL_WORDS])).replace("-", "_")
    return (name if _STARTS_WITH_LETTER.match(name) else f"step_{name}")[:ID_LENGTH].rstrip("_")


def name_steps(plan: Plan) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """An id for each place of the plan (`trigger`, `steps.0`, `steps.0.collect`, `steps.1.merge`), all different, and
    a finding for each id that the plan gives twice."""
    ids: dict[str, str] = {}
    places: dict[str, str] = {}
    findings: list[Finding] = []
    wanted = list(_wanted(plan))
    for place, explicit, _ in wanted:
        if explicit is None:
            continue
        if explicit in places:
            what = f"the id `{explicit}` is given to `{places[explicit]}` already"
            findings.append(_twice(place, what))
        places.setdefault(explicit, place)
        ids[place] = explicit
    taken = set(places)
    for place, explicit, basis in wanted:
        if explicit is None:
            ids[place] = _free(id_of(basis), taken)
            taken.add(ids[place])
    return ids, tuple(findings)


def _twice(place: str, what: str) -> Finding:
    return Finding(
        rule="intake.id.twice", severity="error", where=f"{place}.id", what=what, hint="give each step an id of its own"
    )


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name[: ID_LENGTH - 5]}_{number}" in taken:
        number += 1
    return f"{name[: ID_LENGTH - 5]}_{number}"


def _wanted(plan: Plan) -> Iterator[tuple[str, str | None, str]]:
    """Place, the id that the plan gives, and the words to make one of."""
    yield "trigger", plan.trigger.id, "trigger"
    for place, step in walk(plan.steps):
        yield place, step.id, step.label or _default(step)
        if isinstance(step, IfPlan):
            yield f"{place}.merge", None, f"{step.id or 'check'} merge"
        yield f"{place}.pass", None, f"{step.id or 'check'} pass"
        collect = step.collect if isinstance(step, (ForEachPlan, RepeatPlan)) else None
        if isinstance(collect, Collect):
            yield f"{place}.collect", collect.id, collect.label or "collect"


def _default(step: AnyStepPlan) -> str:
    if isinstance(step, ActionPlan):
        return step.app
    return _DEFAULTS.get(type(step), "step")
