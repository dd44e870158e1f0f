"""What a month of a migrated scenario costs on both of its platforms, by the same estimate that builds get."""

from __future__ import annotations

from decimal import Decimal

from compilers.migrate import Saving
from compilers.spec import Spec
from manageai_assets.build.cost import CostEstimate, PlatformCost, estimate


def saving_of(spec: Spec, source: str = "make", target: str = "n8n") -> Saving:
    """Both bills, what is saved by leaving the platform `source` for `target`, and what that rests on. No export holds
    a volume, so that most of it is assumed."""
    costs = estimate(spec, Decimal(0))
    old, new = _bills(costs, source), _bills(costs, target)
    basis = [f"{row.what}: {row.value} ({row.source})" for row in costs.basis]
    sources = (one.source for one in sorted((old[0], new[0]), key=lambda one: one.platform != "make"))
    basis += [f"list prices of {costs.prices_as_of}: {costs.prices_note}", *sources]
    return Saving(
        source="; ".join(map(_bill, old)),
        target="; ".join(map(_bill, new)),
        saved=_saved(old[0], new[0]),
        basis=tuple(basis),
    )


def _bills(costs: CostEstimate, platform: str) -> tuple[PlatformCost, ...]:
    """What a platform costs, in each of the ways that it is sold."""
    match platform:
        case "n8n":
            return costs.platform("n8n_cloud"), costs.platform("n8n_self_hosted")
        case "zapier":
            return (costs.platform("zapier"),)
        case _:
            return (costs.platform("make"),)


def _bill(cost: PlatformCost) -> str:
    price = f"{cost.monthly} a month on {cost.recommended}" if cost.monthly else "no list price fits"
    return f"{cost.name}: {cost.per_month:,} {cost.unit}, {price}"


def _saved(old: PlatformCost, new: PlatformCost) -> str:
    units = f"{old.per_month:,} {old.unit} a month become {new.per_month:,} {new.unit}"
    if not old.monthly or not new.monthly:
        return f"{units}; ask for a quote"
    if old.monthly.currency != new.monthly.currency:
        return f"{units}; {old.monthly} against {new.monthly}"
    change = old.monthly.amount - new.monthly.amount
    word = "saved" if change >= 0 else "more"
    return f"{units}; {abs(change):,.2f} {old.monthly.currency} {word} a month"
