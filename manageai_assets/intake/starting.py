"""What starts an automation: the plan's trigger made the spec's trigger step and schedule."""

from __future__ import annotations

from dataclasses import dataclass

from compilers.errors import shorten
from compilers.spec import Schedule, TriggerStep
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.models import Intake
from manageai_assets.intake.operations import Accounts, Found, complete_inputs, find_operation, outputs_of
from manageai_assets.intake.plan import SchedulePlan, TriggerPlan
from manageai_assets.intake.schedules import read_schedule, schedule_of
from manageai_assets.intake.vocabulary import vocabulary

POLLING_MINUTES = 15
"""Between two looks of a polling trigger when nothing is said: what Make's free plan allows."""
_HINT = "such as `when a form comes in`, or `every weekday at 07:30`"


@dataclass(frozen=True)
class Start:
    """The trigger and when it runs. `polls`: one run can give several bundles."""

    trigger: TriggerStep
    schedule: Schedule | None
    polls: bool


def start_of(plan: TriggerPlan, identifier: str, intake: Intake, ledger: Ledger, accounts: Accounts) -> Start | None:
    """The start of an automation; None, with a failure noted, when the plan doesn't say enough."""
    words = vocabulary().schedule
    app, operation = plan.app, plan.operation
    if app is None:
        if plan.schedule is None:
            ledger.fail("trigger.missing", "trigger", "what starts the automation is not said", _HINT)
            return None
        app, operation = words.app, words.operation
    found = find_operation(app, operation, True, ledger, "trigger")
    if found is None:
        return None
    sample = plan.sample if plan.sample is not None else intake.samples.get(identifier)
    trigger = TriggerStep(
        id=identifier,
        label=plan.label,
        note=plan.note,
        app=found.app_name,
        operation=found.name,
        connection=accounts.connect(found, plan.account),
        inputs=complete_inputs(found, plan.inputs, ledger, "trigger"),
        outputs=outputs_of(plan, found, sample),
        sample=sample,
    )
    polls = not found.operation.instant and found.app_name != words.app
    return Start(trigger, _schedule(plan.schedule, found, ledger), polls)


def _schedule(said: SchedulePlan | str | None, found: Found, ledger: Ledger) -> Schedule | None:
    where = "trigger.schedule"
    if isinstance(said, str):
        read = read_schedule(said)
        if read is None:
            what = f"`{shorten(said, 80)}` is not a schedule"
            ledger.fail("schedule.unread", where, what, "write it like `every weekday at 07:30`")
            return None
        said = read
    if found.operation.instant:
        if said is not None:
            what = f"{found.app.name} starts at once, so the schedule is not used"
            ledger.warn("schedule.unused", where, what, "leave the schedule out")
        return Schedule(kind="immediately")
    if said is not None:
        return schedule_of(said, ledger, where)
    if found.app_name == vocabulary().schedule.app:
        ledger.fail("schedule.missing", where, "when it should run is not said", "such as `every day at 8:00`")
        return None
    text = f"{found.app.name} is looked at every {POLLING_MINUTES} minutes; the request names no interval."
    ledger.assume("low", text, where)
    return Schedule(kind="every", minutes=POLLING_MINUTES)
