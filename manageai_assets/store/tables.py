"""The tables, in a schema of their own beside Dagster's. Their history is in `migrations/`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, MetaData, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "manageai"

BuildStatus = Literal["submitted", "built", "waiting", "failed"]
"""submitted: asked for, in the queue or at work; built: the package is complete; waiting: a person has to answer;
failed: refused or broken, `reasons` says why."""

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
}


class Base(DeclarativeBase):
    """Base of the tables: times have a time zone, constraints have predictable names."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMES)
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSON, list[str]: JSONB}  # noqa: RUF012


class Build(Base):
    """One version of one scenario: the intake that it was made from, and what became of it."""

    __tablename__ = "builds"
    __table_args__ = (
        UniqueConstraint("slug", "version"),
        UniqueConstraint("slug", "digest", name="uq_builds_slug_digest"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("status in ('submitted', 'built', 'waiting', 'failed')", name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, comment="of this project's own")
    slug: Mapped[str] = mapped_column(Text, comment="short name of the scenario, the same for all its versions")
    version: Mapped[int] = mapped_column(comment="from 1")
    digest: Mapped[str] = mapped_column(Text, comment="SHA-256 of what the intake says")
    intake: Mapped[dict[str, Any]] = mapped_column(comment="the intake as JSON, its fields in their order")
    customer: Mapped[str] = mapped_column(Text, comment="the client")
    name: Mapped[str] = mapped_column(Text, comment="what the automation is called")
    status: Mapped[str] = mapped_column(Text, index=True, comment="submitted, built, waiting or failed")
    reasons: Mapped[list[str]] = mapped_column(server_default="[]", comment="failed: why; waiting: the questions")
    confidence: Mapped[float | None] = mapped_column(comment="0 to 1")
    grade: Mapped[str | None] = mapped_column(Text, comment="the confidence in words")
    made_by: Mapped[str | None] = mapped_column(Text, comment="rules, or the model that read the request")
    platforms: Mapped[list[str]] = mapped_column(server_default="[]", comment="platforms with an export")
    artifacts: Mapped[str | None] = mapped_column(Text, comment="where the files are")
    run_id: Mapped[str | None] = mapped_column(Text, comment="the run that touched it last")
    submitted_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="when it came in")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(comment="when it was built last")


class Submission(Base):
    """An intake that came in. Those that want a build are the queue that a sensor launches runs from, in order."""

    __tablename__ = "submissions"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    build_id: Mapped[int] = mapped_column(ForeignKey("builds.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(Text, comment="launchpad, inbox or examples")
    file: Mapped[str | None] = mapped_column(Text, comment="name of the file, if it came as one")
    wants_build: Mapped[bool] = mapped_column(comment="false: that content has been built or is being built")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SowDocument(Base):
    """What the documents of a build say, as text, for searching."""

    __tablename__ = "sow_documents"

    build_id: Mapped[int] = mapped_column(ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True)
    generated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    statement_of_work: Mapped[str] = mapped_column(Text)
    executive_summary: Mapped[str] = mapped_column(Text)
    technical_spec: Mapped[str] = mapped_column(Text)
    implementation_checklist: Mapped[str] = mapped_column(Text)
