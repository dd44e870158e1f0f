"""Every name that this project takes from inside Dagster (1.13), in one place, each with why no public name will do.

Private names move without notice: the version is pinned, and after an upgrade this is the file to look at.
"""

from __future__ import annotations

from dagster._config import UserConfigSchema
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.events import DagsterEventBatchMetadata
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import ConfigurableClassData, deserialize_value

# Assets. One step makes many partitions, some of which may be refused, and reports each itself.
REPORTED_ALREADY = SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
"""Metadata of an output that keeps Dagster from recording a materialisation of its own besides those reported."""

__all__ = [
    "REPORTED_ALREADY",
    # Run launcher: the default one, and how its code server is asked whether a run's process is alive.
    "CanCancelExecutionRequest",
    "CanCancelExecutionResult",
    "CheckRunHealthResult",
    # Storage: the types of the two methods by which Dagster makes a storage from `dagster.yaml`.
    "ConfigurableClassData",
    # Assets: events written as one batch, which is most of what a backfill would cost otherwise.
    "DagsterEventBatchMetadata",
    "DagsterUserCodeUnreachableError",
    "DefaultRunLauncher",
    "UserConfigSchema",
    "WorkerStatus",
    "deserialize_value",
]
