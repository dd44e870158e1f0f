"""What so many units a month cost on a platform, by the list prices in `data/prices.yaml`.

A client is billed as though it had a plan of its own: how clients share the agency's plan isn't known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from manageai_assets.build.cost import CENT, PlatformKey, Prices, price_for


@dataclass(frozen=True, slots=True)
class Bill:
    """The cheapest plan that holds so many units a month; `plan` and `amount` are None when a quote is needed."""

    platform: PlatformKey
    units: int
    plan: str | None
    amount: Decimal | None
    currency: str
    source: str

    def __str__(self) -> str:
        if self.amount is None:
            return f"{self.units:,} units a month: on request"
        return f"{self.units:,} units a month on {self.plan}: {self.amount:,.2f} {self.currency}"


def bill_for(prices: Prices, platform: PlatformKey, units: int) -> Bill:
    """The bill for one month; nothing is owed for nothing. Free plans are left out: they run two scenarios at most and
    can't be watched through the API."""
    row = prices.platforms[platform]
    source = f"{row.source}, as of {prices.as_of}"
    if units == 0:
        return Bill(platform, 0, "no plan", Decimal("0.00"), row.currency, source)
    offers = [(price_for(plan, units)[0], plan.name) for plan in row.plans if plan.price]
    fitting = [(price, name) for price, name in offers if price is not None]
    if not fitting:
        return Bill(platform, units, None, None, row.currency, source)
    price, name = min(fitting)
    return Bill(platform, units, name, price.quantize(CENT, ROUND_HALF_UP), row.currency, source)
