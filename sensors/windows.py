"""The sensor that asks for the windows of monitoring: those that have ended and those that late executions touched."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from manageai_assets.monitoring.connecting import watched_platforms
from manageai_assets.monitoring.models import WINDOW, window_of
from manageai_assets.partitions import WINDOWS_PER_RUN, window_key
from manageai_assets.settings import Settings, read_settings
from sensors.builds import RANGE_END, RANGE_START, opened_engine

JOB, SENSOR = "watch", "monitor_windows"
OURS = {"dagster/sensor_name": SENSOR}
SETTLE = timedelta(seconds=30)
"""After a window's end, before it is made: the pollers' first reading of the next one tells of its last minutes. When
each platform has been read since, there is nothing to wait for."""
FIRST_WINDOWS = timedelta(hours=1)
"""A new installation begins with so much of the past."""
RUNS_A_TICK = 10
"""Late executions may touch many windows far from each other; the rest is asked for when these are made."""
FAILED_PAUSE = timedelta(seconds=20)
"""After a run that failed: most of them were ended by something else, and then every minute counts."""
IN_FLIGHT = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]

Due = tuple[datetime, int]
"""A window's start, and how often it has been touched."""


def ended_since(last: datetime | None, settled: datetime) -> list[datetime]:
    """The windows that ended up to `settled`, since the one that starts at `last`; the first time, a few."""
    newest = window_of(settled) - WINDOW
    start = newest - FIRST_WINDOWS if last is None else last + WINDOW
    return [start + WINDOW * place for place in range(max(0, (newest - start) // WINDOW + 1))]


def groups(due: Sequence[Due], largest: int = WINDOWS_PER_RUN) -> list[list[Due]]:
    """Windows that follow each other without a gap, `largest` at most: those share a run."""
    grouped: list[list[Due]] = []
    for one in sorted(due):
        last = grouped[-1] if grouped else []
        if last and len(last) < largest and last[-1][0] + WINDOW == one[0]:
            last.append(one)
        else:
            grouped.append([one])
    return grouped


def run_request(group: Sequence[Due], attempt: int) -> RunRequest:
    """The run for these windows. The same windows in the same state, in the same `attempt`, give the same run key."""
    first, last = window_key(group[0][0]), window_key(group[-1][0])
    key = f"watch-{first}-{last}-{sum(touched for _, touched in group)}-{attempt}"
    if len(group) == 1:
        return RunRequest(run_key=key, partition_key=first)
    return RunRequest(run_key=key, tags={RANGE_START: first, RANGE_END: last})


def _clock() -> datetime:
    return datetime.now(UTC)


def windows_sensor(settings: Settings, clock: Callable[[], datetime] = _clock) -> SensorDefinition:
    """The sensor; it runs by itself when a platform is watched. `clock` is there for tests."""
    watched = bool(watched_platforms(settings))

    @sensor(
        name=SENSOR,
        job_name=JOB,
        minimum_interval_seconds=2,
        default_status=DefaultSensorStatus.RUNNING if watched else DefaultSensorStatus.STOPPED,
        description="Asks for the snapshots of each window when it has ended, and again when executions come late.",
    )
    def windows(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        """The cursor is the start of the newest window that was asked for as a matter of course."""
        from manageai_assets.monitoring.health import all_read
        from manageai_assets.monitoring.snapshots import add_windows, due_windows

        now = clock()
        platforms = watched_platforms(read_settings())
        if not platforms:
            return SkipReason("no platform is watched: set N8N_API_URL and N8N_API_KEY, or MAKE_API_KEY and its like")
        last = datetime.fromisoformat(context.cursor) if context.cursor else None
        with opened_engine() as engine:
            settled = now if all_read(engine, platforms, window_of(now)) else now - SETTLE
            ended = ended_since(last, settled)
            add_windows(engine, ended)
            due = due_windows(engine, settled)
        cursor = (ended[-1] if ended else last or window_of(now)).isoformat()
        wait = _reason_to_wait(context.instance) if due else "all windows that have ended are made"
        if wait:
            return SensorResult(skip_reason=SkipReason(wait), cursor=cursor)
        attempt = context.instance.get_runs_count(RunsFilter(tags=OURS, statuses=[DagsterRunStatus.FAILURE]))
        requests = [run_request(group, attempt) for group in groups(due)[:RUNS_A_TICK]]
        return SensorResult(run_requests=requests, cursor=cursor)

    return windows


def _reason_to_wait(instance: DagsterInstance) -> str:
    """What is touched while a run is at work waits for its end, so that runs never pile up; and after a failure there
    is a pause."""
    busy = instance.get_runs_count(RunsFilter(tags=OURS, statuses=IN_FLIGHT))
    if busy:
        return f"{busy} runs are at work"
    failed = instance.get_run_records(RunsFilter(tags=OURS, statuses=[DagsterRunStatus.FAILURE]), limit=1)
    ended = failed[0].end_time if failed else None
    if ended is not None and time.time() - ended < FAILED_PAUSE.total_seconds():
        return f"the last run failed; the next one begins {FAILED_PAUSE.total_seconds():.0f} seconds after it"
    return ""
