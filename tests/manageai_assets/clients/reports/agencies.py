"""Made-up clients of different kind, as reports are made from them: by a seed, without a database."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions
from manageai_assets.clients.calendar import day_of
from manageai_assets.clients.facts import BuildFacts
from manageai_assets.clients.models import ClientSnapshot, Totals, Trouble, Work
from manageai_assets.clients.reports.finding import report_of
from manageai_assets.clients.reports.months import Month
from manageai_assets.clients.reports.revisions import Revision
from manageai_assets.clients.reports.stored import Material, StoredIncident
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.clients.snapshots import Context, snapshot_of
from manageai_assets.documents.brand import Brand, Language, our_brand
from manageai_assets.intake.models import slug_of
from manageai_assets.monitoring.models import IncidentKind, Platform, Severity
from resources.artifacts import BuildKey
from tests.manageai_assets.clients.estates import BERLIN, facts, scenario

OCTOBER = Month(2026, 10)
EARLY = dt.date(2026, 3, 1)
MADE = dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC)
DEEDS = (
    "Web leads to sales", "Orders to the ledger", "Invoice reminders", "Ticket triage", "Stock alerts",
    "New hires to accounts", "Weekly numbers to the board", "Returns desk", "Newsletter sign-ups", "Missed calls",
    "Contract renewals", "Survey answers to research", "Parcel tracking", "Supplier price lists", "Meeting notes",
)  # fmt: skip
Pace = Callable[[random.Random, int, dt.date], Totals]


def brand(language: Language = "en") -> Brand:
    """The project's own, in a language, with its days in Berlin."""
    ours = our_brand()
    agency = ours.agency.model_copy(update={"timezone": "Europe/Berlin"})
    return ours.model_copy(update={"language": language, "agency": agency})


def pace(runs: int, operations: int = 1, failing: float = 0.0, growth: float = 0.0) -> Pace:
    """So many runs on a weekday, a third of them at weekends, with so many operations each; `growth` a month."""

    def of_day(dice: random.Random, _number: int, date: dt.date) -> Totals:
        months = (date.year - 2026) * 12 + date.month - 10 + date.day / 31
        usual = runs * (0.35 if date.weekday() >= 5 else 1.0) * (1 + growth) ** months
        count = max(0, round(dice.gauss(usual, usual**0.5)))
        failed = sum(dice.random() < failing for _ in range(count))
        return Totals(count, failed, count * operations, count * 1500)

    return of_day


def lived(seed: int, first: dt.date, last: dt.date, steady: Pace) -> dict[dt.date, Totals]:
    """What a scenario did on each day from the first to the last."""
    dice = random.Random(seed)
    return {(date := first + dt.timedelta(n)): steady(dice, n, date) for n in range((last - first).days + 1)}


def named(name: str, platform: Platform, client: str, *, build: bool = True, **changes: object) -> Work:
    """A scenario with this name, that hasn't run yet."""
    given = scenario(name, platform, client, **{"slug": slug_of(name), **changes})
    if not build:
        given = replace(given, slug=None, version=None, managed=False)
    return Work(given, EARLY)


def at(day: int, hour: int = 9, minute: int = 0, month: int = 10) -> dt.datetime:
    """A moment of 2026, in UTC."""
    return dt.datetime(2026, month, day, hour, minute, tzinfo=dt.UTC)


def material(
    client: str,
    works: Sequence[Work],
    *,
    known: Mapping[str, BuildFacts] | None = None,
    incidents: Sequence[StoredIncident] = (),
    language: Language = "en",
    month: Month = OCTOBER,
) -> Material:
    """What a report is made from; the snapshots are those that the scenarios give."""
    by_build = {BuildKey(slug_of(name), 1): one for name, one in (known or {}).items()}
    context = Context(prices(), assumptions(), Decimal(95), by_build, {})

    def snapshot(date: dt.date) -> ClientSnapshot | None:
        return snapshot_of(client, works, day_of(date, BERLIN), context)

    now = snapshot(month.last)
    assert now is not None
    return Material(
        client, month, BERLIN, brand(language), works, now, snapshot(month.plus(-1).last), incidents, by_build
    )


def words(given: Material, revision: Revision | None = None) -> Wording:
    """The words of a report in its first revision, or another."""
    return Wording(report_of(given), given.brand, revision or Revision(1, MADE, (), None, new=True))


# -- five clients -------------------------------------------------------------------------------------------------


def steady() -> Material:
    """A small client on n8n, for half a year, with one short incident."""
    client = "Harbour Lane Bakery"
    names = ("Orders to the ledger", "Wholesale invoices", "Missed calls to the counter")
    works = [
        replace(named(name, "n8n", client), days=lived(n, EARLY, OCTOBER.last, pace(runs, growth=0.03)))
        for n, (name, runs) in enumerate(zip(names, (60, 14, 9), strict=True))
    ]
    incident = StoredIncident("silence", "high", "n8n", (names[2],), at(13, 7, 5), at(13, 7, 40), at(13, 8, 31))
    known = {name: facts(operations_a_run=Decimal(4)) for name in names}
    return material(client, works, known=known, incidents=[incident])


