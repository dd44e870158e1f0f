"""What a report recommends: the snapshot's opportunities that pay, with what they return in the first year."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from manageai_assets.build.cost import CENT
from manageai_assets.clients.models import Opportunity
from manageai_assets.clients.reports.models import Recommendation

if TYPE_CHECKING:
    from manageai_assets.clients.reports.stored import Material

MOST = 5
"""Recommendations that a client can think about in a month; the agency sees all of them."""
YEAR = 12
TENTH = Decimal("0.1")


def recommendations_of(given: Material) -> tuple[Recommendation, ...]:
    """The best opportunities of the month's end: first what returns the most in a year, then what can't be said in
    money, in the order of the snapshot. What doesn't pay within a year isn't recommended."""
    found = [_recommendation(one, given) for one in _together(given.snapshot.opportunities)]
    paying = [one for one in found if one.first_year is None or one.first_year > 0]
    ranked = sorted(paying, key=lambda one: (one.first_year is None, -(one.first_year or Decimal(0))))
    return tuple(ranked[:MOST])


def _together(found: Sequence[Opportunity]) -> list[Opportunity]:
    """The opportunities with those to handle errors as one: it is the same work in several scenarios."""
    alike = [one for one in found if one.kind == "error_handling"]
    others = [one for one in found if one.kind != "error_handling"]
    if len(alike) < 2:
        return list(found)
    values = {
        "scenarios": tuple(name for one in alike for name in one.scenarios),
        "failures": sum(one.failures for one in alike),
        "hours": sum((one.hours for one in alike), Decimal(0)),
    }
    return [*others, alike[0].model_copy(update=values)]


def _recommendation(one: Opportunity, given: Material) -> Recommendation:
    price = (one.hours * given.work_hour).quantize(CENT, ROUND_HALF_UP)
    worth = _worth(one, given)
    gain = None if worth is None else worth * YEAR - price
    return Recommendation(
        kind=one.kind,
        scenarios=one.scenarios,
        step=one.step,
        app=one.app,
        saving=one.saving,
        currency=one.currency,
        operations=one.operations,
        failures=one.failures,
        hours=one.hours,
        price=price,
        worth=worth,
        first_year=gain,
        pays_after=(price / worth).quantize(TENTH, ROUND_CEILING) if worth else None,
        return_percent=int((gain / price * 100).to_integral_value(ROUND_HALF_UP)) if gain is not None else None,
    )


def _worth(one: Opportunity, given: Material) -> Decimal | None:
    """What it brings a month in the agency's currency; None where that can't be said."""
    if one.saving is not None:
        return _in(given.brand.price.currency, one.saving, one.currency, given.assumed.usd_per_eur.value)
    if one.failures:
        caught = one.failures * given.assumed.caught_share.value
        hours = caught * given.assumed.failure_minutes.value / 60
        return (hours * given.brand.savings.hour).quantize(CENT, ROUND_HALF_UP)
    return None


def _in(currency: str, amount: Decimal, given: str, usd_per_eur: Decimal) -> Decimal | None:
    """An amount in another currency, where the agency's planning rate is known."""
    match given, currency:
        case one, other if one == other:
            return amount
        case "USD", "EUR":
            return (amount / usd_per_eur).quantize(CENT, ROUND_HALF_UP)
        case "EUR", "USD":
            return (amount * usd_per_eur).quantize(CENT, ROUND_HALF_UP)
        case _:
            return None
