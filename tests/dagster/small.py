"""A small pipeline of every kind of stage, for tests of the Dagster layer. What an intake's notes say steers it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import BaseModel

from compilers.errors import CompileError
from manageai_assets.intake.models import Intake
from manageai_assets.stages import Check, NotWanted, Preview, Stage, Table, Waiting, stage

SLOW_SECONDS = 3.0


class Plan(BaseModel):
    """The middle of the small pipeline."""

    customer: str
    notes: str
    made_by: str = "rules"


class Package(BaseModel):
    """Its end."""

    exports: tuple[str, ...]


class Score(BaseModel):
    """Its confidence."""

    score: float
    grade: str


def _plan_preview(value: Plan) -> Preview:
    return Preview(
        numbers={"customer": value.customer, "length": len(value.notes)},
        markdown=f"**{value.customer}**",
        tables={"notes": Table(("note",), ((value.notes,),))},
    )


def _plan_checks(value: Plan) -> Sequence[Check]:
    fine = "blocked" not in value.notes
    return (
        Check(
            "is_sound", fine, "sound" if fine else "not sound", blocking=True, findings=() if fine else ("a finding",)
        ),
        Check("is_short", len(value.notes) < 100, "short enough"),
    )


@stage(artifact="intake.json", group="intake")
def intake(submitted: Intake) -> Intake:
    """What came in."""
    return submitted


@stage(
    artifact="plan.json",
    group="intake",
    preview=_plan_preview,
    checks=_plan_checks,
    check_names=("is_sound", "is_short"),
    blocking_checks=("is_sound",),
)
def plan(intake: Intake) -> Plan:
    """What will be done."""
    if "waiting" in intake.notes:
        raise Waiting("which sheet shall it be?")
    return Plan(customer=intake.customer.name, notes=intake.notes)


@stage(artifact="make_export.json", group="exports")
def make_export(plan: Plan) -> Plan:
    """For one platform."""
    if "no make" in plan.notes:
        raise CompileError("branches can't be expressed", where="steps.a")
    if "broken" in plan.notes:
        raise RuntimeError("a fault")
    return plan


@stage(artifact="n8n_export.json", group="exports")
def n8n_export(plan: Plan) -> Plan:
    """For another."""
    if "only make" in plan.notes:
        raise NotWanted("the intake asks for Make", where="targets")
    return plan


@stage(artifact="flow.svg", group="documents")
def flow_picture(plan: Plan) -> str:
    """A picture."""
    if "slow" in plan.notes:
        time.sleep(SLOW_SECONDS)
    return f"<svg xmlns='http://www.w3.org/2000/svg'><text>{len(plan.notes)}</text></svg>"


@stage(artifact="confidence.json", group="documents")
def confidence(plan: Plan) -> Score:
    """A number."""
    return Score(score=0.9, grade="A")


@stage(artifact="delivery_pack.json", group="documents")
def delivery_pack(
    plan: Plan, make_export: Plan | None, n8n_export: Plan | None, flow_picture: str, confidence: Score
) -> Package:
    """Everything."""
    named = (("make", make_export), ("n8n", n8n_export))
    return Package(exports=tuple(name for name, export in named if export is not None))


STAGES: tuple[Stage, ...] = (
    intake,
    plan,
    make_export,
    n8n_export,
    flow_picture,
    confidence,
    delivery_pack,
)
