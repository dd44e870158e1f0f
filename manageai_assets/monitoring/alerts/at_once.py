"""Telling at once: who has read a platform judges the newest window and sends what that asks for in the same breath.

A run would tell the same, some seconds later: its process must be started first. What fails here, it makes good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from manageai_assets.monitoring.alerts.channels import addressees, senders
from manageai_assets.monitoring.alerts.outbox import OF_A_TICK, deliver
from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.monitoring.health import all_read
from manageai_assets.monitoring.judging import judge_newest
from manageai_assets.monitoring.models import window_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.settings import Settings

_log = logging.getLogger(__name__)


def tell_at_once(engine: Engine, settings: Settings, clock: Callable[[], datetime]) -> str:
    """Judges the window that ended last once every watched platform was read since, and again when that has brought
    something new; sends the alerts. Gives a line on it, empty when there was nothing to judge. Never raises: what was
    read must not be lost for what is made of it."""
    now = clock()
    try:
        if not all_read(engine, watched_platforms(settings), window_of(now)):
            return ""
        judged = judge_newest(engine, now, addressees(settings))
        if not judged:
            return ""
        done = deliver(engine, senders(settings), clock, OF_A_TICK)
    except Exception as error:
        _log.exception("not told at once")
        return f"not judged: {type(error).__name__}"
    opened, resolved = sum(one.opened for one in judged), sum(one.resolved for one in judged)
    return f"judged: {opened} incidents opened, {resolved} resolved, {done.sent} alerts sent"
