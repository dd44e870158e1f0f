"""Schedules of monitoring: for windows that no sensor asked for, and for a look at the watching itself."""

from datetime import timedelta
from typing import TYPE_CHECKING

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.settings import Settings, read_settings
from sensors.builds import opened_engine
from sensors.windows import JOB, groups, run_request

if TYPE_CHECKING:
    from dagster import JobDefinition
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

LEFT_AFTER = timedelta(minutes=8)
"""A window that is still due so long after its end was asked for by no sensor, or its run is stuck."""


def windows_left(settings: Settings) -> ScheduleDefinition:
    """Asks for due windows four times an hour, whether or not the sensor lives; it runs when a platform is watched."""

    @schedule(
        name="windows_left",
        job_name=JOB,
        cron_schedule="10,25,40,55 * * * *",
        execution_timezone="UTC",
        default_status=_status(settings),
        description="Asks for windows of monitoring that ended a while ago and that no sensor has seen to.",
    )
    def left(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        from manageai_assets.monitoring.snapshots import due_windows

        if not watched_platforms(read_settings()):
            return SkipReason("no platform is watched")
        moment = context.scheduled_execution_time
        with opened_engine() as engine:
            due = due_windows(engine, moment - LEFT_AFTER)
        if not due:
            return SkipReason("no window is left")
        return [run_request(group, int(moment.timestamp())) for group in groups(due)]

    return left


def health_schedule(settings: Settings, job: "JobDefinition | UnresolvedAssetJobDefinition") -> ScheduleDefinition:
    """Runs the checks on the watching itself four times an hour, when a platform is watched."""
    return ScheduleDefinition(
        name="watch_health",
        job=job,
        cron_schedule="12,27,42,57 * * * *",
        execution_timezone="UTC",
        default_status=_status(settings),
        description="Checks that windows are made in time, that scenarios are covered and that the pollers are alive.",
    )


def prune_schedule(settings: Settings, job: "JobDefinition") -> ScheduleDefinition:
    """Deletes what is kept no longer, once a day, when a platform is watched."""
    return ScheduleDefinition(
        name="prune_monitoring",
        job=job,
        cron_schedule="37 3 * * *",
        execution_timezone="UTC",
        default_status=_status(settings),
        description="Deletes what monitoring keeps no longer, once a day.",
    )


def _status(settings: Settings) -> DefaultScheduleStatus:
    return DefaultScheduleStatus.RUNNING if watched_platforms(settings) else DefaultScheduleStatus.STOPPED
