"""The project's code location, whose Make is at the address in `FAKE_MAKE`: Make's zones are names under its domain."""

import os

from dagster import Definitions, definitions

from manageai_assets.definitions import everything
from manageai_assets.monitoring.make_polling import QUICK
from manageai_assets.monitoring.polling import CALL_SECONDS, CallBudget
from manageai_assets.settings import Settings, read_settings
from resources.make_api import MakeApi
from sensors import all_sensors
from sensors.make_poller import make_poller

ADDRESS = "FAKE_MAKE"


def connect(settings: Settings, budget: CallBudget) -> MakeApi:
    """As the project connects, but for the address."""
    assert settings.make_api_key is not None
    return MakeApi(
        settings.make_api_key, address=os.environ[ADDRESS], timeout=CALL_SECONDS, retries=QUICK, pace=budget.take
    )


@definitions
def defs() -> Definitions:
    """Everything, with a poller of the fake."""
    settings = read_settings()
    others = [one for one in all_sensors(settings) if one.name != "make_poller"]
    return everything(settings, [*others, make_poller(settings, connect)])
