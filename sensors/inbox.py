"""The inbox sensor: intake files that are dropped in `INBOX_DIR` are submitted."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, SkipReason, sensor

from compilers.errors import shorten
from manageai_assets.settings import read_settings
from sensors.builds import opened_engine
from sensors.inbox_files import Seen, list_files, sort_files, take

if TYPE_CHECKING:
    from sqlalchemy import Engine


def inbox_sensor(configured: bool) -> SensorDefinition:
    """The sensor; it runs by itself when `INBOX_DIR` is set."""

    @sensor(
        name="inbox",
        minimum_interval_seconds=3,
        default_status=DefaultSensorStatus.RUNNING if configured else DefaultSensorStatus.STOPPED,
        description="Submits the intake files in INBOX_DIR. Files that are still being written wait; broken ones move "
        "to its folder `rejected` beside a file that says why, the others to `accepted`.",
    )
    def inbox(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        folder = read_settings().inbox_dir
        if folder is None:
            return SkipReason("INBOX_DIR is not set")
        folder.mkdir(parents=True, exist_ok=True)
        found = sort_files(list_files(folder), _stamps(context.cursor), time.time_ns())
        told = _take_all(context, folder, found.ready) if found.ready else []
        waiting = [f"{shorten(name)} waits until it is whole" for name in found.waiting]
        reason = "\n".join([*told, *waiting]) or "the inbox is empty"
        return SensorResult(skip_reason=SkipReason(reason), cursor=json.dumps(found.waiting))

    return inbox


def _take_all(context: SensorEvaluationContext, folder: Path, files: Sequence[Seen]) -> list[str]:
    """What came of each file, in words. A file that meets a fault stays; the others are taken, then the tick fails."""
    from sqlalchemy.exc import OperationalError

    told: list[str] = []
    faults: list[Exception] = []
    with opened_engine() as engine:
        for file in files:
            try:
                accepted, outcome = take(folder, file, lambda path: _submit(engine, path))
            except OperationalError:
                raise  # the database is away: for the other files too
            except Exception as fault:
                context.log.error(f"{shorten(file.name)}: {fault!r}")
                faults.append(fault)
                continue
            told.append(f"{shorten(file.name)}{': ' if accepted else ' was rejected: '}{outcome}")
            (context.log.info if accepted else context.log.warning)(told[-1])
    if faults:
        raise faults[0]
    return told


def _submit(engine: "Engine", path: Path) -> str:
    from manageai_assets.intake.reading import read_intake
    from manageai_assets.submissions import submit

    return str(submit(engine, read_intake(path), "inbox", shorten(path.name)))


def _stamps(cursor: str | None) -> dict[str, str]:
    stamps: dict[str, str] = json.loads(cursor) if cursor else {}
    return stamps
