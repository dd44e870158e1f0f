"""A daemon with a code location, as `make up` runs it, for tests that kill things or measure them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dagster import AssetKey, DagsterInstance, Definitions
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._time import get_current_timestamp

from manageai_assets.processes import Child, last_lines, start, stopping
from manageai_assets.settings import PROJECT_ROOT


@contextmanager
def daemon(module: str, folder: Path) -> Iterator[Child]:
    """A daemon over the code location `module`; instance and database come from the environment."""
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", module]
    environment = {**os.environ, "DAGSTER_EVENT_BATCH_SIZE": "50", "PYTHONPATH": str(PROJECT_ROOT)}
    children: list[Child] = []
    with stopping(children):
        children.append(start("daemon", command, environment, PROJECT_ROOT, folder / "daemon.log"))
        yield children[0]


def wait_until(true: Callable[[], bool], child: Child, seconds: float) -> float:
    """Seconds until `true` held; fails with the child's log after `seconds`."""
    started = time.monotonic()
    while not true():
        child.check()
        assert time.monotonic() - started < seconds, last_lines(child.log, 40)
        time.sleep(0.2)
    return time.monotonic() - started


def launch_backfill(instance: DagsterInstance, defs: Definitions, assets: Sequence[str], keys: Sequence[str]) -> str:
    """Asks for a backfill, as the user interface does; gives its id."""
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="backfill",
        asset_graph=defs.resolve_asset_graph(),
        partition_names=list(keys),
        asset_selection=[AssetKey(name) for name in assets],
        backfill_timestamp=get_current_timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def backfill_status(instance: DagsterInstance, backfill_id: str) -> BulkActionStatus:
    """How far it is."""
    backfill = instance.get_backfill(backfill_id)
    assert backfill is not None
    return backfill.status
