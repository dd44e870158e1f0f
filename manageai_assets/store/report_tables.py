"""The table of monthly reports: each revision with its facts, so that what a client was told can be shown again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, Date, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from manageai_assets.store.tables import Base


class ClientReportRow(Base):
    """A revision of a client's report on a month; see `clients.reports.models.MonthlyReport`. Rows are only added."""

    __tablename__ = "client_reports"
    __table_args__ = (
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )

    customer_name: Mapped[str] = mapped_column(Text, primary_key=True, comment="the client")
    month: Mapped[dt.date] = mapped_column(Date, primary_key=True, comment="its first day")
    revision: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, comment="1 is the first; late data makes a new one"
    )
    made_at: Mapped[dt.datetime] = mapped_column(comment="when this revision was made")
    digest: Mapped[str] = mapped_column(Text, comment="SHA-256 of the facts: the same digest, the same report")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changes: Mapped[list[Any]] = mapped_column(JSONB, comment="what differs from the revision before; [] in the first")
