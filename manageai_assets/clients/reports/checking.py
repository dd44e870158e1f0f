"""Whether a report agrees with the snapshots, which are added up another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from manageai_assets.clients.reports.models import MonthlyReport
from manageai_assets.clients.reports.months import month_of
from manageai_assets.store.client_tables import ClientSnapshotRow

if TYPE_CHECKING:
    from sqlalchemy import Engine


def disagreements(engine: Engine, report: MonthlyReport) -> tuple[str, ...]:
    """What the report says otherwise than the snapshot of the month's last day; empty when they agree."""
    row, last = ClientSnapshotRow, month_of(report.month).last
    query = select(row.__table__).where(row.customer_name == report.client, row.snapshot_date == last)
    with engine.connect() as connection:
        found = connection.execute(query).one_or_none()
    if found is None:
        return (f"there is no snapshot of {last}",)
    totals = report.totals
    pairs = {
        "operations on Make": (totals.make_operations, found.make_operations_month),
        "runs on n8n": (totals.n8n_executions, found.n8n_executions_month),
        "cost on Make": (totals.make_cost, found.make_cost),
        "cost on n8n Cloud": (totals.n8n_cost, found.n8n_cloud_cost),
        "scenarios": (report.scenarios_there, found.scenarios_total),
        "runs of the last day": (report.days[-1].runs, found.executions),
        "runs of all days": (totals.runs, sum(day.runs for day in report.days)),
        "operations of all scenarios": (
            totals.make_operations + totals.n8n_executions, sum(one.operations for one in report.scenarios),
        ),
    }  # fmt: skip
    return tuple(f"{name}: {ours} here, {theirs} there" for name, (ours, theirs) in pairs.items() if ours != theirs)
