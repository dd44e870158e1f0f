"""What a month of a migrated scenario costs on Make and on n8n, by the same estimate that builds get."""

from __future__ import annotations

from decimal import Decimal

from compilers.migrate import Saving
from compilers.spec import Spec
from manageai_assets.build.cost import PlatformCost, estimate


def saving_of(spec: Spec) -> Saving:
    """Both bills, what is saved, and what that rests on. Blueprints hold no volume, so that most of it is assumed."""
    costs = estimate(spec, Decimal(0))
    make, own = costs.platform("make"), costs.platform("n8n_self_hosted")
    cloud = costs.platform("n8n_cloud")
    basis = [f"{row.what}: {row.value} ({row.source})" for row in costs.basis]
    basis += [f"list prices of {costs.prices_as_of}: {costs.prices_note}", make.source, cloud.source]
    return Saving(
        source=_bill(make),
        target=f"{_bill(cloud)}; {_bill(own)}",
        saved=_saved(make, cloud),
        basis=tuple(basis),
    )


def _bill(cost: PlatformCost) -> str:
    price = f"{cost.monthly} a month on {cost.recommended}" if cost.monthly else "no list price fits"
    return f"{cost.name}: {cost.per_month:,} {cost.unit}, {price}"


def _saved(make: PlatformCost, n8n: PlatformCost) -> str:
    units = f"{make.per_month:,} {make.unit} a month become {n8n.per_month:,} {n8n.unit}"
    if not make.monthly or not n8n.monthly:
        return f"{units}; ask for a quote"
    if make.monthly.currency != n8n.monthly.currency:
        return f"{units}; {make.monthly} against {n8n.monthly}"
    change = make.monthly.amount - n8n.monthly.amount
    word = "saved" if change >= 0 else "more"
    return f"{units}; {abs(change):,.2f} {make.monthly.currency} {word} a month"
