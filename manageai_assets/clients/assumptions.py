"""What opportunities and monthly reports take for granted: `data/clients.yaml`."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from manageai_assets.data import DataModel, read_data


class Assumed(DataModel):
    """One number, and the reason."""

    value: Decimal = Field(gt=0)
    why: str


class Assumptions(DataModel):
    """`data/clients.yaml`."""

    usd_per_eur: Assumed
    move_hours_per_scenario: Assumed
    move_hours_per_step: Assumed
    mend_hours: Assumed
    merge_hours: Assumed
    next_hours: Assumed
    hand_minutes_per_step: Assumed
    hand_steps_per_run: Assumed
    failure_minutes: Assumed
    caught_share: Assumed
    plan_hours: Assumed


def hour_of_work(price: Decimal, currency: str, assumed: Assumptions) -> Decimal:
    """The price of an hour in dollars, which savings are told in; of another currency than euros there is no rate, and
    the number is taken as it is."""
    return price * assumed.usd_per_eur.value if currency == "EUR" else price


def assumptions() -> Assumptions:
    """The assumptions that come with the project."""
    data: Assumptions = read_data(Assumptions, "clients")
    return data
