"""The platforms of the settings, read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from compilers.errors import UserError
from manageai_assets.clients.comparing import Comparison, compare
from manageai_assets.clients.read_back import ReadBack, read_make, read_n8n
from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.monitoring.models import Platform
from manageai_assets.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from resources.artifacts import ArtifactStore


def read_platform(settings: Settings, platform: Platform) -> ReadBack:
    """All that runs on a platform whose settings are there. Raises `UserError` when it can't be read."""
    from resources.make_api import MakeApi
    from resources.n8n_api import N8nApi

    if platform == "n8n":
        with N8nApi(str(settings.n8n_api_url), settings.n8n_api_key) as n8n:
            return read_n8n(n8n)
    if settings.make_api_key is None or settings.make_team_id is None:
        raise UserError("make isn't set up", where="settings", hint="set MAKE_API_KEY and MAKE_TEAM_ID")
    with MakeApi(settings.make_api_key, zone=settings.make_zone or "") as make:
        return read_make(make, settings.make_team_id)


def compare_all(
    engine: Engine,
    store: ArtifactStore,
    settings: Settings,
    day: date,
    read: Callable[[Settings, Platform], ReadBack] = read_platform,
) -> tuple[list[Comparison], dict[Platform, UserError]]:
    """Compares what runs on every platform of the settings; those that couldn't be read stand beside, each with why.
    Their neighbours are compared all the same."""
    done: list[Comparison] = []
    failed: dict[Platform, UserError] = {}
    for platform in watched_platforms(settings):
        try:
            done.append(compare(engine, store, read(settings, platform), day))
        except UserError as error:
            failed[platform] = error
    return done, failed
