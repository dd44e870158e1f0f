"""The last day in a picture and a table: what people look at first when they open a window in the user interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from sqlalchemy import text

from manageai_assets.monitoring.models import WINDOW
from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Engine

DAY = timedelta(days=1)
WORST = 20
"""Scenarios of the table."""
_WIDTH, _HEIGHT, _BAR = 800, 160, 8
_TOP, _BOTTOM = 24, 20


@dataclass(frozen=True, slots=True)
class Bar:
    """Executions that ended in one window, and those of them that failed."""

    window_start: datetime
    executions: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Worst:
    """A scenario with failures in the hour up to a window's end."""

    scenario: str
    name: str
    customer: str
    executions: int
    errors: int
    p95_ms: int
    last_error: str


def last_day(engine: Engine, until: datetime) -> list[Bar]:
    """One bar for each window of the day that ends with the window that starts at `until`."""
    starts = [until + WINDOW - DAY + WINDOW * place for place in range(DAY // WINDOW)]
    query = text(f"""
        select date_bin('15 minutes', finished_at, timestamptz '2000-01-01 00:00Z') as window_start,
               count(*) as executions, count(*) filter (where outcome = 'error') as errors
        from {SCHEMA}.executions where finished_at >= :since and finished_at < :until group by 1
    """)
    with engine.connect() as connection:
        rows = connection.execute(query, {"since": starts[0], "until": until + WINDOW})
        found = {row.window_start: Bar(row.window_start, row.executions, row.errors) for row in rows}
    return [found.get(start, Bar(start)) for start in starts]


def worst(engine: Engine, window_start: datetime) -> list[Worst]:
    """The scenarios with the most failures in a window's snapshots, with what they failed of last."""
    query = text(f"""
        select owner.platform || ':' || owner.external_id as scenario, owner.name, owner.customer, snap.executions,
               snap.errors, snap.p95_ms, coalesce(nullif(run.error_message, ''), run.error_type, '') as last_error
        from {SCHEMA}.execution_snapshots as snap
        join {SCHEMA}.scenarios as owner on owner.id = snap.scenario_id
        left join {SCHEMA}.executions as run
          on run.platform = owner.platform and run.execution_id = snap.last_error_id
        where snap.window_start = :start and snap.errors > 0
        order by snap.errors desc, owner.platform, owner.external_id limit :most
    """)
    with engine.connect() as connection:
        rows = connection.execute(query, {"start": window_start, "most": WORST}).all()
    return [
        Worst(row.scenario, row.name, row.customer, row.executions, row.errors, row.p95_ms, row.last_error)
        for row in rows
    ]


def picture_of(bars: Sequence[Bar]) -> str:
    """An SVG with one bar for each window: what went well, and on top of it what failed."""
    most = max((bar.executions for bar in bars), default=0) or 1
    failed = sum(bar.errors for bar in bars)
    room = _HEIGHT - _TOP - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="11" fill="#475569">',
        f'<text x="0" y="12">executions in 15 minutes, at most {most}; failed: {failed}</text>',
    ]
    for place, bar in enumerate(bars):
        left, low = place * _WIDTH / len(bars), float(_HEIGHT - _BOTTOM)
        for count, colour in ((bar.executions - bar.errors, "#0d9488"), (bar.errors, "#dc2626")):
            height = room * count / most
            low -= height
            if count:
                parts.append(
                    f'<rect x="{left:.1f}" y="{low:.1f}" width="{_BAR - 1}" height="{height:.1f}" fill="{colour}"/>'
                )
        if bar.window_start.hour % 6 == 0 and bar.window_start.minute == 0:
            parts.append(f'<text x="{left:.1f}" y="{_HEIGHT - 6}">{escape(f"{bar.window_start:%H:%M}")}</text>')
    return "".join([*parts, "</svg>"])
