"""The apps that the sandbox plays: one file for each, and `generic` for all others."""

from __future__ import annotations

from manageai_assets.testing.sandbox.services import (
    airtable,
    anthropic,
    generic,
    gmail,
    google_sheets,
    hubspot,
    notion,
    openai,
    raw,
    slack,
    telegram,
)
from manageai_assets.testing.sandbox.services.base import Service
from manageai_assets.testing.sandbox.wire import Incoming

SERVICES: tuple[Service, ...] = tuple(
    module.SERVICE for module in (airtable, anthropic, gmail, google_sheets, hubspot, notion, openai, slack, telegram)
)

__all__ = ["SERVICES", "Service", "generic", "raw", "service_of"]


def service_of(incoming: Incoming) -> Service | None:
    """The service whose host a request is for."""
    return next((service for service in SERVICES if service.serves(incoming)), None)
