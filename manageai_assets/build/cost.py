"""The cost estimate: what the automation takes in a month on each platform, the plan it needs there, and the set-up.

Every platform is billed by its own unit (`operations.py` counts them). A plan fits when it holds the expected volume
with headroom; the cheapest one that fits is recommended. Prices are list prices from `data/prices.yaml`, in the
vendor's currency, with their date and source; nothing is converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compilers.spec import Spec
from manageai_assets.build.operations import (
    Basis,
    Operations,
    countings,
    operations_per_run,
    workload,
)
from manageai_assets.build.runs import Runs, runs_per_month
from manageai_assets.build.timeline import Timeline
from manageai_assets.data import DataModel, read_data
from manageai_assets.documents.brand import our_brand
from manageai_assets.intake.models import Intake
from manageai_assets.stages import Preview, Table, stage

PlatformKey = Literal["make", "n8n_cloud", "n8n_self_hosted", "zapier"]
CENT = Decimal("0.01")


class PlanRow(DataModel):
    """One plan in `data/prices.yaml`."""

    name: str
    price: Decimal = Field(ge=0, description="a month, billed monthly")
    units: int = Field(gt=0, description="units a month that the price holds")
    blocks: int = Field(default=1, ge=1, description="how often the plan's units can be bought at its price")
    overage_factor: Decimal | None = Field(
        default=None, description="price of a unit beyond, as a multiple of the plan's"
    )
    overage_up_to: int = Field(default=1, ge=1, description="multiple of the plan's units at which it stops")
    min_interval_minutes: int = 0
    max_steps: int | None = None
    note: str = ""


class PlatformRow(DataModel):
    """One platform in `data/prices.yaml`."""

    name: str
    unit: str
    currency: str
    source: str
    plans: tuple[PlanRow, ...]


class Prices(DataModel):
    """`data/prices.yaml`."""

    as_of: date
    note: str
    platforms: dict[PlatformKey, PlatformRow]


class Result(BaseModel):
    """Base of the results: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Money(Result):
    """An amount with its currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"


class PlanPrice(Result):
    """One plan for this workload: its price, or why it doesn't fit."""

    plan: str
    monthly: Money | None
    why: str
    note: str


class PlatformCost(Result):
    """What the workload takes on one platform."""

    platform: PlatformKey
    name: str
    unit: str
    per_run: Decimal
    per_month: int = Field(description="units a month, expected")
    priced_for: int = Field(description="units a month, with headroom; the prices below are for these")
    recommended: str | None = Field(description="cheapest plan that fits; none: a quote is needed")
    monthly: Money | None
    yearly: Money | None
    plans: tuple[PlanPrice, ...]
    notes: tuple[str, ...]
    source: str


class SetupCost(Result):
    """What building it costs once."""

    hours: Decimal
    hour: Money
    total: Money
    note: str


class CostEstimate(Result):
    """Setup and running cost, and everything that they rest on."""

    prices_as_of: date
    prices_note: str
    setup: SetupCost
    runs: Runs
    operations: Operations
    platforms: tuple[PlatformCost, ...]
    basis: tuple[Basis, ...]

    def platform(self, key: PlatformKey) -> PlatformCost:
        """The cost on one platform."""
        return next(cost for cost in self.platforms if cost.platform == key)


def _preview(value: CostEstimate) -> Preview:
    running = tuple(
        (
            cost.name,
            float(cost.per_run),
            f"{cost.per_month:,} {cost.unit}",
            cost.recommended or "on request",
            str(cost.monthly) if cost.monthly else None,
            str(cost.yearly) if cost.yearly else None,
        )
        for cost in value.platforms
    )
    plans = tuple(
        (cost.name, offer.plan, str(offer.monthly) if offer.monthly else None, offer.why, offer.note)
        for cost in value.platforms
        for offer in cost.plans
    )
    steps = tuple(
        (row.step, row.title, float(row.times), float(row.operations), float(row.credits), float(row.tasks), row.why)
        for row in value.operations.steps
    )
    make = value.platform("make")
    return Preview(
        numbers={
            "setup": str(value.setup.total),
            "make_plan": make.recommended or "on request",
            "make_a_month": str(make.monthly) if make.monthly else "on request",
            "credits_per_run": float(value.operations.credits),
            "runs_a_month": float(value.runs.per_month),
            "prices_as_of": value.prices_as_of.isoformat(),
        },
        markdown=value.prices_note,
        tables={
            "running cost": Table(("platform", "units a run", "a month", "plan", "monthly", "yearly"), running),
            "plans": Table(("platform", "plan", "monthly", "why", "note"), plans),
            "steps": Table(("step", "title", "times", "operations", "Make credits", "Zapier tasks", "why"), steps),
            "rests on": Table(
                ("what", "value", "from"), tuple((item.what, float(item.value), item.source) for item in value.basis)
            ),
        },
    )


@stage(artifact="cost_estimate.json", group="estimates", preview=_preview)
def cost_estimate(canonical_spec: Spec, timeline: Timeline, intake: Intake) -> CostEstimate:
    """What it costs to set up and to run: Make with the plan it needs, the same workload on n8n and Zapier beside it.

    Operations are counted as each platform counts them, loops and searches multiplied; prices are dated list prices
    from `data/prices.yaml`.
    """
    held = {system.name.lower(): system.plan for system in intake.systems if system.plan}
    return estimate(canonical_spec, timeline.hours, held)


def prices() -> Prices:
    """The price table in `data/prices.yaml`."""
    data: Prices = read_data(Prices, "prices")
    return data


