"""What a report says, in the brand's language: everything that both documents lay out, as text, from the facts alone.

Names that clients gave stand as they are; they are data, which each document makes harmless in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

from manageai_assets.build.flow_words import app_name
from manageai_assets.clients.reports.models import (
    Figures,
    IncidentFacts,
    Outlook,
    Recommendation,
    RiskFacts,
    ScenarioFacts,
)
from manageai_assets.clients.reports.months import month_of
from manageai_assets.clients.reports.phrases import Phrases, Row
from manageai_assets.monitoring.models import PLATFORMS, Platform

MANY_TIMES = 1000
"""Percent from which a return is told as a multiple."""
INCIDENTS_AT_MOST = 30


class Wording(Phrases):
    """The words of one report. `tone` of a row is `good`, `bad`, `quiet` or empty."""

    def tiles(self) -> list[Row]:
        """The six figures that are looked at first."""
        return [self._health(), self._runs(), self._hours(), self._operations(), self._cost(), self._incidents()]

    def _health(self) -> Row:
        report, say = self.report, self.say
        value = f"{say.number(report.scenarios_healthy)} / {say.number(report.scenarios_there)}"
        whole = report.scenarios_healthy == report.scenarios_there
        return self._tile("scenarios", value, say("report.tile.scenarios_note"), "" if whole else "bad")

    def _runs(self) -> Row:
        report, say = self.report, self.say
        share = report.success_percent
        note = (
            say("report.tile.runs_none") if share is None else say("report.tile.runs_note", percent=say.percent(share))
        )
        return self._tile(
            "runs", say.number(report.totals.runs), note, "bad" if share is not None and share < 95 else ""
        )

    def _hours(self) -> Row:
        report, say = self.report, self.say
        value = say.money(report.hours_value, report.currency)
        return self._tile("hours", say.about(report.totals.hours), say("report.tile.hours_note", value=value))

    def _operations(self) -> Row:
        report, say = self.report, self.say
        if report.before is None:
            note = say("report.tile.operations_first")
        else:
            change = self.change(_used(report.totals), _used(report.before))
            note = say("report.tile.operations_note", change=change, month=self._month_before(short=True))
        return self._tile("operations", say.number(_used(report.totals)), note)

    def _cost(self) -> Row:
        say = self.say
        costs = [
            self.money(amount, currency) for platform, amount, currency in self._bills() if self._is_used(platform)
        ]
        first, *others = costs or [self.say.money(Decimal(0), self.report.make_currency)]
        note = say("report.tile.cost_both", other=others[0]) if others else say("report.tile.cost_note")
        return self._tile("cost", first, note)

    def _incidents(self) -> Row:
        totals, say = self.report.incident_totals, self.say
        count = totals.opened + totals.brought_along
        if not count:
            note = say("report.tile.incidents_none")
        elif totals.still_open:
            note = say.count("report.tile.incidents_open", totals.still_open)
        else:
            note = say.count("report.tile.incidents_note", count, time=self.span(totals.median_minutes))
        return self._tile("incidents", say.number(count), note, "bad" if totals.still_open else "")

    def _tile(self, name: str, value: str, note: str, tone: str = "") -> Row:
        return {"label": self.say(f"report.tile.{name}"), "value": value, "note": note, "tone": tone}

    def summary(self) -> list[str]:
        """The month in a few sentences."""
        report, say = self.report, self.say
        told: list[str] = []
        if report.totals.runs:
            share = say.percent(report.success_percent or Decimal(0))
            ran = [one for one in report.scenarios if one.runs]
            told.append(
                say.count("report.summary.ran", len(ran), runs=say.number(report.totals.runs), month=self.month,
                          percent=share)
            )  # fmt: skip
        else:
            told.append(say("report.summary.none", month=self.month))
        if not report.scenarios_there:
            told.append(say("report.summary.empty", month=self.month))
        if report.totals.hours:
            told.append(say("report.summary.hours", **self._hours_values()))
        told.append(self._incident_sentence())
        bad = [one for one in report.scenarios if one.state in ("incident", "failures", "off")]
        if bad:
            told.append(say.count("report.summary.troubled", len(bad), names=self.names([one.name for one in bad])))
        best = next(iter(report.recommendations), None)
        if best is not None and best.first_year is not None:
            gain = say.money(best.first_year, report.currency)
            told.append(say("report.summary.best", title=self.rec_title(best), gain=gain))
        return told

    def _incident_sentence(self) -> str:
        totals, say = self.report.incident_totals, self.say
        count = totals.opened + totals.brought_along
        if not count:
            return say("report.summary.calm")
        if totals.still_open:
            return say.count("report.summary.open", count, open=say.number(totals.still_open))
        return say.count("report.summary.resolved", count, time=self.span(totals.median_minutes))

    def _hours_values(self) -> dict[str, str]:
        report, say = self.report, self.say
        return {
            "steps": say.number(report.totals.hand_steps),
            "hours": say.about(report.totals.hours),
            "value": say.money(report.hours_value, report.currency),
        }

    # -- scenarios ------------------------------------------------------------------------------------------------

    def scenarios(self) -> list[Row]:
        """A row for each scenario; the strips are in the same order."""
        return [self._scenario(one) for one in self.report.scenarios]

    def _scenario(self, one: ScenarioFacts) -> Row:
        say, report = self.say, self.report
        state = say(
            f"report.state.{one.state}",
            kind=say(f"report.kind.{one.trouble}") if one.trouble else "",
            failed=say.number(one.recent_failed),
            runs=say.number(one.recent_runs),
            day=self._short(one.gone),
        )
        currency = report.make_currency if one.platform == "make" else report.n8n_currency
        return {
            "name": one.name,
            "note": say(f"report.platform.{one.platform}")
            + (f" · {say('report.since', day=self._short(one.since))}" if one.since else ""),
            "state": state,
            "tone": {"healthy": "good", "gone": "quiet", "off": "quiet"}.get(one.state, "bad"),
            "runs": say.number(one.runs),
            "failed": say.count("report.failed", one.failed) if one.failed else "",
            "operations": say.number(one.operations),
            "change": say("report.change.new")
            if one.operations_before is None
            else self.change(one.operations, one.operations_before),
            "cost": self.money(one.cost, currency),
        }

    # -- platforms ------------------------------------------------------------------------------------------------

    def used(self) -> tuple[Platform, ...]:
        """The platforms that the report is about."""
        return tuple(platform for platform in PLATFORMS if self._is_used(platform))

    def platforms(self) -> list[Row]:
        """A row for each platform that is used."""
        say, before = self.say, self.report.before
        rows: list[Row] = []
        for platform, amount, currency in self._bills():
            if not self._is_used(platform):
                continue
            now, earlier = _units(self.report.totals, platform), _units(before, platform) if before else None
            was = None if before is None else before.make_cost if platform == "make" else before.n8n_cost
            rows.append(
                {
                    "platform": say(f"report.platform.{platform}"),
                    "use": f"{say.number(now)} {say(f'report.unit.{platform}')}",
                    "before": "–" if earlier is None else say.number(earlier),
                    "change": say("report.change.new") if earlier is None else self.change(now, earlier),
                    "cost": self.money(amount, currency),
                    "cost_before": "–" if before is None else self.money(was, currency),
                }
            )
        return rows

    def _bills(self) -> tuple[tuple[Platform, Decimal | None, str], ...]:
        report = self.report
        return (
            ("make", report.totals.make_cost, report.make_currency),
            ("n8n", report.totals.n8n_cost, report.n8n_currency),
        )

    def _is_used(self, platform: Platform) -> bool:
        report = self.report
        return any(one.platform == platform for one in report.scenarios) or any(
            _units(month, platform) for month in report.months
        )

    def costs_notes(self) -> list[str]:
        """What is to say of the costs."""
        say, report = self.say, self.report
        notes = [say("report.costs_lead", day=say.date(report.prices_as_of))]
        if self._is_used("n8n") and report.totals.n8n_executions:
            notes.append(say("report.costs_own", own=self.money(report.n8n_own_cost, report.n8n_currency)))
        return notes

    # -- incidents and risks --------------------------------------------------------------------------------------

    def incidents_lead(self) -> list[str]:
        """How the month's incidents went."""
        totals, say = self.report.incident_totals, self.say
        count = totals.opened + totals.brought_along
        if not count:
            return [say("report.incidents_none", month=self.month)]
        values = {"opened": say.number(totals.opened), "resolved": say.number(totals.resolved)}
        told = [say.count("report.incidents_lead", count, month=self.month, **values)]
        if totals.resolved:
            median, longest = self.span(totals.median_minutes), self.span(totals.longest_minutes)
            told.append(say.count("report.incidents_speed", totals.resolved, median=median, longest=longest))
        if totals.answered_median is not None:
            answered = sum(one.answered_after is not None for one in self.report.incidents)
            told.append(say.count("report.incidents_answered", answered, time=self.span(totals.answered_median)))
        return told

    def incidents(self) -> list[Row]:
        """A row for each incident; of very many, the longest ones, in their order."""
        everything = self.report.incidents
        chosen = sorted(everything, key=lambda one: -one.open_for)[:INCIDENTS_AT_MOST]
        return [self._incident(one) for one in everything if one in chosen]

    def incidents_left(self) -> str:
        """How many incidents aren't listed; empty when all are."""
        left = len(self.report.incidents) - INCIDENTS_AT_MOST
        return self.say.count("report.more", left) if left > 0 else ""

    def incident_label(self, one: IncidentFacts) -> str:
        """An incident in a picture."""
        return f"{self.say(f'report.kind.{one.kind}')}: {self.names(one.scenarios, 1)}"

    def _incident(self, one: IncidentFacts) -> Row:
        say = self.say
        opened = one.opened_at.astimezone(ZoneInfo(self.report.zone))
        return {
            "what": say(f"report.kind.{one.kind}"),
            "where": self.listed(one.scenarios),
            "opened": f"{self._short(opened.date())}, {opened:%H:%M}",
            "answered": "–" if one.answered_after is None else self.span(one.answered_after),
            "took": self.span(one.open_for) if one.resolved_at else say("report.still_open"),
            "severity": say(f"report.severity.{one.severity}"),
            "weight": one.severity,
            "tone": "bad" if one.resolved_at is None else "",
        }

    def risks_lead(self) -> str:
        """The risk score, and what it was."""
        report, say = self.report, self.say
        if not report.risks:
            return say("report.risks_none")
        if report.risk_score_before is None:
            return say("report.risks_lead", score=report.risk_score)
        return say("report.risks_before", score=report.risk_score, before=report.risk_score_before)

    def risks(self) -> list[Row]:
        """A row for each kind of risk."""
        return [self._risk(one) for one in self.report.risks]

    def _risk(self, one: RiskFacts) -> Row:
        say = self.say
        several = len(one.scenarios) == self.report.scenarios_there > 1 or not one.scenarios
        return {
            "title": say(f"report.risk.{one.part}.title"),
            "todo": say(f"report.risk.{one.part}.todo"),
            "concerns": say("report.all_scenarios") if several else self.listed(one.scenarios),
            "weight": say(f"report.weight.{one.weight}"),
            "severity": one.weight,
        }

    # -- recommendations, hours, what comes -----------------------------------------------------------------------

    def recommendations(self) -> list[dict[str, str | list[Row]]]:
        """The recommendations, each with what it brings and takes."""
        return [
            {"title": self.rec_title(one), "why": self._rec_why(one), "figures": list(self._figures(one))}
            for one in self.report.recommendations
        ]

    def recommendations_lead(self) -> str:
        """What returns are reckoned with."""
        say, report = self.say, self.report
        if not report.recommendations:
            return say("report.recommendations_none")
        return say("report.recommendations_lead", hour=say.money(report.work_hour, report.currency))

    def rec_title(self, one: Recommendation) -> str:
        """A recommendation in a few words."""
        say, key, names = self.say, f"report.rec.{one.kind}.title", self.names(one.scenarios)
        if say.has(key):
            app = app_name(one.app) if one.kind == "next_automation" else one.app
            return say(key, names=names, app=app)
        return say.count(key, len(one.scenarios), names=names)

    def _rec_why(self, one: Recommendation) -> str:
        say = self.say
        values = {"operations": say.number(one.operations), "failures": say.number(one.failures), "step": one.step}
        why = f"report.rec.{one.kind}.why"
        more = f"{why}_more"
        return say(
            more if one.saving is None and say.has(more) else why, saving=self.money(one.saving, one.currency), **values
        )

    def _figures(self, one: Recommendation) -> Iterator[Row]:
        say, currency = self.say, self.report.currency

        def figure(name: str, value: str, note: str = "") -> Row:
            return {"label": say(f"report.figure.{name}"), "value": value, "note": note}

        nothing = say("report.figure.none")
        yield figure("worth", nothing if one.worth is None else say.money(one.worth, currency))
        yield figure("price", say.money(one.price, currency), say("report.figure.work", hours=say.number(one.hours)))
        if one.first_year is None or one.pays_after is None or one.return_percent is None:
            yield figure("gain", "–")
            yield figure("back", "–")
            return
        if one.return_percent < MANY_TIMES:
            share = say("report.figure.percent", percent=say.percent(Decimal(one.return_percent)))
        else:
            share = say("report.figure.times", n=say.number(one.return_percent // 100))
        yield figure("gain", say.money(one.first_year, currency), share)
        yield figure("back", say("report.figure.months", n=say.number(one.pays_after)))

    def hours(self) -> list[str]:
        """The hours saved, and the sum that gives them."""
        report, say = self.report, self.say
        if not report.totals.hours:
            return [say("report.hours_none")]
        values = self._hours_values()
        each = self._assumed("hand_minutes_per_step")
        exact = {**values, "hours": say.number(report.totals.hours)}
        return [
            say("report.hours_lead", month=self.month, **values),
            say("report.hours_sum", minutes=say.number(each), hour=say.money(report.hour, report.currency), **exact),
        ]

    def ahead(self) -> list[str]:
        """What the next month brings."""
        report, say = self.report, self.say
        coming = month_of(report.month).plus(1)
        told = [say("report.next_days", month=self._month(coming.first), days=coming.days)]
        for one in report.outlook:
            told += self._outlook(one)
        if not report.outlook:
            told.append(say("report.next_none"))
        if report.incident_totals.still_open:
            told.append(say.count("report.next_open", report.incident_totals.still_open))
        if report.recommendations:
            told.append(say("report.next_do", title=self.rec_title(report.recommendations[0])))
        contact = self.brand.agency.contact
        return [*told, say("report.next_ask", name=contact.name, email=contact.email)]

    def _outlook(self, one: Outlook) -> Iterator[str]:
        say, report = self.say, self.report
        name = say(f"report.platform.{one.platform}")
        values = {"platform": name, "n": say.number(one.expected), "unit": say(f"report.unit.{one.platform}")}
        if one.low is None or one.high is None:
            yield say("report.next_use_unknown", **values)
        else:
            yield say("report.next_use", low=say.number(one.low), high=say.number(one.high), **values)
        make = one.platform == "make"
        before = report.totals.make_cost if make else report.totals.n8n_cost
        currency = report.make_currency if make else report.n8n_currency
        cost = self.money(one.cost, currency)
        if one.cost == before:
            yield say("report.next_cost_same", platform=name, cost=cost)
        else:
            yield say("report.next_cost", platform=name, cost=cost, before=self.money(before, currency))

    def basis(self) -> list[str]:
        """What all of it rests on."""
        report, say = self.report, self.say
        minutes, steps = self._assumed("hand_minutes_per_step"), self._assumed("hand_steps_per_run")
        hour = say.money(report.hour, report.currency)
        lines = [
            say("report.basis.zone", zone=report.zone),
            say("report.basis.operations"),
            say("report.basis.hand", steps=say.number(steps)),
            say("report.basis.minutes", minutes=say.number(minutes), hour=hour, why=self._why("hand_minutes_per_step")),
        ]
        if any(one.failures for one in report.recommendations):
            failure, share = self._assumed("failure_minutes"), self._assumed("caught_share") * 100
            lines += [
                say("report.basis.failure", minutes=say.number(failure), why=self._why("failure_minutes")),
                say("report.basis.caught", percent=say.percent(share), why=self._why("caught_share")),
            ]
        if any(one.saving and one.currency != report.currency for one in report.recommendations):
            rate = say.number(self._assumed("usd_per_eur"))
            lines.append(say("report.basis.rate", rate=rate, why=self._why("usd_per_eur")))
        return [*lines, say("report.basis.prices", day=say.date(report.prices_as_of))]

    def _assumed(self, name: str) -> Decimal:
        return next((one.value for one in self.report.assumptions if one.name == name), Decimal(0))

    def _why(self, name: str) -> str:
        """Why it is taken so: in English as the data file has it."""
        if self.say.language == "en":
            return next((one.why for one in self.report.assumptions if one.name == name), "")
        return self.say(f"report.why.{name}")


def _units(figures: Figures, platform: Platform) -> int:
    return figures.make_operations if platform == "make" else figures.n8n_executions


def _used(figures: Figures) -> int:
    return figures.make_operations + figures.n8n_executions
