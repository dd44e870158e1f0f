"""A code location that watches the fakes of a story, in the story's time: the file `STORY_CLOCK` tells it."""

import os
from datetime import datetime
from pathlib import Path

from manageai_assets.definitions import assemble
from manageai_assets.monitoring import assets as monitoring
from manageai_assets.monitoring.alerts import assets as alerting
from manageai_assets.monitoring.make_polling import QUICK
from manageai_assets.monitoring.polling import CallBudget
from manageai_assets.settings import Settings, read_settings
from resources.make_api import MakeApi
from sensors.alerts import alerts_sensor
from sensors.make_poller import make_poller
from sensors.n8n_poller import connect_to_n8n, n8n_poller
from sensors.windows import windows_sensor


def clock() -> datetime:
    """What time it is in the story."""
    return datetime.fromisoformat(Path(os.environ["STORY_CLOCK"]).read_text())


def connect(settings: Settings, _budget: CallBudget) -> MakeApi:
    """The fake Make. It takes no calls from the budget, whose time isn't the story's."""
    assert settings.make_api_key is not None
    return MakeApi(settings.make_api_key, address=os.environ["STORY_MAKE"], timeout=5.0, retries=QUICK)


settings = read_settings()
defs = assemble(
    [*monitoring.ASSETS, *alerting.ASSETS],
    [],
    jobs=[monitoring.WATCH],
    sensors=[
        make_poller(settings, connect, clock),
        n8n_poller(settings, connect_to_n8n, clock),
        windows_sensor(settings, clock),
        alerts_sensor(settings, clock),
    ],
    resources={"monitoring": monitoring.resource(clock)},
)
