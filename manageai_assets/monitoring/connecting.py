"""What commands of monitoring need: the database with its tables, and the platforms that the settings name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from compilers.errors import UserError
from manageai_assets.monitoring.models import PLATFORMS, Platform
from manageai_assets.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.monitoring.deploying import Target

NEEDED: Mapping[Platform, tuple[str, ...]] = {
    "make": ("MAKE_API_KEY", "MAKE_TEAM_ID", "MAKE_ZONE"),
    "n8n": ("N8N_API_URL", "N8N_API_KEY"),
}


@contextmanager
def opened_database(settings: Settings) -> Iterator[Engine]:
    """An engine on the project's database, whose tables are there. Raises `UserError` when it doesn't answer."""
    from manageai_assets.store.migrate import migrate
    from resources.database import database_url, reachable

    configured = settings.database_url.get_secret_value() if settings.database_url else None
    with reachable(database_url(configured, settings.data_dir)) as engine:
        migrate(engine)
        yield engine


def missing(settings: Settings, platform: Platform) -> tuple[str, ...]:
    """The settings that a platform needs and that aren't there."""
    return tuple(name for name in NEEDED[platform] if getattr(settings, name.lower()) is None)


def watched_platforms(settings: Settings) -> tuple[Platform, ...]:
    """The platforms whose settings are there."""
    return tuple(platform for platform in PLATFORMS if not missing(settings, platform))


@contextmanager
def opened_target(settings: Settings, platform: Platform) -> Iterator[Target]:
    """A platform to deploy to. Raises `UserError` that names the settings it lacks."""
    from manageai_assets.monitoring.targets import MakeTarget, N8nTarget
    from resources.make_api import MakeApi
    from resources.n8n_api import N8nApi

    if lacking := missing(settings, platform):
        raise UserError(f"{platform} isn't set up", where="settings", hint=f"set {', '.join(lacking)}")
    with ExitStack() as stack:
        if platform == "n8n":
            yield N8nTarget(stack.enter_context(N8nApi(str(settings.n8n_api_url), settings.n8n_api_key)))
        elif settings.make_api_key is not None and settings.make_team_id is not None:
            api = stack.enter_context(MakeApi(settings.make_api_key, zone=settings.make_zone or ""))
            yield MakeTarget(api, settings.make_team_id)
