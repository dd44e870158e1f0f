"""Which pictures a report has, with their words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from manageai_assets.clients.reports import pictures
from manageai_assets.clients.reports.models import MonthLine
from manageai_assets.clients.reports.months import month_of
from manageai_assets.clients.reports.pictures import Bar
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.documents.pictures.picture import Picture
from manageai_assets.monitoring.models import Platform

THOUSAND, MILLION = 1000, 1_000_000


@dataclass(frozen=True)
class Pictures:
    """The pictures of one report, in the order in which they are shown."""

    days: Picture
    strips: tuple[Picture, ...]
    """One for each scenario."""
    trends: tuple[tuple[Picture, Picture], ...]
    """Use and cost, for each platform that is used."""
    timeline: Picture | None
    hours: Picture | None


def pictures_of(words: Wording) -> Pictures:
    """All pictures of a report."""
    report, say, colours = words.report, words.say, words.brand.colours
    timeline = None
    if report.incidents:
        alt = say("report.chart.timeline", month=words.month)
        timeline = pictures.timeline(report, colours, words.incident_label, alt)
    return Pictures(
        days=pictures.days(report, colours, say, say("report.chart.days", month=words.month)),
        strips=tuple(
            pictures.strip(one.days, colours, say("report.chart.strip", name=one.name)) for one in report.scenarios
        ),
        trends=tuple((_use(words, platform), _cost(words, platform)) for platform in words.used()),
        timeline=timeline,
        hours=_hours(words) if len(report.months) > 1 and any(month.hours for month in report.months) else None,
    )


def _use(words: Wording, platform: Platform) -> Picture:
    say = words.say
    bars = []
    for month in words.report.months:
        used = _of(month, platform)
        bars.append(Bar(words.short_month(month.month), Decimal(used), _size(words, used)))
    for one in words.report.outlook:
        if one.platform == platform:
            low, high = (None if end is None else Decimal(end) for end in (one.low, one.high))
            told = _size(words, one.expected)
            bars.append(Bar(_next(words), Decimal(one.expected), told, expected=True, low=low, high=high))
    values = {"platform": say(f"report.platform.{platform}"), "unit": say(f"report.unit.{platform}")}
    return pictures.months(bars, words.brand.colours, say("report.chart.trend", **values), say("report.chart.expected"))


def _cost(words: Wording, platform: Platform) -> Picture:
    say, report = words.say, words.report
    make = platform == "make"
    currency = report.make_currency if make else report.n8n_currency

    def bar(day: dt.date, amount: Decimal | None, *, expected: bool = False) -> Bar:
        label = _next(words) if expected else words.short_month(day)
        return Bar(label, amount, _amount(words, amount, currency), expected=expected)

    bars = [bar(month.month, month.make_cost if make else month.n8n_cost) for month in report.months]
    bars += [bar(report.month, one.cost, expected=True) for one in report.outlook if one.platform == platform]
    title = say("report.chart.cost", platform=say(f"report.platform.{platform}"))
    return pictures.months(bars, words.brand.colours, title, say("report.chart.expected"))


def _hours(words: Wording) -> Picture:
    say = words.say
    bars = [Bar(words.short_month(one.month), one.hours, say.about(one.hours)) for one in words.report.months]
    return pictures.months(bars, words.brand.colours, say("report.chart.hours"))


def _next(words: Wording) -> str:
    return words.short_month(month_of(words.report.month).plus(1).first)


def _of(month: MonthLine, platform: Platform) -> int:
    return month.make_operations if platform == "make" else month.n8n_executions


def _size(words: Wording, value: int) -> str:
    """A number for people who look at a bar: `980`, `12.3k`, `1.2M`."""
    for least, unit in ((MILLION, "M"), (10 * THOUSAND, "k")):
        if value >= least:
            size = MILLION if unit == "M" else THOUSAND
            share = (Decimal(value) / size).quantize(
                Decimal("0.1") if value < 100 * size else Decimal(1), ROUND_HALF_UP
            )
            return f"{words.say.number(share)}{unit}"
    return words.say.number(value)


def _amount(words: Wording, amount: Decimal | None, currency: str) -> str:
    """An amount in whole units of its currency where there are no cents."""
    told = words.money(amount, currency)
    return told.replace(".00", "").replace(",00", "") if amount is not None else told
