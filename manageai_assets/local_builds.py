"""Builds without Dagster and without a database: intake files in, delivery packages in a folder out.

The stages, the artifacts and the folders are those of the assets. Versions are counted in the folder itself: the same
content is the same version, a changed intake of a known slug the next one.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from compilers.errors import UserError
from manageai_assets.intake.models import Intake, content_digest
from manageai_assets.intake.reading import IntakeError, parse_intake, read_intake

if TYPE_CHECKING:
    from manageai_assets.workbench import Result
    from resources.artifacts import ArtifactStore

Status = Literal["built", "waiting", "failed"]


@dataclass(frozen=True)
class LocalBuild:
    """What became of one intake file."""

    file: str
    status: Status
    key: str = ""
    confidence: str = ""
    platforms: tuple[str, ...] = ()
    folder: str = ""
    reasons: tuple[str, ...] = ()

    def as_json(self) -> JsonValue:
        """The same for machines."""
        return {**asdict(self), "platforms": list(self.platforms), "reasons": list(self.reasons)}


def local_store(folder: Path) -> ArtifactStore:
    """The artifact store in `folder`. It is not the platform's: that one's versions are counted in the database."""
    from resources.artifacts import ArtifactStore

    return ArtifactStore(str(folder.resolve()))


def build_file(file: Path, store: ArtifactStore) -> LocalBuild:
    """Builds the intake in `file` and writes its artifacts; a file that can't be read is a failed build."""
    from manageai_assets.pipeline import STAGES
    from manageai_assets.records import result_of
    from manageai_assets.workbench import Workbench
    from resources.artifacts import BuildKey

    try:
        intake = read_intake(file)
        intake = intake.model_copy(update={"version": version_in(store, intake)})
        key = BuildKey(intake.key, intake.version)
        stages = {stage.name: stage for stage in STAGES}
        bench = Workbench(store, stages, clock=time.perf_counter, given={"submitted": lambda _: intake})
        results: list[Result] = [bench.run(stage, key) for stage in STAGES]
    except (UserError, OSError) as error:
        return LocalBuild(str(file), "failed", reasons=(str(error),))
    row = result_of(bench, key)
    faults = tuple(result.fault for result in results if result.fault)
    return LocalBuild(
        str(file),
        row.status if row.status in ("built", "waiting") else "failed",
        str(key),
        f"{row.confidence} {row.grade}" if row.confidence is not None else "",
        row.platforms,
        row.artifacts or "",
        row.reasons or faults,
    )


def version_in(store: ArtifactStore, intake: Intake) -> int:
    """The version of an intake in a store: that of the same content, or the one behind the newest."""
    from resources.artifacts import BuildKey

    digest, version = content_digest(intake), 1
    while (data := store.read(BuildKey(intake.key, version), "intake.json")) is not None:
        try:
            if content_digest(parse_intake(data, json_only=True)) == digest:
                return version
        except IntakeError:
            pass
        version += 1
    return version
