"""Sending what the outbox holds: at least once, again with growing pauses, never two processes the same.

An alert is leased before it is sent: its next try is put off first, in a transaction of its own. Who crashes while
sending loses nothing, since the lease ends; who crashes between sending and writing that down sends it twice, which a
mail program hides and a channel bears.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError
from sqlalchemy import func, select, update

from compilers.errors import UserError
from manageai_assets.monitoring.alerts.notice import Notice
from manageai_assets.monitoring.alerts.sending import NotNowError, NotWantedError, Sender
from manageai_assets.store.monitoring_tables import Alert

if TYPE_CHECKING:
    from sqlalchemy import Engine

LEASE = timedelta(minutes=2)
"""Longer than any sending takes."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=30)
ATTEMPTS_AT_MOST = 60
"""A day of half-hourly tries, about: an outage of the receiver loses nothing."""
AT_ONCE = 100
"""Alerts of one call; the rest waits for the next one."""
OF_A_TICK = timedelta(seconds=15)
"""For a sensor, which Dagster ends after a minute: a channel that hangs takes ten seconds for each."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a call sent, what it put off, and what it gave up."""

    sent: int = 0
    put_off: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Leased:
    id: int
    key: str
    channel: str
    payload: object
    attempts: int


def deliver(
    engine: Engine,
    senders: Mapping[str, Sender],
    clock: Callable[[], datetime],
    within: timedelta = timedelta.max,
) -> Delivered:
    """Sends the alerts that are due, oldest first, by their channels. Alerts of a channel without a sender wait. After
    `within` no further one is begun."""
    sent = put_off = failed = 0
    begun = clock()
    for _ in range(AT_ONCE):
        if clock() - begun >= within:
            break
        leased = _lease(engine, tuple(senders), clock())
        if leased is None:
            break
        try:
            senders[leased.channel].send(Notice.model_validate(leased.payload), leased.key)
        except NotNowError as error:
            given_up = leased.attempts >= ATTEMPTS_AT_MOST
            _failed(engine, leased, str(error), clock(), error.wait, given_up=given_up)
            failed, put_off = failed + given_up, put_off + (not given_up)
        except (NotWantedError, ValidationError, UserError) as error:
            _failed(engine, leased, str(error)[:500], clock(), None, given_up=True)
            failed += 1
        else:
            _sent(engine, leased, clock())
            sent += 1
    return Delivered(sent, put_off, failed)


def pause_after(attempts: int) -> timedelta:
    """How long an alert waits after so many tries that failed."""
    return min(FIRST_PAUSE * (1 << min(max(attempts, 1) - 1, 20)), LONGEST_PAUSE)


def waiting(engine: Engine) -> int:
    """Alerts that are still to be sent."""
    with engine.connect() as connection:
        query = select(func.count()).select_from(Alert).where(Alert.status == "pending")
        return int(connection.execute(query).scalar_one())


def _lease(engine: Engine, channels: tuple[str, ...], now: datetime) -> _Leased | None:
    due = (
        select(Alert.id)
        .where(Alert.status == "pending", Alert.next_try_at <= now, Alert.channel.in_(channels))
        .order_by(Alert.next_try_at, Alert.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(Alert)
        .where(Alert.id == due.scalar_subquery())
        .values(next_try_at=now + LEASE, attempts=Alert.attempts + 1)
        .returning(Alert.id, Alert.idempotency_key, Alert.channel, Alert.payload, Alert.attempts)
    )
    with engine.begin() as connection:
        row = connection.execute(taken).one_or_none()
    return _Leased(row.id, row.idempotency_key, row.channel, row.payload, row.attempts) if row else None


def _sent(engine: Engine, leased: _Leased, now: datetime) -> None:
    values = {"status": "sent", "sent_at": now, "last_failure": ""}
    with engine.begin() as connection:
        connection.execute(update(Alert).where(Alert.id == leased.id).values(values))


def _failed(engine: Engine, leased: _Leased, reason: str, now: datetime, wait: float | None, *, given_up: bool) -> None:
    pause = pause_after(leased.attempts)
    asked = timedelta(seconds=wait) if wait is not None else pause
    values = {
        "status": "failed" if given_up else "pending",
        "last_failure": reason,
        "next_try_at": now + max(pause, asked),
    }
    _log.warning(
        "alert not sent key=%s channel=%s attempt=%s given_up=%s reason=%s",
        leased.key, leased.channel, leased.attempts, given_up, reason,
    )  # fmt: skip
    with engine.begin() as connection:
        connection.execute(update(Alert).where(Alert.id == leased.id).values(values))
