"""Plans and prices at their boundaries, and money that stays exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from compilers.spec import Schedule, Spec, TriggerStep
from manageai_assets.build.cost import CostEstimate, PlatformKey, estimate, prices
from manageai_assets.build.operations import workload
from tests.manageai_assets.build import specs


def with_volume(runs: int, spec: Spec | None = None) -> CostEstimate:
    """The linear automation (4 credits, 2 tasks a run) at so many runs a month."""
    return estimate((spec or specs.linear()).model_copy(update={"volume_per_month": runs}), Decimal(10))


@pytest.mark.parametrize(
    ("runs", "platform", "plan", "monthly"),
    [
        # Make: runs x 4 credits x 1.2
        (208, "make", "Free", "0.00"),  # 832 x 1.2 = 998.4 -> 999
        (209, "make", "Core", "12.00"),  # 836 x 1.2 = 1003.2
        (2083, "make", "Core", "12.00"),  # 8332 x 1.2 = 9998.4
        (2084, "make", "Core", "24.00"),  # 8336 x 1.2 = 10003.2: two blocks
        (10_000, "make", "Core", "60.00"),  # 48,000: five blocks
        # n8n Cloud: runs x 1.2
        (2083, "n8n_cloud", "Starter", "24.00"),  # 2499.6
        (2084, "n8n_cloud", "Pro", "60.00"),  # 2500.8
        (8334, "n8n_cloud", "Business", "800.00"),  # 10000.8
        (33_334, "n8n_cloud", None, None),  # 40000.8
        # Zapier: runs x 3 tasks x 1.2, one of them a Code step; the free plan holds two steps only
        (208, "zapier", "Professional 750", "29.99"),  # 748.8 -> 749
        (267, "zapier", "Professional 750", "40.59"),  # 962: 29.99 + 212 x 29.99 / 750 x 1.25 = 40.5865
        (533, "zapier", "Professional 2,000", "73.50"),  # 1919; Professional 750 would be 29.99 + 1169 x .04998 = 88.42
        (1666, "zapier", "Professional 2,000", "257.16"),  # 5998: 73.50 + 3998 x 73.5 / 2000 x 1.25 = 257.158
        (1667, "zapier", None, None),  # 6001.2
    ],
)
def test_cheapest_plan_that_fits(runs: int, platform: PlatformKey, plan: str | None, monthly: str | None) -> None:
    found = with_volume(runs).platform(platform)
    assert found.recommended == plan
    assert (str(found.monthly.amount) if found.monthly else None) == monthly


def test_free_plan_is_too_slow_for_a_short_interval() -> None:
    spec = specs.linear().model_copy(
        update={
            "trigger": TriggerStep(id="lead", app="gmail", operation="watch_emails"),
            "schedule": Schedule(kind="every", minutes=5),
            "volume_per_month": 10,
        }
    )
    make = estimate(spec, Decimal(1)).platform("make")
    assert make.per_month == 8640 + 10 * 3  # every check counts, and the three steps behind it ten times
    assert make.plans[0].monthly is None
    assert "every 15 minutes at most" in make.plans[0].why


def test_each_platform_counts_its_own_unit() -> None:
    found = estimate(specs.loop(), Decimal(8))
    assert [(cost.name, cost.unit, str(cost.per_run), cost.per_month) for cost in found.platforms] == [
        ("Make", "credits", "8.00", 9600),
        ("n8n Cloud", "executions", "1", 1200),
        ("n8n on an own server", "executions", "1", 1200),
        ("Zapier", "tasks", "5.00", 6000),
    ]
    assert any("Zapier has no way for collecting" in note for note in found.platform("zapier").notes)


def test_setup_is_hours_times_rate_and_money_is_exact() -> None:
    found = estimate(specs.linear(), Decimal("12.25"))
    assert str(found.setup.total) == "1,163.75 EUR"  # 12.25 x 95
    again = CostEstimate.model_validate_json(found.model_dump_json())
    assert again == found
    assert isinstance(again.setup.total.amount, Decimal)


def test_yearly_is_twelve_times_monthly() -> None:
    for cost in with_volume(600).platforms:
        assert cost.monthly is not None
        assert cost.yearly is not None
        assert cost.yearly.amount == cost.monthly.amount * 12


def test_the_clients_own_plan_is_judged() -> None:
    found = estimate(specs.linear(), Decimal(1), {"make": "Free", "n8n": "Pro"})
    assert any("Free, which is not enough" in note for note in found.platform("make").notes)
    assert any("Pro, which is enough" in note for note in found.platform("n8n_cloud").notes)


def test_no_runs_cost_the_least() -> None:
    assert with_volume(0).platform("make").recommended == "Free"


def test_price_table_is_dated_and_sourced() -> None:
    table = prices()
    assert table.as_of.year >= 2026
    for platform in table.platforms.values():
        assert platform.source
        limits = [plan.units * max(plan.blocks, plan.overage_up_to) for plan in platform.plans]
        assert min(limits) > 0
    assert workload().headroom_share.value == Decimal("0.2")
