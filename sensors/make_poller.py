"""The sensor that reads what ran on Make. Each tick takes the scenarios whose turn it is, as far as the plan's limit of
calls allows, and tells what is wrong; each scenario has its turn once in 15 minutes."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, SkipReason, sensor

from manageai_assets.monitoring.connecting import missing
from manageai_assets.monitoring.polling import CALL_SECONDS, TICK_SECONDS, CallBudget
from manageai_assets.settings import Settings, read_settings
from sensors.builds import opened_engine

if TYPE_CHECKING:
    from manageai_assets.monitoring.reports import PollReport
    from resources.make_api import MakeApi

TICK_EVERY_SECONDS = 4
"""Dagster looks at its sensors every 5 seconds: each look is a tick, so that a turn comes when it is due."""
CALLS_PER_MINUTE = 60
"""Until the plan has been asked: what the smallest plan with an API allows (facts 4.2)."""
Connect = Callable[[Settings, CallBudget], "MakeApi"]


def connect_to_make(settings: Settings, budget: CallBudget) -> "MakeApi":
    """The API of the settings' team, which takes its calls from the budget. Raises `UserError`."""
    from compilers.errors import UserError
    from manageai_assets.monitoring.make_polling import QUICK
    from resources.make_api import MakeApi

    if settings.make_api_key is None or settings.make_zone is None:
        raise UserError("Make isn't set up", where="settings", hint=f"set {', '.join(missing(settings, 'make'))}")
    return MakeApi(
        settings.make_api_key, zone=settings.make_zone, timeout=CALL_SECONDS, retries=QUICK, pace=budget.take
    )


def _clock() -> datetime:
    return datetime.now(UTC)


def make_poller(
    settings: Settings, connect: Connect = connect_to_make, clock: Callable[[], datetime] = _clock
) -> SensorDefinition:
    """The sensor; it runs by itself when the settings are there. `connect` gives another API, and `clock` another time,
    for tests."""
    stopped = bool(missing(settings, "make"))

    @sensor(
        name="make_poller",
        minimum_interval_seconds=TICK_EVERY_SECONDS,
        default_status=DefaultSensorStatus.STOPPED if stopped else DefaultSensorStatus.RUNNING,
        description="Reads what ran on Make: each scenario once in 15 minutes, within the plan's limit of calls.",
    )
    def poll(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        """The cursor holds the calls of the last minute and what the plan allows."""
        now_set = read_settings()
        if lacking := missing(now_set, "make"):
            return SkipReason(f"Make isn't watched: {', '.join(lacking)} not set")
        state = _state(context.cursor)
        budget = CallBudget(
            state.get("per_minute", CALLS_PER_MINUTE),
            taken={int(second): count for second, count in state.items() if second.isdigit()},
            deadline=time.time() + TICK_SECONDS,
            clock=time.time,
            sleep=time.sleep,
        )
        report, told = _polled(now_set, budget, connect, clock)
        per_minute = report.calls_per_minute or state.get("per_minute", CALLS_PER_MINUTE)
        cursor = {"per_minute": per_minute, **{str(second): count for second, count in budget.taken.items()}}
        said = "; ".join(part for part in (str(report), told) if part)
        (context.log.warning if report.trouble or report.missed else context.log.info)(said)
        return SensorResult(skip_reason=SkipReason(said), cursor=json.dumps(cursor))

    return poll


def _polled(
    settings: Settings, budget: CallBudget, connect: Connect, clock: Callable[[], datetime]
) -> "tuple[PollReport, str]":
    from manageai_assets.monitoring.alerts.at_once import tell_at_once
    from manageai_assets.monitoring.make_polling import MakePoller
    from manageai_assets.monitoring.recording import beat

    with opened_engine() as engine:
        with connect(settings, budget) as api:
            report = MakePoller(engine, api, settings.make_team_id or 0, budget, clock).poll()
        beat(engine, "make_poller", clock(), str(report))
        return report, tell_at_once(engine, settings, clock)


def _state(cursor: str | None) -> Mapping[str, int]:
    state: Mapping[str, int] = json.loads(cursor) if cursor else {}
    return state
