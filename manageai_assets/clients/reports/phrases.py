"""What is said in many places of a report: what it is called, what changed, and how figures are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from compilers.errors import shorten
from manageai_assets.clients.reports.models import MonthlyReport
from manageai_assets.clients.reports.months import month_of
from manageai_assets.clients.reports.revisions import Revision
from manageai_assets.documents.brand import Brand
from manageai_assets.documents.messages import Messages, messages

NAMED = 3
"""Names that a sentence or a cell lists."""
NAME_LENGTH, FOOTER_LENGTH = 70, 45
CHANGES_AT_MOST = 14
MINUTES_OF_HOUR, MINUTES_OF_DAY = 60, 1440

Row = dict[str, str]


@dataclass(frozen=True)
class Phrases:
    """The report, whose it is, and which revision, with the phrases that all of its parts use."""

    report: MonthlyReport
    brand: Brand
    revision: Revision

    @property
    def say(self) -> Messages:
        """The messages of the brand's language."""
        return messages(self.brand.language)

    # -- what it is called --------------------------------------------------------------------------------------------

    @property
    def labels(self) -> Row:
        """The fixed texts."""
        start = "report.t."
        return {key.removeprefix(start): text for key, text in self.say.texts.items() if key.startswith(start)}

    @property
    def month(self) -> str:
        """`October 2026`."""
        return self._month(self.report.month)

    @property
    def title(self) -> str:
        """The running title: client and month."""
        client = shorten(self.report.client, NAME_LENGTH)
        return self.say("report.subject", client=client, month=self.month)

    @property
    def period(self) -> str:
        """The days that it is about."""
        report, say = self.report, self.say
        if report.joined is not None:
            return say("report.joined", day=say.date(report.joined))
        last = report.month + dt.timedelta(report.day_count - 1)
        return say("report.period", first=say.date(report.month), last=say.date(last))

    @property
    def edition(self) -> str:
        """Which revision it is, from the second one on."""
        if self.revision.number == 1:
            return ""
        made = self.revision.made_at.astimezone(ZoneInfo(self.report.zone)).date()
        return self.say("report.revision", n=self.revision.number, day=self.say.date(made))

    @property
    def footer(self) -> str:
        """What stands below each page."""
        client = shorten(self.report.client, FOOTER_LENGTH)
        values = {"agency": self.brand.agency.legal_name, "client": client}
        return self.say("report.footer", title=self.say("report.t.title"), month=self.month, **values)

    # -- what changed -------------------------------------------------------------------------------------------------

    def changes(self) -> list[str]:
        """What differs from the revision before, figure by figure; empty in the first one."""
        found, say = self.revision.changes, self.say
        figures = [one for one in found if one.before or one.after]
        lines = [self._changed(one.what, one.scenario, one.before, one.after) for one in figures]
        if len(lines) > CHANGES_AT_MOST:
            lines = [*lines[:CHANGES_AT_MOST], say.count("report.more", len(lines) - CHANGES_AT_MOST)]
        if not figures:
            lines += [say("report.changed.part", what=say(f"report.field.{one.what}")) for one in found]
        return lines

    def changes_lead(self) -> str:
        """What the list of changes is about."""
        made = self.revision.before_made_at
        if made is None:
            return ""
        day = self.say.date(made.astimezone(ZoneInfo(self.report.zone)).date())
        return self.say("report.changed.lead", n=self.revision.number, day=day)

    def _changed(self, what: str, scenario: str, before: str, after: str) -> str:
        say = self.say
        values = {
            "what": say(f"report.field.{what}"),
            "before": self._value(what, before, scenario),
            "after": self._value(what, after, scenario),
        }
        if not scenario:
            return say("report.changed.line", **values)
        return say("report.changed.scenario", scenario=shorten(scenario, NAME_LENGTH), **values)

    def _value(self, what: str, value: str, scenario: str) -> str:
        """A stored value of a field, as people read it."""
        say, report = self.say, self.report
        currencies = {
            "totals.make_cost": report.make_currency, "totals.n8n_cost": report.n8n_currency,
            "n8n_own_cost": report.n8n_currency, "hours_value": report.currency, "hour": report.currency,
            "work_hour": report.currency, "scenarios.cost": self._currency_of(scenario),
        }  # fmt: skip
        if not value:
            return say("report.changed.nothing")
        if what == "scenarios":
            return say("report.changed.there")
        if what == "scenarios.state":
            return say(f"report.state.{value}", kind="", failed="", runs="", day="").strip()
        if what in currencies:
            return say.money(Decimal(value), currencies[what])
        if what == "prices_as_of":
            return say.date(dt.date.fromisoformat(value))
        if what == "scenarios.name":
            return shorten(value, NAME_LENGTH)
        return say.number(Decimal(value))

    def _currency_of(self, scenario: str) -> str:
        """What a scenario's platform is paid in."""
        on_make = any(one.name == scenario and one.platform == "make" for one in self.report.scenarios)
        return self.report.make_currency if on_make else self.report.n8n_currency

    # -- how figures and names are written ----------------------------------------------------------------------------

    def names(self, names: Sequence[str], most: int = NAMED) -> str:
        """Some of these names, and how many more there are."""
        shown = [shorten(name, NAME_LENGTH) for name in names[:most]]
        if len(names) > most:
            shown.append(self.say.count("report.more", len(names) - most))
        return self.say.listed(tuple(shown))

    def listed(self, names: Sequence[str]) -> str:
        """The same for a cell, where names are parted by dots: they may hold commas."""
        shown = [shorten(name, NAME_LENGTH) for name in names[:NAMED]]
        if len(names) > NAMED:
            shown.append(self.say.count("report.more", len(names) - NAMED))
        return " · ".join(shown)

    def money(self, amount: Decimal | None, currency: str) -> str:
        """An amount, or that the vendor must be asked."""
        return self.say("common.on_request") if amount is None else self.say.money(amount, currency)

    def span(self, minutes: int | None) -> str:
        """A duration in the units that matter."""
        say = self.say
        if minutes is None:
            return "–"
        if minutes < MINUTES_OF_HOUR:
            return say("report.span.minutes", n=minutes)
        if minutes < MINUTES_OF_DAY:
            hours, rest = divmod(minutes, MINUTES_OF_HOUR)
            return (
                say("report.span.hours_minutes", hours=hours, minutes=rest)
                if rest
                else say("report.span.hours", n=hours)
            )
        days, hours = divmod(round(minutes / MINUTES_OF_HOUR), 24)
        return say("report.span.days_hours", days=days, hours=hours) if hours else say("report.span.days", n=days)

    def short_month(self, day: dt.date) -> str:
        """`Oct`."""
        return self._formatted(day, "LLL")

    def _month(self, day: dt.date) -> str:
        return self._formatted(day, "LLLL y")

    def _month_before(self, *, short: bool) -> str:
        return self._formatted(month_of(self.report.month).plus(-1).first, "LLLL" if short else "LLLL y")

    def _short(self, day: dt.date | None) -> str:
        return "" if day is None else self._formatted(day, "d. MMM" if self.say.language == "de" else "d MMM")

    def _formatted(self, day: dt.date, pattern: str) -> str:
        from babel.dates import format_date

        return str(format_date(day, format=pattern, locale=self.say.locale))

    def change(self, now: int, before: int) -> str:
        """How much more or less it is than before."""
        say = self.say
        if now == before:
            return say("report.change.same")
        if not before:
            return say("report.change.from_none")
        exact = Decimal(abs(now - before)) * 100 / before
        share = exact.quantize(Decimal("0.1") if exact < 1 else Decimal(1), ROUND_HALF_UP)
        shown = say.percent(share)
        return say("report.change.up" if now > before else "report.change.down", percent=shown)
