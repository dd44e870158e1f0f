"""The schedule of monthly reports: on the 1st at six in the morning of the agency, for the month before."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from dagster import DefaultScheduleStatus, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, schedule

from compilers.errors import UserError
from manageai_assets.documents.brand import read_brand
from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.partitions import CLIENTS, REPORTS_PER_RUN, client_key
from manageai_assets.settings import Settings
from sensors.builds import RANGE_END, RANGE_START, opened_engine

AT = "0 6 1 * *"


def monthly_reports_schedule(settings: Settings) -> ScheduleDefinition:
    """Makes the reports of all clients; it runs by itself when a platform is watched and the brand can be read."""
    watched, zone = bool(watched_platforms(settings)), "UTC"
    try:
        zone = read_brand(settings.brand_file).agency.timezone
    except UserError:
        watched = False  # whoever makes a report is told what is wrong with the brand; everything else goes on

    @schedule(
        name="monthly_reports",
        job_name="monthly_reports",
        cron_schedule=AT,
        execution_timezone=zone,
        default_status=DefaultScheduleStatus.RUNNING if watched else DefaultScheduleStatus.STOPPED,
        description="Makes each client's report on the month before, on the 1st at 06:00 of the agency's time zone.",
    )
    def monthly_reports(context: ScheduleEvaluationContext) -> Iterator[RunRequest]:
        from manageai_assets.clients.reports.months import month_of
        from manageai_assets.clients.reports.stored import all_clients

        month = month_of(context.scheduled_execution_time.astimezone(ZoneInfo(zone)).date()).plus(-1)
        with opened_engine() as engine, engine.connect() as connection:
            clients = all_clients(connection)
        name = str(CLIENTS.name)
        if clients:
            context.instance.add_dynamic_partitions(name, [client_key(client) for client in clients])
        keys = list(context.instance.get_dynamic_partitions(name))
        for place in range(0, len(keys), REPORTS_PER_RUN):
            first, last = keys[place], keys[place : place + REPORTS_PER_RUN][-1]
            tags = {RANGE_START: f"{first}|{month}", RANGE_END: f"{last}|{month}"}
            yield RunRequest(run_key=f"monthly-reports-{month}-{place // REPORTS_PER_RUN}", tags=tags)

    return monthly_reports
