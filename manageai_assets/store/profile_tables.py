"""The table of what is usual for each scenario."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from manageai_assets.store.monitoring_tables import ScenarioRow
from manageai_assets.store.tables import Base


class ProfileRow(Base):
    """What is usual for a scenario; see `monitoring.detection.profile.Profile`. Null: nothing ran that could tell."""

    __tablename__ = "scenario_profiles"

    scenario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(ScenarioRow.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    learnt_to: Mapped[datetime] = mapped_column(index=True)
    profile: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