def estimate(spec: Spec, hours: Decimal, plans_held: Mapping[str, str] | None = None) -> CostEstimate:
    """The cost of the spec, built in so many hours. `plans_held`: plans that the client has, by lower case system."""
    table, price = prices(), our_brand().price
    operations, runs = operations_per_run(spec), runs_per_month(spec)
    counting = countings()
    monthly_credits = (operations.credits - operations.trigger_credits) * runs.per_month
    monthly_credits += operations.trigger_credits * (runs.polls_per_month or runs.per_month)
    usage: dict[PlatformKey, tuple[Decimal, Decimal, tuple[str, ...]]] = {
        "make": (operations.credits, monthly_credits, counting.make.notes),
        "n8n_cloud": (Decimal(1), runs.per_month, _N8N_NOTES),
        "n8n_self_hosted": (Decimal(1), runs.per_month, _N8N_NOTES),
        "zapier": (operations.tasks, operations.tasks * runs.per_month, (*counting.zapier.notes, *_zapier_gaps(spec))),
    }
    headroom = workload().headroom_share
    held = plans_held or {}
    return CostEstimate(
        prices_as_of=table.as_of,
        prices_note=" ".join(table.note.split()),
        setup=SetupCost(
            hours=hours,
            hour=Money(amount=price.hour, currency=price.currency),
            total=Money(amount=(hours * price.hour).quantize(CENT), currency=price.currency),
            note=price.hour_note,
        ),
        runs=runs,
        operations=operations,
        platforms=tuple(
            _platform_cost(key, table.platforms[key], spec, runs, usage[key], headroom.value, held) for key in usage
        ),
        basis=(
            *runs.basis,
            *operations.basis,
            Basis(what="headroom of the plans", value=headroom.value, source=f"assumed: {headroom.why}"),
        ),
    )


_N8N_NOTES = (
    "One run is one execution, whatever the number of steps and items.",
    "A polling trigger counts only when it found something.",
)


def _platform_cost(
    key: PlatformKey,
    row: PlatformRow,
    spec: Spec,
    runs: Runs,
    usage: tuple[Decimal, Decimal, tuple[str, ...]],
    headroom: Decimal,
    held: Mapping[str, str],
) -> PlatformCost:
    per_run, per_month, notes = usage
    expected = int(per_month.to_integral_value(ROUND_CEILING))
    needed = int((per_month * (1 + headroom)).to_integral_value(ROUND_CEILING))
    offers = tuple(_offer(plan, row.currency, needed, runs, len(spec.nodes)) for plan in row.plans)
    fitting = [offer for offer in offers if offer.monthly is not None]
    best = min(fitting, key=lambda offer: offer.monthly.amount if offer.monthly else Decimal(0), default=None)
    own = next((plan for name, plan in held.items() if name.split(".")[0] == key.split("_")[0]), None)
    return PlatformCost(
        platform=key,
        name=row.name,
        unit=row.unit,
        per_run=per_run,
        per_month=expected,
        priced_for=needed,
        recommended=best.plan if best else None,
        monthly=best.monthly if best else None,
        yearly=_times(best.monthly, 12) if best and best.monthly else None,
        plans=offers,
        notes=(*notes, *((_held(own, offers),) if own else ())),
        source=row.source,
    )


def _offer(plan: PlanRow, currency: str, needed: int, runs: Runs, steps: int) -> PlanPrice:
    """The plan's price for so many units a month, or why it doesn't fit."""
    monthly, why = None, ""
    interval = runs.interval_minutes
    if plan.max_steps is not None and steps > plan.max_steps:
        why = f"holds {plan.max_steps} steps, the automation has {steps}"
    elif interval is not None and interval < plan.min_interval_minutes:
        why = f"runs every {plan.min_interval_minutes} minutes at most, the automation every {interval}"
    else:
        monthly, why = price_for(plan, needed)
    money = None if monthly is None else Money(amount=monthly.quantize(CENT, ROUND_HALF_UP), currency=currency)
    return PlanPrice(plan=plan.name, monthly=money, why=why, note=plan.note)


def price_for(plan: PlanRow, units: int) -> tuple[Decimal | None, str]:
    """What a plan costs a month for so many units, unrounded, and why; None when it doesn't hold them."""
    if units <= plan.units:
        return plan.price, "fits"
    if units <= plan.units * plan.blocks:
        blocks = -(-units // plan.units)
        return plan.price * blocks, f"fits with {blocks} times {plan.units:,} units"
    if plan.overage_factor is not None and units <= plan.units * plan.overage_up_to:
        extra = units - plan.units
        monthly = plan.price + extra * plan.price / plan.units * plan.overage_factor
        return monthly, f"fits with {extra:,} units beyond the plan"
    return None, f"holds {plan.units * max(plan.blocks, plan.overage_up_to):,} units, {units:,} are needed"


def _held(own: str, offers: tuple[PlanPrice, ...]) -> str:
    offer = next((offer for offer in offers if offer.plan.split()[0].lower() in own.lower()), None)
    if offer is None:
        return f"The client has the plan {own}; check its limits."
    verdict = "is enough" if offer.monthly is not None else f"is not enough: {offer.why}"
    return f"The client has the plan {own}, which {verdict}, as far as it isn't used for other things."


def _times(money: Money, count: int) -> Money:
    return Money(amount=money.amount * count, currency=money.currency)


def _zapier_gaps(spec: Spec) -> tuple[str, ...]:
    """What of the spec Zapier has no way for."""
    cannot = countings().zapier.cannot
    kinds = {step.kind for step in spec.steps} | {"error_route" for edge in spec.edges if edge.kind == "error"}
    gaps = [words for kind, words in cannot.items() if kind in kinds]
    return (f"Zapier has no way for {', '.join(gaps)}: the flow would need another design.",) if gaps else ()
