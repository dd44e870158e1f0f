"""All tables together: importing this module makes sure that each is known."""

from __future__ import annotations

from manageai_assets.store.client_tables import (
    BuildFactsRow,
    ClientSnapshotRow,
    ConnectionRow,
    ScenarioDayRow,
    ScenarioDriftRow,
)
from manageai_assets.store.profile_tables import ProfileRow
from manageai_assets.store.report_tables import ClientReportRow
from manageai_assets.store.tables import Base

LATEST = (
    ProfileRow,
    ScenarioDayRow,
    BuildFactsRow,
    ClientSnapshotRow,
    ScenarioDriftRow,
    ConnectionRow,
    ClientReportRow,
)
"""Tables that no other module of the store imports."""
METADATA = Base.metadata
