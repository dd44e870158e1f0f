"""The plan as a Gantt chart: a bar for each phase over the working days, and what is reached at the end of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from manageai_assets.build.markdown import TEMPLATES
from manageai_assets.documents.facts import Facts, Phase, Plan
from manageai_assets.documents.fonts import font_files
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.documents.pictures.measure import width as text_width
from manageai_assets.documents.pictures.picture import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCH, POINT = 25.4, 25.4 / 72
"""Millimetres."""

ROW, HEADROOM, LEFT, TICK = 6.6, 13.0, 34.0, 12.0
RED = "#c0392b"


def gantt(facts: Facts, width: float = 170.0) -> Picture:
    """The plan's Gantt chart, `width` millimetres wide; in dates, or in days from the start when it has none."""
    plan, say = facts.plan, messages(facts.brand.language)
    height = HEADROOM + ROW * len(plan.phases)
    with _style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width / INCH, height / INCH))
        left = min(max((text_width(phase.name, 9 * POINT) for phase in plan.phases), default=LEFT) + 4, width / 3)
        axes = figure.add_axes((left / width, 8.0 / height, 1 - left / width - 0.02, 1 - 9.0 / height))
        room = (width * 0.98 - left) / plan.working_days
        _days(axes, plan, say, room)
        for index, phase in enumerate(plan.phases):
            _bar(axes, index, phase, facts, say, room)
        return Picture(_svg(figure), width, height, say("pictures.gantt", title=facts.title))


def _days(axes: Axes, plan: Plan, say: Messages, room: float) -> None:
    last = plan.working_days
    axes.set_xlim(0, last)
    axes.set_ylim(len(plan.phases) - 0.45, -0.55)
    axes.set_yticks(range(len(plan.phases)), [phase.name for phase in plan.phases])
    every = max(-(-int(TICK * 100) // max(int(room * 100), 1)), 1)
    shown = range(1, last + 1, every)
    axes.set_xticks(range(last + 1), [""] * (last + 1))
    axes.set_xticks([day - 0.5 for day in shown], [_day(plan, day, say) for day in shown], minor=True)
    axes.tick_params(axis="x", which="minor", length=0, pad=1)
    if plan.deadline is not None and plan.start is not None and plan.fit == "missed":
        at = sum(_workday(plan.start, day) <= plan.deadline for day in range(1, last + 1))
        axes.axvline(at, color=RED, linewidth=1.2, linestyle=(0, (3, 2)))
        axes.text(at, -0.5, say("pictures.deadline") + " ", color=RED, fontsize=8, ha="right", va="top")


def _bar(axes: Axes, index: int, phase: Phase, facts: Facts, say: Messages, room: float) -> None:
    colours = facts.brand.colours
    start, end = phase.first_day - 1, phase.last_day
    axes.barh(index, end - start, left=start, height=0.56, color=colours.primary, alpha=0.9, linewidth=0)
    reached = [milestone.name for milestone in facts.plan.milestones if _ends(facts.plan, phase, milestone.day)]
    hours = say.count("pictures.hours", phase.hours)
    said = f"{hours} · {reached[-1]}" if reached else hours
    if reached:
        axes.plot([end], [index], marker="D", markersize=5.5, color=colours.accent, clip_on=False, zorder=3)
    needed = text_width(said, 8 * POINT) + 4
    if (facts.plan.working_days - end) * room >= needed:
        axes.text(end + 2.4 / room, index, said, fontsize=8, va="center", color="#4a5a64")
    elif start * room >= needed:
        axes.text(start - 1.6 / room, index, said, fontsize=8, va="center", ha="right", color="#4a5a64")
    elif (end - start) * room >= needed:
        axes.text((start + end) / 2, index, said, fontsize=8, va="center", ha="center", color="white")


def _ends(plan: Plan, phase: Phase, day: int) -> bool:
    """Whether what is reached on that day is reached with this phase: the last one that ends then."""
    ending = [other for other in plan.phases if other.last_day == day]
    return bool(ending) and ending[-1] is phase


def _day(plan: Plan, day: int, say: Messages) -> str:
    if plan.start is None:
        return say("pictures.day", n=day)
    from babel.dates import format_date

    return str(format_date(_workday(plan.start, day), format=say("pictures.short_date"), locale=say.locale))


def _workday(start: date, day: int) -> date:
    """The date of a working day, Monday to Friday; `start` is day 1."""
    weeks, rest = divmod(start.weekday() + day - 1, 5)
    return start + timedelta(days=7 * weeks + rest - start.weekday())


# -- matplotlib ---------------------------------------------------------------------------------------------------


@contextmanager
def _style() -> Iterator[None]:
    """matplotlib with the documents' style sheet and fonts, for this picture only."""
    import matplotlib

    _with_fonts()
    with matplotlib.rc_context(fname=TEMPLATES / "pictures.mplstyle"):
        yield


@cache
def _with_fonts() -> None:
    from matplotlib.font_manager import fontManager

    for file in font_files():
        fontManager.addfont(file)


def _svg(figure: Figure) -> str:
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue().decode("utf-8")
