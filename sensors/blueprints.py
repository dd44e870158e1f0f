"""The blueprints sensor: Make blueprints that are dropped in `INBOX_DIR/blueprints` are migrated."""

import json
import time

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from compilers.errors import shorten
from manageai_assets.migration.submitting import FOLDER, migration_store, submit_file
from manageai_assets.partitions import BLUEPRINTS
from manageai_assets.settings import read_settings
from resources.artifacts import BuildKey
from sensors.inbox_files import list_files, sort_files, take

SUFFIXES = (".json",)


def blueprints_sensor(configured: bool) -> SensorDefinition:
    """The sensor; it runs by itself when `INBOX_DIR` is set."""

    @sensor(
        name="blueprints",
        job_name="migrate",
        minimum_interval_seconds=3,
        default_status=DefaultSensorStatus.RUNNING if configured else DefaultSensorStatus.STOPPED,
        description="Migrates the Make blueprints in INBOX_DIR/blueprints, one run each. Files that are still being "
        "written wait; what is no blueprint moves to the folder `rejected` beside a file that says why, the rest to "
        "`accepted`. The same blueprint again is not migrated twice.",
    )
    def blueprints(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        settings = read_settings()
        if settings.inbox_dir is None:
            return SkipReason("INBOX_DIR is not set")
        folder = settings.inbox_dir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        store = migration_store(settings.artifacts_uri)
        stamps: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        found = sort_files(list_files(folder), stamps, time.time_ns())
        wanted: list[BuildKey] = []
        told = [f"{shorten(name)} waits until it is whole" for name in found.waiting]
        for file in found.ready:
            keys: list[BuildKey] = []

            def submit(path: object, keys: list[BuildKey] = keys, name: str = file.name) -> str:
                key, new = submit_file(store, folder / name)
                if new:
                    keys.append(key)
                return str(key) if new else f"{key}, which was migrated before"

            accepted, outcome = take(folder, file, submit, SUFFIXES, "blueprint")
            wanted += keys
            told.append(f"{shorten(file.name)}{': ' if accepted else ' was rejected: '}{outcome}")
            (context.log.info if accepted else context.log.warning)(told[-1])
        requests = [RunRequest(run_key=f"migration-{key}", partition_key=str(key)) for key in wanted]
        cursor = json.dumps(found.waiting)
        if not requests:
            return SensorResult(skip_reason=SkipReason("\n".join(told) or "no blueprint waits"), cursor=cursor)
        added = BLUEPRINTS.build_add_request([str(key) for key in wanted])
        return SensorResult(run_requests=requests, dynamic_partitions_requests=[added], cursor=cursor)

    return blueprints
