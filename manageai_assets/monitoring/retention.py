"""How long what was watched is kept: long enough for baselines and reports, not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Engine

EXECUTIONS_KEPT = timedelta(days=100)
"""A quarter and some days, for monthly and quarterly reports."""
SNAPSHOTS_KEPT = timedelta(days=40)
"""They can be made again from executions; a month's is what the UI and the baselines look at."""
ROWS_AT_ONCE = 50_000
"""Deleted in one transaction, so that nobody waits for long."""


def prune(engine: Engine, now: datetime) -> dict[str, int]:
    """Deletes what is older than it is kept; gives the number of rows by table. Running executions stay."""
    kept = {
        "executions": ("finished_at", now - EXECUTIONS_KEPT),
        "execution_snapshots": ("window_start", now - SNAPSHOTS_KEPT),
        "monitor_windows": ("window_start", now - EXECUTIONS_KEPT),
    }
    return {table: _prune(engine, table, column, before) for table, (column, before) in kept.items()}


def _prune(engine: Engine, table: str, column: str, before: datetime) -> int:
    statement = text(f"""
        delete from {SCHEMA}.{table} where ctid = any(array(
            select ctid from {SCHEMA}.{table} where {column} < :before limit :most
        ))
    """)
    total = 0
    while True:
        with engine.begin() as connection:
            gone = connection.execute(statement, {"before": before, "most": ROWS_AT_ONCE}).rowcount
        total += gone
        if gone < ROWS_AT_ONCE:
            return total
