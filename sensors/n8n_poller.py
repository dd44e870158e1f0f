"""The sensor that reads what ran on n8n, all workflows at once, every 15 minutes, and tells what is wrong with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SkipReason, sensor

from manageai_assets.monitoring.connecting import missing
from manageai_assets.monitoring.polling import CALL_SECONDS, TICK_SECONDS
from manageai_assets.settings import Settings, read_settings
from sensors.builds import opened_engine

if TYPE_CHECKING:
    from manageai_assets.monitoring.reports import PollReport
    from resources.n8n_api import N8nApi

TICK_EVERY_SECONDS = 4
"""Dagster looks at its sensors every 5 seconds: each look is a tick, so that a window is read soon after it began."""
Connect = Callable[[Settings], "N8nApi"]


def connect_to_n8n(settings: Settings) -> "N8nApi":
    """The API of the settings' server, for a poller."""
    from manageai_assets.monitoring.n8n_polling import QUICK
    from resources.n8n_api import N8nApi

    return N8nApi(str(settings.n8n_api_url), settings.n8n_api_key, timeout=CALL_SECONDS, retries=QUICK)


def _clock() -> datetime:
    return datetime.now(UTC)


def n8n_poller(
    settings: Settings, connect: Connect = connect_to_n8n, clock: Callable[[], datetime] = _clock
) -> SensorDefinition:
    """The sensor; it runs by itself when the settings are there. `connect` gives another API, and `clock` another time,
    for tests."""
    stopped = bool(missing(settings, "n8n"))

    @sensor(
        name="n8n_poller",
        minimum_interval_seconds=TICK_EVERY_SECONDS,
        default_status=DefaultSensorStatus.STOPPED if stopped else DefaultSensorStatus.RUNNING,
        description="Reads what ran on n8n: all workflows at once, every 15 minutes.",
    )
    def poll(context: SensorEvaluationContext) -> SkipReason:
        now_set = read_settings()
        if lacking := missing(now_set, "n8n"):
            return SkipReason(f"n8n isn't watched: {', '.join(lacking)} not set")
        report, told = _polled(now_set, connect, clock)
        said = "; ".join(part for part in (str(report), told) if part)
        (context.log.warning if report.trouble else context.log.info)(said)
        return SkipReason(said)

    return poll


def _polled(settings: Settings, connect: Connect, clock: Callable[[], datetime]) -> "tuple[PollReport, str]":
    from manageai_assets.monitoring.alerts.at_once import tell_at_once
    from manageai_assets.monitoring.n8n_polling import N8nPoller
    from manageai_assets.monitoring.recording import beat

    with opened_engine() as engine:
        with connect(settings) as api:
            deadline = clock() + timedelta(seconds=TICK_SECONDS)
            report = N8nPoller(engine, api, clock, deadline).poll()
        beat(engine, "n8n_poller", clock(), str(report))
        return report, tell_at_once(engine, settings, clock)
