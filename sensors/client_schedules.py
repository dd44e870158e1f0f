"""The schedules of client intelligence, once a day: what runs is compared with what was delivered in the evening, so
that the snapshots of the day, made next morning, tell of it."""

from datetime import date, timedelta

from dagster import DefaultScheduleStatus, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, schedule

from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.settings import Settings
from sensors.builds import RANGE_END, RANGE_START

DAYS_AGAIN = 3
"""Yesterday, and two days before it: executions come late, and west of Greenwich a day ends after its date in UTC."""


def client_days_schedule(settings: Settings) -> ScheduleDefinition:
    """Makes the snapshots of the last days every morning, when a platform is watched."""
    watched = bool(watched_platforms(settings))

    @schedule(
        name="client_days",
        job_name="client_days",
        cron_schedule="20 4 * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING if watched else DefaultScheduleStatus.STOPPED,
        description="Makes the client snapshots of yesterday, and those of the days before again.",
    )
    def client_days(context: ScheduleEvaluationContext) -> RunRequest:
        first, last = last_days(context.scheduled_execution_time.date())
        tags = {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
        return RunRequest(run_key=f"client-days-{last}", tags=tags)

    return client_days


def compare_schedule(settings: Settings) -> ScheduleDefinition:
    """Compares what runs with what was delivered every evening, when a platform is watched."""
    watched = bool(watched_platforms(settings))

    @schedule(
        name="compare_deliveries",
        job_name="compare_deliveries",
        cron_schedule="40 20 * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING if watched else DefaultScheduleStatus.STOPPED,
        description="Reads back what runs on Make and n8n, and compares it with what was delivered.",
    )
    def compare_deliveries(context: ScheduleEvaluationContext) -> RunRequest:
        return RunRequest(run_key=f"compare-{context.scheduled_execution_time:%Y-%m-%d}")

    return compare_deliveries


def last_days(today: date) -> tuple[date, date]:
    """The first and the last of the days that are made on a day."""
    return today - timedelta(DAYS_AGAIN), today - timedelta(1)