def large() -> Material:
    """Sixty scenarios on both platforms, with names of every kind."""
    client = "Meridian Logistics & Warehousing Group, Northern Europe Operations (Shared Services)"
    odd = (
        "استقبال طلبات العملاء الجدد", "新規注文を倉庫へ通知する", "<b>Orders</b> {{ lead.email }} & more",
        "A very long name of an automation that somebody typed in without thinking of the table that it must fit into",
        "Überfällige Rechnungen", "הזמנות חדשות", "x" * 60,
    )  # fmt: skip
    works: list[Work] = []
    known: dict[str, BuildFacts] = {}
    for n in range(60):
        name = odd[n] if n < len(odd) else f"{DEEDS[n % len(DEEDS)]}, {('DE', 'SE', 'PL', 'NO', 'FI')[n % 5]} {n}"
        platform: Platform = "n8n" if n % 3 == 0 else "make"
        operations = 1 if platform == "n8n" else 2 + n % 7
        failing = 0.12 if n in (11, 23) else 0.004 if n % 4 else 0.0
        work = named(name, platform, client, build=n % 6 > 0, contact="" if n % 9 == 0 else "ops@meridian.test")
        if n == 30:
            work = replace(work, scenario=replace(work.scenario, active=False, active_changed_at=at(20)))
        last = OCTOBER.last if n != 30 else dt.date(2026, 10, 19)
        if n == 44:
            work, last = replace(work, scenario=replace(work.scenario, gone_at=at(17))), dt.date(2026, 10, 16)
        works.append(replace(work, days=lived(n, EARLY, last, pace(5 + n * 3 % 47, operations, failing, 0.02))))
        polling = {"interval_minutes": 5, "webhook": "New order"} if n in (8, 10) else {}
        unhandled = ({"id": "post", "title": "Post to the board", "app": "slack"},) if n in (11, 23) else ()
        known[name] = facts(handled=0 if unhandled else 1, unhandled=unhandled, tested=n % 7 > 0, **polling)
    names = [one.scenario.name for one in works]
    outage = tuple(names[1:9])
    incidents = [
        StoredIncident("error_spike", "high", "make", (names[11],), at(6, 8), at(6, 8, 20), at(6, 11, 12)),
        StoredIncident("platform_outage", "critical", "make", outage, at(14, 12), at(14, 12, 6), at(14, 14, 45)),
        StoredIncident("credential_failure", "high", "n8n", (names[0],), at(21, 6), at(21, 9), at(22, 7)),
        StoredIncident("slow_down", "medium", "make", (names[3],), at(28, 6), None, None),
    ]
    return material(client, works, known=known, incidents=incidents)


def failing() -> Material:
    """A client with many incidents, some of which go on."""
    client = "Quill & Ember Publishing"
    works, incidents = [], []
    dice = random.Random(7)
    for n, name in enumerate(DEEDS[:7]):
        share = (0.2, 0.02, 0.35, 0.0, 0.09, 0.01, 0.0)[n]
        open_one = Trouble("credential_failure", "critical", "refused", at(29), None)
        work = replace(
            named(name, "make", client), days=lived(n, EARLY, OCTOBER.last, pace(30 + 9 * n, 6, share, -0.04)),
            troubles=(open_one,) if n == 2 else (),
        )  # fmt: skip
        works.append(work)
    kinds: tuple[IncidentKind, ...] = (
        "error_spike", "credential_failure", "rate_limit", "silence", "slow_down", "data_anomaly",
    )  # fmt: skip
    severities: tuple[Severity, ...] = ("low", "medium", "high", "critical")
    for n in range(26):
        opened = at(1 + n, dice.randrange(24), dice.randrange(60)) - dt.timedelta(days=2 if n == 0 else 0)
        long = dt.timedelta(minutes=dice.choice((12, 35, 61, 240, 900, 2500)))
        answered, about = opened + long / 4 if n % 3 else None, (works[n % 5].scenario.name,)
        incidents.append(
            StoredIncident(kinds[n % 6], severities[n % 4], "make", about, opened, answered, opened + long)
        )
    incidents.append(StoredIncident("credential_failure", "critical", "make", (DEEDS[2],), at(29), at(29, 11), None))
    harm = ({"id": "post", "title": "Write the row", "app": "sheets"},)
    known = {
        name: facts(handled=0, unhandled=harm, tested=None if n % 2 else False) for n, name in enumerate(DEEDS[:7])
    }
    return material(client, works, known=known, incidents=sorted(incidents, key=lambda one: one.opened_at))


def new() -> Material:
    """A client that joined on the 20th, with nothing before."""
    client = "Tideway Physiotherapy"
    first = dt.date(2026, 10, 20)
    told: tuple[tuple[str, Platform, int, int], ...] = (
        ("Bookings to the calendar", "make", 22, 4), ("Reminders by text message", "n8n", 31, 1),
    )  # fmt: skip
    works = [
        replace(named(name, platform, client), born=first, days=lived(n, first, OCTOBER.last, pace(runs, size)))
        for n, (name, platform, runs, size) in enumerate(told)
    ]
    return material(client, works, known={one.scenario.name: facts() for one in works})


def quiet() -> Material:
    """A German client whose two scenarios hardly run, and one that went."""
    client = "Schreinerei Öhlmann-Weiß"
    works = [
        replace(named("Überfällige Rechnungen mahnen", "make", client), days=lived(1, EARLY, OCTOBER.last, pace(1, 3))),
        replace(named("Aufmaße ins Archiv", "make", client), days={dt.date(2026, 10, 7): Totals(2, 0, 9, 900)}),
        replace(
            named("Alte Preisliste", "make", client, gone_at=at(9)),
            days=lived(3, EARLY, dt.date(2026, 10, 8), pace(2, 2)),
        ),
    ]
    return material(client, works, known={one.scenario.name: facts() for one in works}, language="de")


CLIENTS: Mapping[str, Callable[[], Material]] = {
    "steady": steady, "large": large, "failing": failing, "new": new, "quiet": quiet,
}  # fmt: skip
