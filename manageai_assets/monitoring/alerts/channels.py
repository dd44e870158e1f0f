"""The channels that the settings allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from manageai_assets.monitoring.alerts.email import Mailbox
from manageai_assets.monitoring.alerts.notice import Places
from manageai_assets.monitoring.alerts.sending import Sender
from manageai_assets.monitoring.alerts.slack import SlackWebhook
from manageai_assets.monitoring.alerts.wanted import Addressees

if TYPE_CHECKING:
    from manageai_assets.settings import Settings


def senders(settings: Settings) -> Mapping[str, Sender]:
    """What alerts can be sent by, by channel. Raises `UserError` for an address that is none."""
    found: dict[str, Sender] = {}
    if settings.slack_webhook_url:
        found["slack"] = SlackWebhook(settings.slack_webhook_url)
    if settings.alert_email and settings.smtp_host:
        user = settings.smtp_user or ""
        found["email"] = Mailbox(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=user if "@" in user else settings.alert_email,
            receivers=(settings.alert_email,),
            user=user,
            password=settings.smtp_password,
        )
    return found


def addressees(settings: Settings) -> Addressees:
    """To which channels alerts go, and where the platforms' pages are."""
    places = Places(
        make_zone=settings.make_zone or "",
        make_team=settings.make_team_id,
        n8n_url=str(settings.n8n_api_url) if settings.n8n_api_url else "",
    )
    return Addressees(tuple(senders(settings)), places)


def missing(settings: Settings) -> str:
    """One line on what must be set for alerts; empty when some channel is there."""
    if senders(settings):
        return ""
    return "no alerts are sent: set SLACK_WEBHOOK_URL, or ALERT_EMAIL and SMTP_HOST"
