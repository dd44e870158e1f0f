"""`manageai clients` and `manageai opportunities`: what the newest snapshots say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.errors import UserError, shorten
from manageai_assets import console
from manageai_assets.clients.assumptions import assumptions, hour_of_work
from manageai_assets.clients.comparing import unused_accounts
from manageai_assets.clients.fragments import Shared
from manageai_assets.clients.models import ClientSnapshot, Opportunity, Unused, Usage
from manageai_assets.clients.opportunities import rank
from manageai_assets.clients.reading import (
    Difference,
    differences_of,
    newest_day,
    shared_of,
    snapshots_on,
    trends_of,
    without_client,
)
from manageai_assets.clients.trends import SPANS, Trend
from manageai_assets.commands import Outcome
from manageai_assets.documents.brand import our_brand
from manageai_assets.monitoring.connecting import opened_database
from manageai_assets.settings import read_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

RISKY, DANGEROUS = 25, 50
"""Scores from which a client is shown in yellow, and in red."""
UNUSED_SHOWN = 10


def clients(options: argparse.Namespace) -> Outcome:
    """`clients`: all, or one with everything that is known of it. Raises `UserError`."""
    with opened_database(read_settings()) as engine:
        found = _newest(engine)
        if options.name is not None:
            one = _named(found, options.name)
            return _one(_Known(one, shared_of(engine, one), differences_of(engine, one), trends_of(engine, one)))
        homeless = without_client(engine)
        with engine.connect() as connection:
            unused = unused_accounts(connection)
    data: list[JsonValue] = [_as_json(one) for one in found]
    return Outcome(data, lambda: _show_all(found, homeless, unused))


def opportunities(options: argparse.Namespace) -> Outcome:
    """`opportunities`: the best of all clients, or of one. Raises `UserError`."""
    with opened_database(read_settings()) as engine:
        found = _newest(engine)
    chosen = [_named(found, options.client)] if options.client is not None else found
    price = our_brand().price
    hour = hour_of_work(price.hour, price.currency, assumptions())
    listed = [(one.customer_name, chance) for one in chosen for chance in one.opportunities]
    listed.sort(key=lambda pair: (rank(pair[1], hour), pair[0]))
    listed = listed[: options.top]
    data: list[JsonValue] = [{"client": name, **chance.model_dump(mode="json")} for name, chance in listed]

    def show() -> None:
        if not listed:
            print("Nothing is found that would be worth doing.")
            return
        rows = [
            (place, name, one.title, _saving(one), f"{one.hours} h", "\n".join(one.arithmetic))
            for place, (name, one) in enumerate(listed, start=1)
        ]
        console.show_table(("", "client", "what", "saves a month", "work", "how that comes about"), rows)

    return Outcome(data, show)


def _newest(engine: Engine) -> list[ClientSnapshot]:
    day = newest_day(engine)
    if day is None:
        hint = "materialise the asset client_snapshots for a day; its schedule does so every morning"
        raise UserError("there is no snapshot of any client yet", hint=hint)
    return snapshots_on(engine, day)


def _named(found: Sequence[ClientSnapshot], name: str) -> ClientSnapshot:
    chosen = named([one.customer_name for one in found], name)
    return next(one for one in found if one.customer_name == chosen)


def named(clients: Sequence[str], name: str) -> str:
    """The client of that name; upper and lower case are the same, and a beginning that only one has is enough. Raises
    `UserError`."""
    wanted = name.casefold().strip()
    same = [one for one in clients if one.casefold() == wanted]
    alike = [one for one in clients if one.casefold().startswith(wanted)]
    for matches in (same, alike):
        if wanted and len(matches) == 1:
            return matches[0]
    names = alike if wanted and alike else clients
    near = names if wanted and alike else get_close_matches(name, names)
    hint = f"did you mean {', '.join(near[:3])}?" if near else "`manageai clients` lists them"
    raise UserError(f"there is no client `{shorten(name, 80)}`", hint=hint)


@dataclass(frozen=True, slots=True)
class _Known:
    """All that is known of one client."""

    snapshot: ClientSnapshot
    shared: Sequence[Shared]
    differences: Sequence[Difference]
    trends: Sequence[Trend]


def _one(known: _Known) -> Outcome:
    one, shared = known.snapshot, known.shared
    flows: list[JsonValue] = [
        {"titles": [*each.titles], "places": {name: [*steps] for name, steps in each.places.items()}} for each in shared
    ]
    changed: list[JsonValue] = [
        {
            "scenario": each.scenario, "since": each.since.isoformat(), "reason": each.reason,
            "changes": [change.model_dump(mode="json") for change in each.changes],
        }
        for each in known.differences
    ]  # fmt: skip
    trends: list[JsonValue] = [each.model_dump(mode="json") for each in known.trends]
    plain = one.model_dump(mode="json")
    data: JsonValue = {**plain, "shared_flows": flows, "changed_since_delivered": changed, "trends": trends}
    return Outcome(data, lambda: _show_one(known))


def _show_all(found: Sequence[ClientSnapshot], homeless: int, unused: Sequence[Unused]) -> None:
    rows = [
        (one.customer_name, one.scenarios_total, one.scenarios_healthy, _usage(one.make), _money(one.make_cost,
         one.make_currency), _usage(one.n8n), _money(one.n8n_cloud_cost, one.n8n_currency), one.risk_score,
         one.opportunity_score)
        for one in found
    ]  # fmt: skip
    columns = ("client", "scenarios", "healthy", "Make operations", "Make", "n8n executions", "n8n Cloud", "risk",
               "opportunity")  # fmt: skip
    title = f"{found[0].snapshot_date}, months as projected" if found else ""
    console.show_table(columns, rows, title=title, styles=[_style(one.risk_score) for one in found])
    if homeless:
        print(f"Scenarios in production of no known client: {homeless}; `manageai scenarios` shows them.")
    if unused:
        names = ", ".join(f"{one.name} ({one.kind}, {one.platform})" for one in unused[:UNUSED_SHOWN])
        more = f" and {len(unused) - UNUSED_SHOWN} more" if len(unused) > UNUSED_SHOWN else ""
        print(f"Accounts that no active scenario uses: {names}{more}.")


def _show_one(known: _Known) -> None:
    one, shared = known.snapshot, known.shared
    print(f"{one.customer_name} on {one.snapshot_date}: risk {one.risk_score}, opportunity {one.opportunity_score}")
    make, cloud = _money(one.make_cost, one.make_currency), _money(one.n8n_cloud_cost, one.n8n_currency)
    print(f"Make: {_month(one.make, 'operations')}; {make} a month at list price")
    print(f"n8n: {_month(one.n8n, 'executions')}; {cloud} a month on n8n Cloud, "
          f"{_money(one.n8n_self_hosted_cost, one.n8n_currency)} on an own server")  # fmt: skip
    lines = one.details.scenarios
    console.show_table(
        ("scenario", "name", "build", "runs in 28 days", "failed", "operations", "trouble"),
        [(line.scenario, line.name, line.build, line.executions_28, line.errors_28, line.operations_28, line.trouble)
         for line in lines],
        title="Scenarios",
        styles=["" if line.healthy else "red" for line in lines],
    )  # fmt: skip
    console.show_table(
        ("scenario", *(f"failed in {span} days" for span in SPANS), "changed"),
        [(each.scenario, *map(str, each.spans), "\n".join(map(str, each.shifts))) for each in known.trends],
        title="Health",
    )
    if known.differences:
        console.show_table(
            ("scenario", "since", "what"),
            [(each.scenario, str(each.since), each.reason or "\n".join(map(str, each.changes)))
             for each in known.differences],
            title="Changed since delivered",
        )  # fmt: skip
    console.show_table(
        ("points", "scenario", "step", "risk", "to do"),
        [(str(risk.points), risk.scenario, risk.step, risk.what, risk.remedy) for risk in one.risks],
        title="Risks",
    )
    console.show_table(
        ("what", "saves a month", "work", "how that comes about"),
        [(chance.title, _saving(chance), f"{chance.hours} h", "\n".join(chance.arithmetic))
         for chance in one.opportunities],
        title="Opportunities",
    )  # fmt: skip
    if shared:
        rows = [(" > ".join(each.titles), ", ".join(each.places)) for each in shared]
        console.show_table(("shared sub-flow", "in"), rows)


def _as_json(one: ClientSnapshot) -> JsonValue:
    data: JsonValue = one.model_dump(mode="json", exclude={"risks", "opportunities", "details"})
    return data


def _usage(usage: Usage) -> str:
    return f"{usage.projected:,}"


def _month(usage: Usage, unit: str) -> str:
    band = "" if usage.low is None else f" ({usage.low:,} to {usage.high:,})"
    return f"{usage.month:,} {unit} so far, {usage.projected:,} expected in the month{band}"


def _money(amount: Decimal | None, currency: str) -> str:
    return "on request" if amount is None else f"{amount:,.2f} {currency}"


def _saving(one: Opportunity) -> str:
    operations = f"{one.operations:,} operations" if one.operations else ""
    operations = f"{one.failures:,} failures" if one.failures else operations
    return f"{one.saving:,.2f} {one.currency}" if one.saving is not None else operations or "not in money"


def _style(score: int) -> str:
    return "red" if score >= DANGEROUS else "yellow" if score >= RISKY else ""
