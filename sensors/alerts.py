"""The sensor that empties the outbox of alerts: what was wanted is sent, and what failed is tried again."""

from collections.abc import Callable
from datetime import UTC, datetime

from dagster import DefaultSensorStatus, SensorDefinition, SkipReason, sensor

from manageai_assets.settings import Settings, read_settings
from sensors.builds import opened_engine


def _clock() -> datetime:
    return datetime.now(UTC)


def alerts_sensor(settings: Settings, clock: Callable[[], datetime] = _clock) -> SensorDefinition:
    """The sensor; it runs by itself when a channel is set. `clock` is there for tests."""
    configured = settings.slack_webhook_url or (settings.alert_email and settings.smtp_host)

    @sensor(
        name="alerts",
        minimum_interval_seconds=10,
        default_status=DefaultSensorStatus.RUNNING if configured else DefaultSensorStatus.STOPPED,
        description="Sends the alerts that wait in the outbox, at least once each, and again where that failed.",
    )
    def alerts() -> SkipReason:
        """Starts no runs: it sends, and says what it sent."""
        from compilers.errors import UserError
        from manageai_assets.monitoring.alerts.channels import missing, senders
        from manageai_assets.monitoring.alerts.outbox import OF_A_TICK, deliver, waiting

        current = read_settings()
        try:
            lacking = missing(current)
            if lacking:
                return SkipReason(lacking)
            channels = senders(current)
        except UserError as error:
            return SkipReason(str(error))
        with opened_engine() as engine:
            done = deliver(engine, channels, clock, OF_A_TICK)
            left = waiting(engine)
        return SkipReason(f"{done.sent} sent, {done.put_off} put off, {done.failed} given up; {left} wait")

    return alerts
