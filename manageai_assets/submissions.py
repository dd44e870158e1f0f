"""Submitting intakes: which version of which scenario one is, decided once, however many ways in there are.

A known slug with a new content is the next version; the same content is the same version, and is built again only
when its last build failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from manageai_assets.intake.models import Intake, content_digest

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from manageai_assets.store.tables import Build, BuildStatus

Source = Literal["launchpad", "inbox", "examples"]

SUBMISSION_LOCK = 4_707_002
"""Key of the advisory lock that orders submissions, so that their ids are committed in order too."""


@dataclass(frozen=True)
class KnownVersion:
    """A version that a slug has already: its content and what became of it."""

    version: int
    digest: str
    status: BuildStatus


@dataclass(frozen=True)
class Decision:
    """Which version an intake is, whether that version is new, and whether a build is wanted."""

    version: int
    is_new: bool
    wants_build: bool


def decide(digest: str, known: Sequence[KnownVersion]) -> Decision:
    """The version for content `digest` of a slug whose versions are `known`."""
    for version in known:
        if version.digest == digest:
            return Decision(version.version, is_new=False, wants_build=version.status == "failed")
    return Decision(max((version.version for version in known), default=0) + 1, is_new=True, wants_build=True)


@dataclass(frozen=True)
class Submitted:
    """What a submission came to: its row's id, the partition key, and the `Decision`."""

    id: int
    partition_key: str
    decision: Decision

    def __str__(self) -> str:
        if self.decision.is_new:
            return f"{self.partition_key} is new"
        return f"{self.partition_key} is known" + ("; it is built again" if self.decision.wants_build else "")


def submit(engine: Engine, intake: Intake, source: Source, file: str | None = None) -> Submitted:
    """Records an intake and, unless its content has been built, asks for a build. Safe from many places at once."""
    from sqlalchemy import func, select, text
    from sqlalchemy.orm import Session

    from manageai_assets.store.tables import Build, Submission

    digest = content_digest(intake)
    with Session(engine) as session, session.begin():
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SUBMISSION_LOCK})
        builds = session.scalars(select(Build).where(Build.slug == intake.key)).all()
        known = [KnownVersion(build.version, build.digest, cast("BuildStatus", build.status)) for build in builds]
        decision = decide(digest, known)
        build = (
            _new_build(session, intake, digest, decision.version)
            if decision.is_new
            else next(build for build in builds if build.digest == digest)
        )
        if decision.wants_build:
            build.status, build.reasons, build.finished_at = "submitted", [], None
            build.updated_at = func.clock_timestamp()
        submission = Submission(build_id=build.id, source=source, file=file, wants_build=decision.wants_build)
        session.add(submission)
        session.flush()
        return Submitted(submission.id, f"{build.slug}@v{build.version}", decision)


def _new_build(session: Session, intake: Intake, digest: str, version: int) -> Build:
    from manageai_assets.store.tables import Build

    build = Build(
        slug=intake.key,
        version=version,
        digest=digest,
        intake=intake.model_copy(update={"version": version}).model_dump(mode="json"),
        customer=intake.customer.name,
        name=intake.name,
        status="submitted",
        reasons=[],
        platforms=[],
    )
    session.add(build)
    session.flush()
    return build


@dataclass(frozen=True)
class BuildRequest:
    """A build that somebody asked for: the submission's id (they ascend) and the partition key."""

    id: int
    partition_key: str


def requests_after(engine: Engine, last_id: int, limit: int = 1000) -> list[BuildRequest]:
    """The builds asked for in submissions after `last_id`, in order, at most `limit` of them."""
    from sqlalchemy import select

    from manageai_assets.store.tables import Build, Submission

    query = (
        select(Submission.id, Build.slug, Build.version)
        .join(Build, Build.id == Submission.build_id)
        .where(Submission.id > last_id, Submission.wants_build)
        .order_by(Submission.id)
        .limit(limit)
    )
    with engine.connect() as connection:
        return [BuildRequest(row.id, f"{row.slug}@v{row.version}") for row in connection.execute(query)]


def batches(requests: Sequence[BuildRequest], order: Mapping[str, int], largest: int) -> list[list[BuildRequest]]:
    """Requests grouped for runs: `largest` at most, neighbours in `order` (position of each partition key) together.

    A run takes a range of partitions, so that only keys that follow each other without a gap can share one.
    """
    groups: list[list[BuildRequest]] = []
    newest = {request.partition_key: request for request in requests}
    for request in sorted(newest.values(), key=lambda one: order[one.partition_key]):
        last = groups[-1] if groups else []
        if last and len(last) < largest and order[last[-1].partition_key] + 1 == order[request.partition_key]:
            last.append(request)
        else:
            groups.append([request])
    return groups
