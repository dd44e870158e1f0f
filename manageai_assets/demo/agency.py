"""An agency with its clients and their scenarios, made up from a seed: the same seed gives the same, byte for byte.

Scenarios are specs of real blueprints (or of the examples) with other names. Most are delivered as this agency would:
tested, with error handling, with somebody to tell. In some a danger or a chance is planted, by a change of the spec or
of how it runs that makes it true; `Agency.plants` lists them, so that what looks for them can be measured.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from compilers.spec import AppStep, OperationStep, Spec
from manageai_assets.build.operations import operations_per_run
from manageai_assets.clients.calendar import day_of
from manageai_assets.clients.models import OpportunityKind, RiskPart
from manageai_assets.demo import planting
from manageai_assets.demo.course import Course, Episode
from manageai_assets.demo.models import Agency, Client, DemoScenario, Plant, Size
from manageai_assets.demo.names import LANGUAGES, TEAMS, Industry, address, companies, person
from manageai_assets.demo.sources import Source, sources
from manageai_assets.demo.troubles import episode, troubles
from manageai_assets.monitoring.models import Platform

SIZES: Mapping[Size, tuple[int, float]] = {"small": (5, 500), "medium": (12, 1500), "large": (22, 3500)}
"""Scenarios of a client, in relation, and operations of one of them in a month."""
ON_MAKE = 0.65
WORK = (
    "Leads", "Orders", "Invoices", "Support", "Bookings", "Newsletter", "Reports", "Onboarding", "Stock", "Reviews",
    "Contracts", "Payments", "Campaigns", "Surveys", "Tickets", "Deliveries",
)  # fmt: skip
TROUBLES_A_YEAR = 1.5
LONDON = ZoneInfo("Europe/London")
LEAST_KNOWN, LONGEST_KNOWN = 45, 900
"""Days before the end on which the newest client came, and the oldest."""


@dataclass
class _Draft:
    """A scenario in the making."""

    name: str
    source: Source
    spec: Spec
    platform: Platform
    a_month: float
    course: Course | None = None
    planted: list[tuple[OpportunityKind | RiskPart, str]] = field(default_factory=list)
    tested: bool | None = True
    owned: bool = True
    managed: bool = True
    open: Episode | None = None
    access_ends: dt.datetime | None = None

    @property
    def free(self) -> bool:
        """Whether nothing is planted in it."""
        return not self.planted


def agency(
    seed: int = 1,
    clients: int = 50,
    scenarios: int = 600,
    months: int = 12,
    *,
    today: dt.date = dt.date(2026, 10, 31),
    zone: ZoneInfo = LONDON,
    given: Sequence[Source] | None = None,
    pace: float = 1.0,
) -> Agency:
    """An agency at the end of `today`. `given` are the sources of specs; `pace` makes all work more or less."""
    return _Maker(seed, today, zone, given or sources(), pace).made(clients, scenarios, months)


class _Maker:
    def __init__(self, seed: int, today: dt.date, zone: ZoneInfo, given: Sequence[Source], pace: float) -> None:
        self.chance = Random(f"agency:{seed}")
        self.seed, self.today, self.zone, self.sources, self.pace = seed, today, zone, given, pace
        self.polled = [one for one in given if one.trigger in planting.POLLED]
        ending = [one for one in given if planting.end_of(one.spec) is not None]
        self.at_work = [one for one in ending if one.trigger[0] != "schedule" and one not in self.polled]
        self.numbers = 0
        self.taken: Counter[tuple[str, str]] = Counter()
        self.accounts: set[str] = set()
        """Clients of which many scenarios hang on one account."""
        self.plants: list[Plant] = []

    def made(self, clients: int, scenarios: int, months: int) -> Agency:
        names = companies(self.chance)
        found = [self._client(*next(names)) for _ in range(clients)]
        counts = self._counts(found, scenarios)
        drafts = {client.name: self._drafts(client, counts[client.name]) for client in found}
        for how in PLANTED:
            self._plant(how, found, drafts)
        self._next_automation(found, drafts)
        done = [self._scenario(client, draft) for client in found for draft in drafts[client.name]]
        self.plants += [
            Plant(one.name, (), "plan_limit", "risk") for one in found[: max(2, clients // 10)]
            if any(draft.platform == "make" for draft in drafts[one.name])
        ]  # fmt: skip
        return Agency(self.seed, self.today, self.zone, tuple(found), tuple(done), tuple(self.plants), months)

    # -- clients and what they have ------------------------------------------------------------------------------------

    def _client(self, name: str, industry: Industry) -> Client:
        sizes: tuple[Size, ...] = ("small", "medium", "large")
        (size,) = self.chance.choices(sizes, (4, 4, 2))
        who = person(self.chance)
        since = self.today - dt.timedelta(self.chance.randrange(LEAST_KNOWN, LONGEST_KNOWN))
        growth = max(-0.3, self.chance.gauss(0.15, 0.2))
        return Client(name, industry, size, self.chance.choice(LANGUAGES), who, address(who, name), since, growth)

    def _counts(self, clients: Sequence[Client], scenarios: int) -> dict[str, int]:
        """How many scenarios each client has; all together as many as wanted."""
        whole = sum(SIZES[client.size][0] for client in clients)
        counts = {client.name: max(1, scenarios * SIZES[client.size][0] // whole) for client in clients}
        order = [client.name for client in sorted(clients, key=lambda one: -SIZES[one.size][0])]
        place = 0
        while (missing := scenarios - sum(counts.values())) != 0:
            name = order[place % len(order)]
            counts[name] = max(1, counts[name] + (1 if missing > 0 else -1))
            place += 1
            if place > 10 * scenarios:
                break
        return counts

    def _drafts(self, client: Client, count: int) -> list[_Draft]:
        return [self._draft(client, self.chance.choice(self.sources)) for _ in range(count)]

    def name(self, client: Client, words: str) -> str:
        """A name that none of a client's scenarios has had."""
        name = f"{self.chance.choice(WORK)}: {words}"
        self.taken[client.name, name] += 1
        count = self.taken[client.name, name]
        return name if count == 1 else f"{name} {count}"

    def _draft(self, client: Client, source: Source) -> _Draft:
        shown = self.name(client, source.words)
        spec = planting.watches(source.spec, f"{client.name} {shown}")
        spec = planting.on_account(spec, self.chance.choice(list(TEAMS.values())))
        spec = planting.with_handling(spec) if self.chance.random() < 0.75 else spec
        platform: Platform = "make" if self.chance.random() < ON_MAKE else "n8n"
        a_month = SIZES[client.size][1] * self.chance.lognormvariate(0, 0.7)
        return _Draft(shown, source, spec, platform, a_month)

    # -- what is planted -----------------------------------------------------------------------------------------------

    def _plant(self, how: Planted, clients: Sequence[Client], drafts: Mapping[str, list[_Draft]]) -> None:
        able = [client for client in clients if sum(draft.free for draft in drafts[client.name]) >= how.needs]
        for client in self.chance.sample(able, min(len(able), max(2, len(clients) // 8))):
            free = [draft for draft in drafts[client.name] if draft.free]
            chosen = self.chance.sample(free, how.needs)
            how.into(self, client, chosen, drafts[client.name])
            for draft in chosen:
                draft.planted.append((how.finding, how.about))
            names = tuple(sorted(draft.name for draft in chosen))
            self.plants.append(Plant(client.name, names, how.finding, how.of, how.about))

    def _next_automation(self, clients: Sequence[Client], drafts: Mapping[str, list[_Draft]]) -> None:
        """Some clients lose the app that most of all clients have, so that it is what they could do next."""
        apps = {client.name: set().union(*map(_apps, drafts[client.name])) for client in clients}
        (app, users), *others = Counter(app for own in apps.values() for app in own).most_common()
        usual = {other for other, count in others if 10 * count > 9 * users}
        without = [source for source in self.sources if app not in _apps_of(source.spec)]
        wanted = max(2, len(clients) // 8)
        for client in self.chance.sample(clients, len(clients)):
            own = drafts[client.name]
            kept = any(app in _apps(draft) and not draft.free for draft in own) or client.name in self.accounts
            if kept or not without or wanted == 0 or 10 * users < 7 * len(clients):
                continue
            changed = [
                self._draft(client, self.chance.choice(without)) if app in _apps(draft) else draft for draft in own
            ]
            if not usual <= set().union(*map(_apps, changed)):
                continue  # another app would be as good an advice
            own[:] = changed
            self.plants.append(Plant(client.name, (), "next_automation", "opportunity", app))
            wanted, users = wanted - 1, users - 1

    # -- how they run --------------------------------------------------------------------------------------------------

    def _scenario(self, client: Client, draft: _Draft) -> DemoScenario:
        self.numbers += 1
        chance = Random(f"{self.seed}:{self.numbers}")
        longest = (self.today - client.since).days
        early = chance.betavariate(3, 1)  # most of what a client has was delivered when it came
        born = self.today - dt.timedelta(LEAST_KNOWN + round(early * (longest - LEAST_KNOWN)))
        gone = None
        if draft.free and chance.random() < 0.04:
            gone = self.today - dt.timedelta(chance.randrange(10, 200))
            gone = gone if gone > born + dt.timedelta(20) else None
        end = day_of(self.today, self.zone).end
        first = day_of(max(born, self.today - dt.timedelta(365)), self.zone).start
        past = troubles(chance, first, end - dt.timedelta(40 if draft.planted else 9), TROUBLES_A_YEAR)
        episodes = tuple(_at_a_step(one, draft.spec, chance) for one in (*past, *([draft.open] if draft.open else [])))
        spec = draft.spec.model_copy(update={"slug": f"demo-{self.numbers}", "name": draft.name})
        return DemoScenario(
            self.numbers, draft.platform, draft.name, client, spec, draft.course or self._course(client, draft, chance),
            born, gone, draft.tested, client.address if draft.owned else "", draft.managed, episodes,
            draft.access_ends,
        )  # fmt: skip

    def _course(self, client: Client, draft: _Draft, chance: Random) -> Course:
        operations = float(operations_per_run(draft.spec).operations)
        a_day = max(0.3, draft.a_month * self.pace / 30 / max(operations, 1.0))
        clock = "daily" if draft.source.trigger[0] == "schedule" else "work"
        if draft.source.trigger in planting.POLLED:
            clock, a_day = "checks", min(a_day, 24.0)
        return Course(
            clock=clock, a_day=a_day, operations=operations, seconds=chance.lognormvariate(1.2, 0.6),  # type: ignore[arg-type]
            minutes=chance.choice((15, 30, 60)), opens=chance.randrange(6, 10), weekend=client.industry.weekend,
            months=client.industry.months, growth=client.growth, failures=chance.choice((0.0, 0.001, 0.003, 0.006)),
            until=self.today,
        )  # fmt: skip

    def busy(self, client: Client, draft: _Draft, a_day: float, **changes: object) -> None:
        """Lets a draft work so many times on a day, at weekends too."""
        plain = self._course(client, draft, self.chance)
        draft.course = replace(plain, clock="work", a_day=a_day, weekend=0.8, growth=0.0, months=(1.0,) * 12, **changes)  # type: ignore[arg-type]


Into = Callable[[_Maker, Client, Sequence[_Draft], Sequence[_Draft]], None]


@dataclass(frozen=True, slots=True)
class Planted:
    """A kind of plant: what must be found, in how many scenarios of a client it lies, and what makes it true."""

    finding: OpportunityKind | RiskPart
    of: Literal["opportunity", "risk"]
    needs: int
    into: Into
    about: str = ""


def _merge(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    sheet = f"inbox of {client.name}"
    for draft in chosen:
        draft.name = make.name(client, f"Google Sheets to {draft.source.words.rpartition(' to ')[2]}")
        spec = planting.polls_a_sheet(draft.spec, sheet)
        draft.spec, draft.platform = planting.checks_every(planting.on_account(spec, "office"), 15), "make"
        make.busy(client, draft, 3.0)
        assert draft.course is not None
        draft.course = replace(draft.course, clock="checks", minutes=15)


def _webhook(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        source = make.chance.choice(make.polled) if make.polled else draft.source
        draft.name = make.name(client, source.words)
        own = source.spec if make.polled else planting.polls_a_sheet(source.spec, "")
        spec = planting.watches(own, f"{client.name} {draft.name}")
        draft.source, draft.spec, draft.platform = source, planting.checks_every(spec, 5), "make"
        make.busy(client, draft, 4.0)
        assert draft.course is not None
        draft.course = replace(draft.course, clock="checks", minutes=5)


def _in_loop(change: Callable[[Spec], Spec]) -> Into:
    def into(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
        for draft in chosen:
            source = make.chance.choice(make.at_work)
            draft.source, draft.platform, draft.name = source, "make", make.name(client, source.words)
            draft.spec = change(planting.watches(source.spec, f"{client.name} {draft.name}"))
            make.busy(client, draft, 12.0)

    return into


def _heavy(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        whole = [one for one in make.sources if not any(step.kind == "native" for step in one.spec.nodes)]
        source = max(make.chance.sample(whole, min(12, len(whole))), key=lambda one: one.operations)
        draft.source, draft.platform, draft.name = source, "make", make.name(client, source.words)
        draft.spec = planting.watches(source.spec, f"{client.name} {draft.name}")
        make.busy(client, draft, min(300.0, 200_000 / 30 / source.operations))


def _failing(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        draft.spec = planting.without_handling(draft.spec)
        make.busy(client, draft, 25.0, failures=0.03)


def _spec(change: Callable[[Spec], Spec]) -> Into:
    def into(_make: _Maker, _client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
        for draft in chosen:
            draft.spec = change(draft.spec)

    return into


def _single_point(make: _Maker, client: Client, chosen: Sequence[_Draft], every: Sequence[_Draft]) -> None:
    account = f"{client.contact}'s own account"
    make.accounts.add(client.name)
    others = [draft for draft in every if draft not in chosen]
    for draft in (*chosen, *others[: max(0, round(0.75 * len(every)) - len(chosen))]):
        draft.spec = planting.on_account(draft.spec, account, "gmail")


def _rising(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        make.busy(client, draft, 30.0, failures=0.004, risen=(make.today - dt.timedelta(6), 0.12))


def _unmanaged(_make: _Maker, _client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        draft.managed = False


def _unowned(_make: _Maker, _client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        draft.owned = False


def _untested(make: _Maker, _client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    for draft in chosen:
        draft.tested = make.chance.choice((None, False))


def _ending(make: _Maker, _client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    end = day_of(make.today, make.zone).end
    for draft in chosen:
        draft.platform, draft.access_ends = "make", end + dt.timedelta(days=make.chance.uniform(3, 13))


def _open(make: _Maker, client: Client, chosen: Sequence[_Draft], _all: Sequence[_Draft]) -> None:
    end = day_of(make.today, make.zone).end
    for draft in chosen:
        kind = make.chance.choice(("credential_failure", "consecutive_failures"))
        start = end - dt.timedelta(hours=make.chance.uniform(20, 60))
        draft.open = episode(make.chance, kind, start, lasts=True)  # type: ignore[arg-type]
        make.busy(client, draft, 30.0)


PLANTED: tuple[Planted, ...] = (
    Planted("merge_scenarios", "opportunity", 2, _merge),
    Planted("webhook_for_polling", "opportunity", 1, _webhook),
    Planted("batch_loop", "opportunity", 1, _in_loop(planting.adds_rows_one_by_one)),
    Planted("cache_lookup", "opportunity", 1, _in_loop(planting.asks_the_same_in_a_loop)),
    Planted("move_to_n8n", "opportunity", 1, _heavy),
    Planted("error_handling", "opportunity", 1, _failing),
    Planted("error_handling", "risk", 1, _spec(planting.without_handling)),
    Planted("unsupported", "risk", 1, _spec(planting.uses_the_unknown)),
    Planted("personal_data", "risk", 1, _spec(planting.hands_people_to_ai)),
    Planted("rising_errors", "risk", 1, _rising),
    Planted("untested", "risk", 1, _untested),
    Planted("unowned", "risk", 1, _unowned),
    Planted("unmanaged", "risk", 1, _unmanaged),
    Planted("open_incidents", "risk", 1, _open),
    Planted("credential_expiry", "risk", 1, _ending),
    Planted("single_point", "risk", 3, _single_point, "gmail"),
)
"""All kinds whose finding lies in scenarios, in the order in which they are planted: accounts at last."""


def _at_a_step(one: Episode, spec: Spec, chance: Random) -> Episode:
    """The trouble, at a step that the scenario has."""
    titles = [step.title for step in spec.steps if isinstance(step, AppStep)]
    return replace(one, error=replace(one.error, step=chance.choice(titles))) if titles else one


def _apps(draft: _Draft) -> set[str]:
    return _apps_of(draft.spec)


def _apps_of(spec: Spec) -> set[str]:
    return {step.app for step in spec.nodes if isinstance(step, OperationStep)} - _CORE


_CORE = frozenset({"webhook", "schedule", "http", "tools", "flow", "json", "text", "math"})
