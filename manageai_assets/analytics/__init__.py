"""What analysts read: documented tables, as they are described in `docs/data.md`.

from manageai_assets import analytics

clients = analytics.load("client_snapshots", days=90)
analytics.export("scenario_days", Path("days.parquet"), days=365)
"""

from manageai_assets.analytics.loading import export, load
from manageai_assets.analytics.tables import TABLES, DataTable, find_table

__all__ = ["TABLES", "DataTable", "export", "find_table", "load"]
