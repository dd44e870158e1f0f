"""The pictures of a report, drawn for paper: runs by day, bars by month, incidents over the month, and a strip of days
for each scenario. Client text is cleaned and escaped; the same facts always give the same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from manageai_assets.build.flow_text import element, number, xml
from manageai_assets.clients.reports.models import DayLine, IncidentFacts, MonthlyReport
from manageai_assets.documents.brand import Colours
from manageai_assets.documents.fonts import FAMILIES
from manageai_assets.documents.messages import Messages
from manageai_assets.documents.pictures.measure import fitted
from manageai_assets.documents.pictures.measure import width as text_width
from manageai_assets.documents.pictures.picture import Picture

UNITS = 4.0
"""SVG units in a millimetre: text of size 10 is 7 points on paper."""
RED, AMBER, GREY, GRID = "#c0392b", "#e08e0b", "#8a99a3", "#dfe6ea"
SEVERITY_COLOURS = {"critical": "#9b1c1c", "high": "#d9480f", "medium": AMBER, "low": GREY}
SMALL, PLAIN = 9.5, 10.5
SERIOUS_SHARE = 20
"""A day on which at least one run in so many failed is red; with fewer failures only its upper part is."""
STRIP_WIDTH, STRIP_HEIGHT = 40.0, 6.5
"""Millimetres."""
ROWS_AT_MOST = 14
"""Incidents of the timeline, the longest of them."""


@dataclass
class Sheet:
    """A drawing in the making, in units; the first things drawn lie behind."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, fill: str, **more: str | float) -> None:
        """A filled rectangle, if there is anything of it."""
        if width > 0 and height > 0:
            self.parts.append(element("rect", x=x, y=y, width=width, height=height, fill=fill, **more))

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str, **more: str | float) -> None:
        """A line."""
        self.parts.append(element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **more))

    def text(self, words: str, x: float, y: float, size: float, fill: str, **more: str | float) -> None:
        """A line of text on its baseline."""
        self.parts.append(element("text", words, x=x, y=y, font_size=size, fill=fill, **more))

    def picture(self, alt: str) -> Picture:
        """The finished drawing."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(self.width)} {number(self.height)}" '
            f'width="{number(self.width)}" height="{number(self.height)}" font-family="{xml(", ".join(FAMILIES))}">'
        )
        svg = "\n".join([head, element("title", alt), *self.parts, "</svg>\n"])
        return Picture(svg, self.width / UNITS, self.height / UNITS, alt)


@dataclass(frozen=True)
class Bar:
    """A bar of a chart by month: its label below, what stands above it; `low` and `high` are the ends of a band."""

    label: str
    value: Decimal | None
    told: str
    expected: bool = False
    low: Decimal | None = None
    high: Decimal | None = None


# -- runs by day --------------------------------------------------------------------------------------------------


def days(report: MonthlyReport, colours: Colours, say: Messages, alt: str, width: float = 170.0) -> Picture:
    """Runs of each day, failed ones in red; weekends are shaded, and days before the client's first one hatched."""
    sheet = Sheet(width * UNITS, 46 * UNITS)
    most = _ceiling(max((day.runs for day in report.days), default=0))
    left = text_width(say.number(most), SMALL) + 8
    top, bottom, right = 20.0, sheet.height - 20, sheet.width - 2
    step = (right - left) / report.day_count
    for place in range(report.day_count):
        date = report.month + dt.timedelta(place)
        if date.weekday() >= 5:
            sheet.box(left + place * step, top, step, bottom - top, colours.soft)
    for part in range(5):
        y = bottom - (bottom - top) * part / 4
        sheet.line(left, y, right, y, GRID if part else GREY, stroke_width=0.8)
        if most * part % 4 == 0:
            sheet.text(say.number(most * part // 4), left - 5, y + 3.4, SMALL, GREY, text_anchor="end")
    for place, day in enumerate(report.days):
        date, x = report.month + dt.timedelta(place), left + place * step
        scale = (bottom - top) / most
        good, bad = (day.runs - day.failed) * scale, day.failed * scale
        bad = max(bad, 2.0) if day.failed else 0.0
        sheet.box(x + step * 0.16, bottom - good, step * 0.68, good, colours.primary)
        sheet.box(x + step * 0.16, bottom - good - bad, step * 0.68, bad, RED)
        monday = date.weekday() == 0
        sheet.text(
            str(date.day), x + step / 2, bottom + 13, SMALL, colours.ink if monday else GREY, text_anchor="middle",
            font_weight="600" if monday else "400",
        )  # fmt: skip
    if report.joined is not None:
        end = left + (report.joined - report.month).days * step
        sheet.line(end, top - 4, end, bottom, colours.accent, stroke_width=1.2, stroke_dasharray="4 3")
        told, after = say("report.since", day=say.date(report.joined)), end + 5
        room = right - after >= text_width(told, SMALL)
        sheet.text(
            told, after if room else end - 5, top + 6, SMALL, colours.accent, text_anchor="start" if room else "end"
        )
    _legend(sheet, [(say("report.chart.went"), colours.primary), (say("report.chart.failed"), RED)], left)
    return sheet.picture(alt)


def _legend(sheet: Sheet, entries: Sequence[tuple[str, str]], x: float) -> None:
    for words, colour in entries:
        sheet.box(x, 2, 8, 8, colour, rx=1.5)
        sheet.text(words, x + 12, 9.5, SMALL, "#4a5a64")
        x += 12 + text_width(words, SMALL) + 14


def _ceiling(value: int) -> int:
    """The least round number, divisible by four where it can be, that isn't below `value`: the top of an axis."""
    size = 1
    while True:
        for step in (4, 8, 12, 20, 40):
            if step * size >= value:
                return step * size
        size *= 10


# -- bars by month ------------------------------------------------------------------------------------------------


def months(bars: Sequence[Bar], colours: Colours, title: str, expected: str = "", width: float = 82.0) -> Picture:
    """Bars by month, the value above each; what is expected is only an outline, with the ends of its band, and called
    so in the corner."""
    sheet = Sheet(width * UNITS, 34 * UNITS)
    top, bottom = 40.0, sheet.height - 18
    sheet.text(title, 0, 11, PLAIN, colours.primary, font_weight="600")
    if any(bar.expected for bar in bars):
        left = sheet.width - text_width(expected, SMALL) - 14
        sheet.box(left, 3, 9, 8, colours.soft, stroke=colours.primary, stroke_dasharray="3 2.5", stroke_width=1)
        sheet.text(expected, left + 14, 11, SMALL, GREY)
    ends = [end for bar in bars for end in (bar.value, bar.high) if end is not None]
    most = max(ends, default=Decimal(0)) or Decimal(1)
    step = sheet.width / max(len(bars), 4)
    scale: Callable[[Decimal], float] = lambda value: float(value / most) * (bottom - top)  # noqa: E731
    sheet.line(0, bottom, sheet.width, bottom, GREY, stroke_width=0.8)
    for place, bar in enumerate(bars):
        x, middle = place * step, (place + 0.5) * step
        last = place == len(bars) - 1 - any(one.expected for one in bars)
        if bar.value is not None:
            height = scale(bar.value)
            if bar.expected:
                sheet.box(
                    x + step * 0.2, bottom - height, step * 0.6, height, colours.soft, stroke=colours.primary,
                    stroke_dasharray="3 2.5", stroke_width=1,
                )  # fmt: skip
            else:
                sheet.box(
                    x + step * 0.2, bottom - height, step * 0.6, height, colours.primary,
                    opacity=1.0 if last else 0.5,
                )  # fmt: skip
            if bar.low is not None and bar.high is not None and bar.high > bar.low:
                low, high = bottom - scale(bar.low), bottom - scale(bar.high)
                sheet.line(middle, low, middle, high, colours.accent, stroke_width=1.4)
                for y in (low, high):
                    sheet.line(middle - 4, y, middle + 4, y, colours.accent, stroke_width=1.4)
                height = max(height, bottom - high)
            size = min(SMALL, SMALL * (step - 3) / max(text_width(bar.told, SMALL), 1))
            weight = "600" if last else "400"
            sheet.text(
                bar.told, middle, bottom - height - 5, size, colours.ink, text_anchor="middle", font_weight=weight
            )
        else:
            sheet.text(bar.told, middle, bottom - 5, SMALL, GREY, text_anchor="middle")
        sheet.text(bar.label, middle, bottom + 13, SMALL, colours.ink if last else GREY, text_anchor="middle")
    return sheet.picture(title)


# -- incidents ----------------------------------------------------------------------------------------------------


def timeline(
    report: MonthlyReport, colours: Colours, told: Callable[[IncidentFacts], str], alt: str, width: float = 170.0
) -> Picture:
    """A bar for each incident over the days of the month, from its beginning to its end, in the colour of its weight;
    an open one has an arrow. Of very many, the longest."""
    chosen = sorted(report.incidents, key=lambda one: -one.open_for)[:ROWS_AT_MOST]
    shown = [one for one in report.incidents if one in chosen]
    row = 16.0
    sheet = Sheet(width * UNITS, 24 + row * len(shown) + 4)
    left, top, right = 190.0, 20.0, sheet.width - 8
    zone = ZoneInfo(report.zone)
    step = (right - left) / report.day_count
    bottom = top + row * len(shown)
    for place in range(report.day_count):
        date = report.month + dt.timedelta(place)
        x = left + place * step
        if date.weekday() >= 5:
            sheet.box(x, top, step, bottom - top, colours.soft)
        if date.weekday() == 0 or place == 0:
            sheet.line(x, top - 3, x, bottom, GRID, stroke_width=0.8)
        sheet.text(str(date.day), x + step / 2, top - 7, SMALL - 1, GREY, text_anchor="middle")
    for place, one in enumerate(shown):
        y = top + place * row
        if place % 2:
            sheet.line(0, y, right, y, GRID, stroke_width=0.5)
        label = fitted(told(one), SMALL, left - 18, 1)
        sheet.box(0, y + 5, 7, 7, SEVERITY_COLOURS[one.severity], rx=3.5)
        sheet.text(label.lines[0], 12, y + 12, SMALL, colours.ink)
        begin = max(_days_in(one.opened_at, report, zone), 0.0)
        end = _days_in(one.resolved_at, report, zone) if one.resolved_at else float(report.day_count)
        x, long = left + begin * step, max((end - begin) * step, 3.0)
        sheet.box(x, y + 4.5, min(long, right - x), 8, SEVERITY_COLOURS[one.severity], rx=2)
        if one.resolved_at is None:
            tip = ((right, y + 3), (right + 7, y + 8.5), (right, y + 14))
            points = " ".join(f"{number(across)},{number(down)}" for across, down in tip)
            sheet.parts.append(element("polygon", points=points, fill=SEVERITY_COLOURS[one.severity]))
    return sheet.picture(alt)


def _days_in(moment: dt.datetime, report: MonthlyReport, zone: ZoneInfo) -> float:
    """How many days after the month's first moment, by the clock of the time zone."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return (local - dt.datetime.combine(report.month, dt.time())) / dt.timedelta(1)


# -- one scenario -------------------------------------------------------------------------------------------------


def strip(told: Sequence[DayLine], colours: Colours, alt: str) -> Picture:
    """A bar for each day, as high as its operations are among the scenario's own; red where runs failed."""
    sheet = Sheet(STRIP_WIDTH * UNITS, STRIP_HEIGHT * UNITS)
    step, most = sheet.width / len(told), max((day.operations for day in told), default=0) or 1
    sheet.line(0, sheet.height - 0.5, sheet.width, sheet.height - 0.5, GRID, stroke_width=1)
    room, width = sheet.height - 1, number(step * 0.76)
    good: list[str] = []
    bad: list[str] = []
    for place, day in enumerate(told):
        if not day.runs:
            continue
        tall = max(room * day.operations / most, 1.5)
        red = 0.0
        if day.failed:
            serious = day.failed * SERIOUS_SHARE >= day.runs
            red = tall if serious else min(tall, max(2.5, tall * day.failed / day.runs))
        x = number(place * step + step * 0.12)
        for bars, height, top in ((good, tall - red, room - tall + red), (bad, red, room - tall)):
            if height > 0:
                bars.append(f"M{x} {number(top)}h{width}v{number(height)}h-{width}z")
    for bars, colour in ((good, colours.primary), (bad, RED)):
        if bars:
            sheet.parts.append(element("path", d="".join(bars), fill=colour))
    return sheet.picture(alt)
