"""Whether what was planted is found, and what stands first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from manageai_assets.clients.models import ClientSnapshot, Opportunity, Risk
from manageai_assets.clients.opportunities import rank
from manageai_assets.demo.models import Plant


def is_found(plant: Plant, snapshot: ClientSnapshot) -> bool:
    """Whether a client's snapshot names a plant: its kind, its scenarios, and what it is about."""
    if plant.of == "opportunity":
        return any(
            one.kind == plant.finding
            and {*plant.scenarios} <= {*one.scenarios}
            and (plant.about == one.app or plant.about in one.title.casefold())
            for one in snapshot.opportunities
        )
    return any(
        one.part == plant.finding and all(name in one.scenario for name in plant.scenarios) and plant.about in one.step
        for one in snapshot.risks
    )


def recall(plants: Iterable[Plant], snapshots: Mapping[str, ClientSnapshot]) -> dict[tuple[str, str], tuple[int, int]]:
    """How many plants of each kind are found, and how many there are."""
    found: Counter[tuple[str, str]] = Counter()
    every: Counter[tuple[str, str]] = Counter()
    for plant in plants:
        every[plant.of, plant.finding] += 1
        found[plant.of, plant.finding] += plant.client in snapshots and is_found(plant, snapshots[plant.client])
    return {kind: (found[kind], count) for kind, count in sorted(every.items())}


def best(snapshots: Iterable[ClientSnapshot], hour: Decimal, top: int = 10) -> list[tuple[str, Opportunity]]:
    """The opportunities that stand first over all clients, each with its client."""
    listed = [(one.customer_name, chance) for one in snapshots for chance in one.opportunities]
    return sorted(listed, key=lambda pair: (rank(pair[1], hour), pair[0]))[:top]


def worst(snapshots: Iterable[ClientSnapshot], top: int = 10) -> list[tuple[str, Risk]]:
    """The risks that weigh most over all clients, each with its client; of a kind those with the most points. What many
    clients share, as the plan that runs out, is told once, with how many they are."""
    listed: Sequence[tuple[str, Risk]] = [(one.customer_name, risk) for one in snapshots for risk in one.risks]
    ranked = sorted(listed, key=lambda pair: (-pair[1].points, pair[0], pair[1].part, pair[1].scenario))
    shared: dict[tuple[str, str, str], list[tuple[str, Risk]]] = {}
    for client, risk in ranked:
        whose = "" if risk.part == "plan_limit" else f"{client}: {risk.scenario}"
        shared.setdefault((risk.part, whose, risk.what), []).append((client, risk))
    return [_of_all(each) for each in [*shared.values()][:top]]


def _of_all(each: Sequence[tuple[str, Risk]]) -> tuple[str, Risk]:
    client, risk = each[0]
    if len(each) == 1:
        return client, risk
    return f"{client} and {len(each) - 1} more", risk.model_copy(update={"scenario": "all that run there"})
