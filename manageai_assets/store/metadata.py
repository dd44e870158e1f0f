"""All tables together: importing this module makes sure that each is known."""

from __future__ import annotations

from manageai_assets.store.client_tables import BuildFactsRow, ClientSnapshotRow, ScenarioDayRow
from manageai_assets.store.profile_tables import ProfileRow
from manageai_assets.store.report_tables import ClientReportRow
from manageai_assets.store.tables import Base

LATEST = (ProfileRow, ScenarioDayRow, BuildFactsRow, ClientSnapshotRow, ClientReportRow)
"""Tables that no other module of the store imports."""
METADATA = Base.metadata
