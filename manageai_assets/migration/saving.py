"""What a month of a migrated scenario costs on Make and on n8n, by the same estimate that builds get."""

from __future__ import annotations

from decimal import Decimal

from compilers.migrate import Saving
from compilers.spec import Spec
from manageai_assets.build.cost import PlatformCost, estimate


def saving_of(spec: Spec, source: str = "make") -> Saving:
    """Both bills, what is saved by leaving the platform `source`, and what that rests on. Neither blueprints nor
    workflows hold a volume, so that most of it is assumed."""
    costs = estimate(spec, Decimal(0))
    make, own = costs.platform("make"), costs.platform("n8n_self_hosted")
    cloud = costs.platform("n8n_cloud")
    basis = [f"{row.what}: {row.value} ({row.source})" for row in costs.basis]
    basis += [f"list prices of {costs.prices_as_of}: {costs.prices_note}", make.source, cloud.source]
    n8n_bills = f"{_bill(cloud)}; {_bill(own)}"
    from_make = source == "make"
    return Saving(
        source=_bill(make) if from_make else n8n_bills,
        target=n8n_bills if from_make else _bill(make),
        saved=_saved(make, cloud) if from_make else _saved(cloud, make),
        basis=tuple(basis),
    )


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
