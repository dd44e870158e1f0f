"""Sensors: they look at the world and ask for runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import SensorDefinition

    from manageai_assets.settings import Settings


def all_sensors(settings: Settings) -> list[SensorDefinition]:
    """Every sensor; those that need a setting run by themselves when it is there, and say so when it isn't."""
    from sensors.alerts import alerts_sensor
    from sensors.blueprints import blueprints_sensor
    from sensors.builds import crashed_builds, requested_builds
    from sensors.inbox import inbox_sensor
    from sensors.make_poller import make_poller
    from sensors.n8n_poller import n8n_poller
    from sensors.windows import windows_sensor

    configured = settings.inbox_dir is not None
    builds = [requested_builds, crashed_builds, inbox_sensor(configured), blueprints_sensor(configured)]
    watching = [make_poller(settings), n8n_poller(settings), windows_sensor(settings), alerts_sensor(settings)]
    return [*builds, *watching]
